package jpeg

// This file has the reference kernels of the inverse DCT. See idct.go for what they compute.

// inverseGeneric defines what inverse computes.
func inverseGeneric(n int, dst []byte, stride int, coef []int16, q *steps) {
	switch n {
	case 1:
		for i, c := range coef {
			dc := (c * q[0]) << 2 // in 16 bits, as idct.go has it
			dst[i] = sample(int32(dc))
		}
	case 2:
		for i := 0; 4*i < len(coef); i++ {
			idct2((*[4]int16)(coef[4*i:]), (*[4]int16)(q[:]), dst[2*i:], stride)
		}
	case 3:
		for i := 0; 16*i < len(coef); i++ {
			idct3((*[16]int16)(coef[16*i:]), (*[16]int16)(q[:]), dst[3*i:], stride)
		}
	case 4:
		for i := 0; 16*i < len(coef); i++ {
			idct4((*[16]int16)(coef[16*i:]), (*[16]int16)(q[:]), dst[4*i:], stride)
		}
	case 5:
		for i := 0; 64*i < len(coef); i++ {
			idct5((*[64]int16)(coef[64*i:]), q, dst[5*i:], stride)
		}
	case 6:
		for i := 0; 64*i < len(coef); i++ {
			idct6((*[64]int16)(coef[64*i:]), q, dst[6*i:], stride)
		}
	case 7:
		for i := 0; 64*i < len(coef); i++ {
			idct7((*[64]int16)(coef[64*i:]), q, dst[7*i:], stride)
		}
	case 8:
		for i := 0; 64*i < len(coef); i++ {
			idct8((*[64]int16)(coef[64*i:]), q, dst[8*i:], stride)
		}
	}
}

// clamp8 clamps v to [0, 255].
func clamp8(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31)) // 0 if v is negative, otherwise 255
	}
	return byte(v)
}

// sample returns the sample that the second pass computes from a line in which only the first
// coefficient, t, is not zero. t has 2 bits after the point, and is divided by 8 as in the formula.
func sample(t int32) byte { return clamp8((t + (128 << 5) + 16) >> 5) }

// fillLine writes the samples of a line in which only the first coefficient, t, is not zero.
func fillLine(line []byte, t int16) {
	v := sample(int32(t))
	for i := range line {
		line[i] = v
	}
}

const (
	bits13 = 13              // bits of the weights after the point
	round1 = 1 << 10         // added in the first pass, before >> 11
	round2 = 128<<18 + 1<<17 // added in the second pass, before >> 18: the level shift and a half
)

// The weight wN_k is round(2^13 sqrt(2) cos(k pi / 2N)).
const (
	w3_1 = 10033
	w3_2 = 5793
	w3_0 = 11585 // sqrt(2)

	w4_1 = 10703
	w4_3 = 4433

	w5_1 = 11018
	w5_2 = 9373
	w5_3 = 6810
	w5_4 = 3580
	w5_0 = 11585

	w6_1 = 11190
	w6_2 = 10033
	w6_3 = 8192
	w6_4 = 5793
	w6_5 = 2998
	w6_0 = 11585

	w7_1 = 11295
	w7_2 = 10438
	w7_3 = 9058
	w7_4 = 7223
	w7_5 = 5027
	w7_6 = 2578
	w7_0 = 11585
)

// idct2 writes the 2 x 2 samples of a block, with both passes in one. For 2 points all weights are
// 1 or -1, so the sums of the first pass are 2^13 (a +- b), and rounding does not change them.
func idct2(c, q *[4]int16, dst []byte, stride int) {
	c00, c01 := int32(c[0]*q[0]), int32(c[1]*q[1])
	c10, c11 := int32(c[2]*q[2]), int32(c[3]*q[3])
	// a is the first line of the first pass, b the second.
	a0, a1 := int32(int16((c00+c10)<<2)), int32(int16((c01+c11)<<2))
	b0, b1 := int32(int16((c00-c10)<<2)), int32(int16((c01-c11)<<2))
	_, _ = dst[1], dst[stride+1]
	dst[0], dst[1] = sample(a0+a1), sample(a0-a1)
	dst[stride], dst[stride+1] = sample(b0+b1), sample(b0-b1)
}

// idct3 writes the 3 x 3 samples of a block, in two passes: columns, then rows.
func idct3(c, q *[16]int16, dst []byte, stride int) {
	var t [3][3]int16
	for i := range 3 {
		x0, x1, x2 := int32(c[i]*q[i]), int32(c[4+i]*q[4+i]), int32(c[8+i]*q[8+i])
		e := x0<<bits13 + x2*w3_2 + round1
		o := x1 * w3_1
		t[0][i] = int16((e + o) >> 11)
		t[1][i] = int16((x0<<bits13 - x2*w3_0 + round1) >> 11)
		t[2][i] = int16((e - o) >> 11)
	}
	for i := range 3 {
		x0, x1, x2 := int32(t[i][0]), int32(t[i][1]), int32(t[i][2])
		e := x0<<bits13 + x2*w3_2 + round2
		o := x1 * w3_1
		d := dst[i*stride:][:3]
		d[0] = clamp8((e + o) >> 18)
		d[1] = clamp8((x0<<bits13 - x2*w3_0 + round2) >> 18)
		d[2] = clamp8((e - o) >> 18)
	}
}

