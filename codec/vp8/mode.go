package vp8

// This file decides how each macroblock is predicted and quantized. For every mode it finds the
// levels, their distortion and the cost of writing them. The mode with the least distortion +
// lambda * cost is chosen.
//
// Distortion is computed from coefficients and weighted by frequency, so that no candidate has to
// be reconstructed. With a weight of 1, distortion would be 64 times the sum of the samples'
// squared errors (see idct.go and quantMatrix.w). In luma, the change of texture is added: the
// difference between the texture of the source and that of the reconstruction (see textureWeight).

import (
	"encoding/binary"
	"math/bits"
)

// scoreShift is the left shift that turns distortion into a score. A score is the distortion,
// shifted, plus lambda times the cost in 1/256 of a bit. The least score is the best.
const scoreShift = 8

// scoreOf returns the score of a distortion and a cost.
func scoreOf(dist int64, cost int, lambda int64) int64 {
	return dist<<scoreShift + int64(cost)*lambda
}

// A candidate16 is a macroblock's luma with one 16x16 prediction.
type candidate16 struct {
	mode   int
	score  int64
	lev    [256]int16 // of the 16 blocks
	stats  blockStats
	y2lev  [16]int16
	y2mask uint16 // bit n: y2lev[n] is not zero
	dist   int64  // distortion
	rate   int    // cost of the mode and the tokens
}

// A candidateUV is a macroblock's chroma with one prediction.
type candidateUV struct {
	mode  int
	score int64
	coef  [128]int16
	lev   [128]int16
	stats blockStats
	below dcErr // errors that the macroblock below takes over
	right dcErr // errors that the macroblock to the right takes over
}

// dcErr holds the quantization errors of chroma's DC coefficients that are passed on to one
// neighbouring macroblock. Index 0 has two errors of U, and index 1 two of V.
type dcErr [2][2]int16

// diffuse passes the quantization errors of chroma's DC coefficients on to the blocks to the right
// and below, so that smooth colors keep their mean where the quantizer steps are large. It adds the
// errors from above and from the left to coef, and returns those for the macroblocks below and to
// the right. coef has eight blocks: the upper two of U, the upper two of V, the lower two of U, and
// the lower two of V.
func (m *quantMatrix) diffuse(coef *[128]int16, above, left *dcErr) (below, right dcErr) {
	// add adds the errors of the blocks above and to the left to one block, and returns the block's
	// own error. Of each error 7/16 are added, so that errors do not travel far.
	add := func(block int, errAbove, errLeft int16) int16 {
		passedOn := (int32(errAbove)*7 + int32(errLeft)*7) >> 4
		c := int32(coef[16*block]) + passedOn
		coef[16*block] = int16(c)
		sign := c >> 31 // 0 or -1: (v^sign)-sign is v with this sign
		magnitude := uint32((c ^ sign) - sign)
		level := ((magnitude + uint32(m.rnd[0])) * uint32(m.iq[0])) >> 16
		product := int32(level) * int32(m.q[0])
		return int16(c - ((product ^ sign) - sign))
	}
	for ch := 0; ch < 2; ch++ {
		// The errors of the two upper blocks, then of the two lower ones.
		e0 := add(2*ch, above[ch][0], left[ch][0])
		e1 := add(2*ch+1, above[ch][1], e0)
		e2 := add(2*ch+4, e0, left[ch][1])
		e3 := add(2*ch+5, e1, e2)
		below[ch] = [2]int16{e2, e3}
		right[ch] = [2]int16{e1, e3}
	}
	return
}

// search is the workspace of the mode decision.
type search struct {
	lam     lambdas // of the current macroblock
	segment int     // of the current macroblock

	// refineShift says which modes of a 4x4 block refine4 compares again, after the trellis: those
	// whose score is at most the least score plus (the least score >> refineShift).
	refineShift uint
	// thorough is set at high effort. The choice between 4x4 and 16x16 is then made from the
	// results of the trellis, errors are weighed by masking, and learn counts tokens first.
	thorough bool

	flat [256]byte // a prediction of 128 everywhere

	ref [24 * 16]int16 // coefficients of the source less 128, luma first
	tex [24]uint32     // texture of each block of ref

	masking masking

	// The 16x16 luma modes. c16 has room for the best candidate and for the next one.
	pred16  [4][256]byte
	coef16  [4][256]int16
	y2      [4 * 16]int16 // Y2 coefficients of each mode
	y2lev   [4 * 16]int16 // levels of y2
	y2stats blockStats    // one block for each mode
	c16     [2]candidate16

	// The modes of one 4x4 luma block. There is room for three strips of four modes.
	pred4  [192]byte
	coef4  [12 * 16]int16
	lev4   [12 * 16]int16
	stats4 blockStats

	// The chroma modes. cUV has room for the best candidate and for the next one.
	predUV [4][128]byte
	cUV    [2]candidateUV

	// The levels of the macroblock when it is predicted in 4x4 blocks.
	lev  [16][16]int16
	mask [16]uint16 // bit n of mask[b]: lev[b][n] is not zero

	topErr  []dcErr // from the last finished macroblock of each column
	leftErr dcErr   // from the macroblock to the left
}

