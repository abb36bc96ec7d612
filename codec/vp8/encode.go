package vp8

import (
	"errors"
	"image"
	"slices"

	"miniatura/codec/internal/effort"
	"miniatura/codec/internal/num"
)

// Effort says how much work to spend on a picture.
type Effort = effort.Level

const (
	DefaultEffort = effort.Default // for pictures made while someone waits
	HighEffort    = effort.High    // three quarters more time than DefaultEffort, fewer bytes
)

// Options control the encoder. The zero value asks for quality 0.
type Options struct {
	// Quality is 0 (smallest) to 100 (best); other values are clamped to this range. The numbers
	// mean about what they mean to libwebp.
	Quality int
	Effort  Effort
	// SimpleFilter asks decoders for the simple loop filter in place of the normal one. The simple
	// filter takes decoders less time, and smooths luma only.
	SimpleFilter bool
}

// An UnsupportedError reports a picture that cannot be encoded as a VP8 frame.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "vp8: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// An Encoder encodes one picture after another. Between pictures it keeps its buffers, but no
// state. The zero value is ready to use. An Encoder must not be used by several goroutines at once.
//
// The fields are grouped by how long they live. The buffers live as long as the Encoder. The others
// belong to a picture, to an attempt to encode the picture, to a row of macroblocks, or to one
// macroblock.
type Encoder struct {
	buffers
	picture
	attempt
	row
	workspace

	testFirstLimit, testTokenLimit int // smaller limits of the partitions' sizes, set by tests

	// recon is set by tests only. It receives the reconstruction that a decoder will make.
	recon *image.YCbCr
}

// buffers hold memory that is kept from picture to picture. What one picture has left in them is
// never read for another.
type buffers struct {
	samples    []byte       // mbSamples for each macroblock, see import.go
	visibility []uint8      // of errors, for each macroblock: see errorVisibility
	logVar     []uint16     // for each macroblock, see errorVisibility
	mbs        []macroblock // the choices made for each macroblock
	levels     []byte       // the levels of the macroblocks so far, see appendLevels
	chroma     []byte       // three rows, see sharpenChroma

	// What the last finished macroblock of each column has at its bottom.
	topRowY  []byte    // the last row of luma
	topRowUV []byte    // the last row of chroma, for each macroblock eight of U and eight of V
	topModes []uint8   // the modes of the last row of 4x4 blocks
	topNZ    []nonzero // which blocks of the last row have nonzero levels

	search search
	sample filterSample
	first  boolEncoder
	parts  [8]boolEncoder
}

// A picture holds what is known of a picture as a whole. Encoder.init sets the sizes. In each
// attempt, assignSegments sets header and segments anew, and later steps complete them.
type picture struct {
	w, h     int // in pixels
	mbw, mbh int // in macroblocks

	header   frameHeader
	segments [4]segment
}

// An attempt holds what is learned while all macroblocks are encoded once. Encoder.encode resets
// it.
type attempt struct {
	restriction restriction

	counts [nPlane]tokenCount // of the tokens so far
	prior  [nPlane]tokenCount // of the tokens that learn has counted
	probs  tokenProbs         // they follow from counts and prior, see setCosts
	costs  [nPlane]tokenCost  // they follow from probs

	// These limit the modes at restriction 1. Both are in 1/256 of a bit.
	modeShare  int // what one macroblock may spend on its modes
	modeCredit int // what the macroblocks so far have not spent of their shares
}

// A row holds what a macroblock passes on to the one on its right. It is zero for the first
// macroblock of a row.
type row struct {
	around   neighbours // of the current macroblock
	leftMode [4]uint8   // the modes of the four 4x4 blocks to the left
}

// A workspace holds a macroblock's samples and those around it. Encoder.prepare fills it, partly
// with samples of the macroblock to the left, which was the last to use it.
type workspace struct {
	topUV    [16]byte      // the row of chroma above: eight of U and eight of V
	leftUV   [16]byte      // the column of chroma to the left, likewise
	cornerUV [2]byte       // the chroma above the column to the left
	ybr      [ybrSize]byte // luma, see ybrSize
	recUV    [128]byte     // the reconstructed chroma: eight rows, each with eight of U and eight of V
}

// Encode appends to dst a VP8 key frame of m. A WebP file holds such a frame in its "VP8 " chunk. m
// must be 4:2:0 and begin at even coordinates. The width and the height must be 1 to 16383 samples.
// m is full range, as every image.YCbCr is. The frame has the limited range that WebP prescribes.
func (e *Encoder) Encode(dst []byte, m *image.YCbCr, o Options) ([]byte, error) {
	if m.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return dst, UnsupportedError("subsampling other than 4:2:0")
	}
	if m.Rect.Min.X&1 != 0 || m.Rect.Min.Y&1 != 0 {
		return dst, UnsupportedError("picture that starts between chroma samples")
	}
	if err := e.init(m.Rect.Dx(), m.Rect.Dy()); err != nil {
		return dst, err
	}
	e.importYCbCr(m)
	if o.Effort == HighEffort {
		e.sharpenChroma()
	}
	return e.encode(dst, o)
}

