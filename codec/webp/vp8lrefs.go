// This file implements LZ77 and the color cache of VP8L, RFC 9649 sections 3.6.2 and 3.6.3: it
// turns pixels into literals, cache indices and copies.

package webp

import (
	"cmp"
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
	// maxDistance leaves room for the 120 codes of near pixels below 2^20.
	maxDistance = 1<<20 - 120
)

// A ref stands for one or more pixels: n = 0 is a literal of colour v, n = 1 the color cache's
// entry v, n >= 2 a copy of n pixels from the distance whose code is v.
type ref struct {
	v uint32
	n uint32
}

// prefixOf splits a length or a distance code, value >= 1, into its prefix symbol and the extra
// bits behind it (RFC 9649 3.6.2.1).
func prefixOf(value uint32) (sym, extra uint32, n uint) {
	v := value - 1
	if v < 4 {
		return v, 0, 0
	}
	high := uint(bits.Len32(v)) - 1
	second := v >> (high - 1) & 1
	return uint32(2*high) + second, v & (1<<(high-1) - 1), high - 1
}

// nearCodes gives, at [dy][dx+7], the code 1..120 of a distance of dx to the left and dy up
// (RFC 9649 3.6.2.2); 0 is none. The codes are in the order of dx^2+dy^2, then |dx|, left first.
var nearCodes = sync.OnceValue(func() *[8][16]uint8 {
	type offset struct{ dx, dy int }
	var all []offset
	for dy := range 8 {
		for dx := -7; dx <= 8; dx++ {
			if dy == 0 && dx <= 0 || dy > 0 && dx == -8 {
				continue
			}
			all = append(all, offset{dx, dy})
		}
	}
	abs := func(v int) int { return max(v, -v) }
	slices.SortFunc(all, func(a, b offset) int {
		return cmp.Or(
			cmp.Compare(a.dx*a.dx+a.dy*a.dy, b.dx*b.dx+b.dy*b.dy),
			cmp.Compare(abs(a.dx), abs(b.dx)),
			cmp.Compare(b.dx, a.dx))
	})
	t := new([8][16]uint8)
	for i, o := range all {
		t[o.dy][o.dx+7] = uint8(i + 1)
	}
	return t
})

// distanceCode gives the code of a distance in pixels in a picture w wide.
func distanceCode(distance, w int) uint32 {
	dy, dx := distance/w, distance%w
	near := nearCodes()
	if dx <= 8 && dy < 8 {
		if c := near[dy][dx+7]; c > 0 {
			return uint32(c)
		}
	}
	if dx >= w-7 && dy < 7 {
		if c := near[dy+1][dx-w+7]; c > 0 {
			return uint32(c)
		}
	}
	return uint32(distance + 120)
}

// cacheIndex is the place of a colour in a cache of 1<<bits entries, bits >= 1.
func cacheIndex(argb uint32, bits uint) uint32 { return argb * 0x1e35a7bd >> (32 - bits) }

// A match is an earlier run of pixels equal to those at a position: the longest, and the longest
// of those whose distance is cheap to write, which may be the better one for its first pixels.
type match struct {
	distance, n         int32 // n is 0: none
	nearDistance, nearN uint16
}

