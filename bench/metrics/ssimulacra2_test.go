package metrics

import (
	"bytes"
	"encoding/csv"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"miniatura/internal/outside"
)

// frontier returns the folder of reference pictures and scores. It skips the test when there is
// none.
func frontier(t testing.TB) string { return outside.Shared(t, "frontier") }

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The scores agree with those of the reference tool within 0.1.
func TestSSIMULACRA2ScoresAsTheReference(t *testing.T) {
	dir := filepath.Join(frontier(t), "ssimulacra2")
	f, err := os.Open(filepath.Join(dir, "scores.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows[1:] {
		want, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		ref, _, err := ReadReference(readFile(t, filepath.Join(dir, row[0])))
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(readFile(t, filepath.Join(dir, row[1]))))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ref.SSIMULACRA2(m)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.4f, want %.4f", row[1], got, want)
		near(t, row[1], got, want, 0.1)
	}
}

func TestSSIMULACRA2(t *testing.T) {
	m := image.NewRGBA(image.Rect(3, 4, 3+65, 4+43))
	for i := range m.Pix {
		m.Pix[i] = byte(i*i>>3 + i%7)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	if got, err := newReference(m, nil).SSIMULACRA2(m); err != nil || got != 100 {
		t.Errorf("equal pictures: %v, %v", got, err)
	}
	// The score is the same for another type of picture.
	n := image.NewNRGBA(m.Rect)
	draw.Draw(n, n.Rect, m, m.Rect.Min, draw.Src)
	if got, err := newReference(m, nil).SSIMULACRA2(n); err != nil || got != 100 {
		t.Errorf("the same picture in another type: %v, %v", got, err)
	}
	last := 100.0
	for step := 2; step <= 32; step *= 2 {
		for i, v := range m.Pix {
			if i%4 != 3 {
				n.Pix[i] = byte(int(v) / step * step)
			}
		}
		got, err := newReference(m, nil).SSIMULACRA2(n)
		if err != nil || got >= last {
			t.Errorf("in steps of %d: %v after %v, %v", step, got, last, err)
		}
		last = got
	}
	if _, err := newReference(m, nil).SSIMULACRA2(image.NewRGBA(image.Rect(0, 0, 64, 43))); err == nil {
		t.Error("pictures of different sizes were compared")
	}
	tiny := image.NewRGBA(image.Rect(0, 0, 7, 60))
	if _, err := newReference(tiny, nil).SSIMULACRA2(tiny); err == nil {
		t.Error("pictures too small for a scale were compared")
	}
}

// The window sums to 1, has a variance of 1.5 x 1.5, and is close to a Gaussian.
func TestWindowIsNearAGaussian(t *testing.T) {
	const side = 21
	p := make([]float32, side*side)
	p[side*side/2] = 1
	blur(p, p, make([]float32, len(p)), side, side)
	var sum, second float64
	for i, v := range p {
		x, y := float64(i%side-side/2), float64(i/side-side/2)
		sum += float64(v)
		second += float64(v) * x * x
		near(t, "sample", float64(v), math.Exp(-(x*x+y*y)/4.5)/(4.5*math.Pi), 2e-3)
	}
	near(t, "weight", sum, 1, 1e-5)
	near(t, "second moment", second, 2.25, 1e-4)
}

// One window, and a row of two, agree with the definition.
func TestBoxSSIM(t *testing.T) {
	a, b := noise(5, 9, 8), noise(6, 9, 8)
	want := 0.0
	for x0 := range 2 {
		var m [5]float64
		for y := range 8 {
			for x := x0; x < x0+8; x++ {
				u, v := a.Pix[9*y+x], b.Pix[9*y+x]
				for i, w := range [5]float64{u, v, u * u, v * v, u * v} {
					m[i] += w / 64
				}
			}
		}
		va, vb, cov := m[2]-m[0]*m[0], m[3]-m[1]*m[1], m[4]-m[0]*m[1]
		want += (2*m[0]*m[1] + 6.5025) * (2*cov + 58.5225) / ((m[0]*m[0] + m[1]*m[1] + 6.5025) * (va + vb + 58.5225)) / 2
	}
	got, err := BoxSSIM(a, b)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "two windows of noise", got, want, 1e-12)
	if got, _ := BoxSSIM(a, a); math.Abs(got-1) > 1e-9 {
		t.Errorf("equal planes: %v", got)
	}
	if _, err := BoxSSIM(noise(1, 7, 30), noise(1, 7, 30)); err == nil {
		t.Error("planes too small for a window were compared")
	}
}

func TestCubeRoot(t *testing.T) {
	for v := 1e-6; v < 2; v *= 1.01 {
		near(t, "relative", float64(cubeRoot(float32(v)))/math.Cbrt(float64(float32(v))), 1, 3e-7)
	}
}

func BenchmarkSSIMULACRA2(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 1280, 720))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 9)
	}
	r := newReference(m, nil)
	for b.Loop() {
		if _, err := r.SSIMULACRA2(m); err != nil {
			b.Fatal(err)
		}
	}
}

// Planes that are skipped hardly count in a score, whatever the number of levels.
func TestSkippedPlanesHardlyCount(t *testing.T) {
	for levels := 1; levels <= scales; levels++ {
		var all norms
		for c := range all {
			for s := range levels {
				if !weighty(c, s, levels) {
					all[c][s] = [3]mapNorms{{1e-3, 1e-3}, {1e-3, 1e-3}, {1e-3, 1e-3}}
				}
			}
		}
		if got := score(&all, levels); got < 99.9 {
			t.Errorf("%d levels: %v", levels, got)
		}
	}
}
