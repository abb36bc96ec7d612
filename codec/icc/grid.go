package icc

// This file converts rows to sRGB by the lookup table of a profile. The table is resampled to a
// finer grid of sRGB samples. A node of the grid is computed when a pixel first needs the node.

import (
	"math"

	"miniatura/codec/internal/num"
)

// A grid is a lattice over the device space, with three sRGB samples at each node. They are packed
// into three lanes of a uint64, so that one multiplication weighs all three. A lane holds
// (sample + gridBias) in sixteenths, clamped to 0..gridMax. The bias leaves room for samples
// outside 0..255, which nodes beside the edge of the gamut may have. A color between nodes is a sum
// of nodes with weights in 1/256. The lanes of the sum fit into 21 bits: 256*gridMax < 2^21.
type grid struct {
	lut      *lut
	offset   [3]float64 // black point compensation: XYZ*scale + offset
	scale    [3]float64
	fineness [4]int         // grid steps for each step of the profile's CLUT
	nodes    [4]int         // number of nodes along each channel
	step     [4]int         // distance in packed between neighbors along each channel
	pos      [4][256]uint16 // position of each 8-bit sample along each channel, in 1/256 grid steps
	packed   []uint64       // the nodes; 0 if not yet computed
}

const (
	gridOneBits = 4
	gridOne     = 1 << gridOneBits
	gridBias    = 64
	gridMax     = gridOne * (255 + 2*gridBias)
	laneBits    = 21
	oneLane     = 1<<laneBits - 1 // mask of the lowest lane
	computed    = 1 << 63         // set in all computed nodes, so that none is 0
	allLanes    = computed - 1    // mask of the three lanes
)

// maxNodes bounds a grid's memory to 32 MB, of which only the touched pages are used.
const maxNodes = 4 << 20

// newGrid returns a grid for l, the lookup table of p. It computes no node yet.
func newGrid(l *lut, p *Profile) (*grid, error) {
	g := &grid{lut: l}
	leastNodes := 65 // along a channel; pixels touch few nodes of the grid
	if l.in == 4 {
		leastNodes = 17
	}
	// The nodes of the CLUT are also nodes of the grid. So a channel can have nearly twice
	// leastNodes, or as many nodes as the CLUT has.
	size := 1
	for i := l.in - 1; i >= 0; i-- {
		cells := 1
		if l.clut != nil {
			cells = l.nodes[i] - 1
		}
		g.fineness[i] = num.DivUp(leastNodes-1, cells)
		g.nodes[i] = cells*g.fineness[i] + 1
		g.step[i] = size
		size *= g.nodes[i]
		for v := range 256 {
			x := float64(v) / 255
			if l.aCurves != nil {
				x = l.aCurves[i].eval(x)
			}
			g.pos[i][v] = uint16(math.Round(x * float64(g.nodes[i]-1) * 256))
		}
	}
	if size > maxNodes {
		return nil, UnsupportedError("size of lookup table")
	}
	g.packed = make([]uint64, size)
	g.setCompensation(p)
	return g, nil
}

// setCompensation sets up black point compensation, as ICC white paper 40 describes it: the black
// of the profile becomes the black of sRGB. All profiles of version 4 with a perceptual table,
// AToB0, have the same black (ICC.1:2022 section 6.3.4.3). In other profiles black is a neutral
// color. Its L* is that of full ink in all channels, or of no light, but at most 50.
func (g *grid) setCompensation(p *Profile) {
	black := [3]float64{0.00336, 0.0034731, 0.00287} // of version 4
	if p.version < 4 || p.tag("A2B0") == nil {
		var sample byte // full ink or no light, in all channels
		if p.space == CMYK {
			sample = 255
		}
		var pos [4]int
		for i := range pos {
			pos[i] = int(g.pos[i][sample])
		}
		L := yToL(g.xyz(&pos)[1])
		black = labToXYZ(min(max(L, 0), 50), 0, 0)
	}
	for i, white := range d50 {
		g.scale[i] = white / (white - black[i])
		g.offset[i] = -black[i] * g.scale[i]
	}
}

// xyz returns XYZ by the profile, without compensation. The unit of gridPos is 1/256 grid step.
func (g *grid) xyz(gridPos *[4]int) [3]float64 {
	var pos [4]float64 // in steps of the CLUT
	for i := range g.lut.in {
		pos[i] = float64(gridPos[i]) / float64(256*g.fineness[i])
	}
	return g.lut.evalAfterA(&pos)
}

