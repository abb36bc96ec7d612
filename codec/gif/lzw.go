// This file implements the decompression of GIF89a appendix F.

package gif

const maxCodes = 1 << 12

// An unpacker turns an image's data sub-blocks into color indices. Its tables, 20 KB, are reused
// from frame to frame.
type unpacker struct {
	prefix [maxCodes]uint16
	suffix [maxCodes]uint8
	first  [maxCodes]uint8  // of the string a code stands for
	length [maxCodes]uint16 // of that string
}

// unpack writes indices to dst until it is full, and gives how many it wrote. data begins at the
// first sub-block's size byte and holds sub-blocks to their terminator. Fewer indices than dst has
// room for are no error where the sub-blocks end as they should; it is one where data is cut off
// before their terminator, or is broken. What is left over is not looked at.
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
					return n, FormatError("truncated image data")
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
				return n, FormatError("LZW code before its string")
			}
			dst[n] = uint8(code)
			n++
			previous = int32(code)
			continue
		case code > next || code == next && next >= maxCodes:
			return n, FormatError("LZW code before its string")
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
		// The string is spelled from its end; what runs over dst is dropped.
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

const packSlots = 1 << 14

// A packer turns color indices into LZW codes in sub-blocks.
type packer struct {
	// keys[k] is 1 + (code of the string << 8 | index that follows), 0 is free; codes[k] stands
	// for both together.
	keys  [packSlots]uint32
	codes [packSlots]uint16

	out   []byte
	start int // where the sub-block begins that is being filled
	acc   uint32
	bits  uint
}

// pack appends the sub-blocks, terminator included, of indices, all below 1<<minCodeSize.
func (p *packer) pack(dst, indices []byte, minCodeSize uint) []byte {
	start := len(dst)
	dst, full := p.packWith(dst, indices, minCodeSize, false)
	if !full {
		return dst
	}
	// Where the picture goes on as it began, a full table is worth keeping.
	if kept, _ := p.packWith(nil, indices, minCodeSize, true); len(kept) < len(dst)-start {
		return append(dst[:start], kept...)
	}
	return dst
}

// packWith is pack with one way to go on when all codes are given out, which full reports: to
// start again at once or, with keep, to use the table until a window of codes stands for fewer
// indices a code than while the table was filling.
func (p *packer) packWith(dst, indices []byte, minCodeSize uint, keep bool) (packed []byte, full bool) {
	p.out, p.start, p.acc, p.bits = append(dst, 0), len(dst), 0, 0
	clearCode := uint32(1) << minCodeSize
	width := minCodeSize + 1
	next := clearCode + 2
	clear(p.keys[:])
	p.put(clearCode, width)

	const window = 1024
	given, covered := 0, 0 // codes and indices: since the clear code, then in the window
	filling := 0.0         // indices to a code while the table was filling
	code, n := uint32(0), 0
	for _, v := range indices {
		if n == 0 {
			code, n = uint32(v), 1
			continue
		}
		key := code<<8 | uint32(v) + 1
		k := key * 0x9e3779b1 >> 18
		for p.keys[k] != 0 && p.keys[k] != key {
			k = (k + 1) % packSlots
		}
		if p.keys[k] == key {
			code = uint32(p.codes[k])
			n++
			continue
		}
		p.put(code, width)
		given++
		covered += n
		code, n = uint32(v), 1
		if next < maxCodes {
			p.keys[k], p.codes[k] = key, uint16(next)
			if next == 1<<width {
				width++
			}
			next++
			if next < maxCodes {
				continue
			}
			full = true
			filling = float64(covered) / float64(given)
			given, covered = 0, 0
		}
		if keep {
			if given < window {
				continue
			}
			if float64(covered)/float64(given) >= filling {
				given, covered = 0, 0
				continue
			}
		}
		p.put(clearCode, width)
		clear(p.keys[:])
		width, next = minCodeSize+1, clearCode+2
		given, covered = 0, 0
	}
	if n > 0 {
		p.put(code, width)
		// The decoder gives one more code out for it, and widens as it then would.
		if next < maxCodes && next == 1<<width {
			width++
		}
	}
	p.put(clearCode+1, width)
	if p.bits > 0 {
		p.byte(byte(p.acc))
	}
	if n := len(p.out) - p.start - 1; n > 0 {
		p.out[p.start] = byte(n)
		p.out = append(p.out, 0)
	}
	packed, p.out = p.out, nil
	return packed, full
}

func (p *packer) put(code uint32, width uint) {
	p.acc |= code << p.bits
	p.bits += width
	for p.bits >= 8 {
		p.byte(byte(p.acc))
		p.acc >>= 8
		p.bits -= 8
	}
}

func (p *packer) byte(b byte) {
	p.out = append(p.out, b)
	if len(p.out)-p.start == 256 {
		p.out[p.start] = 255
		p.start = len(p.out)
		p.out = append(p.out, 0)
	}
}
