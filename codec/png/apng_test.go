package png

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/codec/internal/limit"
	"miniatura/internal/outside"
)

// pillowPlays returns an animation as Pillow composes it: straight RGBA, without the default image
// if it is no frame, the delays, and how often the animation runs. With made, Pillow itself first
// writes the file that is played, by the script's own frames. It draws translucent pixels over
// others wrongly (their alphas are mixed), so that there are none; TestDrawOverIsItsDefinition has
// them.
func pillowPlays(t testing.TB, file []byte, made bool) (frames [][]byte, delays []float64, plays int, src []byte) {
	t.Helper()
	const script = `
import sys, io, json
from PIL import Image, ImageDraw
src = sys.stdin.buffer.read()
if sys.argv[1] == "made":
    size, frames = (61, 47), []
    for i in range(12):
        f = Image.new("RGBA", size, (0, 0, 0, 0) if i else (30, 60, 90, 200))
        d = ImageDraw.Draw(f)
        d.ellipse((4 * i, 3 * i, 4 * i + 20, 3 * i + 15), fill=(20 * i, 255 - 20 * i, 77, 255 if i % 2 else 128 - 10 * i))
        d.rectangle((50 - 4 * i, 2 * i, 58 - 4 * i, 2 * i + 9), fill=(200, 10 * i, 0, 255))
        frames.append(f)
    b = io.BytesIO()
    frames[0].save(b, "PNG", save_all=True, append_images=frames[1:], loop=3, duration=[40 + 10 * i for i in range(12)],
                   disposal=[i // 2 % 3 for i in range(12)], blend=[i % 2 for i in range(12)])
    src = b.getvalue()
m = Image.open(io.BytesIO(src))
pix, delays = [], []
for i in range(1 if m.default_image else 0, m.n_frames):
    m.seek(i)
    delays.append(m.info.get("duration", 0))
    pix.append(m.convert("RGBA").tobytes())
head = json.dumps({"n": len(pix), "delays": delays, "plays": m.info.get("loop", 0), "src": len(src)})
sys.stdout.buffer.write(head.encode() + b"\n" + src + b"".join(pix))`
	arg := "given"
	if made {
		arg = "made"
	}
	line, rest, _ := bytes.Cut(outside.Python(t, script, file, arg), []byte("\n"))
	var head struct {
		N, Plays, Src int
		Delays        []float64
	}
	if err := json.Unmarshal(line, &head); err != nil {
		t.Fatal(err)
	}
	src, rest = rest[:head.Src], rest[head.Src:]
	for range head.N {
		n := len(rest) / (head.N - len(frames))
		frames, rest = append(frames, rest[:n]), rest[n:]
	}
	return frames, head.Delays, head.Plays, src
}

// playAll returns copies of all canvases.
func playAll(src []byte) (frames []*image.NRGBA, delays []time.Duration, plays int, err error) {
	r, err := NewReader(src)
	if err != nil {
		return nil, nil, 0, err
	}
	p, err := NewPlayer(r)
	if err != nil {
		return nil, nil, 0, err
	}
	for {
		m, d, err := p.Next(context.Background())
		if err == io.EOF {
			return frames, delays, p.Plays, nil
		}
		if err != nil {
			return frames, delays, p.Plays, err
		}
		c := *m
		c.Pix = bytes.Clone(m.Pix)
		frames, delays = append(frames, &c), append(delays, d)
	}
}

// samePlay compares what this package plays of src with frames, delays in milliseconds, and plays.
func samePlay(t *testing.T, name string, src []byte, want [][]byte, delays []float64, plays int) {
	t.Helper()
	got, d, n, err := playAll(src)
	if err != nil || len(got) != len(want) || n != plays {
		t.Fatalf("%s: %d frames that play %d times, want %d and %d: %v", name, len(got), n, len(want), plays, err)
	}
	for i := range want {
		if ms := float64(d[i]) / 1e6; ms < delays[i]-1e-3 || ms > delays[i]+1e-3 {
			t.Errorf("%s, frame %d: %v, want %v ms", name, i, d[i], delays[i])
		}
		for k := 0; k < len(want[i]); k += 4 {
			p, q := got[i].Pix[k:k+4], want[i][k:k+4]
			if (p[3] != 0 || q[3] != 0) && !bytes.Equal(p, q) {
				t.Fatalf("%s, frame %d, pixel %d: %v, want %v", name, i, k/4, p, q)
			}
		}
	}
}

