package codec

import (
	"context"

	"miniatura/codec/exif"
	"miniatura/codec/icc"
	"miniatura/codec/png"
)

// This file implements PNG's row of the table of formats.

// A pngSource is an opened PNG. Player is nil for a PNG without animation.
type pngSource struct {
	*png.Reader
	*png.Player
}

func openPNG(src []byte) (source, error) {
	r, err := png.NewReader(src)
	if err != nil {
		return nil, err
	}
	if r.Frames == 0 {
		return pngSource{r, nil}, nil
	}
	p, err := png.NewPlayer(r)
	return pngSource{r, p}, err
}

func (s pngSource) header() header {
	h := header{w: s.Width, h: s.Height, frames: max(s.Frames, 1), orientation: exif.Orientation(s.EXIF), space: icc.RGB}
	if s.ColorType == 0 || s.ColorType == 4 {
		h.space = icc.Gray
	}
	h.profile, h.profileErr = s.ICC()
	if s.HasPalette() && s.Channels > 1 { // rows of a palette of grays have 1 channel
		h.colors = 1 << s.BitDepth
	}
	h.color = s.color
	h.coding = coding{name: "PNG", alpha: s.Channels == 2 || s.Channels == 4}
	if s.Player != nil {
		h.coding.drawing = s.Drawing
	}
	return h
}

func (s pngSource) peak(ts ...*target) int64 {
	if s.Player != nil {
		garbage := 8 * int64(s.Width) * int64(s.Height) // not collected yet
		return rowsPeak(ts) + s.Player.PeakBytes() + garbage
	}
	return rowsPeak(ts) + s.Reader.PeakBytes()
}

func (s pngSource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	s.convertWide(&ts[0].color) // all of ts have one conversion
	if s.Player != nil {        // an animation of one frame, which may be another picture than the default image
		m, _, err := s.Next(ctx)
		if err != nil {
			return nil, err
		}
		return resizeCanvas(ctx, ts, m)
	}
	return resizeRows(ctx, ts, s.Channels, s.Rows)
}

func (s pngSource) player(c *conversion) (player, int, error) {
	s.convertWide(c)
	return s.Player, s.Plays, nil
}

// convertWide has samples of 16 bits converted by c when they become 8 bits, if c comes before
// scaling.
func (s pngSource) convertWide(c *conversion) {
	if c.first && s.BitDepth == 16 {
		s.Narrow = c.convert.Wide
	}
}

func (s pngSource) note() string { return s.Note }

func writePNG(m picture, t *target) (out []byte, exact bool, err error) {
	out, err = png.Append(nil, m.Image, &png.Options{ICC: t.color.carry, SourceColors: m.colors, Effort: t.effort})
	return out, true, err
}

// A pngRecorder adapts png.AnimationWriter to recorder.
type pngRecorder struct{ *png.AnimationWriter }

func recordPNG(plays int, t *target) (recorder, error) {
	w, err := png.NewAnimationWriter(t.w, t.h, plays, &png.Options{ICC: t.color.carry, Effort: t.effort, Held: pngHeld(t)})
	return pngRecorder{w}, err
}

// pngHeld returns how many bytes the encoded frames of an animation may take while the writer holds
// them. That is more than a good file takes, unless the frames are noise.
func pngHeld(t *target) int64 { return 8<<20 + 2*int64(t.size) }

func (r pngRecorder) finish() (out []byte, exact bool, err error) {
	out, err = r.Bytes()
	return out, true, err
}

// stripPNG refuses a file with faults, since an encoded one has none.
func stripPNG(s source, src []byte, keepProfile bool) ([]byte, error) {
	if n := s.note(); n != "" {
		return nil, unsupported(n)
	}
	return png.Strip(src, keepProfile)
}

// pngBytes is pixelBytes of PNG. TestPeakIsEstimated measures that 104 and 36 are enough.
func pngBytes(t *target) int64 {
	if t.frames == 1 {
		return 36
	}
	// All encoded frames are held, and after the last one the file too. They take at most 4 bytes a
	// pixel, if they do not compress at all, and at most 3 times what pngHeld allows.
	uncompressed := 4 * int64(t.frames)
	allowed := 3*pngHeld(t)/(int64(t.w)*int64(t.h)) + 1 // for each pixel, rounded up
	return 104 + min(uncompressed, allowed)
}
