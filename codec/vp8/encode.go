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
	HighEffort    = effort.High    // three quarters more time, for fewer bytes
)

// Options control the encoder. The zero value asks for quality 0.
type Options struct {
	// Quality is 0 (smallest) to 100 (best); other values are clamped to this range. The numbers
	// mean about what they mean to libwebp.
	Quality int
	Effort  Effort
	// SimpleFilter asks decoders for the simple loop filter in place of the normal one. The simple
	// one is cheaper to run, and smooths luma only.
	SimpleFilter bool
}

// An UnsupportedError reports a picture that a VP8 frame cannot hold.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "vp8: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// An Encoder encodes one picture after another. Between pictures it keeps its buffers, but no
// state. The zero value is ready to use. It must not be used by several goroutines at once.
//
// Its fields are grouped by how long they live: the buffers live as long as the encoder; the others
// belong to a picture, to an attempt at it, to a row of macroblocks, or to one macroblock.
type Encoder struct {
	buffers
	picture
	attempt
	row
	workspace

	testFirstLimit, testTokenLimit int // limits that tests can reach

	// recon, when set, receives the reconstruction that a decoder will make.
	recon *image.YCbCr
}

// buffers are the memory whose size depends on the picture's. Each picture writes them before it
// reads them.
type buffers struct {
	samples []byte       // mbSamples a macroblock, see import.go
	shows   []uint8      // susceptibility of each macroblock
	logVar  []uint16     // logarithm of its variance, in 1/256
	mbs     []macroblock // what was decided
	tokens  []byte       // levels, see appendLevels
	chroma  []byte       // three rows, see sharpenChroma

	// Above the current macroblock and the ones that follow.
	topY     []byte // last luma row of each macroblock above
	aboveUV  []byte // last chroma rows, U's eight and V's eight
	topModes []uint8
	topNZ    []nonzero

	search search
	sample filterSample
	first  boolEncoder
	parts  [8]boolEncoder
}

// A picture holds what is known of a picture as a whole. Encoder.init sets it.
type picture struct {
	w, h, mbw, mbh int

	header   frameHeader
	segments [4]segment
}

// An attempt holds what is learned while all macroblocks are encoded once. Encoder.encode sets it.
type attempt struct {
	restriction restriction

	counts [nPlane]tokenCount
	prior  [nPlane]tokenCount // of the rows that high effort has looked at before, see learn
	probs  tokenProbs
	costs  [nPlane]tokenCost

	modeShare  int // what a macroblock may spend on its modes, in 1/256 of a bit
	modeCredit int // what the macroblocks so far have left of that
}

// A row holds what a macroblock passes on to the one on its right. It is zero for the first
// macroblock of a row.
type row struct {
	around   neighbours // of the current macroblock
	leftMode [4]uint8
}

// A workspace holds a macroblock's samples and those around it. Encoder.prepare fills it, partly
// with samples that the macroblock to the left has left in it.
type workspace struct {
	topUV    [16]byte
	leftUV   [16]byte
	cornerUV [2]byte
	ybr      [ybrSize]byte
	recUV    [128]byte
}

// Encode appends to dst a VP8 key frame that holds m: the payload of a WebP file's "VP8 " chunk. m
// must be 4:2:0 and full range, as everywhere in package image; the frame has the limited range
// that WebP prescribes. The width and the height must be 1 to 16383 samples.
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
// It only keeps the colors of invisible pixels out of the chroma of visible ones.
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
	e.shows = num.Grow(e.shows, n)
	e.logVar = num.Grow(e.logVar, n)
	e.mbs = num.Grow(e.mbs, n)
	clear(e.mbs)
	e.topY = num.Grow(e.topY, 16*e.mbw)
	e.aboveUV = num.Grow(e.aboveUV, 16*e.mbw)
	e.topModes = num.Grow(e.topModes, 4*e.mbw)
	e.topNZ = num.Grow(e.topNZ, e.mbw)
	e.search.topErr = num.Grow(e.search.topErr, e.mbw)
	return nil
}

// encode encodes e.samples. The sizes of a frame's partitions are limited by the fields that hold
// them. A picture that exceeds these limits is encoded again with fewer choices, and in the end
// with coarser quantizers, until it fits.
func (e *Encoder) encode(dst []byte, o Options) ([]byte, error) {
	e.analyse()
	e.search.refineShift, e.search.thorough = 5, false
	if o.Effort == HighEffort {
		e.search.refineShift = 3
		e.search.thorough = true
	}
	every := 2
	if o.Effort != HighEffort {
		every = max(3, e.mbh/8)
	}
	e.sample.start(e.mbw, e.mbh, every)
	for r := (restriction{}); r.modes <= 2 && r.quant <= 128; {
		e.attempt = attempt{restriction: r}
		e.assignSegments(o, r)
		e.encodeMacroblocks()
		e.gatherSkipped()
		e.setFilterLevels()
		if n, size, ok := e.writeFrame(dst); ok {
			if e.recon != nil {
				e.filter(e.recon)
			}
			return n, nil
		} else if size > e.firstLimit() {
			r.modes++
		} else {
			r.quant += 8
		}
	}
	// This is not reached within the format's limits: see restriction.
	return dst, UnsupportedError("picture that exceeds the partitions' sizes")
}

