package icc

// This file implements lookup tables to sRGB on rows. The profile's table is resampled, node by
// node and only where the picture needs it, to a finer grid that holds sRGB samples.

import "math"

// A grid holds three sRGB samples at each node, packed into a uint64 of three 21-bit lanes so that
// one multiplication weighs all three. A lane is 0 to gridMax: (sample + gridBias) in sixteenths,
// where the bias leaves room for values outside sRGB, which nodes beside the edge of the gamut may
// have. Weights sum to 256 and the lanes to less than 2^21. The zero uint64 is a node not yet
// computed.
type grid struct {
	lut    *lut
	black  [3]float64 // black point compensation: XYZ * scale + offset
	scale  [3]float64
	fine   [4]int         // grid steps for each step of the profile's CLUT
	nodes  [4]int         // of this grid, along each channel
	step   [4]int         // between neighbors in packed
	pos    [4][256]uint16 // an 8-bit sample's place, in 1/256 nodes
	packed []uint64
}

const (
	gridOne  = 16
	gridBias = 64
	gridMax  = gridOne * (255 + 2*gridBias)
	laneBits = 21
	laneMask = 1<<laneBits - 1
)

// maxNodes bounds a grid's memory to 32 MB, of which only the touched pages are used.
const maxNodes = 4 << 20

func newGrid(l *lut, p *Profile) (*grid, error) {
	g := &grid{lut: l}
	want := 65 // nodes along a channel; few of them are touched
	if l.in == 4 {
		want = 17
	}
	// There are at most 2*want nodes along a channel, or the number that the profile has.
	size := 1
	for i := l.in - 1; i >= 0; i-- {
		cells := 1
		if l.clut != nil {
			cells = l.grid[i] - 1
		}
		g.fine[i] = (want - 2 + cells) / cells
		g.nodes[i] = cells*g.fine[i] + 1
		g.step[i] = size
		size *= g.nodes[i]
		for v := range 256 {
			x := float64(v) / 255
			if l.a != nil {
				x = l.a[i].at(x)
			}
			g.pos[i][v] = uint16(math.Round(x * float64(g.nodes[i]-1) * 256))
		}
	}
	if size > maxNodes {
		return nil, UnsupportedError("size of lookup table")
	}
	g.packed = make([]uint64, size)
	g.compensate(p)
	return g, nil
}

// compensate sets up black point compensation, as ICC white paper 40 describes it: the darkest
// color that the device makes becomes sRGB black. A perceptual table of version 4 has a black point
// of its own (ICC.1:2022 section 6.3.4.3).
func (g *grid) compensate(p *Profile) {
	black := [3]float64{0.00336, 0.0034731, 0.00287}
	if p.version < 4 || p.tag("A2B0") == nil {
		var v [4]byte
		if p.space == CMYK {
			v = [4]byte{255, 255, 255, 255}
		}
		L := xyzToL(g.xyz(&[4]int{int(g.pos[0][v[0]]), int(g.pos[1][v[1]]), int(g.pos[2][v[2]]), int(g.pos[3][v[3]])})[1])
		black = labToXYZ(min(max(L, 0), 50), 0, 0)
	}
	for i, w := range d50 {
		g.scale[i] = w / (w - black[i])
		g.black[i] = -black[i] * g.scale[i]
	}
}

// xyz evaluates the profile at a place in 1/256 nodes.
func (g *grid) xyz(at *[4]int) [3]float64 {
	var pos [4]float64
	for i := range g.lut.in {
		pos[i] = float64(at[i]) / float64(256*g.fine[i])
	}
	return g.lut.afterA(&pos)
}

// node returns the packed samples of node n.
func (g *grid) node(n int) uint64 {
	if v := g.packed[n]; v != 0 {
		return v
	}
	var at [4]int
	for i, rest := 0, n; i < g.lut.in; i++ {
		at[i] = rest / g.step[i] * 256
		rest %= g.step[i]
	}
	xyz := g.xyz(&at)
	for i := range xyz {
		xyz[i] = xyz[i]*g.scale[i] + g.black[i]
	}
	var v uint64
	for c := range 3 {
		m := xyzToSRGB[3*c : 3*c+3]
		s := 255*encode(m[0]*xyz[0]+m[1]*xyz[1]+m[2]*xyz[2]) + gridBias
		if !(s > 0) {
			s = 0
		}
		v |= uint64(min(math.Round(s*gridOne), gridMax)) << (c * laneBits)
	}
	v |= 1 << 63 // keeps computed nodes different from zero
	g.packed[n] = v
	return v
}

// sum unpacks three lanes whose weights summed to 256.
func sum(v uint64) (r, gr, b byte) {
	return lane(v), lane(v >> laneBits), lane(v >> (2 * laneBits))
}

// lane returns the sample of the lowest lane of v: the interpolated sum, rounded, without gridBias,
// and clamped.
func lane(v uint64) byte {
	const shift = 8 + 4
	return byte(min(max((int(v&laneMask)+1<<(shift-1))>>shift-gridBias, 0), 255))
}

const nodeMask = 1<<63 - 1

// rgb and cmyk interpolate as lut.interpolate does, in integers.
func (g *grid) rgb(row []byte, stride int) {
	for ; len(row) >= stride; row = row[stride:] {
		p0, p1, p2 := uint(g.pos[0][row[0]]), uint(g.pos[1][row[1]]), uint(g.pos[2][row[2]])
		n := int(p0>>8)*g.step[0] + int(p1>>8)*g.step[1] + int(p2>>8)*g.step[2]
		f0, f1, f2 := p0&255, p1&255, p2&255
		s0, s1, s2 := g.step[0], g.step[1], g.step[2]
		if f0 < f1 {
			f0, f1, s0, s1 = f1, f0, s1, s0
		}
		if f1 < f2 {
			f1, f2, s1, s2 = f2, f1, s2, s1
		}
		if f0 < f1 {
			f0, f1, s0, s1 = f1, f0, s1, s0
		}
		v := (g.node(n) & nodeMask) * uint64(256-f0)
		if f0 > 0 {
			n += s0
			v += (g.node(n) & nodeMask) * uint64(f0-f1)
			if f1 > 0 {
				n += s1
				v += (g.node(n) & nodeMask) * uint64(f1-f2)
				if f2 > 0 {
					v += (g.node(n+s2) & nodeMask) * uint64(f2)
				}
			}
		}
		row[0], row[1], row[2] = sum(v)
	}
}

func (g *grid) cmyk(dst, src []byte, inverted bool) {
	var flip byte
	if inverted {
		flip = 255
	}
	for ; len(src) >= 4; dst, src = dst[3:], src[4:] {
		var f [4]uint
		n := 0
		s := g.step
		for i := range 4 {
			p := uint(g.pos[i][src[i]^flip])
			n += int(p>>8) * s[i]
			f[i] = p & 255
		}
		// A sorting network for four.
		swap := func(i, j int) {
			if f[i] < f[j] {
				f[i], f[j], s[i], s[j] = f[j], f[i], s[j], s[i]
			}
		}
		swap(0, 1)
		swap(2, 3)
		swap(0, 2)
		swap(1, 3)
		swap(1, 2)
		v := (g.node(n) & nodeMask) * uint64(256-f[0])
		for i := 0; i < 4 && f[i] > 0; i++ {
			n += s[i]
			w := f[i]
			if i < 3 {
				w -= f[i+1]
			}
			v += (g.node(n) & nodeMask) * uint64(w)
		}
		dst[0], dst[1], dst[2] = sum(v)
	}
}
