package gif

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// shared returns a folder of the corpus, or skips the test.
func shared(t testing.TB, sub string) string { return outside.Shared(t, filepath.Join("corpus", sub)) }

// magick composes the frames of a GIF with ImageMagick, straight RGBA.
func magick(t testing.TB, file []byte) []*image.NRGBA {
	t.Helper()
	if _, err := exec.LookPath("convert"); err != nil {
		t.Skip("ImageMagick is not installed")
	}
	cmd := exec.Command("convert", "gif:-", "-coalesce", "-alpha", "on", "-type", "TrueColorMatte", "-depth", "8", "pam:-")
	cmd.Stdin = bytes.NewReader(file)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("convert: %v", err)
	}
	var frames []*image.NRGBA
	for len(out) > 0 {
		head, rest, _ := bytes.Cut(out, []byte("ENDHDR\n"))
		var w, h, depth int
		for line := range strings.Lines(string(head)) {
			fmt.Sscanf(line, "WIDTH %d", &w)
			fmt.Sscanf(line, "HEIGHT %d", &h)
			fmt.Sscanf(line, "DEPTH %d", &depth)
		}
		if depth != 4 || len(rest) < 4*w*h {
			t.Fatalf("convert gave %dx%dx%d and %d bytes", w, h, depth, len(rest))
		}
		frames = append(frames, &image.NRGBA{Pix: rest[: 4*w*h : 4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)})
		out = rest[4*w*h:]
	}
	return frames
}

// play returns copies of all composed frames.
func play(t testing.TB, file []byte) ([]*image.NRGBA, []time.Duration, *Reader) {
	t.Helper()
	r, err := NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var frames []*image.NRGBA
	var delays []time.Duration
	for {
		m, d, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frames, delays = append(frames, clone(m)), append(delays, d)
	}
	if len(frames) != r.Frames {
		t.Fatalf("%d frames, announced %d", len(frames), r.Frames)
	}
	return frames, delays, r
}

func clone(m *image.NRGBA) *image.NRGBA {
	c := *m
	c.Pix = bytes.Clone(m.Pix)
	return &c
}

// difference describes the first pixel that differs; two wholly transparent ones are equal.
func difference(got, want *image.NRGBA) string {
	if got.Rect != want.Rect {
		return fmt.Sprintf("%v, want %v", got.Rect, want.Rect)
	}
	for i := 0; i < len(want.Pix); i += 4 {
		a, b := got.Pix[i:i+4], want.Pix[i:i+4]
		if !bytes.Equal(a, b) && (a[3] != 0 || b[3] != 0) {
			return fmt.Sprintf("pixel (%d,%d) is %v, want %v", i/4%want.Rect.Dx(), i/4/want.Rect.Dx(), a, b)
		}
	}
	return ""
}
