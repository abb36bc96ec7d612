package vp8

// This file implements the bool encoder, RFC 6386 section 7.

import "math/bits"

// uniformProb is the probability of a bit that carries a full bit.
const uniformProb = 128

// maxPending is the number of bits that a boolEncoder collects before it encodes them.
const maxPending = 1024

// A boolEncoder writes one partition.
//
// Bits wait in pending and are encoded in batches, so that the state stays in registers and put can
// be inlined. The current interval begins at low and is range_ long. Between bits, range_ is in
// [128, 255]. low has 8+n bits, and above them one bit for a carry. Only a carry can still change
// the upper n of the 8+n. Six bytes at a time are moved from low to buf, so that a carry is looked
// for only once in six bytes.
type boolEncoder struct {
	buf      []byte
	low      uint64
	n        uint
	range_   uint32
	nPending int
	pending  [maxPending]uint16 // twice the probability, plus the bit
}

// reset begins a partition, which is appended to buf.
func (w *boolEncoder) reset(buf []byte) {
	w.buf, w.low, w.n, w.range_, w.nPending = buf, 0, 0, 255, 0
}

// writeBit writes bit, whose probability of being false is prob/256.
func (w *boolEncoder) writeBit(prob uint8, bit bool) {
	v := uint16(prob) << 1
	if bit {
		v |= 1
	}
	w.put(v)
}

// put does the same as writeBit. v is twice the probability, plus the bit.
func (w *boolEncoder) put(v uint16) {
	w.pending[w.nPending] = v
	if w.nPending++; w.nPending == maxPending {
		w.encode()
	}
}

// encode encodes the pending bits.
func (w *boolEncoder) encode() {
	low, n, r := w.low, w.n, w.range_
	for _, v := range w.pending[:w.nPending] {
		split := 1 + (((r - 1) * uint32(v>>1)) >> 8)
		// Without a branch: if the bit is set, low grows by split, and r becomes r-split. Otherwise
		// r becomes split.
		mask := -uint32(v & 1)
		low += uint64(split & mask)
		r = split ^ ((split ^ (r - split)) & mask)
		shift := uint(normShift[r&255]) & 7 // r is at most 255: &255 and &7 change nothing
		r <<= shift
		low <<= shift
		n += shift
		if n >= 48 { // six bytes
			w.low, w.n = low, n
			w.flush()
			low, n = w.low, w.n
		}
	}
	w.low, w.n, w.range_, w.nPending = low, n, r, 0
}

// normShift has, for each length of an interval, the left shift that makes it 128 or more.
var normShift = func() (t [256]uint8) {
	for i := range t {
		t[i] = uint8(bits.LeadingZeros8(uint8(i)))
	}
	return
}()

// flush moves the settled whole bytes of low to buf.
func (w *boolEncoder) flush() {
	k := w.n >> 3         // bytes to move
	rest := w.n + 8 - 8*k // bits that stay in low
	v := w.low >> rest    // these bytes, and above them the carry
	w.low &= (1 << rest) - 1
	w.n -= 8 * k
	if carry := v >> (8 * k); carry != 0 {
		// A carry adds one to the bytes of buf, taken as one large number.
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

// writeUint writes the low n bits of v, the highest first. Each bit is written with a probability
// of 1/2.
func (w *boolEncoder) writeUint(v uint32, n int) {
	for n--; n >= 0; n-- {
		w.writeBit(uniformProb, (v>>uint(n))&1 != 0)
	}
}

// writeOptionalInt writes v as a flag, n bits of magnitude and a sign. If v is zero, it writes the
// flag alone.
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
	w.writeUint(uint32(m), n)
	w.writeBit(uniformProb, v < 0)
}

// taken returns how many bytes a decoder has taken when it has read every bit written so far:
//
//	1 + ceil(shifted/8)
//
// Here shifted is the number of bits that the decoder has shifted out before it reads the last bit.
// The decoder of section 7.3 holds at least 8 bits and takes the next byte only when it needs one.
// Decoders that take several bytes at once, such as libwebp's, do so only where at least one more
// byte follows.
func (w *boolEncoder) taken() int {
	// The last bit is left out for a moment, because a decoder has not shifted after it. If no bit
	// is pending, the shift after the last bit is counted, and the result may be a byte too large.
	held := min(w.nPending, 1) // 1 if a bit is left out
	last := w.pending[max(w.nPending-1, 0)]
	w.nPending -= held
	w.encode()
	shifted := 8*len(w.buf) + int(w.n)
	if held == 1 {
		w.put(last)
	}
	return 1 + (shifted+7)/8
}

// finish writes all remaining bits and returns the partition. A decoder may read one byte after the
// last one that it needs, so that byte is written too.
func (w *boolEncoder) finish() []byte {
	w.encode()
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
