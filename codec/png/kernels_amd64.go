//go:build !purego

package png

// This file chooses between the AVX2 kernels of kernels_amd64.s and the generic functions. Both
// make the same bytes. The kernels check no bounds. A statement such as _ = src[n-1] panics before
// a kernel would go past the end of src.

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../stub_amd64.go -pkg png

var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI2

// kernelPixels returns how many pixels of a scanline of n bytes the AVX2 kernels may reconstruct.
// For each pixel they load and store 4 or 8 bytes, which may go beyond the pixel. The generic
// function for the remaining pixels runs afterwards, and overwrites what was stored beyond the last
// pixel of the kernel. There are no kernels for a bpp of 1.
func kernelPixels(n, bpp int) int {
	load := 4
	if bpp > 4 {
		load = 8
	}
	if !useAVX2 || bpp == 1 || n < load {
		return 0
	}
	return (n-load)/bpp + 1 // the last one begins at most at n-load
}

// unfilterSub reverses the filter Sub (section 9.2) of one scanline.
func unfilterSub(dst, src []byte, bpp int) {
	n := kernelPixels(len(dst), bpp)
	if n > 0 {
		_ = src[len(dst)-1]
		d, s, p := &dst[0], &src[0], (*byte)(nil) // these kernels do not use prev
		switch bpp {
		case 2:
			unfilterSub2AVX2(d, s, p, n)
		case 3:
			unfilterSub3AVX2(d, s, p, n)
		case 4:
			unfilterSub4AVX2(d, s, p, n)
		case 6:
			unfilterSub6AVX2(d, s, p, n)
		case 8:
			unfilterSub8AVX2(d, s, p, n)
		}
	}
	unfilterSubGeneric(dst, src, bpp, n*bpp)
}

// unfilterUp reverses the filter Up of one scanline.
func unfilterUp(dst, src, prev []byte) {
	n := 0
	if useAVX2 && len(dst) >= 32 {
		n = len(dst) &^ 31
		_, _ = src[n-1], prev[n-1]
		unfilterUpAVX2(&dst[0], &src[0], &prev[0], n)
	}
	unfilterUpGeneric(dst[n:], src[n:], prev[n:])
}

// unfilterAverage reverses the filter Average of one scanline.
func unfilterAverage(dst, src, prev []byte, bpp int) {
	n := kernelPixels(len(dst), bpp)
	if n > 0 {
		_, _ = src[len(dst)-1], prev[len(dst)-1]
		d, s, p := &dst[0], &src[0], &prev[0]
		switch bpp {
		case 2:
			unfilterAverage2AVX2(d, s, p, n)
		case 3:
			unfilterAverage3AVX2(d, s, p, n)
		case 4:
			unfilterAverage4AVX2(d, s, p, n)
		case 6:
			unfilterAverage6AVX2(d, s, p, n)
		case 8:
			unfilterAverage8AVX2(d, s, p, n)
		}
	}
	unfilterAverageGeneric(dst, src, prev, bpp, n*bpp)
}

// unfilterPaeth reverses the filter Paeth of one scanline.
func unfilterPaeth(dst, src, prev []byte, bpp int) {
	n := kernelPixels(len(dst), bpp)
	if n > 0 {
		_, _ = src[len(dst)-1], prev[len(dst)-1]
		d, s, p := &dst[0], &src[0], &prev[0]
		switch bpp {
		case 2:
			unfilterPaeth2AVX2(d, s, p, n)
		case 3:
			unfilterPaeth3AVX2(d, s, p, n)
		case 4:
			unfilterPaeth4AVX2(d, s, p, n)
		case 6:
			unfilterPaeth6AVX2(d, s, p, n)
		case 8:
			unfilterPaeth8AVX2(d, s, p, n)
		}
	}
	unfilterPaethGeneric(dst, src, prev, bpp, n*bpp)
}

// filterSums filters a scanline with each filter type f, and adds the absolute values of the
// filtered bytes, as signed numbers, to sums[f].
func filterSums(sums *[5]uint64, cur, prev []byte, bpp int) {
	rest := 0 // position of the bytes that follow those of the kernel
	if useAVX2 && len(cur) >= bpp+32 {
		n := (len(cur) - bpp) &^ 31
		_ = prev[len(cur)-1]
		filterSumsAVX2(&cur[bpp], &cur[0], &prev[bpp], &prev[0], n, sums)
		filterSumsGeneric(sums, cur[:bpp], prev[:bpp], bpp, 0)
		rest = bpp + n
	}
	filterSumsGeneric(sums, cur, prev, bpp, rest)
}

// filterByKernel filters cur into dst from the second pixel on. It returns the position after the
// bytes that it filtered, or 0 if it filtered none.
func filterByKernel(filter byte, dst, cur, prev []byte, bpp int) int {
	if !useAVX2 || len(cur) < bpp+32 || filter == ftNone {
		return 0
	}
	n := (len(cur) - bpp) &^ 31
	_, _ = dst[len(cur)-1], prev[len(cur)-1]
	d, x := &dst[bpp], &cur[bpp]
	a, b, c := &cur[0], &prev[bpp], &prev[0] // left of x, above x, above a
	switch filter {
	case ftSub:
		filterSubAVX2(d, x, a, n)
	case ftUp:
		filterSubAVX2(d, x, b, n) // x-b, as Sub is x-a
	case ftAverage:
		filterAverageAVX2(d, x, a, b, n)
	case ftPaeth:
		filterPaethAVX2(d, x, a, b, c, n)
	}
	return bpp + n
}

// update adds b to the checksum.
func (a *adler) update(b []byte) {
	for useAVX2 && len(b) >= 32 {
		n := min(len(b)&^31, adlerMax)
		adlerAVX2(&b[0], n, (*[2]uint32)(a))
		a[0] %= adlerMod
		a[1] %= adlerMod
		b = b[n:]
	}
	a.updateGeneric(b)
}

// decodeByTables decodes literals and matches with an AVX2 kernel, if there is one. It ends when
// p > safe or o >= limit, before the end of the block, or before a symbol that the tables do not
// have. It returns the new p, o, acc and nb.
func (f *inflater) decodeByTables(p, o int, acc uint64, nb uint, safe, limit int) (int, int, uint64, uint) {
	if !useAVX2 || p > safe || o >= limit {
		return p, o, acc, nb
	}
	_, _ = f.in[safe+inMargin-1], f.out[limit+outPad-1]
	s := [6]uint64{uint64(p), uint64(o), acc, uint64(nb), uint64(safe), uint64(limit)}
	symbolsAVX2(&f.lit[0], &f.dist[0], &f.in[0], &f.out[0], &s)
	return int(s[0]), int(s[1]), s[2], uint(s[3])
}