func TestAnimationsPlayAsInPillow(t *testing.T) {
	n := 0
	for _, path := range outside.Files(t, ".png", "corpus/png") {
		if !strings.HasPrefix(filepath.Base(path), "apng-") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, delays, plays, _ := pillowPlays(t, src, false)
		samePlay(t, filepath.Base(path), src, want, delays, plays)
		n++
	}
	if n < 2 {
		t.Errorf("%d animations", n)
	}
	want, delays, plays, src := pillowPlays(t, nil, true)
	samePlay(t, "every disposal and blending", src, want, delays, plays)
}

// drawn returns n canvases with figures that appear, move and disappear: of kind 0 half
// transparent, 1 opaque, 2 opaque and gray, 3 gray and cleared later, 4 of few colors.
func drawn(w, h, n, kind int) []*image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(kind), 8))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(m.Pix) && (kind == 1 || kind == 2); i += 4 {
		copy(m.Pix[i:], []byte{90, 90, 90, 255})
	}
	var list []*image.NRGBA
	for i := range n {
		x0, y0 := r.IntN(w), r.IntN(h)
		rect := image.Rect(x0, y0, x0+1+r.IntN(w), y0+1+r.IntN(h)).Intersect(m.Rect)
		clear := kind != 1 && kind != 2 && r.IntN(3) == 0
		for y := rect.Min.Y; y < rect.Max.Y && i%4 != 2; y++ {
			for x := rect.Min.X; x < rect.Max.X; x++ {
				c := color.NRGBA{byte(x * 7), byte(y*5 + i), byte(i * 40), 255}
				switch kind {
				case 0:
					c.A = byte(80 + r.IntN(3)*60)
				case 2, 3:
					c.G, c.B = c.R, c.R
				case 4:
					c.R, c.G = byte(i%3*100), byte(x/9*20)
					c.B = 7
				}
				if clear {
					c = color.NRGBA{}
				}
				m.SetNRGBA(x, y, c)
			}
		}
		c := *m
		c.Pix = bytes.Clone(m.Pix)
		list = append(list, &c)
	}
	return list
}

// TestAnimationPlaysAsGiven writes canvases, and plays the file with Pillow and with this package.
// Pixels, delays and the number of plays are equal, and the header has no channels that the
// canvases do not need.
func TestAnimationPlaysAsGiven(t *testing.T) {
	for kind, colorType := range []byte{ctRGBA, ctRGB, ctGray, ctPalette, ctPalette} {
		canvases := drawn(41, 33, 9, kind)
		a, err := NewAnimationWriter(41, 33, kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		var delays []float64
		for i, m := range canvases {
			d := []time.Duration{70 * time.Millisecond, time.Second / 30, 0, 5 * time.Second, 1001 * time.Second / 30000}[i%5]
			delays = append(delays, float64(d)/1e6)
			if err := a.Add(m, d); err != nil {
				t.Fatal(err)
			}
		}
		file, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if got := file[25]; got != colorType && !(got == ctPalette && kind != 0 && kind != 1) {
			t.Errorf("kind %d: color type %d, want %d", kind, got, colorType)
		}
		var want [][]byte
		for _, m := range canvases {
			want = append(want, m.Pix)
		}
		samePlay(t, "here", file, want, delays, kind)
		frames, _, plays, _ := pillowPlays(t, file, false)
		if len(frames) != len(want) || plays != kind {
			t.Fatalf("kind %d: Pillow finds %d frames that play %d times", kind, len(frames), plays)
		}
		for i := range want {
			for k := 0; k < len(want[i]); k += 4 {
				if p, q := frames[i][k:k+4], want[i][k:k+4]; (p[3] != 0 || q[3] != 0) && !bytes.Equal(p, q) {
					t.Fatalf("kind %d, frame %d, pixel %d in Pillow: %v, want %v", kind, i, k/4, p, q)
				}
			}
		}
	}
}

// TestDrawOverIsItsDefinition compares drawOver with the formula of the specification's section
// 13.16 in floating point.
func TestDrawOverIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		var s, d, got [4]byte
		for c := range 4 {
			s[c], d[c] = byte(r.IntN(256)), byte(r.IntN(256))
		}
		if k := r.IntN(9); k < 2 {
			s[3] = byte(255 * k)
		} else if k < 4 {
			d[3] = byte(255 * (k - 2))
		}
		got = d
		drawOver(got[:], s[:])
		as, ad := float64(s[3])/255, float64(d[3])/255
		a := as + ad*(1-as)
		if e := float64(got[3]) - 255*a; e > 0.51 || e < -0.51 {
			t.Fatalf("%v over %v: %v, alpha %.2f", s, d, got, 255*a)
		}
		for c := range 3 {
			want := (float64(s[c])*as + float64(d[c])*ad*(1-as)) / a
			if e := float64(got[c]) - want; a > 0 && (e > 0.51 || e < -0.51) {
				t.Fatalf("%v over %v: %v, channel %d %.2f", s, d, got, c, want)
			}
		}
	}
}

