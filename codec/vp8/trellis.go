package vp8

// This file implements trellis quantization. Every coefficient becomes its nearest level or the
// level one below. A block's levels are a path through these choices, because each level sets the
// context of the next. The chosen path has the least distortion plus lambda times the cost of its
// tokens.

// levelCost returns the cost of a level of magnitude v in the row that starts at t.level[row].
func (t *tokenCost) levelCost(row, v int) int64 {
	if v < rowSize-1 {
		return int64(t.level[(row+v)&(len(t.level)-1)])
	}
	return int64(t.largeLevelCost(row/rowSize, v))
}

// trellis quantizes coef to lev, from position first on, so that the score is least: the distortion
// plus lambda times the cost. ctx is the context of the first token. trellis returns the mask of
// the levels that are not zero (bit n for lev[n]), the weighted sum of the squared errors, and the
// cost of the block.
func (t *tokenCost) trellis(lev, coef *[16]int16, m *quantMatrix, first, ctx int, lambda int64) (mask uint16, sse int64, rate int) {
	var mag, near [16]int32 // magnitudes of the coefficients, and their nearest levels
	// Find the last position whose nearest level is not zero. If there is none, the block is empty.
	end := 15
	for ; end >= first; end-- {
		c := int32(coef[end])
		sign := c >> 31
		v := (c ^ sign) - sign // magnitude
		lev[end] = 0
		sse += int64(v*v) * int64(m.w[end])
		q := uint32(m.q[end])
		if uint32(v)+q>>1 >= q {
			break
		}
	}
	best := int64(t.eob[first][ctx]) * lambda // the least score of a block, at first of an empty one
	if end < first {
		return 0, sse, int(t.eob[first][ctx])
	}
	// Begin with a block of zeros: sse is its error.
	sse = 0
	for n := first; n < 16; n++ {
		c := int32(coef[n])
		sign := c >> 31
		v := (c ^ sign) - sign
		half := uint32(m.q[n]) >> 1
		mag[n] = v
		near[n] = int32(((uint32(v) + half) * uint32(m.iq[n])) >> 16)
		lev[n] = 0
		sse += int64(v*v) * int64(m.w[n])
	}
	// A node is one of two levels at a position: the nearest (0) or the one below it (1). Scores
	// are relative to a block of zeros. s0 and s1 are the least scores of the paths to the nodes of
	// the position before, and row0 and row1 are where t.level has the costs of the next level on
	// these paths.
	var previous [16][2]uint8 // for each node, the node before it on the best path
	s0, s1 := int64(0), int64(0)
	row0, row1 := first*posSize+ctx*rowSize, 0
	two := false          // whether the position before has both nodes
	bestN, bestJ := -1, 0 // position and node where the best block ends
	for n := first; n <= end; n++ {
		v, k := mag[n&15], int(near[n&15])
		next := (n + 1) * posSize             // where the rows of the next position start
		a := s0 + lambda*t.levelCost(row0, k) // the score of node 0
		if two {
			if b := s1 + lambda*t.levelCost(row1, k); b < a {
				a = b
				previous[n&15][0] = 1
			}
		}
		if k == 0 { // there is no level below
			s0, row0, two = a, next+3*rowSize, false
			continue
		}
		e := v - int32(k)*int32(m.q[n&15]) // the error of level k
		a += (int64(e*e-v*v) * int64(m.w[n&15])) << scoreShift
		after0 := int(nextRow[min(k, rowSize-1)&(rowSize-1)])
		if x := a + lambda*int64(t.eob[n+1][(after0/rowSize)&3]); x < best {
			best, bestN, bestJ = x, n, 0
		}
		// The same for node 1. A block cannot end with a zero.
		k--
		b := s0 + lambda*t.levelCost(row0, k) // the score of node 1
		if two {
			if x := s1 + lambda*t.levelCost(row1, k); x < b {
				b = x
				previous[n&15][1] = 1
			}
		}
		e += int32(m.q[n&15])
		b += (int64(e*e-v*v) * int64(m.w[n&15])) << scoreShift
		after1 := int(nextRow[min(k, rowSize-1)&(rowSize-1)])
		if k > 0 {
			if x := b + lambda*int64(t.eob[n+1][(after1/rowSize)&3]); x < best {
				best, bestN, bestJ = x, n, 1
			}
		}
		s0, s1, row0, row1, two = a, b, next+after0, next+after1, true
	}
	// Follow the best path back to its start.
	change := int64(0) // of sse
	for n, j := bestN, bestJ; n >= first; n-- {
		k := near[n&15] - int32(j) // the level's magnitude
		j = int(previous[n&15][j&1])
		e := mag[n&15] - k*int32(m.q[n&15])
		change += int64(e*e-mag[n&15]*mag[n&15]) * int64(m.w[n&15])
		if coef[n&15] < 0 {
			k = -k
		}
		if k != 0 {
			mask |= 1 << uint(n&15)
		}
		lev[n&15] = int16(k)
	}
	// Without the change of the distortion, best is lambda times the cost.
	return mask, sse + change, int((best - change<<scoreShift) / lambda)
}
