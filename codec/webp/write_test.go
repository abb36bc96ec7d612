package webp

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/internal/outside"

	xwebp "golang.org/x/image/webp"
)

// psnr of the colors under alpha, in dB.
func psnr(a, b *image.NRGBA) float64 {
	var s, n float64
	for i := 0; i < len(a.Pix); i += 4 {
		if a.Pix[i+3] == 0 {
			continue
		}
		for c := range 3 {
			d := float64(a.Pix[i+c]) - float64(b.Pix[i+c])
			s += d * d
			n++
		}
	}
	if s == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*n/s)
}

func sameAlpha(t *testing.T, name string, got, want *image.NRGBA) {
	t.Helper()
	if got.Rect != want.Rect {
		t.Fatalf("%s: %v, want %v", name, got.Rect, want.Rect)
	}
	for i := 3; i < len(want.Pix); i += 4 {
		if got.Pix[i] != want.Pix[i] {
			t.Fatalf("%s: alpha of pixel %d is %d, want %d", name, i/4, got.Pix[i], want.Pix[i])
		}
	}
}

// TestAlphaIsExactThroughDwebp writes lossy pictures with alpha of several kinds, at odd sizes.
func TestAlphaIsExactThroughDwebp(t *testing.T) {
	for i, kind := range []string{"noise", "stripes", "cutout", "gradient"} {
		for _, s := range []image.Point{{1, 1}, {2, 3}, {17, 31}, {64, 64}, {131, 77}} {
			m := testPicture(kind, s.X, s.Y, uint64(i))
			if kind == "gradient" {
				for j := 3; j < len(m.Pix); j += 4 {
					m.Pix[j] = byte(j / 9)
				}
			}
			file, err := Append(nil, m, &Options{Quality: 70, Lossy: true})
			if err != nil {
				t.Fatal(err)
			}
			got, err := dwebp(t, file)
			if err != nil {
				t.Fatalf("%s %v: %v", kind, s, err)
			}
			sameAlpha(t, kind, got, m)
			if _, err := xwebp.Decode(bytes.NewReader(file)); err != nil {
				t.Errorf("%s %v: x/image: %v", kind, s, err)
			}
		}
	}
}

// TestLossyKeepsTheColors compares what dwebp decodes with the source.
func TestLossyKeepsTheColors(t *testing.T) {
	src := readPNG(t, "flower_small.rgba.png")
	gray := image.NewGray(src.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = src.Pix[4*i+1]
	}
	grayRGB := image.NewNRGBA(src.Rect)
	for i, v := range gray.Pix {
		copy(grayRGB.Pix[4*i:], []byte{v, v, v, 255})
	}
	ycc := image.NewYCbCr(src.Rect, image.YCbCrSubsampleRatio420)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			p := src.NRGBAAt(x, y)
			ycc.Y[ycc.YOffset(x, y)], ycc.Cb[ycc.COffset(x, y)], ycc.Cr[ycc.COffset(x, y)] = color.RGBToYCbCr(p.R, p.G, p.B)
		}
	}
	opaque := toNRGBA(src)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 255
	}
	for _, c := range []struct {
		name string
		m    image.Image
		want *image.NRGBA
		dB   float64
	}{
		{"RGBA", src, src, 34},
		{"opaque", opaque, opaque, 34},
		{"gray", gray, grayRGB, 38},
		{"YCbCr", ycc, opaque, 33},
		{"odd part", opaque.SubImage(image.Rect(7, 9, 300, 222)), toNRGBA(opaque.SubImage(image.Rect(7, 9, 300, 222))), 34},
	} {
		file, err := Append(nil, c.m, &Options{Quality: 90, Lossy: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := dwebp(t, file)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if v := psnr(c.want, got); v < c.dB {
			t.Errorf("%s: %.1f dB at quality 90, want %.1f", c.name, v, c.dB)
		}
	}
}

// openPicture reads a file of any format.
func openPicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	return m, err
}

