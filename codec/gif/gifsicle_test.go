package gif

import (
	"bytes"
	"image"
	"image/color"
	stdgif "image/gif"
	"os"
	"os/exec"
	"testing"

	"miniatura/internal/outside"
)

// TestNoLargerThanGifsicle compares files at their own size, copied or written again, with the
// files that gifsicle makes, which have the same frames. Ours have at most 1.02 times the bytes.
// The allowance is for the tiny files of the corpus, in which every byte of structure counts. The
// standard library reads the results.
func TestNoLargerThanGifsicle(t *testing.T) {
	if _, err := exec.LookPath("gifsicle"); err != nil {
		t.Skip("gifsicle is not installed (Debian: gifsicle)")
	}
	sources := map[string][]byte{"moving lines": movingLines(t)}
	for _, name := range outside.Files(t, ".gif", "corpus/gif/conformance") {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources[name] = src
	}
	for name, src := range sources {
		cmd := exec.Command("gifsicle", "-O3", "-Okeep-empty", "--no-comments", "--no-names")
		cmd.Stdin = bytes.NewReader(src)
		theirs, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ours, err := Strip(src, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		frames, delays, r := play(t, src)
		again := rewrite(t, r.Width, r.Height, r.Plays, frames, delays)
		if n := min(len(ours), len(again)); 100*n > 102*len(theirs) {
			t.Errorf("%s: %d bytes, gifsicle's are %d", name, n, len(theirs))
		}
		for _, file := range [][]byte{ours, again} {
			if g, err := stdgif.DecodeAll(bytes.NewReader(file)); err != nil || len(g.Image) != len(frames) {
				t.Errorf("%s: the standard library: %v", name, err)
			}
		}
	}
}

// movingLines returns an animation of a fan of thin lines in two colors, which moves by a pixel
// each frame. All frames are whole canvases.
func movingLines(t *testing.T) []byte {
	const w, h = 160, 120
	g := &stdgif.GIF{Config: image.Config{Width: w, Height: h}}
	for i := range 8 {
		m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})
		for k := 0; k < w; k += 7 {
			for y := range h {
				m.SetColorIndex(min(max(k+i+((w-2*k-i)*y+h/2)/h, 0), w-1), y, 1)
			}
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 8)
	}
	var b bytes.Buffer
	if err := stdgif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
