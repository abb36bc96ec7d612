package codec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"miniatura/codec"
)

// half fits a picture into half its width and height.
func half(w, h int) (int, int) { return (w + 1) / 2, (h + 1) / 2 }

// picture returns a PNG of 200x100 pixels.
func picture() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 200, 100))
	for i := range 200 * 100 {
		m.SetNRGBA(i%200, i/200, color.NRGBA{R: uint8(i % 200), G: uint8(i / 200), B: uint8(i / 97), A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func ExampleResize() {
	out, info, err := codec.Resize(context.Background(), picture(), half, codec.Options{Format: codec.WebP, Quality: 80})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Source, info.W, info.H)
	fmt.Println(info.ContentType, info.OutW, info.OutH)
	fmt.Printf("%s %s\n", out[:4], out[8:12])
	// Output:
	// image/png 200 100
	// image/webp 100 50
	// RIFF WEBP
}

// Resize returns an error for a file that cannot be resized. The caller then serves the original.
func ExampleResize_refused() {
	_, _, err := codec.Resize(context.Background(), []byte("%PDF-1.7"), half, codec.Options{})
	fmt.Println(errors.Is(err, codec.ErrUnsupported))
	_, _, err = codec.Resize(context.Background(), picture(), half, codec.Options{Memory: 1 << 10})
	fmt.Println(errors.Is(err, codec.ErrLimit))
	// Output:
	// true
	// true
}
