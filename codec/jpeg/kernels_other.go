//go:build !amd64 || purego

package jpeg

const useAVX2 = false

// inverse writes the samples of the blocks in coef to dst, side by side: n rows, stride bytes
// apart, each with n samples of every block. coef has the blocks one after the other. Each block
// has cols(n) x cols(n) quantized coefficients in natural order, and q has their quantization steps
// in the same order. The number of blocks is a multiple of 8. Up to margin bytes may be written
// after the last sample of each row.
func inverse(n int, dst []byte, stride int, coef []int16, q *steps) {
	inverseGeneric(n, dst, stride, coef, q)
}

// ycbcrToRGBA leaves all samples to the loop in YCbCrToRGBA.
func ycbcrToRGBA(dst, y, cb, cr []byte) int { return 0 }

// fdctQuantize transforms and quantizes the len(coef) blocks of samples that lie side by side in
// src, in rows that are stride bytes apart. coef receives the quantized coefficients, and raw 8
// times the coefficients before quantization. Bit k of mask[i] is set when the quantized
// coefficient of block i at zig-zag index k is not zero.
func fdctQuantize(coef, raw []coefBlock, mask []uint64, src []byte, stride int, q *quantizer) {
	fdctQuantizeGeneric(coef, raw, mask, src, stride, q)
}

// rowToY writes the luma of a row of 4-byte pixels to y.
func rowToY(y, row []byte) { rowToYGeneric(y, row) }

// rowToChroma writes the chroma of a row of 4-byte pixels to cb and cr.
func rowToChroma(cb, cr, row []byte) { rowToChromaGeneric(cb, cr, row) }

// rowsToHalfChroma writes the chroma of two rows of 4-byte pixels, a and b, to cb and cr: each
// sample is that of the mean of 2x2 pixels. If the number of columns is odd, the last column counts
// twice.
func rowsToHalfChroma(cb, cr, a, b []byte) { rowsToHalfChromaGeneric(cb, cr, a, b) }
