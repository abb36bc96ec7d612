// Package bmp reads Windows and OS/2 bitmaps row by row and writes uncompressed ones.
//
//	bmp.go     headers, palettes and masks: BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER to BITMAPV5HEADER, OS22XBITMAPHEADER
//	reader.go  rows of 8-bit samples, run-length encoding
//	writer.go  Append
//
// The formats are those of Microsoft's "Bitmap Storage" reference. The reader takes 1, 2, 4, 8, 16,
// 24 and 32 bits a pixel, bit fields, RLE4 and RLE8, bottom-up and top-down. Where the reference is
// silent, the reader follows browsers: alpha counts when a header of version 4 or 5, or a bit
// field, names it and not all of it is zero; pixels that run-length encoding skips are black.
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
	Offset int // in the input, of the damaged part; 0 when it is not known
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
	MaxRLE    = 1 << 25 // pixels: a run-length encoded picture is held in memory, a byte for each
)

// Compression methods.
const (
	biRGB            = 0
	biRLE8           = 1
	biRLE4           = 2
	biBitFields      = 3
	biAlphaBitFields = 6
)

const fileHeader = 14

// A Reader has the fields of the headers, and returns the rows.
type Reader struct {
	Width, Height int
	BitsPerPixel  int    // of the file
	Channels      int    // samples of 8 bits in each pixel of a row: 1 gray, 3 RGB, 4 RGBA; alpha is straight
	ICC           []byte // the profile embedded in a version 5 header, or nil; it points into the source
	Note          string // what is wrong, although no sample is missing

	src         []byte
	data        int // position of the pixels
	topDown     bool
	compression uint32
	palette     [256][4]byte // RGBA, opaque black beyond what the file has
	mask        [4]field
}

// A field is one bit field of a 16- or 32-bit pixel.
type field struct {
	mask  uint32
	shift int
	max   uint32
}

// PeakBytes returns about how much Rows allocates.
func (r *Reader) PeakBytes() int64 {
	n := int64(r.Width) * 4
	if r.rle() {
		n += int64(r.Width) * int64(r.Height) * 9 / 8
	}
	return n
}

func (r *Reader) rle() bool { return r.compression == biRLE8 || r.compression == biRLE4 }

// stride returns the bytes of a row in the file, padded to 4.
func (r *Reader) stride() int { return (r.Width*r.BitsPerPixel + 31) / 32 * 4 }

