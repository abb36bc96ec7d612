package png

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdpng "image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/internal/outside"
)

func nrgba(w, h int, at func(x, y int) color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, at(x, y))
		}
	}
	return m
}

// sameToEye compares all pixels that are not wholly transparent.
func sameToEye(t *testing.T, name string, got image.Image, want image.Image) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Errorf("%s: %v, want %v", name, got.Bounds(), want.Bounds())
		return
	}
	g, w := got.Bounds().Min, want.Bounds().Min
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			a := color.NRGBAModel.Convert(got.At(g.X+x, g.Y+y)).(color.NRGBA)
			b := color.NRGBAModel.Convert(want.At(w.X+x, w.Y+y)).(color.NRGBA)
			if a != b && (a.A != 0 || b.A != 0) {
				t.Errorf("%s: (%d, %d) is %v, want %v", name, x, y, a, b)
				return
			}
		}
	}
}

func TestSmallestForm(t *testing.T) {
	gray := func(w, h int, at func(x, y int) byte) image.Image {
		m := image.NewGray(image.Rect(3, 5, 3+w, 5+h)) // off the origin
		for y := range h {
			for x := range w {
				m.SetGray(3+x, 5+y, color.Gray{at(x, y)})
			}
		}
		return m
	}
	r := rand.New(rand.NewPCG(7, 8))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	at := func(x, y int) byte { return noise[(x*31+y*1009)&0xffff] }
	for _, c := range []struct {
		name             string
		m                image.Image
		colorType, depth int
	}{
		{"black and white", gray(33, 17, func(x, y int) byte { return -(at(x, y) & 1) }), ctGray, 1},
		{"one gray", gray(33, 17, func(x, y int) byte { return 119 }), ctGray, 4}, // PLTE costs more than the bits
		{"four even grays", gray(33, 170, func(x, y int) byte { return at(x, y) & 3 * 85 }), ctGray, 2},
		{"sixteen even grays", gray(33, 170, func(x, y int) byte { return at(x, y) & 15 * 17 }), ctGray, 4},
		{"four odd grays", gray(133, 170, func(x, y int) byte { return at(x, y)&3 + 100 }), ctPalette, 2},
		{"all grays", gray(133, 170, at), ctGray, 8},
		{"gray as RGBA", nrgba(70, 70, func(x, y int) color.NRGBA { v := at(x, y); return color.NRGBA{v, v, v, 255} }), ctGray, 8},
		{"gray and alpha", nrgba(70, 70, func(x, y int) color.NRGBA { v := at(x, y); return color.NRGBA{v, v, v, at(y, x) | 1} }), ctGrayAlpha, 8},
		{"opaque colors", nrgba(70, 70, func(x, y int) color.NRGBA { return color.NRGBA{at(x, y), at(y, x), at(x+1, y), 255} }), ctRGB, 8},
		{"colors and alpha", nrgba(70, 70, func(x, y int) color.NRGBA { return color.NRGBA{at(x, y), at(y, x), at(x+1, y), at(y, x+1)} }), ctRGBA, 8},
		{"200 colors", nrgba(170, 170, func(x, y int) color.NRGBA { v := at(x, y) % 200; return color.NRGBA{v, 255 - v, v / 2, 255} }), ctPalette, 8},
		{"256 colors and alphas", nrgba(170, 170, func(x, y int) color.NRGBA { v := at(x, y); return color.NRGBA{v, 255 - v, v / 2, v | 3} }), ctPalette, 8},
		{"257 colors", nrgba(170, 170, func(x, y int) color.NRGBA {
			v := at(x, y)
			if x == 0 && y == 0 {
				return color.NRGBA{1, 2, 3, 255}
			}
			return color.NRGBA{v, 255 - v, v / 2, 255}
		}), ctRGB, 8},
		{"ten colors", nrgba(170, 170, func(x, y int) color.NRGBA { v := at(x, y) % 10; return color.NRGBA{v, 255 - v, v / 2, 255} }), ctPalette, 4},
		{"256 colors, 300 pixels", nrgba(20, 15, func(x, y int) color.NRGBA { v := byte(x + 20*y); return color.NRGBA{v, v / 2, v / 3, 255} }), ctRGB, 8},
		{"transparent in many colors", nrgba(70, 70, func(x, y int) color.NRGBA { return color.NRGBA{at(x, y), at(y, x), at(x+1, y), 0} }), ctGrayAlpha, 8}, // and tRNS
		{"one pixel", nrgba(1, 1, func(x, y int) color.NRGBA { return color.NRGBA{9, 8, 7, 6} }), ctRGBA, 8},
	} {
		prefix := []byte("kept")
		out, err := Append(prefix, c.m, nil)
		if err != nil {
			t.Fatal(err)
		}
		if string(out[:4]) != "kept" {
			t.Fatal("the prefix is gone")
		}
		out = out[4:]
		if r, err := NewReader(out); err != nil || r.ColorType != c.colorType || r.BitDepth != c.depth {
			t.Errorf("%s: type %d depth %d, %v; want %d, %d", c.name, r.ColorType, r.BitDepth, err, c.colorType, c.depth)
		}
		std, err := stdpng.Decode(bytes.NewReader(out))
		if err != nil {
			t.Errorf("%s: image/png: %v", c.name, err)
			continue
		}
		sameToEye(t, c.name, std, c.m)
		own, _, err := decode(out)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		sameToEye(t, c.name, own, c.m)
		again, _ := Append(nil, c.m, nil)
		if !bytes.Equal(again, out) {
			t.Errorf("%s: not the same bytes twice", c.name)
		}
	}
}

