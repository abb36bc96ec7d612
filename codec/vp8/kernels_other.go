//go:build !amd64 || purego

package vp8

// This file replaces kernels_amd64.go where there is no assembly.

func fdctStrips(dst []int16, src, pred []byte, n int) { fdctStripsGeneric(dst, src, pred, n) }

func quantizeBlocks(lev, coef, ref []int16, refStep int, m *quantMatrix, stats *blockStats, n int) {
	quantizeBlocksGeneric(lev, coef, ref, refStep, m, stats, n)
}

func texture(dst *[24]uint32, ref *[24 * 16]int16) { textureGeneric(dst, ref) }

func predict4(dst *[192]byte, lo, hi uint64) { predict4Generic(dst, lo, hi) }

func fdctBlock(dst []int16, src, pred []byte, n int) { fdctBlockGeneric(dst, src, pred, n) }

func limitRow(dst, src []byte, n, width int, r rangeMap) { limitRowGeneric(dst, src, n, width, r) }

func rgbaRows(luma, chroma, row0, row1 []byte, n int) { rgbaRowsGeneric(luma, chroma, row0, row1, n) }

func idctBlock(dst []byte, dstStride int, pred []byte, predStride int, lev *[16]int16, q *[16]uint16) {
	idctBlockGeneric(dst, dstStride, pred, predStride, lev, q)
}
