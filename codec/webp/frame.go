// This file decodes one frame: RFC 6386 through golang.org/x/image/vp8, RFC 9649 section 3
// through golang.org/x/image/vp8l, and ALPH (alpha.go).

package webp

import (
	"bytes"
	"fmt"
	"image"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// decodeError names the container's part in an error of the decoder below.
func decodeError(what string, err error) error {
	return FormatError(fmt.Sprintf("%s: %v", what, err))
}

// decodeVP8 gives the frame's samples as they are coded: limited range, 4:2:0, in an image
// whose planes may be larger than the frame.
func (fr *Frame) decodeVP8() (*image.YCbCr, error) {
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(fr.bits), len(fr.bits))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return nil, decodeError("VP8", err)
	}
	m, err := d.DecodeFrame()
	if err != nil {
		return nil, decodeError("VP8", err)
	}
	return m, nil
}

func (fr *Frame) decodeVP8L() (*image.NRGBA, error) {
	m, err := vp8l.Decode(bytes.NewReader(fr.bits))
	if err != nil {
		return nil, decodeError("VP8L", err)
	}
	n, ok := m.(*image.NRGBA)
	if !ok {
		return nil, UnsupportedError(fmt.Sprintf("VP8L decoded to %T", m))
	}
	return n, nil
}

// Decode gives the frame alone, its corner at (0, 0): *image.YCbCr, full range 4:2:0, for VP8
// without alpha; *image.NRGBA otherwise. It costs about 1.5 bytes a pixel for the former and 4
// for VP8L and 7 for VP8 with alpha, besides what vp8l needs for a transform's copy.
func (fr *Frame) Decode() (image.Image, error) {
	if fr.Lossless || fr.alpha != nil {
		return fr.DecodeNRGBA()
	}
	m, err := fr.decodeVP8()
	if err != nil {
		return nil, err
	}
	toFullRange(m)
	return m, nil
}

// DecodeNRGBA gives the frame alone in RGB, with the chroma upsampled by the filter of
// libwebp's default output (see yuv.go).
func (fr *Frame) DecodeNRGBA() (*image.NRGBA, error) {
	if fr.Lossless {
		return fr.decodeVP8L()
	}
	m, err := fr.decodeVP8()
	if err != nil {
		return nil, err
	}
	w, h := fr.Rect.Dx(), fr.Rect.Dy()
	var alpha []byte
	if fr.alpha != nil {
		if alpha, err = decodeAlpha(fr.alpha, w, h); err != nil {
			return nil, err
		}
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	limitedToNRGBA(dst, m, alpha)
	return dst, nil
}
