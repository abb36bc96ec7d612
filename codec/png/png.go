// Package png reads and writes PNG pictures. It reads them row by row; unless they are interlaced,
// that takes memory for a few rows. It writes them quickly and in few bytes, or with HighEffort
// slowly, in the fewest bytes that it finds.
//
//	png.go        chunks and what they say, PNG specification (third edition) sections 5 and 11
//	reader.go     rows: scanlines, interlacing, samples to 8 bits, sections 7, 8 and 13.12
//	unfilter.go   filter reconstruction, section 9
//	inflate.go    decompression, section 10, RFC 1950 and 1951
//	tables.go     the tables by which inflate.go decodes, from the code lengths in a block
//	apng.go       reading animations, section 11.3.6
//	apngwrite.go  writing animations
//	strip.go      removing metadata from a file
//	writer.go     Append: which kind of PNG a picture becomes, section 12.4
//	near.go       palettes of similar colors, for pictures of too many colors
//	filter.go     which filter each scanline gets, section 12.7
//	compress.go   which filters and how much effort a picture gets
//	deflate.go    compression, section 10, RFC 1950 and 1951
//	quick.go      the quick search for matches: hash chains and a look ahead
//	patient.go    the patient search: the sequence of matches and literals with the fewest bits
//	block.go      blocks: where they end, which kind they are
//	huffman.go    prefix codes and their headers
package png

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"miniatura/codec/internal/damage"
	"miniatura/codec/internal/limit"
)

// A FormatError reports that the input is not a valid PNG.
type FormatError struct {
	// Offset is the position in the input of the damaged chunk or, if the compressed data is
	// damaged, of the first chunk with that data. It is 0 if the position is not known.
	Offset int
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("png", e.Offset, e.Msg) }

// An UnsupportedError reports that the input is valid but over a limit, or uses something this
// package does not read.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "png: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

const signature = "\x89PNG\r\n\x1a\n"

// Limits that hold before any memory is spent.
const (
	MaxSide       = 1 << 18
	MaxPixels     = 1 << 27
	MaxInterlaced = 1 << 25 // pixels of an interlaced picture, which is held in memory whole
	maxProfile    = 4 << 20 // bytes, decompressed
)

// Color types of section 11.2.1.
const (
	ctGray      = 0
	ctRGB       = 2
	ctPalette   = 3
	ctGrayAlpha = 4
	ctRGBA      = 6
)

// A Reader holds what the chunks of a PNG say, and decodes the rows. The byte slices point into the
// source.
type Reader struct {
	Width, Height int
	BitDepth      int // of the file: 1, 2, 4, 8 or 16
	ColorType     int // of the file: 0, 2, 3, 4 or 6
	Interlaced    bool

	// Channels is how many samples of 8 bits a pixel has in the rows that Rows emits: 1 gray, 2 gray
	// and alpha, 3 RGB, 4 RGBA. Alpha is straight.
	Channels int
	// Frames is how many frames an animation has, as acTL says. It is 0 for a still picture, and for
	// an animation of one frame that is IDAT.
	Frames int

	EXIF           []byte // eXIf's data, from the byte order mark on, or nil
	SRGB           bool   // there is an sRGB chunk with a valid intent
	Gamma          uint32 // gAMA in 1/100000, or 0
	Chromaticities []byte // cHRM's 32 bytes, or nil
	CICP           []byte // cICP's 4 bytes, or nil
	Note           string // the first defect found that costs no sample, or ""; Rows may set it

	// Narrow converts the color of one pixel from 16 bits to 8 bits. dst is for its 1 or 3 samples.
	// src has these samples in 2 bytes each, big-endian, and may have more bytes after them. Alpha
	// is not converted by Narrow. If Narrow is nil, a sample v becomes v*255/65535, rounded.
	Narrow func(dst, src []byte)

	src        []byte
	idat       int       // position of the first chunk with scanlines; 0 before it is known
	dataKind   string    // kind of the chunks with scanlines: "" or IDAT, or fdAT for a frame
	iccp       []byte    // iCCP's data
	trns       []byte    // tRNS's data, of the right length for the color type
	palette    [][4]byte // RGBA; nil, or 256 entries, of which PLTE has the first paletteLen
	paletteLen int
	fctl       int // where fcTL occurs: 0 nowhere, 1 before IDAT, 2 after it, 3 both
}