// node returns packed[n], and computes it first if it is not yet computed.
func (g *grid) node(n int) uint64 {
	if v := g.packed[n]; v != 0 {
		return v
	}
	var pos [4]int // of the node, in 1/256 grid steps
	rest := n
	for i := range g.lut.in {
		pos[i] = rest / g.step[i] * 256
		rest %= g.step[i]
	}
	xyz := g.xyz(&pos)
	for i := range xyz {
		xyz[i] = xyz[i]*g.scale[i] + g.offset[i]
	}
	var v uint64
	for c := range 3 {
		m := xyzToSRGB[3*c : 3*c+3]
		s := 255*encode(m[0]*xyz[0]+m[1]*xyz[1]+m[2]*xyz[2]) + gridBias
		if !(s > 0) { // negative or NaN
			s = 0
		}
		lane := uint64(min(math.Round(s*gridOne), gridMax))
		v |= lane << (c * laneBits)
	}
	v |= computed
	g.packed[n] = v
	return v
}

// unpack returns the three samples of v, a sum of nodes whose weights sum to 256.
func unpack(v uint64) (r, g, b byte) {
	return lowestLane(v), lowestLane(v >> laneBits), lowestLane(v >> (2 * laneBits))
}

// lowestLane returns the sample in the lowest lane of v, rounded and clamped to 0..255.
func lowestLane(v uint64) byte {
	const shift = 8 + gridOneBits // 8, because the weights sum to 1<<8
	rounded := (int(v&oneLane) + 1<<(shift-1)) >> shift
	return byte(min(max(rounded-gridBias, 0), 255))
}

// rgb converts pixels of stride bytes in place. Their first three bytes are R, G and B. It
// interpolates between nodes as lut.interpolate does, with fractions and weights in 1/256.
func (g *grid) rgb(row []byte, stride int) {
	for ; len(row) >= stride; row = row[stride:] {
		// p is the position of a sample. n is the node below all three, f the fraction of a grid step
		// from n to p, and s how far the next node along the channel is from n.
		p0, p1, p2 := uint(g.pos[0][row[0]]), uint(g.pos[1][row[1]]), uint(g.pos[2][row[2]])
		n := int(p0>>8)*g.step[0] + int(p1>>8)*g.step[1] + int(p2>>8)*g.step[2]
		f0, f1, f2 := p0&255, p1&255, p2&255
		s0, s1, s2 := g.step[0], g.step[1], g.step[2]
		// Sort by fraction, the largest first.
		if f0 < f1 {
			f0, f1, s0, s1 = f1, f0, s1, s0
		}
		if f1 < f2 {
			f1, f2, s1, s2 = f2, f1, s2, s1
		}
		if f0 < f1 {
			f0, f1, s0, s1 = f1, f0, s1, s0
		}
		// Walk to the highest corner of the cell; stop where the weights that remain are 0.
		v := (g.node(n) & allLanes) * uint64(256-f0)
		if f0 > 0 {
			n += s0
			v += (g.node(n) & allLanes) * uint64(f0-f1)
			if f1 > 0 {
				n += s1
				v += (g.node(n) & allLanes) * uint64(f1-f2)
				if f2 > 0 {
					v += (g.node(n+s2) & allLanes) * uint64(f2)
				}
			}
		}
		row[0], row[1], row[2] = unpack(v)
	}
}

// cmyk converts pixels of 4 bytes in src to pixels of 3 bytes in dst. See Transform.CMYK. It
// interpolates as rgb does, but along four channels.
func (g *grid) cmyk(dst, src []byte, inverted bool) {
	var flip byte // a sample ^ flip is the amount of ink
	if inverted {
		flip = 255
	}
	for ; len(src) >= 4; dst, src = dst[3:], src[4:] {
		n := 0        // the node below the color
		var f [4]uint // by channel: the fraction of a grid step from n to the color
		s := g.step   // by channel: how far the next node is from n; a copy, sorted with f
		for i := range 4 {
			p := uint(g.pos[i][src[i]^flip]) // position of the sample
			n += int(p>>8) * s[i]
			f[i] = p & 255
		}
		// Sort by fraction, the largest first, with a sorting network for four.
		sortPair := func(i, j int) {
			if f[i] < f[j] {
				f[i], f[j], s[i], s[j] = f[j], f[i], s[j], s[i]
			}
		}
		sortPair(0, 1)
		sortPair(2, 3)
		sortPair(0, 2)
		sortPair(1, 3)
		sortPair(1, 2)
		// Walk to the highest corner of the cell; stop where the weights that remain are 0.
		v := (g.node(n) & allLanes) * uint64(256-f[0])
		for i := 0; i < 4 && f[i] > 0; i++ {
			n += s[i]
			weight := f[i]
			if i < 3 {
				weight -= f[i+1]
			}
			v += (g.node(n) & allLanes) * uint64(weight)
		}
		dst[0], dst[1], dst[2] = unpack(v)
	}
}
