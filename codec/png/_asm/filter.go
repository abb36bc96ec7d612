package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// filters generates the kernels of the writer, which filter 32 bytes at a time. Of their parameters
// x points to the second pixel of the scanline, a to the pixel left of x, b to the pixel above x,
// and c to the pixel above a.
func filters() {
	filterSums()
	filterSub()
	filterAverage()
	filterPaeth()
}

// params loads the parameters: pointers of these names, and the number of bytes n.
func params(names ...string) (ptr []Register, n Register) {
	for _, name := range names {
		ptr = append(ptr, Load(Param(name), GP64()))
	}
	return ptr, Load(Param("n"), GP64())
}

// step generates the end of the loop: it moves the pointers ptr on by 32 bytes, and goes back to
// the label loop unless all n bytes are done.
func step(n Register, ptr ...Register) {
	for _, p := range ptr {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
}

// ones returns a register with 1 in each byte.
func ones() VecVirtual {
	v := YMM()
	VPCMPEQB(v, v, v)
	VPABSB(v, v)
	return v
}

// averageOf returns (a+b)/2, rounded down. VPAVGB rounds up.
func averageOf(a, b, one VecVirtual) VecVirtual {
	p, odd := YMM(), YMM()
	VPAVGB(a, b, p)
	VPXOR(a, b, odd)
	VPAND(one, odd, odd)
	VPSUBB(odd, p, p)
	return p
}

// excess returns p-q where p > q, and 0 elsewhere.
func excess(p, q VecVirtual) VecVirtual {
	d := YMM()
	VPSUBUSB(q, p, d)
	return d
}

// paethOf returns the prediction of section 9.4. Let p = a+b-c. Then |p-a| is |b-c|, and |p-b| is
// |a-c|. |p-c| is the difference of these two if b-c and a-c differ in sign. Otherwise |p-c| is
// their sum, which is not the least of the three distances, so 255 is used instead. Registers are
// scarce, so some hold several values, one after the other.
func paethOf(a, b, c, zero VecVirtual) VecVirtual {
	pa, pb, same := excess(b, c), excess(a, c), YMM()
	VPMINUB(pa, pb, same)
	cb := excess(c, b)
	VPOR(cb, pa, pa) // |p-a|
	ca := excess(c, a)
	VPOR(ca, pb, pb) // |p-b|
	VPMINUB(cb, ca, ca)
	VPOR(ca, same, same) // not 0 where the signs are the same
	pc, ba := excess(pa, pb), excess(pb, pa)
	VPOR(ba, pc, pc) // the difference of |p-a| and |p-b|
	VPCMPEQB(zero, same, same)
	VPCMPEQB(ba, ba, ba)
	VPXOR(ba, same, same) // 255 where the signs are the same, else 0
	VPOR(same, pc, pc)    // |p-c|, or 255
	VPMINUB(pb, pc, pc)   // the lesser of |p-b| and |p-c|
	VPCMPEQB(pb, pc, pb)
	VPBLENDVB(pb, b, c, pb) // b or c: the one with the lesser distance
	VPMINUB(pa, pc, pc)
	VPCMPEQB(pa, pc, pa)
	VPBLENDVB(pa, a, pb, pb) // a if its distance is the least, otherwise that of b and c
	return pb
}

// filterSums generates the kernel of filterSumsGeneric.
func filterSums() {
	TEXT("filterSumsAVX2", NOSPLIT, "func(x, a, b, c *byte, n int, sums *[5]uint64)")
	Pragma("noescape")
	Doc("filterSumsAVX2 filters n bytes from x on with each filter type f, and adds the absolute",
		"values of the filtered bytes, as signed numbers, to sums[f]. x is the second pixel of a",
		"scanline, a the pixel left of x, b the pixel above x, and c the pixel above a. n is a multiple",
		"of 32 and at least 32.")
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
	// add adds to sum[f] the absolute values of x less the prediction p; nil predicts 0.
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
	add(0, nil)                    // None
	add(1, a)                      // Sub
	add(2, b)                      // Up
	add(3, averageOf(a, b, one))   // Average
	add(4, paethOf(a, b, c, zero)) // Paeth
	step(n, ptr...)
	// Add the four lanes of each sum to its element of sums.
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

// filterSub generates the kernel of the filter Sub. With b in place of a, it is the kernel of the
// filter Up.
func filterSub() {
	TEXT("filterSubAVX2", NOSPLIT, "func(dst, x, a *byte, n int)")
	Pragma("noescape")
	Doc("filterSubAVX2 sets n bytes of dst to x-a, where x and a are as for filterSumsAVX2. n is a",
		"multiple of 32 and at least 32. With b in place of a, it is the filter Up.")
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

// filterAverage generates the kernel of the filter Average.
func filterAverage() {
	TEXT("filterAverageAVX2", NOSPLIT, "func(dst, x, a, b *byte, n int)")
	Pragma("noescape")
	Doc("filterAverageAVX2 sets n bytes of dst to x-(a+b)/2, where x, a and b are as for",
		"filterSumsAVX2. n is a multiple of 32 and at least 32.")
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

// filterPaeth generates the kernel of the filter Paeth.
func filterPaeth() {
	TEXT("filterPaethAVX2", NOSPLIT, "func(dst, x, a, b, c *byte, n int)")
	Pragma("noescape")
	Doc("filterPaethAVX2 sets n bytes of dst to x less the Paeth prediction from a, b and c, all as",
		"for filterSumsAVX2. n is a multiple of 32 and at least 32.")
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
