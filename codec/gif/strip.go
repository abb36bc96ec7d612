package gif

// This file copies a file without its metadata. It uses the block walk of reader.go (GIF89a
// sections 15 to 27).

import "encoding/binary"

// Strip returns src without comments, without extensions that do not change what is shown, and
// without what follows the trailer. Frames are copied byte for byte. Loop counts stay, and an ICC
// profile stays if keepICC is set. If src is damaged after a whole frame, the result ends before
// the damage, with a trailer, because browsers ignore the rest too. If a frame is cut off, Strip
// returns an error.
//
// Strip makes one pass, and allocates at most len(src) + 1 bytes.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	if !isGIF(src) || len(src) < screenEnd {
		return nil, FormatError{0, "no GIF signature"}
	}
	p := screenEnd
	var err error
	if flags := src[10]; flags&hasTable != 0 {
		if _, p, err = colorTable(src, p, flags); err != nil {
			return nil, err
		}
	}
	out := append(make([]byte, 0, len(src)+1), src[:p]...)
	frames := false     // there is a frame
	controlled := false // a control extension is copied for the next frame
	for {
		kind, block, next, err := nextBlock(src, p)
		if kind == blockFrame {
			if err != nil {
				return nil, err
			}
			frames = true
		}
		if err != nil || kind == blockTrailer {
			if !frames {
				return nil, FormatError{p, "no image"}
			}
			return append(out, blockTrailer), nil
		}
		switch {
		case kind == blockFrame:
			controlled = false
			out = append(out, block...)
		case kind == blockExtension && keepExtension(block, keepICC):
			if idle(block) && !controlled {
				break // an idle one only replaces the settings of an earlier one
			}
			controlled = controlled || block[1] == labelControl
			out = append(out, block...)
		}
		p = next
	}
}

// idle reports whether a block is a control extension without a delay, disposal, wait for input or
// transparency.
func idle(block []byte) bool {
	if len(block) != 8 || block[1] != labelControl || block[2] != 4 {
		return false
	}
	flags, delay := block[3], binary.LittleEndian.Uint16(block[4:])
	return flags == 0 && delay == 0
}

// keepExtension reports whether an extension block may change what is shown (sections 23 to 26). An
// ICC profile counts if keepICC is set.
func keepExtension(block []byte, keepICC bool) bool {
	switch block[1] {
	case labelControl, labelPlainText:
		return true
	case labelApplication:
		if len(block) >= 14 && block[2] == 11 {
			switch string(block[3:14]) {
			case "NETSCAPE2.0", "ANIMEXTS1.0":
				return true
			case "ICCRGBG1012":
				return keepICC
			}
		}
	}
	return false
}
