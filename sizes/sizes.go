// Package sizes has the named sizes that a picture can be asked for, and computes the width and
// height of a picture in a size.
//
//	m, ok := sizes.Parse("M")
//	w, h := m.Fit(4032, 3024) // 837, 628
//
// A picture is never cropped and never enlarged: its aspect ratio is kept, and a picture that fits
// already keeps its dimensions. The arithmetic is that of Pillow's Image.thumbnail, so that results
// have the same dimensions as those of the Python function that this project replaces.
//
// To add a size, add a row to table and run go generate ./sizes, which writes the table to the
// READMEs, the loaders and the template.
package sizes

//go:generate go run ./gen

import "math"

// A Size is a name for two boxes: Wide is for pictures that are wider than high, Tall for all
// others, square ones too. The zero Size is not a size.
type Size struct {
	Name string
	Wide Box
	Tall Box
}

// A Box is a width and a height in pixels that a picture must fit inside.
type Box struct{ W, H int }

// table lists every size in the order in which a page shows them.
var table = [...]Size{
	{"L", Box{1280, 720}, Box{720, 1280}},
	{"M", Box{1200, 628}, Box{628, 1200}},
	{"S", Box{854, 480}, Box{480, 854}},
	{"XS", Box{427, 240}, Box{240, 427}},
	{"SL", Box{1080, 1080}, Box{1080, 1080}},
	{"SM", Box{540, 540}, Box{540, 540}},
	{"SS", Box{360, 360}, Box{360, 360}},
	{"SXS", Box{180, 180}, Box{180, 180}},
}

// Parse returns the size called name, and whether there is one. Names are compared exactly: "m", ""
// and "M " are not sizes.
func Parse(name string) (Size, bool) {
	for _, s := range table {
		if s.Name == name {
			return s, true
		}
	}
	return Size{}, false
}

// All returns every size in the order of the table. The caller may change the slice.
func All() []Size {
	return append([]Size(nil), table[:]...)
}

// Fit returns the width and height, in pixels, of a w x h picture in s. They are at least 1, and
// never more than w and h. Fit chooses the wide or the tall box by w and h, so they must be those
// of the upright picture, after EXIF orientation. Fit returns 0, 0 for a picture without area.
func (s Size) Fit(w, h int) (int, int) {
	if w <= 0 || h <= 0 {
		return 0, 0
	}
	b := s.Tall
	if w > h {
		b = s.Wide
	}
	return b.Fit(w, h)
}

// Fit returns the width and height, in pixels, of a w x h picture in b. It does what Pillow's
// Image.thumbnail((b.W, b.H)) does, one float64 operation after the other. With arithmetic in
// integers, 27,226 of 432 million cases would differ from Pillow.
//
// Products and quotients are converted to float64 explicitly. Otherwise the compiler could fuse a
// product and a sum into one multiply-add, whose result may differ.
func (b Box) Fit(w, h int) (int, int) {
	if b.W >= w && b.H >= h {
		return w, h
	}
	x, y := float64(b.W), float64(b.H)
	aspect := float64(w) / float64(h)
	// The box's height limits the picture, or else its width does. The other side is rounded to the
	// number that comes closer to the aspect ratio.
	if float64(x/y) >= aspect {
		v := float64(y * aspect)
		return round(v, func(n float64) float64 { return math.Abs(aspect - float64(n/y)) }), b.H
	}
	v := float64(x / aspect)
	return b.W, round(v, func(n float64) float64 {
		if n == 0 {
			return 0 // as in Pillow
		}
		return math.Abs(aspect - float64(x/n))
	})
}

// round returns the floor or the ceiling of v, whichever has the smaller error. It returns the
// floor if the errors are equal, and never less than 1.
func round(v float64, errorOf func(n float64) float64) int {
	n := math.Floor(v)
	if up := math.Ceil(v); errorOf(up) < errorOf(n) {
		n = up
	}
	return max(int(n), 1)
}
