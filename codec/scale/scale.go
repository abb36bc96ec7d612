package scale

import (
	"errors"
	"fmt"
	"math"

	"miniatura/codec/internal/limit"
	"miniatura/codec/internal/num"
)

// MaxSide is the largest width or height of a source or destination. It is the largest width that a
// JPEG can have; that of a WebP is smaller.
const MaxSide = 1<<16 - 1

// Options says how to scale. The zero value maps the whole source onto the destination and hands
// out no rows.
type Options struct {
	// The rectangle from X0, Y0 to X1, Y1, in source samples, is mapped onto the destination. It
	// may be fractional and reach past the plane. If all four are 0, it is the whole plane.
	X0, Y0, X1, Y1 float64

	// Premultiplied says that the fourth of four channels is alpha, by which the other three are
	// premultiplied. Where the kernel overshoots, a color is clamped to alpha. Premultiplied has no
	// effect on other numbers of channels.
	Premultiplied bool

	// Dst, if not nil, receives row y at Dst[y*Stride:], dstW*channels bytes long.
	Dst    []byte
	Stride int

	// Emit is called with each destination row, in order, if Dst is nil. The row is valid only
	// during the call.
	Emit func(y int, row []byte)
}

// withRectangle returns a copy of opt in which the rectangle is set. opt may be nil.
func (opt *Options) withRectangle(srcW, srcH int) Options {
	var o Options
	if opt != nil {
		o = *opt
	}
	if o.X0 == 0 && o.Y0 == 0 && o.X1 == 0 && o.Y1 == 0 {
		o.X1, o.Y1 = float64(srcW), float64(srcH)
	}
	return o
}

// A Scaler resamples one plane, or one picture of interleaved channels. Push takes its rows. A
// Scaler is not safe for concurrent use.
type Scaler struct {
	srcW, srcH, dstW, dstH int
	channels               int
	opt                    Options
	x, y                   axis
	midBits                uint // fractional bits of the intermediates

	// ring holds the last ringRows source rows: row y begins at (y % ringRows) * pitch. The bytes
	// between the end of a row and the beginning of the next are read, but have no effect.
	ring     []byte
	ringRows int
	pitch    int

	srcY int // source rows pushed
	dstY int // destination rows handed out

	rows  []byte // for Emit: an even and an odd destination row
	simd  bool   // avx2 computes the rows; otherwise plain does
	avx2  avx2State
	plain plainState
}

// NewScaler returns a Scaler from srcW x srcH to dstW x dstH samples of 1, 3 or 4 interleaved
// channels. opt may be nil.
func NewScaler(srcW, srcH, dstW, dstH, channels int, opt *Options) (*Scaler, error) {
	s := new(Scaler)
	if err := s.Reset(srcW, srcH, dstW, dstH, channels, opt); err != nil {
		return nil, err
	}
	return s, nil
}

// maxRing bounds the bytes of ring. A source of 65535 x 65535 pixels with four channels stays below
// this bound unless it is reduced to less than a 128th of its height.
const maxRing = 1 << 28

// blockBytes is the size of the blocks that kernels read. Source rows are padded to whole blocks.
const blockBytes = 32

var errRing = errors.New("scale: reduction too strong for a source this wide")

var errRectangle = errors.New("scale: source rectangle is empty or not finite")

// Reset makes s the Scaler that NewScaler would return, and uses the memory of s again. After an
// error s must not be used before the next Reset.
func (s *Scaler) Reset(srcW, srcH, dstW, dstH, channels int, opt *Options) error {
	o := opt.withRectangle(srcW, srcH)
	if err := check(srcW, srcH, dstW, dstH, channels, &o); err != nil {
		return err
	}
	s.srcW, s.srcH, s.dstW, s.dstH, s.channels, s.opt = srcW, srcH, dstW, dstH, channels, o
	s.srcY, s.dstY = 0, 0

	s.y.plan(srcH, dstH, o.Y0, o.Y1)
	s.x.plan(srcW, dstW, o.X0, o.X1)
	// The bits of the intermediates and of the weights depend on the planned weights.
	s.chooseMidBits()
	s.y.quantize(s.y.maxBits())
	s.x.quantize(min(s.x.maxBits(), s.horizontalBits()))

	s.ringRows = s.y.reach()
	s.pitch = roundUp(srcW*channels, blockBytes)
	if s.ringRows*s.pitch > maxRing {
		return errRing
	}
	s.ring = num.Grow(s.ring, s.ringRows*s.pitch)
	if o.Dst == nil {
		s.rows = num.Grow(s.rows, 2*dstW*channels)
	}
	if s.simd = useAVX2; s.simd {
		s.avx2.reset(s)
	} else {
		s.plain.reset(s)
	}
	return nil
}

