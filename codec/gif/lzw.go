package gif

// This file implements the decompression of GIF89a appendix F.

// maxCodes is the number of codes of at most 12 bits.
const maxCodes = 1 << 12

// An unpacker turns an image's data sub-blocks into color indices. Its tables, 24 KiB, are reused
// from frame to frame.
type unpacker struct {
	// A code stands for a string of indices: the string of the code prefix[code], then the index
	// suffix[code].
	prefix [maxCodes]uint16
	suffix [maxCodes]uint8
	first  [maxCodes]uint8  // the string's first index
	length [maxCodes]uint16 // the string's length
}

// unpack writes indices to dst until dst is full or the data ends, and returns how many it wrote.
// data begins at the first sub-block's size byte and holds sub-blocks to their terminator. An end
// code or the terminator ends the data without an error, even if dst is not full. If the data is
// broken, or stops short of both an end code and the terminator, unpack returns an error and the
// number of indices before the fault. What follows an end code, or the last index that dst has room
// for, is ignored.
func (u *unpacker) unpack(dst, data []byte, minCodeSize uint) (n int, err error) {
	clearCode := uint16(1) << minCodeSize
	endCode := clearCode + 1
	for i := range clearCode {
		u.suffix[i], u.first[i], u.length[i] = uint8(i), uint8(i), 1
	}
	acc, bits := uint32(0), uint(0) // bits that are read but not used yet, and their number
	width := minCodeSize + 1
	next := endCode + 1   // the code that the next string gets
	previous := int32(-1) // the code before this one, -1 after a clear code
	block := data[:0]     // the rest of the current sub-block
	for n < len(dst) {
		for bits < width { // take another byte
			if len(block) == 0 { // begin the next sub-block
				if len(data) < 2 {
					if len(data) == 1 && data[0] == 0 { // the terminator
						return n, nil
					}
					return n, FormatError{Msg: "truncated image data"}
				}
				size := min(int(data[0]), len(data)-1)
				if size == 0 { // the terminator
					return n, nil
				}
				block, data = data[1:1+size], data[1+size:]
			}
			acc |= uint32(block[0]) << bits
			block = block[1:]
			bits += 8
		}
		code := uint16(acc & (1<<width - 1))
		acc >>= width
		bits -= width
		switch {
		case code == clearCode:
			width = minCodeSize + 1
			next = endCode + 1
			previous = -1
			continue
		case code == endCode:
			return n, nil
		case previous < 0:
			if code > endCode {
				return n, FormatError{Msg: "LZW code before its string"}
			}
			dst[n] = uint8(code)
			n++
			previous = int32(code)
			continue
		case code > next: // code == next is possible: this step adds its string
			return n, FormatError{Msg: "LZW code before its string"}
		}
		// The table gets the previous code's string, followed by the first index of this code's.
		p := uint16(previous)
		if next < maxCodes {
			u.prefix[next], u.first[next], u.length[next] = p, u.first[p], u.length[p]+1
			if code == next { // the string that is added: it begins as the previous one
				u.suffix[next] = u.first[p]
			} else {
				u.suffix[next] = u.first[code]
			}
			next++
			if next == 1<<width && width < 12 {
				width++
			}
		}
		// The string is written from its end. What does not fit into dst is dropped.
		end := n + int(u.length[code])
		c := code
		for i := end - 1; i >= n; i-- {
			if i < len(dst) {
				dst[i] = u.suffix[c]
			}
			c = u.prefix[c]
		}
		n = min(end, len(dst))
		previous = int32(code)
	}
	return n, nil
}
