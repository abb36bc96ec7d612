package codec

import (
	"context"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Colors are counted as a map counts them, up to 256, for any kind of rows.
func TestFewColorsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for channels := 1; channels <= 4; channels++ {
		for _, most := range []int{1, 2, 16, 200, 256, 257, 2000} {
			values := make([][]byte, most)
			for i := range values {
				values[i] = []byte{byte(i), byte(i >> 8), byte(3 * i), byte(255 - i)}[:channels]
			}
			f := fewColors{channels: channels}
			seen := map[string]bool{}
			for range 40 {
				var row []byte
				for len(row) < 300*channels {
					v := values[r.IntN(most)]
					for range 1 + r.IntN(3) {
						row = append(row, v...)
					}
					seen[string(v)] = true
				}
				f.add(row)
				f.add(row)
			}
			want := len(seen)
			if want > 256 {
				want = 0
			}
			if got := f.count(); got != want {
				t.Errorf("%d channels, %d colors: counted %d", channels, want, got)
			}
		}
	}
}

// Real PNGs with up to 256 colors are shrunk to SS. No result is 1.5 times as large as its source,
// and at most one in twenty is larger than its source.
func TestFewColorsDoNotGrow(t *testing.T) {
	shared := sharedFolder(t)
	larger, all := 0, 0
	for _, pattern := range []string{"corpus/png/*.png", "corpus/png/pngsuite/*.png", "graphics/*.png"} {
		paths, err := filepath.Glob(filepath.Join(shared, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !hasFewColors(path) {
				continue
			}
			out, info, err := Resize(context.Background(), src, fitter(t, "SS"), Options{})
			if err != nil || info.OutW == info.W && info.OutH == info.H {
				continue
			}
			all++
			if len(out) > len(src) {
				larger++
				t.Logf("%s: %d bytes, the source %d", path, len(out), len(src))
			}
			if 2*len(out) > 3*len(src) {
				t.Errorf("%s: %d bytes, the source %d", path, len(out), len(src))
			}
		}
	}
	if all < 5 || 20*larger > all {
		t.Errorf("%d of %d are larger", larger, all)
	}
}

// hasFewColors reports whether src has few colors, by the standard library.
func hasFewColors(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		return false
	}
	if _, ok := m.(*image.Paletted); ok {
		return true
	}
	seen := map[[4]uint32]bool{}
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, a := m.At(x, y).RGBA()
			if seen[[4]uint32{r, g, bl, a}] = true; len(seen) > 256 {
				return false
			}
		}
	}
	return true
}
