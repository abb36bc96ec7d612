package webp

// This file implements the prefix codes of VP8L, RFC 9649 section 3.7.2.

import (
	"slices"

	"miniatura/codec/internal/huffman"
)

// lsbWriter packs bits as VP8L reads them: the first bit into the lowest bit of a byte.
type lsbWriter struct {
	out []byte
	acc uint64
	n   uint // bits in acc, below 32 between calls
}

// put writes v as n bits, at most 32. The bits of v above them must be zero.
func (w *lsbWriter) put(v uint32, n uint) {
	w.acc |= uint64(v) << w.n
	w.n += n
	if w.n >= 32 {
		w.out = append(w.out, byte(w.acc), byte(w.acc>>8), byte(w.acc>>16), byte(w.acc>>24))
		w.acc >>= 32
		w.n -= 32
	}
}

// bits returns how many bits have been written.
func (w *lsbWriter) bits() int { return 8*len(w.out) + int(w.n) }

// append writes all bits that have been written to o.
func (w *lsbWriter) append(o *lsbWriter) {
	for _, b := range o.out {
		w.put(uint32(b), 8)
	}
	w.put(uint32(o.acc), o.n)
}

// flush writes what is in acc, and pads the last byte with zeros.
func (w *lsbWriter) flush() {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
	w.acc = 0
}

// maxCodeLength is the longest prefix code (RFC 9649 3.7.2.1.2).
const maxCodeLength = 15

// A prefixCode holds the code and its length for each symbol. The bits of a code are in the order
// in which they are written. A length of 0 means that the symbol does not occur, or that only this
// symbol does.
type prefixCode struct {
	bits []uint16
	size []uint8 // lengths
}

// put writes the code of a symbol.
func (c *prefixCode) put(w *lsbWriter, sym int) { w.put(uint32(c.bits[sym]), uint(c.size[sym])) }

// codeLengths sets size to the lengths of a good prefix code for symbols that occur as often as
// counts says. No length is over limit. It uses Huffman's algorithm. While the deepest leaf is too
// deep, small counts are raised to a growing minimum, which makes the tree flatter. A single symbol
// gets length 1.
func codeLengths(size []uint8, counts []uint32, limit int) {
	clear(size)
	var used []int32 // the symbols that occur
	for s, c := range counts {
		if c > 0 {
			used = append(used, int32(s))
		}
	}
	if len(used) == 0 {
		return
	}
	if len(used) == 1 {
		size[used[0]] = 1
		return
	}
	keys, weights := make([]uint64, len(used)), make([]uint64, len(used))
	var tree huffman.Tree
	for floor := uint64(1); ; floor *= 2 {
		for i, s := range used { // by count, then by symbol, which has 16 bits at most
			keys[i] = max(uint64(counts[s]), floor)<<16 | uint64(s)
		}
		slices.Sort(keys)
		for i, k := range keys {
			weights[i] = k >> 16
		}
		deepest := uint8(0)
		for i, d := range tree.Depths(weights) {
			size[keys[i]&0xffff] = d
			deepest = max(deepest, d)
		}
		if int(deepest) <= limit {
			return
		}
	}
}

// newPrefixCode makes a canonical code for symbols that occur as often as counts says.
func newPrefixCode(counts []uint32) prefixCode {
	c := prefixCode{make([]uint16, len(counts)), make([]uint8, len(counts))}
	codeLengths(c.size, counts, maxCodeLength)
	c.assign()
	return c
}

// assign computes the canonical codes from their lengths: shorter codes come first, and codes of
// equal length are in the order of their symbols.
func (c *prefixCode) assign() {
	var number, next [maxCodeLength + 2]int // by length: how many codes, and the next code
	for _, n := range c.size {
		number[n]++
	}
	number[0] = 0
	for n := 1; n <= maxCodeLength; n++ {
		next[n+1] = (next[n] + number[n]) << 1
	}
	for s, n := range c.size {
		if n == 0 {
			continue
		}
		// The first bit is the highest one of the canonical code, and is written first.
		v, r := next[n], uint16(0)
		next[n]++
		for range n {
			r = r<<1 | uint16(v&1)
			v >>= 1
		}
		c.bits[s] = r
	}
}

