// This file writes the VP8L bitstream, RFC 9649 section 3: transforms, then the pixels as
// entropy-coded references (vp8lrefs.go, vp8lhuff.go).

package webp

import (
	"image"
	"math"
	"slices"
)

// appendVP8L appends the VP8L bitstream of w*h pixels (ARGB, alpha on top), header included.
// pix is used as scratch. alpha is the header's hint that some pixel is not opaque.
func appendVP8L(dst []byte, pix []uint32, w, h int, alpha bool, effort Effort) []byte {
	dst = vp8lHeader(dst, w, h, alpha)
	return appendVP8LBody(dst, pix, w, h, effort)
}

// appendVP8LBody appends what follows the header: this alone is stored in an ALPH chunk. It
// tries the ways that suit the picture and keeps the shortest: a palette; the pixels as they are,
// where they repeat so much that copies and the cache do better on the colours themselves; and
// prediction.
func appendVP8LBody(dst []byte, pix []uint32, w, h int, effort Effort) []byte {
	start := len(dst)
	best := func(out []byte) {
		if len(dst) == start || len(out) < len(dst)-start {
			dst = append(dst[:start], out...)
		}
	}
	colors := palette(pix, 256)
	if n := len(colors); n > 0 {
		// Several indices to a pixel: nothing comes near. Else one way is chosen, or both are tried.
		predict := n > 16 && (effort == High || predictable(pix, w, colors))
		if !predict || effort == High {
			best(withPalette(pix, w, h, colors, effort))
		}
		if !predict {
			return dst
		}
	} else if repeats(pix, w) > 0.4 {
		lw := &lsbWriter{}
		lw.put(0, 1)
		writePixels(lw, pix, w, h, true, effort)
		lw.flush()
		best(lw.out)
	}
	best(withPrediction(pix, w, h, effort))
	return dst
}

// predictable says whether a picture of few colours is smooth, as grey ones and alpha are: whether,
// where a pixel is not its neighbour's equal, residuals have less entropy than indices.
func predictable(pix []uint32, w int, colors []uint32) bool {
	colored := hasColor(colors)
	plain := make([]uint32, len(colors))
	predicted := newHistogram(0)
	for i := w + 1; i < len(pix); i++ {
		l, t, tl := pix[i-1], pix[i-w], pix[i-w-1]
		if pix[i] == l || pix[i] == t {
			continue
		}
		k, _ := slices.BinarySearch(colors, pix[i])
		plain[k]++
		r := subtract(pix[i], predictPixel(12, l, t, t, tl))
		if colored {
			g := r >> 8 & 255
			r = subtract(r, g<<16|g)
		}
		predicted.add(ref{r, 0})
	}
	return predicted.bits() < entropyBits(plain)
}

// hasColor says whether there is something but green and alpha.
func hasColor(pix []uint32) bool {
	or := uint32(0)
	for _, p := range pix {
		or |= p
	}
	return or&0x00ff00ff != 0
}

// withPalette codes pix by color indexing.
func withPalette(pix []uint32, w, h int, colors []uint32, effort Effort) []byte {
	lw := &lsbWriter{}
	lw.put(1, 1)
	lw.put(transformColorIndexing, 2)
	lw.put(uint32(len(colors)-1), 8)
	deltas := make([]uint32, len(colors))
	for i, c := range colors {
		deltas[i] = c
		if i > 0 {
			deltas[i] = subtract(c, colors[i-1])
		}
	}
	writePixels(lw, deltas, len(colors), 1, false, effort)
	indices, bw := bundle(pix, w, h, colors)
	lw.put(0, 1) // no more transforms
	writePixels(lw, indices, bw, h, true, effort)
	lw.flush()
	return lw.out
}

// withPrediction codes pix, which it changes, by subtract green, where there is something but
// green, and predictors.
func withPrediction(pix []uint32, w, h int, effort Effort) []byte {
	lw := &lsbWriter{}
	if hasColor(pix) {
		subtractGreen(pix)
		lw.put(1, 1)
		lw.put(transformSubtractGreen, 2)
	}
	lw.put(1, 1)
	lw.put(transformPredictor, 2)
	tileBits := uint(4)
	lw.put(uint32(tileBits-2), 3)
	residuals := make([]uint32, len(pix))
	modes := predictorTransform(residuals, pix, w, h, tileBits)
	writePixels(lw, modes, (w+1<<tileBits-1)>>tileBits, (h+1<<tileBits-1)>>tileBits, false, effort)
	lw.put(0, 1)
	writePixels(lw, residuals, w, h, true, effort)
	lw.flush()
	return lw.out
}

