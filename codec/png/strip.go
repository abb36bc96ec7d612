package png

import "encoding/binary"

// This file implements Strip, which removes metadata (PNG specification, third edition, section 5).

// Strip returns a copy of src without text, Exif, times, unknown ancillary chunks, and what follows
// IEND. Chunks with samples stay as they are. Chunks that say how to show the samples stay too:
// PLTE, tRNS, bKGD, sBIT, pHYs, the color chunks, and those of an animation. iCCP stays only if
// keepICC is set. Where iCCP goes, gAMA and cHRM go too, because iCCP has overridden them.
//
// Strip allocates len(src) bytes. It returns an error if the CRC of a chunk that stays is wrong, if
// a critical chunk is unknown, or if IHDR, IDAT or IEND is missing.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	if len(src) < 8 || string(src[:8]) != signature {
		return nil, FormatError{0, "no PNG signature"}
	}
	// gAMA and cHRM may come before iCCP, which overrides them (section 13.13).
	dropGamma := !keepICC && precedesIDAT(src, "iCCP")
	animated := isAnimated(src)
	out := append(make([]byte, 0, len(src)), signature...)
	hasIDAT := false
	for p := len(signature); ; {
		kind, _, next, err := chunk(src, p)
		if err != nil {
			return nil, err
		}
		isFirst := p == len(signature)
		if isFirst != (kind == "IHDR") { // IHDR is the first chunk, and no other
			return nil, FormatError{p, "IHDR not first"}
		}
		keep := false
		switch kind {
		case "IHDR", "PLTE", "IDAT", "IEND",
			"tRNS", "bKGD", "sRGB", "sBIT", "cICP", "mDCV", "cLLI", "pHYs":
			keep = true
		case "acTL", "fcTL", "fdAT":
			keep = animated
		case "gAMA", "cHRM":
			keep = !dropGamma
		case "iCCP":
			keep = keepICC
		default:
			if isCritical(kind) {
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
		hasIDAT = hasIDAT || kind == "IDAT"
		if kind == "IEND" {
			if !hasIDAT {
				return nil, FormatError{p, "no IDAT"}
			}
			return out, nil
		}
	}
}

// precedesIDAT reports whether src has a chunk of this kind before the first IDAT.
func precedesIDAT(src []byte, kind string) bool {
	for p := len(signature); ; {
		k, _, next, err := chunk(src, p)
		switch {
		case err != nil, k == "IDAT":
			return false
		case k == kind:
			return true
		}
		p = next
	}
}

// isAnimated reports whether src has several frames, or one that is not IDAT. In other files the
// chunks of an animation only disturb some viewers.
func isAnimated(src []byte) bool {
	frames := uint32(0)                   // as acTL says
	fctlBefore, fctlAfter := false, false // there is an fcTL before the first IDAT, or after it
	hasIDAT := false
	for p := len(signature); ; {
		kind, data, next, err := chunk(src, p)
		if err != nil { // the end of src
			frameIsIDAT := fctlBefore || !fctlAfter
			return frames > 1 || (frames == 1 && !frameIsIDAT)
		}
		switch kind {
		case "acTL":
			if len(data) == 8 {
				frames = binary.BigEndian.Uint32(data)
			}
		case "fcTL":
			if hasIDAT {
				fctlAfter = true
			} else {
				fctlBefore = true
			}
		case "IDAT":
			hasIDAT = true
		}
		p = next
	}
}
