package jpeg

// This file implements the forward DCT and quantization of blocks, ITU T.81 A.3.3 and A.3.4.
//
// The one-dimensional transform is the even-odd split of the definition, scaled by sqrt(8): with
// s(n) = x(n) + x(7-n) and d(n) = x(n) - x(7-n),
//
//	F(0) = s0 + s3 + s1 + s2            F(1) = k1 d0 + k3 d1 + k5 d2 + k7 d3
//	F(4) = s0 + s3 - s1 - s2            F(3) = k3 d0 - k7 d1 - k1 d2 - k5 d3
//	F(2) = k2 (s0-s3) + k6 (s1-s2)      F(5) = k5 d0 - k1 d1 + k7 d2 + k3 d3
//	F(6) = k6 (s0-s3) - k2 (s1-s2)      F(7) = k7 d0 - k5 d1 + k3 d2 - k1 d3
//
// where kN = sqrt(2) cos(N pi/16), here with 14 fractional bits. The odd part is a plain 4x4
// product. As such it is rounded only once, and it can use the instructions that multiply pairs of
// 16-bit numbers and add the products. A factorization of it has neither advantage.
//
// The ranges of the numbers are as follows; the first pass goes down the columns:
//
//	samples          after the level shift          [-128, 127]
//	after pass one   two fractional bits            [-4096, 4096]
//	sums in pass two                                [-32768, 32512]
//	coefficients     times 8, as sqrt(8)*sqrt(8)    [-8192, 8192]
//
// so all numbers fit into 16 bits, except for the products of two 16-bit numbers. (Only F(0) of a
// black block reaches -32768: no other sum is 8*-4096.)
//
// The kernel, and its two versions:
//
//	fdctQuantize -> fdctQuantizeAVX2 | fdctQuantizeGeneric

const (
	fdctBits = 14 // fractional bits of the kN
	fdctK1   = 22725
	fdctK2   = 21407
	fdctK3   = 19266
	fdctK5   = 12873
	fdctK6   = 8867
	fdctK7   = 4520
)

// A coefBlock holds the coefficients of a block, quantized or not, in the order in which the
// transform leaves them: coefficient S(v, u), of vertical frequency v and horizontal frequency u,
// is at 8*u+v. The standard's order is the transpose of this one, and would take a transposition
// more.
type coefBlock [blockSize]int16

// zigzagT maps an index in zig-zag order to one in a coefBlock.
var zigzagT = [blockSize]uint8{
	0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40,
	33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42, 35,
	28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30,
	23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63,
}

// fdctQuantizeGeneric is fdctQuantize in plain Go: coef gets the quantized coefficients, raw gets 8
// times the coefficients, and bit k of a block's mask says that the quantized coefficient at
// zig-zag index k is not 0. It quantizes as quantizer says.
func fdctQuantizeGeneric(coef, raw []coefBlock, mask []uint64, src []byte, stride int, q *quantizer) {
	for i := range coef {
		var t [blockSize]int32
		fdct(&t, src[8*i:], stride)
		m := uint64(0) // bit by bit, from the highest zig-zag index down
		c, r := &coef[i], &raw[i]
		for k := blockSize - 1; k >= 0; k-- {
			j := zigzagT[k] & 63
			input := t[j]
			r[j] = int16(input)
			// (x ^ sign) - sign is x with the sign of input. level is a magnitude.
			sign := input >> 31
			biased := (input ^ sign) - sign + int32(q.bias[j])
			level := int32((uint32(biased) * uint32(q.reciprocal[j])) >> 16)
			m = m<<1 | uint64(uint32(-level)>>31) // 1 if level is not 0
			c[j] = int16((level ^ sign) - sign)
		}
		mask[i] = m
	}
}

// fdct sets t to 8 times the DCT of the level-shifted block at src, in a coefBlock's order.
func fdct(t *[blockSize]int32, src []byte, stride int) {
	const (
		shift1 = fdctBits - 2
		shift2 = fdctBits + 2
		round1 = 1 << (shift1 - 1)
		round2 = 1 << (shift2 - 1)
	)
	r0, r1, r2, r3 := src[0*stride:][:8], src[1*stride:][:8], src[2*stride:][:8], src[3*stride:][:8]
	r4, r5, r6, r7 := src[4*stride:][:8], src[5*stride:][:8], src[6*stride:][:8], src[7*stride:][:8]
	// Pass one, down the columns.
	for x := range 8 {
		x0, x1, x2, x3 := int32(r0[x]), int32(r1[x]), int32(r2[x]), int32(r3[x])
		x4, x5, x6, x7 := int32(r4[x]), int32(r5[x]), int32(r6[x]), int32(r7[x])
		s0, s1, s2, s3 := x0+x7, x1+x6, x2+x5, x3+x4
		d0, d1, d2, d3 := x0-x7, x1-x6, x2-x5, x3-x4
		e0, e1 := s0-s3, s1-s2
		t[0*8+x] = (s0 + s3 + s1 + s2 - 8*128) << 2
		t[4*8+x] = (s0 + s3 - s1 - s2) << 2
		t[2*8+x] = (fdctK2*e0 + fdctK6*e1 + round1) >> shift1
		t[6*8+x] = (fdctK6*e0 - fdctK2*e1 + round1) >> shift1
		t[1*8+x] = (fdctK1*d0 + fdctK3*d1 + fdctK5*d2 + fdctK7*d3 + round1) >> shift1
		t[3*8+x] = (fdctK3*d0 - fdctK7*d1 - fdctK1*d2 - fdctK5*d3 + round1) >> shift1
		t[5*8+x] = (fdctK5*d0 - fdctK1*d1 + fdctK7*d2 + fdctK3*d3 + round1) >> shift1
		t[7*8+x] = (fdctK7*d0 - fdctK5*d1 + fdctK3*d2 - fdctK1*d3 + round1) >> shift1
	}
	// At 8*v+x, t now holds vertical frequency v of column x. Pass two reads rows and writes
	// columns: the result for (v, u) belongs at 8*u+v.
	in := *t
	for v := range 8 {
		r := in[8*v:][:8]
		s0, s1, s2, s3 := r[0]+r[7], r[1]+r[6], r[2]+r[5], r[3]+r[4]
		d0, d1, d2, d3 := r[0]-r[7], r[1]-r[6], r[2]-r[5], r[3]-r[4]
		e0, e1 := s0-s3, s1-s2
		t[0*8+v] = (s0 + s3 + s1 + s2 + 2) >> 2
		t[4*8+v] = (s0 + s3 - s1 - s2 + 2) >> 2
		t[2*8+v] = (fdctK2*e0 + fdctK6*e1 + round2) >> shift2
		t[6*8+v] = (fdctK6*e0 - fdctK2*e1 + round2) >> shift2
		t[1*8+v] = (fdctK1*d0 + fdctK3*d1 + fdctK5*d2 + fdctK7*d3 + round2) >> shift2
		t[3*8+v] = (fdctK3*d0 - fdctK7*d1 - fdctK1*d2 - fdctK5*d3 + round2) >> shift2
		t[5*8+v] = (fdctK5*d0 - fdctK1*d1 + fdctK7*d2 + fdctK3*d3 + round2) >> shift2
		t[7*8+v] = (fdctK7*d0 - fdctK5*d1 + fdctK3*d2 - fdctK1*d3 + round2) >> shift2
	}
}
