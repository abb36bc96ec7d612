package metrics

// This file implements SSIMULACRA2 version 2.1 (Jon Sneyers, Cloudinary, 2022 and 2023), from its
// published description:
//
//   - six scales, each half the size of the one before, by averages in linear light
//   - on each scale, JPEG XL's opsin color space XYB, moved and stretched to 0 to 1
//   - for each plane and scale, the map structure: 1 - SSIM, without luminance's denominator
//   - the map added: the edges that only the distorted picture has (ringing, blockiness)
//   - the map lost: the edges that only the original has (blur)
//   - two norms of each of the three maps: the mean and the 4-norm
//   - the weighted sum of all norms, mapped to a score: 100 is equal, 90 visually lossless, 70 high
//     quality, 50 medium, 30 low
//
// The constants and weights are those of the reference, github.com/cloudinary/ssimulacra2.

import (
	"errors"
	"image"
	"math"
	"slices"
)

const (
	scales       = 6
	smallestSide = 8      // a scale with a side below it is the last
	ssimC2       = 0.0009 // SSIM's constant C2 for samples of 0 to 1: 0.03 squared
)

// opsin has the absorbance of linear red, green and blue for each of the three cones. opsinBias is
// added to each cone's sum.
var opsin = [3][3]float32{
	{0.30, 0.622, 0.078},
	{0.23, 0.692, 0.078},
	{0.24342268924547819, 0.20476744424496821, 0.55180986650955360},
}

const opsinBias = 0.0037930732552754493

// planes are linear red, green and blue, or X, Y and B-Y.
type planes [3][]float32

// A Reference is an original that distorted pictures are compared with.
type Reference struct {
	w, h   int
	levels []level
}

// A level is one scale of the original: its samples, and the local means of the samples and of
// their squares. The means are nil for planes that are not weighty.
type level struct {
	w, h              int
	pix, mean, square planes
}

// mapNorms are the mean and the 4-norm of a map.
type mapNorms [2]float64

// norms has, by plane and scale, the norms of the maps structure, added and lost.
type norms [3][scales][3]mapNorms

// newReference prepares an original for comparisons. Transparent pixels are laid on black. The
// original has sRGB's transfer curve. primaries are the XYZ of the original's red, green and blue
// under D50, as an ICC profile has them. If primaries is nil, they are sRGB's. Colors outside of
// sRGB keep values below 0 or above 1.
func newReference(m image.Image, primaries *[3][3]float64) *Reference {
	r := &Reference{w: m.Bounds().Dx(), h: m.Bounds().Dy()}
	lin, w, h := linear(m), r.w, r.h
	if primaries != nil {
		toSRGB(lin, primaries)
	}
	levels := levelsOf(w, h)
	for s := range levels {
		l := level{w: w, h: h, pix: toXYB(lin)}
		tmp, product := make([]float32, w*h), make([]float32, w*h)
		for c := range l.pix {
			if !weighty(c, s, levels) {
				continue
			}
			l.mean[c] = blur(make([]float32, w*h), l.pix[c], tmp, w, h)
			multiply(product, l.pix[c], l.pix[c])
			l.square[c] = blur(make([]float32, w*h), product, tmp, w, h)
		}
		r.levels = append(r.levels, l)
		if s+1 < levels {
			lin, w, h = halve(lin, w, h)
		}
	}
	return r
}

// levelsOf returns the number of scales that a picture of w x h has, which is 0 if a side is below
// smallestSide.
func levelsOf(w, h int) int {
	if min(w, h) < smallestSide {
		return 0
	}
	n := 1
	for ; n < scales && min(w, h) >= smallestSide; n++ {
		w, h = (w+1)/2, (h+1)/2
	}
	return n
}

