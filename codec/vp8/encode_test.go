package vp8

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	xvp8 "golang.org/x/image/vp8"
)

// long reports whether the long tests run too.
var long = os.Getenv("MINIATURA_LONG") != ""

// corpus returns the path of a picture of the corpus, or skips the test if there is none.
func corpus(t testing.TB, name string) string {
	dir := os.Getenv("MINIATURA_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	p := filepath.Join(dir, "corpus", name)
	if _, err := os.Stat(p); err != nil {
		t.Skip("corpus picture is not there: ", name)
	}
	return p
}

// readPicture reads a picture of any format that the standard library reads.
func readPicture(t testing.TB, path string) image.Image {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Skip(path, ": ", err)
	}
	return m
}

// toYCbCr converts at most w by h samples of m: every step-th sample of every step-th row.
func toYCbCr(m image.Image, w, h, step int) *image.YCbCr {
	b := m.Bounds()
	w, h = min(w, (b.Dx()+step-1)/step), min(h, (b.Dy()+step-1)/step)
	o := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			r, g, bl, _ := m.At(b.Min.X+x*step, b.Min.Y+y*step).RGBA()
			yy, cb, cr := color.RGBToYCbCr(uint8(r>>8), uint8(g>>8), uint8(bl>>8))
			o.Y[o.YOffset(x, y)] = yy
			o.Cb[o.COffset(x, y)] = cb
			o.Cr[o.COffset(x, y)] = cr
		}
	}
	return o
}

// noise returns a picture of uniform noise in [lo, hi].
func noise(w, h int, seed uint64, lo, hi int) *image.YCbCr {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for _, p := range [][]byte{m.Y, m.Cb, m.Cr} {
		for i := range p {
			p[i] = byte(lo + r.IntN(hi-lo+1))
		}
	}
	return m
}

// encodeRecon encodes m. It returns the frame, and the picture that the encoder says it decodes to.
func encodeRecon(t testing.TB, e *Encoder, m *image.YCbCr, o Options) ([]byte, *image.YCbCr) {
	w, h := (m.Rect.Dx()+15)&^15, (m.Rect.Dy()+15)&^15
	e.recon = image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	b, err := e.Encode(nil, m, o)
	if err != nil {
		t.Fatal(err)
	}
	r := e.recon.SubImage(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy())).(*image.YCbCr)
	e.recon = nil
	return b, r
}

// decode decodes a frame with x/image.
func decode(frame []byte) (*image.YCbCr, error) {
	d := xvp8.NewDecoder()
	d.Init(bytes.NewReader(frame), len(frame))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return nil, err
	}
	return d.DecodeFrame()
}

// planes returns the visible samples of m, one plane after the other: Y, U, V.
func planes(m *image.YCbCr) []byte {
	var o []byte
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := 0; y < h; y++ {
		o = append(o, m.Y[y*m.YStride:][:w]...)
	}
	for _, p := range [][]byte{m.Cb, m.Cr} {
		for y := 0; y < (h+1)/2; y++ {
			o = append(o, p[y*m.CStride:][:(w+1)/2]...)
		}
	}
	return o
}

// riff wraps a frame in the simple WebP container.
func riff(frame []byte) []byte {
	pad := len(frame) & 1
	o := append([]byte("RIFF    WEBPVP8     "), frame...)
	binary.LittleEndian.PutUint32(o[4:], uint32(12+len(frame)+pad))
	binary.LittleEndian.PutUint32(o[16:], uint32(len(frame)))
	return append(o, make([]byte, pad)...)
}

