package webp

// This file decodes one frame: RFC 6386 through golang.org/x/image/vp8, RFC 9649 section 3 through
// golang.org/x/image/vp8l, and ALPH (alpha.go).

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// decodeError wraps err, a decoder's error, together with a FormatError that has the position and
// the name of the chunk.
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

// decodeLossless returns the pixels of a lossless frame.
func (fr *Frame) decodeLossless() (*image.NRGBA, error) {
	return decodeVP8L(bytes.NewReader(fr.bits), fr.bitsAt, "bitstream")
}

// decodeVP8L decodes a VP8L bitstream. offset and name are those of its chunk, for a decodeError.
func decodeVP8L(bits io.Reader, offset int, name string) (*image.NRGBA, error) {
	m, err := vp8l.Decode(bits)
	if err != nil {
		return nil, decodeError(offset, name, err)
	}
	n, ok := m.(*image.NRGBA)
	if !ok {
		return nil, UnsupportedError(fmt.Sprintf("VP8L decoded to %T", m))
	}
	return n, nil
}

// Decode returns the frame alone, with its corner at (0, 0): *image.YCbCr, full range 4:2:0, for
// VP8 without alpha; *image.NRGBA otherwise. It takes about 1.5 bytes of memory for each pixel of
// VP8 without alpha, and 4 of VP8L. VP8 with alpha takes 9 while the alpha is decoded from VP8L,
// then 6.5. For VP8L's transforms, package vp8l may allocate a copy besides.
func (fr *Frame) Decode() (image.Image, error) {
	if fr.Lossless || fr.alpha != nil {
		m, err := fr.DecodeNRGBA()
		if err != nil {
			return nil, err
		}
		return m, nil
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
		return fr.decodeLossless()
	}
	dst := image.NewNRGBA(image.Rect(0, 0, fr.Rect.Dx(), fr.Rect.Dy()))
	err := fr.Rows(context.Background(), func(y int, row []byte) error {
		copy(dst.Pix[y*dst.Stride:], row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return dst, nil
}

// Rows calls emit with the pixels of DecodeNRGBA, row by row. A row has 4 bytes a pixel and is
// valid until emit returns. The context is checked every 64 rows, once the bitstream is decoded.
//
// A VP8 frame takes 1.5 bytes of memory for each pixel, or 2.5 with alpha. While the alpha is
// decoded from VP8L, which comes first, it takes 5. A VP8L frame takes what Decode takes.
func (fr *Frame) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	w, h := fr.Rect.Dx(), fr.Rect.Dy()
	if fr.Lossless {
		m, err := fr.decodeLossless()
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
		// The alpha is first, so that its VP8L picture is garbage before VP8 is decoded.
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
