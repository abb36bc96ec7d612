package vp8

// This file implements the writing of the prediction modes, RFC 6386 section 11.

// probIs16 is the probability that the bit "predicted as 16x16" is 0, which means 4x4 blocks
// (section 11.2).
const probIs16 = 145

// The walk functions call f for each bit of a mode, with the bit's probability. f writes the bits
// to a bool encoder, or adds up their costs.

// walkMode16 walks the tree of 16x16 luma modes (section 11.2).
func walkMode16(mode int, f func(p uint8, bit bool)) {
	f(156, mode == predHE || mode == predTM)
	switch mode {
	case predDC, predVE:
		f(163, mode == predVE)
	default:
		f(128, mode == predTM)
	}
}

// walkModeUV walks the tree of chroma modes (section 11.2).
func walkModeUV(mode int, f func(p uint8, bit bool)) {
	f(142, mode != predDC)
	if mode == predDC {
		return
	}
	f(114, mode != predVE)
	if mode == predVE {
		return
	}
	f(183, mode != predHE)
}

// walkMode4 walks the tree of 4x4 luma modes (section 11.2). prob is an entry of predProb.
func walkMode4(prob *[9]uint8, mode int, f func(p uint8, bit bool)) {
	f(prob[0], mode != predDC)
	if mode == predDC {
		return
	}
	f(prob[1], mode != predTM)
	if mode == predTM {
		return
	}
	f(prob[2], mode != predVE)
	if mode == predVE {
		return
	}
	switch mode {
	case predHE, predRD, predVR:
		f(prob[3], false)
		f(prob[4], mode != predHE)
		if mode != predHE {
			f(prob[5], mode != predRD)
		}
		return
	}
	f(prob[3], true)
	f(prob[6], mode != predLD)
	if mode == predLD {
		return
	}
	f(prob[7], mode != predVL)
	if mode == predVL {
		return
	}
	f(prob[8], mode != predHD)
}

// A macroblock holds what is written for one macroblock, except its levels.
type macroblock struct {
	modes4  uint64 // if is4, the modes of the 4x4 blocks in raster order, 4 bits each
	mode16  uint8  // if not is4
	modeUV  uint8
	segment uint8
	is4     bool // luma is predicted in 4x4 blocks
	skip    bool // no nonzero level
}

// writeModes writes the segment, the skip flag and the modes of every macroblock.
func (e *Encoder) writeModes(w *boolEncoder, h *frameHeader) {
	top := e.topModes
	clear(top)
	for mby := 0; mby < e.mbh; mby++ {
		var left [4]uint8
		for mbx := 0; mbx < e.mbw; mbx++ {
			mb := &e.mbs[mby*e.mbw+mbx]
			if h.useSegments {
				w.writeBit(h.segmentProb[0], mb.segment >= 2)
				w.writeBit(h.segmentProb[1+(mb.segment>>1)], mb.segment&1 != 0)
			}
			if h.useSkip {
				w.writeBit(h.skipProb, mb.skip)
			}
			w.writeBit(probIs16, !mb.is4)
			up := (*[4]uint8)(top[4*mbx:])
			if !mb.is4 {
				walkMode16(int(mb.mode16), w.writeBit)
				for i := range left { // it counts as the mode of all 4x4 blocks
					left[i], up[i] = mb.mode16, mb.mode16
				}
			} else {
				for i := 0; i < 16; i++ {
					row, column := i>>2, i&3
					m := uint8((mb.modes4 >> (4 * uint(i))) & 15)
					walkMode4(&predProb[up[column]][left[row]], int(m), w.writeBit)
					up[column], left[row] = m, m
				}
			}
			walkModeUV(int(mb.modeUV), w.writeBit)
		}
	}
}
