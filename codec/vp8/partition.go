package vp8

// This file implements the bool encoder, RFC 6386 section 7.

import "math/bits"

// uniformProb is the probability of a bit that carries a full bit.
const uniformProb = 128

// A boolEncoder writes one partition.
//
// low holds the bottom of the current interval. Of its 8+n bits below the
// carry, the top n are settled but for a carry; range_ is in [128, 255] between
// calls. Bytes leave low six at a time, so a carry is looked for once in about
// 48 bits and not once a byte.
type boolEncoder struct {
	buf    []byte
	low    uint64
	n      uint
	range_ uint32
}

func (w *boolEncoder) reset(buf []byte) {
	*w = boolEncoder{buf: buf, range_: 255}
}

// writeBit writes bit, whose probability of being false is prob/256.
func (w *boolEncoder) writeBit(prob uint8, bit bool) {
	split := 1 + ((w.range_-1)*uint32(prob))>>8
	if bit {
		w.low += uint64(split)
		w.range_ -= split
	} else {
		w.range_ = split
	}
	shift := uint(bits.LeadingZeros8(uint8(w.range_)))
	w.range_ <<= shift
	w.low <<= shift
	w.n += shift
	if w.n >= 48 {
		w.flush()
	}
}

// flush moves the settled whole bytes of low to buf.
func (w *boolEncoder) flush() {
	k := w.n >> 3
	rest := w.n + 8 - 8*k
	v := w.low >> rest
	w.low &= 1<<rest - 1
	w.n -= 8 * k
	if v>>(8*k) != 0 {
		// A carry: the bytes before are one number to which one is added.
		for i := len(w.buf) - 1; ; i-- {
			w.buf[i]++
			if w.buf[i] != 0 {
				break
			}
		}
	}
	for k > 0 {
		k--
		w.buf = append(w.buf, byte(v>>(8*k)))
	}
}

// writeUint writes the low n bits of v, the highest first, at probability prob.
func (w *boolEncoder) writeUint(prob uint8, v uint32, n int) {
	for n--; n >= 0; n-- {
		w.writeBit(prob, v>>uint(n)&1 != 0)
	}
}

// writeOptionalInt writes v as a flag, n bits of magnitude and a sign. Zero is
// the flag alone.
func (w *boolEncoder) writeOptionalInt(v int, n int) {
	if v == 0 {
		w.writeBit(uniformProb, false)
		return
	}
	w.writeBit(uniformProb, true)
	m := v
	if m < 0 {
		m = -m
	}
	w.writeUint(uniformProb, uint32(m), n)
	w.writeBit(uniformProb, v < 0)
}

// finish settles every bit and returns the partition. A decoder may look one
// byte past the last it needs, so that byte is written too.
func (w *boolEncoder) finish() []byte {
	w.flush()
	pad := (8 - w.n&7) & 7
	w.low <<= pad
	w.n += pad
	w.flush()
	// low now holds the last 8 bits, n is 0.
	w.low <<= 8
	w.n += 8
	w.flush()
	return w.buf
}

// size returns how many bytes finish would return at most.
func (w *boolEncoder) size() int {
	return len(w.buf) + int(w.n+7)/8 + 2
}
