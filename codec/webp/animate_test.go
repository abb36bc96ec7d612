package webp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"miniatura/internal/outside"
)

// pillow plays a WebP with Pillow, which has libwebp's animation decoder compose it: straight RGBA,
// delays, and the loop count.
func pillow(t testing.TB, file []byte) (frames []*image.NRGBA, delays []time.Duration, loop int) {
	t.Helper()
	const script = `
import sys, io, json
from PIL import Image
m = Image.open(io.BytesIO(sys.stdin.buffer.read()))
n = getattr(m, "n_frames", 1)
pix, delays = [], []
for i in range(n):
    m.seek(i)
    f = m.convert("RGBA")
    pix.append(f.tobytes())
    delays.append(m.info.get("duration", 0))
head = json.dumps({"w": m.size[0], "h": m.size[1], "delays": delays, "loop": m.info.get("loop", 0)})
sys.stdout.buffer.write(head.encode() + b"\n" + b"".join(pix))`
	line, pix, _ := bytes.Cut(outside.Python(t, script, file), []byte("\n"))
	var head struct {
		W, H   int
		Delays []float64
		Loop   int
	}
	if err := json.Unmarshal(line, &head); err != nil {
		t.Fatal(err)
	}
	n := 4 * head.W * head.H
	for _, d := range head.Delays {
		frames = append(frames, &image.NRGBA{Pix: pix[:n:n], Stride: 4 * head.W, Rect: image.Rect(0, 0, head.W, head.H)})
		delays = append(delays, time.Duration(d)*time.Millisecond)
		pix = pix[n:]
	}
	return frames, delays, head.Loop
}

// play returns copies of all composed frames.
func play(t testing.TB, file []byte) (frames []*image.NRGBA, delays []time.Duration, f *Reader) {
	t.Helper()
	f, err := NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlayer(f)
	for {
		m, d, err := p.Next(context.Background())
		if err == io.EOF {
			return frames, delays, f
		}
		if err != nil {
			t.Fatal(err)
		}
		c := *m
		c.Pix = bytes.Clone(m.Pix)
		frames, delays = append(frames, &c), append(delays, d)
	}
}

type animation struct {
	path string
	src  []byte
}

// animations reads the animations of the corpus.
func animations(t *testing.T) (all []animation) {
	t.Helper()
	for _, path := range outside.Files(t, ".webp", "corpus/webp") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := NewReader(src); err == nil && r.Animated {
			all = append(all, animation{path, src})
		}
	}
	return all
}

// TestAnimationsAreComposedAsLibwebpDoes plays the corpus' animations.
func TestAnimationsAreComposedAsLibwebpDoes(t *testing.T) {
	n := 0
	for _, a := range animations(t) {
		path, src := a.path, a.src
		n++
		name := filepath.Base(path)
		want, delays, loop := pillow(t, src)
		got, d, f := play(t, src)
		if len(got) != len(want) || f.Plays != loop {
			t.Errorf("%s: %d frames, loop %d; want %d, %d", name, len(got), f.Plays, len(want), loop)
			continue
		}
		for i := range want {
			samePixels(t, fmt.Sprintf("%s frame %d", name, i), got[i], want[i], false)
			if d[i] != delays[i] {
				t.Errorf("%s frame %d: %v, want %v", name, i, d[i], delays[i])
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d animations", n)
	}
}

// moving draws n canvases with figures that appear, move and disappear; some are half transparent.
func moving(w, h, n int, seed uint64) []*image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 9))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	if seed%2 == 0 {
		draw.Draw(m, m.Rect, image.NewUniform(color.NRGBA{30, 90, 160, 255}), image.Point{}, draw.Src)
	}
	var list []*image.NRGBA
	for i := range n {
		if i%4 != 2 { // else a frame like the one before
			x, y := r.IntN(w), r.IntN(h)
			rect := image.Rect(x, y, x+1+r.IntN(w), y+1+r.IntN(h)).Intersect(m.Rect)
			alpha := []byte{255, 255, 0, byte(r.IntN(256))}[r.IntN(4)]
			for y := rect.Min.Y; y < rect.Max.Y; y++ {
				for x := rect.Min.X; x < rect.Max.X; x++ {
					m.SetNRGBA(x, y, color.NRGBA{byte(x * 7), byte(y*5 + i), byte(i * 40), alpha})
				}
			}
		}
		c := *m
		c.Pix = bytes.Clone(m.Pix)
		list = append(list, &c)
	}
	return list
}

