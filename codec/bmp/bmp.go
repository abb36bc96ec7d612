// Package bmp reads Windows and OS/2 bitmaps row by row and writes uncompressed ones.
//
//	bmp.go     headers, palettes and masks
//	reader.go  rows of 8-bit samples, run-length encoding
//	writer.go  Append
//
// The formats are those of Microsoft's "Bitmap Storage" reference, and those of OS/2. The reader
// takes 1, 2, 4, 8, 16, 24 and 32 bits a pixel, bit fields, RLE4 and RLE8, bottom-up and top-down.
// Where the reference is silent, the reader follows browsers. An alpha mask counts in headers of
// version 4 and 5 and among bit fields, unless the alpha of all pixels is zero. Pixels that
// run-length encoding skips are black.
package bmp

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"miniatura/codec/internal/damage"
	"miniatura/codec/internal/limit"
)

// A FormatError reports that the input is not a valid BMP.
type FormatError struct {
	Offset int // position of the damaged part in the input; 0 if not known
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("bmp", e.Offset, e.Msg) }

// An UnsupportedError reports that the input is valid but over a limit, or uses something this
// package does not read.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "bmp: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// Limits that hold before any memory is spent.
const (
	MaxSide   = 1 << 18
	MaxPixels = 1 << 27
	MaxRLE    = 1 << 25 // pixels of a run-length encoded picture, which is held in memory whole
)

// Compression methods.
const (
	biRGB            = 0
	biRLE8           = 1
	biRLE4           = 2
	biBitFields      = 3
	biAlphaBitFields = 6
)

const fileHeaderSize = 14 // BITMAPFILEHEADER

// A Reader holds what the headers say, and decodes the rows.
type Reader struct {
	Width, Height int
	BitsPerPixel  int    // of the file
	Channels      int    // samples of 8 bits in each pixel of a row: 1 gray, 3 RGB, 4 RGBA; alpha is straight
	ICC           []byte // the profile embedded in a version 5 header, or nil; it points into the source
	Note          string // a defect that costs no sample, or ""

	src         []byte
	data        int // position of the pixels in src
	topDown     bool
	compression uint32
	palette     [256][4]byte // RGBA; entries that the file does not have are opaque black
	fields      [4]field     // red, green, blue and alpha in a pixel of 16 or 32 bits
}

// A field is the bits of one channel in a pixel. The zero field is a channel that pixels do not
// have.
type field struct {
	mask  uint32
	shift int    // number of bits below the mask
	max   uint32 // largest value: mask >> shift
}

// PeakBytes returns about how many bytes Rows allocates.
func (r *Reader) PeakBytes() int64 {
	n := int64(r.Width) * 4 // the row that is emitted
	if r.isRLE() {
		n += int64(r.Width) * int64(r.Height) * 9 / 8 // a byte and a bit for each pixel: see runs
	}
	return n
}

func (r *Reader) isRLE() bool { return r.compression == biRLE8 || r.compression == biRLE4 }

// stride returns the length of a row in the file, with the padding to a multiple of 4 bytes.
func (r *Reader) stride() int { return (r.Width*r.BitsPerPixel + 31) / 32 * 4 }

// NewReader reads the headers of src. If the picture is not run-length encoded, src must hold all
// rows.
func NewReader(src []byte) (*Reader, error) {
	r := &Reader{src: src}
	h, err := readHeader(src)
	if err != nil {
		return nil, err
	}
	if err := r.readInfo(h); err != nil {
		return nil, err
	}
	at := fileHeaderSize + h.size // end of what has been read
	if r.BitsPerPixel == 16 || r.BitsPerPixel == 32 {
		if at, err = r.readMasks(h, at); err != nil {
			return nil, err
		}
	}
	// The position of the pixels is 0 in some files. Their pixels follow the other parts.
	r.data = int(binary.LittleEndian.Uint32(src[10:]))
	if r.data != 0 && (r.data < at || r.data > len(src)) {
		return nil, FormatError{10, "position of the pixels"}
	}
	if r.BitsPerPixel <= 8 {
		at = r.readPalette(h, at)
	}
	if r.data == 0 {
		r.data = at
	}
	if err := r.checkRows(); err != nil {
		return nil, err
	}
	r.ICC = h.profile(src)
	r.setChannels()
	return r, nil
}

// An infoHeader is the header after the file header. Its size tells its version. Bytes beyond size
// are zero.
type infoHeader struct {
	size int
	b    [v5Size]byte
}

