package codec

import (
	"context"
	"image"

	"miniatura/codec/gif"
	"miniatura/codec/icc"
)

// This file is GIF's row.

type gifSource struct{ *gif.Reader }

func openGIF(src []byte) (source, error) {
	r, err := gif.NewReader(src)
	return gifSource{r}, err
}

func (s gifSource) header() header {
	return header{w: s.Width, h: s.Height, frames: s.Frames, orientation: 1, profile: s.ICC, space: icc.RGB}
}

func (s gifSource) peak(t *target) int64 {
	area := int64(t.sw) * int64(t.sh)
	if t.frames == 1 {
		return rowsPeak(t) + 6*area // the canvas, the indices of the frame
	}
	return rowsPeak(t) + 12*area // and a copy of the canvas, and what is not collected yet
}

func (s gifSource) still(ctx context.Context, t *target) (image.Image, error) {
	m, _, err := s.Next()
	if err != nil {
		return nil, err
	}
	return canvas(ctx, t, m)
}

func (s gifSource) player() (player, int, error) { return s.Reader, s.Plays, nil }

// gifTolerance is the mean squared error that a palette may cost: none where nothing was scaled; 2, which is 45 dB, where
// most colours are mixtures that the scaler made.
func gifTolerance(t *target) float64 {
	if t.same() {
		return 0
	}
	return 2
}

func writeGIF(m image.Image, t *target) ([]byte, error) {
	return gif.AppendTolerant(nil, m, gifTolerance(t))
}

func recordGIF(plays int, t *target) (recorder, error) {
	w, err := gif.NewWriter(t.w, t.h, plays)
	if err != nil {
		return nil, err
	}
	w.Tolerance = gifTolerance(t)
	return w, nil
}

func gifBytes(t *target) int64 {
	if t.frames != 1 {
		return 72
	}
	return 0
}
