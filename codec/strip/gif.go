// This file implements the walk over a GIF's blocks, GIF89a sections 15 to 27.

package strip

const (
	gifExtension = 0x21
	gifImage     = 0x2c
	gifTrailer   = 0x3b

	gifPlainText   = 0x01
	gifControl     = 0xf9
	gifComment     = 0xfe
	gifApplication = 0xff
)

// walkGIF ends the file with a trailer behind the last whole image, whatever takes its place in src: so do browsers. Only an image
// that is cut off itself is an error.
func walkGIF(src []byte, keepICC bool, s *sink) error {
	if len(src) < 13 || string(src[:6]) != "GIF87a" && string(src[:6]) != "GIF89a" {
		return FormatError("no GIF header")
	}
	p := 13 + colourTableSize(src[10])
	if p > len(src) {
		return FormatError("truncated colour table")
	}
	s.keep(src[:p])
	image := false
	end := func(err error) error {
		if image {
			s.keep([]byte{gifTrailer})
			return nil
		}
		return err
	}
	for p < len(src) {
		q := p
		keep := true
		switch src[p] {
		case gifTrailer:
			return end(FormatError("no image"))
		case gifImage:
			if len(src)-p < 10 {
				return end(FormatError("truncated image descriptor"))
			}
			image = true
			q = p + 10 + colourTableSize(src[p+9]) + 1 // and the LZW minimum code size
		case gifExtension:
			if len(src)-p < 2 {
				return end(FormatError("truncated extension"))
			}
			q = p + 2
			switch src[p+1] {
			case gifControl, gifPlainText:
			case gifApplication:
				keep = false
				if len(src)-q >= 12 && src[q] == 11 {
					switch string(src[q+1 : q+12]) {
					case "NETSCAPE2.0", "ANIMEXTS1.0":
						keep = true
					case "ICCRGBG1012":
						keep = keepICC
					}
				}
			default: // gifComment and the unknown
				keep = false
			}
		case 0: // a stray terminator
			p++
			continue
		default:
			return end(FormatError("unknown block"))
		}
		truncated := FormatError("truncated sub-blocks")
		for { // data sub-blocks up to the block terminator (sections 15, 16)
			if q >= len(src) {
				if src[p] == gifImage {
					return truncated
				}
				return end(truncated)
			}
			n := int(src[q])
			q += 1 + n
			if n == 0 {
				break
			}
		}
		if keep {
			s.keep(src[p:q])
		}
		p = q
	}
	return end(FormatError("no trailer"))
}

// colourTableSize returns the bytes of the colour table that a packed field announces: 3 times 2^(size+1), or none.
func colourTableSize(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}
