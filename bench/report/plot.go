package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A plot is one SVG: lines over two axes, each line named at its end.
type plot struct {
	title  string
	x, y   axis
	series []series
}

// An axis is linear, or logarithmic, from its first tick to its last.
type axis struct {
	label string
	log   bool
	ticks []float64
}

type series struct {
	name   string
	colour int // of the style sheet
	dashed bool
	points []point
}

type point struct{ x, y float64 }

// The frame, in SVG units.
const (
	plotW, plotH             = 720, 400
	left, right, top, bottom = 62, 150, 44, 52
	frameW, frameH           = plotW - left - right, plotH - top - bottom
	nameGap                  = 16 // least distance of two names
)

// Colours that colour-blind eyes tell apart (after Okabe and Ito), on white and on near-black.
const style = `<style>
.back{fill:#fff}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d1d9e0}.axis{stroke:#818b98}
.c0{--c:#0062b1}.c1{--c:#c2570c}.c2{--c:#00795c}.c3{--c:#a64d86}.c4{--c:#6e7781}
@media (prefers-color-scheme:dark){.back{fill:#0d1117}.ink{fill:#e6edf3}.soft{fill:#9198a1}.grid{stroke:#2a313c}.axis{stroke:#656c76}
.c0{--c:#58a6ff}.c1{--c:#f0883e}.c2{--c:#3fb68b}.c3{--c:#dd87bd}.c4{--c:#8b949e}}
.line{fill:none;stroke:var(--c);stroke-width:2.2}.mark,.name{fill:var(--c)}.dashed{stroke-dasharray:6 4}
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}.title{font-size:15px;font-weight:600}
</style>`

// at maps v to 0 at the first tick and 1 at the last.
func (a axis) at(v float64) float64 {
	lo, hi := a.ticks[0], a.ticks[len(a.ticks)-1]
	if a.log {
		return math.Log(v/lo) / math.Log(hi/lo)
	}
	return (v - lo) / (hi - lo)
}

func (p plot) px(x float64) float64 { return left + frameW*p.x.at(x) }
func (p plot) py(y float64) float64 { return top + frameH*(1-p.y.at(y)) }

// svg draws the plot.
func (p plot) svg() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`, plotW, plotH, plotW, plotH, escape(p.title))
	line("%s", style)
	line(`<rect class="back" width="%d" height="%d" rx="8"/>`, plotW, plotH)
	line(`<text class="ink title" x="%d" y="26">%s</text>`, left, escape(p.title))
	for _, t := range p.y.ticks {
		line(`<path class="grid" d="M%d %.1fH%d"/><text class="soft" x="%d" y="%.1f" text-anchor="end">%s</text>`, left, p.py(t), left+frameW, left-8, p.py(t)+4.5, number(t))
	}
	for _, t := range p.x.ticks {
		line(`<path class="axis" d="M%.1f %dv5"/><text class="soft" x="%.1f" y="%d" text-anchor="middle">%s</text>`, p.px(t), top+frameH, p.px(t), top+frameH+19, number(t))
	}
	line(`<path class="axis" d="M%d %dH%d"/>`, left, top+frameH, left+frameW)
	line(`<text class="soft" x="%d" y="%d" text-anchor="middle">%s</text>`, left+frameW/2, plotH-12, escape(p.x.label))
	line(`<text class="soft" transform="translate(16 %d) rotate(-90)" text-anchor="middle">%s</text>`, top+frameH/2, escape(p.y.label))
	heights := p.nameHeights()
	for i, s := range p.series {
		var path, marks strings.Builder
		command, dashed := "M", ""
		for _, q := range s.points {
			fmt.Fprintf(&path, "%s%.1f %.1f", command, p.px(q.x), p.py(q.y))
			fmt.Fprintf(&marks, `<circle class="mark" cx="%.1f" cy="%.1f" r="3.5"/>`, p.px(q.x), p.py(q.y))
			command = "L"
		}
		if s.dashed {
			dashed = " dashed"
		}
		line(`<g class="c%d"><path class="line%s" d="%s"/>%s<text class="name" x="%d" y="%.1f">%s</text></g>`,
			s.colour, dashed, path.String(), marks.String(), left+frameW+10, heights[i]+4.5, escape(s.name))
	}
	line("</svg>")
	return b.String()
}

// nameHeights puts each line's name beside its end, and moves names apart that would touch.
func (p plot) nameHeights() []float64 {
	order := make([]int, len(p.series))
	y := make([]float64, len(p.series))
	for i, s := range p.series {
		order[i] = i
		y[i] = p.py(s.points[len(s.points)-1].y)
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(math.Copysign(1, y[i]-y[j])) })
	for range 50 {
		for k := 1; k < len(order); k++ {
			a, b := order[k-1], order[k]
			if short := nameGap - (y[b] - y[a]); short > 0 {
				y[a] -= short / 2
				y[b] += short / 2
			}
		}
	}
	return y
}

// ticks returns round numbers, the first at most lo and the last at least hi: of the series 1, 2, 5
// on a logarithmic axis, three to eight equally far apart on a linear one.
func ticks(lo, hi float64, log bool) []float64 {
	var round []float64 // 1, 2, 5 times powers of ten, rising
	for e := -6; e <= 9; e++ {
		for _, m := range []float64{1, 2, 5} {
			v, _ := strconv.ParseFloat(fmt.Sprintf("%ge%d", m, e), 64)
			round = append(round, v)
		}
	}
	if log {
		first, last := 0, len(round)-1
		for first+1 < last && round[first+1] <= lo {
			first++
		}
		for last-1 > first && round[last-1] >= hi {
			last--
		}
		return round[first : last+1]
	}
	for _, step := range round {
		first, last := math.Floor(lo/step), math.Ceil(hi/step)
		if last-first > 7 {
			continue
		}
		var all []float64
		for i := first; i <= last; i++ {
			all = append(all, i*step)
		}
		return all
	}
	return []float64{lo, hi}
}

// number writes a tick.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