// repeats is the part of the pixels that equal their left or upper neighbour.
func repeats(pix []uint32, w int) float64 {
	n := 0
	for i := 1; i < len(pix); i++ {
		if pix[i] == pix[i-1] || i >= w && pix[i] == pix[i-w] {
			n++
		}
	}
	return float64(n) / float64(len(pix))
}

// writePixels stores one image: spatially coded when main is set (RFC 9649 3.7.3: with the bit
// that announces meta prefix codes), else one of the small images that transforms need.
func writePixels(lw *lsbWriter, pix []uint32, w, h int, main bool, effort Effort) {
	tries := 24
	if effort == High {
		tries = 96
	}
	matches := findMatches(pix, w, tries)
	// Two cuts to start from: what matches is copied, or every pixel stands by itself, which in
	// noise is better. Their costs then lead to shorter ones.
	cacheBits, hits := uint(0), []int32(nil)
	if main {
		refs := greedy(pix, w, matches, nil)
		if singles := greedy(pix, w, nil, nil); refsBits(singles, 0) < refsBits(refs, 0) {
			refs = singles
		}
		cacheBits, hits = chooseCache(pix, refs)
	}
	passes := 2
	if effort == High {
		passes = 5
	}
	var best *lsbWriter
	first := math.Inf(1)
	for _, from := range [2][]match{matches, nil} {
		refs := greedy(pix, w, from, hits)
		least := refsBits(refs, cacheBits)
		if first = min(first, least); least > 1.4*first {
			continue // single pixels will not come down that far
		}
		for pass := range passes {
			next := cheapest(pix, w, matches, hits, newCosts(count(refs, cacheBits)))
			bits := refsBits(next, cacheBits)
			if pass > 0 && bits >= least {
				break
			}
			refs, least = next, bits
		}
		g := grouped{refs: refs, groups: []*histogram{count(refs, cacheBits)}}
		if main {
			g = cluster(refs, w, h, cacheBits)
		}
		trial := new(lsbWriter)
		writeGrouped(trial, g, w, h, cacheBits, main, effort)
		if best == nil || trial.bits() < best.bits() {
			best = trial
		}
	}
	lw.append(best)
}

// writeGrouped stores one image from the color cache's size on.
func writeGrouped(lw *lsbWriter, g grouped, w, h int, cacheBits uint, main bool, effort Effort) {
	if cacheBits > 0 {
		lw.put(1, 1)
		lw.put(uint32(cacheBits), 4)
	} else {
		lw.put(0, 1)
	}
	switch {
	case main && len(g.groups) == 1:
		lw.put(0, 1)
	case main:
		lw.put(1, 1)
		lw.put(uint32(g.tileBits-2), 3)
		meta := make([]uint32, len(g.tiles))
		for i, k := range g.tiles {
			meta[i] = 0xff000000 | uint32(k)<<8
		}
		side := 1 << g.tileBits
		writePixels(lw, meta, (w+side-1)/side, (h+side-1)/side, false, effort)
	}
	writeRefs(lw, w, g)
}

// refsBits estimates what refs take, with the codes and the extra bits.
func refsBits(refs []ref, cacheBits uint) float64 {
	extra := 0
	for _, r := range refs {
		if r.n >= 2 {
			_, _, a := prefixOf(r.n)
			_, _, b := prefixOf(r.v)
			extra += int(a + b)
		}
	}
	return count(refs, cacheBits).bits() + float64(extra)
}

func count(refs []ref, cacheBits uint) *histogram {
	h := newHistogram(cacheBits)
	for _, r := range refs {
		h.add(r)
	}
	return h
}

// chooseCache tries sizes of the color cache on the given cut and keeps the one that takes
// the fewest bits; 0 is none.
func chooseCache(pix []uint32, refs []ref) (uint, []int32) {
	best, bestBits, bestHits := uint(0), count(refs, 0).bits(), []int32(nil)
	for _, bits := range []uint{3, 6, 8, 10} {
		hits := cacheHits(pix, bits)
		h := newHistogram(bits)
		i := 0
		for _, r := range refs {
			if r.n == 0 && hits[i] >= 0 {
				h.add(ref{uint32(hits[i]), 1})
			} else {
				h.add(r)
			}
			i += max(int(r.n), 1)
		}
		if b := h.bits(); b < bestBits {
			best, bestBits, bestHits = bits, b, hits
		}
	}
	return best, bestHits
}

