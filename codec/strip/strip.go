// Package strip rewrites a picture's container without what is not the picture: Exif, XMP, IPTC, GPS, comments, text,
// thumbnails, second pictures and whatever trails the end. The compressed samples are copied byte for byte.
//
//	jpeg.go  ITU T.81 annex B
//	png.go   PNG specification, third edition, section 5 and 11
//	webp.go  RFC 9649 section 2
//	gif.go   GIF89a
//
// What rendering needs stays: JFIF and Adobe segments, PLTE, tRNS and the colour chunks, VP8X with its flags set right, loop
// counts and every frame. A colour profile stays when keepICC says so; keepICC false means that the caller knows the profile
// to be sRGB, which is what an untagged picture is taken for.
//
// An orientation is metadata here: a caller who meets one other than 1 has to turn the pixels instead.
//
// Every function is one bounded pass over src and allocates at most len(src) bytes. Damaged containers (a length past the
// end, a missing end marker, a wrong CRC) are a FormatError: nothing is repaired or guessed, but for what follows the last
// whole image of a GIF. Whether the samples themselves are whole is not looked at.
package strip

// A FormatError reports that the input is not a valid file of its format.
type FormatError string

func (e FormatError) Error() string { return "strip: invalid format: " + string(e) }

// An UnsupportedError reports that the input holds something that cannot be kept or dropped safely.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "strip: unsupported: " + string(e) }

// JPEG returns src without metadata and without anything that follows the first picture.
func JPEG(src []byte, keepICC bool) ([]byte, error) { return rewrite(src, keepICC, walkJPEG) }

// PNG returns src without metadata. An APNG keeps its frames. When keepICC is false and there is an iCCP chunk, the gAMA and
// cHRM chunks that it overrode go with it.
func PNG(src []byte, keepICC bool) ([]byte, error) { return rewrite(src, keepICC, walkPNG) }

// WebP returns src without metadata. An animation keeps its frames.
func WebP(src []byte, keepICC bool) ([]byte, error) { return rewrite(src, keepICC, walkWebP) }

// GIF returns src without metadata. Loop counts and frames are kept.
func GIF(src []byte, keepICC bool) ([]byte, error) { return rewrite(src, keepICC, walkGIF) }

// A sink collects what is kept.
type sink struct{ dst []byte }

func (s *sink) keep(b []byte) { s.dst = append(s.dst, b...) }

func rewrite(src []byte, keepICC bool, walk func([]byte, bool, *sink) error) ([]byte, error) {
	s := sink{dst: make([]byte, 0, len(src)+1)} // 1: the padding byte that some RIFF files lack, or the trailer of a GIF
	if err := walk(src, keepICC, &s); err != nil {
		return nil, err
	}
	return s.dst, nil
}
