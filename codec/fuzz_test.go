package codec

import (
	"bytes"
	"context"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/sizes"
)

// For any bytes there is no panic, and no time or memory is used beyond the limits. The result is
// an error, or a whole picture that fits, has the form that was asked for, and is the same when it
// is made again. A result can be resized again without an error.
func FuzzResize(f *testing.F) {
	fit := func(w, h int) (int, int) { return max(w/2, 1), max(h/2, 1) }
	for i, src := range madeSeeds(f) {
		f.Add(src, byte(i))
		if out, _, err := Resize(context.Background(), src, fit, Options{Format: WebP}); err == nil {
			f.Add(out, byte(i))
		}
	}
	addFiles(f)
	f.Fuzz(resizeAnything)
}

// madeSeeds returns small pictures of each format.
func madeSeeds(f *testing.F) [][]byte {
	var b bytes.Buffer
	m := image.NewNRGBA(image.Rect(0, 0, 23, 17))
	p := image.NewPaletted(image.Rect(0, 0, 300, 250), color.Palette{color.White, color.Black, color.NRGBA{9, 200, 30, 255}, color.NRGBA{}})
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 3)
	}
	for i := range p.Pix {
		p.Pix[i] = byte(i/7) & 3
	}
	if err := stdjpeg.Encode(&b, m, nil); err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{b.Bytes(), withOrientation(b.Bytes(), 6), encodePNG(f, m), encodePNG(f, p), stillGIF(f, p), movingGIF(f, p), bitmap24(m)}
	for i, row := range pngColors(f) {
		if i%9 == 7 {
			seeds = append(seeds, madePNG(f, []int{2, 0, 4, 6}[i/9%4], 8<<(i&1), colorLattice(), row.chunks...))
		}
	}
	return seeds
}

// addFiles adds small files of the corpus, if there is one.
func addFiles(f *testing.F) {
	if dir := os.Getenv("MINIATURA_SHARED"); dir != "" || exists("../../shared") {
		if dir == "" {
			dir = "../../shared"
		}
		for _, pattern := range []string{"hostile/*/*", "webp/libwebp/*", "png/pngsuite/*", "gif/conformance/*", "bmp/*/*"} {
			files, _ := filepath.Glob(filepath.Join(dir, "corpus", pattern))
			for i, name := range files {
				if s, err := os.Stat(name); err != nil || s.Size() > 4<<10 || i%3 != 0 {
					continue
				}
				if src, err := os.ReadFile(name); err == nil {
					f.Add(src, byte(i))
				}
			}
		}
	}
}

// resizeAnything checks one source for FuzzResize; how chooses the result.
func resizeAnything(t *testing.T, src []byte, how byte) {
	size, _ := sizes.Parse([]string{"SXS", "SS", "XS", "S"}[how>>1&3])
	opt := Options{Format: formatOf(how&1 != 0), Quality: 1 + int(how>>3)*3, Memory: 128 << 20}
	fit := size.Fit
	if how>>3&3 == 3 { // a shrink of any picture, however small
		fit = func(w, h int) (int, int) { return max(w*2/3, 1), max(h*2/3, 1) }
	}
	if w, h, frames := dimensions(src); w*h*frames > 1<<19 {
		return // the limits refuse at more; a fuzzer has no use for slow pictures
	}
	start := time.Now()
	out, info, err := Resize(context.Background(), src, fit, opt)
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
	if err != nil {
		if out != nil || strings.Contains(err.Error(), "panic") {
			t.Fatalf("%d bytes and %v", len(out), err)
		}
		return
	}
	checkForm(t, out, info, opt)
	if again, _, err := Resize(context.Background(), src, fit, opt); err != nil || !bytes.Equal(again, out) {
		t.Fatalf("made again: %d bytes for %d, %v", len(again), len(out), err)
	}
	same := func(w, h int) (int, int) { return w, h }
	if _, _, err := Resize(context.Background(), out, same, Options{Quality: opt.Quality}); err != nil {
		t.Fatalf("the result is refused: %v", err)
	}
}

// checkForm fails unless out is a whole picture that fits, in the form that was asked for.
func checkForm(t *testing.T, out []byte, info Info, opt Options) {
	t.Helper()
	if info.OutW > info.W || info.OutH > info.H {
		t.Fatalf("enlarged: %+v", info)
	}
	if opt.Format == WebP && info.ContentType != "image/webp" || opt.Format == nil && info.ContentType != info.Source {
		t.Fatalf("%s of %s", info.ContentType, info.Source)
	}
	// Where only the container was written again, the samples are those of the source, so the
	// standard library need not accept them.
	if info.OutW != info.W || info.OutH != info.H || info.ContentType != info.Source {
		if err := wholePicture(out, info); err != nil {
			t.Fatalf("%+v: %v", info, err)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// dimensions returns the dimensions by the headers, 0 when they make no sense.
func dimensions(src []byte) (w, h, frames int) {
	_, _, p, err := open(src)
	if err != nil {
		return 0, 0, 0
	}
	return p.w, p.h, p.frames
}
