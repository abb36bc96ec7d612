package png

// This file implements decompression: the zlib wrapper, RFC 1950, and deflate, RFC 1951. It differs
// from compress/flate in two ways. One table lookup yields up to three literals, because filtered
// photos consist mostly of literals. And rows are read where they lie in the window, not copied.

import "encoding/binary"

const (
	litBits  = 11 // bits of an index into the table of literals and lengths
	distBits = 9  // bits of an index into the table of distances
	maxBits  = 15 // bits of the longest code (RFC 1951 section 3.2.7)

	windowSize = 32 << 10 // the largest distance of a match
	inSize     = 64 << 10 // bytes of input that are held at a time
	outChunk   = 96 << 10 // bytes that fit into out between two flushes

	// inMargin is more bytes than a round of the loop in symbols loads: two refills, each of which
	// moves up to 7 bytes on and loads 8.
	inMargin = 32
	// inPad is how many zeros follow the input in memory, so that a refill near the end of the input
	// loads nothing else.
	inPad = 64
	// outPad is more bytes than a round writes: 4 stores of 4 bytes, and a match of 258 bytes, which
	// is written in stores of up to 16 bytes.
	outPad = 320
)

// In a table entry, bits 0-5 are the length of the code in bits. A processor uses only the lowest
// six bits of a shift count, so that the entry is a shift count as it is. Bits 6-7 are the number
// of literals. If there are any, bits 8 and up hold them, the first one lowest. If there are none,
// bits 8-9 are the kind of the entry, and bits 10 and up describe a length or a distance.
const (
	entryLits  = 6      // position of the number of literals
	entryExtra = 10     // position of the number of extra bits after the code, 4 bits
	entryBase  = 16     // position of the base, to which the extra bits are added
	kindMatch  = 0 << 8 // a length or, in the other table, a distance
	kindEnd    = 1 << 8 // the end of the block
	kindLong   = 2 << 8 // a code longer than the index, or no code
	kindMask   = 3 << 8
)

// Tables of RFC 1951 section 3.2.5.
var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	codeOrder   = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// An inflater decodes a zlib stream. It may be used again; it keeps its memory, but no state.
//
// Its methods hand on the state of decoding: the position p of the next byte in f.in, the end o of
// the decoded bytes in f.out, and acc, which holds the nb bits that come before f.in[p:].
type inflater struct {
	lit       [1 << litBits]uint32  // the table of literals and lengths
	dist      [1 << distBits]uint32 // the table of distances
	litCanon  canon                 // the same codes as lit, for those that the table does not have
	distCanon canon

	next    func() []byte // returns the next piece of input, or nil at the end
	in      []byte        // inSize + inPad bytes
	n       int           // valid bytes of in
	pending []byte        // the rest of a piece that did not fit into in
	eof     bool          // next has returned nil

	sink   func(b []byte) (used int, err error) // see inflate
	out    []byte                               // the window, and bytes that sink has not used
	start  int                                  // sink has used out[:start]
	adler  adler                                // the checksum of the decoded bytes
	summed int                                  // out[:summed] is in adler
}

// inflate decodes a zlib stream that comes in pieces from next. It offers the decoded bytes to sink
// in order. sink returns how many bytes it used, and is offered the rest again with more bytes.
// When it is offered rowSize bytes or more, sink must use some. An error of sink ends inflate. If
// inflate returns nil, all bytes were offered and the checksum is right. If the input is damaged,
// sink was offered only bytes from before the damage.
func (f *inflater) inflate(next func() []byte, rowSize int, sink func(b []byte) (used int, err error)) error {
	f.next, f.sink = next, sink
	if f.in == nil {
		f.in = make([]byte, inSize+inPad)
	}
	size := max(windowSize, rowSize) + outChunk + outPad
	if cap(f.out) < size {
		f.out = make([]byte, size)
	}
	f.pending, f.eof, f.n = nil, false, 0
	f.start, f.summed = 0, 0
	f.adler = adler{1, 0}

	p := f.fill(0)
	if f.n < 2 {
		return FormatError{Msg: "no zlib header"}
	}
	// RFC 1950 section 2.2.
	header := binary.BigEndian.Uint16(f.in)
	isDeflate, hasDictionary := (header>>8)&15 == 8, header&0x20 != 0
	if header%31 != 0 || !isDeflate || hasDictionary {
		return FormatError{Msg: "zlib header"}
	}
	o, err := f.blocks(p + 2)
	if err != nil && o >= 0 { // the input is damaged: sink gets what came before
		if _, sinkErr := f.flush(o); sinkErr != nil {
			return sinkErr
		}
	}
	return err
}