// grouped is a cut of the picture with the prefix codes it is written in.
type grouped struct {
	refs     []ref
	groups   []*histogram
	tiles    []uint16 // the group of each tile of 1<<tileBits pixels a side; nil with one group
	tileBits uint
}

// writeRefs stores the prefix codes of every group, then the references.
func writeRefs(lw *lsbWriter, w int, b grouped) {
	refs, groups, tiles, tileBits := b.refs, b.groups, b.tiles, b.tileBits
	type group struct{ green, red, blue, alpha, distance prefixCode }
	codes := make([]group, len(groups))
	for i, h := range groups {
		codes[i] = group{newPrefixCode(h.green), newPrefixCode(h.red[:]), newPrefixCode(h.blue[:]), newPrefixCode(h.alpha[:]), newPrefixCode(h.distance[:])}
		g := &codes[i]
		for _, c := range []*prefixCode{&g.green, &g.red, &g.blue, &g.alpha, &g.distance} {
			c.write(lw)
		}
	}
	tilesX := (w + 1<<tileBits - 1) >> tileBits
	x, y := 0, 0
	g := &codes[0]
	for _, r := range refs {
		if tiles != nil {
			g = &codes[tiles[(y>>tileBits)*tilesX+x>>tileBits]]
		}
		switch r.n {
		case 0:
			g.green.put(lw, int(r.v>>8&255))
			g.red.put(lw, int(r.v>>16&255))
			g.blue.put(lw, int(r.v&255))
			g.alpha.put(lw, int(r.v>>24))
			x++
		case 1:
			g.green.put(lw, numLiterals+numLengths+int(r.v))
			x++
		default:
			sym, extra, n := prefixOf(r.n)
			g.green.put(lw, numLiterals+int(sym))
			lw.put(extra, n)
			sym, extra, n = prefixOf(r.v)
			g.distance.put(lw, int(sym))
			lw.put(extra, n)
			x += int(r.n)
		}
		for x >= w {
			x -= w
			y++
		}
	}
}

// cluster groups the tiles of the picture by their statistics (RFC 9649 3.7.3.1), each group with
// prefix codes of its own, as long as that saves more than the codes cost.
func cluster(refs []ref, w, h int, cacheBits uint) grouped {
	whole := count(refs, cacheBits)
	one := grouped{refs: refs, groups: []*histogram{whole}}
	tileBits := uint(4)
	for tileBits < 9 && ((w>>tileBits)+1)*((h>>tileBits)+1) > 600 {
		tileBits++
	}
	tilesX, tilesY := (w+1<<tileBits-1)>>tileBits, (h+1<<tileBits-1)>>tileBits
	n := tilesX * tilesY
	if n < 4 {
		return one
	}
	each := make([]*histogram, n)
	for i := range each {
		each[i] = newHistogram(cacheBits)
	}
	x, y := 0, 0
	for _, r := range refs {
		each[(y>>tileBits)*tilesX+x>>tileBits].add(r)
		x += max(int(r.n), 1)
		for x >= w {
			x -= w
			y++
		}
	}
	groups, tiles := seedGroups(each, cacheBits)
	groups, tiles = mergeGroups(groups, tiles)
	for range 2 {
		groups, tiles = reassign(each, groups, tiles, cacheBits)
	}
	saved := whole.bits()
	for _, g := range groups {
		saved -= g.bits()
	}
	// The map of tiles costs at most log2(groups) bits a tile, mostly less.
	saved -= 0.7*float64(n)*math.Log2(float64(len(groups))) + 40
	if len(groups) == 1 || saved < 0 {
		return one
	}
	return grouped{refs, groups, tiles, tileBits}
}