// start prepares s for the first macroblock of a picture.
func (s *search) start() {
	for i := range s.flat {
		s.flat[i] = 128
	}
	s.masking.start()
	clear(s.topErr)
}

// decide chooses the modes and levels of a macroblock, stores them, and reconstructs the
// macroblock. Without restrictions, only scores decide.
func (e *Encoder) decide(mbx, mby int) {
	s := &e.search
	i := mby*e.mbw + mbx
	mb := &e.mbs[i]
	seg := &e.segments[mb.segment]
	s.lam, s.segment = seg.lambdas, int(mb.segment)
	s.lam.scale(activity(e.logVar[i]))
	// The coefficients and the texture of the source.
	src := e.samples[i*mbSamples : (i+1)*mbSamples]
	fdctStrips(s.ref[:], src, s.flat[:], 4)
	fdctStrips(s.ref[256:], src[256:], s.flat[:], 2)
	texture(&s.tex, &s.ref)
	if s.thorough {
		s.masking.set(&s.tex)
	}

	// Luma: the best 16x16 mode against 4x4 modes.
	best16 := e.search16(mbx, mby, seg, src)
	// On average, a macroblock takes at most two bits for its segment and one for its skip flag.
	const otherBits = 3 << 8
	const chromaBits = 3 << 8 // about what chroma's mode takes
	modeLimit := 1 << 30      // no limit
	if e.restriction.modes > 0 {
		e.modeCredit += e.modeShare - otherBits
		modeLimit = e.modeCredit - chromaBits
	}
	if e.restriction.modes < 2 {
		mb.is4 = e.search4(mbx, mb, seg, src, best16, modeLimit)
	}
	// Store the modes and levels of luma. search4 has stored 4x4 modes and reconstructed them.
	n := &e.around
	levelsBefore := len(e.levels)
	anyMask := uint16(0) // stays 0 if no level of the macroblock is nonzero
	if mb.is4 {
		for b := 0; b < 16; b++ {
			e.store(planeY1SansY2, &s.lev[b], s.mask[b], 0, n.y(b))
			n.noteY(b, anyLevel(s.mask[b]))
			anyMask |= s.mask[b]
		}
	} else {
		if !s.thorough {
			e.trellis16(seg, best16)
		}
		mb.mode16 = uint8(best16.mode)
		e.modeCredit -= int(fixed.mode16[best16.mode])
		for k := range e.leftMode { // the costs of 4x4 modes to the right and below depend on them
			e.leftMode[k] = mb.mode16
			e.topModes[4*mbx+k] = mb.mode16
		}
		e.store(planeY2, &best16.y2lev, best16.y2mask, 0, n.y2())
		n.noteY2(anyLevel(best16.y2mask))
		anyMask = best16.y2mask
		for b := 0; b < 16; b++ {
			mask := best16.stats.mask[b]
			e.store(planeY1WithY2, (*[16]int16)(best16.lev[16*b:]), mask, 1, n.y(b))
			n.noteY(b, anyLevel(mask))
			anyMask |= mask
		}
		e.reconstruct16(best16, seg)
	}
	// Chroma.
	uv := e.searchUV(mbx, mby, seg, src[256:])
	mb.modeUV = uint8(uv.mode)
	e.modeCredit -= int(fixed.modeUV[uv.mode])
	for b := 0; b < 8; b++ {
		k := int(chromaBlock[b])
		mask := uv.stats.mask[k]
		e.store(planeUV, (*[16]int16)(uv.lev[16*k:]), mask, 0, n.uv(b))
		n.noteUV(b, anyLevel(mask))
		anyMask |= mask
	}
	e.reconstructUV(uv, seg)
	mb.skip = anyMask == 0
	if mb.skip {
		e.levels = e.levels[:levelsBefore]
	}
}

// store counts the tokens of a block of plane and appends its levels to e.levels. The levels of lev
// before position first are not coded. mask and ctx are as in blockCost.
func (e *Encoder) store(plane int, lev *[16]int16, mask uint16, first, ctx int) {
	last := bits.Len16(mask) - 1
	e.counts[plane].count(lev, first, last, ctx)
	e.levels = appendLevels(e.levels, lev, first, last)
}

// chromaBlock maps the order in which chroma blocks are written (four of U, then four of V) to
// their order in strips (two rows, each with two of U and two of V).
var chromaBlock = [8]uint8{0, 1, 4, 5, 2, 3, 6, 7}

// nModes returns how many of the four modes for 16x16 luma and for chroma may be used.
func (e *Encoder) nModes() int {
	if e.restriction.modes == 2 {
		return 1
	}
	return 4
}

// search16 returns the best 16x16 prediction. src is the source's luma.
func (e *Encoder) search16(mbx, mby int, seg *segment, src []byte) *candidate16 {
	s := &e.search
	// Predict and transform in every mode, and quantize Y2.
	predict16(&s.pred16, &e.ybr, mby > 0, mbx > 0)
	for mode := range s.coef16 {
		coef := &s.coef16[mode]
		fdctStrips(coef[:], src, s.pred16[mode][:], 4)
		var dc [16]int16
		for b := range dc {
			dc[b] = coef[16*b]
			coef[16*b] = 0
		}
		forwardWHT((*[16]int16)(s.y2[16*mode:]), &dc)
	}
	quantizeBlocks(s.y2lev[:], s.y2[:], s.ref[:], 0, &seg.y2, &s.y2stats, 4)

	// Quantize the other levels of each mode, and compare the modes.
	best, c := &s.c16[0], &s.c16[1] // c is the candidate for the next mode
	best.score = 1 << 62
	for mode := 0; mode < e.nModes(); mode++ {
		c.mode = mode
		c.y2lev, c.y2mask = [16]int16(s.y2lev[16*mode:]), s.y2stats.mask[mode]
		quantizeBlocks(c.lev[:], s.coef16[mode][:], s.ref[:], 16, &seg.y1, &c.stats, 16)
		// The squared error of a Y2 coefficient counts a quarter of the squared error of another
		// coefficient (see idct.go).
		dist := int64(s.y2stats.sse[mode] >> 2)
		tex := int64(0) // the change of texture
		for b := range c.stats.sse {
			weight := s.masking.weight[b]
			dist += (int64(c.stats.sse[b]) * weight) >> 8
			tex += (textureChange(s.tex[b], c.stats.tex[b]) * weight) >> 8
		}
		dist += (tex * s.lam.texture) >> 12
		rate := int(fixed.mode16[mode])
		if scoreOf(dist, rate, s.lam.l16) >= best.score {
			continue // not better, even without the cost of the tokens
		}
		rate += e.rate16(c)
		c.rate, c.dist = rate, dist
		c.score = scoreOf(dist, rate, s.lam.l16)
		if c.score < best.score {
			best, c = c, best
		}
	}
	if s.thorough {
		e.trellis16(seg, best)
	}
	return best
}

// trellis16 quantizes c again, by trellis quantization, and sets c.dist and c.rate anew. c.score is
// not changed.
func (e *Encoder) trellis16(seg *segment, c *candidate16) {
	n := e.around // a copy, because c is only a candidate
	s := &e.search
	y2 := (*[16]int16)(s.y2[16*c.mode:])
	lambda := 4 * s.lam.trellis // because a squared error counts a quarter in Y2
	mask, sse, rate := e.costs[planeY2].trellis(&c.y2lev, y2, &seg.y2, 0, n.y2(), lambda)
	c.dist += (sse - int64(s.y2stats.sse[c.mode])) >> 2
	c.y2mask = mask
	c.rate = int(fixed.mode16[c.mode]) + rate
	t := &e.costs[planeY1WithY2]
	for b := 0; b < 16; b++ {
		lev := (*[16]int16)(c.lev[16*b:])
		coef := (*[16]int16)(s.coef16[c.mode][16*b:])
		lambda := (s.lam.trellis * s.masking.lambda[b]) >> 8
		mask, sse, rate := t.trellis(lev, coef, &seg.y1, 1, n.y(b), lambda)
		c.dist += ((sse - int64(c.stats.sse[b])) * s.masking.weight[b]) >> 8
		c.rate += rate
		c.stats.mask[b] = mask
		n.noteY(b, anyLevel(mask))
	}
}

// textureChange returns the difference between the textures a and b.
func textureChange(a, b uint32) int64 {
	if a < b {
		return int64(b - a)
	}
	return int64(a - b)
}

