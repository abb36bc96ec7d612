package jpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// picture returns a w x h JPEG in 4:2:0, of gradients with some noise. The standard library writes
// it.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x*255/w + r.IntN(20)), uint8(y*200/h + r.IntN(20)), uint8(128 + 50*(x/9&1) + r.IntN(9)), 255})
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// smallPictures returns pictures of both processes, with and without restart intervals, as far as
// the tools that make them are installed.
func smallPictures(t testing.TB) map[string][]byte {
	src := picture(t, 83, 61)
	out := map[string][]byte{"sequential": src}
	if f, err := os.CreateTemp(t.TempDir(), "scans"); err == nil {
		// A sequential picture in three scans.
		f.WriteString("0;\n1;\n2;\n")
		f.Close()
		out["three scans"] = tool(t, "jpegtran", src, "-scans", f.Name())
	}
	out["progressive"] = tool(t, "jpegtran", src, "-progressive")
	out["restarts"] = tool(t, "jpegtran", src, "-restart", "4B")
	out["progressive with restarts"] = tool(t, "jpegtran", src, "-progressive", "-restart", "5B")
	return out
}

func tryDecode(src []byte, n int) (out [4][]byte, err error) {
	d, err := NewReader(src)
	if err != nil {
		return out, err
	}
	return d.planes([4]int{n, n, n, n})
}

// When a download was cut short but the file has its full length, it ends in zeros, which are valid
// codes. These zeros are not decoded as the picture. Padding after a picture, with or without an
// EOI marker, does no harm.
func TestZeroFilledTailIsAnError(t *testing.T) {
	pictures := smallPictures(t)
	pictures["large"] = picture(t, 640, 480) // larger than a chunk
	for name, src := range pictures {
		for _, n := range []int{8, 4, 1} {
			for _, share := range []int{30, 50, 80} {
				cut := bytes.Clone(src)
				clear(cut[len(cut)*share/100:])
				if _, err := tryDecode(cut, n); err == nil {
					t.Errorf("%s at %d/8, zeros from %d%% on: no error", name, n, share)
				}
			}
			for _, tail := range []string{"\x00\x00\x00", "\xff\xd9", "\xff\xd9" + string(make([]byte, 500))} {
				if _, err := tryDecode(append(bytes.Clone(src[:len(src)-2]), tail...), n); err != nil {
					t.Errorf("%s at %d/8 with %d bytes behind it: %v", name, n, len(tail), err)
				}
			}
		}
	}
}

// If a picture has a tail instead of an EOI marker, it is whole when its last scan ends as scans
// do. If the file is cut at an earlier place and filled with the tail, the reader returns an error
// or still the same picture.
func TestTailWithoutEOI(t *testing.T) {
	tails := map[string][]byte{"zeros": make([]byte, 900), "many zeros": make([]byte, 100<<10), "spaces": bytes.Repeat([]byte(" "), 900), "text": bytes.Repeat([]byte("GPS log; "), 100)}
	pictures := smallPictures(t)
	pictures["large"] = picture(t, 640, 480)
	for name, src := range pictures {
		body := src[:len(src)-2]
		for _, n := range []int{8, 2} {
			want, err := tryDecode(src, n)
			if err != nil {
				t.Fatal(name, err)
			}
			for what, tail := range tails {
				got, err := tryDecode(append(bytes.Clone(body), tail...), n)
				if err != nil {
					t.Errorf("%s at %d/8 with %s behind it: %v", name, n, what, err)
				} else if !samePlanes(got, want) {
					t.Errorf("%s at %d/8 with %s behind it is another picture", name, n, what)
				}
				step := 1
				if !long() {
					step = 1 + len(body)/60
				}
				if len(tail) > 10<<10 {
					continue
				}
				for cut := len(body) - 1; cut > 700; cut -= step {
					got, err := tryDecode(append(bytes.Clone(body[:cut]), tail...), n)
					if what[0] != 't' && err == nil && !samePlanes(got, want) {
						t.Errorf("%s at %d/8, cut to %d of %d bytes and filled with %s, decodes to another picture", name, n, cut, len(body), what)
					}
				}
			}
		}
	}
}

