package vp8

// This file computes what a bit, a token and a block of coefficients cost to write, in 1/256 of a
// bit.

import (
	"math/bits"
	"sync"
)

// log2 returns 256 times the base-2 logarithm of x, rounded down, for x > 0. It uses no floating
// point, so that the result is the same on every machine: squaring the mantissa again and again
// gives the logarithm's fraction bit by bit.
func log2(x uint64) int {
	n := bits.Len64(x) - 1
	m := (x << (63 - uint(n))) >> 32 // mantissa in [2^31, 2^32)
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
	// bit[p] is the cost of a bit of probability p/256, for p from 1 to 256.
	bit [257]uint16
	// mode4[above][left][mode] is the cost of a 4x4 luma mode, given the modes of the blocks above
	// and to the left.
	mode4 [nPred][nPred][nPred]uint16
	// mode16 and modeUV are the costs of the 16x16 luma modes and of the chroma modes. mode16
	// includes the bit that says 16x16.
	mode16, modeUV [4]uint16
	// bit4x4 is the cost of the bit that says 4x4.
	bit4x4 uint16
	// The costs of the extra bits of levels in categories 3 and 4 (see catBits): extra3[v] is for
	// the level 11+v, and extra4[v] for the level 19+v.
	extra3 [8]uint16
	extra4 [16]uint16
}

var (
	fixedOnce sync.Once
	fixed     fixedTables
)

// makeFixed fills in fixed. It runs once, under fixedOnce.
func makeFixed() {
	for p := 1; p <= 256; p++ {
		fixed.bit[p] = uint16(8<<8 - log2(uint64(p))) // log2(256/p)
	}
	for above := range predProb {
		for left := range predProb[above] {
			for mode := 0; mode < nPred; mode++ {
				c := 0
				walkMode4(&predProb[above][left], mode, func(p uint8, bit bool) { c += bitCost(p, bit) })
				fixed.mode4[above][left][mode] = uint16(c)
			}
		}
	}
	for mode := 0; mode < 4; mode++ {
		c := bitCost(probIs16, true)
		walkMode16(mode, func(p uint8, bit bool) { c += bitCost(p, bit) })
		fixed.mode16[mode] = uint16(c)
		c = 0
		walkModeUV(mode, func(p uint8, bit bool) { c += bitCost(p, bit) })
		fixed.modeUV[mode] = uint16(c)
	}
	fixed.bit4x4 = uint16(bitCost(probIs16, false))
	for v := range fixed.extra3 {
		fixed.extra3[v] = uint16(extraCost(3, v))
	}
	for v := range fixed.extra4 {
		fixed.extra4[v] = uint16(extraCost(4, v))
	}
}

// bitCost returns the cost of bit, which is false with the probability p/256. makeFixed must have
// run.
func bitCost(p uint8, bit bool) int {
	if bit {
		return int(fixed.bit[256-int(p)])
	}
	return int(fixed.bit[p])
}

// The layout of tokenCost.level.
const (
	rowSize   = 32                  // entries of a row
	nContext4 = 4                   // contexts, context 3 included, and so rows for a position
	posSize   = nContext4 * rowSize // entries for a position
)

// A tokenCost has the costs of the tokens of one plane.
//
// Contexts 0, 1 and 2 are those of section 13.3. The RFC uses context 0 at the start of a block and
// also after a zero. The end of a block is never written after a zero. So a token after a zero
// lacks the bit that says whether the block ends, and costs less than one at the start. Here tokens
// after a zero have a context of their own, 3, with the probabilities of context 0.
type tokenCost struct {
	// level has a row for each position n (0 to 15) and each context. Row 4*n+context starts at
	// n*posSize + context*rowSize. Entry v of a row is the cost of a level of magnitude v, sign
	// included. The last entry of a row is not used: for levels of rowSize-1 and more there is
	// largeLevelCost.
	level [16 * posSize]uint16
	// eob[n][context] is the cost of ending the block before position n.
	eob [17][nContext4]uint16
	// cat[n][context] has the costs of levels of categories 4, 5 and 6 without their extra bits.
	cat [16][nContext4][3]uint16
}

// extraCost returns the cost of the extra bits of the level first+v, where first is the first level
// of category cat (3 to 6, see catBits).
func extraCost(cat, v int) int {
	probs := &catProbs[cat-3]
	n := catBits[cat-3]
	c := 0
	for i := 0; i < n; i++ {
		bit := (v >> uint(n-1-i)) & 1
		c += bitCost(probs[i], bit != 0)
	}
	return c
}

// The DCT categories 3 to 6 (section 13.2). A category is a range of levels: a level is written as
// the token of its category, and extra bits that say how far it is above the range's first level.
var (
	catBits = [4]int{3, 4, 5, 11} // numbers of extra bits
	// catBase has the first level of each category, and then the first level that is too large.
	catBase = [5]int{11, 19, 35, 67, 67 + 2048}
	// catProbs has the probabilities of the extra bits, the highest bit first.
	catProbs = [4][11]uint8{
		{173, 148, 140},
		{176, 155, 140, 135},
		{180, 157, 141, 134, 130},
		{254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129},
	}
)