// idct4 writes the 4 x 4 samples of a block, in two passes.
func idct4(c, q *[16]int16, dst []byte, stride int) {
	var t [16]int16
	for i := range 4 {
		x0, x1, x2, x3 := int32(c[i]*q[i]), int32(c[4+i]*q[4+i]), int32(c[8+i]*q[8+i]), int32(c[12+i]*q[12+i])
		e0, e1 := (x0+x2)<<bits13+round1, (x0-x2)<<bits13+round1
		o0 := x1*w4_1 + x3*w4_3
		o1 := x1*w4_3 - x3*w4_1
		t[i] = int16((e0 + o0) >> 11)
		t[4+i] = int16((e1 + o1) >> 11)
		t[8+i] = int16((e1 - o1) >> 11)
		t[12+i] = int16((e0 - o0) >> 11)
	}
	for i := range 4 {
		x0, x1, x2, x3 := int32(t[4*i]), int32(t[4*i+1]), int32(t[4*i+2]), int32(t[4*i+3])
		e0, e1 := (x0+x2)<<bits13+round2, (x0-x2)<<bits13+round2
		o0 := x1*w4_1 + x3*w4_3
		o1 := x1*w4_3 - x3*w4_1
		d := dst[i*stride:][:4]
		d[0] = clamp8((e0 + o0) >> 18)
		d[1] = clamp8((e1 + o1) >> 18)
		d[2] = clamp8((e1 - o1) >> 18)
		d[3] = clamp8((e0 - o0) >> 18)
	}
}

// line5 transforms one line of 5 coefficients. r is added to all samples, for rounding. The samples
// have bits13 more fractional bits than the coefficients.
func line5(x0, x1, x2, x3, x4, r int32) (s0, s1, s2, s3, s4 int32) {
	x0 = x0<<bits13 + r
	e0, e1 := x0+x2*w5_2+x4*w5_4, x0-x2*w5_4-x4*w5_2
	o0, o1 := x1*w5_1+x3*w5_3, x1*w5_3-x3*w5_1
	return e0 + o0, e1 + o1, x0 - x2*w5_0 + x4*w5_0, e1 - o1, e0 - o0
}

// idct5 writes the 5 x 5 samples of a block, in two passes.
func idct5(c *[64]int16, q *steps, dst []byte, stride int) {
	var t [5][5]int16
	right := int16(0) // not 0 if the block has a coefficient outside of the first column
	for i := range 5 {
		// below is not 0 if column i has a coefficient under the first line.
		below := c[8+i] | c[16+i] | c[24+i] | c[32+i]
		if i > 0 {
			right |= c[i] | below
		}
		if below == 0 { // all results of the column are equal
			v := (c[i] * q[i]) << 2
			t[0][i], t[1][i], t[2][i], t[3][i], t[4][i] = v, v, v, v, v
			continue
		}
		s0, s1, s2, s3, s4 := line5(int32(c[i]*q[i]), int32(c[8+i]*q[8+i]), int32(c[16+i]*q[16+i]), int32(c[24+i]*q[24+i]),
			int32(c[32+i]*q[32+i]), round1)
		t[0][i], t[1][i], t[2][i], t[3][i], t[4][i] = int16(s0>>11), int16(s1>>11), int16(s2>>11), int16(s3>>11), int16(s4>>11)
	}
	if right == 0 { // the samples of a line are equal
		for i := range 5 {
			fillLine(dst[i*stride:][:5], t[i][0])
		}
		return
	}
	for i := range 5 {
		x := &t[i]
		s0, s1, s2, s3, s4 := line5(int32(x[0]), int32(x[1]), int32(x[2]), int32(x[3]), int32(x[4]), round2)
		d := dst[i*stride:][:5]
		d[0], d[1], d[2], d[3], d[4] = clamp8(s0>>18), clamp8(s1>>18), clamp8(s2>>18), clamp8(s3>>18), clamp8(s4>>18)
	}
}

// line6 is line5 for 6 coefficients.
func line6(x0, x1, x2, x3, x4, x5, r int32) (s0, s1, s2, s3, s4, s5 int32) {
	x0 = x0<<bits13 + r
	e0, e1, e2 := x0+x2*w6_2+x4*w6_4, x0-x4*w6_0, x0-x2*w6_2+x4*w6_4
	o0, o1, o2 := x1*w6_1+x3*w6_3+x5*w6_5, (x1-x3-x5)*w6_3, x1*w6_5-x3*w6_3+x5*w6_1
	return e0 + o0, e1 + o1, e2 + o2, e2 - o2, e1 - o1, e0 - o0
}

