// Command asm generates kernel_amd64.s: the AVX2 kernels of package vp8.
//
// Registers hold 16 words: one 4x4 block, or one row of a strip's four blocks.
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

// textureWeight is that of kernel.go.
var textureWeight = [16]uint16{0, 32, 32, 20, 28, 20, 9, 17, 17, 9, 7, 10, 7, 4, 4, 2}

func words(name string, w [16]uint16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range w {
		DATA(2*i, U16(v))
	}
	return m
}

func dwords(name string, v uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 8; i++ {
		DATA(4*i, U32(v))
	}
	return m
}

// pairs is a vector of the word pair lo, hi for VPMADDWD.
func pairs(name string, lo, hi int16) Mem {
	return dwords(name, uint32(uint16(lo))|uint32(uint16(hi))<<16)
}

// shuffle is a VPSHUFB mask, the same in both lanes: word i of the result is
// word idx[i], or zero for -1.
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

// butterfly sets r to the unscaled one-dimensional transform of x: sums for r0
// and r2, and for r1 and r3 the rounded products shifted right by shift.
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

// fdctConstants are those of both forward transforms.
type fdctConstants struct {
	madd1, madd3, round1, round2, round8 Mem
	masks                                [2][2]Mem
}

func fdct() {
	k := newFDCTConstants()
	TEXT("fdctStripsAVX2", NOSPLIT, "func(dst *int16, src, pred *byte, n int)")
	Doc("fdctStripsAVX2 is fdctStripsGeneric for n > 0.")
	k.strips(false)
	TEXT("fdctBlockAVX2", NOSPLIT, "func(dst *int16, src, pred *byte, n int)")
	Doc("fdctBlockAVX2 is fdctBlockGeneric for n > 0.")
	k.strips(true)
}

