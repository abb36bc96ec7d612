package png

// This file implements prefix codes and how a block's header stores them: RFC 1951 sections 3.2.2
// and 3.2.7.

import (
	"cmp"
	"math/bits"
	"slices"

	"miniatura/codec/internal/huffman"
)

// A prefixCode has for each symbol its code, first bit lowest, and its length.
type prefixCode struct {
	code   [288]uint16
	length [288]uint8
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

// build makes a Huffman code of at most limit bits for the symbols that are counted. It always has
// at least two symbols.
func (c *prefixCode) build(counts []uint32, limit int) {
	var order []int
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
	// Codes over the limit are cut to it, and the rarest of the others made longer until there is
	// room for all.
	room := 1 << limit
	for i := range order {
		depth[i] = min(depth[i], limit)
		room -= 1 << (limit - depth[i])
	}
	for i := 0; room < 0; i++ {
		for i := i % n; room < 0 && depth[i] < limit; {
			depth[i]++
			room += 1 << (limit - depth[i])
		}
	}
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

// bitsOf returns the bits that the counted symbols take.
func (c *prefixCode) bitsOf(counts []uint32) (n int) {
	for s, k := range counts {
		n += int(k) * int(c.length[s])
	}
	return n
}

// A header opens a block that has its own codes.
type header struct {
	lits, dists, n int // number of code lengths of each kind that are stored
	said           []repetition
	code           prefixCode
	count          [19]uint32
}

// newHeader encodes the lengths of both codes as one sequence, with repetitions.
func newHeader(c *codes) *header {
	h := &header{lits: 286, dists: 30, n: 19}
	for c.lit.length[h.lits-1] == 0 {
		h.lits--
	}
	for h.dists > 1 && c.dist.length[h.dists-1] == 0 {
		h.dists--
	}
	h.said = repetitions(append(slices.Clone(c.lit.length[:h.lits]), c.dist.length[:h.dists]...))
	for _, s := range h.said {
		h.count[s.symbol]++
	}
	h.code.build(h.count[:], 7)
	for h.n > 4 && h.code.length[codeOrder[h.n-1]] == 0 {
		h.n--
	}
	return h
}

// bits returns the size of the header in bits.
func (h *header) bits() int {
	return 14 + 3*h.n + h.code.bitsOf(h.count[:]) + 2*int(h.count[16]) + 3*int(h.count[17]) + 7*int(h.count[18])
}

// write writes the header, from HLIT on (section 3.2.7).
func (h *header) write(w *bitWriter) {
	w.put(uint64(h.lits-257)|uint64(h.dists-1)<<5|uint64(h.n-4)<<10, 14)
	for _, s := range codeOrder[:h.n] {
		w.put(uint64(h.code.length[s]), 3)
	}
	for _, s := range h.said {
		w.put(uint64(h.code.code[s.symbol]), uint(h.code.length[s.symbol]))
		w.put(uint64(s.extra), uint(s.bits))
	}
}

// A repetition is a symbol of the code for code lengths, with its extra bits.
type repetition struct {
	symbol, bits uint8
	extra        uint16
}

// repetitions returns the code lengths, with repeated ones said by the symbols 16 to 18 (section
// 3.2.7).
func repetitions(lengths []uint8) (said []repetition) {
	for i := 0; i < len(lengths); {
		l, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l != 0 {
			said = append(said, repetition{symbol: l})
			n--
		}
		for n > 0 {
			switch {
			case l == 0 && n >= 11:
				m := min(n, 138)
				said = append(said, repetition{18, 7, uint16(m - 11)})
				n -= m
			case l == 0 && n >= 3:
				said = append(said, repetition{17, 3, uint16(n - 3)})
				n = 0
			case l != 0 && n >= 3:
				m := min(n, 6)
				said = append(said, repetition{16, 2, uint16(m - 3)})
				n -= m
			default:
				said = append(said, repetition{symbol: l})
				n--
			}
		}
	}
	return said
}
