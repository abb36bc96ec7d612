package gif

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestNearColorsKeepWithinTheirError writes a picture that shifts and brightens under grain, as frames
// that were scaled are: fewer bytes than exact ones, and none under 32 dB.
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
		a, err := NewWriter(w, h, 0)
		if err != nil {
			t.Fatal(err)
		}
		a.Tolerance, a.Budget, a.Frames = tolerance, budget, n
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
		for i := range frames {
			if e := 10 * math.Log10(255*255/mse(got[i], frames[i])); e < 32 {
				t.Errorf("budget %d, frame %d: %.1f dB", budget, i, e)
			}
		}
	}
}
