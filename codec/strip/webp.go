// This file implements the walk over a WebP's RIFF chunks, RFC 9649 section 2.

package strip

import "encoding/binary"

// Feature flags in the first byte of VP8X (RFC 9649 section 2.7).
const (
	flagICC  = 0x20
	flagExif = 0x08
	flagXMP  = 0x04
)

func walkWebP(src []byte, keepICC bool, s *sink) error {
	if len(src) < 12 || string(src[:4]) != "RIFF" || string(src[8:12]) != "WEBP" {
		return FormatError("no RIFF WEBP header")
	}
	size := binary.LittleEndian.Uint32(src[4:])
	if size < 4 || uint64(size) > uint64(len(src)-8) {
		return FormatError("RIFF size")
	}
	end := 8 + int(size)
	s.keep(src[:12])
	vp8x, iccp := -1, false
	picture, extended := false, false
	for p := 12; p < end; {
		chunk, n, err := riffChunk(src[:end], p)
		if err != nil {
			return err
		}
		first := p == 12
		p += n
		switch kind := string(chunk[:4]); kind {
		case "VP8X":
			if !first || len(chunk) < 18 {
				return FormatError("VP8X")
			}
			extended = true
			vp8x = len(s.dst) + 8
			s.keepChunk(chunk)
		case "VP8 ", "VP8L", "ALPH":
			if kind != "ALPH" {
				if picture {
					continue
				}
				picture = true
			}
			s.keepChunk(chunk)
			if !extended {
				// The simple file formats (sections 2.5, 2.6) are this one chunk.
				p = end
			}
		case "ANIM":
			s.keepChunk(chunk)
		case "ANMF":
			picture = true
			if err := s.keepFrame(chunk); err != nil {
				return err
			}
		case "ICCP":
			if keepICC && !iccp {
				iccp = true
				s.keepChunk(chunk)
			}
		} // else "EXIF", "XMP " and the unknown
	}
	if !picture {
		return FormatError("no picture")
	}
	binary.LittleEndian.PutUint32(s.dst[4:], uint32(len(s.dst)-8))
	if vp8x >= 0 {
		s.dst[vp8x] &^= flagICC | flagExif | flagXMP
		if iccp {
			s.dst[vp8x] |= flagICC
		}
	}
	return nil
}

// riffChunk returns the chunk at p, its 8-byte header included and its padding byte left out, and the bytes it takes with it.
func riffChunk(src []byte, p int) (chunk []byte, n int, err error) {
	if len(src)-p < 8 {
		return nil, 0, FormatError("truncated chunk")
	}
	size := binary.LittleEndian.Uint32(src[p+4:])
	if uint64(size) > uint64(len(src)-p-8) {
		return nil, 0, FormatError("chunk size")
	}
	n = 8 + int(size)
	// Some writers leave the last padding byte away.
	return src[p : p+n], min(n+n&1, len(src)-p), nil
}

func (s *sink) keepChunk(chunk []byte) {
	s.keep(chunk)
	if len(chunk)&1 != 0 {
		s.keep([]byte{0})
	}
}

// keepFrame copies an ANMF chunk (section 2.7.1.1) without the unknown chunks inside it.
func (s *sink) keepFrame(chunk []byte) error {
	const header = 8 + 16
	if len(chunk) < header {
		return FormatError("ANMF")
	}
	start := len(s.dst)
	s.keep(chunk[:header])
	picture := false
	for p := header; p < len(chunk); {
		sub, n, err := riffChunk(chunk, p)
		if err != nil {
			return err
		}
		p += n
		switch string(sub[:4]) {
		case "VP8 ", "VP8L":
			picture = true
			s.keepChunk(sub)
		case "ALPH":
			s.keepChunk(sub)
		}
	}
	if !picture {
		return FormatError("ANMF without a picture")
	}
	binary.LittleEndian.PutUint32(s.dst[start+4:], uint32(len(s.dst)-start-8))
	return nil
}
