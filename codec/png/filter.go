package png

// This file implements filtering, PNG specification section 9, and the choice of a filter for each
// scanline, section 12.7.

// filterRow filters the scanline cur into dst, which has no byte for the filter type. prev is the
// scanline above, or zeros. The three have the same length. bpp is the number of bytes of a pixel,
// at least 1.
func filterRow(filter byte, dst, cur, prev []byte, bpp int) {
	n := len(dst)
	cur, prev = cur[:n], prev[:n]
	rest := filterByKernel(filter, dst, cur, prev, bpp) // position after what the kernel did, or 0
	second := min(bpp, n)                               // position of the second pixel
	filterGeneric(filter, dst, cur, prev, bpp, 0, second)
	filterGeneric(filter, dst, cur, prev, bpp, max(rest, second), n)
}

// filterGeneric filters cur[from:to] into dst[from:to]. The bytes lie either all within the first
// pixel or all after it.
func filterGeneric(filter byte, dst, cur, prev []byte, bpp, from, to int) {
	if to <= bpp { // no pixel to the left
		for i := from; i < to; i++ {
			switch filter {
			case ftUp, ftPaeth:
				dst[i] = cur[i] - prev[i]
			case ftAverage:
				dst[i] = cur[i] - prev[i]/2
			default:
				dst[i] = cur[i]
			}
		}
		return
	}
	switch filter {
	case ftNone:
		copy(dst[from:to], cur[from:])
	case ftSub:
		for i := from; i < to; i++ {
			dst[i] = cur[i] - cur[i-bpp]
		}
	case ftUp:
		for i := from; i < to; i++ {
			dst[i] = cur[i] - prev[i]
		}
	case ftAverage:
		for i := from; i < to; i++ {
			dst[i] = cur[i] - byte((int(cur[i-bpp])+int(prev[i]))/2)
		}
	case ftPaeth:
		for i := from; i < to; i++ {
			dst[i] = cur[i] - byte(paeth(int32(cur[i-bpp]), int32(prev[i]), int32(prev[i-bpp])))
		}
	}
}

// A strategy says how the filters of scanlines are chosen. It is stratSum, or a filter type that
// all scanlines get.
type strategy int

// stratSum chooses for each scanline the filter with the smallest sum of absolute differences, as
// the specification recommends. Its value follows the filter types 0 to 4.
const stratSum strategy = 5

// The type scanlines is a picture as PNG stores it, before filters.
type scanlines struct {
	pix    []byte // h scanlines of stride bytes
	stride int
	h      int
	bpp    int // bytes of a pixel, at least 1
}

// appendFiltered appends the filtered scanlines from y0 to y1-1, each after its filter type.
func (s *scanlines) appendFiltered(dst []byte, y0, y1 int, strat strategy) []byte {
	zeros := make([]byte, s.stride)
	for y := y0; y < y1; y++ {
		row, above := s.row(y), zeros
		if y > 0 {
			above = s.row(y - 1)
		}
		filter := byte(strat)
		if strat == stratSum {
			filter = filterOfLeastSum(row, above, s.bpp)
		}
		n := len(dst)
		dst = append(dst, filter)
		dst = append(dst, row...) // overwritten unless filter is ftNone
		if filter != ftNone {
			filterRow(filter, dst[n+1:], row, above, s.bpp)
		}
	}
	return dst
}

// filterOfLeastSum returns the filter type with the smallest sum of absolute differences for the
// scanline cur, the first if there are several.
func filterOfLeastSum(cur, prev []byte, bpp int) byte {
	var sums [5]uint64
	filterSums(&sums, cur, prev, bpp)
	best := 0
	for f, sum := range sums {
		if sum < sums[best] {
			best = f
		}
	}
	return byte(best)
}

// filterSumsGeneric filters cur[from:] with each filter type f, and adds the absolute values of the
// filtered bytes, as signed numbers, to sums[f].
func filterSumsGeneric(sums *[5]uint64, cur, prev []byte, bpp, from int) {
	prev = prev[:len(cur)]
	add := func(f int, v byte) {
		d := int8(v)
		sums[f] += uint64(max(int(d), -int(d)))
	}
	for i := from; i < len(cur); i++ {
		// x, a, b and c are those of section 9.2.
		x, b := cur[i], prev[i]
		var a, c byte
		if i >= bpp {
			a, c = cur[i-bpp], prev[i-bpp]
		}
		add(ftNone, x)
		add(ftSub, x-a)
		add(ftUp, x-b)
		add(ftAverage, x-byte((int(a)+int(b))/2))
		add(ftPaeth, x-byte(paeth(int32(a), int32(b), int32(c))))
	}
}

// row returns scanline y.
func (s *scanlines) row(y int) []byte { return s.pix[y*s.stride:][:s.stride] }
