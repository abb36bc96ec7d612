package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

const endOfBlock = 256

// A symbol stands for the values from base on that its extra bits tell apart (section 3.2.5).
type symbol struct {
	symbol uint8
	extra  uint8
	base   uint16
}

var (
	lengthSymbol    = makeLengthSymbols() // by length; symbol 0 is code 257
	distanceSymbols = makeDistanceSymbols()
	fixedLit        = makeFixedLit()
	fixedDist       = [30]uint8{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}
)

func makeLengthSymbols() (table [maxMatch + 1]symbol) {
	n := minMatch
	for s := range uint8(28) {
		extra := uint8(0)
		if s >= 8 {
			extra = s/4 - 1
		}
		base := n
		for range 1 << extra {
			table[n] = symbol{s, extra, uint16(base)}
			n++
		}
	}
	table[maxMatch] = symbol{28, 0, maxMatch}
	return table
}

func makeDistanceSymbols() (table [30]symbol) {
	base := 1
	for s := range uint8(30) {
		extra := uint8(0)
		if s >= 4 {
			extra = s/2 - 1
		}
		table[s] = symbol{s, extra, uint16(base)}
		base += 1 << extra
	}
	return table
}

// distanceOf is the symbol of a distance, from the place of its highest bit and the one below.
func distanceOf(d int) symbol {
	d--
	if d < 4 {
		return distanceSymbols[d]
	}
	high := bits.Len32(uint32(d)) - 1
	return distanceSymbols[2*high+d>>(high-1)&1]
}

// makeFixedLit has two codes more than the alphabet has symbols: they take part in the construction (section 3.2.6).
func makeFixedLit() (lengths [288]uint8) {
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	return lengths
}

// A histogram counts the symbols of a block.
type histogram struct {
	lit  [286]uint32
	dist [30]uint32
}

func (h *histogram) add(literal byte, t token) {
	if t.length() == 1 {
		h.lit[literal]++
		return
	}
	h.lit[257+int(lengthSymbol[t.length()].symbol)]++
	h.dist[distanceOf(t.distance()).symbol]++
}

// join adds o, and drops one of the two ends of block.
func (h *histogram) join(o *histogram) {
	for i, f := range o.lit {
		h.lit[i] += f
	}
	for i, f := range o.dist {
		h.dist[i] += f
	}
	h.lit[endOfBlock]--
}

// cost is the bits of a block's tokens with codes of these lengths, without the header.
func (h *histogram) cost(lit, dist []uint8) int {
	n := 0
	for i, f := range h.lit {
		n += int(f) * int(lit[i])
	}
	for i, f := range h.dist {
		n += int(f) * (int(dist[i]) + int(distanceSymbols[i].extra))
	}
	for s := 8; s < 28; s++ {
		n += int(h.lit[257+s]) * (s/4 - 1)
	}
	return n
}

// bits is the size of a dynamic block.
func (h *histogram) bits() int {
	d := h.codes()
	return 3 + d.header.size() + h.cost(d.lit[:], d.dist[:])
}

// codes are what a dynamic block's header says.
type codes struct {
	lit    [286]uint8
	dist   [30]uint8
	header header
}

func (h *histogram) codes() *codes {
	c := &codes{}
	lengths(c.lit[:], h.lit[:], 15)
	lengths(c.dist[:], h.dist[:], 15)
	// Some inflaters want at least two distance codes, a complete set; one bit each costs next to nothing.
	switch used := slices.IndexFunc(c.dist[:], func(n uint8) bool { return n > 0 }); {
	case used < 0:
		c.dist[0], c.dist[1] = 1, 1
	case used == 0 && c.dist[0] == 1 && !slices.ContainsFunc(c.dist[1:], func(n uint8) bool { return n > 0 }):
		c.dist[1] = 1
	case c.dist[used] == 1 && !slices.ContainsFunc(c.dist[used+1:], func(n uint8) bool { return n > 0 }):
		c.dist[0] = 1
	}
	c.header = newHeader(c.lit[:], c.dist[:])
	return c
}

