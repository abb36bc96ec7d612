package codec

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"miniatura/codec/icc"
)

// This file defines sources, which the rows of the table open, and targets, the results that are
// asked for.

// A header is what is known of a source before anything is decoded.
type header struct {
	w, h        int // as stored, before orientation
	frames      int // 1: a still picture
	orientation int // 1-8, EXIF's
	profile     []byte
	profileErr  error     // why the profile could not be read at all, or nil
	space       icc.Space // of the samples
	planar      bool      // the samples are planes without alpha, which can stay planes in the result
	colors      int       // the largest number of colors that is possible, 0 where the header does not bound it
	odd         bool      // stored in a way that not every reader accepts
	note        string    // what is odd about the headers
	coding      coding

	// color returns the conversion for a result of format to. It is nil for sources that have no
	// other color information than a profile: then byProfile is used.
	color func(h *header, to *Format) (conversion, error)
}

// upright returns the dimensions after orientation.
func (h *header) upright() (int, int) {
	if h.orientation >= 5 {
		return h.h, h.w
	}
	return h.w, h.h
}

// A coding describes how a source is stored, as far as the cost of reading depends on it.
type coding struct {
	name     string // its name in the table of costs, "" where it has no row
	lossy    bool
	alpha    bool // there may be samples of alpha
	metadata int  // bytes that are not samples
	coarse   bool // for results below 1/16 of the width and height, only 1/8 of the bytes is read

	// drawing returns, for a frame of an animation, the frame's area and the size of its data.
	drawing func(frame int) (pixels, bytes int64)
}

// A picture is what a still source becomes, on its way to an encoder.
type picture struct {
	image.Image
	colors int // how many colors the source had before it was scaled; 0: many, or not counted
}

// A source is an opened picture whose headers were read. It may keep the bytes that it was opened
// with.
type source interface {
	header() header

	// peak estimates how many bytes are held at most while the picture is decoded for ts at once.
	// It does not count the source and the small pictures.
	peak(ts ...*target) int64

	// decodeStill decodes the source once, and returns one picture for each target, in the target's
	// size. The colors of the pictures are converted, but the pictures are not yet upright. Each is
	// an *image.Gray, an *image.NRGBA or, if the target's format takes it, an *image.YCbCr of full
	// range. The caller passes only targets that can be decoded together (see decodesWith). A
	// target's picture does not depend on the other targets.
	decodeStill(ctx context.Context, ts ...*target) ([]picture, error)

	// note is called after the picture has been decoded. It returns what was wrong with a picture
	// that is complete nevertheless, or "" if nothing was wrong.
	note() string

	// player returns a player that begins with the animation's first frame, and converts by c the
	// samples that only a source can convert. plays is how many times the animation is to run, 0
	// meaning forever.
	player(c *conversion) (p player, plays int, err error)
}

// A player composes one frame after the other. After the last frame the error is io.EOF. The canvas
// has straight alpha. It belongs to the player and is valid until the next call.
type player interface {
	Next(ctx context.Context) (canvas *image.NRGBA, delay time.Duration, err error)
}

// A recorder makes an animation of the canvases that are added. It copies what it needs of them.
type recorder interface {
	Add(canvas *image.NRGBA, delay time.Duration) error

	// finish returns the file, and reports whether every visible pixel is that of its canvas.
	finish() (out []byte, exact bool, err error)
}

// A target describes the result that is asked for, and how the source is used for it. It is not
// changed once decoding begins.
type target struct {
	source      *Format // the source's
	format      *Format // the result's
	w, h        int     // the result's dimensions, upright
	sw, sh      int     // the source's dimensions, as stored
	size        int     // of the source's file, in bytes
	frames      int
	orientation int  // of the decoded picture; the result is upright
	mustEncode  bool // the source must not be its own result: it has four inks, or is odd (see header)
	planar      bool // as in header
	colors      int  // as in header
	quality     int  // 1-100
	effort      Effort
	color       conversion
}

// storedSize returns the result's dimensions in the orientation of the source.
func (t *target) storedSize() (w, h int) {
	if t.orientation >= 5 {
		return t.h, t.w
	}
	return t.w, t.h
}

// keepsChroma reports whether the result keeps the source's chroma where that is finer than 4:2:0.
func (t *target) keepsChroma() bool {
	return t.format.wholeChroma != 0 && t.quality >= t.format.wholeChroma
}

// keepsSize reports whether the result is as large as the source, so that nothing has to be scaled.
func (t *target) keepsSize() bool {
	w, h := t.storedSize()
	return w == t.sw && h == t.sh
}

// open finds the format of src and reads its headers. The format is nil only if it is not known, so
// it may be returned together with an error.
func open(src []byte) (*Format, source, header, error) {
	f := Sniff(src)
	if f == nil {
		return nil, nil, header{}, unsupported("not a picture that is known here")
	}
	s, err := f.open(src)
	if err != nil {
		return f, nil, header{}, err
	}
	h := s.header()
	if h.w < 1 || h.h < 1 {
		return f, nil, h, errors.New("a picture without area")
	}
	return f, s, h, nil
}

// newTarget returns a target without its color, which plan sets. f is the source's format, h its
// header, and size the number of bytes in its file.
func newTarget(f *Format, h *header, size int, fit func(w, h int) (int, int), opt *Options) (*target, error) {
	width, height := h.upright()
	t := &target{
		source: f, format: f, sw: h.w, sh: h.h, size: size, frames: h.frames, orientation: h.orientation,
		mustEncode: h.odd || h.space == icc.CMYK, planar: h.planar, colors: h.colors,
		quality: opt.Quality, effort: opt.Effort,
	}
	t.w, t.h = fit(width, height)
	empty, enlarged := t.w < 1 || t.h < 1, t.w > width || t.h > height
	if empty || enlarged {
		return nil, fmt.Errorf("cannot fit %dx%d into %dx%d", width, height, t.w, t.h)
	}
	if opt.Format != nil {
		t.format = opt.Format
	}
	if t.quality == 0 {
		t.quality = DefaultQuality
	}
	t.quality = min(max(t.quality, 1), 100)
	return t, nil
}
