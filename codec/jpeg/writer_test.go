package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"io"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// painted returns a YCbCr picture with edges, gradients and noise in all planes.
func painted(r image.Rectangle, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	m := image.NewYCbCr(r, ratio)
	rnd := rand.New(rand.NewSource(int64(r.Dx()*7 + r.Dy())))
	paint := func(p []byte, stride int, seed float64) {
		for i := range p {
			x, y := float64(i%stride), float64(i/stride)
			v := 128 + 70*math.Sin((x+2*y)/(9+seed)) + 40*math.Sin(x*y/(300+40*seed)) + float64(rnd.Intn(13))
			if int(x/11+y/13)%5 == 0 {
				v = 250 - v/4
			}
			p[i] = byte(min(max(v, 0), 255))
		}
	}
	paint(m.Y, m.YStride, 0)
	paint(m.Cb, m.CStride, 5)
	paint(m.Cr, m.CStride, 9)
	return m
}

func lumaOf(m *image.YCbCr) *image.Gray {
	return &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
}

var ratios = []image.YCbCrSubsampleRatio{
	image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
	image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
}

func mustAppend(t testing.TB, m image.Image, o *Options) []byte {
	t.Helper()
	b, err := Append(nil, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustStd(t testing.TB, b []byte) image.Image {
	t.Helper()
	m, err := stdjpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("image/jpeg refuses what we wrote: %v", err)
	}
	return m
}

// planesOf returns the samples of a picture's components without padding.
func planesOf(m image.Image) (planes [][]byte, widths []int) {
	cut := func(p []byte, stride, w, h int) {
		var out []byte
		for y := range h {
			out = append(out, p[y*stride:][:w]...)
		}
		planes = append(planes, out)
		widths = append(widths, w)
	}
	b := m.Bounds()
	switch m := m.(type) {
	case *image.Gray:
		cut(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride, b.Dx(), b.Dy())
	case *image.YCbCr:
		h, v := lumaSampling(m)
		cut(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b.Dx(), b.Dy())
		o := m.COffset(b.Min.X, b.Min.Y)
		cut(m.Cb[o:], m.CStride, ceilDiv(b.Dx(), h), ceilDiv(b.Dy(), v))
		cut(m.Cr[o:], m.CStride, ceilDiv(b.Dx(), h), ceilDiv(b.Dy(), v))
	}
	return planes, widths
}

func writerPSNR(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	if sum == 0 {
		return 99
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

func TestStdReadsEverySizeAndSubsampling(t *testing.T) {
	for _, ratio := range ratios {
		for _, size := range []image.Point{{1, 1}, {7, 9}, {8, 8}, {15, 17}, {16, 16}, {33, 31}, {64, 48}, {129, 65}} {
			for _, progressive := range []bool{false, true} {
				m := painted(image.Rectangle{Max: size}, ratio)
				got := mustStd(t, mustAppend(t, m, &Options{Quality: 95, Progressive: progressive}))
				if y, ok := got.(*image.YCbCr); !ok || y.SubsampleRatio != ratio || y.Bounds() != m.Bounds() {
					t.Fatalf("%v %v came back as %T %v", ratio, size, got, got.Bounds())
				}
				a, _ := planesOf(m)
				b, _ := planesOf(got)
				for i := range a {
					if p := writerPSNR(a[i], b[i]); p < 30 {
						t.Errorf("%v %v progressive=%v, component %d: %.1f dB", ratio, size, progressive, i, p)
					}
				}
			}
		}
	}
}

func TestGrayStaysOneComponent(t *testing.T) {
	for _, progressive := range []bool{false, true} {
		m := lumaOf(painted(image.Rect(0, 0, 77, 53), image.YCbCrSubsampleRatio444))
		b := mustAppend(t, m, &Options{Quality: 90, Progressive: progressive})
		got, ok := mustStd(t, b).(*image.Gray)
		if !ok {
			t.Fatalf("came back as %T", got)
		}
		x, _ := planesOf(m)
		y, _ := planesOf(got)
		if p := writerPSNR(x[0], y[0]); p < 30 {
			t.Errorf("%.1f dB", p)
		}
	}
}

// mustNearest encodes m with the nearest levels, which do not depend on what codes cost.
func mustNearest(t testing.TB, m image.Image, o *Options) []byte {
	t.Helper()
	w := writer{nearestOnly: true}
	return w.append(nil, m, o)
}

// A progressive frame has the same coefficients in another order, so all samples are the same.
func TestProgressiveDecodesToTheSameSamplesAsBaseline(t *testing.T) {
	for _, quality := range []int{1, 10, 50, 80, 100} {
		for _, ratio := range ratios {
			for _, size := range []image.Point{{1, 1}, {40, 24}, {203, 117}} {
				m := painted(image.Rectangle{Max: size}, ratio)
				a, _ := planesOf(mustStd(t, mustNearest(t, m, &Options{Quality: quality})))
				b, _ := planesOf(mustStd(t, mustNearest(t, m, &Options{Quality: quality, Progressive: true})))
				for i := range a {
					if !bytes.Equal(a[i], b[i]) {
						t.Fatalf("quality %d, %v, %v, component %d differs", quality, ratio, size, i)
					}
				}
			}
		}
	}
}

// The picture has runs of blocks without coefficients that are longer than one symbol can express,
// and long runs of correction bits.
func TestProgressiveLongRuns(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 1608, 1600)) // 40,200 blocks
	for i := range m.Pix {
		m.Pix[i] = 90
	}
	m.Pix[len(m.Pix)-1] = 200
	for i := 0; i < 1608*8; i++ {
		m.Pix[1608*700+i] = byte(i * 31)
	}
	a := mustStd(t, mustNearest(t, m, &Options{Quality: 100})).(*image.Gray)
	for split := range splitCount {
		b := mustStd(t, mustSplit(t, m, &Options{Quality: 100, Progressive: true}, split)).(*image.Gray)
		if !bytes.Equal(a.Pix, b.Pix) {
			t.Fatalf("split %d: samples differ", split)
		}
	}
}

// A higher quality never has a coarser table, the highest has steps of 1, and neighboring qualities
// differ little. This holds at every size of picture. A smaller picture never has a finer table
// than a larger one.
func TestQualityRefinesTables(t *testing.T) {
	for table := range quantBase {
		for _, area := range []int{1, smallArea, smallArea + 1, 180000, largeArea, 65535 * 65535} {
			var last quantizer
			last.reset(table, scaleOf(1, area))
			for quality := 2; quality <= 100; quality++ {
				var q, larger quantizer
				q.reset(table, scaleOf(quality, area))
				larger.reset(table, scaleOf(quality, area+10000))
				for k, e := range q.elements {
					before := last.elements[k]
					if e > before {
						t.Errorf("table %d, index %d: %d at quality %d after %d", table, k, e, quality, before)
					}
					if quality > 10 && float64(e) < 0.85*float64(before)-2 {
						t.Errorf("table %d, index %d: a leap from %d to %d at quality %d", table, k, before, e, quality)
					}
					if quality == 100 && e != 1 {
						t.Errorf("table %d, index %d: %d at quality 100", table, k, e)
					}
					if l := larger.elements[k]; l > e || float64(l) < 0.95*float64(e)-2 {
						t.Errorf("table %d, index %d, quality %d: %d at %d pixels, %d at 10000 more", table, k, quality, e, area, l)
					}
				}
				last = q
			}
		}
	}
}

// segments returns the contents of the marker segments of one kind that come before the first scan.
func segments(b []byte, marker byte) (found [][]byte) {
	for i := 2; i+4 <= len(b) && b[i] == 0xFF && b[i+1] != markerSOS; {
		n := int(b[i+2])<<8 | int(b[i+3])
		if b[i+1] == marker {
			found = append(found, b[i+4:i+2+n])
		}
		i += 2 + n
	}
	return found
}

func TestProfileIsSplitIntoSegments(t *testing.T) {
	m := lumaOf(painted(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio444))
	for _, size := range []int{0, 1, 3144, 65519, 65520, 200000} {
		profile := make([]byte, size)
		rand.New(rand.NewSource(int64(size))).Read(profile)
		b := mustAppend(t, m, &Options{Quality: 80, ICC: profile})
		mustStd(t, b)
		parts := segments(b, markerAPP2)
		var joined []byte
		for i, p := range parts {
			if string(p[:12]) != "ICC_PROFILE\x00" || int(p[12]) != i+1 || int(p[13]) != len(parts) {
				t.Fatalf("%d bytes: segment %d begins % x", size, i, p[:14])
			}
			joined = append(joined, p[14:]...)
		}
		if !bytes.Equal(joined, profile) {
			t.Errorf("%d bytes of profile came back as %d", size, len(joined))
		}
	}
	if _, err := Append(nil, m, &Options{ICC: make([]byte, 255*65519+1)}); err == nil {
		t.Error("a profile of 256 segments was accepted")
	}
}

func TestRGBIsStoredAsItIs(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 61, 43))
	for i := range m.Pix {
		m.Pix[i] = byte(i / 9)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	b := mustAppend(t, m, &Options{Quality: 100, RGB: true})
	if got := segments(b, markerAPPE); len(got) != 1 || got[0][11] != 0 {
		t.Fatalf("Adobe segment: % x", got)
	}
	if len(segments(b, markerAPP0)) != 0 {
		t.Error("a JFIF segment, which says YCbCr")
	}
	got := mustStd(t, b)
	for y := range 43 {
		for x := range 61 {
			a, b := m.NRGBAAt(x, y), color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
			if absDiff(a.R, b.R) > 3 || absDiff(a.G, b.G) > 3 || absDiff(a.B, b.B) > 3 {
				t.Fatalf("%d,%d: %v came back as %v", x, y, a, b)
			}
		}
	}
}