// codeLengthOrder is the order in which the lengths of the code length code are stored (RFC 9649
// 3.7.2.1.2, kCodeLengthCodeOrder).
var codeLengthOrder = [19]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// write stores the code's lengths. If only one symbol occurs and it is below 256, it takes no bits
// in the data, so write clears its code.
func (c *prefixCode) write(w *lsbWriter) {
	var used [2]int // the first two symbols that occur
	n := 0          // how many occur
	for s, l := range c.size {
		if l > 0 {
			if n < 2 {
				used[n] = s
			}
			n++
		}
	}
	if n <= 2 && used[0] < 256 && used[1] < 256 {
		c.writeSimple(w, used, n)
		return
	}
	if n == 1 {
		// The simple form cannot hold a single symbol over 255. So a second symbol is added, and
		// both get a length of 1.
		c.size[0] = 1
		c.assign()
	}
	c.writeNormal(w)
}

// writeSimple stores which one or two symbols below 256 occur (RFC 9649 3.7.2.1.1). The code of a
// single symbol is cleared.
func (c *prefixCode) writeSimple(w *lsbWriter, used [2]int, n int) {
	w.put(1, 1) // simple
	w.put(uint32(max(n, 1)-1), 1)
	if used[0] <= 1 {
		w.put(0, 1)
		w.put(uint32(used[0]), 1)
	} else {
		w.put(1, 1)
		w.put(uint32(used[0]), 8)
	}
	if n == 2 {
		w.put(uint32(used[1]), 8)
		return
	}
	c.size[used[0]], c.bits[used[0]] = 0, 0
}

// A run is a symbol of the code for code lengths. The number extra follows it in so many bits.
type run struct{ sym, extra, bits uint8 }

// runsOf encodes the lengths in size as runs. Symbol 16 repeats the last length that was not zero.
// 17 and 18 are runs of zeros. The others are lengths.
func runsOf(size []uint8) (runs []run) {
	previous := uint8(8) // what 16 repeats before the first length (RFC 9649 3.7.2.1.2)
	for i := 0; i < len(size); {
		v, n := size[i], 1
		for i+n < len(size) && size[i+n] == v {
			n++
		}
		i += n
		if v == 0 {
			for ; n >= 11; n -= min(n, 138) {
				runs = append(runs, run{18, uint8(min(n, 138) - 11), 7})
			}
			if n >= 3 {
				runs = append(runs, run{17, uint8(n - 3), 3})
				n = 0
			}
		} else {
			if v != previous {
				runs = append(runs, run{sym: v})
				previous = v
				n--
			}
			for ; n >= 3; n -= min(n, 6) {
				runs = append(runs, run{16, uint8(min(n, 6) - 3), 2})
			}
		}
		for ; n > 0; n-- {
			runs = append(runs, run{sym: v})
		}
	}
	return runs
}

// writeNormal stores the lengths as runs, which are prefix coded themselves (RFC 9649 3.7.2.1.2).
func (c *prefixCode) writeNormal(w *lsbWriter) {
	w.put(0, 1) // not simple
	runs := runsOf(c.size)
	// Runs after the last length that is not zero need not be stored. max_symbol is the number of
	// runs that are stored.
	total := len(runs)
	for total > 0 && (runs[total-1].sym == 0 || runs[total-1].sym >= 17) {
		total--
	}
	lengths := lengthsCode(runs[:total])
	lengths.writeLengths(w)
	if total < len(runs) { // at least two symbols have a length, so total >= 2
		k := uint(0) // max_symbol - 2 is stored in 2 + 2 k bits
		for (total-2)>>(2+2*k) > 0 {
			k++
		}
		w.put(1, 1)
		w.put(uint32(k), 3)
		w.put(uint32(total-2), 2+2*k)
	} else {
		w.put(0, 1)
	}
	for _, r := range runs[:total] {
		lengths.put(w, int(r.sym))
		w.put(uint32(r.extra), uint(r.bits))
	}
}

// lengthsCode makes the code for the symbols of the runs. Its own lengths are stored in 3 bits.
func lengthsCode(runs []run) prefixCode {
	var counts [19]uint32
	for _, r := range runs {
		counts[r.sym]++
	}
	c := prefixCode{make([]uint16, 19), make([]uint8, 19)}
	codeLengths(c.size, counts[:], 7)
	c.assign()
	return c
}

// writeLengths stores the lengths of a code for code lengths. If only one symbol occurs, its code
// takes no bits in the data, so writeLengths clears the code.
func (c *prefixCode) writeLengths(w *lsbWriter) {
	n := 19
	for n > 4 && c.size[codeLengthOrder[n-1]] == 0 {
		n--
	}
	w.put(uint32(n-4), 4)
	used := 0
	for i, s := range codeLengthOrder {
		if i < n {
			w.put(uint32(c.size[s]), 3)
		}
		if c.size[s] > 0 {
			used++
		}
	}
	if used == 1 {
		clear(c.size)
		clear(c.bits)
	}
}
