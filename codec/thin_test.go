package codec

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"testing"

	"golang.org/x/image/draw"
)

// A thinCase is a source and an upright result, one side of which is one to a hundred pixels.
type thinCase struct{ sw, sh, w, h int }

var thinCases = []thinCase{
	{1200, 7, 180, 1}, {7, 1200, 1, 180}, {640, 3, 100, 1}, {3, 640, 1, 100}, {900, 15, 180, 3}, {15, 900, 3, 180},
	{1600, 66, 40, 1}, {66, 1600, 1, 40}, {2000, 100, 20, 1}, {100, 2000, 1, 20}, {1000, 70, 100, 7}, {90, 1000, 5, 60},
	{1800, 130, 90, 7}, {601, 401, 31, 21}, {401, 601, 99, 149}, {130, 75, 1, 1}, {90, 70, 3, 3}, {1203, 803, 99, 66}, {240, 160, 101, 67},
}

// slowly scales a picture in orientation o in real numbers, pixel by pixel. Red, green and blue of
// the result are Y, Cb and Cr, so that nothing is clipped in between.
func slowly(m *image.YCbCr, o, w, h int) *image.RGBA {
	sw, sh := m.Rect.Dx(), m.Rect.Dy()
	up := image.NewRGBA(image.Rect(0, 0, sw, sh))
	if o >= 5 {
		up = image.NewRGBA(image.Rect(0, 0, sh, sw))
	}
	for y := range up.Rect.Dy() {
		for x := range up.Rect.Dx() {
			c := m.YCbCrAt(storedAt(x, y, sw, sh, o))
			up.SetRGBA(x, y, color.RGBA{c.Y, c.Cb, c.Cr, 255})
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, up, up.Rect, draw.Src, nil)
	return out
}

// The last chroma sample of a plane with an odd side is made of existing pixels only. This holds
// for each way of making the result's planes from the source's, and in every orientation.
func TestThinPlanesAreTheScaledPicture(t *testing.T) {
	for _, c := range thinCases {
		var most thinWorst
		for o := 1; o <= 8; o++ {
			sw, sh := c.sw, c.sh
			if o >= 5 {
				sw, sh = sh, sw
			}
			var b bytes.Buffer
			if err := stdjpeg.Encode(&b, smooth(sw, sh), &stdjpeg.Options{Quality: 95}); err != nil {
				t.Fatal(err)
			}
			src := withOrientation(b.Bytes(), o)
			m, err := stdjpeg.Decode(bytes.NewReader(src))
			if err != nil {
				t.Fatal(err)
			}
			planes := m.(*image.YCbCr)
			want := slowly(planes, o, c.w, c.h)
			opened, target, _, err := prepare(src, func(int, int) (int, int) { return c.w, c.h }, &Options{Format: WebP})
			if err != nil {
				t.Fatal(err)
			}
			pictures, err := opened.decodeStill(context.Background(), target)
			if err != nil {
				t.Fatal(err)
			}
			most.compare(fmt.Sprint("JPEG, orientation ", o), want, orient(pictures[0].Image, o).(*image.YCbCr))
			// The planes of lossy WebP take another way, to the same result.
			small, err := planesToPlanes(planes, target)
			if err != nil {
				t.Fatal(err)
			}
			most.compare(fmt.Sprint("WebP, orientation ", o), want, orient(small, o).(*image.YCbCr))
		}
		if most.levels > 4 {
			t.Errorf("%dx%d to %dx%d: %s", c.sw, c.sh, c.w, c.h, most.where)
		}
	}
}

// A thinWorst is the largest difference met, in levels.
type thinWorst struct {
	levels int
	where  string
}

func (m *thinWorst) compare(name string, want *image.RGBA, got *image.YCbCr) {
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			c, luma := got.YCbCrAt(x, y), int(want.RGBAAt(x, y).R)
			cb, cr := chromaMean(want, x, y)
			d := max(absInt(luma-int(c.Y)), absInt(cb-int(c.Cb)), absInt(cr-int(c.Cr)))
			if d > m.levels {
				m.levels, m.where = d, fmt.Sprintf("%s, at %d,%d: %v, want %d %d %d", name, x, y, c, luma, cb, cr)
			}
		}
	}
}

