package vp8

// This file implements the frame header, RFC 6386 sections 9 and 19.2.

// A frameHeader holds what the first partition says before the modes of the macroblocks.
type frameHeader struct {
	useSegments bool
	segmentProb [3]uint8
	useSkip     bool
	skipProb    uint8
	simple      bool // filter_type of section 9.4
	sharpness   int
	delta       quantDelta
	partitions  int // log2 of the number of token partitions
	probs       tokenProbs
}

// version returns the version number that section 9.1 gives to frames with h's loop filter.
// Decoders ignore the number, and read the filter_type that writeHeader writes.
func (h *frameHeader) version() uint32 {
	if h.simple {
		return 1
	}
	return 0
}

// The largest sizes that the format's fields can hold (sections 9.1 and 9.5).
const (
	maxDimension      = 16383
	maxFirstPartition = 1<<19 - 1
	maxTokenPartition = 1<<24 - 1
	frameTagSize      = 10
)

// putFrameTag writes the uncompressed data chunk of section 9.1, for a key frame that is shown and
// not scaled. firstSize is the size of the first partition.
func putFrameTag(dst []byte, version uint32, firstSize, w, h int) {
	const show = 1 << 4
	tag := (version << 1) | show | (uint32(firstSize) << 5)
	dst[0], dst[1], dst[2] = byte(tag), byte(tag>>8), byte(tag>>16)
	dst[3], dst[4], dst[5] = 0x9d, 0x01, 0x2a
	dst[6], dst[7] = byte(w), byte(w>>8)
	dst[8], dst[9] = byte(h), byte(h>>8)
}

// writeHeader writes the header fields of a key frame in the order of section 19.2.
func (e *Encoder) writeHeader(w *boolEncoder, h *frameHeader) {
	w.writeBit(uniformProb, false) // color space: YUV
	w.writeBit(uniformProb, false) // the decoder clamps
	w.writeBit(uniformProb, h.useSegments)
	// level is the filter level of the frame. With segments, decoders only test whether it is 0:
	// then they filter no segment. So it becomes the largest level of a segment.
	level := e.segments[0].filterLevel
	if h.useSegments {
		w.writeBit(uniformProb, true) // update the map
		w.writeBit(uniformProb, true) // update the data
		w.writeBit(uniformProb, true) // with absolute values
		for i := range e.segments {
			w.writeOptionalInt(e.segments[i].quant, 7)
		}
		for i := range e.segments {
			w.writeOptionalInt(e.segments[i].filterLevel, 6)
			level = max(level, e.segments[i].filterLevel)
		}
		for _, p := range h.segmentProb {
			w.writeBit(uniformProb, p != 255)
			if p != 255 {
				w.writeUint(uint32(p), 8)
			}
		}
	}
	w.writeBit(uniformProb, h.simple)
	w.writeUint(uint32(level), 6)
	w.writeUint(uint32(h.sharpness), 3)
	w.writeBit(uniformProb, false) // no filter level deltas
	w.writeUint(uint32(h.partitions), 2)
	w.writeUint(uint32(e.segments[0].quant), 7)
	w.writeOptionalInt(h.delta.y1DC, 4)
	w.writeOptionalInt(h.delta.y2DC, 4)
	w.writeOptionalInt(h.delta.y2AC, 4)
	w.writeOptionalInt(h.delta.uvDC, 4)
	w.writeOptionalInt(h.delta.uvAC, 4)
	w.writeBit(uniformProb, false) // refresh entropy probabilities: no, for this frame only
	h.probs.write(w)
	w.writeBit(uniformProb, h.useSkip)
	if h.useSkip {
		w.writeUint(uint32(h.skipProb), 8)
	}
}

// setMacroblockProbs sets the probabilities of segments and of skip flags in h, from their counts
// in e.mbs. It also sets h.useSkip.
func (e *Encoder) setMacroblockProbs(h *frameHeader) {
	var seg [4]uint64
	skip := uint64(0)
	for i := range e.mbs {
		seg[e.mbs[i].segment]++
		if e.mbs[i].skip {
			skip++
		}
	}
	h.segmentProb = [3]uint8{ // the tree's first node separates segments 0 and 1 from 2 and 3
		probOf(seg[0]+seg[1], seg[2]+seg[3]),
		probOf(seg[0], seg[1]),
		probOf(seg[2], seg[3]),
	}
	h.useSkip = skip > 0 && e.restriction.modes < 2
	h.skipProb = probOf(uint64(len(e.mbs))-skip, skip)
}

// writeTokens writes the tokens of all macroblocks. Each row goes to the next partition in turn
// (section 9.5).
func (e *Encoder) writeTokens(parts []boolEncoder, h *frameHeader) {
	levels := e.levels
	clear(e.topNZ)
	for mby := 0; mby < e.mbh; mby++ {
		w := &parts[mby&(len(parts)-1)] // len(parts) is a power of two
		var n neighbours
		for mbx := 0; mbx < e.mbw; mbx++ {
			mb := &e.mbs[mby*e.mbw+mbx]
			n.up = e.topNZ[mbx]
			switch {
			case !mb.skip:
				levels = h.writeLevels(w, mb.is4, &n, levels)
			case h.useSkip: // the skip flag stands for the tokens
				n.clear(mb.is4)
			default: // e.levels has nothing for mb: a zero byte stands for an empty block
				h.writeLevels(w, mb.is4, &n, make([]byte, 25))
			}
			e.topNZ[mbx] = n.up
		}
	}
}

// writeLevels writes the tokens of a macroblock whose levels are at the front of levels (see
// appendLevels), and returns the rest of levels.
func (h *frameHeader) writeLevels(w *boolEncoder, is4 bool, n *neighbours, levels []byte) []byte {
	nz := uint8(0)
	plane, first := planeY1SansY2, 0
	if !is4 {
		levels, nz = writeBlock(w, &h.probs[planeY2], levels, 0, n.y2())
		n.noteY2(nz)
		plane, first = planeY1WithY2, 1
	}
	for b := 0; b < 16; b++ {
		levels, nz = writeBlock(w, &h.probs[plane], levels, first, n.y(b))
		n.noteY(b, nz)
	}
	for b := 0; b < 8; b++ {
		levels, nz = writeBlock(w, &h.probs[planeUV], levels, 0, n.uv(b))
		n.noteUV(b, nz)
	}
	return levels
}