// Sizes of info headers.
const (
	coreSize     = 12  // BITMAPCOREHEADER
	os2ShortSize = 16  // OS22XBITMAPHEADER, only its first fields
	os2Size      = 64  // OS22XBITMAPHEADER
	infoSize     = 40  // BITMAPINFOHEADER
	v2Size       = 52  // BITMAPV2INFOHEADER, which adds the masks of red, green and blue
	v3Size       = 56  // BITMAPV3INFOHEADER, which adds the mask of alpha
	v4Size       = 108 // BITMAPV4HEADER, whose alpha mask counts without bit fields too
	v5Size       = 124 // BITMAPV5HEADER, which adds a profile
)

func (h *infoHeader) u16(at int) int    { return int(binary.LittleEndian.Uint16(h.b[at:])) }
func (h *infoHeader) u32(at int) uint32 { return binary.LittleEndian.Uint32(h.b[at:]) }

// readHeader checks the signature and returns the info header.
func readHeader(src []byte) (*infoHeader, error) {
	if len(src) < fileHeaderSize+coreSize || string(src[:2]) != "BM" {
		return nil, FormatError{0, "no BM signature"}
	}
	size := binary.LittleEndian.Uint32(src[fileHeaderSize:])
	switch size {
	case coreSize, os2ShortSize, infoSize, v2Size, v3Size, os2Size, v4Size, v5Size:
	default:
		return nil, UnsupportedError("header size")
	}
	h := &infoHeader{size: int(size)}
	if len(src) < fileHeaderSize+h.size {
		return nil, FormatError{len(src), "truncated header"}
	}
	copy(h.b[:], src[fileHeaderSize:fileHeaderSize+h.size])
	return h, nil
}

// readInfo reads dimensions, bits per pixel and compression, and checks them.
func (r *Reader) readInfo(h *infoHeader) error {
	var width, height int64
	if h.size == coreSize {
		width, height, r.BitsPerPixel = int64(h.u16(4)), int64(h.u16(6)), h.u16(10)
	} else {
		width, height, r.BitsPerPixel = int64(int32(h.u32(4))), int64(int32(h.u32(8))), h.u16(14)
		r.compression = h.u32(16)
	}
	if height < 0 {
		r.topDown, height = true, -height
	}
	if width <= 0 || height <= 0 {
		return FormatError{fileHeaderSize + 4, "dimensions"}
	}
	if width > MaxSide || height > MaxSide {
		return &limit.Error{Room: "bmp", What: "pixels a side", Met: max(width, height), Allowed: MaxSide}
	}
	if width*height > MaxPixels {
		return &limit.Error{Room: "bmp", What: "pixels", Met: width * height, Allowed: MaxPixels}
	}
	r.Width, r.Height = int(width), int(height)
	if h.size == os2Size && r.compression > biRLE4 {
		// OS/2 gives Huffman and RLE24 the numbers that Windows uses for other methods.
		return UnsupportedError("OS/2 compression")
	}
	return r.checkDepth(h)
}

// readMasks reads the masks of a 16- or 32-bit picture. at is the end of the header. Masks that a
// short header does not have follow it. readMasks returns the end of header and masks.
func (r *Reader) readMasks(h *infoHeader, at int) (int, error) {
	masks := h.b[infoSize:v3Size]
	if h.size < v2Size && r.compression >= biBitFields {
		n := 12
		if r.compression == biAlphaBitFields {
			n = 16
		}
		if len(r.src) < at+n {
			return 0, FormatError{at, "truncated masks"}
		}
		masks = append(r.src[at:at+n:at+n], make([]byte, 16-n)...)
		at += n
	}
	return at, r.setFields(masks, h.size >= v4Size)
}

// readPalette reads the palette at src[at:] and returns the palette's end. If the pixels begin or
// src ends too early, the palette has fewer entries than the header says.
func (r *Reader) readPalette(h *infoHeader, at int) int {
	entrySize, colorsUsed := 4, h.u32(32)
	if h.size == coreSize {
		entrySize, colorsUsed = 3, 0
	}
	n := 1 << r.BitsPerPixel
	if colorsUsed != 0 && colorsUsed < uint32(n) {
		n = int(colorsUsed)
	}
	end := len(r.src)
	if r.data != 0 {
		end = r.data
	}
	n = min(n, (end-at)/entrySize)
	r.setPalette(r.src[at:at+n*entrySize], entrySize)
	return at + n*entrySize
}

// checkRows returns an error if a row of an uncompressed picture is missing. The last row's padding
// may be missing.
func (r *Reader) checkRows() error {
	if r.isRLE() {
		return nil
	}
	have := int64(len(r.src) - r.data)
	unpadded := (r.Width*r.BitsPerPixel + 7) / 8
	if int64(r.Height-1)*int64(r.stride())+int64(unpadded) > have {
		return FormatError{len(r.src), "too few rows"}
	}
	if int64(r.Height)*int64(r.stride()) > have {
		r.Note = "the last row's padding is missing"
	}
	return nil
}

