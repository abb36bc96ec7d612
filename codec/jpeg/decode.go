package jpeg

// This file has the functions that correspond to those of image/jpeg.

import (
	"context"
	"image"
	"image/color"
	"io"
)

// Decode reads a JPEG picture from r at its full size. The result is an *image.Gray, *image.YCbCr,
// *image.RGBA (three components that are RGB) or *image.CMYK (255 is full ink). If image.YCbCr has
// no name for the sampling, samples are repeated so that the result is 4:4:4.
func Decode(r io.Reader) (image.Image, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	d, err := NewReader(src)
	if err != nil {
		return nil, err
	}
	return d.image()
}

// DecodeConfig returns the color model and the dimensions of a JPEG picture without decoding it.
func DecodeConfig(r io.Reader) (image.Config, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return image.Config{}, err
	}
	d, err := NewReader(src)
	if err != nil {
		return image.Config{}, err
	}
	c := image.Config{Width: d.Width, Height: d.Height}
	switch d.Model {
	case ModelGray:
		c.ColorModel = color.GrayModel
	case ModelYCbCr:
		c.ColorModel = color.YCbCrModel
	case ModelRGB:
		c.ColorModel = color.RGBAModel
	default:
		c.ColorModel = color.CMYKModel
	}
	return c, nil
}

// image decodes the picture at 8/8.
func (d *Reader) image() (image.Image, error) {
	var p [4][]byte // the planes
	var w, h [4]int // their sizes
	n := [4]int{8, 8, 8, 8}
	// MaxBytes is a limit for Reader.Decode alone. The planes of the whole picture and one more
	// byte a pixel come on top of that, so four times as much is allowed here. An RGBA or CMYK
	// picture that is made of the planes is not counted.
	total := d.PeakBytes(n) + int64(d.Width)*int64(d.Height)*int64(len(d.Components)+1)
	if total > 4*d.MaxBytes {
		return nil, tooMuch(total, 4*d.MaxBytes)
	}
	// Decode the planes.
	for i := range d.Components {
		w[i], h[i] = d.PlaneSize(i, 8)
		p[i] = make([]byte, w[i]*h[i])
	}
	err := d.Decode(context.Background(), n, func(c, y int, rows []byte, stride, count int) error {
		for i := range count {
			copy(p[c][(y+i)*w[c]:][:w[c]], rows[i*stride:])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rect := image.Rect(0, 0, d.Width, d.Height)
	// Gray planes, and YCbCr planes whose sampling has a name, are the result as they are.
	if d.Model == ModelGray {
		return &image.Gray{Pix: p[0], Stride: w[0], Rect: rect}, nil
	}
	if d.Model == ModelYCbCr && d.Components[0].H == d.hmax && d.Components[0].V == d.vmax {
		if ratio, ok := d.subsampling(); ok {
			return &image.YCbCr{Y: p[0], Cb: p[1], Cr: p[2], YStride: w[0], CStride: w[1], SubsampleRatio: ratio, Rect: rect}, nil
		}
	}
	// All others are enlarged to the size of the picture.
	for i := range d.Components {
		p[i] = d.repeat(i, p[i], w[i], h[i])
	}
	switch d.Model {
	case ModelYCbCr:
		return &image.YCbCr{Y: p[0], Cb: p[1], Cr: p[2], YStride: d.Width, CStride: d.Width, SubsampleRatio: image.YCbCrSubsampleRatio444, Rect: rect}, nil
	case ModelRGB:
		m := image.NewRGBA(rect)
		for i := range p[0] {
			o := m.Pix[4*i:][:4]
			o[0], o[1], o[2], o[3] = p[0][i], p[1][i], p[2][i], 255
		}
		return m, nil
	}
	m := image.NewCMYK(rect)
	for i := range p[0] {
		o := m.Pix[4*i:][:4]
		a, b, c, k := p[0][i], p[1][i], p[2][i], p[3][i]
		// 255 is no ink in the planes, but full ink in image.CMYK. What YCbCrToRGB makes of YCCK
		// has been complemented already (see ModelYCCK).
		if d.Model == ModelYCCK {
			a, b, c = color.YCbCrToRGB(a, b, c)
		} else {
			a, b, c = 255-a, 255-b, 255-c
		}
		k = 255 - k
		o[0], o[1], o[2], o[3] = a, b, c, k
	}
	return m, nil
}

// subsampling returns image.YCbCr's name for the sampling of d's picture, and whether there is one.
// It is for pictures in which no component is finer than the first.
func (d *Reader) subsampling() (image.YCbCrSubsampleRatio, bool) {
	c := d.Components
	if c[1].H != c[2].H || c[1].V != c[2].V || c[0].H%c[1].H != 0 || c[0].V%c[1].V != 0 {
		return 0, false
	}
	// The cases have the two ratios as digits.
	ratioH, ratioV := c[0].H/c[1].H, c[0].V/c[1].V
	switch ratioH<<4 | ratioV {
	case 0x11:
		return image.YCbCrSubsampleRatio444, true
	case 0x12:
		return image.YCbCrSubsampleRatio440, true
	case 0x21:
		return image.YCbCrSubsampleRatio422, true
	case 0x22:
		return image.YCbCrSubsampleRatio420, true
	case 0x41:
		return image.YCbCrSubsampleRatio411, true
	case 0x42:
		return image.YCbCrSubsampleRatio410, true
	}
	return 0, false
}

// repeat enlarges p, the w x h plane of component i, to the size of the picture, by repeating
// samples. If p has this size already, the result is p.
func (d *Reader) repeat(i int, p []byte, w, h int) []byte {
	if w == d.Width && h == d.Height {
		return p
	}
	c := &d.Components[i]
	out := make([]byte, d.Width*d.Height)
	for y := range d.Height {
		srcY := y * c.V / d.vmax
		src, dst := p[srcY*w:][:w], out[y*d.Width:][:d.Width]
		for x := range dst {
			dst[x] = src[x*c.H/d.hmax]
		}
	}
	return out
}