// findMatches gives the longest match at each position, the nearest of equals in code length.
// effort bounds the candidates tried.
func findMatches(pix []uint32, w, effort int) []match {
	m := make([]match, len(pix))
	if len(pix) < 3 {
		return m
	}
	hashBits := uint(min(max(bits.Len(uint(len(pix))), 8), 16))
	head := make([]int32, 1<<hashBits)
	previous := make([]int32, len(pix)) // 1 + the position before in the chain, 0 is the end
	hash := func(i int) uint32 {
		v := uint64(pix[i]) | uint64(pix[i+1])<<32
		return uint32(v * 0x9e3779b97f4a7c15 >> (64 - hashBits))
	}
	// With few colours two pixels occur everywhere: a second chain, of six, leads to long matches.
	var headLong, previousLong []int32
	if palette(pix, 256) != nil {
		headLong, previousLong = make([]int32, 1<<hashBits), make([]int32, len(pix))
	}
	hashLong := func(i int) uint32 {
		v := uint64(0)
		for _, p := range pix[i : i+6] {
			v = (v ^ uint64(p)) * 0x9e3779b97f4a7c15
			v ^= v >> 29
		}
		return uint32(v * 0x9e3779b97f4a7c15 >> (64 - hashBits))
	}
	for i := 0; i+1 < len(pix); i++ {
		limit := min(maxCopy, len(pix)-i)
		best, distance := 0, 0
		if i > 0 {
			if d := int(m[i-1].distance); m[i-1].n > 2 && d <= i {
				// What matched at the pixel before goes on here.
				best, distance = int(m[i-1].n)-1, d
				if best == maxCopy-1 && best < limit && pix[i-d+best] == pix[i+best] {
					best++ // it may have gone on; were it shorter, it ended there
				}
			}
		}
		try := func(d int) {
			if d <= 0 || d > i || best >= limit || pix[i-d+best] != pix[i+best] {
				return
			}
			if n := matchLength(pix, i-d, i, limit); n > best {
				best, distance = n, d
			}
		}
		near, nearDistance := 0, 0
		if best < 64 {
			for _, d := range [4]int{1, w, w + 1, w - 1} {
				if d > i || d <= 0 || d > 1<<16-1 || near >= limit || pix[i-d+near] != pix[i+near] {
					continue
				}
				if n := matchLength(pix, i-d, i, limit); n > near {
					near, nearDistance = n, d
				}
			}
			if near > best {
				best, distance = near, nearDistance
			}
		}
		// Inside a run of one colour the pixel before is as good a source as any, and the chain
		// would be long; the run's ends are what finds it again.
		if i > 1 && pix[i] == pix[i-1] && pix[i] == pix[i+1] && pix[i] == pix[i-2] {
			if best >= 2 {
				m[i] = match{int32(distance), int32(best), uint16(nearDistance), uint16(near)}
			}
			continue
		}
		if headLong != nil && i+6 <= len(pix) {
			h := hashLong(i)
			if best < 64 {
				for at, tries := headLong[h], effort; at > 0 && tries > 0 && best < limit; tries-- {
					d := i - int(at-1)
					if d > maxDistance {
						break
					}
					try(d)
					at = previousLong[at-1]
				}
			}
			previousLong[i] = headLong[h]
			headLong[h] = int32(i + 1)
		}
		h := hash(i)
		tries := effort
		if best >= 32 {
			tries = effort / 4
		}
		if best < 64 {
			for at := head[h]; at > 0 && tries > 0 && best < limit; tries-- {
				d := i - int(at-1)
				if d > maxDistance {
					break
				}
				try(d)
				at = previous[at-1]
			}
		}
		previous[i] = head[h]
		head[h] = int32(i + 1)
		if best >= 2 {
			m[i] = match{int32(distance), int32(best), uint16(nearDistance), uint16(near)}
		}
	}
	return m
}

// matchLength counts the pixels from a that equal those from b, at most limit.
func matchLength(pix []uint32, a, b, limit int) int {
	p, q := pix[a:a+limit], pix[b:b+limit]
	for i := range p {
		if p[i] != q[i] {
			return i
		}
	}
	return limit
}

// cacheHits says for each pixel its index in a cache of 1<<bits colours, or -1 when the cache
// does not hold it there. Every pixel enters the cache, whatever stands for it, so the hits
// do not depend on how the pixels are cut into refs.
func cacheHits(pix []uint32, bits uint) []int32 {
	hits := make([]int32, len(pix))
	cache := make([]uint32, 1<<bits)
	for i, p := range pix {
		k := cacheIndex(p, bits)
		hits[i] = -1
		if cache[k] == p {
			hits[i] = int32(k)
		}
		cache[k] = p
	}
	return hits
}

// A histogram counts the symbols of the five prefix codes (RFC 9649 3.7.1).
type histogram struct {
	green            []uint32 // literals, lengths, cache indices
	red, blue, alpha [256]uint32
	distance         [numDistances]uint32
}

func newHistogram(cacheBits uint) *histogram {
	n := numLiterals + numLengths
	if cacheBits > 0 {
		n += 1 << cacheBits
	}
	return &histogram{green: make([]uint32, n)}
}

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

