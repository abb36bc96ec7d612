// Command asm generates kernels_amd64.s: the AVX2 kernels of package vp8.
//
// A register holds 16 words: one 4x4 block, or one row of the four blocks of a strip.
//
//	main.go         constants, forward transform, quantization, texture
//	color_asm.go    import of RGBA
//	predict_asm.go  4x4 prediction
//	idct_asm.go     inverse transform
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Constants as in idct.go.
const (
	fdctC = 10703
	fdctS = 4433
)

var zigzag = [16]int{0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15}

// textureWeight is the table of kernel.go.
var textureWeight = [16]uint16{0, 32, 32, 20, 28, 20, 9, 17, 17, 9, 7, 10, 7, 4, 4, 2}

// words makes a vector of the 16 words of w.
func words(name string, w [16]uint16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range w {
		DATA(2*i, U16(v))
	}
	return m
}

// dwords makes a vector that repeats the dword v.
func dwords(name string, v uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 8; i++ {
		DATA(4*i, U32(v))
	}
	return m
}

// pairs makes a vector that repeats the words lo, hi, for VPMADDWD.
func pairs(name string, lo, hi int16) Mem {
	return dwords(name, uint32(uint16(lo))|uint32(uint16(hi))<<16)
}

// shuffle makes a VPSHUFB mask that does the same in both lanes: word i of the
// result is word idx[i], or zero for -1.
func shuffle(name string, idx [8]int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for l := 0; l < 2; l++ {
		for i, v := range idx {
			if v < 0 {
				DATA(16*l+2*i, U16(0x8080))
			} else {
				DATA(16*l+2*i, U16(uint16(2*v)|uint16(2*v+1)<<8))
			}
		}
	}
	return m
}

func main() {
	ConstraintExpr("amd64,!purego")
	fdct()
	predict4()
	idct()
	quantize()
	texture()
	limitRow()
	rgba()
	Generate()
}

// butterfly returns the one-dimensional transform of x. r[0] and r[2] are sums,
// not rounded or shifted. r[1] and r[3] are sums of products, to which round is
// added before they are shifted right by shift.
func butterfly(x [4]VecVirtual, madd1, madd3, round Mem, shift uint64) (r [4]VecVirtual) {
	a0, a1, a2, a3 := YMM(), YMM(), YMM(), YMM()
	VPADDW(x[3], x[0], a0)
	VPADDW(x[2], x[1], a1)
	VPSUBW(x[2], x[1], a2)
	VPSUBW(x[3], x[0], a3)
	r0, r2 := YMM(), YMM()
	VPADDW(a1, a0, r0)
	VPSUBW(a1, a0, r2)
	lo, hi := YMM(), YMM()
	VPUNPCKLWD(a2, a3, lo)
	VPUNPCKHWD(a2, a3, hi)
	odd := func(madd Mem) VecVirtual {
		l, h := YMM(), YMM()
		VPMADDWD(madd, lo, l)
		VPMADDWD(madd, hi, h)
		VPADDD(round, l, l)
		VPADDD(round, h, h)
		VPSRAD(Imm(shift), l, l)
		VPSRAD(Imm(shift), h, h)
		VPACKSSDW(h, l, l)
		return l
	}
	return [4]VecVirtual{r0, odd(madd1), r2, odd(madd3)}
}

// fdctConstants are the constants of fdctStripsAVX2 and fdctBlockAVX2.
type fdctConstants struct {
	madd1, madd3, round1, round2, round8 Mem
	masks                                [2][2]Mem
}

func fdct() {
	k := newFDCTConstants()
	TEXT("fdctStripsAVX2", NOSPLIT, "func(dst *int16, src, pred *byte, n int)")
	Doc("fdctStripsAVX2 writes to dst the forward DCT of src-pred, for n > 0 strips. A",
		"strip has 64 samples in src and in pred, in rows of 16 bytes. It has four blocks in",
		"dst, of 16 coefficients each, in zigzag order.")
	k.strips(false)
	TEXT("fdctBlockAVX2", NOSPLIT, "func(dst *int16, src, pred *byte, n int)")
	Doc("fdctBlockAVX2 writes to dst the forward DCT of the differences between one 4x4",
		"block and 4*n predictions of it, n > 0. src has the block, in rows 16 bytes",
		"apart. pred has n strips, and dst 4*n blocks, as for fdctStripsAVX2.")
	k.strips(true)
}