// refill adds bits from in[p:] to acc, so that acc has at least 56 bits. nb is the number of bits
// in acc, at most 63. refill returns the new acc, nb and p. It loads 8 bytes, but moves p only past
// those that fit into acc whole: (63-nb)/8 bytes. With them, acc has nb|56 bits. Bits of the next
// byte that are in acc already are loaded again.
func refill(acc uint64, nb uint, in []byte, p int) (uint64, uint, int) {
	return acc | binary.LittleEndian.Uint64(in[p:])<<(nb&63), nb | 56, p + (int(63-nb) >> 3)
}

// fill moves the rest of the input to the beginning of in and reads more input. It returns the new
// p. After the end of the input, in has inPad zeros. fill keeps the 8 bytes before p, because bits
// in acc may be given back.
func (f *inflater) fill(p int) int {
	from := max(p-8, 0)
	if from < f.n {
		f.n = copy(f.in, f.in[from:f.n])
	} else { // far past the end: the new p is more than the new f.n, as the caller will see
		from = f.n
		f.n = 0
	}
	p -= from
	for f.n < inSize && !f.eof {
		if len(f.pending) == 0 {
			if f.pending = f.next(); f.pending == nil {
				f.eof = true
			}
			continue
		}
		m := copy(f.in[f.n:inSize], f.pending)
		f.n += m
		f.pending = f.pending[m:]
	}
	clear(f.in[f.n:min(f.n+inPad, len(f.in))])
	return p
}

// flush offers out[start:o] to sink, and moves the window and what sink did not use to the
// beginning of out. It returns the new o, or -1 and the error of sink.
func (f *inflater) flush(o int) (int, error) {
	f.adler.update(f.out[f.summed:o])
	used, err := f.sink(f.out[f.start:o])
	if err != nil {
		return -1, err
	}
	f.start += used
	keep := max(min(f.start, o-windowSize), 0) // out[keep:o] is kept
	copy(f.out, f.out[keep:o])
	f.start -= keep
	f.summed = o - keep
	return o - keep, nil
}

// The inflater does not know where its input lies in the file; its callers add the offset.
var (
	errDeflate error = FormatError{Msg: "compressed data"}
	errNoSum   error = FormatError{Msg: "compressed data ends early"}
	errSum     error = FormatError{Msg: "zlib checksum"}
)

// blocks decodes the blocks of section 3.2.3 from in[p] on. Then it compares the checksum after the
// blocks with the checksum of the data. It returns the new o, or -1 if sink failed. After any other
// error some bytes before o may still have to be offered to sink.
func (f *inflater) blocks(p int) (int, error) {
	c := cursor{p: p}
	var err error
	o := 0
	fixed := false // the tables hold the fixed codes of section 3.2.6
	for final := false; !final; {
		if !f.refillCursor(&c) {
			return o, errDeflate
		}
		final = c.take(1) != 0
		switch c.take(2) {
		case 0: // stored
			c.p -= int(c.nb >> 3) // whole bytes of acc are given back, the bits before them dropped
			c.acc, c.nb = 0, 0
			if c.p, o, err = f.copyStored(c.p, o); err != nil {
				return o, err
			}
			continue
		case 1: // fixed codes
			if !fixed {
				f.buildFixed()
				fixed = true
			}
		case 2: // codes of its own
			fixed = false
			if !f.buildDynamic(&c) {
				return o, errDeflate
			}
		default:
			return o, errDeflate
		}
		if c.p, o, c.acc, c.nb, err = f.symbols(c.p, o, c.acc, c.nb); err != nil {
			return o, err
		}
	}
	if o, err = f.flush(o); err != nil {
		return o, err
	}
	// The checksum begins with the first whole byte of acc. The whole bytes are given back.
	p = f.fill(c.p - int(c.nb>>3))
	if p+4 > f.n {
		return o, errNoSum
	}
	if binary.BigEndian.Uint32(f.in[p:]) != f.adler[1]<<16|f.adler[0] {
		return o, errSum
	}
	return o, nil
}

// A cursor is a position in the input: acc holds the nb bits that come before in[p:].
type cursor struct {
	p   int
	acc uint64
	nb  uint
}

// refillCursor adds bits to c.acc, so that c.acc has at least 56 bits. Past the end of the input it
// adds zeros. It returns false if c.p is more than 8 bytes past the end, because then no bit in
// c.acc is from the input.
func (f *inflater) refillCursor(c *cursor) bool {
	if c.p > f.n-inMargin {
		if c.p > f.n+8 {
			return false
		}
		c.p = f.fill(c.p)
	}
	c.acc, c.nb, c.p = refill(c.acc, c.nb, f.in, c.p)
	return true
}

// take removes n bits from c.acc and returns them. c.acc must hold at least n bits.
func (c *cursor) take(n uint) int {
	v := int(c.acc & (1<<n - 1))
	c.acc >>= n
	c.nb -= n
	return v
}

