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

// unfilter reconstructs a scanline. src holds the filtered bytes, prev the reconstructed scanline
// above (zeros above the first), and dst gets the result. The three have the same length. bpp is
// the number of bytes of a pixel, at least 1.
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

// The functions below reconstruct a scanline of one filter type. All but unfilterUpGeneric begin at
// dst[from]: an AVX2 kernel has written dst[:from], a whole number of pixels.

// unfilterSubGeneric reconstructs dst[from:] for the filter Sub.
func unfilterSubGeneric(dst, src []byte, bpp, from int) {
	rest := max(min(bpp, len(dst)), from) // from here on there is a pixel to the left
	copy(dst[from:rest], src[from:rest])
	for i := rest; i < len(dst); i++ {
		dst[i] = src[i] + dst[i-bpp]
	}
}

// unfilterUpGeneric reconstructs dst for the filter Up.
func unfilterUpGeneric(dst, src, prev []byte) {
	i := 0
	for ; i+8 <= len(dst); i += 8 {
		// Eight sums at once. The high bits are added apart, so that no sum carries into the next.
		const high = 0x8080808080808080
		a, b := binary.LittleEndian.Uint64(src[i:]), binary.LittleEndian.Uint64(prev[i:])
		binary.LittleEndian.PutUint64(dst[i:], ((a&^high)+(b&^high))^((a^b)&high))
	}
	for ; i < len(dst); i++ {
		dst[i] = src[i] + prev[i]
	}
}

// unfilterAverageGeneric reconstructs dst[from:] for the filter Average.
func unfilterAverageGeneric(dst, src, prev []byte, bpp, from int) {
	rest := max(min(bpp, len(dst)), from) // from here on there is a pixel to the left
	for i := from; i < rest; i++ {
		dst[i] = src[i] + prev[i]/2
	}
	for i := rest; i < len(dst); i++ {
		dst[i] = src[i] + byte((int(dst[i-bpp])+int(prev[i]))/2)
	}
}

// unfilterPaethGeneric reconstructs dst[from:] for the filter Paeth.
func unfilterPaethGeneric(dst, src, prev []byte, bpp, from int) {
	if from == 0 && bpp == 3 {
		unfilterPaeth3(dst, src, prev)
		return
	}
	if from == 0 && bpp == 4 {
		unfilterPaeth4(dst, src, prev)
		return
	}
	rest := max(min(bpp, len(dst)), from) // from here on there is a pixel to the left
	for i := from; i < rest; i++ {
		dst[i] = src[i] + prev[i]
	}
	for i := rest; i < len(dst); i++ {
		dst[i] = src[i] + byte(paeth(int32(dst[i-bpp]), int32(prev[i]), int32(prev[i-bpp])))
	}
}

// paeth returns the prediction of section 9.4: of a (to the left), b (above) and c (upper left) the
// one that is nearest to a+b-c, or the first of the nearest ones. This takes only two comparisons:
// of t = 3c-(a+b) with the smaller and with the larger of a and b.
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

// unfilterPaeth3 is unfilterPaethGeneric for bpp 3 and from 0. The three predictions of a pixel do
// not depend on each other, so that a processor can compute them at the same time.
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

// unfilterPaeth4 is like unfilterPaeth3, for bpp 4.
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
