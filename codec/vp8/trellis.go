package vp8

// This file quantizes blocks with their tokens' cost in view: of the nearest
// level and the one below it, for every coefficient at once, by the cheapest
// path through the contexts they make.

// levelCost prices level v (a magnitude) in the row that starts at index row.
func (t *tokenCost) levelCost(row, v int) int64 {
	if v < levelRow-1 {
		return int64(t.level[(row+v)&(len(t.level)-1)])
	}
	return int64(t.largeLevelCost(row/levelRow, v))
}

// trellis replaces lev with the levels of coef that cost least: distortion plus
// lambda times rate, scaled as a score. The levels before first stay as they
// are. It returns the position of the last nonzero level (-1: none) and the sum
// of the squared errors of the coefficients from first on.
func (t *tokenCost) trellis(lev, coef *[16]int16, m *quantMatrix, first, ctx int, lambda int64) (last int, sse int64) {
	// mag are the magnitudes, near their nearest levels.
	var mag, near [16]int32
	end := first - 1 // the last position that may be nonzero
	for n := first; n < 16; n++ {
		v := int32(coef[n])
		s := v >> 31
		v = (v ^ s) - s
		q := uint32(m.q[n])
		k := int32((uint32(v) + q>>1) * uint32(m.iq[n]) >> 16)
		mag[n], near[n] = v, k
		sse += int64(v) * int64(v)
		lev[n] = 0
		if k > 0 {
			end = n
		}
	}
	// A node is one of two levels at a position: near (0) or one less (1). Scores
	// are relative to the block of zeros.
	var from [16][2]uint8 // the node before
	score := [2]int64{0, 1 << 60}
	row := [2]int{first*rowsPerPos + ctx*levelRow, first * rowsPerPos}
	best := int64(t.eob[first][ctx]) * lambda
	bestN, bestJ := -1, 0
	for n := first; n <= end; n++ {
		v, k := int64(mag[n]), int(near[n])
		q := int64(m.q[n])
		nextScore := [2]int64{1 << 60, 1 << 60}
		nextRow := [2]int{(n + 1) * rowsPerPos, (n + 1) * rowsPerPos}
		for j := 0; j < 2 && k >= 0; j, k = j+1, k-1 {
			a := score[0] + lambda*t.levelCost(row[0], k)
			if b := score[1] + lambda*t.levelCost(row[1], k); b < a {
				a = b
				from[n][j] = 1
			}
			e := v - int64(k)*q
			a += (e*e - v*v) << scoreShift
			c := int(nextContext[min(k, levelRow-1)])
			nextScore[j] = a
			nextRow[j] += c
			if k > 0 {
				if a += lambda * int64(t.eob[n+1][c/levelRow]); a < best {
					best, bestN, bestJ = a, n, j
				}
			}
		}
		score, row = nextScore, nextRow
	}
	last = bestN
	for n, j := bestN, bestJ; n >= first; n-- {
		k := near[n] - int32(j)
		j = int(from[n][j])
		e := int64(mag[n]) - int64(k)*int64(m.q[n])
		sse += e*e - int64(mag[n])*int64(mag[n])
		if coef[n] < 0 {
			k = -k
		}
		lev[n] = int16(k)
	}
	return last, sse
}
