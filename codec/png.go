package codec

import (
	"context"
	"image"

	"miniatura/codec/exif"
	"miniatura/codec/icc"
	"miniatura/codec/png"
)

// This file is PNG's row.

type pngSource struct{ *png.Reader }

func openPNG(src []byte) (source, error) {
	r, err := png.NewReader(src)
	if err != nil {
		return nil, err
	}
	if r.Frames > 0 {
		return nil, unsupported("an animated PNG")
	}
	if c := r.CICP; c != nil && string(c) != "\x01\x0d\x00\x01" { // not sRGB, and it overrides every other word on colour
		return nil, unsupported("a PNG with cICP")
	}
	return pngSource{r}, nil
}

func (s pngSource) header() header {
	h := header{w: s.Width, h: s.Height, frames: 1, orientation: exif.Orientation(s.EXIF), space: icc.RGB}
	if s.ColorType == 0 || s.ColorType == 4 {
		h.space = icc.Gray
	}
	h.profile, h.profileErr = s.ICC()
	if len(h.profile) == 0 && !s.SRGB {
		h.gamma, h.chromaticities = s.Gamma, s.Chromaticities
	}
	return h
}

func (s pngSource) peak(t *target) int64 { return rowsPeak(t) + s.PeakBytes() }

func (s pngSource) still(ctx context.Context, t *target) (image.Image, error) {
	return rows(ctx, t, s.Channels, s.Rows)
}

func (s pngSource) player() (player, int, error) { return nil, 0, unsupported("an animated PNG") }

func writePNG(m image.Image, t *target) ([]byte, error) {
	return png.Append(nil, m, &png.Options{ICC: t.color.carry, Gamma: t.color.gamma, Chromaticities: t.color.chromaticities})
}

func pngBytes(*target) int64 { return 36 }
