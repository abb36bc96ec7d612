package webp

// This file implements the RIFF container, RFC 9649 section 2.

import (
	"encoding/binary"
	"image"
	"time"
)

// Chunk identifiers (RFC 9649 section 2), as little-endian numbers.
const (
	fccRIFF = 'R' | 'I'<<8 | 'F'<<16 | 'F'<<24
	fccWEBP = 'W' | 'E'<<8 | 'B'<<16 | 'P'<<24
	fccVP8  = 'V' | 'P'<<8 | '8'<<16 | ' '<<24
	fccVP8L = 'V' | 'P'<<8 | '8'<<16 | 'L'<<24
	fccVP8X = 'V' | 'P'<<8 | '8'<<16 | 'X'<<24
	fccALPH = 'A' | 'L'<<8 | 'P'<<16 | 'H'<<24
	fccANIM = 'A' | 'N'<<8 | 'I'<<16 | 'M'<<24
	fccANMF = 'A' | 'N'<<8 | 'M'<<16 | 'F'<<24
	fccICCP = 'I' | 'C'<<8 | 'C'<<16 | 'P'<<24
	fccEXIF = 'E' | 'X'<<8 | 'I'<<16 | 'F'<<24
)

// Flags of the VP8X chunk (RFC 9649 section 2.7.1).
const (
	flagAnimation = 1 << 1
	flagXMP       = 1 << 2
	flagEXIF      = 1 << 3
	flagAlpha     = 1 << 4
	flagICC       = 1 << 5
)

// A Reader holds what the container and the header of every frame say. ICC, EXIF and the data of
// the frames are parts of the source, not copies.
type Reader struct {
	Width, Height int  // of the canvas, in pixels
	Alpha         bool // VP8X's flag of alpha is set, or a still picture has alpha
	Animated      bool
	Plays         int     // how often the animation runs; 0 means forever
	ICC           []byte  // payload of ICCP, nil when absent
	EXIF          []byte  // a TIFF structure: a leading "Exif\0\0" is cut off
	Frames        []Frame // one for a still picture
}

// A Frame is one picture of a file.
type Frame struct {
	Rect     image.Rectangle // where it lies on the canvas
	Delay    time.Duration   // zero in a still picture
	Blend    bool            // it is blended over the canvas; else it replaces all of Rect, alpha too
	Dispose  bool            // Rect is cleared to transparent before the next frame
	Lossless bool            // bits is VP8L, else VP8
	HasAlpha bool            // an ALPH chunk, or VP8L's own alpha hint

	alpha   []byte // payload of ALPH, nil when absent
	alphaAt int    // position of the ALPH chunk in the source
	bits    []byte // payload of "VP8 " or VP8L
	bitsAt  int    // position in the source of the chunk whose payload is bits
}

// PeakBytes returns about how many bytes of memory decoding holds at its worst moment. An animation
// is decoded by a Player, a still picture by Rows of its only frame.
func (r *Reader) PeakBytes() int64 {
	area := int64(r.Width) * int64(r.Height)
	switch {
	case r.Animated:
		return 24 * area // the canvas, a frame, and earlier frames that are not yet garbage-collected
	case r.Frames[0].Lossless:
		return 7 * area // the picture, and the form in which it was coded
	case r.Frames[0].HasAlpha:
		return 7 * area // the planes, the alpha, and the picture in which the alpha was coded
	}
	return 2 * area // the planes
}

// Drawing returns the area of frame i in pixels, and the number of bytes that it is coded in.
func (r *Reader) Drawing(i int) (pixels, bytes int64) {
	f := &r.Frames[i]
	return int64(f.Rect.Dx()) * int64(f.Rect.Dy()), int64(len(f.alpha) + len(f.bits))
}

