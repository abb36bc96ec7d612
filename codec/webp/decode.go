package webp

import (
	"context"
	"image"
	"image/color"
	"io"
)

// This file has the functions that package image expects of a format, and registers them.

func init() { image.RegisterFormat("webp", "RIFF????WEBP", Decode, DecodeConfig) }

// Decode reads a WebP picture from r; of an animation, the canvas as its first frame leaves it. The
// result is an *image.YCbCr of full range, 4:2:0, for a lossy picture without alpha, else an
// *image.NRGBA.
//
// It allocates what the header asks for, up to 4 bytes a pixel of 16383 x 16383 and more: check the
// dimensions by DecodeConfig first.
func Decode(r io.Reader) (image.Image, error) {
	f, err := read(r)
	if err != nil {
		return nil, err
	}
	if !f.Animated {
		return f.Frames[0].Decode()
	}
	canvas, _, err := NewPlayer(f).Next(context.Background())
	return canvas, err
}

// DecodeConfig returns the color model and the dimensions of a WebP picture; for an animation, the
// dimensions of the canvas.
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

// read reads all of r and the headers in it.
func read(r io.Reader) (*Reader, error) {
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return NewReader(src)
}
