package webp

// This file implements the refs that stand for pixels in VP8L, RFC 9649 sections 3.6.2 and 3.6.3:
// literals, color cache indices and copies. It also counts their symbols and computes their costs.

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

const (
	numLiterals  = 256
	numLengths   = 24
	numDistances = 40
	maxCopy      = 4096
	// The largest code of a distance is 2^20. The first 120 codes are for near pixels.
	maxDistance = 1<<20 - 120
)

// A ref stands for one or more pixels. If n is 0, it is a literal of color v. If n is 1, it is
// entry v of the color cache. If n is 2 or more, it is a copy of n pixels from the distance whose
// code is v.
type ref struct {
	v uint32
	n uint32
}

// prefixOf splits value, a length or the code of a distance, into a prefix symbol and the number
// extra, which follows the symbol in n bits (RFC 9649 3.6.2.1). value must be positive.
func prefixOf(value uint32) (sym, extra uint32, n uint) {
	v := value - 1
	if v < 4 {
		return v, 0, 0
	}
	high := uint(bits.Len32(v)) - 1
	second := v >> (high - 1) & 1
	return uint32(2*high) + second, v & (1<<(high-1) - 1), high - 1
}

// nearCodes holds, at [dy][dx+7], the code 1..120 of a distance of dx to the left and dy up (RFC
// 9649 3.6.2.2); 0 means that there is none. The codes are in the order of dx^2+dy^2, then |dx|,
// left first.
var nearCodes = sync.OnceValue(func() *[8][16]uint8 {
	var all []uint64 // dx^2+dy^2, |dx|, 8-dx and dy, from the highest bits down
	for dy := range 8 {
		for dx := -7; dx <= 8; dx++ {
			if dy == 0 && dx <= 0 || dy > 0 && dx == -8 {
				continue
			}
			all = append(all, uint64(dx*dx+dy*dy)<<24|uint64(max(dx, -dx))<<16|uint64(8-dx)<<8|uint64(dy))
		}
	}
	slices.Sort(all)
	t := new([8][16]uint8)
	for i, o := range all {
		t[o&255][15-o>>8&255] = uint8(i + 1) // 15-(8-dx) = dx+7
	}
	return t
})

// distanceCode returns the code of a distance in pixels. w is the width of the picture.
func distanceCode(distance, w int) uint32 {
	dy, dx := distance/w, distance%w
	near := nearCodes()
	if dx <= 8 && dy < 8 {
		if c := near[dy][dx+7]; c > 0 {
			return uint32(c)
		}
	}
	// Such a distance also leads to dy+1 rows up, and w-dx to the right.
	if dx >= w-7 && dy < 7 {
		if c := near[dy+1][dx-w+7]; c > 0 {
			return uint32(c)
		}
	}
	return uint32(distance + 120)
}

// cacheIndex returns the place of a color in a cache of 1<<bits entries, bits >= 1.
func cacheIndex(argb uint32, bits uint) uint32 { return argb * 0x1e35a7bd >> (32 - bits) }

// A histogram counts the symbols of the five prefix codes (RFC 9649 3.7.1).
type histogram struct {
	green            []uint32 // literals, lengths, cache indices
	red, blue, alpha [256]uint32
	distance         [numDistances]uint32
}

// newHistogram returns an empty histogram. The color cache has 1<<cacheBits entries; 0 means that
// there is no cache.
func newHistogram(cacheBits uint) *histogram {
	n := numLiterals + numLengths
	if cacheBits > 0 {
		n += 1 << cacheBits
	}
	return &histogram{green: make([]uint32, n)}
}

// add counts the symbols of r.
func (h *histogram) add(r ref) {
	switch r.n {
	case 0:
		h.green[r.v>>8&255]++
		h.red[r.v>>16&255]++
		h.blue[r.v&255]++
		h.alpha[r.v>>24]++
	case 1:
		h.green[numLiterals+numLengths+r.v]++
	default:
		sym, _, _ := prefixOf(r.n)
		h.green[numLiterals+sym]++
		sym, _, _ = prefixOf(r.v)
		h.distance[sym]++
	}
}

// merge adds o's counts.
func (h *histogram) merge(o *histogram) {
	for i, c := range o.green {
		h.green[i] += c
	}
	for i := range 256 {
		h.red[i] += o.red[i]
		h.blue[i] += o.blue[i]
		h.alpha[i] += o.alpha[i]
	}
	for i, c := range o.distance {
		h.distance[i] += c
	}
}

// entropyBits estimates the bits that the counted symbols and their code take. It adds to the
// entropy of the symbols about 5 bits for each symbol that occurs, for the length of its code. A
// single symbol takes no bits, and its code 4.
func entropyBits(counts []uint32) float64 {
	var sum, s float64 // sum of the counts; s becomes the entropy
	used := 0
	for _, c := range counts {
		if c > 0 {
			used++
			sum += float64(c)
			s -= xlog2(c)
		}
	}
	if used <= 1 {
		return 4
	}
	s += sum * math.Log2(sum)
	return s + 5*float64(used)
}

// xlog2 returns c log2(c). For small c it uses a table.
func xlog2(c uint32) float64 {
	if c < 1024 {
		return xlog2Table()[c]
	}
	return float64(c) * math.Log2(float64(c))
}

var xlog2Table = sync.OnceValue(func() *[1024]float64 {
	t := new([1024]float64)
	for i := 1; i < len(t); i++ {
		t[i] = float64(i) * math.Log2(float64(i))
	}
	return t
})

// bits returns the bits that the counted symbols take, estimated by entropyBits.
func (h *histogram) bits() float64 {
	return entropyBits(h.green) + entropyBits(h.red[:]) + entropyBits(h.blue[:]) + entropyBits(h.alpha[:]) + entropyBits(h.distance[:])
}

// costs holds the bits that each symbol takes.
type costs struct {
	green            []float32
	red, blue, alpha [256]float32
	distance         [numDistances]float32
	length           [maxCopy + 1]float32 // of a copy of so many pixels: its prefix symbol and extra bits, without the distance
}

// costOf sets dst to the bits that each symbol takes if the symbols occur as often as counts says.
func costOf(dst []float32, counts []uint32) {
	var sum float64
	for _, c := range counts {
		sum += float64(c)
	}
	// A symbol that did not occur costs as much as one that occurs half a time.
	log := math.Log2(sum + 1)
	for i, c := range counts {
		dst[i] = float32(log - math.Log2(max(float64(c), 0.5)))
	}
}

// newCosts returns the costs of symbols that occur as often as h says.
func newCosts(h *histogram) *costs {
	c := &costs{green: make([]float32, len(h.green))}
	costOf(c.green, h.green)
	costOf(c.red[:], h.red[:])
	costOf(c.blue[:], h.blue[:])
	costOf(c.alpha[:], h.alpha[:])
	costOf(c.distance[:], h.distance[:])
	for n := 2; n <= maxCopy; n++ {
		sym, _, extra := prefixOf(uint32(n))
		c.length[n] = c.green[numLiterals+sym] + float32(extra)
	}
	return c
}

// literal returns the bits of the pixel v, written as a literal.
func (c *costs) literal(v uint32) float32 {
	return c.alpha[v>>24] + c.red[v>>16&255] + c.green[v>>8&255] + c.blue[v&255]
}
