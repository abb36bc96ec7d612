package main

// The kernels of the inverse DCT. ../idct.go says what they compute. ../idct_generic.go and
// ../idct8.go are the references.
//
// Both passes multiply by a matrix of weights. The sums over the even frequencies, E, and over the
// odd ones, O, are separate: sample i is E(i) + O(i), and sample N-1-i is E(i) - O(i). VPMADDWD
// sums the products of two frequencies at a time, from registers in which the lines of the two are
// interleaved.

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func init() { kernels["idct"] = idct }

// cosines[n][k] is round(2^13 sqrt(2) cos(k pi / 2n)), and 2^13 for k = 0.
var cosines = map[int][]int{
	3: {8192, 10033, 5793},
	4: {8192, 10703, 8192, 4433},
	5: {8192, 11018, 9373, 6810, 3580},
	6: {8192, 11190, 10033, 8192, 5793, 2998},
	7: {8192, 11295, 10438, 9058, 7223, 5027, 2578},
}

// weights8[i][k] is w(k,i) for 8 points, times 2^13, as the factored transform of ../idct8.go has
// it. Some of these weights differ by one from the rounded cosines.
var weights8 = [4][8]int{
	{8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260},
	{8192, 9633, 4433, -2259, -8192, -11362, -10704, -6436},
	{8192, 6437, -4433, -11362, -8192, 2261, 10704, 9633},
	{8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363},
}

// weight returns w(k,i) for n points, times 2^13. It is 0 for frequencies from n on.
func weight(n, k, i int) int {
	if k >= n {
		return 0
	}
	if n == 8 {
		return weights8[i][k]
	}
	if k == 0 {
		return 8192
	}
	// cos((2i+1) k pi / 2n): the angle in units of pi / 2n, brought into the first quadrant.
	a, sign := (2*i+1)*k%(4*n), 1
	if a > 2*n {
		a = 4*n - a
	}
	if a > n {
		a, sign = 2*n-a, -1
	}
	switch a {
	case 0:
		return sign * 11585 // sqrt(2)
	case n:
		return 0
	}
	return sign * cosines[n][a]
}

// globals has the read-only data that has been emitted, by name.
var globals = map[string]Mem{}

// dwords returns 32 bytes of read-only data, filled with v over and over.
func dwords(name string, v ...uint32) Mem {
	if m, ok := globals[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(v[i%len(v)]))
	}
	globals[name] = m
	return m
}

// octets returns 32 bytes of read-only data: v twice.
func octets(name string, v [16]byte) Mem {
	if m, ok := globals[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(v[i%16]))
	}
	globals[name] = m
	return m
}

// pair returns two weights as VPMADDWD takes them, over and over.
func pair(a, b int) Mem {
	v := uint32(uint16(a)) | uint32(uint16(b))<<16
	return dwords(fmt.Sprintf("idctWeights%04x%04x", uint16(a), uint16(b)), v)
}

func round1() Mem { return dwords("idctRound1", 1<<10) }
func round2() Mem { return dwords("idctRound2", 128<<18+1<<17) }

func idct() {
	one()
	two()
	for n := 3; n <= 4; n++ {
		small(n)
	}
	for n := 5; n <= 8; n++ {
		large(n)
	}
}

// args are the registers with a kernel's arguments.
type args struct {
	dst, stride, coef, q, count Register
}

// begin begins the kernel for n points. The kernel takes multiple blocks at a time, with
// cols x cols coefficients each.
func begin(n, multiple, cols int) args {
	TEXT(fmt.Sprintf("idct%dAVX2", n), NOSPLIT, "func(dst *byte, stride int, coef, q *int16, count int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("idct%dAVX2 is inverseGeneric for n = %d. count, the number of blocks, is a multiple of %d and not 0.", n, n, multiple),
		"",
		fmt.Sprintf("coef has %d x %d coefficients for each block, in natural order, and q has as many steps. The", cols, cols),
		"kernel uses the first n x n. Up to margin bytes may be written after the last sample of each",
		"row of dst.")
	return args{
		Load(Param("dst"), GP64()), Load(Param("stride"), GP64()), Load(Param("coef"), GP64()), Load(Param("q"), GP64()),
		Load(Param("count"), GP64()),
	}
}

