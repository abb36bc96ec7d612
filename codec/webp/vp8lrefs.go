package webp

// This file implements the refs that stand for pixels in VP8L, RFC 9649 sections 3.6.2 and 3.6.3:
// literals, color cache indices and copies. It also counts their symbols and computes their costs.

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Numbers of symbols (RFC 9649 3.7.1). The code of green has the literals, then the lengths, then
// the indices of the color cache.
const (
	numLiterals  = 256
	numLengths   = 24
	numDistances = 40
)

// Limits of a copy: its pixels, and its distance in pixels. The largest code of a distance is 2^20,
// and the first 120 codes are for near pixels.
const (
	maxCopy     = 4096
	maxDistance = 1<<20 - 120
)

// A ref stands for one or more pixels:
//
//	n           v
//	refLiteral  the color of a pixel, as ARGB
//	refCached   the index of a pixel's color in the color cache
//	2 or more   the code of the distance from which n pixels are copied
type ref struct {
	v uint32
	n uint32
}

// Values of a ref's n that are not the length of a copy.
const (
	refLiteral = 0
	refCached  = 1
)

// pixels returns for how many pixels r stands.
func (r ref) pixels() int { return max(int(r.n), 1) }

// extraBits returns how many extra bits r has behind its symbols.
func (r ref) extraBits() int {
	if r.n == refLiteral || r.n == refCached {
		return 0
	}
	_, _, length := prefixOf(r.n)
	_, _, distance := prefixOf(r.v)
	return int(length + distance)
}

// prefixOf splits value, a length or the code of a distance, into a prefix symbol and the number
// extra, which follows the symbol in so many extraBits (RFC 9649 3.6.2.1). value must be positive.
func prefixOf(value uint32) (sym, extra uint32, extraBits uint) {
	v := value - 1
	if v < 4 {
		return v, 0, 0
	}
	// The symbol says which bit of v is the highest, and the bit below that. The rest of v is extra.
	high := uint(bits.Len32(v)) - 1
	extraBits = high - 1
	second := (v >> extraBits) & 1
	return uint32(2*high) + second, v & (1<<extraBits - 1), extraBits
}

// nearCodes holds, at [dy][dx+7], the code 1..120 of a distance of dx to the left and dy up (RFC
// 9649 3.6.2.2); 0 means that there is none. The codes are in the order of dx^2+dy^2, then |dx|,
// left first.
var nearCodes = sync.OnceValue(func() *[8][16]uint8 {
	var all []uint64 // dx^2+dy^2, |dx|, 8-dx and dy, from the highest bits down, 8 bits each
	for dy := range 8 {
		for dx := -7; dx <= 8; dx++ {
			if dy == 0 && dx <= 0 {
				continue // the pixel itself, and those after it
			}
			order := uint64(dx*dx+dy*dy)<<24 | uint64(max(dx, -dx))<<16
			all = append(all, order|uint64(8-dx)<<8|uint64(dy))
		}
	}
	slices.Sort(all)
	t := new([8][16]uint8)
	for i, v := range all {
		dx, dy := 8-int((v>>8)&255), v&255
		t[dy][dx+7] = uint8(i + 1)
	}
	return t
})

// distanceCode returns the code of a distance in pixels, in a picture of width w.
func distanceCode(distance, w int) uint32 {
	dy, dx := distance/w, distance%w // dx to the left and dy up
	near := nearCodes()
	if dx <= 8 && dy < 8 {
		if c := near[dy][dx+7]; c > 0 {
			return uint32(c)
		}
	}
	// dx to the left and dy up is the same as w-dx to the right and dy+1 up.
	if dx >= w-7 && dy < 7 {
		if c := near[dy+1][dx-w+7]; c > 0 {
			return uint32(c)
		}
	}
	return uint32(distance + 120)
}

// cacheIndex returns the index of a color in a cache of 1<<bits entries (RFC 9649 3.6.2.3). bits is
// at least 1.
func cacheIndex(argb uint32, bits uint) uint32 { return (argb * 0x1e35a7bd) >> (32 - bits) }

