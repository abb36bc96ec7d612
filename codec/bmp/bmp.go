// Package bmp reads Windows and OS/2 bitmaps row by row and writes uncompressed ones.
//
//	bmp.go     headers, palettes and masks
//	reader.go  rows of 8-bit samples, run-length encoding
//	writer.go  Append
//
// The formats are those of Microsoft's "Bitmap Storage" reference, and those of OS/2. The reader
// takes 1, 2, 4, 8, 16, 24 and 32 bits a pixel, bit fields, RLE4 and RLE8, bottom-up and top-down.
//
// Where the reference is silent, the reader follows browsers. Pixels have alpha if there is a mask
// for it, either among bit fields or in a header of version 4 or 5. But if the alpha of all pixels
// is zero, the picture is opaque. Pixels that run-length encoding skips are black.
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
	BitsPerPixel  int    // in the file
	Channels      int    // samples of 8 bits in each pixel of a row: 1 gray, 3 RGB, 4 RGBA; alpha is straight
	ICC           []byte // the profile that a version 5 header embeds, a part of the source; or nil
	Note          string // a defect that costs no sample, or ""

	src         []byte
	data        int // position of the pixels in src
	topDown     bool
	compression uint32
	palette     [256][4]byte // RGBA; entries that the file does not have are opaque black
	fields      [4]field     // red, green, blue and alpha in a pixel of 16 or 32 bits
}

