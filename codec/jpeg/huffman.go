package jpeg

// This file makes Huffman tables from their specification (ITU T.81 annex C), and the look-up
// tables that decoding uses instead of figure F.16.

const (
	dcBits   = 9  // bits that are looked up at once for one DC code
	acBits   = 10 // for one AC code
	skipBits = 12 // for as many AC codes as lie within these bits
)

// canonical is the table of F.2.2.3, for codes that are too long for the look-up tables.
type canonical struct {
	limit  [17]uint32 // v, the next 16 bits, begins with a code of at most l bits iff v < limit[l]
	offset [17]int32  // a code of l bits has the symbol values[code+offset[l]]
	values []byte     // the symbols, in order of their codes
}

// make derives h from s. It calls visit with each symbol, the symbol's code and the code's length.
// It returns an error if s is missing, or has more codes of some length than fit.
func (h *canonical) make(s tableSpec, visit func(symbol byte, code uint32, length int)) error {
	if len(s) < 16 {
		return FormatError{Msg: "missing Huffman table"}
	}
	h.values = s[16:]
	code, k := uint32(0), int32(0)
	for l := 1; l <= 16; l++ {
		h.offset[l] = k - int32(code)
		n := uint32(s[l-1])
		if code+n > 1<<l {
			return FormatError{Msg: "Huffman table has too many codes"}
		}
		for range n {
			visit(h.values[k], code, l)
			code++
			k++
		}
		h.limit[l] = code << (16 - l)
		code <<= 1
	}
	return nil
}

// symbol returns the symbol of the code at the beginning of acc, and the code's length. The length
// is 0 when no code matches.
func (h *canonical) symbol(acc uint64) (symbol byte, length int) {
	v := uint32(acc >> 48)
	for l := 1; l <= 16; l++ {
		if v < h.limit[l] {
			return h.values[int32(v>>(16-l))+h.offset[l]], l
		}
	}
	return 0, 0
}

// An entry of a look-up table says what a code and its symbol mean:
//
//	bits 0-5    length of the code plus the number of bits that follow the code
//	bits 8-15   the advance: by how much the zig-zag index grows
//	bits 16-20  length of the code
//	bits 24-29  63 - the category of the symbol; the category is the number of bits that follow
//
// The advance is 1 + the run of zeros, 16 for ZRL, and endOfBlock + r for EOBr, where EOB is EOB0.
// DC codes have no advance. The entry is 0 when the code is too long for the table.
type entry uint32

const (
	// endOfBlock is beyond all zig-zag indexes.
	endOfBlock = 128

	// noCode is the advance when no code matches, in damaged data. It leads beyond the block, but
	// not as far as endOfBlock does.
	noCode = 64
)

// makeEntry packs the parts of an entry.
func makeEntry(length, category, advance int) entry {
	return entry(length + category | advance<<8 | length<<16 | (63-category)<<24)
}

// acEntry returns the entry for an AC symbol whose code has length bits.
func acEntry(symbol byte, length int) entry {
	category, run := int(symbol&15), int(symbol>>4)
	advance := 1 + run
	if category == 0 && run != 15 { // EOBr, where r is run
		advance = endOfBlock + run
	}
	return makeEntry(length, category, advance)
}

// value returns the number that the bits after a code stand for, by the procedures RECEIVE and
// EXTEND of F.2.2.1. The code is at the beginning of acc. If the first bit after it is 1, the
// number is the bits themselves; if it is 0, the number is minus their complement. In category 0
// the number is 0.
func (e entry) value(acc uint64) int32 {
	t := acc << ((e >> 16) & 63) // from the first bit after the code on
	sign := ^(int64(t) >> 63)    // -1 for a negative value
	// >>1>>(63-category) leaves the first category bits of t.
	magnitude := (t ^ uint64(sign)) >> 1 >> ((e >> 24) & 63)
	return int32(int64(magnitude^uint64(sign)) - sign)
}

// A dcTable decodes the categories of DC differences.
type dcTable struct {
	look [1 << dcBits]entry // by the next bits
	canonical
}

// build makes the table that s defines. It returns an error if s does not define a Huffman
// code, or if a symbol is over 15.
func (h *dcTable) build(s tableSpec) error {
	clear(h.look[:])
	bad := false
	err := h.make(s, func(symbol byte, c uint32, l int) {
		if symbol > 15 {
			bad = true
		} else if l <= dcBits {
			setCode(h.look[:], c, dcBits-l, makeEntry(l, int(symbol), 0))
		}
	})
	if err == nil && bad {
		err = FormatError{Msg: "Huffman table has a DC category over 15"}
	}
	return err
}

// long returns the entry of the code at the beginning of acc, for codes that are not in look. The
// result is 0 when no code matches.
func (h *dcTable) long(acc uint64) entry {
	s, l := h.symbol(acc)
	if l == 0 {
		return 0
	}
	return makeEntry(l, int(s), 0)
}

// An acTable decodes AC coefficients.
type acTable struct {
	look [1 << acBits]entry // by the next bits
	// skip says how to skip all codes that lie within the next skipBits bits: advance<<5 | bits.
	// advance is the sum of the codes' advances, where EOB counts as endOfBlock and is always the
	// last code. bits includes the bits that follow the last code, which may lie beyond the
	// skipBits bits. If there is no code, the advance is noCode, and no bit is skipped.
	skip [1 << skipBits]uint16
	canonical
}

// build makes look, and also skip if withSkip is set.
func (h *acTable) build(s tableSpec, withSkip bool) error {
	clear(h.look[:])
	var entries *[1 << skipBits]entry
	if withSkip {
		entries = new([1 << skipBits]entry)
	}
	err := h.make(s, func(symbol byte, c uint32, l int) {
		e := acEntry(symbol, l)
		if l <= acBits {
			setCode(h.look[:], c, acBits-l, e)
		}
		if withSkip && l <= skipBits {
			setCode(entries[:], c, skipBits-l, e)
		}
	})
	if err != nil || !withSkip {
		return err
	}
	for i := range h.skip {
		used, sum := 0, 0 // bits and advances of the codes so far
		for used < skipBits {
			unused := (i << used) & (1<<skipBits - 1) // the other bits, and zeros behind them
			e := entries[unused]
			length, advance := int(e>>16&63), int(e>>8&255)
			if length == 0 || used+length > skipBits {
				break // no code lies within the rest of the bits
			}
			isEOB := advance >= endOfBlock
			if !isEOB && sum+advance >= noCode {
				break // the sum must stay below noCode
			}
			sum += min(advance, endOfBlock)
			used += int(e & 63)
			if isEOB {
				break
			}
		}
		if used == 0 {
			sum = noCode
		}
		h.skip[i] = uint16(sum<<5 | used)
	}
	return nil
}

// setCode sets to e all entries of t whose index begins with the code. rest is the number of bits
// of an index after the code.
func setCode(t []entry, code uint32, rest int, e entry) {
	t = t[code<<rest:][:1<<rest]
	for i := range t {
		t[i] = e
	}
}

// long returns the entry of the code at the beginning of acc, for codes that are not in look. The
// entry's advance is noCode when no code matches.
func (h *acTable) long(acc uint64) entry {
	s, l := h.symbol(acc)
	if l == 0 {
		return makeEntry(0, 0, noCode)
	}
	return acEntry(s, l)
}