// EncodeNRGBA is Encode for pixels of red, green, blue and alpha. Alpha is not part of the frame.
// Alpha only keeps the colors of invisible pixels out of the chroma of visible ones.
func (e *Encoder) EncodeNRGBA(dst []byte, m *image.NRGBA, o Options) ([]byte, error) {
	if err := e.init(m.Rect.Dx(), m.Rect.Dy()); err != nil {
		return dst, err
	}
	e.importNRGBA(m)
	if o.Effort == HighEffort {
		e.sharpenChroma()
	}
	return e.encode(dst, o)
}

// init sizes the buffers for a picture of w by h samples.
func (e *Encoder) init(w, h int) error {
	if w < 1 || h < 1 || w > maxDimension || h > maxDimension {
		return UnsupportedError("picture that is empty or wider or higher than 16383")
	}
	fixedOnce.Do(makeFixed)
	e.picture = picture{w: w, h: h, mbw: (w + 15) / 16, mbh: (h + 15) / 16}
	n := e.mbw * e.mbh
	e.samples = num.Grow(e.samples, n*mbSamples)
	e.visibility = num.Grow(e.visibility, n)
	e.logVar = num.Grow(e.logVar, n)
	e.mbs = num.Grow(e.mbs, n)
	clear(e.mbs)
	e.topRowY = num.Grow(e.topRowY, 16*e.mbw)
	e.topRowUV = num.Grow(e.topRowUV, 16*e.mbw)
	e.topModes = num.Grow(e.topModes, 4*e.mbw)
	e.topNZ = num.Grow(e.topNZ, e.mbw)
	e.search.topErr = num.Grow(e.search.topErr, e.mbw)
	return nil
}

// encode encodes e.samples. The fields of the frame that give the partitions' sizes limit these
// sizes. A picture that exceeds the limits is encoded again, with fewer choices of modes or with
// coarser quantizers, until it fits.
func (e *Encoder) encode(dst []byte, o Options) ([]byte, error) {
	e.analyse()
	e.search.refineShift, e.search.thorough = 5, false
	if o.Effort == HighEffort {
		e.search.refineShift = 3
		e.search.thorough = true
	}
	// The loop filter is tried on pairs of rows of macroblocks. At high effort it is tried on every
	// second pair. Otherwise it is tried on four to six pairs, or fewer in a small picture.
	interval := 2
	if o.Effort != HighEffort {
		interval = max(3, e.mbh/8)
	}
	e.sample.start(e.mbw, e.mbh, interval)
	for r := (restriction{}); r.modes <= 2 && r.quant <= 128; {
		e.attempt = attempt{restriction: r}
		e.assignSegments(o, r)
		e.encodeMacroblocks()
		e.gatherSkipped()
		e.setFilterLevels()
		out, firstSize, ok := e.writeFrame(dst)
		switch {
		case ok:
			if e.recon != nil {
				e.filter(e.recon)
			}
			return out, nil
		case firstSize > e.firstLimit():
			r.modes++
		default: // a token partition is too large
			r.quant += 8
		}
	}
	// This is not reached within the format's limits: see restriction.
	return dst, UnsupportedError("picture that exceeds the partitions' sizes")
}

// A restriction takes choices from the encoder, so that a picture fits the format.
type restriction struct {
	// modes is 0 where modes are chosen freely. At 1, a macroblock's modes may take only its share
	// of the first partition, and what the macroblocks before have not used of their shares. At 2,
	// there is only DC prediction, and no segments or skip flags: a macroblock takes less than 4
	// bits of the first partition, so that the largest picture fits.
	modes int
	// quant is added to the quantizer indices. With the coarsest quantizers, a macroblock of noise
	// takes less than one kilobit, and eight partitions can hold one kilobit for each macroblock of
	// the largest picture.
	quant int
}

// firstLimit returns the largest size that the first partition may have.
func (e *Encoder) firstLimit() int {
	if e.testFirstLimit != 0 {
		return e.testFirstLimit
	}
	return maxFirstPartition
}

// tokenLimit returns the largest size that a token partition may have.
func (e *Encoder) tokenLimit() int {
	if e.testTokenLimit != 0 {
		return e.testTokenLimit
	}
	return maxTokenPartition
}

