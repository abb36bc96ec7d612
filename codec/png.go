package codec

import (
	"context"

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
	return pngSource{r}, nil
}

func (s pngSource) header() header {
	h := header{w: s.Width, h: s.Height, frames: 1, orientation: exif.Orientation(s.EXIF), space: icc.RGB}
	if s.ColorType == 0 || s.ColorType == 4 {
		h.space = icc.Gray
	}
	h.profile, h.profileErr = s.ICC()
	if s.HasPalette() && s.Channels > 1 {
		h.colors = 1 << s.BitDepth
	}
	h.color = s.color
	return h
}

func (s pngSource) peak(t *target) int64 { return rowsPeak(t) + s.PeakBytes() }

func (s pngSource) still(ctx context.Context, t *target) (picture, error) {
	if t.color.first && s.BitDepth == 16 {
		s.Narrow = t.color.convert.Wide
	}
	return rows(ctx, t, s.Channels, s.Rows)
}

func (s pngSource) player() (player, int, error) { return nil, 0, unsupported("an animated PNG") }

func (s pngSource) note() string { return s.Note }

func writePNG(m picture, t *target) (out []byte, exact bool, err error) {
	out, err = png.Append(nil, m.Image, &png.Options{ICC: t.color.carry, SourceColors: m.colors, High: t.effort == HighEffort})
	return out, true, err
}

// stripPNG hands a whole file on only: what is wrong with it a new one has not.
func stripPNG(s source, src []byte, keepProfile bool) ([]byte, error) {
	if n := s.note(); n != "" {
		return nil, unsupported(n)
	}
	return png.Strip(src, keepProfile)
}

func pngBytes(*target) int64 { return 36 }
