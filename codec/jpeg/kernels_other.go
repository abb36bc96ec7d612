//go:build !amd64 || purego

package jpeg

const useAVX2 = false

// inverse writes the samples of the blocks in coef side by side to dst: n rows, stride apart, of n
// samples for each block. coef has the blocks one after the other, each cols(n) x cols(n) quantized
// coefficients in natural order; q their steps in the same order. The number of blocks is a
// multiple of 8. Up to margin bytes may be written behind the last sample of each row.
func inverse(n int, dst []byte, stride int, coef []int16, q *steps) {
	inverseGeneric(n, dst, stride, coef, q)
}

// ycbcrToRGBA leaves all to the loop in YCbCrToRGBA.
func ycbcrToRGBA(dst, y, cb, cr []byte) int { return 0 }
