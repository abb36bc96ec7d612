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

// average2 returns (a+b)/2, rounded down, in every channel. It computes all four at once: the bits
// that a and b share, plus half of those in which they differ.
func average2(a, b uint32) uint32 { return ((a^b)&0xfefefefe)>>1 + (a & b) }

// subtract returns a-b modulo 256 in every channel. It computes two channels at once. The bytes
// beside these begin as 0xff, so that a borrow ends there.
func subtract(a, b uint32) uint32 {
	ag := 0x00ff00ff + (a & 0xff00ff00) - (b & 0xff00ff00) // alpha and green
	rb := 0xff00ff00 + (a & 0x00ff00ff) - (b & 0x00ff00ff) // red and blue
	return (ag & 0xff00ff00) | (rb & 0x00ff00ff)
}

// subtractGreen subtracts green from red and blue, in place.
func subtractGreen(pix []uint32) {
	for i, p := range pix {
		pix[i] = withoutGreen(p)
	}
}

// withoutGreen returns a pixel, or a residual, after green is subtracted from its red and blue.
func withoutGreen(pixel uint32) uint32 {
	g := (pixel >> 8) & 255
	return subtract(pixel, g<<16|g)
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
	case modeGradient:
		var v uint32
		for s := 0; s < 32; s += 8 { // for each channel
			left, top, corner := int((l>>s)&255), int((t>>s)&255), int((tl>>s)&255)
			v |= uint32(clamp8(left+top-corner)) << s
		}
		return v
	default: // 13: a + (a-tl)/2, where a is the average of l and t
		average := average2(l, t)
		var v uint32
		for s := 0; s < 32; s += 8 {
			a, corner := int((average>>s)&255), int((tl>>s)&255)
			v |= uint32(clamp8(a+(a-corner)/2)) << s
		}
		return v
	}
}

