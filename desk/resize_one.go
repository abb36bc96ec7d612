package desk

// This file resizes one picture.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"miniatura/codec"
	"miniatura/edge"
)

// errPassed says that the source itself was written, and that the reason has been printed.
var errPassed = errors.New("passed through")

// inputLimit is the size of the largest file that is read, in bytes. A file over edge.MaxSource is
// read and passed through.
const inputLimit = 1 << 30

// An outcome is the outcome for one picture.
type outcome struct {
	In  side `json:"in"`
	Out side `json:"out"`

	Frames int    `json:"frames,omitempty"`
	Note   string `json:"note,omitempty"`
	Passed string `json:"passedThrough,omitempty"` // why the source itself was written
	same   bool   // the result has the same bytes as the source
}

// A side is a picture before or after. Unknown values are 0 or "".
type side struct {
	Name   string `json:"name"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Bytes  int    `json:"bytes"`
	Format string `json:"format,omitempty"` // a media type
}

// resizeOne does with the picture in what the edge would do: it writes the result, or the source
// itself when there can be no result.
func (r *resizing) resizeOne(ctx context.Context, in string) error {
	src, err := await(ctx, func() ([]byte, error) { return r.read(in) })
	if err != nil {
		return usageError{err}
	}
	opt := r.options
	if r.webp {
		opt.Format = codec.WebP
	} else if r.toFile() {
		if opt.Format, err = r.format(r.out); err != nil {
			return err
		}
	}
	made, info, passed := r.resize(ctx, src, opt)
	if err := ctx.Err(); err != nil {
		return err
	}

	o := outcome{
		In:     side{in, info.W, info.H, len(src), info.Source},
		Out:    side{r.out, info.OutW, info.OutH, len(made), info.ContentType},
		Frames: info.Frames, Note: info.Note, same: bytes.Equal(src, made),
	}
	format := codec.Sniff(made)
	if passed != nil {
		if err := r.checkPassed(in, src, opt.Format, passed); err != nil {
			return err
		}
		made, format = src, nil // the source keeps its name
		o.Passed, o.same = oneLine(passed), false
		o.Out = side{r.out, info.W, info.H, len(src), info.Source}
	}
	if o.Out.Name, err = r.outputFile(in, format); err != nil {
		return err
	}
	if _, err := await(ctx, func() (struct{}, error) { return struct{}{}, r.write(o.Out.Name, made) }); err != nil {
		return usageError{err}
	}
	if err := r.printOutcome(&o); err != nil {
		return err
	}
	if passed != nil {
		return errPassed
	}
	return nil
}

// toFile reports whether -o names a file, and neither a folder nor stdout.
func (r *resizing) toFile() bool { return !r.folder && r.out != std }

// read returns the bytes of the file called name, or of stdin.
func (r *resizing) read(name string) ([]byte, error) {
	if name == std {
		return readAll(r.stdin, "stdin", inputLimit)
	}
	return readFile(name, inputLimit)
}

// resize returns src's result, or an error that says why the edge would answer with the source.
func (r *resizing) resize(ctx context.Context, src []byte, opt codec.Options) ([]byte, codec.Info, error) {
	if len(src) > edge.MaxSource {
		err := fmt.Errorf("%w: %d bytes, the limit is %d", codec.ErrLimit, len(src), int64(edge.MaxSource))
		return nil, codec.Info{}, err
	}
	return codec.Resize(ctx, src, r.size.Fit, opt)
}

// checkPassed returns an error when the source itself must not be written to the file -o, because
// that file's name asks for the format want and the source is of another format. A source whose own
// name asks for the same format is written all the same. why says why there is no result.
func (r *resizing) checkPassed(in string, src []byte, want *codec.Format, why error) error {
	if !r.toFile() || want == nil {
		return nil
	}
	if want == codec.Sniff(src) || want == codec.FormatOf(native.base(in)) {
		return nil
	}
	return fmt.Errorf("%s passes through (%s), and its bytes are no %v: %s is not written", in, oneLine(why), want, r.out)
}

// write writes data to the file called name, or to stdout.
func (r *resizing) write(name string, data []byte) error {
	if name == std {
		_, err := r.stdout.Write(data)
		return err
	}
	return writeFile(name, data)
}

// printOutcome prints the outcome.
func (r *resizing) printOutcome(o *outcome) error {
	if r.json {
		e := json.NewEncoder(r.words)
		e.SetEscapeHTML(false)
		return e.Encode(o)
	}
	_, err := fmt.Fprintln(r.words, o)
	return err
}

// String returns the outcome in words.
func (o *outcome) String() string {
	before := fmt.Sprintf("%s: %s%d bytes", o.In.Name, o.In.dimensions(), o.In.Bytes)
	if o.Passed != "" {
		return fmt.Sprintf("%s -> %s: passed through, the same bytes (%s)", before, o.Out.Name, o.Passed)
	}
	var notes []string
	if o.same {
		notes = append(notes, "it fits already: the same bytes")
	}
	if o.Frames > 1 {
		notes = append(notes, fmt.Sprintf("%d frames", o.Frames))
	}
	if o.Note != "" {
		notes = append(notes, o.Note)
	}
	note := ""
	if len(notes) > 0 {
		note = " (" + strings.Join(notes, "; ") + ")"
	}
	part := ""
	if o.In.Bytes > 0 {
		part = fmt.Sprintf(", %.1f %%", 100*float64(o.Out.Bytes)/float64(o.In.Bytes))
	}
	return fmt.Sprintf("%s -> %s: %s%d bytes%s%s", before, o.Out.Name, o.Out.dimensions(), o.Out.Bytes, part, note)
}

// dimensions returns, for example, "4032x3024 image/jpeg, ", or "" when they are not known.
func (s side) dimensions() string {
	if s.Width == 0 || s.Height == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d %s, ", s.Width, s.Height, s.Format)
}
