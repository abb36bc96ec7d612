//go:build !purego

package vp8

// This file chooses between the AVX2 kernels of kernels_amd64.s and the reference kernels. Both
// give the same bytes. The AVX2 kernels check no bounds, so the functions here read the last
// element of each slice first.

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../stub_amd64.go -pkg vp8

var useAVX2 = cpu.X86.HasAVX2

func fdctStrips(dst []int16, src, pred []byte, n int) {
	if useAVX2 {
		_, _, _ = dst[64*n-1], src[64*n-1], pred[64*n-1]
		fdctStripsAVX2(&dst[0], &src[0], &pred[0], n)
		return
	}
	fdctStripsGeneric(dst, src, pred, n)
}

func quantizeBlocks(lev, coef, ref []int16, refStep int, m *quantMatrix, stats *blockStats, n int) {
	if useAVX2 && n&3 == 0 { // the kernel takes four blocks at a time
		_, _, _ = lev[16*n-1], coef[16*n-1], ref[refStep*(n-1)+15]
		// The kernel reads all arrays of m and writes all of stats.
		quantizeBlocksAVX2(&lev[0], &coef[0], &ref[0], refStep, &m.q[0], &stats.sse[0], n)
		return
	}
	quantizeBlocksGeneric(lev, coef, ref, refStep, m, stats, n)
}

func texture(dst *[24]uint32, ref *[24 * 16]int16) {
	if useAVX2 {
		textureAVX2(dst, ref)
		return
	}
	textureGeneric(dst, ref)
}

func predict4(dst *[192]byte, lo, hi uint64) {
	if useAVX2 {
		predict4AVX2(&dst[0], lo, hi)
		return
	}
	predict4Generic(dst, lo, hi)
}

func fdctBlock(dst []int16, src, pred []byte, n int) {
	if useAVX2 {
		_, _, _ = dst[64*n-1], src[3*16+3], pred[64*n-1]
		fdctBlockAVX2(&dst[0], &src[0], &pred[0], n)
		return
	}
	fdctBlockGeneric(dst, src, pred, n)
}

func limitRow(dst, src []byte, n, width int, r rangeMap) {
	if useAVX2 {
		_, _ = dst[(n-1)*mbSamples+width-1], src[n*width-1]
		limitRowAVX2(&dst[0], mbSamples, &src[0], n, width, uint64(r.mul), uint64(r.add))
		return
	}
	limitRowGeneric(dst, src, n, width, r)
}

func rgbaRows(luma, chroma, row0, row1 []byte, n int) {
	if useAVX2 {
		o := (n - 1) * mbSamples
		_, _, _, _ = luma[o+31], chroma[o+15], row0[64*n-1], row1[64*n-1]
		rgbaRowsAVX2(&luma[0], &chroma[0], mbSamples, &row0[0], &row1[0], n)
		return
	}
	rgbaRowsGeneric(luma, chroma, row0, row1, n)
}

func idctBlock(dst []byte, dstStride int, pred []byte, predStride int, lev *[16]int16, q *[16]uint16) {
	if useAVX2 {
		_, _ = dst[3*dstStride+3], pred[3*predStride+3]
		idctBlockAVX2(&dst[0], dstStride, &pred[0], predStride, &lev[0], &q[0])
		return
	}
	idctBlockGeneric(dst, dstStride, pred, predStride, lev, q)
}
