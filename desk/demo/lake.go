package demo

import "image"

// lakeW and lakeH are the dimensions of lake.jpg, in pixels.
const lakeW, lakeH = 2400, 1600

// horizon is where land and water meet, as a fraction of the height.
const horizon = 0.56

// A lake draws the landscape. u goes from 0 at the left to 1 at the right, v from 0 at the top to 1
// at the bottom; x is u in pixels.
type lake struct {
	noise   *noise
	outline [][]float32 // for each ridge, v at each x
	shore   []float32   // v where the leaves begin, at each x
}

// A ridge is one line of hills.
type ridge struct {
	base, height float32 // the hills rise from base by up to about height, both as v
	scale        float32 // the width of the picture, in units of the noise
	top, foot    rgb     // the colors there
}

var ridges = []ridge{
	{0.45, 0.62, 3.1, hex(0x7288a6), hex(0xa3b2c4)},
	{0.51, 0.34, 4.3, hex(0x4c6684), hex(0x7f94a6)},
	{0.55, 0.18, 7.1, hex(0x2c4860), hex(0x4f6c74)},
	{0.565, 0.085, 15, hex(0x173a35), hex(0x2a4f3c)},
}

// drawLake returns a landscape as a JPEG: broad gradients and clouds at the top, edges in the
// middle, and the fine noise of water and leaves at the bottom.
func drawLake() []byte {
	const w, h = lakeW, lakeH
	l := newLake(w)
	n := l.noise
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	rows(h, func(y int) {
		v := float32(y) / h
		for x := range w {
			u := float32(x) / w
			var c rgb
			switch {
			case v < horizon:
				c = l.land(x, u, v)
			case v < l.shore[x]:
				c = l.water(x, w, u, v)
			default:
				c = foliage(n, u, v, (v-l.shore[x])/(1-l.shore[x]))
			}
			grain := n.at(float32(x)*0.83+float32(y)*0.31, float32(y)*0.77) - 0.5
			c.plus(grain * 0.022).put(m.Pix[m.PixOffset(x, y):])
		}
	})
	return encodeJPEG(m)
}

// newLake returns a landscape that is w pixels wide.
func newLake(w int) *lake {
	n := newNoise(7)
	l := &lake{noise: n, outline: make([][]float32, len(ridges)), shore: make([]float32, w)}
	for i, r := range ridges {
		l.outline[i] = make([]float32, w)
		for x := range l.outline[i] {
			at := float32(x) / float32(w) * r.scale // in the noise
			var rise float32                        // as a part of height
			if i < 2 {                              // noise folded at its middle has crests
				crest := absf(n.sum(at+float32(i)*40, 5, 3) - 0.5)
				crags := absf(n.sum(at*5+9, float32(i)*3, 5) - 0.5)
				rise = 0.42 - crest - 0.35*crags
			} else {
				rise = n.sum(at+float32(i)*40, float32(i)*7.7, 7) - 0.3
			}
			l.outline[i][x] = r.base - r.height*rise
			if i == len(ridges)-1 { // tree tops
				l.outline[i][x] -= 0.012 * n.at(at*26, 3)
			}
		}
	}
	for x := range l.shore {
		u := float32(x) / float32(w)
		bays, tufts := n.sum(u*3.1+70, 1.5, 5), n.at(u*60, 9)
		l.shore[x] = 0.86 - 0.07*bays - 0.10*smooth(0.35, 0, u) + 0.02*tufts
	}
	return l
}

