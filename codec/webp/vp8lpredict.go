package webp

// This file implements the forward direction of VP8L's transforms, RFC 9649 section 3.5: predictor,
// subtract green and color indexing.

import (
	"math"
	"slices"
)

// Transform types (RFC 9649 section 3.5).
const (
	transformPredictor     = 0
	transformSubtractGreen = 2
	transformColorIndexing = 3
)

// average2 and subtract compute all four channels of a pixel at once, a byte each, without carries
// between them.

// average2 returns (a+b)/2 rounded down in every channel.
func average2(a, b uint32) uint32 { return (a^b)&0xfefefefe>>1 + a&b }

// subtract returns a-b modulo 256 in every channel.
func subtract(a, b uint32) uint32 {
	ag := 0x00ff00ff + a&0xff00ff00 - b&0xff00ff00
	rb := 0xff00ff00 + a&0x00ff00ff - b&0x00ff00ff
	return ag&0xff00ff00 | rb&0x00ff00ff
}

// subtractGreen subtracts green from red and blue, in place.
func subtractGreen(pix []uint32) {
	for i, p := range pix {
		g := p >> 8 & 255
		pix[i] = subtract(p, g<<16|g)
	}
}

// predictPixel returns the prediction of mode (RFC 9649, table of section 3.5.1) for a pixel that
// is in neither the first row nor the first column. l, t, tr and tl are its left, upper,
// upper-right and upper-left neighbors. For a pixel in the last column, tr is the first pixel of
// the row that this pixel is in.
func predictPixel(mode int, l, t, tr, tl uint32) uint32 {
	switch mode {
	case 0:
		return 0xff000000
	case 1:
		return l
	case 2:
		return t
	case 3:
		return tr
	case 4:
		return tl
	case 5:
		return average2(average2(l, tr), t)
	case 6:
		return average2(l, tl)
	case 7:
		return average2(l, t)
	case 8:
		return average2(tl, t)
	case 9:
		return average2(t, tr)
	case 10:
		return average2(average2(l, tl), average2(t, tr))
	case 11:
		return selectPredictor(l, t, tl)
	case 12:
		var v uint32
		for s := 0; s < 32; s += 8 {
			v |= uint32(clamp8(int(l>>s&255)+int(t>>s&255)-int(tl>>s&255))) << s
		}
		return v
	default:
		a := average2(l, t)
		var v uint32
		for s := 0; s < 32; s += 8 {
			x := int(a >> s & 255)
			v |= uint32(clamp8(x+(x-int(tl>>s&255))/2)) << s
		}
		return v
	}
}

// selectPredictor returns l or t, whichever is nearer to l+t-tl.
func selectPredictor(l, t, tl uint32) uint32 {
	d := 0 // how much farther away l is than t, summed over the channels
	for s := 0; s < 32; s += 8 {
		c := int(tl >> s & 255)
		p, q := int(t>>s&255)-c, int(l>>s&255)-c
		d += max(p, -p) - max(q, -q)
	}
	if d < 0 {
		return l
	}
	return t
}

const (
	numPredictors = 14
	modeGradient  = 12 // left + upper - upper left, clamped
)

// residualsOf sets dst to the residuals of pix[from:from+len(dst)] after prediction by mode.
// The picture is w pixels wide. The pixels are in one row, which is not the first row, and none of
// them is in the first column.
func residualsOf(dst, pix []uint32, mode, from, w int) {
	n := len(dst)
	cur, l := pix[from:][:n], pix[from-1:][:n]
	tl, t, tr := pix[from-w-1:][:n], pix[from-w:][:n], pix[from-w+1:][:n]
	switch mode {
	case 0:
		for i, p := range cur {
			dst[i] = subtract(p, 0xff000000)
		}
	case 1:
		for i, p := range cur {
			dst[i] = subtract(p, l[i])
		}
	case 2:
		for i, p := range cur {
			dst[i] = subtract(p, t[i])
		}
	case 7:
		for i, p := range cur {
			dst[i] = subtract(p, average2(l[i], t[i]))
		}
	case 11:
		for i, p := range cur {
			dst[i] = subtract(p, selectPredictor(l[i], t[i], tl[i]))
		}
	default:
		for i, p := range cur {
			dst[i] = subtract(p, predictPixel(mode, l[i], t[i], tr[i], tl[i]))
		}
	}
}

