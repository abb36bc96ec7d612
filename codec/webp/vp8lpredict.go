// This file implements the transforms of VP8L in the forward direction, RFC 9649 section 3.5:
// predictor, subtract green and color indexing.

package webp

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

// Channels of four pixels at once, a byte each, without carries between them.

// average2 is (a+b)/2 rounded down in every channel.
func average2(a, b uint32) uint32 { return (a^b)&0xfefefefe>>1 + a&b }

// subtract is a-b modulo 256 in every channel.
func subtract(a, b uint32) uint32 {
	ag := 0x00ff00ff + a&0xff00ff00 - b&0xff00ff00
	rb := 0xff00ff00 + a&0x00ff00ff - b&0x00ff00ff
	return ag&0xff00ff00 | rb&0x00ff00ff
}

// subtractGreen takes green off red and blue, in place.
func subtractGreen(pix []uint32) {
	for i, p := range pix {
		g := p >> 8 & 255
		pix[i] = subtract(p, g<<16|g)
	}
}

// predictPixel gives the prediction of mode (RFC 9649 table of section 3.5.1) for a pixel that is
// in neither the first row nor the first column. l, t, tr, tl are its left, upper, upper-right and
// upper-left neighbours; the upper-right of the last column is the first pixel of its own row.
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

// selectPredictor gives whichever of l and t is nearer to l+t-tl.
func selectPredictor(l, t, tl uint32) uint32 {
	d := 0
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

const numPredictors = 14

// predictorTransform puts the residuals of pix (w wide) into out and gives the mode of each tile of
// 1<<tileBits pixels a side, as the pixels of the sub-resolution image that stores them.
//
// A tile takes the mode whose residuals cost fewest bits under the frequencies of the residuals
// so far; these are counted again after each row of tiles.
func predictorTransform(out, pix []uint32, w, h int, tileBits uint) []uint32 {
	tilesX, tilesY := (w+1<<tileBits-1)>>tileBits, (h+1<<tileBits-1)>>tileBits
	modes := make([]uint32, tilesX*tilesY)
	var counts [4][256]uint32
	var cost [4][256]float32
	for c := range counts {
		for v := range 256 {
			// Before anything is known: twice as rare for each doubling of the residual.
			d := float64(min(v, 256-v))
			counts[c][v] = uint32(64 / (1 + d*d/4))
		}
	}
	for ty := range tilesY {
		for c := range cost {
			costOf(cost[c][:], counts[c][:])
		}
		y0, y1 := ty<<tileBits, min((ty+1)<<tileBits, h)
		for tx := range tilesX {
			x0, x1 := tx<<tileBits, min((tx+1)<<tileBits, w)
			best, bestCost := 0, float32(math.MaxFloat32)
			left := -1
			if tx > 0 {
				left = int(modes[ty*tilesX+tx-1] >> 8 & 15)
			}
			for mode := range numPredictors {
				sum := float32(0)
				if mode != left {
					sum = 3 // the modes are coded too
				}
				for y := max(y0, 1); y < y1 && sum < bestCost; y++ {
					for x := max(x0, 1); x < x1; x++ {
						i := y*w + x
						r := subtract(pix[i], predictPixel(mode, pix[i-1], pix[i-w], pix[i-w+1], pix[i-w-1]))
						sum += cost[0][r&255] + cost[1][r>>8&255] + cost[2][r>>16&255] + cost[3][r>>24]
					}
				}
				if sum < bestCost {
					best, bestCost = mode, sum
				}
			}
			modes[ty*tilesX+tx] = 0xff000000 | uint32(best)<<8
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					i := y*w + x
					var p uint32
					switch {
					case i == 0:
						p = 0xff000000
					case y == 0:
						p = pix[i-1]
					case x == 0:
						p = pix[i-w]
					default:
						p = predictPixel(best, pix[i-1], pix[i-w], pix[i-w+1], pix[i-w-1])
					}
					r := subtract(pix[i], p)
					out[i] = r
					counts[0][r&255]++
					counts[1][r>>8&255]++
					counts[2][r>>16&255]++
					counts[3][r>>24]++
				}
			}
		}
	}
	return modes
}

// palette gives the colours of pix in ascending order, or nil when there are more than limit.
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
		k := p * 0x9e3779b1 >> 22
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

// bundle writes the palette index of every pixel as green, several to a pixel when there are few
// colours (RFC 9649 3.5.4), and gives the picture's new width.
func bundle(pix []uint32, w, h int, colors []uint32) (out []uint32, bundled int) {
	bits := uint(8) // of one index
	switch n := len(colors); {
	case n <= 2:
		bits = 1
	case n <= 4:
		bits = 2
	case n <= 16:
		bits = 4
	}
	per := int(8 / bits)
	bundled = (w + per - 1) / per
	out = make([]uint32, bundled*h)
	last, lastIndex := ^colors[0], uint32(0)
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