// largeLevelCost returns the cost of a level whose magnitude v is rowSize-1 or more. rowNumber is
// 4*position + context.
func (t *tokenCost) largeLevelCost(rowNumber, v int) int {
	cat := 4
	if v >= catBase[2] {
		cat = 5
	}
	if v >= catBase[3] {
		cat = 6
	}
	position, context := rowNumber>>2, rowNumber&3
	token := int(t.cat[position][context][cat-4]) // its cost
	return token + extraCost(cat, v-catBase[cat-3])
}

// nextRow[v] says which row has the costs after a level of magnitude v: it is the offset of the row
// from the first row of the next position in tokenCost.level. The last entry is for all levels of
// rowSize-1 and more.
var nextRow = func() (t [rowSize]uint16) {
	for v := range t {
		t[v] = uint16(2 * rowSize)
	}
	t[0], t[1] = 3*rowSize, 1*rowSize
	return
}()

// blockCost returns the cost of a block with the levels lev. Levels before position first are not
// written. Bit n of mask is set if lev[n] is not zero. ctx is the context of the first token.
//
// Where an index is cut with &, its value does not change: this spares the check of the bounds.
func (t *tokenCost) blockCost(lev *[16]int16, mask uint16, first, ctx int) int {
	row := first*posSize + ctx*rowSize // start of the row in t.level
	c := 0
	end := bits.Len16(mask)
	for n := first; n < end; n++ {
		level := int(lev[n&15])
		sign := level >> 31
		v := (level ^ sign) - sign // magnitude
		if v < rowSize-1 {
			c += int(t.level[(row+v)&(len(t.level)-1)])
		} else {
			c += t.largeLevelCost(row/rowSize, v)
			v = rowSize - 1
		}
		row = (n+1)*posSize + int(nextRow[v&(rowSize-1)])
	}
	return c + int(t.eob[max(first, end)][(row/rowSize)&3])
}

// init fills in t for the probabilities p of one plane. It follows the token tree of section 13.2.
// In a band and context, node i of the tree has the probability q[i].
func (t *tokenCost) init(p *[nBand][nContext][nProb]uint8) {
	*t = tokenCost{}     // eob[16] stays 0: after the last position no end of block is written
	done := [nBand]int{} // 1 + the first position of the band, 0 if there is none yet
	for n := 0; n < 16; n++ {
		b := bands[n]
		if done[b] != 0 { // an earlier position has the same band, so the same costs
			from := done[b] - 1
			copy(t.level[n*posSize:(n+1)*posSize], t.level[from*posSize:(from+1)*posSize])
			t.eob[n] = t.eob[from]
			t.cat[n] = t.cat[from]
			continue
		}
		done[b] = n + 1
		for ctx := 0; ctx < nContext4; ctx++ {
			q := &p[b][ctx%3]           // context 3 has the probabilities of context 0
			more := bitCost(q[0], true) // no end of block
			if ctx == 3 {
				more = 0
			}
			row := t.level[n*posSize+ctx*rowSize:][:rowSize]
			c := bitCost
			row[0] = uint16(more + c(q[1], false))
			// s is the cost of the bits that all levels not yet in row have in common.
			s := more + c(q[1], true) + 256 // 256: the sign's bit
			row[1] = uint16(s + c(q[2], false))
			s += c(q[2], true)
			low := s + c(q[3], false) // levels 2 to 4
			row[2] = uint16(low + c(q[4], false))
			low += c(q[4], true)
			row[3] = uint16(low + c(q[5], false))
			row[4] = uint16(low + c(q[5], true))
			s += c(q[3], true)
			// The extra bit of category 1 has the probability 159, those of category 2 have 165 and
			// 145.
			mid := s + c(q[6], false)
			cat1 := mid + c(q[7], false)
			row[5] = uint16(cat1 + c(159, false))
			row[6] = uint16(cat1 + c(159, true))
			cat2 := mid + c(q[7], true)
			for v := 7; v < 11; v++ {
				row[v] = uint16(cat2 + c(165, (v-7)&2 != 0) + c(145, (v-7)&1 != 0))
			}
			s += c(q[6], true)
			cat3 := s + c(q[8], false) + c(q[9], false)
			for v := 11; v < 19; v++ {
				row[v] = uint16(cat3 + int(fixed.extra3[v-11]))
			}
			cat4 := s + c(q[8], false) + c(q[9], true)
			for v := 19; v < rowSize-1; v++ {
				row[v] = uint16(cat4 + int(fixed.extra4[v-19]))
			}
			// Categories 4, 5 and 6.
			t.cat[n][ctx] = [3]uint16{
				uint16(cat4),
				uint16(s + c(q[8], true) + c(q[10], false)),
				uint16(s + c(q[8], true) + c(q[10], true)),
			}
			t.eob[n][ctx] = fixed.bit[q[0]]
		}
	}
}