// copyStored copies a stored block (section 3.2.4) to out[o:]. p is the position of the block's
// LEN. It returns the new p and o; o is -1 if sink failed.
func (f *inflater) copyStored(p, o int) (int, int, error) {
	if p > f.n-inMargin {
		p = f.fill(p)
	}
	if p+4 > f.n {
		return p, o, errDeflate
	}
	length, check := binary.LittleEndian.Uint16(f.in[p:]), binary.LittleEndian.Uint16(f.in[p+2:])
	if length != ^check {
		return p, o, errDeflate
	}
	p += 4
	for left := int(length); left > 0; {
		if p >= f.n {
			if p = f.fill(p); p >= f.n {
				return p, o, errDeflate
			}
		}
		if o >= len(f.out)-outPad {
			var err error
			if o, err = f.flush(o); err != nil {
				return p, o, err
			}
		}
		m := copy(f.out[o:len(f.out)-outPad], f.in[p:min(p+left, f.n)])
		p, o, left = p+m, o+m, left-m
	}
	return p, o, nil
}

// symbols decodes the symbols of a block to its end (section 3.2.3). It returns the new p, o, acc
// and nb; o is -1 if sink failed.
func (f *inflater) symbols(p, o int, acc uint64, nb uint) (int, int, uint64, uint, error) {
	in, out := f.in, f.out
	lit := &f.lit
	limit := len(out) - outPad // from here on, out has no room for a round of the loop
	safe := f.n - inMargin     // up to here, in has enough bytes for a round of the loop
	const mask = 1<<litBits - 1
	for {
		if p > safe && !f.eof {
			p = f.fill(p)
			safe = f.n - inMargin
		}
		if o >= limit {
			var err error
			if o, err = f.flush(o); err != nil {
				return p, o, acc, nb, err
			}
		}
		if p > safe && f.eof { // near the end of the input: symbol by symbol
			var end bool
			var err error
			if p, o, acc, nb, end, err = f.symbolNearEnd(p, o, acc, nb); end || err != nil {
				return p, o, acc, nb, err
			}
			continue
		}
		if p, o, acc, nb = f.decodeByTables(p, o, acc, nb, safe, limit); o >= limit || p > safe {
			continue
		}
		// Literals: e has e>>entryLits&3 of them. 56 bits are enough for five lookups of litBits bits:
		// four whose entries are used, and one that looks ahead.
		acc, nb, p = refill(acc, nb, in[:], p)
		e := lit[acc&mask]
		for e>>entryLits&3 != 0 {
			binary.LittleEndian.PutUint32(out[o:], e>>8)
			o += int(e >> entryLits & 3)
			acc >>= e & 63
			nb -= uint(e & 63)
			e = lit[acc&mask]
			if e>>entryLits&3 == 0 {
				break
			}
			binary.LittleEndian.PutUint32(out[o:], e>>8)
			o += int(e >> entryLits & 3)
			acc >>= e & 63
			nb -= uint(e & 63)
			e = lit[acc&mask]
			if e>>entryLits&3 == 0 {
				break
			}
			binary.LittleEndian.PutUint32(out[o:], e>>8)
			o += int(e >> entryLits & 3)
			acc >>= e & 63
			nb -= uint(e & 63)
			e = lit[acc&mask]
			if e>>entryLits&3 == 0 {
				break
			}
			binary.LittleEndian.PutUint32(out[o:], e>>8)
			o += int(e >> entryLits & 3)
			acc >>= e & 63
			nb -= uint(e & 63)
			// This lookup and the refill below do not wait for each other.
			e = lit[acc&mask]
			if p > safe || o >= limit {
				break
			}
			acc, nb, p = refill(acc, nb, in[:], p)
		}
		if e>>entryLits&3 != 0 { // input or room ran short, and e is not used yet
			continue
		}
		// A match, the end of the block, or a long code.
		if nb < 48 { // 15+5 for the length, 15+13 for the distance
			acc, nb, p = refill(acc, nb, in[:], p)
		}
		var length int
		switch e & kindMask {
		case kindMatch:
			acc >>= e & 63
			nb -= uint(e & 63)
			x := e >> entryExtra & 15
			length = int(e>>entryBase) + int(acc&(1<<x-1))
			acc >>= x
			nb -= uint(x)
		case kindEnd:
			return p, o, acc >> (e & 63), nb - uint(e&63), nil
		default: // kindLong
			s, n := f.litCanon.decode(acc, litBits+1)
			if s < 0 || s > 285 {
				return p, o, acc, nb, errDeflate
			}
			acc >>= n & 63
			nb -= n
			if s < 256 {
				out[o] = byte(s)
				o++
				continue
			}
			if s == 256 {
				return p, o, acc, nb, nil
			}
			x := uint(lengthExtra[s-257])
			length = int(lengthBase[s-257]) + int(acc&(1<<x-1))
			acc >>= x & 63
			nb -= x
		}
		var distance int
		if distance, acc, nb = f.distance(acc, nb); distance > o || distance < 1 {
			return p, o, acc, nb, errDeflate
		}
		o = copyMatch(out, o, length, distance)
	}
}

