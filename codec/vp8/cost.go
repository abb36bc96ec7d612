package vp8

// This file computes what a bit, a token and a block of coefficients cost to write, in 1/256 of a
// bit.

import (
	"math/bits"
	"sync"
)

// log2 returns 256*log2(x) for x > 0, rounded down. It squares repeatedly and uses no floating
// point, so that the result is the same everywhere.
func log2(x uint64) int {
	n := bits.Len64(x) - 1
	m := x << (63 - uint(n)) >> 32 // mantissa in [2^31, 2^32)
	f := 0
	for i := 0; i < 8; i++ {
		m = m * m >> 31
		f <<= 1
		if m >= 1<<32 {
			f |= 1
			m >>= 1
		}
	}
	return n<<8 | f
}

// fixedTables holds what does not depend on the picture and is cheaper to compute than to store.
type fixedTables struct {
	// bit[p] is the cost of a bit of probability p/256, 1 to 256.
	bit [257]uint16
	// mode4[above][left][mode] is the cost of a 4x4 luma mode.
	mode4 [nPred][nPred][nPred]uint16
	// mode16 and modeUV are the costs of the 16x16 luma modes and of the chroma modes. mode16
	// includes the bit that says 16x16.
	mode16, modeUV [4]uint16
	// is4 is the cost of the bit that says 4x4.
	is4 uint16
	// extra3 and extra4 are extraCost of categories 3 and 4.
	extra3 [8]uint16
	extra4 [16]uint16
}

var (
	fixedOnce sync.Once
	fixed     fixedTables
)

func makeFixed() {
	for p := 1; p <= 256; p++ {
		fixed.bit[p] = uint16(8<<8 - log2(uint64(p)<<40) + 40<<8)
	}
	for a := range predProb {
		for l := range predProb[a] {
			for m := 0; m < nPred; m++ {
				c := 0
				walkMode4(&predProb[a][l], m, func(p uint8, bit bool) { c += bitCost(p, bit) })
				fixed.mode4[a][l][m] = uint16(c)
			}
		}
	}
	for m := 0; m < 4; m++ {
		c := bitCost(probIs16, true)
		walkMode16(m, func(p uint8, bit bool) { c += bitCost(p, bit) })
		fixed.mode16[m] = uint16(c)
		c = 0
		walkModeUV(m, func(p uint8, bit bool) { c += bitCost(p, bit) })
		fixed.modeUV[m] = uint16(c)
	}
	fixed.is4 = uint16(bitCost(probIs16, false))
	for v := range fixed.extra3 {
		fixed.extra3[v] = uint16(extraCost(3, v))
	}
	for v := range fixed.extra4 {
		fixed.extra4[v] = uint16(extraCost(4, v))
	}
}

// bitCost returns the cost of bit at probability p. fixed must be made.
func bitCost(p uint8, bit bool) int {
	if bit {
		return int(fixed.bit[256-int(p)])
	}
	return int(fixed.bit[p])
}

// A tokenCost table has the costs of the tokens of one plane, with their signs. A row is indexed by
// the level's magnitude, below levelRow. There is a row for each position n (0 to 15) and each
// context: 0, 1 and 2 are those of section 13.3, and 3 stands for context 0 directly after a zero.
// No end of block can be written there, so the bit that denies it costs nothing.
//
// The row's last entry holds only the cost of what comes before the category's bits; largeLevelCost
// adds the rest.
const (
	levelRow   = 32
	nContext4  = 4
	rowsPerPos = nContext4 * levelRow
)

type tokenCost struct {
	level [16 * rowsPerPos]uint16
	// eob is the cost of ending the block before position n, by context.
	eob [17][nContext4]uint16
	// cat is the cost of a category, by position and context, for levels of levelRow-1 and more:
	// the tree bits that select category 4, 5 or 6.
	cat [16][nContext4][3]uint16
}

// extraCost is the cost of the extra bits of categories 4, 5 and 6 for an
// offset of v from their base.
func extraCost(cat, v int) int {
	probs := &catProbs[cat-3]
	n := catBits[cat-3]
	c := 0
	for i := 0; i < n; i++ {
		c += bitCost(probs[i], v>>uint(n-1-i)&1 != 0)
	}
	return c
}

