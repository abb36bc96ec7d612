package gif

// This file implements the compression of GIF89a appendix F, for pixels that may be written with
// more than one index.

import (
	"slices"

	"miniatura/codec/internal/num"
)

// A pixel says what may be written for one pixel: the index in the lower eight bits or, where
// mayHole is set, the transparent index as well. The bits from busyShift on have the pixel's
// busyness, 0 to 2, for packer.reach.
type pixel uint16

const (
	mayHole   pixel = 1 << 8
	busyShift       = 9
)

const (
	packSlots = 1 << 14 // slots of a packer's hash table, four for each code
	maxBeam   = 24      // the most strings that are followed at once

	// hashFactor, times a key, gives the bits that say where the key belongs in a hash table. It is
	// a prime near 2^32 divided by the golden ratio.
	hashFactor = 0x9e3779b1
)

// A packer turns pixels into LZW codes in sub-blocks. Where more than one index may be written for
// a pixel, the strings of the table that match are followed at once, up to maxBeam of them, and the
// longest is taken.
type packer struct {
	// The hash table of strings. keys[k] is packKey of a string's prefix and suffix, or 0 where
	// slot k is free. codes[k] is the string's code.
	keys  [packSlots]uint32
	codes [packSlots]uint16

	// For each code; the first four are as in unpacker.
	prefix   [maxCodes]uint16
	suffix   [maxCodes]uint8
	first    [maxCodes]uint8
	length   [maxCodes]int32
	switches [maxCodes]int32  // how often the string enters or leaves the transparent index
	children [maxCodes]int32  // number of the codes that have this code as their prefix
	child1   [maxCodes]uint16 // one of the children, 0 where there is none
	sibling  [maxCodes]uint16 // another child of this code's prefix, 0 where there is none

	// If near is set, index b may be written for index a if the squared distance of their colors is
	// at most reach[the pixel's busyness].
	near  *nearness
	reach [4]uint16

	hole uint8 // the transparent index, 0 if there is none
	// While a string is searched for, beam has the codes whose strings match the pixels so far, and
	// errors has the sums of the strings' distances from these pixels. wider and widerErrors
	// collect the same for one more pixel.
	beam, wider         [maxBeam]uint16
	errors, widerErrors [maxBeam]int32

	shown []byte // the index that was written for each pixel
	out   []byte
	start int    // where the sub-block that is being filled begins in out
	acc   uint32 // bits that are not in out yet, the first one lowest
	bits  uint   // their number
}

// pack packs pixels, whose indices are below 1<<minCodeSize, and appends the sub-blocks, with their
// terminator, to dst. hole is the transparent index. Afterwards p.shown holds the indices that were
// written.
func (p *packer) pack(dst []byte, pixels []pixel, hole uint8, minCodeSize uint) []byte {
	start := len(dst)
	p.hole = hole
	dst, full := p.packWith(dst, pixels, minCodeSize, false)
	if !full || p.near != nil {
		return dst
	}
	// All codes were used, and the table was then cleared. Pack once more, and keep the full table:
	// where the picture continues as it began, this is shorter.
	shown := p.shown
	p.shown = nil // so that packWith does not overwrite shown
	if kept, _ := p.packWith(nil, pixels, minCodeSize, true); len(kept) < len(dst)-start {
		return append(dst[:start], kept...)
	}
	p.shown = shown
	return dst
}

// packInto packs pixels and sets d.data and d.shown to the result, in the memory of the old d.data
// and of p.shown. p.shown gets the memory of the old d.shown.
func (p *packer) packInto(d *drawing, pixels []pixel) {
	hole := uint8(max(d.transparent, 0))
	minCodeSize := max(d.bits, 2) // appendix F has no smaller one
	d.data = p.pack(d.data[:0], pixels, hole, minCodeSize)
	d.shown, p.shown = p.shown, d.shown
}