// writeFrame appends the frame to dst if all partitions fit, and reports whether they do. firstSize
// is the size of the first partition.
func (e *Encoder) writeFrame(dst []byte) (out []byte, firstSize int, ok bool) {
	h := &e.header
	e.setMacroblockProbs(h)
	h.probs.choose(&e.counts)
	// The tokens go into one partition. If that is too large, they are divided among eight.
	for h.partitions = 0; ; h.partitions = 3 { // the logarithm of 1, then of 8
		e.first.reset(e.first.buf[:0])
		e.writeHeader(&e.first, h)
		headerSize := e.first.taken()
		e.writeModes(&e.first, h)
		first := e.first.finish()
		if len(first) == headerSize {
			// The header's last bytes hold all of the modes too, which is possible for a single
			// macroblock. libwebp's incremental decoder, which browsers use, refuses a first
			// partition that has no byte after the header.
			first = append(first, 0)
		}
		if len(first) > e.firstLimit() {
			return dst, len(first), false
		}
		n := len(dst)
		tokens := len(e.levels) / 2 // a guess at their size: half a byte for each byte of levels
		out = slices.Grow(dst, frameTagSize+len(first)+tokens)[:n+frameTagSize]
		putFrameTag(out[n:], h.version(), len(first), e.w, e.h)
		out = append(out, first...)
		if h.partitions == 0 { // one token partition, written at its place
			start := len(out)
			e.parts[0].reset(out)
			e.writeTokens(e.parts[:1], h)
			out = e.parts[0].finish()
			e.parts[0].buf = nil // the memory is the caller's
			if len(out)-start <= e.tokenLimit() {
				return out, len(first), true
			}
			continue
		}
		// Eight token partitions: the sizes of the first seven, then all eight.
		for i := range e.parts {
			e.parts[i].reset(e.parts[i].buf[:0])
		}
		e.writeTokens(e.parts[:], h)
		for i := range e.parts {
			size := len(e.parts[i].finish())
			if size > e.tokenLimit() {
				return dst, len(first), false
			}
			if i < len(e.parts)-1 {
				out = append(out, byte(size), byte(size>>8), byte(size>>16))
			}
		}
		for i := range e.parts {
			out = append(out, e.parts[i].buf...)
			e.parts[i].buf = nil // not kept, because pictures of this size are rare
		}
		return out, len(first), true
	}
}

// encodeMacroblocks chooses the modes and levels of every macroblock. The costs of tokens follow
// from the choices so far.
func (e *Encoder) encodeMacroblocks() {
	// 96 bytes a macroblock are a first guess: encodeRow adds memory where it is needed.
	e.levels = num.Grow(e.levels, len(e.mbs)*96+maxLevelBytes)[:0]
	clear(e.topNZ)
	clear(e.topModes)
	e.search.start()
	// Each macroblock has an equal share of what the header leaves of the first partition. The
	// header takes about 9 bits for each probability, and less than 400 for the rest. 250/256 of
	// the space are shared: the remainder is for what these numbers and the costs miss. The share
	// is in 1/256 of a bit, so the factor is 250.
	const headerBits = nPlane*nBand*nContext*nProb*9 + 400
	e.modeShare = (e.firstLimit()*8 - headerBits) * 250 / len(e.mbs)
	if e.search.thorough && e.restriction == (restriction{}) {
		e.learn()
	}
	for mby := 0; mby < e.mbh; mby++ {
		e.encodeRow(mby)
	}
}

// learn encodes two of every eight rows and keeps only the counts of the tokens. With these counts,
// the costs suit the picture from the first row on. A row whose upper neighbour is not encoded is
// predicted from the last row that was encoded.
func (e *Encoder) learn() {
	for mby := 0; mby < e.mbh; mby++ {
		if mby&7 < 2 {
			e.encodeRow(mby)
			e.levels = e.levels[:0]
		}
	}
	e.prior, e.counts = e.counts, [nPlane]tokenCount{}
	clear(e.topNZ)
	clear(e.topModes)
	e.search.start()
}

// encodeRow chooses and stores the modes and levels of a row of macroblocks.
func (e *Encoder) encodeRow(mby int) {
	e.setCosts()
	e.row = row{}
	for mbx := 0; mbx < e.mbw; mbx++ {
		if len(e.levels)+maxLevelBytes > cap(e.levels) { // the next macroblock may not fit
			e.levels = append(make([]byte, 0, 2*cap(e.levels)), e.levels...)
		}
		e.prepare(mbx, mby)
		e.decide(mbx, mby)
		e.finish(mbx, mby)
	}
}

// setCosts computes the costs of tokens from all counts so far, including those of learn.
func (e *Encoder) setCosts() {
	counts := &e.counts
	if e.search.thorough {
		sum := e.counts
		for i := range sum {
			sum[i].add(&e.prior[i])
		}
		counts = &sum
	}
	e.probs.estimate(counts, 16) // 16 tokens at each node, distributed as by default
	for i := range e.costs {
		e.costs[i].init(&e.probs[i])
	}
}
