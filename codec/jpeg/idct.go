package jpeg

// This file implements dequantization and the inverse DCT of ITU T.81 A.3.3 at N x N samples a
// block, N = 1..8.
//
// A block's samples at N/8 are the N-point inverse DCT of its N lowest frequencies in each
// direction:
//
//	s(y,x) = 128 + 1/8 sum_v sum_u w(v,y) w(u,x) S(v,u),  0 <= u, v, x, y < N
//	w(0,i) = 1,  w(k,i) = sqrt(2) cos((2i+1) k pi / 2N)
//
// For N = 8 this is the standard's formula. The mean of the samples is the same for every N.
//
// The arithmetic is the same for every kernel, so all give the same bytes. Quantization steps are
// clipped to 32767. A coefficient S is the product of a quantized coefficient and its step, modulo
// 2^16. In a valid picture coefficients lie within +-2^12 (A.3.3 gives +-2^10, and the quantization
// adds half a step), so neither the clipping nor the modulo changes them. Weights are rounded to 13
// bits after the point. Sums are modulo 2^32.
//
// The first pass, over the columns, keeps 2 bits after the point, in 16 bits. The second pass, over
// the rows, ends with samples clamped to [0, 255]:
//
//	T = (sum 2^13 w S + 2^10) >> 11
//	s = 128 + (sum 2^13 w T + 2^17) >> 18
//
// For a valid picture |T/4| is at most 8 * 128 * 1.4 plus the quantization error, in all within
// +-2^13. The largest sum of the second pass is 8 * 1.39 * 2^13 * 2^15 < 2^32 in magnitude, and it
// is below 2^31 for samples within +-2^10 of the range. Only damaged pictures exceed these bounds,
// and for them every kernel gives the same wrong samples.
//
// At N = 8 the weights, and therefore the samples, are exactly those of libjpeg's accurate integer
// method (jidctint.c).

import "sync"

// A slotTable has, at index k, the slot of a coefficient in a block's buffer. The zig-zag index of
// the coefficient is k-1, because the k of decodeBlock has already moved past it. The slot is 0
// when the buffer has no place for the coefficient, or k is over 64.
type slotTable [256]uint8

// steps are quantization steps in the order of a block's buffer.
type steps [blockSize]int16

// An order says where a block's buffer holds the coefficients that an n x n transform uses. In the
// buffer the coefficients are in natural order, with cols(n) of them in a line.
type order struct {
	once  sync.Once
	n     int
	slot  slotTable
	place [blockSize]int8 // by zig-zag index: the slot, or -1 if there is none
	size  int             // of the buffer
	limit int             // 1 + the last zig-zag index that is used
}

// orders has the order for each n. The first is not used.
var orders = [9]order{{}, {n: 1}, {n: 2}, {n: 3}, {n: 4}, {n: 5}, {n: 6}, {n: 7}, {n: 8}}

// cols returns the length of a line of coefficients in the buffer of a block: the least power of
// two that is not below n.
func cols(n int) int {
	switch {
	case n <= 2:
		return n
	case n <= 4:
		return 4
	}
	return 8
}

// orderOf returns the order of an n x n transform.
func orderOf(n int) *order {
	o := &orders[n]
	o.once.Do(o.make)
	return o
}

// make fills o's tables for its n.
func (o *order) make() {
	c := cols(o.n)
	o.size = c * c
	for k, z := range zigzag {
		u, v := int(z&7), int(z>>3)
		if u >= o.n || v >= o.n {
			o.place[k] = -1
			continue
		}
		o.place[k] = int8(v*c + u)
		o.slot[k+1] = uint8(v*c + u)
		o.limit = k + 1
	}
}
