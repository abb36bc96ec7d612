package desk

// This file implements resize.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"miniatura/codec"
	"miniatura/sizes"
)

// std means stdin among the inputs, and stdout as the output.
const std = "-"

// native is the pathStyle of this system.
var native = pathStyle{runtime.GOOS == "windows"}

// A resizing is one run of resize.
type resizing struct {
	size    sizes.Size
	webp    bool
	options codec.Options // without the format, which depends on the output
	json    bool

	inputs []string
	out    string // a file, "-", or a folder
	folder bool   // out is a folder

	stdin          io.Reader
	stdout, stderr io.Writer
	words          io.Writer       // for messages: stdout, or stderr when a picture goes to stdout
	taken          map[string]bool // paths in the folder that already belong to an input's result
	sources        []os.FileInfo   // the inputs that are files: no result in the folder may replace one
}

func runResize(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r := &resizing{stdin: stdin, stdout: stdout, stderr: stderr, words: stdout, taken: map[string]bool{}}
	err := r.parse(args)
	if err == nil {
		err = r.resizeAll(ctx)
	}
	return report(stderr, "resize", err)
}

// parse reads and checks the arguments. It does not read the pictures.
func (r *resizing) parse(args []string) error {
	f := newFlags("resize", r.stdout)
	size := f.String("size", "", "the `NAME` of the size, one of "+strings.Join(sizeNames(), " ")+"; or any box, like 800x600, which no URL has")
	f.BoolVar(&r.webp, "webp", false, "write WebP. Without it the format is that of OUT's extension, or else that of IN's bytes")
	f.IntVar(&r.options.Quality, "quality", codec.DefaultQuality, "`1-100`, for JPEG and lossy WebP")
	effort := f.String("effort", "default", "`default or high`: high takes about twice the time for a WebP and gives fewer bytes")
	f.BoolVar(&r.json, "json", false, "print what was done as JSON, one line per picture")
	f.notes = "IN - is stdin, OUT - is stdout. With several INs OUT is a folder: each picture keeps its name, and gets the extension of " +
		"what it became. Exit code 3: a picture passed through, as it would at the edge."
	rest, err := f.parse(args, 2, -1)
	if err != nil {
		return err
	}
	if r.size, err = parseSize(*size); err != nil {
		return usageError{err}
	}
	if r.options.Quality < 1 || r.options.Quality > 100 {
		return usagef("-quality %d is not in 1-100", r.options.Quality)
	}
	switch *effort {
	case "default":
	case "high":
		r.options.Effort = codec.HighEffort
	default:
		return usagef("-effort %q is neither default nor high", *effort)
	}
	r.inputs, r.out = rest[:len(rest)-1], rest[len(rest)-1]
	return r.checkOut()
}

// parseSize returns the size that the value of -size stands for. text is a name in the table of
// sizes, or a box like 800x600.
func parseSize(text string) (sizes.Size, error) {
	if s, ok := sizes.Parse(text); ok {
		return s, nil
	}
	wide, high, _ := strings.Cut(text, "x")
	w, err1 := strconv.ParseUint(wide, 10, 16)
	h, err2 := strconv.ParseUint(high, 10, 16)
	switch {
	case text == "":
		return sizes.Size{}, fmt.Errorf("-size is missing: one of %s, or a box like 800x600", strings.Join(sizeNames(), " "))
	case err1 != nil || err2 != nil || w == 0 || h == 0:
		return sizes.Size{}, fmt.Errorf("-size %q is none of %s, nor a box like 800x600", text, strings.Join(sizeNames(), " "))
	}
	b := sizes.Box{W: int(w), H: int(h)}
	return sizes.Size{Name: fmt.Sprintf("%dx%d", w, h), Wide: b, Tall: b}, nil
}

