package demo

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// drawPage returns text, light and dark, small and large, as a PNG. The edges of letters are
// difficult for every resampler and every lossy encoder.
func drawPage() []byte {
	const w, h = 1440, 1000
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	fill := func(r image.Rectangle, c uint32) {
		draw.Draw(m, r, image.NewUniform(rgba(c)), image.Point{}, draw.Src)
	}
	fill(m.Rect, 0xf6f4ee)

	// The left half is paper.
	write(m, 70, 60, 4, 0x1c1c1c, "How a picture shrinks")
	write(m, 70, 132, 2, 0x6a6a6a, "and what is lost on the way")
	fill(image.Rect(70, 178, 690, 180), 0xb9b2a2)
	prose := []string{
		"A photograph is mostly smooth. Neighbouring samples are alike, so an",
		"encoder may say roughly what a block looks like and spend its bits",
		"where the eye would notice. Text is the opposite: two colours, and",
		"between them nothing but edges. Blur it by half a pixel and it is grey;",
		"quantize it and every letter wears a halo.",
		"",
		"That is why this page is here. Look at it at size SXS, where no letter",
		"can survive and only the grey of the lines should remain, without",
		"stripes or sparkle. Look at it at size S, where the heading must still",
		"read. And compare PNG with WebP: flat colour and repeated shapes are",
		"what a lossless encoder likes best.",
		"",
		"  1  never enlarge           5  keep the transparency",
		"  2  turn it upright first   6  keep every frame",
		"  3  never crop              7  keep the colours, drop the GPS",
		"  4  at least one pixel      8  when in doubt, the original",
	}
	for i, line := range prose {
		write(m, 70, 210+i*26, 1, 0x2b2b2b, line)
	}
	write(m, 70, 660, 3, 0x9a3412, "0123456789 %&@#?!")
	write(m, 70, 730, 2, 0x1f4d78, "The quick brown fox jumps over")
	write(m, 70, 764, 2, 0x1f4d78, "the lazy dog. {[(<=>)]}")
	for i := range 40 { // rulers: lines of 1 to 5 pixels
		x := 70 + i*15
		fill(image.Rect(x, 820, x+1+i/8, 900), 0x2b2b2b)
	}
	for y := 920; y < 960; y += 2 { // every second pixel of each row, which must become an even grey
		for x := 70 + (y/2)%2; x < 690; x += 2 {
			m.SetRGBA(x, y, color.RGBA{0, 0, 0, 255})
			m.SetRGBA(x+1, y+1, color.RGBA{0, 0, 0, 255})
		}
	}

	// The right half is a window with code in colours.
	fill(image.Rect(750, 50, 1390, 950), 0x161b22)
	fill(image.Rect(750, 50, 1390, 86), 0x2d333b)
	for i, c := range []uint32{0xff5f56, 0xffbd2e, 0x27c93f} {
		disc(m, 775+i*22, 68, 7, c)
	}
	write(m, 860, 61, 1, 0x9da7b3, "sizes.go - a box is never a crop")
	code := strings.Split(strings.TrimSpace(program), "\n")
	for i, line := range code {
		y := 106 + i*17
		write(m, 764, y, 1, 0x545d68, number(i+1))
		x := 800
		if line == "" {
			continue
		}
		for _, word := range splitWords(line) {
			write(m, x, y, 1, shade(word), word)
			x += 7 * len([]rune(word))
		}
	}
	return encodePNG(m)
}

// program is the code that drawPage shows. It is not run.
const program = `
// Fit returns the width and height of a w x h picture in s.
// Both are at least 1 and never more than w and h.
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

// A Box is a width and a height in pixels.
type Box struct{ W, H int }

var sizes = []Size{
    {"L", Box{1280, 720}, Box{720, 1280}},
    {"M", Box{1200, 628}, Box{628, 1200}},
    {"S", Box{854, 480}, Box{480, 854}},
    {"XS", Box{427, 240}, Box{240, 427}},
    {"SL", Box{1080, 1080}, Box{1080, 1080}},
    {"SM", Box{540, 540}, Box{540, 540}},
    {"SS", Box{360, 360}, Box{360, 360}},
    {"SXS", Box{180, 180}, Box{180, 180}},
}

func (b Box) holds(w, h int) bool {
    return b.W >= w && b.H >= h // never enlarge
}

func main() {
    for _, s := range sizes {
        w, h := s.Fit(4032, 3024)
        println(s.Name, w, h)
    }
}

// L 960 720    M 837 628    S 640 480
// XS 320 240   SL 1080 810  SM 540 405
// SS 360 270   SXS 180 135
`

