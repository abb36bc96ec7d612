// Package metrics measures how similar two pictures are, and compares encoders at equal quality.
//
//	PSNR, SSIM    of luma, full range
//	BoxSSIM       SSIM with windows whose samples all have the same weight
//	SSIMULACRA2   of the whole picture
//	BDRate        the difference in bytes at equal quality, over a range of qualities
//
// YCbCr pictures are read as full range (JFIF). The *image.YCbCr that golang.org/x/image/webp
// returns has limited range: [FullRange] converts its luma.
package metrics

import (
	"errors"
	"image"
	"math"
	"slices"
)

// A Plane is W x H samples of 0 to 255, row by row.
type Plane struct {
	W, H int
	Pix  []float64
}

// Luma returns the luma of m: the Y plane of a YCbCr picture, the samples of a gray one, and
// BT.601's weighted sum of red, green and blue of any other. Transparent pixels are laid on black.
func Luma(m image.Image) Plane {
	b := m.Bounds()
	p := Plane{b.Dx(), b.Dy(), make([]float64, b.Dx()*b.Dy())}
	setRow := func(y int, samples []byte) {
		for x := range p.W {
			p.Pix[y*p.W+x] = float64(samples[x])
		}
	}
	switch m := m.(type) {
	case *image.YCbCr:
		for y := range p.H {
			setRow(y, m.Y[m.YOffset(b.Min.X, b.Min.Y+y):])
		}
	case *image.Gray:
		for y := range p.H {
			setRow(y, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):])
		}
	default:
		for y := range p.H {
			for x := range p.W {
				r, g, bl, _ := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
				const from16bits = 257 // 65535 / 255
				p.Pix[y*p.W+x] = (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(bl)) / from16bits
			}
		}
	}
	return p
}

// FullRange converts a plane of limited-range luma (16 to 235, BT.601) to full range. Values are
// clamped to [0, 255].
func FullRange(p Plane) Plane {
	out := Plane{p.W, p.H, make([]float64, len(p.Pix))}
	for i, v := range p.Pix {
		out.Pix[i] = min(max((v-16)*255/219, 0), 255)
	}
	return out
}

var errSize = errors.New("metrics: the pictures differ in size")

// PSNR returns the peak signal-to-noise ratio of b against a in dB, which is +Inf for equal planes.
// It returns an error when the planes differ in size.
func PSNR(a, b Plane) (float64, error) {
	if a.W != b.W || a.H != b.H {
		return 0, errSize
	}
	sum := 0.0
	for i, v := range a.Pix {
		d := v - b.Pix[i]
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))/sum), nil
}

// SSIM returns the structural similarity of b to a (Wang, Bovik, Sheikh, Simoncelli, 2004): the
// mean over all windows that lie within the picture. A window is a Gaussian of 11x11 samples with
// sigma 1.5. SSIM returns an error when the planes differ in size or have a side below 11.
func SSIM(a, b Plane) (float64, error) {
	if a.W != b.W || a.H != b.H {
		return 0, errSize
	}
	if a.W < taps || a.H < taps {
		return 0, errors.New("metrics: SSIM needs 11 samples a side")
	}
	n := len(a.Pix)
	aa, bb, ab := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, u := range a.Pix {
		v := b.Pix[i]
		aa[i], bb[i], ab[i] = u*u, v*v, u*v
	}
	mean := func(p []float64) []float64 { return gaussian(p, a.W, a.H) } // by window
	ma, mb := mean(a.Pix), mean(b.Pix)
	maa, mbb, mab := mean(aa), mean(bb), mean(ab)
	sum := 0.0
	for i, meanA := range ma {
		meanB := mb[i]
		varA, varB := maa[i]-meanA*meanA, mbb[i]-meanB*meanB
		cov := mab[i] - meanA*meanB
		num := (2*meanA*meanB + lumaC1) * (2*cov + lumaC2)
		den := (meanA*meanA + meanB*meanB + lumaC1) * (varA + varB + lumaC2)
		sum += num / den
	}
	return sum / float64(len(ma)), nil
}

// lumaC1 and lumaC2 are SSIM's constants C1 and C2 for samples of 0 to 255.
const lumaC1, lumaC2 = 0.01 * 255 * 0.01 * 255, 0.03 * 255 * 0.03 * 255

// taps is the side of SSIM's window, in samples.
const taps = 11

