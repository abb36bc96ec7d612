package main

// This file generates the inverse transform.

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func idct() {
	TEXT("idctBlockAVX2", NOSPLIT, "func(dst *byte, dstStride int, pred *byte, predStride int, lev *int16, q *uint16)")
	Doc("idctBlockAVX2 multiplies the 16 levels of lev by their steps in q. Both are in",
		"zigzag order. It adds the inverse DCT of the products to the 4x4 block of pred, and",
		"writes the sums to dst, clamped. Rows are predStride and dstStride bytes apart. The",
		"arithmetic has 16 bits, which is exact for the levels of any difference between a",
		"source and a prediction.")
	lev := Load(Param("lev"), GP64())
	q := Load(Param("q"), GP64())
	c, swapped := YMM(), YMM()
	VMOVDQU(Mem{Base: lev}, c)
	VPMULLW(Mem{Base: q}, c, c)

	// From zigzag order to rows: words of the other lane come from a copy whose
	// lanes are swapped.
	var position [16]int // in zigzag order, by position in rows
	for i, z := range zigzag {
		position[z] = i
	}
	var own, other [16]int
	for i, p := range position {
		own[i], other[i] = -1, -1
		if p>>3 == i>>3 {
			own[i] = p & 7
		} else {
			other[i] = p & 7
		}
	}
	VPERM2I128(Imm(1), c, c, swapped)
	VPSHUFB(lanes("idctOwn", own), c, c)
	VPSHUFB(lanes("idctOther", other), swapped, swapped)
	VPOR(swapped, c, c)
	lo, hi := c.AsX(), XMM()
	VEXTRACTI128(Imm(1), c, hi)

	// (x*85627)>>16 is x + (x*20091)>>16, and (x*35468)>>16 is x + (x*(35468-65536))>>16.
	mulC := pairs128("idctC", 20091)
	mulS := pairs128("idctS", 35468-65536)
	round := GLOBL("idctRound", RODATA|NOPTR)
	DATA(0, U64(0x0004000400040004))
	DATA(8, U64(0))
	var L, H VecVirtual = XMM(), XMM() // rows 0 and 1, rows 2 and 3; between the passes, columns
	VMOVDQU(lo, L)
	VMOVDQU(hi, H)
	// transpose takes rows 0 and 1 in x and rows 2 and 3 in y. It returns columns 0 and 1, and
	// columns 2 and 3.
	transpose := func(x, y VecVirtual) (VecVirtual, VecVirtual) {
		a, b, c, d := XMM(), XMM(), XMM(), XMM()
		VPUNPCKLWD(y, x, a)
		VPUNPCKHWD(y, x, b)
		VPUNPCKLWD(b, a, c)
		VPUNPCKHWD(b, a, d)
		return c, d
	}
	// pass does the inverse transform of every column.
	pass := func() {
		sum, diff := XMM(), XMM()
		VPADDW(H, L, sum)
		VPSUBW(H, L, diff)
		times := func(x VecVirtual, k Mem) VecVirtual { // x + (x*k)>>16
			y := XMM()
			VPMULHW(k, x, y)
			VPADDW(x, y, y)
			return y
		}
		e := times(L, mulS)
		VPSUBW(times(H, mulC), e, e)
		d := times(L, mulC)
		VPADDW(times(H, mulS), d, d)
		even, odd := XMM(), XMM()
		VPUNPCKLQDQ(diff, sum, even) // a|b, as in idctBlockGeneric
		VPUNPCKHQDQ(e, d, odd)       // d|e
		x, y := XMM(), XMM()
		VPADDW(odd, even, x)     // rows 0|1
		VPSUBW(odd, even, y)     // rows 3|2
		VPSHUFD(Imm(0x4e), y, y) // rows 2|3
		L, H = x, y
	}
	pass()
	L, H = transpose(L, H)
	VPADDW(round, L, L) // 4 is added to the first column, as in idctBlockGeneric
	pass()
	VPSRAW(Imm(3), L, L)
	VPSRAW(Imm(3), H, H)
	L, H = transpose(L, H)

	pred := Load(Param("pred"), GP64())
	stride := Load(Param("predStride"), GP64())
	// add adds two rows of the prediction to v.
	add := func(v VecVirtual) {
		p, r := XMM(), XMM()
		VMOVD(Mem{Base: pred}, p)
		VMOVD(Mem{Base: pred, Index: stride, Scale: 1}, r)
		VPUNPCKLDQ(r, p, p)
		VPMOVZXBW(p, p)
		VPADDW(p, v, v)
	}
	add(L)
	LEAQ(Mem{Base: pred, Index: stride, Scale: 2}, pred)
	add(H)
	VPACKUSWB(H, L, L)
	dst := Load(Param("dst"), GP64())
	Load(Param("dstStride"), stride)
	VMOVD(L, Mem{Base: dst})
	VPEXTRD(Imm(1), L, Mem{Base: dst, Index: stride, Scale: 1})
	LEAQ(Mem{Base: dst, Index: stride, Scale: 2}, dst)
	VPEXTRD(Imm(2), L, Mem{Base: dst})
	VPEXTRD(Imm(3), L, Mem{Base: dst, Index: stride, Scale: 1})
	VZEROUPPER()
	RET()
}

// pairs128 makes a vector of 16 bytes that repeats the word v.
func pairs128(name string, v int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 16; i += 2 {
		DATA(i, U16(uint16(v)))
	}
	return m
}
