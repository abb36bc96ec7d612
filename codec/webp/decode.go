package webp

// This file has the functions that package image expects of a format, and registers them.

import (
	"context"
	"image"
	"image/color"
	"io"
)

func init() { image.RegisterFormat("webp", "RIFF????WEBP", Decode, DecodeConfig) }

// Decode reads a WebP picture from r. Of an animation, it returns the canvas after the first frame.
// The result is an *image.YCbCr of full range, 4:2:0, for a lossy picture without alpha, else an
// *image.NRGBA.
//
// It allocates as much memory as the header asks for: over 4 bytes a pixel, and an animation's
// canvas can have 2^32-1 pixels. So the dimensions should be checked with DecodeConfig first.
func Decode(r io.Reader) (image.Image, error) {
	f, err := read(r)
	if err != nil {
		return nil, err
	}
	if !f.Animated {
		return f.Frames[0].Decode()
	}
	canvas, _, err := NewPlayer(f).Next(context.Background())
	if err != nil {
		return nil, err
	}
	return canvas, nil
}

// DecodeConfig returns the color model and the dimensions of a WebP picture. The dimensions of an
// animation are those of its canvas.
func DecodeConfig(r io.Reader) (image.Config, error) {
	f, err := read(r)
	if err != nil {
		return image.Config{}, err
	}
	c := image.Config{ColorModel: color.NRGBAModel, Width: f.Width, Height: f.Height}
	if fr := &f.Frames[0]; !f.Animated && !fr.Lossless && !fr.HasAlpha {
		c.ColorModel = color.YCbCrModel
	}
	return c, nil
}

// read reads r to its end and returns a Reader of the bytes.
func read(r io.Reader) (*Reader, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return NewReader(src)
}
