package webp

// This file writes the VP8L bitstream, RFC 9649 section 3: transforms, then the pixels as
// entropy-coded refs (vp8lrefs.go, vp8lhuff.go).

import (
	"image"
	"slices"
)

// appendVP8L appends the VP8L bitstream of w*h pixels, including its header. pix has the pixels as
// ARGB, with alpha in the high bits, and may be overwritten. The header stores hasAlpha as a hint
// that some pixel is not opaque.
func appendVP8L(dst []byte, pix []uint32, w, h int, hasAlpha bool, effort Effort) []byte {
	dst = appendVP8LHeader(dst, w, h, hasAlpha)
	return appendVP8LBody(dst, pix, w, h, effort)
}

// appendVP8LBody appends a VP8L bitstream without its header, as an ALPH chunk stores it. It may
// overwrite pix.
//
// Pixels are coded in one of three ways: as indices into a palette, as residuals of prediction, or
// as they are. The last way is best where colors repeat so often that copies and the color cache
// work well on the colors themselves. HighEffort tries each way that may be best. DefaultEffort
// chooses one by an estimate.
func appendVP8LBody(dst []byte, pix []uint32, w, h int, effort Effort) []byte {
	start := len(dst)
	keepShortest := func(out []byte) {
		isFirst := len(dst) == start
		if isFirst || len(out) < len(dst)-start {
			dst = append(dst[:start], out...)
		}
	}
	tryAll := effort == HighEffort
	tryPrediction := true
	colors := palette(pix, 256)
	if n := len(colors); n > 0 {
		// With at most 16 colors a pixel holds several indices, and the palette is always best.
		tryPrediction = n > 16 && (tryAll || predictable(pix, w, colors))
		if tryAll || !tryPrediction {
			keepShortest(withPalette(pix, w, h, colors, effort))
		}
	} else if repeatedFraction(pix, w) > 0.4 {
		// So many pixels equal a neighbor that coding them as they are may be best.
		tryPrediction = tryAll || !plainIsBetter(pix, w, h)
		if tryAll || !tryPrediction {
			keepShortest(withoutTransforms(pix, w, h, effort))
		}
	}
	if tryPrediction {
		keepShortest(withPrediction(pix, w, h, effort)) // last, since it changes pix
	}
	return dst
}

// withoutTransforms codes pix as they are.
func withoutTransforms(pix []uint32, w, h int, effort Effort) []byte {
	lw := &lsbWriter{}
	lw.put(0, 1) // no transform
	writePixels(lw, pix, w, h, true, effort)
	lw.flush()
	return lw.out
}

// predictable reports whether a picture of few colors is smooth, as gray pictures and alpha often
// are. It looks at the pixels that differ from both their left and their upper neighbor. The
// picture is smooth if the residuals of these pixels take fewer bits than their indices.
func predictable(pix []uint32, w int, colors []uint32) bool {
	redOrBlue := hasRedOrBlue(colors)
	plain := make([]uint32, len(colors)) // counts of the pixels, by index
	predicted := newHistogram(0)
	for i := w + 1; i < len(pix); i++ {
		l, t, tl := pix[i-1], pix[i-w], pix[i-w-1] // left, top, top left
		if pix[i] == l || pix[i] == t {
			continue
		}
		k, _ := slices.BinarySearch(colors, pix[i])
		plain[k]++
		r := subtract(pix[i], predictPixel(modeGradient, l, t, t, tl))
		if redOrBlue {
			r = withoutGreen(r)
		}
		predicted.add(ref{r, refLiteral})
	}
	return predicted.bits() < entropyBits(plain)
}

// hasRedOrBlue reports whether red or blue of some pixel is not zero.
func hasRedOrBlue(pix []uint32) bool {
	or := uint32(0)
	for _, p := range pix {
		or |= p
	}
	return or&0x00ff00ff != 0
}

