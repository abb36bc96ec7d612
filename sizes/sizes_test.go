package sizes

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Pillow 9 to 11 gave these dimensions.
func TestFitAgreesWithPillowOnItsHardCases(t *testing.T) {
	for _, c := range []struct{ w, h, bw, bh, ww, wh int }{
		{1001, 1056, 1280, 720, 682, 720},
		{5996, 3840, 854, 480, 750, 480},
		{6000, 35, 1280, 720, 1280, 8},
		{5995, 5280, 427, 240, 273, 240},
		{5964, 196, 1080, 1080, 1080, 36},
	} {
		if w, h := (Box{c.bw, c.bh}).Fit(c.w, c.h); w != c.ww || h != c.wh {
			t.Errorf("%dx%d in %dx%d: got %dx%d, want %dx%d", c.w, c.h, c.bw, c.bh, w, h, c.ww, c.wh)
		}
	}
}

// The eight sizes of the article that this project replaces must stay.
func TestFitAgreesWithPillowForTheArticlesSizes(t *testing.T) {
	names := []string{"L", "M", "S", "XS", "SL", "SM", "SS", "SXS"}
	for _, c := range []struct {
		w, h int
		want [8][2]int
	}{
		{4032, 3024, [8][2]int{{960, 720}, {837, 628}, {640, 480}, {320, 240}, {1080, 810}, {540, 405}, {360, 270}, {180, 135}}},
		{1920, 1080, [8][2]int{{1280, 720}, {1116, 628}, {853, 480}, {427, 240}, {1080, 608}, {540, 304}, {360, 203}, {180, 101}}},
		{1080, 1920, [8][2]int{{720, 1280}, {628, 1116}, {480, 853}, {240, 427}, {607, 1080}, {304, 540}, {202, 360}, {101, 180}}},
		{1000, 1000, [8][2]int{{720, 720}, {628, 628}, {480, 480}, {240, 240}, {1000, 1000}, {540, 540}, {360, 360}, {180, 180}}},
		{2048, 1367, [8][2]int{{1079, 720}, {941, 628}, {719, 480}, {360, 240}, {1080, 721}, {540, 360}, {360, 240}, {180, 120}}},
	} {
		for i, n := range names {
			s, ok := Parse(n)
			if !ok {
				t.Fatalf("Parse(%q) found nothing", n)
			}
			if w, h := s.Fit(c.w, c.h); [2]int{w, h} != c.want[i] {
				t.Errorf("%dx%d at %s: got %dx%d, want %v", c.w, c.h, n, w, h, c.want[i])
			}
		}
	}
}

// pillow is Image.thumbnail's arithmetic, written a second time from its description.
func pillow(W, H, bx, by int) (int, int) {
	x, y := float64(bx), float64(by)
	if bx >= W && by >= H {
		return W, H
	}
	aspect := float64(W) / float64(H)
	pick := func(v float64, key func(float64) float64) float64 {
		f, c := math.Floor(v), math.Ceil(v)
		if key(f) <= key(c) {
			return math.Max(f, 1)
		}
		return math.Max(c, 1)
	}
	if x/y >= aspect {
		x = pick(y*aspect, func(n float64) float64 { return math.Abs(aspect - n/y) })
	} else {
		y = pick(x/aspect, func(n float64) float64 {
			if n == 0 {
				return 0
			}
			return math.Abs(aspect - x/n)
		})
	}
	return int(x), int(y)
}

func TestFitProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	check := func(s Size, w, h int) {
		b := s.Tall
		if w > h {
			b = s.Wide
		}
		gw, gh := s.Fit(w, h)
		ww, wh := pillow(w, h, b.W, b.H)
		if gw != ww || gh != wh {
			t.Fatalf("%s %dx%d: got %dx%d, the float64 expression says %dx%d", s.Name, w, h, gw, gh, ww, wh)
		}
		if gw < 1 || gh < 1 || gw > w || gh > h || gw > b.W || gh > b.H {
			t.Fatalf("%s %dx%d: %dx%d is empty, enlarged or outside its box", s.Name, w, h, gw, gh)
		}
	}
	for _, s := range All() {
		for w := 1; w <= 400; w++ {
			for h := 1; h <= 400; h++ {
				check(s, w*3, h*5)
			}
		}
		for range 100_000 {
			check(s, 1+rng.IntN(1<<(1+rng.IntN(16))), 1+rng.IntN(1<<(1+rng.IntN(16))))
		}
		for _, e := range [][2]int{{1, 1}, {1, 65535}, {65535, 1}, {65535, 65535}, {1281, 1}, {1, 1281}} {
			check(s, e[0], e[1])
		}
	}
}

// Names are used in URLs and keys, where capital letters and digits need no encoding.
func TestTheTableIsInOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if seen[s.Name] || s.Name == "" || strings.Trim(s.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("%q is there twice, or is no name of capitals and digits", s.Name)
		}
		seen[s.Name] = true
		if got, ok := Parse(s.Name); !ok || got != s {
			t.Errorf("Parse(%q) = %v, %v", s.Name, got, ok)
		}
		if s.Wide.W < s.Wide.H || s.Tall != (Box{s.Wide.H, s.Wide.W}) {
			t.Errorf("%s: %v is not %v on its side", s.Name, s.Tall, s.Wide)
		}
	}
}

func TestParseTakesNamesOfTheTableOnly(t *testing.T) {
	for _, bad := range []string{"", "l", "L ", " L", "LL", "SXSS", "M&", "%4C"} {
		if s, ok := Parse(bad); ok {
			t.Errorf("Parse(%q) = %v", bad, s)
		}
	}
	for _, s := range All() {
		if w, h := s.Fit(0, 5); w != 0 || h != 0 {
			t.Errorf("%s.Fit(0, 5) = %d, %d", s.Name, w, h)
		}
	}
}
