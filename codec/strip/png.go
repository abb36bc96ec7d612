// This file implements the walk over a PNG's chunks, PNG specification (third edition) sections 5 and 11.

package strip

import (
	"encoding/binary"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

func walkPNG(src []byte, keepICC bool, s *sink) error {
	if len(src) < 8 || string(src[:8]) != pngSignature {
		return FormatError("no PNG signature")
	}
	// gAMA and cHRM may come before iCCP, which overrides them (section 13.13).
	dropGamma := !keepICC && hasPNGChunk(src, "iCCP")
	still := isStill(src)
	s.keep(src[:8])
	idat := false
	for p := 8; ; {
		if len(src)-p < 12 {
			return FormatError("truncated chunk")
		}
		n := binary.BigEndian.Uint32(src[p:])
		if uint64(n) > uint64(len(src)-p-12) {
			return FormatError("chunk length")
		}
		chunk := src[p : p+12+int(n)]
		kind := string(chunk[4:8])
		if (p == 8) != (kind == "IHDR") {
			return FormatError("IHDR not first")
		}
		p += len(chunk)

		keep := false
		switch kind {
		case "IHDR", "PLTE", "IDAT", "IEND",
			"tRNS", "bKGD", "sRGB", "sBIT", "cICP", "mDCV", "cLLI", "pHYs":
			keep = true
		case "acTL", "fcTL", "fdAT":
			keep = !still
		case "gAMA", "cHRM":
			keep = !dropGamma
		case "iCCP":
			keep = keepICC
		default:
			if chunk[4]&0x20 == 0 { // the ancillary bit of section 5.4
				return UnsupportedError("critical chunk")
			}
		}
		if !keep {
			continue
		}
		if crc32.ChecksumIEEE(chunk[4:len(chunk)-4]) != binary.BigEndian.Uint32(chunk[len(chunk)-4:]) {
			return FormatError("CRC of " + kind)
		}
		s.keep(chunk)
		switch kind {
		case "IDAT":
			idat = true
		case "IEND":
			if !idat {
				return FormatError("no IDAT")
			}
			return nil
		}
	}
}

// hasPNGChunk reports whether a chunk of that kind comes before the first IDAT.
func hasPNGChunk(src []byte, kind string) bool {
	for p := 8; len(src)-p >= 12; {
		n := binary.BigEndian.Uint32(src[p:])
		switch string(src[p+4 : p+8]) {
		case kind:
			return true
		case "IDAT":
			return false
		}
		if uint64(n) > uint64(len(src)-p-12) {
			return false
		}
		p += 12 + int(n)
	}
	return false
}

// isStill reports whether the only frame of an animation is the default image, or there is none: acTL is then in the way of
// some viewers.
func isStill(src []byte) bool {
	frames, before, behind, idat := uint32(0), false, false, false
	for p := 8; len(src)-p >= 12; {
		n := binary.BigEndian.Uint32(src[p:])
		if uint64(n) > uint64(len(src)-p-12) {
			break
		}
		switch string(src[p+4 : p+8]) {
		case "acTL":
			if n == 8 {
				frames = binary.BigEndian.Uint32(src[p+8:])
			}
		case "fcTL":
			before, behind = before || !idat, behind || idat
		case "IDAT":
			idat = true
		}
		p += 12 + int(n)
	}
	return frames == 0 || frames == 1 && (before || !behind)
}
