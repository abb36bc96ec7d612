package codec

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
)

// This file resizes animations: each frame is composed on the canvas of the source and scaled, and
// the pixels that have changed since the frame before are written. No more than a few canvases are
// held, however many frames there are.

// resizeAnimation makes the result of an animation. note is what was wrong with the source. src is
// the source's file if that may become the result. Otherwise src is nil.
func resizeAnimation(ctx context.Context, s source, t *target, src []byte) (out []byte, note string, err error) {
	r, err := play(ctx, s, t)
	if err != nil {
		return nil, "", err
	}
	out, exact, err := r.finish()
	if src != nil {
		out, err = smaller(s, t, src, out, exact, err)
	}
	return out, s.note(), err
}

// play scales every frame of s, and returns a recorder to which all of them were added.
func play(ctx context.Context, s source, t *target) (recorder, error) {
	p, plays, err := s.player(&t.color)
	if err != nil {
		return nil, err
	}
	if t.format.record == nil {
		return nil, unsupported("an animation as " + t.format.name)
	}
	r, err := t.format.record(plays, t)
	if err != nil {
		return nil, err
	}
	shrinker, err := newShrinker(t, 4) // a canvas is RGB and alpha
	if err != nil {
		return nil, err
	}
	frames := 0
	for {
		canvas, delay, err := p.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", frames+1, err)
		}
		if err := shrinker.reset(); err != nil {
			return nil, err
		}
		for y := range canvas.Rect.Dy() {
			shrinker.push(canvas.Pix[y*canvas.Stride:][:4*canvas.Rect.Dx()])
		}
		m, err := shrinker.picture()
		if err != nil {
			return nil, err
		}
		t.color.apply(m)
		if err := r.Add(orient(m, t.orientation).(*image.NRGBA), delay); err != nil {
			return nil, err
		}
		frames++
	}
	if frames != t.frames {
		return nil, fmt.Errorf("%d frames of %d", frames, t.frames)
	}
	return r, nil
}
