package vp8

// This file implements the tokens of the DCT/WHT coefficients and their probabilities, RFC 6386
// section 13.

// The planes are numbered as in section 13.3.
const (
	planeY1WithY2 = iota
	planeY2
	planeUV
	planeY1SansY2
	nPlane
)

const (
	nBand    = 8
	nContext = 3  // of the RFC; nContext4 counts one more
	nProb    = 11 // nodes of the token tree
)

// bands maps a position in zigzag order to its band (section 13.3). Position 16, behind a block, is
// never written; its entry keeps writeBlock within the table.
var bands = [17]uint8{0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0}

// Tokens, by the numbers under which they are counted: 0 to 4 are levels, then come categories 1 to
// 6, then the end of the block.
const (
	tokenCat1 = 5
	tokenEOB  = 11
	nToken    = 12
)

// tokenOf maps levels below 67 to their tokens. All larger levels are category 6.
var tokenOf = func() (t [67]uint8) {
	for v := range t {
		switch {
		case v <= 4:
			t[v] = uint8(v)
		case v < 7:
			t[v] = tokenCat1
		case v < 11:
			t[v] = tokenCat1 + 1
		case v < 19:
			t[v] = tokenCat1 + 2
		case v < 35:
			t[v] = tokenCat1 + 3
		default:
			t[v] = tokenCat1 + 4
		}
	}
	return
}()

// tokenCount counts the tokens of one plane by band and context. There are four contexts, see
// tokenCost.
type tokenCount [nBand][nContext4][nToken]uint32

// count adds the tokens of a block with the levels lev. The positions before first are not coded.
// last is the last position with a nonzero level; it is below first if there is none. ctx is the
// context of the first token.
func (t *tokenCount) count(lev *[16]int16, first, last, ctx int) {
	for n := first; n <= last; n++ {
		level := int(lev[n&15])
		sign := level >> 31
		v := (level ^ sign) - sign // magnitude
		k := uint8(tokenCat1 + 5)  // category 6
		if v < len(tokenOf) {
			k = tokenOf[v]
		}
		t[bands[n]&7][ctx&3][k&15]++
		ctx = 2
		if v < 2 { // 3 after a zero, 1 after a one
			ctx = 3 - 2*v
		}
	}
	if last < first { // an empty block: it ends at first
		last = first - 1
	}
	if last < 15 {
		t[bands[last+1]&7][ctx&3][tokenEOB]++
	}
}

// add adds the counts of o to those of t.
func (t *tokenCount) add(o *tokenCount) {
	for band := range t {
		for ctx := range t[band] {
			for k := range t[band][ctx] {
				t[band][ctx][k] += o[band][ctx][k]
			}
		}
	}
}

// branches returns, for each node of the token tree, how often each of its two sides was taken in
// the given band and context (0 to 2). Context 0 includes the counts of context 3, except at node
// 0, because the bit of node 0 is not written in context 3.
func (t *tokenCount) branches(band, ctx int) (n [nProb][2]uint64) {
	a := &t[band][ctx]
	var s [nToken]uint64 // the counts, with those of context 3
	var more uint64      // tokens in whose place the block could have ended
	for k := range s {
		s[k] = uint64(a[k])
		if k != tokenEOB {
			more += s[k]
		}
	}
	if ctx == 0 {
		for k := range s {
			s[k] += uint64(t[band][3][k])
		}
	}
	n[0] = [2]uint64{uint64(a[tokenEOB]), more}
	// high are categories 3 to 6, mid categories 1 and 2, low the levels 2 to 4.
	high := s[7] + s[8] + s[9] + s[10]
	mid := s[5] + s[6]
	low := s[2] + s[3] + s[4]
	n[1] = [2]uint64{s[0], s[1] + low + mid + high}
	n[2] = [2]uint64{s[1], low + mid + high}
	n[3] = [2]uint64{low, mid + high}
	n[4] = [2]uint64{s[2], s[3] + s[4]}
	n[5] = [2]uint64{s[3], s[4]}
	n[6] = [2]uint64{mid, high}
	n[7] = [2]uint64{s[5], s[6]}
	n[8] = [2]uint64{s[7] + s[8], s[9] + s[10]}
	n[9] = [2]uint64{s[7], s[8]}
	n[10] = [2]uint64{s[9], s[10]}
	return n
}

// probOf returns the probability of a node's first side, in 1/256: it was taken n0 times, and the
// second side n1 times. If both are 0, probOf returns 255.
func probOf(n0, n1 uint64) uint8 {
	t := n0 + n1
	if t == 0 {
		return 255
	}
	return uint8(clip(int((n0*256+t/2)/t), 1, 255))
}

// tokenProbs has a probability for each plane, band, context and node of the token tree.
type tokenProbs [nPlane][nBand][nContext][nProb]uint8

// estimate sets p to the most likely probabilities for the counts. At each node of the tree, tokens
// are added to the counts: as many as weight says, divided between the two sides as the default
// probability says.
func (p *tokenProbs) estimate(counts *[nPlane]tokenCount, weight uint64) {
	for i := range p {
		for j := range p[i] {
			for k := range p[i][j] {
				br := counts[i].branches(j, k)
				for l := range br {
					d := uint64(defaultTokenProb[i][j][k][l])
					p[i][j][k][l] = probOf(br[l][0]*256+weight*d, br[l][1]*256+weight*(256-d))
				}
			}
		}
	}
}

