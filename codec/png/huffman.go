package png

// This file implements prefix codes and the header of a block that stores them: RFC 1951 sections
// 3.2.2 and 3.2.7.

import (
	"cmp"
	"math/bits"
	"slices"

	"miniatura/codec/internal/huffman"
)

// A prefixCode holds the code of each symbol and the code's length in bits.
type prefixCode struct {
	code   [288]uint16 // the first bit is the lowest
	length [288]uint8  // 0: the symbol has no code
}

// assign computes the codes from the lengths (RFC 1951 section 3.2.2).
func (c *prefixCode) assign() {
	var count, next [maxBits + 1]uint16
	for _, l := range c.length {
		count[l]++
	}
	count[0] = 0
	for l := 1; l <= maxBits; l++ {
		next[l] = (next[l-1] + count[l-1]) << 1
	}
	for s, l := range c.length {
		if l > 0 {
			c.code[s] = bits.Reverse16(next[l]) >> (16 - l)
			next[l]++
		}
	}
}

// build sets c to a Huffman code for the symbols whose count is not 0, with codes of at most limit
// bits. If there are fewer than two such symbols, build adds others until there are two.
func (c *prefixCode) build(counts []uint32, limit int) {
	var order []int // symbols, by rising count
	for s, n := range counts {
		if n > 0 {
			order = append(order, s)
		}
	}
	for s := 0; len(order) < 2; s++ {
		if !slices.Contains(order, s) {
			order = append(order, s)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
	n := len(order)
	weights := make([]uint64, n)
	for i, s := range order {
		weights[i] = uint64(counts[s])
	}
	var tree huffman.Tree
	depth := make([]int, n)
	for i, d := range tree.Depths(weights) {
		depth[i] = int(d)
	}
	// Depths over the limit are cut to the limit. room is how many codes of limit bits are free: a
	// code of d bits takes the place of 1<<(limit-d). If room is negative, codes are missing.
	room := 1 << limit
	for i := range order {
		depth[i] = min(depth[i], limit)
		room -= 1 << (limit - depth[i])
	}
	// Where room is missing, codes get longer, those of the rarest symbols first.
	for i := 0; room < 0; i++ {
		for room < 0 && depth[i] < limit {
			depth[i]++
			room += 1 << (limit - depth[i])
		}
	}
	// Where room is left, codes get shorter, those of the commonest symbols first.
	for i := n - 1; i >= 0; i-- {
		for depth[i] > 1 && 1<<(limit-depth[i]) <= room {
			room -= 1 << (limit - depth[i])
			depth[i]--
		}
	}
	*c = prefixCode{}
	for i, s := range order {
		c.length[s] = uint8(depth[i])
	}
	c.assign()
}

// bitsOf returns the number of bits that the codes of the counted symbols take, without extra bits.
func (c *prefixCode) bitsOf(counts []uint32) (n int) {
	for s, k := range counts {
		n += int(k) * int(c.length[s])
	}
	return n
}

// A header is the beginning of a block that has its own codes.
type header struct {
	lits    int           // number of code lengths stored for literals and match lengths
	dists   int           // number of code lengths stored for distances
	lengths []codedLength // these code lengths: those of lits, then those of dists
	code    prefixCode    // the code of the symbols in lengths
	n       int           // number of code lengths stored for code, in codeOrder
	count   [19]uint32    // of the symbols in lengths
}

// newHeader returns the header for the codes c. It leaves out code lengths of 0 at the ends.
func newHeader(c *codes) *header {
	h := &header{lits: 286, dists: 30, n: 19}
	for c.lit.length[h.lits-1] == 0 { // the end of the block, 256, has a code
		h.lits--
	}
	for h.dists > 1 && c.dist.length[h.dists-1] == 0 {
		h.dists--
	}
	lengths := append(slices.Clone(c.lit.length[:h.lits]), c.dist.length[:h.dists]...)
	h.lengths = encodeLengths(lengths)
	for _, s := range h.lengths {
		h.count[s.symbol]++
	}
	h.code.build(h.count[:], 7) // a code has at most 7 bits: its length is stored in 3 bits
	for h.n > 4 && h.code.length[codeOrder[h.n-1]] == 0 {
		h.n--
	}
	return h
}

// bits returns how many bits write writes.
func (h *header) bits() int {
	const numbers = 5 + 5 + 4 // HLIT, HDIST, HCLEN
	extra := 2*int(h.count[16]) + 3*int(h.count[17]) + 7*int(h.count[18])
	return numbers + 3*h.n + h.code.bitsOf(h.count[:]) + extra
}

// write writes the header, from HLIT on (section 3.2.7): HLIT, HDIST and HCLEN, the lengths of
// h.code, and h.lengths.
func (h *header) write(w *bitWriter) {
	hlit, hdist, hclen := h.lits-257, h.dists-1, h.n-4
	w.put(uint64(hlit), 5)
	w.put(uint64(hdist), 5)
	w.put(uint64(hclen), 4)
	for _, s := range codeOrder[:h.n] {
		w.put(uint64(h.code.length[s]), 3)
	}
	for _, s := range h.lengths {
		w.put(uint64(h.code.code[s.symbol]), uint(h.code.length[s.symbol]))
		w.put(uint64(s.extra), uint(s.bits))
	}
}

// A codedLength is a symbol of the code for code lengths, with its extra bits.
type codedLength struct {
	symbol uint8
	bits   uint8  // number of extra bits
	extra  uint16 // the extra bits
}

// encodeLengths returns the symbols that stand for the code lengths (section 3.2.7): 0 to 15 for a
// single length, 16 to 18 for a repeated one.
func encodeLengths(lengths []uint8) (coded []codedLength) {
	for i := 0; i < len(lengths); {
		l, n := lengths[i], 1 // the length l occurs n times in a row
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l != 0 { // it must occur before symbol 16 can repeat it
			coded = append(coded, codedLength{symbol: l})
			n--
		}
		for n > 0 {
			switch {
			case l == 0 && n >= 11: // 11 to 138 zeros
				m := min(n, 138)
				coded = append(coded, codedLength{18, 7, uint16(m - 11)})
				n -= m
			case l == 0 && n >= 3: // 3 to 10 zeros
				coded = append(coded, codedLength{17, 3, uint16(n - 3)})
				n = 0
			case l != 0 && n >= 3: // 3 to 6 times the length before
				m := min(n, 6)
				coded = append(coded, codedLength{16, 2, uint16(m - 3)})
				n -= m
			default:
				coded = append(coded, codedLength{symbol: l})
				n--
			}
		}
	}
	return coded
}