// next ends a kernel that has done some blocks of n points, with size coefficients each. It
// advances a to the next blocks and jumps to label, or returns if no blocks are left.
func next(label string, a args, n, blocks, size int) {
	ADDQ(U32(n*blocks), a.dst)
	ADDQ(U32(2*size*blocks), a.coef)
	SUBQ(U32(blocks), a.count)
	JG(LabelRef(label))
	VZEROUPPER()
	RET()
}

// one writes the kernel for 1 point.
func one() {
	a := begin(1, 8, 1)
	q, round := XMM(), XMM()
	VPBROADCASTW(Mem{Base: a.q}, q)
	VMOVDQU(dwords("idctRound0", (128<<5+16)*0x10001), round)
	Label("loop")
	x := XMM()
	VPMULLW(Mem{Base: a.coef}, q, x)
	VPSLLW(Imm(2), x, x)
	VPADDSW(round, x, x) // a sum that saturates would become 255 anyway
	VPSRAW(Imm(5), x, x)
	VPACKUSWB(x, x, x)
	VMOVQ(x, Mem{Base: a.dst})
	next("loop", a, 1, 8, 1)
}

// two writes the kernel for 2 points. In the comments, A to H are blocks.
func two() {
	a := begin(2, 8, 2)
	q := YMM()
	VPBROADCASTQ(Mem{Base: a.q}, q)
	ones, signs := dwords("idctOnes", 0x00010001), dwords("idctSigns", 0xFFFF0001)
	round := dwords("idctRound0d", 128<<5+16)
	Label("loop")
	var both [2]VecVirtual
	for i := range both {
		x, y, s, d := YMM(), YMM(), YMM(), YMM()
		VPMULLW(Mem{Base: a.coef, Disp: 32 * i}, q, x) // a block's 00 01 10 11
		VPSHUFD(Imm(0xB1), x, y)                       // 10 11 00 01
		VPADDW(y, x, s)
		VPSUBW(y, x, d)
		VPSLLQ(Imm(32), d, d)
		VPBLENDD(Imm(0xAA), d, s, s) // the first pass of both lines
		VPSLLW(Imm(2), s, s)
		l, r := YMM(), YMM()
		VPMADDWD(ones, s, l)
		VPMADDWD(signs, s, r)
		VPADDD(round, l, l)
		VPADDD(round, r, r)
		VPSRAD(Imm(5), l, l)
		VPSRAD(Imm(5), r, r)
		both[i] = YMM()
		VPACKSSDW(r, l, both[i]) // of blocks A B | C D: left A0 A1 B0 B1, right A0 A1 B0 B1 | ...
	}
	o := YMM()
	VPACKUSWB(both[1], both[0], o) // A B E F | C D G H
	// Lines: A0l A0r B0l B0r E0l E0r F0l F0r, then line 1.
	VPSHUFB(octets("idctOrder2", [16]byte{0, 4, 2, 6, 8, 12, 10, 14, 1, 5, 3, 7, 9, 13, 11, 15}), o, o)
	// dwords: AB0 EF0 AB1 EF1 | CD0 GH0 CD1 GH1
	low, high, line := o.AsX(), XMM(), XMM()
	VEXTRACTI128(Imm(1), o, high)
	VPUNPCKLDQ(high, low, line)
	VMOVDQU(line, Mem{Base: a.dst})
	VPUNPCKHDQ(high, low, line)
	VMOVDQU(line, Mem{Base: a.dst, Index: a.stride, Scale: 1})
	next("loop", a, 2, 8, 4)
}

// wrap is the end of the first pass. It sets x to x >> 11 modulo 2^16, with its sign.
func wrap(x VecVirtual) {
	VPSLLD(Imm(5), x, x)
	VPSRAD(Imm(16), x, x)
}

