package codec

import (
	"context"

	"miniatura/codec/bmp"
	"miniatura/codec/icc"
)

// This file implements BMP's row of the table of formats.

type bmpSource struct{ *bmp.Reader }

func openBMP(src []byte) (source, error) {
	r, err := bmp.NewReader(src)
	return bmpSource{r}, err
}

func (s bmpSource) header() header {
	return header{
		w: s.Width, h: s.Height, frames: 1, orientation: 1, profile: s.ICC, space: icc.RGB,
		coding: coding{name: "BMP", alpha: s.Channels == 4},
	}
}

func (s bmpSource) peak(ts ...*target) int64 { return rowsPeak(ts) + s.PeakBytes() }

func (s bmpSource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	return resizeRows(ctx, ts, s.Channels, s.Rows)
}

func (s bmpSource) player(*conversion) (player, int, error) {
	return nil, 0, unsupported("an animated BMP")
}

func (s bmpSource) note() string { return s.Note }

func writeBMP(m picture, _ *target) (out []byte, exact bool, err error) {
	out, err = bmp.Append(nil, m.Image)
	return out, true, err
}

// stripBMP returns src as it is, since a BMP holds no metadata. It refuses a file with faults,
// since an encoded one has none.
func stripBMP(s source, src []byte, _ bool) ([]byte, error) {
	if n := s.note(); n != "" {
		return nil, unsupported(n)
	}
	return src, nil
}
