package png

// This file implements filter reconstruction, PNG specification section 9.

import "encoding/binary"

// Filter types of section 9.2.
const (
	ftNone = iota
	ftSub
	ftUp
	ftAverage
	ftPaeth
)

// unfilter reconstructs a scanline: src holds the filtered bytes, prev the reconstructed scanline
// above (zeros above the first), dst takes the result. All have the same length; bpp is the bytes
// of a pixel, at least 1.
func unfilter(filter byte, dst, src, prev []byte, bpp int) error {
	n := len(dst)
	src, prev = src[:n], prev[:n]
	switch filter {
	case ftNone:
		copy(dst, src)
	case ftSub:
		unfilterSub(dst, src, bpp)
	case ftUp:
		unfilterUp(dst, src, prev)
	case ftAverage:
		unfilterAverage(dst, src, prev, bpp)
	case ftPaeth:
		unfilterPaeth(dst, src, prev, bpp)
	default:
		return FormatError{Msg: "filter type"}
	}
	return nil
}

// The kernels below begin at byte from, a whole number of pixels: the AVX2 kernels leave the ends
// of scanlines to them.

func unfilterSubGeneric(dst, src []byte, bpp, from int) {
	m := max(min(bpp, len(dst)), from)
	copy(dst[from:m], src[from:m])
	for i := m; i < len(dst); i++ {
		dst[i] = src[i] + dst[i-bpp]
	}
}

func unfilterUpGeneric(dst, src, prev []byte) {
	i := 0
	for ; i+8 <= len(dst); i += 8 {
		// Eight sums at once; the high bits are added apart, so that no sum carries into the next.
		const high = 0x8080808080808080
		a, b := binary.LittleEndian.Uint64(src[i:]), binary.LittleEndian.Uint64(prev[i:])
		binary.LittleEndian.PutUint64(dst[i:], (a&^high+b&^high)^(a^b)&high)
	}
	for ; i < len(dst); i++ {
		dst[i] = src[i] + prev[i]
	}
}

func unfilterAverageGeneric(dst, src, prev []byte, bpp, from int) {
	m := max(min(bpp, len(dst)), from)
	for i := from; i < m; i++ {
		dst[i] = src[i] + prev[i]/2
	}
	for i := m; i < len(dst); i++ {
		dst[i] = src[i] + byte((int(dst[i-bpp])+int(prev[i]))/2)
	}
}

func unfilterPaethGeneric(dst, src, prev []byte, bpp, from int) {
	if from == 0 && bpp == 3 {
		unfilterPaeth3(dst, src, prev)
		return
	}
	if from == 0 && bpp == 4 {
		unfilterPaeth4(dst, src, prev)
		return
	}
	m := max(min(bpp, len(dst)), from)
	for i := from; i < m; i++ {
		dst[i] = src[i] + prev[i]
	}
	for i := m; i < len(dst); i++ {
		dst[i] = src[i] + byte(paeth(int32(dst[i-bpp]), int32(prev[i]), int32(prev[i-bpp])))
	}
}

// paeth returns the prediction of section 9.4 for left, above and upper left: the one that is
// nearest to a+b-c, or the first of the nearest ones. With t = 3c-(a+b), the choice takes only
// comparisons of t with the smaller and the larger of a and b.
func paeth(a, b, c int32) int32 {
	t := 3*c - (a + b)
	lo, hi := min(a, b), max(a, b)
	p := c
	if hi <= t {
		p = lo
	}
	if t <= lo {
		p = hi
	}
	return p
}

// With the pixel's bytes side by side, three or four predictions run at once.

func unfilterPaeth3(dst, src, prev []byte) {
	var a0, a1, a2, c0, c1, c2 int32
	for len(dst) >= 3 && len(src) >= 3 && len(prev) >= 3 {
		b0, b1, b2 := int32(prev[0]), int32(prev[1]), int32(prev[2])
		a0 = (int32(src[0]) + paeth(a0, b0, c0)) & 255
		a1 = (int32(src[1]) + paeth(a1, b1, c1)) & 255
		a2 = (int32(src[2]) + paeth(a2, b2, c2)) & 255
		dst[0], dst[1], dst[2] = byte(a0), byte(a1), byte(a2)
		c0, c1, c2 = b0, b1, b2
		dst, src, prev = dst[3:], src[3:], prev[3:]
	}
}

func unfilterPaeth4(dst, src, prev []byte) {
	var a0, a1, a2, a3, c0, c1, c2, c3 int32
	for len(dst) >= 4 && len(src) >= 4 && len(prev) >= 4 {
		b0, b1, b2, b3 := int32(prev[0]), int32(prev[1]), int32(prev[2]), int32(prev[3])
		a0 = (int32(src[0]) + paeth(a0, b0, c0)) & 255
		a1 = (int32(src[1]) + paeth(a1, b1, c1)) & 255
		a2 = (int32(src[2]) + paeth(a2, b2, c2)) & 255
		a3 = (int32(src[3]) + paeth(a3, b3, c3)) & 255
		dst[0], dst[1], dst[2], dst[3] = byte(a0), byte(a1), byte(a2), byte(a3)
		c0, c1, c2, c3 = b0, b1, b2, b3
		dst, src, prev = dst[4:], src[4:], prev[4:]
	}
}
