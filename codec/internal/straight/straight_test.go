package straight

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"
)

// plain hides every method but those of image.Image.
type plain struct{ image.Image }

func TestNRGBAIsWhatDrawMakes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	r := image.Rect(-3, 5, 38, 30)
	rgba, gray, gray16, nrgba64 := image.NewRGBA(r), image.NewGray(r), image.NewGray16(r), image.NewNRGBA64(r)
	cmyk, paletted, deep := image.NewCMYK(r), image.NewPaletted(r, nil), image.NewRGBA64(r)
	for range 256 {
		v := random.Uint32()
		paletted.Palette = append(paletted.Palette, color.NRGBA{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
	}
	all := []image.Image{rgba, gray, gray16, nrgba64, cmyk, paletted, deep, plain{rgba}, plain{nrgba64}}
	planes := []*[]byte{&gray.Pix, &gray16.Pix, &nrgba64.Pix, &cmyk.Pix, &paletted.Pix}
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		m := image.NewYCbCr(r, ratio)
		planes = append(planes, &m.Y, &m.Cb, &m.Cr)
		all = append(all, m, m.SubImage(image.Rect(0, 8, 21, 29)))
	}
	for _, p := range planes {
		for i := range *p {
			(*p)[i] = byte(random.Uint32())
		}
	}
	draw.Draw(rgba, r, nrgba64, r.Min, draw.Src) // whose colors must not exceed their alpha
	draw.Draw(deep, r, nrgba64, r.Min, draw.Src)
	for i, m := range all {
		b := m.Bounds()
		want := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(want, want.Rect, m, b.Min, draw.Src)
		got := NRGBA(m)
		if got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("picture %d, a %T: other pixels than draw.Draw's", i, m)
		}
	}
	if m := image.NewNRGBA(r); NRGBA(m) != m {
		t.Error("an *image.NRGBA was copied")
	}
}
