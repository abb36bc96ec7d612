package jpeg

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"
)

// page returns a w x h picture that is unlike a photograph: black on white, with lines of strokes
// one to three pixels wide, like text, and with rules and a fine grid.
func page(w, h int) *image.Gray {
	r := rand.New(rand.NewPCG(5, 6))
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	box := func(x, y, bw, bh int) {
		for j := y; j < min(y+bh, h); j++ {
			for i := x; i < min(x+bw, w); i++ {
				m.Pix[j*m.Stride+i] = 0
			}
		}
	}
	for y := 20; y < h*3/4; y += 30 {
		size, stroke := 10+r.IntN(10), 1+r.IntN(3)
		for x := 20; x < w-40; x += size*2/3 + 3 {
			if r.IntN(6) == 0 {
				continue // between words
			}
			for range 2 + r.IntN(2) {
				if r.IntN(2) == 0 {
					box(x+r.IntN(size/2), y, stroke, size)
				} else {
					box(x, y+r.IntN(size), size/2, stroke)
				}
			}
			for i := range size / 2 { // a diagonal
				box(x+i, y+2*i, stroke, 2)
			}
		}
	}
	for x := 0; x < w; x += 7 {
		box(x, h*3/4, 1, h/8)
	}
	for y := h * 3 / 4; y < h*7/8; y += 5 {
		box(0, y, w, 1)
	}
	for i := 0; i < w; i += 1 {
		box(i, h*7/8+i*(h/8)/w, 2, 1) // nearly level
	}
	return m
}

// scaled decodes the first component at n/8 and scales it to w x h with the CatmullRom of x/image.
func scaled(t *testing.T, src []byte, n, w, h int) *image.Gray {
	d, p := decodePlanes(t, src, n)
	pw, ph := d.PlaneSize(0, n)
	m := &image.Gray{Pix: p[0], Stride: pw, Rect: image.Rect(0, 0, pw, ph)}
	out := image.NewGray(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Rect, m, m.Rect, draw.Src, nil)
	return out
}

// ssim returns the mean structural similarity of a and b in windows of 8 x 8, every 4 pixels (Wang
// et al. 2004, with a flat window).
func ssim(a, b *image.Gray) float64 {
	const c1, c2 = 6.5025, 58.5225
	sum, windows := 0.0, 0
	for y := 0; y+8 <= a.Rect.Dy(); y += 4 {
		for x := 0; x+8 <= a.Rect.Dx(); x += 4 {
			var sa, sb, saa, sbb, sab float64
			for j := range 8 {
				for i := range 8 {
					u, v := float64(a.Pix[(y+j)*a.Stride+x+i]), float64(b.Pix[(y+j)*b.Stride+x+i])
					sa, sb, saa, sbb, sab = sa+u, sb+v, saa+u*u, sbb+v*v, sab+u*v
				}
			}
			ma, mb := sa/64, sb/64
			va, vb, vab := saa/64-ma*ma, sbb/64-mb*mb, sab/64-ma*mb
			sum += (2*ma*mb + c1) * (2*vab + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	return sum / float64(windows)
}

// This tests the claim of ChooseScale. For photographs, shrinking in the transform and then with a
// good kernel is as good as shrinking with the kernel alone. For pages of text and lines, it is
// always better than sharp's result for the same page (0.35.5, with its default kernel and
// shrink-on-load). Both results are compared with a full decode scaled by CatmullRom.
func TestShrinkingKeepsTextAndPhotos(t *testing.T) {
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, page(1024, 768), &stdjpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	sharp := map[float64]float64{
		1.5: 0.9966, 2.4: 0.9972, 2.9: 0.9962, 3: 0.9636, 3.5: 0.9357, 4: 0.9309, 4.8: 0.9177, 5.333: 0.9019, 6.4: 0.9234, 8: 0.9130, 10: 0.9421, 16: 0.9812,
	}
	check := func(name string, src []byte, divisor, least float64) {
		d, err := NewReader(src)
		if err != nil {
			t.Fatal(err)
		}
		w, h := int(float64(d.Width)/divisor), int(float64(d.Height)/divisor)
		n := d.ChooseScale(w, h, w, h)[0]
		got := ssim(scaled(t, src, n, w, h), scaled(t, src, 8, w, h))
		t.Logf("%s / %.2f: N=%d, %.2f samples for one, SSIM %.4f", name, divisor, n, float64(d.Width*n)/8/float64(w), got)
		if got < least {
			t.Errorf("%s / %.2f: N=%d, SSIM %.4f, want %.4f", name, divisor, n, got, least)
		}
	}
	for divisor, least := range sharp {
		check("page", b.Bytes(), divisor, least)
	}
	if long() {
		for _, p := range corpusJPEGs(t, "photos") {
			switch filepath.Base(p) {
			case "012mp-bus.jpg", "006mp-cathedral.jpg": // of whole blocks: PlaneSize is PlaneExtent, as x/image wants it
				for _, divisor := range []float64{2, 2.667, 3.2, 4, 4.8, 5.333, 6.4, 8, 10, 12} {
					check(filepath.Base(p), readFile(t, p), divisor, 0.995)
				}
			}
		}
	}
}
