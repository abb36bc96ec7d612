package vp8

// This file implements the loop filter, RFC 6386 section 15. The encoder runs it to find out what
// the decoder will show. Predictions are made from unfiltered samples.

import (
	"image"

	"miniatura/codec/internal/num"
)

// filterParams are the thresholds of one filter level (sections 15.2 and 15.3). A place on an edge
// is filtered if no difference there exceeds edge or interior.
type filterParams struct {
	edge     int // for the difference across the edge; at the edges of macroblocks, 4 more
	interior int // for the differences between samples on one side of the edge
	hev      int // for the high edge variance of section 15.3: where it is high, less is smoothed
}

// filterParamsOf returns the thresholds of a filter level.
func filterParamsOf(level int, h *frameHeader) filterParams {
	sharpness := h.sharpness
	interior := level
	if sharpness > 0 {
		if sharpness > 4 {
			interior >>= 2
		} else {
			interior >>= 1
		}
		interior = min(interior, 9-sharpness)
	}
	interior = max(interior, 1)
	if h.simple {
		// The simple filter (section 15.2) tests only the difference across the edge. It filters as
		// the normal filter does where the edge variance is high. So the normal filter becomes the
		// simple one with an interior threshold that no difference exceeds, and a variance
		// threshold that every difference exceeds.
		return filterParams{edge: 2*level + interior, interior: 255, hev: -1}
	}
	hev := 0 // the thresholds for key frames (section 15.3)
	if level >= 40 {
		hev = 2
	} else if level >= 15 {
		hev = 1
	}
	return filterParams{edge: 2*level + interior, interior: interior, hev: hev}
}

// filter runs the loop filter over m, the reconstruction of all macroblocks.
func (e *Encoder) filter(m *image.YCbCr) {
	for mby := 0; mby < e.mbh; mby++ {
		for mbx := 0; mbx < e.mbw; mbx++ {
			mb := &e.mbs[mby*e.mbw+mbx]
			level := e.segments[mb.segment].filterLevel
			if level == 0 {
				continue
			}
			p := filterParamsOf(level, &e.header)
			inner := mb.innerEdges()
			yo, co := 16*(mby*m.YStride+mbx), 8*(mby*m.CStride+mbx) // the macroblock's first samples
			filterLuma(m.Y, yo, m.YStride, p, mbx > 0, mby > 0, inner)
			if e.header.simple {
				continue // chroma stays as it is
			}
			for _, c := range [][]byte{m.Cb, m.Cr} {
				if mbx > 0 {
					filterEdge(c, co, 1, m.CStride, 8, p, true)
				}
				if inner {
					filterEdge(c, co+4, 1, m.CStride, 8, p, false)
				}
				if mby > 0 {
					filterEdge(c, co, m.CStride, 1, 8, p, true)
				}
				if inner {
					filterEdge(c, co+4*m.CStride, m.CStride, 1, 8, p, false)
				}
			}
		}
	}
}

// innerEdges reports whether the edges between the 4x4 blocks of mb are filtered too (section 15).
func (mb *macroblock) innerEdges() bool { return mb.is4 || !mb.skip }

// filterEdge filters n positions along an edge (sections 15.2 and 15.3). pix[o] is the first sample
// after the edge at the first position. In pix, samples on a line across the edge are acrossStep
// bytes apart, and positions along the edge are alongStep bytes apart.
//
// a and w are named as in sections 15.2 and 15.3.
func filterEdge(pix []byte, o, acrossStep, alongStep, n int, limits filterParams, macroblockEdge bool) {
	edge := limits.edge
	if macroblockEdge {
		edge += 4
	}
	for ; n > 0; n, o = n-1, o+alongStep {
		// Before the edge are p3 to p0, and after it q0 to q3.
		p3, p2 := int(pix[o-4*acrossStep]), int(pix[o-3*acrossStep])
		p1, p0 := int(pix[o-2*acrossStep]), int(pix[o-acrossStep])
		q0, q1 := int(pix[o]), int(pix[o+acrossStep])
		q2, q3 := int(pix[o+2*acrossStep]), int(pix[o+3*acrossStep])
		if 2*abs(p0-q0)+(abs(p1-q1)>>1) > edge {
			continue
		}
		// On each side of the edge, neighbours must not differ by more than interior.
		if abs(p3-p2) > limits.interior || abs(p2-p1) > limits.interior || abs(p1-p0) > limits.interior ||
			abs(q3-q2) > limits.interior || abs(q2-q1) > limits.interior || abs(q1-q0) > limits.interior {
			continue
		}
		switch {
		case abs(p1-p0) > limits.hev || abs(q1-q0) > limits.hev: // changes one sample on each side
			a := clip(clip(p1-q1, -128, 127)+3*(q0-p0), -128, 127)
			pix[o-acrossStep] = clip8(int32(p0 + (min(a+3, 127) >> 3)))
			pix[o] = clip8(int32(q0 - (min(a+4, 127) >> 3)))
		case !macroblockEdge: // changes two samples on each side
			a := clip(3*(q0-p0), -128, 127)
			f := min(a+4, 127) >> 3
			pix[o-acrossStep] = clip8(int32(p0 + (min(a+3, 127) >> 3)))
			pix[o] = clip8(int32(q0 - f))
			f = (f + 1) >> 1
			pix[o-2*acrossStep] = clip8(int32(p1 + f))
			pix[o+acrossStep] = clip8(int32(q1 - f))
		default: // changes three samples on each side
			w := clip(clip(p1-q1, -128, 127)+3*(q0-p0), -128, 127)
			f := (27*w + 63) >> 7
			pix[o-acrossStep], pix[o] = clip8(int32(p0+f)), clip8(int32(q0-f))
			f = (18*w + 63) >> 7
			pix[o-2*acrossStep], pix[o+acrossStep] = clip8(int32(p1+f)), clip8(int32(q1-f))
			f = (9*w + 63) >> 7
			pix[o-3*acrossStep], pix[o+2*acrossStep] = clip8(int32(p2+f)), clip8(int32(q2-f))
		}
	}
}

