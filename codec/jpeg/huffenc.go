package jpeg

import (
	"slices"

	"miniatura/codec/internal/huffman"
)

// This file implements Huffman coding on the writer's side: tables fitted to the symbols that will
// be written (ITU T.81 K.2), their codes (annex C), and entropy-coded segments (F.1.2.3, B.1.1.5).
//
// A scan is written in two passes. The first pass turns blocks into tokens and counts symbols. Then
// the codes are known, and the second pass turns tokens into bits. A token is
//
//	bits 0-15   additional bits, as they are appended to the code
//	bits 16-23  symbol
//	bits 24-25  table
//	bits 28-31  number of additional bits, 0 to 14
//
// The tables are numbered from 0: DC and AC of luma, DC and AC of chroma.
const (
	tableDC    = 0 // of luma; that of chroma is 2 more
	tableAC    = 1 // of luma; that of chroma is 2 more
	tableCount = 4

	// Where the parts of a token begin.
	tokenSymbol = 16
	tokenTable  = 24
	tokenSize   = 28
)

type token uint32

// makeToken packs the parts of a token. size is the number of additional bits, which are in extra.
func makeToken(table, symbol, size int, extra token) token {
	return token(size)<<tokenSize | token(table)<<tokenTable | token(symbol)<<tokenSymbol | extra
}

// frequencies counts the symbols of the tables of a scan.
type frequencies [tableCount][256]uint32

// codes has the code of each symbol of each table, as code<<8 | length. The index is
// table<<8 | symbol, as in a token.
type codes [tableCount << 8]uint32

// A huffmanSpec is what a DHT segment says of one table.
type huffmanSpec struct {
	counts [17]uint8 // how many codes have a length, for lengths 1 to 16
	values []uint8   // the symbols, in order of their codes
}

// fit makes h the table for the given frequencies, ITU T.81 K.2: it takes the lengths of a Huffman
// code and reduces them to at most 16 by figure K.3. One more symbol (number 256 in figure K.1),
// which never occurs, reserves the code of all ones.
func (h *huffmanSpec) fit(freq *[256]uint32) {
	*h = huffmanSpec{values: h.values[:0]}
	// The keys sort symbols by falling frequency, and symbols of equal frequency by number, so that
	// the result is the same everywhere.
	var keys [256]uint64
	n := 0
	for s, f := range freq {
		if f != 0 {
			keys[n] = uint64(^f)<<8 | uint64(s)
			n++
		}
	}
	slices.Sort(keys[:n])
	var order [256]uint8 // the symbols, the most frequent first
	for i, k := range keys[:n] {
		order[i] = uint8(k)
	}

	// The leaves of the Huffman tree, in order from the rarest. The first is the symbol 256, with a
	// count of 1.
	weights := make([]uint64, 1, 257)
	weights[0] = 1
	for i := n - 1; i >= 0; i-- {
		weights = append(weights, uint64(freq[order[i]]))
	}
	var tree huffman.Tree
	var counts [256 + 1]int // of codes, by length
	if n > 0 {
		for _, d := range tree.Depths(weights) {
			counts[d]++
		}
	}

	// This is figure K.3. Codes of the greatest length i come in pairs. One of a pair becomes the
	// prefix of both, of length i-1. For the other, a code of the greatest length j < i-1 that
	// occurs is extended to two codes of length j+1.
	for i := len(counts) - 1; i > 16; i-- {
		for counts[i] > 0 {
			j := i - 2
			for counts[j] == 0 {
				j--
			}
			counts[i] -= 2
			counts[i-1]++
			counts[j+1] += 2
			counts[j]--
		}
	}
	// Drop a code of the greatest length: that of the symbol 256, which is not written.
	for i := 16; i > 0; i-- {
		if counts[i] > 0 {
			counts[i]--
			break
		}
	}
	for i := 1; i <= 16; i++ {
		h.counts[i] = uint8(counts[i])
	}
	h.values = append(h.values, order[:n]...)
}

// put computes the codes of h (ITU T.81 annex C) and stores them in c as those of the given table.
func (h *huffmanSpec) put(c *codes, table int) {
	code, k := uint32(0), 0
	for length := 1; length <= 16; length++ {
		for range h.counts[length] {
			c[table<<8|int(h.values[k])] = code<<8 | uint32(length)
			code++
			k++
		}
		code <<= 1
	}
}

// appendTokens appends the entropy-coded segment for the tokens. It is padded with ones, and a zero
// is stuffed after every FF.
func appendTokens(dst []byte, tokens []token, c *codes) []byte {
	var acc uint64 // the lowest n bits are still to be written
	n := uint(0)   // below 32 between tokens
	for _, t := range tokens {
		e := c[int(t>>tokenSymbol)&(tableCount<<8-1)]
		code, length := uint64(e>>8), uint(e&31)
		size, extra := uint(t>>tokenSize), uint64(t&0xFFFF)
		acc = acc<<length | code
		acc = acc<<size | extra
		n += length + size
		if n >= 32 {
			n -= 32
			dst = appendStuffed(dst, uint32(acc>>n))
		}
	}
	// The bytes that are left, and the last bits with their padding.
	for n >= 8 {
		n -= 8
		dst = appendStuffedByte(dst, byte(acc>>n))
	}
	if n > 0 {
		free := 8 - n // bits of the last byte
		padding := byte(1)<<free - 1
		dst = appendStuffedByte(dst, byte(acc<<free)|padding)
	}
	return dst
}

// appendStuffed appends the four bytes of v, the highest first, each FF followed by a zero (ITU
// T.81 B.1.1.5).
func appendStuffed(dst []byte, v uint32) []byte {
	// The condition is the usual test that no byte is 0. No byte of inv is 0 if none of v is FF.
	if inv := ^v; (inv-0x01010101)&^inv&0x80808080 == 0 {
		return append(dst, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	for shift := 24; shift >= 0; shift -= 8 {
		dst = appendStuffedByte(dst, byte(v>>shift))
	}
	return dst
}

// appendStuffedByte appends b, followed by a zero if it is FF.
func appendStuffedByte(dst []byte, b byte) []byte {
	if b == 0xFF {
		return append(dst, b, 0)
	}
	return append(dst, b)
}