// lines4 returns the n lines of a pass, before the shift. p02 has lines 0 and 2 of the input
// interleaved, and p13 lines 1 and 3. round is added to each sum.
func lines4(n int, p02, p13 VecVirtual, round Mem) (out [4]VecVirtual) {
	for i := range (n + 1) / 2 {
		e := YMM()
		VPMADDWD(pair(weight(n, 0, i), weight(n, 2, i)), p02, e)
		VPADDD(round, e, e)
		out[i] = e
		if i == n-1-i {
			break
		}
		o := YMM()
		VPMADDWD(pair(weight(n, 1, i), weight(n, 3, i)), p13, o)
		out[n-1-i] = YMM()
		VPSUBD(o, e, out[n-1-i])
		VPADDD(o, e, e)
	}
	return out
}

// small writes the kernel for 3 and 4 points. A block is 4 lines of 4 coefficients.
func small(n int) {
	a := begin(n, 4, 4)
	q := YMM()
	VMOVDQU(Mem{Base: a.q}, q)
	line2, line3 := GP64(), GP64()
	LEAQ(Mem{Base: a.dst, Index: a.stride, Scale: 2}, line2)
	if n == 4 {
		LEAQ(Mem{Base: line2, Index: a.stride, Scale: 1}, line3)
	}
	Label("loop")
	var blocks [2]VecVirtual
	for i := range blocks {
		x, y, p, r := YMM(), YMM(), YMM(), YMM()
		VPMULLW(Mem{Base: a.coef, Disp: 64 * i}, q, x)
		VPMULLW(Mem{Base: a.coef, Disp: 64*i + 32}, q, y)
		VPERM2I128(Imm(0x20), y, x, p) // lines 0 and 1 of block A | of B
		VPERM2I128(Imm(0x31), y, x, r) // lines 2 and 3
		p02, p13 := YMM(), YMM()
		VPUNPCKLWD(r, p, p02)
		VPUNPCKHWD(r, p, p13)
		t := lines4(n, p02, p13, round1())
		for _, v := range t[:n] {
			wrap(v)
		}
		if n == 3 {
			t[3] = t[2] // a line that is not used
		}
		VPACKSSDW(t[1], t[0], p) // T0 T1
		VPACKSSDW(t[3], t[2], r) // T2 T3
		// Transpose: T02 = 00 20 01 21 02 22 03 23, T13 likewise; then columns 0 1 and 2 3; then
		// columns interleaved.
		t02, t13 := YMM(), YMM()
		VPUNPCKLWD(r, p, t02)
		VPUNPCKHWD(r, p, t13)
		VPUNPCKLWD(t13, t02, p)
		VPUNPCKHWD(t13, t02, r)
		VPUNPCKLWD(r, p, p02)
		VPUNPCKHWD(r, p, p13)
		s := lines4(n, p02, p13, round2())
		for _, v := range s[:n] {
			VPSRAD(Imm(18), v, v)
		}
		if n == 3 {
			s[3] = s[2]
		}
		VPACKSSDW(s[1], s[0], p)
		VPACKSSDW(s[3], s[2], r)
		blocks[i] = YMM()
		VPACKUSWB(r, p, blocks[i])
		VPSHUFB(octets("idctTranspose4", [16]byte{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}), blocks[i], blocks[i])
	}
	// blocks hold lines 0 to 3 of A | B and C | D.
	ac, bd := blocks[0], blocks[1]
	l, h, b, d, v := XMM(), XMM(), XMM(), XMM(), XMM()
	VEXTRACTI128(Imm(1), ac, b)
	VEXTRACTI128(Imm(1), bd, d)
	ab, cd := XMM(), XMM()
	store := func(m Mem) {
		if n == 3 {
			VPSHUFB(octets("idctPack3", [16]byte{0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 128, 128, 128, 128}), v, v)
		}
		VMOVDQU(v, m)
	}
	VPUNPCKLDQ(b, ac.AsX(), ab) // A0 B0 A1 B1
	VPUNPCKLDQ(d, bd.AsX(), cd)
	VPUNPCKHDQ(b, ac.AsX(), l) // A2 B2 A3 B3
	VPUNPCKHDQ(d, bd.AsX(), h)
	VPUNPCKLQDQ(cd, ab, v)
	store(Mem{Base: a.dst})
	VPUNPCKHQDQ(cd, ab, v)
	store(Mem{Base: a.dst, Index: a.stride, Scale: 1})
	VPUNPCKLQDQ(h, l, v)
	store(Mem{Base: line2})
	ADDQ(U32(4*n), line2)
	if n == 4 {
		VPUNPCKHQDQ(h, l, v)
		store(Mem{Base: line3})
		ADDQ(U32(4*n), line3)
	}
	next("loop", a, n, 4, 16)
}

