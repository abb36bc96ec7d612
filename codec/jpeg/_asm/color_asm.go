package main

// The kernel of the color conversion. ../color.go has the reference. The arithmetic and its
// constants are those of YCbCrToRGB in image/color.

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func init() { kernels["color"] = color }

// color writes the kernel. A register has 8 samples, in 32 bits each.
func color() {
	TEXT("ycbcrToRGBAAVX2", NOSPLIT, "func(dst, y, cb, cr *byte, groups int)")
	Pragma("noescape")
	Doc("ycbcrToRGBAAVX2 is YCbCrToRGBA for 8*groups samples. groups is at least 1.")
	dst, y := Load(Param("dst"), GP64()), Load(Param("y"), GP64())
	cb, cr := Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	groups := Load(Param("groups"), GP64())
	i := GP64()
	XORQ(i, i)
	center, opaque := YMM(), YMM()
	VMOVDQU(dwords("colorCenter", 128), center)
	VMOVDQU(dwords("colorOpaque", 255), opaque)
	order := YMM()
	VMOVDQU(octets("idctTranspose4", [16]byte{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}), order)
	Label("loop")
	yy, u, v := YMM(), YMM(), YMM()
	VPMOVZXBD(Mem{Base: y, Index: i, Scale: 8}, yy)
	VPMOVZXBD(Mem{Base: cb, Index: i, Scale: 8}, u)
	VPMOVZXBD(Mem{Base: cr, Index: i, Scale: 8}, v)
	// Repeat each byte three times: the luma times 0x010101.
	VPSHUFB(octets("colorTimes010101", [16]byte{0, 0, 0, 128, 4, 4, 4, 128, 8, 8, 8, 128, 12, 12, 12, 128}), yy, yy)
	VPSUBD(center, u, u)
	VPSUBD(center, v, v)
	r, g, b, t := YMM(), YMM(), YMM(), YMM()
	VPMULLD(dwords("colorRCr", 91881), v, r)
	VPADDD(yy, r, r)
	VPMULLD(dwords("colorBCb", 116130), u, b)
	VPADDD(yy, b, b)
	VPMULLD(dwords("colorGCb", 22554), u, g)
	VPMULLD(dwords("colorGCr", 46802), v, t)
	VPSUBD(g, yy, g)
	VPSUBD(t, g, g)
	VPSRAD(Imm(16), r, r)
	VPSRAD(Imm(16), g, g)
	VPSRAD(Imm(16), b, b)
	VPACKSSDW(g, r, r)
	VPACKSSDW(opaque, b, b)
	VPACKUSWB(b, r, r) // in either half 4 samples of R, then of G, B and A
	VPSHUFB(order, r, r)
	VMOVDQU(r, Mem{Base: dst})
	ADDQ(U32(32), dst)
	INCQ(i)
	CMPQ(i, groups)
	JL(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
