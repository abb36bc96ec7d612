// Package codec makes a picture smaller: bytes in, smaller bytes out.
//
//	half := func(w, h int) (int, int) { return (w + 1) / 2, (h + 1) / 2 }
//	out, info, err := codec.Resize(ctx, src, half, codec.Options{Format: codec.WebP, Quality: 80})
//	// out is the file, info.ContentType its media type
//
// A format is recognized by the file's bytes, never by its name. No image.Image crosses this API;
// only the packages below, each of which has one format or one task, use image.Image.
//
//	codec.go     Resize, from top to bottom
//	format.go    the table of formats, which has a row for each
//	source.go    what a row opens, and what a source provides
//	limits.go    what is refused before memory is used for it
//	cost.go      the CPU time of a job, estimated; cost_table.go, the figures
//	photo.go     planes to planes, for pictures that are stored as Y'CbCr
//	rows.go      rows of pixels, premultiplied, for all other pictures
//	few.go       how many colors a source has, counted while its rows go by
//	motion.go    animations, canvas by canvas
//	color.go     profiles to sRGB
//	keep.go      whether a source is its own result
//	set.go       several results of one source, which is decoded once
//	orient.go    the eight EXIF orientations
//	jpeg.go png.go pngcolor.go gif.go bmp.go webp.go
//	             the functions of a format's row; no other file knows a format
package codec

import (
	"context"
	"errors"
	"fmt"

	"miniatura/codec/internal/effort"
	"miniatura/codec/internal/limit"
	"miniatura/internal/caught"
)

// Version is the encoder's version. It is raised by hand whenever the bytes of any result change,
// so that results made before are made again. TestGolden fails when results change and Version does
// not.
const Version = 4

// Effort is how long an encoder searches for fewer bytes.
type Effort = effort.Level

const (
	DefaultEffort = effort.Default // for a picture that somebody waits for
	HighEffort    = effort.High    // fewer bytes; a photo to WebP takes 1.5 times as long
)

// DefaultQuality is what Quality 0 in Options means.
const DefaultQuality = 80

// DefaultMemory is what Memory 0 in Options means, in bytes.
const DefaultMemory = 512 << 20

// Options says what Resize is to make. The zero value means the source's own format at quality 80.
type Options struct {
	Format  *Format // of the result; nil means the source's
	Quality int     // 1-100, as libjpeg and libwebp number it; 0 means DefaultQuality
	Effort  Effort

	// Memory is how many bytes the process may use; 0 means DefaultMemory. A picture is refused if it
	// is estimated to take more than Usable(Memory).
	Memory int64

	// CPU is the time that Resize may take, in milliseconds of the reference core (cost.go); 0
	// means any time. A picture is refused if it is estimated to take more.
	CPU float64
}

// Usable returns how much of a process's memory pictures may take: 60 %. The rest is for the
// runtime, and for garbage that is not collected yet.
func Usable(memory int64) int64 { return memory / 10 * 6 }

// Info describes what Resize found and made. After an error it has only what was known before the
// error.
type Info struct {
	Source      string  // the source's media type, "" if it is no picture
	W, H        int     // the source's dimensions in pixels, upright
	ContentType string  // the result's media type
	OutW, OutH  int     // the result's dimensions in pixels
	Frames      int     // 1 for a still picture
	Cost        float64 // the estimated CPU time, in milliseconds of the reference core (cost.go); 0: no estimate
	Note        string  // what was odd in the source but no reason to refuse it
}

// ErrUnsupported says that the picture is not damaged, but of a kind that is not resized. Test for
// it with errors.Is. The caller serves the original.
var ErrUnsupported = errors.ErrUnsupported

// ErrLimit says that the picture is over a limit: of pixels, frames or scans, or of the estimated
// memory or CPU time. Test for it with errors.Is.
var ErrLimit = limit.Err

// An unsupported is an error for which errors.Is finds ErrUnsupported. The string is the reason.
type unsupported string

func (e unsupported) Error() string     { return "unsupported: " + string(e) }
func (e unsupported) Is(err error) bool { return err == ErrUnsupported }

