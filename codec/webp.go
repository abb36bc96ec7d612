package codec

import (
	"context"
	"image"

	"miniatura/codec/exif"
	"miniatura/codec/icc"
	"miniatura/codec/internal/num"
	"miniatura/codec/webp"
)

// This file implements WebP's row of the table of formats.

type webpSource struct{ *webp.Reader }

func openWebP(src []byte) (source, error) {
	f, err := webp.NewReader(src)
	return webpSource{f}, err
}

func (s webpSource) header() header {
	h := header{
		w: s.Width, h: s.Height, frames: len(s.Frames), orientation: exif.Orientation(s.EXIF), profile: s.ICC, space: icc.RGB,
		coding: coding{name: "WebP", lossy: true, alpha: s.Alpha, drawing: s.Drawing},
	}
	if s.Frames[0].Lossless {
		h.coding.name, h.coding.lossy = "lossless WebP", false
	}
	return h
}

func (s webpSource) peak(ts ...*target) int64 { return rowsPeak(ts) + s.PeakBytes() }

func (s webpSource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	if s.Animated { // an animation of one frame, which need not fill the canvas
		m, _, err := webp.NewPlayer(s.Reader).Next(ctx)
		if err != nil {
			return nil, err
		}
		return resizeCanvas(ctx, ts, m)
	}
	f := &s.Frames[0]
	// Lossy WebP to WebP stays Y'CbCr. There are rows of RGB if another format or a conversion
	// needs them, or if the source is stored without loss or with alpha. All of ts are alike in
	// this (see decodesWith).
	if t := ts[0]; t.format != WebP || t.color.convert != nil || f.Lossless || f.HasAlpha {
		return resizeRows(ctx, ts, 4, f.Rows)
	}
	m, err := f.Decode()
	if err != nil {
		return nil, err
	}
	pictures := make([]picture, len(ts))
	for i, t := range ts {
		if pictures[i].Image, err = planesToPlanes(m.(*image.YCbCr), t); err != nil {
			return nil, err
		}
	}
	return pictures, nil
}

func (s webpSource) player(*conversion) (player, int, error) {
	return webp.NewPlayer(s.Reader), s.Plays, nil
}

// planesToPlanes resizes m, the planes of a lossy WebP, for a result that is a WebP. Source and
// result are 4:2:0.
func planesToPlanes(m *image.YCbCr, t *target) (image.Image, error) {
	if t.keepsSize() {
		return m, nil
	}
	w, h := t.storedSize()
	sub := subsampling{2, 2}
	scaled := scaledAs(t, sub)
	sw, sh := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := chromaSize(m)
	luma := planeTo(t, subsampling{1, 1}, sw, sh, float64(sw), float64(sh))
	chroma := planeTo(t, scaled, cw, ch, float64(sw)/2, float64(sh)/2)
	var out [3][]byte
	for c, p := range []struct {
		planeTarget
		src    []byte
		stride int
	}{
		{luma, m.Y, m.YStride},
		{chroma, m.Cb, m.CStride},
		{chroma, m.Cr, m.CStride},
	} {
		out[c] = make([]byte, p.w*p.h)
		s, err := p.scaler(out[c], p.w)
		if err != nil {
			return nil, err
		}
		for y := range p.sh {
			s.Push(p.src[y*p.stride:][:p.sw])
		}
		if c > 0 && scaled != sub {
			out[c], _, _ = average(t, out[c], p.w, p.h, sub)
		}
	}
	return &image.YCbCr{
		Y: out[0], Cb: out[1], Cr: out[2], YStride: w, CStride: num.DivUp(w, 2),
		SubsampleRatio: sub.ratio(), Rect: image.Rect(0, 0, w, h),
	}, nil
}

func (s webpSource) note() string { return "" }

func stripWebP(_ source, src []byte, keepProfile bool) ([]byte, error) {
	return webp.Strip(src, keepProfile)
}

// webpOptions returns the encoder's options for t.
func webpOptions(t *target) *webp.Options {
	return &webp.Options{Quality: t.quality, Effort: t.effort, ICC: t.color.carry}
}

func writeWebP(m picture, t *target) (out []byte, exact bool, err error) {
	out, err = webp.Append(nil, m.Image, webpOptions(t))
	return out, allLossless(out), err
}

// A webpRecorder adapts webp.AnimationWriter to recorder.
type webpRecorder struct{ *webp.AnimationWriter }

func recordWebP(plays int, t *target) (recorder, error) {
	w, err := webp.NewAnimationWriter(t.w, t.h, plays, webpOptions(t))
	return webpRecorder{w}, err
}

func (r webpRecorder) finish() (out []byte, exact bool, err error) {
	out, err = r.Bytes()
	return out, allLossless(out), err
}

// allLossless reports whether every frame of a WebP file is VP8L.
func allLossless(out []byte) bool {
	f, err := webp.NewReader(out)
	if err != nil {
		return false
	}
	for i := range f.Frames {
		if !f.Frames[i].Lossless {
			return false
		}
	}
	return true
}

// webpBytes is pixelBytes of WebP. TestPeakIsEstimated measures that 72 is enough.
func webpBytes(t *target) int64 {
	if t.frames == 1 && t.planar {
		return 0
	}
	return 72 // there may be alpha
}
