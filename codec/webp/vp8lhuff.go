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

// put writes the n lowest bits of v, at most 32. The bits above them must be zero.
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

// append writes to w all bits that have been written to o.
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

// maxCodeLength is the largest number of bits in a symbol's code (RFC 9649 3.7.2.1.2).
const maxCodeLength = 15

// A prefixCode holds the code of each symbol and its length. put writes the lowest bit of a code
// first. A symbol that does not occur has length 0. After write, a symbol below 256 has length 0
// too if no other occurs: a reader knows it without reading any bits.
type prefixCode struct {
	bits []uint16 // codes
	size []uint8  // their lengths
}

// put writes the code of a symbol.
func (c *prefixCode) put(w *lsbWriter, sym int) { w.put(uint32(c.bits[sym]), uint(c.size[sym])) }

// codeLengths sets size to the lengths, up to limit, of a prefix code for symbols that occur as
// often as counts says. It uses Huffman's algorithm, and repeats it while a length is over limit.
// For each repetition it doubles a minimum to which small counts are raised. This makes the tree
// flatter. A single symbol gets length 1.
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
	keys := make([]uint64, len(used))
	weights := make([]uint64, len(used))
	var tree huffman.Tree
	for floor := uint64(1); ; floor *= 2 {
		// Sort the symbols by count, then by symbol. A key has the symbol in its lowest 16 bits.
		for i, s := range used {
			weight := max(uint64(counts[s]), floor)
			keys[i] = weight<<16 | uint64(s)
		}
		slices.Sort(keys)
		for i, k := range keys {
			weights[i] = k >> 16
		}
		// The length of a symbol's code is the depth of its leaf.
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
	c := prefixCode{bits: make([]uint16, len(counts)), size: make([]uint8, len(counts))}
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
	for n := 1; n <= maxCodeLength; n++ {
		next[n+1] = (next[n] + number[n]) << 1
	}
	for s, n := range c.size {
		if n == 0 {
			continue
		}
		// The highest bit of a canonical code is the first in the file, but put writes the lowest
		// one first. So reverse the bits.
		v, reversed := next[n], uint16(0)
		next[n]++
		for range n {
			reversed = reversed<<1 | uint16(v&1)
			v >>= 1
		}
		c.bits[s] = reversed
	}
}

// numRunSymbols is the number of symbols of the code for code lengths: the lengths 0 to 15, and 16
// to 18 for repetitions.
const numRunSymbols = 19

// codeLengthOrder is the order in which the lengths of the code for code lengths are stored (RFC
// 9649 3.7.2.1.2, kCodeLengthCodeOrder).
var codeLengthOrder = [numRunSymbols]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// write stores the code's lengths. It then changes the code to what a reader expects: if only one
// symbol occurs and it is below 256, its code has no bits.
func (c *prefixCode) write(w *lsbWriter) {
	var used [2]int // the first two symbols that occur
	n := 0          // how many symbols occur
	for s, l := range c.size {
		if l > 0 {
			if n < 2 {
				used[n] = s
			}
			n++
		}
	}
	isSimple := n <= 2 && used[0] < 256 && used[1] < 256
	if isSimple {
		c.writeSimple(w, used, n)
		return
	}
	if n == 1 {
		// The simple form cannot hold a single symbol over 255. So symbol 0 is added, and both get
		// a length of 1.
		c.size[0] = 1
		c.assign()
	}
	c.writeNormal(w)
}

// writeSimple stores the n symbols that occur, at most two and below 256 (RFC 9649 3.7.2.1.1). If
// none occurs, it stores symbol 0, since the form holds one or two.
func (c *prefixCode) writeSimple(w *lsbWriter, used [2]int, n int) {
	w.put(1, 1)                   // simple
	w.put(uint32(max(n, 1)-1), 1) // number of symbols - 1
	if used[0] <= 1 {
		w.put(0, 1) // the first symbol has 1 bit
		w.put(uint32(used[0]), 1)
	} else {
		w.put(1, 1) // the first symbol has 8 bits
		w.put(uint32(used[0]), 8)
	}
	if n == 2 {
		w.put(uint32(used[1]), 8)
		return
	}
	// A reader reads no bits for a single symbol, so put must not write any.
	c.size[used[0]], c.bits[used[0]] = 0, 0
}

// A run is a symbol of the code for code lengths, and the number extra that follows the symbol in
// so many extraBits.
type run struct{ sym, extra, extraBits uint8 }

// runsOf encodes the lengths in size as runs. Symbol 16 repeats the last length that was not zero 3
// to 6 times. Symbol 17 is 3 to 10 zeros, and symbol 18 is 11 to 138. Other symbols are lengths.
func runsOf(size []uint8) (runs []run) {
	previous := uint8(8) // what 16 repeats before the first length (RFC 9649 3.7.2.1.2)
	for i := 0; i < len(size); {
		v, n := size[i], 1 // a length, and how often it is still to be encoded
		for i+n < len(size) && size[i+n] == v {
			n++
		}
		i += n
		if v == 0 {
			// Zeros: by 18 as far as possible, then by 17.
			for ; n >= 11; n -= min(n, 138) {
				runs = append(runs, run{18, uint8(min(n, 138) - 11), 7})
			}
			if n >= 3 {
				runs = append(runs, run{17, uint8(n - 3), 3})
				n = 0
			}
		} else {
			// The length once, unless it is what 16 repeats, then by 16.
			if v != previous {
				runs = append(runs, run{sym: v})
				previous = v
				n--
			}
			for ; n >= 3; n -= min(n, 6) {
				runs = append(runs, run{16, uint8(min(n, 6) - 3), 2})
			}
		}
		// At most two are left, too few to be repeated.
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
	// Zeros after the last length that is not zero need not be stored. maxSymbol, the RFC's name, is
	// the number of runs that are stored.
	maxSymbol := len(runs)
	isZeros := func(r run) bool { return r.sym == 0 || r.sym >= 17 }
	for maxSymbol > 0 && isZeros(runs[maxSymbol-1]) {
		maxSymbol--
	}
	lengths := lengthsCode(runs[:maxSymbol])
	lengths.writeLengths(w)
	if maxSymbol < len(runs) {
		// maxSymbol-2 is stored in 2+2*k bits. It is not negative, since at least two symbols have a
		// length, and these take at least two runs.
		v, k := uint32(maxSymbol-2), uint(0)
		for v>>(2+2*k) > 0 {
			k++
		}
		w.put(1, 1)
		w.put(uint32(k), 3)
		w.put(v, 2+2*k)
	} else {
		w.put(0, 1) // all runs are stored
	}
	for _, r := range runs[:maxSymbol] {
		lengths.put(w, int(r.sym))
		w.put(uint32(r.extra), uint(r.extraBits))
	}
}

// lengthsCode makes the code for the symbols of the runs. The code's own lengths are stored in 3
// bits, so they are at most 7.
func lengthsCode(runs []run) prefixCode {
	var counts [numRunSymbols]uint32
	for _, r := range runs {
		counts[r.sym]++
	}
	c := prefixCode{bits: make([]uint16, numRunSymbols), size: make([]uint8, numRunSymbols)}
	codeLengths(c.size, counts[:], 7)
	c.assign()
	return c
}

// writeLengths stores c, a code in which the lengths of another code are written. If only one
// symbol of c occurs, a reader reads no bits for it, so writeLengths clears c.
func (c *prefixCode) writeLengths(w *lsbWriter) {
	n := numRunSymbols // number of lengths that are stored, at least 4
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
