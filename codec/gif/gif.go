// Package gif reads GIF files frame by frame and writes them, stills and animations, after the
// GIF89a specification (CompuServe, 31 July 1990).
//
//	reader.go   sections 15-27: all blocks, and then frames, composed one by one
//	lzw.go      appendix F: variable-length-code LZW, decoded
//	pack.go     appendix F: LZW, encoded, for pixels that may be written in more than one way
//	writer.go   frames as changed rectangles, transparency and disposal
//	strip.go    a file without its metadata
//	near.go     how far the pixels of scaled frames may be off, so that the file stays small
//	palette.go  the colors of a frame: all where they are few, else chosen for little error
//
// The standard library's image/gif holds every frame of an animation at once and leaves disposal to
// its caller. This package's Reader holds one canvas, and once a frame's disposal needs it, a copy
// of the canvas.
package gif

import (
	"errors"

	"miniatura/codec/internal/damage"
)

// A FormatError reports that the input is not a whole and valid GIF file.
type FormatError struct {
	Offset int // in the input, of the damaged block; 0 when it is not known
	Msg    string
}

func (e FormatError) Error() string { return damage.Text("gif", e.Offset, e.Msg) }

// An UnsupportedError reports a picture that GIF cannot hold.
type UnsupportedError string

func (e UnsupportedError) Error() string { return "gif: unsupported: " + string(e) }

// Is reports whether target is errors.ErrUnsupported.
func (e UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }
