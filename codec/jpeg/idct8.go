package jpeg

// The 8-point transform is that of C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical Fast 1-D
// DCT Algorithms with 11 Multiplications", ICASSP 1989, in the variant with 12 multiplications that
// libjpeg uses. In this variant no product is multiplied again.
//
// The name of a constant is its value. Constants have 13 bits after the point.
const (
	f0_298 = 2446  // sqrt(2) (-c1+c3+c5-c7), ck = cos(k pi / 16)
	f0_390 = 3196  // sqrt(2) (c3-c5)
	f0_541 = 4433  // sqrt(2) c6
	f0_765 = 6270  // sqrt(2) (c2-c6)
	f0_899 = 7373  // sqrt(2) (c3-c7)
	f1_175 = 9633  // sqrt(2) c3
	f1_501 = 12299 // sqrt(2) (c1+c3-c5-c7)
	f1_847 = 15137 // sqrt(2) (c2+c6)
	f1_961 = 16069 // sqrt(2) (c3+c5)
	f2_053 = 16819 // sqrt(2) (c1+c3-c5+c7)
	f2_562 = 20995 // sqrt(2) (c1+c3)
	f3_072 = 25172 // sqrt(2) (c1+c3+c5-c7)
)

// even8 returns the sums of the even coefficients for samples 0 to 3. Those for samples 7 to 4 are
// the same. r is added to all sums, for rounding.
func even8(x0, x2, x4, x6, r int32) (e0, e1, e2, e3 int32) {
	z := (x2 + x6) * f0_541
	a, b := z+x2*f0_765, z-x6*f1_847
	c, d := (x0+x4)<<bits13+r, (x0-x4)<<bits13+r
	return c + a, d + b, d - b, c - a
}

// odd8 returns the sums of the odd coefficients for samples 0 to 3. Those for samples 7 to 4 are
// the same with the opposite sign.
func odd8(x1, x3, x5, x7 int32) (o0, o1, o2, o3 int32) {
	z1, z2, z3, z4 := (x7+x1)*-f0_899, (x5+x3)*-f2_562, x7+x3, x5+x1
	z5 := (z3 + z4) * f1_175
	z3, z4 = z3*-f1_961+z5, z4*-f0_390+z5
	return x1*f1_501 + z1 + z4, x3*f3_072 + z2 + z3, x5*f2_053 + z2 + z4, x7*f0_298 + z1 + z3
}

// idct8 writes the 8 x 8 samples of a block, in two passes: columns, then rows.
func idct8(c *[64]int16, q *steps, dst []byte, stride int) {
	var t [64]int16
	right := int16(0) // not 0 if the block has a coefficient outside of the first column
	for i := range 8 {
		// below is not 0 if column i has a coefficient under the first line.
		below := c[8+i] | c[16+i] | c[24+i] | c[32+i] | c[40+i] | c[48+i] | c[56+i]
		if i > 0 {
			right |= c[i] | below
		}
		if below == 0 { // all results of the column are equal
			v := (c[i] * q[i]) << 2
			t[i], t[8+i], t[16+i], t[24+i], t[32+i], t[40+i], t[48+i], t[56+i] = v, v, v, v, v, v, v, v
			continue
		}
		e0, e1, e2, e3 := even8(int32(c[i]*q[i]), int32(c[16+i]*q[16+i]), int32(c[32+i]*q[32+i]), int32(c[48+i]*q[48+i]), round1)
		o0, o1, o2, o3 := odd8(int32(c[8+i]*q[8+i]), int32(c[24+i]*q[24+i]), int32(c[40+i]*q[40+i]), int32(c[56+i]*q[56+i]))
		t[i], t[56+i] = int16((e0+o0)>>11), int16((e0-o0)>>11)
		t[8+i], t[48+i] = int16((e1+o1)>>11), int16((e1-o1)>>11)
		t[16+i], t[40+i] = int16((e2+o2)>>11), int16((e2-o2)>>11)
		t[24+i], t[32+i] = int16((e3+o3)>>11), int16((e3-o3)>>11)
	}
	if right == 0 { // the samples of a line are equal
		for i := range 8 {
			fillLine(dst[i*stride:][:8], t[8*i])
		}
		return
	}
	for i := range 8 {
		x := (*[8]int16)(t[8*i:])
		e0, e1, e2, e3 := even8(int32(x[0]), int32(x[2]), int32(x[4]), int32(x[6]), round2)
		o0, o1, o2, o3 := odd8(int32(x[1]), int32(x[3]), int32(x[5]), int32(x[7]))
		d := dst[i*stride:][:8]
		d[0], d[7] = clamp8((e0+o0)>>18), clamp8((e0-o0)>>18)
		d[1], d[6] = clamp8((e1+o1)>>18), clamp8((e1-o1)>>18)
		d[2], d[5] = clamp8((e2+o2)>>18), clamp8((e2-o2)>>18)
		d[3], d[4] = clamp8((e3+o3)>>18), clamp8((e3-o3)>>18)
	}
}
