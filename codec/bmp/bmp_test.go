package bmp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	xbmp "golang.org/x/image/bmp"

	"miniatura/codec/internal/limit"
	"miniatura/internal/outside"
)

func decode(src []byte) (*image.NRGBA, *Reader, error) {
	r, err := NewReader(src)
	if err != nil {
		return nil, nil, err
	}
	var m *image.NRGBA
	next := 0
	err = r.Rows(context.Background(), func(y int, row []byte) error {
		if m == nil {
			m = image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
		}
		if y != next || len(row) != r.Width*r.Channels {
			return fmt.Errorf("row %d of %d bytes", y, len(row))
		}
		next++
		for x := range r.Width {
			p, d := row[x*r.Channels:], m.Pix[y*m.Stride+4*x:]
			d[3] = 255
			switch r.Channels {
			case 1:
				d[0], d[1], d[2] = p[0], p[0], p[0]
			default:
				copy(d[:4], p[:r.Channels])
			}
		}
		return nil
	})
	if err == nil && next != r.Height {
		err = fmt.Errorf("%d rows", next)
	}
	return m, r, err
}

const pillowPy = `
import sys, warnings
warnings.simplefilter("ignore")
from PIL import Image
for l in sys.stdin:
    src, out = l.rstrip("\n").split("\t")
    try: open(out, "wb").write(Image.open(src).convert("RGBA").tobytes())
    except Exception: pass
`

// asBrowsers are the files that neither Pillow nor ImageMagick read as browsers do: pixels that no
// run covers, 2 bits a pixel, 4 bits a sample, alpha without bit fields. The long test compares
// them with Chromium itself.
var asBrowsers = map[string]bool{"pal8rletrns.bmp": true, "pal2.bmp": true, "rgba16-4444.bmp": true, "V5_A8_R8_G8_B8_Rgb.bmp": true}

func chromium(t *testing.T, src []byte) []byte {
	path := outside.Chromium(t)
	page := filepath.Join(t.TempDir(), "page.html")
	html := `<body><script>(async()=>{let i=new Image();i.src="data:image/bmp;base64,` + base64.StdEncoding.EncodeToString(src) + `";await i.decode();
let c=document.createElement("canvas");c.width=i.naturalWidth;c.height=i.naturalHeight;let x=c.getContext("2d");x.drawImage(i,0,0);
let s="";for(let v of x.getImageData(0,0,c.width,c.height).data)s+=v.toString(16).padStart(2,"0");document.body.innerText=s})()</script></body>`
	if err := os.WriteFile(page, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	// A browser on a busy machine may give up before the picture is decoded, and then prints the
	// script.
	for range 5 {
		out, err := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom", "file://"+page).Output()
		if err != nil {
			t.Skipf("Chromium: %v", err)
		}
		_, s, _ := strings.Cut(string(out), "<body>")
		s, _, _ = strings.Cut(s, "</body>")
		if pix, err := hex.DecodeString(s); err == nil {
			return pix
		}
	}
	t.Fatal("Chromium did not show the picture")
	return nil
}

// Each file of the corpus has to look as it does in Pillow or in ImageMagick, except those that
// both are known to read differently from browsers.
func TestCorpusAgainstPillowAndImageMagick(t *testing.T) {
	dir := t.TempDir()
	files := outside.Files(t, ".bmp", "corpus/bmp")
	var jobs strings.Builder
	raw := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.rgba", i)) }
	for i, f := range files {
		fmt.Fprintf(&jobs, "%s\t%s\n", f, raw(i))
	}
	cmd := exec.Command("/usr/bin/python3", "-c", pillowPy)
	cmd.Stdin = strings.NewReader(jobs.String())
	pillow := cmd.Run() == nil
	magick, _ := exec.LookPath("convert")
	if !pillow && magick == "" {
		t.Skip("neither Pillow nor ImageMagick")
	}
	for i, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		got, r, err := decode(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compare := func(want []byte) string {
			if len(want) != len(got.Pix) {
				return fmt.Sprintf("%d bytes", len(want))
			}
			worst := 0
			for i, v := range got.Pix {
				if i%4 != 3 && got.Pix[i|3] == 0 && want[i|3] == 0 {
					continue
				}
				worst = max(worst, int(v)-int(want[i]), int(want[i])-int(v))
			}
			if worst > 4 { // five bits are spread over eight in more than one way
				return fmt.Sprintf("differs by %d", worst)
			}
			return ""
		}
		want, _ := os.ReadFile(raw(i))
		p := compare(want)
		if p == "" {
			continue
		}
		m := "not installed"
		if magick != "" {
			out, err := exec.Command(magick, f, "-depth", "8", "rgba:-").Output()
			if m = compare(out); err != nil {
				m = err.Error()
			}
		}
		if m == "" {
			continue
		}
		if asBrowsers[name] {
			if os.Getenv("MINIATURA_LONG") != "" {
				if c := compare(chromium(t, src)); c != "" {
					t.Errorf("%s: Chromium %s", name, c)
				}
			}
			continue
		}
		t.Errorf("%s (%d bits, compression %d, %d channels): Pillow %s, ImageMagick %s", name, r.BitsPerPixel, r.compression, r.Channels, p, m)
	}
	t.Logf("%d files", len(files))
}

func TestHostile(t *testing.T) {
	for _, f := range outside.Files(t, ".bmp", "corpus/hostile") {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = decode(src)
		var fe FormatError
		var ue UnsupportedError
		if err != nil && !errors.As(err, &fe) && !errors.As(err, &ue) && !errors.Is(err, limit.Err) {
			t.Errorf("%s: untyped %v", f, err)
		}
		t.Logf("%-50s %v", filepath.Base(f), err)
		if name := filepath.Base(f); err == nil && (strings.HasPrefix(name, "short") || strings.HasPrefix(name, "bomb") || strings.HasPrefix(name, "Bad_height") || strings.HasPrefix(name, "badwidth")) {
			t.Errorf("%s: read", name)
		}
	}
}

func le(vs ...any) (b []byte) {
	for _, v := range vs {
		switch v := v.(type) {
		case int:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, v)
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		}
	}
	return b
}

