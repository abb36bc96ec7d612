package gif

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	stdgif "image/gif"
	_ "image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// movingFigure draws n canvases of a moving figure over a ground that appears, disappears and gets
// holes.
func movingFigure(w, h, n, colors int, seed uint64) []*image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 5))
	var list []*image.NRGBA
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range n {
		for range 1 + r.IntN(4) {
			x, y := r.IntN(w), r.IntN(h)
			rect := image.Rect(x, y, x+1+r.IntN(w), y+1+r.IntN(h))
			c := color.NRGBA{byte(r.IntN(colors) * 255 / colors), byte(40 * r.IntN(3)), 77, 255}
			if r.IntN(4) == 0 {
				c = color.NRGBA{}
			}
			draw.Draw(m, rect, image.NewUniform(c), image.Point{}, draw.Src)
		}
		if i%5 == 3 {
			continue // a frame like the one before
		}
		list = append(list, clone(m))
	}
	for len(list) < n {
		list = append(list, clone(list[len(list)-1]))
	}
	return list
}

// write writes frames, the first without a delay and each 20 ms longer than the one before.
func write(t testing.TB, frames []*image.NRGBA, plays int) []byte {
	t.Helper()
	delays := make([]time.Duration, len(frames))
	for i := range delays {
		delays[i] = time.Duration(i) * 20 * time.Millisecond
	}
	return rewrite(t, frames[0].Rect.Dx(), frames[0].Rect.Dy(), plays, frames, delays)
}

