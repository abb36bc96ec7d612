package webp

// This file cuts pixels into refs: RFC 9649 sections 3.6.2 and 3.6.3, for the writer.

import "math"

// cacheHits returns for each pixel its index in a cache of 1<<bits colors, or -1 when the cache
// does not hold it. Every pixel enters the cache, however it is coded, so the hits do not depend on
// how the pixels are cut into refs.
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

// chooseCache tries sizes of the color cache on the cut of pix into refs. It returns the size with
// which the refs take the fewest bits, as a power of 2, and the hits in this cache. 0 and nil mean
// that no cache is best.
func chooseCache(pix []uint32, refs []ref) (uint, []int32) {
	best, least := uint(0), count(refs, 0).bits()
	for _, bits := range []uint{3, 6, 8, 10} {
		h := newHistogram(bits)
		cache := make([]uint32, 1<<bits)
		i := 0 // the first pixel of r
		for _, r := range refs {
			if r.n == 0 { // a literal, which may become a hit
				if k := cacheIndex(r.v, bits); cache[k] == r.v {
					r = ref{k, 1}
				}
			}
			h.add(r)
			last := ^pix[i] // of the pixels that entered the cache; not equal to the first
			for _, p := range pix[i : i+max(int(r.n), 1)] {
				if p != last {
					cache[cacheIndex(p, bits)] = p
					last = p
				}
			}
			i += max(int(r.n), 1)
		}
		if b := h.bits(); b < least {
			best, least = bits, b
		}
	}
	if best == 0 {
		return 0, nil
	}
	return best, cacheHits(pix, best)
}

// greedy cuts pix into refs. It takes the longest match at a position, if that has at least three
// pixels and the next position does not have a longer one; else the pixel becomes a ref of its own.
// If matches is nil, all pixels do.
func greedy(pix []uint32, matches []match, hits []int32) []ref {
	if matches == nil {
		dst := make([]ref, len(pix))
		for i := range pix {
			dst[i] = single(pix, i, hits)
		}
		return dst
	}
	dst := make([]ref, 0, len(pix)/8+16)
	for i := 0; i < len(pix); {
		m := matches[i]
		if m.n >= 3 && (i+1 >= len(pix) || matches[i+1].n <= m.n) {
			dst = append(dst, ref{m.code, uint32(m.n)})
			i += int(m.n)
			continue
		}
		dst = append(dst, single(pix, i, hits))
		i++
	}
	return dst
}

// single returns the ref for pixel i alone. If hits is nil, there is no color cache.
func single(pix []uint32, i int, hits []int32) ref {
	if hits != nil && hits[i] >= 0 {
		return ref{uint32(hits[i]), 1}
	}
	return ref{pix[i], 0}
}

// nearStep is a bit of a path's step. It says that the step copies from the near distance of its
// match. Lengths are smaller than the bit.
const nearStep = 1 << 15

// everyLength is the number of pixels up to which copies of every length are considered. Of a
// longer match, the whole is considered too.
const everyLength = 24

// A path holds the cheapest way that is known so far to each position.
type path struct {
	costs *costs
	total []float32 // by position: the bits of the cheapest way
	step  []uint16  // by position: the length of the ref that ends there, plus nearStep if it uses the near distance
}

// tryCopy considers copies of up to n pixels at position i from the distance of code (see
// everyLength). tag is nearStep or 0.
func (p *path) tryCopy(i int, code uint32, n int, tag uint16) {
	sym, _, extra := prefixOf(code)
	d := p.total[i] + p.costs.distance[sym] + float32(extra)
	if n > everyLength {
		if v := d + p.costs.length[n]; v < p.total[i+n] {
			p.total[i+n], p.step[i+n] = v, uint16(n)|tag
		}
		n = everyLength
	}
	total, length := p.total[i+2:i+n+1], p.costs.length[2:n+1]
	for k, t := range total {
		if v := d + length[k]; v < t {
			total[k], p.step[i+2+k] = v, uint16(k+2)|tag
		}
	}
}

// cheapest cuts the pixels into refs so that the sum of their costs is least. It finds a shortest
// path from pixel to pixel. The steps from a pixel are the pixel itself, its two matches, and
// shorter copies from the distances of these. Where a pixel's match is the rest of the match before
// and has at least as many pixels as nice says, this rest is the only step.
func cheapest(pix []uint32, matches []match, hits []int32, c *costs, nice int) []ref {
	n := len(pix)
	p := path{c, make([]float32, n+1), make([]uint16, n+1)}
	for i := range p.total {
		p.total[i] = math.MaxFloat32
	}
	p.total[0] = 0
	for i := range n {
		m := &matches[i]
		if int(m.n) >= nice && i > 0 && matches[i-1].n > m.n && matches[i-1].code == m.code {
			p.tryWhole(i, m)
			continue
		}
		one := p.total[i]
		if hits != nil && hits[i] >= 0 {
			one += c.green[numLiterals+numLengths+int(hits[i])]
		} else {
			one += c.literal(pix[i])
		}
		if one < p.total[i+1] {
			p.total[i+1], p.step[i+1] = one, 1
		}
		if m.n >= 2 {
			p.tryCopy(i, m.code, int(m.n), 0)
			if m.nearN >= 2 && uint32(m.nearCode) != m.code {
				p.tryCopy(i, uint32(m.nearCode), int(m.nearN), nearStep)
			}
		}
	}
	return p.refs(pix, matches, hits)
}

// tryWhole considers a copy at position i of the whole match m.
func (p *path) tryWhole(i int, m *match) {
	sym, _, extra := prefixOf(m.code)
	n := int(m.n)
	v := p.total[i] + p.costs.distance[sym] + float32(extra) + p.costs.length[n]
	if v < p.total[i+n] {
		p.total[i+n], p.step[i+n] = v, m.n
	}
}

// refs returns the refs of the path. It follows the path from its end.
func (p *path) refs(pix []uint32, matches []match, hits []int32) []ref {
	n := 0
	for i := len(pix); i > 0; i -= int(p.step[i] &^ nearStep) {
		n++
	}
	refs := make([]ref, n)
	for i := len(pix); i > 0; {
		length := int(p.step[i] &^ nearStep)
		near := p.step[i]&nearStep != 0
		i -= length
		n--
		switch {
		case length == 1:
			refs[n] = single(pix, i, hits)
		case near:
			refs[n] = ref{uint32(matches[i].nearCode), uint32(length)}
		default:
			refs[n] = ref{matches[i].code, uint32(length)}
		}
	}
	return refs
}