func rgba(c uint32) color.RGBA { return color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255} }

// write draws text in letters of 7x13 pixels times scale. The upper left corner is at x, y, and c
// is 0xRRGGBB.
func write(m *image.RGBA, x, y, scale int, c uint32, text string) {
	if scale == 1 {
		d := font.Drawer{Dst: m, Src: image.NewUniform(rgba(c)), Face: basicfont.Face7x13, Dot: fixed.P(x, y+11)}
		d.DrawString(text)
		return
	}
	// Larger letters are drawn small, and enlarged by bilinear interpolation with a threshold. That
	// cuts their corners, which makes them easier to read than squares.
	mask := image.NewAlpha(image.Rect(0, 0, 7*len(text)+2, 15)) // a margin of 1 on each side
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(1, 12)}
	d.DrawString(text)
	at := func(i, j int) float32 { return float32(mask.AlphaAt(i, j).A) / 255 }
	for py := range 15 * scale {
		for px := range (7*len(text) + 2) * scale {
			// fx and fy are the pixel's position in the mask, between the points i, i+1 and j, j+1.
			fx := (float32(px)+0.5)/float32(scale) - 0.5
			fy := (float32(py)+0.5)/float32(scale) - 0.5
			i, j := int(fx+1)-1, int(fy+1)-1
			tx, ty := fx-float32(i), fy-float32(j)
			top := at(i, j)*(1-tx) + at(i+1, j)*tx
			bottom := at(i, j+1)*(1-tx) + at(i+1, j+1)*tx
			v := top*(1-ty) + bottom*ty
			if alpha := clamp((v-0.5)*float32(scale) + 0.5); alpha > 0 {
				blend(m.Pix[m.PixOffset(x+px-scale, y+py-scale):], c, alpha)
			}
		}
	}
}

// blend mixes c, 0xRRGGBB, into the pixel at the beginning of p: not at all for an alpha of 0,
// completely for 1.
func blend(p []uint8, c uint32, alpha float32) {
	ink := rgba(c)
	for k, v := range []uint8{ink.R, ink.G, ink.B} {
		p[k] = uint8(float32(p[k])*(1-alpha) + float32(v)*alpha + 0.5)
	}
}

// disc draws a disc with a smooth edge. c is 0xRRGGBB.
func disc(m *image.RGBA, cx, cy, radius int, c uint32) {
	for y := cy - radius - 1; y <= cy+radius+1; y++ {
		for x := cx - radius - 1; x <= cx+radius+1; x++ {
			distance := sqrt(float32((x-cx)*(x-cx) + (y-cy)*(y-cy)))
			if alpha := clamp(float32(radius) + 0.5 - distance); alpha > 0 {
				blend(m.Pix[m.PixOffset(x, y):], c, alpha)
			}
		}
	}
}

// number returns n, which is below 100, in three columns.
func number(n int) string {
	s := "  "
	if n >= 10 {
		s = " " + string(rune('0'+n/10))
	}
	return s + string(rune('0'+n%10))
}

// splitWords cuts a line of code where the colour may change: between the letters of a word and
// other characters. A comment stays whole.
func splitWords(line string) []string {
	if strings.HasPrefix(strings.TrimSpace(line), "//") {
		return []string{line}
	}
	var words []string
	letter := func(r rune) bool { // digits and quotation marks count as letters
		return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '"'
	}
	start := 0
	for i, r := range line {
		if i > 0 && letter(r) != letter(rune(line[i-1])) {
			words = append(words, line[start:i])
			start = i
		}
	}
	return append(words, line[start:])
}

// shade returns the colour of a word of code.
func shade(word string) uint32 {
	switch word {
	case "func", "if", "return", "type", "struct", "var", "for", "range", "bool", "int":
		return 0xff7b72
	}
	switch c := word[0]; {
	case strings.HasPrefix(strings.TrimSpace(word), "//"):
		return 0x8b949e
	case c == '"':
		return 0xa5d6ff
	case c >= '0' && c <= '9':
		return 0x79c0ff
	case c >= 'A' && c <= 'Z':
		return 0xd2a8ff
	}
	return 0xe6edf3
}
