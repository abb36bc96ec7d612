//go:build webppeers

package main

import (
	"errors"
	"math"
	"sort"
)

// plane is one channel of a picture, W*H samples in 0..255, row by row.
type plane struct {
	W, H int
	Pix  []float64
}

// psnr of b against a in dB, 99 when they are equal.
func psnr(a, b plane) float64 {
	s := 0.0
	for i, v := range a.Pix {
		d := v - b.Pix[i]
		s += d * d
	}
	if s == 0 {
		return 99
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))/s)
}

// gauss11 filters p with a Gaussian of 11 taps, sigma 1.5, where the window fits: the result is 10
// samples narrower and lower.
func gauss11(p []float64, w, h int) []float64 {
	var k [11]float64
	s := 0.0
	for i := range k {
		x := float64(i - 5)
		k[i] = math.Exp(-x * x / (2 * 1.5 * 1.5))
		s += k[i]
	}
	for i := range k {
		k[i] /= s
	}
	cw, ch := w-10, h-10
	rows := make([]float64, cw*h)
	for y := range h {
		src, dst := p[y*w:][:w], rows[y*cw:][:cw]
		for x := range dst {
			t := src[x : x+11 : x+11]
			dst[x] = k[5]*t[5] + k[4]*(t[4]+t[6]) + k[3]*(t[3]+t[7]) + k[2]*(t[2]+t[8]) + k[1]*(t[1]+t[9]) + k[0]*(t[0]+t[10])
		}
	}
	out := make([]float64, cw*ch)
	for y := range ch {
		dst := out[y*cw:][:cw]
		for i, c := range k {
			for x, v := range rows[(y+i)*cw:][:cw] {
				dst[x] += c * v
			}
		}
	}
	return out
}

// An ssimRef is a picture with what SSIM needs of it alone, filtered once.
type ssimRef struct {
	plane
	mean, square []float64
}

func newSSIMRef(a plane) *ssimRef {
	if a.W < 11 || a.H < 11 {
		return &ssimRef{plane: a}
	}
	sq := make([]float64, len(a.Pix))
	for i, v := range a.Pix {
		sq[i] = v * v
	}
	return &ssimRef{a, gauss11(a.Pix, a.W, a.H), gauss11(sq, a.W, a.H)}
}

// ssim is the mean structural similarity of b with a (Wang, Bovik, Sheikh, Simoncelli 2004:
// 11x11 Gaussian, K1 0.01, K2 0.03), where the window fits.
func (a *ssimRef) ssim(b plane) float64 {
	if a.mean == nil {
		return 1
	}
	sq, ab := make([]float64, len(b.Pix)), make([]float64, len(b.Pix))
	for i, v := range b.Pix {
		sq[i], ab[i] = v*v, v*a.Pix[i]
	}
	mean, square, product := gauss11(b.Pix, b.W, b.H), gauss11(sq, b.W, b.H), gauss11(ab, b.W, b.H)
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	s := 0.0
	for i, m := range a.mean {
		n := mean[i]
		s += (2*m*n + c1) * (2*(product[i]-m*n) + c2) / ((m*m + n*n + c1) * (a.square[i] - m*m + square[i] - n*n + c2))
	}
	return s / float64(len(a.mean))
}

// ratePoint is a file's size at a quality, on any scale that rises with quality.
type ratePoint struct{ bytes, quality float64 }

var errNoOverlap = errors.New("the two curves share no range of quality")

// bdRate is the mean difference in bytes of b against a at equal quality, in percent: the
// integral of log bytes over the quality both reach, by monotone cubic interpolation (PCHIP).
func bdRate(a, b []ratePoint) (float64, error) {
	p, q := newPCHIP(a), newPCHIP(b)
	if len(p.x) < 2 || len(q.x) < 2 {
		return 0, errNoOverlap
	}
	low, high := max(p.x[0], q.x[0]), min(p.x[len(p.x)-1], q.x[len(q.x)-1])
	if high-low < 1e-9 {
		return 0, errNoOverlap
	}
	const n = 1000
	s := 0.0
	for i := range n {
		x := low + (high-low)*(float64(i)+0.5)/n
		s += q.at(x) - p.at(x)
	}
	return 100 * (math.Exp(s/n) - 1), nil
}

// pchip is the piecewise cubic Hermite interpolant of log bytes over quality with the slopes of
// Fritsch and Carlson (1980), as in SciPy's PchipInterpolator.
type pchip struct{ x, y, slope []float64 }

func newPCHIP(points []ratePoint) *pchip {
	s := append([]ratePoint(nil), points...)
	sort.Slice(s, func(i, j int) bool { return s[i].quality < s[j].quality })
	p := new(pchip)
	for _, v := range s {
		if n := len(p.x); n > 0 && v.quality-p.x[n-1] < 1e-9 {
			continue // no more quality for more bytes: the point says nothing
		}
		p.x, p.y = append(p.x, v.quality), append(p.y, math.Log(v.bytes))
	}
	n := len(p.x)
	p.slope = make([]float64, n)
	if n < 2 {
		return p
	}
	h, d := make([]float64, n-1), make([]float64, n-1)
	for i := range h {
		h[i] = p.x[i+1] - p.x[i]
		d[i] = (p.y[i+1] - p.y[i]) / h[i]
	}
	if n == 2 {
		p.slope[0], p.slope[1] = d[0], d[0]
		return p
	}
	for i := 1; i < n-1; i++ {
		if d[i-1]*d[i] > 0 {
			u, v := 2*h[i]+h[i-1], h[i]+2*h[i-1]
			p.slope[i] = (u + v) / (u/d[i-1] + v/d[i])
		}
	}
	end := func(h0, h1, d0, d1 float64) float64 {
		v := ((2*h0+h1)*d0 - h0*d1) / (h0 + h1)
		switch {
		case v*d0 <= 0:
			return 0
		case d0*d1 < 0 && math.Abs(v) > 3*math.Abs(d0):
			return 3 * d0
		}
		return v
	}
	p.slope[0] = end(h[0], h[1], d[0], d[1])
	p.slope[n-1] = end(h[n-2], h[n-3], d[n-2], d[n-3])
	return p
}

func (p *pchip) at(x float64) float64 {
	i := max(min(sort.SearchFloat64s(p.x, x)-1, len(p.x)-2), 0)
	h := p.x[i+1] - p.x[i]
	t := (x - p.x[i]) / h
	t2, t3 := t*t, t*t*t
	return (2*t3-3*t2+1)*p.y[i] + (t3-2*t2+t)*h*p.slope[i] + (3*t2-2*t3)*p.y[i+1] + (t3-t2)*h*p.slope[i+1]
}
