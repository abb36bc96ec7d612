package main

// This file generates the import of RGBA.

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// weights makes a vector that repeats the words r, g, b, 0.
func weights(name string, r, g, b int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 4; i++ {
		DATA(8*i, U64(uint64(uint16(r))|uint64(uint16(g))<<16|uint64(uint16(b))<<32))
	}
	return m
}

func rgba() {
	TEXT("rgbaRowsAVX2", NOSPLIT, "func(luma, chroma *byte, step int, row0, row1 *byte, n int)")
	Doc("rgbaRowsAVX2 converts two rows of 16*n opaque pixels, of four bytes each, to",
		"limited-range samples. n must be above 0. luma has two rows of 16 bytes for",
		"each macroblock, one after the other. chroma has eight bytes of U, then eight of V.",
		"In both, macroblocks are step bytes apart.")
	luma := Load(Param("luma"), GP64())
	chroma := Load(Param("chroma"), GP64())
	step := Load(Param("step"), GP64())
	row0 := Load(Param("row0"), GP64())
	row1 := Load(Param("row1"), GP64())
	n := Load(Param("n"), GP64())
	// The weights and roundings of import.go.
	wy := weights("rgbaY", 8414, 16519, 3208)
	wu := weights("rgbaU", -4857, -9535, 14392)
	wv := weights("rgbaV", 14392, -12052, -2340)
	roundY := dwords("rgbaRoundY", 16<<15+1<<14)
	roundC := dwords("rgbaRoundC", 128<<17+1<<16)

	Label("macroblock")
	// sums calls f for k from 0 to 3, that is for 16 pixels. f returns a register of four pixels,
	// with two dwords for each pixel. sums adds the two dwords of each pixel.
	sums := func(f func(k int) VecVirtual) (lo, hi VecVirtual) {
		a, b := f(0), f(1)
		VPHADDD(b, a, a)
		c, d := f(2), f(3)
		VPHADDD(d, c, c)
		return a, c
	}
	lumaRow := func(row Register) VecVirtual {
		a, c := sums(func(k int) VecVirtual {
			x := YMM()
			VPMOVZXBW(Mem{Base: row, Disp: 16 * k}, x)
			VPMADDWD(wy, x, x)
			return x
		})
		VPADDD(roundY, a, a)
		VPADDD(roundY, c, c)
		VPSRAD(Imm(15), a, a)
		VPSRAD(Imm(15), c, c)
		VPACKSSDW(c, a, a)
		return a
	}
	y0 := lumaRow(row0)
	y1 := lumaRow(row1)
	// Bring the bytes into order: the additions and packs have mixed groups of pixels.
	VPACKUSWB(y1, y0, y0)
	hi, out := XMM(), XMM()
	VEXTRACTI128(Imm(1), y0, hi)
	VPUNPCKLWD(hi, y0.AsX(), out)
	VMOVDQU(out, Mem{Base: luma})
	VPUNPCKHWD(hi, y0.AsX(), out)
	VMOVDQU(out, Mem{Base: luma, Disp: 16})

	// plane returns one plane of chroma. w has its weights of red, green and blue.
	plane := func(w Mem) VecVirtual {
		a, c := sums(func(k int) VecVirtual {
			x, y := YMM(), YMM()
			VPMOVZXBW(Mem{Base: row0, Disp: 16 * k}, x)
			VPMOVZXBW(Mem{Base: row1, Disp: 16 * k}, y)
			VPADDW(y, x, x)
			VPMADDWD(w, x, x)
			return x
		})
		VPHADDD(c, a, a) // adds two pixels side by side
		VPADDD(roundC, a, a)
		VPSRAD(Imm(17), a, a)
		return a
	}
	u := plane(wu)
	v := plane(wv)
	// Likewise for U and V.
	VPACKSSDW(v, u, u)
	VPACKUSWB(u, u, u)
	VEXTRACTI128(Imm(1), u, hi)
	VPUNPCKLBW(hi, u.AsX(), out)
	VMOVDQU(out, Mem{Base: chroma})

	ADDQ(Imm(64), row0)
	ADDQ(Imm(64), row1)
	ADDQ(step, luma)
	ADDQ(step, chroma)
	DECQ(n)
	JNE(LabelRef("macroblock"))
	VZEROUPPER()
	RET()
}

// byteShuffle makes a VPSHUFB mask for one lane: byte i of the result is byte idx[i] of the source,
// or zero if idx[i] is -1.
func byteShuffle(name string, idx [16]int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range idx {
		DATA(i, U8(uint8(v)))
	}
	return m
}

// The numbers of the bytes that the rows of the 4x4 modes consist of: i is avg3[i] of
// predict4Generic, avg2+i is avg2[i] there, and last is the last sample of the left column.
const avg2, last = 32, 64

// hd and hu are the arrays of the same names in predict4Generic.
var (
	hd = [10]int{avg2, 1, avg2 + 1, 2, avg2 + 2, 3, avg2 + 3, 4, 5, 6}
	hu = [10]int{avg2 + 2, 2, avg2 + 1, 1, avg2, 0, last, last, last, last}
)
