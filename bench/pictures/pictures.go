// Package pictures makes pictures by code, the same on every machine: substitutes for photos where
// there is no corpus, a photo larger than any in the corpus, and text and line drawings, which
// scaling down damages most.
//
//	pictures.go    Photo, Text, Lines
//	graphics.go    Screenshot, Diagram, Logo
//	animations.go  Animations
package pictures

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Photo returns a w x h picture, 4:2:0, with the features of photos: broad gradients, texture at
// every scale, edges of shapes in front of a background, and a little noise.
func Photo(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	paint(m.Y, m.YStride, w, h, 1, 1, [...]octave{{512, 90}, {96, 60}, {24, 30}, {6, 16}}, 5)
	cw, ch := (w+1)/2, (h+1)/2
	paint(m.Cb, m.CStride, cw, ch, 2, 2, [...]octave{{256, 40}, {64, 24}, {16, 6}, {4, 2}}, 2)
	paint(m.Cr, m.CStride, cw, ch, 3, 2, [...]octave{{256, 40}, {64, 24}, {16, 6}, {4, 2}}, 2)
	return m
}

// An octave is value noise on a lattice. cell is the distance between the lattice's points, in
// samples. The values are from -amplitude to amplitude.
type octave struct{ cell, amplitude int }

// paint fills a w x h plane with the sum of octaves around 128, with discs in which that sum is
// negated, and with noise of up to grain. step is the distance between samples of the plane, in
// samples of luma. All planes of a picture have the same discs.
func paint(p []byte, stride, w, h int, seed uint32, step int, octaves [4]octave, grain int32) {
	type lattice struct{ left, right int32 }
	for y := range h {
		row := p[y*stride:][:w]
		var sides [len(octaves)]lattice      // by octave, the values on both sides of x
		rnd := hash(seed, uint32(y), 77) | 1 // xorshift must not begin at 0
		for x := range row {
			v := int32(0) // the sum of the octaves
			for i, o := range octaves {
				cell := int32(o.cell)
				fx := int32(x) % cell
				if fx == 0 {
					lx := x / o.cell
					sides[i] = lattice{column(seed, i, lx, y, o), column(seed, i, lx+1, y, o)}
				}
				v += (sides[i].left*(cell-fx) + sides[i].right*fx) / cell
			}
			v >>= 8 // column's fractional bits
			// Each square of 700x700 samples of luma has a disc, with a middle and a radius that
			// depend on the square.
			lumaX, lumaY := x*step, y*step
			square := hash(9, uint32(lumaX/700), uint32(lumaY/700))
			middleX, middleY := int(200+square%300), int(200+(square>>9)%300)
			radius := int(60 + (square>>18)%200)
			dx, dy := lumaX%700-middleX, lumaY%700-middleY
			if dx*dx+dy*dy < radius*radius {
				v = -v
			}
			// The next random number, by xorshift.
			rnd ^= rnd << 13
			rnd ^= rnd >> 17
			rnd ^= rnd << 5
			noise := int32(rnd>>8)%(2*grain+1) - grain
			row[x] = byte(min(max(v+128+noise, 0), 255))
		}
	}
}

// column returns the noise of o, the octave with index i, at lattice column lx and sample row y.
// The result has 8 fractional bits.
func column(seed uint32, i, lx, y int, o octave) int32 {
	// value returns the value of a point of the lattice, with 15 fractional bits.
	value := func(ly int) int64 {
		v := hash(seed+uint32(i)<<8, uint32(lx), uint32(ly))
		return int64((v>>8)&0xFFFF) - 0x8000
	}
	cell, fy := int64(o.cell), int64(y%o.cell)
	above, below := value(y/o.cell), value(y/o.cell+1)
	v := (above*(cell-fy) + below*fy) / cell
	return int32((v * int64(o.amplitude)) >> 7) // 15 - 7 = 8 fractional bits
}

// hash returns a pseudo-random number for three numbers.
func hash(a, b, c uint32) uint32 {
	h := (a * 0x9E3779B1) ^ (b * 0x85EBCA77) ^ (c * 0xC2B2AE3D)
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 12
	h *= 0x297A2D39
	h ^= h >> 15
	return h
}

// Text returns a w x h page of dark text on paper, with letters 39 pixels high and smooth edges,
// like a scan.
func Text(w, h int) *image.Gray {
	const enlarge = 3
	page := image.NewGray(image.Rect(0, 0, (w+enlarge-1)/enlarge, (h+enlarge-1)/enlarge))
	fill(page, page.Rect, color.Gray{244})
	d := font.Drawer{Dst: page, Src: image.NewUniform(color.Gray{20}), Face: basicfont.Face7x13}
	const words = "The quick brown fox jumps over the lazy dog; 0123456789 (sphinx of black quartz) judge my vow, illicit million. "
	// One line of text every 15 pixels. Each begins 7 letters further on in words.
	for y, n := 16, 0; y < page.Rect.Dy(); y, n = y+15, n+7 {
		d.Dot = fixed.P(8, y)
		line := words[n%len(words):]
		for d.Dot.X.Ceil() < page.Rect.Dx() {
			d.DrawString(line)
			line = words
		}
	}
	m := image.NewGray(image.Rect(0, 0, w, h))
	enlarged := image.Rect(0, 0, enlarge*page.Rect.Dx(), enlarge*page.Rect.Dy())
	xdraw.CatmullRom.Scale(m, enlarged, page, page.Rect, xdraw.Src, nil)
	return m
}

// fill sets all pixels of m in r to c.
func fill(m draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(m, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// Lines returns a w x h drawing of thin dark lines on white: rays and circles, two pixels wide with
// smooth edges.
func Lines(w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	cx, cy := float64(w)/2, float64(h)/2
	for y := range h {
		for x := range w {
			dx, dy := float64(x)-cx, float64(y)-cy
			r := math.Hypot(dx, dy)
			// The distances to the nearest circle and to the nearest ray. There is a circle every 47
			// pixels, and there are 96 rays.
			circle := math.Abs(math.Remainder(r, 47))
			ray := math.Abs(math.Remainder(math.Atan2(dy, dx), math.Pi/48)) * r
			// Black up to half a pixel from a line, white from 1.5 pixels on.
			brightness := min(max(min(circle, ray)-0.5, 0), 1)
			m.Pix[y*m.Stride+x] = byte(255 * brightness)
		}
	}
	return m
}
