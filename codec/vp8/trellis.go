package vp8

// This file implements trellis quantization. Every coefficient becomes its nearest level or the one
// below it. A block's levels are a path through these choices, because each level sets the context
// of the next. The chosen path has the least distortion plus lambda times the cost of its tokens.

// levelCost returns the cost of level v (a magnitude) in the row that starts at index row.
func (t *tokenCost) levelCost(row, v int) int64 {
	if v < levelRow-1 {
		return int64(t.level[(row+v)&(len(t.level)-1)])
	}
	return int64(t.largeLevelCost(row/levelRow, v))
}

// trellis replaces lev with the levels of coef that have the least distortion plus lambda times
// rate, in the unit of a score. The levels before first are not changed. It returns which of the
// levels from first on are not zero, the weighted sum of their squared errors, and the cost of the
// block.
func (t *tokenCost) trellis(lev, coef *[16]int16, m *quantMatrix, first, ctx int, lambda int64) (mask uint16, sse int64, rate int) {
	// mag has the magnitudes of the coefficients, near the nearest levels.
	var mag, near [16]int32
	end := 15 // the last position that may be nonzero
	for ; end >= first; end-- {
		v := int32(coef[end])
		v = (v ^ v>>31) - v>>31
		lev[end] = 0
		sse += int64(v*v) * int64(m.w[end])
		if uint32(v)+uint32(m.q[end])>>1 >= uint32(m.q[end]) {
			break
		}
	}
	best := int64(t.eob[first][ctx]) * lambda
	if end < first {
		return 0, sse, int(t.eob[first][ctx])
	}
	sse = 0
	for n := first; n < 16; n++ {
		v := int32(coef[n])
		v = (v ^ v>>31) - v>>31
		mag[n] = v
		near[n] = int32((uint32(v) + uint32(m.q[n])>>1) * uint32(m.iq[n]) >> 16)
		lev[n] = 0
		sse += int64(v*v) * int64(m.w[n])
	}
	// A node is one of two levels at a position: the nearest (0) or the one below it (1). Scores
	// are relative to a block of zeros.
	var from [16][2]uint8 // the node before
	s0, s1 := int64(0), int64(0)
	row0, row1 := first*rowsPerPos+ctx*levelRow, 0
	two := false // whether there are two nodes
	bestN, bestJ := -1, 0
	for n := first; n <= end; n++ {
		v, k := mag[n&15], int(near[n&15])
		next := (n + 1) * rowsPerPos
		a := s0 + lambda*t.levelCost(row0, k)
		if two {
			if b := s1 + lambda*t.levelCost(row1, k); b < a {
				a = b
				from[n&15][0] = 1
			}
		}
		if k == 0 {
			s0, row0, two = a, next+3*levelRow, false
			continue
		}
		e := v - int32(k)*int32(m.q[n&15])
		a += int64(e*e-v*v) * int64(m.w[n&15]) << scoreShift
		c := int(nextContext[min(k, levelRow-1)&(levelRow-1)])
		if x := a + lambda*int64(t.eob[n+1][c/levelRow&3]); x < best {
			best, bestN, bestJ = x, n, 0
		}
		k--
		b := s0 + lambda*t.levelCost(row0, k)
		if two {
			if x := s1 + lambda*t.levelCost(row1, k); x < b {
				b = x
				from[n&15][1] = 1
			}
		}
		e += int32(m.q[n&15])
		b += int64(e*e-v*v) * int64(m.w[n&15]) << scoreShift
		d := int(nextContext[min(k, levelRow-1)&(levelRow-1)])
		if k > 0 {
			if x := b + lambda*int64(t.eob[n+1][d/levelRow&3]); x < best {
				best, bestN, bestJ = x, n, 1
			}
		}
		s0, s1, row0, row1, two = a, b, next+c, next+d, true
	}
	change := int64(0) // of the sum of squared errors
	for n, j := bestN, bestJ; n >= first; n-- {
		k := near[n&15] - int32(j)
		j = int(from[n&15][j&1])
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
	return mask, sse + change, int((best - change<<scoreShift) / lambda)
}
