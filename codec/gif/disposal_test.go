package gif

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	stdgif "image/gif"
	"testing"
	"time"
)

// TestDisposalIsNotInherited reads animations with image/gif, which applies the disposal of a frame
// to the following frames without a control extension, as Pillow does.
func TestDisposalIsNotInherited(t *testing.T) {
	r := image.Rect(0, 0, 8, 8)
	fill := func(c color.NRGBA, part image.Rectangle) *image.NRGBA {
		m := image.NewNRGBA(r)
		draw.Draw(m, part, image.NewUniform(c), image.Point{}, draw.Src)
		return m
	}
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}
	w, err := NewAnimationWriter(8, 8, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range []*image.NRGBA{
		fill(red, r), fill(blue, image.Rect(0, 0, 4, 4)), fill(red, image.Rect(0, 0, 4, 4)),
	} {
		delay := time.Duration(0)
		if i == 0 {
			delay = time.Second
		}
		if err := w.Add(m, delay); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	g, err := stdgif.DecodeAll(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for i, disposal := range g.Disposal {
		if got, want := disposal == disposeBackground, i == 0; got != want {
			t.Errorf("frame %d: disposal to the background is %v, not %v", i, got, want)
		}
	}
}
