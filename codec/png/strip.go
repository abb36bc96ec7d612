package png

import "encoding/binary"

// This file copies a file without its metadata. It uses the chunk walk of png.go (PNG
// specification, third edition, section 5).

// Strip returns src without text, Exif, times, unknown chunks, and whatever follows IEND. The
// samples are copied byte for byte. Chunks that say how to show them stay: PLTE, tRNS, bKGD, sBIT,
// pHYs, the color chunks, and the frames of an animation. iCCP stays if keepICC is set; else it is
// dropped, together with gAMA and cHRM, which it overrode.
//
// It is one pass, and allocates at most len(src) bytes. It returns an error when the CRC of a chunk
// that stays is wrong.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	if len(src) < 8 || string(src[:8]) != signature {
		return nil, FormatError{0, "no PNG signature"}
	}
	// gAMA and cHRM may come before iCCP, which overrides them (section 13.13).
	dropGamma := !keepICC && hasChunk(src, "iCCP")
	still := isStill(src)
	out := append(make([]byte, 0, len(src)), signature...)
	idat := false
	for p := 8; ; {
		kind, _, next, err := chunk(src, p)
		if err != nil {
			return nil, err
		}
		if (p == 8) != (kind == "IHDR") {
			return nil, FormatError{p, "IHDR not first"}
		}
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
			if kind[0]&0x20 == 0 { // section 5.4
				return nil, UnsupportedError("critical chunk")
			}
		}
		if keep {
			if !validCRC(src, p, next) {
				return nil, FormatError{p, "CRC of " + kind}
			}
			out = append(out, src[p:next]...)
		}
		p = next
		idat = idat || kind == "IDAT"
		if kind == "IEND" {
			if !idat {
				return nil, FormatError{p, "no IDAT"}
			}
			return out, nil
		}
	}
}

// hasChunk reports whether a chunk of that kind comes before the first IDAT.
func hasChunk(src []byte, want string) bool {
	for p := 8; ; {
		kind, _, next, err := chunk(src, p)
		switch {
		case err != nil, kind == "IDAT":
			return false
		case kind == want:
			return true
		}
		p = next
	}
}

// isStill reports whether an animation has no frame, or has only the default image as its frame.
// Its acTL then disturbs some viewers.
func isStill(src []byte) bool {
	frames, before, behind, idat := uint32(0), false, false, false
	for p := 8; ; {
		kind, data, next, err := chunk(src, p)
		if err != nil {
			return frames == 0 || frames == 1 && (before || !behind)
		}
		switch kind {
		case "acTL":
			if len(data) == 8 {
				frames = binary.BigEndian.Uint32(data)
			}
		case "fcTL":
			before, behind = before || !idat, behind || idat
		case "IDAT":
			idat = true
		}
		p = next
	}
}
