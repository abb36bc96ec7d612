//go:build amd64 && !purego

package scale

import (
	"golang.org/x/sys/cpu"

	"miniatura/codec/internal/num"
)

//go:generate sh -c "cd _asm && go run . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg scale"

// This file calls the AVX2 kernels, which compute one destination row at a time. generic.go has the
// reference.

// useAVX2 chooses the kernels. Tests switch it off to compare.
var useAVX2 = cpu.X86.HasAVX2

// avx2State is what the AVX2 kernels work on.
type avx2State struct {
	mid  []int16  // intermediates of one row, and the memory that the last window reads past them
	rows []int32  // where the source rows of a window begin in the ring
	yw   []uint32 // the weights of these rows, two by two

	// Destination pixels are computed in groups. The last group is filled up with windows of zero
	// weights.
	group  int     // pixels in a group
	span   int     // taps of a window, rounded up to what a kernel reads at a time
	starts []int32 // byte in mid at which the window of each pixel begins
	xw     []int16 // weights, in the order in which the kernels read them (see reset)
}

// reset makes room for a picture of s's dimensions, and puts the horizontal weights into the order
// in which the kernels read them.
func (a *avx2State) reset(s *Scaler) {
	a.rows = num.Grow(a.rows, roundUp(s.y.taps, 2))
	a.yw = num.Grow(a.yw, len(a.rows)/2)

	// The weights of a pixel are stored in pieces of as many taps as the kernel reads at a time.
	// Several pixels are stored together: their first pieces, then their second pieces, and so on.
	// order has the numbers of these pixels, in the order in which they are stored.
	var piece int // taps
	together := 4 // pixels
	order := [8]int{0, 1, 2, 3, 4, 5, 6, 7}
	switch {
	case s.channels > 1:
		a.group, piece = 4, 4
	case s.x.taps <= 8: // each pixel has one piece
		a.group, piece, together = 8, 8, 8
		order = [8]int{0, 4, 1, 5, 2, 6, 3, 7}
	default:
		a.group, piece = 8, 16
	}
	a.span = roundUp(s.x.taps, piece)
	n := roundUp(s.dstW, a.group) // pixels with those that fill up the last group
	// 16, because the kernel for RGB reads a few samples more than the taps of a window.
	a.mid = num.Grow(a.mid, roundUp(s.srcW*s.channels, blockBytes)+a.span*s.channels+16)
	clear(a.mid)
	a.starts = num.Grow(a.starts, n)
	clear(a.starts)
	for i, first := range s.x.start {
		a.starts[i] = first * int32(2*s.channels)
	}

	// Store the weights. Those that fill up a piece or a group stay 0.
	a.xw = num.Grow(a.xw, n*a.span)
	clear(a.xw)
	at := 0
	for first := 0; first < n; first += together {
		for tap := 0; tap < a.span; tap += piece {
			for _, k := range order[:together] {
				if i := first + k; i < s.dstW {
					window := s.x.weights[i*s.x.taps:][:s.x.taps]
					copy(a.xw[at:at+piece], window[tap:])
				}
				at += piece
			}
		}
	}
}

// drain hands out the destination rows whose windows are complete.
func (a *avx2State) drain(s *Scaler) {
	taps := s.y.taps
	for s.dstY < s.dstH {
		y := s.dstY
		first := int(s.y.start[y])
		if first+taps > s.srcY {
			return
		}
		// Set where the rows of the window begin, and the weights of these rows, in pairs.
		slot := first % s.ringRows // of a source row in the ring
		weights := s.y.weights[y*taps:][:taps]
		for j, w := range weights {
			a.rows[j] = int32(slot * s.pitch)
			if slot++; slot == s.ringRows {
				slot = 0
			}
			if j%2 == 0 {
				a.yw[j/2] = uint32(uint16(w))
			} else {
				a.yw[j/2] |= uint32(w) << 16
			}
		}
		if taps%2 == 1 {
			a.rows[taps] = a.rows[taps-1] // a second row for the last pair, with a weight of 0
		}
		shift := s.y.bits - s.midBits
		columns, round := s.srcW*s.channels, int32(1)<<shift>>1
		verticalAVX2(&a.mid[0], &s.ring[0], &a.rows[0], &a.yw[0], len(a.yw), columns, round, shift)
		row := s.dst(y)
		a.horizontal(s, row)
		s.deliver(y, row)
	}
}

// horizontal writes a destination row from the intermediates in a.mid.
func (a *avx2State) horizontal(s *Scaler, row []byte) {
	whole := s.dstW / a.group
	if whole > 0 {
		a.groups(s, row, 0, whole)
	}
	// Kernels write whole groups, so the last one is written to tail if it is not whole.
	if rest := row[whole*a.group*s.channels:]; len(rest) > 0 {
		var tail [16]byte
		a.groups(s, tail[:], whole, 1)
		copy(rest, tail[:])
	}
}

// groups writes n groups of pixels to dst. Their numbers in the row begin with first.
func (a *avx2State) groups(s *Scaler, dst []byte, first, n int) {
	shift := s.x.bits + s.midBits
	round := int32(1) << shift >> 1
	d, m := &dst[0], &a.mid[0]
	starts, weights := &a.starts[first*a.group], &a.xw[first*a.group*a.span]
	switch {
	case s.channels == 3:
		horizontalRGBAVX2(d, m, starts, weights, n, a.span/4, round, shift)
	case s.channels == 4:
		horizontalRGBAAVX2(d, m, starts, weights, n, a.span/4, round, shift)
	case a.span == 8:
		horizontal8AVX2(d, m, starts, weights, n, round, shift)
	default:
		horizontal16AVX2(d, m, starts, weights, n, a.span/16, round, shift)
	}
}