// withPalette codes pix as indices into a palette of the given colors.
func withPalette(pix []uint32, w, h int, colors []uint32, effort Effort) []byte {
	lw := &lsbWriter{}
	lw.put(1, 1) // a transform follows
	lw.put(transformColorIndexing, 2)
	lw.put(uint32(len(colors)-1), 8)
	// The palette is stored as differences from the color before (RFC 9649 section 3.5.4).
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

// withPrediction codes pix with the predictor transform. If red or blue is used, the transform that
// subtracts green comes first. withPrediction changes pix.
func withPrediction(pix []uint32, w, h int, effort Effort) []byte {
	lw := &lsbWriter{}
	if hasRedOrBlue(pix) {
		subtractGreen(pix)
		lw.put(1, 1) // a transform follows
		lw.put(transformSubtractGreen, 2)
	}
	lw.put(1, 1) // a transform follows
	lw.put(transformPredictor, 2)
	lw.put(predictorBits-2, 3)
	residuals := make([]uint32, len(pix))
	rowStep := searchOf(effort).rowStep
	modes := predictorTransform(residuals, pix, w, h, rowStep)
	tilesX, tilesY := predictorTiles(w, h)
	writePixels(lw, modes, tilesX, tilesY, false, effort)
	lw.put(0, 1) // no more transforms
	writePixels(lw, residuals, w, h, true, effort)
	lw.flush()
	return lw.out
}

// repeatedFraction returns the fraction of the pixels that equal their left or upper neighbor.
func repeatedFraction(pix []uint32, w int) float64 {
	n := 0
	for i := 1; i < len(pix); i++ {
		if pix[i] == pix[i-1] || (i >= w && pix[i] == pix[i-w]) {
			n++
		}
	}
	return float64(n) / float64(len(pix))
}

// writePixels stores one image. If main is set, the image is the picture, which may have a color
// cache and groups of prefix codes (RFC 9649 3.7.3). Otherwise it is one of the small images that
// transforms and groups need.
func writePixels(lw *lsbWriter, pix []uint32, w, h int, main bool, effort Effort) {
	s := searchOf(effort)
	matches := findMatches(pix, w, s)
	// There are two first cuts of the pixels into refs. In one, matches are copied. In the other,
	// every pixel is a ref of its own, which is better for noise. The second is tried where the
	// first has more than half as many refs as pixels, or where both are to be improved.
	copies := greedy(pix, matches, nil)
	trySingles := 2*len(copies) > len(pix) || s.starts > 1
	// Choose the color cache that is best for the cut that takes fewer bits.
	var cacheBits uint
	var hits []int32 // by pixel, see cacheHits; nil without a cache
	if main && hasRedOrBlue(pix) {
		better := copies
		if trySingles {
			singles := greedy(pix, nil, nil)
			if refsBits(singles, 0) < refsBits(copies, 0) {
				better = singles
			}
		}
		cacheBits, hits = chooseCache(pix, better)
	}
	// Make the first cuts again, with the cache. If only one is to be improved, drop the longer.
	cuts := [][]ref{greedy(pix, matches, hits)}
	if trySingles {
		cuts = append(cuts, greedy(pix, nil, hits))
	}
	var bits []float64 // by cut
	for _, refs := range cuts {
		bits = append(bits, refsBits(refs, cacheBits))
	}
	if s.starts == 1 && len(cuts) == 2 {
		if bits[1] < bits[0] {
			cuts, bits = cuts[1:], bits[1:]
		} else {
			cuts, bits = cuts[:1], bits[:1]
		}
	}
	// Improve each cut, write it, and keep the shortest.
	var best *lsbWriter
	for i, refs := range cuts {
		if bits[i] > 1.4*bits[0] {
			continue // singles that are so much longer than copies do not become shorter
		}
		refs = shorten(refs, pix, matches, hits, cacheBits, s)
		g := grouped{refs: refs, groups: []*histogram{count(refs, cacheBits)}}
		if main {
			g = cluster(refs, w, h, cacheBits, s)
		}
		trial := new(lsbWriter)
		writeGrouped(trial, g, w, h, cacheBits, main, effort)
		if best == nil || trial.bits() < best.bits() {
			best = trial
		}
	}
	lw.append(best)
}

// shorten cuts the pixels into new refs in several passes. Each pass uses the costs that follow
// from the refs of the pass before. The first pass uses those of the given refs, and its result
// replaces them in any case. If a later pass saves nothing, shorten stops.
func shorten(refs []ref, pix []uint32, matches []match, hits []int32, cacheBits uint, s search) []ref {
	least := 0.0 // bits that the refs of the last pass take
	for pass := range s.passes {
		c := newCosts(count(refs, cacheBits))
		next := cheapest(pix, matches, hits, c, s.nice)
		bits := refsBits(next, cacheBits)
		if pass > 0 && bits >= least {
			break
		}
		refs, least = next, bits
	}
	return refs
}

// writeGrouped stores one image: the size of the color cache, then prefix codes and refs. If main
// is set, the image is the picture, and the map of tiles to groups is stored before the codes.
func writeGrouped(lw *lsbWriter, g grouped, w, h int, cacheBits uint, main bool, effort Effort) {
	if cacheBits > 0 {
		lw.put(1, 1)
		lw.put(uint32(cacheBits), 4)
	} else {
		lw.put(0, 1) // no cache
	}
	switch {
	case main && len(g.groups) == 1:
		lw.put(0, 1) // no map
	case main:
		lw.put(1, 1) // a map follows
		lw.put(uint32(g.tileBits-2), 3)
		// The map is an image with a pixel for each tile. Red and green hold the group's number.
		groupMap := make([]uint32, len(g.groupOf))
		for i, k := range g.groupOf {
			groupMap[i] = 0xff000000 | uint32(k)<<8
		}
		side := 1 << g.tileBits
		tilesX, tilesY := (w+side-1)/side, (h+side-1)/side
		writePixels(lw, groupMap, tilesX, tilesY, false, effort)
	}
	writeRefs(lw, g, w)
}

// refsBits estimates the bits that refs take: their symbols, their extra bits and the prefix codes.
func refsBits(refs []ref, cacheBits uint) float64 {
	extraBits := 0
	for _, r := range refs {
		extraBits += r.extraBits()
	}
	return count(refs, cacheBits).bits() + float64(extraBits)
}

// count counts the symbols of refs. The color cache has 1<<cacheBits entries. If cacheBits is 0,
// there is no cache.
func count(refs []ref, cacheBits uint) *histogram {
	h := newHistogram(cacheBits)
	for _, r := range refs {
		h.add(r)
	}
	return h
}

// grouped is a cut of the picture into refs, together with the groups of its prefix codes.
type grouped struct {
	refs     []ref
	groups   []*histogram // the symbols of each group
	groupOf  []uint16     // by tile: the index of its group; nil if there is only one group
	tileBits uint         // a tile is 1<<tileBits pixels wide and high
}

// writeRefs stores the prefix codes of every group, then the refs. w is the width of the image.
func writeRefs(lw *lsbWriter, cut grouped, w int) {
	refs, groups, groupOf, tileBits := cut.refs, cut.groups, cut.groupOf, cut.tileBits
	type fiveCodes struct{ green, red, blue, alpha, distance prefixCode }
	codes := make([]fiveCodes, len(groups)) // by group
	for i, h := range groups {
		g := &codes[i]
		g.green = newPrefixCode(h.green)
		g.red = newPrefixCode(h.red[:])
		g.blue = newPrefixCode(h.blue[:])
		g.alpha = newPrefixCode(h.alpha[:])
		g.distance = newPrefixCode(h.distance[:])
		for _, c := range []*prefixCode{&g.green, &g.red, &g.blue, &g.alpha, &g.distance} {
			c.write(lw)
		}
	}
	side := 1 << tileBits
	tilesX := (w + side - 1) / side
	x, y := 0, 0   // where the next ref begins
	g := &codes[0] // the codes of the tile there
	for _, r := range refs {
		if groupOf != nil {
			tile := (y>>tileBits)*tilesX + (x >> tileBits)
			g = &codes[groupOf[tile]]
		}
		switch r.n {
		case refLiteral:
			g.green.put(lw, int((r.v>>8)&255))
			g.red.put(lw, int((r.v>>16)&255))
			g.blue.put(lw, int(r.v&255))
			g.alpha.put(lw, int(r.v>>24))
		case refCached:
			g.green.put(lw, numLiterals+numLengths+int(r.v))
		default: // a copy
			sym, extra, extraBits := prefixOf(r.n)
			g.green.put(lw, numLiterals+int(sym))
			lw.put(extra, extraBits)
			sym, extra, extraBits = prefixOf(r.v)
			g.distance.put(lw, int(sym))
			lw.put(extra, extraBits)
		}
		x += r.pixels()
		for x >= w {
			x -= w
			y++
		}
	}
}

// argb returns m's pixels, with alpha in the high bits, and reports whether one of them is not
// opaque.
func argb(m *image.NRGBA) (pix []uint32, hasAlpha bool) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	pix = make([]uint32, w*h)
	allAlpha := byte(255) // the AND of the alpha of all pixels
	for y := range h {
		row := m.Pix[y*m.Stride:][:4*w]
		for x := range w {
			p := row[4*x : 4*x+4 : 4*x+4] // R, G, B, A
			pix[y*w+x] = uint32(p[3])<<24 | uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
			allAlpha &= p[3]
		}
	}
	return pix, allAlpha != 255
}
