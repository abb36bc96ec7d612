package png

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
)

// mixed averages squares of a picture of the given colors, large shapes with slanted edges, as
// shrinking does.
func mixed(w, h, by int, colors []color.NRGBA, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	slope := 1 + r.IntN(5)
	at := func(x, y int) color.NRGBA {
		return colors[(x/(40*by)+(y+x/slope)/(30*by)+x*y/(9000*by*by))%len(colors)]
	}
	for y := range h {
		for x := range w {
			var sum [4]int
			for dy := range by {
				for dx := range by {
					c := at(x*by+dx, y*by+dy)
					a := int(c.A)
					sum[0], sum[1], sum[2], sum[3] = sum[0]+int(c.R)*a, sum[1]+int(c.G)*a, sum[2]+int(c.B)*a, sum[3]+a
				}
			}
			if sum[3] > 0 {
				m.SetNRGBA(x, y, color.NRGBA{byte(sum[0] / sum[3]), byte(sum[1] / sum[3]), byte(sum[2] / sum[3]), byte((sum[3] + by*by/2) / by / by)})
			}
		}
	}
	return m
}

// A picture that was averaged from few colors becomes smaller, and no channel of any pixel is off
// by more than 8. Alpha of 0 and 255 and the colors of flat areas are exact. Without SourceColors,
// every pixel is exact.
func TestNearPalettesAreNear(t *testing.T) {
	red, clear, glass := color.NRGBA{210, 30, 40, 255}, color.NRGBA{}, color.NRGBA{20, 90, 250, 120}
	white, black, green := color.NRGBA{255, 255, 255, 255}, color.NRGBA{0, 0, 0, 255}, color.NRGBA{10, 160, 70, 255}
	for name, colors := range map[string][]color.NRGBA{
		"opaque": {white, red, black, green, {200, 200, 90, 255}, {90, 20, 200, 255}},
		"alpha":  {clear, red, white, green},
		"glass":  {glass, clear, white, red, black},
		"gray":   {white, black, {128, 128, 128, 255}},
	} {
		m := mixed(300, 200, 12, colors, 5)
		exact, err := Append(nil, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		near, err := Append(nil, m, &Options{SourceColors: len(colors)})
		if err != nil {
			t.Fatal(err)
		}
		if len(near) > len(exact)*9/10 {
			t.Errorf("%s: %d bytes, %d when exact", name, len(near), len(exact))
		}
		back, _, err := decode(near)
		if err != nil {
			t.Fatal(err)
		}
		flat := map[color.NRGBA]bool{}
		for _, c := range colors {
			flat[c] = true
		}
		worst := 0
		for y := range 200 {
			for x := range 300 {
				a, b := m.NRGBAAt(x, y), back.NRGBAAt(x, y)
				if a.A == 0 && b.A == 0 {
					continue
				}
				if (a.A == 0) != (b.A == 0) || (a.A == 255) != (b.A == 255) {
					t.Fatalf("%s at %d,%d: alpha %d, was %d", name, x, y, b.A, a.A)
				}
				if flat[a] && a != b {
					t.Fatalf("%s at %d,%d: %v, was the flat %v", name, x, y, b, a)
				}
				for _, d := range [4]int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
					worst = max(worst, d, -d)
				}
			}
		}
		if worst > tolerance {
			t.Errorf("%s: off by %d", name, worst)
		}
		t.Logf("%s: %d bytes, exact %d, off by up to %d", name, len(near), len(exact), worst)
	}
}

// Photos stay exact: they have too many colors, or too many levels of gray, for a palette.
func TestPhotosStayExact(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	photo := nrgba(300, 200, func(x, y int) color.NRGBA {
		return color.NRGBA{byte(x*255/300 + r.IntN(9)), byte(y + r.IntN(30)), byte(x + y + r.IntN(9)), 255}
	})
	gray := nrgba(300, 200, func(x, y int) color.NRGBA {
		v := byte(x*240/300 + r.IntN(9))
		return color.NRGBA{v, v, v, 255}
	})
	for _, m := range []*image.NRGBA{photo, gray} {
		out, err := Append(nil, m, &Options{SourceColors: 256})
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := decode(out)
		if err != nil {
			t.Fatal(err)
		}
		sameToEye(t, "photo", back, m)
	}
}
