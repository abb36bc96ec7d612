package png

// This file implements filtering, PNG specification section 9, and the choice of a filter for each
// scanline, section 12.7.

// filterRow writes the filtered scanline without its filter type. All have the same length; for the
// first scanline, prev is all zeros.
func filterRow(filter byte, dst, cur, prev []byte, bpp int) {
	n := len(dst)
	cur, prev = cur[:n], prev[:n]
	from := filterKernel(filter, dst, cur, prev, bpp)
	filterGeneric(filter, dst, cur, prev, bpp, 0, min(bpp, n))
	filterGeneric(filter, dst, cur, prev, bpp, max(from, min(bpp, n)), n)
}

// filterGeneric filters the bytes cur[from:to]. They lie either all within the first pixel or all
// behind it.
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

// A strategy says how filters are chosen: a value below stratSum is one filter for all scanlines.
type strategy int

// stratSum takes for each scanline the filter with the smallest sum of absolute differences, as the
// specification recommends.
const stratSum strategy = 5

// A scanlines is a picture in the form that is compressed.
type scanlines struct {
	pix    []byte // h scanlines of stride bytes
	stride int
	h      int
	bpp    int // bytes of a pixel, at least 1
}

// appendFiltered appends scanlines y0 to y1, each after its filter type.
func (s *scanlines) appendFiltered(dst []byte, y0, y1 int, strat strategy) []byte {
	zeros := make([]byte, s.stride)
	for y := y0; y < y1; y++ {
		row, above := s.row(y), zeros
		if y > 0 {
			above = s.row(y - 1)
		}
		filter := byte(strat)
		if strat == stratSum {
			filter = leastSum(row, above, s.bpp)
		}
		n := len(dst)
		dst = append(append(dst, filter), row...)
		if filter != ftNone {
			filterRow(filter, dst[n+1:], row, above, s.bpp)
		}
	}
	return dst
}

// leastSum returns the first of the filters with the smallest sum of absolute differences.
func leastSum(cur, prev []byte, bpp int) byte {
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

// filterSumsGeneric filters cur[from:] with each filter, and adds the absolute values of the
// filtered bytes to the filter's sum.
func filterSumsGeneric(sums *[5]uint64, cur, prev []byte, bpp, from int) {
	prev = prev[:len(cur)]
	add := func(f int, v byte) {
		d := int8(v)
		sums[f] += uint64(max(int(d), -int(d)))
	}
	for i := from; i < len(cur); i++ {
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

func (s *scanlines) row(y int) []byte { return s.pix[y*s.stride:][:s.stride] }
