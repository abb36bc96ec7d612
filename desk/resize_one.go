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

// An outcome is what became of one picture.
type outcome struct {
	In  pictureFile `json:"in"`
	Out pictureFile `json:"out"`

	Frames int    `json:"frames,omitempty"`
	Note   string `json:"note,omitempty"`
	Passed string `json:"passedThrough,omitempty"` // why the source itself was written
	same   bool   // a result was made, and its bytes are those of the source
}

// A pictureFile is a picture that was read or written. Unknown values are 0 or "".
type pictureFile struct {
	Name   string `json:"name"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Bytes  int    `json:"bytes"`
	Format string `json:"format,omitempty"` // a media type
}

// resizeOne does with one input what the edge would do: it writes the result, or the source itself
// when there can be no result.
func (r *resizing) resizeOne(ctx context.Context, input string) error {
	// Read the source, and make the result.
	src, err := await(ctx, func() ([]byte, error) { return r.read(input) })
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
	made, info, passed := r.resize(ctx, src, opt) // passed: why there is no result, or nil
	if err := ctx.Err(); err != nil {
		return err
	}

	// Choose what is written: the result or, without one, the source.
	o := outcome{
		In:     pictureFile{input, info.W, info.H, len(src), info.Source},
		Out:    pictureFile{r.out, info.OutW, info.OutH, len(made), info.ContentType},
		Frames: info.Frames,
		Note:   info.Note,
		same:   bytes.Equal(src, made),
	}
	format := codec.Sniff(made)
	if passed != nil {
		if err := r.checkPassed(input, src, opt.Format, passed); err != nil {
			return err
		}
		made, format = src, nil // the source keeps its name
		o.Passed, o.same = oneLine(passed), false
		o.Out = pictureFile{r.out, info.W, info.H, len(src), info.Source}
	}
	if o.Out.Name, err = r.outputFile(input, format); err != nil {
		return err
	}
	// Write it. stdout may be a pipe that nobody reads.
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, r.write(o.Out.Name, made) })
	if err != nil {
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

// toFile reports whether OUT is a file, and neither a folder nor stdout.
func (r *resizing) toFile() bool { return !r.folder && r.out != std }

// read returns the bytes of the file called name, or of stdin.
func (r *resizing) read(name string) ([]byte, error) {
	if name == std {
		return readAll(r.stdin, "stdin", inputLimit)
	}
	return readFile(name, inputLimit)
}

// resize returns the result of src, or an error that says why the edge would answer with src.
func (r *resizing) resize(ctx context.Context, src []byte, opt codec.Options) ([]byte, codec.Info, error) {
	if len(src) > edge.MaxSource {
		err := fmt.Errorf("%w: %d bytes, the limit is %d", codec.ErrLimit, len(src), int64(edge.MaxSource))
		return nil, codec.Info{}, err
	}
	return codec.Resize(ctx, src, r.size.Fit, opt)
}

// checkPassed returns an error when the source must not be written to the file OUT, because OUT
// stands for the format want, and the source is of another format. A source whose own name stands
// for want may be written. why says why there is no result.
func (r *resizing) checkPassed(input string, src []byte, want *codec.Format, why error) error {
	if !r.toFile() || want == nil {
		return nil
	}
	if want == codec.Sniff(src) || want == codec.FormatOf(native.base(input)) {
		return nil
	}
	return fmt.Errorf("%s passes through (%s), and its bytes are no %v: %s is not written", input, oneLine(why), want, r.out)
}

// write writes data to the file called name, or to stdout.
func (r *resizing) write(name string, data []byte) error {
	if name == std {
		_, err := r.stdout.Write(data)
		return err
	}
	return writeFile(name, data)
}

// printOutcome prints the outcome, in words or as JSON.
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
	percent := "" // of the source's bytes
	if o.In.Bytes > 0 {
		percent = fmt.Sprintf(", %.1f %%", 100*float64(o.Out.Bytes)/float64(o.In.Bytes))
	}
	return fmt.Sprintf("%s -> %s: %s%d bytes%s%s", before, o.Out.Name, o.Out.dimensions(), o.Out.Bytes, percent, note)
}

// dimensions returns, for example, "4032x3024 image/jpeg, ", or "" when the dimensions are not
// known.
func (f pictureFile) dimensions() string {
	if f.Width == 0 || f.Height == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d %s, ", f.Width, f.Height, f.Format)
}
