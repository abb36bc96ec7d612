package vp8

// This file holds the state around the current macroblock: the samples that prediction reads (RFC
// 6386 section 12) and the token contexts (section 13.3).

// The luma workspace. Row 0 is the row above the macroblock, and rows 1 to 16 are the macroblock's.
// Columns 8 to 23 are the macroblock's, and column 7 is the one to its left. Columns 24 to 27 of
// row 0 are the samples above right. Rows 4, 8 and 12 repeat these four, because that is where the
// lower blocks of the last column read samples above right.
const (
	ybrStride = 32
	ybrY      = 1*ybrStride + 8 // the macroblock's first sample
	ybrSize   = 17 * ybrStride
)

// nonzero says which blocks at one edge of a macroblock have nonzero levels: 1 if a block has a
// nonzero level, otherwise 0.
type nonzero struct {
	y  [4]uint8
	uv [4]uint8 // two of U, two of V
	y2 uint8    // of the last macroblock that had a Y2
}

// clear records a macroblock without levels. If is4 is set, the macroblock has no Y2, so y2 stays.
func (z *nonzero) clear(is4 bool) {
	y2 := z.y2
	if !is4 {
		y2 = 0
	}
	*z = nonzero{y2: y2}
}

// neighbours gives the contexts of a macroblock's tokens (section 13.3). The context of a block
// says how many of its two neighbours, to the left and above, have nonzero levels. Blocks are
// numbered in the order in which they are written, and must be visited in this order. For each
// block, y2, y or uv returns the context. Then noteY2, noteY or noteUV records whether the block
// has nonzero levels (1 or 0), for the contexts of later blocks.
type neighbours struct{ left, up nonzero }

func (n *neighbours) y2() int      { return int(n.left.y2 + n.up.y2) }
func (n *neighbours) y(b int) int  { return int(n.left.y[yRow(b)] + n.up.y[yColumn(b)]) }
func (n *neighbours) uv(b int) int { return int(n.left.uv[uvRow(b)] + n.up.uv[uvColumn(b)]) }

func (n *neighbours) noteY2(nz uint8)        { n.left.y2, n.up.y2 = nz, nz }
func (n *neighbours) noteY(b int, nz uint8)  { n.left.y[yRow(b)], n.up.y[yColumn(b)] = nz, nz }
func (n *neighbours) noteUV(b int, nz uint8) { n.left.uv[uvRow(b)], n.up.uv[uvColumn(b)] = nz, nz }

// The row and the column of block b, as indices of nonzero.y and nonzero.uv. In nonzero.uv the two
// of V follow the two of U.
func yRow(b int) int     { return (b >> 2) & 3 }
func yColumn(b int) int  { return b & 3 }
func uvRow(b int) int    { return (b >> 1) & 3 }
func uvColumn(b int) int { return (b>>1)&2 | b&1 }

// clear records a macroblock without levels.
func (n *neighbours) clear(is4 bool) {
	n.left.clear(is4)
	n.up.clear(is4)
}

// anyLevel returns 1 if a block has a nonzero level, and 0 if it has none. Bit n of mask says that
// level n is not zero.
func anyLevel(mask uint16) uint8 {
	if mask != 0 {
		return 1
	}
	return 0
}

// Prediction uses these values for samples outside the picture (section 12.2).
const (
	aboveSample = 127
	leftSample  = 129
)

// prepare sets e.around.up and the borders of the workspace for macroblock mbx, mby.
func (e *Encoder) prepare(mbx, mby int) {
	ybr := &e.ybr
	e.around.up = e.topNZ[mbx]
	// The column to the left, and the corner above it.
	if mbx == 0 {
		for y := 1; y < 17; y++ {
			ybr[y*ybrStride+7] = leftSample
		}
		for i := range e.leftUV {
			e.leftUV[i] = leftSample
		}
		if mby == 0 {
			ybr[7] = aboveSample
			e.cornerUV = [2]byte{aboveSample, aboveSample}
		} else {
			ybr[7] = leftSample
			e.cornerUV = [2]byte{leftSample, leftSample}
		}
	} else {
		for y := 0; y < 17; y++ {
			ybr[y*ybrStride+7] = ybr[y*ybrStride+23]
		}
		// topUV still has the samples above the macroblock to the left.
		e.cornerUV = [2]byte{e.topUV[7], e.topUV[15]}
		for y := 0; y < 8; y++ {
			e.leftUV[y] = e.recUV[16*y+7]
			e.leftUV[8+y] = e.recUV[16*y+15]
		}
	}
	// The row above, and four samples above right.
	above := ybr[8:28]
	if mby == 0 {
		for i := range above {
			above[i] = aboveSample
		}
		for i := range e.topUV {
			e.topUV[i] = aboveSample
		}
	} else {
		copy(above, e.topRowY[16*mbx:])
		if mbx == e.mbw-1 {
			for i := 16; i < 20; i++ {
				above[i] = above[15] // no macroblock is above right
			}
		}
		copy(e.topUV[:], e.topRowUV[16*mbx:16*mbx+16])
	}
	for y := 4; y < 16; y += 4 { // the samples above right, for the last column of blocks
		copy(ybr[y*ybrStride+24:y*ybrStride+28], above[16:])
	}
}

// finish keeps the last rows of the reconstructed macroblock for the macroblocks below. It also
// copies the luma to e.sample if that keeps this row, and all samples to e.recon if that is set.
func (e *Encoder) finish(mbx, mby int) {
	e.topNZ[mbx] = e.around.up
	copy(e.topRowY[16*mbx:16*mbx+16], e.ybr[ybrY+15*ybrStride:])
	copy(e.topRowUV[16*mbx:16*mbx+16], e.recUV[7*16:])
	if s := &e.sample; mby/2%s.interval == 0 {
		// The pairs of rows that are kept are stored one below the other.
		pair := mby / 2 / s.interval
		row := 2*pair + (mby & 1) // of macroblocks in s.luma
		o := row*16*s.stride + 16*mbx
		for y := 0; y < 16; y++ {
			copy(s.luma[o+y*s.stride:][:16], e.ybr[ybrY+y*ybrStride:])
		}
	}
	if e.recon == nil {
		return
	}
	m := e.recon
	for y := 0; y < 16; y++ {
		copy(m.Y[(16*mby+y)*m.YStride+16*mbx:][:16], e.ybr[ybrY+y*ybrStride:])
	}
	for y := 0; y < 8; y++ {
		copy(m.Cb[(8*mby+y)*m.CStride+8*mbx:][:8], e.recUV[16*y:])
		copy(m.Cr[(8*mby+y)*m.CStride+8*mbx:][:8], e.recUV[16*y+8:])
	}
}
