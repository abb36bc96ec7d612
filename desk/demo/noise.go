package demo

import "math"

// An rgb is a colour with components in [0, 1], gamma-encoded.
type rgb struct{ r, g, b float32 }

// hex returns the colour 0xRRGGBB.
func hex(v uint32) rgb {
	r, g, b := v>>16, (v>>8)&255, v&255
	return rgb{float32(r) / 255, float32(g) / 255, float32(b) / 255}
}

// mix returns a colour between a and b: a for t = 0, b for t = 1.
func (a rgb) mix(b rgb, t float32) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

// times returns the colour with every component multiplied by f.
func (a rgb) times(f float32) rgb { return rgb{a.r * f, a.g * f, a.b * f} }

// plus returns the colour with f added to every component.
func (a rgb) plus(f float32) rgb { return rgb{a.r + f, a.g + f, a.b + f} }

// put stores the colour as 8-bit R, G, B, A in p.
func (a rgb) put(p []uint8) {
	p[0], p[1], p[2], p[3] = to8(a.r), to8(a.g), to8(a.b), 255
}

// to8 converts [0, 1] to 8 bits. Other values are clamped.
func to8(v float32) uint8 { return uint8(clamp(v)*255 + 0.5) }

// clamp returns the value in [0, 1] that is nearest to v.
func clamp(v float32) float32 { return min(max(v, 0), 1) }

// smooth goes smoothly from 0 at v = a to 1 at v = b. a may be above b.
func smooth(a, b, v float32) float32 {
	t := clamp((v - a) / (b - a))
	return t * t * (3 - 2*t)
}

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

// A random is a generator (xorshift64*). For one seed it returns the same numbers on every machine.
type random uint64

// next returns a number in [0, 1).
func (r *random) next() float32 {
	x := uint64(*r)
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	*r = random(x)
	return float32((x*0x2545f4914f6cdd1d)>>40) / (1 << 24) // the product's highest 24 bits
}

// A noise is a field of random values in [0, 1], interpolated between the points of a lattice. The
// field repeats after 256 points in both directions.
type noise struct {
	v []float32 // the value at each point of the lattice, row by row
}

// lattice is the number of points of a noise in one direction.
const lattice = 256

// newNoise returns the field for a seed.
func newNoise(seed uint64) *noise {
	n := &noise{make([]float32, lattice*lattice)}
	r := random((seed * 0x9e3779b97f4a7c15) | 1) // the generator must not begin at 0
	for i := range n.v {
		n.v[i] = r.next()
	}
	return n
}

// at returns the field's value at x, y. One unit is the distance between two points of the lattice.
func (n *noise) at(x, y float32) float32 {
	ix, iy := floor(x), floor(y)
	fx, fy := x-float32(ix), y-float32(iy)   // where between the points, in [0, 1)
	tx, ty := fx*fx*(3-2*fx), fy*fy*(3-2*fy) // smooth(0, 1, fx) and smooth(0, 1, fy)
	x0, y0 := ix&(lattice-1), iy&(lattice-1)
	x1, y1 := (x0+1)&(lattice-1), (y0+1)&(lattice-1)
	a, b := n.v[y0*lattice+x0], n.v[y0*lattice+x1]
	c, d := n.v[y1*lattice+x0], n.v[y1*lattice+x1]
	top, bottom := a+(b-a)*tx, c+(d-c)*tx
	return top + (bottom-top)*ty
}

// floor returns the largest integer that is at most v.
func floor(v float32) int {
	i := int(v)
	if v < float32(i) {
		i--
	}
	return i
}

// sum returns the weighted mean of several octaves of the field. An octave has twice the frequency
// and half the weight of the one before. The mean is in [0, 1].
func (n *noise) sum(x, y float32, octaves int) float32 {
	var v, weights float32
	weight := float32(1)
	for i := range octaves {
		v += weight * n.at(x+float32(i)*17.3, y+float32(i)*9.1) // each octave from another place
		weights += weight
		x, y, weight = x*2, y*2, weight/2
	}
	return v / weights
}