// A restriction is what a picture has to do without to fit the format.
type restriction struct {
	// modes is 0 for a free choice. It is 1 when the space in the first partition is divided among
	// the macroblocks. It is 2 when there is only DC prediction, without segments or skip flags: a
	// macroblock then takes less than 4 bits, and the largest picture fits.
	modes int
	// quant is added to the quantizer indices. With the coarsest quantizers, a macroblock of noise
	// takes less than one kilobit, and eight partitions can hold one kilobit for each macroblock of
	// the largest picture.
	quant int
}

func (e *Encoder) firstLimit() int {
	if e.testFirstLimit != 0 {
		return e.testFirstLimit
	}
	return maxFirstPartition
}

func (e *Encoder) tokenLimit() int {
	if e.testTokenLimit != 0 {
		return e.testTokenLimit
	}
	return maxTokenPartition
}

// writeFrame appends the frame to dst. It returns the size of the first partition, and reports
// whether all partitions fit.
func (e *Encoder) writeFrame(dst []byte) ([]byte, int, bool) {
	h := &e.header
	e.countModes(h)
	h.probs.choose(&e.counts)
	// If one token partition is too large, eight may fit: the lengths of the first seven have
	// fields of their own.
	for h.partitions = 0; ; h.partitions = 3 {
		e.first.reset(e.first.buf[:0])
		e.writeHeader(&e.first, h)
		header := e.first.taken()
		e.writeModes(&e.first, h)
		first := e.first.finish()
		if len(first) == header {
			// The header's last bytes hold all of the modes, as is possible with one macroblock.
			// libwebp's incremental decoder, which browsers use, refuses a first partition that has
			// no byte after the header.
			first = append(first, 0)
		}
		if len(first) > e.firstLimit() {
			return dst, len(first), false
		}
		n := len(dst)
		out := slices.Grow(dst, frameTagSize+len(first)+len(e.tokens)/2)[:n+frameTagSize]
		putFrameTag(out[n:], h.version(), len(first), e.w, e.h)
		out = append(out, first...)
		if h.partitions == 0 {
			start := len(out)
			e.parts[0].reset(out)
			e.writeTokens(e.parts[:1], h)
			out = e.parts[0].finish()
			e.parts[0].buf = nil
			if len(out)-start <= e.tokenLimit() {
				return out, len(first), true
			}
			continue
		}
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
			e.parts[i].buf = nil // such large pictures are rare
		}
		return out, len(first), true
	}
}

// encodeMacroblocks decides every macroblock. The costs of tokens follow from the decisions so far.
func (e *Encoder) encodeMacroblocks() {
	e.tokens = num.Grow(e.tokens, len(e.mbs)*96+maxTokenBytes)[:0]
	clear(e.topNZ)
	clear(e.topModes)
	e.search.start()
	// When the space for modes has to be divided, each macroblock may spend an equal part of it, in
	// 1/256 of a bit. The header takes at most 9 bits for each probability.
	const headerBits = nPlane*nBand*nContext*nProb*9 + 400
	e.modeShare = (e.firstLimit()*8 - headerBits) * 250 / len(e.mbs)
	if e.search.thorough && e.restriction == (restriction{}) {
		e.learn()
	}
	for mby := 0; mby < e.mbh; mby++ {
		e.encodeRow(mby)
	}
}

// learn encodes two rows of every eight and keeps only the counts of their tokens, so that the
// costs suit the picture from its first row on. A row whose upper neighbour is not encoded is
// predicted from the last row that was encoded.
func (e *Encoder) learn() {
	for mby := 0; mby < e.mbh; mby++ {
		if mby&7 < 2 {
			e.encodeRow(mby)
			e.tokens = e.tokens[:0]
		}
	}
	e.prior, e.counts = e.counts, [nPlane]tokenCount{}
	clear(e.topNZ)
	clear(e.topModes)
	e.search.start()
}

// encodeRow decides the macroblocks of a row.
func (e *Encoder) encodeRow(mby int) {
	e.setCosts()
	e.row = row{}
	for mbx := 0; mbx < e.mbw; mbx++ {
		if len(e.tokens)+maxTokenBytes > cap(e.tokens) {
			e.tokens = append(make([]byte, 0, 2*cap(e.tokens)), e.tokens...)
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
	e.probs.estimate(counts, 16)
	for i := range e.costs {
		e.costs[i].init(&e.probs[i])
	}
}
