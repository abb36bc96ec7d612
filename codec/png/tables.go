package png

// This file makes the tables by which inflate.go decodes the symbols of a block: from the code
// lengths in the block's header, RFC 1951 sections 3.2.2, 3.2.6 and 3.2.7.

import "math/bits"

// A canon is a canonical Huffman code (section 3.2.2). Its arrays first, count and offset are
// indexed by the length of a code in bits.
type canon struct {
	first   [maxBits + 1]uint16 // the first code of the length
	count   [maxBits + 1]uint16 // how many codes have the length
	offset  [maxBits + 1]uint16 // where in symbols the symbol of the first code is
	symbols [288]uint16         // in the order of their codes
}

// build sets c to the code in which symbol s has a code of lengths[s] bits, or none if that is 0.
// It returns false if the code is over-subscribed. The code may be incomplete: some bits then have
// no symbol.
func (c *canon) build(lengths []uint8) bool {
	c.count = [maxBits + 1]uint16{}
	for _, l := range lengths {
		c.count[l]++
	}
	c.count[0] = 0
	code, offset := 0, 0
	for l := 1; l <= maxBits; l++ {
		code <<= 1
		c.first[l], c.offset[l] = uint16(code), uint16(offset)
		code += int(c.count[l])
		offset += int(c.count[l])
		if code > 1<<l {
			return false
		}
	}
	next := c.offset
	for s, l := range lengths {
		if l > 0 {
			c.symbols[next[l]] = uint16(s)
			next[l]++
		}
	}
	return true
}

// decode returns the symbol of the code in the lowest bits of acc, and the code's length n. It
// tries only codes of at least minLen bits. It returns -1 and 0 if no such code is in acc.
func (c *canon) decode(acc uint64, minLen uint) (symbol int, n uint) {
	rev := bits.Reverse16(uint16(acc)) // the first bit of a code is lowest in acc, highest in first
	for n = minLen; n <= maxBits; n++ {
		// d wraps around to a large number if the bits are less than the first code.
		if d := rev>>(16-n) - c.first[n]; d < c.count[n] {
			return int(c.symbols[c.offset[n]+d]), n
		}
	}
	return -1, 0
}

// buildFixed makes the tables of section 3.2.6.
func (f *inflater) buildFixed() {
	var lengths [288 + 32]uint8
	for i := range 288 {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	for i := range 32 {
		lengths[288+i] = 5
	}
	f.build(lengths[:288], lengths[288:])
}

// buildDynamic reads the header of a block with codes of its own (section 3.2.7) and makes their
// tables. It returns false if the header is damaged.
func (f *inflater) buildDynamic(c *cursor) bool {
	// The caller has refilled c, so the next 14 bits are there.
	lits := c.take(5) + 257  // HLIT: number of code lengths for literals and match lengths
	dists := c.take(5) + 1   // HDIST: number of code lengths for distances
	ordered := c.take(4) + 4 // HCLEN: number of symbols in codeOrder whose code length is stored
	if lits > 286 || dists > 30 {
		return false
	}
	// The code in which the code lengths are written. Until f.build, f.litCanon is free to hold it.
	var codeLengths [19]uint8
	for _, k := range codeOrder[:ordered] {
		if c.nb < 3 && !f.refillCursor(c) {
			return false
		}
		codeLengths[k] = uint8(c.take(3))
	}
	if !f.litCanon.build(codeLengths[:]) {
		return false
	}
	// The code lengths. Symbol 16 repeats the length before it; symbols 17 and 18 repeat 0.
	var lengths [286 + 30]uint8
	for i := 0; i < lits+dists; {
		if !f.refillCursor(c) {
			return false
		}
		s, n := f.litCanon.decode(c.acc, 1)
		if s < 0 {
			return false
		}
		c.take(n)
		repeat, length := 1, uint8(s)
		switch s {
		case 16:
			if i == 0 {
				return false
			}
			repeat, length = 3+c.take(2), lengths[i-1]
		case 17:
			repeat, length = 3+c.take(3), 0
		case 18:
			repeat, length = 11+c.take(7), 0
		}
		if i+repeat > lits+dists {
			return false
		}
		for ; repeat > 0; repeat-- {
			lengths[i] = length
			i++
		}
	}
	return f.build(lengths[:lits], lengths[lits:lits+dists])
}

// build makes the tables of both codes from the code lengths. It returns false if a code is
// over-subscribed.
func (f *inflater) build(lits, dists []uint8) bool {
	if !f.litCanon.build(lits) || !f.distCanon.build(dists) {
		return false
	}
	// What no code below overwrites stays kindLong.
	for i := range f.lit {
		f.lit[i] = kindLong
	}
	for i := range f.dist {
		f.dist[i] = kindLong
	}
	// The literals and lengths.
	c := &f.litCanon
	for l := uint(1); l <= litBits; l++ {
		for i := range c.count[l] {
			s := uint32(c.symbols[c.offset[l]+i])
			var e uint32
			switch {
			case s < 256:
				e = s<<8 | 1<<entryLits
			case s == 256:
				e = kindEnd
			case s < 286:
				e = uint32(lengthBase[s-257])<<entryBase | uint32(lengthExtra[s-257])<<entryExtra | kindMatch
			default:
				continue // 286 and 287 have fixed codes, but no meaning
			}
			// Set the entries at all indices whose lowest l bits are the code.
			for j := uint(bits.Reverse16(c.first[l]+i) >> (16 - l)); j < 1<<litBits; j += 1 << l {
				f.lit[j] = e | uint32(l)
			}
		}
	}
	// The distances, in the same way.
	c = &f.distCanon
	for l := uint(1); l <= distBits; l++ {
		for i := range c.count[l] {
			s := c.symbols[c.offset[l]+i]
			if s >= 30 { // 30 and 31 have fixed codes, but no meaning
				continue
			}
			e := uint32(distBase[s])<<entryBase | uint32(distExtra[s])<<entryExtra | kindMatch
			for j := uint(bits.Reverse16(c.first[l]+i) >> (16 - l)); j < 1<<distBits; j += 1 << l {
				f.dist[j] = e | uint32(l)
			}
		}
	}
	// The code of a literal may be shorter than the index i. If the other bits of i hold the codes
	// of one or two more literals, those literals are added to the entry. The second literal is
	// found at i>>l, where l is the length of the first code, and the third at i>>l2. Both indices
	// are below i, or 0 like i. As the loop goes downwards, their entries still have one literal.
	// 0xff00 is the mask of that literal.
	const litMask = 3 << entryLits
	for i := 1<<litBits - 1; i >= 0; i-- {
		e := f.lit[i]
		if e&litMask == 0 {
			continue
		}
		l := e & 63
		e2 := f.lit[i>>l]
		l2 := l + (e2 & 63) // bits of two codes
		if e2&litMask == 0 || l2 > litBits {
			continue
		}
		literals := e&0xff00 | (e2&0xff00)<<8
		e3 := f.lit[i>>l2]
		l3 := l2 + (e3 & 63) // bits of three codes
		if e3&litMask == 0 || l3 > litBits {
			f.lit[i] = literals | 2<<entryLits | l2
		} else {
			f.lit[i] = literals | (e3&0xff00)<<16 | 3<<entryLits | l3
		}
	}
	return true
}
