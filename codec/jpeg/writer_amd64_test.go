//go:build amd64 && !purego

package jpeg

import (
	"bytes"
	"image"
	"math/rand"
	"testing"
)

// blocksFor fills planes of n blocks with samples that are difficult for a transform: noise,
// extremes, single samples and gradients.
func blocksFor(r *rand.Rand, kind, n, stride int) []byte {
	p := make([]byte, 7*stride+8*n)
	for i := range p {
		x, y := i%stride, i/stride
		switch kind {
		case 0:
			p[i] = byte(r.Intn(256))
		case 1:
			p[i] = byte(r.Intn(2) * 255)
		case 2:
			p[i] = 255
		case 3:
			p[i] = 0
		case 4:
			p[i] = byte((x + y) & 1 * 255)
		case 5:
			p[i] = byte(9*x + 17*y)
		case 6:
			p[i] = byte((x>>2 + y>>2) & 1 * 255)
		}
	}
	return p
}

func TestForwardAVX2EqualsGeneric(t *testing.T) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
	r := rand.New(rand.NewSource(1))
	var q quantizer
	for _, quality := range []int{1, 30, 50, 80, 95, 100} {
		for table := range 3 {
			q.reset(table, scaleOf(quality, largeArea))
			for kind := range 7 {
				for n := 1; n <= 9; n++ {
					stride := 8*n + r.Intn(20)
					src := blocksFor(r, kind, n, stride)
					got, want := make([]coefBlock, n+1), make([]coefBlock, n+1)
					gotMask, wantMask := make([]uint64, n+1), make([]uint64, n+1)
					gotMask[n], got[n][0] = 0xDEAD, 99
					gotRaw, wantRaw := make([]coefBlock, n+1), make([]coefBlock, n+1)
					gotRaw[n][63] = 99
					fdctQuantize(got[:n], gotRaw[:n], gotMask[:n], src, stride, &q)
					fdctQuantizeGeneric(want[:n], wantRaw[:n], wantMask[:n], src, stride, &q)
					for i := range n {
						if got[i] != want[i] || gotRaw[i] != wantRaw[i] || gotMask[i] != wantMask[i] {
							t.Fatalf("quality %d, kind %d, block %d of %d:\n%v %x\n%v %x", quality, kind, i, n, got[i], gotMask[i], want[i], wantMask[i])
						}
					}
					if gotMask[n] != 0xDEAD || got[n][0] != 99 || gotRaw[n] != (coefBlock{63: 99}) {
						t.Fatalf("%d blocks: written past the end", n)
					}
				}
			}
		}
	}
}

func TestColorAVX2EqualsGeneric(t *testing.T) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
	r := rand.New(rand.NewSource(2))
	for w := 1; w <= 67; w++ {
		for kind := range 3 {
			a, b := make([]byte, 4*w), make([]byte, 4*w)
			for i := range a {
				switch kind {
				case 0:
					a[i], b[i] = byte(r.Intn(256)), byte(r.Intn(256))
				case 1:
					a[i], b[i] = byte(r.Intn(2)*255), byte(r.Intn(2)*255)
				case 2: // the largest sums: pure blue and pure red
					v := byte(255 * (i / 4 % 2 * (i % 4 / 2 % 2)))
					a[i], b[i] = v, v
				}
			}
			half := (w + 1) / 2
			var got, want [5][]byte
			for i := range got {
				got[i] = bytes.Repeat([]byte{0xA5}, w+16)
				want[i] = bytes.Repeat([]byte{0xA5}, w+16)
			}
			rowToY(got[0][:w], a)
			rowToYGeneric(want[0][:w], a)
			rowToChroma(got[1][:w], got[2][:w], a)
			rowToChromaGeneric(want[1][:w], want[2][:w], a)
			rowsToHalfChroma(got[3][:half], got[4][:half], a, b)
			rowsToHalfChromaGeneric(want[3][:half], want[4][:half], a, b)
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("width %d, kind %d, plane %d:\n% x\n% x", w, kind, i, got[i], want[i])
				}
			}
		}
	}
}

func TestWriterAVX2EqualsGeneric(t *testing.T) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
	defer func() { useAVX2 = true }()
	rgba := image.NewRGBA(image.Rect(0, 0, 143, 77))
	rand.New(rand.NewSource(3)).Read(rgba.Pix)
	pictures := []image.Image{rgba}
	for _, ratio := range ratios {
		pictures = append(pictures, painted(image.Rect(0, 0, 111, 67), ratio))
	}
	for i, m := range pictures {
		for _, quality := range []int{40, 95} {
			useAVX2 = true
			got := mustAppend(t, m, &Options{Quality: quality})
			useAVX2 = false
			if !bytes.Equal(got, mustAppend(t, m, &Options{Quality: quality})) {
				t.Errorf("picture %d at quality %d differs", i, quality)
			}
		}
	}
}
