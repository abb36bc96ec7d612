//go:build !purego

package jpeg

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// generic runs f with the reference kernels.
func generic(f func()) {
	defer func(was bool) { useAVX2 = was }(useAVX2)
	useAVX2 = false
	f()
}

// The AVX2 kernels write the same bytes as the generic ones, for any coefficients and steps and at
// any alignment. Around these bytes they change only those of the margin.
func TestInverseAVX2EqualsGeneric(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 8; n++ {
		o := &orders[n]
		o.once.Do(o.make)
		for round := range 600 {
			blocks := 8 * (1 + r.IntN(5))
			off := r.IntN(16)
			coef := make([]int16, blocks*o.size+off)[off:]
			var q steps
			for i := range q {
				switch round % 3 {
				case 0:
					q[i] = int16(1 + r.IntN(255))
				case 1:
					q[i] = int16(r.Uint32())
				default:
					q[i] = 32767
				}
			}
			c := cols(n)
			for b := range blocks {
				for k := range o.size {
					if k%c >= n || k/c >= n {
						continue // the buffer's extra places are always zero
					}
					v := &coef[b*o.size+k]
					switch round % 5 {
					case 0: // as in pictures
						if r.IntN(4) == 0 {
							*v = int16(r.IntN(21) - 10)
						}
					case 1:
						*v = int16(r.Uint32())
					case 2: // extremes
						*v = []int16{-32768, 32767, -1, 0, 1, 16384}[r.IntN(6)]
					case 3: // DC only, all values
						if k == 0 {
							*v = int16(r.Uint32())
						}
					case 4:
						*v = int16(r.IntN(2047) - 1023)
					}
				}
			}
			stride := blocks*n + margin + r.IntN(9)
			want := bytes.Repeat([]byte{0xAA}, n*stride+2*margin)
			got := bytes.Clone(want)
			at := r.IntN(margin)
			generic(func() { inverse(n, want[at:], stride, coef, &q) })
			inverse(n, got[at:], stride, coef, &q)
			for y := range n {
				i := at + y*stride
				if !bytes.Equal(got[i:i+n*blocks], want[i:i+n*blocks]) {
					t.Fatalf("N=%d, round %d, line %d:\n%d\nwant\n%d", n, round, y, got[i:i+n*blocks], want[i:i+n*blocks])
				}
			}
			// The bytes around the rows must keep their value, except in the margin.
			for i, v := range got {
				if x := i - at; v != 0xAA && (x < 0 || x/stride >= n || x%stride >= n*blocks+margin) {
					t.Fatalf("N=%d: byte %d of %d blocks, stride %d, is written", n, x, blocks, stride)
				}
			}
		}
	}
}

func TestDecodeAVX2EqualsGeneric(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	for _, p := range oraclePictures(t) {
		src := readFile(t, p)
		for n := 1; n <= 8; n++ {
			_, got := decodePlanes(t, src, n)
			generic(func() {
				_, want := decodePlanes(t, src, n)
				for c := range want {
					if !bytes.Equal(got[c], want[c]) {
						t.Errorf("%s: component %d at %d/8", p, c, n)
					}
				}
			})
		}
	}
}

func BenchmarkInverse(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 8; n++ {
		o := &orders[n]
		o.once.Do(o.make)
		coef := make([]int16, 64*o.size)
		var q steps
		for i := range coef {
			coef[i] = int16(r.IntN(21) - 10)
		}
		for i := range q {
			q[i] = 10
		}
		dst := make([]byte, n*(64*n+margin))
		for _, set := range []string{"avx2", "generic"} {
			b.Run("set="+set+"/N="+string(rune('0'+n)), func(b *testing.B) {
				b.SetBytes(int64(64 * n * n))
				f := func() {
					for b.Loop() {
						inverse(n, dst, 64*n+margin, coef, &q)
					}
				}
				if set == "generic" {
					generic(f)
				} else {
					f()
				}
			})
		}
	}
}
