package scale

import (
	"errors"
	"fmt"
	"math"

	"miniatura/codec/internal/limit"
	"miniatura/codec/internal/num"
)

// MaxSide is the largest width or height of a source or destination: the width of the widest
// picture that JPEG can describe, which is more than in WebP.
const MaxSide = 1<<16 - 1

// Options says how to scale. The zero value maps the whole source onto the destination and hands
// out no rows.
type Options struct {
	// X0, Y0, X1, Y1 are the source rectangle, in source samples, that is mapped onto the
	// destination; it may be fractional and reach past the plane. All zero means the whole plane.
	X0, Y0, X1, Y1 float64

	// Premultiplied says that the picture has four channels: three colors, which are premultiplied,
	// and alpha. Where the kernel overshoots, a color is clamped to at most alpha.
	Premultiplied bool

	// Dst receives row y at Dst[y*Stride:], dstW*channels bytes each.
	Dst    []byte
	Stride int

	// Emit, used when Dst is nil, is handed the destination rows in order. The row is only valid
	// during the call.
	Emit func(y int, row []byte)
}

// A Scaler resamples one plane, or one picture of interleaved channels. Rows go in through Push. It
// is not safe for concurrent use.
type Scaler struct {
	srcW, srcH, dstW, dstH int
	channels               int
	opt                    Options
	x, y                   axis
	midBits                uint // fractional bits of the intermediates

	// ring holds the last ringRows source rows: row y is at (y % ringRows) * pitch. The bytes
	// between a row's end and the pitch are read, but have no effect.
	ring     []byte
	ringRows int
	pitch    int

	srcY int // source rows pushed
	dstY int // destination rows handed out

	rows  []byte // for Emit: an even and an odd destination row
	simd  bool   // which of the two does the work
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

// maxRing bounds the memory of source rows. A picture with sides of 65535 and four channels stays
// below it when it is reduced to no less than a 128th of its height.
const maxRing = 1 << 28

// blockBytes is what source rows are padded to: kernels read whole blocks.
const blockBytes = 32

var errRing = errors.New("scale: reduction too strong for a source this wide")

var errRectangle = errors.New("scale: source rectangle is empty or not finite")

// Reset makes s as NewScaler would return it, in the memory that it has. After an error s must not
// be used before the next Reset.
func (s *Scaler) Reset(srcW, srcH, dstW, dstH, channels int, opt *Options) error {
	var o Options
	if opt != nil {
		o = *opt
	}
	if o.X0 == 0 && o.Y0 == 0 && o.X1 == 0 && o.Y1 == 0 {
		o.X1, o.Y1 = float64(srcW), float64(srcH)
	}
	if err := check(srcW, srcH, dstW, dstH, channels, &o); err != nil {
		return err
	}
	s.srcW, s.srcH, s.dstW, s.dstH, s.channels, s.opt = srcW, srcH, dstW, dstH, channels, o
	s.srcY, s.dstY = 0, 0

	s.y.plan(srcH, dstH, o.Y0, o.Y1)
	s.x.plan(srcW, dstW, o.X0, o.X1)
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
		if v < 1 || v > MaxSide {
			if v > MaxSide {
				return &limit.Error{Room: "scale", What: "samples a side", Met: int64(v), Allowed: MaxSide}
			}
			return fmt.Errorf("scale: %dx%d to %dx%d", srcW, srcH, dstW, dstH)
		}
	}
	if channels != 1 && channels != 3 && channels != 4 {
		return fmt.Errorf("scale: %d channels", channels)
	}
	for _, v := range [...][2]float64{{o.X0, o.X1}, {o.Y0, o.Y1}} {
		// A width of 1/1024 sample and a bound twice the largest side keep every later conversion
		// to int in range.
		if !(v[1]-v[0] >= 1.0/1024) || math.Abs(v[0]) > 2*MaxSide || math.Abs(v[1]) > 2*MaxSide {
			return errRectangle
		}
	}
	if row := dstW * channels; o.Dst != nil && (o.Stride < row || len(o.Dst) < (dstH-1)*o.Stride+row) {
		return errors.New("scale: destination too small")
	}
	return nil
}