// choose sets each probability of p either to the default or to the one that follows from the
// counts, whichever takes fewer bits. A flag says whether a probability is written. If it is, it
// takes 8 bits more.
func (p *tokenProbs) choose(counts *[nPlane]tokenCount) {
	for i := range p {
		for j := range p[i] {
			for k := range p[i][j] {
				br := counts[i].branches(j, k)
				for l := range br {
					old := defaultTokenProb[i][j][k][l]
					best := probOf(br[l][0], br[l][1])
					cost := func(q uint8) uint64 {
						return br[l][0]*uint64(bitCost(q, false)) + br[l][1]*uint64(bitCost(q, true))
					}
					u := tokenProbUpdateProb[i][j][k][l]                       // probability of the flag
					costOfBest := cost(best) + uint64(bitCost(u, true)) + 8<<8 // with 8 bits for the probability
					costOfOld := cost(old) + uint64(bitCost(u, false))
					if costOfBest >= costOfOld {
						best = old
					}
					p[i][j][k][l] = best
				}
			}
		}
	}
}

// write writes the probability updates of section 13.4.
func (p *tokenProbs) write(w *boolEncoder) {
	for i := range p {
		for j := range p[i] {
			for k := range p[i][j] {
				for l, v := range p[i][j][k] {
					changed := v != defaultTokenProb[i][j][k][l]
					w.writeBit(tokenProbUpdateProb[i][j][k][l], changed)
					if changed {
						w.writeUint(uint32(v), 8)
					}
				}
			}
		}
	}
}

// levelEscape is the byte before a level that does not fit into one byte, see appendLevels.
const levelEscape = 0x80

// maxLevelBytes is the most that a macroblock's 25 blocks take in the form of appendLevels.
const maxLevelBytes = 25 * (1 + 16*3)

// appendLevels appends a block's levels in the form in which they are stored until they are
// written. The first byte is last+1, where last is the position of the last nonzero level, or 0 if
// there is none. Then comes each level from position first to last: a signed byte, or levelEscape
// and the level in two bytes, the low one first.
func appendLevels(dst []byte, lev *[16]int16, first, last int) []byte {
	if last < first {
		return append(dst, 0)
	}
	dst = append(dst, byte(last+1))
	for n := first; n <= last; n++ {
		v := lev[n&15]
		if v > -128 && v < 128 {
			dst = append(dst, byte(v))
		} else {
			dst = append(dst, levelEscape, byte(v), byte(v>>8))
		}
	}
	return dst
}

// writeBlock writes the tokens of the block at the front of levels, which has the form of
// appendLevels. It returns the rest of levels, and 1 if the block had a nonzero level, otherwise 0.
// As everywhere, the argument of w.put is twice a probability plus the bit.
func writeBlock(w *boolEncoder, p *[nBand][nContext][nProb]uint8, levels []byte, first, ctx int) ([]byte, uint8) {
	end := int(levels[0]) // 1 + the last position
	levels = levels[1:]
	q := &p[bands[first]&7][ctx]
	if end == 0 {
		w.put(uint16(q[0]) << 1)
		return levels, 0
	}
	w.put(uint16(q[0])<<1 | 1)
	for n := first; ; {
		level := int(int8(levels[0]))
		if levels[0] == levelEscape {
			level = int(int16(uint16(levels[1]) | uint16(levels[2])<<8))
			levels = levels[2:]
		}
		levels = levels[1:]
		n++
		if level == 0 {
			w.put(uint16(q[1]) << 1)
			q = &p[bands[n]&7][0]
			continue // no end of block is possible after a zero
		}
		w.put(uint16(q[1])<<1 | 1)
		sign := level >> 31
		v := (level ^ sign) - sign // magnitude
		if v == 1 {
			w.put(uint16(q[2]) << 1)
			q = &p[bands[n]&7][1]
		} else {
			w.put(uint16(q[2])<<1 | 1)
			writeLarge(w, q, v)
			q = &p[bands[n]&7][2]
		}
		w.put(uniformProb<<1 | uint16(sign&1))
		if n == end {
			if n < 16 {
				w.put(uint16(q[0]) << 1)
			}
			return levels, 1
		}
		w.put(uint16(q[0])<<1 | 1)
	}
}

// writeLarge writes a level of magnitude v, 2 or more, without what the caller has written: it
// begins below the tree's node "more than one", and leaves out the sign.
func writeLarge(w *boolEncoder, q *[nProb]uint8, v int) {
	if v <= 4 {
		w.writeBit(q[3], false)
		w.writeBit(q[4], v > 2)
		if v > 2 {
			w.writeBit(q[5], v == 4)
		}
		return
	}
	w.writeBit(q[3], true)
	if v < catBase[0] {
		w.writeBit(q[6], false)
		if v < 7 {
			w.writeBit(q[7], false)
			w.writeBit(159, v == 6) // the extra bit of category 1
			return
		}
		w.writeBit(q[7], true)
		w.writeBit(165, v >= 9) // the extra bits of category 2
		w.writeBit(145, v&1 == 0)
		return
	}
	w.writeBit(q[6], true)
	cat := 0 // 0 is category 3
	for v >= catBase[cat+1] {
		cat++
	}
	w.writeBit(q[8], cat >= 2)
	w.writeBit(q[9+cat/2], cat&1 != 0)
	v -= catBase[cat]
	for i := catBits[cat] - 1; i >= 0; i-- {
		bit := (v >> uint(i)) & 1
		w.writeBit(catProbs[cat][catBits[cat]-1-i], bit != 0)
	}
}
