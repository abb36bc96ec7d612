package jpeg

import (
	"errors"

	"miniatura/codec/internal/damage"
	"miniatura/codec/internal/limit"
)

// A FormatError reports that the input is not a valid JPEG. Parts of the input that do not have to
// be read are not checked.
type FormatError struct {
	// Offset is where in the input the damaged segment begins, or the entropy-coded data of the
	// damaged scan. It is 0 if the position is unknown.
	Offset int
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("jpeg", e.Offset, e.Msg) }

// An UnsupportedError reports that the input uses a valid but unimplemented JPEG feature:
// arithmetic coding, 12-bit samples, lossless or hierarchical processes, two components, and the
// like.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "jpeg: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// ErrLimit is in the error for a picture that takes more memory, or has more scans, than is
// allowed: errors.Is finds it there.
var ErrLimit = limit.Err

// tooMuch returns the error for a picture that takes more memory than its Reader may use.
func tooMuch(peak, allowed int64) error {
	return &limit.Error{Room: "jpeg", What: "bytes of memory", Met: peak, Allowed: allowed}
}

// Markers, ITU T.81 table B.1.
const (
	markerSOF0 = 0xC0 // baseline sequential
	markerSOF1 = 0xC1 // extended sequential, Huffman
	markerSOF2 = 0xC2 // progressive, Huffman
	markerDHT  = 0xC4
	markerJPG  = 0xC8
	markerDAC  = 0xCC
	markerRST0 = 0xD0
	markerRST7 = 0xD7
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerDQT  = 0xDB
	markerDNL  = 0xDC
	markerDRI  = 0xDD
	markerDHP  = 0xDE
	markerEXP  = 0xDF
	markerAPP0 = 0xE0
	markerAPP1 = 0xE1
	markerAPP2 = 0xE2
	markerAPPE = 0xEE // APP14
	markerAPPF = 0xEF // APP15
	markerCOM  = 0xFE
	markerTEM  = 0x01
)

// blockSize is the number of coefficients of a block.
const blockSize = 64

// indexSet returns the set of the zig-zag indices [from, to]: bit k stands for index k.
func indexSet(from, to int) uint64 {
	upTo := ^uint64(0) >> (63 - (to & 63))
	fromOn := ^uint64(0) << (from & 63)
	return upTo & fromOn
}

// zigzag maps an index in zig-zag order to natural order, which is 8*v+u for the vertical frequency
// v and the horizontal frequency u (ITU T.81 figure A.6).
var zigzag = [blockSize]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}
