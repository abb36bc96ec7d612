package jpeg

// This file reads entropy-coded segments, ITU T.81 B.1.1.5 and F.2.2.5. It removes the stuffed zero
// bytes, a chunk at a time, and keeps up to 63 of the next bits in a register.
//
// A unit of decoding is what is decoded between two checks for the end of the data: an MCU, or in a
// progressive AC scan a block.

import (
	"bytes"
	"encoding/binary"
)

const (
	// chunkSize is the number of bytes in a chunk, without the stuffed zeros.
	chunkSize = 16 << 10

	// maxUnit bounds the bytes from the beginning of a unit to the end of what its last refill
	// reads. An MCU has at most maxBlocksInMCU blocks, a block at most 64 codes, and a code at most
	// 16 bits and 15 bits after it. The last refill begins up to 7 bytes ahead and reads 8 bytes.
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
	buf []byte // unstuffed data; from mark on it has at least maxUnit bytes
	// ensure must be called before a unit if p is past mark. If last is set, no more data follows,
	// and mark is where the data ends in buf.
	mark int
	last bool
	src  []byte
	sp   int // next byte of src; if last is set, at the marker or at the end of src

	// The memory of buf: the bytes that more keeps, a chunk, and zeros after the data.
	mem [chunkSize + 2*maxUnit + 64]byte
}

// reset begins a segment at src[sp].
func (r *bitReader) reset(src []byte, sp int) {
	r.src, r.sp = src, sp
	r.buf = r.mem[:0]
	r.acc, r.n, r.p, r.last = 0, 0, 0, false
	r.more()
}

// more unstuffs the next chunk. The bytes of buf from p on stay in front of the chunk, and so do up
// to 16 bytes before p: up to 7 of these are still unread in acc, and ended looks at the byte
// before the unread ones.
func (r *bitReader) more() {
	keep := min(r.p, 16)
	end := copy(r.mem[:], r.buf[r.p-keep:]) // of the data in mem
	r.p = keep
	// Copy runs of bytes up to the next FF, and decide what that FF is.
	for stop := end + chunkSize; end < stop; {
		next := r.src[r.sp:] // at most as much as fits into the chunk
		if len(next) > stop-end {
			next = next[:stop-end]
		}
		if len(next) == 0 {
			r.last = true
			break
		}
		i := bytes.IndexByte(next, 0xFF)
		if i < 0 {
			end += copy(r.mem[end:], next)
			r.sp += len(next)
			continue
		}
		end += copy(r.mem[end:], next[:i])
		r.sp += i
		if r.sp+1 >= len(r.src) { // the source ends with the FF
			r.last = true
			break
		}
		switch r.src[r.sp+1] {
		case 0: // stuffed
			r.mem[end] = 0xFF
			end++
			r.sp += 2
			continue
		case 0xFF: // fill byte before a marker, B.1.1.2
			r.sp++
			continue
		}
		r.last = true // a marker
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

// ensure is called before a unit when p is past mark. It unstuffs more data, if there is any, and
// reports whether all bits read so far were in the source. Bytes that refills have only put into
// acc do not count as read.
func (r *bitReader) ensure() bool {
	if r.last {
		return r.used() <= r.mark
	}
	r.more()
	return true
}

// used returns how many bytes of buf have been read. The last of them may have unread bits.
func (r *bitReader) used() int { return r.p - (r.n >> 3) }

// done reports, at the end of a scan, whether the scan is whole. All bits that were read must have
// been in the source. If no marker follows, there must also be a sign that the scan ends here:
// either the source ends with the last byte read, and that byte is not 0 (zeros at the end of the
// source stand for missing data), or the last byte read looks like the end of a scan (see ended).
func (r *bitReader) done() bool {
	// Unstuff as many bytes as may follow a whole scan.
	for !r.last && len(r.buf)-r.p < maxUnit+maxPadding {
		r.more()
	}
	if !r.last { // even more bytes follow
		markerFollows := endOfScan(r.src, r.sp) < len(r.src)
		return markerFollows || r.ended()
	}
	used := r.used()
	if used > r.mark {
		return false
	}
	markerFollows := r.sp+1 < len(r.src)
	atEndOfSource := used == r.mark && used > 0 && r.buf[used-1] != 0
	return markerFollows || atEndOfSource || r.ended()
}

// ended reports whether the last byte that was read looks like the end of a scan: its unread bits
// are 1 (F.1.2.3), and the byte after it differs from it.
//
// This is asked when other bytes follow, but no marker. If a download was cut short and the file
// has its full length all the same, the rest of the file is zeros or old bytes of the disk. These
// may be valid codes, but they are not the picture's. The bytes of a filling are often all equal.
func (r *bitReader) ended() bool {
	used := r.used()
	if used < 1 || used >= len(r.buf) {
		return false
	}
	final, after := r.buf[used-1], r.buf[used]
	unread := byte(1)<<(r.n&7) - 1 // the mask of the unread bits of final
	return final&unread == unread && final != after
}

// fill makes n at least 56.
func (r *bitReader) fill() { r.acc, r.n, r.p = refill(r.acc, r.n, r.buf, r.p) }

// refill does the same as fill, for loops that keep a bitReader's fields in variables. It adds
// (63-n)/8 whole bytes: n|56 is n plus 8 for each of them.
func refill(acc uint64, n int, buf []byte, p int) (uint64, int, int) {
	return acc | binary.BigEndian.Uint64(buf[p:])>>(uint(n)&63), n | 56, p + ((63 - n) >> 3)
}

// maxPadding is how many bytes may follow the last unit of a restart interval. T.81 allows none. If
// more bytes follow, the interval has been misread.
const maxPadding = 16

// restart begins the segment behind the restart marker with number i modulo 8 (E.2.4). It reports
// whether it did so: the marker must be there, and the interval before it must be whole.
func (r *bitReader) restart(i int) bool {
	for !r.last && len(r.buf)-r.p < maxUnit+maxPadding {
		r.more()
	}
	// The data must end with the interval, or up to maxPadding bytes after it.
	if used := r.used(); !r.last || used > r.mark || used < r.mark-maxPadding {
		return false
	}
	if r.sp+1 >= len(r.src) || r.src[r.sp+1] != markerRST0+byte(i&7) {
		return false
	}
	r.reset(r.src, r.sp+2)
	return true
}

// An intervals counts restart intervals and the MCUs in them. In a scan of one component an MCU is
// a block (A.2.2).
type intervals struct {
	ri     int // MCUs of an interval; 0 if there is only one interval
	left   int // MCUs left in the current interval; the caller of next counts them down
	number int // number of intervals before the current one
}

func newIntervals(ri int) intervals { return intervals{ri: ri, left: ri} }

// next begins another interval if no MCUs are left in the current one, and reports whether it did.
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
