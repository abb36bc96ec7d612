package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// filters are the kernels of the writer: 32 bytes at a time, n of them a multiple of 32. x is at
// the scanline's second pixel, a to the left of it, b above, c above a.
func filters() {
	filterSums()
	filterSub()
	filterAverage()
	filterPaeth()
}

// params loads pointers and the count.
func params(names ...string) (ptr []Register, n Register) {
	for _, name := range names {
		ptr = append(ptr, Load(Param(name), GP64()))
	}
	return ptr, Load(Param("n"), GP64())
}

// step goes on by 32 bytes and loops.
func step(n Register, ptr ...Register) {
	for _, p := range ptr {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
}

// ones is 1 in each byte.
func ones() VecVirtual {
	v := YMM()
	VPCMPEQB(v, v, v)
	VPABSB(v, v)
	return v
}

// averageOf is (a+b)/2 rounded down: VPAVGB rounds up.
func averageOf(a, b, one VecVirtual) VecVirtual {
	p, odd := YMM(), YMM()
	VPAVGB(a, b, p)
	VPXOR(a, b, odd)
	VPAND(one, odd, odd)
	VPSUBB(odd, p, p)
	return p
}

// more is p-q, or 0 where that is negative.
func more(p, q VecVirtual) VecVirtual {
	d := YMM()
	VPSUBUSB(q, p, d)
	return d
}

// paethOf is the prediction of section 9.4. Let p = a+b-c. Then |p-a| is |b-c|, and |p-b| is |a-c|.
// |p-c| is the difference of these two if b-c and a-c differ in sign. Otherwise it is their sum,
// which is not the least of the three, so 255 is used instead. Registers are scarce.
func paethOf(a, b, c, zero VecVirtual) VecVirtual {
	pa, pb, same := more(b, c), more(a, c), YMM()
	VPMINUB(pa, pb, same)
	cb := more(c, b)
	VPOR(cb, pa, pa)
	ca := more(c, a)
	VPOR(ca, pb, pb)
	VPMINUB(cb, ca, ca)
	VPOR(ca, same, same) // not 0 where the signs are the same
	pc, ba := more(pa, pb), more(pb, pa)
	VPOR(ba, pc, pc)
	VPCMPEQB(zero, same, same)
	VPCMPEQB(ba, ba, ba)
	VPXOR(ba, same, same)
	VPOR(same, pc, pc)
	VPMINUB(pb, pc, pc) // the lesser of |p-b| and |p-c|
	VPCMPEQB(pb, pc, pb)
	VPBLENDVB(pb, b, c, pb)
	VPMINUB(pa, pc, pc)
	VPCMPEQB(pa, pc, pa)
	VPBLENDVB(pa, a, pb, pb)
	return pb
}

func filterSums() {
	TEXT("filterSumsAVX2", NOSPLIT, "func(x, a, b, c *byte, n int, sums *[5]uint64)")
	Pragma("noescape")
	Doc("filterSumsAVX2 adds to sums the absolute values of what each filter makes of n bytes, a multiple of 32 and at least 32.")
	ptr, n := params("x", "a", "b", "c")
	sums := Load(Param("sums"), GP64())
	zero, one := YMM(), ones()
	VPXOR(zero, zero, zero)
	var sum [5]VecVirtual
	for f := range sum {
		sum[f] = YMM()
		VPXOR(sum[f], sum[f], sum[f])
	}
	Label("loop")
	x, a, b, c := YMM(), YMM(), YMM(), YMM()
	for i, v := range []VecVirtual{x, a, b, c} {
		VMOVDQU(Mem{Base: ptr[i]}, v)
	}
	add := func(f int, p VecVirtual) {
		d := YMM()
		if p == nil {
			VPABSB(x, d)
		} else {
			VPSUBB(p, x, d)
			VPABSB(d, d)
		}
		VPSADBW(zero, d, d)
		VPADDQ(d, sum[f], sum[f])
	}
	add(0, nil)
	add(1, a)
	add(2, b)
	add(3, averageOf(a, b, one))
	add(4, paethOf(a, b, c, zero))
	step(n, ptr...)
	for f, v := range sum {
		h := XMM()
		VEXTRACTI128(Imm(1), v, h)
		VPADDQ(v.AsX(), h, h)
		q := XMM()
		VPSRLDQ(Imm(8), h, q)
		VPADDQ(q, h, h)
		g := GP64()
		VMOVQ(h, g)
		ADDQ(g, Mem{Base: sums, Disp: 8 * f})
	}
	VZEROUPPER()
	RET()
}

func filterSub() {
	TEXT("filterSubAVX2", NOSPLIT, "func(dst, x, a *byte, n int)")
	Pragma("noescape")
	Doc("filterSubAVX2 sets n bytes, a multiple of 32 and at least 32, to x less a.")
	ptr, n := params("dst", "x", "a")
	Label("loop")
	x := YMM()
	VMOVDQU(Mem{Base: ptr[1]}, x)
	VPSUBB(Mem{Base: ptr[2]}, x, x)
	VMOVDQU(x, Mem{Base: ptr[0]})
	step(n, ptr...)
	VZEROUPPER()
	RET()
}

func filterAverage() {
	TEXT("filterAverageAVX2", NOSPLIT, "func(dst, x, a, b *byte, n int)")
	Pragma("noescape")
	Doc("filterAverageAVX2 sets n bytes, a multiple of 32 and at least 32, to x less the average of a and b.")
	ptr, n := params("dst", "x", "a", "b")
	one := ones()
	Label("loop")
	x, a, b := YMM(), YMM(), YMM()
	for i, v := range []VecVirtual{x, a, b} {
		VMOVDQU(Mem{Base: ptr[1+i]}, v)
	}
	VPSUBB(averageOf(a, b, one), x, x)
	VMOVDQU(x, Mem{Base: ptr[0]})
	step(n, ptr...)
	VZEROUPPER()
	RET()
}

func filterPaeth() {
	TEXT("filterPaethAVX2", NOSPLIT, "func(dst, x, a, b, c *byte, n int)")
	Pragma("noescape")
	Doc("filterPaethAVX2 sets n bytes, a multiple of 32 and at least 32, to x less Paeth's prediction from a, b and c.")
	ptr, n := params("dst", "x", "a", "b", "c")
	zero := YMM()
	VPXOR(zero, zero, zero)
	Label("loop")
	x, a, b, c := YMM(), YMM(), YMM(), YMM()
	for i, v := range []VecVirtual{x, a, b, c} {
		VMOVDQU(Mem{Base: ptr[1+i]}, v)
	}
	VPSUBB(paethOf(a, b, c, zero), x, x)
	VMOVDQU(x, Mem{Base: ptr[0]})
	step(n, ptr...)
	VZEROUPPER()
	RET()
}
