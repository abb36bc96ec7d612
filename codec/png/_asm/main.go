// Command asm generates kernels_amd64.s: the AVX2 and BMI2 kernels of package png.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	up()
	for _, bpp := range []int{2, 3, 4, 6, 8} {
		sub(bpp)
		average(bpp)
		paeth(bpp)
	}
	adler()
	inflate()
	filters()
	Generate()
}

// up generates the kernel that reverses the filter Up, 32 bytes at a time.
func up() {
	TEXT("unfilterUpAVX2", NOSPLIT, "func(dst, src, prev *byte, n int)")
	Pragma("noescape")
	Doc("unfilterUpAVX2 reverses the filter Up: it sets n bytes of dst to src plus prev, the scanline",
		"above. n is a multiple of 32 and at least 32.")
	dst, src, prev := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("prev"), GP64())
	n := Load(Param("n"), GP64())
	Label("loop")
	v := YMM()
	VMOVDQU(Mem{Base: src}, v)
	VPADDB(Mem{Base: prev}, v, v)
	VMOVDQU(v, Mem{Base: dst})
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), prev)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// loadSize returns how many bytes a kernel loads and stores for a pixel of bpp bytes. Bytes stored
// beyond the pixel are overwritten: by the next pixel or, after the last one, in Go.
func loadSize(bpp int) int {
	if bpp <= 4 {
		return 4
	}
	return 8
}

// pixels generates the beginning of a kernel that reverses a filter for n pixels of bpp bytes.
// aboutPrev says in the doc comment what prev is.
func pixels(filter string, bpp int, aboutPrev string) (dst, src, prev, n Register) {
	name := fmt.Sprintf("unfilter%s%dAVX2", filter, bpp)
	TEXT(name, NOSPLIT, "func(dst, src, prev *byte, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s reverses the filter %s, from src to dst, for n pixels of %d bytes,", name, filter, bpp),
		fmt.Sprintf("n at least 1. %s", aboutPrev),
		fmt.Sprintf("Each pixel, also the last one, is loaded and stored as %d bytes.", loadSize(bpp)))
	return Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("prev"), GP64()), Load(Param("n"), GP64())
}

// load generates the load of a pixel from base to x.
func load(bpp int, base, x Register) {
	if loadSize(bpp) == 8 {
		VMOVQ(Mem{Base: base}, x)
	} else {
		VMOVD(Mem{Base: base}, x)
	}
}

// store generates the store of a pixel from x to base.
func store(bpp int, x, base Register) {
	if loadSize(bpp) == 8 {
		VMOVQ(x, Mem{Base: base})
	} else {
		VMOVD(x, Mem{Base: base})
	}
}

// next moves the pointers regs to the next pixel.
func next(bpp int, regs ...Register) {
	for _, r := range regs {
		ADDQ(Imm(uint64(bpp)), r)
	}
}

// sub generates a kernel that reverses the filter Sub. In the loop of sub, average and paeth, a is
// first the pixel to the left, and then the reconstructed pixel.
func sub(bpp int) {
	dst, src, _, n := pixels("Sub", bpp, "It does not use prev.")
	a, x := XMM(), XMM()
	VPXOR(a, a, a)
	Label("loop")
	load(bpp, src, x)
	VPADDB(x, a, a)
	store(bpp, a, dst)
	next(bpp, src, dst)
	DECQ(n)
	JNE(LabelRef("loop"))
	RET()
}

// average generates a kernel that reverses the filter Average. Here and in paeth each sample is
// widened to 16 bits. VPADDB adds the filtered bytes, because the sums must be modulo 256.
func average(bpp int) {
	dst, src, prev, n := pixels("Average", bpp, "prev is the scanline above.")
	a, b, x, out := XMM(), XMM(), XMM(), XMM()
	VPXOR(a, a, a)
	Label("loop")
	load(bpp, prev, b)
	load(bpp, src, x)
	VPMOVZXBW(b, b)
	VPMOVZXBW(x, x)
	VPADDW(b, a, a)
	VPSRLW(Imm(1), a, a)
	VPADDB(x, a, a)
	VPACKUSWB(a, a, out)
	store(bpp, out, dst)
	next(bpp, src, prev, dst)
	DECQ(n)
	JNE(LabelRef("loop"))
	RET()
}

