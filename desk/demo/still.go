package demo

import (
	"image"
	"math"
)

// A ball is one of the round things. x and radius are fractions of the picture's width, y is one of
// its height.
type ball struct {
	x, y, radius float32
	skin, deep   rgb     // the color in light, and in shadow
	pores        float32 // how strong the texture is
}

// drawStill returns a tall picture of round things in the colours of skin and fruit, in front of a
// blurred background, as a JPEG. The file holds it sideways with EXIF orientation 6, as a phone
// writes a picture that was taken upright.
func drawStill() []byte {
	const w, h = 1500, 2000 // upright
	n := newNoise(23)
	r := random(99)

	type light struct {
		x, y, radius float32
		c            rgb
	}
	var bokeh []light
	lampColors := []rgb{hex(0xffd9a0), hex(0xff9f6b), hex(0xfff3d6), hex(0x8fc7d9), hex(0xe06a6a)}
	for range 46 {
		x, y, radius := r.next(), r.next()*0.62, 0.02+0.06*r.next()
		c := lampColors[int(r.next()*float32(len(lampColors)))]
		bokeh = append(bokeh, light{x, y, radius, c})
	}
	balls := []ball{
		{0.30, 0.60, 0.21, hex(0xe8b894), hex(0x8a4a32), 0.05},
		{0.70, 0.56, 0.25, hex(0x9a6243), hex(0x3a1c12), 0.05},
		{0.50, 0.78, 0.20, hex(0xf3d3bd), hex(0xb0705a), 0.04},
		{0.82, 0.84, 0.12, hex(0xd84a35), hex(0x5e0f12), 0.03},
		{0.17, 0.86, 0.11, hex(0xe9b23c), hex(0x8a4f10), 0.07},
	}
	const aspect = float32(h) / w
	const table = 0.70 // v of the table's far edge

	// The file holds the picture turned 90 degrees counterclockwise: column x of the upright
	// picture is row w-1-x of the file.
	m := image.NewRGBA(image.Rect(0, 0, h, w))
	rows(w, func(row int) {
		x := w - 1 - row
		u := float32(x) / w
		for y := range h {
			v := float32(y) / h
			// The background, with blurred lights.
			c := hex(0x20303c).mix(hex(0x5a4a48), smooth(0, 0.7, v))
			c = c.plus(0.10 * (n.sum(u*2.2, v*3, 3) - 0.5))
			for _, l := range bokeh {
				d := sqrt((u-l.x)*(u-l.x)+(v-l.y)*(v-l.y)*aspect*aspect) / l.radius
				if d < 1.2 {
					c = c.mix(l.c, 0.30*smooth(1.08, 0.92, d)*(0.7+0.3*d))
				}
			}
			if v > table-0.02 { // the table, with the shadows of the balls
				wood := n.sum(u*2.5, v*60+3*n.at(u*3, v*4), 4)
				t := hex(0x6d4a33).mix(hex(0xb98a5e), wood).times(0.65 + 0.55*v)
				for _, b := range balls {
					dx := (u - b.x - 0.05) / (b.radius * 1.25)
					dy := (v - b.y - b.radius/aspect*0.86) * aspect / (b.radius * 0.45)
					t = t.times(1 - 0.62*smooth(1.15, 0.1, sqrt(dx*dx+dy*dy)))
				}
				c = c.mix(t, smooth(table-0.02, table+0.015, v))
			}
			for _, b := range balls { // the last one is in front
				dx, dy := (u-b.x)/b.radius, (v-b.y)*aspect/b.radius
				d2 := dx*dx + dy*dy
				if d2 <= 1.02 {
					c = c.mix(b.surface(n, dx, dy), clamp((1.004-sqrt(d2))/0.006))
				}
			}
			grain := n.at(float32(x)*0.71, float32(y)*0.93+float32(x)*0.2) - 0.5
			c.plus(grain * 0.03).put(m.Pix[m.PixOffset(y, row):])
		}
	})
	return withOrientation(encodeJPEG(m), 6)
}

// surface returns the color of the ball at dx, dy: the distance from its middle, in radii.
func (b *ball) surface(n *noise, dx, dy float32) rgb {
	// The surface faces in the direction dx, dy, dz.
	d2 := dx*dx + dy*dy
	dz := sqrt(max(1-d2, 0))
	lit := clamp(-0.48*dx - 0.62*dy + 0.62*dz)
	c := b.deep.mix(b.skin, smooth(-0.05, 0.95, lit))
	// Light that passes through the skin.
	c.r += 0.10 * smooth(0.0, 0.35, lit) * smooth(0.6, 0.2, lit)
	// Blush, pores, and the highlight.
	blush := n.sum(dx*1.7+b.x*9, dy*1.7+b.y*9, 3) - 0.5
	c.r, c.g, c.b = c.r+0.10*blush, c.g-0.03*blush, c.b-0.02*blush
	pores := n.sum(dx*60+b.x*50, dy*60, 3) - 0.5
	c = c.plus(b.pores * pores * (0.4 + lit))
	shine := clamp(-0.36*dx - 0.52*dy + 0.78*dz)
	c = c.plus(0.55 * float32(math.Pow(float64(shine), 60)))
	// The rim, lit from behind.
	return c.plus(0.12 * smooth(0.35, 0.02, dz) * smooth(0.2, -0.6, dy))
}
