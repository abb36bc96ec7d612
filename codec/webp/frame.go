package webp

// This file decodes one frame: RFC 6386 through golang.org/x/image/vp8, RFC 9649 section 3 through
// golang.org/x/image/vp8l, and ALPH (alpha.go).

import (
	"bytes"
	"context"
	"fmt"
	"image"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// decodeError returns an error that wraps err, which a decoder returned, and a FormatError with the
// position and the name of the chunk that was decoded.
func decodeError(offset int, name string, err error) error {
	return fmt.Errorf("%w: %w", FormatError{offset, name}, err)
}

// decodeVP8 returns the frame's samples as they are coded: limited range, 4:2:0, in an image whose
// planes may be larger than the frame.
func (fr *Frame) decodeVP8() (*image.YCbCr, error) {
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(fr.bits), len(fr.bits))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return nil, decodeError(fr.bitsAt, "bitstream", err)
	}
	m, err := d.DecodeFrame()
	if err != nil {
		return nil, decodeError(fr.bitsAt, "bitstream", err)
	}
	return m, nil
}

// decodeVP8L decodes the pixels of a lossless frame.
func (fr *Frame) decodeVP8L() (*image.NRGBA, error) {
	m, err := vp8l.Decode(bytes.NewReader(fr.bits))
	if err != nil {
		return nil, decodeError(fr.bitsAt, "bitstream", err)
	}
	n, ok := m.(*image.NRGBA)
	if !ok {
		return nil, UnsupportedError(fmt.Sprintf("VP8L decoded to %T", m))
	}
	return n, nil
}

// Decode returns the frame alone, with its corner at (0, 0): *image.YCbCr, full range 4:2:0, for
// VP8 without alpha; *image.NRGBA otherwise. It takes about 1.5 bytes of memory for each pixel of
// VP8 without alpha, 7 of VP8 with alpha, and 4 of VP8L. For VP8L's transforms, package vp8l
// allocates a copy besides.
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

// DecodeNRGBA returns the frame alone as RGB with straight alpha. Chroma is upsampled as libwebp
// does by default (see yuv.go).
func (fr *Frame) DecodeNRGBA() (*image.NRGBA, error) {
	if fr.Lossless {
		return fr.decodeVP8L()
	}
	dst := image.NewNRGBA(image.Rect(0, 0, fr.Rect.Dx(), fr.Rect.Dy()))
	return dst, fr.Rows(context.Background(), func(y int, row []byte) error {
		copy(dst.Pix[y*dst.Stride:], row)
		return nil
	})
}

// Rows calls emit with the pixels of DecodeNRGBA, row by row. A row has 4 bytes a pixel and is
// valid until emit returns. The context is checked every 64 rows, once the bitstream is decoded.
//
// The memory for each pixel of a VP8 frame is 1.5 bytes, and one more for alpha. Before that, while
// alpha is decoded from VP8L, it is 5 bytes. A VP8L frame takes what Decode takes.
func (fr *Frame) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	w, h := fr.Rect.Dx(), fr.Rect.Dy()
	if fr.Lossless {
		m, err := fr.decodeVP8L()
		if err != nil {
			return err
		}
		for y := range h {
			if y&63 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := emit(y, m.Pix[y*m.Stride:][:4*w]); err != nil {
				return err
			}
		}
		return nil
	}
	var alpha []byte
	if fr.alpha != nil {
		// Alpha is first, so that its VP8L picture can be collected before VP8 is decoded.
		var err error
		if alpha, err = fr.decodeAlpha(w, h); err != nil {
			return err
		}
	}
	m, err := fr.decodeVP8()
	if err != nil {
		return err
	}
	return limitedRows(ctx, m, alpha, w, h, emit)
}