// dwebp decodes a frame with libwebp, without its smoothing of chroma.
func dwebp(t testing.TB, frame []byte) []byte {
	exe, err := exec.LookPath("dwebp")
	if err != nil {
		t.Skip("dwebp is not installed")
	}
	out := filepath.Join(t.TempDir(), "o.yuv")
	cmd := exec.Command(exe, "-quiet", "-nofancy", "-yuv", "-o", out, "--", "-")
	cmd.Stdin = bytes.NewReader(riff(frame))
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dwebp: %v: %s", err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkExact fails unless the encoder's reconstruction, x/image's decoding and,
// if asked, dwebp's are the same bytes. It returns the frame.
func checkExact(t testing.TB, e *Encoder, m *image.YCbCr, o Options, oracle bool) []byte {
	t.Helper()
	frame, own := encodeRecon(t, e, m, o)
	got, err := decode(frame)
	if err != nil {
		t.Fatalf("%v %+v: %v", m.Rect, o, err)
	}
	if got.Rect.Dx() != m.Rect.Dx() || got.Rect.Dy() != m.Rect.Dy() {
		t.Fatalf("size: %v, want %v", got.Rect, m.Rect)
	}
	want := planes(got)
	if i := differs(planes(own), want); i >= 0 {
		t.Fatalf("%v %+v: own reconstruction is not x/image's from sample %d on", m.Rect, o, i)
	}
	if oracle {
		if i := differs(dwebp(t, frame), want); i >= 0 {
			t.Fatalf("%v %+v: dwebp's decoding is not x/image's from sample %d on", m.Rect, o, i)
		}
	}
	return frame
}

// differs returns the first index where a and b differ, or -1 if they are equal.
func differs(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// psnr returns the peak signal to noise ratio of b, in dB.
func psnr(a, b []byte) float64 {
	s := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		s += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/s)
}

// The encoder's reconstruction is the same as what decoders show. A few small pictures of the
// corpus are tested at each effort and with each loop filter. The long tests use all pictures,
// scaled to about 635 samples, and a few large ones.
func TestReconstructionIsExactOnCorpus(t *testing.T) {
	var options []Options
	for _, q := range []int{0, 50, 80, 100} {
		options = append(options, Options{Quality: q}, Options{Quality: q, Effort: HighEffort}, Options{Quality: q, SimpleFilter: true})
	}
	// check encodes a picture scaled to about w by at most h samples. Neither side is a multiple of
	// 16, so the last macroblocks are partly outside the picture.
	check := func(name string, w, h int) {
		t.Run(fmt.Sprint(name, "/w=", w), func(t *testing.T) {
			t.Parallel()
			m := readPicture(t, corpus(t, name))
			c := toYCbCr(m, w, h, max(1, m.Bounds().Dx()/w))
			var e Encoder
			for _, o := range options {
				checkExact(t, &e, c, o, true)
			}
		})
	}
	for _, name := range []string{"photos/video-001.221212.jpeg", "png/kodim03.png", "png/how-it-works-light.png", "photos/sample-a98.jpg"} {
		check(name, 317, 237)
	}
	if !long {
		return
	}
	for _, name := range []string{"photos/012mp-bus.jpg", "png/how-it-works-light.png", "orientation/Portrait_1.jpg"} {
		check(name, 1271, 1271)
	}
	for _, dir := range []string{"photos", "png", "orientation"} {
		files, err := os.ReadDir(corpus(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !f.IsDir() {
				check(dir+"/"+f.Name(), 635, 635)
			}
		}
	}
}

// The reconstruction is exact at odd and extreme sizes too.
func TestReconstructionIsExactAtAnySize(t *testing.T) {
	var e Encoder
	for _, s := range [][2]int{{1, 1}, {2, 2}, {15, 17}, {16, 16}, {17, 15}, {33, 1}, {1, 33}, {47, 49}, {1, maxDimension}, {maxDimension, 1}} {
		for i, m := range []*image.YCbCr{noise(s[0], s[1], 3, 0, 255), noise(s[0], s[1], 4, 100, 110), noise(s[0], s[1], 4, 255, 255)} {
			for q := 0; q <= 100; q += 20 {
				checkExact(t, &e, m, Options{Quality: q, Effort: Effort(i & 1)}, q == 80)
				if q%80 == 0 {
					checkExact(t, &e, m, Options{Quality: q, SimpleFilter: true}, q == 80)
				}
			}
		}
	}
}

// Every mode is used in some picture, so exactness is tested for all modes.
func TestAllModesAreUsed(t *testing.T) {
	var e Encoder
	m := toYCbCr(readPicture(t, corpus(t, "png/kodim23.png")), 768, 512, 1)
	checkExact(t, &e, m, Options{Quality: 75}, false)
	var m4 [nPred]int
	var m16, uv [4]int
	var seg [4]int
	for i := range e.mbs {
		mb := &e.mbs[i]
		seg[mb.segment]++
		uv[mb.modeUV]++
		if !mb.is4 {
			m16[mb.mode16]++
			continue
		}
		for b := 0; b < 16; b++ {
			m4[mb.modes4>>(4*b)&15]++
		}
	}
	if s := fmt.Sprint(m4, m16, uv, seg); bytes.Contains([]byte(s), []byte(" 0")) || bytes.Contains([]byte(s), []byte("[0")) {
		t.Errorf("modes of 4x4 blocks, of 16x16 blocks, of chroma, segments: %s: one is never used", s)
	}
}

// testPictures returns small pictures of different kinds.
func testPictures() []*image.YCbCr {
	smooth := image.NewYCbCr(image.Rect(0, 0, 100, 75), image.YCbCrSubsampleRatio420)
	for y := 0; y < 75; y++ {
		for x := 0; x < 100; x++ {
			smooth.Y[smooth.YOffset(x, y)] = byte(2*x + y)
			smooth.Cb[smooth.COffset(x, y)] = byte(x)
			smooth.Cr[smooth.COffset(x, y)] = byte(255 - x - y)
		}
	}
	mixed := noise(130, 90, 9, 90, 160)
	for y := 20; y < 60; y++ {
		for x := 30; x < 100; x++ {
			v := byte(40)
			if (x/7+y/5)&1 == 0 {
				v = 220
			}
			mixed.Y[mixed.YOffset(x, y)] = v
		}
	}
	return []*image.YCbCr{smooth, mixed, noise(70, 40, 5, 0, 255), noise(1, 1, 6, 0, 255)}
}

// A picture's frame does not depend on what the encoder did before.
func TestEncoderKeepsNoState(t *testing.T) {
	ms := testPictures()
	var e Encoder
	for i, m := range append(ms, ms[2], ms[1], ms[0]) {
		for j, o := range []Options{{Quality: 30}, {Quality: 90, Effort: HighEffort}} {
			got, err := e.Encode([]byte("before"), m, o)
			if err != nil {
				t.Fatal(err)
			}
			if string(got[:6]) != "before" {
				t.Fatal("Encode did not append")
			}
			var fresh Encoder
			want, _ := fresh.Encode(nil, m, o)
			if !bytes.Equal(got[6:], want) {
				t.Fatalf("picture %d option %d: a used encoder's frame differs from a new one's", i, j)
			}
		}
	}
}

// A frame does not depend on the number of threads, or on what other encoders do at the same time.
func TestEncodersDoNotDisturbEachOther(t *testing.T) {
	ms := testPictures()
	options := []Options{{Quality: 60}, {Quality: 90, Effort: HighEffort}, {Quality: 20, SimpleFilter: true}}
	encodeAll := func() (frames [][]byte, err error) {
		var e Encoder
		for _, m := range ms {
			for _, o := range options {
				b, err := e.Encode(nil, m, o)
				if err != nil {
					return nil, err
				}
				frames = append(frames, b)
			}
		}
		return frames, nil
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want [][]byte
	for _, procs := range []int{8, 1} {
		runtime.GOMAXPROCS(procs)
		var got [6][][]byte
		var errs [len(got)]error
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], errs[i] = encodeAll() })
		}
		wg.Wait()
		runtime.GOMAXPROCS(1)
		if want == nil {
			var err error
			if want, err = encodeAll(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range got {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			for j := range want {
				if !bytes.Equal(got[i][j], want[j]) {
					t.Errorf("GOMAXPROCS %d, encoder %d of %d: frame %d differs from that made alone", procs, i, len(got), j)
				}
			}
		}
	}
}

// Encode refuses what a frame cannot hold.
func TestEncodeRefuses(t *testing.T) {
	var e Encoder
	for _, m := range []*image.YCbCr{
		{SubsampleRatio: image.YCbCrSubsampleRatio420},
		image.NewYCbCr(image.Rect(0, 0, maxDimension+1, 1), image.YCbCrSubsampleRatio420),
		image.NewYCbCr(image.Rect(0, 0, 1, maxDimension+1), image.YCbCrSubsampleRatio420),
		image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio444),
	} {
		_, err := e.Encode(nil, m, Options{})
		if _, ok := err.(UnsupportedError); !ok {
			t.Errorf("%v %v: error %v", m.Rect, m.SubsampleRatio, err)
		}
	}
}

