package codec

import (
	"fmt"
	"go/format"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

// This file fits the table of costs to measured jobs. The loss of a job is a function of
// log(estimate/measurement). The sum of all losses is minimized by the method of Levenberg and
// Marquardt; the variables are the logarithms of the factors.

// A costRow is a job that was measured: its CPU in milliseconds of the reference core.
type costRow struct {
	file, size, format string
	ms                 float64
	t                  *target
	c                  coding
}

func (r *costRow) String() string {
	return fmt.Sprintf("%.40s %s to %s: %dx%d to %dx%d, %d frames, %d bytes", r.file, r.size, r.format, r.t.sw, r.t.sh, r.t.w, r.t.h, r.t.frames, r.t.size)
}

// tuned reports whether the file is of the half of all files that the table is fitted to. The
// bench's animations are not.
func tuned(file string) bool {
	if strings.HasPrefix(file, practiceName) || strings.Contains(file, " x ") {
		return strings.HasPrefix(file, practiceName)
	}
	h := fnv.New32a()
	h.Write([]byte(file))
	x := h.Sum32()
	return (x^x>>16)&1 == 1
}

// worthwhile is the time in milliseconds above which jobs have to be estimated well.
const worthwhile = 20

// Weights that pull a factor towards a guess and towards its neighbors in density. They decide
// where few files measure it.
const (
	towardsGuess     = 0.003
	towardsNeighbour = 0.03
)

// outlier is an error, as a logarithm. A row with a larger error counts less and less (Cauchy's
// loss), so a picture that the model cannot explain does not change a factor much.
const outlier = 1

// A costFit is the state of a fit.
type costFit struct {
	model *costModel
	rates []*float32 // that some row uses
	links [][2]int   // neighbors in density
	rows  []fitRow
	guess []float64 // a logarithm a rate
}

type fitRow struct {
	terms  []fitTerm
	log    float64 // of what was measured
	weight float64
}

type fitTerm struct {
	rate int
	n    float64
}

// fitCosts returns the model for the rows.
func fitCosts(rows []costRow) *costModel {
	m := &costModel{job: [4]float32{1, 1, 50, 50}}
	for i := range rows {
		r := &rows[i]
		if !slices.ContainsFunc(m.read, func(c readCost) bool { return c.coding == r.c.name }) {
			m.read = append(m.read, readCost{r.c.name, [3]float32{5, 5, 2}})
		}
		for _, name := range []string{writtenKind(r.t, &r.c, r.t.frames > 1), writtenKind(r.t, &r.c, false)} {
			if !slices.ContainsFunc(m.write, func(c writeCost) bool { return c.kind == name }) {
				m.write = append(m.write, writeCost{name, [2]float32{0.1, 5}, [densities]float32{20, 30, 40, 40, 40}})
			}
		}
	}
	slices.SortFunc(m.read, func(a, b readCost) int { return strings.Compare(a.coding, b.coding) })
	slices.SortFunc(m.write, func(a, b writeCost) int { return strings.Compare(a.kind, b.kind) })
	f := &costFit{model: m}
	f.collect(rows)
	f.run()
	f.fillIn()
	m.read = append(m.read, readCost{"", [3]float32{10, 10, 2}}) // factors that no row measures
	m.write = append(m.write, writeCost{"", [2]float32{0.1, 5}, [densities]float32{20, 30, 40, 40, 40}})
	return m
}

// collect makes the terms of the rows.
func (f *costFit) collect(rows []costRow) {
	index := map[*float32]int{}
	share := map[string]float64{}
	for i := range rows {
		share[rows[i].file]++
	}
	for i := range rows {
		r := &rows[i]
		if r.ms < worthwhile/10 {
			continue
		}
		var row fitRow
		f.model.terms(r.t, &r.c, func(rates []float32, n []float64) {
			for i, v := range n {
				if v <= 0 {
					continue
				}
				k, ok := index[&rates[i]]
				if !ok {
					k = len(f.rates)
					index[&rates[i]] = k
					f.rates = append(f.rates, &rates[i])
					f.guess = append(f.guess, math.Log(float64(rates[i])))
				}
				row.terms = append(row.terms, fitTerm{k, v})
			}
		})
		row.log = math.Log(r.ms)
		// Ten sizes of one file count less than ten files; jobs that take almost no time hardly
		// count.
		row.weight = min(1, r.ms/worthwhile) / math.Sqrt(share[r.file])
		f.rows = append(f.rows, row)
	}
	for i := range f.model.write {
		p := &f.model.write[i].pixels
		for k := range densities - 1 {
			a, ok := index[&p[k]]
			b, ok2 := index[&p[k+1]]
			if ok && ok2 {
				f.links = append(f.links, [2]int{a, b})
			}
		}
	}
}

// at returns the estimate for the row, where c holds the logarithms of the rates.
func (r *fitRow) at(c []float64) (ms float64) {
	for _, t := range r.terms {
		ms += math.Exp(c[t.rate]) * t.n
	}
	return ms
}

// loss returns the number that the fit minimizes, where c holds the logarithms of the rates.
func (f *costFit) loss(c []float64) (sum float64) {
	for i := range f.rows {
		r := &f.rows[i]
		d := math.Log(r.at(c)) - r.log
		sum += r.weight * outlier * outlier * math.Log1p(d*d/outlier/outlier)
	}
	for i, g := range f.guess {
		sum += towardsGuess * (c[i] - g) * (c[i] - g)
	}
	for _, l := range f.links {
		d := c[l[0]] - c[l[1]]
		sum += towardsNeighbour * d * d
	}
	return sum
}

// normal returns the normal equations at c, with the right side as the last column.
func (f *costFit) normal(c []float64) [][]float64 {
	n := len(c)
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n+1)
	}
	for i := range f.rows {
		r := &f.rows[i]
		ms := r.at(c)
		d := math.Log(ms) - r.log
		weight := r.weight / (1 + d*d/outlier/outlier)
		for _, t := range r.terms {
			g := math.Exp(c[t.rate]) * t.n / ms
			a[t.rate][n] -= weight * g * d
			for _, u := range r.terms {
				a[t.rate][u.rate] += weight * g * math.Exp(c[u.rate]) * u.n / ms
			}
		}
	}
	for i, g := range f.guess {
		a[i][i] += towardsGuess
		a[i][n] -= towardsGuess * (c[i] - g)
	}
	for _, l := range f.links {
		d := c[l[0]] - c[l[1]]
		for k, sign := range [2]float64{1, -1} {
			a[l[k]][l[k]] += towardsNeighbour
			a[l[k]][l[1-k]] -= towardsNeighbour
			a[l[k]][n] -= towardsNeighbour * sign * d
		}
	}
	return a
}