// Resize returns the picture src, encoded, without metadata, in the size that fit returns. It calls
// fit once, with the dimensions of the upright picture. fit must not enlarge. Resize does not
// change src. While the result is encoded, Resize keeps src only if src may become the result.
//
// If fit keeps the size, opt keeps the format, and the source is upright and its colors need no
// conversion, then the result is the source without its metadata. There are two exceptions. The
// source is encoded if that makes the file smaller: by any amount without loss, by at least a tenth
// with loss. It is also encoded if not every viewer shows its file alike. A result may be src
// itself.
//
// By errors.Is, an error is ErrUnsupported, ErrLimit or the context's error. Any other error says
// that the source is damaged, that fit's size is not possible, or that Resize panicked.
func Resize(ctx context.Context, src []byte, fit func(w, h int) (int, int), opt Options) (out []byte, info Info, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("codec: %w", caught.Error(p))
		}
	}()
	s, t, info, err := prepare(src, fit, &opt)
	if err != nil {
		return nil, info, fmt.Errorf("codec: %w", err)
	}
	if !t.alreadyRight() {
		src = nil // from here on only s holds the source
	}
	var note string
	if t.frames == 1 {
		out, note, err = resizeStill(ctx, s, t, src)
	} else {
		out, note, err = resizeAnimation(ctx, s, t, src)
	}
	info.addNote(note)
	if err != nil {
		return nil, info, fmt.Errorf("codec: %dx%d: %w", info.W, info.H, err)
	}
	return out, info, nil
}

// addNote appends s to i.Note, after a semicolon if there is a note already.
func (i *Info) addNote(s string) {
	if s != "" && i.Note != "" {
		s = "; " + s
	}
	i.Note += s
}

// prepare reads the source's headers, plans the result, and checks it against the limits.
func prepare(src []byte, fit func(w, h int) (int, int), opt *Options) (s source, t *target, info Info, err error) {
	f, s, h, err := open(src)
	if err != nil {
		if f != nil {
			info.Source = f.mediaType
		}
		return nil, nil, info, err
	}
	t, err = plan(f, s, &h, len(src), fit, opt, &info)
	return s, t, info, err
}

// plan returns the target for the source s. f is the source's format, h its header, and size the
// number of bytes in its file. plan fills in info. It refuses what is over codec's limits or opt's.
func plan(f *Format, s source, h *header, size int, fit func(w, h int) (int, int), opt *Options, info *Info) (*target, error) {
	info.Source = f.mediaType
	info.W, info.H = h.upright()
	info.Frames = h.frames
	t, err := newTarget(f, h, size, fit, opt)
	if err != nil {
		return nil, err
	}
	info.OutW, info.OutH, info.ContentType = t.w, t.h, t.format.mediaType
	if t.color, err = colorOf(h, t.format); err != nil {
		return nil, err
	}
	info.addNote(t.color.note)
	if err := checkLimits(s, t, size, opt); err != nil {
		return nil, err
	}
	info.Cost = costs.estimate(t, &h.coding)
	if opt.CPU > 0 && info.Cost > opt.CPU {
		return nil, &limit.Error{What: "milliseconds of CPU by estimate", Met: int64(info.Cost), Allowed: int64(opt.CPU)}
	}
	return t, nil
}

// resizeStill makes the result of a still picture. note is what was wrong with the source. src is
// the source's file if that may become the result. Otherwise src is nil, so that the memory of s
// can be collected while the result is encoded.
func resizeStill(ctx context.Context, s source, t *target, src []byte) (out []byte, note string, err error) {
	pictures, err := s.decodeStill(ctx, t)
	if err != nil {
		return nil, "", err
	}
	note = s.note()
	if err := ctx.Err(); err != nil {
		return nil, note, err
	}
	out, err = writeStill(s, t, pictures[0], src)
	return out, note, err
}

// writeStill encodes the picture m, which was decoded from s for t. If src is not nil, writeStill
// returns src without its metadata where that is better than the encoded picture. If src is nil,
// writeStill does not keep s alive while it encodes.
func writeStill(s source, t *target, m picture, src []byte) ([]byte, error) {
	m.Image = orient(m.Image, t.orientation)
	if src != nil {
		out, exact, err := t.format.encode(m, t)
		return smaller(s, t, src, out, exact, err)
	}
	out, _, err := t.format.encode(m, t)
	return out, err
}