// paeth generates a kernel that reverses the filter Paeth. As in paeth of unfilter.go, t is
// 3c-b-a. The prediction is max(a, b) if t <= min(a, b), min(a, b) if t >= max(a, b), and c
// otherwise. c3b is 3c-b, which does not have to wait for a.
func paeth(bpp int) {
	dst, src, prev, n := pixels("Paeth", bpp, "prev is the scanline above.")
	a, b, c, c3b, x := XMM(), XMM(), XMM(), XMM(), XMM()
	lo, hi, t, above, below, out := XMM(), XMM(), XMM(), XMM(), XMM(), XMM()
	VPXOR(a, a, a)
	VPXOR(c, c, c)
	Label("loop")
	load(bpp, prev, b)
	load(bpp, src, x)
	VPMOVZXBW(b, b)
	VPMOVZXBW(x, x)
	VPADDW(c, c, c3b)
	VPADDW(c, c3b, c3b)
	VPSUBW(b, c3b, c3b)
	VPSUBW(a, c3b, t)
	VPMINSW(a, b, lo)
	VPMAXSW(a, b, hi)
	VPCMPGTW(t, hi, below)      // t < hi
	VPCMPGTW(lo, t, above)      // t > lo
	VPBLENDVB(below, c, lo, lo) // c if t < hi, else min(a, b)
	VPBLENDVB(above, lo, hi, a) // this if t > min(a, b), else max(a, b)
	VPADDB(x, a, a)
	VPACKUSWB(a, a, out)
	store(bpp, out, dst)
	VMOVDQA(b, c)
	next(bpp, src, prev, dst)
	DECQ(n)
	JNE(LabelRef("loop"))
	RET()
}

// adler generates the kernel of Adler-32. It takes 32 bytes at a time. s1 grows by the sum of the
// bytes. s2 grows by 32 times the s1 before the bytes, plus the bytes times 32, 31 and so on to 1.
func adler() {
	weights := GLOBL("adlerWeights", RODATA|NOPTR)
	for i := 0; i < 32; i++ {
		DATA(i, U8(uint8(32-i)))
	}
	ones := GLOBL("adlerOnes", RODATA|NOPTR)
	for i := 0; i < 16; i++ {
		DATA(2*i, U16(1))
	}
	TEXT("adlerAVX2", NOSPLIT, "func(p *byte, n int, s *[2]uint32)")
	Pragma("noescape")
	Doc("adlerAVX2 adds n bytes from p on to s, the sums s1 and s2 of Adler-32. It does not reduce",
		"the sums modulo adlerMod. n is a multiple of 32 from 32 to adlerMax.")
	p, n, s := Load(Param("p"), GP64()), Load(Param("n"), GP64()), Load(Param("s"), GP64())
	zero, s1, s2, before, v, w, sum, one := YMM(), YMM(), YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
	VPXOR(zero, zero, zero)
	VPXOR(before, before, before)
	VMOVD(Mem{Base: s}, s1.AsX())
	VMOVD(Mem{Base: s, Disp: 4}, s2.AsX())
	VMOVDQU(weights, w)
	VMOVDQU(ones, one)
	Label("loop")
	VMOVDQU(Mem{Base: p}, v)
	VPADDD(s1, before, before)
	VPSADBW(zero, v, sum)
	VPADDD(sum, s1, s1)
	VPMADDUBSW(w, v, v)
	VPMADDWD(one, v, v)
	VPADDD(v, s2, s2)
	ADDQ(Imm(32), p)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	// before is the sum of s1 before each 32 bytes.
	VPSLLD(Imm(5), before, before)
	VPADDD(before, s2, s2)
	// Add the eight lanes of s1 and of s2.
	for i, r := range []VecVirtual{s1, s2} {
		x := XMM()
		VEXTRACTI128(Imm(1), r, x)
		VPADDD(r.AsX(), x, x)
		y := XMM()
		VPSHUFD(Imm(0b01001110), x, y)
		VPADDD(x, y, x)
		VPSHUFD(Imm(0b10110001), x, y)
		VPADDD(x, y, x)
		VMOVD(x, Mem{Base: s, Disp: 4 * i})
	}
	VZEROUPPER()
	RET()
}

