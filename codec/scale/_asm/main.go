// Command _asm writes the AVX2 kernels of codec/scale. It is a module of its own, so that the
// program's go.mod does not carry avo.
//
//	go run . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg scale
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	vertical()
	horizontal8()
	horizontal16()
	pixels(3)
	pixels(4)
	Generate()
}

// params loads the named parameters into registers.
func params(names ...string) []Register {
	var r []Register
	for _, n := range names {
		r = append(r, Load(Param(n), GP64()))
	}
	return r
}

// rounding loads the parameter shift as a count for VPSRAD, and the parameter round into all eight
// dwords of half.
func rounding() (count VecVirtual, half VecVirtual) {
	count, half = XMM(), YMM()
	r := Load(Param("round"), GP32())
	VMOVD(r, half.AsX())
	VPBROADCASTD(half.AsX(), half)
	VMOVQ(Load(Param("shift"), GP64()), count)
	return count, half
}

// vertical writes the kernel of the vertical pass. The sums of 32 columns are kept in four
// registers:
//
//	        low lane         high lane
//	acc[0]  columns 0-3      columns 16-19
//	acc[1]  columns 4-7      columns 20-23
//	acc[2]  columns 8-11     columns 24-27
//	acc[3]  columns 12-15    columns 28-31
//
// Unpacking two rows within lanes gives this order, and packing within lanes undoes it.
func vertical() {
	TEXT("verticalAVX2", NOSPLIT, "func(mid *int16, ring *byte, rows *int32, weights *uint32, pairs, columns int, round int32, shift uint)")
	Pragma("noescape")
	Doc("verticalAVX2 writes one row of intermediates to mid: as many as columns says, rounded up to a",
		"multiple of 32. Intermediate x is (round + the sum over the rows of weight * sample x) >> shift.",
		"",
		"The source rows come in pairs. Those of pair i begin at bytes rows[2i] and rows[2i+1] of ring.",
		"The low half of weights[i] is the weight of the first row, the high half that of the second.")
	p := params("mid", "ring", "rows", "weights", "pairs", "columns")
	mid, ring, rows, weights, pairs, columns := p[0], p[1], p[2], p[3], p[4], p[5]
	count, half := rounding()
	zero := YMM()
	VPXOR(zero, zero, zero)

	Label("strip")
	var acc [4]VecVirtual
	for i := range acc {
		acc[i] = YMM()
		VMOVDQA(half, acc[i])
	}
	i := GP64()
	XORQ(i, i)
	Label("pair")
	{
		a, b := GP64(), GP64()
		MOVLQSX(Mem{Base: rows, Index: i, Scale: 8}, a)
		MOVLQSX(Mem{Base: rows, Index: i, Scale: 8, Disp: 4}, b)
		w := YMM()
		VPBROADCASTD(Mem{Base: weights, Index: i, Scale: 4}, w)
		ra, rb, lo, hi, t := YMM(), YMM(), YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: ring, Index: a, Scale: 1}, ra)
		VMOVDQU(Mem{Base: ring, Index: b, Scale: 1}, rb)
		VPUNPCKLBW(rb, ra, lo)
		VPUNPCKHBW(rb, ra, hi)
		// Widen each quarter to words, and add the two products of each column.
		for j, from := range []VecVirtual{lo, lo, hi, hi} {
			if j%2 == 0 {
				VPUNPCKLBW(zero, from, t)
			} else {
				VPUNPCKHBW(zero, from, t)
			}
			VPMADDWD(w, t, t)
			VPADDD(t, acc[j], acc[j])
		}
	}
	INCQ(i)
	CMPQ(i, pairs)
	JLT(LabelRef("pair"))
	for j := range acc {
		VPSRAD(count, acc[j], acc[j])
	}
	VPACKSSDW(acc[1], acc[0], acc[0])
	VPACKSSDW(acc[3], acc[2], acc[2])
	VPERM2I128(U8(0x20), acc[2], acc[0], acc[1])
	VPERM2I128(U8(0x31), acc[2], acc[0], acc[3])
	VMOVDQU(acc[1], Mem{Base: mid})
	VMOVDQU(acc[3], Mem{Base: mid, Disp: 32})
	ADDQ(U8(64), mid)
	ADDQ(U8(32), ring)
	SUBQ(U8(32), columns)
	JG(LabelRef("strip"))
	VZEROUPPER()
	RET()
}

// finish rounds, shifts and clamps eight sums to bytes, and stores them at dst in the same order.
func finish(sums, half, count VecVirtual, dst Register) {
	VPADDD(half, sums, sums)
	VPSRAD(count, sums, sums)
	high := XMM()
	VEXTRACTI128(U8(1), sums, high)
	VPACKSSDW(high, sums.AsX(), high)
	VPACKUSWB(high, high, high)
	VMOVQ(high, Mem{Base: dst})
}