// entropyBits estimates the bits of coding counts: their entropy plus the cost of the code's own
// lengths, about 5 bits for each symbol that occurs.
func entropyBits(counts []uint32) float64 {
	var sum, s float64
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

// xlog2 is c log2(c), from a table for small c.
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

func (h *histogram) bits() float64 {
	return entropyBits(h.green) + entropyBits(h.red[:]) + entropyBits(h.blue[:]) + entropyBits(h.alpha[:]) + entropyBits(h.distance[:])
}

// costs are the bits that each symbol takes.
type costs struct {
	green            []float32
	red, blue, alpha [256]float32
	distance         [numDistances]float32
	length           [maxCopy + 1]float32 // prefix symbol and extra bits
}

func costOf(dst []float32, counts []uint32) {
	var sum float64
	for _, c := range counts {
		sum += float64(c)
	}
	// A symbol that did not occur costs as one that occurs half a time.
	log := math.Log2(sum + 1)
	for i, c := range counts {
		dst[i] = float32(log - math.Log2(max(float64(c), 0.5)))
	}
}

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

func (c *costs) literal(v uint32) float32 {
	return c.alpha[v>>24] + c.red[v>>16&255] + c.green[v>>8&255] + c.blue[v&255]
}

// greedy cuts the pixels by the longest match, put off by one pixel where the next one is longer;
// without matches into single pixels.
func greedy(pix []uint32, w int, matches []match, hits []int32) []ref {
	var dst []ref
	if matches == nil {
		dst = make([]ref, 0, len(pix))
	}
	for i := 0; i < len(pix); {
		var m match
		if matches != nil {
			m = matches[i]
		}
		if m.n >= 3 && (i+1 >= len(pix) || matches[i+1].n <= m.n) {
			dst = append(dst, ref{distanceCode(int(m.distance), w), uint32(m.n)})
			i += int(m.n)
			continue
		}
		dst = append(dst, single(pix, i, hits))
		i++
	}
	return dst
}

// single stands for one pixel by itself.
func single(pix []uint32, i int, hits []int32) ref {
	if hits != nil && hits[i] >= 0 {
		return ref{uint32(hits[i]), 1}
	}
	return ref{pix[i], 0}
}

// nearStep marks a step that copies from the near distance; lengths are below it.
const nearStep = 1 << 15

// cheapest cuts the pixels so that the sum of costs is least: a shortest path from pixel to pixel,
// where from each the pixel itself, the whole match and its first lengths are tried.
func cheapest(pix []uint32, w int, matches []match, hits []int32, c *costs) []ref {
	n := len(pix)
	total := make([]float32, n+1)
	step := make([]uint16, n+1) // the length of the ref that ends here on the cheapest path, and nearStep
	for i := range total {
		total[i] = math.MaxFloat32
	}
	total[0] = 0
	for i := range n {
		t := total[i]
		one := t
		if hits != nil && hits[i] >= 0 {
			one += c.green[numLiterals+numLengths+int(hits[i])]
		} else {
			one += c.literal(pix[i])
		}
		if one < total[i+1] {
			total[i+1], step[i+1] = one, 1
		}
		m := matches[i]
		if m.n < 2 {
			continue
		}
		relax := func(distance, n int, tag uint16) {
			sym, _, extra := prefixOf(distanceCode(distance, w))
			d := t + c.distance[sym] + float32(extra)
			for k := 2; k <= min(n, 24); k++ {
				if v := d + c.length[k]; v < total[i+k] {
					total[i+k], step[i+k] = v, uint16(k)|tag
				}
			}
			if n > 24 {
				if v := d + c.length[n]; v < total[i+n] {
					total[i+n], step[i+n] = v, uint16(n)|tag
				}
			}
		}
		relax(int(m.distance), int(m.n), 0)
		if m.nearN >= 2 && int32(m.nearDistance) != m.distance {
			relax(int(m.nearDistance), int(m.nearN), nearStep)
		}
	}
	refs := 0
	for i := n; i > 0; i -= int(step[i] &^ nearStep) {
		refs++
	}
	cut := make([]ref, refs)
	for i := n; i > 0; {
		k := int(step[i] &^ nearStep)
		near := step[i]&nearStep != 0
		i -= k
		refs--
		switch {
		case k == 1:
			cut[refs] = single(pix, i, hits)
		case near:
			cut[refs] = ref{distanceCode(int(matches[i].nearDistance), w), uint32(k)}
		default:
			cut[refs] = ref{distanceCode(int(matches[i].distance), w), uint32(k)}
		}
	}
	return cut
}