// chromaMean returns the mean Cb and Cr of the two by two pixels that a sample of 4:2:0 stands for,
// or of those of them that exist.
func chromaMean(m *image.RGBA, x, y int) (cb, cr int) {
	n := 0
	for v := y &^ 1; v < min(y&^1+2, m.Rect.Dy()); v++ {
		for u := x &^ 1; u < min(x&^1+2, m.Rect.Dx()); u++ {
			p := m.RGBAAt(u, v)
			cb, cr, n = cb+int(p.G), cr+int(p.B), n+1
		}
	}
	return (cb + n/2) / n, (cr + n/2) / n
}

// A picture that fades from one long side to the other, as one row or column of pixels: no pixel is
// off, in either format, once it is encoded and decoded by others.
func TestThinResultsShowTheMean(t *testing.T) {
	for _, c := range []thinCase{{1200, 7, 180, 1}, {7, 1200, 1, 180}, {640, 2, 80, 1}, {1000, 5, 100, 1}, {5, 1000, 1, 100}, {2000, 33, 50, 1}, {66, 4000, 1, 60}} {
		m := image.NewRGBA(image.Rect(0, 0, c.sw, c.sh))
		for y := range c.sh {
			for x := range c.sw {
				v := uint8(y * 255 / max(c.sh-1, 1))
				if c.sw < c.sh {
					v = uint8(x * 255 / max(c.sw-1, 1))
				}
				m.SetRGBA(x, y, color.RGBA{v, 60 + v/4, 255 - v, 255})
			}
		}
		for _, o := range []int{1, 3, 6, 8} {
			stored := m
			if o >= 5 { // a picture that fades along its other side
				stored = image.NewRGBA(image.Rect(0, 0, c.sh, c.sw))
				for y := range c.sw {
					for x := range c.sh {
						stored.SetRGBA(x, y, m.RGBAAt(y, x))
					}
				}
			}
			var b bytes.Buffer
			if err := stdjpeg.Encode(&b, stored, &stdjpeg.Options{Quality: 95}); err != nil {
				t.Fatal(err)
			}
			src := withOrientation(b.Bytes(), o)
			d, err := stdjpeg.Decode(bytes.NewReader(src))
			if err != nil {
				t.Fatal(err)
			}
			planes := slowly(d.(*image.YCbCr), o, c.w, c.h)
			for _, webp := range []bool{false, true} {
				out, _, err := Resize(context.Background(), src, func(int, int) (int, int) { return c.w, c.h }, Options{Format: formatOf(webp), Quality: 90})
				if err != nil {
					t.Fatal(err)
				}
				got := decodeShown(t, out)
				most, where := 0, ""
				for y := range c.h {
					for x := range c.w {
						p := planes.RGBAAt(x, y)
						wr, wg, wb := color.YCbCrToRGB(p.R, p.G, p.B)
						g := got.NRGBAAt(x, y)
						e := max(absInt(int(wr)-int(g.R)), absInt(int(wg)-int(g.G)), absInt(int(wb)-int(g.B)))
						if e > most {
							most, where = e, fmt.Sprintf("at %d,%d: %v, want %d %d %d", x, y, g, wr, wg, wb)
						}
					}
				}
				if most > 8 {
					t.Errorf("%dx%d to %dx%d, orientation %d, %s: %s", c.sw, c.sh, c.w, c.h, o, map[bool]string{false: "JPEG", true: "WebP"}[webp], where)
				}
			}
		}
	}
}

func absInt(v int) int { return max(v, -v) }

// decodeShown decodes a JPEG with the standard library, and a WebP with codec/webp, whose tests
// check that it makes the same bytes as dwebp.
func decodeShown(t testing.TB, file []byte) *image.NRGBA {
	t.Helper()
	f, s, _, err := open(file)
	if err != nil {
		t.Fatal(err)
	}
	if f == WebP {
		m, err := s.(webpSource).Frames[0].DecodeNRGBA()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	d, err := stdjpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewNRGBA(d.Bounds())
	draw.Draw(m, m.Rect, d, image.Point{}, draw.Src)
	return m
}
