package jpeg

// This file reads entropy-coded segments, ITU T.81 B.1.1.5 and F.2.2.5: it removes the stuffed zero
// bytes, a chunk at a time, and keeps the next 32 to 63 bits in a register.

import (
	"bytes"
	"encoding/binary"
)

const (
	// chunkSize is how many source bytes are unstuffed at a time.
	chunkSize = 16 << 10

	// maxUnit bounds the bytes that one unit of decoding may take: an MCU of maxBlocksInMCU blocks,
	// each with at most 64 codes of 16 bits and 15 bits after each code, and the 8 bytes that a
	// refill reads.
	maxUnit = maxBlocksInMCU*blockSize*31/8 + 16
)

// A bitReader reads the bits of entropy-coded segments, one segment after the other.
//
// The unread bits are the n most significant ones of acc, then buf[p:]. Bits of acc below those n
// are either 0 or the first bits of buf[p:], so that a refill may OR them in again.
type bitReader struct {
	acc uint64
	n   int
	p   int
	buf []byte // unstuffed data, followed by at least maxUnit bytes that may be read
	// mark is the place in buf where the reader must act before the next unit. If last is not set,
	// it unstuffs more data. If last is set, it fails, because the data has ended.
	mark int
	last bool
	src  []byte
	sp   int // next byte of src; at the marker when last is set
	mem  [chunkSize + 2*maxUnit + 64]byte
}

// reset begins a segment at src[sp].
func (r *bitReader) reset(src []byte, sp int) {
	r.src, r.sp = src, sp
	r.buf = r.mem[:0]
	r.acc, r.n, r.p, r.last = 0, 0, 0, false
	r.more()
}

// more unstuffs the next chunk. In front of it, it keeps the bytes that have not been read, and
// those read bytes that acc and ended still need.
func (r *bitReader) more() {
	keep := min(r.p, 16)
	end := 0
	if r.p <= len(r.buf) {
		end = copy(r.mem[:], r.buf[r.p-keep:])
		r.p = keep
	} else {
		r.p = 0
	}
	for stop := end + chunkSize; end < stop; {
		s := r.src[r.sp:]
		if len(s) > stop-end {
			s = s[:stop-end]
		}
		if len(s) == 0 {
			r.last = true
			break
		}
		i := bytes.IndexByte(s, 0xFF)
		if i < 0 {
			end += copy(r.mem[end:], s)
			r.sp += len(s)
			continue
		}
		end += copy(r.mem[end:], s[:i])
		r.sp += i
		if r.sp+1 >= len(r.src) {
			r.last = true
			break
		}
		switch r.src[r.sp+1] {
		case 0:
			r.mem[end] = 0xFF
			end++
			r.sp += 2
			continue
		case 0xFF: // fill byte before a marker, B.1.1.2
			r.sp++
			continue
		}
		r.last = true
		break
	}
	if r.last {
		// Zero bits follow the data, because within a unit the decoder may read past the end of the
		// data before it checks mark.
		clear(r.mem[end : end+maxUnit])
		r.buf = r.mem[:end+maxUnit]
		r.mark = end
	} else {
		r.buf = r.mem[:end]
		r.mark = end - maxUnit
	}
}

// ensure is called before a unit of decoding when p has passed mark. It reports whether all bits
// read so far were in the source. Bytes that refills have read ahead do not count as read.
func (r *bitReader) ensure() bool {
	if r.last {
		return r.p-r.n>>3 <= r.mark
	}
	r.more()
	return true
}

// done reports, at the end of a scan, whether all bits read so far were in the source. If no marker
// follows, the last of them must also look like the end of a scan (see ended). Zeros up to the end
// of the source stand for missing data and do not come from an encoder.
func (r *bitReader) done() bool {
	for !r.last && len(r.buf)-r.p < maxUnit+maxPadding {
		r.more()
	}
	if !r.last {
		return endOfScan(r.src, r.sp) < len(r.src) || r.ended()
	}
	used := r.p - r.n>>3
	return used <= r.mark && (r.sp+1 < len(r.src) || used == r.mark && used > 0 && r.buf[used-1] != 0 || r.ended())
}

// ended reports whether the last byte that was read looks like the end of a scan. It is called when
// no marker follows, but other bytes do. When a download was cut short but the file has its full
// length, the rest of the file is zeros or old bytes of the disk. These may be valid codes, but
// they are not the picture's. A scan ends with bits of 1 up to a whole byte (F.1.2.3), and the byte
// after its end differs from its last byte.
func (r *bitReader) ended() bool {
	used := r.p - r.n>>3
	if used < 1 || used >= len(r.buf) {
		return false
	}
	last, padding := r.buf[used-1], byte(1)<<(r.n&7)-1
	return last&padding == padding && last != r.buf[used]
}

// fill makes n at least 56.
func (r *bitReader) fill() { r.acc, r.n, r.p = refill(r.acc, r.n, r.buf, r.p) }

// refill does the same as fill, for loops that keep a bitReader's fields in variables.
func refill(acc uint64, n int, buf []byte, p int) (uint64, int, int) {
	return acc | binary.BigEndian.Uint64(buf[p:])>>(uint(n)&63), n | 56, p + (63-n)>>3
}

// maxPadding is how many bytes may follow the last unit of a restart interval. T.81 allows none. If
// there are more than these, the interval has been misread.
const maxPadding = 16

// restart continues behind the restart marker with number i modulo 8 (E.2.4) and reports whether
// the interval before it was whole and the marker was found.
func (r *bitReader) restart(i int) bool {
	for !r.last && len(r.buf)-r.p < maxUnit+maxPadding {
		r.more()
	}
	if used := r.p - r.n>>3; !r.last || used > r.mark || used < r.mark-maxPadding {
		return false
	}
	if r.sp+1 >= len(r.src) || r.src[r.sp+1] != markerRST0+byte(i&7) {
		return false
	}
	r.reset(r.src, r.sp+2)
	return true
}

// An intervals counts the units of restart intervals, MCUs or blocks.
type intervals struct {
	ri     int // units of an interval; 0 if there is only one interval
	left   int // units left in the current interval
	number int // number of intervals before the current one
}

func newIntervals(ri int) intervals { return intervals{ri: ri, left: ri} }

// next begins another interval if the current one has been read, and reports whether it did.
func (v *intervals) next(r *bitReader) (restarted bool, err error) {
	if v.ri == 0 || v.left > 0 {
		return false, nil
	}
	if !r.restart(v.number) {
		return false, FormatError{Msg: "missing restart marker"}
	}
	v.number++
	v.left = v.ri
	return true, nil
}
