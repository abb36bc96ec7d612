package webp

import (
	"fmt"
	"image"
	"testing"
)

// On pictures of every kind, the file that the estimate chooses is not much longer than the shorter
// of the two, and the estimate is of the right size.
func TestEstimatesChooseTheShorterWay(t *testing.T) {
	for _, kind := range kinds {
		for i, s := range []image.Point{{70, 90}, {200, 120}, {300, 300}} {
			m := testPicture(kind, s.X, s.Y, uint64(i))
			name := fmt.Sprint(kind, " ", s)
			size := func(o Options) int {
				b, err := encodeFrame(m, &o)
				if err != nil {
					t.Fatal(err)
				}
				return b.size()
			}
			lossy, lossless := size(Options{Quality: 80, Lossy: true}), size(Options{Lossless: true})
			chosen := size(Options{Quality: 80})
			if best := min(lossy, lossless); chosen > best+best/10+50 {
				t.Errorf("%s: %d bytes, %d with loss, %d without", name, chosen, lossy, lossless)
			}
			estimate := estimateLossless(m)
			if want := kind == "flat" || kind == "two" || kind == "four" || kind == "sixteen"; hasFewColors(m) != want {
				t.Errorf("%s: at most 16 colors: %v", name, !want)
			}
			t.Logf("%s: %d bytes, %d with loss, %d without, %d estimated", name, chosen, lossy, lossless, estimate)
			if !hasFewColors(m) && (estimate > 2*lossless+500 || 2*estimate < lossless-500) {
				t.Errorf("%s: %d bytes estimated, %d made", name, estimate, lossless)
			}
		}
	}
}

// The estimate of an ALPH chunk, of what a circle and a gradient leave.
func TestAlphaIsEstimated(t *testing.T) {
	const w, h = 300, 200
	a := make([]byte, w*h)
	for y := range h {
		for x := range w {
			dx, dy := x-150, y-100
			a[y*w+x] = byte(min(max(9000-dx*dx-dy*dy, 0)/12, 255)) ^ byte(x*y>>9&7)
		}
	}
	got, want := estimateAlpha(a, w), len(encodeAlpha(a, w, DefaultEffort))
	if 2*got < want || got > 2*want {
		t.Errorf("%d bytes estimated, %d made", got, want)
	}
}