// A sub-image is encoded from its own part of the planes.
func TestEncodeSubImage(t *testing.T) {
	m := noise(64, 64, 8, 0, 255)
	sub := m.SubImage(image.Rect(10, 6, 50, 47)).(*image.YCbCr)
	c := image.NewYCbCr(image.Rect(0, 0, 40, 41), image.YCbCrSubsampleRatio420)
	for y := 0; y < 41; y++ {
		for x := 0; x < 40; x++ {
			c.Y[c.YOffset(x, y)] = m.Y[m.YOffset(10+x, 6+y)]
			c.Cb[c.COffset(x, y)] = m.Cb[m.COffset(10+x, 6+y)]
			c.Cr[c.COffset(x, y)] = m.Cr[m.COffset(10+x, 6+y)]
		}
	}
	var e Encoder
	a, err := e.Encode(nil, sub, Options{Quality: 70})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := e.Encode(nil, c, Options{Quality: 70})
	if !bytes.Equal(a, b) {
		t.Error("a part of a picture is encoded differently from its copy")
	}
}

// A picture whose modes or tokens exceed the partitions' limits is still encoded, under each of the
// restrictions.
func TestPartitionLimits(t *testing.T) {
	m := noise(400, 300, 2, 0, 255)
	var e Encoder
	free := len(checkExact(t, &e, m, Options{Quality: 90}, false))
	first := len(e.first.buf) - 100
	for _, c := range []struct{ first, token, modes, quant int }{
		{first, 0, 1, 0},
		{1150, 0, 2, 0},
		{0, free / 2, 0, 0}, // eight partitions
		{0, free / 12, 0, 8},
		{first, free / 12, 1, 8},
	} {
		e := Encoder{testFirstLimit: c.first, testTokenLimit: c.token}
		checkExact(t, &e, m, Options{Quality: 90}, true)
		if r := e.restriction; r.modes != c.modes || (r.quant > 0) != (c.quant > 0) {
			t.Errorf("limits %d, %d: restriction %+v", c.first, c.token, r)
		}
		if n := len(e.first.buf); c.first != 0 && n > c.first {
			t.Errorf("first partition of %d bytes, limit %d", n, c.first)
		}
	}
}

