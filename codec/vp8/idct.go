package vp8

// This file implements the DCT, the WHT and their inverses, RFC 6386 sections
// 14.3 and 14.4.
//
// Let M be the matrix with the rows {1,1,1,1}, {c,s,-s,-c}, {1,-1,-1,1}, {s,-c,c,-s}, where c and s
// are sqrt(2) times the cosine and the sine of pi/8. The decoder computes X = M^T C M / 8. All rows
// of M have the squared length 4, so the forward transform is C = M X M^T / 2. An error e of a
// coefficient adds e*e/4 to the sum of the samples' squared errors.
//
// Blocks of coefficients are held in zigzag order everywhere in this package.
// A strip is four 4x4 blocks side by side: 16 samples wide, 4 high.

// zigzag maps a position in zigzag order to 4*row+column (section 13).
var zigzag = [16]uint8{0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15}

const (
	// idctC and idctS are c and s in 1/65536, as decoders have them.
	idctC = 85627
	idctS = 35468

	// fdctC and fdctS are c and s in 1/8192.
	fdctC = 10703
	fdctS = 4433
)

// fdctStripGeneric writes to dst the forward DCT of src-pred, for each of the four blocks of a
// strip. The rows of src are srcStride bytes apart, and those of pred predStride bytes.
//
// Ranges: differences are in [-255, 255]. The first pass sums four of them and adds three bits of
// fraction, so that its results are at most 8160 in magnitude. The second pass sums four of these
// results, to at most 32640, and drops four bits: coefficients are within +-2040.
func fdctStripGeneric(dst *[64]int16, src []byte, srcStride int, pred []byte, predStride int) {
	for b := 0; b < 4; b++ {
		var t [16]int32 // t[4*v+x]: vertical frequency v of column x
		s, p := src[4*b:], pred[4*b:]
		for x := 0; x < 4; x++ {
			x0 := int32(s[x]) - int32(p[x])
			x1 := int32(s[srcStride+x]) - int32(p[predStride+x])
			x2 := int32(s[2*srcStride+x]) - int32(p[2*predStride+x])
			x3 := int32(s[3*srcStride+x]) - int32(p[3*predStride+x])
			a0, a1, a2, a3 := x0+x3, x1+x2, x1-x2, x0-x3
			t[x] = (a0 + a1) << 3
			t[4+x] = (a3*fdctC + a2*fdctS + 512) >> 10
			t[8+x] = (a0 - a1) << 3
			t[12+x] = (a3*fdctS - a2*fdctC + 512) >> 10
		}
		o := dst[16*b : 16*b+16 : 16*b+16]
		var c [16]int16
		for r := 0; r < 16; r += 4 {
			a0, a1, a2, a3 := t[r]+t[r+3], t[r+1]+t[r+2], t[r+1]-t[r+2], t[r]-t[r+3]
			c[r] = int16((a0 + a1 + 8) >> 4)
			c[r+1] = int16((a3*fdctC + a2*fdctS + 65536) >> 17)
			c[r+2] = int16((a0 - a1 + 8) >> 4)
			c[r+3] = int16((a3*fdctS - a2*fdctC + 65536) >> 17)
		}
		for i := range o {
			o[i] = c[zigzag[i]]
		}
	}
}

// clip8 returns i, clamped to [0, 255].
func clip8(i int32) uint8 {
	if uint32(i) <= 255 {
		return uint8(i)
	}
	if i < 0 {
		return 0
	}
	return 255
}