// SSIMULACRA2 returns the score of m against the original: 100 is equal, 90 is visually lossless,
// and below 0 is very bad. It returns an error when the pictures differ in size or have a side
// below 8.
func (r *Reference) SSIMULACRA2(m image.Image) (float64, error) {
	if m.Bounds().Dx() != r.w || m.Bounds().Dy() != r.h {
		return 0, errSize
	}
	if len(r.levels) == 0 {
		return 0, errors.New("metrics: SSIMULACRA2 needs 8 pixels a side")
	}
	// Planes of the largest scale. On smaller scales only their beginnings are used.
	buffer := func() []float32 { return make([]float32, r.w*r.h) }
	mean, square, cross, tmp, product := buffer(), buffer(), buffer(), buffer(), buffer()
	var all norms
	lin := linear(m)
	for s, l := range r.levels {
		pix := toXYB(lin)
		n := l.w * l.h
		mean, square, cross, product := mean[:n], square[:n], cross[:n], product[:n]
		for c := range pix {
			if !weighty(c, s, len(r.levels)) {
				continue
			}
			// The local means of m's samples, of their squares, and of their products with the
			// original's samples.
			blur(mean, pix[c], tmp, l.w, l.h)
			multiply(product, pix[c], pix[c])
			blur(square, product, tmp, l.w, l.h)
			multiply(product, pix[c], l.pix[c])
			blur(cross, product, tmp, l.w, l.h)
			maps := &all[c][s]
			maps[0] = structure(l.mean[c], mean, l.square[c], square, cross)
			maps[1], maps[2] = edges(l.pix[c], l.mean[c], pix[c], mean)
		}
		if s+1 < len(r.levels) {
			lin, _, _ = halve(lin, l.w, l.h)
		}
	}
	return score(&all, len(r.levels)), nil
}

// linear returns the picture in linear light, by undoing sRGB's transfer function.
func linear(m image.Image) planes {
	var table [256]float32
	for i := range table {
		v := float64(i) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		table[i] = float32(v)
	}
	area := m.Bounds()
	n := area.Dx() * area.Dy()
	p := planes{make([]float32, n), make([]float32, n), make([]float32, n)}
	next := 0 // the index of the next sample
	add := func(r, g, b byte) {
		p[0][next], p[1][next], p[2][next] = table[r], table[g], table[b]
		next++
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		switch m := m.(type) {
		case *image.RGBA:
			for row := m.Pix[m.PixOffset(area.Min.X, y):][:4*area.Dx()]; len(row) >= 4; row = row[4:] {
				add(row[0], row[1], row[2])
			}
		default:
			for x := area.Min.X; x < area.Max.X; x++ {
				r, g, b, _ := m.At(x, y).RGBA()
				add(byte(r>>8), byte(g>>8), byte(b>>8))
			}
		}
	}
	return p
}

// toSRGB converts linear light with the given primaries to sRGB's primaries.
func toSRGB(lin planes, primaries *[3][3]float64) {
	// From XYZ under D50 to linear sRGB (IEC 61966-2-1, adapted by Bradford's method).
	fromXYZ := [3][3]float64{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	}
	var m [3][3]float32 // from the given primaries to sRGB's
	for i := range m {
		for j := range m {
			for k, v := range fromXYZ[i] {
				m[i][j] += float32(v * primaries[j][k])
			}
		}
	}
	for i := range lin[0] {
		r, g, b := lin[0][i], lin[1][i], lin[2][i]
		for c := range lin {
			lin[c][i] = m[c][0]*r + m[c][1]*g + m[c][2]*b
		}
	}
}

// halve returns the means of 2x2 samples of w x h planes, as planes of ow x oh. The last samples of
// an odd side count twice.
func halve(p planes, w, h int) (out planes, ow, oh int) {
	ow, oh = (w+1)/2, (h+1)/2
	for c := range p {
		out[c] = make([]float32, ow*oh)
		for y := range oh {
			upper := p[c][2*y*w:][:w]
			lower := p[c][min(2*y+1, h-1)*w:][:w]
			row := out[c][y*ow:][:ow]
			for x := range row {
				i, j := 2*x, min(2*x+1, w-1)
				row[x] = (upper[i] + upper[j] + lower[i] + lower[j]) * 0.25
			}
		}
	}
	return out, ow, oh
}

