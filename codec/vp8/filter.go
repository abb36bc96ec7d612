package vp8

// This file implements the loop filter, RFC 6386 section 15. The encoder runs it
// to see what the decoder will show; prediction reads unfiltered samples.

import "image"

// filterParams are the thresholds of one filter level (section 15.2).
type filterParams struct{ level, interior, hev int }

func filterParamsOf(level, sharpness int) filterParams {
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
	hev := 0
	if level >= 40 {
		hev = 2
	} else if level >= 15 {
		hev = 1
	}
	return filterParams{2*level + interior, interior, hev}
}

// filter filters a reconstruction in whole macroblocks.
func (e *Encoder) filter(m *image.YCbCr) {
	for mby := 0; mby < e.mbh; mby++ {
		for mbx := 0; mbx < e.mbw; mbx++ {
			mb := &e.mbs[mby*e.mbw+mbx]
			level := e.segments[mb.segment].filterLevel
			if level == 0 {
				continue
			}
			p := filterParamsOf(level, e.header.sharpness)
			inner := mb.is4 || !mb.skip
			yo, co := 16*(mby*m.YStride+mbx), 8*(mby*m.CStride+mbx)
			if mbx > 0 {
				filterEdge(m.Y, yo, 1, m.YStride, 16, p, true)
				filterEdge(m.Cb, co, 1, m.CStride, 8, p, true)
				filterEdge(m.Cr, co, 1, m.CStride, 8, p, true)
			}
			if inner {
				for k := 4; k < 16; k += 4 {
					filterEdge(m.Y, yo+k, 1, m.YStride, 16, p, false)
				}
				filterEdge(m.Cb, co+4, 1, m.CStride, 8, p, false)
				filterEdge(m.Cr, co+4, 1, m.CStride, 8, p, false)
			}
			if mby > 0 {
				filterEdge(m.Y, yo, m.YStride, 1, 16, p, true)
				filterEdge(m.Cb, co, m.CStride, 1, 8, p, true)
				filterEdge(m.Cr, co, m.CStride, 1, 8, p, true)
			}
			if inner {
				for k := 4; k < 16; k += 4 {
					filterEdge(m.Y, yo+k*m.YStride, m.YStride, 1, 16, p, false)
				}
				filterEdge(m.Cb, co+4*m.CStride, m.CStride, 1, 8, p, false)
				filterEdge(m.Cr, co+4*m.CStride, m.CStride, 1, 8, p, false)
			}
		}
	}
}

// filterEdge filters n positions along an edge (section 15.3). pix[o] is the
// first sample after the edge, across steps over it, along steps along it.
func filterEdge(pix []byte, o, across, along, n int, p filterParams, macroblockEdge bool) {
	limit := p.level
	if macroblockEdge {
		limit += 4
	}
	for ; n > 0; n, o = n-1, o+along {
		p3, p2 := int(pix[o-4*across]), int(pix[o-3*across])
		p1, p0 := int(pix[o-2*across]), int(pix[o-across])
		q0, q1 := int(pix[o]), int(pix[o+across])
		q2, q3 := int(pix[o+2*across]), int(pix[o+3*across])
		if 2*abs(p0-q0)+abs(p1-q1)>>1 > limit {
			continue
		}
		if abs(p3-p2) > p.interior || abs(p2-p1) > p.interior || abs(p1-p0) > p.interior ||
			abs(q3-q2) > p.interior || abs(q2-q1) > p.interior || abs(q1-q0) > p.interior {
			continue
		}
		switch {
		case abs(p1-p0) > p.hev || abs(q1-q0) > p.hev:
			a := clip(clip(p1-q1, -128, 127)+3*(q0-p0), -128, 127)
			pix[o-across] = clip8(int32(p0 + min(a+3, 127)>>3))
			pix[o] = clip8(int32(q0 - min(a+4, 127)>>3))
		case !macroblockEdge:
			a := clip(3*(q0-p0), -128, 127)
			f := min(a+4, 127) >> 3
			pix[o-across] = clip8(int32(p0 + min(a+3, 127)>>3))
			pix[o] = clip8(int32(q0 - f))
			f = (f + 1) >> 1
			pix[o-2*across] = clip8(int32(p1 + f))
			pix[o+across] = clip8(int32(q1 - f))
		default:
			a := clip(clip(p1-q1, -128, 127)+3*(q0-p0), -128, 127)
			f := (27*a + 63) >> 7
			pix[o-across], pix[o] = clip8(int32(p0+f)), clip8(int32(q0-f))
			f = (18*a + 63) >> 7
			pix[o-2*across], pix[o+across] = clip8(int32(p1+f)), clip8(int32(q1-f))
			f = (9*a + 63) >> 7
			pix[o-3*across], pix[o+2*across] = clip8(int32(p2+f)), clip8(int32(q2-f))
		}
	}
}
