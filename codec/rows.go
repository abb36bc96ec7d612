package codec

import (
	"context"
	"fmt"
	"image"

	"miniatura/codec/internal/num"
	"miniatura/codec/scale"
)

// This file resizes pictures that are read as rows of pixels: the rows go through one scaler,
// premultiplied where there is alpha, and the small picture gets straight alpha again.

// A rowReader passes every row of a picture to emit, from top to bottom. It ends at emit's first
// error.
type rowReader = func(ctx context.Context, emit func(y int, row []byte) error) error

// resizeRows makes the small pictures from the rows that read emits. The number of channels says
// what a pixel of a row is: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and straight alpha.
func resizeRows(ctx context.Context, ts []*target, channels int, read rowReader) ([]picture, error) {
	shrinkers := make([]*shrinker, len(ts))
	for i, t := range ts {
		var err error
		if shrinkers[i], err = newShrinker(t, channels); err != nil {
			return nil, err
		}
	}
	few := newFewColors(ts, channels)
	err := read(ctx, func(y int, row []byte) error {
		few.add(row)
		row = shrinkers[0].convert(row) // all shrinkers have one conversion
		for _, s := range shrinkers {
			s.addConverted(row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	pictures := make([]picture, len(ts))
	for i, s := range shrinkers {
		m, err := s.picture()
		if err != nil {
			return nil, err
		}
		ts[i].color.apply(m)
		pictures[i] = picture{m, few.countFor(ts[i])}
	}
	return pictures, nil
}

// A shrinker makes a small picture from rows of samples.
type shrinker struct {
	sw, sh   int             // of the source
	rect     image.Rectangle // of the small picture, as stored
	channels int             // of a source row
	scaler   *scale.Scaler   // nil if unscaled
	unscaled bool            // nothing has to be scaled
	color    conversion
	colored  []byte // a buffer for a source row whose colors are converted
	y        int    // source rows so far
	row      []byte // a buffer for a source row of four channels, premultiplied unless unscaled
	pix      []byte // the small picture, of 1, 3 or 4 channels
}

// newShrinker returns a shrinker that makes t's picture from rows with this number of channels.
func newShrinker(t *target, channels int) (*shrinker, error) {
	w, h := t.storedSize()
	s := &shrinker{
		sw: t.sw, sh: t.sh, rect: image.Rect(0, 0, w, h),
		channels: channels, unscaled: t.keepsSize(), color: t.color,
	}
	out := channels // of the small picture
	if channels == 2 || channels == 4 {
		out = 4
		s.row = make([]byte, 4*t.sw)
	}
	s.pix = make([]byte, w*h*out)
	return s, s.reset()
}

// reset makes s ready for another picture of the same size. The new pixels may overwrite the
// picture that s.picture returned before.
func (s *shrinker) reset() (err error) {
	s.y = 0
	if s.unscaled {
		return nil
	}
	w, h := s.rect.Max.X, s.rect.Max.Y
	out := len(s.pix) / (w * h) // channels
	opt := &scale.Options{Premultiplied: out == 4, Dst: s.pix, Stride: w * out}
	if s.scaler != nil {
		return s.scaler.Reset(s.sw, s.sh, w, h, out, opt)
	}
	s.scaler, err = scale.NewScaler(s.sw, s.sh, w, h, out, opt)
	return err
}

// push adds the next row of the source.
func (s *shrinker) push(row []byte) { s.addConverted(s.convert(row)) }

// convert returns row, a row of the source, with converted colors if they are converted before
// scaling. It does not change row. The result is valid until the next call.
func (s *shrinker) convert(row []byte) []byte {
	if !s.color.first {
		return row
	}
	s.colored = append(s.colored[:0], row...)
	s.color.applyRow(s.colored, s.channels)
	return s.colored
}

// addConverted adds row, the next row of the source, as convert returned it. It does not change
// row.
func (s *shrinker) addConverted(row []byte) {
	if s.unscaled { // the row is copied, and alpha stays straight
		if s.y < s.rect.Max.Y {
			if s.channels == 2 {
				widen(s.row, row)
				row = s.row
			}
			n := len(s.pix) / s.rect.Max.Y // bytes of a row
			copy(s.pix[s.y*n:][:n], row)
		}
		s.y++
		return
	}
	s.y++
	switch s.channels {
	case 2:
		widen(s.row, row)
		premultiply(s.row, s.row)
		row = s.row
	case 4:
		premultiply(s.row, row)
		row = s.row
	}
	s.scaler.Push(row)
}

// picture returns the small picture after the last row: *image.Gray or *image.NRGBA.
func (s *shrinker) picture() (image.Image, error) {
	complete := s.y >= s.sh
	if !s.unscaled {
		complete = s.scaler.Done()
	}
	if !complete {
		return nil, fmt.Errorf("the picture ends after %d rows", s.y)
	}
	switch s.channels {
	case 1:
		return &image.Gray{Pix: s.pix, Stride: s.rect.Max.X, Rect: s.rect}, nil
	case 3:
		m := image.NewNRGBA(s.rect)
		for i, o := 0, 0; i+3 <= len(s.pix); i, o = i+3, o+4 {
			p := m.Pix[o : o+4 : o+4]
			p[0], p[1], p[2], p[3] = s.pix[i], s.pix[i+1], s.pix[i+2], 255
		}
		return m, nil
	}
	if !s.unscaled {
		straighten(s.pix)
	}
	return &image.NRGBA{Pix: s.pix, Stride: 4 * s.rect.Max.X, Rect: s.rect}, nil
}

// widen converts gray and alpha to red, green, blue and alpha.
func widen(dst, src []byte) {
	for i, o := 0, 0; i+2 <= len(src); i, o = i+2, o+4 {
		p := dst[o : o+4 : o+4]
		g := src[i]
		p[0], p[1], p[2], p[3] = g, g, g, src[i+1]
	}
}

// premultiply writes src's pixels to dst, with their colors multiplied by alpha and rounded. dst
// and src may be the same slice.
func premultiply(dst, src []byte) {
	dst = dst[:len(src)]
	for i := 0; i+4 <= len(src); i += 4 {
		s, d := src[i:i+4:i+4], dst[i:i+4:i+4]
		switch a := uint32(s[3]); a {
		case 255:
			copy(d, s)
		case 0:
			clear(d)
		default:
			d[0], d[1], d[2], d[3] = num.Div255(uint32(s[0])*a), num.Div255(uint32(s[1])*a), num.Div255(uint32(s[2])*a), s[3]
		}
	}
}

// straighten divides the premultiplied colors in pix by their alpha, and rounds them.
func straighten(pix []byte) {
	for i := 0; i+4 <= len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		a := uint32(p[3])
		if a == 0 || a == 255 {
			continue
		}
		for c, v := range p[:3] {
			p[c] = byte(min((uint32(v)*255+a/2)/a, 255))
		}
	}
}

// resizeCanvas makes the small pictures from m, a picture that is decoded already, by resizeRows.
func resizeCanvas(ctx context.Context, ts []*target, m *image.NRGBA) ([]picture, error) {
	return resizeRows(ctx, ts, 4, func(ctx context.Context, emit func(y int, row []byte) error) error {
		rowBytes := 4 * m.Rect.Dx()
		for y := range m.Rect.Dy() {
			if y%64 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := emit(y, m.Pix[y*m.Stride:][:rowBytes]); err != nil {
				return err
			}
		}
		return nil
	})
}
