package demo

import (
	"image"
	"math"
)

// drawLogo returns nested frames, the smallest one filled, on a transparent background, as a PNG.
// Every edge has half transparent pixels, and a soft shadow has many steps of alpha.
func drawLogo() []byte {
	const side = 1200
	m := image.NewNRGBA(image.Rect(0, 0, side, side))

	// square returns the distance from x, y to the outline of a rounded square, which is negative
	// inside of it. The square's middle is cx, cy, its side is 2*half, and corner is the radius of
	// its corners. The picture's side is 1.
	square := func(x, y, cx, cy, half, corner float32) float32 {
		dx, dy := absf(x-cx)-half+corner, absf(y-cy)-half+corner
		ox, oy := max(dx, 0), max(dy, 0)
		return sqrt(ox*ox+oy*oy) + min(max(dx, dy), 0) - corner
	}
	// mark returns the distance from x, y to the figure, and the number of the nearest part. The
	// figure has three parts: a frame, a smaller frame in its lower left corner, and a tile in the
	// lower left corner of that.
	mark := func(x, y float32) (float32, int) {
		const thick, gap = 0.05, 0.035
		d, part := float32(math.MaxFloat32), 0
		left, bottom := float32(0.13), float32(0.85)
		for i, half := range []float32{0.36, 0.215, 0.0875} {
			s := square(x, y, left+half, bottom-half, half, 0.045-0.008*float32(i))
			if i < 2 {
				s = absf(s+thick/2) - thick/2
			}
			if s < d {
				d, part = s, i
			}
			left, bottom = left+thick+gap, bottom-thick-gap
		}
		return d, part
	}
	colors := []rgb{hex(0x1f6feb), hex(0x8250df), hex(0xe8590c)}
	const pixel = 1.0 / side
	rows(side, func(y int) {
		for x := range side {
			u, v := (float32(x)+0.5)/side, (float32(y)+0.5)/side
			d, which := mark(u, v)
			cover := clamp(0.5 - d/pixel) // the part of the pixel that the figure covers
			// The shadow is the figure, blurred and moved to the right and down.
			shadowD, _ := mark(u-0.012, v-0.022)
			shadow := 0.30 * smooth(0.04, -0.02, shadowD)
			c := colors[which].mix(hex(0xff4d8d), 0.55*smooth(0.2, 1.5, u+(1-v)))
			alpha := cover + shadow*(1-cover)
			p := m.Pix[m.PixOffset(x, y):]
			if alpha > 0 {
				c.times(cover / alpha).put(p) // not premultiplied; the shadow adds black
			}
			p[3] = to8(alpha)
		}
	})
	return encodePNG(m)
}
