// Package codec makes a picture smaller: bytes in, smaller bytes out.
//
//	probe.go     what the bytes are: format, dimensions, orientation, frames
//	limits.go    what is refused before memory is spent on it
//	still.go     a still picture: decode and scale, convert, orient, encode
//	photo.go     the road of JPEG: planes, shrunk while they are decoded
//	graphics.go  the road of PNG, GIF, BMP and WebP: pixels, row by row
//	motion.go    the road of animations: canvas by canvas
//	colour.go    profiles and inks to sRGB
//	orient.go    the eight EXIF orientations
//
// The seam is [Resize]; image.Image does not cross it. Formats are told by
// their bytes, never by a name.
package codec

import (
	"context"
	"errors"
	"fmt"

	"miniatura/codec/png"
	"miniatura/codec/webp"
)

// Version is the encoder's version. It is raised by hand whenever the bytes of
// any result change, so that results made before are made again; a test holds
// hashes of results against it.
const Version = 1

// Options says what Resize is to make.
type Options struct {
	WebP    bool // WebP, whatever the source is; else the source's own format
	JPEG    bool // JPEG, whatever the source is, alpha laid on white; the edge never asks for it
	Quality int  // 1-100, as libjpeg and libwebp number it; 0 means 80
	High    bool // search longer for a smaller WebP or PNG; the edge never asks for it

	// MemoryLimit is what the process may use, in bytes; 0 means
	// AWS_LAMBDA_FUNCTION_MEMORY_SIZE, or 512 MB where that is not set. A
	// picture whose peak is estimated at over 60 % of it is refused.
	MemoryLimit int64
}

// Info tells what Resize found and made. It is filled as far as Resize got,
// with an error too.
type Info struct {
	Source      string // the source's media type, "" if it is no picture
	W, H        int    // the source's dimensions in pixels, upright
	ContentType string // the result's media type
	OutW, OutH  int    // the result's dimensions in pixels
	Frames      int    // 1 for a still picture
	Note        string // what was odd but did not fail the picture
}

// ErrUnsupported is what an error is (errors.Is) when the picture is not
// damaged, but of a kind that is not resized. The caller serves the original.
var ErrUnsupported = errors.New("not supported")

// ErrLimit is what an error is (errors.Is) when a limit was met: pixels,
// frames or the estimate of memory.
var ErrLimit = errors.New("over the limit")

// Resize makes the picture src fit: it asks fit once for the dimensions of an
// upright w x h picture and returns the picture at those, encoded, with the
// metadata gone. fit must not enlarge. src is read, not kept or changed.
//
// A source that already is what was asked for, and would not become smaller,
// is returned as it is: the result may alias src.
func Resize(ctx context.Context, src []byte, fit func(w, h int) (int, int), opt Options) (out []byte, info Info, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("codec: panic: %v", p)
		}
	}()
	if opt.Quality == 0 {
		opt.Quality = 80
	}
	opt.Quality = min(max(opt.Quality, 1), 100)
	p, err := probe(src)
	if err != nil {
		return nil, info, fmt.Errorf("codec: %w", err)
	}
	w, h := p.upright()
	info = Info{Source: p.format.mediaType(), W: w, H: h, Frames: p.frames}
	j := job{ctx: ctx, src: src, probe: p, opt: opt, info: &info}
	if j.w, j.h = fit(w, h); j.w < 1 || j.h < 1 || j.w > w || j.h > h {
		return nil, info, fmt.Errorf("codec: cannot fit %dx%d into %dx%d", w, h, j.w, j.h)
	}
	info.OutW, info.OutH = j.w, j.h
	j.out = p.format
	switch {
	case opt.WebP:
		j.out = formatWebP
	case opt.JPEG:
		j.out = formatJPEG
	}
	info.ContentType = j.out.mediaType()
	if j.col, err = j.colour(p.profile, p.space); err != nil {
		return nil, info, fmt.Errorf("codec: %w", err)
	}
	if err := j.limits(); err != nil {
		return nil, info, fmt.Errorf("codec: %w", err)
	}
	j.png.ICC, j.png.High = j.col.carry, j.opt.High
	if p.png != nil && len(p.profile) == 0 && !p.png.SRGB {
		j.png.Gamma, j.png.Chromaticities = p.png.Gamma, p.png.Chromaticities // samples are kept, so what they mean is too
	}
	if p.frames == 1 {
		out, err = j.still()
	} else {
		out, err = j.moving()
	}
	if err != nil {
		return nil, info, fmt.Errorf("codec: %s %dx%d: %w", p.format, w, h, err)
	}
	return out, info, nil
}

// A job is one call of Resize.
type job struct {
	ctx   context.Context
	src   []byte
	probe *probed
	col   colour
	out   format
	w, h  int // the result's dimensions, upright
	opt   Options
	info  *Info
	png   png.Options // what a PNG result says of its colours
}

// webpOptions is what a WebP result is made with.
func (j *job) webpOptions() *webp.Options {
	o := &webp.Options{Quality: j.opt.Quality, ICC: j.col.carry}
	if j.opt.High {
		o.Effort = webp.High
	}
	return o
}

// stored returns the result's dimensions in the orientation of the source.
func (j *job) stored() (w, h int) {
	if j.probe.orientation >= 5 {
		return j.h, j.w
	}
	return j.w, j.h
}

// sameSize reports whether nothing has to be scaled.
func (j *job) sameSize() bool {
	w, h := j.probe.upright()
	return j.w == w && j.h == h
}