// rate16 returns the cost of the tokens of c.
func (e *Encoder) rate16(c *candidate16) int {
	n := e.around // a copy, because c is only a candidate
	r := e.costs[planeY2].blockCost(&c.y2lev, c.y2mask, 0, n.y2())
	t := &e.costs[planeY1WithY2]
	for b := 0; b < 16; b++ {
		mask := c.stats.mask[b]
		r += t.blockCost((*[16]int16)(c.lev[16*b:]), mask, 1, n.y(b))
		n.noteY(b, anyLevel(mask))
	}
	return r
}

// reconstruct16 writes the macroblock's luma to the workspace.
func (e *Encoder) reconstruct16(c *candidate16, seg *segment) {
	var y2, dc [16]int16
	for i := range y2 {
		y2[i] = c.y2lev[i] * int16(seg.y2.q[i])
	}
	inverseWHT(&dc, &y2)
	pred := &e.search.pred16[c.mode]
	for b := 0; b < 16; b++ {
		// The DC from the inverse WHT is a coefficient and not a level: y1AC has a step of 1 for
		// it.
		lev := (*[16]int16)(c.lev[16*b:])
		lev[0] = dc[b]
		x, y := 4*(b&3), 4*(b>>2)
		idctBlock(e.ybr[ybrY+y*ybrStride+x:], ybrStride, pred[16*y+x:], 16, lev, &seg.y1AC)
	}
}

// search4 finds the best 4x4 predictions, block by block, and reconstructs them in the workspace.
// If these predictions are better than best16, it stores their modes in mb and returns true. It
// returns false as soon as their score is no better, or their modes cost more than modeLimit.
func (e *Encoder) search4(mbx int, mb *macroblock, seg *segment, src []byte, best16 *candidate16, modeLimit int) bool {
	s := &e.search
	t := &e.costs[planeY1SansY2]
	n := e.around
	leftMode, topMode := e.leftMode, [4]uint8(e.topModes[4*mbx:])
	modes4 := uint64(0)
	limit := scoreOf(best16.dist, best16.rate, s.lam.mode) // the score to beat
	total := int64(fixed.bit4x4) * s.lam.mode              // the score so far
	spent := int(fixed.bit4x4)                             // the cost of modes so far
	for b := 0; b < 16; b++ {
		x, y := 4*(b&3), 4*(b>>2)
		o := ybrY + y*ybrStride + x
		// Predict the block in every mode: lo and hi are the edge as predict4Generic takes it, with
		// its first and last samples twice.
		left0, left1 := uint64(e.ybr[o-1]), uint64(e.ybr[o+ybrStride-1]) // downwards
		left2, left3 := uint64(e.ybr[o+2*ybrStride-1]), uint64(e.ybr[o+3*ybrStride-1])
		corner := uint64(e.ybr[o-ybrStride-1])
		above := binary.LittleEndian.Uint64(e.ybr[o-ybrStride:]) // eight samples
		lo := left3 | left3<<8 | left2<<16 | left1<<24 | left0<<32 | corner<<40 | above<<48
		hi := above>>16 | (above>>56)<<48
		predict4(&s.pred4, lo, hi)
		fdctBlock(s.coef4[:], src[16*y+x:], s.pred4[:], 3)
		quantizeBlocks(s.lev4[:], s.coef4[:], s.ref[16*b:], 0, &seg.y1, &s.stats4, 12)
		// Compare the modes. scores[m] lacks the cost of tokens if mode m is worse even without it.
		// plainDist and plainRate are those of the best mode before the trellis.
		ctx := n.y(b)
		modeCost := &fixed.mode4[topMode[b&3]][leftMode[b>>2]]
		var scores [nPred]int64
		bestScore, plainDist, plainRate := int64(1)<<62, int64(0), 0
		for m := 0; m < nPred; m++ {
			tex := textureChange(s.tex[b], s.stats4.tex[m])
			dist := int64(s.stats4.sse[m]) + (tex*s.lam.texture)>>12
			dist = (dist * s.masking.weight[b]) >> 8
			score := scoreOf(dist, int(modeCost[m]), s.lam.l4)
			scores[m] = score
			if score >= bestScore {
				continue
			}
			rate := int(modeCost[m]) + t.blockCost((*[16]int16)(s.lev4[16*m:]), s.stats4.mask[m], 0, ctx)
			score = scoreOf(dist, rate, s.lam.l4)
			scores[m] = score
			if score < bestScore {
				bestScore, plainDist, plainRate = score, dist, rate
			}
		}
		refineLimit := bestScore + bestScore>>s.refineShift
		bestMode, dist, rate := e.refine4(b, ctx, modeCost, &scores, refineLimit)
		lev, mask := &s.lev[b], s.mask[b]
		if !s.thorough { // compare with best16 as it is: without the trellis
			dist, rate = plainDist, plainRate
		}
		total += scoreOf(dist, rate, s.lam.mode)
		spent += int(modeCost[bestMode])
		if total >= limit || spent > modeLimit {
			return false
		}
		pred := s.pred4[64*(bestMode>>2)+4*(bestMode&3):] // where predict4 wrote it
		idctBlock(e.ybr[o:], ybrStride, pred, 16, lev, &seg.y1.q)
		n.noteY(b, anyLevel(mask))
		leftMode[b>>2], topMode[b&3] = uint8(bestMode), uint8(bestMode)
		modes4 |= uint64(bestMode) << (4 * uint(b))
	}
	mb.modes4 = modes4
	e.modeCredit -= spent
	e.leftMode = leftMode
	copy(e.topModes[4*mbx:], topMode[:])
	return true
}