// seedGroups puts together the tiles alike in the bits their green, red and blue take.
func seedGroups(each []*histogram, cacheBits uint) ([]*histogram, []uint16) {
	const steps = 4
	values := make([][3]float64, len(each))
	low, high := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{}
	for i, h := range each {
		values[i] = [3]float64{entropyBits(h.green), entropyBits(h.red[:]), entropyBits(h.blue[:])}
		for c, v := range values[i] {
			low[c], high[c] = min(low[c], v), max(high[c], v)
		}
	}
	var index [steps * steps * steps]int
	var groups []*histogram
	tiles := make([]uint16, len(each))
	for i, h := range each {
		k := 0
		for c, v := range values[i] {
			k = k*steps + min(int(steps*(v-low[c])/(high[c]-low[c]+1e-9)), steps-1)
		}
		if index[k] == 0 {
			groups = append(groups, newHistogram(cacheBits))
			index[k] = len(groups)
		}
		tiles[i] = uint16(index[k] - 1)
		groups[tiles[i]].merge(h)
	}
	return groups, tiles
}

// mergeGroups joins, again and again, the two groups whose union costs least more than they do
// apart, while that is less than nothing.
func mergeGroups(groups []*histogram, tiles []uint16) ([]*histogram, []uint16) {
	n := len(groups)
	bits := make([]float64, n)
	for i, g := range groups {
		bits[i] = g.bits()
	}
	union := newHistogram(0)
	union.green = make([]uint32, len(groups[0].green))
	gain := func(a, b int) float64 {
		clear(union.green)
		union.red, union.blue, union.alpha, union.distance = [256]uint32{}, [256]uint32{}, [256]uint32{}, [numDistances]uint32{}
		union.merge(groups[a])
		union.merge(groups[b])
		return bits[a] + bits[b] - union.bits()
	}
	into := make([]int, n) // the group that took this one in, or itself
	gains := make([][]float64, n)
	for a := range n {
		into[a] = a
		gains[a] = make([]float64, a)
		for b := range a {
			gains[a][b] = gain(a, b)
		}
	}
	for {
		best, p, q := 0.0, -1, -1
		for a := range n {
			for b := range a {
				if into[a] == a && into[b] == b && gains[a][b] > best {
					best, p, q = gains[a][b], a, b
				}
			}
		}
		if p < 0 {
			break
		}
		groups[q].merge(groups[p])
		bits[q] = groups[q].bits()
		into[p] = q
		for k := range n {
			if into[k] == k && k != q {
				gains[max(k, q)][min(k, q)] = gain(k, q)
			}
		}
	}
	for i, t := range tiles {
		k := int(t)
		for into[k] != k {
			k = into[k]
		}
		tiles[i] = uint16(k)
	}
	return groups, tiles
}

// reassign moves each tile to the group whose codes store it in the fewest bits, and counts the
// groups again; groups left empty go.
func reassign(each, groups []*histogram, tiles []uint16, cacheBits uint) ([]*histogram, []uint16) {
	used := make([]bool, len(groups))
	for _, t := range tiles {
		used[t] = true
	}
	var all []*costs
	for i, g := range groups {
		if used[i] {
			all = append(all, newCosts(g))
		}
	}
	index := make([]int, len(all))
	var out []*histogram
	for i, h := range each {
		best, bestCost := 0, math.Inf(1)
		for k, c := range all {
			if v := c.of(h); v < bestCost {
				best, bestCost = k, v
			}
		}
		if index[best] == 0 {
			out = append(out, newHistogram(cacheBits))
			index[best] = len(out)
		}
		tiles[i] = uint16(index[best] - 1)
		out[tiles[i]].merge(h)
	}
	return out, tiles
}

// of is the bits of h's symbols at costs c.
func (c *costs) of(h *histogram) float64 {
	s := 0.0
	dot := func(counts []uint32, cost []float32) {
		for i, n := range counts {
			if n > 0 {
				s += float64(n) * float64(cost[i])
			}
		}
	}
	dot(h.green, c.green)
	dot(h.red[:], c.red[:])
	dot(h.blue[:], c.blue[:])
	dot(h.alpha[:], c.alpha[:])
	dot(h.distance[:], c.distance[:])
	return s
}

// argb gathers m's pixels, alpha on top, and says whether one of them is not opaque.
func argb(m *image.NRGBA) (pix []uint32, alpha bool) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	pix = make([]uint32, w*h)
	and := byte(255)
	for y := range h {
		row := m.Pix[y*m.Stride:][:4*w]
		for x := range w {
			p := row[4*x : 4*x+4 : 4*x+4]
			pix[y*w+x] = uint32(p[3])<<24 | uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
			and &= p[3]
		}
	}
	return pix, and != 255
}