// toXYB converts linear light to X, Y and B-Y, moved and stretched so that sRGB's colors are in 0
// to 1.
func toXYB(lin planes) planes {
	n := len(lin[0])
	out := planes{make([]float32, n), make([]float32, n), make([]float32, n)}
	zero := float32(math.Cbrt(opsinBias))
	for i := range n {
		r, g, b := lin[0][i], lin[1][i], lin[2][i]
		var cone [3]float32
		for c, k := range opsin {
			light := k[0]*r + k[1]*g + k[2]*b + opsinBias
			cone[c] = cubeRoot(max(light, 0)) - zero // 0 for black
		}
		y := (cone[0] + cone[1]) / 2
		out[0][i] = (cone[0]-cone[1])/2*14 + 0.42
		out[1][i] = y + 0.01
		out[2][i] = cone[2] - y + 0.55
	}
	return out
}

// cubeRoot returns the cube root of v, exact to the last bit or two, and 0 when v is below 1e-30.
// It divides the exponent by three, and then takes two steps of Halley's method.
func cubeRoot(v float32) float32 {
	if v < 1e-30 {
		return 0
	}
	// The division also leaves a third of the exponent's bias, 127<<23. The missing two thirds are
	// 0x2A555555. Somewhat less is nearer on average.
	x := math.Float32frombits(math.Float32bits(v)/3 + 0x2A5137A0)
	for range 2 {
		c := x * x * x
		x *= (c + 2*v) / (2*c + v)
	}
	return x
}

// multiply writes the products of the samples of a and b to out.
func multiply(out, a, b []float32) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		out[i] = a[i] * b[i]
	}
}

// cosines approximate a Gaussian of sigma 1.5 as the sum of three cosines of periods 20, 20/3 and
// 4, cut off 5 samples from the middle, where all three are zero. The sum has the Gaussian's weight
// and second moment, and is the nearest one that has them (Charalampidis, "Recursive Implementation
// of the Gaussian Filter Using Truncated Cosine Functions", 2016). A row of samples x is filtered
// with one cosine by a recursion,
//
//	f(n) = edge (x(n+4) + x(n-6)) + turn f(n-1) - f(n-2)
//
// A sum over nine samples would be equivalent, but the rounding errors of the recursion in 32 bits
// are part of the reference's scores: up to 0.1 where pictures are nearly equal.
var cosines = func() (c [3]struct{ edge, turn float32 }) {
	for i, beta := range amplitudes() {
		c[i].edge = float32(beta * math.Cos(omega(i)*(radius-1)))
		c[i].turn = float32(2 * math.Cos(omega(i)))
	}
	return c
}()

// radius is where the cosines are cut off, and sigma is the Gaussian's, in samples.
const radius, sigma = 5, 1.5

// omega returns the frequency of cosine i, in radians a pixel.
func omega(i int) float64 { return float64(2*i+1) * math.Pi / (2 * radius) }

// amplitudes returns the amplitudes of the three cosines. p, r, rho, d and z are the paper's p, r,
// rho, D and zeta.
func amplitudes() [3]float64 {
	var p, r, rho [3]float64
	for i := range p {
		sign := float64(1 - i%2*2)
		p[i] = sign / math.Tan(omega(i)/2)
		r[i] = sign * p[i] * p[i] / math.Sin(omega(i))
		rho[i] = math.Exp(-sigma*sigma*omega(i)*omega(i)/2) / radius
	}
	d13, d35, d51 := p[0]*r[1]-r[0]*p[1], p[1]*r[2]-r[1]*p[2], p[2]*r[0]-r[2]*p[0]
	z15, z35 := d35/d13, d51/d13
	return solve([3][4]float64{
		{p[0], p[1], p[2], 1},
		{r[0], r[1], r[2], radius*radius - sigma*sigma},
		{z15, z35, 1, z15*rho[0] + z35*rho[1] + rho[2]},
	})
}

// solve returns the solution of three linear equations by Gauss-Jordan elimination. The last column
// of m has the right sides of the equations.
func solve(m [3][4]float64) (x [3]float64) {
	for i := range m {
		// Exchange rows, so that equation i has the largest coefficient of x[i].
		for j := i + 1; j < 3; j++ {
			if math.Abs(m[j][i]) > math.Abs(m[i][i]) {
				m[i], m[j] = m[j], m[i]
			}
		}
		// Subtract equation i from the others, so that x[i] is in none of them.
		for j := range m {
			if j == i {
				continue
			}
			f := m[j][i] / m[i][i]
			for k := range m[j] {
				m[j][k] -= f * m[i][k]
			}
		}
	}
	for i := range x {
		x[i] = m[i][3] / m[i][i]
	}
	return x
}

