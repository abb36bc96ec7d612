package codec

import (
	"bytes"
	"context"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// A picture of two rows, one black and one white, becomes one gray row: the rows that fill its
// blocks up to 8 do not count.
func TestBlockPaddingIsNotPartOfThePicture(t *testing.T) {
	for _, turned := range []bool{false, true} {
		m := image.NewGray(image.Rect(0, 0, 3000, 2))
		if turned {
			m = image.NewGray(image.Rect(0, 0, 2, 3000))
		}
		for i := range m.Pix {
			if turned && i%2 == 1 || !turned && i >= 3000 {
				m.Pix[i] = 255
			}
		}
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 98}); err != nil {
			t.Fatal(err)
		}
		out, _, err := Resize(context.Background(), b.Bytes(), fitter(t, "SXS"), Options{Quality: 98})
		if err != nil {
			t.Fatal(err)
		}
		d, err := stdjpeg.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		g := d.(*image.Gray)
		if n := g.Rect.Dx() * g.Rect.Dy(); n != 180 {
			t.Fatalf("%v", g.Rect)
		}
		for y := range g.Rect.Dy() {
			for x := range g.Rect.Dx() {
				if v := g.GrayAt(x, y).Y; v < 122 || v > 133 {
					t.Fatalf("turned %v: at %d,%d %d, want 127", turned, x, y, v)
				}
			}
		}
	}
}

// A profile for another color space than the samples' does not apply: the picture is made as if
// there were none.
func TestProfileOfAnotherSpaceIsDropped(t *testing.T) {
	profile := make([]byte, 132)
	profile[3] = 132
	copy(profile[12:], "prtrCMYKLab ")
	copy(profile[36:], "acsp")
	plain := noisyJPEG(t, 600, 400, 90)
	n := 2 + 12 + 2 + len(profile)
	src := append([]byte{0xff, 0xd8, 0xff, 0xe2, byte(n >> 8), byte(n)}, "ICC_PROFILE\x00\x01\x01"...)
	src = append(append(src, profile...), plain[2:]...)
	want, _, err := Resize(context.Background(), plain, fitter(t, "SXS"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, info, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %d without the profile: %v", len(got), len(want), err)
	}
	if info.Note == "" {
		t.Error("dropped without a word")
	}
}
