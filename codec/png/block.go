package png

// This file implements blocks, RFC 1951 sections 3.2.3 to 3.2.7, and decides where a block ends.

import (
	"encoding/binary"
	"slices"
)

// A sequence is some literals, followed by a match unless length is 0.
type sequence struct {
	literals         uint32 // how many
	length, distance uint16 // of the match
}

// A stretch is a part of the input with the sequences that encode it.
type stretch struct {
	histogram     // of the sequences
	from, to  int // positions in the input
	sequences []sequence
}

// defaultUnit is used for a search.unit of 0. It is a tuned value, in literals and matches.
const defaultUnit = 6 << 10

// A blockWriter writes sequences in blocks. It collects sequences in units of at least unitSize
// literals and matches; only the last unit may be smaller. A unit begins a new block if codes of
// its own save more bits than another header takes.
type blockWriter struct {
	bitWriter
	b        []byte // the input
	unitSize int
	block    stretch   // the block whose end is not known yet
	size     int       // block.bits(), an estimate
	unit     stretch   // the unit that follows the block, not yet complete
	lastUnit histogram // of the last complete unit
}

// add adds the literals b[start:end], then a match unless length is 0. It reports whether this has
// completed a unit and so changed lastUnit.
func (w *blockWriter) add(start, end, length, distance int) bool {
	u := &w.unit
	u.sequences = append(u.sequences, sequence{uint32(end - start), uint16(length), uint16(distance)})
	for _, v := range w.b[start:end] {
		u.lit[v]++
	}
	u.n += end - start
	u.to = end + length
	if length > 0 {
		u.addMatch(length, distance)
	}
	if u.n < w.unitSize {
		return false
	}
	w.lastUnit = u.histogram
	w.endUnit()
	return true
}

// endUnit adds the unit to the block, or writes the block and begins another with the unit.
func (w *blockWriter) endUnit() {
	u := &w.unit
	alone := u.bits() // as a block of its own
	if w.block.n > 0 {
		// Add the unit to the block, if one block takes no more bits than two.
		union := w.block.histogram
		union.merge(&u.histogram)
		if together := union.bits(); together <= w.size+alone {
			w.block.histogram, w.size = union, together
			w.block.to = u.to
			w.block.sequences = append(w.block.sequences, u.sequences...)
			*u = stretch{from: u.to, to: u.to, sequences: u.sequences[:0]}
			return
		}
		w.writeBlock(&w.block, false)
	}
	// The unit becomes the block. The next unit takes the memory of the block just written.
	free := w.block.sequences[:0]
	w.block, w.size = *u, alone
	*u = stretch{from: u.to, to: u.to, sequences: free}
}

// finish writes the last block and returns the output.
func (w *blockWriter) finish() []byte {
	if w.unit.n > 0 || w.block.n == 0 { // an empty input has one empty block
		w.endUnit()
	}
	w.writeBlock(&w.block, true)
	return w.bitWriter.finish()
}

// codes are the two prefix codes of a block.
type codes struct{ lit, dist prefixCode }

// fixedCodes returns the codes of section 3.2.6.
func fixedCodes() *codes {
	c := new(codes)
	for s := range c.lit.length {
		switch {
		case s < 144 || s >= 280:
			c.lit.length[s] = 8
		case s < 256:
			c.lit.length[s] = 9
		default:
			c.lit.length[s] = 7
		}
	}
	for s := range 30 {
		c.dist.length[s] = 5
	}
	c.lit.assign()
	c.dist.assign()
	return c
}

// bitsOf returns the number of bits that the counted symbols take, extra bits included.
func (c *codes) bitsOf(h *histogram) int {
	n := c.lit.bitsOf(h.lit[:]) + c.dist.bitsOf(h.dist[:])
	for s, extra := range lengthExtra {
		n += int(h.lit[257+s]) * int(extra)
	}
	for s, extra := range distExtra {
		n += int(h.dist[s]) * int(extra)
	}
	return n
}

// maxLiteralBits limits the codes of literals and match lengths. Four such codes, and the 7 bits
// that may be waiting, take 63 bits of the accumulator's 64.
const maxLiteralBits = 14

// writeBlock writes a block in the shortest of three ways: with codes of its own, with the fixed
// codes, or stored.
func (w *blockWriter) writeBlock(s *stretch, final bool) {
	s.lit[256] = 1 // the end of the block
	own := new(codes)
	own.lit.build(s.lit[:], maxLiteralBits)
	own.dist.build(s.dist[:], maxBits)
	h := newHeader(own)
	fixed := fixedCodes()
	ownSize := h.bits() + own.bitsOf(&s.histogram)
	fixedSize := fixed.bitsOf(&s.histogram)
	storedSize := storedBits(s.to - s.from)
	bfinal := uint64(0)
	if final {
		bfinal = 1
	}
	switch {
	case storedSize < min(ownSize, fixedSize):
		w.writeStored(w.b[s.from:s.to], bfinal)
	case fixedSize <= ownSize:
		w.reserve(fixedSize)
		w.put(bfinal|1<<1, 3) // BFINAL, and BTYPE 1: fixed codes
		w.writeSymbols(s, fixed)
	default:
		w.reserve(ownSize)
		w.put(bfinal|2<<1, 3) // BFINAL, and BTYPE 2: codes of its own
		h.write(&w.bitWriter)
		w.writeSymbols(s, own)
	}
}

const maxStored = 1<<16 - 1 // bytes of a stored block