func newFDCTConstants() *fdctConstants {
	k := new(fdctConstants)
	k.madd1 = pairs("fdctMadd1", fdctC, fdctS)
	k.madd3 = pairs("fdctMadd3", fdctS, -fdctC)
	k.round1 = dwords("fdctRound1", 512)
	k.round2 = dwords("fdctRound2", 65536)
	k.round8 = pairs("fdctRound8", 8, 8)

	// After the transform a register holds one horizontal frequency; blocks'
	// words are gathered from the registers of frequencies 0 and 1 (first) and
	// 2 and 3 (second), where word 4*(h&1)+v holds natural position 4*v+h.
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

// strips is the body: of a source in strips, or of one 4x4 block, in rows 16
// bytes apart, against every block of the predictions.
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
		p, q := YMM(), YMM()
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

// sum4 adds up the dwords of each of four registers.
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
	Doc("quantizeBlocksAVX2 is quantizeBlocksGeneric for n a multiple of 4, n > 0.")
	lev := Load(Param("lev"), GP64())
	coef := Load(Param("coef"), GP64())
	ref := Load(Param("ref"), GP64())
	step := Load(Param("refStep"), GP64())
	m := Load(Param("m"), GP64())
	stats := Load(Param("stats"), GP64())
	n := Load(Param("n"), GP64())
	ADDQ(step, step)
	w := words("textureWeights", textureWeight)
	q, iq, rnd, weight := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: m}, q)
	VMOVDQU(Mem{Base: m, Disp: 32}, iq)
	VMOVDQU(Mem{Base: m, Disp: 64}, rnd)
	VMOVDQU(w, weight)
	masks := GP64() // where the next four masks go
	LEAQ(Mem{Base: stats, Disp: 128}, masks)

	Label("four")
	var sse, tex [4]VecVirtual
	var zero [4]VecVirtual
	for i := 0; i < 4; i++ {
		c, a, k, e := YMM(), YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: coef, Disp: 32 * i}, c)
		VPABSW(c, a)
		VPADDW(rnd, a, k)
		VPMULHUW(iq, k, k)
		VPMULLW(q, k, e)
		VPSUBW(e, a, e)
		VPSIGNW(c, k, k)
		VPSIGNW(c, e, e)
		VMOVDQU(k, Mem{Base: lev, Disp: 32 * i})
		zero[i] = YMM()
		z := YMM()
		VPXOR(z, z, z)
		VPCMPEQW(z, k, zero[i])
		sse[i], tex[i] = YMM(), YMM()
		VPMADDWD(e, e, sse[i])
		VMOVDQU(Mem{Base: ref}, tex[i])
		VPSUBW(e, tex[i], tex[i])
		VPABSW(tex[i], tex[i])
		VPMADDWD(weight, tex[i], tex[i])
		ADDQ(step, ref)
		if i&1 == 1 {
			VPACKSSWB(zero[i], zero[i-1], zero[i])
			VPERMQ(Imm(0xd8), zero[i], zero[i])
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
	Doc("textureAVX2 is textureGeneric.")
	dst := Load(Param("dst"), GP64())
	ref := Load(Param("ref"), GP64())
	n := GP64()
	MOVQ(U64(6), n)
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

// limitRow multiplies by a 16-bit fraction: a sample in the high byte times mul,
// of which the high half is kept, plus add, has the result in its high byte.
func limitRow() {
	TEXT("limitRowAVX2", NOSPLIT, "func(dst *byte, step int, src *byte, n, width int, mul, add uint64)")
	Doc("limitRowAVX2 maps n groups of samples, width (16 or 8) each, from src to dst,", "where groups start step bytes apart: ((v<<8)*mul>>16 + add) >> 8, in 16 bits.")
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
	apply := func(x VecVirtual) {
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
	Label("eight")
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

// weights is a vector that repeats the words r, g, b, 0.
func weights(name string, r, g, b int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 4; i++ {
		DATA(8*i, U64(uint64(uint16(r))|uint64(uint16(g))<<16|uint64(uint16(b))<<32))
	}
	return m
}

func rgba() {
	TEXT("rgbaRowsAVX2", NOSPLIT, "func(luma, chroma *byte, step int, row0, row1 *byte, n int)")
	Doc("rgbaRowsAVX2 converts n macroblocks' widths of two rows of pixels, as",
		"rgbaPairGeneric does for pixels of one alpha. luma is where the first row goes,",
		"the second 16 bytes on; chroma is where eight Cb and eight Cr go.")
	luma := Load(Param("luma"), GP64())
	chroma := Load(Param("chroma"), GP64())
	step := Load(Param("step"), GP64())
	row0 := Load(Param("row0"), GP64())
	row1 := Load(Param("row1"), GP64())
	n := Load(Param("n"), GP64())
	// Those of import.go.
	wy := weights("rgbaY", 8414, 16519, 3208)
	wu := weights("rgbaU", -4857, -9535, 14392)
	wv := weights("rgbaV", 14392, -12052, -2340)
	roundY := dwords("rgbaRoundY", 16<<15+1<<14)
	roundC := dwords("rgbaRoundC", 128<<17+1<<16)

	Label("macroblock")
	// Four pixels a register: two dwords to a pixel after VPMADDWD.
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
	VPACKUSWB(y1, y0, y0)
	hi, out := XMM(), XMM()
	VEXTRACTI128(Imm(1), y0, hi)
	VPUNPCKLWD(hi, y0.AsX(), out)
	VMOVDQU(out, Mem{Base: luma})
	VPUNPCKHWD(hi, y0.AsX(), out)
	VMOVDQU(out, Mem{Base: luma, Disp: 16})

	plane := func(w Mem) VecVirtual {
		a, c := sums(func(k int) VecVirtual {
			x, y := YMM(), YMM()
			VPMOVZXBW(Mem{Base: row0, Disp: 16 * k}, x)
			VPMOVZXBW(Mem{Base: row1, Disp: 16 * k}, y)
			VPADDW(y, x, x)
			VPMADDWD(w, x, x)
			return x
		})
		VPHADDD(c, a, a)
		VPADDD(roundC, a, a)
		VPSRAD(Imm(17), a, a)
		return a
	}
	u := plane(wu)
	v := plane(wv)
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

// byteShuffle is a VPSHUFB mask of one lane; -1 makes a zero.
func byteShuffle(name string, idx [16]int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range idx {
		DATA(i, U8(uint8(v)))
	}
	return m
}

// Where the rows of the 4x4 modes come from, as predict4Generic has it: i for
// avg3[i], 32+i for avg2[i], 64 for the last sample of the left column.
const avg2, last = 32, 64

var (
	hd = [10]int{avg2, 1, avg2 + 1, 2, avg2 + 2, 3, avg2 + 3, 4, 5, 6}
	hu = [10]int{avg2 + 2, 2, avg2 + 1, 1, avg2, 0, last, last, last, last}
)

// rowSources returns the sources of row r of strip s; -1 where they are others.
func rowSources(s, r int) (row [16]int) {
	for c := 0; c < 4; c++ {
		var b [4]int
		switch s {
		case 0: // DC, TM, VE, HE
			b = [4]int{-1, -1, 5 + c, 3 - r}
		case 1: // RD, VR, LD, VL
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

// pick returns the shuffle mask of a row's sources in [from, from+16).
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
	Doc("predict4AVX2 is predict4Generic; the last strip's blocks 2 and 3 become zero.")
	dst := Load(Param("dst"), GP64())
	e := XMM() // the edge from its byte -1, E[0] again, on
	VMOVQ(Load(Param("lo"), GP64()), e)
	VPINSRQ(Imm(1), Load(Param("hi"), GP64()), e, e)
	cur, next, a3, a2, t := XMM(), XMM(), XMM(), XMM(), XMM()
	VPSRLDQ(Imm(1), e, cur)
	VPSRLDQ(Imm(2), e, next)
	VPAVGB(next, cur, a2)
	// (a + 2b + c + 2) >> 2 is the rounded mean of b and the truncated mean of a
	// and c.
	VPXOR(next, e, t)
	ones := GLOBL("ones8", RODATA|NOPTR)
	for i := 0; i < 16; i += 8 {
		DATA(i, U64(0x0101010101010101))
	}
	VPAND(ones, t, t)
	VPAVGB(next, e, a3)
	VPSUBB(t, a3, a3)
	VPAVGB(a3, cur, a3)

	// DC, in every byte of its block's rows.
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

	// TM: two rows of words a register; the odd bytes are zero.
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

	for s := 0; s < 3; s++ {
		for r := 0; r < 4; r++ {
			src := rowSources(s, r)
			n := string(rune('0'+s)) + string(rune('0'+r))
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
			if s == 0 {
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

// lanes is a VPSHUFB mask of two lanes; word i of the result is word idx[i] of
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

func idct() {
	TEXT("idctBlockAVX2", NOSPLIT, "func(dst *byte, dstStride int, pred *byte, predStride int, lev *int16, q *uint16)")
	Doc("idctBlockAVX2 is idctBlockGeneric for coefficients whose samples, before the",
		"shift by three, fit 16 bits: those of any source less any prediction do,",
		"quantized or not.")
	lev := Load(Param("lev"), GP64())
	q := Load(Param("q"), GP64())
	c, swapped := YMM(), YMM()
	VMOVDQU(Mem{Base: lev}, c)
	VPMULLW(Mem{Base: q}, c, c)

	// From zigzag order to rows: words of the other lane come from a copy whose
	// lanes are swapped.
	var position [16]int // in zigzag order of each natural position
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
	lo, hi := c.AsX(), XMM() // rows 0 and 1, rows 2 and 3
	VEXTRACTI128(Imm(1), c, hi)

	// x*85627>>16 is x + x*20091>>16, x*35468>>16 is x + x*(35468-65536)>>16.
	mulC := pairs128("idctC", 20091)
	mulS := pairs128("idctS", 35468-65536)
	round := GLOBL("idctRound", RODATA|NOPTR)
	DATA(0, U64(0x0004000400040004))
	DATA(8, U64(0))
	var L, H VecVirtual = XMM(), XMM()
	VMOVDQU(lo, L)
	VMOVDQU(hi, H)
	// transpose returns the columns of rows 0|1 and 2|3 in the same way.
	transpose := func(x, y VecVirtual) (VecVirtual, VecVirtual) {
		a, b, c, d := XMM(), XMM(), XMM(), XMM()
		VPUNPCKLWD(y, x, a)
		VPUNPCKHWD(y, x, b)
		VPUNPCKLWD(b, a, c)
		VPUNPCKHWD(b, a, d)
		return c, d
	}
	pass := func() {
		sum, diff := XMM(), XMM()
		VPADDW(H, L, sum)
		VPSUBW(H, L, diff)
		times := func(x VecVirtual, k Mem) VecVirtual {
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
		VPUNPCKLQDQ(diff, sum, even) // a|b
		VPUNPCKHQDQ(e, d, odd)       // d|e
		x, y := XMM(), XMM()
		VPADDW(odd, even, x) // rows 0|1
		VPSUBW(odd, even, y) // rows 3|2
		VPSHUFD(Imm(0x4e), y, y)
		L, H = x, y
	}
	pass()
	L, H = transpose(L, H)
	VPADDW(round, L, L)
	pass()
	VPSRAW(Imm(3), L, L)
	VPSRAW(Imm(3), H, H)
	L, H = transpose(L, H)

	pred := Load(Param("pred"), GP64())
	stride := Load(Param("predStride"), GP64())
	rows := func(v VecVirtual) {
		p, r := XMM(), XMM()
		VMOVD(Mem{Base: pred}, p)
		VMOVD(Mem{Base: pred, Index: stride, Scale: 1}, r)
		VPUNPCKLDQ(r, p, p)
		VPMOVZXBW(p, p)
		VPADDW(p, v, v)
	}
	rows(L)
	LEAQ(Mem{Base: pred, Index: stride, Scale: 2}, pred)
	rows(H)
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

// pairs128 is 16 bytes of one word.
func pairs128(name string, v int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 16; i += 2 {
		DATA(i, U16(uint16(v)))
	}
	return m
}
