package webp

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/internal/outside"

	xwebp "golang.org/x/image/webp"
)

// TestStillsDecodeAsDwebpDoes compares reader, range, upsampling and alpha with dwebp.
func TestStillsDecodeAsDwebpDoes(t *testing.T) {
	n := 0
	for _, path := range outside.Files(t, ".webp", "corpus/webp") {
		name := filepath.Base(path)
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := NewReader(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Animated {
			continue
		}
		if len(f.Frames) != 1 {
			t.Errorf("%s: %d frames", name, len(f.Frames))
			continue
		}
		if os.Getenv("MINIATURA_LONG") == "" && pixels(f) > 400_000 {
			continue
		}
		want, err := dwebp(t, src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := f.Frames[0].DecodeNRGBA()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		samePixels(t, name, got, want, true)
		n++
	}
	t.Logf("%d pictures", n)
}

// TestFullRangeIsTheDefinition compares toFullRange with real arithmetic for every sample value.
func TestFullRangeIsTheDefinition(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 256, 2), image.YCbCrSubsampleRatio420)
	for i := range 256 {
		m.Y[i], m.Cb[i%128], m.Cr[i%128] = byte(i), byte(i%128), byte(128+i%128)
	}
	toFullRange(m)
	near := func(v float64) byte { return byte(min(max(v+0.5, 0), 255)) }
	for i := range 256 {
		if want := near(float64(i-16) * 255 / 219); m.Y[i] != want {
			t.Errorf("Y %d became %d, want %d", i, m.Y[i], want)
		}
	}
	for i := range 128 {
		if want := near(float64(i-128)*255/224 + 128); m.Cb[i] != want {
			t.Errorf("Cb %d became %d, want %d", i, m.Cb[i], want)
		}
		if want := near(float64(i)*255/224 + 128); m.Cr[i] != want {
			t.Errorf("Cr %d became %d, want %d", i+128, m.Cr[i], want)
		}
	}
}

// TestHostileFilesAreRefusedOrBounded runs the broken files of the corpus through the reader. Each
// must answer with an error of this package's types or a whole picture.
func TestHostileFilesAreRefusedOrBounded(t *testing.T) {
	for _, path := range outside.Files(t, "", "corpus/hostile/fuzz-webp") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, filepath.Base(path), src)
	}
}

// readAll parses and decodes src as a caller with a limit of 16 megapixels would.
func readAll(t testing.TB, name string, src []byte) {
	f, err := NewReader(src)
	if err != nil {
		checkTyped(t, name, err)
		return
	}
	if pixels(f) > 1<<24 {
		return
	}
	for i := range f.Frames {
		m, err := f.Frames[i].DecodeNRGBA()
		if err != nil {
			checkTyped(t, name, err)
			continue
		}
		if m.Rect.Size() != f.Frames[i].Rect.Size() {
			t.Errorf("%s: frame %d decoded to %v, its header says %v", name, i, m.Rect, f.Frames[i].Rect)
		}
	}
}

func checkTyped(t testing.TB, name string, err error) {
	t.Helper()
	var f FormatError
	var u UnsupportedError
	if !errors.As(err, &f) && !errors.As(err, &u) {
		t.Errorf("%s: error of type %T: %v", name, err, err)
	}
}

// TestEveryTruncationIsRefused cuts a lossy picture with alpha, a lossless one and an animation at
// every length: the rest must never decode.
func TestEveryTruncationIsRefused(t *testing.T) {
	for _, name := range []string{"yellow_rose.lossy-with-alpha.webp", "gopher-doc.with-alpha.lossless.webp", "rotating-squares.webp"} {
		src, err := os.ReadFile(filepath.Join(shared(t, "webp"), name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(src) - 1 {
			if f, err := NewReader(src[:n]); err == nil {
				t.Fatalf("%s cut to %d of %d bytes: parsed as %d frames", name, n, len(src), len(f.Frames))
			}
		}
	}
}

// TestHeaderAgreesWithXImage compares sizes with another reader.
func TestHeaderAgreesWithXImage(t *testing.T) {
	for _, path := range outside.Files(t, ".webp", "corpus/webp") {
		if strings.Contains(path, "anim") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := xwebp.DecodeConfig(bytes.NewReader(src))
		if err != nil {
			continue
		}
		f, err := NewReader(src)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if f.Width != c.Width || f.Height != c.Height {
			t.Errorf("%s: %dx%d, x/image says %dx%d", path, f.Width, f.Height, c.Width, c.Height)
		}
	}
}

func FuzzNewReader(f *testing.F) {
	root := outside.Root()
	for _, glob := range []string{"webp/*.webp", "hostile/fuzz-webp/*", "webp/libwebp/*.webp"} {
		list, _ := filepath.Glob(filepath.Join(root, "corpus", glob))
		for _, path := range list {
			if b, err := os.ReadFile(path); err == nil && len(b) < 20_000 {
				f.Add(b)
			}
		}
	}
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBP"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if f, err := NewReader(b); err == nil && pixels(f) > 1<<20 {
			return
		}
		readAll(t, "input", b)
	})
}

// pixels returns the sum of the frames' areas.
func pixels(r *Reader) (n int64) {
	for i := range r.Frames {
		area, _ := r.Drawing(i)
		n += area
	}
	return n
}

// TestNoPictureWithAnError cuts and damages pictures of each kind. Where Decode returns an error,
// it returns nil, and not a nil pointer of some type, which would not be equal to nil.
func TestNoPictureWithAnError(t *testing.T) {
	frames := moving(40, 30, 3, 1)
	for i := range frames[0].Pix {
		if i%4 == 3 {
			frames[0].Pix[i] = byte(i * 7) // soft alpha
		}
	}
	lossy, err := Append(nil, frames[0], &Options{Quality: 80, Lossy: true})
	if err != nil {
		t.Fatal(err)
	}
	lossless, err := Append(nil, frames[0], &Options{Lossless: true})
	if err != nil {
		t.Fatal(err)
	}
	for kind, src := range map[string][]byte{"lossy with alpha": lossy, "lossless": lossless, "animation": writeAnimation(t, frames, 0, nil)} {
		failed := 0
		for at := 12; at < len(src); at++ {
			damaged := bytes.Clone(src)
			damaged[at] ^= 0xff
			for _, b := range [][]byte{damaged, src[:at]} {
				m, err := Decode(bytes.NewReader(b))
				if err != nil {
					failed++
					if m != nil {
						t.Fatalf("%s, byte %d: %T with %v", kind, at, m, err)
					}
				}
			}
		}
		if failed < 10 {
			t.Errorf("%s: only %d of the damaged files fail", kind, failed)
		}
	}
}
