package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// This file writes the kernels of the forward DCT with quantization, and of the conversion of
// colors. ../fdct.go and ../writer_source.go are the references.

func init() {
	kernels["fdct"] = func() {
		fdctQuantize()
		rowToY()
		rowToChroma()
		rowsToHalfChroma()
	}
}

// Constants of ../fdct.go.
const (
	k1 = 22725
	k2 = 21407
	k3 = 19266
	k5 = 12873
	k6 = 8867
	k7 = 4520
)

// wordPairs returns 32 bytes of read-only data with lo and hi in every dword.
func wordPairs(name string, lo, hi int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(uint32(uint16(lo))|uint32(uint16(hi))<<16))
	}
	return m
}

// sameDwords returns 32 bytes of read-only data with v in every dword.
func sameDwords(name string, v int32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(uint32(v)))
	}
	return m
}

// bytes32 returns b as read-only data.
func bytes32(name string, b [32]byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range b {
		DATA(i, U8(v))
	}
	return m
}

// products are the constants of the transform as operands of VPMADDWD.
type products struct {
	f2, f6         Mem    // factors of e0 and e1 in F(2) and F(6)
	odd            [4]Mem // factors of d0 and d1 in F(1), F(3), F(5), F(7)
	oddRest        [4]Mem // factors of d2 and d3 in the same
	level          Mem    // the level shift
	round1, round2 Mem    // for rounding sums of products in pass one and two
	roundSum       Mem    // for rounding F(0) and F(4) in pass two
}

func newProducts() products {
	return products{
		f2: wordPairs("fdctF2", k2, k6),
		f6: wordPairs("fdctF6", k6, -k2),
		odd: [4]Mem{
			wordPairs("fdctF1", k1, k3), wordPairs("fdctF3", k3, -k7),
			wordPairs("fdctF5", k5, -k1), wordPairs("fdctF7", k7, -k5),
		},
		oddRest: [4]Mem{
			wordPairs("fdctF1b", k5, k7), wordPairs("fdctF3b", -k1, -k5),
			wordPairs("fdctF5b", k7, k3), wordPairs("fdctF7b", k3, -k1),
		},
		level:    wordPairs("fdctLevel", 8*128, 8*128),
		round1:   sameDwords("fdctRound1", 1<<11),
		round2:   sameDwords("fdctRound2", 1<<15),
		roundSum: wordPairs("fdctRoundSum", 2, 2),
	}
}

// pass transforms the eight rows in x, which are words, and returns the eight frequencies. In the
// first pass x has samples. In the second pass x has the transposed results of the first.
func (p products) pass(x [8]VecVirtual, isSecond bool) [8]VecVirtual {
	var f [8]VecVirtual
	var s, d [4]VecVirtual // the sums and differences of rows i and 7-i
	for i := range 4 {
		s[i], d[i] = YMM(), YMM()
		VPADDW(x[7-i], x[i], s[i])
		VPSUBW(x[7-i], x[i], d[i])
	}
	t0, t1, e0, e1 := YMM(), YMM(), YMM(), YMM()
	VPADDW(s[3], s[0], t0)
	VPSUBW(s[3], s[0], e0)
	VPADDW(s[2], s[1], t1)
	VPSUBW(s[2], s[1], e1)
	// F(0) and F(4) need no products.
	f[0], f[4] = YMM(), YMM()
	VPADDW(t1, t0, f[0])
	VPSUBW(t1, t0, f[4])
	if isSecond {
		VPADDW(p.roundSum, f[0], f[0])
		VPADDW(p.roundSum, f[4], f[4])
		VPSRAW(U8(2), f[0], f[0])
		VPSRAW(U8(2), f[4], f[4])
	} else {
		VPSUBW(p.level, f[0], f[0])
		VPSLLW(U8(2), f[0], f[0])
		VPSLLW(U8(2), f[4], f[4])
	}
	// descale rounds and shifts sums of products, and packs those of lo and of hi into one
	// register.
	descale := func(lo, hi VecVirtual) VecVirtual {
		round, shift := p.round1, U8(12)
		if isSecond {
			round, shift = p.round2, U8(16)
		}
		VPADDD(round, lo, lo)
		VPADDD(round, hi, hi)
		VPSRAD(shift, lo, lo)
		VPSRAD(shift, hi, hi)
		VPACKSSDW(hi, lo, lo)
		return lo
	}
	// F(2) and F(6).
	elo, ehi := unpack(e0, e1)
	for _, c := range []struct {
		at int
		k  Mem
	}{{2, p.f2}, {6, p.f6}} {
		lo, hi := YMM(), YMM()
		VPMADDWD(c.k, elo, lo)
		VPMADDWD(c.k, ehi, hi)
		f[c.at] = descale(lo, hi)
	}
	// F(1), F(3), F(5), F(7).
	lo01, hi01 := unpack(d[0], d[1])
	lo23, hi23 := unpack(d[2], d[3])
	for i := range 4 {
		lo, hi, t := YMM(), YMM(), YMM()
		VPMADDWD(p.odd[i], lo01, lo)
		VPMADDWD(p.oddRest[i], lo23, t)
		VPADDD(t, lo, lo)
		VPMADDWD(p.odd[i], hi01, hi)
		VPMADDWD(p.oddRest[i], hi23, t)
		VPADDD(t, hi, hi)
		f[2*i+1] = descale(lo, hi)
	}
	return f
}

