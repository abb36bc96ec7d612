package scale

import "miniatura/codec/internal/num"

// This file holds the kernels in plain Go. Both compute two destination rows at once, in the 32-bit
// halves of a uint64: a pair of signed numbers, lo and hi, is kept as lo + hi<<32 modulo 1<<64. The
// sum of two pairs is then one addition, and the product of a pair and a signed number is one
// multiplication, as long as both results fit 32 bits. unpack takes a pair apart again.

// plainState is what the generic kernels keep between rows.
type plainState struct {
	acc []uint64 // intermediates of two destination rows, in pairs
	yw  []uint64 // vertical weights of these two rows, in pairs, one pair for each source row
}

// reset makes room for a picture of s's dimensions.
func (p *plainState) reset(s *Scaler) {
	p.acc = num.Grow(p.acc, s.srcW*s.channels)
	p.yw = num.Grow(p.yw, s.ringRows)
}

// drain hands out the destination rows whose windows are complete, two by two: an even row and the
// odd row after it.
func (p *plainState) drain(s *Scaler) {
	for s.dstY < s.dstH {
		even := s.dstY
		odd := min(even+1, s.dstH-1) // the last even row may have no odd one: it is paired with itself
		taps := s.y.taps
		first := int(s.y.start[even])
		gap := int(s.y.start[odd]) - first // rows from the beginning of one window to the other's
		if first+gap+taps > s.srcY {
			return
		}
		// The windows of the two rows overlap. A weight is 0 where only the other row has one.
		yw := p.yw[:gap+taps]
		clear(yw)
		for j, w := range s.y.weights[even*taps:][:taps] {
			yw[j] = pack(int32(w), 0)
		}
		for j, w := range s.y.weights[odd*taps:][:taps] {
			yw[gap+j] += pack(0, int32(w))
		}
		verticalGeneric(p.acc, s.ring, s.pitch, s.ringRows, first, yw, s.y.bits-s.midBits)
		row0, row1 := s.dst(even), s.dst(odd)
		horizontalGeneric(row0, row1, s.channels, p.acc, &s.x, s.x.bits+s.midBits)
		s.deliver(even, row0)
		if odd != even {
			s.deliver(odd, row1)
		}
	}
}

// pack makes a pair of two signed numbers. A negative lo borrows 1 from hi, and unpack gives it
// back.
func pack(lo, hi int32) uint64 { return uint64(int64(lo)) + uint64(hi)<<32 }

// unpack returns the numbers of a pair.
func unpack(v uint64) (lo, hi int32) {
	lo = int32(uint32(v))
	return lo, int32((v - uint64(int64(lo))) >> 32)
}

// verticalGeneric sets mid[i] to the pair of intermediates of column i in two destination rows. An
// intermediate is the sum over j of its half of weights[j] times sample i of source row first+j,
// rounded and shifted right by shift. ring holds source row y at (y % ringRows) * pitch.
func verticalGeneric(mid []uint64, ring []byte, pitch, ringRows, first int, weights []uint64, shift uint) {
	// The columns are done in strips, so that the sums stay in the first-level cache.
	const strip = 1024
	round := pack(1<<shift>>1, 1<<shift>>1) // a half; 0 if shift is 0
	for x := 0; x < len(mid); x += strip {
		acc := mid[x:min(x+strip, len(mid))]
		for i := range acc {
			acc[i] = round
		}
		row := func(j int) []byte { // the strip in source row first+j
			slot := (first + j) % ringRows
			return ring[slot*pitch+x:][:len(acc)]
		}
		// Add the source rows, four at a time, and then those that are left.
		j := 0
		for ; j+4 <= len(weights); j += 4 {
			a, b, c, d := row(j), row(j+1), row(j+2), row(j+3)
			w0, w1, w2, w3 := weights[j], weights[j+1], weights[j+2], weights[j+3]
			acc := acc[:len(a)]
			b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
			for i := range a {
				acc[i] += uint64(a[i])*w0 + uint64(b[i])*w1 + uint64(c[i])*w2 + uint64(d[i])*w3
			}
		}
		for ; j < len(weights); j++ {
			a, w0 := row(j), weights[j]
			acc := acc[:len(a)]
			for i := range a {
				acc[i] += uint64(a[i]) * w0
			}
		}
		for i, v := range acc {
			lo, hi := unpack(v)
			acc[i] = pack(lo>>shift, hi>>shift)
		}
	}
}

// horizontalGeneric writes two destination rows. mid has the intermediates in pairs, lo for row0
// and hi for row1. In both rows a pixel has 1, 3 or 4 interleaved samples, as channels says. A
// sample is the sum over a window of weight times intermediate, rounded, shifted right by shift and
// clamped to a byte. Weights may be negative: the conversion to uint64 takes them modulo 1<<64, as
// pairs are kept.
func horizontalGeneric(row0, row1 []byte, channels int, mid []uint64, x *axis, shift uint) {
	round := pack(1<<shift>>1, 1<<shift>>1) // a half; 0 if shift is 0
	taps := x.taps
	weights := x.weights
	row1 = row1[:len(row0)]
	switch channels {
	case 1:
		for i, first := range x.start {
			m := mid[first:][:taps]
			w := weights[i*taps:][:len(m)]
			acc := round
			for len(m) >= 4 && len(w) >= 4 {
				acc += m[0]*uint64(w[0]) + m[1]*uint64(w[1]) + m[2]*uint64(w[2]) + m[3]*uint64(w[3])
				m, w = m[4:], w[4:]
			}
			for j := range m {
				acc += m[j] * uint64(w[j])
			}
			row0[i], row1[i] = clamp(acc, shift)
		}
	case 3:
		for i, first := range x.start {
			m := mid[3*first:][:3*taps]
			a0, a1, a2 := round, round, round
			for _, v := range weights[i*taps:][:taps] {
				w := uint64(v)
				p := (*[3]uint64)(m)
				m = m[3:]
				a0 += p[0] * w
				a1 += p[1] * w
				a2 += p[2] * w
			}
			d0, d1 := row0[3*i:][:3], row1[3*i:][:3]
			d0[0], d1[0] = clamp(a0, shift)
			d0[1], d1[1] = clamp(a1, shift)
			d0[2], d1[2] = clamp(a2, shift)
		}
	case 4:
		for i, first := range x.start {
			m := mid[4*first:][:4*taps]
			a0, a1, a2, a3 := round, round, round, round
			for _, v := range weights[i*taps:][:taps] {
				w := uint64(v)
				p := (*[4]uint64)(m)
				m = m[4:]
				a0 += p[0] * w
				a1 += p[1] * w
				a2 += p[2] * w
				a3 += p[3] * w
			}
			d0, d1 := row0[4*i:][:4], row1[4*i:][:4]
			d0[0], d1[0] = clamp(a0, shift)
			d0[1], d1[1] = clamp(a1, shift)
			d0[2], d1[2] = clamp(a2, shift)
			d0[3], d1[3] = clamp(a3, shift)
		}
	}
}

// clamp shifts both numbers of the pair v right by shift, and converts them to bytes. A negative
// number becomes 0, and a number over 255 becomes 255: ^x>>31 is 0 if x is negative, and -1 if not.
func clamp(v uint64, shift uint) (byte, byte) {
	lo, hi := unpack(v)
	lo >>= shift
	hi >>= shift
	if uint32(lo) > 255 {
		lo = (^lo >> 31) & 255
	}
	if uint32(hi) > 255 {
		hi = (^hi >> 31) & 255
	}
	return byte(lo), byte(hi)
}
