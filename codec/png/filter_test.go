package png

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Sums and filtered bytes are those of section 9, at every length and pixel size, and no other byte
// is written.
func TestFiltersAreTheSpecifications(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for n := 1; n < 140; n++ {
		for _, bpp := range []int{1, 2, 3, 4, 6, 8} {
			prev, cur := make([]byte, n), make([]byte, n)
			spread := 1 << r.IntN(9)
			for i := range cur {
				prev[i], cur[i] = byte(100+r.IntN(spread)), byte(100+r.IntN(spread))
			}
			var got, want [5]uint64
			filterSums(&got, cur, prev, bpp)
			for f := range want {
				line := make([]byte, n+2)
				line[0], line[n+1] = 7, 7
				filterRow(byte(f), line[1:n+1], cur, prev, bpp)
				if line[0] != 7 || line[n+1] != 7 {
					t.Fatalf("filter %d of %d bytes, %d a pixel: wrote beside them", f, n, bpp)
				}
				for i, v := range line[1 : n+1] {
					p := prediction(f, cur, prev, i, bpp)
					if v != cur[i]-p {
						t.Fatalf("filter %d of %d bytes, %d a pixel, byte %d: %d, want %d", f, n, bpp, i, v, cur[i]-p)
					}
					want[f] += uint64(max(int(int8(v)), -int(int8(v))))
				}
				if n%bpp != 0 {
					continue
				}
				back := make([]byte, n)
				if err := unfilter(byte(f), back, line[1:n+1], prev, bpp); err != nil || !bytes.Equal(back, cur) {
					t.Fatalf("filter %d of %d bytes, %d a pixel is not undone: %v", f, n, bpp, err)
				}
			}
			if got != want {
				t.Fatalf("%d bytes, %d a pixel: sums %v, want %v", n, bpp, got, want)
			}
		}
	}
}

// prediction follows the text of section 9.2 to 9.4.
func prediction(filter int, cur, prev []byte, i, bpp int) byte {
	var a, c int
	b := int(prev[i])
	if i >= bpp {
		a, c = int(cur[i-bpp]), int(prev[i-bpp])
	}
	abs := func(v int) int { return max(v, -v) }
	switch filter {
	case ftSub:
		return byte(a)
	case ftUp:
		return byte(b)
	case ftAverage:
		return byte((a + b) / 2)
	case ftPaeth:
		p := a + b - c
		pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
		switch {
		case pa <= pb && pa <= pc:
			return byte(a)
		case pb <= pc:
			return byte(b)
		}
		return byte(c)
	}
	return 0
}