// selectPredictor returns l or t, whichever is nearer to l+t-tl, and t if both are equally near.
func selectPredictor(l, t, tl uint32) uint32 {
	d := 0 // how much farther away l is than t, summed over the channels
	for s := 0; s < 32; s += 8 {
		left, top, corner := int((l>>s)&255), int((t>>s)&255), int((tl>>s)&255)
		fromL, fromT := top-corner, left-corner // from l to l+t-tl, and from t to it
		d += max(fromL, -fromL) - max(fromT, -fromT)
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

// residualsOf sets dst to the residuals of pix[start:start+len(dst)] after prediction by mode. The
// picture is w pixels wide. The pixels are in one row, which is not the first row, and none of them
// is in the first column.
func residualsOf(dst, pix []uint32, mode, start, w int) {
	n := len(dst)
	// The neighbors of pixel cur[i] are l[i] and so on.
	cur, l := pix[start:][:n], pix[start-1:][:n]
	tl, t, tr := pix[start-w-1:][:n], pix[start-w:][:n], pix[start-w+1:][:n]
	switch mode { // some modes have loops of their own, which are faster
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

// Tiles of the predictor transform are predictorSide pixels wide and high.
const (
	predictorBits = 4
	predictorSide = 1 << predictorBits
)

// predictorTiles returns the number of tiles in each direction of a picture of w x h pixels.
func predictorTiles(w, h int) (tilesX, tilesY int) {
	tilesX = (w + predictorSide - 1) / predictorSide
	tilesY = (h + predictorSide - 1) / predictorSide
	return tilesX, tilesY
}

// A predictor chooses the modes of a picture's tiles, and writes the residuals.
type predictor struct {
	pix, out []uint32 // the pixels, and their residuals
	w, h     int
	rowStep  int // of a tile's rows, one in rowStep is looked at to choose the mode

	redOrBlue bool // some pixel's red or blue is not zero

	counts [4][256]uint32  // of the residuals so far: of blue, green, red and alpha, by value
	cost   [4][256]float32 // the bits that a residual takes by these counts
}

// predictorTransform writes the residuals of pix, a picture of w x h pixels, to out. It returns the
// modes of the tiles, as pixels of the image that stores them.
//
// A tile gets the mode whose residuals take the fewest bits if they are as frequent as in the rows
// of tiles above. Of a tile's rows, one in rowStep is looked at.
func predictorTransform(out, pix []uint32, w, h, rowStep int) []uint32 {
	p := predictor{pix: pix, out: out, w: w, h: h, rowStep: rowStep, redOrBlue: hasRedOrBlue(pix)}
	tilesX, tilesY := predictorTiles(w, h)
	modes := make([]uint32, tilesX*tilesY)
	for c := range p.counts {
		for v := range 256 {
			// Before any residuals are counted, those of magnitude d get a count of 64/(1+d*d/4).
			d := float64(min(v, 256-v))
			p.counts[c][v] = uint32(64 / (1 + d*d/4))
		}
	}
	for ty := range tilesY {
		// Update the costs once for each row of tiles.
		for c := range p.cost {
			costOf(p.cost[c][:], p.counts[c][:])
		}
		mode := -1 // of the tile to the left
		for tx := range tilesX {
			mode = p.choose(tx, ty, mode)
			modes[ty*tilesX+tx] = 0xff000000 | uint32(mode)<<8
			p.apply(tx, ty, mode)
		}
	}
	return modes
}

// area returns the rectangle of a tile's pixels. It ends before x1 and y1.
func (p *predictor) area(tx, ty int) (x0, y0, x1, y1 int) {
	x0, y0 = tx*predictorSide, ty*predictorSide
	x1, y1 = min(x0+predictorSide, p.w), min(y0+predictorSide, p.h)
	return x0, y0, x1, y1
}

// inner returns the rectangle of those pixels of a tile that are predicted by the tile's mode: all
// but the first row and the first column of the picture. It ends before x1 and y1, and may be
// empty.
func (p *predictor) inner(tx, ty int) (x0, y0, x1, y1 int) {
	x0, y0, x1, y1 = p.area(tx, ty)
	return max(x0, 1), max(y0, 1), x1, y1
}

// choose returns the mode of a tile. leftMode is the mode of the tile to the left, or -1 if there
// is none. leftMode is chosen if it predicts the tile exactly, or if no mode is needed because
// inner is empty.
func (p *predictor) choose(tx, ty, leftMode int) int {
	x0, y0, x1, y1 := p.inner(tx, ty)
	isEmpty := x0 >= x1 || y0 >= y1
	if isEmpty {
		return max(leftMode, 0)
	}
	if leftMode >= 0 && p.predictsExactly(leftMode, x0, y0, x1, y1) {
		return leftMode
	}
	best, least := 0, float32(math.MaxFloat32)
	for mode := range numPredictors {
		sum := float32(0)
		if mode != leftMode {
			sum = 3 // bits that a change of mode is estimated to take
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

// predictsExactly reports whether mode predicts each pixel of the rectangle exactly. The rectangle
// ends before x1 and y1.
func (p *predictor) predictsExactly(mode, x0, y0, x1, y1 int) bool {
	var r [predictorSide]uint32
	for y := y0; y < y1; y++ {
		row := r[:x1-x0]
		residualsOf(row, p.pix, mode, y*p.w+x0, p.w)
		or := uint32(0) // of the residuals: 0 only if all are 0
		for _, v := range row {
			or |= v
		}
		if or != 0 {
			return false
		}
	}
	return true
}

// rowCost returns the bits that the n pixels from position start on take as residuals of mode.
func (p *predictor) rowCost(mode, start, n int) (sum float32) {
	var r [predictorSide]uint32
	residualsOf(r[:n], p.pix, mode, start, p.w)
	if !p.redOrBlue { // red and blue are zero, and alpha is not counted either
		for _, v := range r[:n] {
			sum += p.cost[1][(v>>8)&255]
		}
		return sum
	}
	for _, v := range r[:n] {
		sum += p.cost[0][v&255] + p.cost[1][(v>>8)&255] + p.cost[2][(v>>16)&255] + p.cost[3][v>>24]
	}
	return sum
}

// apply writes a tile's residuals to out and counts them. Not all are predicted by mode: the first
// row is predicted from the left, the first column from above, and the first pixel of the picture
// to be opaque black.
func (p *predictor) apply(tx, ty, mode int) {
	x0, y0, x1, y1 := p.area(tx, ty)
	for y := y0; y < y1; y++ {
		i, end := y*p.w+x0, y*p.w+x1
		// The first pixel of the row, if the tile is at the left edge.
		if x0 == 0 {
			above := uint32(0xff000000)
			if y > 0 {
				above = p.pix[i-p.w]
			}
			p.out[i] = subtract(p.pix[i], above)
			i++
		}
		// The others.
		if y > 0 {
			residualsOf(p.out[i:end], p.pix, mode, i, p.w)
		} else {
			for ; i < end; i++ {
				p.out[i] = subtract(p.pix[i], p.pix[i-1])
			}
		}
		for _, r := range p.out[y*p.w+x0 : end] {
			p.counts[0][r&255]++
			p.counts[1][(r>>8)&255]++
			p.counts[2][(r>>16)&255]++
			p.counts[3][r>>24]++
		}
	}
}

// palette returns the colors of pix in ascending order, or nil if there are more than limit.
func palette(pix []uint32, limit int) []uint32 {
	// The colors found so far are in a hash table with linear probing. A hash has slotBits bits.
	const (
		slotBits = 10
		slots    = 1 << slotBits
	)
	var table [slots]uint32
	var taken [slots]bool
	var colors []uint32
	for i, p := range pix {
		if i > 0 && p == pix[i-1] {
			continue
		}
		k := (p * 0x9e3779b1) >> (32 - slotBits)
		for taken[k] && table[k] != p {
			k = (k + 1) % slots
		}
		if taken[k] {
			continue // the color is known
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

// bundle returns a picture whose green holds the palette indices of pix, and its width bw. If there
// are at most 16 colors, a pixel holds several indices, the first in the lowest bits (RFC 9649
// 3.5.4).
func bundle(pix []uint32, w, h int, colors []uint32) (out []uint32, bw int) {
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
	bw = (w + per - 1) / per
	out = make([]uint32, bw*h)
	last, lastIndex := colors[0], uint32(0) // of the pixel before
	for y := range h {
		for x := range w {
			p := pix[y*w+x]
			if p != last {
				k, _ := slices.BinarySearch(colors, p)
				last, lastIndex = p, uint32(k)
			}
			shift := 8 + uint(x%per)*bits // green begins at bit 8
			out[y*bw+x/per] |= lastIndex << shift
		}
	}
	for i := range out {
		out[i] |= 0xff000000 // the same everywhere, as decoders do not use this alpha
	}
	return out, bw
}