// A filterSample keeps the reconstructed luma of some rows of macroblocks, to try the loop filter
// on.
type filterSample struct {
	interval int    // of each interval pairs of rows, the first pair is kept
	stride   int    // of luma and trial, in bytes
	luma     []byte // the pairs that are kept, before the filter
	trial    []byte // one pair, filtered
}

// start makes room for the sample of a picture of mbw by mbh macroblocks.
func (s *filterSample) start(mbw, mbh, interval int) {
	s.interval, s.stride = interval, 16*mbw
	pairs := (mbh + 1) / 2                    // the last may have one row of macroblocks only
	kept := (pairs + interval - 1) / interval // each has 32 rows of samples
	s.luma = num.Grow(s.luma, kept*32*s.stride)
	s.trial = num.Grow(s.trial, 32*s.stride)
}

// setFilterLevels sets the filter level of each segment to 11/16 of the level that brings the
// sampled luma closest to the source. The lower level makes the error slightly larger, but keeps
// more detail, which looks better.
func (e *Encoder) setFilterLevels() {
	e.tryFilterLevels()
	for k := range e.segments {
		s := &e.segments[k]
		s.filterLevel = (11*s.filterLevel + 8) / 16
	}
}

// tryFilterLevels tries some levels around each segment's filter level. It sets the filter level to
// the one that brings the sampled luma closest to the source.
func (e *Encoder) tryFilterLevels() {
	var base [4]int
	for k := range base {
		base[k] = e.segments[k].filterLevel
	}
	best := e.filterError(&base)
	// try sets the level of each segment to f/8 of the segment's base where this brings the luma
	// closer than the best level so far. It reports whether it set any level.
	try := func(f int) bool {
		var levels [4]int
		for k := range levels {
			levels[k] = min(base[k]*f/8, 63)
		}
		better := false
		for k, d := range e.filterError(&levels) {
			if d < best[k] {
				best[k] = d
				e.segments[k].filterLevel = levels[k]
				better = true
			}
		}
		return better
	}
	if e.header.simple {
		// The simple filter does not spare detail next to the edge, because it has no interior
		// threshold. Therefore levels far below base suit some segments.
		for _, f := range []int{2, 4, 12} {
			try(f)
		}
		return
	}
	// Higher levels are tried while they are better. If none is, lower ones are tried.
	if try(12) {
		if try(16) {
			try(22)
		}
		return
	}
	if try(5) {
		try(3)
	}
}

// filterError filters the sampled luma with the given levels and returns the squared error of each
// segment.
func (e *Encoder) filterError(levels *[4]int) (sum [4]int64) {
	s := &e.sample
	var p [4]filterParams
	for k := range p {
		p[k] = filterParamsOf(levels[k], &e.header)
	}
	for mby := 0; mby+1 < e.mbh; mby += 2 * s.interval {
		// Filter one pair of rows of macroblocks.
		kept := mby / 2 / s.interval // index of the pair among those in s.luma
		copy(s.trial, s.luma[kept*32*s.stride:])
		for y := 0; y < 2; y++ {
			for mbx := 0; mbx < e.mbw; mbx++ {
				mb := &e.mbs[(mby+y)*e.mbw+mbx]
				if levels[mb.segment] > 0 {
					filterLuma(s.trial, y*16*s.stride+16*mbx, s.stride, p[mb.segment], mbx > 0, y > 0, mb.innerEdges())
				}
			}
		}
		// Of the pair's 32 rows of samples, only rows 8 to 27 are compared. The rows nearer to the
		// pair's top and bottom also depend on macroblocks that are not in s.trial.
		for y := 0; y < 2; y++ {
			for mbx := 0; mbx < e.mbw; mbx++ {
				i := (mby+y)*e.mbw + mbx
				src := e.samples[i*mbSamples:]
				d := int64(0)                 // the macroblock's squared error
				start, end := 8*(1-y), 16-4*y // 8 to 16 in the upper row, 0 to 12 in the lower
				for r := start; r < end; r++ {
					a, b := s.trial[(16*y+r)*s.stride+16*mbx:][:16], src[16*r:][:16]
					for c := range a {
						x := int32(a[c]) - int32(b[c])
						d += int64(x * x)
					}
				}
				sum[e.mbs[i].segment] += d
			}
		}
	}
	return sum
}

// filterLuma filters the edges of one macroblock's luma, whose first sample is pix[o]. left, top
// and inner say which edges are filtered.
func filterLuma(pix []byte, o, stride int, p filterParams, left, top, inner bool) {
	if left {
		filterEdge(pix, o, 1, stride, 16, p, true)
	}
	if inner {
		for k := 4; k < 16; k += 4 {
			filterEdge(pix, o+k, 1, stride, 16, p, false)
		}
	}
	if top {
		filterEdge(pix, o, stride, 1, 16, p, true)
	}
	if inner {
		for k := 4; k < 16; k += 4 {
			filterEdge(pix, o+k*stride, stride, 1, 16, p, false)
		}
	}
}