// isWebP reports whether b starts as a WebP file does.
func isWebP(b []byte) bool {
	return len(b) >= 12 && le32(b) == fccRIFF && le32(b[8:]) == fccWEBP
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le24(b []byte) int    { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// chunkHeader is the length of a chunk's header: four bytes of identifier and four of size.
const chunkHeader = 8

// chunk returns the identifier and the payload of the chunk that begins at src[p], and the position
// of the next chunk. src must end with its last chunk, whose pad byte may be missing, as in some
// files on the web.
func chunk(src []byte, p int) (id uint32, payload []byte, next int, err error) {
	b := src[p:]
	if len(b) < chunkHeader {
		return 0, nil, 0, FormatError{p, "truncated chunk header"}
	}
	id, size := le32(b), int64(le32(b[4:]))
	if size > int64(len(b)-chunkHeader) {
		return 0, nil, 0, FormatError{p, "chunk longer than the file"}
	}
	n := int(size)
	next = p + chunkHeader + n + (n & 1) // a pad byte follows an odd number of bytes
	return id, b[chunkHeader:][:n], min(next, len(src)), nil
}

// riffHeader is the length of the RIFF header, and the position of the first chunk.
const riffHeader = 12

// riffBody returns src up to the end of its RIFF chunk, which holds all other chunks.
func riffBody(src []byte) ([]byte, error) {
	if !isWebP(src) {
		return nil, FormatError{0, "no RIFF WEBP header"}
	}
	n := int64(le32(src[4:])) // at least the four bytes of "WEBP"
	if n < 4 || chunkHeader+n > int64(len(src)) {
		return nil, FormatError{4, "RIFF size beyond the file"}
	}
	return src[:chunkHeader+n], nil
}

// NewReader reads the container and the header of every frame. It decodes nothing and allocates no
// more than the frame list, so that a caller can check Width, Height and Frames first. It returns a
// FormatError when the file ends before its chunks do.
func NewReader(src []byte) (*Reader, error) {
	body, err := riffBody(src)
	if err != nil {
		return nil, err
	}
	id, payload, next, err := chunk(body, riffHeader)
	if err != nil {
		return nil, err
	}
	r := new(Reader)
	if id != fccVP8X {
		// The simple layout: the first chunk is the picture.
		var fr Frame
		if err := fr.setBits(riffHeader, id, payload); err != nil {
			return nil, err
		}
		r.Width, r.Height, r.Alpha = fr.Rect.Dx(), fr.Rect.Dy(), fr.HasAlpha
		r.Frames = []Frame{fr}
		return r, nil
	}
	// The extended layout: VP8X has the flags and the canvas.
	if len(payload) < 10 {
		return nil, FormatError{riffHeader, "short VP8X chunk"}
	}
	flags := payload[0]
	r.Width, r.Height = le24(payload[4:])+1, le24(payload[7:])+1
	if int64(r.Width)*int64(r.Height) > 1<<32-1 {
		return nil, FormatError{riffHeader, "canvas over 2^32 pixels"}
	}
	r.Alpha = flags&flagAlpha != 0
	r.Animated = flags&flagAnimation != 0
	if err := r.readChunks(body, next); err != nil {
		return nil, err
	}
	return r, nil
}

// readChunks reads the chunks that follow VP8X (RFC 9649 section 2.7). The first begins at
// src[next].
func (r *Reader) readChunks(src []byte, next int) error {
	var still Frame // the picture, unless the file is an animation
	for next < len(src) {
		p := next
		id, payload, end, err := chunk(src, p)
		if err != nil {
			hasPicture := !r.Animated && len(r.Frames) > 0
			if hasPicture && len(src)-p < chunkHeader {
				break // stray bytes behind the picture, too few for a chunk's header
			}
			return err
		}
		next = end
		switch id {
		case fccANIM:
			if len(payload) < 6 {
				return FormatError{p, "short ANIM chunk"}
			}
			r.Plays = int(binary.LittleEndian.Uint16(payload[4:]))
		case fccANMF:
			if !r.Animated {
				continue // RFC 9649 2.7.1: without the animation flag, ANMF must be ignored
			}
			fr, err := r.readANMF(src[:p+chunkHeader+len(payload)], p)
			if err != nil {
				return err
			}
			r.Frames = append(r.Frames, fr)
		case fccALPH:
			// The first ALPH chunk before a still picture counts.
			if !r.Animated && still.alpha == nil && len(r.Frames) == 0 {
				still.alpha, still.alphaAt = payload, p
			}
		case fccVP8, fccVP8L:
			if r.Animated || len(r.Frames) > 0 {
				continue // only the first picture of a still file counts
			}
			if err := still.setBits(p, id, payload); err != nil {
				return err
			}
			if still.Rect.Dx() != r.Width || still.Rect.Dy() != r.Height {
				return FormatError{p, "picture and canvas differ in size"}
			}
			r.Frames = []Frame{still}
			r.Alpha = r.Alpha || still.HasAlpha
		case fccICCP:
			if r.ICC == nil {
				r.ICC = payload
			}
		case fccEXIF:
			if r.EXIF == nil {
				r.EXIF = payload
				if len(payload) >= 6 && string(payload[:6]) == "Exif\x00\x00" {
					r.EXIF = payload[6:]
				}
			}
		}
	}
	if len(r.Frames) == 0 {
		return FormatError{next, "no picture"}
	}
	return nil
}

// anmfHeader is the length of an ANMF chunk's payload before the chunks inside it.
const anmfHeader = 16

// Flags of the ANMF chunk (RFC 9649 section 2.7.1.1).
const (
	frameDispose = 1 << 0
	frameNoBlend = 1 << 1
)

// readANMF reads a frame of an animation from its ANMF chunk (RFC 9649 section 2.7.1.1), which is
// src[p:].
func (r *Reader) readANMF(src []byte, p int) (Frame, error) {
	b := src[p+chunkHeader:]
	if len(b) < anmfHeader {
		return Frame{}, FormatError{p, "short ANMF chunk"}
	}
	// Five numbers of 24 bits, then a byte of flags.
	x, y := 2*le24(b), 2*le24(b[3:])
	w, h := le24(b[6:])+1, le24(b[9:])+1
	fr := Frame{
		Delay:   time.Duration(le24(b[12:])) * time.Millisecond,
		Blend:   b[15]&frameNoBlend == 0,
		Dispose: b[15]&frameDispose != 0,
	}
	if x+w > r.Width || y+h > r.Height {
		return Frame{}, FormatError{p, "frame outside the canvas"}
	}
	for at := p + chunkHeader + anmfHeader; at < len(src); {
		id, payload, next, err := chunk(src, at)
		if err != nil {
			if fr.bits != nil && len(src)-at < chunkHeader {
				break // stray bytes behind the picture, too few for a chunk's header
			}
			return Frame{}, err
		}
		// As in a still file, the first picture counts, and the first ALPH chunk before it.
		switch {
		case id == fccALPH && fr.alpha == nil && fr.bits == nil:
			fr.alpha, fr.alphaAt = payload, at
		case (id == fccVP8 || id == fccVP8L) && fr.bits == nil:
			if err := fr.setBits(at, id, payload); err != nil {
				return Frame{}, err
			}
		}
		at = next
	}
	if fr.bits == nil {
		return Frame{}, FormatError{p, "frame without a picture"}
	}
	if fr.Rect.Dx() != w || fr.Rect.Dy() != h {
		return Frame{}, FormatError{p, "frame and its picture differ in size"}
	}
	fr.Rect = fr.Rect.Add(image.Pt(x, y))
	return fr, nil
}

// setBits sets the frame's bitstream to b, and reads the frame's size and kind from its header: RFC
// 6386 section 9.1 for VP8, RFC 9649 section 3.4 for VP8L. b is the payload of the chunk with
// identifier id at position p of the source. An ALPH chunk in a frame with VP8L is ignored.
func (fr *Frame) setBits(p int, id uint32, b []byte) error {
	var w, h int
	switch id {
	case fccVP8:
		if len(b) < 10 {
			return FormatError{p, "short VP8 chunk"}
		}
		if b[0]&1 != 0 {
			return FormatError{p, "VP8 picture is not a key frame"}
		}
		if b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
			return FormatError{p, "no VP8 start code"}
		}
		// The size has 14 bits each way. The two bits above are a scale, which decoders ignore.
		w = int(binary.LittleEndian.Uint16(b[6:])) & 0x3fff
		h = int(binary.LittleEndian.Uint16(b[8:])) & 0x3fff
		fr.HasAlpha = fr.alpha != nil
	case fccVP8L:
		if len(b) < 5 {
			return FormatError{p, "short VP8L chunk"}
		}
		v := le32(b[1:])
		// The bits of v are those of appendVP8LHeader.
		if b[0] != 0x2f || v>>29 != 0 {
			return FormatError{p, "no VP8L signature"}
		}
		w = int(v&0x3fff) + 1
		h = int((v>>14)&0x3fff) + 1
		fr.HasAlpha = (v>>28)&1 != 0
		fr.alpha, fr.Lossless = nil, true
	default:
		return FormatError{p, "unknown chunk where the picture should be"}
	}
	if w == 0 || h == 0 {
		return FormatError{p, "empty picture"}
	}
	fr.bits, fr.bitsAt = b, p
	fr.Rect = image.Rect(0, 0, w, h)
	return nil
}
