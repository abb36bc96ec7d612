//go:build !purego

package png

// This file chooses between the kernels of kernel_amd64.s and the reference kernels; the bytes are the same.

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../stub_amd64.go -pkg png

var haveAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI2

func unfilterSub(dst, src []byte, bpp int) {
	n := len(dst)/bpp - 1 // the last pixel has no byte after it
	if !haveAVX2 || n < 1 || bpp != 3 && bpp != 4 {
		unfilterSubGeneric(dst, src, bpp, 0)
		return
	}
	_ = src[len(dst)-1]
	if bpp == 3 {
		unfilterSub3AVX2(&dst[0], &src[0], nil, n)
	} else {
		unfilterSub4AVX2(&dst[0], &src[0], nil, n)
	}
	unfilterSubGeneric(dst, src, bpp, n*bpp)
}

func unfilterUp(dst, src, prev []byte) {
	n := 0
	if haveAVX2 && len(dst) >= 32 {
		n = len(dst) &^ 31
		_, _ = src[n-1], prev[n-1]
		unfilterUpAVX2(&dst[0], &src[0], &prev[0], n)
	}
	unfilterUpGeneric(dst[n:], src[n:], prev[n:])
}

func unfilterAverage(dst, src, prev []byte, bpp int) {
	n := len(dst)/bpp - 1
	if !haveAVX2 || n < 1 || bpp != 3 && bpp != 4 {
		unfilterAverageGeneric(dst, src, prev, bpp, 0)
		return
	}
	_, _ = src[len(dst)-1], prev[len(dst)-1]
	if bpp == 3 {
		unfilterAverage3AVX2(&dst[0], &src[0], &prev[0], n)
	} else {
		unfilterAverage4AVX2(&dst[0], &src[0], &prev[0], n)
	}
	unfilterAverageGeneric(dst, src, prev, bpp, n*bpp)
}

func unfilterPaeth(dst, src, prev []byte, bpp int) {
	n := len(dst)/bpp - 1
	if !haveAVX2 || n < 1 || bpp != 3 && bpp != 4 {
		unfilterPaethGeneric(dst, src, prev, bpp, 0)
		return
	}
	_, _ = src[len(dst)-1], prev[len(dst)-1]
	if bpp == 3 {
		unfilterPaeth3AVX2(&dst[0], &src[0], &prev[0], n)
	} else {
		unfilterPaeth4AVX2(&dst[0], &src[0], &prev[0], n)
	}
	unfilterPaethGeneric(dst, src, prev, bpp, n*bpp)
}

// update adds b to the checksum.
func (a *adler) update(b []byte) {
	for haveAVX2 && len(b) >= 32 {
		n := min(len(b)&^31, adlerMax)
		adlerAVX2(&b[0], n, (*[2]uint32)(a))
		a[0] %= adlerMod
		a[1] %= adlerMod
		b = b[n:]
	}
	a.updateGeneric(b)
}

// tabled decodes symbols that the tables answer, or none, and returns p, o, acc and nb.
func (f *inflater) tabled(p, o int, acc uint64, nb uint, safe, limit int) (int, int, uint64, uint) {
	if !haveAVX2 || p > safe || o >= limit {
		return p, o, acc, nb
	}
	_, _ = f.in[safe+32-1], f.out[limit+outPad-1]
	s := [6]uint64{uint64(p), uint64(o), acc, uint64(nb), uint64(safe), uint64(limit)}
	symbolsAVX2(&f.lit[0], &f.dist[0], &f.in[0], &f.out[0], &s)
	return int(s[0]), int(s[1]), s[2], uint(s[3])
}
