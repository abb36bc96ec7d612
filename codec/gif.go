package codec

import (
	"context"

	"miniatura/codec/gif"
	"miniatura/codec/icc"
	"miniatura/codec/internal/straight"
)

// This file implements GIF's row of the table of formats.

type gifSource struct{ *gif.Reader }

func openGIF(src []byte) (source, error) {
	r, err := gif.NewReader(src)
	return gifSource{r}, err
}

func (s gifSource) header() header {
	return header{
		w: s.Width, h: s.Height, frames: s.Frames, orientation: 1, profile: s.ICC, space: icc.RGB,
		coding: coding{name: "GIF", drawing: s.Drawing},
	}
}

func (s gifSource) peak(ts ...*target) int64 { return rowsPeak(ts) + s.PeakBytes() }

func (s gifSource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	m, _, err := s.Next(ctx)
	if err != nil {
		return nil, err
	}
	return resizeCanvas(ctx, ts, m)
}

func (s gifSource) player(*conversion) (player, int, error) { return s.Reader, s.Plays, nil }

func (s gifSource) note() string { return s.Note }

// gifTolerance returns the mean squared error, of 8-bit samples, that a palette may have.
func gifTolerance(t *target) float64 {
	switch {
	case t.keepsSize():
		return 0 // the colors are those of the source
	case t.frames == 1:
		return 2 // 45 dB; the scaler mixed most of the colors
	}
	return 5 // 41 dB; frames are seen briefly
}

func writeGIF(m picture, t *target) (out []byte, exact bool, err error) {
	r, err := recordGIF(1, t)
	if err != nil {
		return nil, false, err
	}
	if err := r.Add(straight.NRGBA(m.Image), 0); err != nil {
		return nil, false, err
	}
	return r.finish()
}

// A gifRecorder adapts gif.AnimationWriter to recorder.
type gifRecorder struct{ *gif.AnimationWriter }

func recordGIF(plays int, t *target) (recorder, error) {
	w, err := gif.NewAnimationWriter(t.w, t.h, plays, &gif.Options{Tolerance: gifTolerance(t), Budget: t.size, Frames: t.frames})
	return gifRecorder{w}, err
}

func (r gifRecorder) finish() (out []byte, exact bool, err error) {
	out, err = r.Bytes()
	return out, r.Exact(), err
}

// stripGIF refuses a file with a frame that ends early, since viewers show it differently.
func stripGIF(s source, src []byte, keepProfile bool) ([]byte, error) {
	if s.(gifSource).Short {
		return nil, unsupported("a GIF with a frame that ends early")
	}
	return gif.Strip(src, keepProfile)
}

// gifBytes is pixelBytes of GIF. TestPeakIsEstimated measures that 72 is enough.
func gifBytes(t *target) int64 {
	if t.frames != 1 {
		return 72
	}
	return 0
}