func TestOtherImageTypes(t *testing.T) {
	m := image.NewRGBA(image.Rect(-2, -3, 40, 30))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i % 255 * int(m.Pix[i|3]|1))
	}
	for p := m.Pix; len(p) >= 4; p = p[4:] { // premultiplied
		p[3] = max(p[0], p[1], p[2])
	}
	for name, m := range map[string]image.Image{"RGBA": m, "part of it": m.SubImage(image.Rect(3, 4, 20, 9)),
		"Paletted": image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.Black, color.Transparent})} {
		out, err := Append(nil, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stdpng.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		sameToEye(t, name, got, m)
	}
	var u UnsupportedError
	if _, err := Append(nil, image.NewGray(image.Rect(0, 0, 0, 5)), nil); !errors.As(err, &u) {
		t.Error("empty picture:", err)
	}
}

func TestCarriedProfile(t *testing.T) {
	profile := bytes.Repeat([]byte("profile "), 50)
	out, err := Append(nil, nrgba(9, 9, func(x, y int) color.NRGBA { return color.NRGBA{byte(x), byte(y), 0, 255} }),
		&Options{ICC: profile})
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(out)
	if err != nil {
		t.Fatal(err)
	}
	icc, err := r.ICC()
	if err != nil || !bytes.Equal(icc, profile) {
		t.Errorf("%q, %v, %+v", icc, err, r)
	}
	if _, err := stdpng.Decode(bytes.NewReader(out)); err != nil {
		t.Error(err)
	}
}

func TestFilterRowIsUndone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 500 {
		bpp := 1 + r.IntN(4)
		n := bpp * (1 + r.IntN(50))
		cur, prev, got, back := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		for i := range n {
			cur[i], prev[i] = byte(r.Uint32()), byte(r.Uint32())
		}
		for f := range byte(5) {
			filterRow(f, got, cur, prev, bpp)
			unfilterDefinition(f, back, got, prev, bpp)
			if !bytes.Equal(back, cur) {
				t.Fatalf("filter %d, %d bytes a pixel", f, bpp)
			}
		}
	}
}

const optimizePy = `
import sys, io
from PIL import Image
for l in sys.stdin:
    im = Image.open(l.rstrip("\n")); im.load()
    im.info = {}
    b = io.BytesIO()
    im.save(b, "PNG", optimize=True)
    print(len(b.getvalue()))
`

// TestSizes writes the corpus again, and compares the sizes with those of image/png at its best
// compression and of Pillow's optimizer. These get the same pixels, in the form in which the file
// has them. With HighEffort each picture is compared; otherwise only the sum is.
func TestSizes(t *testing.T) {
	quick, ours, std, pil := 0, 0, 0, 0
	var paths, names []string
	dir := t.TempDir()
	var sizes []int
	for _, path := range outside.Files(t, ".png", "corpus/png") {
		src, _ := os.ReadFile(path)
		m, r, err := decode(src)
		if err != nil || r.Width*r.Height > 200_000 || r.Width*r.Height < 500 {
			continue
		}
		var out []byte
		var back *image.NRGBA
		for _, level := range []Effort{DefaultEffort, HighEffort} {
			if out, err = Append(nil, m, &Options{Effort: level}); err != nil {
				t.Fatal(err)
			}
			if back, _, err = decode(out); err != nil {
				t.Fatal(err)
			}
			sameToEye(t, path, back, m)
			if level == DefaultEffort {
				quick += len(out)
			}
		}
		var b bytes.Buffer
		(&stdpng.Encoder{CompressionLevel: stdpng.BestCompression}).Encode(&b, back)
		name := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(name, out, 0o600); err != nil {
			t.Fatal(err)
		}
		paths, names = append(paths, name), append(names, filepath.Base(path))
		sizes = append(sizes, len(out))
		ours, std = ours+len(out), std+b.Len()
		if len(out) > b.Len() {
			t.Errorf("%s: %d bytes, image/png %d", path, len(out), b.Len())
		}
	}
	cmd := exec.Command("/usr/bin/python3", "-c", optimizePy)
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\n"))
	if msg, err := cmd.Output(); err != nil {
		t.Log("no Pillow to compare with")
	} else {
		for i, f := range strings.Fields(string(msg)) {
			n := 0
			for _, c := range f {
				n = 10*n + int(c-'0')
			}
			pil += n
			if float64(sizes[i]) > 1.02*float64(n) {
				t.Logf("%s: %d bytes, Pillow %d", names[i], sizes[i], n)
			}
		}
	}
	t.Logf("%d files: %d bytes, %d with HighEffort, image/png %d, Pillow %d", len(sizes), quick, ours, std, pil)
	if quick > std {
		t.Errorf("%d bytes, image/png %d", quick, std)
	}
	if pil > 0 && ours > pil {
		t.Errorf("%d bytes, Pillow %d", ours, pil)
	}
}

func BenchmarkAppend(b *testing.B) {
	pictures := map[string]image.Image{"made": nrgba(640, 480, func(x, y int) color.NRGBA {
		v := byte(128 + 60*math.Sin(float64(x)/90) + 50*math.Cos(float64(y+x/3)/70))
		return color.NRGBA{v + byte(x*y%5), v / 2, 255 - v, 255}
	})}
	if name := os.Getenv("PNG_FILE"); name != "" {
		src, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		m, _, err := decode(src)
		if err != nil {
			b.Fatal(err)
		}
		pictures[filepath.Base(name)] = m
	}
	for name, m := range pictures {
		b.Run("src="+name, func(b *testing.B) {
			var out []byte
			for b.Loop() {
				out, _ = Append(out[:0], m, nil)
			}
			b.ReportMetric(float64(len(out)), "bytes")
		})
	}
}