// profile returns the embedded profile, or nil.
func (h *infoHeader) profile(src []byte) []byte {
	const embedded = 'M'<<24 | 'B'<<16 | 'E'<<8 | 'D' // PROFILE_EMBEDDED
	if h.size != v5Size || h.u32(56) != embedded {
		return nil
	}
	// The header gives the position as counted from its own beginning.
	from, n := fileHeaderSize+uint64(h.u32(112)), uint64(h.u32(116))
	if from+n > uint64(len(src)) {
		return nil
	}
	return src[from : from+n]
}

// checkDepth returns an error unless the compression is known and goes with the bits per pixel. For
// run-length encoding it also checks the order of rows and the number of pixels.
func (r *Reader) checkDepth(h *infoHeader) error {
	at := fileHeaderSize + 14 // position of the bits per pixel
	if h.size == coreSize {
		at = fileHeaderSize + 10
	}
	switch r.compression {
	case biRGB:
		switch r.BitsPerPixel {
		case 1, 2, 4, 8, 16, 24, 32:
			return nil
		}
		return FormatError{at, "bits per pixel"}
	case biBitFields, biAlphaBitFields:
		if r.BitsPerPixel != 16 && r.BitsPerPixel != 32 {
			return FormatError{at, "bit fields of that many bits"}
		}
		return nil
	case biRLE8, biRLE4:
		want := 8
		if r.compression == biRLE4 {
			want = 4
		}
		if r.BitsPerPixel != want {
			return FormatError{at, "run-length encoding of that many bits"}
		}
		if r.topDown {
			return FormatError{fileHeaderSize + 8, "top-down with run-length encoding"}
		}
		if n := int64(r.Width) * int64(r.Height); n > MaxRLE {
			return &limit.Error{Room: "bmp", What: "run-length encoded pixels", Met: n, Allowed: MaxRLE}
		}
		return nil
	}
	return UnsupportedError("compression")
}

// setFields sets r.fields by the four masks in b. A picture without bit fields has the usual masks
// of red, green and blue whatever b says. It has alpha only if the header is of version 4 or 5, the
// pixels have 32 bits and the mask of alpha is the usual one.
func (r *Reader) setFields(b []byte, v4or5 bool) error {
	var m [4]uint32
	for i := range m {
		m[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	if r.compression == biRGB {
		alpha := m[3]
		m = [4]uint32{0xff0000, 0xff00, 0xff, 0}
		if r.BitsPerPixel == 16 {
			m = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
		} else if v4or5 && alpha == 0xff000000 {
			m[3] = alpha
		}
	}
	for i, v := range m {
		if r.BitsPerPixel == 16 {
			v &= 0xffff
		}
		if v == 0 {
			continue
		}
		f := field{v, bits.TrailingZeros32(v), 0}
		f.max = v >> f.shift
		if f.max&(f.max+1) != 0 { // not all ones
			return UnsupportedError("mask with gaps")
		}
		r.fields[i] = f
	}
	return nil
}

// value returns the sample that pixel has in field f, scaled from 0..f.max to 0..255 and rounded.
// It is 0 if f is the zero field.
func (f *field) value(pixel uint32) byte {
	if f.max == 0 {
		return 0
	}
	sample := uint64((pixel & f.mask) >> f.shift)
	return byte((2*255*sample + uint64(f.max)) / (2 * uint64(f.max)))
}

// setPalette sets the palette to the colors in b, of entrySize bytes each, which begin with B, G
// and R. Entries that b does not have become black.
func (r *Reader) setPalette(b []byte, entrySize int) {
	for i := range r.palette {
		c := &r.palette[i]
		c[3] = 255
		if len(b) >= entrySize {
			c[0], c[1], c[2] = b[2], b[1], b[0]
			b = b[entrySize:]
		}
	}
}

// setChannels sets Channels: 1 if the whole palette is gray, 4 if some pixel has alpha above zero,
// otherwise 3.
func (r *Reader) setChannels() {
	r.Channels = 3
	if r.BitsPerPixel <= 8 {
		gray := true
		for _, c := range r.palette {
			gray = gray && c[0] == c[1] && c[1] == c[2]
		}
		if gray {
			r.Channels = 1
		}
		return
	}
	alpha := r.fields[3]
	if alpha.max == 0 {
		return
	}
	// Many programs leave alpha at zero everywhere in pictures that are meant to be opaque.
	bytes := r.BitsPerPixel / 8
	for y := range r.Height {
		row := r.row(y)
		for x := range r.Width {
			if r.readPixel(row[x*bytes:])&alpha.mask != 0 {
				r.Channels = 4
				return
			}
		}
	}
}
