package codec

import (
	"errors"
	"fmt"
	"image"
	"io"
	"time"

	"miniatura/codec/gif"
	"miniatura/codec/webp"
)

// This file is the road of animations: each frame is composed on the canvas of
// the source, made small, and written as what changed since the one before.
// No more than a few canvases are held, however many frames there are.

// A player composes one frame after the other; io.EOF follows the last. The
// canvas is the player's own and valid until the next call.
type player interface {
	Next() (canvas *image.NRGBA, delay time.Duration, err error)
}

// A recorder makes an animation of canvases; it keeps none of them.
type recorder interface {
	Add(canvas *image.NRGBA, delay time.Duration) error
	Bytes() ([]byte, error)
}

// player returns what plays the source, and how often it runs, 0 meaning for
// ever.
func (j *job) player() (p player, plays int, err error) {
	switch j.probe.format {
	case formatGIF:
		return j.probe.gif, j.probe.gif.Plays, nil
	case formatWebP:
		return webp.NewPlayer(j.probe.webp), j.probe.webp.LoopCount, nil
	}
	return nil, 0, fmt.Errorf("%w: animated %s", ErrUnsupported, j.probe.format)
}

func (j *job) recorder(plays int) (recorder, error) {
	switch j.out {
	case formatGIF:
		w, err := gif.NewWriter(j.w, j.h, plays)
		if err == nil {
			w.Tolerance = j.tolerance()
		}
		return w, err
	case formatWebP:
		return webp.NewAnimationWriter(j.w, j.h, plays, j.webpOptions())
	}
	return nil, fmt.Errorf("%w: an animation as %s", ErrUnsupported, j.out)
}

// moving makes the result of an animation.
func (j *job) moving() ([]byte, error) {
	p, plays, err := j.player()
	if err != nil {
		return nil, err
	}
	r, err := j.recorder(plays)
	if err != nil {
		return nil, err
	}
	s, err := j.shrinker(4)
	if err != nil {
		return nil, err
	}
	frames := 0
	for {
		canvas, delay, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", frames+1, err)
		}
		if err := j.ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.again(); err != nil {
			return nil, err
		}
		for y := range canvas.Rect.Dy() {
			s.push(canvas.Pix[y*canvas.Stride:][:4*canvas.Rect.Dx()])
		}
		m, err := s.picture()
		if err != nil {
			return nil, err
		}
		j.col.apply(m)
		if err := r.Add(orient(m, j.probe.orientation).(*image.NRGBA), delay); err != nil {
			return nil, err
		}
		frames++
	}
	if frames != j.probe.frames {
		return nil, fmt.Errorf("%d frames of %d", frames, j.probe.frames)
	}
	j.noteSource()
	if j.alreadyRight() {
		return j.smaller(func() (out []byte, exact bool, err error) {
			out, err = r.Bytes()
			if w, ok := r.(*gif.Writer); ok {
				return out, w.Exact(), err
			}
			return out, lossless(out), err
		})
	}
	return r.Bytes()
}
