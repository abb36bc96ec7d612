package webp

import (
	"bytes"
	"image"
	"image/color"
	"testing"
	"time"

	xwebp "golang.org/x/image/webp"
)

// Decode and DecodeConfig return what x/image/webp returns for still pictures.
func TestDecodeIsWhatOthersSee(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 37, 23))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	opaque := image.NewNRGBA(m.Rect)
	copy(opaque.Pix, m.Pix)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	for name, c := range map[string]struct {
		m image.Image
		o *Options
	}{
		"lossy": {opaque, &Options{Quality: 60, Lossy: true}}, "lossless": {opaque, &Options{Lossless: true}}, "nil options": {opaque, nil},
		"lossless alpha": {m, &Options{Lossless: true}},
	} {
		var b bytes.Buffer
		if err := Encode(&b, c.m, c.o); err != nil {
			t.Fatal(err)
		}
		want, err := xwebp.Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(name, err)
		}
		cfg, err := DecodeConfig(bytes.NewReader(b.Bytes()))
		if err != nil || cfg.Width != 37 || cfg.Height != 23 || cfg.ColorModel != got.ColorModel() || want.Bounds() != got.Bounds() {
			t.Errorf("%s: %+v, %v, %v", name, cfg, got.Bounds(), err)
		}
		checkSame(t, name, got, want)
	}
	for _, bad := range []string{"", "RIFF", "RIFF\x04\x00\x00\x00WEBP"} {
		if _, err := Decode(bytes.NewReader([]byte(bad))); err == nil {
			t.Errorf("%q was decoded", bad)
		}
	}
}

// checkSame compares a picture with the one that x/image decodes.
func checkSame(t *testing.T, name string, got, want image.Image) {
	t.Helper()
	if y, ok := got.(*image.YCbCr); ok { // x/image gives limited range: the same gray, scaled
		w := want.(*image.YCbCr)
		for i := range got.Bounds().Dx() {
			full := (int(w.Y[i])-16)*255/219 - int(y.Y[i])
			if full < -1 || full > 1 {
				t.Fatalf("%s: sample %d is %d, limited range %d", name, i, y.Y[i], w.Y[i])
			}
		}
		return
	}
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			if g, w := color.NRGBAModel.Convert(got.At(x, y)), color.NRGBAModel.Convert(want.At(x, y)); g != w {
				t.Fatalf("%s: %d,%d is %v, want %v", name, x, y, g, w)
			}
		}
	}
}

// For an animation, Decode returns the canvas with its first frame.
func TestDecodeGivesTheFirstFrame(t *testing.T) {
	a, err := NewAnimationWriter(37, 23, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []color.NRGBA{{R: 255, A: 255}, {B: 255, A: 255}} {
		m := image.NewNRGBA(image.Rect(0, 0, 37, 23))
		for i := range 37 * 23 {
			m.SetNRGBA(i%37, i/37, c)
		}
		if err := a.Add(m, 40*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	file, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	first, err := Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, b, _ := first.At(5, 5).RGBA(); r < 0xf000 || b > 0x0fff {
		t.Errorf("the first frame of an animation is %v", first.At(5, 5))
	}
}

// Nil options are a choice a person would make.
func TestNilOptionsAreTheDefaultQuality(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = byte(i*i>>3) | 3
	}
	for _, o := range []*Options{nil, {}} {
		got, err := Append(nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Append(nil, m, &Options{Quality: DefaultQuality})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%+v: %d bytes, quality %d has %d", o, len(got), DefaultQuality, len(want))
		}
	}
}