// rewrite writes frames of width x height pixels without loss.
func rewrite(t testing.TB, width, height, plays int, frames []*image.NRGBA, delays []time.Duration) []byte {
	t.Helper()
	w, err := NewAnimationWriter(width, height, plays, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range frames {
		if err := w.Add(m, delays[i]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAnimationPlaysAsGiven writes canvases with few colors, and plays the file with this reader
// and with ImageMagick. Pixels, delays and the loop count must be equal.
func TestAnimationPlaysAsGiven(t *testing.T) {
	for seed := range uint64(12) {
		frames := movingFigure(20+int(seed)*3, 17, 2+int(seed), 8, seed)
		plays := int(seed) % 4
		file := write(t, frames, plays)
		got, delays, r := play(t, file)
		if len(got) != len(frames) || r.Plays != plays {
			t.Fatalf("%d frames that play %d times, want %d and %d", len(got), r.Plays, len(frames), plays)
		}
		for i := range frames {
			if s := difference(got[i], frames[i]); s != "" {
				t.Fatalf("seed %d, frame %d: %s", seed, i, s)
			}
			if want := time.Duration(i) * 20 * time.Millisecond; delays[i] != want {
				t.Errorf("seed %d, frame %d: %v, want %v", seed, i, delays[i], want)
			}
		}
		std, err := stdgif.DecodeAll(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: -1, false: max(plays-1, 0)}[plays == 1]; std.LoopCount != want {
			t.Errorf("image/gif reads a loop count of %d, want %d", std.LoopCount, want)
		}
	}
	frames := movingFigure(40, 30, 9, 5, 99)
	for i, m := range magick(t, write(t, frames, 0)) {
		if s := difference(m, frames[i]); s != "" {
			t.Fatalf("ImageMagick, frame %d: %s", i, s)
		}
	}
}

// TestStillKeepsItsColors writes pictures with every number of colors that is exact.
func TestStillKeepsItsColors(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 16, 17, 128, 255, 256} {
		for _, hole := range []bool{false, true} {
			m := image.NewNRGBA(image.Rect(0, 0, 64, 33))
			for i := 0; i < len(m.Pix); i += 4 {
				k := (i / 4 * 7) % n
				if hole && n < 256 && i%11 == 0 {
					continue
				}
				copy(m.Pix[i:], []byte{byte(k), byte(k * 3), byte(200 - k), 255})
			}
			file, err := Append([]byte("x"), m, nil)
			if err != nil {
				t.Fatal(err)
			}
			file = file[1:]
			got, _, _ := play(t, file)
			if s := difference(got[0], m); s != "" {
				t.Fatalf("%d colors, transparency %v: %s", n, hole, s)
			}
			std, err := stdgif.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if p := std.(*image.Paletted).Palette; len(p) > 2*max(n, 1)+2 {
				t.Errorf("%d colors in a table of %d", n, len(p))
			}
			if bytes.Contains(file, []byte("NETSCAPE")) {
				t.Error("a still with a loop count")
			}
		}
	}
}

// TestLZWRoundTrip packs indices of many kinds and unpacks them.
func TestLZWRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p, u := new(packer), new(unpacker)
	for size := uint(2); size <= 8; size++ {
		for _, n := range []int{1, 2, 3, 250, 4095, 4096, 5000, 100_000} {
			for kind := range 4 {
				in := make([]byte, n)
				for i := range in {
					switch kind {
					case 1:
						in[i] = byte(r.IntN(1 << size))
					case 2:
						in[i] = byte(i/50) & (1<<size - 1)
					case 3:
						in[i] = byte(r.IntN(1<<size)) & byte(i>>13&1*255)
					}
				}
				out := make([]byte, n)
				packed := p.pack(nil, plain(in), 0, size)
				if n, err := u.unpack(out, packed, size); err != nil || n != len(out) {
					t.Fatalf("size %d, %d indices, kind %d: %v", size, n, kind, err)
				}
				if !bytes.Equal(in, out) {
					t.Fatalf("size %d, %d indices, kind %d: other indices", size, n, kind)
				}
				if end, err := skipBlocks(packed, 0); err != nil || end != len(packed) {
					t.Fatalf("size %d, %d indices, kind %d: %v, %d bytes behind the terminator", size, n, kind, err, len(packed)-end)
				}
			}
		}
	}
}

func readPNG(t testing.TB, name string) *image.NRGBA {
	t.Helper()
	f, err := os.Open(filepath.Join(shared(t, "png"), name))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	d := image.NewNRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(d, d.Rect, m, m.Bounds().Min, draw.Src)
	return d
}

func mse(a, b *image.NRGBA) float64 {
	s := 0.0
	for i := range a.Pix {
		if i%4 != 3 {
			d := float64(a.Pix[i]) - float64(b.Pix[i])
			s += d * d
		}
	}
	return s / float64(len(a.Pix)/4*3)
}

// TestQuantizerBesidePillow compares the error of 256 colors with that of Pillow's median cut
// followed by k-means.
func TestQuantizerBesidePillow(t *testing.T) {
	for i, name := range []string{"kodim03.png", "kodim23.png", "kodim19.png"} {
		if i > 0 && os.Getenv("MINIATURA_LONG") == "" {
			break
		}
		m := readPNG(t, name)
		file, err := Append(nil, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := play(t, file)
		own := mse(m, got[0])
		cmd := exec.Command("/usr/bin/python3", "-c", `
import sys
from PIL import Image, ImageChops, ImageStat
m = Image.open(sys.argv[1]).convert("RGB")
q = m.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE).convert("RGB")
s = ImageStat.Stat(ImageChops.difference(m, q))
print(sum(s.sum2) / 3 / m.size[0] / m.size[1])`, filepath.Join(shared(t, "png"), name))
		out, err := cmd.Output()
		if err != nil {
			t.Skip("Pillow: ", err)
		}
		var ref float64
		if _, err := fmt.Sscan(strings.TrimSpace(string(out)), &ref); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: squared error %.2f (%.1f dB), Pillow's median cut and k-means %.2f; %d bytes", name, own, 10*math.Log10(255*255/own), ref, len(file))
		if own > 1.02*ref {
			t.Errorf("%s: squared error %.2f, Pillow reaches %.2f", name, own, ref)
		}
	}
}

// TestCorpusRewritten plays each GIF of the corpus, writes its canvases as a new file, and plays
// that file. A source has at most 256 colors a frame, so the canvases must be the same, and the new
// file must not be much larger.
func TestCorpusRewritten(t *testing.T) {
	var before, after int
	for _, path := range outside.Files(t, ".gif", "corpus/gif") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := NewReader(src); err != nil || os.Getenv("MINIATURA_LONG") == "" && r.Width*r.Height*r.Frames > 1_000_000 {
			continue
		}
		frames, delays, r := play(t, src)
		t0 := time.Now()
		file := rewrite(t, r.Width, r.Height, r.Plays, frames, delays)
		d := time.Since(t0)
		again, delays2, r2 := play(t, file)
		if len(again) != len(frames) || r2.Plays != r.Plays && len(frames) > 1 {
			t.Fatalf("%s: %d frames that play %d times, want %d and %d", path, len(again), r2.Plays, len(frames), r.Plays)
		}
		worst := 0.0
		for i := range frames {
			// Several frames of a file together may show over 256 colors at once; a canvas that is
			// drawn again then has only 255.
			worst = max(worst, mse(again[i], frames[i]))
			if delays[i] != delays2[i] {
				t.Errorf("%s frame %d: %v, want %v", path, i, delays2[i], delays[i])
			}
		}
		if worst > 1 {
			t.Errorf("%s: squared error %.2f", path, worst)
		}
		if strings.Contains(path, "conformance") {
			continue
		}
		before, after = before+len(src), after+len(file)
		t.Logf("%-42s %7d -> %7d  %.3f  error %.3f  %v", filepath.Base(path), len(src), len(file), float64(len(file))/float64(len(src)), worst, d)
	}
	t.Logf("all: %d -> %d, %.3f", before, after, float64(after)/float64(before))
}

// TestSameFramesSameBytes writes twice.
func TestSameFramesSameBytes(t *testing.T) {
	frames := movingFigure(50, 40, 6, 200, 3)
	if !bytes.Equal(write(t, frames, 0), write(t, frames, 0)) {
		t.Error("other bytes the second time")
	}
}

// TestLimits writes pictures that GIF cannot hold.
func TestLimits(t *testing.T) {
	for _, s := range []image.Point{{0, 1}, {1, 0}, {65536, 1}, {1, 65536}} {
		if _, err := NewAnimationWriter(s.X, s.Y, 0, nil); err == nil {
			t.Errorf("%v accepted", s)
		}
	}
	w, err := NewAnimationWriter(3, 3, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Bytes(); err == nil {
		t.Error("an animation without frames")
	}
	if err := w.Add(image.NewNRGBA(image.Rect(0, 0, 3, 4)), 0); err == nil {
		t.Error("a frame of another size")
	}
}

// TestToleranceIsSpentAndKept writes a picture of 200 noisy grays. With a tolerance, the file has
// fewer bytes, and the error is not above the tolerance.
func TestToleranceIsSpentAndKept(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	m := image.NewNRGBA(image.Rect(0, 0, 200, 150))
	for i := 0; i < len(m.Pix); i += 4 {
		v := byte(28 + r.IntN(200))
		copy(m.Pix[i:], []byte{v, v, v, 255})
	}
	exact, err := Append(nil, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := play(t, exact); mse(got[0], m) != 0 {
		t.Error("200 colors are not exact")
	}
	for _, tolerance := range []float64{0.5, 1, 4} {
		w, err := NewAnimationWriter(200, 150, 1, &Options{Tolerance: tolerance})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Add(m, 0); err != nil {
			t.Fatal(err)
		}
		file, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := play(t, file)
		if e := mse(got[0], m); e > tolerance+1.0/12 || e < tolerance/8 { // means are rounded
			t.Errorf("tolerance %v: squared error %.2f", tolerance, e)
		}
		if len(file) >= len(exact)*9/10 {
			t.Errorf("tolerance %v: %d bytes, %d exact", tolerance, len(file), len(exact))
		}
	}
}

// FuzzWriter writes a few frames of any pixels and plays them. It gets the same number of frames,
// with the same alpha, and the same pixels where there are few colors.
func FuzzWriter(f *testing.F) {
	f.Add([]byte("a few bytes of pixels, and some more"), uint8(3), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, width, frames uint8) {
		w, n := int(width)%40+1, int(frames)%5+1
		h := min(len(b)/(w*n), 40)
		if h == 0 {
			return
		}
		g, err := NewAnimationWriter(w, h, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		var given []*image.NRGBA
		for i := range n {
			m := image.NewNRGBA(image.Rect(0, 0, w, h))
			for k, v := range b[i*w*h:][:w*h] {
				if v&1 == 0 {
					copy(m.Pix[4*k:], []byte{v, v >> 3, v << 4, 255})
				}
			}
			given = append(given, m)
			if err := g.Add(m, time.Duration(v(b, i))*10*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		file, err := g.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := play(t, file)
		if len(got) != n {
			t.Fatalf("%d frames, want %d", len(got), n)
		}
		for i := range got {
			if s := difference(got[i], given[i]); s != "" {
				t.Fatalf("frame %d: %s", i, s)
			}
		}
	})
}

func v(b []byte, i int) byte { return b[i%len(b)] }

// plain returns indices as pixels that can be written in only one way.
func plain(indices []byte) []pixel {
	list := make([]pixel, len(indices))
	for i, v := range indices {
		list[i] = pixel(v)
	}
	return list
}

// TestGlobalTableKeepsItsLastColor has a second frame whose colors do not fit into the global
// table, but are near all of its colors except the last, which only the first frame has.
func TestGlobalTableKeepsItsLastColor(t *testing.T) {
	first := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	second := image.NewNRGBA(first.Rect)
	for i := range 32 * 32 {
		k := uint8(i)
		first.SetNRGBA(i%32, i/32, color.NRGBA{k, k, k, 255})
		k = (k + 128) % 255
		second.SetNRGBA(i%32, i/32, color.NRGBA{k, k, k + uint8(i>>8&1), 255})
	}
	w, err := NewAnimationWriter(32, 32, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*image.NRGBA{first, second} {
		if err := w.Add(m, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	shown, _, err := r.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shown.Pix, first.Pix) {
		t.Errorf("the first frame is changed: pixel 255 is %v, want %v", shown.Pix[4*255:][:4], first.Pix[4*255:][:4])
	}
}
