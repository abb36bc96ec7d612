package codec

import (
	"fmt"
	"image"

	"miniatura/codec/scale"
	"miniatura/codec/webp"
)

// This file is the road of PNG, GIF, BMP and WebP: rows of pixels go through
// one scaler, premultiplied where there is alpha, and the small picture is
// made straight again.

// graphics decodes a picture that is no JPEG at the result's size, in the
// orientation it is stored in.
func (j *job) graphics() (image.Image, error) {
	var m image.Image
	var err error
	switch p := j.probe; p.format {
	case formatPNG:
		m, err = j.rows(p.png.Channels, p.png.Rows)
	case formatGIF:
		m, err = j.gifFrame()
	case formatWebP:
		m, err = j.webpFrame()
	default:
		m, err = j.rows(p.bmp.Channels, p.bmp.Rows)
	}
	if err != nil {
		return nil, err
	}
	j.col.apply(m)
	return m, nil
}

// rows makes the small picture of the rows that read emits, with so many
// channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and straight alpha.
func (j *job) rows(channels int, read func(emit func(y int, row []byte) error) error) (image.Image, error) {
	s, err := j.shrinker(channels)
	if err != nil {
		return nil, err
	}
	few := j.fewColors(channels)
	err = read(func(y int, row []byte) error {
		if y&63 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		few.add(row)
		s.push(row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	j.png.SourceColors = few.count()
	return s.picture()
}

// A shrinker makes the small picture out of rows of samples.
type shrinker struct {
	sw, sh   int             // of the source
	rect     image.Rectangle // of the small picture, as stored
	channels int             // of a row that is pushed
	scaler   *scale.Scaler
	same     bool   // nothing has to be scaled
	y        int    // rows pushed
	row      []byte // one source row, four channels, premultiplied
	pix      []byte // the small picture, 1, 3 or 4 channels
}

func (j *job) shrinker(channels int) (*shrinker, error) {
	w, h := j.stored()
	s := &shrinker{sw: j.probe.w, sh: j.probe.h, rect: image.Rect(0, 0, w, h), channels: channels, same: j.sameSize()}
	out := channels
	if channels == 2 || channels == 4 {
		out = 4
		s.row = make([]byte, 4*j.probe.w)
	}
	s.pix = make([]byte, w*h*out)
	return s, s.again()
}

// again makes s ready for another picture of the same size; what picture
// returned before may be overwritten.
func (s *shrinker) again() (err error) {
	s.y = 0
	if s.same {
		return nil
	}
	w, h := s.rect.Max.X, s.rect.Max.Y
	out := len(s.pix) / (w * h)
	opt := &scale.Options{Premultiplied: out == 4, Dst: s.pix, Stride: w * out}
	if s.scaler != nil {
		return s.scaler.Reset(s.sw, s.sh, w, h, out, opt)
	}
	s.scaler, err = scale.NewScaler(s.sw, s.sh, w, h, out, opt)
	return err
}

// push takes the next row of the source.
func (s *shrinker) push(row []byte) {
	if s.same { // straight alpha stays as it is, to the bit
		if s.y < s.rect.Max.Y {
			if s.channels == 2 {
				widen(s.row, row)
				row = s.row
			}
			n := len(s.pix) / s.rect.Max.Y
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

// picture returns the small picture once all rows are in: *image.Gray or
// *image.NRGBA.
func (s *shrinker) picture() (image.Image, error) {
	if s.same && s.y < s.rect.Max.Y || !s.same && !s.scaler.Done() {
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
	if !s.same {
		straighten(s.pix)
	}
	return &image.NRGBA{Pix: s.pix, Stride: 4 * s.rect.Max.X, Rect: s.rect}, nil
}

// widen makes grey and alpha into red, green, blue and alpha.
func widen(dst, src []byte) {
	for i, o := 0, 0; i+2 <= len(src); i, o = i+2, o+4 {
		p := dst[o : o+4 : o+4]
		g := src[i]
		p[0], p[1], p[2], p[3] = g, g, g, src[i+1]
	}
}

// premultiply writes src's pixels to dst, colours times alpha, rounded. The
// two may be the same.
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
			d[0], d[1], d[2], d[3] = div255(uint32(s[0])*a), div255(uint32(s[1])*a), div255(uint32(s[2])*a), s[3]
		}
	}
}

// straighten divides premultiplied colours by their alpha, in place, rounded.
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

// div255 is v / 255, rounded, for v up to 255 * 255.
func div255(v uint32) byte {
	v += 128
	return byte((v + v>>8) >> 8)
}

// canvas makes the small picture of a whole decoded one.
func (j *job) canvas(m *image.NRGBA) (image.Image, error) {
	return j.rows(4, func(emit func(y int, row []byte) error) error {
		w := 4 * m.Rect.Dx()
		for y := range m.Rect.Dy() {
			if err := emit(y, m.Pix[y*m.Stride:][:w]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j *job) gifFrame() (image.Image, error) {
	m, _, err := j.probe.gif.Next()
	if err != nil {
		return nil, err
	}
	return j.canvas(m)
}

func (j *job) webpFrame() (image.Image, error) {
	if j.probe.webp.Animated { // of one frame, which need not fill the canvas
		m, _, err := webp.NewPlayer(j.probe.webp).Next()
		if err != nil {
			return nil, err
		}
		return j.canvas(m)
	}
	f := &j.probe.webp.Frames[0]
	if j.out == formatWebP && j.col.convert == nil && !f.Lossless && !f.HasAlpha {
		m, err := f.Decode()
		if err != nil {
			return nil, err
		}
		return j.planesToPlanes(m.(*image.YCbCr))
	}
	return j.rows(4, f.Rows)
}

// planesToPlanes is the road of lossy WebP to WebP: 4:2:0 in, 4:2:0 out.
func (j *job) planesToPlanes(m *image.YCbCr) (image.Image, error) {
	w, h := j.stored()
	d := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	if j.sameSize() {
		return m, nil
	}
	sw, sh := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := chromaSize(m)
	dw, dh := chromaSize(d)
	flipX, flipY := flips(j.probe.orientation)
	var chroma scale.Options
	chroma.X0, chroma.X1 = span(float64(sw)/2, w, dw*2-w, flipX)
	chroma.Y0, chroma.Y1 = span(float64(sh)/2, h, dh*2-h, flipY)
	for _, p := range []struct {
		src, dst       []byte
		stride, to     int
		sw, sh, dw, dh int
		opt            scale.Options
	}{
		{m.Y, d.Y, m.YStride, d.YStride, sw, sh, w, h, scale.Options{}},
		{m.Cb, d.Cb, m.CStride, d.CStride, cw, ch, dw, dh, chroma},
		{m.Cr, d.Cr, m.CStride, d.CStride, cw, ch, dw, dh, chroma},
	} {
		p.opt.Dst, p.opt.Stride = p.dst, p.to
		s, err := scale.NewScaler(p.sw, p.sh, p.dw, p.dh, 1, &p.opt)
		if err != nil {
			return nil, err
		}
		for y := range p.sh {
			s.Push(p.src[y*p.stride:][:p.sw])
		}
	}
	return d, nil
}