// A predictor chooses the modes of a picture's tiles.
type predictor struct {
	pix, out []uint32
	w, h     int
	bits     uint            // tiles are 1<<bits pixels a side
	rowStep  int             // one row in so many is sampled
	colored  bool            // red or blue is used
	counts   [4][256]uint32  // of the residuals so far: of blue, green, red and alpha
	cost     [4][256]float32 // bits of a residual by these counts
}

// predictorTransform writes the residuals of pix, w to a row, to out. It returns the modes of the
// tiles, which are 1<<tileBits pixels wide and high, as pixels of the sub-resolution image that
// stores them.
//
// A tile gets the mode whose residuals take the fewest bits under the frequencies of the residuals
// so far. These bits are computed again after each row of tiles. Of each tile, one row in rowStep
// is sampled.
func predictorTransform(out, pix []uint32, w, h int, tileBits uint, rowStep int) []uint32 {
	p := predictor{pix: pix, out: out, w: w, h: h, bits: tileBits, rowStep: rowStep, colored: hasColor(pix)}
	tilesX, tilesY := (w+1<<tileBits-1)>>tileBits, (h+1<<tileBits-1)>>tileBits
	modes := make([]uint32, tilesX*tilesY)
	for c := range p.counts {
		for v := range 256 {
			// Before any residuals are counted, those of magnitude d get a count of 64/(1+d*d/4).
			d := float64(min(v, 256-v))
			p.counts[c][v] = uint32(64 / (1 + d*d/4))
		}
	}
	for ty := range tilesY {
		for c := range p.cost {
			costOf(p.cost[c][:], p.counts[c][:])
		}
		mode := -1 // of the tile before
		for tx := range tilesX {
			mode = p.choose(tx, ty, mode)
			modes[ty*tilesX+tx] = 0xff000000 | uint32(mode)<<8
			p.apply(tx, ty, mode)
		}
	}
	return modes
}

// inner returns the rectangle of those pixels of a tile that are predicted by the tile's mode: all
// but the first row and the first column of the picture. It ends before x1 and y1, and may be
// empty.
func (p *predictor) inner(tx, ty int) (x0, y0, x1, y1 int) {
	return max(tx<<p.bits, 1), max(ty<<p.bits, 1), min((tx+1)<<p.bits, p.w), min((ty+1)<<p.bits, p.h)
}

// choose returns the mode of a tile. left is the mode of the tile to the left of it, or -1 if there
// is none. That mode is taken where it predicts the tile exactly, or where no mode is needed.
func (p *predictor) choose(tx, ty, left int) int {
	x0, y0, x1, y1 := p.inner(tx, ty)
	if x0 >= x1 || y0 >= y1 {
		return max(left, 0)
	}
	if left >= 0 && p.predictsExactly(left, x0, y0, x1, y1) {
		return left
	}
	best, least := 0, float32(math.MaxFloat32)
	for mode := range numPredictors {
		sum := float32(0)
		if mode != left {
			sum = 3 // a change of mode takes bits too
		}
		for y := y0; y < y1 && sum < least; y += p.rowStep {
			sum += p.rowCost(mode, y*p.w+x0, x1-x0)
		}
		if sum < least {
			best, least = mode, sum
		}
	}
	return best
}

// maxTile is the largest side of a tile.
const maxTile = 1 << 4

