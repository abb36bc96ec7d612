package webp

// This file cuts pixels into refs: RFC 9649 sections 3.6.2 and 3.6.3, for the writer.

import "math"

// cacheHits returns for each pixel the index of its color in a cache of 1<<bits colors, or -1 where
// the cache does not hold it. Every pixel enters the cache, however it is coded, so the hits do not
// depend on how the pixels are cut into refs.
func cacheHits(pix []uint32, bits uint) []int32 {
	hits := make([]int32, len(pix))
	cache := make([]uint32, 1<<bits) // it begins with color 0 in all entries (RFC 9649 3.6.2.3)
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

// chooseCache tries sizes of the color cache on a cut of pix into refs that was made without a
// cache. It returns log2 of the size with which the refs take the fewest bits, and the hits in this
// cache. 0 and nil mean that no cache is best.
func chooseCache(pix []uint32, refs []ref) (uint, []int32) {
	best, least := uint(0), count(refs, 0).bits()
	for _, bits := range []uint{3, 6, 8, 10} {
		h := newHistogram(bits)
		cache := make([]uint32, 1<<bits)
		i := 0 // the first pixel of r
		for _, r := range refs {
			// A literal becomes cached if its color is in the cache.
			if r.n == refLiteral {
				if k := cacheIndex(r.v, bits); cache[k] == r.v {
					r = ref{k, refCached}
				}
			}
			h.add(r)
			// Enter the pixels of r into the cache. A pixel that equals the last one is there
			// already.
			last := ^pix[i] // not equal to the first pixel
			for _, p := range pix[i : i+r.pixels()] {
				if p != last {
					cache[cacheIndex(p, bits)] = p
					last = p
				}
			}
			i += r.pixels()
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

// greedy cuts pix into refs. It copies the longest match at a position if that has at least three
// pixels and the match at the next position is not longer. Else the pixel becomes a ref of its own.
// If matches is nil, every pixel becomes a ref of its own.
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
		if m.n >= 3 && matches[i+1].n <= m.n { // i is not the last pixel if m.n >= 3
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
		return ref{uint32(hits[i]), refCached}
	}
	return ref{pix[i], refLiteral}
}

// nearStep is a bit of a path's step. It says that the step copies from the near distance of its
// match. The bit is higher than those of the length.
const nearStep = 1 << 15

// everyLength is the number of pixels up to which cheapest considers copies of every length. Of a
// longer match, it also considers the whole.
const everyLength = 24

// A path holds the cheapest way that is known so far to each position, as a sequence of refs.
type path struct {
	costs *costs
	total []float32 // by position: the bits of the cheapest way
	step  []uint16  // by position: the length of the way's last ref, plus nearStep for a near copy
}

// tryCopy considers copies at position i from the distance that has this code: of n pixels, and of
// fewer up to everyLength. tag is nearStep or 0.
func (p *path) tryCopy(i int, code uint32, n int, tag uint16) {
	sym, _, extraBits := prefixOf(code)
	base := p.total[i] + p.costs.distance[sym] + float32(extraBits) // without the length
	if n > everyLength {
		if v := base + p.costs.length[n]; v < p.total[i+n] {
			p.total[i+n], p.step[i+n] = v, uint16(n)|tag
		}
		n = everyLength
	}
	// The shorter ones. totals[k] is where a copy of k+2 pixels ends.
	totals, lengthCosts := p.total[i+2:i+n+1], p.costs.length[2:n+1]
	for k, t := range totals {
		if v := base + lengthCosts[k]; v < t {
			totals[k], p.step[i+2+k] = v, uint16(k+2)|tag
		}
	}
}

// cheapest cuts the pixels into refs so that the sum of their costs is least. It finds a shortest
// path from the first pixel to the end. The steps from a pixel are the pixel alone, copies of its
// two matches, and shorter copies from the distances of these. Where a pixel's match is the rest of
// the match of the pixel before, and has at least nice pixels, copying this rest is the only step.
func cheapest(pix []uint32, matches []match, hits []int32, c *costs, nice int) []ref {
	n := len(pix)
	p := path{costs: c, total: make([]float32, n+1), step: make([]uint16, n+1)}
	for i := range p.total {
		p.total[i] = math.MaxFloat32
	}
	p.total[0] = 0
	for i := range n {
		m := &matches[i]
		// The rest of a long match of the pixel before: copy it whole.
		if int(m.n) >= nice && i > 0 && matches[i-1].n > m.n && matches[i-1].code == m.code {
			p.tryWhole(i, m)
			continue
		}
		// The pixel alone, from the color cache or as a literal.
		v := p.total[i]
		if hits != nil && hits[i] >= 0 {
			v += c.green[numLiterals+numLengths+int(hits[i])]
		} else {
			v += c.literal(pix[i])
		}
		if v < p.total[i+1] {
			p.total[i+1], p.step[i+1] = v, 1
		}
		// Copies of the longest match, then of the near one if that is at another distance.
		if m.n >= 2 {
			p.tryCopy(i, m.code, int(m.n), 0)
			if m.nearN >= 2 && uint32(m.nearCode) != m.code {
				p.tryCopy(i, uint32(m.nearCode), int(m.nearN), nearStep)
			}
		}
	}
	return p.refs(pix, matches, hits)
}

// tryWhole considers a copy of m.n pixels, the whole longest match at position i.
func (p *path) tryWhole(i int, m *match) {
	sym, _, extraBits := prefixOf(m.code)
	n := int(m.n)
	v := p.total[i] + p.costs.distance[sym] + float32(extraBits) + p.costs.length[n]
	if v < p.total[i+n] {
		p.total[i+n], p.step[i+n] = v, m.n
	}
}

// refs returns the refs of the cheapest way to the end. It follows the way backwards, first to
// count the refs, then to make them.
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