// idctBlockGeneric multiplies each level of lev by its step in q, adds the inverse DCT of the
// products to pred, and writes the sums to dst. dst may be the same memory as pred.
func idctBlockGeneric(dst []byte, dstStride int, pred []byte, predStride int, lev *[16]int16, q *[16]uint16) {
	var c, m [16]int32
	for i := range c {
		c[i] = int32(lev[i]) * int32(q[i])
	}
	// In zigzag order row 0 is 0,1,5,6; row 1 is 2,4,7,12; row 2 is 3,8,11,13; row 3 is 9,10,14,15.
	// Each z is one column of these rows.
	for i, z := range [4][4]uint8{{0, 2, 3, 9}, {1, 4, 8, 10}, {5, 7, 11, 14}, {6, 12, 13, 15}} {
		c0, c1, c2, c3 := c[z[0]&15], c[z[1]&15], c[z[2]&15], c[z[3]&15]
		a := c0 + c2
		b := c0 - c2
		e := (c1*idctS)>>16 - (c3*idctC)>>16
		d := (c1*idctC)>>16 + (c3*idctS)>>16
		m[i] = a + d
		m[4+i] = b + e
		m[8+i] = b - e
		m[12+i] = a - d
	}
	for j := 0; j < 4; j++ {
		r := m[4*j : 4*j+4 : 4*j+4]
		dc := r[0] + 4
		a := dc + r[2]
		b := dc - r[2]
		e := (r[1]*idctS)>>16 - (r[3]*idctC)>>16
		d := (r[1]*idctC)>>16 + (r[3]*idctS)>>16
		p := pred[j*predStride : j*predStride+4 : j*predStride+4]
		o := dst[j*dstStride : j*dstStride+4 : j*dstStride+4]
		o[0] = clip8(int32(p[0]) + (a+d)>>3)
		o[1] = clip8(int32(p[1]) + (b+e)>>3)
		o[2] = clip8(int32(p[2]) + (b-e)>>3)
		o[3] = clip8(int32(p[3]) + (a-d)>>3)
	}
}

// forwardWHT writes to dst, in zigzag order, the WHT of 16 DC coefficients. dc has them in raster
// order of their blocks. If every |dc[i]| <= 2040, the results are within +-16320. An error e of a
// result adds e*e/16 to the sum of the samples' squared errors.
func forwardWHT(dst *[16]int16, dc *[16]int16) {
	var m [16]int32
	for i := 0; i < 4; i++ {
		r := dc[4*i : 4*i+4 : 4*i+4]
		a0, a1 := int32(r[0])+int32(r[3]), int32(r[1])+int32(r[2])
		a2, a3 := int32(r[1])-int32(r[2]), int32(r[0])-int32(r[3])
		m[4*i] = a0 + a1
		m[4*i+1] = a3 + a2
		m[4*i+2] = a0 - a1
		m[4*i+3] = a3 - a2
	}
	var c [16]int16
	for i := 0; i < 4; i++ {
		a0, a1 := m[i]+m[12+i], m[4+i]+m[8+i]
		a2, a3 := m[4+i]-m[8+i], m[i]-m[12+i]
		c[i] = int16((a0 + a1 + 1) >> 1)
		c[4+i] = int16((a3 + a2 + 1) >> 1)
		c[8+i] = int16((a0 - a1 + 1) >> 1)
		c[12+i] = int16((a3 - a2 + 1) >> 1)
	}
	for i := range dst {
		dst[i] = c[zigzag[i]]
	}
}

// inverseWHT writes to dc, in raster order of the blocks, the DC coefficients that the decoder
// computes from the Y2 coefficients c.
func inverseWHT(dc *[16]int16, c *[16]int16) {
	var n [16]int32
	for i, z := range zigzag {
		n[z] = int32(c[i])
	}
	var m [16]int32
	for i := 0; i < 4; i++ {
		a0, a1 := n[i]+n[12+i], n[4+i]+n[8+i]
		a2, a3 := n[4+i]-n[8+i], n[i]-n[12+i]
		m[i] = a0 + a1
		m[8+i] = a0 - a1
		m[4+i] = a3 + a2
		m[12+i] = a3 - a2
	}
	for i := 0; i < 16; i += 4 {
		d := m[i] + 3
		a0, a1 := d+m[i+3], m[i+1]+m[i+2]
		a2, a3 := m[i+1]-m[i+2], d-m[i+3]
		dc[i] = int16((a0 + a1) >> 3)
		dc[i+1] = int16((a3 + a2) >> 3)
		dc[i+2] = int16((a0 - a1) >> 3)
		dc[i+3] = int16((a3 - a2) >> 3)
	}
}
