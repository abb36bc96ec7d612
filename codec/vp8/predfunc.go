package vp8

// This file implements the predictors, RFC 6386 section 12.

import "encoding/binary"

// The prediction modes of 4x4 luma blocks, B_DC_PRED to B_HU_PRED of section 12.3. Here RD and VR
// precede LD; the RFC has LD first. predProb is in this order too. The first four modes are also
// those of 16x16 luma and of chroma.
const (
	predDC = iota
	predTM
	predVE
	predHE
	predRD
	predVR
	predLD
	predVL
	predHD
	predHU
	nPred
)

// predict16 writes the four 16x16 predictions to dst, in rows of 16 bytes. ybr is the luma
// workspace (see reconstruct.go), with its borders filled in.
func predict16(dst *[4][256]byte, ybr *[ybrSize]byte, hasTop, hasLeft bool) {
	top := ybr[ybrY-ybrStride : ybrY-ybrStride+16]
	sum, n := uint32(0), uint32(0)
	if hasTop {
		for _, v := range top {
			sum += uint32(v)
		}
		n += 16
	}
	if hasLeft {
		for y := 0; y < 16; y++ {
			sum += uint32(ybr[ybrY+y*ybrStride-1])
		}
		n += 16
	}
	dc := uint8(128)
	if n != 0 {
		dc = uint8((sum + n/2) / n)
	}
	d := &dst[predDC]
	for i := range d {
		d[i] = dc
	}
	// The other modes, row by row.
	corner := int32(ybr[ybrY-ybrStride-1])
	for y := 0; y < 16; y++ {
		left := ybr[ybrY+y*ybrStride-1]
		copy(dst[predVE][16*y:16*y+16], top)
		h := dst[predHE][16*y : 16*y+16]
		for x := range h {
			h[x] = left
		}
		t := dst[predTM][16*y : 16*y+16]
		predictTM(t, top, int32(left)-corner)
	}
}

// predictTM writes one row of TrueMotion prediction to dst: top plus d, clamped.
func predictTM(dst, top []byte, d int32) {
	top = top[:len(dst)]
	for x := range dst {
		dst[x] = clip8(int32(top[x]) + d)
	}
}

// predict8 writes the four chroma predictions to dst in rows of 16 bytes: U is in columns 0 to 7,
// and V in columns 8 to 15. top and left each have 8 samples of U and then 8 of V. corner has one
// sample of U and one of V: the one above the left column.
func predict8(dst *[4][128]byte, top, left *[16]byte, corner [2]byte, hasTop, hasLeft bool) {
	for c := 0; c < 2; c++ {
		t, l := top[8*c:8*c+8], left[8*c:8*c+8]
		sum, n := uint32(0), uint32(0)
		if hasTop {
			for _, v := range t {
				sum += uint32(v)
			}
			n += 8
		}
		if hasLeft {
			for _, v := range l {
				sum += uint32(v)
			}
			n += 8
		}
		dc := uint64(128)
		if n != 0 {
			dc = uint64((sum + n/2) / n)
		}
		dc *= 0x0101010101010101 // eight copies
		up := binary.LittleEndian.Uint64(t)
		for y := 0; y < 8; y++ {
			o := 16*y + 8*c
			binary.LittleEndian.PutUint64(dst[predDC][o:], dc)
			binary.LittleEndian.PutUint64(dst[predVE][o:], up)
			binary.LittleEndian.PutUint64(dst[predHE][o:], uint64(l[y])*0x0101010101010101)
			predictTM(dst[predTM][o:o+8], t, int32(l[y])-int32(corner[c]))
		}
	}
}

// predict4Generic writes the ten predictions of a 4x4 block to dst as three strips: mode m is block
// m&3 of strip m>>2. Blocks 2 and 3 of the last strip are not changed. lo and hi hold the array E
// of section 12.3, the lowest byte first: the left column upwards, the corner, and the eight
// samples above and above right. E has 13 samples; lo and hi also repeat the first one before E and
// the last one after it.
func predict4Generic(dst *[192]byte, lo, hi uint64) {
	var e [16]byte
	binary.LittleEndian.PutUint64(e[:], lo)
	binary.LittleEndian.PutUint64(e[8:], hi)
	edge := e[1:14]
	// avg3[i] is the weighted mean of E[i-1], E[i] and E[i+1], with the weights 1, 2 and 1. At both
	// ends of E, the missing sample is the end itself. avg2[i] is the mean of E[i] and E[i+1].
	var avg3, avg2 [16]byte
	e0, e1 := uint32(edge[0]), uint32(edge[0])
	for i := 0; i < 12; i++ {
		e2 := uint32(edge[i+1])
		avg3[i] = uint8((e0 + 2*e1 + e2 + 2) >> 2)
		avg2[i] = uint8((e1 + e2 + 1) >> 1)
		e0, e1 = e1, e2
	}
	avg3[12] = uint8((e0 + 3*e1 + 2) >> 2)

	le := binary.LittleEndian
	put := func(mode, row int, v uint32) { // writes one row of a prediction
		le.PutUint32(dst[64*(mode>>2)+4*(mode&3)+16*row:], v)
	}
	// at3 and at2 return four bytes of avg3 and avg2, from byte i on.
	at3 := func(i int) uint32 { return le.Uint32(avg3[i:]) }
	at2 := func(i int) uint32 { return le.Uint32(avg2[i:]) }

	sum := uint32(4) // for rounding
	for i := 0; i < 4; i++ {
		sum += uint32(edge[i]) + uint32(edge[5+i])
	}
	dc := (sum >> 3) * 0x01010101 // four copies of the mean
	top := edge[5:9]
	for r := 0; r < 4; r++ {
		put(predDC, r, dc)
		o := 64*(predTM>>2) + 4*(predTM&3) + 16*r
		predictTM(dst[o:o+4], top, int32(edge[3-r])-int32(edge[4]))
		put(predVE, r, at3(5))
		put(predHE, r, uint32(avg3[3-r])*0x01010101)
		put(predRD, r, at3(4-r))
		put(predLD, r, at3(6+r))
	}
	// In VR and VL, rows 2 and 3 are rows 0 and 1 moved by one sample: in VR to the right, in VL to
	// the left. The free place gets another sample.
	put(predVR, 0, at2(4))
	put(predVR, 1, at3(4))
	put(predVR, 2, at2(4)<<8|uint32(avg3[3]))
	put(predVR, 3, at3(4)<<8|uint32(avg3[2]))

	put(predVL, 0, at2(5))
	put(predVL, 1, at3(6))
	put(predVL, 2, at2(6)&0xffffff|uint32(avg3[10])<<24)
	put(predVL, 3, at3(7)&0xffffff|uint32(avg3[11])<<24)

	// Each row of HD is four bytes of hd, and each row of HU four bytes of hu. From one row to the
	// next, the four bytes begin two bytes earlier in hd, and two bytes later in hu.
	hd := [12]byte{avg2[0], avg3[1], avg2[1], avg3[2], avg2[2], avg3[3], avg2[3], avg3[4], avg3[5], avg3[6]}
	l3 := edge[0] // the lowest sample to the left
	hu := [12]byte{avg2[2], avg3[2], avg2[1], avg3[1], avg2[0], avg3[0], l3, l3, l3, l3}
	for r := 0; r < 4; r++ {
		put(predHD, r, le.Uint32(hd[6-2*r:]))
		put(predHU, r, le.Uint32(hu[2*r:]))
	}
}