// predictsExactly reports whether mode predicts each pixel of the rectangle exactly. The rectangle
// ends before x1 and y1.
func (p *predictor) predictsExactly(mode, x0, y0, x1, y1 int) bool {
	var r [maxTile]uint32
	for y := y0; y < y1; y++ {
		row := r[:x1-x0]
		residualsOf(row, p.pix, mode, y*p.w+x0, p.w)
		or := uint32(0)
		for _, v := range row {
			or |= v
		}
		if or != 0 {
			return false
		}
	}
	return true
}

// rowCost returns the bits that the n pixels at position from take as residuals of mode.
func (p *predictor) rowCost(mode, from, n int) (sum float32) {
	var r [maxTile]uint32
	residualsOf(r[:n], p.pix, mode, from, p.w)
	if !p.colored {
		for _, v := range r[:n] {
			sum += p.cost[1][v>>8&255]
		}
		return sum
	}
	for _, v := range r[:n] {
		sum += p.cost[0][v&255] + p.cost[1][v>>8&255] + p.cost[2][v>>16&255] + p.cost[3][v>>24]
	}
	return sum
}

// apply writes a tile's residuals to out and counts them.
func (p *predictor) apply(tx, ty, mode int) {
	x0, y0, x1, y1 := tx<<p.bits, ty<<p.bits, min((tx+1)<<p.bits, p.w), min((ty+1)<<p.bits, p.h)
	for y := y0; y < y1; y++ {
		i, end := y*p.w+x0, y*p.w+x1
		// The first row is predicted from the left, and the first column from above. The first
		// pixel is predicted to be opaque black.
		switch {
		case y == 0 && x0 == 0:
			p.out[i] = subtract(p.pix[i], 0xff000000)
			i++
			fallthrough
		case y == 0:
			for ; i < end; i++ {
				p.out[i] = subtract(p.pix[i], p.pix[i-1])
			}
		case x0 == 0:
			p.out[i] = subtract(p.pix[i], p.pix[i-p.w])
			i++
			fallthrough
		default:
			residualsOf(p.out[i:end], p.pix, mode, i, p.w)
		}
		for _, r := range p.out[y*p.w+x0 : end] {
			p.counts[0][r&255]++
			p.counts[1][r>>8&255]++
			p.counts[2][r>>16&255]++
			p.counts[3][r>>24]++
		}
	}
}

// palette returns the colors of pix in ascending order, or nil if there are more than limit.
func palette(pix []uint32, limit int) []uint32 {
	const slots = 1024
	var table [slots]uint32
	var taken [slots]bool
	var colors []uint32
	last := ^uint32(0)
	for i, p := range pix {
		if i > 0 && p == last {
			continue
		}
		last = p
		k := p * 0x9e3779b1 >> 22 // a hash of 10 bits, as there are 1024 slots
		for taken[k] && table[k] != p {
			k = (k + 1) % slots
		}
		if taken[k] {
			continue
		}
		if len(colors) == limit {
			return nil
		}
		taken[k], table[k] = true, p
		colors = append(colors, p)
	}
	slices.Sort(colors)
	return colors
}

// bundle returns a picture of the palette indices of pix, in green, and the width of this picture.
// If there are at most 16 colors, a pixel of it holds several indices (RFC 9649 3.5.4).
func bundle(pix []uint32, w, h int, colors []uint32) (out []uint32, bundled int) {
	bits := uint(8) // bits of one index
	switch n := len(colors); {
	case n <= 2:
		bits = 1
	case n <= 4:
		bits = 2
	case n <= 16:
		bits = 4
	}
	per := int(8 / bits) // indices in a pixel
	bundled = (w + per - 1) / per
	out = make([]uint32, bundled*h)
	last, lastIndex := colors[0], uint32(0)
	for y := range h {
		for x := range w {
			p := pix[y*w+x]
			if p != last {
				k, _ := slices.BinarySearch(colors, p)
				last, lastIndex = p, uint32(k)
			}
			out[y*bundled+x/per] |= lastIndex << (8 + uint(x%per)*bits)
		}
	}
	for i := range out {
		out[i] |= 0xff000000
	}
	return out, bundled
}
