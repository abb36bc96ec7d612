package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/sizes"
)

func runResize(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "resize", resize(ctx, args, stdout))
}

func resize(ctx context.Context, args []string, stdout io.Writer) error {
	f := newFlags("resize", stdout)
	name := f.String("size", "", "the `name` of the size: "+sizeNames())
	webp := f.Bool("webp", false, "write WebP (else the format that IN's bytes are)")
	quality := f.Int("quality", 80, "1-100, for JPEG and lossy WebP")
	effort := f.String("effort", "default", "default or high: high takes about twice the time over a WebP, for fewer bytes")
	rest, err := f.parse(args, 2, 2)
	if err != nil {
		return err
	}
	size, ok := sizes.Parse(*name)
	if !ok {
		return usagef("-size %q is none of %s", *name, sizeNames())
	}
	if *quality < 1 || *quality > 100 {
		return usagef("-quality %d is not in 1-100", *quality)
	}
	if *effort != "default" && *effort != "high" {
		return usagef("-effort %q is neither default nor high", *effort)
	}
	in, out := rest[0], rest[1]
	src, err := readFile(in, 1<<30)
	if err != nil {
		return usageError{err}
	}

	// What the edge would do: the result, or for any reason the source itself.
	opt := codec.Options{Quality: *quality}
	if *webp {
		opt.Format = codec.WebP
	}
	if *effort == "high" {
		opt.Effort = codec.HighEffort
	}
	dst, info, why := src, codec.Info{}, error(nil)
	if len(src) > edge.MaxSource {
		why = fmt.Errorf("%w: %d bytes, the limit is %d", codec.ErrLimit, len(src), int64(edge.MaxSource))
	} else if made, i, err := codec.Resize(ctx, src, size.Fit, opt); err != nil {
		info, why = i, err
	} else {
		dst, info = made, i
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := writeFile(out, dst); err != nil {
		return usageError{err}
	}

	before := fmt.Sprintf("%s: %s%d bytes", in, dimensions(info.W, info.H, info.Source), len(src))
	if why != nil {
		fmt.Fprintf(stdout, "%s -> %s: passed through, the same bytes (%s)\n", before, out, oneLine(why))
		return nil
	}
	var notes []string
	if bytes.Equal(src, dst) {
		notes = append(notes, "it fits already: the same bytes")
	}
	if info.Frames > 1 {
		notes = append(notes, fmt.Sprintf("%d frames", info.Frames))
	}
	if info.Note != "" {
		notes = append(notes, info.Note)
	}
	note := ""
	if len(notes) > 0 {
		note = " (" + strings.Join(notes, "; ") + ")"
	}
	fmt.Fprintf(stdout, "%s -> %s: %s%d bytes, %.1f %%%s\n", before, out, dimensions(info.OutW, info.OutH, info.ContentType),
		len(dst), 100*float64(len(dst))/float64(len(src)), note)
	return nil
}

// dimensions is "4032x3024 image/jpeg, ", or nothing of what is not known.
func dimensions(w, h int, kind string) string {
	if w == 0 || h == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d %s, ", w, h, kind)
}

func sizeNames() string {
	var names []string
	for _, s := range sizes.All() {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

// readFile reads a regular file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s is a folder", name)
	case st.Size() > limit:
		return nil, fmt.Errorf("%s has %d bytes, over %d", name, st.Size(), limit)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New(name + " grew while it was read")
	}
	return data, err
}
