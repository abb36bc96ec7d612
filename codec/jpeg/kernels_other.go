//go:build !amd64 || purego

package jpeg

const useAVX2 = false

// inverse writes the samples of the blocks in coef to dst, side by side: n rows, stride apart, each
// with n samples of every block. coef has the blocks one after the other; each has cols(n) x
// cols(n) quantized coefficients in natural order, and q has their steps in the same order. The
// number of blocks is a multiple of 8. Up to margin bytes may be written after the last sample of
// each row.
func inverse(n int, dst []byte, stride int, coef []int16, q *steps) {
	inverseGeneric(n, dst, stride, coef, q)
}

// ycbcrToRGBA leaves all samples to the loop in YCbCrToRGBA.
func ycbcrToRGBA(dst, y, cb, cr []byte) int { return 0 }

// fdctQuantize transforms and quantizes the len(coef) blocks that lie side by side at src, whose
// rows are stride apart. Bit k of mask[i] is set when the coefficient at zig-zag index k of block i
// is not zero. raw receives 8 times the coefficients before quantization.
func fdctQuantize(coef, raw []coefBlock, mask []uint64, src []byte, stride int, q *quantizer) {
	fdctQuantizeGeneric(coef, raw, mask, src, stride, q)
}

// rowToY sets y to the luma of a row of 4-byte pixels.
func rowToY(y, row []byte) { rowToYGeneric(y, row) }

// rowToChroma sets cb and cr to the chroma of a row of 4-byte pixels.
func rowToChroma(cb, cr, row []byte) { rowToChromaGeneric(cb, cr, row) }

// rowsToHalfChroma sets cb and cr to the chroma of the mean of each 2x2 pixels of the rows a and b.
// If the number of columns is odd, the last column counts twice.
func rowsToHalfChroma(cb, cr, a, b []byte) { rowsToHalfChromaGeneric(cb, cr, a, b) }
