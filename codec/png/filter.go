// This file implements filtering, PNG specification section 9, and the choice of a filter for each scanline, section 12.7.

package png

import "math"

// filterRow writes the filtered scanline without its type. All have the same length; prev is zeros above the first scanline.
func filterRow(filter byte, dst, cur, prev []byte, bpp int) {
	n := len(dst)
	cur, prev = cur[:n], prev[:n]
	m := min(bpp, n)
	switch filter {
	case ftNone:
		copy(dst, cur)
	case ftSub:
		copy(dst[:m], cur)
		for i := m; i < n; i++ {
			dst[i] = cur[i] - cur[i-bpp]
		}
	case ftUp:
		for i, v := range cur {
			dst[i] = v - prev[i]
		}
	case ftAverage:
		for i := range m {
			dst[i] = cur[i] - prev[i]/2
		}
		for i := m; i < n; i++ {
			dst[i] = cur[i] - byte((int(cur[i-bpp])+int(prev[i]))/2)
		}
	case ftPaeth:
		for i := range m {
			dst[i] = cur[i] - prev[i]
		}
		for i := m; i < n; i++ {
			dst[i] = cur[i] - byte(paeth(int32(cur[i-bpp]), int32(prev[i]), int32(prev[i-bpp])))
		}
	}
}

// A strategy decides on filters: below stratSum one filter for all scanlines.
type strategy int

const (
	stratSum  strategy = 5 + iota // the smallest sum of absolute differences, the specification's own advice
	stratBits                     // the fewest bits under one order-0 code for the whole picture
)

// A scanlines is a picture in the form that gets compressed.
type scanlines struct {
	pix    []byte // h scanlines of stride bytes
	stride int
	h      int
	bpp    int // bytes of a pixel, at least 1
}

// filtered returns scanlines y0 to y1, each after its filter type.
func (s *scanlines) filtered(dst []byte, y0, y1 int, strat strategy) []byte {
	dst = dst[:0]
	if strat < stratSum {
		for y := y0; y < y1; y++ {
			n := len(dst)
			dst = append(dst, byte(strat))
			dst = append(dst, s.row(y)...)
			filterRow(byte(strat), dst[n+1:], s.row(y), s.above(y), s.bpp)
		}
		return dst
	}
	cost := absoluteCost()
	if strat == stratBits {
		// The code is that of the picture filtered by the other rule.
		s.choose(y0, y1, cost, func(row []byte) { dst = append(dst, row...) })
		cost = orderZeroCost(dst)
		dst = dst[:0]
	}
	s.choose(y0, y1, cost, func(row []byte) { dst = append(dst, row...) })
	return dst
}

// choose gives each scanline the filter that costs least, its type included.
func (s *scanlines) choose(y0, y1 int, cost *[256]uint32, keep func(row []byte)) {
	buf := make([]byte, 5*(s.stride+1))
	for y := y0; y < y1; y++ {
		best, least := 0, uint64(math.MaxUint64)
		for f := range 5 {
			row := buf[f*(s.stride+1):][:s.stride+1]
			row[0] = byte(f)
			filterRow(byte(f), row[1:], s.row(y), s.above(y), s.bpp)
			if sum := total(row, cost); sum < least {
				best, least = f, sum
			}
		}
		keep(buf[best*(s.stride+1):][:s.stride+1])
	}
}

// total sums the costs of a row. One of 2^28 bytes would not overflow it.
func total(row []byte, cost *[256]uint32) (sum uint64) {
	for _, v := range row {
		sum += uint64(cost[v])
	}
	return sum
}

func absoluteCost() *[256]uint32 {
	var cost [256]uint32
	for v := range cost {
		d := int(int8(v))
		cost[v] = uint32(max(d, -d))
	}
	return &cost
}

// orderZeroCost is the length of each byte's code, in 1/256 bit, were b coded by its own frequencies.
func orderZeroCost(b []byte) *[256]uint32 {
	var count [256]int
	for _, v := range b {
		count[v]++
	}
	var cost [256]uint32
	for v, n := range count {
		cost[v] = uint32(256 * math.Log2(float64(len(b)+256)/float64(n+1)))
	}
	return &cost
}

func (s *scanlines) row(y int) []byte { return s.pix[y*s.stride:][:s.stride] }

func (s *scanlines) above(y int) []byte {
	if y == 0 {
		return make([]byte, s.stride)
	}
	return s.row(y - 1)
}
