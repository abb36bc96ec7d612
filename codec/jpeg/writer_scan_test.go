package jpeg

import (
	"bytes"
	"image"
	"math"
	"math/rand"
	"os/exec"
	"testing"
)

// textured returns a picture whose spectrum falls off quickly or slowly, with noise.
func textured(w, h int, roughness float64, seed int64) *image.Gray {
	r := rand.New(rand.NewSource(seed))
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := 128 + 50*math.Sin(float64(x+y)/13) + roughness*(r.Float64()-0.5)
			m.Pix[y*m.Stride+x] = byte(min(max(v, 0), 255))
		}
	}
	return m
}

// mustSplit encodes m with the nearest levels under one split of luma.
func mustSplit(t *testing.T, m image.Image, o *Options, split int) []byte {
	t.Helper()
	w := writer{nearestOnly: true}
	w.frame(m, o)
	b := w.appendHeader(nil, o)
	w.startScans(progressiveScript)
	w.keepSplit(split)
	return append(w.appendScans(b), 0xFF, markerEOI)
}

// With every split, the decoded samples are the same, and djpeg and image/jpeg read the same
// picture.
func TestSplitsDecodeToTheSameSamples(t *testing.T) {
	djpeg, _ := exec.LookPath("djpeg")
	for _, ratio := range ratios {
		for _, size := range []image.Point{{1, 1}, {40, 24}, {203, 117}} {
			m := painted(image.Rectangle{Max: size}, ratio)
			o := &Options{Quality: 85, Progressive: true}
			want, _ := planesOf(mustStd(t, mustNearest(t, m, &Options{Quality: 85})))
			for split := range splitCount {
				b := mustSplit(t, m, o, split)
				got, _ := planesOf(mustStd(t, b))
				for i := range want {
					if !bytes.Equal(got[i], want[i]) {
						t.Fatalf("%v, %v, split %d: component %d differs", ratio, size, split, i)
					}
				}
				if djpeg == "" {
					continue
				}
				out := tool(t, "djpeg", b, "-grayscale", "-dct", "int")
				for i, v := range out[len(out)-size.X*size.Y:] {
					if absDiff(v, want[0][i]) > 3 {
						t.Fatalf("djpeg, %v, %v, split %d: sample %d is %d, not %d", ratio, size, split, i, v, want[0][i])
					}
				}
			}
		}
	}
}

// If the sample is the whole picture, the chosen split is the one with the smallest file, apart
// from stuffed bytes and the bits that complete bytes.
func TestSplitIsTheSmallest(t *testing.T) {
	chosen := map[int]bool{}
	for seed := range int64(24) {
		m := textured(300, 96, math.Exp2(float64(seed%8)), seed)
		o := &Options{Quality: 30 + int(seed)*3, Progressive: true}
		var size [splitCount]int
		least := 0
		for split := range size {
			b := mustSplit(t, m, o, split)
			size[split] = len(b) - bytes.Count(b, []byte{0xFF, 0})
			if size[split] < size[least] {
				least = split
			}
		}
		var w writer
		w.frame(m, o)
		w.startScans(progressiveScript)
		w.reserve()
		got := w.learnCosts()
		chosen[got] = true
		if size[got] > size[least]+4 {
			t.Errorf("picture %d: split %d of %v", seed, got, size)
		}
	}
	if len(chosen) != splitCount {
		t.Errorf("chosen were only %v", chosen)
	}
}

// This package's reader decodes every split, at every scale, to the same planes as libjpeg's own
// progression.
func TestReaderReadsSplits(t *testing.T) {
	for _, ratio := range ratios {
		m := painted(image.Rect(0, 0, 203, 117), ratio)
		for split := range splitCount {
			b := mustSplit(t, m, &Options{Quality: 85, Progressive: true}, split)
			twin := tool(t, "jpegtran", b, "-progressive")
			for n := 1; n <= 8; n++ {
				_, got := decodePlanes(t, b, n)
				_, want := decodePlanes(t, twin, n)
				for i := range want {
					if !bytes.Equal(got[i], want[i]) {
						t.Errorf("%v, split %d, N=%d: component %d differs", ratio, split, n, i)
					}
				}
			}
		}
	}
}
