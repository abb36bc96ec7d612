package jpeg

import (
	"math"
	"math/rand"
	"testing"
)

// The test compares fdct with ITU T.81 A.3.3 in float64. The unit of fdct is an eighth of a
// coefficient. Pass one is off by at most an eighth of a unit. In pass two, eight such errors add
// up to at most one unit, its own rounding adds another half, and the constants of 14 bits add less
// than a tenth.
func TestForwardDCTIsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var cosine [8][8]float64
	for x := range 8 {
		for u := range 8 {
			cosine[x][u] = math.Cos(float64(2*x+1) * float64(u) * math.Pi / 16)
			if u == 0 {
				cosine[x][u] = math.Sqrt2 / 2
			}
		}
	}
	worst, sum, n := 0.0, 0.0, 0.0
	for round := range 600 {
		var src [64]byte
		for i := range src {
			switch round % 4 {
			case 0:
				src[i] = byte(r.Intn(256))
			case 1:
				src[i] = byte(r.Intn(2) * 255)
			case 2: // a basis function at full swing
				u, v := round/4%8, round/32%8
				if cosine[i%8][u]*cosine[i/8][v] > 0 {
					src[i] = 255
				}
			case 3:
				src[i] = byte(round / 4 % 2 * 255)
			}
		}
		var got [blockSize]int32
		fdct(&got, src[:], 8)
		for v := range 8 {
			for u := range 8 {
				want := 0.0
				for y := range 8 {
					for x := range 8 {
						want += (float64(src[8*y+x]) - 128) * cosine[x][u] * cosine[y][v]
					}
				}
				want *= 8.0 / 4
				d := float64(got[8*u+v]) - want
				worst = max(worst, math.Abs(d))
				sum += d
				n++
				if got[8*u+v] > 8192 || got[8*u+v] < -8192 {
					t.Fatalf("round %d: coefficient %d,%d is %d", round, v, u, got[8*u+v])
				}
			}
		}
	}
	if worst > 1.6 {
		t.Errorf("off by %.3f", worst)
	}
	if mean := sum / n; math.Abs(mean) > 0.05 {
		t.Errorf("off by %.3f in the mean", mean)
	}
	t.Logf("worst %.3f, mean %.4f eighths of a coefficient", worst, sum/n)
}

// The order of a coefBlock is the transpose of the standard's order.
func TestZigzagTIsZigzagTransposed(t *testing.T) {
	for k, j := range zigzagT {
		if zigzag[k] != j%8*8+j/8 {
			t.Errorf("index %d: %d, the standard has %d", k, j, zigzag[k])
		}
	}
}

// Quantizing takes the nearest level, apart from the error of a reciprocal that is rounded to 16
// bits: at most (8192 + 1020)/2 of 65536 steps.
func TestQuantizerRounds(t *testing.T) {
	var q quantizer
	for quality := 1; quality <= 100; quality += 3 {
		q.reset(quality%3, scaleOf(quality, largeArea))
		for k := range blockSize {
			j, e := zigzagT[k], float64(q.elements[k])
			for c := 0; c <= 8192; c += 7 {
				got := float64((uint32(c) + uint32(q.bias[j])) * uint32(q.reciprocal[j]) >> 16)
				x := float64(c)/(8*e) + 0.5
				const moved = (8192 + 1020) / 2 / 65536.0
				if got > x+moved || got < x-1-moved {
					t.Fatalf("quality %d, index %d: %d / %v became %v", quality, k, c, 8*e, got)
				}
			}
		}
	}
}
