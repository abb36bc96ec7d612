package jpeg

import (
	"math"
	"math/rand/v2"
	"testing"
)

// slowWeights returns w(k,i) of the definition in idct.go, as [i][k].
func slowWeights(n int) (w [8][8]float64) {
	for i := range n {
		w[i][0] = 1
		for k := 1; k < n; k++ {
			w[i][k] = math.Sqrt2 * math.Cos(float64((2*i+1)*k)*math.Pi/float64(2*n))
		}
	}
	return w
}

// slowInverse computes the definition in idct.go in floating point, without rounding and without
// the level shift.
func slowInverse(n int, s *[8][8]float64) (out [8][8]float64) {
	w := slowWeights(n)
	var t [8][8]float64
	for y := range n {
		for u := range n {
			for v := range n {
				t[y][u] += w[y][v] * s[v][u]
			}
		}
	}
	for y := range n {
		for x := range n {
			for u := range n {
				out[y][x] += w[x][u] * t[y][u] / 8
			}
		}
	}
	return out
}

// slowForward returns the inverse of slowInverse.
func slowForward(n int, s *[8][8]float64) (out [8][8]float64) {
	w := slowWeights(n)
	var t [8][8]float64
	for v := range n {
		for x := range n {
			for y := range n {
				t[v][x] += w[y][v] * s[y][x]
			}
		}
	}
	for v := range n {
		for u := range n {
			for x := range n {
				out[v][u] += w[x][u] * t[v][x] * 8 / float64(n*n)
			}
		}
	}
	return out
}

// For N = 8 the definition is the standard's own formula.
func TestDefinitionAtEightIsTheStandards(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s [8][8]float64
	for i := range 64 {
		s[i>>3][i&7] = float64(r.IntN(401) - 200)
	}
	got := slowInverse(8, &s)
	for y := range 8 {
		for x := range 8 {
			sum := 0.0
			for v := range 8 {
				for u := range 8 {
					c := 1.0
					if u == 0 {
						c /= math.Sqrt2
					}
					if v == 0 {
						c /= math.Sqrt2
					}
					sum += c * s[v][u] * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
				}
			}
			if want := sum / 4; math.Abs(got[y][x]-want) > 1e-9 {
				t.Fatalf("(%d,%d): %g, want %g", x, y, got[y][x], want)
			}
		}
	}
}

// This follows IEEE 1180-1990, at each N. Random samples of three ranges go through the
// definition's forward transform. The inverse of the rounded coefficients is compared with the
// rounded definition. Four limits are those of the standard: no sample is off by more than 1, the
// mean square error is at most 0.06 for any sample, and the mean error is at most 0.015 for any
// sample and 0.0015 overall. The overall mean square error may be 0.03 here, while the standard
// demands 0.02: with two fractional bits between the passes, in 16-bit numbers, it is 0.021 at N =
// 8, where the samples are exactly those of libjpeg's method.
func TestInverseAgainstDefinition(t *testing.T) {
	rounds := 400
	if long() {
		rounds = 1250 // times 8 blocks, as the standard asks
	}
	for n := 1; n <= 8; n++ {
		o := &orders[n]
		o.once.Do(o.make)
		c := cols(n)
		for i, span := range [][2]int{{-256, 255}, {-5, 5}, {-300, 300}} {
			r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
			var e, sq [64]float64
			var q steps
			for i := range q {
				q[i] = 1
			}
			coef := make([]int16, 8*o.size)
			dst := make([]byte, 8*(8*n+margin))
			for range rounds {
				var want [8][8][8]float64
				for b := range 8 {
					var s [8][8]float64
					for y := range n {
						for x := range n {
							// Samples in [-256, 255] would mostly be clamped to bytes, so half the
							// range is used.
							s[y][x] = float64(span[0]+r.IntN(span[1]-span[0]+1)) / 2
						}
					}
					f := slowForward(n, &s)
					for v := range n {
						for u := range n {
							f[v][u] = math.Round(f[v][u])
							coef[b*o.size+v*c+u] = int16(f[v][u])
						}
					}
					want[b] = slowInverse(n, &f)
				}
				inverse(n, dst, 8*n+margin, coef, &q)
				for b := range 8 {
					for y := range n {
						for x := range n {
							w := min(max(math.Floor(want[b][y][x]+128.5+1e-9), 0), 255)
							d := float64(dst[y*(8*n+margin)+b*n+x]) - w
							if math.Abs(d) > 1 {
								t.Fatalf("N=%d: sample %g, want %g", n, w+d, w)
							}
							e[y*8+x] += d
							sq[y*8+x] += d * d
						}
					}
				}
			}
			var sumE, sumSq float64
			for i := range e {
				if m := math.Abs(e[i] / float64(8*rounds)); m > 0.015 {
					t.Errorf("N=%d, %v: mean error of sample %d is %.4f", n, span, i, m)
				}
				if m := sq[i] / float64(8*rounds); m > 0.06 {
					t.Errorf("N=%d, %v: mean square error of sample %d is %.4f", n, span, i, m)
				}
				sumE += e[i]
				sumSq += sq[i]
			}
			total := float64(8 * rounds * n * n)
			if math.Abs(sumE/total) > 0.0015 || sumSq/total > 0.03 {
				t.Errorf("N=%d, %v: mean error %.5f, mean square error %.5f", n, span, sumE/total, sumSq/total)
			}
		}
	}
}
