package gif

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestNearColorsKeepWithinTheirError writes frames with grain that shift and become brighter, like
// frames that were scaled. They take fewer bytes than exact frames, have 35 dB on average, and none
// has less than 32.
func TestNearColorsKeepWithinTheirError(t *testing.T) {
	const w, h, n = 120, 90, 12
	r := rand.New(rand.NewPCG(3, 3))
	var frames []*image.NRGBA
	for i := range n {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				v := 60 + 50*math.Sin(float64(x+2*i)/17)*math.Cos(float64(y)/11) + float64(r.IntN(9)+3*i)
				if (x+i)/20%3 == 0 && y > 40 {
					v += float64(r.IntN(60))
				}
				copy(m.Pix[m.PixOffset(x, y):], []byte{byte(v), byte(v * 0.8), byte(200 - v), 255})
			}
		}
		frames = append(frames, m)
	}
	encode := func(tolerance float64, budget int) []byte {
		a, err := NewAnimationWriter(w, h, 0, &Options{tolerance, budget, n})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range frames {
			if err := a.Add(m, 40*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		file, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	exact := encode(0, 0)
	last := len(exact)
	for _, budget := range []int{0, len(exact) / 4} {
		file := encode(5, budget)
		if len(file) >= last {
			t.Errorf("budget %d: %d bytes, %d before", budget, len(file), last)
		}
		last = len(file)
		got, _, _ := play(t, file)
		sum := 0.0
		for i := range frames {
			e := 10 * math.Log10(255*255/mse(got[i], frames[i]))
			if sum += e; e < 32 {
				t.Errorf("budget %d, frame %d: %.1f dB", budget, i, e)
			}
		}
		if sum/n < 35 {
			t.Errorf("budget %d: %.1f dB on average", budget, sum/n)
		}
	}
}

// TestEdgesThatSwingStay has a pixel whose alpha changes from 200 to 100. It stays visible where
// the frame clears nothing, and is cleared where the frame clears another pixel.
func TestEdgesThatSwingStay(t *testing.T) {
	for _, gone := range []bool{false, true} {
		a, err := NewAnimationWriter(8, 8, 0, &Options{Tolerance: 5})
		if err != nil {
			t.Fatal(err)
		}
		m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for i := range 64 {
			copy(m.Pix[4*i:], []byte{byte(30 * i), 90, 10, 255})
		}
		m.Pix[4*9+3] = 200
		if err := a.Add(m, 0); err != nil {
			t.Fatal(err)
		}
		m.Pix[4*9+3] = 100
		if gone {
			m.Pix[4*40+3] = 0
		}
		if err := a.Add(m, 0); err != nil {
			t.Fatal(err)
		}
		file, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := play(t, file)
		if shown := got[1].Pix[4*9+3] == 255; shown == gone {
			t.Errorf("another pixel taken away %v: this one is shown %v", gone, shown)
		}
		if shown := got[1].Pix[4*40+3] == 255; shown == gone {
			t.Errorf("the pixel that is taken away %v is shown %v", gone, shown)
		}
	}
}

// TestStillThatGrowsIsPackedNear writes a still picture with a small and with a large Budget.
func TestStillThatGrowsIsPackedNear(t *testing.T) {
	const w, h = 120, 90
	r := rand.New(rand.NewPCG(4, 4))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix); i += 4 {
		v := byte(100 + r.IntN(40))
		copy(m.Pix[i:], []byte{v, v / 2, byte(i / 400), 255})
	}
	encode := func(budget int) []byte {
		a, err := NewAnimationWriter(w, h, 1, &Options{2, budget, 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Add(m, 0); err != nil {
			t.Fatal(err)
		}
		file, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	free := encode(1 << 20)
	tight := encode(len(free) / 2)
	if len(tight) >= len(free)*9/10 {
		t.Errorf("%d bytes, %d where there is room", len(tight), len(free))
	}
	got, _, _ := play(t, tight)
	if e := 10 * math.Log10(255*255/mse(got[0], m)); e < 34 {
		t.Errorf("%.1f dB", e)
	}
}
