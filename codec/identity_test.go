package codec

import (
	"bytes"
	"context"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"image/png"
	"testing"
)

func noisyJPEG(t testing.TB, w, h, quality int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	s := uint32(1)
	for y := range h {
		for x := range w {
			s = s*1664525 + 1013904223
			m.SetNRGBA(x, y, color.NRGBA{uint8(x) + uint8(s>>28), uint8(y) + uint8(s>>27&15), uint8(x+y) + uint8(s>>26&15), 255})
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture that fits, upright and without metadata, is the result itself
// unless encoding it makes it smaller.
func TestWhatIsRightAlreadyStaysOrShrinks(t *testing.T) {
	ctx := context.Background()
	small := noisyJPEG(t, 170, 120, 30)
	out, _, err := Resize(ctx, small, fitter(t, "SXS"), Options{Quality: 95})
	if err != nil || !bytes.Equal(out, small) {
		t.Errorf("a picture that would grow was not left alone: %d bytes for %d, %v", len(out), len(small), err)
	}
	big := noisyJPEG(t, 170, 120, 100)
	out, _, err = Resize(ctx, big, fitter(t, "SXS"), Options{Quality: 60})
	if err != nil || len(out) >= len(big) {
		t.Errorf("a picture that would shrink did not: %d bytes for %d, %v", len(out), len(big), err)
	}
	// to_webp=1 always gives WebP.
	if out, info, err := Resize(ctx, small, fitter(t, "SXS"), Options{Quality: 100, Format: WebP}); err != nil || info.ContentType != "image/webp" || !bytes.HasPrefix(out, []byte("RIFF")) {
		t.Errorf("%v, %.4q", err, out)
	}
}

// Where only metadata has to go, the container is rewritten and every pixel
// is as it was.
func TestMetadataGoesWithoutTouchingPixels(t *testing.T) {
	plain := noisyJPEG(t, 170, 120, 90)
	src := withOrientation(plain, 1)
	out, _, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{Quality: 10})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte("Exif")) {
		t.Error("the EXIF segment is still there")
	}
	a, err := stdjpeg.Decode(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	b, err := stdjpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.(*image.YCbCr).Y, b.(*image.YCbCr).Y) || !bytes.Equal(a.(*image.YCbCr).Cb, b.(*image.YCbCr).Cb) {
		t.Error("the pixels changed")
	}
}

// A damaged file that fits its box is not stored again as it is.
func TestHalfAPictureIsNeverAResult(t *testing.T) {
	whole := noisyJPEG(t, 170, 120, 90)
	var b bytes.Buffer
	if err := png.Encode(&b, smooth(150, 150)); err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string][]byte{"JPEG": whole, "JPEG with EXIF": withOrientation(whole, 1), "PNG": b.Bytes()} {
		for _, part := range []int{2, 3, 5} {
			half := src[:len(src)*(part-1)/part]
			for _, webp := range []bool{false, true} {
				if out, _, err := Resize(context.Background(), half, fitter(t, "SXS"), Options{Format: to(webp)}); err == nil {
					t.Errorf("%s cut to %d of %d bytes gave %d bytes", name, len(half), len(src), len(out))
				}
			}
		}
	}
}

// The high effort reaches the encoder: other bytes, and fewer of them.
func TestHighEffortIsSmaller(t *testing.T) {
	src := noisyJPEG(t, 640, 480, 95)
	size := map[Effort]int{}
	for _, effort := range []Effort{DefaultEffort, HighEffort} {
		out, _, err := Resize(context.Background(), src, fitter(t, "SS"), Options{Format: WebP, Effort: effort})
		if err != nil {
			t.Fatal(err)
		}
		size[effort] = len(out)
	}
	if size[HighEffort] >= size[DefaultEffort] {
		t.Errorf("high effort wrote %d bytes, the default %d", size[HighEffort], size[DefaultEffort])
	}
}
