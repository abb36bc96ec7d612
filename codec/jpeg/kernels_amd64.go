//go:build !purego

package jpeg

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -kernels idct -out ../idct_amd64.s -stubs ../idct_amd64.go -pkg jpeg
//go:generate go run -C _asm . -kernels color -out ../color_amd64.s -stubs ../color_amd64.go -pkg jpeg
//go:generate go run -C _asm . -kernels fdct -out ../fdct_amd64.s -stubs ../fdct_amd64.go -pkg jpeg

// useAVX2 chooses the kernels. Tests switch it off to compare.
var useAVX2 = cpu.X86.HasAVX2

// inverse writes the samples of the blocks in coef to dst, side by side: n rows, stride bytes
// apart, each with n samples of every block. coef has the blocks one after the other. Each block
// has cols(n) x cols(n) quantized coefficients in natural order, and q has their quantization steps
// in the same order. The number of blocks is a multiple of 8. Up to margin bytes may be written
// after the last sample of each row.
//
//	inverse -> idct1AVX2 ... idct8AVX2 | inverseGeneric
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
	// The AVX2 kernels do not check bounds, so the functions of this file do.
	_, _ = dst[(n-1)*stride+n*count+margin-1], coef[count*c*c-1]
	d, c0 := &dst[0], &coef[0]
	switch n {
	case 1:
		idct1AVX2(d, stride, c0, &q[0], count)
	case 2:
		idct2AVX2(d, stride, c0, &q[0], count)
	case 3:
		idct3AVX2(d, stride, c0, &q[0], count)
	case 4:
		idct4AVX2(d, stride, c0, &q[0], count)
	case 5:
		idct5AVX2(d, stride, c0, &q[0], count)
	case 6:
		idct6AVX2(d, stride, c0, &q[0], count)
	case 7:
		idct7AVX2(d, stride, c0, &q[0], count)
	case 8:
		idct8AVX2(d, stride, c0, &q[0], count)
	}
}

// ycbcrToRGBA converts the first samples by AVX2, if useAVX2 is set, and returns how many they are.
// The loop in YCbCrToRGBA converts the others.
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

// fdctQuantize transforms and quantizes the len(coef) blocks of samples that lie side by side in
// src, in rows that are stride bytes apart. coef receives the quantized coefficients, and raw 8
// times the coefficients before quantization. Bit k of mask[i] is set when the quantized
// coefficient of block i at zig-zag index k is not zero.
func fdctQuantize(coef, raw []coefBlock, mask []uint64, src []byte, stride int, q *quantizer) {
	if pairs := len(coef) / 2; useAVX2 && pairs > 0 {
		n := 2 * pairs
		_, _, _ = raw[n-1], mask[n-1], src[7*stride+8*n-1]
		fdctQuantizeAVX2(&coef[0][0], &raw[0][0], &mask[0], &src[0], stride, &q.bias[0], &q.reciprocal[0], pairs)
		if n == len(coef) {
			return
		}
		// One block is left.
		coef, raw, mask, src = coef[n:], raw[n:], mask[n:], src[8*n:]
	}
	fdctQuantizeGeneric(coef, raw, mask, src, stride, q)
}

// rowToY writes the luma of a row of 4-byte pixels to y.
func rowToY(y, row []byte) {
	if groups := len(y) / 8; useAVX2 && groups > 0 {
		_ = row[32*groups-1]
		rowToYAVX2(&y[0], &row[0], groups)
		y, row = y[8*groups:], row[32*groups:]
	}
	rowToYGeneric(y, row)
}

// rowToChroma writes the chroma of a row of 4-byte pixels to cb and cr.
func rowToChroma(cb, cr, row []byte) {
	if groups := len(cb) / 8; useAVX2 && groups > 0 {
		_, _ = cr[8*groups-1], row[32*groups-1]
		rowToChromaAVX2(&cb[0], &cr[0], &row[0], groups)
		cb, cr, row = cb[8*groups:], cr[8*groups:], row[32*groups:]
	}
	rowToChromaGeneric(cb, cr, row)
}

// rowsToHalfChroma writes the chroma of two rows of 4-byte pixels, a and b, to cb and cr: each
// sample is that of the mean of 2x2 pixels. If the number of columns is odd, the last column counts
// twice.
func rowsToHalfChroma(cb, cr, a, b []byte) {
	if groups := len(a) / 32; useAVX2 && groups > 0 {
		_, _, _ = cb[4*groups-1], cr[4*groups-1], b[32*groups-1]
		rowsToHalfChromaAVX2(&cb[0], &cr[0], &a[0], &b[0], groups)
		cb, cr, a, b = cb[4*groups:], cr[4*groups:], a[32*groups:], b[32*groups:]
	}
	rowsToHalfChromaGeneric(cb, cr, a, b)
}
