package jpeg

import "math"

// This file implements the writer's quantization tables.

// A quantizer divides coefficients by the elements of a quantization table, which are 1 to 255. Its
// input is 8 times the coefficients, as the forward DCT leaves them.
type quantizer struct {
	// elements are in zig-zag order, as in a DQT segment.
	elements [blockSize]uint8

	// An input c becomes ((|c| + bias) * reciprocal) >> 16, with the sign of c. bias is half a
	// step, so that levels are rounded to nearest. |c| + bias fits into 16 bits: it is at most
	// 8192 + 1020. bias and reciprocal are in a coefBlock's order.
	bias, reciprocal [blockSize]uint16

	// step and gain are for the trellis, in a coefBlock's order. step is 8 times the element of the
	// table. The square of an error of the input, times gain, is what the error costs, in units of
	// 2^-28 bits.
	step [blockSize]int32
	gain [blockSize]int64
}

// quantizers sets the quantizers of the frame for a quality of 1 to 100. Cb and Cr of a small
// picture share a table, because a third one would cost more than it brings.
func (w *writer) quantizers(quality int) {
	last := 2 // number of the last table
	switch {
	case len(w.comps) == 1 || w.rgb:
		last = 0
	case w.width*w.height < ownTableArea:
		last = 1
	}
	for i := range w.comps {
		w.comps[i].quant = min(i, last)
	}
	scale := scaleOf(quality, w.width*w.height)
	w.quant[0].reset(0, scale)
	if w.comps[0].h*w.comps[0].v == 1 {
		// Where chroma is not subsampled, a coefficient stands for twice the frequency that it
		// stands for in 4:2:0, and its step may be coarser. The factor is a measured one.
		scale = scale * 9 / 4
	}
	for i := 1; i <= last; i++ {
		w.quant[i].reset(i, scale)
	}
}

// ownTableArea is the least number of pixels for which Cr has a table of its own.
const ownTableArea = 1 << 16

// quantBase has 16 times the elements at a scale of 1, in zig-zag order: luma, Cb, Cr.
//
// The tables began as a power of ITU T.81's K.1 and K.2. Then a search changed the factors of
// groups of frequencies, to get the fewest bytes at equal quality on five photos at 1280x720, with
// this writer and its choice of levels. Quality was SSIMULACRA2 and, with half its weight, the
// 3-norm of butteraugli. The table of luma is finer than annex K's in DC and in the lowest
// frequencies, which are visible from a distance, coarser in the middle, and finer again in the
// highest frequencies, where the choice of levels saves what coarse steps would. The tables of
// chroma are finer.
var quantBase = [3][blockSize]uint16{
	{
		128, 121, 125, 296, 278, 259, 353, 334, 324, 334, 370, 361, 353, 378, 415, 370,
		311, 301, 291, 291, 301, 402, 351, 359, 325, 370, 430, 408, 439, 436, 427, 408,
		424, 421, 447, 469, 517, 484, 447, 458, 506, 461, 421, 424, 489, 554, 492, 506,
		524, 531, 541, 543, 541, 441, 482, 562, 578, 560, 535, 576, 517, 537, 541, 533,
	},
	{
		72, 218, 218, 241, 228, 241, 374, 294, 294, 374, 503, 428, 401, 428, 503, 396,
		396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396, 396,
		396, 396, 396, 396, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545,
		545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545, 545,
	},
	{
		113, 254, 254, 280, 266, 280, 434, 341, 341, 434, 585, 497, 465, 497, 585, 460,
		460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460, 460,
		460, 460, 460, 460, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634,
		634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634, 634,
	},
}

// qualityScale is the scale of the tables, times 256, at the qualities in qualityAt. The first row
// is for pictures of at least largeArea pixels, the second for pictures of at most smallArea
// pixels.
//
// With these scales, the mean SSIMULACRA2 is not lower than that of a reference: annex K's tables
// at the same quality, scaled as in libjpeg, with 0.38 of a step added to AC coefficients before
// the quotient is cut to an integer. The reference has a lower SSIMULACRA2 for small pictures than
// for large ones, so there are two rows.
var (
	qualityAt    = [...]int{50, 65, 80, 88, 95, 98, 100}
	qualityScale = [2][len(qualityAt)]int{
		{320, 248, 152, 105, 50, 22, 8},
		{320, 244, 166, 118, 56, 24, 8},
	}
)

// Between these areas, in pixels, the scale is interpolated.
const smallArea, largeArea = 1 << 16, 1 << 18

// scaleOf returns the scale, times 256, for a quality of 1 to 100 and a picture of area pixels.
func scaleOf(quality, area int) int {
	area = min(max(area, smallArea), largeArea)
	scaleAt := func(i int) int { // for the area and quality qualityAt[i]
		large, small := qualityScale[0][i], qualityScale[1][i]
		return small + (large-small)*(area-smallArea)/(largeArea-smallArea)
	}
	if quality <= qualityAt[0] { // the scale is in inverse proportion to the quality, as in libjpeg
		return qualityAt[0] * scaleAt(0) / quality
	}
	i := 1
	for quality > qualityAt[i] {
		i++
	}
	q0, q1 := qualityAt[i-1], qualityAt[i]
	s0, s1 := scaleAt(i-1), scaleAt(i)
	return s0 + (s1-s0)*(quality-q0)/(q1-q0)
}

// reset sets q for quantBase[t] (t is 0 for luma, 1 for Cb, 2 for Cr), multiplied by scale/256.
func (q *quantizer) reset(t, scale int) {
	for k, base := range quantBase[t] {
		e := (int(base)*scale + 1<<11) >> 12 // base is times 16, scale times 256
		e = min(max(e, 1), 255)
		q.elements[k] = uint8(e)
		j := zigzagT[k]
		step, half := 8*e, 4*e
		q.reciprocal[j] = uint16((1<<16 + half) / step) // 1<<16 divided by the step, rounded
		q.bias[j] = uint16(half)
		q.step[j] = int32(step)
	}
	lambda := lumaLambda
	if t > 0 {
		lambda = chromaLambda
	}
	ref := float64(q.elements[4]) // of the frequency with u = v = 1
	for j, s := range q.step {
		// An error of x steps is worth x*x*sqrt(r)/lambda bits, where r is the step divided by ref.
		// If the steps of the tables were the best for the eye, r would not count. If equal steps
		// were, the factor would be r*r. The best steps are between the two. The step is 8*ref*r,
		// so if the error is 1, x*x*sqrt(r) is 1 / (64*ref*ref * r*sqrt(r)).
		r := float64(s) / (8 * ref)
		q.gain[j] = int64((1 << 28) / (lambda * 64 * ref * ref * float64(r*math.Sqrt(r))))
	}
}

// Each lambda is the inverse of the number of bits that an error of one step is worth, where the
// step is ref (see reset).
const (
	lumaLambda   = 0.09
	chromaLambda = 0.032
)
