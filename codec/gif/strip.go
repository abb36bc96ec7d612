package gif

// This file copies a file without its metadata. It uses the block walk of reader.go (GIF89a
// sections 15 to 27).

// Strip returns src without comments, extensions that do not change what is shown, and whatever
// follows the trailer. Frames are copied byte for byte, loop counts stay, and an ICC profile if
// keepICC is set. The result ends with a trailer after the last whole frame, even if src has no
// trailer there. Browsers also ignore the bytes after that. It returns an error when a frame is cut
// off.
//
// It is one pass, and allocates at most len(src) + 1 bytes.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	if !isGIF(src) || len(src) < 13 {
		return nil, FormatError{0, "no GIF signature"}
	}
	p := 13
	var err error
	if src[10]&0x80 != 0 {
		if _, p, err = colorTable(src, p, src[10]); err != nil {
			return nil, err
		}
	}
	out := append(make([]byte, 0, len(src)+1), src[:p]...)
	frames, controlled := false, false // there is a frame; an extension precedes the next one
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
		case kind == blockExtension && keepExtension(block, keepICC) && (controlled || !idle(block)):
			controlled = controlled || block[1] == labelControl
			out = append(out, block...)
		}
		p = next
	}
}

// idle reports whether a block is a control extension without effect: no delay, disposal, input or
// transparency.
func idle(block []byte) bool {
	return len(block) == 8 && block[1] == labelControl && block[2] == 4 && block[3]|block[4]|block[5] == 0
}

// keepExtension reports whether an extension block changes what is shown (sections 23 to 26).
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
