package jpeg

// This file makes Huffman tables out of their specification (ITU T.81 annex C) and the look-up tables that decoding uses in place of
// figure F.16: most of them hold more than a symbol.

const (
	dcBits   = 10 // of the code and the difference looked up at once
	acBits   = 11 // of the code and the coefficient looked up at once
	skipBits = 12 // of as many whole symbols as fit
)

// canonical is the table as F.2.2.3 has it, for codes that the look-up tables do not hold.
type canonical struct {
	limit  [17]uint32 // by length: the first 16-bit value that is behind all codes of this length or shorter
	offset [17]int32  // by length: index of a code's symbol less the code
	values []byte
}

// make derives the codes of s and calls each with every symbol, its code and the code's length.
func (h *canonical) make(s tableSpec, each func(symbol byte, code uint32, length int)) error {
	if len(s) < 16 {
		return FormatError("missing Huffman table")
	}
	h.values = s[16:]
	code, k := uint32(0), int32(0)
	for l := 1; l <= 16; l++ {
		h.offset[l] = k - int32(code)
		n := uint32(s[l-1])
		if code+n > 1<<l {
			return FormatError("Huffman table has too many codes")
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

// symbol returns the symbol whose code acc begins with, and the code's length; a length of 0 when there is none.
func (h *canonical) symbol(acc uint64) (symbol byte, length int) {
	v := uint32(acc >> 48)
	for l := 1; l <= 16; l++ {
		if v < h.limit[l] {
			return h.values[int32(v>>(16-l))+h.offset[l]], l
		}
	}
	return 0, 0
}

// extend is the EXTEND procedure of figure F.12: v are the s bits after a code, 1 <= s <= 15.
func extend(v uint32, s uint) int32 {
	x := int32(v)
	if v>>(s-1) == 0 {
		x -= 1<<s - 1
	}
	return x
}

// A dcTable decodes differences of DC coefficients.
type dcTable struct {
	// look, by the next dcBits bits: the difference<<16 | the length of code and difference, or 0 when they are longer than dcBits.
	look [1 << dcBits]uint32
	canonical
}

func (h *dcTable) build(s tableSpec) error {
	clear(h.look[:])
	bad := false
	err := h.make(s, func(symbol byte, code uint32, l int) {
		n := int(symbol)
		if n > 15 {
			bad = true
			return
		}
		spread(code, l, n, dcBits, func(i uint32, v int32) {
			h.look[i] = uint32(v)<<16 | uint32(l+n)
		})
	})
	if err == nil && bad {
		err = FormatError("Huffman table has a DC category over 15")
	}
	return err
}

// spread calls set for every index of size bits that begins with the code of length l and n further bits, and with the value of those.
func spread(code uint32, l, n, size int, set func(i uint32, v int32)) {
	if l+n > size {
		return
	}
	free := size - l - n
	for v := range uint32(1) << n {
		x := int32(0)
		if n > 0 {
			x = extend(v, uint(n))
		}
		i := (code<<n | v) << free
		for j := range uint32(1) << free {
			set(i+j, x)
		}
	}
}

// endOfBlock is added to a zig-zag index by EOB; with the category in the lower bits, by EOBn of progressive scans.
const endOfBlock = 128

// An acTable decodes AC coefficients.
type acTable struct {
	// look, by the next acBits bits: the coefficient<<16 | advance<<8 | the length of code and coefficient, or 0 when they are longer than
	// acBits. The advance of the zig-zag index is 1 + the run of zeros, 16 for ZRL, endOfBlock + r for EOBr (EOB is EOB0).
	look [1 << acBits]uint32
	// skip, by the next skipBits bits: advance<<5 | the length of the whole symbols they begin with, coefficients and all. The last may be
	// EOB, which advances by endOfBlock. The advance is noSkip when not even one is whole.
	skip [1 << skipBits]uint16
	canonical
}

// noSkip moves any index beyond the block and not to its end.
const noSkip = 64

// build makes look, and skip when asked to.
func (h *acTable) build(s tableSpec, skip bool) error {
	clear(h.look[:])
	// symbols are the codes that fit in skipBits: symbol<<8 | length.
	var symbols *[1 << skipBits]uint16
	if skip {
		symbols = new([1 << skipBits]uint16)
	}
	err := h.make(s, func(symbol byte, code uint32, l int) {
		n, r := int(symbol&15), uint32(symbol>>4)
		adv := r + 1
		if n == 0 && r != 15 {
			adv = endOfBlock + r
		}
		spread(code, l, n, acBits, func(i uint32, v int32) {
			h.look[i] = uint32(v)<<16 | adv<<8 | uint32(l+n)
		})
		if skip {
			spread(code, l, 0, skipBits, func(i uint32, _ int32) {
				symbols[i] = uint16(symbol)<<8 | uint16(l)
			})
		}
	})
	if err != nil || !skip {
		return err
	}
	for i := range h.skip {
		used, adv := 0, 0
		for {
			e := symbols[i<<used&(1<<skipBits-1)]
			n, r, l := int(e>>8&15), int(e>>12), int(e&255)
			if l == 0 || used+l+n > skipBits {
				break
			}
			if n == 0 && r != 15 {
				adv += endOfBlock
				used += l
				break
			}
			if adv+r+1 >= noSkip {
				break
			}
			adv += r + 1
			used += l + n
		}
		if used == 0 {
			adv = noSkip
		}
		h.skip[i] = uint16(adv<<5 | used)
	}
	return nil
}
