package gif

// This file implements the decompression of GIF89a appendix F.

const maxCodes = 1 << 12

// An unpacker turns an image's data sub-blocks into color indices. Its tables, 20 KB, are reused
// from frame to frame.
type unpacker struct {
	prefix [maxCodes]uint16
	suffix [maxCodes]uint8
	first  [maxCodes]uint8  // of the string a code stands for
	length [maxCodes]uint16 // of that string
}

// unpack writes indices to dst until it is full, and returns how many it wrote. data begins at the
// first sub-block's size byte and holds sub-blocks to their terminator. If the sub-blocks end with
// their terminator, it is no error when there are fewer indices than dst has room for. It returns
// an error when the data is broken, or is cut off before the terminator. The rest of the data is
// ignored.
func (u *unpacker) unpack(dst, data []byte, minCodeSize uint) (n int, err error) {
	clearCode := uint16(1) << minCodeSize
	endCode := clearCode + 1
	for i := range clearCode {
		u.suffix[i], u.first[i], u.length[i] = uint8(i), uint8(i), 1
	}
	var acc uint32
	var bits uint
	width := minCodeSize + 1
	next := endCode + 1 // the code that the next string gets
	previous := int32(-1)
	block, data := data[:0], data
	for n < len(dst) {
		for bits < width {
			if len(block) == 0 {
				if len(data) < 2 {
					if len(data) == 1 && data[0] == 0 {
						return n, nil
					}
					return n, FormatError{Msg: "truncated image data"}
				}
				size := min(int(data[0]), len(data)-1)
				if size == 0 {
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
		case code > next || code == next && next >= maxCodes:
			return n, FormatError{Msg: "LZW code before its string"}
		}
		p := uint16(previous)
		if next < maxCodes {
			u.prefix[next], u.first[next], u.length[next] = p, u.first[p], u.length[p]+1
			if code == next {
				u.suffix[next] = u.first[p]
			} else {
				u.suffix[next] = u.first[code]
			}
			next++
			if next == 1<<width && width < 12 {
				width++
			}
		}
		// The string is written from its end; what does not fit dst is dropped.
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
