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
			d := (px-x)*(px-x) + (py-y)*(py-y)
			if d >= r*r {
				continue
			}
			// (r*r-d)/(2*r) is about the distance to the edge.
			faded := c
			if part := (r*r - d) * 255 / (2 * fade * r); part < 255 {
				faded.A = byte(part * int(c.A) / 255)
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
		x, y := int(h%900)+45, int(h>>10%950)+50
		step := (i*(3+k%4) + k) % 16
		swing := min(step, 16-step) * 6
		c := color.NRGBA{byte(k % 4 * 80), byte(k % 3 * 120), byte(255 - k%2*140), 255}
		r := image.Rect(x-60, y-30, x+70, y+40).Add(image.Pt(swing, -swing/2))
		if k%3 == 0 {
			draw.Draw(m, r, image.NewUniform(c), image.Point{}, draw.Src)
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
	phase := min(i, 60-i)
	// The figure: seven discs with soft edges.
	for k := range 7 {
		x, y := 256+(k-3)*48+phase*(k%3-1), 256+(k*k%5-2)*40+phase*2*(k%2)-phase
		disc(m, x, y, 90+phase+6*k, 40, color.NRGBA{byte(250 - 20*k), byte(60 + 25*k), byte(40*k + 2*i), 230})
	}
	// The texture of the discs: grain, and stripes that move.
	for y := range 512 {
		for x := range 512 {
			p := m.Pix[m.PixOffset(x, y):][:4]
			if p[3] == 0 {
				continue
			}
			grain := int(hash(7, uint32(x+3*i), uint32(y-i))%17) - 8
			for c := range 3 {
				p[c] = byte(min(max(int(p[c])+grain+(x-y+4*i)%64/4, 0), 255))
			}
		}
	}
}

// pan draws frame i of a window that moves over a photo.
func pan(m *image.NRGBA, photo *image.YCbCr, i int) {
	draw.Draw(m, m.Rect, photo, image.Pt(i, 60+min(i, 120-i)/2), draw.Src)
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
	draw.Draw(m, m.Rect, image.NewUniform(color.NRGBA{245, 246, 248, 255}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(260, 60, 1152, 648), page, image.Pt(260, scroll), draw.Src)
	draw.Draw(m, image.Rect(0, 0, 1152, 60), image.NewUniform(color.NRGBA{36, 41, 47, 255}), image.Point{}, draw.Src)
	// The sidebar's entries, the line that is typed in the bar, and the pointer.
	for k := range 14 {
		draw.Draw(m, image.Rect(20, 90+k*40, 220-k%5*20, 104+k*40), image.NewUniform(color.NRGBA{byte(90 + k*9), 120, 200, 255}), image.Point{}, draw.Src)
	}
	draw.Draw(m, image.Rect(300, 20, 300+i*5, 40), image.NewUniform(color.NRGBA{230, 237, 243, 255}), image.Point{}, draw.Src)
	disc(m, 300+i*7, 200+(i*i/9)%300, 9, 2, color.NRGBA{220, 40, 40, 255})
	for p := m.Pix[3:]; len(p) > 0; p = p[min(4, len(p)):] { // the pointer's edge is opaque too
		p[0] = 255
	}
}
