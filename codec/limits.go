package codec

import (
	"fmt"
	"os"
	"strconv"

	"miniatura/codec/scale"
)

// MaxPixels is the largest picture that is decoded: frames times area.
const MaxPixels = 100_000_000

// MaxFrames is the longest animation: a frame takes its time, however small it
// is.
const MaxFrames = 4096

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
	if p.frames > MaxFrames {
		return fmt.Errorf("%w: %d frames, %d allowed", ErrLimit, p.frames, MaxFrames)
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
// them. The factors are bytes a pixel; TestPeakIsEstimated holds them against
// what processes took.
func (j *job) peak() int64 {
	w, h := j.stored()
	p := j.probe
	// The small picture, its copies on the way, and what its encoder makes of it.
	small := int64(w) * int64(h)
	n := base + int64(len(j.src)) + 12*small
	switch {
	case p.frames != 1, j.out == formatWebP && p.format != formatJPEG: // there may be alpha
		n += 72 * small
	case j.out == formatPNG:
		n += 36 * small
	}
	if p.format == formatJPEG {
		targets, eighths := j.planes(w, h, subsampling{1, 1})
		n += p.jpeg.PeakBytes(eighths)
		for c := range targets {
			t := &targets[c]
			pw, ph := p.jpeg.PlaneSize(c, t.n)
			n += scale.Memory(pw, ph, t.w, t.h, 1, &t.opt)
		}
		return n
	}
	area := int64(p.w) * int64(p.h)
	n += scale.Memory(p.w, p.h, w, h, 4, nil)
	switch {
	case p.format == formatPNG:
		return n + p.png.PeakBytes()
	case p.format == formatBMP:
		return n + p.bmp.PeakBytes()
	case p.format == formatGIF && p.frames == 1:
		return n + 6*area // the canvas, the indices of the frame
	case p.format == formatGIF:
		return n + 12*area // and a copy of the canvas, and what is not collected yet
	case p.webp.Animated:
		return n + 24*area // the canvas and a frame, and what of those before is not collected yet
	case p.webp.Frames[0].Lossless:
		return n + 7*area // the picture and what it was coded as
	case p.webp.Frames[0].HasAlpha:
		return n + 7*area // the planes, the alpha and the picture that it was coded as
	}
	return n + 2*area // the planes
}
