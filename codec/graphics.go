package codec

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"

	"miniatura/codec/scale"
)

// graphics decodes a picture that is no JPEG at the result's size, in the
// orientation it is stored in.
func (j *job) graphics() (image.Image, error) {
	m, err := j.decode()
	if err != nil {
		return nil, err
	}
	if y, ok := m.(*image.YCbCr); ok && j.col.convert == nil && j.out == formatWebP {
		return j.scaleYCbCr(y)
	}
	out, err := j.scale(m)
	if err != nil {
		return nil, err
	}
	j.col.apply(out)
	return out, nil
}

func (j *job) decode() (image.Image, error) {
	r := bytes.NewReader(j.src)
	switch j.probe.format {
	case formatPNG:
		return png.Decode(r)
	case formatGIF:
		g, err := gif.DecodeAll(r)
		if err != nil {
			return nil, err
		}
		if len(g.Image) != 1 {
			return nil, fmt.Errorf("%w: animated", ErrUnsupported)
		}
		m := image.NewNRGBA(image.Rect(0, 0, j.probe.w, j.probe.h))
		draw.Draw(m, g.Image[0].Rect, g.Image[0], g.Image[0].Rect.Min, draw.Src)
		return m, nil
	case formatBMP:
		return bmp.Decode(r)
	case formatWebP:
		return j.probe.webp.Frames[0].Decode()
	}
	return nil, errors.New("no decoder")
}

// scale brings m to the result's dimensions, as stored.
func (j *job) scale(m image.Image) (image.Image, error) {
	b := m.Bounds()
	w, h := j.stored()
	d := image.NewNRGBA(image.Rect(0, 0, w, h))
	if b.Dx() == w && b.Dy() == h {
		draw.Draw(d, d.Rect, m, b.Min, draw.Src)
		return d, nil
	}
	s, err := scale.NewScaler(b.Dx(), b.Dy(), w, h, 4, &scale.Options{Premultiplied: true, Dst: d.Pix, Stride: d.Stride})
	if err != nil {
		return nil, err
	}
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	for y := range b.Dy() {
		draw.Draw(row, row.Rect, m, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		s.Push(row.Pix)
	}
	straighten(d.Pix)
	return d, nil
}

// straighten divides premultiplied pixels by their alpha, in place.
func straighten(pix []byte) {
	for p := pix; len(p) >= 4; p = p[4:] {
		if a := p[3]; a != 255 {
			c := color.NRGBAModel.Convert(color.RGBA{p[0], p[1], p[2], a}).(color.NRGBA)
			p[0], p[1], p[2] = c.R, c.G, c.B
		}
	}
}

// scaleYCbCr is the road of lossy WebP to WebP: 4:2:0 in, 4:2:0 out.
func (j *job) scaleYCbCr(m *image.YCbCr) (image.Image, error) {
	w, h := j.stored()
	d := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	cw, ch := chromaSize(m)
	dw, dh := chromaSize(d)
	flipX, flipY := flips(j.probe.orientation)
	for i, src := range [][]byte{m.Y, m.Cb, m.Cr} {
		pw, ph, tw, th, stride := m.Rect.Dx(), m.Rect.Dy(), w, h, m.YStride
		opt := scale.Options{X1: float64(pw), Y1: float64(ph), Dst: d.Y, Stride: d.YStride}
		if i > 0 {
			opt.X0, opt.X1 = span(float64(pw)/2, w, dw*2-w, flipX)
			opt.Y0, opt.Y1 = span(float64(ph)/2, h, dh*2-h, flipY)
			pw, ph, tw, th, stride = cw, ch, dw, dh, m.CStride
			opt.Dst, opt.Stride = [][]byte{nil, d.Cb, d.Cr}[i], d.CStride
		}
		s, err := scale.NewScaler(pw, ph, tw, th, 1, &opt)
		if err != nil {
			return nil, err
		}
		for y := range ph {
			s.Push(src[y*stride:][:pw])
		}
	}
	return d, nil
}
