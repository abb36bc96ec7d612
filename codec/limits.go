package codec

import (
	"fmt"
	"os"
	"strconv"

	"miniatura/codec/scale"
)

// MaxPixels is the largest picture that is decoded: frames times area.
const MaxPixels = 100_000_000

// memoryLimit is what the process may use, in bytes.
func memoryLimit(opt Options) int64 {
	if opt.MemoryLimit > 0 {
		return opt.MemoryLimit
	}
	if mb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && mb > 0 {
		return int64(mb) << 20
	}
	return 512 << 20
}

// limits refuses a picture before memory is spent on it: an out-of-memory kill
// is an error for the visitor that nothing here could catch.
func (j *job) limits() error {
	p := j.probe
	if n := int64(p.w) * int64(p.h) * int64(max(p.frames, 1)); n > MaxPixels || p.w > MaxPixels || p.h > MaxPixels {
		return fmt.Errorf("%w: %dx%d x %d frames is over %d pixels", ErrLimit, p.w, p.h, p.frames, MaxPixels)
	}
	peak := j.peak()
	if limit := memoryLimit(j.opt) / 10 * 6; peak > limit {
		return fmt.Errorf("%w: about %d bytes to decode, %d allowed", ErrLimit, peak, limit)
	}
	return nil
}

// base is what the process holds before it sees a picture, and what the
// encoders keep, with room for garbage not collected yet.
const base = 24 << 20

// peak estimates the bytes in use at the worst moment, the source's among
// them.
func (j *job) peak() int64 {
	w, h := j.stored()
	n := base + int64(len(j.src)) + 12*int64(w)*int64(h)
	if j.probe.format == formatJPEG {
		d := j.probe.jpeg
		targets, eighths := j.planes(w, h, subsampling{1, 1})
		n += d.PeakBytes(eighths)
		for c := range targets {
			t := &targets[c]
			pw, ph := d.PlaneSize(c, t.n)
			n += scale.Memory(pw, ph, t.w, t.h, 1, &t.opt)
		}
		return n
	}
	area := int64(j.probe.w) * int64(j.probe.h)
	n += scale.Memory(j.probe.w, j.probe.h, w, h, 4, nil)
	switch {
	case j.probe.format == formatPNG:
		return n + j.probe.png.PeakBytes()
	case j.probe.format == formatBMP:
		return n + j.probe.bmp.PeakBytes()
	case j.probe.format == formatGIF:
		return n + 9*area // the canvas, its copy, the indices of a frame
	case j.probe.format == formatWebP && j.probe.frames > 1:
		return n + 12*area
	case j.probe.format == formatWebP && !j.probe.webp.Frames[0].Lossless:
		return n + 7*area
	}
	return n + 4*area
}