// idct6 writes the 6 x 6 samples of a block, in two passes.
func idct6(c *[64]int16, q *steps, dst []byte, stride int) {
	var t [6][6]int16
	right := int16(0) // right and below are as in idct5
	for i := range 6 {
		below := c[8+i] | c[16+i] | c[24+i] | c[32+i] | c[40+i]
		if i > 0 {
			right |= c[i] | below
		}
		if below == 0 { // all results of the column are equal
			v := (c[i] * q[i]) << 2
			t[0][i], t[1][i], t[2][i], t[3][i], t[4][i], t[5][i] = v, v, v, v, v, v
			continue
		}
		s0, s1, s2, s3, s4, s5 := line6(int32(c[i]*q[i]), int32(c[8+i]*q[8+i]), int32(c[16+i]*q[16+i]), int32(c[24+i]*q[24+i]),
			int32(c[32+i]*q[32+i]), int32(c[40+i]*q[40+i]), round1)
		t[0][i], t[1][i], t[2][i] = int16(s0>>11), int16(s1>>11), int16(s2>>11)
		t[3][i], t[4][i], t[5][i] = int16(s3>>11), int16(s4>>11), int16(s5>>11)
	}
	if right == 0 { // the samples of a line are equal
		for i := range 6 {
			fillLine(dst[i*stride:][:6], t[i][0])
		}
		return
	}
	for i := range 6 {
		x := &t[i]
		s0, s1, s2, s3, s4, s5 := line6(int32(x[0]), int32(x[1]), int32(x[2]), int32(x[3]), int32(x[4]), int32(x[5]), round2)
		d := dst[i*stride:][:6]
		d[0], d[1], d[2] = clamp8(s0>>18), clamp8(s1>>18), clamp8(s2>>18)
		d[3], d[4], d[5] = clamp8(s3>>18), clamp8(s4>>18), clamp8(s5>>18)
	}
}

// line7 is line5 for 7 coefficients.
func line7(x0, x1, x2, x3, x4, x5, x6, r int32) (s0, s1, s2, s3, s4, s5, s6 int32) {
	x0 = x0<<bits13 + r
	e0 := x0 + x2*w7_2 + x4*w7_4 + x6*w7_6
	e1 := x0 + x2*w7_6 - x4*w7_2 - x6*w7_4
	e2 := x0 - x2*w7_4 - x4*w7_6 + x6*w7_2
	o0 := x1*w7_1 + x3*w7_3 + x5*w7_5
	o1 := x1*w7_3 - x3*w7_5 - x5*w7_1
	o2 := x1*w7_5 - x3*w7_1 + x5*w7_3
	return e0 + o0, e1 + o1, e2 + o2, x0 + (x4-x2-x6)*w7_0, e2 - o2, e1 - o1, e0 - o0
}

// idct7 writes the 7 x 7 samples of a block, in two passes.
func idct7(c *[64]int16, q *steps, dst []byte, stride int) {
	var t [7][7]int16
	right := int16(0) // right and below are as in idct5
	for i := range 7 {
		below := c[8+i] | c[16+i] | c[24+i] | c[32+i] | c[40+i] | c[48+i]
		if i > 0 {
			right |= c[i] | below
		}
		if below == 0 { // all results of the column are equal
			v := (c[i] * q[i]) << 2
			t[0][i], t[1][i], t[2][i], t[3][i], t[4][i], t[5][i], t[6][i] = v, v, v, v, v, v, v
			continue
		}
		s0, s1, s2, s3, s4, s5, s6 := line7(int32(c[i]*q[i]), int32(c[8+i]*q[8+i]), int32(c[16+i]*q[16+i]), int32(c[24+i]*q[24+i]),
			int32(c[32+i]*q[32+i]), int32(c[40+i]*q[40+i]), int32(c[48+i]*q[48+i]), round1)
		t[0][i], t[1][i], t[2][i], t[3][i] = int16(s0>>11), int16(s1>>11), int16(s2>>11), int16(s3>>11)
		t[4][i], t[5][i], t[6][i] = int16(s4>>11), int16(s5>>11), int16(s6>>11)
	}
	if right == 0 { // the samples of a line are equal
		for i := range 7 {
			fillLine(dst[i*stride:][:7], t[i][0])
		}
		return
	}
	for i := range 7 {
		x := &t[i]
		s0, s1, s2, s3, s4, s5, s6 := line7(int32(x[0]), int32(x[1]), int32(x[2]), int32(x[3]), int32(x[4]), int32(x[5]), int32(x[6]), round2)
		d := dst[i*stride:][:7]
		d[0], d[1], d[2], d[3] = clamp8(s0>>18), clamp8(s1>>18), clamp8(s2>>18), clamp8(s3>>18)
		d[4], d[5], d[6] = clamp8(s4>>18), clamp8(s5>>18), clamp8(s6>>18)
	}
}
