// Package png reads PNG pictures row by row, in memory that grows only with their width. It writes
// them quickly and in few bytes. With HighEffort it writes them slowly, in the fewest bytes that it
// finds.
//
//	png.go       chunks and what they say, PNG specification (third edition) sections 5 and 11
//	reader.go    rows: scanlines, interlacing, samples to 8 bits, sections 7, 8 and 13.12
//	unfilter.go  filter reconstruction, section 9
//	inflate.go   decompression, section 10, RFC 1950 and 1951
//	apng.go      animations played, section 11.3.6; apngwrite.go, written
//	strip.go     a file without its metadata
//	writer.go    Append: which kind of PNG a picture becomes, section 12.4
//	near.go      palettes that come near enough for mixtures of few colors
//	filter.go    which filter each scanline gets, section 12.7
//	compress.go  which filters and how much effort a picture gets
//	deflate.go   compression, section 10, RFC 1950 and 1951
//	quick.go     the parse by hash chains and a look ahead
//	patient.go   the parse that weighs every way
//	block.go     blocks: where they end, which kind they are
//	huffman.go   prefix codes and their headers
package png

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"miniatura/codec/internal/damage"
	"miniatura/codec/internal/limit"
)

// A FormatError reports that the input is not a valid PNG.
type FormatError struct {
	Offset int // in the input, of the damaged chunk or the first with the data; 0 when it is not known
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

// Limits that hold before any memory is spent. A row has at most 8 bytes a pixel.
const (
	MaxSide       = 1 << 18
	MaxPixels     = 1 << 27
	MaxInterlaced = 1 << 25 // pixels: an interlaced picture is held in memory as a whole
	maxProfile    = 4 << 20
)

// Color types of section 11.2.1.
const (
	ctGray      = 0
	ctRGB       = 2
	ctPalette   = 3
	ctGrayAlpha = 4
	ctRGBA      = 6
)

// A Reader knows what a PNG's chunks say and gives its rows. Slices point into the source.
type Reader struct {
	Width, Height int
	BitDepth      int // of the file: 1, 2, 4, 8 or 16
	ColorType     int // of the file: 0, 2, 3, 4 or 6
	Interlaced    bool
	Channels      int // samples of 8 bits in each pixel of a row: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; alpha is straight

	Frames         int    // of an animation (acTL), 0 for a still picture; an animation whose only frame is IDAT counts as a still picture
	EXIF           []byte // eXIf: begins at the byte order mark, or nil
	SRGB           bool   // there is an sRGB chunk with a valid intent
	Gamma          uint32 // gAMA in 1/100000, or 0
	Chromaticities []byte // cHRM's 32 bytes, or nil
	CICP           []byte // cICP's 4 bytes, or nil
	Note           string // what is wrong after the samples, which are complete; Rows may add to it

	// Narrow converts the samples of a pixel from 16 bits (big-endian) to 8 bits. dst has 1 or 3
	// samples; alpha is not among them. If Narrow is nil, a sample v becomes v*255/65535, rounded.
	Narrow func(dst, src []byte)

	src        []byte
	idat       int       // position of the first chunk with the rows,
	data       string    // of that kind: "" is IDAT
	iccp       []byte    // iCCP's data
	trns       []byte    // tRNS's data, of the right length for the color type
	palette    [][4]byte // 256 entries once there is a PLTE
	paletteLen int
	control    int // where the first fcTL is: 1 before IDAT, 2 after it
}

// HasPalette reports whether pixels are indices into a palette.
func (r *Reader) HasPalette() bool { return r.ColorType == ctPalette }

// bitsPerPixel returns the bits of one pixel in a scanline.
func (r *Reader) bitsPerPixel() int {
	return r.BitDepth * [...]int{1, 0, 3, 1, 2, 0, 4}[r.ColorType]
}

// rowBytes returns the bytes of a scanline of w pixels, without the filter type.
func (r *Reader) rowBytes(w int) int { return (w*r.bitsPerPixel() + 7) / 8 }

// PeakBytes returns about how much Rows allocates.
func (r *Reader) PeakBytes() int64 {
	row := int64(r.rowBytes(r.Width) + 8)
	n := int64(inSize+inPad+windowSize+outChunk+outPad) + 3*row + int64(r.Width*r.Channels)
	if r.Interlaced {
		n += int64(r.Width) * int64(r.Height) * int64(r.Channels)
	}
	return n
}

// chunk returns the chunk at p: its type, its data and the position after it. It does not check the
// CRC.
func chunk(src []byte, p int) (kind string, data []byte, next int, err error) {
	if len(src)-p < 12 {
		return "", nil, 0, FormatError{p, "ends before IEND"}
	}
	n := binary.BigEndian.Uint32(src[p:])
	if uint64(n) > uint64(len(src)-p-12) {
		return "", nil, 0, FormatError{p, "chunk goes past the end"}
	}
	next = p + 12 + int(n)
	return string(src[p+4 : p+8]), src[p+8 : next-4], next, nil
}

// checkCRC reports whether the CRC of the chunk from p to next is right.
func checkCRC(src []byte, p, next int) bool {
	return crc32.ChecksumIEEE(src[p+4:next-4]) == binary.BigEndian.Uint32(src[next-4:])
}

// NewReader reads the chunks of src without decompressing anything. It checks the CRC of every
// chunk except IDAT, whose CRC is checked by Rows. It ignores a damaged ancillary chunk (section
// 13.2), and returns an error for a damaged critical one. Damage after the first run of IDAT is no
// error: Note reports it, and Rows finds out whether all samples came before it.
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
	if !checkCRC(src, 8, p) {
		return nil, FormatError{8, "CRC of IHDR"}
	}
	if err := r.header(data); err != nil {
		return nil, err
	}
	if p, err = r.readBeforeData(p); err != nil {
		return nil, err
	}
	if r.ColorType == ctPalette && r.palette == nil {
		return nil, FormatError{r.idat, "no PLTE"}
	}
	r.setChannels()
	r.readAfterData(p)
	if r.Frames == 1 && r.control != 2 {
		r.Frames = 0
	}
	return r, nil
}

