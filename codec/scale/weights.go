package scale

import (
	"math"

	"golang.org/x/image/draw"

	"miniatura/codec/internal/num"
)

// An axis has the windows of the destination samples along one axis. A window says which source
// samples a destination sample is made from, and with which weights. All windows have the same
// number of taps: shorter ones are padded with weights of 0.
type axis struct {
	start   []int32 // first source sample of each window, never decreasing
	weights []int16 // the windows, one after the other; the weights of each sum to 1<<bits
	taps    int     // weights in a window
	bits    uint    // fractional bits of a weight
	n       int     // source samples
	absSum  float64 // the largest sum of a window's absolute weights, as real numbers
	peak    float64 // the largest absolute weight, as a real number

	// The windows before they are padded, one after the other.
	real   []float64 // weights
	flat   []int16   // the same weights as integers
	end    []int     // where each window ends in real and in flat
	length []int     // how many integers each window has without the zeros at both of its ends
}

// Limits of the fixed-point formats (see the package documentation).
const (
	maxWeight     = 1<<15 - 1
	maxSum        = 1<<31 - 1<<24 // 1<<24 is room for the rounding term and for errors of weights
	maxWeightBits = 22            // with more, sums over 8-bit samples would exceed maxSum
)

// plan computes the windows in real numbers. There are n source samples, and their part [x0, x1) is
// mapped onto dst destination samples. plan uses the memory of a again.
//
// The arithmetic is that of newDistrib in x/image/draw, whose scale is (x1-x0)/dst. If x1 lies
// within the last source sample, only the part of that sample before x1 counts: the sample's weight
// is multiplied by the size of the part, and its position is the middle of the part.
func (a *axis) plan(n, dst int, x0, x1 float64) {
	kernel := draw.CatmullRom
	scale := (x1 - x0) / float64(dst)
	halfWidth, argScale := kernel.Support, 1.0
	if scale > 1 { // a reduction: the kernel is stretched
		halfWidth *= scale
		argScale = 1 / scale
	}
	last, part := float64(n-1), 1.0 // position and part of the last source sample
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
		// With a center far beyond the plane's edge, only the outer part of the kernel would lie
		// over samples, and its sum is near zero. So no center lies beyond the edge.
		center := x0 + (float64(i)+0.5)*scale - 0.5
		center = min(max(center, -0.5), float64(n)-0.5)
		first := max(int(math.Floor(center-halfWidth)), 0)
		past := min(int(math.Ceil(center+halfWidth))+1, n)
		// Weigh the source samples [first, past).
		at := len(a.real) // where the window begins
		sum := 0.0
		for j := first; j < past; j++ {
			w, pos, share := 0.0, float64(j), 1.0 // weight, position, the part that counts
			if j == n-1 {
				pos, share = last, part
			}
			if t := math.Abs(center-pos) * argScale; t < kernel.Support {
				w = kernel.At(t) * share
			}
			a.real = append(a.real, w)
			sum += w
		}
		// Normalize the window to a sum of 1.
		norm, abs := 1/sum, 0.0
		for k, w := range a.real[at:] {
			w *= norm
			a.real[at+k] = w
			abs += math.Abs(w)
			a.peak = max(a.peak, math.Abs(w))
		}
		a.absSum = max(a.absSum, abs)
		a.start[i] = int32(first)
		a.end[i] = len(a.real)
	}
}

// maxBits returns the largest number of fractional bits that the planned weights may have.
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
		// The window is flat[at:end], with lead zeros before the n integers that stay.
		lead, n := quantizeWindow(a.flat[at:end], a.real[at:end], bits)
		// Move the window without the zeros at both of its ends to flat[end-n:end].
		copy(a.flat[end-n:end], a.flat[at+lead:at+lead+n])
		a.start[i] += int32(lead)
		a.length = append(a.length[:i], n)
		at = end
	}
	// Padding makes windows start earlier: no start may be greater than the next one, and all
	// windows must end within the plane. Set taps to the largest number that a window then needs.
	padded := int32(a.n) // the start of window i with padding
	for i := len(a.start) - 1; i >= 0; i-- {
		padded = min(padded, a.start[i])
		a.taps = max(a.taps, int(a.start[i]-padded)+a.length[i])
	}
	// Set the padded windows and their starts, again from the last window to the first.
	a.weights = num.Grow(a.weights, len(a.start)*a.taps)
	clear(a.weights)
	padded = int32(a.n - a.taps)
	for i := len(a.start) - 1; i >= 0; i-- {
		padded = min(padded, a.start[i])
		window, zeros := a.weights[i*a.taps:], a.start[i]-padded
		copy(window[zeros:], a.flat[a.end[i]-a.length[i]:a.end[i]])
		a.start[i] = padded
	}
}

// quantizeWindow rounds the weights of one window to integers that sum to exactly 1<<bits, by
// largest remainder. It writes them to ints. Without the zeros at both ends, they are
// ints[lead:lead+n].
func quantizeWindow(ints []int16, weights []float64, bits uint) (lead, n int) {
	one := 1 << bits
	rest := one // what the integers still lack to the sum
	for k, w := range weights {
		// Round to nearest. The conversion to int rounds toward zero, so a number is added that
		// makes the sum positive, and subtracted afterwards.
		v := int(w*float64(one)+((1<<20)+0.5)) - (1 << 20)
		ints[k] = int16(v)
		rest -= v
	}
	// Change one weight by 1 at a time, until the sum is right.
	for rest != 0 {
		step := 1
		if rest < 0 {
			step = -1
		}
		// Find the weight that rounding has moved furthest in the other direction.
		best, most := 0, math.Inf(-1)
		for k, w := range weights {
			moved := (w*float64(one) - float64(ints[k])) * float64(step)
			if moved > most {
				best, most = k, moved
			}
		}
		ints[best] += int16(step)
		rest -= step
	}
	// Count the zeros at both ends, but leave at least one integer.
	for lead < len(ints)-1 && ints[lead] == 0 {
		lead++
	}
	n = len(ints) - lead
	for n > 1 && ints[lead+n-1] == 0 {
		n--
	}
	return lead, n
}
