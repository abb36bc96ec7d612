//go:build !purego

package jpeg

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -kernels idct -out ../idct_amd64.s -stubs ../idct_amd64.go -pkg jpeg
//go:generate go run -C _asm . -kernels color -out ../color_amd64.s -stubs ../color_amd64.go -pkg jpeg

// useAVX2 chooses the kernels. Tests switch it off to compare.
var useAVX2 = cpu.X86.HasAVX2

// inverse -> idct1AVX2 ... idct8AVX2 | inverseGeneric
//
// It writes the samples of the blocks in coef side by side to dst: n rows, stride apart, of n
// samples for each block. coef has the blocks one after the other, each cols(n) x cols(n) quantized
// coefficients in natural order; q their steps in the same order. The number of blocks is a
// multiple of 8. Up to margin bytes may be written behind the last sample of each row.
func inverse(n int, dst []byte, stride int, coef []int16, q *steps) {
	if !useAVX2 {
		inverseGeneric(n, dst, stride, coef, q)
		return
	}
	c := cols(n)
	count := len(coef) / (c * c)
	if count == 0 {
		return
	}
	_, _ = dst[(n-1)*stride+n*count+margin-1], coef[count*c*c-1]
	d, k := &dst[0], &coef[0]
	switch n {
	case 1:
		idct1AVX2(d, stride, k, &q[0], count)
	case 2:
		idct2AVX2(d, stride, k, &q[0], count)
	case 3:
		idct3AVX2(d, stride, k, &q[0], count)
	case 4:
		idct4AVX2(d, stride, k, &q[0], count)
	case 5:
		idct5AVX2(d, stride, k, &q[0], count)
	case 6:
		idct6AVX2(d, stride, k, &q[0], count)
	case 7:
		idct7AVX2(d, stride, k, &q[0], count)
	case 8:
		idct8AVX2(d, stride, k, &q[0], count)
	}
}

// ycbcrToRGBA -> ycbcrToRGBAAVX2, and the loop in YCbCrToRGBA for what it leaves: it returns how
// many samples are done.
func ycbcrToRGBA(dst, y, cb, cr []byte) int {
	groups := len(y) / 8
	if !useAVX2 || groups == 0 {
		return 0
	}
	n := 8 * groups
	_, _, _ = dst[4*n-1], cb[n-1], cr[n-1]
	ycbcrToRGBAAVX2(&dst[0], &y[0], &cb[0], &cr[0], groups)
	return n
}
