package scale

import (
	"math"

	"golang.org/x/image/draw"
)

// An axis says how n source samples are spread over the destination samples of
// one axis. All windows have the same number of taps; where the kernel is
// narrower the weights are padded with zeros.
type axis struct {
	start   []int32 // first source sample of each window, never decreasing
	weights []int16 // len(start) windows of taps weights, each summing to 1<<bits
	taps    int
	bits    uint
	absSum  float64 // the largest sum of |weight| of a window, 1 being unity

	// Memory of reset: one window in both forms, windows of their own lengths
	// one behind the other, and where each of those ends.
	window []float64
	quant  []int16
	flat   []int16
	end    []int
}

// Limits of the fixed-point formats (see the package documentation).
const (
	maxWeight     = 1<<15 - 1
	maxSum        = 1<<31 - 1<<24 // room for the rounding term and for weight errors
	maxWeightBits = 22            // with 8-bit samples, more cannot fit maxSum
)

// windows computes the real-valued weights of an axis: n source samples of
// which [x0, x1) is mapped onto dst samples. emit is called once for each
// destination sample, in order, with the window's first source sample and its
// weights, which sum to 1. They are made in ws's memory, which is returned.
//
// The arithmetic is newDistrib's of x/image/draw, whose scale is (x1-x0)/dst.
func windows(ws []float64, n, dst int, x0, x1 float64, emit func(i, first int, ws []float64)) []float64 {
	kernel := draw.CatmullRom
	scale := (x1 - x0) / float64(dst)
	halfWidth, argScale := kernel.Support, 1.0
	if scale > 1 {
		halfWidth *= scale
		argScale = 1 / scale
	}
	for i := range dst {
		// A centre beyond the plane's outer edge would leave only the kernel's
		// flank, whose sum is near zero: the edge itself is the last centre.
		centre := x0 + (float64(i)+0.5)*scale - 0.5
		centre = min(max(centre, -0.5), float64(n)-0.5)
		first := max(int(math.Floor(centre-halfWidth)), 0)
		end := min(int(math.Ceil(centre+halfWidth))+1, n)
		ws = ws[:0]
		sum := 0.0
		for j := first; j < end; j++ {
			w := 0.0
			if t := math.Abs(centre-float64(j)) * argScale; t < kernel.Support {
				w = kernel.At(t)
			}
			ws = append(ws, w)
			sum += w
		}
		for k := range ws {
			ws[k] /= sum
		}
		emit(i, first, ws)
	}
	return ws
}

// reset computes a's windows for n source samples of which [x0, x1) is mapped
// onto dst samples, with weights of at most maxBits fractional bits. It reuses
// a's memory.
func (a *axis) reset(n, dst int, x0, x1 float64, maxBits uint) {
	peak := 0.0
	a.absSum = 0
	a.window = windows(a.window, n, dst, x0, x1, func(_, _ int, ws []float64) {
		sum := 0.0
		for _, w := range ws {
			sum += math.Abs(w)
			peak = max(peak, math.Abs(w))
		}
		a.absSum = max(a.absSum, sum)
	})
	a.bits = min(maxBits, maxWeightBits)
	for peak*float64(int(1)<<a.bits) > maxWeight-1 || a.absSum*255*float64(int(1)<<a.bits) > maxSum {
		a.bits--
	}

	a.start = grow(a.start, dst)
	a.end = grow(a.end, dst)
	a.flat = a.flat[:0]
	a.window = windows(a.window, n, dst, x0, x1, func(i, first int, ws []float64) {
		lead, iw := a.quantize(ws)
		a.start[i] = int32(first + lead)
		a.flat = append(a.flat, iw...)
		a.end[i] = len(a.flat)
	})

	// One number of taps for all, with starts that never decrease and windows
	// that end within the plane.
	length := func(i int) int {
		if i == 0 {
			return a.end[0]
		}
		return a.end[i] - a.end[i-1]
	}
	a.taps = 1
	from := int32(n)
	for i := dst - 1; i >= 0; i-- {
		from = min(from, a.start[i])
		a.taps = max(a.taps, int(a.start[i]-from)+length(i))
	}
	a.weights = grow(a.weights, dst*a.taps)
	clear(a.weights)
	from = int32(n - a.taps)
	for i := dst - 1; i >= 0; i-- {
		from = min(from, a.start[i])
		copy(a.weights[i*a.taps+int(a.start[i]-from):], a.flat[a.end[i]-length(i):a.end[i]])
		a.start[i] = from
	}
}

// quantize rounds the weights of one window to integers that sum to exactly
// 1<<bits, by largest remainder, and cuts zeros from both ends: lead is how many
// were cut in front. The result is valid until the next call.
func (a *axis) quantize(ws []float64) (lead int, iw []int16) {
	one := 1 << a.bits
	a.quant = grow(a.quant, len(ws))
	iw = a.quant
	rest := one
	for k, w := range ws {
		v := math.Round(w * float64(one))
		iw[k] = int16(v)
		rest -= int(v)
	}
	for rest != 0 {
		step := 1
		if rest < 0 {
			step = -1
		}
		// The weight that rounding moved furthest the other way.
		best, most := 0, math.Inf(-1)
		for k, w := range ws {
			if e := (w*float64(one) - float64(iw[k])) * float64(step); e > most {
				best, most = k, e
			}
		}
		iw[best] += int16(step)
		rest -= step
	}
	for lead < len(iw)-1 && iw[lead] == 0 {
		lead++
	}
	iw = iw[lead:]
	for len(iw) > 1 && iw[len(iw)-1] == 0 {
		iw = iw[:len(iw)-1]
	}
	return lead, iw
}

// grow returns a slice of n elements in s's memory when it suffices. Its
// elements are whatever they were.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