// NewReader reads the headers of src, which has to hold all of an uncompressed picture's rows.
func NewReader(src []byte) (*Reader, error) {
	r := &Reader{src: src}
	h, err := readHeader(src)
	if err != nil {
		return nil, err
	}
	if err := r.readInfo(h); err != nil {
		return nil, err
	}
	at := fileHeader + h.size
	if r.BitsPerPixel == 16 || r.BitsPerPixel == 32 {
		if at, err = r.findMasks(h, at); err != nil {
			return nil, err
		}
	}
	r.data = int(binary.LittleEndian.Uint32(src[10:]))
	if r.data != 0 && (r.data < at || r.data > len(src)) {
		return nil, FormatError{10, "position of the pixels"}
	}
	if r.BitsPerPixel <= 8 {
		at = r.findPalette(h, at)
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

// An infoHeader is the header after the file header. The header's size says which version of the
// format it has; fields that a short header leaves out are zero.
type infoHeader struct {
	size int
	b    [124]byte
}

// Sizes of headers.
const (
	coreSize  = 12  // BITMAPCOREHEADER
	os2Size   = 64  // OS22XBITMAPHEADER
	masksSize = 52  // BITMAPV2INFOHEADER, the first that holds the masks
	v4Size    = 108 // BITMAPV4HEADER, the first whose alpha mask counts
	v5Size    = 124 // BITMAPV5HEADER, the first that holds a profile
)

func (h *infoHeader) u16(at int) int    { return int(binary.LittleEndian.Uint16(h.b[at:])) }
func (h *infoHeader) u32(at int) uint32 { return binary.LittleEndian.Uint32(h.b[at:]) }

// readHeader reads the file header and the info header of a known version, and checks that src
// holds them.
func readHeader(src []byte) (*infoHeader, error) {
	if len(src) < fileHeader+coreSize || string(src[:2]) != "BM" {
		return nil, FormatError{0, "no BM signature"}
	}
	size := binary.LittleEndian.Uint32(src[fileHeader:])
	switch size {
	case coreSize, 16, 40, masksSize, 56, os2Size, v4Size, v5Size:
	default:
		return nil, UnsupportedError("header size")
	}
	h := &infoHeader{size: int(size)}
	if len(src) < fileHeader+h.size {
		return nil, FormatError{len(src), "truncated header"}
	}
	copy(h.b[:], src[fileHeader:fileHeader+h.size])
	return h, nil
}

// readInfo reads dimensions, depth and compression, and checks each.
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
		return FormatError{fileHeader + 4, "dimensions"}
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

// findMasks reads the masks, which lie in the header or at src[at:], and returns where they end.
func (r *Reader) findMasks(h *infoHeader, at int) (int, error) {
	masks := h.b[40:56]
	if h.size < masksSize && r.compression >= biBitFields {
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
	return at, r.readMasks(masks, h.size >= v4Size)
}

// findPalette reads the palette at src[at:] and returns where it ends. A palette that the pixels or
// the end of the source cut off is shorter than the header says.
func (r *Reader) findPalette(h *infoHeader, at int) int {
	entry, used := 4, h.u32(32)
	if h.size == coreSize {
		entry, used = 3, 0
	}
	n := 1 << r.BitsPerPixel
	if used != 0 && used < uint32(n) {
		n = int(used)
	}
	end := len(r.src)
	if r.data != 0 {
		end = r.data
	}
	n = min(n, (end-at)/entry)
	r.readPalette(r.src[at:at+n*entry], entry)
	return at + n*entry
}

// checkRows returns an error unless all rows of an uncompressed picture are there. The padding of
// the last one may be missing.
func (r *Reader) checkRows() error {
	if r.rle() {
		return nil
	}
	last := (r.Width*r.BitsPerPixel + 7) / 8
	if need := int64(r.Height-1)*int64(r.stride()) + int64(last); need > int64(len(r.src)-r.data) {
		return FormatError{len(r.src), "too few rows"}
	}
	if int64(r.Height)*int64(r.stride()) > int64(len(r.src)-r.data) {
		r.Note = "the last row's padding is missing"
	}
	return nil
}

// profile returns the profile that the header embeds, or nil.
func (h *infoHeader) profile(src []byte) []byte {
	const embedded = 'M'<<24 | 'B'<<16 | 'E'<<8 | 'D' // PROFILE_EMBEDDED
	if h.size != v5Size || h.u32(56) != embedded {
		return nil
	}
	from, n := uint64(h.u32(112))+fileHeader, uint64(h.u32(116))
	if from+n > uint64(len(src)) {
		return nil
	}
	return src[from : from+n]
}

// checkDepth returns an error unless the compression is known and allows the picture's bits per
// pixel.
func (r *Reader) checkDepth(h *infoHeader) error {
	depth := fileHeader + 14 // position of the header's bits per pixel
	if h.size == coreSize {
		depth = fileHeader + 10
	}
	switch r.compression {
	case biRGB:
		switch r.BitsPerPixel {
		case 1, 2, 4, 8, 16, 24, 32:
			return nil
		}
		return FormatError{depth, "bits per pixel"}
	case biBitFields, biAlphaBitFields:
		if r.BitsPerPixel != 16 && r.BitsPerPixel != 32 {
			return FormatError{depth, "bit fields of that many bits"}
		}
		return nil
	case biRLE8, biRLE4:
		if r.BitsPerPixel != 8 && r.compression == biRLE8 || r.BitsPerPixel != 4 && r.compression == biRLE4 {
			return FormatError{depth, "run-length encoding of that many bits"}
		}
		if r.topDown {
			return FormatError{fileHeader + 8, "top-down with run-length encoding"}
		}
		if n := int64(r.Width) * int64(r.Height); n > MaxRLE {
			return &limit.Error{Room: "bmp", What: "run-length encoded pixels", Met: n, Allowed: MaxRLE}
		}
		return nil
	}
	return UnsupportedError("compression")
}

// readMasks takes the masks of red, green, blue and alpha. If the compression is not bit fields,
// only the mask of alpha is used, and only with headers from version 4 on.
func (r *Reader) readMasks(b []byte, v4 bool) error {
	var m [4]uint32
	for i := range m {
		m[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	if r.compression == biRGB {
		alpha := m[3]
		m = [4]uint32{0xff0000, 0xff00, 0xff, 0}
		if r.BitsPerPixel == 16 {
			m = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
		} else if v4 && alpha == 0xff000000 {
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
		if f.max&(f.max+1) != 0 {
			return UnsupportedError("mask with gaps")
		}
		r.mask[i] = f
	}
	return nil
}

// value returns the field of pixel v, scaled to 0 to 255 and rounded.
func (f *field) value(v uint32) byte {
	if f.max == 0 {
		return 0
	}
	return byte((uint64(v&f.mask>>f.shift)*510 + uint64(f.max)) / (2 * uint64(f.max)))
}

// readPalette reads the palette from b, whose entries take entry bytes each, in the order B, G, R.
// Entries that b does not have are black.
func (r *Reader) readPalette(b []byte, entry int) {
	for i := range r.palette {
		c := &r.palette[i]
		c[3] = 255
		if len(b) >= entry {
			c[0], c[1], c[2] = b[2], b[1], b[0]
			b = b[entry:]
		}
	}
}

// setChannels sets Channels to the number that the picture needs.
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
	if r.mask[3].max == 0 {
		return
	}
	// Many programs leave alpha at zero in pictures that are meant to be opaque.
	bytes := r.BitsPerPixel / 8
	for y := range r.Height {
		row := r.row(y)
		for x := range r.Width {
			if r.readPixel(row[x*bytes:])&r.mask[3].mask != 0 {
				r.Channels = 4
				return
			}
		}
	}
}