// packKey returns the key of a string in the hash table: prefix is the code of the string without
// its last index, suffix. A key is never 0.
func packKey(prefix uint16, suffix uint8) uint32 { return (uint32(prefix)<<8 | uint32(suffix)) + 1 }

// packSlot returns the slot where the search for key begins: the upper 14 bits of a product.
func packSlot(key uint32) uint32 { return (key * hashFactor) >> 18 }

// child looks for the string of code with index v added at its end. It returns the code of the
// longer string, and reports whether the table has it.
func (p *packer) child(code uint16, v uint8) (uint16, bool) {
	key := packKey(code, v)
	k := packSlot(key)
	for p.keys[k] != key {
		if p.keys[k] == 0 {
			return 0, false
		}
		k = (k + 1) % packSlots
	}
	return p.codes[k], true
}

// add adds a string to the table: the string of code with index v added at its end. The new string
// gets the code next.
func (p *packer) add(code uint16, v uint8, next uint16) {
	p.prefix[next], p.suffix[next] = code, v
	p.first[next], p.length[next] = p.first[code], p.length[code]+1
	p.switches[next], p.children[next] = p.switches[code], 0
	if (v == p.hole) != (p.suffix[code] == p.hole) { // v enters or leaves the transparent index
		p.switches[next]++
	}
	// The new string becomes the first in the list of code's children.
	p.children[code]++
	p.sibling[next], p.child1[next] = p.child1[code], 0
	p.child1[code] = next
	// Put it into the first free slot.
	key := packKey(code, v)
	k := packSlot(key)
	for p.keys[k] != 0 {
		k = (k + 1) % packSlots
	}
	p.keys[k], p.codes[k] = key, next
}

// clear removes all strings except those of one index, which have the codes below clearCode.
func (p *packer) clear(clearCode uint16) {
	clear(p.keys[:])
	clear(p.switches[:clearCode])
	clear(p.children[:clearCode])
	clear(p.child1[:clearCode])
}

// longest returns the code of a longest string that the pixels may begin with. last is the code
// written before, or -1. The table is about to get the code next, for the string of last followed
// by the first index of the string that longest chooses. If longest chooses next itself, the
// string is that of last followed by the first index of last.
func (p *packer) longest(pixels []pixel, last int32, next uint16) uint16 {
	if p.near != nil {
		return p.longestNear(pixels, last, next)
	}
	// Start with the one or two strings of one index. The one with more children comes first: it is
	// returned if no longer string matches.
	p.beam[0] = uint16(pixels[0] & 255)
	n := 1
	if pixels[0]&mayHole != 0 && uint8(pixels[0]) != p.hole {
		p.beam[1] = uint16(p.hole)
		if p.children[p.beam[1]] >= p.children[p.beam[0]] {
			p.beam[0], p.beam[1] = p.beam[1], p.beam[0]
		}
		n = 2
	}
	lastLength := 0
	if last >= 0 && next < maxCodes {
		lastLength = int(p.length[last])
	}
	fits := false // whether the pixels may begin with next's string
	depth := 1    // length of the strings in beam
	for ; depth < len(pixels); depth++ {
		v := pixels[depth]
		// next fits if beam has last, and v may be written as last's first index.
		if depth == lastLength {
			if f := p.first[last]; f == uint8(v) || (v&mayHole != 0 && f == p.hole) {
				fits = slices.Contains(p.beam[:n], uint16(last))
			}
		}
		if n == 1 && v&mayHole == 0 { // the usual case, without a choice
			c, ok := p.child(p.beam[0], uint8(v))
			if !ok {
				break
			}
			p.beam[0] = c
			continue
		}
		if n = p.extend(n, v); n == 0 {
			break
		}
	}
	if fits && depth <= lastLength { // the string of next is longer than those in beam
		return next
	}
	return p.beam[0]
}