// unpack interleaves the words of a and b within lanes.
func unpack(a, b VecVirtual) (lo, hi VecVirtual) {
	lo, hi = YMM(), YMM()
	VPUNPCKLWD(b, a, lo)
	VPUNPCKHWD(b, a, hi)
	return lo, hi
}

// transpose transposes 8x8 words in each lane.
func transpose(x [8]VecVirtual) [8]VecVirtual {
	var a, b, c [8]VecVirtual
	for i := range 4 {
		a[2*i], a[2*i+1] = unpack(x[2*i], x[2*i+1])
	}
	for i := range 2 {
		for j := range 2 {
			lo, hi := YMM(), YMM()
			VPUNPCKLDQ(a[4*i+2+j], a[4*i+j], lo)
			VPUNPCKHDQ(a[4*i+2+j], a[4*i+j], hi)
			b[4*i+2*j], b[4*i+2*j+1] = lo, hi
		}
	}
	for i := range 4 {
		c[2*i], c[2*i+1] = YMM(), YMM()
		VPUNPCKLQDQ(b[4+i], b[i], c[2*i])
		VPUNPCKHQDQ(b[4+i], b[i], c[2*i+1])
	}
	return c
}

// zigzagT is the same as in ../fdct.go.
var zigzagT = [64]int{
	0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40,
	33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42, 35,
	28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30,
	23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63,
}