// chooseMidBits sets the fractional bits of the intermediates: as many as fit into 16 bits, or
// fewer when the weights of a strong horizontal reduction need the bits.
func (s *Scaler) chooseMidBits() {
	s.midBits = 6
	for s.midBits > 4 && s.horizontalBits() < s.x.maxBits() {
		s.midBits--
	}
	// Catmull-Rom, whose absolute sum is far from 2, does not need this; another kernel might.
	for s.midBits > 0 && s.y.absSum*255*float64(int(1)<<s.midBits) > maxWeight-1 {
		s.midBits--
	}
}

// horizontalBits returns how many fractional bits the horizontal weights may have before a sum over
// intermediates could overflow.
func (s *Scaler) horizontalBits() uint {
	b := uint(maxWeightBits)
	for s.y.absSum*s.x.absSum*255*float64(int(1)<<(b+s.midBits)) > maxSum {
		b--
	}
	return b
}

// reach returns the most source rows that two neighboring destination rows see, the first of them
// even: what the generic kernels compute at once.
func (a *axis) reach() int {
	n := a.taps
	for i := 0; i+1 < len(a.start); i += 2 {
		n = max(n, int(a.start[i+1]-a.start[i])+a.taps)
	}
	return n
}

// Push takes the next source row, srcW*channels bytes, of which it makes a copy. Rows beyond the
// source's height are ignored.
func (s *Scaler) Push(row []byte) {
	if s.srcY >= s.srcH || s.dstY >= s.dstH {
		return
	}
	copy(s.ring[s.srcY%s.ringRows*s.pitch:][:s.srcW*s.channels], row)
	s.srcY++
	if s.simd {
		s.avx2.drain(s)
	} else {
		s.plain.drain(s)
	}
}

// Done reports whether every destination row has been handed out. After the last source row it is
// always true.
func (s *Scaler) Done() bool { return s.dstY == s.dstH }

// dst returns where destination row y goes.
func (s *Scaler) dst(y int) []byte {
	n := s.dstW * s.channels
	if s.opt.Dst != nil {
		return s.opt.Dst[y*s.opt.Stride:][:n:n]
	}
	return s.rows[y%2*n:][:n:n]
}

// deliver finishes destination row y, which dst returned as row.
func (s *Scaler) deliver(y int, row []byte) {
	if s.opt.Premultiplied && s.channels == 4 {
		clampToAlpha(row)
	}
	if s.opt.Dst == nil && s.opt.Emit != nil {
		s.opt.Emit(y, row)
	}
	s.dstY = y + 1
}

// clampToAlpha keeps premultiplied color at or below alpha. Rounding is monotone, so it does not
// matter that it has already happened.
func clampToAlpha(row []byte) {
	for i := 0; i+4 <= len(row); i += 4 {
		p := row[i : i+4 : i+4]
		if a := p[3]; a != 255 {
			p[0], p[1], p[2] = min(p[0], a), min(p[1], a), min(p[2], a)
		}
	}
}

// Memory returns about how many bytes a Scaler with these parameters holds. The estimate is never
// much too low. It is 0 if NewScaler would refuse the parameters.
func Memory(srcW, srcH, dstW, dstH, channels int, opt *Options) int64 {
	var o Options
	if opt != nil {
		o = *opt
	}
	if o.X0 == 0 && o.Y0 == 0 && o.X1 == 0 && o.Y1 == 0 {
		o.X1, o.Y1 = float64(srcW), float64(srcH)
	}
	o.Dst = nil
	if check(srcW, srcH, dstW, dstH, channels, &o) != nil {
		return 0
	}
	taps := func(n, dst int, x0, x1 float64) int64 {
		scale := max((x1-x0)/float64(dst), 1)
		return min(int64(4*scale)+4, int64(n))
	}
	tx, ty := taps(srcW, dstW, o.X0, o.X1), taps(srcH, dstH, o.Y0, o.Y1)
	row := int64(srcW*channels + blockBytes)
	ring := min(ty+ty/4+2, int64(srcH)) * row
	mid := 16 * row
	weights := 16*(tx+16)*int64(dstW) + 14*(ty+2)*int64(dstH) // as float64 and as int16 up to three times
	return ring + mid + weights + 16*int64(dstW+dstH)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
