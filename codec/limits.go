package codec

import (
	"miniatura/codec/internal/limit"
	"miniatura/codec/scale"
)

// MaxPixels is how many pixels all frames of a picture may have together.
const MaxPixels = 100_000_000

// MaxFrames is how many frames an animation may have. There is a limit because even a tiny frame
// takes time.
const MaxFrames = 4096

// checkLimits refuses a picture before memory is spent on it: the visitor would get an error if the
// process were killed for lack of memory. size is the size of the source in bytes.
func checkLimits(s source, t *target, size int, opt *Options) error {
	// Each side is checked first, so that the product below cannot overflow.
	if side := max(t.sw, t.sh); side > MaxPixels {
		return &limit.Error{What: "pixels a side", Met: int64(side), Allowed: MaxPixels}
	}
	if t.frames > MaxFrames {
		return &limit.Error{What: "frames", Met: int64(t.frames), Allowed: MaxFrames}
	}
	if n := int64(t.sw) * int64(t.sh) * int64(max(t.frames, 1)); n > MaxPixels {
		return &limit.Error{What: "pixels in all frames", Met: n, Allowed: MaxPixels}
	}
	if n, allowed := peak(s, t, size), opt.usable(); n > allowed {
		return &limit.Error{What: "bytes of memory by estimate", Met: n, Allowed: allowed}
	}
	return nil
}

// usable returns how much of the process's memory pictures may take.
func (o *Options) usable() int64 {
	if o.Memory <= 0 {
		return Usable(DefaultMemory)
	}
	return Usable(o.Memory)
}

// base is the memory, in bytes, that does not depend on the picture: what the process holds before
// it sees one, what the encoders keep, and room for garbage that is not collected yet.
const base = 24 << 20

// peak estimates the bytes in use at the worst moment, those of the source included.
// TestPeakIsEstimated compares it with what processes take.
func peak(s source, t *target, size int) int64 {
	return base + int64(size) + encodingBytes(t) + s.peak(t)
}

// peakAll estimates the bytes in use at the worst moment when a source is decoded once for several
// results. ts are the targets of all results. distinct are those of ts that get a picture of their
// own.
func peakAll(s source, ts, distinct []*target, size int) int64 {
	n := base + int64(size) + s.peak(distinct...)
	most := int64(0) // results are encoded one after the other
	for _, t := range ts {
		n += 4 * int64(t.w) * int64(t.h) // the small picture, which waits to be encoded
		most = max(most, encodingBytes(t))
	}
	return n + most
}

// encodingBase is the memory that encoding takes at least, in bytes for each pixel of the result:
// as much as three RGBA pictures.
const encodingBase = 12

// encodingBytes estimates the memory of the small picture, of its temporary copies, of its encoder
// and of the encoded file.
func encodingBytes(t *target) int64 {
	n := int64(encodingBase)
	if f := t.format.pixelBytes; f != nil {
		n += f(t)
	}
	return n * int64(t.w) * int64(t.h)
}

// rowsPeak returns the bytes that the scalers of rows.go hold for ts.
func rowsPeak(ts []*target) (n int64) {
	for _, t := range ts {
		w, h := t.storedSize()
		n += scale.Memory(t.sw, t.sh, w, h, 4, nil) // with 4 channels, the most that rows have
	}
	return n
}
