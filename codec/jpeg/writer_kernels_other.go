//go:build !amd64 || purego

package jpeg

// fdctQuantize transforms and quantizes the len(coef) blocks that lie side by
// side at src, whose rows are stride apart. Bit k of mask[i] is set when the
// coefficient at zig-zag index k of block i is not zero. raw receives the
// coefficients as they were, times 8.
func fdctQuantize(coef, raw []coefBlock, mask []uint64, src []byte, stride int, q *quantizer) {
	fdctQuantizeGeneric(coef, raw, mask, src, stride, q)
}

// rowToY sets y to the luma of a row of 4-byte pixels.
func rowToY(y, row []byte) { rowToYGeneric(y, row) }

// rowToChroma sets cb and cr to the chroma of a row of 4-byte pixels.
func rowToChroma(cb, cr, row []byte) { rowToChromaGeneric(cb, cr, row) }

// rowsToHalfChroma sets cb and cr to the chroma of the mean of each 2x2 pixels
// of the rows a and b; a column too many counts twice.
func rowsToHalfChroma(cb, cr, a, b []byte) { rowsToHalfChromaGeneric(cb, cr, a, b) }