func newFDCTConstants() *fdctConstants {
	k := new(fdctConstants)
	k.madd1 = pairs("fdctMadd1", fdctC, fdctS)
	k.madd3 = pairs("fdctMadd3", fdctS, -fdctC)
	k.round1 = dwords("fdctRound1", 512)
	k.round2 = dwords("fdctRound2", 65536)
	k.round8 = pairs("fdctRound8", 8, 8)

	// After the transform, a block is in the same lane of two registers, called
	// pairs. Pair 0 has its horizontal frequencies h of 0 and 1, and pair 1 those
	// of 2 and 3. In a lane, word 4*(h&1)+v is the coefficient with the vertical
	// frequency v. masks[half][pair] takes from a pair what belongs in one half of
	// the zigzag order.
	for half := 0; half < 2; half++ {
		for pair := 0; pair < 2; pair++ {
			var idx [8]int
			for i := range idx {
				z := zigzag[8*half+i]
				v, h := z>>2, z&3
				idx[i] = -1
				if h>>1 == pair {
					idx[i] = 4*(h&1) + v
				}
			}
			k.masks[half][pair] = shuffle("fdctZigzag"+string(rune('0'+half))+string(rune('0'+pair)), idx)
		}
	}
	return k
}

// strips makes the body of both forward transforms. If block is set, the source
// is one 4x4 block in rows 16 bytes apart, which is compared with every block
// of the predictions. Otherwise the source is in strips.
func (k *fdctConstants) strips(block bool) {
	madd1, madd3, round1, round2, round8, masks := k.madd1, k.madd3, k.round1, k.round2, k.round8, k.masks
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	pred := Load(Param("pred"), GP64())
	n := Load(Param("n"), GP64())

	Label("strip")
	var x [4]VecVirtual
	for r := range x {
		x[r] = YMM()
		p := YMM()
		if block {
			b := XMM()
			VPBROADCASTD(Mem{Base: src, Disp: 16 * r}, b)
			VPMOVZXBW(b, x[r])
		} else {
			VPMOVZXBW(Mem{Base: src, Disp: 16 * r}, x[r])
		}
		VPMOVZXBW(Mem{Base: pred, Disp: 16 * r}, p)
		VPSUBW(p, x[r], x[r])
	}
	t := butterfly(x, madd1, madd3, round1, 10)
	VPSLLW(Imm(3), t[0], t[0])
	VPSLLW(Imm(3), t[2], t[2])

	// Transpose every 4x4 block.
	u := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLWD(t[1], t[0], u[0])
	VPUNPCKHWD(t[1], t[0], u[1])
	VPUNPCKLWD(t[3], t[2], u[2])
	VPUNPCKHWD(t[3], t[2], u[3])
	v := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLDQ(u[2], u[0], v[0])
	VPUNPCKHDQ(u[2], u[0], v[1])
	VPUNPCKLDQ(u[3], u[1], v[2])
	VPUNPCKHDQ(u[3], u[1], v[3])
	y := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLQDQ(v[2], v[0], y[0])
	VPUNPCKHQDQ(v[2], v[0], y[1])
	VPUNPCKLQDQ(v[3], v[1], y[2])
	VPUNPCKHQDQ(v[3], v[1], y[3])

	c := butterfly(y, madd1, madd3, round2, 17)
	for _, i := range []int{0, 2} {
		VPADDW(round8, c[i], c[i])
		VPSRAW(Imm(4), c[i], c[i])
	}
	for odd := 0; odd < 2; odd++ { // blocks 0 and 2, then 1 and 3
		p, q := YMM(), YMM() // pair 0 and pair 1
		if odd == 0 {
			VPUNPCKLQDQ(c[1], c[0], p)
			VPUNPCKLQDQ(c[3], c[2], q)
		} else {
			VPUNPCKHQDQ(c[1], c[0], p)
			VPUNPCKHQDQ(c[3], c[2], q)
		}
		half := func(i int) VecVirtual {
			a, b := YMM(), YMM()
			VPSHUFB(masks[i][0], p, a)
			VPSHUFB(masks[i][1], q, b)
			VPOR(b, a, a)
			return a
		}
		lo, hi := half(0), half(1)
		b0, b2 := YMM(), YMM()
		VPERM2I128(Imm(0x20), hi, lo, b0)
		VPERM2I128(Imm(0x31), hi, lo, b2)
		VMOVDQU(b0, Mem{Base: dst, Disp: 32 * odd})
		VMOVDQU(b2, Mem{Base: dst, Disp: 32 * (odd + 2)})
	}
	if !block {
		ADDQ(Imm(64), src)
	}
	ADDQ(Imm(64), pred)
	ADDQ(Imm(128), dst)
	DECQ(n)
	JNE(LabelRef("strip"))
	VZEROUPPER()
	RET()
}

