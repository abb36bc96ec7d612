// Package webp reads and writes WebP pictures and animations: the container (RFC 9649) around VP8
// and VP8L bitstreams.
//
//	err := webp.Encode(w, m, &webp.Options{Quality: 80}) // nil is quality 75
//	m, err := webp.Decode(r)                             // or image.Decode: the package registers itself
//	a, err := webp.NewAnimationWriter(320, 240, 0, nil)  // then a.Add for each frame, and a.Bytes
//
// What the files hold:
//
//	decode.go     what package image expects: Decode, DecodeConfig
//	riff.go       reading the RIFF container: chunks, headers and limits before any decoding
//	frame.go      a frame's bitstream decoded with golang.org/x/image/vp8 and vp8l
//	yuv.go        limited-range Y'CbCr to full range and to RGB, fancy upsampling
//	write.go      stills: VP8, VP8X + ALPH, VP8L, ICCP
//	alpha.go      the ALPH chunk, both ways
//	animate.go    animation composed frame by frame onto a canvas
//	animwrite.go  animation written as changed rectangles
//	hidden.go     colors for invisible pixels that take few bytes
//	strip.go      a file without its metadata
//	vp8lenc.go    the encoder of VP8L, RFC 9649 section 3
//	vp8lpredict.go    its transforms: prediction, subtraction of green, palettes
//	vp8lrefs.go       its refs, which stand for pixels, and their costs
//	vp8lmatch.go      its search for copies
//	vp8lparse.go      its cut of the pixels into refs
//	vp8lcluster.go    its groups of tiles with prefix codes of their own
//	vp8lhuff.go       its prefix codes
//	estimate.go   an estimate of VP8L's bytes, from a sample of the rows
//
// Y'CbCr that leaves or enters this package is full range (JFIF), as image.YCbCr says it is; the
// limited range of a WebP stays inside.
package webp

import (
	"errors"

	"miniatura/codec/internal/damage"
	"miniatura/codec/internal/effort"
)

// A FormatError reports that the input is not a valid WebP file.
type FormatError struct {
	Offset int // position of the damaged chunk in the input; 0 when it is not known
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("webp", e.Offset, e.Msg) }

// An UnsupportedError reports that the input is valid but of a kind this package does not handle,
// or that a picture cannot be written as WebP.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "webp: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// MaxSide is the largest width and height that this package writes: VP8 stores them in 14 bits (RFC
// 9649 2.5). The reader also takes VP8L of 16384 pixels a side, and an animation's canvas, which
// has up to 2^24 pixels a side and 2^32-1 pixels.
const MaxSide = 16383

// Effort is how long a writer searches for fewer bytes.
type Effort = effort.Level

const (
	DefaultEffort = effort.Default // about as long as cwebp -m 4
	HighEffort    = effort.High    // about twice as long, for fewer bytes
)
