package webp

// This file writes still pictures: the simple and the extended file layout, RFC 9649 sections 2.5
// to 2.7.

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"sync"

	"miniatura/codec/internal/straight"
	"miniatura/codec/vp8"
)

// DefaultQuality is the quality of Options whose Quality is 0. It is libwebp's default too.
const DefaultQuality = 75

// Options says how to encode. The zero value, and nil, mean DefaultQuality, and VP8 or VP8L as
// Append chooses.
type Options struct {
	Quality  int    // 1 to 100, on libwebp's scale; 0 means DefaultQuality
	Effort   Effort // how long to search for fewer bytes
	Lossless bool   // always VP8L: every pixel is kept, except the color of wholly transparent ones
	Lossy    bool   // never VP8L, even where it would be smaller; ignored if Lossless is set
	ICC      []byte // a profile, which the file carries in ICCP; nil for none
}

// orDefault returns o with defaults for zero fields.
func (o *Options) orDefault() *Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Quality == 0 {
		d.Quality = DefaultQuality
	}
	return &d
}

// Encode writes m to w as a WebP file. See Append.
func Encode(w io.Writer, m image.Image, o *Options) error {
	b, err := Append(nil, m, o)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Append appends m as a WebP file to dst. Unless Options say otherwise, *image.Gray and 4:2:0
// *image.YCbCr, from an even corner, are encoded as VP8. Any other picture that may be smaller as
// VP8L, by an estimate, is encoded both ways, and the smaller file is kept. If m is empty or over
// MaxSide in either direction, Append returns an UnsupportedError before it allocates memory for
// pixels.
func Append(dst []byte, m image.Image, o *Options) ([]byte, error) {
	o = o.orDefault()
	r := m.Bounds()
	w, h := r.Dx(), r.Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	bits, err := encodeFrame(m, o)
	if err != nil {
		return nil, err
	}
	return appendStill(dst, bits, w, h, o.ICC)
}

// appendStill appends the file of a still picture of w x h pixels.
func appendStill(dst []byte, bits *frameBits, w, h int, icc []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, "RIFF\x00\x00\x00\x00WEBP"...)
	// Only ALPH and ICCP need VP8X. VP8L has alpha without it.
	if bits.alpha != nil || icc != nil {
		flags := byte(0)
		if bits.hasAlpha {
			flags |= flagAlpha
		}
		if icc != nil {
			flags |= flagICC
		}
		dst = appendVP8X(dst, flags, w, h)
	}
	if icc != nil {
		dst = appendChunk(dst, "ICCP", icc)
	}
	dst = bits.appendTo(dst)
	return finishRIFF(dst, start)
}

// finishRIFF stores the file's size in its header. The file is dst[start:].
func finishRIFF(dst []byte, start int) ([]byte, error) {
	n := int64(len(dst) - start - chunkHeader)
	if n > 1<<32-10 { // the limit of RFC 9649 section 2.4
		return nil, UnsupportedError("a file over 4 GB")
	}
	binary.LittleEndian.PutUint32(dst[start+4:], uint32(n))
	return dst, nil
}

// appendVP8X appends the VP8X chunk of a w x h canvas (RFC 9649 section 2.7.1).
func appendVP8X(dst []byte, flags byte, w, h int) []byte {
	w, h = w-1, h-1
	return appendChunk(dst, "VP8X", []byte{
		flags, 0, 0, 0,
		byte(w), byte(w >> 8), byte(w >> 16),
		byte(h), byte(h >> 8), byte(h >> 16),
	})
}