// This tests the format's own limit for tokens, with noise that needs more than one partition.
// There is no known picture whose modes exceed the real limit of the first partition;
// TestPartitionLimits tests that with a lower limit.
func TestPartitionOverflow(t *testing.T) {
	if !long {
		t.Skip("MINIATURA_LONG is not set")
	}
	var e Encoder
	checkExact(t, &e, noise(maxDimension, 1168, 2, 0, 255), Options{Quality: 95}, true)
	if e.header.partitions == 0 {
		t.Error("the noise did not overflow a token partition")
	}
}

// FuzzEncode checks that every picture, at every quality, decodes to its size and to the encoder's
// own reconstruction. q is the quality; from 101 on it also asks for the simple loop filter.
func FuzzEncode(f *testing.F) {
	f.Add(uint8(20), uint8(30), uint8(75), false, []byte{1, 200, 3, 40, 50, 60, 250})
	f.Add(uint8(1), uint8(1), uint8(0), true, []byte{})
	f.Add(uint8(50), uint8(40), uint8(101+20), false, []byte{1, 200, 3, 40, 50, 60, 250})
	f.Fuzz(func(t *testing.T, w, h, q uint8, high bool, data []byte) {
		m := image.NewYCbCr(image.Rect(0, 0, int(w)+1, int(h)+1), image.YCbCrSubsampleRatio420)
		for i, p := range [][]byte{m.Y, m.Cb, m.Cr} {
			for j := range p {
				if len(data) > 0 {
					p[j] = data[(i*7+j)%len(data)] + byte(j/len(data))
				}
			}
		}
		o := Options{Quality: int(q) % 101, SimpleFilter: q > 100}
		if high {
			o.Effort = HighEffort
		}
		var e Encoder
		checkExact(t, &e, m, o, false)
	})
}