// readPNG reads a picture of the corpus, straight RGBA.
func readPNG(t testing.TB, name string) *image.NRGBA {
	t.Helper()
	m, err := openPicture(filepath.Join(shared(t, "png"), name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return toNRGBA(m)
}

// TestGraphicsComeOutLossless checks that the lossy writer chooses VP8L for graphics.
func TestGraphicsComeOutLossless(t *testing.T) {
	for kind, want := range map[string]bool{"two": true, "sixteen": true, "noise": false, "photo": false} {
		file, err := Append(nil, testPicture(kind, 200, 150, 1), &Options{Quality: 80})
		if err != nil {
			t.Fatal(err)
		}
		f, err := NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Frames[0].Lossless; got != want {
			t.Errorf("%s: lossless %v, want %v", kind, got, want)
		}
	}
}

// TestProfileIsCarried reads ICCP back with webpmux.
func TestProfileIsCarried(t *testing.T) {
	icc := []byte("not really a profile, of odd length")
	for _, lossless := range []bool{false, true} {
		for _, kind := range []string{"photo", "cutout"} {
			m := testPicture(kind, 33, 21, 1)
			file, err := Append(nil, m, &Options{Quality: 80, Lossless: lossless, ICC: icc})
			if err != nil {
				t.Fatal(err)
			}
			f, err := NewReader(file)
			if err != nil || !bytes.Equal(f.ICC, icc) || f.Alpha != (kind == "cutout") {
				t.Fatalf("%s lossless %v: %v, ICC %q, alpha %v", kind, lossless, err, f.ICC, f.Alpha)
			}
			if _, err := dwebp(t, file); err != nil {
				t.Error(err)
			}
			if _, err := exec.LookPath("webpmux"); err != nil {
				t.Log("webpmux is not installed (Debian: webp)")
				continue
			}
			dir := t.TempDir()
			in, out := filepath.Join(dir, "a.webp"), filepath.Join(dir, "a.icc")
			if err := os.WriteFile(in, file, 0o600); err != nil {
				t.Fatal(err)
			}
			if b, err := exec.Command("webpmux", "-get", "icc", in, "-o", out).CombinedOutput(); err != nil {
				t.Fatalf("webpmux: %v: %s", err, b)
			}
			if got, _ := os.ReadFile(out); !bytes.Equal(got, icc) {
				t.Errorf("webpmux reads %q", got)
			}
		}
	}
}

// TestLimitsAreCheckedFirst writes pictures that are too large for WebP. They have no pixels in
// memory, so the limits must be checked first.
func TestLimitsAreCheckedFirst(t *testing.T) {
	for _, r := range []image.Rectangle{{}, image.Rect(0, 0, 16384, 1), image.Rect(0, 0, 1, 16384), image.Rect(0, 0, 5, 0)} {
		_, err := Append(nil, &image.NRGBA{Rect: r}, nil)
		if _, ok := err.(UnsupportedError); !ok {
			t.Errorf("%v: %v", r, err)
		}
	}
	for _, s := range []image.Point{{16383, 1}, {1, 16383}} {
		for _, lossless := range []bool{false, true} {
			m := testPicture("noise", s.X, s.Y, 1)
			file, err := Append(nil, m, &Options{Quality: 50, Lossless: lossless, Lossy: true})
			if err != nil {
				t.Fatal(err)
			}
			got, err := dwebp(t, file)
			if err != nil {
				t.Fatal(err)
			}
			sameAlpha(t, s.String(), got, m)
		}
	}
}

// TestSamePictureSameBytes encodes A, B, A, and A into a buffer that holds something.
func TestSamePictureSameBytes(t *testing.T) {
	for _, o := range []*Options{{Quality: 75}, {Quality: 75, Lossy: true}, {Lossless: true}, {Quality: 30, Effort: HighEffort}} {
		a, b := testPicture("cutout", 100, 70, 1), testPicture("photo", 60, 90, 2)
		first, err := Append(nil, a, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Append(nil, b, o); err != nil {
			t.Fatal(err)
		}
		again, err := Append([]byte("before"), a, o)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(string(again), "before"); !ok || rest != string(first) {
			t.Errorf("%+v: other bytes the second time", *o)
		}
	}
}

// TestHiddenColorsCostNothing encodes a cut-out over noise and over black: invisible pixels must
// take no bytes.
func TestHiddenColorsCostNothing(t *testing.T) {
	noisy, black := testPicture("noise", 128, 128, 3), image.NewNRGBA(image.Rect(0, 0, 128, 128))
	for y := range 128 {
		for x := range 128 {
			p := noisy.Pix[noisy.PixOffset(x, y):][:4]
			p[3] = 0
			if x > 40 && x < 90 && y > 20 && y < 100 {
				copy(p, []byte{byte(x), byte(y), 77, 255})
				copy(black.Pix[black.PixOffset(x, y):], p)
			}
		}
	}
	for _, o := range []*Options{{Quality: 80, Lossy: true}, {Lossless: true}} {
		a, err := Append(nil, noisy, o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Append(nil, black, o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("lossless %v: %d bytes over noise, %d over black", o.Lossless, len(a), len(b))
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("abcdefgh"), uint8(3), uint8(40), false)
	f.Add(bytes.Repeat([]byte{1, 2, 3, 255, 9, 9, 9, 0}, 40), uint8(7), uint8(80), true)
	f.Fuzz(func(t *testing.T, b []byte, width, quality uint8, lossless bool) {
		w := int(width)%64 + 1
		h := min(len(b)/4/w, 64)
		if h == 0 {
			return
		}
		m := &image.NRGBA{Pix: b[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		file, err := Append(nil, m, &Options{Quality: int(quality) % 101, Lossless: lossless})
		if err != nil {
			t.Fatal(err)
		}
		got, err := xwebp.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds().Size() != m.Rect.Size() {
			t.Fatalf("%v came back as %v", m.Rect, got.Bounds())
		}
		if fr, err := NewReader(file); err != nil {
			t.Fatal(err)
		} else if lossless {
			n, err := fr.Frames[0].DecodeNRGBA()
			if err != nil {
				t.Fatal(err)
			}
			samePixels(t, "fuzz", n, m, false)
		}
	})
}

// TestAlphaSizesBesideCwebp prints, when asked, the sizes of the ALPH chunks of the corpus'
// pictures with alpha, those of cwebp (-alpha_filter best, and its default), and the CPU it took.
func TestAlphaSizesBesideCwebp(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("long: set MINIATURA_LONG=1")
	}
	if _, err := exec.LookPath("cwebp"); err != nil {
		t.Skip("cwebp is not installed (Debian: webp)")
	}
	own, ref := 0, 0
	for _, path := range append(outside.Files(t, ".png", "corpus/png"), outside.Files(t, "_a.webp", "corpus/webp")...) {
		if strings.Contains(path, "pngsuite") {
			continue
		}
		src, err := openPicture(path)
		if err != nil || src.Bounds().Dx()*src.Bounds().Dy() > 4_000_000 {
			continue
		}
		m := toNRGBA(src)
		alpha := alphaOf(m)
		if alpha == nil {
			continue
		}
		w, h := m.Rect.Dx(), m.Rect.Dy()
		t0 := time.Now()
		a := encodeAlpha(alpha, w, DefaultEffort)
		d := time.Since(t0)
		cmd := exec.Command("cwebp", "-quiet", "-m", "4", "-q", "80", "-o", "-", "--", "-")
		cmd.Stdin = bytes.NewReader(append(fmt.Appendf(nil, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", w, h), m.Pix...))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewReader(out)
		if err != nil {
			t.Fatal(err)
		}
		n := len(c.Frames[0].alpha)
		own, ref = own+len(a), ref+n
		t.Logf("%-40s %4dx%-4d filter %d  %7d %7d  %.3f  %v", filepath.Base(path), w, h, a[0]>>2&3, len(a), n, float64(len(a))/float64(n), d)
	}
	t.Logf("all: %d against %d, %.3f", own, ref, float64(own)/float64(ref))
}
