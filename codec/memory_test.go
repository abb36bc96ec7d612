package codec

import (
	"context"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

const memoryChild = "MINIATURA_MEMORY_CHILD"

// For each kind of source, the estimate of a picture's memory is close to what its process takes at
// most: a picture that is refused would not have fitted into memory, and a picture that is accepted
// fits. The work is done in child processes.
func TestPeakIsEstimated(t *testing.T) {
	if file := os.Getenv(memoryChild); file != "" {
		resizeInChild(t, file)
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	dir := t.TempDir()
	var files []string
	if list := os.Getenv("MINIATURA_MEMORY_FILES"); list != "" {
		files = filepath.SplitList(list)
	} else {
		files = memorySources(t, dir)
	}
	for _, file := range files {
		for _, size := range []string{"L", "SXS", "all"} {
			for _, format := range []string{"same", "webp"} {
				if size == "all" && (format == "webp" || strings.HasPrefix(filepath.Base(file), "moving")) {
					continue // both formats are made at once
				}
				cmd := exec.Command(os.Args[0], "-test.run=^TestPeakIsEstimated$", "-test.v")
				cmd.Env = append(os.Environ(), memoryChild+"="+file, "MINIATURA_MEMORY_SIZE="+size, "MINIATURA_MEMORY_FORMAT="+format)
				out, err := cmd.CombinedOutput()
				var peak, estimate, source int64
				at := strings.Index(string(out), "peak ")
				if err != nil || at < 0 {
					t.Errorf("%s at %s as %s: %v\n%s", filepath.Base(file), size, format, err, tail(out, 1000))
					continue
				}
				if _, err := fmt.Sscanf(string(out[at:]), "peak %d estimate %d source %d", &peak, &estimate, &source); err != nil {
					t.Fatal(err)
				}
				t.Logf("%-14s %-4s %-4s peak %4d MB, estimate %4d MB, of it %d MB the source", filepath.Base(file), size, format, peak>>20, estimate>>20, source>>20)
				if peak > estimate {
					t.Errorf("%s at %s as %s takes %d MB, %d estimated", filepath.Base(file), size, format, peak>>20, estimate>>20)
				}
			}
		}
	}
}

// resizeInChild prints the memory that this process took for one picture.
func resizeInChild(t *testing.T, file string) {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("MINIATURA_MEMORY_SIZE") == "all" {
		makeAllInChild(t, src)
		return
	}
	fit := fitter(t, os.Getenv("MINIATURA_MEMORY_SIZE"))
	opt := Options{Format: formatOf(os.Getenv("MINIATURA_MEMORY_FORMAT") == "webp"), Memory: 4 << 30}
	opened, target, _, err := prepare(src, fit, &opt)
	if err != nil {
		t.Fatal(err)
	}
	estimate := peak(opened, target, len(src))
	opened, target = nil, nil
	debug.FreeOSMemory()
	if _, _, err := Resize(context.Background(), src, fit, opt); err != nil {
		t.Fatal(err)
	}
	took, err := peakRSS()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("peak %d estimate %d source %d\n", took, estimate, len(src))
}

// makeAllInChild prints the memory that this process took for all sixteen results of one picture,
// which is decoded once.
func makeAllInChild(t *testing.T, src []byte) {
	f, opened, h, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	jobs := sixteen(4 << 30)
	var ts, distinct []*target
	for i := range jobs {
		target, err := plan(f, opened, &h, len(src), jobs[i].Fit, &jobs[i].Options, new(Info))
		if err != nil {
			t.Fatal(err)
		}
		if ts = append(ts, target); !target.decodesWith(ts[0]) {
			t.Fatal("not together")
		}
		distinct, _ = target.sharePicture(distinct)
	}
	estimate := peakAll(opened, ts, distinct, len(src))
	opened, ts, distinct = nil, nil, nil
	debug.FreeOSMemory()
	set := NewSet(src, jobs)
	for i := range jobs {
		if _, _, err := set.Resize(context.Background(), i); err != nil {
			t.Fatal(err)
		}
	}
	took, err := peakRSS()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("peak %d estimate %d source %d\n", took, estimate, len(src))
}

// memorySources writes one picture of each kind, made by other code than the code under test.
func memorySources(t *testing.T, dir string) (files []string) {
	t.Helper()
	const w, h = 3000, 2000
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	gray := image.NewPaletted(m.Rect, color.Palette{color.White, color.Black, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}})
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * y >> 8), uint8(x + y), uint8(x ^ y), 255})
			gray.SetColorIndex(x, y, uint8((x/90+y/70)%4))
		}
	}
	put := func(name string, write func(f *os.File) error) {
		name = filepath.Join(dir, name)
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	put("a.jpg", func(f *os.File) error { return stdjpeg.Encode(f, m, nil) })
	put("a.png", func(f *os.File) error { return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, m) })
	put("palette.png", func(f *os.File) error { return png.Encode(f, gray) })
	put("a.bmp", func(f *os.File) error { _, err := f.Write(bitmap24(m)); return err })
	put("a.gif", func(f *os.File) error { _, err := f.Write(stillGIF(t, gray)); return err })
	put("moving.gif", func(f *os.File) error { _, err := f.Write(movingGIF(t, gray)); return err })
	return files
}