func writeAnimation(t testing.TB, frames []*image.NRGBA, plays int, o *Options) []byte {
	t.Helper()
	a, err := NewAnimationWriter(frames[0].Rect.Dx(), frames[0].Rect.Dy(), plays, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range frames {
		if err := a.Add(m, time.Duration(10*i+3)*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	file, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAnimationPlaysAsGiven writes canvases without loss, and plays the file with this package and
// with libwebp. Pixels, delays and the loop count must be equal.
func TestAnimationPlaysAsGiven(t *testing.T) {
	for seed := range uint64(8) {
		frames := moving(31+int(seed), 24, 2+int(seed), seed)
		file := writeAnimation(t, frames, int(seed), &Options{Lossless: true})
		got, delays, f := play(t, file)
		want, wantDelays, loop := pillow(t, file)
		if len(got) != len(frames) || len(want) != len(frames) || f.Plays != int(seed) || loop != int(seed) {
			t.Fatalf("seed %d: %d and %d frames of %d, loop %d and %d", seed, len(got), len(want), len(frames), f.Plays, loop)
		}
		for i := range frames {
			samePixels(t, fmt.Sprintf("seed %d frame %d", seed, i), got[i], frames[i], false)
			samePixels(t, fmt.Sprintf("seed %d frame %d in Pillow", seed, i), want[i], frames[i], false)
			if d := time.Duration(10*i+3) * time.Millisecond; delays[i] != d || wantDelays[i] != d {
				t.Errorf("seed %d frame %d: %v and %v, want %v", seed, i, delays[i], wantDelays[i], d)
			}
		}
	}
}

// TestLossyAnimationKeepsAlphaAndColors writes photo frames with a moving hole.
func TestLossyAnimationKeepsAlphaAndColors(t *testing.T) {
	photo := readPNG(t, "flower_small.rgba.png")
	for i := 3; i < len(photo.Pix); i += 4 {
		photo.Pix[i] = 255
	}
	var frames []*image.NRGBA
	for i := range 4 {
		m := image.NewNRGBA(image.Rect(0, 0, 120, 90))
		draw.Draw(m, m.Rect, photo, image.Pt(100, 100), draw.Src)
		if i > 0 {
			draw.Draw(m, image.Rect(10*i+1, 20, 10*i+40, 61), photo, image.Pt(30*i, 200), draw.Src)
		}
		if i == 2 {
			draw.Draw(m, image.Rect(70, 50, 90, 70), image.Transparent, image.Point{}, draw.Src)
		}
		frames = append(frames, m)
	}
	file := writeAnimation(t, frames, 0, &Options{Quality: 90})
	want, _, _ := pillow(t, file)
	got, _, _ := play(t, file)
	for i := range frames {
		sameAlpha(t, fmt.Sprintf("frame %d", i), got[i], frames[i])
		samePixels(t, fmt.Sprintf("frame %d", i), got[i], want[i], false)
		if v := psnr(frames[i], got[i]); v < 33 {
			t.Errorf("frame %d: %.1f dB", i, v)
		}
	}
	if still := writeAnimation(t, frames[:1], 0, &Options{Quality: 90}); len(file) > 3*len(still) {
		t.Errorf("%d bytes for four frames that share most of a picture of %d", len(file), len(still))
	}
}

// TestHolesKeepTranslucentPixels changes single pixels of a translucent picture to opaque ones. The
// frames have single pixels as holes, since the blocks of 8x8 that change are not opaque.
func TestHolesKeepTranslucentPixels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []byte{100, 50, 20, 128})
	}
	frames := []*image.NRGBA{m}
	for range 2 {
		next := *m
		next.Pix = bytes.Clone(m.Pix)
		for i := 0; i < len(next.Pix); i += 4 {
			if r.IntN(2) == 0 {
				v := byte(255 * r.IntN(2))
				copy(next.Pix[i:], []byte{v, v, v, 255})
			}
		}
		m = &next
		frames = append(frames, m)
	}
	got, _, f := play(t, writeAnimation(t, frames, 0, nil))
	for i := range frames {
		if !f.Frames[i].Lossless || f.Frames[i].Blend != (i > 0) {
			t.Errorf("frame %d: VP8L %v, blended %v", i, f.Frames[i].Lossless, f.Frames[i].Blend)
		}
		samePixels(t, fmt.Sprintf("frame %d", i), got[i], frames[i], true)
	}
}

// TestOneFrameIsAStill writes animations of a single frame and of none.
func TestOneFrameIsAStill(t *testing.T) {
	m := moving(20, 20, 1, 1)
	file := writeAnimation(t, m, 0, &Options{Lossless: true, ICC: []byte("profile")})
	f, err := NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Animated || len(f.Frames) != 1 || string(f.ICC) != "profile" {
		t.Errorf("animated %v, %d frames, ICC %q", f.Animated, len(f.Frames), f.ICC)
	}
	a, err := NewAnimationWriter(3, 3, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Bytes(); err == nil {
		t.Error("an animation without frames")
	}
	if err := a.Add(image.NewNRGBA(image.Rect(0, 0, 3, 4)), 0); err == nil {
		t.Error("a frame of another size")
	}
	if _, err := NewAnimationWriter(16384, 3, 0, nil); err == nil {
		t.Error("16384 wide")
	}
}

// TestAnimationsRewritten plays the corpus' animations and writes them at quality 80. It prints the
// sizes before and after, and bounds them.
func TestAnimationsRewritten(t *testing.T) {
	for _, a := range animations(t) {
		path, src := a.path, a.src
		frames, _, f := play(t, src)
		t0 := time.Now()
		file := writeAnimation(t, frames, f.Plays, &Options{Quality: 80})
		d := time.Since(t0)
		got, _, g := play(t, file)
		if len(got) != len(frames) || g.Plays != f.Plays {
			t.Errorf("%s: %d frames, loop %d", path, len(got), g.Plays)
		}
		lossless := 0
		for _, fr := range g.Frames {
			if fr.Lossless {
				lossless++
			}
		}
		worst := 99.0
		for i := range got {
			worst = min(worst, psnr(frames[i], got[i]))
		}
		t.Logf("%-44s %3d frames (%d lossless) %7d -> %7d, at least %.1f dB, %v", filepath.Base(path), len(frames), lossless, len(src), len(file), worst, d)
		if worst < 28 {
			t.Errorf("%s: %.1f dB", path, worst)
		}
	}
}

// FuzzAnimation writes a few frames of any pixels without loss and plays them.
func FuzzAnimation(f *testing.F) {
	f.Add([]byte("a few bytes of pixels, and some more"), uint8(3), uint8(2), true)
	f.Fuzz(func(t *testing.T, b []byte, width, frames uint8, lossless bool) {
		w, n := int(width)%40+1, int(frames)%5+1
		h := min(len(b)/(w*n), 40)
		if h == 0 {
			return
		}
		var given []*image.NRGBA
		for i := range n {
			m := image.NewNRGBA(image.Rect(0, 0, w, h))
			for k, v := range b[i*w*h:][:w*h] {
				copy(m.Pix[4*k:], []byte{v, v >> 3, v << 4, byte(255 * min(int(v&3), 1))})
				if v&12 == 12 {
					m.Pix[4*k+3] = v
				}
			}
			given = append(given, m)
		}
		got, _, _ := play(t, writeAnimation(t, given, 0, &Options{Quality: 60, Lossless: lossless}))
		if len(got) != n {
			t.Fatalf("%d frames, want %d", len(got), n)
		}
		for i := range got {
			if lossless {
				samePixels(t, fmt.Sprint("frame ", i), got[i], given[i], false)
			} else {
				sameAlpha(t, fmt.Sprint("frame ", i), got[i], given[i])
			}
		}
	})
}