// refine4 compares again those modes of block b whose scores are at most limit. For each of these
// modes, the trellis quantizes the block first. refine4 returns the best mode with its distortion
// and rate, and stores the levels of this mode in s.lev[b] and s.mask[b]. Changes of texture are
// not computed again: they are those of the levels before the trellis.
func (e *Encoder) refine4(b, ctx int, modeCost *[nPred]uint16, scores *[nPred]int64, limit int64) (mode int, dist int64, rate int) {
	s := &e.search
	t := &e.costs[planeY1SansY2]
	lambda := (s.lam.trellis * s.masking.lambda[b]) >> 8
	best := int64(1) << 62
	y1 := &e.segments[s.segment].y1
	var lev [16]int16
	for m, score := range scores {
		if score > limit {
			continue
		}
		mask, sse, r := t.trellis(&lev, (*[16]int16)(s.coef4[16*m:]), y1, 0, ctx, lambda)
		tex := textureChange(s.tex[b], s.stats4.tex[m])
		d := sse + (tex*s.lam.texture)>>12
		d = (d * s.masking.weight[b]) >> 8
		r += int(modeCost[m])
		refined := scoreOf(d, r, s.lam.l4)
		if refined < best {
			mode, dist, rate, best = m, d, r, refined
			s.lev[b], s.mask[b] = lev, mask
		}
	}
	return mode, dist, rate
}

// searchUV returns the best chroma prediction. It keeps the errors of this prediction's DC
// coefficients for the macroblocks below and to the right. src is the source's chroma.
func (e *Encoder) searchUV(mbx, mby int, seg *segment, src []byte) *candidateUV {
	s := &e.search
	if mbx == 0 {
		s.leftErr = dcErr{}
	}
	predict8(&s.predUV, &e.topUV, &e.leftUV, e.cornerUV, mby > 0, mbx > 0)
	best, c := &s.cUV[0], &s.cUV[1] // they are swapped when c is better
	best.score = 1 << 62
	t := &e.costs[planeUV]
	for mode := 0; mode < e.nModes(); mode++ {
		c.mode = mode
		fdctStrips(c.coef[:], src, s.predUV[mode][:], 2)
		c.below, c.right = seg.uv.diffuse(&c.coef, &s.topErr[mbx], &s.leftErr) // changes c.coef
		quantizeBlocks(c.lev[:], c.coef[:], s.ref[256:], 16, &seg.uv, &c.stats, 8)
		dist := int64(0) // changes of texture do not count in chroma
		for b := 0; b < 8; b++ {
			dist += int64(c.stats.sse[b])
		}
		rate := int(fixed.modeUV[mode])
		if scoreOf(dist, rate, s.lam.uv) >= best.score {
			continue // not better, even without the cost of the tokens
		}
		n := e.around // a copy, since every mode begins with the same neighbors
		for b := 0; b < 8; b++ {
			k := int(chromaBlock[b])
			mask := c.stats.mask[k]
			rate += t.blockCost((*[16]int16)(c.lev[16*k:]), mask, 0, n.uv(b))
			n.noteUV(b, anyLevel(mask))
		}
		c.score = scoreOf(dist, rate, s.lam.uv)
		if c.score < best.score {
			best, c = c, best
		}
	}
	s.topErr[mbx], s.leftErr = best.below, best.right
	return best
}

// reconstructUV writes the macroblock's chroma to e.recUV.
func (e *Encoder) reconstructUV(c *candidateUV, seg *segment) {
	pred := &e.search.predUV[c.mode]
	for b := 0; b < 8; b++ {
		o := 64*(b>>2) + 4*(b&3) // in rows of 16 bytes
		idctBlock(e.recUV[o:], 16, pred[o:], 16, (*[16]int16)(c.lev[16*b:]), &seg.uv.q)
	}
}