// sum4 returns four dwords. Dword i is the sum of the dwords of s[i].
func sum4(s [4]VecVirtual) VecVirtual {
	VPHADDD(s[1], s[0], s[0])
	VPHADDD(s[3], s[2], s[2])
	VPHADDD(s[2], s[0], s[0])
	x := XMM()
	VEXTRACTI128(Imm(1), s[0], x)
	VPADDD(x, s[0].AsX(), x)
	return x
}

func quantize() {
	TEXT("quantizeBlocksAVX2", NOSPLIT, "func(lev, coef, ref *int16, refStep int, m *uint16, stats *uint32, n int)")
	Doc("quantizeBlocksAVX2 quantizes n blocks of coef to lev and fills in stats. n must be",
		"a multiple of 4 and above 0. A block is 16 values in zigzag order. Those of ref",
		"are refStep values apart. m points to the first array of a quantMatrix, and stats",
		"to that of a blockStats; what they hold is in quantizeBlocksGeneric.")
	lev := Load(Param("lev"), GP64())
	coef := Load(Param("coef"), GP64())
	ref := Load(Param("ref"), GP64())
	step := Load(Param("refStep"), GP64())
	m := Load(Param("m"), GP64())
	stats := Load(Param("stats"), GP64())
	n := Load(Param("n"), GP64())
	ADDQ(step, step) // from coefficients to bytes
	w := words("textureWeights", textureWeight)
	// The arrays of m, 32 bytes each, and w.
	q, iq, rnd, errWeight, texWeight := YMM(), YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: m}, q)
	VMOVDQU(Mem{Base: m, Disp: 32}, iq)
	VMOVDQU(Mem{Base: m, Disp: 64}, rnd)
	VMOVDQU(Mem{Base: m, Disp: 96}, errWeight)
	VMOVDQU(w, texWeight)
	// masks is where the next four masks go. blockStats has them after 64 bytes of sse and 64 of
	// tex.
	masks := GP64()
	LEAQ(Mem{Base: stats, Disp: 128}, masks)

	Label("four") // four blocks at a time
	var sse, tex [4]VecVirtual
	var zero [4]VecVirtual
	for i := 0; i < 4; i++ {
		c, a, k, e := YMM(), YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: coef, Disp: 32 * i}, c)
		VPABSW(c, a)
		VPADDW(rnd, a, k) // k becomes the level, e the error
		VPMULHUW(iq, k, k)
		VPMULLW(q, k, e)
		VPSUBW(e, a, e)
		VPSIGNW(c, k, k)
		VPSIGNW(c, e, e)
		VMOVDQU(k, Mem{Base: lev, Disp: 32 * i})
		zero[i] = YMM() // all bits set in the words whose level is zero
		z := YMM()
		VPXOR(z, z, z)
		VPCMPEQW(z, k, zero[i])
		sse[i], tex[i] = YMM(), YMM()
		VPMULLW(errWeight, e, sse[i])
		VPMADDWD(e, sse[i], sse[i])
		VMOVDQU(Mem{Base: ref}, tex[i])
		VPSUBW(e, tex[i], tex[i])
		VPABSW(tex[i], tex[i])
		VPMADDWD(texWeight, tex[i], tex[i])
		ADDQ(step, ref)
		if i&1 == 1 { // the masks of two blocks
			VPACKSSWB(zero[i], zero[i-1], zero[i])
			VPERMQ(Imm(0xd8), zero[i], zero[i]) // the pack mixes the lanes of both
			mask := GP32()
			VPMOVMSKB(zero[i], mask)
			NOTL(mask)
			MOVL(mask, Mem{Base: masks, Disp: 2 * (i - 1)})
		}
	}
	VMOVDQU(sum4(sse), Mem{Base: stats})
	VMOVDQU(sum4(tex), Mem{Base: stats, Disp: 64})
	ADDQ(Imm(128), coef)
	ADDQ(Imm(128), lev)
	ADDQ(Imm(16), stats)
	ADDQ(Imm(8), masks)
	SUBQ(Imm(4), n)
	JNE(LabelRef("four"))
	VZEROUPPER()
	RET()
}