// interleaved has the registers for four interleaved pairs of lines: 0 and 2, 4 and 6, 1 and 3, 5
// and 7. Each pair takes one register for the left halves of its lines and one for the right
// halves. The registers are fixed, because the allocator does not find room for all.
var interleaved = [4][2]VecPhysical{{Y0, Y1}, {Y4, Y5}, {Y2, Y3}, {Y6, Y7}}

// interleave makes pair i of interleaved from two lines.
func interleave(i int, first, second Op) {
	VPUNPCKLWD(second, first, interleaved[i][0])
	VPUNPCKHWD(second, first, interleaved[i][1])
}

// pass computes the n lines of a pass, before the shift, from the interleaved lines. It calls end
// with the left and the right half of each line. round is added to each sum.
func pass(n int, round Mem, end func(i int, left, right VecVirtual)) {
	p := interleaved
	// sum adds the products of frequencies first, first+2, first+4 and first+6 for line i.
	sum := func(i, half, first int) VecVirtual {
		s, t := YMM(), YMM()
		VPMADDWD(pair(weight(n, first, i), weight(n, first+2, i)), p[first*2][half], s)
		if n > first+4 {
			VPMADDWD(pair(weight(n, first+4, i), weight(n, first+6, i)), p[first*2+1][half], t)
			VPADDD(t, s, s)
		}
		return s
	}
	for i := range (n + 1) / 2 {
		// Lines i and n-1-i are the sum and the difference of the same even and odd parts.
		var up, down [2]VecVirtual
		for half := range 2 {
			e := sum(i, half, 0)
			VPADDD(round, e, e)
			up[half] = e
			if i == n-1-i {
				continue
			}
			o := sum(i, half, 1)
			down[half] = YMM()
			VPSUBD(o, e, down[half])
			VPADDD(o, e, e)
		}
		end(i, up[0], up[1])
		if i != n-1-i {
			end(n-1-i, down[0], down[1])
		}
	}
}

