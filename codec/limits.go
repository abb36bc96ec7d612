package codec

import (
	"fmt"
	"os"
	"strconv"
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

// peak estimates the bytes in use at the worst moment.
func (j *job) peak() int64 {
	p := j.probe
	n := int64(p.w) * int64(p.h)
	decoded := n * 4
	if p.format == formatJPEG {
		decoded = n * 7 // 4:4:4 samples, and a progressive file's coefficients
	}
	if p.format == formatPNG {
		decoded = n * 8
	}
	scaled := int64(j.w) * int64(p.h) * 32 // x/image/draw's float64 columns
	return decoded + scaled + int64(j.w)*int64(j.h)*12 + int64(len(j.src)) + 8<<20
}
