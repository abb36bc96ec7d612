package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"math"
)

// drawOrbit returns an animated GIF of 24 frames, each 480x480: three moons around a planet.
func drawOrbit() []byte {
	const side, frames, shades = 480, 24, 14
	n := newNoise(5)
	palette := color.Palette{color.RGBA{10, 12, 28, 255}, color.RGBA{30, 36, 66, 255}, color.RGBA{220, 224, 240, 255}}
	// ramp adds the shades of a color to the palette, and returns the index of the first one.
	ramp := func(dark, bright rgb) (first int) {
		first = len(palette)
		for i := range shades {
			c := dark.mix(bright, float32(i)/float32(shades-1))
			palette = append(palette, color.RGBA{to8(c.r), to8(c.g), to8(c.b), 255})
		}
		return first
	}
	planet := ramp(hex(0x0b1a3c), hex(0x6cc3f0))
	moons := []int{ramp(hex(0x2c1206), hex(0xff9f5a)), ramp(hex(0x1b0f2e), hex(0xc39bff)), ramp(hex(0x0c2414), hex(0x9df0a8))}

	g := &gif.GIF{LoopCount: 0}
	for f := range frames {
		m := image.NewPaletted(image.Rect(0, 0, side, side), palette)
		type body struct {
			x, y, z, radius float64 // the body with the largest z is in front
			ramp            int     // the index of the body's first shade
		}
		bodies := []body{{0, 0, 0, 0.34, planet}}
		for i, first := range moons {
			// The second moon goes around twice, and in an orbit that is tilted the other way.
			angle := 2*math.Pi*float64(f)/frames*float64(1+i%2) + float64(i)*2.1
			reach := 0.58 + 0.13*float64(i)
			tilt := float64(1 - 2*(i%2))
			x := reach * math.Cos(angle)
			y := 0.28 * reach * math.Sin(angle) * tilt
			z := math.Sin(angle)
			bodies = append(bodies, body{x, y, z, 0.06 + 0.02*float64(i), first})
		}
		for y := range side {
			for x := range side {
				u, v := 2*float64(x)/side-1, 2*float64(y)/side-1
				// The sky, with stars and haze.
				index := uint8(0)
				if s := n.at(float32(x)*0.9, float32(y)*0.9); s > 0.985 {
					index = 2
				} else if n.sum(float32(x)/90, float32(y)/90, 3) > 0.56 {
					index = 1
				}
				// The bodies in front of it.
				front := -math.MaxFloat64 // the largest z of a body in this pixel so far
				for _, b := range bodies {
					dx, dy := (u-b.x)/b.radius, (v-b.y)/b.radius
					d2 := dx*dx + dy*dy
					if d2 > 1 || b.z < front {
						continue
					}
					front = b.z
					dz := math.Sqrt(1 - d2)
					lit := -0.55*dx - 0.45*dy + 0.7*dz
					if b.ramp == planet { // stripes that turn
						turned := float32(f) * lattice / frames / 8
						stripes := n.sum(float32(dx)*1.5+turned, float32(dy)*6+20, 3)
						lit += 0.22 * (float64(stripes) - 0.5)
					}
					// An ordered dither hides the steps between the shades.
					lit += (float64((x*5+y*3)&7)/7 - 0.5) / shades
					lit = min(max(lit, 0), 0.999)
					index = uint8(b.ramp + int(lit*shades))
				}
				m.SetColorIndex(x, y, index)
			}
		}
		g.Image = append(g.Image, m)
		g.Delay = append(g.Delay, 6) // hundredths of a second
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}
