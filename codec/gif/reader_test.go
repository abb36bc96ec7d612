package gif

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	"image/draw"
	stdgif "image/gif"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// TestFramesAreComposedAsImageMagickDoes plays every GIF of the corpus.
func TestFramesAreComposedAsImageMagickDoes(t *testing.T) {
	for _, path := range outside.Files(t, ".gif", "corpus/gif") {
		name := filepath.Base(path)
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			r, err := NewReader(src)
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("MINIATURA_LONG") == "" && r.Width*r.Height*r.Frames > 1_000_000 {
				t.Skip("large: set MINIATURA_LONG=1")
			}
			want := magick(t, src)
			got, d, _ := play(t, src)
			if std, err := stdgif.DecodeAll(bytes.NewReader(src)); err != nil {
				t.Log("image/gif: ", err)
			} else {
				for i, cs := range std.Delay {
					if want := time.Duration(cs) * 10 * time.Millisecond; d[i] != want {
						t.Errorf("frame %d: %v, want %v", i, d[i], want)
					}
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%d frames, want %d", len(got), len(want))
			}
			for i := range want {
				// In a file without transparency, ImageMagick shows the background color where no
				// frame lies. Browsers show nothing there, and so do we.
				if back, ok := background(src); ok {
					for j := 0; j < len(want[i].Pix); j += 4 {
						if got[i].Pix[j+3] == 0 && bytes.Equal(want[i].Pix[j:j+4], back) {
							clear(want[i].Pix[j : j+4])
						}
					}
				}
				if s := difference(got[i], want[i]); s != "" {
					t.Fatalf("frame %d: %s", i, s)
				}
			}
		})
	}
}

// background returns the background color of a file without transparency in any frame.
func background(src []byte) ([]byte, bool) {
	r, err := NewReader(src)
	if err != nil || len(r.global) <= 3*int(src[11]) {
		return nil, false
	}
	for _, f := range r.frames {
		if f.transparent >= 0 {
			return nil, false
		}
	}
	c := r.global[3*int(src[11]):]
	return []byte{c[0], c[1], c[2], 255}, true
}

// TestIndicesAgreeWithTheStandardLibrary compares the first frames with those of image/gif.
func TestIndicesAgreeWithTheStandardLibrary(t *testing.T) {
	n := 0
	for _, path := range outside.Files(t, ".gif", "corpus/gif") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := stdgif.Decode(bytes.NewReader(src))
		if err != nil {
			continue
		}
		r, err := NewReader(src)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, _, err := r.Next(context.Background())
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		want := image.NewNRGBA(got.Rect)
		draw.Draw(want, m.Bounds(), m, m.Bounds().Min, draw.Src)
		if s := difference(got, want); s != "" {
			t.Errorf("%s: %s", path, s)
		}
		n++
	}
	if n < 30 {
		t.Errorf("image/gif read only %d", n)
	}
}

// TestLoopCount compares Plays with the names of the corpus's files: a file with n repeats plays
// n+1 times, one without a loop count plays once.
func TestLoopCount(t *testing.T) {
	dir := filepath.Join(shared(t, "gif"), "conformance")
	for name, want := range map[string]int{"loop_3.gif": 4, "loop_once.gif": 2, "loop_infinite.gif": 0, "no_loop_ext.gif": 1} {
		src, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(src)
		if err != nil {
			t.Fatal(err)
		}
		if r.Plays != want {
			t.Errorf("%s: plays %d times, want %d", name, r.Plays, want)
		}
	}
}

// TestHostileFilesAreRefusedOrBounded plays broken files as a caller would that allows 100
// megapixels. Each ends within a second, with a typed error or whole frames.
func TestHostileFilesAreRefusedOrBounded(t *testing.T) {
	for _, path := range outside.Files(t, ".gif", "corpus/hostile") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t0 := time.Now()
		playBounded(t, path, src, 100_000_000)
		if d := time.Since(t0); d > 5*time.Second {
			t.Errorf("%s: %v", path, d)
		}
	}
}

func playBounded(t testing.TB, name string, src []byte, limit int64) {
	r, err := NewReader(src)
	if err != nil {
		if _, ok := err.(FormatError); !ok {
			t.Errorf("%s: %T %v", name, err, err)
		}
		return
	}
	drawn := int64(0)
	for i := range r.Frames {
		area, _ := r.Drawing(i)
		drawn += area
	}
	if max(drawn, int64(r.Width)*int64(r.Height)*int64(r.Frames)) > limit {
		return
	}
	for n := 0; ; n++ {
		m, _, err := r.Next(context.Background())
		if err == io.EOF {
			if n != r.Frames {
				t.Errorf("%s: %d frames, announced %d", name, n, r.Frames)
			}
			return
		}
		if err != nil {
			if _, ok := err.(FormatError); !ok {
				t.Errorf("%s: %T %v", name, err, err)
			}
			return
		}
		if m.Rect != image.Rect(0, 0, r.Width, r.Height) {
			t.Errorf("%s: canvas %v, announced %dx%d", name, m.Rect, r.Width, r.Height)
		}
	}
}

// TestEveryTruncationIsSeen cuts an animation at every byte. If the rest plays to its end, its
// frames are those of the whole file, without a missing pixel.
func TestEveryTruncationIsSeen(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(shared(t, "gif"), "dispose_bgnd_transparency.gif"))
	if err != nil {
		t.Fatal(err)
	}
	play := func(src []byte) (frames [][]byte, err error) {
		r, err := NewReader(src)
		if err != nil {
			return nil, err
		}
		for range r.Frames {
			m, _, err := r.Next(context.Background())
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(m.Pix)
			frames = append(frames, sum[:])
		}
		return frames, nil
	}
	whole, err := play(src)
	if err != nil {
		t.Fatal(err)
	}
	plays := 0
	for n := 13; n < len(src); n += 7 {
		frames, err := play(src[:n])
		if err != nil {
			continue
		}
		plays++
		for i, f := range frames {
			if !bytes.Equal(f, whole[i]) {
				t.Errorf("cut to %d bytes: frame %d is another", n, i+1)
			}
		}
	}
	// Less than 40 bytes lie between the last pixel of a frame and the data of the next.
	if plays > (40*len(whole))/7 {
		t.Errorf("%d truncations were taken for whole files", plays)
	}
}

func FuzzReader(f *testing.F) {
	root := outside.Root()
	for _, glob := range []string{"gif/*.gif", "gif/conformance/*.gif", "hostile/*.gif", "hostile/fuzz-gif/*", "hostile/gif-invalid/*"} {
		list, _ := filepath.Glob(filepath.Join(root, "corpus", glob))
		for _, path := range list {
			if b, err := os.ReadFile(path); err == nil && len(b) < 5000 {
				f.Add(b)
			}
		}
	}
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"))
	f.Fuzz(func(t *testing.T, b []byte) { playBounded(t, "input", b, 1<<22) })
}