// run fits the model.
func (f *costFit) run() {
	c := slices.Clone(f.guess)
	best, damping := f.loss(c), 1.0
	for range 200 {
		a := f.normal(c)
		for {
			m := make([][]float64, len(a))
			for i := range a {
				m[i] = slices.Clone(a[i])
				m[i][i] *= 1 + damping
			}
			step := eliminate(m)
			next := slices.Clone(c)
			for i := range next {
				next[i] = min(max(c[i]+min(max(step[i], -1), 1), -7), 7)
			}
			if l := f.loss(next); l < best {
				c, best, damping = next, l, max(damping/3, 1e-6)
				break
			}
			if damping *= 4; damping > 1e9 {
				break
			}
		}
		if damping > 1e9 {
			break
		}
	}
	for i, rate := range f.rates {
		digits, _ := strconv.ParseFloat(fmt.Sprintf("%.3g", math.Exp(c[i])), 32) // as source writes them
		*rate = float32(digits)
	}
}

// fillIn sets the times of densities that no row measures. Each gets that of the nearest density
// that is measured.
func (f *costFit) fillIn() {
	for i := range f.model.write {
		p := &f.model.write[i].pixels
		var known []int
		for k := range p {
			if slices.Contains(f.rates, &p[k]) {
				known = append(known, k)
			}
		}
		for k := range p {
			nearest := k
			for i, n := range known {
				if i == 0 || max(n-k, k-n) < max(nearest-k, k-nearest) {
					nearest = n
				}
			}
			p[k] = p[nearest]
		}
	}
}

// eliminate solves linear equations by elimination. The last column of m is the right side. m is
// overwritten.
func eliminate(m [][]float64) []float64 {
	n := len(m)
	for i := range n {
		p := i
		for k := i; k < n; k++ {
			if math.Abs(m[k][i]) > math.Abs(m[p][i]) {
				p = k
			}
		}
		m[i], m[p] = m[p], m[i]
		for k := i + 1; k < n; k++ {
			if f := m[k][i] / m[i][i]; f != 0 {
				for j := i; j <= n; j++ {
					m[k][j] -= f * m[i][j]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = m[i][n]
		for k := i + 1; k < n; k++ {
			x[i] -= m[i][k] * x[k]
		}
		x[i] /= m[i][i]
	}
	return x
}

// source returns the model as a Go file, with numbers of two or three digits.
func (m *costModel) source(words string) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "// Code generated by TestCostRefit. DO NOT EDIT.\n\npackage codec\n\n")
	for line := range strings.Lines(words) {
		fmt.Fprintf(&b, "// %s", line)
	}
	list := func(rates []float32) string {
		var l []string
		for _, r := range rates {
			l = append(l, fmt.Sprintf("%.3g", r))
		}
		return "{" + strings.Join(l, ", ") + "}"
	}
	fmt.Fprintf(&b, "var costs = costModel{\njob: [4]float32%s,\nread: []readCost{\n", list(m.job[:]))
	for _, r := range m.read {
		fmt.Fprintf(&b, "{%q, [3]float32%s},\n", r.coding, list(r.rates[:]))
	}
	fmt.Fprintf(&b, "},\nwrite: []writeCost{\n")
	for _, w := range m.write {
		fmt.Fprintf(&b, "{%q, [2]float32%s, [densities]float32%s},\n", w.kind, list(w.motion[:]), list(w.pixels[:]))
	}
	b.WriteString("},\n}\n")
	return format.Source([]byte(b.String()))
}
