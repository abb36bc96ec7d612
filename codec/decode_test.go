package codec

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"testing"

	_ "golang.org/x/image/webp"
)

// decodeAny decodes a still picture, or the first frame of a GIF, by readers that are not of this
// project.
func decodeAny(t testing.TB, b []byte) image.Image {
	t.Helper()
	m, name, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if name != "webp" {
		return m
	}
	switch m := m.(type) {
	case *image.YCbCr:
		return studio{m, nil}
	case *image.NYCbCrA:
		return studio{&m.YCbCr, m}
	}
	return m
}

// studio is the picture of a lossy WebP. x/image/webp returns its samples as if they had full
// range, but they have BT.601's narrow range.
type studio struct {
	*image.YCbCr
	alpha *image.NYCbCrA
}

func (s studio) ColorModel() color.Model { return color.NRGBAModel }

func (s studio) At(x, y int) color.Color {
	c := s.YCbCrAt(x, y)
	l, b, r := 1.164383*(float64(c.Y)-16), float64(c.Cb)-128, float64(c.Cr)-128
	level := func(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 255))) }
	a := uint8(255)
	if s.alpha != nil {
		a = s.alpha.A[s.alpha.AOffset(x, y)]
	}
	return color.NRGBA{level(l + 1.596027*r), level(l - 0.391762*b - 0.812968*r), level(l + 2.017232*b), a}
}