// land returns the color above the water line: sky, sun, clouds, and the ridges in front of them.
func (l *lake) land(x int, u, v float32) rgb {
	n := l.noise
	sky := hex(0x2f6fb4).mix(hex(0x9cc4e4), smooth(0, 0.33, v))
	sky = sky.mix(hex(0xf6dcb8), smooth(0.2, 0.5, v))
	// The sun, and clouds in front of it.
	dx, dy := (u-0.71)*1.5, v-0.30
	glow := 1 / (1 + 60*(dx*dx+dy*dy))
	sky = sky.mix(hex(0xfff1d0), glow*0.85)
	vapor := n.sum(u*5+v*2, v*11+3, 6)
	cloud := smooth(0.5, 0.72, vapor+0.05*n.at(u*90, v*90))
	cloudColor := hex(0xffffff).mix(hex(0xe9c9b0), smooth(0.1, 0.45, v))
	sky = sky.mix(cloudColor, cloud*0.8*smooth(0.52, 0.2, v))
	// The ridges, the farthest one first.
	land := sky
	for i, r := range ridges {
		top := l.outline[i][x]
		if v < top-0.0006 {
			continue
		}
		t := clamp((v - top) / 0.16)
		c := r.top.mix(r.foot, t)
		rough := n.sum(u*40+float32(i)*11, v*60, 5) - 0.5
		lit := n.sum(u*r.scale*6+v*9, v*r.scale*4, 4) - 0.5
		c = c.plus(rough * (0.03 + 0.035*float32(i))).plus(lit * 0.10)
		if i == 0 { // snow near the top, and more of it on higher hills
			below := v - top + 0.16*(rough+lit) + 0.35*(top-0.24)
			c = c.mix(hex(0xf4f6fa), 0.9*smooth(0.075, 0.02, below))
		}
		if i == len(ridges)-1 {
			c = c.times(0.62 + 0.9*n.sum(u*150, v*180, 3))
		}
		land = land.mix(c, clamp((v-top+0.0006)/0.0012))
	}
	return land
}

// water returns the color of the lake in column x of a picture that is w pixels wide. u and v are
// the position as fractions of the picture's width and height. The lake mirrors the land. The
// mirror image is stretched, and broken by ripples that grow towards the viewer.
func (l *lake) water(x, w int, u, v float32) rgb {
	d := (v - horizon) / (1 - horizon) // 0 at the horizon, 1 at the viewer
	ripple := l.noise.sum(u*38/(0.25+d), 240*d*d+90*d, 3) - 0.5
	// The land at the mirrored position.
	mirrorX := x + int(ripple*80*(0.15+d))
	mirrorX = min(max(mirrorX, 0), w-1)
	mirrorV := horizon - (v-horizon)*1.05 + ripple*0.05*(0.3+d)
	c := l.land(mirrorX, float32(mirrorX)/float32(w), max(mirrorV, 0.02))
	// The color of the water, its ripples, and the light of the sun on their crests.
	c = c.times(0.80).mix(hex(0x1d4a5e), 0.18+0.4*d)
	c = c.plus(0.16 * ripple * (0.3 + d))
	return c.plus(0.5 * smooth(0.31, 0.43, ripple) * smooth(0.3, 0, absf(u-0.71)))
}

func absf(v float32) float32 { return max(v, -v) }

// foliage returns the color of grass and leaves at u, v. d is 0 at the edge of the water and 1 at
// the bottom of the picture.
func foliage(n *noise, u, v, d float32) rgb {
	scale := 1 / (0.35 + 0.65*d)
	bush := n.sum(u*14, v*18, 4)
	leaf := n.sum(u*210*scale, v*150*scale, 4)
	blade := n.at(u*620*scale+6*n.at(u*90, v*60), v*120*scale)
	c := hex(0x16301a).mix(hex(0x6f8f2c), smooth(0.25, 0.75, 0.55*leaf+0.45*blade))
	c = c.mix(hex(0xc9c45a), smooth(0.66, 0.92, 0.5*leaf+0.5*blade)*0.8)
	c = c.times(0.45 + 1.1*bush)
	// There are flowers where two fields have their peaks together.
	spot := n.at(u*120*scale+5, v*95*scale) * n.at(u*260*scale, v*190*scale+8)
	if spot > 0.72 && d > 0.08 {
		petal := hex(0xf4e9f2)
		if bush > 0.52 {
			petal = hex(0xe24b5a)
		}
		c = c.mix(petal, smooth(0.72, 0.78, spot))
	}
	return c.mix(hex(0x3b4a3a), 0.5*smooth(0.05, 0, d))
}