// gaussian returns the weighted mean of each of SSIM's windows of a w x h plane, row by row.
func gaussian(plane []float64, w, h int) []float64 {
	var weights [taps]float64
	sum := 0.0
	for i := range weights {
		x := float64(i - taps/2)
		weights[i] = math.Exp(-x * x / (2 * 1.5 * 1.5)) // sigma is 1.5
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	ow, oh := w-taps+1, h-taps+1
	// The means along each row, then those of the rows' means along each column.
	rows := make([]float64, ow*h)
	for y := range h {
		in, out := plane[y*w:][:w], rows[y*ow:][:ow]
		for x := range out {
			v := 0.0
			for i, c := range weights {
				v += c * in[x+i]
			}
			out[x] = v
		}
	}
	out := make([]float64, ow*oh)
	for y := range oh {
		o := out[y*ow:][:ow]
		for i, c := range weights {
			for x, v := range rows[(y+i)*ow:][:ow] {
				o[x] += c * v
			}
		}
	}
	return out
}

// DB converts an SSIM to -10 log10(1-ssim). On this scale equal steps look about equal, and curves
// of bytes over quality are smooth.
func DB(ssim float64) float64 { return -10 * math.Log10(1-ssim) }

// A Point is one encoding: its quality, on any scale where better is higher, and its size in bytes.
type Point struct{ Quality, Bytes float64 }

// BDRate returns how many percent more bytes test needs than ref at equal quality (Bjontegaard).
// It joins the points of each to a curve of monotone cubics (PCHIP), and takes the mean difference
// of log(bytes) over the qualities that both curves reach. ok is false when there are no such
// qualities, or when a curve has fewer than two points.
func BDRate(ref, test []Point) (percent float64, ok bool) {
	refLog, refLo, refHi, refOK := curve(ref)
	testLog, testLo, testHi, testOK := curve(test)
	lo, hi := max(refLo, testLo), min(refHi, testHi)
	if !refOK || !testOK || hi-lo <= 1e-6 {
		return 0, false
	}
	const steps = 256 // qualities at which the curves are compared
	sum := 0.0
	for i := range steps {
		x := lo + (hi-lo)*(float64(i)+0.5)/steps
		sum += testLog(x) - refLog(x)
	}
	return (math.Exp(sum/steps) - 1) * 100, true
}

// curve returns log(bytes) as a function of quality, and lo and hi, the least and the greatest
// quality of its points. It leaves out points whose quality is no better than that of a point with
// as many bytes or fewer. ok is false when fewer than two points are left.
func curve(points []Point) (logBytes func(quality float64) float64, lo, hi float64, ok bool) {
	// By bytes, and among equal bytes the best quality first.
	sorted := slices.SortedFunc(slices.Values(points), func(a, b Point) int {
		if a.Bytes != b.Bytes {
			return sign(a.Bytes - b.Bytes)
		}
		return sign(b.Quality - a.Quality)
	})
	var xs, ys []float64 // quality, log(bytes)
	for _, p := range sorted {
		if n := len(xs); n > 0 && p.Quality <= xs[n-1]+1e-9 {
			continue
		}
		xs = append(xs, p.Quality)
		ys = append(ys, math.Log(p.Bytes))
	}
	if len(xs) < 2 {
		return nil, 0, 0, false
	}
	return pchip(xs, ys), xs[0], xs[len(xs)-1], true
}

// sign returns -1, 0 or 1.
func sign(v float64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// pchip returns the piecewise cubic Hermite interpolant through the points (xs[i], ys[i]). It is
// monotone where the points are (Fritsch and Butland, 1984). xs must rise and have at least two
// values. Below the first x and above the last, the outermost cubic is continued.
func pchip(xs, ys []float64) func(float64) float64 {
	n := len(xs)
	h, d := make([]float64, n-1), make([]float64, n-1) // the widths and slopes between the points
	for i := range h {
		h[i] = xs[i+1] - xs[i]
		d[i] = (ys[i+1] - ys[i]) / h[i]
	}
	m := make([]float64, n) // slopes at the points
	if n == 2 {
		m[0], m[1] = d[0], d[0]
	} else {
		for i := 1; i < n-1; i++ {
			if d[i-1]*d[i] <= 0 {
				continue // the slope is 0, at a peak or beside a level part
			}
			// The weighted harmonic mean of the slopes on both sides.
			w1, w2 := 2*h[i]+h[i-1], h[i]+2*h[i-1]
			m[i] = (w1 + w2) / (w1/d[i-1] + w2/d[i])
		}
		m[0] = endSlope(h[0], h[1], d[0], d[1])
		m[n-1] = endSlope(h[n-2], h[n-3], d[n-2], d[n-3])
	}
	return func(x float64) float64 {
		i := 0 // x is between point i and the next
		for i < n-2 && x > xs[i+1] {
			i++
		}
		t := (x - xs[i]) / h[i] // from 0 at point i to 1 at the next
		u := 1 - t
		// The cubic that has the values and the slopes of both points.
		return (1+2*t)*u*u*ys[i] + t*u*u*h[i]*m[i] +
			t*t*(3-2*t)*ys[i+1] - t*t*u*h[i]*m[i+1]
	}
}

// endSlope returns the slope at the first or last point, from the three points there. It is limited
// so that the cubic does not overshoot. h0 and d0 are the width and the slope of the interval at
// that end, h1 and d1 those of the interval beside it.
func endSlope(h0, h1, d0, d1 float64) float64 {
	v := ((2*h0+h1)*d0 - h0*d1) / (h0 + h1) // of the parabola through the three points
	switch {
	case v*d0 <= 0:
		return 0
	case d0*d1 < 0 && math.Abs(v) > 3*math.Abs(d0):
		return 3 * d0
	}
	return v
}
