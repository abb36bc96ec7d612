package pictures

// This file makes graphics.

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Screenshot returns a w x h page of text with a photo and a drawing on it, in RGB.
func Screenshot(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, Text(w, h), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(w/16, h/16, w/2, h/2), Photo(w/2, h/2), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(w/2, h/2, w-w/16, h-h/16), Lines(w/2, h/2), image.Point{}, draw.Src)
	return m
}

// Diagram returns a w x h chart in nine flat colours without smooth edges: bars, a grid, two curves
// and captions.
func Diagram(w, h int) *image.Paletted {
	colors := color.Palette{
		color.White, color.Black, color.Gray{224}, color.Gray{110}, color.RGBA{31, 119, 180, 255}, color.RGBA{255, 127, 14, 255},
		color.RGBA{44, 160, 44, 255}, color.RGBA{214, 39, 40, 255}, color.RGBA{148, 103, 189, 255},
	}
	m := image.NewPaletted(image.Rect(0, 0, w, h), colors)
	// The grid, in the light gray.
	for y := range h {
		for x := range w {
			if y%(h/10+1) == 0 || x%(w/16+1) == 0 {
				m.SetColorIndex(x, y, 2)
			}
		}
	}
	// The bars, up to 3/4 of h high, in the five other colors. Two bars are a bar's width apart.
	width := max(w/40, 1)
	for i := 0; i*2*width < w; i++ {
		left := i*2*width + width/2
		height := int(hash(5, uint32(i), 1) % uint32(h*3/4+1))
		fill(m, image.Rect(left, h-height, left+width, h), colors[4+i%5])
	}
	// The curves, in black and in the dark gray.
	for x := range w {
		for i, phase := range [2]float64{0, 2} {
			angle := phase + float64(x)*9/float64(w)
			y := h/2 + int(float64(h)/3*math.Sin(angle))
			fill(m, image.Rect(x, y, x+3, y+4), colors[1+2*i])
		}
	}
	// The captions.
	d := font.Drawer{Dst: m, Src: image.Black, Face: basicfont.Face7x13}
	for y := 13; y < h; y += h/10 + 1 {
		for x := 4; x < w; x += w / 6 {
			d.Dot = fixed.P(x, y)
			d.DrawString("Series 1.25 %")
		}
	}
	return m
}

// Logo returns a w x h emblem with smooth edges on a transparent background: a ring, a star with a
// gradient, and a translucent shadow.
func Logo(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	half := float64(min(w, h)) / 2
	// cover returns which part of a pixel is covered by a shape. d is the distance in pixels from the
	// shape's outline, negative inside of the shape.
	cover := func(d float64) float64 { return min(max(0.5-d, 0), 1) }
	for y := range h {
		for x := range w {
			dx, dy := float64(x)-float64(w)/2, float64(y)-float64(h)/2
			// How opaque each part of the emblem is in this pixel.
			r, angle := math.Hypot(dx, dy), math.Atan2(dy, dx)
			ring := cover(math.Abs(r-0.85*half) - 0.06*half)
			// On the steep sides of the star, the distance along the radius is about twice that to the
			// outline.
			starR := half * (0.45 + 0.2*math.Cos(5*angle))
			star := cover((r - starR) / 2)
			// The shadow is a ring further right and down. It fades out on both sides.
			shadowR := math.Hypot(dx-0.04*half, dy-0.06*half)
			fromShadow := math.Abs(shadowR - 0.85*half)
			shadow := 0.5 * max(1-fromShadow/(0.1*half), 0)
			opaque := max(ring, star)
			alpha := opaque + (1-opaque)*shadow // the shadow is below the ring and the star
			if alpha == 0 {
				continue
			}
			c := [3]float64{40, 60 + 90*(dy/half+1)/2, 200} // the ring gets greener downwards
			if star > ring {
				c = [3]float64{250, 120 + 80*(dx/half+1)/2, 30} // the star, to the right
			}
			pixel := m.Pix[m.PixOffset(x, y):][:4]
			for i := range c {
				pixel[i] = byte(c[i] * opaque / alpha) // the shadow is black
			}
			pixel[3] = byte(255*alpha + 0.5)
		}
	}
	return m
}