// large writes the kernel for 5 to 8 points. It takes two blocks at a time, one in each half of the
// registers. A block is 8 lines of 8 coefficients.
func large(n int) {
	a := begin(n, 2, 8)
	mem := AllocLocal(8 * 32)
	line := GP64()
	Label("loop")
	load := func(k int) Op {
		v, q := YMM(), YMM()
		if k >= n {
			VPXOR(v, v, v)
			return v
		}
		VBROADCASTI128(Mem{Base: a.coef, Disp: 16 * k}, v)
		VINSERTI128(Imm(1), Mem{Base: a.coef, Disp: 128 + 16*k}, v, v)
		VBROADCASTI128(Mem{Base: a.q, Disp: 16 * k}, q)
		VPMULLW(q, v, v)
		return v
	}
	// Pass one, over the columns. Its lines are kept in memory.
	for i, k := range [4]int{0, 4, 1, 5} {
		if k < n {
			interleave(i, load(k), load(k+2))
		}
	}
	// at is where line i is kept.
	at := func(i int) Mem { m := mem; m.Disp += 32 * i; return m }
	pass(n, round1(), func(i int, left, right VecVirtual) {
		wrap(left)
		wrap(right)
		VPACKSSDW(right, left, left)
		VMOVDQU(left, at(i))
	})
	// Transpose the n lines in memory. Lines from n on may hold any values, because they only reach
	// lines from n on of the result.
	var s [4][2]VecVirtual
	for i := range 4 {
		// 0 and 4, 1 and 5, 2 and 6, 3 and 7
		s[i] = [2]VecVirtual{YMM(), YMM()}
		t := YMM()
		VMOVDQU(at(i), t)
		second := Op(at(i + 4))
		if i+4 >= n {
			second = t
		}
		VPUNPCKLWD(second, t, s[i][0]) // 00 40 01 41 02 42 03 43
		VPUNPCKHWD(second, t, s[i][1]) // 04 44 ...
	}
	u := [4][2]VecPhysical{{Y8, Y9}, {Y10, Y11}, {Y12, Y13}, {Y14, Y15}}
	for half := range 2 {
		for i := range 2 {
			// 0 4 and 2 6; 1 5 and 3 7
			VPUNPCKLWD(s[i+2][half], s[i][half], u[2*half+i][0]) // 00 20 40 60 01 21 41 61
			VPUNPCKHWD(s[i+2][half], s[i][half], u[2*half+i][1])
		}
	}
	for half := range 2 {
		var x [4]VecVirtual // columns 4*half + 0 to 3
		for j := range x {
			x[j] = YMM()
			if j%2 == 0 {
				VPUNPCKLWD(u[2*half+1][j/2], u[2*half][j/2], x[j])
			} else {
				VPUNPCKHWD(u[2*half+1][j/2], u[2*half][j/2], x[j])
			}
		}
		// Columns from n on have a weight of 0.
		if 4*half < n {
			interleave(half, x[0], x[2])
		}
		if 4*half+1 < n {
			interleave(half+2, x[1], x[3])
		}
	}
	// Pass two, over the rows.
	pass(n, round2(), func(i int, left, right VecVirtual) {
		VPSRAD(Imm(18), left, left)
		VPSRAD(Imm(18), right, right)
		VPACKSSDW(right, left, left)
		VMOVDQU(left, at(i)) // column i, lines 0 to 7
	})
	// Columns to lines of bytes.
	var c [4]VecVirtual
	for i := range 4 {
		c[i] = YMM()
		VMOVDQU(at(i), c[i])
		if i+4 < n {
			VPACKUSWB(at(i+4), c[i], c[i])
		} else {
			VPACKUSWB(c[i], c[i], c[i])
		}
	}
	b := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLBW(c[1], c[0], b[0]) // columns 0 1
	VPUNPCKHBW(c[1], c[0], b[1]) // 4 5
	VPUNPCKLBW(c[3], c[2], b[2]) // 2 3
	VPUNPCKHBW(c[3], c[2], b[3]) // 6 7
	d := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLWD(b[2], b[0], d[0]) // columns 0 to 3 of lines 0 to 3
	VPUNPCKHWD(b[2], b[0], d[1]) // of lines 4 to 7
	VPUNPCKLWD(b[3], b[1], d[2]) // columns 4 to 7
	VPUNPCKHWD(b[3], b[1], d[3])
	MOVQ(a.dst, line)
	for i := 0; i < n; i += 2 {
		v := YMM()
		if i%4 == 0 {
			VPUNPCKLDQ(d[i/4+2], d[i/4], v)
		} else {
			VPUNPCKHDQ(d[i/4+2], d[i/4], v)
		}
		VPERMQ(Imm(0xD8), v, v) // line i of both blocks | line i+1
		store := func(v VecVirtual) {
			if n == 8 {
				VMOVDQU(v, Mem{Base: line})
			} else {
				VMOVQ(v, Mem{Base: line})
				VMOVHPS(v, Mem{Base: line, Disp: n})
			}
			ADDQ(a.stride, line)
		}
		store(v.AsX().(VecVirtual))
		if i+1 < n {
			w := XMM()
			VEXTRACTI128(Imm(1), v, w)
			store(w)
		}
	}
	next("loop", a, n, 2, 64)
}
