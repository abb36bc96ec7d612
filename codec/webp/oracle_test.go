package webp

import (
	"bytes"
	"fmt"
	"image"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/internal/outside"
)

// shared returns a folder of the corpus, or skips the test.
func shared(t testing.TB, sub string) string { return outside.Shared(t, filepath.Join("corpus", sub)) }

// dwebp decodes a file with libwebp's own tool to straight RGBA.
func dwebp(t testing.TB, file []byte) (*image.NRGBA, error) {
	t.Helper()
	if _, err := exec.LookPath("dwebp"); err != nil {
		t.Skip("dwebp is not installed (Debian: webp)")
	}
	cmd := exec.Command("dwebp", "-quiet", "-pam", "-o", "-", "--", "-")
	cmd.Stdin = bytes.NewReader(file)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("dwebp: %w", err)
	}
	var w, h, depth int
	head, pix, ok := bytes.Cut(out, []byte("ENDHDR\n"))
	if !ok {
		return nil, fmt.Errorf("dwebp: not a PAM: %.40q", out)
	}
	for line := range strings.Lines(string(head)) {
		fmt.Sscanf(line, "WIDTH %d", &w)
		fmt.Sscanf(line, "HEIGHT %d", &h)
		fmt.Sscanf(line, "DEPTH %d", &depth)
	}
	if depth != 4 || len(pix) != 4*w*h {
		return nil, fmt.Errorf("dwebp: %dx%dx%d and %d bytes", w, h, depth, len(pix))
	}
	return &image.NRGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}, nil
}

// samePixels compares sample for sample; where alpha is zero the color counts too when strict.
func samePixels(t testing.TB, name string, got, want *image.NRGBA, strict bool) {
	t.Helper()
	if got.Rect.Size() != want.Rect.Size() {
		t.Errorf("%s: %v, want %v", name, got.Rect.Size(), want.Rect.Size())
		return
	}
	w, h := want.Rect.Dx(), want.Rect.Dy()
	for y := range h {
		g, o := got.Pix[y*got.Stride:][:4*w], want.Pix[y*want.Stride:][:4*w]
		for x := range w {
			a, b := g[4*x:4*x+4], o[4*x:4*x+4]
			if !bytes.Equal(a, b) && (strict || a[3] != 0 || b[3] != 0) {
				t.Errorf("%s: pixel (%d,%d) is %v, want %v", name, x, y, a, b)
				return
			}
		}
	}
}