// A histogram counts the symbols of the five prefix codes (RFC 9649 3.7.1).
type histogram struct {
	green            []uint32 // literals, lengths, cache indices
	red, blue, alpha [256]uint32
	distance         [numDistances]uint32
}

// newHistogram returns an empty histogram. The color cache has 1<<cacheBits entries. If cacheBits
// is 0, there is no cache.
func newHistogram(cacheBits uint) *histogram {
	return &histogram{green: make([]uint32, numGreen(cacheBits))}
}

// numGreen returns the number of symbols of the code of green. Those of the color cache exist only
// if cacheBits is over 0.
func numGreen(cacheBits uint) int {
	n := numLiterals + numLengths
	if cacheBits > 0 {
		n += 1 << cacheBits
	}
	return n
}

// add counts the symbols of r.
func (h *histogram) add(r ref) {
	switch r.n {
	case refLiteral:
		h.green[(r.v>>8)&255]++
		h.red[(r.v>>16)&255]++
		h.blue[r.v&255]++
		h.alpha[r.v>>24]++
	case refCached:
		h.green[numLiterals+numLengths+r.v]++
	default:
		sym, _, _ := prefixOf(r.n)
		h.green[numLiterals+sym]++
		sym, _, _ = prefixOf(r.v)
		h.distance[sym]++
	}
}

// merge adds the counts of o to h.
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

// lengthBits is about how many bits the length of a symbol's code takes.
const lengthBits = 5

// entropyBits estimates the bits that the counted symbols take: their entropy, and lengthBits for
// each symbol that occurs. If at most one does, the symbols take no bits, and the code takes 4.
func entropyBits(counts []uint32) float64 {
	var sum, minus float64 // of the counts c, and of -c log2(c)
	used := 0
	for _, c := range counts {
		if c > 0 {
			used++
			sum += float64(c)
			minus -= xlog2(c)
		}
	}
	if used <= 1 {
		return 4
	}
	entropy := minus + sum*math.Log2(sum)
	return entropy + lengthBits*float64(used)
}

// xlog2 returns c log2(c), which is 0 for 0. For small c it uses a table.
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

// bits returns the bits that the counted symbols and their codes take, estimated by entropyBits.
func (h *histogram) bits() float64 {
	sum := 0.0
	for _, counts := range [][]uint32{h.green, h.red[:], h.blue[:], h.alpha[:], h.distance[:]} {
		sum += entropyBits(counts)
	}
	return sum
}

// costs holds the bits that each symbol takes.
type costs struct {
	green            []float32
	red, blue, alpha [256]float32
	distance         [numDistances]float32
	length           [maxCopy + 1]float32 // by a copy's length: the length's symbol and its extra bits
}

// costOf sets dst to the bits that each symbol takes if the symbols occur as often as counts says.
func costOf(dst []float32, counts []uint32) {
	var sum float64
	for _, c := range counts {
		sum += float64(c)
	}
	logSum := math.Log2(sum + 1) // 1 is added since sum may be 0
	for i, c := range counts {
		n := max(float64(c), 0.5) // what does not occur costs as much as what occurs half a time
		dst[i] = float32(logSum - math.Log2(n))
	}
}

// newCosts returns the costs of symbols that occur as often as h counts.
func newCosts(h *histogram) *costs {
	c := &costs{green: make([]float32, len(h.green))}
	costOf(c.green, h.green)
	costOf(c.red[:], h.red[:])
	costOf(c.blue[:], h.blue[:])
	costOf(c.alpha[:], h.alpha[:])
	costOf(c.distance[:], h.distance[:])
	for n := 2; n <= maxCopy; n++ {
		sym, _, extraBits := prefixOf(uint32(n))
		c.length[n] = c.green[numLiterals+sym] + float32(extraBits)
	}
	return c
}

// literal returns the bits that a pixel takes as a literal.
func (c *costs) literal(pixel uint32) float32 {
	return c.alpha[pixel>>24] + c.red[(pixel>>16)&255] + c.green[(pixel>>8)&255] + c.blue[pixel&255]
}