// checkOut finds out whether OUT is a folder, and returns an error when OUT does not fit the
// inputs.
func (r *resizing) checkOut() error {
	if first := slices.Index(r.inputs, std); first >= 0 && slices.Contains(r.inputs[first+1:], std) {
		return usagef("- can be read once only")
	}
	if r.out == std {
		if len(r.inputs) > 1 {
			return usagef("several pictures do not go to stdout; name a folder")
		}
		r.words = r.stderr
		return nil
	}
	st, err := os.Stat(r.out)
	exists := err == nil
	isFolder := exists && st.IsDir()
	r.folder = isFolder || native.namesFolder(r.out) || len(r.inputs) > 1
	if !r.folder {
		_, err := r.format(r.out)
		return err
	}
	if exists && !isFolder {
		return usagef("%s is a file; several pictures need a folder", r.out)
	}
	// A folder that does not exist is made. But a user who names OUT like a picture has forgotten to
	// name a folder.
	likePicture := native.ext(r.out) != "" && codec.FormatOf(r.out) != nil
	if !exists && len(r.inputs) > 1 && likePicture {
		return usagef("%s is named like a picture; several pictures need a folder", r.out)
	}
	if slices.Contains(r.inputs, std) {
		return usagef("what comes from stdin has no name; name the file, not a folder")
	}
	return nil
}

// notWritten are extensions of picture formats that resize cannot write. A user who types one does
// not want a JPEG under that name.
var notWritten = []string{".avif", ".heic", ".heif", ".jxl", ".jp2", ".tif", ".tiff", ".svg", ".ico", ".apng"}

// format returns the format for a file called out, or nil for the source's format. It returns an
// error when the extension of out cannot be written or contradicts -webp.
func (r *resizing) format(out string) (*codec.Format, error) {
	named := codec.FormatOf(native.base(out)) // nil for any other extension
	switch ext := strings.ToLower(native.ext(out)); {
	case slices.Contains(notWritten, ext):
		return nil, usagef("%s: %s is not written here; jpg, png, gif, bmp and webp are", out, ext)
	case r.webp && named != nil && named != codec.WebP:
		return nil, usagef("-webp contradicts the extension of %s, which stands for %v", out, named)
	case r.webp:
		return codec.WebP, nil
	}
	return named, nil
}

// resizeAll resizes every input. If there are several, the failure of one does not stop the others.
func (r *resizing) resizeAll(ctx context.Context) error {
	for _, input := range r.inputs {
		if st, err := os.Stat(input); err == nil {
			r.sources = append(r.sources, st)
		}
	}
	var passed error // errPassed if a picture passed through
	failed := 0
	for _, input := range r.inputs {
		err := r.resizeOne(ctx, input)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errPassed):
			passed = err
		case err != nil && len(r.inputs) == 1:
			return err
		case err != nil:
			failed++
			fmt.Fprintf(r.stderr, "%s resize: %s\n", program.name, oneLine(err))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d pictures failed", failed, len(r.inputs))
	}
	return passed
}

// outputFile returns the path of the file to write for an input. f is the format of the bytes that
// are written; nil means that the source itself is written. If OUT is a folder, outputFile returns
// an error when the file would replace one of this run's results or sources.
func (r *resizing) outputFile(input string, f *codec.Format) (string, error) {
	if !r.folder {
		return r.out, nil
	}
	out := filepath.Join(r.out, outputName(native, input, f))
	if r.taken[out] {
		return "", usagef("%s: %s has been written for another picture already", input, out)
	}
	if old, err := os.Stat(out); err == nil {
		for _, source := range r.sources {
			if os.SameFile(source, old) {
				return "", usagef("%s: its result would replace %s, a picture to resize; name another folder", input, out)
			}
		}
	}
	r.taken[out] = true
	return out, nil
}

// outputName returns the name of an input's result in a folder: the input's own name if f is nil or
// if the extension stands for f, or else a name with f's extension.
func outputName(p pathStyle, input string, f *codec.Format) string {
	name := p.base(input)
	if f == nil || codec.FormatOf(name) == f {
		return name
	}
	if codec.FormatOf(name) != nil { // the extension is that of another format
		name = strings.TrimSuffix(name, p.ext(name))
	}
	return name + f.Extension()
}

// sizeNames returns the names of all sizes.
func sizeNames() []string {
	var names []string
	for _, s := range sizes.All() {
		names = append(names, s.Name)
	}
	return names
}
