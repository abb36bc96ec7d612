package codec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"testing"
)

// golden is the hash over all results of TestOutputChangesRaiseTheVersion, by
// encoder version. When the test fails because results are meant to change,
// raise Version, put the new hash here under it, and write an "Output changes"
// line into CHANGELOG.md.
var golden = map[int]string{
	1: "60cee58eb185e1d506819aaf1f67936a27e9e146a2235f4eb4332dfebf05ee35",
}

// Stored results are made again only when Version rises: bytes that change
// without a raise would leave old and new results side by side.
func TestOutputChangesRaiseTheVersion(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("results are stored by the edge build, which is amd64: elsewhere floating point may be fused")
	}
	h := sha256.New()
	put := func(name string, src []byte, opt Options) {
		t.Helper()
		out, info, err := Resize(context.Background(), src, fitter(t, "SXS"), opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(h, "%s %s %dx%d %d\n", name, info.ContentType, info.OutW, info.OutH, len(out))
		h.Write(out)
	}
	for name, src := range goldenSources(t) {
		put(name, src, Options{})
		put(name+" webp", src, Options{WebP: true, Quality: 70})
	}
	got := hex.EncodeToString(h.Sum(nil))
	want, ok := golden[Version]
	if !ok {
		t.Fatalf("no hash for version %d; this tree makes %s", Version, got)
	}
	if got != want {
		t.Errorf("results changed: %s, version %d has %s; see the comment above golden", got, Version, want)
	}
}

// goldenSources is one small source of each kind, made by code.
func goldenSources(t testing.TB) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		rgba := image.NewNRGBA(image.Rect(0, 0, 401, 299))
		pal := image.NewPaletted(rgba.Rect, color.Palette{color.NRGBA{255, 255, 255, 255}, color.NRGBA{200, 30, 60, 255}, color.NRGBA{20, 60, 160, 255}, color.NRGBA{}})
		grey := image.NewGray(rgba.Rect)
		for y := range 299 {
			for x := range 401 {
				a := uint8(255)
				if (x-200)*(x-200)+(y-150)*(y-150) > 140*140 {
					a = uint8(x)
				}
				rgba.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / 401), uint8(y * 255 / 299), uint8((x*7 ^ y*13) & 255), a})
				pal.SetColorIndex(x, y, uint8((x/37+y/23)%4))
				grey.SetGray(x, y, color.Gray{uint8((x*x + y*y) >> 6)})
			}
		}
		for _, s := range []struct {
			name string
			src  []byte
		}{
			{"jpeg", noisyJPEG(t, 501, 377, 92)},
			{"jpeg turned", withOrientation(noisyJPEG(t, 501, 377, 92), 6)},
			{"png alpha", encodePNG(t, rgba)},
			{"png palette", encodePNG(t, pal)},
			{"png grey", encodePNG(t, grey)},
			{"gif", stillGIF(t, pal)},
			{"gif moving", movingGIF(t, pal)},
			{"bmp", bitmap24(rgba)},
		} {
			if !yield(s.name, s.src) {
				return
			}
		}
	}
}
