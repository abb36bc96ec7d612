package demo

import (
	"image"
	"image/color"
)

// drawMap returns a relief in 16 colours, with contour lines one pixel wide, as a palette PNG. Many
// resizers shrink such pictures by dropping pixels.
func drawMap() []byte {
	const w, h = 1400, 1000
	n := newNoise(41)
	steps := []rgb{hex(0x2a5d84), hex(0x3f7ca8), hex(0x6fa8cb), hex(0xa9cfe2), hex(0xd9e8c4), hex(0xb7d39a), hex(0x9cc07c),
		hex(0xd6d08a), hex(0xe3bf72), hex(0xcf9a58), hex(0xb07a48), hex(0x93674a), hex(0xc9bcb0), hex(0xf2f0ee)}
	palette := color.Palette{}
	for _, c := range steps {
		palette = append(palette, color.RGBA{to8(c.r), to8(c.g), to8(c.b), 255})
	}
	// Two further colors, for the contour lines and for a grid, and their indices.
	line, grid := uint8(len(palette)), uint8(len(palette)+1)
	palette = append(palette, color.RGBA{0x4a, 0x37, 0x28, 255}, color.RGBA{0x78, 0x8c, 0x96, 255})
	// level returns the elevation of a pixel, from 0 to 27.
	level := func(x, y int) int {
		u, v := float32(x)/w, float32(y)/h
		dx, dy := u-0.5, v-0.5
		island := 1 - 2.6*(dx*dx+dy*dy)
		e := (n.sum(u*4.5, v*3.4, 7)*1.25 - 0.32) * (0.35 + island)
		return int(clamp(e) * 27.99) // two levels, and so two contour lines, per colour
	}
	m := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	rows(h, func(y int) {
		for x := range w {
			l := level(x, y)
			i := uint8(l / 2)
			if l != level(x+1, y) || l != level(x, y+1) {
				i = line
			} else if x%200 == 0 || y%200 == 0 {
				i = grid
			}
			m.SetColorIndex(x, y, i)
		}
	})
	return encodePNG(m)
}