// HasPalette reports whether pixels are indices into a palette.
func (r *Reader) HasPalette() bool { return r.ColorType == ctPalette }

// bitsPerPixel returns the number of bits of one pixel in a scanline.
func (r *Reader) bitsPerPixel() int {
	samples := [...]int{ctGray: 1, ctRGB: 3, ctPalette: 1, ctGrayAlpha: 2, ctRGBA: 4}
	return r.BitDepth * samples[r.ColorType]
}

// rowBytes returns the length in bytes of a scanline of w pixels, without the filter type.
func (r *Reader) rowBytes(w int) int { return (w*r.bitsPerPixel() + 7) / 8 }

// PeakBytes returns about how many bytes Rows allocates.
func (r *Reader) PeakBytes() int64 {
	row := int64(r.rowBytes(r.Width) + 8) // 8 is more than the filter type takes
	n := int64(inSize + inPad + windowSize + outChunk + outPad)
	n += 3*row + int64(r.Width*r.Channels)
	if r.Interlaced {
		n += int64(r.Width) * int64(r.Height) * int64(r.Channels)
	}
	return n
}

// chunk returns the chunk at p: its type, its data and the position after it. It does not check the
// CRC.
func chunk(src []byte, p int) (kind string, data []byte, next int, err error) {
	if len(src)-p < 12 { // length, type and CRC
		return "", nil, 0, FormatError{p, "ends before IEND"}
	}
	n := binary.BigEndian.Uint32(src[p:])
	if uint64(n) > uint64(len(src)-p-12) {
		return "", nil, 0, FormatError{p, "chunk goes past the end"}
	}
	next = p + 12 + int(n)
	return string(src[p+4 : p+8]), src[p+8 : next-4], next, nil
}

// isCritical reports whether a chunk of this kind must be understood: its first letter is in upper
// case (section 5.4).
func isCritical(kind string) bool { return kind[0]&0x20 == 0 }

// validCRC reports whether the CRC of the chunk from p to next is right.
func validCRC(src []byte, p, next int) bool {
	return crc32.ChecksumIEEE(src[p+4:next-4]) == binary.BigEndian.Uint32(src[next-4:])
}

// NewReader reads the chunks of src without decompressing anything. It checks the CRC of every
// chunk except IDAT, whose CRC is checked by Rows. It ignores a damaged ancillary chunk (section
// 13.2), and returns an error for a damaged critical one. Damage after the beginning of IDAT is no
// error: Note reports the damage, and Rows finds out whether all samples came before the damage.
func NewReader(src []byte) (*Reader, error) {
	if len(src) < 8 || string(src[:8]) != signature {
		return nil, FormatError{0, "no PNG signature"}
	}
	r := &Reader{src: src}
	kind, data, p, err := chunk(src, 8)
	if err != nil {
		return nil, err
	}
	if kind != "IHDR" || len(data) != 13 {
		return nil, FormatError{8, "no IHDR"}
	}
	if !validCRC(src, 8, p) {
		return nil, FormatError{8, "CRC of IHDR"}
	}
	if err := r.readIHDR(data); err != nil {
		return nil, err
	}
	if p, err = r.readBeforeData(p); err != nil {
		return nil, err
	}
	if r.ColorType == ctPalette && r.palette == nil {
		return nil, FormatError{r.idat, "no PLTE"}
	}
	r.setChannels()
	r.readFromData(p)
	// IDAT is the only frame of a 1-frame animation unless the frame's fcTL comes after IDAT.
	if r.Frames == 1 && r.fctl != 2 {
		r.Frames = 0
	}
	return r, nil
}

