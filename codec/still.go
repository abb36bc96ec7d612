package codec

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/HugoSmits86/nativewebp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// still is the road of a still picture.
func (j *job) still() ([]byte, error) {
	if j.probe.frames != 1 {
		return nil, fmt.Errorf("%w: animated", ErrUnsupported)
	}
	m, err := j.decode()
	if err != nil {
		return nil, err
	}
	out, err := j.encode(orient(j.scale(m), j.probe.orientation))
	if err != nil {
		return nil, err
	}
	if j.sameSize() && j.out == j.probe.format && j.probe.orientation == 1 && len(out) >= len(j.src) {
		return j.src, nil
	}
	return out, nil
}

func (j *job) decode() (image.Image, error) {
	r := bytes.NewReader(j.src)
	switch j.probe.format {
	case formatJPEG:
		return jpeg.Decode(r)
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
	}
	return webp.Decode(r)
}

// scale brings m to the result's dimensions, premultiplied, still stored in
// the source's orientation.
func (j *job) scale(m image.Image) *image.RGBA {
	w, h := j.w, j.h
	if j.probe.orientation >= 5 {
		w, h = h, w
	}
	d := image.NewRGBA(image.Rect(0, 0, w, h))
	if b := m.Bounds(); b.Dx() == w && b.Dy() == h {
		draw.Draw(d, d.Rect, m, b.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(d, d.Rect, m, b, draw.Src, nil)
	}
	return d
}

func (j *job) encode(m *image.RGBA) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch j.out {
	case formatJPEG:
		flat := image.NewRGBA(m.Rect)
		draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(flat, flat.Rect, m, image.Point{}, draw.Over)
		err = jpeg.Encode(&b, flat, &jpeg.Options{Quality: j.opt.Quality})
	case formatPNG:
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, m)
	case formatGIF:
		err = gif.Encode(&b, m, nil)
	case formatBMP:
		err = bmp.Encode(&b, m)
	case formatWebP:
		err = nativewebp.Encode(&b, m, nil)
	}
	return b.Bytes(), err
}