// blur filters a w x h plane with the sum of cosines, writes the result to out, and returns out.
// Samples outside of the plane are zero. tmp must have room for a plane. out and plane may be the
// same slice.
func blur(out, plane, tmp []float32, w, h int) []float32 {
	e0, e1, e2 := cosines[0].edge, cosines[1].edge, cosines[2].edge
	t0, t1, t2 := cosines[0].turn, cosines[1].turn, cosines[2].turn
	// Each row of the plane, to tmp.
	row := make([]float32, w+3*radius) // 2*radius zeros, the samples, radius zeros
	for y := range h {
		copy(row[2*radius:], plane[y*w:][:w])
		o := tmp[y*w:][:w]
		var a0, a1, a2, b0, b1, b2 float32 // f(n-1) and f(n-2) of each cosine
		// x(n+4), the foremost sample of f(n), is sample 0 in the first iteration.
		for n := 1 - radius; n < w; n++ {
			x := row[n+radius-1:][:2*radius+1] // samples n-6 to n+4
			v := x[0] + x[2*radius]
			b0, a0 = a0, fused(e0, v, fused(t0, a0, -b0))
			b1, a1 = a1, fused(e1, v, fused(t1, a1, -b1))
			b2, a2 = a2, fused(e2, v, fused(t2, a2, -b2))
			if n >= 0 {
				o[n] = a0 + a1 + a2
			}
		}
	}
	// All columns of tmp, one row at a time, to out.
	var state [6][]float32 // for every column f(n-1) of each cosine, then f(n-2) of each
	for i := range state {
		state[i] = make([]float32, w)
	}
	zero := make([]float32, w)
	rowOf := func(y int) []float32 { // of tmp
		if y < 0 || y >= h {
			return zero
		}
		return tmp[y*w:][:w]
	}
	for n := 1 - radius; n < h; n++ {
		above, below := rowOf(n - radius - 1)[:w], rowOf(n + radius - 1)[:w] // n-6 and n+4
		// [:w] spares the checks of indexes in the loop over x.
		s0, s1, s2 := state[0][:w], state[1][:w], state[2][:w]
		s3, s4, s5 := state[3][:w], state[4][:w], state[5][:w]
		o := zero // not written to: the first rows only fill the state
		if n >= 0 {
			o = out[n*w:][:w]
		}
		o = o[:w]
		for x := range w {
			v := above[x] + below[x]
			a0, a1, a2 := s0[x], s1[x], s2[x]
			v0 := fused(e0, v, fused(t0, a0, -s3[x]))
			v1 := fused(e1, v, fused(t1, a1, -s4[x]))
			v2 := fused(e2, v, fused(t2, a2, -s5[x]))
			s3[x], s4[x], s5[x] = a0, a1, a2
			s0[x], s1[x], s2[x] = v0, v1, v2
			if n >= 0 {
				o[x] = v0 + v1 + v2
			}
		}
	}
	return out
}

