package codec

import (
	"bytes"
	"image"
	"image/color/palette"
	"image/draw"
	stdgif "image/gif"
	stdpng "image/png"
	"strings"
	"testing"
	"time"

	"miniatura/bench/pictures"
	"miniatura/codec/gif"
	"miniatura/codec/png"
	"miniatura/codec/webp"
)

// This file makes sources for the table of costs by code.

// A madeSource is a source made by code, with a name like the name of a file.
type madeSource struct {
	name string
	src  []byte
}

// An animator writes animations.
type animator interface {
	Add(*image.NRGBA, time.Duration) error
	Bytes() ([]byte, error)
}

// A dithered is a GIF as the standard library writes it, whole frames in one palette.
type dithered struct{ g stdgif.GIF }

func (d *dithered) Add(m *image.NRGBA, delay time.Duration) error {
	p := image.NewPaletted(m.Rect, palette.Plan9)
	draw.FloydSteinberg.Draw(p, m.Rect, m, image.Point{})
	d.g.Image, d.g.Delay = append(d.g.Image, p), append(d.g.Delay, int(delay/(10*time.Millisecond)))
	return nil
}

func (d *dithered) Bytes() ([]byte, error) {
	var b bytes.Buffer
	err := stdgif.EncodeAll(&b, &d.g)
	return b.Bytes(), err
}

// newAnimator returns the writer for a kind of file.
func newAnimator(t testing.TB, kind string, w, h int) animator {
	t.Helper()
	var a animator
	var err error
	switch kind {
	case ".webp":
		a, err = webp.NewAnimationWriter(w, h, 0, &webp.Options{Quality: 90, Lossy: true})
	case ".png":
		a, err = png.NewAnimationWriter(w, h, 0, nil)
	case ".gif":
		a, err = gif.NewAnimationWriter(w, h, 0, nil)
	default:
		a = &dithered{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// madeAnimations returns the animations of package bench, in the formats in which such animations
// are found. The sticker is written as WebP and APNG, the others as GIF, and the video's colors are
// dithered to a fixed palette.
func madeAnimations(t testing.TB) (made []madeSource) {
	t.Helper()
	for _, a := range pictures.Animations() {
		kinds := []string{".gif"}
		switch {
		case strings.HasPrefix(a.Name, "sticker"):
			kinds = []string{".webp", ".png"}
		case strings.HasPrefix(a.Name, "video"):
			kinds = []string{" dithered.gif"}
		}
		for _, kind := range kinds {
			w := newAnimator(t, kind, a.W, a.H)
			if err := a.Play(func(m *image.NRGBA) error { return w.Add(m, a.Delay) }); err != nil {
				t.Fatal(err)
			}
			src, err := w.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, madeSource{a.Name + kind, src})
		}
	}
	return made
}

// practice returns sources of kinds that are rare in the half of the files that the table is fitted
// to: films as GIF, animations with soft alpha, and stills with busy alpha.
func practice(t testing.TB) (made []madeSource) {
	t.Helper()
	photo, page := pictures.Photo(900, 700), pictures.Screenshot(900, 900)
	feathered := func(w, h, x0, y0 int) *image.NRGBA { // of the photo
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		draw.Draw(m, m.Rect, photo, image.Pt(x0, y0), draw.Src)
		for y := range h {
			for x := range w {
				dx, dy := 2*x-w, 2*y-h
				m.Pix[m.PixOffset(x, y)+3] = byte(min(max(255*(w*w/2+h*h/2-dx*dx-dy*dy)/(w*h/3), 0), 255))
			}
		}
		return m
	}
	window := func(src image.Image, w, h, x0, y0 int) *image.NRGBA {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		draw.Draw(m, m.Rect, src, image.Pt(x0, y0), draw.Src)
		return m
	}
	for _, a := range []struct {
		name, kind   string
		w, h, frames int
		frame        func(w, h, i int) *image.NRGBA
	}{
		{"film", ".gif", 480, 360, 16, func(w, h, i int) *image.NRGBA { return window(photo, w, h, 9*i, 5*i) }},
		{"film", " dithered.gif", 480, 360, 20, func(w, h, i int) *image.NRGBA { return window(photo, w, h, 7*i, 3*i) }},
		{"scroll", ".gif", 600, 400, 20, func(w, h, i int) *image.NRGBA { return window(page, w, h, 0, 12*i) }},
		{"feathered", ".webp", 400, 300, 12, func(w, h, i int) *image.NRGBA { return feathered(w, h, 9*i, 6*i) }},
		{"feathered", ".png", 400, 300, 12, func(w, h, i int) *image.NRGBA { return feathered(w, h, 9*i, 6*i) }},
		{"logo", ".png", 480, 320, 12, func(w, h, i int) *image.NRGBA { return window(pictures.Logo(w+i, h+i), w, h, i/2, i/2) }},
		{"logo", ".webp", 480, 320, 12, func(w, h, i int) *image.NRGBA { return window(pictures.Logo(w+i, h+i), w, h, i/2, i/2) }},
	} {
		w := newAnimator(t, a.kind, a.w, a.h)
		for i := range a.frames {
			if err := w.Add(a.frame(a.w, a.h, i), 40*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		src, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, madeSource{practiceName + a.name + a.kind, src})
	}
	icons := image.NewNRGBA(image.Rect(0, 0, 1200, 900)) // small marks with soft edges
	for y := 0; y < 900; y += 60 {
		for x := 0; x < 1200; x += 60 {
			draw.Draw(icons, image.Rect(x, y, x+50, y+50), pictures.Logo(40+(x+y)%23, 50), image.Point{}, draw.Src)
		}
	}
	for name, m := range map[string]image.Image{
		"feathered still.png": feathered(800, 600, 20, 30), "icons.png": icons, "logo still.png": pictures.Logo(1000, 700),
	} {
		var b bytes.Buffer
		if err := stdpng.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		made = append(made, madeSource{practiceName + name, b.Bytes()})
	}
	return made
}

// practiceName begins the names of practice's sources.
const practiceName = "practice "