// storedBits returns how many bits n bytes take at most when stored. Before its bytes a block has a
// header of 3 bits, up to 7 bits of padding, its length in 16 bits, and the length's complement in
// 16 bits.
func storedBits(n int) int { return 8*n + (n/maxStored+1)*(3+7+32) }

// writeStored writes b in stored blocks (section 3.2.4). bfinal is the flag BFINAL of the last one.
func (w *blockWriter) writeStored(b []byte, bfinal uint64) {
	for {
		n := min(len(b), maxStored)
		// BFINAL, and BTYPE 0: stored.
		if n < len(b) {
			w.put(0, 3)
		} else {
			w.put(bfinal, 3)
		}
		w.align()
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(n))
		w.out = binary.LittleEndian.AppendUint16(w.out, ^uint16(n))
		w.out = append(w.out, b[:n]...)
		if b = b[n:]; len(b) == 0 {
			return
		}
	}
}

// A word is up to 24 bits to write, the first one lowest. The highest byte of the word is the
// number of bits.
type word uint32

// wordOf returns the code of a symbol as a word.
func (c *prefixCode) wordOf(symbol int) word {
	return word(c.code[symbol]) | word(c.length[symbol])<<24
}

// withExtra returns v followed by the n bits of extra.
func (v word) withExtra(extra uint32, n uint8) word {
	length, code := v>>24, v&0xffffff
	return (length+word(n))<<24 | word(extra)<<length | code
}

// writeSymbols writes the symbols of the block s, then the end of the block. The room that w.out
// needs for them must have been reserved.
func (w *blockWriter) writeSymbols(s *stretch, code *codes) {
	var literal [256]word
	for v := range literal {
		literal[v] = code.lit.wordOf(v)
	}
	var length [maxMatch + 1]word // with extra bits
	for n := minMatch; n <= maxMatch; n++ {
		i := lengthIndex(n)
		length[n] = code.lit.wordOf(257+i).withExtra(uint32(n)-uint32(lengthBase[i]), lengthExtra[i])
	}
	var distance [30]word // by symbol, without extra bits
	for ds := range distance {
		distance[ds] = code.dist.wordOf(ds)
	}
	o := len(w.out)
	out := w.out[:cap(w.out)]
	acc, nb := w.acc, w.nb
	at := s.from
	for _, q := range s.sequences {
		// Literals, four at a time. A store writes all of acc. Then o and acc move on by the whole
		// bytes, and at most 7 bits stay in acc. & 63 changes no shift, but spares a test for 64.
		lits := w.b[at:][:q.literals]
		at += len(lits) + int(q.length)
		for len(lits) >= 4 {
			a, b, c, d := literal[lits[0]], literal[lits[1]], literal[lits[2]], literal[lits[3]]
			acc |= uint64(a&0xffffff) << (nb & 63)
			nb += uint(a >> 24)
			acc |= uint64(b&0xffffff) << (nb & 63)
			nb += uint(b >> 24)
			acc |= uint64(c&0xffffff) << (nb & 63)
			nb += uint(c >> 24)
			acc |= uint64(d&0xffffff) << (nb & 63)
			nb += uint(d >> 24)
			binary.LittleEndian.PutUint64(out[o:], acc)
			o += int(nb >> 3)
			acc >>= (nb &^ 7) & 63
			nb &= 7
			lits = lits[4:]
		}
		for _, v := range lits { // up to three
			a := literal[v]
			acc |= uint64(a&0xffffff) << (nb & 63)
			nb += uint(a >> 24)
		}
		binary.LittleEndian.PutUint64(out[o:], acc)
		o += int(nb >> 3)
		acc >>= (nb &^ 7) & 63
		nb &= 7
		// The match: length, distance, and the extra bits of the distance.
		if q.length == 0 {
			continue
		}
		a := length[q.length]
		acc |= uint64(a&0xffffff) << (nb & 63)
		nb += uint(a >> 24)
		ds := distSymbol(int(q.distance))
		a = distance[ds]
		acc |= uint64(a&0xffffff) << (nb & 63)
		nb += uint(a >> 24)
		acc |= uint64(q.distance-distBase[ds]) << (nb & 63)
		nb += uint(distExtra[ds])
		binary.LittleEndian.PutUint64(out[o:], acc)
		o += int(nb >> 3)
		acc >>= (nb &^ 7) & 63
		nb &= 7
	}
	w.out, w.acc, w.nb = out[:o], acc, nb
	w.put(uint64(code.lit.code[256]), uint(code.lit.length[256]))
}

// A bitWriter packs bits into bytes, the first bit lowest.
type bitWriter struct {
	out []byte
	acc uint64 // bits that are not in out yet
	nb  uint   // number of bits in acc, below 8 between calls
}

// put writes the lowest n bits of v, at most 56. The higher bits of v must be zero.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.nb
	for w.nb += n; w.nb >= 8; w.nb -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// reserve makes room in out for a number of bits, and for a store of 8 bytes after them. 24 bytes
// are more than that store, the bits in acc and the type of a block take.
func (w *bitWriter) reserve(bits int) { w.out = slices.Grow(w.out, bits/8+24) }

// align pads to a whole byte.
func (w *bitWriter) align() {
	if w.nb > 0 {
		w.put(0, 8-w.nb)
	}
}

// finish pads to a whole byte and returns the output.
func (w *bitWriter) finish() []byte {
	w.align()
	return w.out
}
