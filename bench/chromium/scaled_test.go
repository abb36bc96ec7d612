package chromium

import (
	"image"
	"testing"

	"golang.org/x/image/draw"
)

// The judge's own scaling gives the same result as x/image, which takes ten times as long.
func TestScaledIsCatmullRom(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 301, 203))
	s := uint32(3)
	for i := 0; i < len(m.Pix); i += 4 {
		s = s*1664525 + 1013904223
		a := s >> 24
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = byte(s>>16&255*a/255), byte(s>>8&255*a/255), byte(uint32(i)&255*a/255), byte(a)
	}
	for _, size := range []image.Point{{180, 121}, {37, 25}, {1, 1}, {300, 1}} {
		want := image.NewRGBA(image.Rectangle{Max: size})
		draw.CatmullRom.Scale(want, want.Rect, m, m.Rect, draw.Src, nil)
		got := scaled(m, size.X, size.Y)
		for i := range want.Pix {
			if d := int(want.Pix[i]) - int(got.Pix[i]); d < -1 || d > 1 {
				t.Fatalf("%v: byte %d is %d, want %d", size, i, got.Pix[i], want.Pix[i])
			}
		}
	}
}
