package scale

import (
	"math"

	"golang.org/x/image/draw"

	"miniatura/codec/internal/num"
)

// An axis says how n source samples are spread over the destination samples of one axis. All
// windows have the same number of taps; where the kernel is narrower the weights are padded with
// zeros.
type axis struct {
	start   []int32 // first source sample of each window, never decreasing
	weights []int16 // len(start) windows of taps weights, each summing to 1<<bits
	taps    int
	bits    uint
	n       int     // source samples
	absSum  float64 // the largest sum of |weight| of a window, 1 being unity
	peak    float64 // the largest |weight|

	// Windows before they get one length, one behind the other: the real weights, the integer ones,
	// the end of each window, and how many of its integers are left without the zeros at its ends.
	real   []float64
	flat   []int16
	end    []int
	length []int
}

// Limits of the fixed-point formats (see the package documentation).
const (
	maxWeight     = 1<<15 - 1
	maxSum        = 1<<31 - 1<<24 // room for the rounding term and for weight errors
	maxWeightBits = 22            // with 8-bit samples, more cannot fit maxSum
)

// plan computes the windows of an axis in real numbers: n source samples of which [x0, x1) is
// mapped onto dst samples. It reuses a's memory.
//
// The arithmetic is newDistrib's of x/image/draw, whose scale is (x1-x0)/dst. Where x1 lies within
// the last source sample, only the part of that sample before x1 counts: its weight is multiplied
// by the size of the part, and its position is the middle of the part.
func (a *axis) plan(n, dst int, x0, x1 float64) {
	kernel := draw.CatmullRom
	scale := (x1 - x0) / float64(dst)
	halfWidth, argScale := kernel.Support, 1.0
	if scale > 1 {
		halfWidth *= scale
		argScale = 1 / scale
	}
	last, part := float64(n-1), 1.0
	if x1 > last && x1 < float64(n) {
		part = x1 - last
		last = x1 - part/2 - 0.5
	}
	a.n = n
	a.start = num.Grow(a.start, dst)
	a.end = num.Grow(a.end, dst)
	a.real = a.real[:0]
	a.peak, a.absSum = 0, 0
	for i := range dst {
		// A center beyond the plane's edge would leave only the outer part of the kernel, whose sum
		// is near zero. So the edge is the last center.
		center := x0 + (float64(i)+0.5)*scale - 0.5
		center = min(max(center, -0.5), float64(n)-0.5)
		first := max(int(math.Floor(center-halfWidth)), 0)
		end := min(int(math.Ceil(center+halfWidth))+1, n)
		at := len(a.real)
		sum := 0.0
		for j := first; j < end; j++ {
			w, pos, share := 0.0, float64(j), 1.0
			if j == n-1 {
				pos, share = last, part
			}
			if t := math.Abs(center-pos) * argScale; t < kernel.Support {
				w = kernel.At(t) * share
			}
			a.real = append(a.real, w)
			sum += w
		}
		norm, abs := 1/sum, 0.0
		for k, w := range a.real[at:] {
			w *= norm
			a.real[at+k] = w
			abs += math.Abs(w)
			a.peak = max(a.peak, math.Abs(w))
		}
		a.absSum = max(a.absSum, abs)
		a.start[i], a.end[i] = int32(first), len(a.real)
	}
}

// maxBits returns how many fractional bits the planned weights may have.
func (a *axis) maxBits() uint {
	b := uint(maxWeightBits)
	for a.peak*float64(int(1)<<b) > maxWeight-1 || a.absSum*255*float64(int(1)<<b) > maxSum {
		b--
	}
	return b
}

// quantize converts the weights of the planned windows to integers with the given number of
// fractional bits. Afterwards all windows have the same number of taps.
func (a *axis) quantize(bits uint) {
	a.bits = bits
	a.flat = num.Grow(a.flat, len(a.real))
	a.taps = 1
	at := 0
	for i, end := range a.end {
		lead, n := quantizeWindow(a.flat[at:end], a.real[at:end], bits)
		// A window without the zeros at its ends is flat[end-n:end].
		copy(a.flat[end-n:end], a.flat[at+lead:at+lead+n])
		a.start[i] += int32(lead)
		a.length = append(a.length[:i], n)
		at = end
	}
	// Starts must not decrease, and windows end within the plane.
	from := int32(a.n)
	for i := len(a.start) - 1; i >= 0; i-- {
		from = min(from, a.start[i])
		a.taps = max(a.taps, int(a.start[i]-from)+a.length[i])
	}
	a.weights = num.Grow(a.weights, len(a.start)*a.taps)
	clear(a.weights)
	from = int32(a.n - a.taps)
	for i := len(a.start) - 1; i >= 0; i-- {
		from = min(from, a.start[i])
		copy(a.weights[i*a.taps+int(a.start[i]-from):], a.flat[a.end[i]-a.length[i]:a.end[i]])
		a.start[i] = from
	}
}

// quantizeWindow rounds the weights of one window to integers that sum to exactly 1<<bits, by
// largest remainder: iw gets them, and iw[lead:lead+n] are those between the zeros at both ends.
func quantizeWindow(iw []int16, ws []float64, bits uint) (lead, n int) {
	one := 1 << bits
	rest := one
	for k, w := range ws {
		// Adding this number rounds: weights are far below what float64 holds exactly.
		v := int(w*float64(one)+(1<<20+0.5)) - 1<<20
		iw[k] = int16(v)
		rest -= v
	}
	for rest != 0 {
		step := 1
		if rest < 0 {
			step = -1
		}
		// The weight that rounding moved furthest in the other direction.
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
	n = len(iw) - lead
	for n > 1 && iw[lead+n-1] == 0 {
		n--
	}
	return lead, n
}