// fused returns a*b + c. The product is exact; where a float64 has too few bits for the sum, the
// result is rounded twice.
func fused(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

// structure returns the norms of the map of 1 - SSIM. m1 and m2 are the local means of the two
// planes, s11 and s22 those of their squares, s12 those of their product.
func structure(m1, m2, s11, s22, s12 []float32) mapNorms {
	m2, s11, s22, s12 = m2[:len(m1)], s11[:len(m1)], s22[:len(m1)], s12[:len(m1)]
	sum, sum4 := 0.0, 0.0
	for i, a := range m1 {
		b := m2[i]
		num := 2*(s12[i]-a*b) + ssimC2
		den := (s11[i] - a*a) + (s22[i] - b*b) + ssimC2
		ssim := (1 - (a-b)*(a-b)) * num / den
		d := max(1-float64(ssim), 0)
		sum += d
		sum4 += d * d * d * d
	}
	return normsOf(sum, sum4, len(m1))
}

// normsOf returns the norms of a map of n values. sum is the sum of the values, and sum4 that of
// their fourth powers.
func normsOf(sum, sum4 float64, n int) mapNorms {
	return mapNorms{sum / float64(n), math.Sqrt(math.Sqrt(sum4 / float64(n)))}
}

// edges returns the norms of two maps: added, the edges that only the distorted plane q has, and
// lost, the edges that only the original p has. pMean and qMean are the local means.
func edges(p, pMean, q, qMean []float32) (added, lost mapNorms) {
	pMean, q, qMean = pMean[:len(p)], q[:len(p)], qMean[:len(p)]
	var addedSum, addedSum4, lostSum, lostSum4 float64
	for i := range p {
		fromMeanP := math.Abs(float64(p[i] - pMean[i]))
		fromMeanQ := math.Abs(float64(q[i] - qMean[i]))
		d := (1+fromMeanQ)/(1+fromMeanP) - 1
		d2 := d * d
		if d > 0 {
			addedSum += d
			addedSum4 += d2 * d2
		} else {
			lostSum -= d
			lostSum4 += d2 * d2
		}
	}
	return normsOf(addedSum, addedSum4, len(p)), normsOf(lostSum, lostSum4, len(p))
}

// score returns the score for the norms. A small picture has fewer levels than there are scales.
// score then takes the weights from the first one on, without gaps, as the reference does.
func score(all *norms, levels int) float64 {
	sum, i := 0.0, 0
	for c := range all {
		for s := range levels {
			maps := &all[c][s]
			for norm := range 2 {
				for kind := range maps {
					sum += scoreWeights[i] * maps[kind][norm]
					i++
				}
			}
		}
	}
	sum *= 0.9562382616834844
	sum = 2.326765642916932*sum - 0.020884521182843837*sum*sum + 6.248496625763138e-05*sum*sum*sum
	if sum <= 0 {
		return 100
	}
	return 100 - 10*math.Pow(sum, 0.6276336467831387)
}

// weighty reports whether one of a plane's six weights at a scale is above 0.0021. Other planes are
// skipped, because they change a score by less than 0.001. At the largest scale of a picture with
// six scales, only Y is left.
func weighty(plane, scale, levels int) bool {
	weights := scoreWeights[6*(levels*plane+scale):][:6]
	return slices.Max(weights) > 0.0021
}

// scoreWeights are ordered by plane (X, Y, B-Y), scale, norm (mean, 4-norm) and map (structure,
// added, lost). Each line is one scale.
var scoreWeights = [3 * scales * 2 * 3]float64{
	0, 0.0007376606707406586, 0, 0, 0.0007793481682867309, 0,
	0, 0.0004371155730107379, 0, 1.1041726426657346, 0.00066284834129271, 0.00015231632783718752,
	0, 0.0016406437456599754, 0, 1.8422455520539298, 11.441172603757666, 0,
	0.0007989109436015163, 0.000176816438078653, 0, 1.8787594979546387, 10.94906990605142, 0,
	0.0007289346991508072, 0.9677937080626833, 0, 0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053,
	0.0004550992113792063, 0, 0, 0.0013648766163243398, 0, 0,

	0, 0, 0, 7.466890328078848, 0, 17.445833984131262,
	0.0006235601634041466, 0, 0, 6.683678146179332, 0.00037724407979611296, 1.027889937768264,
	225.20515300849274, 0, 0, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985,
	176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408,
	0, 0, 0, 34.77906344483772, 44.835625328877896, 0,
	0, 0, 0, 0, 0, 0,

	0, 0.0008680556573291698, 0, 0, 0, 0,
	0, 0.0005313191874358747, 0, 0.00016533814161379112, 0, 0,
	0, 0, 0, 0.0004179171803251336, 0.0017290828234722833, 0,
	0.0020827005846636437, 0, 0, 8.826982764996862, 23.19243343998926, 0,
	95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0012286405048278493, 171.2667255897307, 0.9807858872435379,
	0, 0, 0, 0.0005130064588990679, 0, 0.00010854057858411537,
}