// info lays out a file with a BITMAPINFOHEADER, extra (masks and palette) and pixels.
func info(w, h int, bits uint16, compression int, extra, pixels []byte) []byte {
	return le("BM", 54+len(extra)+len(pixels), 0, 54+len(extra), 40, w, h, uint16(1), bits, compression, 0, 0, 0, 0, 0, extra, pixels)
}

func v5(w, h int, bits uint16, compression int, masks [4]int, pixels []byte) []byte {
	b := le("BM", 0, 0, 14+124, 124, w, h, uint16(1), bits, compression, 0, 0, 0, 0, 0, masks[0], masks[1], masks[2], masks[3], make([]byte, 124-56), pixels)
	return b
}

func TestDepthsMasksAndAlpha(t *testing.T) {
	pal := le("\x10\x20\x30\x00\x40\x50\x60\x00") // blue first
	argb := [4]int{0xff0000, 0xff00, 0xff, 0xff000000}
	for _, c := range []struct {
		name     string
		src      []byte
		channels int
		want     []byte // of two pixels in a row, RGBA
	}{
		{"1 bit", info(2, 1, 1, 0, pal, []byte{0x40, 0, 0, 0}), 3, []byte{0x30, 0x20, 0x10, 255, 0x60, 0x50, 0x40, 255}},
		{"2 bits, index past the palette", info(2, 1, 2, 0, pal, []byte{0x70, 0, 0, 0}), 3, []byte{0x60, 0x50, 0x40, 255, 0, 0, 0, 255}},
		{"16 bits, 555", info(2, 1, 16, 0, nil, []byte{0x1f, 0x7c, 0xe0, 0x83}), 3, []byte{255, 0, 255, 255, 0, 255, 0, 255}},
		{"16 bits, 565", info(2, 1, 16, 3, le(0xf800, 0x7e0, 0x1f), []byte{0x00, 0x08, 0x20, 0x00}), 3, []byte{8, 0, 0, 255, 0, 4, 0, 255}},
		{"32 bits, fourth byte unused", info(2, 1, 32, 0, nil, []byte{1, 2, 3, 4, 5, 6, 7, 8}), 3, []byte{3, 2, 1, 255, 7, 6, 5, 255}},
		{"32 bits, ten bits each", info(2, 1, 32, 3, le(0x3ff00000, 0xffc00, 0x3ff), le(0x3ff<<20|0x200<<10|1, 0)), 3, []byte{255, 128, 0, 255, 0, 0, 0, 255}},
		{"alpha bit field", info(2, 1, 32, 6, le(argb[0], argb[1], argb[2], argb[3]), []byte{1, 2, 3, 4, 5, 6, 7, 0}), 4, []byte{3, 2, 1, 4, 7, 6, 5, 0}},
		{"version 5 alpha", v5(2, 1, 32, 3, argb, []byte{1, 2, 3, 4, 5, 6, 7, 0}), 4, []byte{3, 2, 1, 4, 7, 6, 5, 0}},
		{"version 5 alpha without bit fields", v5(2, 1, 32, 0, argb, []byte{1, 2, 3, 4, 5, 6, 7, 0}), 4, []byte{3, 2, 1, 4, 7, 6, 5, 0}},
		{"alpha all zero is opaque", v5(2, 1, 32, 3, argb, []byte{1, 2, 3, 0, 5, 6, 7, 0}), 3, []byte{3, 2, 1, 255, 7, 6, 5, 255}},
		{"gray palette", info(2, 1, 1, 0, le("\x07\x07\x07\x00\x09\x09\x09\x00"), []byte{0x40, 0, 0, 0}), 1, []byte{7, 7, 7, 255, 9, 9, 9, 255}},
		{"no position of the pixels", func() []byte {
			b := info(2, 1, 24, 0, nil, []byte{1, 2, 3, 4, 5, 6})
			copy(b[10:], "\x00\x00\x00\x00")
			return b
		}(), 3, []byte{3, 2, 1, 255, 6, 5, 4, 255}},
	} {
		m, r, err := decode(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !bytes.Equal(m.Pix, c.want) || r.Channels != c.channels {
			t.Errorf("%s: %d in %d channels, want %d in %d", c.name, m.Pix, r.Channels, c.want, c.channels)
		}
	}
}

func TestRuns(t *testing.T) {
	pal := make([]byte, 1024)
	for i := range pal {
		pal[i] = byte(i / 4) // gray
	}
	pal[0], pal[1], pal[2] = 17, 17, 17 // is not what a run skips
	for _, c := range []struct {
		name string
		four bool
		data string
		want string // 6x2 from the top; '.' is black
	}{
		{"runs and ends", false, "\x06\x31\x00\x00\x02\x32\x04\x33\x00\x01", "223333111111"},
		{"literal", false, "\x00\x03123\x00\x00\x03456\x00\x00\x00\x06\x61\x00\x01", "aaaaaa123456"},
		{"delta", false, "\x01\x31\x00\x02\x02\x01\x01\x32\x00\x01", "...2..1....."},
		{"end early", false, "\x06\x31\x00\x00\x01\x32\x00\x01", "2.....111111"},
		{"past the row's end", false, "\x09\x31\x00\x00\x06\x32\x00\x01", "222222111111"},
		{"no end code, all rows", false, "\x06\x31\x00\x00\x06\x32", "222222111111"},
		{"no end code", false, "\x06\x31\x00\x00\x02\x32", ""},
		{"below", false, "\x06\x31\x00\x00\x06\x31\x00\x00\x01\x31\x00\x01", ""},
		{"delta out", false, "\x00\x02\x07\x00\x00\x01", ""},
		{"literal cut", false, "\x00\x06123", ""},
		{"four bits", true, "\x06\x12\x00\x00\x00\x05\x34\x56\x70\x00\x01\x80\x00\x01", "345678121212"},
	} {
		want := c.want
		bits, method := uint16(8), biRLE8
		p := pal
		if c.four {
			bits, method, p = 4, biRLE4, pal[:64]
		}
		m, r, err := decode(info(6, 2, bits, method, p, []byte(c.data)))
		var f FormatError
		if want == "" {
			if !errors.As(err, &f) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := ""
		for p := m.Pix; len(p) > 0; p = p[4:] {
			switch {
			case p[0] == 0:
				got += "."
			case c.four:
				got += string('0' + p[0])
			default:
				got += string(p[0])
			}
		}
		if got != want || r.Channels != 1 {
			t.Errorf("%s: %s in %d channels, want %s", c.name, got, r.Channels, want)
		}
	}
}

func TestDamaged(t *testing.T) {
	good := info(2, 2, 24, 0, nil, make([]byte, 16))
	edit := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	if _, _, err := decode(good); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "signature": edit(0, 'X'), "short header": good[:30], "zero width": edit(18, 0), "negative width": edit(18, 0xff, 0xff, 0xff, 0xff),
		"row missing": good[:len(good)-8], "position past the end": edit(10, 0xff), "position in the header": edit(10, 20), "bits": edit(28, 7),
		"bit fields of 24": edit(30, 3), "RLE8 of 24": edit(30, 1), "top-down RLE": info(1, -1, 8, 1, make([]byte, 1024), []byte{1, 1, 0, 1}),
		"lowest height": edit(22, 0, 0, 0, 0x80)[:len(good)-2],
	} {
		var f FormatError
		if _, _, err := decode(b); !errors.As(err, &f) && !(name == "lowest height" && errors.Is(err, limit.Err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"too wide": edit(18, 0, 0, 0, 0x70), "too tall": edit(22, 0, 0, 0, 0x70), "RLE giant": info(1<<15, 1<<12, 8, 1, nil, nil),
	} {
		if _, _, err := decode(b); !errors.Is(err, limit.Err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"header size": edit(14, 99), "JPEG inside": edit(30, 4), "mask with gaps": info(1, 1, 32, 3, le(0xf0f0, 0xf, 0xf), make([]byte, 4)),
	} {
		var u UnsupportedError
		if _, _, err := decode(b); !errors.As(err, &u) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := decode(good[:len(good)-2]); err != nil {
		t.Errorf("last row's padding missing: %v", err)
	}
}

func TestEmbeddedProfile(t *testing.T) {
	b := append(v5(1, 1, 24, 0, [4]int{}, make([]byte, 4)), "profile"...)
	copy(b[14+56:], "DEBM")
	binary.LittleEndian.PutUint32(b[14+112:], uint32(len(b)-7-14))
	binary.LittleEndian.PutUint32(b[14+116:], 7)
	r, err := NewReader(b)
	if err != nil || string(r.ICC) != "profile" {
		t.Errorf("%q, %v", r.ICC, err)
	}
	binary.LittleEndian.PutUint32(b[14+116:], 8) // past the end
	if r, err := NewReader(b); err != nil || r.ICC != nil {
		t.Errorf("%v", err)
	}
}

func TestFieldValueRounds(t *testing.T) {
	for bits := 1; bits <= 16; bits++ {
		f := field{1<<bits - 1, 0, 1<<bits - 1}
		for v := range uint32(1) << bits {
			if got, want := f.value(v), byte(math.Round(float64(v)*255/float64(f.max))); got != want {
				t.Fatalf("%d bits: %d became %d, want %d", bits, v, got, want)
			}
		}
	}
}

// Append's results are read by x/image/bmp, Pillow and this package.
func TestAppend(t *testing.T) {
	fill := func(w, h int, at func(i int) color.NRGBA) *image.NRGBA {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			m.SetNRGBA(i%w, i/w, at(i))
		}
		return m
	}
	gray := image.NewGray(image.Rect(2, 3, 19, 14))
	for i := range gray.Pix {
		gray.Pix[i] = byte(i)
	}
	dir := t.TempDir()
	var jobs strings.Builder
	var results []*image.NRGBA
	for _, c := range []struct {
		name string
		m    image.Image
		bits int
	}{
		{"two colors", fill(13, 5, func(i int) color.NRGBA { return color.NRGBA{byte(i % 2), 9, 8, 255} }), 1},
		{"one color", fill(13, 5, func(i int) color.NRGBA { return color.NRGBA{0, 0, 0, 255} }), 1},
		{"sixteen colors", fill(13, 5, func(i int) color.NRGBA { return color.NRGBA{byte(i % 16), 9, 8, 255} }), 4},
		{"256 colors", fill(33, 15, func(i int) color.NRGBA { return color.NRGBA{byte(i), 9, byte(i), 255} }), 8},
		{"257 colors", fill(33, 15, func(i int) color.NRGBA { return color.NRGBA{byte(i), byte(i / 256), 0, 255} }), 24},
		{"gray off the origin", gray, 8},
		{"alpha", fill(7, 5, func(i int) color.NRGBA { return color.NRGBA{byte(i), 9, 8, byte(i)} }), 32},
		{"one pixel", fill(1, 1, func(i int) color.NRGBA { return color.NRGBA{1, 2, 3, 255} }), 1},
	} {
		out, err := Append([]byte("kept"), c.m)
		if err != nil || string(out[:4]) != "kept" {
			t.Fatal(err)
		}
		out = out[4:]
		if size := binary.LittleEndian.Uint32(out[2:]); int(size) != len(out) {
			t.Errorf("%s: says %d bytes, has %d", c.name, size, len(out))
		}
		want := straight(c.m)
		got, r, err := decode(out)
		if err != nil || r.BitsPerPixel != c.bits {
			t.Errorf("%s: %d bits, %v; want %d", c.name, r.BitsPerPixel, err, c.bits)
			continue
		}
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s: other pixels", c.name)
		}
		x, err := xbmp.Decode(bytes.NewReader(out))
		if err == nil {
			checkSeen(t, c.name, x, want)
		} else if c.bits == 24 || c.bits == 8 { // x/image/bmp does not read 1 and 4 bits
			t.Errorf("%s: x/image/bmp: %v", c.name, err)
		}
		name := filepath.Join(dir, fmt.Sprint(len(results)))
		os.WriteFile(name, out, 0o600)
		fmt.Fprintf(&jobs, "%s\t%s.rgba\n", name, name)
		results = append(results, want)
		if again, _ := Append(nil, c.m); !bytes.Equal(again, out) {
			t.Errorf("%s: not the same bytes twice", c.name)
		}
	}
	cmd := exec.Command("/usr/bin/python3", "-c", pillowPy)
	cmd.Stdin = strings.NewReader(jobs.String())
	if cmd.Run() != nil {
		t.Log("no Pillow")
		return
	}
	for i, want := range results {
		if got, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.rgba", i))); !bytes.Equal(got, want.Pix) {
			t.Errorf("Pillow sees result %d otherwise", i)
		}
	}
}

// straight returns m as straight RGBA, with its corner at 0, 0.
func straight(m image.Image) *image.NRGBA {
	c := image.NewNRGBA(image.Rectangle{Max: m.Bounds().Size()})
	for y := range c.Rect.Max.Y {
		for x := range c.Rect.Max.X {
			c.Set(x, y, m.At(x+m.Bounds().Min.X, y+m.Bounds().Min.Y))
		}
	}
	return c
}

// checkSeen compares what x/image/bmp sees with want.
func checkSeen(t *testing.T, name string, x image.Image, want *image.NRGBA) {
	t.Helper()
	for i := range want.Rect.Max.X * want.Rect.Max.Y {
		px, py := i%want.Rect.Max.X, i/want.Rect.Max.X
		if g := color.NRGBAModel.Convert(x.At(px, py)); g != want.At(px, py) {
			t.Errorf("%s: x/image/bmp sees %v at (%d, %d), want %v", name, g, px, py, want.At(px, py))
			return
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(info(2, 2, 24, 0, nil, make([]byte, 16)))
	f.Add(info(6, 2, 8, 1, make([]byte, 1024), []byte("\x06\x31\x00\x00\x01\x32\x00\x02\x01\x00\x00\x01")))
	f.Add(info(6, 2, 4, 2, make([]byte, 64), []byte("\x06\x12\x00\x00\x00\x05\x34\x56\x70\x00\x01\x80\x00\x01")))
	f.Add(v5(2, 1, 32, 3, [4]int{0xff0000, 0xff00, 0xff, 0xff000000}, make([]byte, 8)))
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := NewReader(src)
		if err != nil || r.Width*r.Height > 1<<20 {
			return
		}
		y := 0
		err = r.Rows(context.Background(), func(at int, row []byte) error {
			if at != y || len(row) != r.Width*r.Channels {
				t.Fatalf("row %d of %d bytes, want %d", at, len(row), y)
			}
			y++
			return nil
		})
		if err == nil && y != r.Height {
			t.Fatalf("%d rows of %d", y, r.Height)
		}
	})
}