// smallAnimation returns an animation of few bytes.
func smallAnimation(t testing.TB) []byte {
	a, err := NewAnimationWriter(9, 7, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range drawn(9, 7, 5, 0) {
		if err := a.Add(m, 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	file, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDamagedAnimationsAreErrors cuts an animation at every byte before its last frame is whole,
// and breaks what orders its chunks.
func TestDamagedAnimationsAreErrors(t *testing.T) {
	file := smallAnimation(t)
	last := bytes.LastIndex(file, []byte("fdAT")) // all of it is needed
	for n := range last + 4 {
		if _, _, _, err := playAll(file[:n]); err == nil {
			t.Fatalf("cut at %d of %d: no error", n, len(file))
		}
	}
	for name, edit := range map[string]func(b []byte, at int){
		"sequence":    func(b []byte, at int) { b[at+3] ^= 4 },
		"width":       func(b []byte, at int) { binary.BigEndian.PutUint32(b[at+4:], 10) },
		"height":      func(b []byte, at int) { binary.BigEndian.PutUint32(b[at+8:], 1<<31) },
		"no area":     func(b []byte, at int) { binary.BigEndian.PutUint32(b[at+4:], 0) },
		"left":        func(b []byte, at int) { binary.BigEndian.PutUint32(b[at+12:], 1<<32-1) },
		"disposal":    func(b []byte, at int) { b[at+24] = 3 },
		"blending":    func(b []byte, at int) { b[at+25] = 2 },
		"wrong check": nil,
	} {
		b := bytes.Clone(file)
		at := bytes.LastIndex(b, []byte("fcTL")) + 4
		if edit == nil {
			b[at+26] ^= 1
		} else {
			edit(b, at)
			binary.BigEndian.PutUint32(b[at+26:], crc32.ChecksumIEEE(b[at-4:at+26]))
		}
		if _, _, _, err := playAll(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzPlayer(f *testing.F) {
	f.Add(smallAnimation(f))
	f.Fuzz(func(t *testing.T, src []byte) {
		if r, err := NewReader(src); err != nil || r.Width*r.Height > 1<<16 {
			return
		}
		playAll(src)
	})
}

// TestDelaysAreFractions checks fcTL's two numbers for delays that other formats have.
func TestDelaysAreFractions(t *testing.T) {
	for den := 1; den <= 1000; den++ {
		for _, num := range []int{1, 2, 3, 7, 40, 999} {
			d := (time.Duration(num)*time.Second + time.Duration(den)/2) / time.Duration(den)
			p, q := fraction(d)
			if got := (time.Duration(p)*time.Second + time.Duration(q)/2) / time.Duration(q); got != d {
				t.Fatalf("%d/%d s = %v: %d/%d = %v", num, den, d, p, q, got)
			}
		}
	}
	if p, q := fraction(1 << 60); p != 65535 || q != 1 {
		t.Errorf("36 years: %d/%d", p, q)
	}
}

// TestHeldFramesAreLimited adds frames of noise. They are taken up to the limit, and refused above
// it.
func TestHeldFramesAreLimited(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	a, err := NewAnimationWriter(64, 64, 0, &Options{Held: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		for k := range m.Pix {
			m.Pix[k] = byte(r.Uint32())
		}
		err := a.Add(m, 0)
		if full := 16384*(i+1) > 100_000; errors.Is(err, limit.Err) != full {
			t.Fatalf("frame %d: %v", i, err)
		}
		if err != nil {
			return
		}
	}
}
