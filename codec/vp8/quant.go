package vp8

// This file implements the quantizer indices and tables, RFC 6386 sections 9.6 and 14.1.

// dequantTableDC and dequantTableAC are the quantizer steps by quantizer index (section 14.1).
var dequantTableDC = [128]uint8{
	4, 5, 6, 7, 8, 9, 10, 10,
	11, 12, 13, 14, 15, 16, 17, 17,
	18, 19, 20, 20, 21, 21, 22, 22,
	23, 23, 24, 25, 25, 26, 27, 28,
	29, 30, 31, 32, 33, 34, 35, 36,
	37, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 46, 47, 48, 49, 50,
	51, 52, 53, 54, 55, 56, 57, 58,
	59, 60, 61, 62, 63, 64, 65, 66,
	67, 68, 69, 70, 71, 72, 73, 74,
	75, 76, 76, 77, 78, 79, 80, 81,
	82, 83, 84, 85, 86, 87, 88, 89,
	91, 93, 95, 96, 98, 100, 101, 102,
	104, 106, 108, 110, 112, 114, 116, 118,
	122, 124, 126, 128, 130, 132, 134, 136,
	138, 140, 143, 145, 148, 151, 154, 157,
}

var dequantTableAC = [128]uint16{
	4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15, 16, 17, 18, 19,
	20, 21, 22, 23, 24, 25, 26, 27,
	28, 29, 30, 31, 32, 33, 34, 35,
	36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51,
	52, 53, 54, 55, 56, 57, 58, 60,
	62, 64, 66, 68, 70, 72, 74, 76,
	78, 80, 82, 84, 86, 88, 90, 92,
	94, 96, 98, 100, 102, 104, 106, 108,
	110, 112, 114, 116, 119, 122, 125, 128,
	131, 134, 137, 140, 143, 146, 149, 152,
	155, 158, 161, 164, 167, 170, 173, 177,
	181, 185, 189, 193, 197, 201, 205, 209,
	213, 217, 221, 225, 229, 234, 239, 245,
	249, 254, 259, 264, 269, 274, 279, 284,
}

// A quantMatrix quantizes blocks of one plane. All arrays are in zigzag order.
//
// The level of a coefficient c is ((|c|+rnd)*iq)>>16, with the sign of c. |c| is at most 16320 (a
// DC of Y2), so |c|+rnd, iq and the level fit into 16 bits. The error is less than q in magnitude.
// So error*w fits into 16 bits with the sign, because w*q is less than 32768.
type quantMatrix struct {
	q   [16]uint16 // the quantizer step, 4 to 440
	iq  [16]uint16 // 65536/q, rounded up
	rnd [16]uint16 // what is added before the division by q: less than q/2, see bias
	w   [16]uint16 // weight of a squared error, in 1/16
}

// A bias holds what is added to the magnitudes of DC and AC coefficients before the division by the
// step, in 1/256 of the step. Rounding to the nearest level would take 128. Less is added, because
// a level that is only slightly nearer to the coefficient than the level below is not worth the
// bits of its token.
type bias struct{ dc, ac uint32 }

// init sets m for a step of dc at position 0 and a step of ac elsewhere. b has the biases, and w
// the weights.
func (m *quantMatrix) init(dc, ac uint32, b bias, w *[16]uint16) {
	m.w = *w
	for i := range m.q {
		q, add := ac, b.ac
		if i == 0 {
			q, add = dc, b.dc
		}
		m.q[i] = uint16(q)
		m.iq[i] = uint16((65536 + q - 1) / q)
		m.rnd[i] = uint16(q * add >> 8)
	}
}

// The weights of squared errors by frequency, in zigzag order, in 1/16. Errors in the means of 4x4
// blocks are visible from a distance, those in high frequencies only from near by.
var (
	lumaWeight   = [16]uint16{22, 16, 16, 13, 13, 13, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}
	y2Weight     = [16]uint16{16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16}
	chromaWeight = y2Weight
)

// A segment holds what the macroblocks of one segment share (section 9.3).
type segment struct {
	quant       int // quantizer index, 0 to 127
	filterLevel int // loop filter level, 0 to 63

	y1, y2, uv quantMatrix
	y1AC       [16]uint16 // y1's steps, with 1 in the place of DC, for a DC from the inverse WHT

	lambdas
}

// lambdas are the Lagrange multipliers. All but texture say how much more distortion is accepted to
// save one bit. The unit of distortion is 1/64 of a squared sample.
type lambdas struct {
	l16, l4, uv int64 // in the choice of a 16x16 mode, of a 4x4 mode, of a chroma mode
	mode        int64 // in the choice between 16x16 and 4x4
	trellis     int64 // in the choice of levels
	texture     int64 // distortion for a change of texture by 1, in 1/4096
}

// scale multiplies all lambdas except texture by f/256.
func (l *lambdas) scale(f int64) {
	for _, p := range []*int64{&l.l16, &l.l4, &l.mode, &l.uv, &l.trellis} {
		*p = (*p*f + 128) >> 8
	}
}

// clip returns x, clamped to [lo, hi].
func clip(x, lo, hi int) int {
	if x < lo {
		return lo
	}
	if x > hi {
		return hi
	}
	return x
}

// quantDelta holds the frame's quantizer index deltas of section 9.6.
type quantDelta struct{ y1DC, y2DC, y2AC, uvDC, uvAC int }

// finerMeans are the deltas of every frame. The steps for the means of blocks are finer, in luma
// and in chroma, and the steps for chroma's AC are coarser in return.
var finerMeans = quantDelta{y1DC: -3, y2DC: -3, y2AC: -2, uvDC: -4, uvAC: 5}

// coarserChroma returns what high effort, which sharpens chroma, adds to uvAC. Quantizer indices of
// 24 and more, which means qualities up to 76, get 3 more. Indices below 12 get none: 3 more would
// make their small steps 15 to 33 percent larger, and smooth gradients would show their blocks.
func coarserChroma(quant int) int { return clip((quant-6)/6, 0, 3) }

// initQuant sets the matrices for s.quant and the deltas d, with the steps of section 14.1.
func (s *segment) initQuant(d quantDelta) {
	q := s.quant
	y1DC := uint32(dequantTableDC[clip(q+d.y1DC, 0, 127)])
	y1AC := uint32(dequantTableAC[q])
	s.y1.init(y1DC, y1AC, bias{108, 108}, &lumaWeight)
	s.y1AC = s.y1.q
	s.y1AC[0] = 1

	y2DC := uint32(dequantTableDC[clip(q+d.y2DC, 0, 127)]) * 2
	y2AC := uint32(dequantTableAC[clip(q+d.y2AC, 0, 127)]) * 155 / 100
	s.y2.init(y2DC, max(y2AC, 8), bias{100, 108}, &y2Weight)

	// The reference decoder in RFC 6386 (dequant_init in dixie.c) limits the step of chroma's DC to
	// 132, which is entry 117 of the table.
	uvDC := uint32(dequantTableDC[clip(q+d.uvDC, 0, 117)])
	uvAC := uint32(dequantTableAC[clip(q+d.uvAC, 0, 127)])
	s.uv.init(uvDC, uvAC, bias{110, 115}, &chromaWeight)
}