func samePlanes(a, b [4][]byte) bool {
	for c := range a {
		if !bytes.Equal(a[c], b[c]) {
			return false
		}
	}
	return true
}

// For a picture that is cut off, the reader returns an error or decodes it completely.
func TestTruncationIsAnErrorOrHarmless(t *testing.T) {
	for name, src := range smallPictures(t) {
		for _, n := range []int{1, 2, 8} {
			whole, err := tryDecode(src, n)
			if err != nil {
				t.Fatal(name, err)
			}
			harmless := 0
			for i := range src {
				if i%11 != 0 && i < len(src)-40 && !long() {
					continue
				}
				got, err := tryDecode(src[:i], n)
				if err != nil {
					var f FormatError
					if !errors.As(err, &f) {
						t.Fatalf("%s cut to %d of %d bytes, %d/8: %v", name, i, len(src), n, err)
					}
					continue
				}
				harmless++
				for c := range got {
					if !bytes.Equal(got[c], whole[c]) {
						t.Fatalf("%s cut to %d of %d bytes, %d/8: decoded, but not to the same picture", name, i, len(src), n)
					}
				}
			}
			// The file may lack the EOI marker, and also a last byte that holds only padding, but
			// almost nothing more.
			if harmless < 2 || harmless > 4 {
				t.Errorf("%s: %d truncations were accepted at %d/8", name, harmless, n)
			}
		}
	}
}

func TestTrailingBytesAreIgnored(t *testing.T) {
	for name, src := range smallPictures(t) {
		whole, err := tryDecode(src, 8)
		if err != nil {
			t.Fatal(name, err)
		}
		for what, tail := range map[string][]byte{
			"zeros":           make([]byte, 5000),
			"another picture": src,
			"markers":         {0xFF, 0xDA, 0xFF, 0xC4, 0xFF, 0xFF, 0xD8, 0xFF},
		} {
			got, err := tryDecode(append(bytes.Clone(src), tail...), 8)
			if err != nil {
				t.Errorf("%s with %s behind it: %v", name, what, err)
			}
			for c := range got {
				if !bytes.Equal(got[c], whole[c]) {
					t.Errorf("%s with %s behind it is another picture", name, what)
				}
			}
		}
	}
}

func TestRestartMarkersAreChecked(t *testing.T) {
	for _, name := range []string{"restarts", "progressive with restarts"} {
		src := smallPictures(t)[name]
		found := 0
		for i := 2; i+1 < len(src); i++ {
			if src[i] != 0xFF || src[i+1] < markerRST0 || src[i+1] > markerRST7 {
				continue
			}
			found++
			wrong := bytes.Clone(src)
			wrong[i+1] = markerRST0 + (src[i+1]-markerRST0+1)&7
			if _, err := tryDecode(wrong, 8); err == nil {
				t.Errorf("%s: restart marker at %d has the wrong number, but no error", name, i)
			}
			if _, err := tryDecode(append(bytes.Clone(src[:i]), src[i+2:]...), 8); err == nil {
				t.Errorf("%s: restart marker at %d is missing, but no error", name, i)
			}
		}
		if found < 3 {
			t.Errorf("%s: %d restart markers only", name, found)
		}
	}
}

func TestUnsupportedProcesses(t *testing.T) {
	small := picture(t, 40, 40)
	lossless := bytes.Clone(small)
	lossless[bytes.Index(small, []byte{0xFF, markerSOF0})+1] = 0xC3
	dnl := bytes.Clone(small)
	copy(dnl[bytes.Index(small, []byte{0xFF, markerSOF0})+5:], []byte{0, 0})
	cases := map[string][]byte{"arithmetic": tool(t, "jpegtran", small, "-arithmetic"), "lossless": lossless, "height by DNL": dnl}
	for _, p := range []string{"testorig12.jpg", "testimgari.jpg", "jpeg_lossless_sel1.jpg"} {
		if _, err := os.Stat(outside.Root()); err == nil {
			cases[p] = readFile(t, filepath.Join(outside.Shared(t, "corpus"), "hostile", p))
		}
	}
	for name, src := range cases {
		_, err := NewReader(src)
		var u UnsupportedError
		if !errors.As(err, &u) {
			t.Errorf("%s: %v, want an UnsupportedError", name, err)
		}
	}
}