// fdctQuantize writes the kernel of the same name. It takes two blocks at a time, one in each lane.
func fdctQuantize() {
	p := newProducts()
	TEXT("fdctQuantizeAVX2", NOSPLIT, "func(coef, raw *int16, mask *uint64, src *byte, stride int, bias, reciprocal *uint16, pairs int)")
	Pragma("noescape")
	Doc("fdctQuantizeAVX2 is fdctQuantizeGeneric for 2*pairs blocks. pairs is at least 1.",
		"",
		"coef and raw get 64 coefficients for each block, and mask one element. src has 8 rows, stride",
		"bytes apart, with 8 samples of each block. bias and reciprocal are those of the quantizer.")
	coef := Load(Param("coef"), GP64())
	raw := Load(Param("raw"), GP64())
	mask := Load(Param("mask"), GP64())
	src := Load(Param("src"), GP64())
	stride := Load(Param("stride"), GP64())
	bias := Load(Param("bias"), GP64())
	reciprocal := Load(Param("reciprocal"), GP64())
	pairs := Load(Param("pairs"), GP64())
	stride3 := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)

	Label("pair")
	var x [8]VecVirtual
	below := GP64()
	LEAQ(Mem{Base: src, Index: stride, Scale: 4}, below)
	for i := range x { // load row i
		base := src
		if i >= 4 {
			base = below
		}
		x[i] = YMM()
		m := Mem{Base: base}
		switch i % 4 {
		case 1:
			m = Mem{Base: base, Index: stride, Scale: 1}
		case 2:
			m = Mem{Base: base, Index: stride, Scale: 2}
		case 3:
			m = Mem{Base: base, Index: stride3, Scale: 1}
		}
		VPMOVZXBW(m, x[i])
	}
	f := p.pass(transpose(p.pass(x, false)), true)

	// f[u] has S(0, u) to S(7, u), of the first block in the low lane and of the second block in
	// the high lane. Quantize them.
	for u := range f {
		b, r, t := YMM(), YMM(), YMM()
		VBROADCASTI128(Mem{Base: bias, Disp: 16 * u}, b)
		VBROADCASTI128(Mem{Base: reciprocal, Disp: 16 * u}, r)
		VMOVDQU(f[u].AsX(), Mem{Base: raw, Disp: 16 * u})
		VEXTRACTI128(U8(1), f[u], Mem{Base: raw, Disp: 128 + 16*u})
		VPABSW(f[u], t)
		VPADDW(b, t, t)
		VPMULHUW(r, t, t)
		VPSIGNW(f[u], t, f[u])
		VMOVDQU(f[u].AsX(), Mem{Base: coef, Disp: 16 * u})
		VEXTRACTI128(U8(1), f[u], Mem{Base: coef, Disp: 128 + 16*u})
	}

	// The mask: pack the coefficients to bytes, 16 in a lane, since it only matters whether they
	// are zero. Then put the bytes into zig-zag order, and make one bit of each.
	var packed [4]VecVirtual
	for i := range packed {
		packed[i] = YMM()
		VPACKSSWB(f[2*i+1], f[2*i], packed[i])
	}
	zero := YMM()
	VPXOR(zero, zero, zero)
	first, second := GP64(), GP64()
	for z := 3; z >= 0; z-- {
		var quarter VecVirtual
		for i := range packed {
			var shuffle [32]byte
			any := false
			for k := range 16 {
				from := zigzagT[16*z+k]
				b := byte(0x80)
				if from/16 == i {
					b, any = byte(from%16), true
				}
				shuffle[k], shuffle[16+k] = b, b
			}
			if !any {
				continue
			}
			t := YMM()
			VPSHUFB(bytes32("fdctZigzag"+string(rune('0'+z))+string(rune('0'+i)), shuffle), packed[i], t)
			if quarter == nil {
				quarter = t
			} else {
				VPOR(t, quarter, quarter)
			}
		}
		VPCMPEQB(zero, quarter, quarter)
		m, low := GP32(), GP32()
		VPMOVMSKB(quarter, m)
		NOTL(m)
		MOVWLZX(m.As16(), low)
		SHRL(U8(16), m)
		if z == 3 {
			MOVL(low, first.As32())
			MOVL(m, second.As32())
		} else {
			SHLQ(U8(16), first)
			SHLQ(U8(16), second)
			ORQ(low.As64(), first)
			ORQ(m.As64(), second)
		}
	}
	MOVQ(first, Mem{Base: mask})
	MOVQ(second, Mem{Base: mask, Disp: 8})
	ADDQ(U32(256), coef)
	ADDQ(U32(256), raw)
	ADDQ(U8(16), mask)
	ADDQ(U8(16), src)
	DECQ(pairs)
	JG(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// pick returns a shuffle for both lanes. It makes four words of each of two pixels, which are the
// pixels first and first+1 of the lane. A pixel has four samples of size bytes. channels says which
// sample each word gets.
func pick(name string, size, first int, channels [4]int) Mem {
	const zero = 0x80 // VPSHUFB makes a byte of 0
	var b [32]byte
	for lane := range 2 {
		for p := range 2 {
			for i, c := range channels {
				at := 16*lane + 8*p + 2*i
				b[at] = byte((4*(first+p) + c) * size)
				b[at+1] = zero
				if size == 2 {
					b[at+1] = b[at] + 1
				}
			}
		}
	}
	return bytes32(name, b)
}

// weights returns 32 bytes of read-only data that has the four words of w twice in each lane.
func weights(name string, w [4]int16) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(2*i, U16(uint16(w[i%4])))
	}
	return m
}

// These are the weights of ../writer_source.go, and the samples that they belong to. A weight that
// does not fit into 16 bits is split into two halves, and its sample is picked twice.
var (
	rgbg = [4]int{0, 1, 2, 1}
	rgbb = [4]int{0, 1, 2, 2}
	rrgb = [4]int{0, 0, 1, 2}

	weightsY  = [4]int16{19595, 38470 / 2, 7471, 38470 / 2}
	weightsCb = [4]int16{-11056, -21712, 16384, 16384}
	weightsCr = [4]int16{16384, 16384, -27440, -5328}
)

// convert returns eight bytes, one for each of the eight pixels in v: the sum of the pixel's
// samples times w, plus round, shifted right by 16. lower and upper pick the samples.
func convert(v VecVirtual, lower, upper, w, round Mem) VecVirtual {
	a, b, h := YMM(), YMM(), XMM()
	VPSHUFB(lower, v, a) // pixels 0, 1 and 4, 5
	VPSHUFB(upper, v, b) // pixels 2, 3 and 6, 7
	VPMADDWD(w, a, a)
	VPMADDWD(w, b, b)
	VPHADDD(b, a, a)
	VPADDD(round, a, a)
	VPSRAD(U8(16), a, a)
	VEXTRACTI128(U8(1), a, h)
	VPACKSSDW(h, a.AsX(), h)
	VPACKUSWB(h, h, h)
	return h
}