// readBeforeData reads the chunks from p up to the first IDAT, and returns its position.
func (r *Reader) readBeforeData(p int) (int, error) {
	for {
		kind, data, next, err := chunk(r.src, p)
		if len(r.src)-p >= 8 && string(r.src[p+4:p+8]) == "IDAT" { // which may be cut off
			r.idat = p
			return p, nil
		}
		if err != nil {
			return 0, err
		}
		critical := kind[0]&0x20 == 0 // section 5.4
		switch {
		case !critical && !known(kind):
		case !checkCRC(r.src, p, next):
			if critical {
				return 0, FormatError{p, "CRC of " + kind}
			}
		case kind == "PLTE":
			if err := r.plte(p, data); err != nil {
				return 0, err
			}
		case kind == "IHDR":
			return 0, FormatError{p, "second IHDR"}
		case kind == "IEND":
			return 0, FormatError{p, "no IDAT"}
		case critical:
			return 0, UnsupportedError("critical chunk")
		default:
			r.ancillary(kind, data)
		}
		p = next
	}
}

// readAfterData reads the chunks from the first IDAT on, as far as they can be read. Exif and the
// frames of an animation may follow the samples.
func (r *Reader) readAfterData(p int) {
	ended := false // the run of IDAT is over
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
		critical := kind[0]&0x20 == 0
		switch {
		case (critical || known(kind)) && !checkCRC(r.src, p, next):
			r.note("CRC of " + kind)
		case kind == "IEND" && len(data) > 0, critical && kind != "IEND":
			r.note(kind + " behind IDAT")
		case !critical:
			r.ancillary(kind, data)
		}
		if kind == "IEND" {
			return
		}
		p = next
	}
}

// note adds s to the Note.
func (r *Reader) note(s string) {
	if r.Note == "" {
		r.Note = s
	}
}

// known reports whether the reader uses an ancillary chunk of this kind.
func known(kind string) bool {
	switch kind {
	case "tRNS", "iCCP", "eXIf", "acTL", "fcTL", "sRGB", "gAMA", "cHRM", "cICP":
		return true
	}
	return false
}

// header reads IHDR (section 11.2.1), which is the first chunk.
func (r *Reader) header(b []byte) error {
	w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if w == 0 || h == 0 || w >= 1<<31 || h >= 1<<31 {
		return FormatError{8, "dimensions"}
	}
	r.BitDepth, r.ColorType, r.Interlaced = int(b[8]), int(b[9]), b[12] == 1
	var depths int // a bit for each
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

// plte reads PLTE (section 11.2.2), which is at p.
func (r *Reader) plte(p int, b []byte) error {
	if r.palette != nil || r.idat != 0 || len(b) == 0 || len(b) > 768 || len(b)%3 != 0 {
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

// ancillary reads a known chunk whose CRC is right. It ignores one that is malformed or in the
// wrong place.
func (r *Reader) ancillary(kind string, b []byte) {
	if kind == "eXIf" {
		if r.EXIF == nil {
			r.EXIF = b
		}
		return
	}
	if kind == "fcTL" {
		r.control |= 1 << min(r.idat, 1)
		return
	}
	if r.idat != 0 {
		return // sections 5.6 and 11.3: the others come before IDAT
	}
	switch kind {
	case "tRNS":
		switch {
		case r.trns != nil:
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
		if n := uint32(0); len(b) == 8 {
			n = binary.BigEndian.Uint32(b)
			r.Frames = int(n & 0x7fffffff)
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
		if len(b) == 4 && r.CICP == nil && r.palette == nil {
			r.CICP = b
		}
	}
}

// setChannels sets Channels to the number that the picture needs.
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

var errTooMuch = errors.New("png: more than enough")

// ICC returns the decompressed profile of iCCP (section 11.3.2.3), or nil when there is none. It
// returns an UnsupportedError for a profile over 4 MB.
func (r *Reader) ICC() ([]byte, error) {
	if r.iccp == nil {
		return nil, nil
	}
	name := 0 // 1 to 79 bytes and a zero, then the compression method
	for name < len(r.iccp) && name < 80 && r.iccp[name] != 0 {
		name++
	}
	if name == 0 || name >= 80 || len(r.iccp) < name+2 || r.iccp[name] != 0 || r.iccp[name+1] != 0 {
		return nil, FormatError{Msg: "iCCP"}
	}
	data := r.iccp[name+2:]
	var profile []byte
	var f inflater
	err := f.inflate(func() (b []byte) {
		b, data = data, nil
		return b
	}, 1, func(b []byte) (int, error) {
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
