// Package icc converts samples from the color space that an ICC profile describes to sRGB.
//
//	icc.go        header and tag table, ICC.1:2022 sections 7 and 9
//	curve.go      curveType and parametricCurveType, sections 10.6 and 10.18
//	lut.go        lut8Type, lut16Type and lutAToBType, sections 10.10 to 10.12
//	transform.go  rows to sRGB, by matrix and curves (annex F.3) or a gray curve (F.2)
//	grid.go       rows to sRGB, by a lookup table
//	cmyk.go       CMYK without a profile
//	coded.go      chromaticities and transfer functions, code points of ITU-T H.273
//
// The package evaluates profiles of three kinds: three-component matrix profiles, monochrome
// profiles, and RGB or CMYK profiles with a lookup table, AToB0 or else AToB1. For other profiles
// it returns an UnsupportedError, and the caller carries the profile along. For a damaged profile
// it returns a FormatError.
package icc

import (
	"encoding/binary"
	"errors"

	"miniatura/codec/internal/damage"
)

// A FormatError reports that the input is not a valid ICC profile.
type FormatError struct {
	Offset int // position of the damaged part in the profile; 0 if not known
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("icc", e.Offset, e.Msg) }

// An UnsupportedError reports a valid profile that this package does not evaluate.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "icc: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// A Space is a device color space: the data color space field of the header (section 7.2.6).
type Space string

const (
	Gray Space = "GRAY"
	RGB  Space = "RGB "
	CMYK Space = "CMYK"
)

// Components returns the number of samples of a pixel, or 0 if s is not one of the spaces above.
func (s Space) Components() int {
	switch s {
	case Gray:
		return 1
	case RGB:
		return 3
	case CMYK:
		return 4
	}
	return 0
}

// maxTags bounds the tag table: registered tags are fewer than a hundred.
const maxTags = 256

// The header is followed by the number of tags, then by the tag table.
const (
	headerSize = 128
	tagTable   = headerSize + 4 // position of the first entry
	entrySize  = 12             // signature, position and size of a tag's data
)

// A Profile is a parsed profile. It refers to the bytes that it was parsed from.
type Profile struct {
	data    []byte
	space   Space
	labPCS  bool // the profile connection space (PCS) is PCSLAB, otherwise PCSXYZ
	version byte // major
}

// Parse reads the header and checks the size of the tag table. It does not copy the profile.
func Parse(profile []byte) (*Profile, error) {
	if len(profile) < tagTable {
		return nil, FormatError{len(profile), "shorter than a header"}
	}
	// The size field may be less than the length, and the rest is padding. It may not be more.
	size := binary.BigEndian.Uint32(profile)
	if size < tagTable || uint64(size) > uint64(len(profile)) {
		return nil, FormatError{0, "size field"}
	}
	if string(profile[36:40]) != "acsp" {
		return nil, FormatError{36, "no acsp signature"}
	}
	p := &Profile{data: profile[:size], space: Space(profile[16:20]), version: profile[8]}
	switch string(profile[20:24]) {
	case "XYZ ":
	case "Lab ":
		p.labPCS = true
	default:
		return nil, UnsupportedError("profile connection space")
	}
	n := binary.BigEndian.Uint32(p.data[headerSize:])
	if n > maxTags || tagTable+entrySize*int(n) > len(p.data) {
		return nil, FormatError{headerSize, "tag table"}
	}
	return p, nil
}

// Space returns the device color space, which need not be one that this package knows.
func (p *Profile) Space() Space { return p.space }

// tag returns the data of the tag with the given signature. The data has at least 8 bytes and
// begins with the signature of its type. tag returns nil if the tag is missing, or its data is
// shorter or not all in the profile.
func (p *Profile) tag(signature string) []byte {
	at, size := p.find(signature)
	if size < 8 || uint64(at)+uint64(size) > uint64(len(p.data)) {
		return nil
	}
	return p.data[at : at+size]
}

// find returns the position and the size of the tag's data as the tag table gives them. It returns
// 0, 0 if there is no such tag.
func (p *Profile) find(signature string) (at, size uint32) {
	n := int(binary.BigEndian.Uint32(p.data[headerSize:]))
	for entry := p.data[tagTable:]; n > 0; n, entry = n-1, entry[entrySize:] {
		if string(entry[:4]) == signature {
			return binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:])
		}
	}
	return 0, 0
}

// withOffset returns err. If err is a FormatError, its Offset becomes the position of the tag's
// data.
func (p *Profile) withOffset(err error, signature string) error {
	e, ok := err.(FormatError)
	if !ok {
		return err
	}
	at, _ := p.find(signature)
	e.Offset = int(at)
	return e
}

// s15Fixed16 reads a signed 16.16 number (section 4.6).
func s15Fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readXYZ reads the first X, Y and Z of an XYZType tag (section 10.31).
func (p *Profile) readXYZ(signature string) ([3]float64, error) {
	b := p.tag(signature)
	if len(b) < 20 || string(b[:4]) != "XYZ " {
		return [3]float64{}, p.withOffset(FormatError{Msg: signature}, signature)
	}
	return [3]float64{s15Fixed16(b[8:]), s15Fixed16(b[12:]), s15Fixed16(b[16:])}, nil
}

// IsSRGB reports whether the conversion of the profile can be skipped, because it changes no 8-bit
// sample by more than 2. IsSRGB tries all grays and, for RGB, a lattice of 9 x 9 x 9 colors. It
// does not look at the profile's name. It returns false for a profile with an AToB0 table.
func (p *Profile) IsSRGB() bool {
	isRGBOrGray := p.space == RGB || p.space == Gray
	if !isRGBOrGray || p.tag("A2B0") != nil {
		return false
	}
	t, err := p.Transform(p.space)
	if err != nil {
		return false
	}
	const limit = 2
	near := func(a, b byte) bool { return int(a)-int(b) <= limit && int(b)-int(a) <= limit }
	// The grays.
	for v := range 256 {
		row := [3]byte{byte(v), byte(v), byte(v)}
		if p.space == Gray {
			t.Gray(row[:1])
		} else {
			t.RGB(row[:])
		}
		for _, s := range row {
			if !near(s, byte(v)) {
				return false
			}
		}
	}
	if p.space == Gray {
		return true
	}
	// The lattice.
	const steps = 9
	for i := range steps * steps * steps {
		var in [3]byte
		rest := i
		for c := range in {
			in[c] = byte(rest % steps * 255 / (steps - 1))
			rest /= steps
		}
		out := in
		t.RGB(out[:])
		for c := range out {
			if !near(in[c], out[c]) {
				return false
			}
		}
	}
	return true
}
