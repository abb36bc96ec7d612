//go:build amd64 && !purego

package scale

import (
	"bytes"
	"math/rand"
	"testing"
)

// withGeneric runs f with the kernels in plain Go.
func withGeneric(f func()) {
	defer func(was bool) { useAVX2 = was }(useAVX2)
	useAVX2 = false
	f()
}

func needAVX2(t testing.TB) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
}

func compareKernels(t *testing.T, src []byte, srcW, srcH, dstW, dstH, channels int, o *Options) {
	t.Helper()
	got := run(t, src, srcW, srcH, dstW, dstH, channels, o)
	withGeneric(func() {
		want := run(t, src, srcW, srcH, dstW, dstH, channels, o)
		if i := mismatch(got, want); i >= 0 {
			t.Fatalf("%dx%d to %dx%d, %d channels: sample %d is %d with AVX2 and %d in plain Go",
				srcW, srcH, dstW, dstH, channels, i, got[i], want[i])
		}
	})
}

func mismatch(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestAVX2EqualsGeneric(t *testing.T) {
	needAVX2(t)
	eachCase(t, func(t *testing.T, s [4]int, tex int) {
		for _, channels := range []int{1, 3, 4} {
			compareKernels(t, texture(tex, s[0], s[1], channels), s[0], s[1], s[2], s[3], channels, nil)
		}
	})
}

// Every width of source and destination around the kernels' groups, and every number of taps: 4 to
// 8, 9 to 16, 17 and more.
func TestAVX2EqualsGenericAtEveryWidth(t *testing.T) {
	needAVX2(t)
	for _, channels := range []int{1, 3, 4} {
		for srcW := 1; srcW <= 67; srcW++ {
			src := texture(1, srcW, 9, channels)
			for dstW := 1; dstW <= 35; dstW++ {
				compareKernels(t, src, srcW, 9, dstW, 4, channels, nil)
			}
		}
	}
}

func TestAVX2EqualsGenericOnRandomRectangles(t *testing.T) {
	needAVX2(t)
	r := rand.New(rand.NewSource(3))
	for range 300 {
		srcW, srcH, dstW, dstH := 1+r.Intn(300), 1+r.Intn(60), 1+r.Intn(120), 1+r.Intn(30)
		x0, y0 := r.Float64()*float64(srcW), r.Float64()*float64(srcH)
		o := &Options{X0: x0, Y0: y0, X1: x0 + 0.1 + r.Float64()*float64(srcW), Y1: y0 + 0.1 + r.Float64()*float64(srcH), Premultiplied: true}
		channels := []int{1, 3, 4}[r.Intn(3)]
		compareKernels(t, texture(r.Intn(len(textures)), srcW, srcH, channels), srcW, srcH, dstW, dstH, channels, o)
	}
}

// Kernels read past a row's end, where the contents must not matter, and write in groups, which
// must not change the bytes behind a row.
func TestAVX2IgnoresAndKeepsWhatLiesAround(t *testing.T) {
	needAVX2(t)
	for _, channels := range []int{1, 3, 4} {
		for dstW := 1; dstW <= 40; dstW++ {
			const srcW, srcH, dstH, margin = 77, 20, 6, 40
			src := texture(0, srcW, srcH, channels)
			want := run(t, src, srcW, srcH, dstW, dstH, channels, nil)
			stride := dstW*channels + margin
			o := Options{Dst: bytes.Repeat([]byte{0xA5}, dstH*stride), Stride: stride}
			s, err := NewScaler(srcW, srcH, dstW, dstH, channels, &o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range s.ring {
				s.ring[i] = 0xFF
			}
			for i := range s.avx2.mid {
				s.avx2.mid[i] = -1 << 15
			}
			push(t, s, src)
			for y := range dstH {
				row := o.Dst[y*stride:][:stride]
				if !bytes.Equal(row[:dstW*channels], want[y*dstW*channels:][:dstW*channels]) {
					t.Fatalf("%d channels, width %d, row %d: poison shows", channels, dstW, y)
				}
				for i, v := range row[dstW*channels:] {
					if v != 0xA5 {
						t.Fatalf("%d channels, width %d, row %d: byte %d behind the row is %#x", channels, dstW, y, i, v)
					}
				}
			}
		}
	}
}
