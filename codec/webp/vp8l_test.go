package webp

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/internal/outside"

	_ "image/gif"
	_ "image/png"

	"golang.org/x/image/vp8l"
)

// TestPaletteHoldsTheFirstPixel encodes pictures of one color with a hole. The palette then begins
// with transparent black. Opaque white is its complement.
func TestPaletteHoldsTheFirstPixel(t *testing.T) {
	for _, c := range [][4]byte{{255, 255, 255, 255}, {0, 0, 0, 255}, {1, 2, 3, 128}, {}} {
		m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for i := range 64 {
			copy(m.Pix[4*i:], c[:])
		}
		clear(m.Pix[4*50:][:4])
		file, err := Append(nil, m, &Options{Lossless: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		samePixels(t, fmt.Sprint(c), got.(*image.NRGBA), m, true)
	}
}

// toNRGBA converts any picture to straight RGBA, with its corner at (0,0).
func toNRGBA(m image.Image) *image.NRGBA {
	b := m.Bounds()
	d := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			d.Set(x, y, m.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return d
}

// testPicture draws pictures of many kinds, for tests of palettes, copies, predictions and the
// cache.
func testPicture(kind string, w, h int, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 7))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := m.Pix[y*m.Stride+4*x:][:4]
			switch kind {
			case "flat":
				copy(p, []byte{10, 200, 30, 255})
			case "two":
				v := byte(255 * (r.IntN(9) / 8))
				copy(p, []byte{v, v, v, 255})
			case "four":
				copy(p, []byte{byte(85 * r.IntN(4)), 7, 9, 255})
			case "sixteen":
				copy(p, []byte{byte(x / 3 % 16 * 9), 3, 200, 255})
			case "many":
				copy(p, []byte{byte(r.IntN(250)), 1, 1, 255})
			case "gradient":
				copy(p, []byte{byte(x), byte(y), byte(x + y), 255})
			case "noise":
				copy(p, []byte{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
			case "stripes":
				copy(p, []byte{byte(x % 7 * 31), byte(y % 11 * 17), byte((x ^ y) % 5 * 40), byte(255 - x%3)})
			case "photo":
				v := 128 + 60*((x/8+y/9)%3-1) + r.IntN(9)
				copy(p, []byte{byte(v), byte(v + r.IntN(3)), byte(v - r.IntN(5)), 255})
			case "cutout":
				a := byte(255)
				if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) > w*h/6 {
					a = byte(r.IntN(2) * 3)
				}
				copy(p, []byte{byte(x * 3), byte(y * 5), byte(r.IntN(20)), a})
			}
		}
	}
	return m
}

var kinds = []string{"flat", "two", "four", "sixteen", "many", "gradient", "noise", "stripes", "photo", "cutout"}

// TestLosslessIsLossless decodes the VP8L writer's output with x/image/vp8l and compares it with
// the source.
func TestLosslessIsLossless(t *testing.T) {
	sizes := []image.Point{{1, 1}, {2, 1}, {1, 2}, {3, 5}, {7, 7}, {8, 1}, {9, 2}, {16, 16}, {17, 33}, {64, 3}, {100, 100}, {129, 257}, {300, 200}}
	for _, kind := range kinds {
		for i, s := range sizes {
			for _, effort := range []Effort{DefaultEffort, HighEffort} {
				m := testPicture(kind, s.X, s.Y, uint64(i))
				pix, alpha := argb(m)
				file := appendVP8L(nil, pix, s.X, s.Y, alpha, effort)
				got, err := vp8l.Decode(bytes.NewReader(file))
				if err != nil {
					t.Fatalf("%s %v effort %d: %v", kind, s, effort, err)
				}
				samePixels(t, fmt.Sprint(kind, s, effort), got.(*image.NRGBA), m, true)
			}
		}
	}
}

// TestLosslessThroughDwebp reads our lossless files with libwebp, which is stricter than x/image in
// places.
func TestLosslessThroughDwebp(t *testing.T) {
	for i, kind := range kinds {
		m := testPicture(kind, 60+i, 40+3*i, 1)
		file, err := Append(nil, m, &Options{Lossless: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := dwebp(t, file)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		samePixels(t, kind, got, m, false)
	}
}

// TestLosslessSizesBesideCwebp prints, when asked, bytes and time for the graphics of the corpus,
// and those of cwebp -lossless -m 4.
func TestLosslessSizesBesideCwebp(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("long: set MINIATURA_LONG=1")
	}
	var own, ref int64
	for _, path := range append(outside.Files(t, ".png", "corpus/png"), outside.Files(t, ".gif", "corpus/gif")...) {
		if strings.Contains(path, "pngsuite") || strings.Contains(path, "conformance") {
			continue
		}
		src, err := openPicture(path)
		if err != nil || src.Bounds().Dx()*src.Bounds().Dy() > 3_000_000 {
			continue
		}
		m := toNRGBA(src)
		w, h := m.Rect.Dx(), m.Rect.Dy()
		t0 := time.Now()
		file, err := Append(nil, m, &Options{Lossless: true})
		if err != nil {
			t.Fatal(err)
		}
		d := time.Since(t0)
		back, err := NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := back.Frames[0].DecodeNRGBA()
		if err != nil {
			t.Fatal(err)
		}
		samePixels(t, path, got, m, false)
		cmd := exec.Command("cwebp", "-quiet", "-lossless", "-m", "4", "-o", "-", "--", "-")
		cmd.Stdin = bytes.NewReader(append(fmt.Appendf(nil, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", w, h), m.Pix...))
		t0 = time.Now()
		out, err := cmd.Output()
		if err != nil {
			t.Skip("cwebp: ", err)
		}
		e := time.Since(t0)
		own, ref = own+int64(len(file)), ref+int64(len(out))
		t.Logf("%-50s %4dx%-4d %8d %8d  %.3f   %6.1f ms, cwebp process %6.1f ms", filepath.Base(path), w, h, len(file), len(out), float64(len(file))/float64(len(out)), d.Seconds()*1e3, e.Seconds()*1e3)
	}
	t.Logf("all: %d against %d, %.3f", own, ref, float64(own)/float64(ref))
}