// rowToY writes the kernel of the same name.
func rowToY() {
	TEXT("rowToYAVX2", NOSPLIT, "func(y, row *byte, groups int)")
	Pragma("noescape")
	Doc("rowToYAVX2 is rowToYGeneric for 8*groups pixels of 4 bytes. groups is at least 1.")
	y, row, groups := Load(Param("y"), GP64()), Load(Param("row"), GP64()), Load(Param("groups"), GP64())
	lower, upper := pick("yLower", 1, 0, rgbg), pick("yUpper", 1, 2, rgbg)
	w, round := weights("yWeights", weightsY), sameDwords("yRound", 1<<15)
	Label("group")
	v := YMM()
	VMOVDQU(Mem{Base: row}, v)
	VMOVQ(convert(v, lower, upper, w, round), Mem{Base: y})
	ADDQ(U8(32), row)
	ADDQ(U8(8), y)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// rowToChroma writes the kernel of the same name.
func rowToChroma() {
	TEXT("rowToChromaAVX2", NOSPLIT, "func(cb, cr, row *byte, groups int)")
	Pragma("noescape")
	Doc("rowToChromaAVX2 is rowToChromaGeneric for 8*groups pixels of 4 bytes. groups is at least 1.")
	cb, cr := Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	row, groups := Load(Param("row"), GP64()), Load(Param("groups"), GP64())
	round := sameDwords("chromaRound", 257<<15)
	lowerCb, upperCb, wCb := pick("cbLower", 1, 0, rgbb), pick("cbUpper", 1, 2, rgbb), weights("cbWeights", weightsCb)
	lowerCr, upperCr, wCr := pick("crLower", 1, 0, rrgb), pick("crUpper", 1, 2, rrgb), weights("crWeights", weightsCr)
	Label("group")
	v := YMM()
	VMOVDQU(Mem{Base: row}, v)
	VMOVQ(convert(v, lowerCb, upperCb, wCb, round), Mem{Base: cb})
	VMOVQ(convert(v, lowerCr, upperCr, wCr, round), Mem{Base: cr})
	ADDQ(U8(32), row)
	ADDQ(U8(8), cb)
	ADDQ(U8(8), cr)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// rowsToHalfChroma writes the kernel of the same name.
func rowsToHalfChroma() {
	TEXT("rowsToHalfChromaAVX2", NOSPLIT, "func(cb, cr, a, b *byte, groups int)")
	Pragma("noescape")
	Doc("rowsToHalfChromaAVX2 is rowsToHalfChromaGeneric for rows a and b of 8*groups pixels of 4 bytes.",
		"It writes 4*groups samples to cb and to cr. groups is at least 1.")
	cb, cr := Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	a, b, groups := Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("groups"), GP64())
	round := sameDwords("halfRound", 257<<17)
	// These are for sums of pixels, which are words: each lane holds the samples of two sums.
	pickCb, wCb := pick("cbPick", 2, 0, rgbb), weights("cbHalfWeights", weightsCb)
	pickCr, wCr := pick("crPick", 2, 0, rrgb), weights("crHalfWeights", weightsCr)
	// order sorts the bytes cb0 cb2 cr0 cr2 cb1 cb3 cr1 cr3.
	order := GLOBL("halfOrder", RODATA|NOPTR)
	for i, v := range []uint8{0, 4, 1, 5, 2, 6, 3, 7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80} {
		DATA(i, U8(v))
	}

	Label("group")
	var four [2]VecVirtual // four sums of a pixel of a and the pixel of b below it
	for i := range four {
		t := YMM()
		four[i] = YMM()
		VPMOVZXBW(Mem{Base: a, Disp: 16 * i}, four[i])
		VPMOVZXBW(Mem{Base: b, Disp: 16 * i}, t)
		VPADDW(t, four[i], four[i])
	}
	sum, odd := YMM(), YMM()
	VPUNPCKLQDQ(four[1], four[0], sum) // pixels 0, 4 and 2, 6
	VPUNPCKHQDQ(four[1], four[0], odd) // pixels 1, 5 and 3, 7
	VPADDW(odd, sum, sum)
	vb, vr, h := YMM(), YMM(), XMM()
	VPSHUFB(pickCb, sum, vb)
	VPSHUFB(pickCr, sum, vr)
	VPMADDWD(wCb, vb, vb)
	VPMADDWD(wCr, vr, vr)
	VPHADDD(vr, vb, vb)
	VPADDD(round, vb, vb)
	VPSRAD(U8(18), vb, vb)
	VEXTRACTI128(U8(1), vb, h)
	VPACKSSDW(h, vb.AsX(), h)
	VPACKUSWB(h, h, h)
	VPSHUFB(order, h, h)
	VMOVD(h, Mem{Base: cb})
	VPEXTRD(U8(1), h, Mem{Base: cr})
	ADDQ(U8(32), a)
	ADDQ(U8(32), b)
	ADDQ(U8(4), cb)
	ADDQ(U8(4), cr)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}