// better reports whether the string of code a is better than that of b: it has fewer switches or,
// with equally many, more children, because similar strings come again.
func (p *packer) better(a, b uint16) bool {
	if p.switches[a] != p.switches[b] {
		return p.switches[a] < p.switches[b]
	}
	return p.children[a] > p.children[b]
}

// extend extends the n strings of p.beam by pixel v and returns how many strings then match. The
// best of them comes first. If none matches, p.beam is not changed.
func (p *packer) extend(n int, v pixel) int {
	m, best := 0, 0 // strings in wider, and the position of the best
	try := func(c uint16, index uint8) {
		d, ok := p.child(c, index)
		if !ok || m == maxBeam {
			return
		}
		p.wider[m] = d
		if m > 0 && p.better(d, p.wider[best]) {
			best = m
		}
		m++
	}
	for _, c := range p.beam[:n] {
		if v&mayHole != 0 {
			try(c, p.hole)
		}
		if v&mayHole == 0 || uint8(v) != p.hole { // not tried yet
			try(c, uint8(v))
		}
	}
	if m > 0 {
		p.wider[0], p.wider[best] = p.wider[best], p.wider[0]
		p.beam, p.wider = p.wider, p.beam
	}
	return m
}

// longestNear does the same as longest where near colors may be written. Of the longest strings it
// takes the one with the least error.
func (p *packer) longestNear(pixels []pixel, last int32, next uint16) uint16 {
	n := p.startBeam(pixels[0])
	lastLength := 0
	if last >= 0 && next < maxCodes {
		lastLength = int(p.length[last])
	}
	fits, depth := false, 1 // as in longest
	for ; depth < len(pixels); depth++ {
		v := pixels[depth]
		m := 0
		near, reach := &p.near.distance[uint8(v)], p.reach[v>>busyShift]
		if depth == lastLength {
			if f := p.first[last]; near[f] <= reach || (v&mayHole != 0 && f == p.hole) {
				fits = slices.Contains(p.beam[:n], uint16(last))
			}
		}
		// Follow every child d of a code c whose last index is near v: e is their distance. If
		// there are more than maxBeam, the worst give way.
		for i, c := range p.beam[:n] {
			for d := p.child1[c]; d != 0; d = p.sibling[d] {
				index := p.suffix[d]
				e := near[index]
				if v&mayHole != 0 && index == p.hole {
					e = 0
				}
				if e > reach {
					continue
				}
				sum := p.errors[i] + int32(e)
				if m < maxBeam {
					p.wider[m], p.widerErrors[m] = d, sum
					m++
					continue
				}
				worst := 0 // position of the string with the largest error
				for j := range p.widerErrors {
					if p.widerErrors[j] > p.widerErrors[worst] {
						worst = j
					}
				}
				if sum < p.widerErrors[worst] {
					p.wider[worst], p.widerErrors[worst] = d, sum
				}
			}
		}
		if m == 0 {
			break
		}
		p.beam, p.wider = p.wider, p.beam
		p.errors, p.widerErrors = p.widerErrors, p.errors
		n = m
	}
	if fits && depth <= lastLength { // as in longest
		return next
	}
	best := 0
	for i := range n {
		if p.errors[i] < p.errors[best] {
			best = i
		}
	}
	return p.beam[best]
}

// startBeam sets p.beam to strings of one index, and returns their number. They are the pixel's own
// index, the transparent one where v allows it, and near indices that begin a longer string.
func (p *packer) startBeam(v pixel) int {
	n := 0
	if v&mayHole != 0 {
		p.beam[0], p.errors[0] = uint16(p.hole), 0
		n = 1
	}
	if v&mayHole == 0 || uint8(v) != p.hole { // not in beam yet
		p.beam[n], p.errors[n] = uint16(uint8(v)), 0
		n++
	}
	reach := p.reach[v>>busyShift]
	for _, k := range p.near.nearest[uint8(v)] {
		e := p.near.distance[uint8(v)][k]
		if e > reach || n == maxBeam { // with e > reach, all later ones are too far
			break
		}
		if k != uint8(v) && p.child1[k] != 0 {
			p.beam[n], p.errors[n] = uint16(k), int32(e)
			n++
		}
	}
	return n
}