func texture() {
	TEXT("textureAVX2", NOSPLIT, "func(dst *[24]uint32, ref *[384]int16)")
	Doc("textureAVX2 writes to dst the texture of each of the 24 blocks of ref. A block",
		"is 16 coefficients in zigzag order.")
	dst := Load(Param("dst"), GP64())
	ref := Load(Param("ref"), GP64())
	n := GP64()
	MOVQ(U64(6), n) // 24 blocks, four at a time
	weight := YMM()
	VMOVDQU(NewDataAddr(Symbol{Name: "textureWeights", Static: true}, 0), weight)
	Label("blocks")
	var s [4]VecVirtual
	for i := range s {
		s[i] = YMM()
		VPABSW(Mem{Base: ref, Disp: 32 * i}, s[i])
		VPMADDWD(weight, s[i], s[i])
	}
	VMOVDQU(sum4(s), Mem{Base: dst})
	ADDQ(Imm(128), ref)
	ADDQ(Imm(16), dst)
	DECQ(n)
	JNE(LabelRef("blocks"))
	VZEROUPPER()
	RET()
}

// limitRow makes the import of one plane. A sample is put in the high byte of a
// word and multiplied by mul. The high half of the product, plus add, has the
// result in its high byte.
func limitRow() {
	TEXT("limitRowAVX2", NOSPLIT, "func(dst *byte, step int, src *byte, n, width int, mul, add uint64)")
	Doc("limitRowAVX2 maps n groups of width samples to limited range. n must be above 0,",
		"and width 16 or 8. The groups are side by side in src, and step bytes apart in",
		"dst. mul and add are those of a rangeMap.")
	dst := Load(Param("dst"), GP64())
	step := Load(Param("step"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	width := Load(Param("width"), GP64())
	mul, add := YMM(), YMM()
	broadcast := func(param string, y VecVirtual) {
		MOVQ(Load(Param(param), GP64()), y.AsX())
		VPBROADCASTW(y.AsX(), y)
	}
	broadcast("mul", mul)
	broadcast("add", add)
	apply := func(x VecVirtual) { // maps 16 samples, one in each word
		VPSLLW(Imm(8), x, x)
		VPMULHUW(mul, x, x)
		VPADDW(add, x, x)
		VPSRLW(Imm(8), x, x)
	}
	CMPQ(width, Imm(8))
	JEQ(LabelRef("eight"))
	Label("sixteen")
	x := YMM()
	VPMOVZXBW(Mem{Base: src}, x)
	apply(x)
	y := XMM()
	VEXTRACTI128(Imm(1), x, y)
	VPACKUSWB(y, x.AsX(), y)
	VMOVDQU(y, Mem{Base: dst})
	ADDQ(Imm(16), src)
	ADDQ(step, dst)
	DECQ(n)
	JNE(LabelRef("sixteen"))
	VZEROUPPER()
	RET()
	Label("eight") // the same in half a register
	z := XMM()
	VPMOVZXBW(Mem{Base: src}, z)
	VPSLLW(Imm(8), z, z)
	VPMULHUW(mul.AsX(), z, z)
	VPADDW(add.AsX(), z, z)
	VPSRLW(Imm(8), z, z)
	VPACKUSWB(z, z, z)
	MOVQ(z, Mem{Base: dst})
	ADDQ(Imm(8), src)
	ADDQ(step, dst)
	DECQ(n)
	JNE(LabelRef("eight"))
	VZEROUPPER()
	RET()
}