// The DCT categories 3 to 6 (section 13.2). For each: the number of extra bits, their
// probabilities, and the first level.
var (
	catBits  = [4]int{3, 4, 5, 11}
	catBase  = [5]int{11, 19, 35, 67, 67 + 2048}
	catProbs = [4][11]uint8{
		{173, 148, 140},
		{176, 155, 140, 135},
		{180, 157, 141, 134, 130},
		{254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129},
	}
)

// largeLevelCost returns the cost of a level of levelRow-1 or more, in row n*4+context.
func (t *tokenCost) largeLevelCost(row int, v int) int {
	cat := 4
	if v >= catBase[2] {
		cat = 5
	}
	if v >= catBase[3] {
		cat = 6
	}
	return int(t.cat[row>>2][row&3][cat-4]) + extraCost(cat, v-catBase[cat-3])
}

// nextContext has, for each magnitude of a level, the context that it makes for the next token, as
// an offset into tokenCost.level.
var nextContext = func() (t [levelRow]uint16) {
	for v := range t {
		t[v] = uint16(2 * levelRow)
	}
	t[0], t[1] = 3*levelRow, 1*levelRow
	return
}()

// blockCost returns the cost of a block in context ctx, whose first coded position is first. mask
// says which of its levels are not zero.
func (t *tokenCost) blockCost(lev *[16]int16, mask uint16, first, ctx int) int {
	row := first*rowsPerPos + ctx*levelRow
	c := 0
	end := bits.Len16(mask)
	for n := first; n < end; n++ {
		v := int(lev[n&15])
		m := v >> 31
		v = (v ^ m) - m
		if v < levelRow-1 {
			c += int(t.level[(row+v)&(len(t.level)-1)])
		} else {
			c += t.largeLevelCost(row/levelRow, v)
			v = levelRow - 1
		}
		row = (n+1)*rowsPerPos + int(nextContext[v&(levelRow-1)])
	}
	return c + int(t.eob[max(first, end)][(row/levelRow)&3])
}

// init fills the table for the probabilities p of one plane.
func (t *tokenCost) init(p *[nBand][nContext][nProb]uint8) {
	*t = tokenCost{} // eob[16] stays free
	done := [nBand]int{}
	for n := 0; n < 16; n++ {
		b := bands[n]
		if done[b] != 0 { // the same band as an earlier position
			from := done[b] - 1
			copy(t.level[n*rowsPerPos:(n+1)*rowsPerPos], t.level[from*rowsPerPos:(from+1)*rowsPerPos])
			t.eob[n] = t.eob[from]
			t.cat[n] = t.cat[from]
			continue
		}
		done[b] = n + 1
		for ctx := 0; ctx < nContext4; ctx++ {
			q := &p[b][ctx%3]
			more := bitCost(q[0], true)
			if ctx == 3 {
				more = 0
			}
			row := t.level[n*rowsPerPos+ctx*levelRow:][:levelRow]
			c := bitCost
			row[0] = uint16(more + c(q[1], false))
			s := more + c(q[1], true) + 256 // and the sign
			row[1] = uint16(s + c(q[2], false))
			s += c(q[2], true)
			low := s + c(q[3], false)
			row[2] = uint16(low + c(q[4], false))
			low += c(q[4], true)
			row[3] = uint16(low + c(q[5], false))
			row[4] = uint16(low + c(q[5], true))
			s += c(q[3], true)
			low = s + c(q[6], false)
			c1 := low + c(q[7], false)
			row[5] = uint16(c1 + c(159, false))
			row[6] = uint16(c1 + c(159, true))
			c2 := low + c(q[7], true)
			for v := 7; v < 11; v++ {
				row[v] = uint16(c2 + c(165, (v-7)&2 != 0) + c(145, (v-7)&1 != 0))
			}
			s += c(q[6], true)
			c3 := s + c(q[8], false) + c(q[9], false)
			for v := 11; v < 19; v++ {
				row[v] = uint16(c3 + int(fixed.extra3[v-11]))
			}
			c4 := s + c(q[8], false) + c(q[9], true)
			for v := 19; v < levelRow-1; v++ {
				row[v] = uint16(c4 + int(fixed.extra4[v-19]))
			}
			t.cat[n][ctx] = [3]uint16{
				uint16(c4),
				uint16(s + c(q[8], true) + c(q[10], false)),
				uint16(s + c(q[8], true) + c(q[10], true)),
			}
			t.eob[n][ctx] = fixed.bit[q[0]]
		}
	}
}