// packWith packs pixels as pack does. full reports whether all codes were used. If keepFull is not
// set, the table is cleared as soon as it is full. If it is set, the full table stays while it is
// good: it is cleared after a window of 1024 codes that stand for fewer pixels per code than the
// codes did while the table was filling.
func (p *packer) packWith(dst []byte, pixels []pixel, minCodeSize uint, keepFull bool) (packed []byte, full bool) {
	p.out, p.start, p.acc, p.bits = append(dst, 0), len(dst), 0, 0
	p.shown = num.Grow(p.shown, len(pixels))
	clearCode := uint16(1) << minCodeSize
	for i := range clearCode {
		p.suffix[i], p.first[i], p.length[i] = uint8(i), uint8(i), 1
	}
	width := minCodeSize + 1
	next := clearCode + 2 // the code that the next string will get
	last := int32(-1)     // the code written before, -1 after a clear code
	written := width      // of the code written before, in bits
	p.clear(clearCode)
	p.put(uint32(clearCode), width)

	const window = 1024
	nCodes, nPixels := 0, 0 // since the clear code; once the table is full, in the window
	filling := 0.0          // pixels per code while the table was filling, 0 before it is full
	for i := 0; i < len(pixels); {
		code := p.longest(pixels[i:], last, next)
		if last >= 0 && next < maxCodes { // the table gets a string, as in unpack
			f := p.first[code]
			if code == next {
				f = p.first[last]
			}
			p.add(uint16(last), f, next)
			next++
		}
		p.put(uint32(code), width)
		written = width
		n := int(p.length[code])
		// Record the string's indices, from its end.
		for c, k := code, i+n-1; k >= i; c, k = p.prefix[c], k-1 {
			p.shown[k] = p.suffix[c]
		}
		i += n
		nCodes++
		nPixels += n
		last = int32(code)
		if next < maxCodes && next == 1<<width {
			width++
		}
		if next < maxCodes-1 { // with one code left, the table counts as full
			continue
		}
		if filling == 0 { // the table has just become full
			full = true
			filling = float64(nPixels) / float64(nCodes)
			nCodes, nPixels = 0, 0
		}
		if keepFull {
			if nCodes < window {
				continue
			}
			if float64(nPixels)/float64(nCodes) >= filling {
				nCodes, nPixels = 0, 0
				continue
			}
		}
		p.put(uint32(clearCode), width) // the table is cleared
		p.clear(clearCode)
		width, next, last = minCodeSize+1, clearCode+2, -1
		written = width
		nCodes, nPixels, filling = 0, 0, 0
	}
	// The highest bit of the end code is zero. Where the width grew with the last code, the bit may
	// be left out: a reader takes it from the padding, or finds that the data has ended.
	p.put(uint32(clearCode)+1, written)
	if p.bits > 0 {
		p.appendByte(byte(p.acc))
	}
	// End the sub-block. If it is empty, its size, 0, is already the terminator.
	if n := len(p.out) - p.start - 1; n > 0 {
		p.out[p.start] = byte(n)
		p.out = append(p.out, 0)
	}
	packed, p.out = p.out, nil
	return packed, full
}

// put writes the lowest width bits of code.
func (p *packer) put(code uint32, width uint) {
	p.acc |= code << p.bits
	p.bits += width
	for p.bits >= 8 {
		p.appendByte(byte(p.acc))
		p.acc >>= 8
		p.bits -= 8
	}
}

// appendByte appends a byte to the current sub-block, and begins the next one after 255 bytes
// (section 15).
func (p *packer) appendByte(b byte) {
	p.out = append(p.out, b)
	if len(p.out)-p.start == 256 {
		p.out[p.start] = 255
		p.start = len(p.out)
		p.out = append(p.out, 0)
	}
}