// distance decodes a distance. acc must hold at least 28 bits: 15 of the code and 13 extra bits.
// distance returns the distance, or 0 if acc holds none, and the new acc and nb.
func (f *inflater) distance(acc uint64, nb uint) (int, uint64, uint) {
	if d := f.dist[acc&(1<<distBits-1)]; d&kindMask == kindMatch {
		acc >>= d & 63
		x := d >> entryExtra & 15
		return int(d>>entryBase) + int(acc&(1<<x-1)), acc >> x, nb - uint(d&63) - uint(x)
	}
	s, n := f.distCanon.decode(acc, distBits+1)
	if s < 0 || s > 29 {
		return 0, 0, 0
	}
	acc >>= n & 63
	x := uint(distExtra[s])
	return int(distBase[s]) + int(acc&(1<<x-1)), acc >> (x & 63), nb - n - x
}

// copyMatch copies length bytes to out[o:], from distance bytes before o. It returns the end of the
// copy. It may overwrite up to 27 bytes after the end.
func copyMatch(out []byte, o, length, distance int) int {
	end := o + length
	if distance < 8 {
		if distance == 1 {
			v := uint64(out[o-1]) * 0x0101010101010101
			for ; o < end; o += 8 {
				binary.LittleEndian.PutUint64(out[o:], v)
			}
			return end
		}
		// A pattern of 2 to 7 bytes is repeated until it has 8 to 14 bytes. From then on those are
		// the pattern.
		repeats := (7 + distance) / distance // 8/distance, rounded up
		whole := distance * repeats
		for i := o; i < o+whole; i++ {
			out[i] = out[i-distance]
		}
		o += whole
		distance = whole
	}
	// Most matches are short, so 16 bytes are copied without a test.
	binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[o-distance:]))
	binary.LittleEndian.PutUint64(out[o+8:], binary.LittleEndian.Uint64(out[o+8-distance:]))
	for o += 16; o < end; o += 8 {
		binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[o-distance:]))
	}
	return end
}

// symbolNearEnd decodes one literal, match or end of a block, near the end of the input. It returns
// the new p, o, acc and nb, and whether the block has ended. It does not use bits past the end of
// the input: if it would need some, it returns an error and writes nothing.
func (f *inflater) symbolNearEnd(p, o int, acc uint64, nb uint) (int, int, uint64, uint, bool, error) {
	if p <= f.n {
		acc, nb, p = refill(acc, nb, f.in[:], p)
	}
	left := int(nb) - 8*max(p-f.n, 0) // bits of acc that come from the input
	take := func(n uint) uint64 {
		v := acc & (1<<n - 1)
		acc >>= n
		nb -= n
		left -= int(n)
		return v
	}
	s, n := f.litCanon.decode(acc, 1)
	take(n)
	if s < 0 || s > 285 || left < 0 {
		return p, o, acc, nb, false, errDeflate
	}
	switch {
	case s < 256:
		f.out[o] = byte(s)
		return p, o + 1, acc, nb, false, nil
	case s == 256:
		return p, o, acc, nb, true, nil
	}
	// A match.
	length := int(lengthBase[s-257]) + int(take(uint(lengthExtra[s-257])))
	s, n = f.distCanon.decode(acc, 1)
	take(n)
	if s < 0 || s > 29 {
		return p, o, acc, nb, false, errDeflate
	}
	distance := int(distBase[s]) + int(take(uint(distExtra[s])))
	if left < 0 || distance > o {
		return p, o, acc, nb, false, errDeflate
	}
	for range length {
		f.out[o] = f.out[o-distance]
		o++
	}
	return p, o, acc, nb, false, nil
}

// An adler is the two sums of Adler-32 (RFC 1950 section 8.2), s1 and s2, modulo adlerMod.
type adler [2]uint32

const (
	adlerMod = 65521
	// adlerMax is how many bytes are summed before s1 and s2 are reduced. It is a multiple of 32,
	// as the AVX2 kernel needs. After more than 5552 bytes s2 could overflow.
	adlerMax = 5536
)

// updateGeneric adds b to the sums. It defines what update computes.
func (a *adler) updateGeneric(b []byte) {
	s1, s2 := a[0], a[1]
	for len(b) > 0 {
		n := min(len(b), adlerMax)
		for _, v := range b[:n] {
			s1 += uint32(v)
			s2 += s1
		}
		s1 %= adlerMod
		s2 %= adlerMod
		b = b[n:]
	}
	a[0], a[1] = s1, s2
}
