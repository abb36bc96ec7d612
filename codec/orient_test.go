package codec

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"os"
	"testing"
)

// storedAt returns the place of the upright picture's pixel x, y in a stored w x h picture of
// orientation o. EXIF's eight cases are each written out.
func storedAt(x, y, w, h, o int) (sx, sy int) {
	switch o {
	case 2: // mirrored
		return w - 1 - x, y
	case 3: // upside down
		return w - 1 - x, h - 1 - y
	case 4: // mirrored and upside down
		return x, h - 1 - y
	case 5: // mirrored along the main diagonal
		return y, x
	case 6: // to be turned clockwise
		return y, h - 1 - x
	case 7: // mirrored along the other diagonal
		return w - 1 - y, h - 1 - x
	case 8: // to be turned anticlockwise
		return w - 1 - y, x
	}
	return x, y
}

func TestOrientIsEXIFsTable(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 5}, {7, 1}, {6, 4}, {5, 3}, {17, 31}} {
		w, h := size[0], size[1]
		n := image.NewNRGBA(image.Rect(0, 0, w, h))
		g := image.NewGray(n.Rect)
		for y := range h {
			for x := range w {
				n.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x * y), uint8(200 + x)})
				g.SetGray(x, y, color.Gray{uint8(x + 40*y)})
			}
		}
		for o := 0; o <= 9; o++ {
			for _, m := range []image.Image{n, g} {
				up := orient(m, o)
				for y := range up.Bounds().Dy() {
					for x := range up.Bounds().Dx() {
						sx, sy := storedAt(x, y, w, h, o)
						if up.At(x, y) != m.At(sx, sy) {
							t.Fatalf("%T %dx%d, orientation %d: %d,%d is %v, want %v", m, w, h, o, x, y, up.At(x, y), m.At(sx, sy))
						}
					}
				}
			}
		}
	}
}

// withOrientation puts an EXIF segment that says o into a JPEG.
func withOrientation(j []byte, o int) []byte {
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, 0, 0, 0, 0}
	seg := append([]byte{0xff, 0xe1, 0, byte(2 + 6 + len(tiff)), 'E', 'x', 'i', 'f', 0, 0}, tiff...)
	return append(append([]byte{0xff, 0xd8}, seg...), j[2:]...)
}

// smooth returns a picture without edges, whose colors depend on the position.
func smooth(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio444)
	for y := range h {
		for x := range w {
			i := y*w + x
			m.Y[i], m.Cb[i], m.Cr[i] = uint8(40+x*170/w), uint8(60+y*130/h), uint8(200-(x*80/w)-(y*50/h))
		}
	}
	return m
}

// A JPEG stored in any orientation comes out as the same upright picture, chroma included, at odd
// dimensions too: turning 4:2:0 planes must not move their colors by half a sample.
func TestOrientationsGiveOnePicture(t *testing.T) {
	const w, h = 603, 401
	fit := func(w, h int) (int, int) { return w * 45 / 603, h * 45 / 603 } // 45x29: odd both ways
	up := smooth(w, h)
	var want *image.YCbCr
	for o := 1; o <= 8; o++ {
		sw, sh := w, h
		if o >= 5 {
			sw, sh = h, w
		}
		stored := image.NewNRGBA(image.Rect(0, 0, sw, sh))
		for y := range h {
			for x := range w {
				sx, sy := storedAt(x, y, sw, sh, o)
				stored.Set(sx, sy, up.At(x, y))
			}
		}
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, stored, &stdjpeg.Options{Quality: 98}); err != nil {
			t.Fatal(err)
		}
		out, info, err := Resize(context.Background(), withOrientation(b.Bytes(), o), fit, Options{Quality: 100})
		if err != nil {
			t.Fatal(err)
		}
		if info.W != w || info.H != h || info.OutW != 45 || info.OutH != 29 {
			t.Fatalf("orientation %d: %+v", o, info)
		}
		m, err := stdjpeg.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		got := m.(*image.YCbCr)
		if got.SubsampleRatio != image.YCbCrSubsampleRatio420 || got.Rect.Dx() != 45 || got.Rect.Dy() != 29 {
			t.Fatalf("orientation %d: %v %v", o, got.SubsampleRatio, got.Rect)
		}
		if want == nil {
			want = got
			continue
		}
		for name, p := range map[string][2][]byte{"Y": {want.Y, got.Y}, "Cb": {want.Cb, got.Cb}, "Cr": {want.Cr, got.Cr}} {
			sum, worst := 0, 0
			for i := range p[0] {
				d := int(p[0][i]) - int(p[1][i])
				d = max(d, -d)
				sum, worst = sum+d, max(worst, d)
			}
			// Half a chroma sample is 1.4 levels here, everywhere.
			if mean := float64(sum) / float64(len(p[0])); mean > 0.7 || worst > 5 {
				t.Errorf("orientation %d, %s: mean difference %.2f, largest %d", o, name, mean, worst)
			}
		}
	}
}

// The corpus has one landscape and one portrait in all eight orientations.
func TestCorpusOrientationsAgree(t *testing.T) {
	rows := corpus(t, "orientation")
	byName := map[string]string{}
	for _, r := range rows {
		byName[r.name] = r.path
	}
	for _, kind := range []string{"Landscape", "Portrait"} {
		var first *image.YCbCr
		for o := 1; o <= 8; o++ {
			path, ok := byName[fmt.Sprintf("orientation/%s_%d.jpg", kind, o)]
			if !ok {
				t.Fatalf("no %s_%d.jpg", kind, o)
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := Resize(context.Background(), src, fitter(t, "SS"), Options{Quality: 95})
			if err != nil {
				t.Fatal(err)
			}
			m, err := stdjpeg.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = m.(*image.YCbCr)
				continue
			}
			sum := 0
			for i, v := range m.(*image.YCbCr).Y {
				d := int(v) - int(first.Y[i])
				sum += max(d, -d)
			}
			if mean := float64(sum) / float64(len(first.Y)); mean > 6 { // the files were made separately
				t.Errorf("%s_%d differs from %s_1 by %.1f on average", kind, o, kind, mean)
			}
		}
	}
}
