package metrics

import (
	"image"
	"image/color"
	"math"
	"math/rand"
	"testing"
)

func noise(seed int64, w, h int) Plane {
	r := rand.New(rand.NewSource(seed))
	p := Plane{w, h, make([]float64, w*h)}
	for i := range p.Pix {
		p.Pix[i] = float64(r.Intn(256))
	}
	return p
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestPSNR(t *testing.T) {
	a := noise(1, 20, 30)
	b := Plane{a.W, a.H, make([]float64, len(a.Pix))}
	for i, v := range a.Pix {
		b.Pix[i] = v + 5
	}
	got, err := PSNR(a, b)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "off by 5 everywhere", got, 20*math.Log10(255.0/5), 1e-9)
	if got, _ := PSNR(a, a); !math.IsInf(got, 1) {
		t.Errorf("equal planes: %v dB", got)
	}
	if _, err := PSNR(a, noise(1, 30, 20)); err == nil {
		t.Error("planes of different sizes were compared")
	}
}

// If one plane is the other plus a constant, their structure is equal and only luminance counts. If
// both are flat, the formula is short enough to write it here.
func TestSSIM(t *testing.T) {
	a := noise(2, 40, 24)
	if got, err := SSIM(a, a); err != nil || math.Abs(got-1) > 1e-12 {
		t.Errorf("equal planes: %v, %v", got, err)
	}
	flat := func(v float64) Plane {
		p := Plane{16, 16, make([]float64, 256)}
		for i := range p.Pix {
			p.Pix[i] = v
		}
		return p
	}
	got, err := SSIM(flat(100), flat(120))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "flat 100 and 120", got, (2*100*120+6.5025)/(100*100+120*120+6.5025), 1e-12)

	// One window, computed by the definition.
	x, y := noise(3, 11, 11), noise(4, 11, 11)
	var sw, mx, my, xx, yy, xy float64
	for j := range 11 {
		for i := range 11 {
			dx, dy := float64(i-5), float64(j-5)
			w := math.Exp(-(dx*dx + dy*dy) / 4.5)
			p, q := x.Pix[11*j+i], y.Pix[11*j+i]
			sw += w
			mx += w * p
			my += w * q
			xx += w * p * p
			yy += w * q * q
			xy += w * p * q
		}
	}
	mx, my, xx, yy, xy = mx/sw, my/sw, xx/sw, yy/sw, xy/sw
	want := (2*mx*my + 6.5025) * (2*(xy-mx*my) + 58.5225) /
		((mx*mx + my*my + 6.5025) * (xx - mx*mx + yy - my*my + 58.5225))
	got, err = SSIM(x, y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "one window of noise", got, want, 1e-12)
	if _, err := SSIM(noise(1, 10, 30), noise(1, 10, 30)); err == nil {
		t.Error("planes too small for a window were compared")
	}
}

func TestLumaOfEveryKind(t *testing.T) {
	r := image.Rect(2, 3, 12, 9)
	y := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	g := image.NewGray(r)
	c := image.NewNRGBA(r)
	for j := r.Min.Y; j < r.Max.Y; j++ {
		for i := r.Min.X; i < r.Max.X; i++ {
			v := byte(10*i + j)
			y.Y[y.YOffset(i, j)] = v
			g.SetGray(i, j, color.Gray{v})
			c.SetNRGBA(i, j, color.NRGBA{v, v, v, 255})
		}
	}
	for _, m := range []image.Image{y, g, c, g.SubImage(image.Rect(4, 5, 9, 8))} {
		p := Luma(m)
		b := m.Bounds()
		for j := range p.H {
			for i := range p.W {
				near(t, "sample", p.Pix[j*p.W+i], float64(10*(i+b.Min.X)+j+b.Min.Y), 1e-9)
			}
		}
	}
	near(t, "16 widened", FullRange(Plane{1, 1, []float64{16}}).Pix[0], 0, 0)
	near(t, "235 widened", FullRange(Plane{1, 1, []float64{235}}).Pix[0], 255, 1e-9)
	near(t, "240 widened", FullRange(Plane{1, 1, []float64{240}}).Pix[0], 255, 0)
}

func TestPCHIPPassesThroughItsPointsAndStaysMonotone(t *testing.T) {
	xs := []float64{0, 1, 2.5, 3, 7}
	ys := []float64{0, 5, 5.1, 9, 9.2}
	f := pchip(xs, ys)
	for i, x := range xs {
		near(t, "at a point", f(x), ys[i], 1e-12)
	}
	last := math.Inf(-1)
	for x := 0.0; x <= 7; x += 0.01 {
		v := f(x)
		if v < last-1e-12 {
			t.Fatalf("falls at %v", x)
		}
		last = v
	}
	line := pchip([]float64{1, 2, 4}, []float64{3, 5, 9})
	near(t, "a line between points", line(3), 7, 1e-12)
}

func TestBDRate(t *testing.T) {
	var ref, more, shifted []Point
	for q := 30.0; q <= 45; q += 3 {
		b := 1000 * math.Exp(q/7)
		ref = append(ref, Point{q, b})
		more = append(more, Point{q, 1.1 * b})
		shifted = append(shifted, Point{q + 1, b}) // 1 dB better: exp(-1/7) of the bytes
	}
	got, ok := BDRate(ref, more)
	if !ok {
		t.Fatal("no common range")
	}
	near(t, "ten percent more", got, 10, 1e-6)
	got, _ = BDRate(ref, shifted)
	near(t, "one dB better", got, 100*(math.Exp(-1.0/7)-1), 0.01)
	if _, ok := BDRate(ref[:1], more); ok {
		t.Error("a curve of one point was compared")
	}
	if _, ok := BDRate(ref[:2], more[3:]); ok {
		t.Error("curves without a common range were compared")
	}
}

func TestDB(t *testing.T) { near(t, "0.99", DB(0.99), 20, 1e-9) }