// readBeforeData reads the chunks from p up to the first IDAT, and returns the position of IDAT.
func (r *Reader) readBeforeData(p int) (int, error) {
	for {
		kind, data, next, err := chunk(r.src, p)
		// An IDAT may be cut off; then err is not nil.
		if len(r.src)-p >= 8 && string(r.src[p+4:p+8]) == "IDAT" {
			r.idat = p
			return p, nil
		}
		if err != nil {
			return 0, err
		}
		critical := isCritical(kind)
		switch {
		case !critical && !isKnown(kind): // skipped
		case !validCRC(r.src, p, next):
			if critical {
				return 0, FormatError{p, "CRC of " + kind}
			}
		case kind == "PLTE":
			if err := r.readPLTE(p, data); err != nil {
				return 0, err
			}
		case kind == "IHDR":
			return 0, FormatError{p, "second IHDR"}
		case kind == "IEND":
			return 0, FormatError{p, "no IDAT"}
		case critical:
			return 0, UnsupportedError("critical chunk")
		default:
			r.readAncillary(kind, data)
		}
		p = next
	}
}

// readFromData reads the chunks from the first IDAT, which is at p, to IEND or to a chunk that
// cannot be read. Exif and the frames of an animation may follow IDAT.
func (r *Reader) readFromData(p int) {
	ended := false // another chunk has followed IDAT
	for {
		kind, data, next, err := chunk(r.src, p)
		switch {
		case err != nil:
			r.note(err.(FormatError).Msg)
			return
		case kind == "IDAT" && ended:
			r.note("IDAT in two places")
			return
		case kind == "IDAT":
			p = next
			continue
		}
		ended = true
		critical := isCritical(kind)
		emptyIEND := kind == "IEND" && len(data) == 0 // the only critical chunk that may follow IDAT
		switch {
		case (critical || isKnown(kind)) && !validCRC(r.src, p, next): // other chunks are not used
			r.note("CRC of " + kind)
		case critical && !emptyIEND:
			r.note(kind + " behind IDAT")
		case !critical:
			r.readAncillary(kind, data)
		}
		if kind == "IEND" {
			return
		}
		p = next
	}
}

// note sets Note to s unless it has been set.
func (r *Reader) note(s string) {
	if r.Note == "" {
		r.Note = s
	}
}

// isKnown reports whether the reader uses ancillary chunks of this kind.
func isKnown(kind string) bool {
	switch kind {
	case "tRNS", "iCCP", "eXIf", "acTL", "fcTL", "sRGB", "gAMA", "cHRM", "cICP":
		return true
	}
	return false
}

// readIHDR reads the data of IHDR (section 11.2.1), the chunk at position 8.
func (r *Reader) readIHDR(b []byte) error {
	w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || h == 0 || w >= 1<<31 || h >= 1<<31 {
		return FormatError{8, "dimensions"}
	}
	r.BitDepth, r.ColorType, r.Interlaced = int(b[8]), int(b[9]), b[12] == 1
	var depths int // bit d is set if d is an allowed bit depth
	switch r.ColorType {
	case ctGray:
		depths = 1<<1 | 1<<2 | 1<<4 | 1<<8 | 1<<16
	case ctPalette:
		depths = 1<<1 | 1<<2 | 1<<4 | 1<<8
	case ctRGB, ctGrayAlpha, ctRGBA:
		depths = 1<<8 | 1<<16
	}
	if r.BitDepth > 16 || depths>>r.BitDepth&1 == 0 {
		return FormatError{8, "color type or bit depth"}
	}
	if b[10] != 0 || b[11] != 0 || b[12] > 1 {
		return FormatError{8, "compression, filter or interlace method"}
	}
	switch n := uint64(w) * uint64(h); {
	case w > MaxSide, h > MaxSide:
		return &limit.Error{Room: "png", What: "pixels a side", Met: int64(max(w, h)), Allowed: MaxSide}
	case n > MaxPixels:
		return &limit.Error{Room: "png", What: "pixels", Met: int64(n), Allowed: MaxPixels}
	case r.Interlaced && n > MaxInterlaced:
		return &limit.Error{Room: "png", What: "interlaced pixels", Met: int64(n), Allowed: MaxInterlaced}
	}
	r.Width, r.Height = int(w), int(h)
	return nil
}

// readPLTE reads b, the data of the PLTE at p (section 11.2.2).
func (r *Reader) readPLTE(p int, b []byte) error {
	wrongLength := len(b) == 0 || len(b) > 3*256 || len(b)%3 != 0
	if r.palette != nil || wrongLength {
		return FormatError{p, "PLTE"}
	}
	if r.ColorType != ctPalette {
		return nil // a suggestion
	}
	r.paletteLen = len(b) / 3
	r.palette = make([][4]byte, 256)
	for i := range r.palette {
		r.palette[i][3] = 255 // an index past the palette is opaque black, as in libpng
		if i < r.paletteLen {
			copy(r.palette[i][:3], b[3*i:])
		}
	}
	return nil
}