// horizontal8 writes the kernel for windows of up to eight taps. Samples i and i+4 of a group share
// a register, so that adding neighbors twice leaves eight sums in order.
func horizontal8() {
	TEXT("horizontal8AVX2", NOSPLIT, "func(dst *byte, mid *int16, starts *int32, weights *int16, groups int, round int32, shift uint)")
	Pragma("noescape")
	Doc("horizontal8AVX2 writes 8*groups samples. Sample i is (round + the sum over its window of weight *",
		"intermediate) >> shift, clamped to a byte. The window has 8 intermediates, from byte starts[i] of",
		"mid on.",
		"",
		"weights has the 8 weights of each sample of a group, in the order of the samples 0, 4, 1, 5, 2,",
		"6, 3, 7. Then come those of the next group.")
	p := params("dst", "mid", "starts", "weights", "groups")
	dst, mid, starts, weights, groups := p[0], p[1], p[2], p[3], p[4]
	count, half := rounding()
	Label("group")
	var acc [4]VecVirtual
	for i := range acc {
		acc[i] = YMM()
		a, b := GP64(), GP64()
		MOVLQSX(Mem{Base: starts, Disp: 4 * i}, a)
		MOVLQSX(Mem{Base: starts, Disp: 4 * (i + 4)}, b)
		VMOVDQU(Mem{Base: mid, Index: a, Scale: 1}, acc[i].AsX())
		VINSERTI128(U8(1), Mem{Base: mid, Index: b, Scale: 1}, acc[i], acc[i])
		VPMADDWD(Mem{Base: weights, Disp: 32 * i}, acc[i], acc[i])
	}
	VPHADDD(acc[1], acc[0], acc[0])
	VPHADDD(acc[3], acc[2], acc[2])
	VPHADDD(acc[2], acc[0], acc[0])
	finish(acc[0], half, count, dst)
	ADDQ(U8(8), dst)
	ADDQ(U8(32), starts)
	ADDQ(U32(128), weights)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// horizontal16 writes the kernel for longer windows. It takes chunks of sixteen taps, for four
// samples at a time.
func horizontal16() {
	TEXT("horizontal16AVX2", NOSPLIT, "func(dst *byte, mid *int16, starts *int32, weights *int16, groups, chunks int, round int32, shift uint)")
	Pragma("noescape")
	Doc("horizontal16AVX2 writes 8*groups samples. Sample i is (round + the sum over its window of",
		"weight * intermediate) >> shift, clamped to a byte. The window has 16*chunks intermediates, from",
		"byte starts[i] of mid on.",
		"",
		"weights has the weights of samples 0 to 3, then those of samples 4 to 7, and so on. For four",
		"samples these are the first 16 weights of each, then the second 16 of each, and so on.")
	p := params("dst", "mid", "starts", "weights", "groups", "chunks")
	dst, mid, starts, weights, groups, chunks := p[0], p[1], p[2], p[3], p[4], p[5]
	count, half := rounding()
	Label("group")
	var quad [2]VecVirtual // the sums of samples 0 to 3 and 4 to 7 of a group
	for q := range quad {
		var at [4]Register
		var acc [4]VecVirtual
		for i := range acc {
			a := GP64()
			MOVLQSX(Mem{Base: starts, Disp: 16*q + 4*i}, a)
			ADDQ(mid, a)
			at[i] = a
			acc[i] = YMM()
			VMOVDQU(Mem{Base: weights, Disp: 32 * i}, acc[i])
			VPMADDWD(Mem{Base: a}, acc[i], acc[i])
		}
		ADDQ(U32(128), weights)
		// The first chunk is done. Add the others.
		c := GP64()
		MOVQ(chunks, c)
		DECQ(c)
		done, chunk := []string{"sum0", "sum1"}[q], []string{"chunk0", "chunk1"}[q]
		JZ(LabelRef(done))
		Label(chunk)
		for i := range acc {
			ADDQ(U8(32), at[i])
			w := YMM()
			VMOVDQU(Mem{Base: weights, Disp: 32 * i}, w)
			VPMADDWD(Mem{Base: at[i]}, w, w)
			VPADDD(w, acc[i], acc[i])
		}
		ADDQ(U32(128), weights)
		DECQ(c)
		JG(LabelRef(chunk))
		Label(done)
		VPHADDD(acc[1], acc[0], acc[0])
		VPHADDD(acc[3], acc[2], acc[2])
		quad[q] = YMM()
		VPHADDD(acc[2], acc[0], quad[q])
	}
	// Each quad has four sums over half of the taps in either lane. Add the lanes.
	lo, hi := YMM(), YMM()
	VPERM2I128(U8(0x20), quad[1], quad[0], lo)
	VPERM2I128(U8(0x31), quad[1], quad[0], hi)
	VPADDD(hi, lo, lo)
	finish(lo, half, count, dst)
	ADDQ(U8(8), dst)
	ADDQ(U8(32), starts)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// pixels writes the kernel for three or four interleaved channels. It takes four pixels of the
// destination and four taps at a time. Each lane has two of the taps, for all channels.
func pixels(channels int) {
	name := map[int]string{3: "horizontalRGBAVX2", 4: "horizontalRGBAAVX2"}[channels]
	TEXT(name, NOSPLIT, "func(dst *byte, mid *int16, starts *int32, weights *int16, groups, quads int, round int32, shift uint)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s writes 4*groups pixels of %d samples. A sample of pixel i is (round + the", name, channels),
		"sum over the pixel's window of weight * intermediate) >> shift, clamped to a byte. The window has",
		fmt.Sprintf("4*quads pixels of %d intermediates, from byte starts[i] of mid on.", channels),
		"",
		"weights has the weights of the pixels 0 to 3, then those of the pixels 4 to 7, and so on. For",
		"four pixels these are the first 4 weights of each, then the second 4 of each, and so on.")
	p := params("dst", "mid", "starts", "weights", "groups", "quads")
	dst, mid, starts, weights, groups, quads := p[0], p[1], p[2], p[3], p[4], p[5]
	count, half := rounding()

	// pairBytes is a shuffle that brings the samples of the two pixels of a lane into pairs, one
	// for each channel. spreadBytes brings the weights of two taps to each of these pairs: of the
	// first two taps in the low lane, of the other two in the high lane.
	var pairBytes, spreadBytes [32]byte
	for lane := range 2 {
		for c := range 4 {
			for tap := range 2 {
				for b := range 2 {
					at := 16*lane + 4*c + 2*tap + b
					pairBytes[at] = byte(2*(channels*tap+c) + b)
					if c >= channels {
						pairBytes[at] = 0x80
					}
					spreadBytes[at] = byte(4*lane + 2*tap + b)
				}
			}
		}
	}
	pairMask, spreadMask := YMM(), YMM()
	VMOVDQU(table(name+"Pairs", pairBytes[:]), pairMask)
	VMOVDQU(table(name+"Spread", spreadBytes[:]), spreadMask)

	Label("group")
	var at [4]Register
	var acc [4]VecVirtual
	for i := range acc {
		a := GP64()
		MOVLQSX(Mem{Base: starts, Disp: 4 * i}, a)
		ADDQ(mid, a)
		at[i] = a
		acc[i] = YMM()
		VPXOR(acc[i], acc[i], acc[i])
	}
	n := GP64()
	MOVQ(quads, n)
	Label("quad")
	for i := range acc {
		v, w := YMM(), YMM()
		if channels == 4 {
			VMOVDQU(Mem{Base: at[i]}, v)
		} else {
			VMOVDQU(Mem{Base: at[i]}, v.AsX())
			VINSERTI128(U8(1), Mem{Base: at[i], Disp: 12}, v, v)
		}
		VPSHUFB(pairMask, v, v)
		VPBROADCASTQ(Mem{Base: weights, Disp: 8 * i}, w)
		VPSHUFB(spreadMask, w, w)
		VPMADDWD(w, v, v)
		VPADDD(v, acc[i], acc[i])
		ADDQ(U8(8*channels), at[i])
	}
	ADDQ(U8(32), weights)
	DECQ(n)
	JG(LabelRef("quad"))
	// Each pixel has sums over half of the taps in either lane. Add the lanes, for two pixels in
	// one register.
	var two [2]VecVirtual
	for i := range two {
		two[i] = YMM()
		hi := YMM()
		VPERM2I128(U8(0x20), acc[2*i+1], acc[2*i], two[i])
		VPERM2I128(U8(0x31), acc[2*i+1], acc[2*i], hi)
		VPADDD(hi, two[i], two[i])
		VPADDD(half, two[i], two[i])
		VPSRAD(count, two[i], two[i])
	}
	// Packing within lanes gives the pixels in the order 0, 2, 1, 3, as 8 bytes each.
	VPACKSSDW(two[1], two[0], two[0])
	VPERMQ(U8(0b11_01_10_00), two[0], two[0])
	high := XMM()
	VEXTRACTI128(U8(1), two[0], high)
	out := XMM()
	VPACKUSWB(high, two[0].AsX(), out)
	if channels == 4 {
		VMOVDQU(out, Mem{Base: dst})
	} else {
		// Leave out the fourth byte of each pixel.
		var drop [16]byte
		for i := range drop {
			drop[i] = 0x80
			if i < 12 {
				drop[i] = byte(i/3*4 + i%3)
			}
		}
		VPSHUFB(table(name+"Drop", drop[:]), out, out)
		VMOVQ(out, Mem{Base: dst})
		VPEXTRD(U8(2), out, Mem{Base: dst, Disp: 8})
	}
	ADDQ(U8(4*channels), dst)
	ADDQ(U8(16), starts)
	DECQ(groups)
	JG(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// table returns b as read-only data.
func table(name string, b []byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range b {
		DATA(i, U8(v))
	}
	return m
}