// The constants of inflate.go with the same names.
const (
	litBits    = 11
	distBits   = 9
	entryLits  = 6
	entryExtra = 10
	entryBase  = 16
	kindMask   = 3 << 8
)

// inflate generates symbolsAVX2, the loop of inflater.symbols for literals and matches that the
// tables have.
func inflate() {
	// A match at a distance d below 16 repeats a pattern of d bytes. The 16 bytes from patterns[16*d]
	// on say, for each of 16 bytes to write, which byte of the pattern it is. steps[d] is how many of
	// the 16 bytes are in whole patterns.
	patterns := GLOBL("patterns", RODATA|NOPTR)
	for d := 0; d < 16; d++ {
		for i := 0; i < 16; i++ {
			DATA(16*d+i, U8(uint8(i%max(d, 1))))
		}
	}
	steps := GLOBL("steps", RODATA|NOPTR)
	for d := 0; d < 16; d++ {
		DATA(d, U8(uint8(16/max(d, 1)*max(d, 1))))
	}

	TEXT("symbolsAVX2", NOSPLIT, "func(lit, dist *uint32, in, out *byte, s *[6]uint64)")
	Pragma("noescape")
	Doc("symbolsAVX2 decodes literals and matches from in to out. lit and dist are the tables of an",
		"inflater. s holds p, o, acc, nb, safe and limit, as inflater.symbols has them. symbolsAVX2",
		"sets the first four of s anew.",
		"",
		"It goes on while p <= safe and o < limit. It reads in up to inMargin bytes past safe, and",
		"writes out up to outPad bytes past limit. It returns before the end of the block, before a",
		"symbol that the tables do not have, and before a match from before the beginning of out.")
	lit, dist := Load(Param("lit"), GP64()), Load(Param("dist"), GP64())
	in, base := Load(Param("in"), GP64()), Load(Param("out"), GP64())
	s := Load(Param("s"), GP64())
	field := func(i int) Mem { return Mem{Base: s, Disp: 8 * i} }
	acc, nb, out := GP64(), GP64(), GP64()
	MOVQ(field(1), out)
	ADDQ(base, out)
	MOVQ(field(2), acc)
	MOVQ(field(3), nb)
	// Positions become pointers here, and positions again at the end: in is for p, out is for o.
	inBase := AllocLocal(8)
	MOVQ(in, inBase)
	safe, limit := GP64(), GP64()
	MOVQ(field(4), safe)
	ADDQ(in, safe)
	MOVQ(field(5), limit)
	ADDQ(base, limit)
	ADDQ(field(0), in)
	e := GP64() // the entry of the table that is next
	t := GP64() // an intermediate value

	// refill adds bits to acc, so that acc has at least 56. Only the lowest 6 bits of nb count.
	refill := func() {
		ANDQ(Imm(63), nb)
		SHLXQ(nb, Mem{Base: in}, t)
		ORQ(t, acc)
		MOVQ(nb, t)
		SHRQ(Imm(3), t)
		SUBQ(t, in)
		ADDQ(Imm(7), in)
		ORQ(Imm(56), nb)
	}
	// lookup sets e to the entry of table for the lowest bits of acc, the code.
	lookup := func(table Register, bits int, e Register) {
		MOVL(acc.As32(), e.(GPVirtual).As32())
		ANDL(U32(1<<bits-1), e.(GPVirtual).As32())
		MOVL(Mem{Base: table, Index: e, Scale: 4}, e.(GPVirtual).As32())
	}
	// consume removes the code of e from acc: bits 0-5 of e are its length.
	consume := func(e Register) {
		SHRXQ(e, acc, acc)
		SUBQ(e, nb)
	}
	// literals writes the literals of e and looks up the next entry.
	literals := func() {
		MOVL(e.As32(), t.As32())
		SHRL(Imm(8), t.As32())
		MOVL(t.As32(), Mem{Base: out})
		consume(e)
		MOVL(e.As32(), t.As32())
		SHRL(Imm(entryLits), t.As32())
		ANDL(Imm(3), t.As32())
		ADDQ(t, out)
		lookup(lit, litBits, e)
	}

	Label("top")
	CMPQ(in, safe)
	JA(LabelRef("done"))
	CMPQ(out, limit)
	JAE(LabelRef("done"))
	refill()
	lookup(lit, litBits, e)
	Label("literal") // if e has literals
	TESTL(U32(3<<entryLits), e.As32())
	JEQ(LabelRef("other"))
	for i := 0; i < 3; i++ {
		literals()
		TESTL(U32(3<<entryLits), e.As32())
		JEQ(LabelRef("other"))
	}
	literals()
	// Four codes are consumed, and the fifth entry is looked up. That and the refill do not wait
	// for each other.
	CMPQ(in, safe)
	JA(LabelRef("done"))
	CMPQ(out, limit)
	JAE(LabelRef("done"))
	refill()
	JMP(LabelRef("literal"))

	Label("other") // a match, or nothing that the tables have
	TESTL(U32(kindMask), e.As32())
	JNE(LabelRef("done"))
	refill()
	acc0, nb0 := GP64(), GP64() // before the match, to go back to
	MOVQ(acc, acc0)
	MOVQ(nb, nb0)
	length, distance := GP64(), GP64()
	// extra consumes the code of the entry e and the extra bits that follow. It sets sum to the base
	// of e plus the extra bits.
	extra := func(e, sum Register) {
		consume(e)
		x := GP64()
		MOVL(e.(GPVirtual).As32(), x.As32())
		SHRL(Imm(entryExtra), x.As32())
		ANDL(Imm(15), x.As32())
		BZHIQ(x, acc, sum)
		SHRXQ(x, acc, acc)
		SUBQ(x, nb)
		SHRL(Imm(entryBase), e.(GPVirtual).As32())
		ADDQ(e, sum)
	}
	extra(e, length)
	d := GP64() // the entry of the distance
	lookup(dist, distBits, d)
	TESTL(U32(kindMask), d.As32())
	JNE(LabelRef("back"))
	extra(d, distance)
	from := GP64()
	MOVQ(out, from)
	SUBQ(base, from)
	CMPQ(distance, from)
	JA(LabelRef("back")) // an error, which symbols finds again
	MOVQ(out, from)
	SUBQ(distance, from)
	ADDQ(out, length) // from here on, length is a pointer to the end of the match
	x := XMM()
	VMOVDQU(Mem{Base: from}, x)
	CMPQ(distance, Imm(16))
	JB(LabelRef("pattern"))
	VMOVDQU(x, Mem{Base: out})
	Label("copy")
	ADDQ(Imm(16), out)
	CMPQ(out, length)
	JAE(LabelRef("copied"))
	ADDQ(Imm(16), from)
	VMOVDQU(Mem{Base: from}, x)
	VMOVDQU(x, Mem{Base: out})
	JMP(LabelRef("copy"))

	Label("pattern")
	LEAQ(patterns, t)
	MOVQ(distance, from)
	SHLQ(Imm(4), from)
	VPSHUFB(Mem{Base: t, Index: from, Scale: 1}, x, x)
	LEAQ(steps, t) // from here on, distance is the step from store to store
	MOVBLZX(Mem{Base: t, Index: distance, Scale: 1}, distance.As32())
	Label("repeat")
	VMOVDQU(x, Mem{Base: out})
	ADDQ(distance, out)
	CMPQ(out, length)
	JB(LabelRef("repeat"))
	Label("copied")
	MOVQ(length, out)
	JMP(LabelRef("top"))

	Label("back")
	MOVQ(acc0, acc)
	MOVQ(nb0, nb)
	Label("done")
	Load(Param("s"), s)
	MOVQ(inBase, t)
	SUBQ(t, in)
	MOVQ(in, field(0))
	SUBQ(base, out)
	MOVQ(out, field(1))
	MOVQ(acc, field(2))
	ANDQ(Imm(63), nb)
	MOVQ(nb, field(3))
	RET()
}