// Every hostile file ends in an error or a whole picture, within a second and little memory.
func TestHostileFiles(t *testing.T) {
	dir := filepath.Join(outside.Shared(t, "corpus"), "hostile")
	files := 0
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		src := readFile(t, p)
		for _, n := range []int{1, 3, 8} {
			if n > 1 && e.Name() == "giant-20000x14000-gray.jpg" && !long() {
				continue
			}
			var a, b runtime.MemStats
			runtime.ReadMemStats(&a)
			start := time.Now()
			_, err := discard(context.Background(), src, n)
			took := time.Since(start)
			runtime.ReadMemStats(&b)
			if filepath.Ext(p) == ".jpg" {
				t.Logf("%s at %d/8: %v, %v, %d kB", e.Name(), n, err, took.Round(time.Millisecond), (b.TotalAlloc-a.TotalAlloc)>>10)
			}
			if took > time.Second && n == 1 || took > 10*time.Second {
				t.Errorf("%s at %d/8 took %v", p, n, took)
			}
			if grown := b.TotalAlloc - a.TotalAlloc; grown > 24<<20 {
				t.Errorf("%s at %d/8 allocated %d MB", p, n, grown>>20)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("%d files only", files)
	}
}

// discard decodes and counts samples.
func discard(ctx context.Context, src []byte, n int) (samples int, err error) {
	d, err := NewReader(src)
	if err != nil {
		return 0, err
	}
	err = d.Decode(ctx, [4]int{n, n, n, n}, func(c, y int, rows []byte, stride, count int) error {
		w, _ := d.PlaneSize(c, n)
		samples += w * count
		return nil
	})
	return samples, err
}

// Decode allocates at most PeakBytes, and not much less than that.
func TestPeakBytes(t *testing.T) {
	pictures := smallPictures(t)
	for _, p := range corpusJPEGs(t, "photos") {
		switch filepath.Base(p) {
		case "012mp-bus.jpg", "craft-beer.jpg", "Panasonic_DMC-LC70_Lumix_.jpg", "pizza-cmyk8-usswop.jpg":
			pictures[filepath.Base(p)] = readFile(t, p)
		}
	}
	for name, src := range pictures {
		for _, n := range []int{1, 3, 8} {
			d, err := NewReader(src)
			if err != nil {
				t.Fatal(name, err)
			}
			k := [4]int{n, n, n, n}
			runtime.GC()
			runtime.GC() // twice, so that nothing is left in the pool
			var a, b runtime.MemStats
			runtime.ReadMemStats(&a)
			if err = d.Decode(context.Background(), k, func(c, y int, rows []byte, stride, count int) error { return nil }); err != nil {
				t.Fatal(name, err)
			}
			runtime.ReadMemStats(&b)
			used, said := int64(b.TotalAlloc-a.TotalAlloc), d.PeakBytes(k)
			t.Logf("%s at %d/8: %d kB of %d", name, n, used>>10, said>>10)
			if used > said || used < said/2-(100<<10) {
				t.Errorf("%s at %d/8 allocated %d bytes, PeakBytes is %d", name, n, used, said)
			}
			d.MaxBytes = said - 1
			if err = d.Decode(context.Background(), k, nil); !errors.Is(err, ErrLimit) {
				t.Errorf("%s at %d/8: %v, want ErrLimit", name, n, err)
			}
		}
	}
}

func TestContextAndEmitStopDecoding(t *testing.T) {
	for name, src := range smallPictures(t) {
		ctx, cancel := context.WithCancel(context.Background())
		bands := 0
		d, err := NewReader(src)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Decode(ctx, [4]int{8, 8, 8, 8}, func(c, y int, rows []byte, stride, count int) error {
			bands++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || bands > 3 {
			t.Errorf("%s: %v after %d bands", name, err, bands)
		}
		mine := errors.New("mine")
		err = d.Decode(context.Background(), [4]int{8, 8, 8, 8}, func(c, y int, rows []byte, stride, count int) error { return mine })
		if err != mine {
			t.Errorf("%s: %v, want emit's error", name, err)
		}
	}
}