// readAncillary reads b, the data of an ancillary chunk. It ignores a chunk that is unknown,
// malformed or in the wrong place. If there are several of a kind, the first counts, except that
// the last acTL and every fcTL count.
func (r *Reader) readAncillary(kind string, b []byte) {
	if kind == "eXIf" {
		if r.EXIF == nil {
			r.EXIF = b
		}
		return
	}
	afterIDAT := r.idat != 0
	if kind == "fcTL" {
		if afterIDAT {
			r.fctl |= 2
		} else {
			r.fctl |= 1
		}
		return
	}
	if afterIDAT {
		return // sections 5.6 and 11.3: the others come before IDAT
	}
	switch kind {
	case "tRNS":
		switch {
		case r.trns != nil: // not the first
		case r.ColorType == ctGray && len(b) == 2, r.ColorType == ctRGB && len(b) == 6:
			r.trns = b
		case r.ColorType == ctPalette && r.palette != nil && len(b) <= r.paletteLen:
			r.trns = b
			for i, a := range b {
				r.palette[i][3] = a
			}
		}
	case "iCCP":
		if r.iccp == nil {
			r.iccp = b
		}
	case "acTL":
		if len(b) == 8 {
			r.Frames = int(binary.BigEndian.Uint32(b) & (1<<31 - 1))
		}
	case "sRGB":
		r.SRGB = r.SRGB || len(b) == 1 && b[0] <= 3
	case "gAMA":
		if len(b) == 4 && r.Gamma == 0 {
			r.Gamma = binary.BigEndian.Uint32(b)
		}
	case "cHRM":
		if len(b) == 32 && r.Chromaticities == nil {
			r.Chromaticities = b
		}
	case "cICP":
		if len(b) == 4 && r.CICP == nil && r.palette == nil { // it comes before PLTE, section 5.6
			r.CICP = b
		}
	}
}

// setChannels sets Channels by the color type, tRNS and, for a palette, the colors in it.
func (r *Reader) setChannels() {
	switch r.ColorType {
	case ctGray, ctGrayAlpha:
		r.Channels = 1
	default:
		r.Channels = 3
	}
	alpha := r.ColorType == ctGrayAlpha || r.ColorType == ctRGBA || r.trns != nil
	if r.ColorType == ctPalette {
		alpha, r.Channels = false, 1
		for _, c := range r.palette[:r.paletteLen] {
			alpha = alpha || c[3] != 255
			if c[0] != c[1] || c[1] != c[2] {
				r.Channels = 3
			}
		}
	}
	if alpha {
		r.Channels++
	}
}

// errTooMuch is what a sink of the inflater returns to end decompression when there are more bytes
// than the sink accepts.
var errTooMuch = errors.New("png: more than enough")

// ICC returns the decompressed profile of iCCP (section 11.3.2.3), or nil when there is no iCCP. It
// returns an UnsupportedError for a profile over 4 MB, and a FormatError for a damaged one.
func (r *Reader) ICC() ([]byte, error) {
	if r.iccp == nil {
		return nil, nil
	}
	// The profile follows a name of 1 to 79 bytes, a zero, and the compression method, which is 0.
	nameLen := bytes.IndexByte(r.iccp, 0)
	if nameLen < 1 || nameLen > 79 || len(r.iccp) < nameLen+2 || r.iccp[nameLen+1] != 0 {
		return nil, FormatError{Msg: "iCCP"}
	}
	data := r.iccp[nameLen+2:]
	next := func() (b []byte) { // the data, then nil
		b, data = data, nil
		return b
	}
	var profile []byte
	var f inflater
	err := f.inflate(next, 1, func(b []byte) (int, error) {
		if len(profile)+len(b) > maxProfile {
			return 0, errTooMuch
		}
		profile = append(profile, b...)
		return len(b), nil
	})
	if err == errTooMuch {
		return nil, UnsupportedError("size of color profile")
	}
	if err != nil {
		return nil, err
	}
	return profile, nil
}
