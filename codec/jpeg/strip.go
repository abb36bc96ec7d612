package jpeg

import "bytes"

// This file copies a JPEG file without its metadata. It walks over the segments as header.go does
// (ITU T.81 annex B).

// Strip returns the first picture of src without Exif, XMP, IPTC, GPS, comments and thumbnails, and
// without what follows the picture. The entropy-coded data is copied byte for byte. JFIF and Adobe
// segments stay, cut to the fields that define the samples. An ICC profile stays if keepICC is set.
// The orientation is removed with the metadata. If it is not 1, the caller has to turn the pixels
// instead of calling Strip.
//
// Strip reads src once, and allocates at most len(src) bytes. It does not check that the
// entropy-coded data is whole.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	if len(src) < 4 || src[0] != 0xFF || src[1] != markerSOI {
		return nil, FormatError{0, "missing SOI marker"}
	}
	d := Reader{src: src, next: 2}
	out := append(make([]byte, 0, len(src)), 0xFF, markerSOI)
	hasFrame, hasScan := false, false
	for {
		m, seg, err := d.nextSegment()
		if err != nil {
			return nil, err
		}
		switch {
		case m == 0:
			return nil, FormatError{d.at, "no EOI marker"}
		case m == markerEOI:
			if !hasScan {
				return nil, FormatError{d.at, "no scan"}
			}
			return append(out, 0xFF, markerEOI), nil
		case m == markerSOS:
			if !hasFrame {
				return nil, FormatError{d.at, "scan before frame"}
			}
			hasScan = true
			end := endOfScan(src, d.next)
			out = appendSegment(out, m, seg)
			out = append(out, src[d.next:end]...)
			d.next = end
		case isFrame(m):
			if hasFrame {
				return nil, UnsupportedError("hierarchical process")
			}
			hasFrame = true
			out = appendSegment(out, m, seg)
		case m == markerDHT, m == markerDAC, m == markerDQT, m == markerDRI, m == markerDNL:
			out = appendSegment(out, m, seg)
		default:
			if out, err = appendApp(out, m, seg, keepICC); err != nil {
				return nil, err
			}
		}
	}
}

// isFrame reports whether m is one of the markers SOF0 to SOF15. Three values in that range are
// other markers.
func isFrame(m byte) bool {
	return m >= markerSOF0 && m <= 0xCF && m != markerDHT && m != markerJPG && m != markerDAC
}

// appendApp appends the part that is kept of a segment with marker m: an application segment or a
// comment. Other markers are an error.
func appendApp(out []byte, m byte, seg []byte, keepICC bool) ([]byte, error) {
	switch {
	case m == markerAPP0 && len(seg) >= 14 && string(seg[:5]) == "JFIF\x00":
		// The last 2 of these 14 bytes are the size of a thumbnail, which becomes 0 by 0 (ITU T.871
		// 10.1).
		out = appendSegment(out, m, seg[:14])
		out[len(out)-2], out[len(out)-1] = 0, 0
		return out, nil
	case m == markerAPPE && len(seg) >= 12 && string(seg[:5]) == "Adobe":
		// The last of these 12 bytes is the color transform (ITU T.872 6.5.3).
		return appendSegment(out, m, seg[:12]), nil
	case m == markerAPP2 && keepICC && bytes.HasPrefix(seg, iccHeader):
		return appendSegment(out, m, seg), nil
	case m >= markerAPP0 && m <= markerAPPF, m == markerCOM:
		return out, nil
	}
	return nil, UnsupportedError("unknown marker")
}

// appendSegment appends a segment with marker FF m and the data seg.
func appendSegment(out []byte, m byte, seg []byte) []byte {
	n := len(seg) + 2 // the length counts itself
	out = append(out, 0xFF, m, byte(n>>8), byte(n))
	return append(out, seg...)
}
