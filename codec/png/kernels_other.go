//go:build !amd64 || purego

package png

// This file has the functions of kernels_amd64.go for builds without AVX2 kernels.

func unfilterSub(dst, src []byte, bpp int)           { unfilterSubGeneric(dst, src, bpp, 0) }
func unfilterUp(dst, src, prev []byte)               { unfilterUpGeneric(dst, src, prev) }
func unfilterAverage(dst, src, prev []byte, bpp int) { unfilterAverageGeneric(dst, src, prev, bpp, 0) }
func unfilterPaeth(dst, src, prev []byte, bpp int)   { unfilterPaethGeneric(dst, src, prev, bpp, 0) }

func filterSums(sums *[5]uint64, cur, prev []byte, bpp int) {
	filterSumsGeneric(sums, cur, prev, bpp, 0)
}

func filterByKernel(filter byte, dst, cur, prev []byte, bpp int) int { return 0 }

func (a *adler) update(b []byte) { a.updateGeneric(b) }

func (f *inflater) decodeByTables(p, o int, acc uint64, nb uint, safe, limit int) (int, int, uint64, uint) {
	return p, o, acc, nb
}
