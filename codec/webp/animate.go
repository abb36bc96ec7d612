package webp

// This file composes animations, RFC 9649 section 2.7.1.1 and "Canvas assembly" of 2.7.2.

import (
	"context"
	"image"
	"io"
	"time"

	"miniatura/codec/internal/straight"
)

// A Player composes the frames of an animation one by one.
type Player struct {
	r      *Reader
	at     int // index of the next frame
	canvas *image.NRGBA
	shown  Frame // the last frame that was drawn; its Dispose takes effect before the next one
}

// NewPlayer returns a Player that begins at the first frame of r. A still picture is one frame.
// Next allocates the canvas, 4 bytes for each pixel, so r.Width and r.Height should be checked
// first.
func NewPlayer(r *Reader) *Player { return &Player{r: r} }

// Next composes the next frame. It returns the canvas with this frame, as RGBA with straight alpha,
// and how long it is shown. The canvas belongs to the Player and is valid until Next is called
// again. Pixels that no frame has covered are transparent: viewers ignore the background color,
// which is only a hint. After the last frame the error is io.EOF. The context is checked once for
// each frame.
func (p *Player) Next(ctx context.Context) (canvas *image.NRGBA, delay time.Duration, err error) {
	if p.at >= len(p.r.Frames) {
		return nil, 0, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	fr := &p.r.Frames[p.at]
	m, err := fr.DecodeNRGBA()
	if err != nil {
		return nil, 0, err
	}
	if p.canvas == nil {
		p.canvas = image.NewNRGBA(image.Rect(0, 0, p.r.Width, p.r.Height))
	}
	// Undo the frame before, if it asks for that, and draw this one.
	if p.shown.Dispose {
		straight.Clear(p.canvas, p.shown.Rect)
	}
	for y := range m.Rect.Dy() {
		src := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		dst := p.canvas.Pix[p.canvas.PixOffset(fr.Rect.Min.X, fr.Rect.Min.Y+y):]
		if fr.Blend {
			blendRow(dst[:len(src)], src)
		} else {
			copy(dst, src)
		}
	}
	p.shown = *fr
	p.at++
	return p.canvas, fr.Delay, nil
}

// blendRow draws the row of pixels src over dst, another row (RFC 9649 section 2.7.1.1,
// alpha-blending). Both rows have straight alpha. A pixel of src has alpha As and color Cs, and the
// pixel of dst below it Ad and Cd:
//
//	alpha = As + Ad (1-As)
//	color = (Cs As + Cd Ad (1-As)) / alpha
//
// The integer steps are those of libwebp's decoder, so the result is what viewers show.
func blendRow(dst, src []byte) {
	for i := 0; i < len(src); i += 4 {
		s, d := src[i:i+4:i+4], dst[i:i+4:i+4]
		if s[3] == 0 {
			continue // s is invisible
		}
		if s[3] == 255 || d[3] == 0 {
			copy(d, s) // d is hidden, or invisible itself
			continue
		}
		sa := uint32(s[3])
		da := (uint32(d[3]) * (256 - sa)) >> 8 // Ad (1-As)
		a := sa + da
		scale := uint32(1<<24) / a // 1/alpha, with 24 fractional bits
		for c := range 3 {
			sum := uint32(s[c])*sa + uint32(d[c])*da // Cs As + Cd Ad (1-As)
			d[c] = byte((sum * scale) >> 24)
		}
		d[3] = byte(a)
	}
}
