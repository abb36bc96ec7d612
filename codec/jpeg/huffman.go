package jpeg

// This file makes Huffman tables from their specification (ITU T.81 annex C), and the look-up
// tables that decoding uses instead of figure F.16.

const (
	dcBits   = 9  // bits that are looked up at once for a DC code
	acBits   = 10 // the same for an AC code
	skipBits = 12 // the same for all AC codes that fit into these bits
)

// canonical is the table of F.2.2.3, for codes that are too long for the look-up tables.
type canonical struct {
	limit  [17]uint32 // by length: the first 16-bit value that comes after all codes of this length or shorter
	offset [17]int32  // by length: the index of a code's symbol minus the code
	values []byte
}

// make derives h from s. For every symbol it calls the function each, with the symbol, its code and
// the code's length.
func (h *canonical) make(s tableSpec, each func(symbol byte, code uint32, length int)) error {
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
			each(h.values[k], code, l)
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

// A code is a table's entry for a code and its symbol:
//
//	bits 0-5    length of the code and of the bits that follow it; 0 when the code is not in the table
//	bits 8-15   by how much it advances the zig-zag index: 1 + the run of zeros, 16 for ZRL, endOfBlock + r for EOBr (EOB is EOB0)
//	bits 16-20  length of the code
//	bits 24-29  63 minus the category, which is how many bits follow the code
type code uint32

const (
	// endOfBlock is beyond all zig-zag indexes.
	endOfBlock = 128

	// noCode is the advance for damaged data. It leads beyond the block, but not as far as
	// endOfBlock does.
	noCode = 64
)

// makeCode packs the entry of a code. length is the code's length, category is how many bits follow
// the code, and advance is how far it advances the zig-zag index.
func makeCode(length, category, advance int) code {
	return code(length + category | advance<<8 | length<<16 | (63-category)<<24)
}

// acCode returns the entry for an AC symbol whose code has length bits.
func acCode(symbol byte, length int) code {
	n, r := int(symbol&15), int(symbol>>4)
	if n == 0 && r != 15 {
		r += endOfBlock - 1
	}
	return makeCode(length, n, r+1)
}

// value returns the value of the bits that follow the code at the beginning of acc, by the
// procedures RECEIVE and EXTEND of F.2.2.1. For category 0 it is 0. If the first bit is 1, it is
// the bits as a number. If the first bit is 0, it is minus the complement of the bits.
func (e code) value(acc uint64) int32 {
	t := acc << (e >> 16 & 63)
	sign := ^(int64(t) >> 63) // -1 for a negative value
	return int32(int64((t^uint64(sign))>>1>>(e>>24&63)^uint64(sign)) - sign)
}

// A dcTable decodes the categories of DC differences.
type dcTable struct {
	look [1 << dcBits]code // by the next bits
	canonical
}

// build makes the table that s defines. It returns an error if s does not define a code, or if a
// symbol is over 15.
func (h *dcTable) build(s tableSpec) error {
	clear(h.look[:])
	bad := false
	err := h.make(s, func(symbol byte, c uint32, l int) {
		if symbol > 15 {
			bad = true
		} else if l <= dcBits {
			fill(h.look[c<<(dcBits-l):][:1<<(dcBits-l)], makeCode(l, int(symbol), 0))
		}
	})
	if err == nil && bad {
		err = FormatError{Msg: "Huffman table has a DC category over 15"}
	}
	return err
}

// long returns the entry of the code at the beginning of acc, for codes that are not in look. Its
// length is 0 when no code matches.
func (h *dcTable) long(acc uint64) code {
	s, l := h.symbol(acc)
	if l == 0 {
		return 0
	}
	return makeCode(l, int(s), 0)
}

// An acTable decodes AC coefficients.
type acTable struct {
	look [1 << acBits]code // by the next bits
	// skip has, by the next bits, advance<<5 | length: the sums over all symbols whose codes are
	// within these bits. The bits that follow the last code may reach beyond them. The last symbol
	// may be EOB, which advances by endOfBlock. The advance is noCode when no code matches.
	skip [1 << skipBits]uint16
	canonical
}

// build makes look, and also skip if the argument skip is set.
func (h *acTable) build(s tableSpec, skip bool) error {
	clear(h.look[:])
	var codes *[1 << skipBits]code
	if skip {
		codes = new([1 << skipBits]code)
	}
	err := h.make(s, func(symbol byte, c uint32, l int) {
		e := acCode(symbol, l)
		if l <= acBits {
			fill(h.look[c<<(acBits-l):][:1<<(acBits-l)], e)
		}
		if skip && l <= skipBits {
			fill(codes[c<<(skipBits-l):][:1<<(skipBits-l)], e)
		}
	})
	if err != nil || !skip {
		return err
	}
	for i := range h.skip {
		used, adv := 0, 0
		for used < skipBits {
			e := codes[i<<used&(1<<skipBits-1)]
			l, a := int(e>>16&63), int(e>>8&255)
			if l == 0 || used+l > skipBits || adv+a >= noCode && a < endOfBlock {
				break
			}
			adv += min(a, endOfBlock)
			used += int(e & 63)
			if a >= endOfBlock {
				break
			}
		}
		if used == 0 {
			adv = noCode
		}
		h.skip[i] = uint16(adv<<5 | used)
	}
	return nil
}

// fill sets all entries of t to e.
func fill(t []code, e code) {
	for i := range t {
		t[i] = e
	}
}

// long returns the entry of the code at the beginning of acc, for codes that are not in look. Its
// advance is noCode when no code matches.
func (h *acTable) long(acc uint64) code {
	s, l := h.symbol(acc)
	if l == 0 {
		return makeCode(0, 0, noCode)
	}
	return acCode(s, l)
}