func absDiff(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }

// rgbOf returns a picture's red, green and blue. Pixels with alpha are put on black.
func rgbOf(m image.Image) (p []byte) {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := m.At(x, y).RGBA()
			p = append(p, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	return p
}

// Converted pictures are as near to the source as those of image/jpeg's writer, which also puts
// pixels with alpha on black.
func TestConvertedPicturesAreAsGoodAsStds(t *testing.T) {
	r := image.Rect(3, 5, 3+90, 5+71)
	nrgba := image.NewNRGBA(r)
	rgba := image.NewRGBA(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.NRGBA{byte(2 * x), byte(3 * y), byte(255 - x - y), 255}
			if x > 60 {
				c.A = byte(4 * y)
			}
			nrgba.Set(x, y, c)
			rgba.Set(x, y, c)
		}
	}
	palette := image.NewPaletted(r, color.Palette{color.White, color.Black, color.RGBA{200, 30, 40, 255}})
	for i := range palette.Pix {
		palette.Pix[i] = byte(i / 37 % 3)
	}
	odd := painted(image.Rect(0, 0, 120, 100), image.YCbCrSubsampleRatio420).SubImage(r)
	for _, m := range []image.Image{nrgba, rgba, palette, odd, rgba.SubImage(image.Rect(20, 20, 53, 44))} {
		for _, quality := range []int{50, 85, 95} {
			var std bytes.Buffer
			if err := stdjpeg.Encode(&std, m, &stdjpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			got := mustStd(t, mustAppend(t, m, &Options{Quality: quality}))
			want := image.YCbCrSubsampleRatio420
			if quality >= 90 {
				want = image.YCbCrSubsampleRatio444
			}
			if ratio := got.(*image.YCbCr).SubsampleRatio; ratio != want {
				t.Errorf("%T at quality %d is %v", m, quality, ratio)
			}
			src := rgbOf(m)
			ours, stds := writerPSNR(rgbOf(got), src), writerPSNR(rgbOf(mustStd(t, std.Bytes())), src)
			if ours < stds-0.6 { // what the writer gives up here it saves in bytes
				t.Errorf("%T at quality %d: %.2f dB, image/jpeg's %.2f", m, quality, ours, stds)
			}
		}
	}
}

func TestSubImageIsThatPartOfThePicture(t *testing.T) {
	m := painted(image.Rect(0, 0, 100, 90), image.YCbCrSubsampleRatio420)
	sub := m.SubImage(image.Rect(16, 24, 16+37, 24+29)).(*image.YCbCr)
	alone := image.NewYCbCr(image.Rect(0, 0, 37, 29), m.SubsampleRatio)
	for y := range 29 {
		copy(alone.Y[y*alone.YStride:][:37], sub.Y[y*sub.YStride:])
	}
	for y := range 15 {
		copy(alone.Cb[y*alone.CStride:][:19], sub.Cb[y*sub.CStride:])
		copy(alone.Cr[y*alone.CStride:][:19], sub.Cr[y*sub.CStride:])
	}
	if !bytes.Equal(mustAppend(t, sub, nil), mustAppend(t, alone, nil)) {
		t.Error("a sub-image and its copy are written differently")
	}
}

// Buffers are used again, but no state is.
func TestWriterForgetsTheLastPicture(t *testing.T) {
	a := painted(image.Rect(0, 0, 333, 222), image.YCbCrSubsampleRatio420)
	b := painted(image.Rect(0, 0, 50, 170), image.YCbCrSubsampleRatio411)
	c := image.NewRGBA(image.Rect(0, 0, 41, 19))
	first := map[string][]byte{}
	for range 3 {
		for i, m := range []image.Image{a, b, lumaOf(a), c} {
			for _, progressive := range []bool{true, false} {
				k := fmt.Sprint(i, progressive)
				out := mustAppend(t, m, &Options{Quality: 70, Progressive: progressive})
				if first[k] == nil {
					first[k] = out
				} else if !bytes.Equal(first[k], out) {
					t.Fatalf("picture %d, progressive=%v: differs the second time", i, progressive)
				}
			}
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	m := lumaOf(painted(image.Rect(0, 0, 9, 9), image.YCbCrSubsampleRatio444))
	got, err := Append([]byte("prefix"), m, nil)
	if err != nil || !bytes.Equal(got, append([]byte("prefix"), mustAppend(t, m, nil)...)) {
		t.Errorf("got % x, %v", got[:min(10, len(got))], err)
	}
	var w bytes.Buffer
	if err := Encode(&w, m, nil); err != nil || !bytes.Equal(w.Bytes(), got[6:]) {
		t.Errorf("Encode differs from Append: %v", err)
	}
	if err := Encode(failing{}, m, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a writer's error became %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriterRefusesImpossibleSizes(t *testing.T) {
	for _, r := range []image.Rectangle{{}, image.Rect(0, 0, 65536, 1), image.Rect(0, 0, 1, 65536)} {
		if _, err := Append(nil, &image.Gray{Pix: make([]byte, 65536), Stride: r.Dx(), Rect: r}, nil); err == nil {
			t.Errorf("%v was accepted", r)
		}
	}
}

// libjpeg, by way of djpeg and Pillow, decodes the same pictures as image/jpeg. The inverse DCTs
// differ by their rounding. IEEE 1180 allows 1; after clamping, and with dequantized coefficients
// beyond the format's range, 2 and 3 occur.
func TestLibjpegReadsWhatStdReads(t *testing.T) {
	djpeg, _ := exec.LookPath("djpeg")
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import PIL").Run() != nil {
		python = ""
	}
	if djpeg == "" && python == "" {
		t.Skip("neither djpeg nor Pillow is installed")
	}
	const w, h = 147, 101
	type file struct {
		what, path string
		luma       []byte
	}
	var files []file
	for _, ratio := range ratios {
		for _, progressive := range []bool{false, true} {
			b := mustAppend(t, painted(image.Rect(0, 0, w, h), ratio), &Options{Quality: 80, Progressive: progressive, ICC: make([]byte, 70000)})
			planes, _ := planesOf(mustStd(t, b))
			f := file{fmt.Sprintf("%v, progressive=%v", ratio, progressive), filepath.Join(t.TempDir(), "a.jpg"), planes[0]}
			if err := os.WriteFile(f.path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
	}
	check := func(tool string, f file, got []byte) {
		for i, v := range got {
			if absDiff(v, f.luma[i]) > 3 {
				t.Fatalf("%s, %s: luma sample %d is %d, image/jpeg has %d", tool, f.what, i, v, f.luma[i])
			}
		}
	}
	if djpeg != "" {
		for _, f := range files {
			out, err := exec.Command(djpeg, "-grayscale", "-dct", "int", f.path).CombinedOutput()
			if err != nil || len(out) < w*h {
				t.Fatalf("djpeg, %s: %v: %.200s", f.what, err, out)
			}
			check("djpeg", f, out[len(out)-w*h:])
		}
	}
	if python != "" {
		args := []string{"-c", `
import sys
from PIL import Image
for name in sys.argv[1:]:
    m = Image.open(name)
    assert len(m.info['icc_profile']) == 70000
    m.draft('L', m.size)
    m.load()
    sys.stdout.buffer.write(m.tobytes())`}
		for _, f := range files {
			args = append(args, f.path)
		}
		out, err := exec.Command(python, args...).Output()
		if err != nil || len(out) != len(files)*w*h {
			t.Fatalf("Pillow: %v, %d bytes", err, len(out))
		}
		for i, f := range files {
			check("Pillow", f, out[i*w*h:(i+1)*w*h])
		}
	}
}

func FuzzWriter(f *testing.F) {
	f.Add(uint8(17), uint8(23), uint8(2), uint8(80), true, []byte("a picture of sorts, \x00\xff\x80"))
	f.Add(uint8(64), uint8(8), uint8(7), uint8(100), false, []byte{0, 255})
	f.Fuzz(func(t *testing.T, w, h, kind, quality uint8, progressive bool, data []byte) {
		r := image.Rect(0, 0, int(w), int(h))
		fill := func(p []byte) {
			for i := range p {
				if len(data) > 0 {
					p[i] = data[i%len(data)] + byte(i/len(data))
				}
			}
		}
		var m image.Image
		switch kind % 8 {
		case 6:
			g := image.NewGray(r)
			fill(g.Pix)
			m = g
		case 7:
			g := image.NewNRGBA(r)
			fill(g.Pix)
			m = g
		default:
			y := image.NewYCbCr(r, ratios[kind%8])
			fill(y.Y)
			fill(y.Cb)
			fill(y.Cr)
			m = y
		}
		o := &Options{Quality: min(max(int(quality), 1), 100), Progressive: progressive, RGB: kind >= 128}
		b, err := Append(nil, m, o)
		if r.Empty() {
			if err == nil {
				t.Fatal("an empty picture was written")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got := mustStd(t, b)
		if got.Bounds() != r {
			t.Fatalf("%v came back as %v", r, got.Bounds())
		}
		if limit := 20000 + 3*2*4*(int(w)+31)*(int(h)+31); len(b) > limit {
			t.Fatalf("%d bytes for %v", len(b), r)
		}
		a, _ := planesOf(mustStd(t, mustNearest(t, m, o)))
		o.Progressive = !progressive
		c, _ := planesOf(mustStd(t, mustNearest(t, m, o)))
		for i := range a {
			if !bytes.Equal(a[i], c[i]) {
				t.Fatalf("component %d: progressive and baseline differ", i)
			}
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	m := painted(image.Rect(0, 0, 837, 628), image.YCbCrSubsampleRatio420)
	for _, c := range []struct {
		name string
		f    func() int
	}{
		{"ours=baseline", func() int { return len(mustAppend(b, m, &Options{Quality: 80})) }},
		{"ours=progressive", func() int { return len(mustAppend(b, m, &Options{Quality: 80, Progressive: true})) }},
		{"std", func() int {
			var w bytes.Buffer
			if err := stdjpeg.Encode(&w, m, &stdjpeg.Options{Quality: 80}); err != nil {
				b.Fatal(err)
			}
			return w.Len()
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			b.SetBytes(837 * 628)
			for b.Loop() {
				n = c.f()
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}

// Options without a quality mean the same as nil: a quality that is fit to be looked at.
func TestZeroQualityIsTheDefault(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i >> 4)
	}
	var got [][]byte
	for _, o := range []*Options{{Quality: DefaultQuality}, {}, nil, {Quality: 1}, {Quality: -1}} {
		b, err := Append(nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	if !bytes.Equal(got[0], got[1]) || !bytes.Equal(got[0], got[2]) || bytes.Equal(got[0], got[3]) || !bytes.Equal(got[3], got[4]) {
		t.Errorf("quality 75, none, nil, 1 and -1: %d, %d, %d, %d and %d bytes", len(got[0]), len(got[1]), len(got[2]), len(got[3]), len(got[4]))
	}
}
