package main

// This file generates 4x4 prediction.

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rowSources returns the numbers of the bytes that row r of strip s consists of (see avg2), and -1
// for the bytes of DC, of TM and of the blocks that are not used.
func rowSources(s, r int) (row [16]int) {
	for c := 0; c < 4; c++ {
		var b [4]int
		switch s {
		case 0: // DC, TM, VE, HE
			b = [4]int{-1, -1, 5 + c, 3 - r}
		case 1: // RD, VR, LD, VL; vr and vl have the rows of VR and VL
			vr := [4][4]int{{avg2 + 4, avg2 + 5, avg2 + 6, avg2 + 7}, {4, 5, 6, 7}, {3, avg2 + 4, avg2 + 5, avg2 + 6}, {2, 4, 5, 6}}
			vl := [4][4]int{{avg2 + 5, avg2 + 6, avg2 + 7, avg2 + 8}, {6, 7, 8, 9}, {avg2 + 6, avg2 + 7, avg2 + 8, 10}, {7, 8, 9, 11}}
			b = [4]int{4 - r + c, vr[r][c], 6 + r + c, vl[r][c]}
		case 2: // HD, HU
			b = [4]int{hd[6-2*r+c], hu[2*r+c], -1, -1}
		}
		for i, v := range b {
			row[4*i+c] = v
		}
	}
	return row
}

// pick returns the indices for byteShuffle of those bytes of a row whose numbers are in
// [from, from+16), and reports whether there are any.
func pick(row [16]int, from int) (idx [16]int, any bool) {
	for i, v := range row {
		idx[i] = -1
		if v >= from && v < from+16 {
			idx[i], any = v-from, true
		}
	}
	return idx, any
}

func predict4() {
	TEXT("predict4AVX2", NOSPLIT, "func(dst *byte, lo, hi uint64)")
	Doc("predict4AVX2 writes the ten predictions of a 4x4 block to the 192 bytes of dst:",
		"three strips, in rows of 16 bytes. lo and hi hold the samples around the block, as",
		"in predict4Generic. Blocks 2 and 3 of the last strip become zero.")
	dst := Load(Param("dst"), GP64())
	e := XMM() // lo and hi: E[0], then the array E
	VMOVQ(Load(Param("lo"), GP64()), e)
	VPINSRQ(Imm(1), Load(Param("hi"), GP64()), e, e)
	// cur is E, and next is E from E[1] on. a3 and a2 are avg3 and avg2.
	cur, next, a3, a2, t := XMM(), XMM(), XMM(), XMM(), XMM()
	VPSRLDQ(Imm(1), e, cur)
	VPSRLDQ(Imm(2), e, next)
	VPAVGB(next, cur, a2)
	// (a + 2b + c + 2) >> 2 is the rounded mean of b and m, where m is the truncated
	// mean of a and c.
	VPXOR(next, e, t)
	ones := GLOBL("ones8", RODATA|NOPTR)
	for i := 0; i < 16; i += 8 {
		DATA(i, U64(0x0101010101010101))
	}
	VPAND(ones, t, t)
	VPAVGB(next, e, a3)
	VPSUBB(t, a3, a3)
	VPAVGB(a3, cur, a3)

	// DC. It is the first block of its strip, so dc has it in its first four bytes.
	dc := XMM()
	zero := XMM()
	VPXOR(zero, zero, zero)
	VPSHUFB(byteShuffle("pred4Sum", [16]int{0, 1, 2, 3, 5, 6, 7, 8, -1, -1, -1, -1, -1, -1, -1, -1}), cur, dc)
	VPSADBW(zero, dc, dc)
	four := GLOBL("four16", RODATA|NOPTR)
	DATA(0, U64(4))
	DATA(8, U64(0))
	VPADDW(four, dc, dc)
	VPSRLW(Imm(3), dc, dc)
	VPSHUFB(byteShuffle("pred4DC", [16]int{0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}), dc, dc)

	// TM. tmHalf returns rows r and r+1, in words.
	tmHalf := func(r int) VecVirtual {
		var up, left, corner [16]int
		for i := range up {
			up[i], left[i], corner[i] = -1, -1, -1
			if i&1 == 0 {
				up[i], left[i], corner[i] = 5+i/2%4, 3-(r+i/8), 4
			}
		}
		n := string(rune('0' + r))
		a, b, c := XMM(), XMM(), XMM()
		VPSHUFB(byteShuffle("pred4Up"+n, up), cur, a)
		VPSHUFB(byteShuffle("pred4Left"+n, left), cur, b)
		VPSHUFB(byteShuffle("pred4Corner"+n, corner), cur, c)
		VPADDW(b, a, a)
		VPSUBW(c, a, a)
		return a
	}
	tm := tmHalf(0)
	VPACKUSWB(tmHalf(2), tm, tm)

	// The rows of the three strips: bytes of avg3, then of avg2, then others.
	for s := 0; s < 3; s++ {
		for r := 0; r < 4; r++ {
			src := rowSources(s, r)
			n := string(rune('0'+s)) + string(rune('0'+r)) // for the names of the masks
			row := XMM()
			idx, _ := pick(src, 0)
			VPSHUFB(byteShuffle("pred4A"+n, idx), a3, row)
			if idx, any := pick(src, avg2); any {
				x := XMM()
				VPSHUFB(byteShuffle("pred4B"+n, idx), a2, x)
				VPOR(x, row, row)
			}
			if idx, any := pick(src, last); any {
				x := XMM()
				VPSHUFB(byteShuffle("pred4C"+n, idx), cur, x)
				VPOR(x, row, row)
			}
			if s == 0 { // add DC and TM, which were computed above
				VPOR(dc, row, row)
				x := XMM()
				VPSHUFB(byteShuffle("pred4T"+n, [16]int{-1, -1, -1, -1, 4 * r, 4*r + 1, 4*r + 2, 4*r + 3, -1, -1, -1, -1, -1, -1, -1, -1}), tm, x)
				VPOR(x, row, row)
			}
			VMOVDQU(row, Mem{Base: dst, Disp: 64*s + 16*r})
		}
	}
	RET()
}

// lanes makes a VPSHUFB mask for two lanes: word i of the result is word idx[i] of
// the same lane, or zero for -1.
func lanes(name string, idx [16]int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range idx {
		if v < 0 {
			DATA(2*i, U16(0x8080))
		} else {
			DATA(2*i, U16(uint16(2*v)|uint16(2*v+1)<<8))
		}
	}
	return m
}