// A field says which bits of a pixel are a channel. The zero field stands for a channel that pixels
// do not have.
type field struct {
	mask  uint32
	shift int    // number of bits below the mask
	max   uint32 // largest value of the channel: mask >> shift
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

// rowBytes returns the number of bytes with pixels of a row in the file, without padding.
func (r *Reader) rowBytes() int { return (r.Width*r.BitsPerPixel + 7) / 8 }

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
	// The position of the pixels is 0 in some files. There they follow header, masks and palette.
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

// An infoHeader is the header after the file header. The size of the header tells the version. The
// bytes of b beyond size are zero.
type infoHeader struct {
	size int
	b    [v5Size]byte
}

// Sizes of info headers. In each, the width is at offset 4. A BITMAPCOREHEADER has the height at 6
// and the bits per pixel at 10. The others have the height at 8, the bits per pixel at 14, the
// compression at 16, the number of colors at 32 and the masks at 40, as far as they are that long.
const (
	coreSize     = 12  // BITMAPCOREHEADER
	os2ShortSize = 16  // OS22XBITMAPHEADER, only its first fields
	os2Size      = 64  // OS22XBITMAPHEADER
	infoSize     = 40  // BITMAPINFOHEADER
	v2Size       = 52  // BITMAPV2INFOHEADER, which adds the masks of red, green and blue
	v3Size       = 56  // BITMAPV3INFOHEADER, which adds the mask of alpha
	v4Size       = 108 // BITMAPV4HEADER, whose mask of alpha counts even without bit fields
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
		width, height = int64(h.u16(4)), int64(h.u16(6))
		r.BitsPerPixel = h.u16(10)
	} else {
		width, height = int64(int32(h.u32(4))), int64(int32(h.u32(8)))
		r.BitsPerPixel = h.u16(14)
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

// readMasks reads the masks of a 16- or 32-bit picture. at is the end of the header. If the header
// is too short for masks, the masks of bit fields follow it. readMasks returns the end of header
// and masks.
func (r *Reader) readMasks(h *infoHeader, at int) (int, error) {
	masks := h.b[infoSize:v3Size]
	if h.size < v2Size && r.compression >= biBitFields {
		n := 12 // red, green, blue
		if r.compression == biAlphaBitFields {
			n = 16 // alpha too
		}
		if len(r.src) < at+n {
			return 0, FormatError{at, "truncated masks"}
		}
		masks = append(r.src[at:at+n:at+n], make([]byte, 16-n)...) // the mask of alpha may be zeros
		at += n
	}
	if err := r.setFields(masks, h.size >= v4Size); err != nil {
		return 0, err
	}
	return at, nil
}

// readPalette reads the palette at src[at:] and returns the palette's end. The palette has fewer
// entries than the header says if the pixels begin before that, or src ends.
func (r *Reader) readPalette(h *infoHeader, at int) int {
	entrySize, colorsUsed := 4, h.u32(32)
	if h.size == coreSize {
		entrySize, colorsUsed = 3, 0
	}
	n := 1 << r.BitsPerPixel // number of entries
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
	stride := int64(r.stride())
	unpadded := int64(r.rowBytes())
	if int64(r.Height-1)*stride+unpadded > have {
		return FormatError{len(r.src), "too few rows"}
	}
	if int64(r.Height)*stride > have {
		r.Note = "the last row's padding is missing"
	}
	return nil
}

// profile returns the embedded profile, or nil if there is none or src does not hold all of it.
func (h *infoHeader) profile(src []byte) []byte {
	const embedded = 'M'<<24 | 'B'<<16 | 'E'<<8 | 'D' // the color space PROFILE_EMBEDDED
	if h.size != v5Size || h.u32(56) != embedded {
		return nil
	}
	// The position of the profile counts from the beginning of the info header.
	start, n := fileHeaderSize+uint64(h.u32(112)), uint64(h.u32(116))
	if start+n > uint64(len(src)) {
		return nil
	}
	return src[start : start+n]
}

// checkDepth returns an error unless the compression is known and allows this number of bits per
// pixel. For run-length encoding it also checks the order of rows and the number of pixels.
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
		allowed := 8
		if r.compression == biRLE4 {
			allowed = 4
		}
		if r.BitsPerPixel != allowed {
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

// setFields sets r.fields by four masks, which are little-endian in b: red, green, blue and alpha.
// A picture without bit fields has the usual masks of red, green and blue whatever b says. It has
// alpha only if the header is of version 4 or 5, the pixels have 32 bits and the mask of alpha is
// the usual one.
func (r *Reader) setFields(b []byte, v4or5 bool) error {
	var masks [4]uint32
	for i := range masks {
		masks[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	if r.compression == biRGB {
		alpha := masks[3]
		masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
		if r.BitsPerPixel == 16 {
			masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
		} else if v4or5 && alpha == 0xff000000 {
			masks[3] = alpha
		}
	}
	for i, mask := range masks {
		if r.BitsPerPixel == 16 {
			mask &= 0xffff
		}
		if mask == 0 {
			continue
		}
		f := field{mask, bits.TrailingZeros32(mask), 0}
		f.max = mask >> f.shift
		if f.max&(f.max+1) != 0 { // not all ones
			return UnsupportedError("mask with gaps")
		}
		r.fields[i] = f
	}
	return nil
}

// value returns the sample that a pixel has in field f, scaled from 0..f.max to 0..255 and rounded.
// The sample is 0 if f is the zero field.
func (f *field) value(pixel uint32) byte {
	if f.max == 0 {
		return 0
	}
	sample := uint64((pixel & f.mask) >> f.shift)
	return byte((2*255*sample + uint64(f.max)) / (2 * uint64(f.max)))
}

// setPalette sets the palette to the entries in b. Each has entrySize bytes: B, G, R, and perhaps
// one that is not used. Entries that b does not have become black.
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

// setChannels sets Channels: 1 if there is a palette, all of it gray; 4 if there is a field of
// alpha and it is not zero in all pixels; otherwise 3.
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
	// Many programs leave alpha at zero everywhere in pictures that are meant to be opaque. So look
	// for a pixel with more.
	pixelBytes := r.BitsPerPixel / 8
	for y := range r.Height {
		row := r.row(y)
		for x := range r.Width {
			pixel := r.readPixel(row[x*pixelBytes:])
			if pixel&alpha.mask != 0 {
				r.Channels = 4
				return
			}
		}
	}
}