// lengths fills out with the code lengths, at most limit bits, that make freq's symbols cheapest: package-merge (Larmore and
// Hirschberg, 1990). A lone symbol gets one bit.
func lengths(out []uint8, freq []uint32, limit int) {
	type leaf struct {
		weight uint64
		symbol int
	}
	var buf [286]leaf
	leaves := buf[:0]
	for i, f := range freq {
		out[i] = 0
		if f > 0 {
			leaves = append(leaves, leaf{uint64(f), i})
		}
	}
	switch len(leaves) {
	case 0:
		return
	case 1:
		out[leaves[0].symbol] = 1
		return
	}
	slices.SortFunc(leaves, func(a, b leaf) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), cmp.Compare(a.symbol, b.symbol))
	})
	// Each level holds the leaves merged with pairs of the level below; isLeaf says which is which.
	n := len(leaves)
	var isLeaf [15][2 * 286]bool
	var weights, next [2 * 286]uint64
	count := n
	for i, l := range leaves {
		weights[i], isLeaf[0][i] = l.weight, true
	}
	for level := 1; level < limit; level++ {
		pairs := count / 2
		i, j, k := 0, 0, 0
		for ; i < n || j < pairs; k++ {
			pair := ^uint64(0)
			if j < pairs {
				pair = weights[2*j] + weights[2*j+1]
			}
			if i < n && leaves[i].weight <= pair {
				next[k], isLeaf[level][k] = leaves[i].weight, true
				i++
			} else {
				next[k], isLeaf[level][k] = pair, false
				j++
			}
		}
		count, weights = k, next
	}
	// The first 2n-2 of the top level make the code: a leaf adds one bit, a pair opens two of the level below.
	take := 2*n - 2
	for level := limit - 1; level >= 0 && take > 0; level-- {
		leavesTaken := 0
		for _, leaf := range isLeaf[level][:take] {
			if leaf {
				out[leaves[leavesTaken].symbol]++
				leavesTaken++
			}
		}
		take = 2 * (take - leavesTaken)
	}
}

// assign gives canonical codes to lengths (section 3.2.2), bits reversed as the stream wants them.
func assign(lengths []uint8) []uint16 {
	var count, next [17]uint16
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= 15; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	codes := make([]uint16, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			codes[i] = bits.Reverse16(next[n]) >> (16 - n)
			next[n]++
		}
	}
	return codes
}

// A header is the code lengths of a dynamic block, run-length coded (section 3.2.7).
type header struct {
	lit, dist int       // how many lengths of each
	runs      []run     // symbols of the code length alphabet
	code      [19]uint8 // their code lengths
	used      int       // how many of code are sent
}

type run struct{ symbol, extra, value uint8 }

// order in which the lengths of the code length alphabet are sent.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func newHeader(lit, dist []uint8) header {
	h := header{lit: len(lit), dist: len(dist)}
	for h.lit > 257 && lit[h.lit-1] == 0 {
		h.lit--
	}
	for h.dist > 1 && dist[h.dist-1] == 0 {
		h.dist--
	}
	var buf [286 + 30]uint8
	all := append(append(buf[:0], lit[:h.lit]...), dist[:h.dist]...)
	h.runs = make([]run, 0, len(all))
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		v := all[i]
		i += n
		if v == 0 {
			for n >= 11 {
				k := min(n, 138)
				h.runs = append(h.runs, run{18, 7, uint8(k - 11)})
				n -= k
			}
			if n >= 3 {
				h.runs = append(h.runs, run{17, 3, uint8(n - 3)})
				n = 0
			}
		} else if n >= 4 {
			h.runs = append(h.runs, run{v, 0, 0})
			n--
			for n >= 3 {
				k := min(n, 6)
				if n-k == 1 || n-k == 2 { // 4 and 3 instead of 6 and a rest of 1
					k = max(3, n-3)
					k = min(k, 6)
				}
				h.runs = append(h.runs, run{16, 2, uint8(k - 3)})
				n -= k
			}
		}
		for range n {
			h.runs = append(h.runs, run{v, 0, 0})
		}
	}
	var freq [19]uint32
	for _, r := range h.runs {
		freq[r.symbol]++
	}
	lengths(h.code[:], freq[:], 7)
	for h.used = 19; h.used > 4 && h.code[order[h.used-1]] == 0; h.used-- {
	}
	return h
}

func (h *header) size() int {
	n := 5 + 5 + 4 + 3*h.used
	for _, r := range h.runs {
		n += int(h.code[r.symbol]) + int(r.extra)
	}
	return n
}

func (h *header) write(w *bitWriter) {
	w.bits(uint32(h.lit-257), 5)
	w.bits(uint32(h.dist-1), 5)
	w.bits(uint32(h.used-4), 4)
	for _, s := range order[:h.used] {
		w.bits(uint32(h.code[s]), 3)
	}
	codes := assign(h.code[:])
	for _, r := range h.runs {
		w.bits(uint32(codes[r.symbol]), uint(h.code[r.symbol]))
		w.bits(uint32(r.value), uint(r.extra))
	}
}