// check returns an error when a dimension, the number of channels or the rectangle of o is not
// allowed.
func check(srcW, srcH, dstW, dstH, channels int, o *Options) error {
	for _, v := range [...]int{srcW, srcH, dstW, dstH} {
		if v > MaxSide {
			return &limit.Error{Room: "scale", What: "samples a side", Met: int64(v), Allowed: MaxSide}
		}
		if v < 1 {
			return fmt.Errorf("scale: %dx%d to %dx%d", srcW, srcH, dstW, dstH)
		}
	}
	if channels != 1 && channels != 3 && channels != 4 {
		return fmt.Errorf("scale: %d channels", channels)
	}
	// The rectangle is at least 1/1024 sample wide and high, and lies within twice the largest
	// side. This keeps every later conversion to int in range. NaN fails the first condition.
	for _, v := range [...][2]float64{{o.X0, o.X1}, {o.Y0, o.Y1}} {
		v0, v1 := v[0], v[1]
		isEmpty := !(v1-v0 >= 1.0/1024)
		if isEmpty || math.Abs(v0) > 2*MaxSide || math.Abs(v1) > 2*MaxSide {
			return errRectangle
		}
	}
	if o.Dst == nil {
		return nil
	}
	row := dstW * channels
	if o.Stride < row || len(o.Dst) < (dstH-1)*o.Stride+row {
		return errors.New("scale: destination too small")
	}
	return nil
}

// chooseMidBits sets the number of fractional bits of the intermediates: 6, with which
// Catmull-Rom's intermediates fit into 16 bits, or as few as 4 if otherwise the horizontal weights
// would lose bits.
func (s *Scaler) chooseMidBits() {
	s.midBits = 6
	for s.midBits > 4 && s.horizontalBits() < s.x.maxBits() {
		s.midBits--
	}
	// This makes intermediates fit into 16 bits for any kernel. It changes nothing for Catmull-Rom,
	// whose absSum is far below 2.
	for s.midBits > 0 && s.y.absSum*255*float64(int(1)<<s.midBits) > maxWeight-1 {
		s.midBits--
	}
}

// horizontalBits returns the largest number of fractional bits that the horizontal weights may
// have, so that no sum over intermediates can overflow.
func (s *Scaler) horizontalBits() uint {
	b := uint(maxWeightBits)
	for s.y.absSum*s.x.absSum*255*float64(int(1)<<(b+s.midBits)) > maxSum {
		b--
	}
	return b
}

// reach returns how many source rows the windows of an even destination row and the odd row after
// it cover together, at most. The kernels in Go compute two such rows at once.
func (a *axis) reach() int {
	n := a.taps
	for i := 0; i+1 < len(a.start); i += 2 {
		n = max(n, int(a.start[i+1]-a.start[i])+a.taps)
	}
	return n
}

// Push copies the next source row, of srcW*channels bytes, and hands out the destination rows that
// are complete now. Rows beyond the height of the source are ignored.
func (s *Scaler) Push(row []byte) {
	if s.srcY >= s.srcH || s.dstY >= s.dstH {
		return
	}
	slot := s.srcY % s.ringRows
	copy(s.ring[slot*s.pitch:][:s.srcW*s.channels], row)
	s.srcY++
	if s.simd {
		s.avx2.drain(s)
	} else {
		s.plain.drain(s)
	}
}

// Done reports whether every destination row has been handed out. This is always so after the last
// source row.
func (s *Scaler) Done() bool { return s.dstY == s.dstH }

// dst returns the memory of destination row y.
func (s *Scaler) dst(y int) []byte {
	n := s.dstW * s.channels
	if s.opt.Dst != nil {
		return s.opt.Dst[y*s.opt.Stride:][:n:n]
	}
	return s.rows[(y%2)*n:][:n:n]
}

// deliver finishes destination row y and hands it out. row is its memory, from dst.
func (s *Scaler) deliver(y int, row []byte) {
	if s.opt.Premultiplied && s.channels == 4 {
		clampToAlpha(row)
	}
	if s.opt.Dst == nil && s.opt.Emit != nil {
		s.opt.Emit(y, row)
	}
	s.dstY = y + 1
}

// clampToAlpha keeps premultiplied color at or below alpha. It works on rounded samples: rounding
// is monotone, so the result is the same as with clamping first.
func clampToAlpha(row []byte) {
	for i := 0; i+4 <= len(row); i += 4 {
		p := row[i : i+4 : i+4]
		if a := p[3]; a != 255 {
			p[0], p[1], p[2] = min(p[0], a), min(p[1], a), min(p[2], a)
		}
	}
}

// Memory returns about how many bytes a Scaler with these parameters holds. The estimate may be too
// low, but never by much. It is 0 if a dimension, the number of channels or the rectangle is not
// allowed.
func Memory(srcW, srcH, dstW, dstH, channels int, opt *Options) int64 {
	o := opt.withRectangle(srcW, srcH)
	o.Dst = nil // its size does not matter here
	if check(srcW, srcH, dstW, dstH, channels, &o) != nil {
		return 0
	}
	taps := func(n, dst int, x0, x1 float64) int64 { // of a window, about
		scale := max((x1-x0)/float64(dst), 1)
		return min(int64(4*scale)+4, int64(n))
	}
	tx, ty := taps(srcW, dstW, o.X0, o.X1), taps(srcH, dstH, o.Y0, o.Y1)
	row := int64(srcW*channels + blockBytes)
	// The ring has two windows, whose starts differ by the reduction: a quarter of the taps.
	ring := min(ty+ty/4+2, int64(srcH)) * row
	mid := 16 * row // more than enough: 8 bytes a sample in plainState.acc, or 2 in avx2State.mid
	// A weight takes 8 bytes as a float64, and 2 bytes as an int16, of which there are up to three.
	// Horizontal weights are padded for the kernels, so they are counted as 16 bytes.
	weights := 16*(tx+16)*int64(dstW) + 14*(ty+2)*int64(dstH)
	return ring + mid + weights + 16*int64(dstW+dstH)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