// appendChunk appends a chunk, padded to an even number of bytes.
func appendChunk(dst []byte, id string, payload []byte) []byte {
	dst = append(dst, id...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	if len(payload)&1 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

// chunkSize returns how many bytes appendChunk appends.
func chunkSize(payload []byte) int {
	n := len(payload)
	return chunkHeader + n + (n & 1)
}

// frameBits is one encoded picture: a still picture or a frame of an animation.
type frameBits struct {
	alpha    []byte // payload of ALPH, or nil
	bits     []byte // payload of "VP8 " or VP8L
	lossless bool
	hasAlpha bool // some pixel is not opaque
}

// size returns how many bytes appendTo appends.
func (b *frameBits) size() int {
	n := chunkSize(b.bits)
	if b.alpha != nil {
		n += chunkSize(b.alpha)
	}
	return n
}

// appendTo appends the chunks of the frame to dst: ALPH if there is one, then VP8 or VP8L.
func (b *frameBits) appendTo(dst []byte) []byte {
	if b.alpha != nil {
		dst = appendChunk(dst, "ALPH", b.alpha)
	}
	if b.lossless {
		return appendChunk(dst, "VP8L", b.bits)
	}
	return appendChunk(dst, "VP8 ", b.bits)
}

// vp8Encoders keeps encoders, with their buffers, between pictures.
var vp8Encoders = sync.Pool{New: func() any { return new(vp8.Encoder) }}

// encodeFrame encodes m as the options o say. Gray and 4:2:0 become VP8 if loss is allowed. Any
// other picture becomes RGB with alpha, and then the shorter of VP8 with ALPH and VP8L, unless o
// names one of them.
func encodeFrame(m image.Image, o *Options) (*frameBits, error) {
	if o.Lossless {
		return losslessFrame(straight.NRGBA(m), o.Effort), nil
	}
	e := vp8Encoders.Get().(*vp8.Encoder)
	defer vp8Encoders.Put(e)
	vo := vp8.Options{Quality: o.Quality, Effort: o.Effort}
	switch m := m.(type) {
	case *image.YCbCr:
		// vp8 takes 4:2:0 from an even corner, where chroma samples begin. Others become RGB below.
		evenCorner := m.Rect.Min.X&1 == 0 && m.Rect.Min.Y&1 == 0
		if evenCorner && m.SubsampleRatio == image.YCbCrSubsampleRatio420 {
			return lossyFrame(e.Encode(nil, m, vo))
		}
	case *image.Gray:
		return lossyFrame(e.Encode(nil, grayPlanes(m), vo))
	}
	rgba := straight.NRGBA(m)
	smooth := rgba // what VP8 encodes
	alpha := alphaOf(rgba)
	if alpha != nil {
		smooth = smoothHidden(rgba)
	}
	lossy, err := lossyFrame(e.EncodeNRGBA(nil, smooth, vo))
	if err != nil {
		return nil, err
	}
	return o.shorter(rgba, lossy, alpha), nil
}

// shorter returns the shorter of two encodings of m. The first is the frame lossy, which holds m's
// colors as VP8, and to which shorter adds an ALPH chunk with m's alpha. If m is opaque, alpha is
// nil and there is no chunk. The second is VP8L. It is not made if it is not allowed, or if it is
// estimated to be longer.
func (o *Options) shorter(m *image.NRGBA, lossy *frameBits, alpha []byte) *frameBits {
	w := m.Rect.Dx()
	var lossless *frameBits
	// Making the ALPH chunk takes time. So DefaultEffort first estimates it. If VP8L is estimated
	// to be shorter, VP8L is made before the chunk. If VP8L then takes less than VP8 and 90 % of
	// the estimated chunk, the chunk is not made.
	if alpha != nil && !o.Lossy && o.Effort != HighEffort {
		lossySize := float64(lossy.size())
		alphSize := float64(estimateAlpha(alpha, w))
		if float64(estimateLossless(m)) < lossySize+alphSize {
			lossless = losslessFrame(m, o.Effort)
			if float64(lossless.size()) < lossySize+0.9*alphSize {
				return lossless
			}
		}
	}
	if alpha != nil {
		lossy.hasAlpha = true
		lossy.alpha = encodeAlpha(alpha, w, o.Effort)
	}
	if lossless == nil && !o.Lossy && worthLossless(m, lossy.size(), o.Effort) {
		lossless = losslessFrame(m, o.Effort)
	}
	if lossless != nil && lossless.size() < lossy.size() {
		return lossless
	}
	return lossy
}

// lossyFrame makes a frame, without alpha, of the results of a vp8.Encoder.
func lossyFrame(bits []byte, err error) (*frameBits, error) {
	if err != nil {
		return nil, err
	}
	return &frameBits{bits: bits}, nil
}

// losslessFrame encodes m as VP8L. The color of wholly transparent pixels, which is invisible,
// becomes black to save bytes.
func losslessFrame(m *image.NRGBA, effort Effort) *frameBits {
	pix, hasAlpha := argb(m)
	if hasAlpha {
		for i, p := range pix {
			if p>>24 == 0 {
				pix[i] = 0
			}
		}
	}
	bits := appendVP8L(nil, pix, m.Rect.Dx(), m.Rect.Dy(), hasAlpha, effort)
	return &frameBits{bits: bits, lossless: true, hasAlpha: hasAlpha}
}
