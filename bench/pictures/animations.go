package pictures

// This file makes animations.

import (
	"image"
	"image/color"
	"image/draw"
	"time"
)

// An Animation makes its frames one by one. The frames are the same on every machine.
type Animation struct {
	Name   string
	W, H   int
	Frames int
	Delay  time.Duration

	draw func(m *image.NRGBA, i int) // sets m to frame i
}

// Play calls frame with every frame in turn. The picture is valid only during the call. Play stops
// at the first error of frame, and returns it.
func (a *Animation) Play(frame func(m *image.NRGBA) error) error {
	m := image.NewNRGBA(image.Rect(0, 0, a.W, a.H))
	for i := range a.Frames {
		a.draw(m, i)
		if err := frame(m); err != nil {
			return err
		}
	}
	return nil
}

// Animations returns one animation of each kind that takes long to resize: a large drawing of few
// frames, a sticker with soft edges, a video as a GIF, and a recording of a screen.
func Animations() []*Animation {
	// The photo and the page are larger than the frames, which show a moving part of them.
	video, page := Photo(640+120, 360+120), Text(1280, 2400)
	return []*Animation{
		{"drawing 990x1050 x 8", 990, 1050, 8, 100 * time.Millisecond, drawing},
		{"sticker 512x512 x 60", 512, 512, 60, 33 * time.Millisecond, sticker},
		{"video 640x360 x 120", 640, 360, 120, 40 * time.Millisecond, func(m *image.NRGBA, i int) { pan(m, video, i) }},
		{"screen 1152x648 x 125", 1152, 648, 125, 80 * time.Millisecond, func(m *image.NRGBA, i int) { screen(m, page, i) }},
	}
}

// disc fills a circle of radius r around (x, y) with color c. At the edge the color fades out over
// a width of fade pixels. No pixel becomes less opaque.
func disc(m *image.NRGBA, x, y, r, fade int, c color.NRGBA) {
	box := image.Rect(x-r, y-r, x+r, y+r).Intersect(m.Rect)
	for py := box.Min.Y; py < box.Max.Y; py++ {
		for px := box.Min.X; px < box.Max.X; px++ {
			d2 := (px-x)*(px-x) + (py-y)*(py-y) // the distance from the middle, squared
			if d2 >= r*r {
				continue
			}
			// The opacity rises from 0 at the edge to 255 at fade pixels inside of it. (r*r-d2)/(2*r)
			// is about the distance to the edge.
			faded := c
			if opacity := (r*r - d2) * 255 / (2 * fade * r); opacity < 255 {
				faded.A = byte(opacity * int(c.A) / 255)
			}
			if faded.A >= m.NRGBAAt(px, py).A {
				m.SetNRGBA(px, py, faded)
			}
		}
	}
}

// drawing draws frame i of flat shapes that swing, in twelve colours on a transparent background.
func drawing(m *image.NRGBA, i int) {
	clear(m.Pix)
	for k := range 60 {
		h := hash(4, uint32(k), 1)
		x, y := int(h%900)+45, int((h>>10)%950)+50
		step := (i*(3+k%4) + k) % 16
		swing := min(step, 16-step) * 6 // pixels: to 48 and back
		c := color.NRGBA{byte(80 * (k % 4)), byte(120 * (k % 3)), byte(255 - 140*(k%2)), 255}
		// Every third shape is a rectangle, the others are discs.
		if k%3 == 0 {
			r := image.Rect(x-60, y-30, x+70, y+40)
			fill(m, r.Add(image.Pt(swing, -swing/2)), c)
			continue
		}
		disc(m, x+swing, y, 30+k, 1, c)
	}
	for p := m.Pix; len(p) >= 4; p = p[4:] { // alpha of one bit, as GIF has
		if p[3] < 128 {
			clear(p[:4])
		} else {
			p[3] = 255
		}
	}
}

// sticker draws frame i of a textured figure that moves and grows, with a soft shine around it.
func sticker(m *image.NRGBA, i int) {
	clear(m.Pix)
	phase := min(i, 60-i) // of the 60 frames: up to 30 and back
	// The figure: seven discs with soft edges, which move and grow with phase.
	for k := range 7 {
		x := 256 + 48*(k-3) + phase*(k%3-1)
		y := 256 + 40*(k*k%5-2) + phase*2*(k%2) - phase
		c := color.NRGBA{byte(250 - 20*k), byte(60 + 25*k), byte(40*k + 2*i), 230}
		disc(m, x, y, 90+phase+6*k, 40, c)
	}
	// The texture of the discs: grain, and stripes that move.
	for y := range 512 {
		for x := range 512 {
			p := m.Pix[m.PixOffset(x, y):][:4]
			if p[3] == 0 {
				continue
			}
			grain := int(hash(7, uint32(x+3*i), uint32(y-i))%17) - 8
			stripe := (x - y + 4*i) % 64 / 4
			for c := range 3 {
				v := int(p[c]) + grain + stripe
				p[c] = byte(min(max(v, 0), 255))
			}
		}
	}
}

// pan draws frame i of 120: what a window over a photo shows. The window moves to the right by a
// pixel a frame, and meanwhile 30 pixels down and back up.
func pan(m *image.NRGBA, photo *image.YCbCr, i int) {
	window := image.Pt(i, 60+min(i, 120-i)/2) // the upper left corner
	draw.Draw(m, m.Rect, photo, window, draw.Src)
}

// screen draws frame i of a screen: a page scrolls now and then beside a fixed sidebar, a pointer
// moves, and a line is typed.
func screen(m *image.NRGBA, page *image.Gray, i int) {
	// The page rests for 12 frames, and then scrolls for 12.
	scroll := 0
	for s := range i {
		if s/12%2 == 1 {
			scroll += 9
		}
	}
	// The background, the page, and a bar above it.
	fill(m, m.Rect, color.NRGBA{245, 246, 248, 255})
	draw.Draw(m, image.Rect(260, 60, 1152, 648), page, image.Pt(260, scroll), draw.Src)
	fill(m, image.Rect(0, 0, 1152, 60), color.NRGBA{36, 41, 47, 255})
	// The sidebar's entries, of five lengths.
	for k := range 14 {
		y, length := 90+40*k, 200-20*(k%5)
		fill(m, image.Rect(20, y, 20+length, y+14), color.NRGBA{byte(90 + 9*k), 120, 200, 255})
	}
	// The line that is typed in the bar, and the pointer.
	fill(m, image.Rect(300, 20, 300+5*i, 40), color.NRGBA{230, 237, 243, 255})
	disc(m, 300+7*i, 200+(i*i/9)%300, 9, 2, color.NRGBA{220, 40, 40, 255})
	for i := 3; i < len(m.Pix); i += 4 { // the pointer's edge is opaque too
		m.Pix[i] = 255
	}
}
