package codec

import "strings"

// This file is the table of formats. Everything that codec needs of a format is in its row here;
// the row's functions are in the format's own file (jpeg.go and so on). A new format takes a
// package that reads and writes it, a row, and such a file.

// A Format is a kind of picture file.
type Format struct {
	name       string
	mediaType  string
	extensions []string // lower case, without the dot
	magic      []string // how a file may begin; a question mark stands for any byte

	// open reads headers and decodes nothing.
	open func(src []byte) (source, error)

	// encode encodes a still picture: *image.Gray, *image.NRGBA, or *image.YCbCr of full range. It
	// may change the picture. exact reports whether every visible pixel is encoded without loss.
	encode func(m picture, t *target) (out []byte, exact bool, err error)

	// record begins an animation of the target's dimensions. plays is how many times the animation
	// runs, 0 meaning forever. record is nil if the format has only stills.
	record func(plays int, t *target) (recorder, error)

	// strip returns src, the file that s was opened from, without its metadata. The compressed
	// samples stay the same. strip returns an error when the file should not be handed on.
	strip func(s source, src []byte, keepProfile bool) ([]byte, error)

	usesColors  bool                  // encode uses the number of colors of the source
	profile     bool                  // a result can carry an ICC profile
	ownDecoding bool                  // a source is decoded in another way for a result of the same format
	wholeChroma int                   // from this quality on, a result keeps chroma that is finer than 4:2:0; 0: never
	pixelBytes  func(t *target) int64 // memory that encoding takes beyond encodingBase, in bytes for each pixel of the result; nil: none

	// high is the CPU time that a job takes with HighEffort, divided by its time with
	// DefaultEffort. high[0] is for photos, high[1] for pictures that are stored without loss or
	// have alpha. 0 means that it was not measured. The rows of the table have round numbers. These
	// were measured at size M:
	//
	//	24 photos to JPEG    0.99
	//	37 photos to WebP    1.50, at worst 1.93
	//	10 photos to PNG     15.1
	//	29 graphics to PNG   13.4, at worst 43
	//	29 graphics to WebP  2.6, at worst 13.8, and 5.6 for the sum of their times
	high [2]float64
}

// The formats that are read and written.
var (
	JPEG = &Format{
		name: "JPEG", mediaType: "image/jpeg", extensions: []string{"jpg", "jpeg"},
		magic: []string{"\xff\xd8\xff"},
		open:  openJPEG, encode: writeJPEG, strip: stripJPEG,
		profile: true, wholeChroma: 90, high: [2]float64{1, 1},
	}
	PNG = &Format{
		name: "PNG", mediaType: "image/png", extensions: []string{"png"},
		magic: []string{"\x89PNG\r\n\x1a\n"},
		open:  openPNG, encode: writePNG, record: recordPNG, strip: stripPNG,
		profile: true, usesColors: true, pixelBytes: pngBytes, high: [2]float64{15, 15},
	}
	GIF = &Format{
		name: "GIF", mediaType: "image/gif", extensions: []string{"gif"},
		magic: []string{"GIF87a", "GIF89a"},
		open:  openGIF, encode: writeGIF, record: recordGIF, strip: stripGIF,
		pixelBytes: gifBytes,
	}
	BMP = &Format{
		name: "BMP", mediaType: "image/bmp", extensions: []string{"bmp"},
		magic: []string{"BM"},
		open:  openBMP, encode: writeBMP, strip: stripBMP,
	}
	WebP = &Format{
		name: "WebP", mediaType: "image/webp", extensions: []string{"webp"},
		magic: []string{"RIFF????WEBP"},
		open:  openWebP, encode: writeWebP, record: recordWebP, strip: stripWebP,
		profile: true, ownDecoding: true, pixelBytes: webpBytes, high: [2]float64{2, 4},
	}
)

// formats is the table. A file is of the first format whose magic it has.
var formats = []*Format{JPEG, PNG, GIF, BMP, WebP}

// String returns the format's name.
func (f *Format) String() string { return f.name }

// MediaType returns the format's media type, for a Content-Type.
func (f *Format) MediaType() string { return f.mediaType }

// Extension returns the extension of the format's file names, with the dot.
func (f *Format) Extension() string { return "." + f.extensions[0] }

// FormatOf returns the format that a file name's extension stands for, or nil when it stands for
// none. The extension may be in upper or lower case.
func FormatOf(name string) *Format {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return nil
	}
	ext := strings.ToLower(name[i+1:])
	for _, f := range formats {
		for _, e := range f.extensions {
			if e == ext {
				return f
			}
		}
	}
	return nil
}

// Sniff returns the format of src by its first bytes, or nil when no format begins with them.
func Sniff(src []byte) *Format {
	for _, f := range formats {
		for _, m := range f.magic {
			if begins(src, m) {
				return f
			}
		}
	}
	return nil
}

// begins reports whether src begins with magic, in which a question mark stands for any byte.
func begins(src []byte, magic string) bool {
	if len(src) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != src[i] {
			return false
		}
	}
	return true
}
