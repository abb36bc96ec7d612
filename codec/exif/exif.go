// Package exif reads the one Exif field that a resizer must honor: Orientation (CIPA DC-008 4.6.4
// A, tag 0x0112). It is in the 0th IFD of a TIFF structure, which JPEG carries in APP1, PNG in eXIf
// and WebP in EXIF.
package exif

import (
	"bytes"
	"encoding/binary"
)

// The field types of TIFF 6.0 section 2 that writers use for Orientation. The specification of Exif
// says SHORT; some writers use the others.
const (
	typeByte  = 1
	typeShort = 3
	typeLong  = 4
)

const tagOrientation = 0x0112

// Orientation returns the Exif orientation of the TIFF structure tiff. It returns 1 when the field
// is absent, or when anything about the field is invalid. The values are:
//
//	1  upright
//	2  mirrored left to right
//	3  to be turned by 180 degrees
//	4  mirrored top to bottom
//	5  transposed: mirrored at the diagonal from the upper left
//	6  to be turned clockwise by 90 degrees
//	7  transversed: mirrored at the diagonal from the upper right
//	8  to be turned counterclockwise by 90 degrees
//
// tiff begins with the byte order mark. A leading "Exif\0\0" is skipped: it belongs to JPEG's
// APP1, but some PNG and WebP files have it. The work is at most one pass over the 0th IFD, which
// has up to 65,535 entries. Nothing is allocated.
func Orientation(tiff []byte) int {
	tiff = bytes.TrimPrefix(tiff, []byte("Exif\x00\x00"))
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := order.Uint32(tiff[4:]) // position of the 0th IFD
	if at < 8 || uint64(at)+2 > uint64(len(tiff)) {
		return 1
	}
	ifd := tiff[at:]
	n := int(order.Uint16(ifd)) // number of entries
	// An entry has 12 bytes: the tag at 0, the type at 2, the number of values at 4, and the value at
	// 8. A truncated IFD is read as far as it goes, because Orientation is among the first tags.
	for ifd = ifd[2:]; n > 0 && len(ifd) >= 12; n, ifd = n-1, ifd[12:] {
		tag, values := order.Uint16(ifd), order.Uint32(ifd[4:])
		if tag != tagOrientation || values != 1 {
			continue
		}
		var v uint32
		switch order.Uint16(ifd[2:]) {
		case typeByte:
			v = uint32(ifd[8])
		case typeShort:
			v = uint32(order.Uint16(ifd[8:]))
		case typeLong:
			v = order.Uint32(ifd[8:])
		}
		if 1 <= v && v <= 8 {
			return int(v)
		}
		return 1
	}
	return 1
}
