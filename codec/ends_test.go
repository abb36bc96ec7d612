package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"miniatura/codec/gif"
	"miniatura/codec/webp"
)

// meanOf returns the mean color of a picture on white.
func meanOf(m image.Image) (mean [3]float64) {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			for i, v := range [3]byte{c.R, c.G, c.B} {
				mean[i] += (float64(v)*float64(c.A) + 255*float64(255-c.A)) / 255
			}
		}
	}
	for i := range mean {
		mean[i] /= float64(b.Dx() * b.Dy())
	}
	return mean
}

// frameMeans returns the means of each frame of a result, and how long it is shown.
func frameMeans(t *testing.T, out []byte) (means [][3]float64, delays []time.Duration) {
	t.Helper()
	f, s, p, err := open(out)
	if err != nil {
		t.Fatal(err)
	}
	if p.frames == 1 {
		var m image.Image
		switch f {
		case WebP:
			m, err = s.(webpSource).Frames[0].DecodeNRGBA()
		default:
			m, _, err = image.Decode(bytes.NewReader(out))
		}
		if err != nil {
			t.Fatal(err)
		}
		return [][3]float64{meanOf(m)}, []time.Duration{0}
	}
	play, _, err := s.player(&conversion{})
	if err != nil {
		t.Fatal(err)
	}
	for range p.frames {
		m, delay, err := play.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		means, delays = append(means, meanOf(m)), append(delays, delay)
	}
	return means, delays
}

// endsWell resizes src in its own format and to WebP, once smaller and once at its own size, and
// compares every frame with the means.
func endsWell(t *testing.T, name string, src []byte, means [][3]float64, delay time.Duration, note string) {
	t.Helper()
	same := func(w, h int) (int, int) { return w, h }
	half := func(w, h int) (int, int) { return w / 2, h / 2 }
	for _, fit := range []func(w, h int) (int, int){same, half} {
		for _, asWebP := range []bool{false, true} {
			out, info, err := Resize(context.Background(), src, fit, Options{Format: formatOf(asWebP), Quality: 90})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			if !strings.Contains(info.Note, note) || note == "" && info.Note != "" {
				t.Errorf("%s: the note is %q, want %q", name, info.Note, note)
			}
			// The result has none of the source's faults.
			if _, again, err := Resize(context.Background(), out, same, Options{}); err != nil || again.Note != "" {
				t.Errorf("%s: of the result, %q, %v", name, again.Note, err)
			}
			got, delays := frameMeans(t, out)
			if len(got) != len(means) || info.Frames != len(means) {
				t.Errorf("%s: %d frames, want %d", name, len(got), len(means))
				continue
			}
			for i := range got {
				for c, v := range got[i] {
					if d := v - means[i][c]; d < -2 || d > 2 {
						t.Errorf("%s to %s %dx%d: frame %d has the mean %.1f, want %.1f", name, info.ContentType, info.OutW, info.OutH, i+1, got[i], means[i])
						break
					}
				}
				if len(means) > 1 && delays[i] != delay {
					t.Errorf("%s: frame %d for %v", name, i+1, delays[i])
				}
			}
		}
	}
}

// broad returns a picture without sharp edges, so that it loses almost no quality.
func broad(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{byte(255 * x / w), byte(200 * y / h), byte(100 * (x + y) / (w + h)), 255})
		}
	}
	return m
}

func TestPNGWithBadEndIsResized(t *testing.T) {
	m := broad(120, 90)
	src := encodePNG(t, m)
	mean := [][3]float64{meanOf(m)}
	at := bytes.LastIndex(src, []byte("IEND")) - 4
	idat := bytes.Index(src, []byte("IDAT")) - 4
	n := int(binary.BigEndian.Uint32(src[idat:]))
	if idat+12+n != at {
		t.Fatal("the picture has more than one IDAT")
	}
	edit := func(f func(b []byte)) []byte { b := bytes.Clone(src); f(b); return b }
	mend := func(b []byte) {
		binary.BigEndian.PutUint32(b[idat+8+n:], crc32.ChecksumIEEE(b[idat+4:idat+8+n]))
	}
	one := append(bytes.Clone(src[:33]), "\x00\x00\x00\x08acTL\x00\x00\x00\x01\x00\x00\x00\x00"...)
	one = binary.BigEndian.AppendUint32(one, crc32.ChecksumIEEE(one[37:]))
	for _, c := range []struct {
		name, note string
		src        []byte
	}{
		{"no IEND", "IEND", src[:at]},
		{"IEND cut", "IEND", src[:at+6]},
		{"IEND CRC", "CRC of IEND", edit(func(b []byte) { b[len(b)-1] ^= 1 })},
		{"Adler", "zlib checksum", edit(func(b []byte) { b[idat+8+n-1] ^= 1; mend(b) })},
		{"Adler cut off", "past the end", src[:idat+8+n-3]},
		{"IDAT CRC", "CRC of IDAT", edit(func(b []byte) { b[at-1] ^= 1 })},
		{"junk for a chunk", "", append(bytes.Clone(src), "junk"...)},
		{"junk for IEND", "past the end", append(bytes.Clone(src[:at]), "\xff\xfejunk and more of it"...)},
		{"one frame", "", append(one, src[33:]...)},
	} {
		endsWell(t, "PNG, "+c.name, c.src, mean, 0, c.note)
	}
	for name, b := range map[string][]byte{
		"cut in the data":      src[:idat+8+n/2],
		"damaged in its data":  edit(func(b []byte) { b[idat+8+n/2] ^= 0x55 }),
		"CRC and Adler":        edit(func(b []byte) { b[at-1] ^= 1; b[idat+8+n-1] ^= 1 }),
		"cut, with a good end": append(bytes.Clone(src[:idat+8+n/2]), src[at:]...),
	} {
		if out, _, err := Resize(context.Background(), b, fitter(t, "SXS"), Options{}); err == nil {
			t.Errorf("PNG, %s: gave %d bytes", name, len(out))
		}
	}
}

// solid returns a GIF frame of one color with data for n of its w x h pixels.
func solid(index byte, x, y, w, h, n int, flags byte) []byte {
	b := []byte{0x21, 0xf9, 4, 4, 7, 0, 0, 0, 0x2c}
	for _, v := range []int{x, y, w, h} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, flags, 2)
	var bits []byte // codes of 3 bits, with a clear code before every second pixel
	for i := range n {
		if i%2 == 0 {
			bits = append(bits, 4)
		}
		bits = append(bits, index)
	}
	bits = append(bits, 5)
	var data []byte
	acc, k := 0, 0
	for _, c := range bits {
		acc |= int(c) << k
		for k += 3; k >= 8; k -= 8 {
			data, acc = append(data, byte(acc)), acc>>8
		}
	}
	data = append(data, byte(acc))
	for len(data) > 0 {
		n := min(len(data), 255)
		b, data = append(append(b, byte(n)), data[:n]...), data[n:]
	}
	return append(b, 0)
}

func TestGIFWithBadEndIsResized(t *testing.T) {
	colors := [4][3]float64{{255, 0, 0}, {0, 200, 0}, {0, 0, 255}, {90, 90, 90}}
	head := []byte("GIF89a\x78\x00\x5a\x00\xf1\x00\x00")
	for _, c := range colors {
		head = append(head, byte(c[0]), byte(c[1]), byte(c[2]))
	}
	head = append(head, "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"...)
	const w, h = 120, 90
	frame := func(k byte, n int) []byte { return solid(k, 0, 0, w, h, n, 0) }
	full := func(k byte) []byte { return frame(k, w*h) }
	file := func(parts ...[]byte) []byte { return append(bytes.Clone(head), bytes.Join(parts, nil)...) }
	trailer := []byte{0x3b}
	// Pixels that no frame covers are white here.
	part := func(k, n int) (m [3]float64) {
		for i, v := range colors[k] {
			m[i] = 255 + (v-255)*float64(n)/(w*h)
		}
		return m
	}
	mixed := func(a, b, n int) (m [3]float64) {
		for i := range m {
			m[i] = colors[b][i] + (colors[a][i]-colors[b][i])*float64(n)/(w*h)
		}
		return m
	}
	two, three := [][3]float64{colors[0], colors[1]}, [][3]float64{colors[0], colors[1], colors[2]}
	for _, c := range []struct {
		name, note string
		src        []byte
		means      [][3]float64
	}{
		{"right", "", file(full(0), full(1), full(2), trailer), three},
		{"no trailer", "no trailer", file(full(0), full(1), full(2)), three},
		{"junk", "unknown block", file(full(0), full(1), full(2), []byte("\xaa\xbb junk junk")), three},
		{"junk between", "unknown block", file(full(0), full(1), []byte("\xaa"), full(2), trailer), two},
		{"an unknown extension", "", file(full(0), []byte("\x21\x77\x05hello\x00"), full(1), []byte("\x21\x00\x01x\x00\x00"), trailer), two},
		{"an extension cut", "truncated data blocks", file(full(0), full(1), []byte("\x21\xfe\x20cut")), two},
		{"no area", "", file(full(0), solid(3, 0, 0, 0, h, 0, 0), full(1), trailer), [][3]float64{colors[0], colors[0], colors[1]}},
		{"short in the middle", "frame 2: image data ends early", file(full(0), frame(1, w*h/3), full(2), trailer), [][3]float64{colors[0], part(1, w*h/3), colors[2]}},
		{"short at the end, a rectangle", "frame 2: image data ends early", file(full(0), solid(1, 20, 30, 100, 60, 3000, 0), trailer), [][3]float64{colors[0], mixed(1, 0, 3000)}},
		{"one pixel short", "frame 2: image data ends early", file(full(0), frame(1, w*h-1), trailer), two},
		{"a still one pixel short", "frame 1: image data ends early", file(frame(1, w*h-1), trailer), two[1:]},
		{"a short first frame", "frame 1: image data ends early", file(frame(0, w*44), full(1), trailer), [][3]float64{part(0, w*44), colors[1]}},
		{"an interlaced still, the first pass", "ends early", file(solid(2, 0, 0, w, h, w*12, 0x40), trailer), [][3]float64{colors[2]}},
	} {
		endsWell(t, "GIF, "+c.name, c.src, c.means, 70*time.Millisecond, c.note)
	}
	for name, b := range map[string][]byte{
		"the first frame cut":  file(full(0)[:100]),
		"the second frame cut": file(full(0), full(1)[:100]),
		"a still of nothing":   file(frame(0, 0), trailer),
	} {
		if out, _, err := Resize(context.Background(), b, fitter(t, "SXS"), Options{}); err == nil {
			t.Errorf("GIF, %s: gave %d bytes", name, len(out))
		}
	}
	// A still picture that fits gets the trailer that it lacks.
	m := broad(60, 40)
	whole, err := gif.Append(nil, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := Resize(context.Background(), whole[:len(whole)-1], fitter(t, "SXS"), Options{})
	if err != nil || !bytes.HasSuffix(out, trailer) || len(out) > len(whole) {
		t.Errorf("%d bytes of %d, %v", len(out), len(whole), err)
	}
}

func TestOtherBadEnds(t *testing.T) {
	m := broad(121, 90) // 363 bytes a row of BMP, and one of padding
	mean := [][3]float64{meanOf(m)}
	b := bitmap24(m)
	endsWell(t, "BMP without its last padding", b[:len(b)-1], mean, 0, "padding")
	out, _, err := Resize(context.Background(), b[:len(b)-1], fitter(t, "SXS"), Options{})
	if err != nil || len(out)%4 != 54%4 {
		t.Errorf("BMP: the padding is still missing from %d bytes: %v", len(out), err)
	}
	var j bytes.Buffer
	if err := stdjpeg.Encode(&j, m, &stdjpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	data := j.Bytes()[:j.Len()-2]
	for name, tail := range map[string]string{"no EOI": "", "zeros for EOI": string(make([]byte, 400)), "a tail for EOI": "some tail behind the data", "half of EOI": "\xff"} {
		endsWell(t, "JPEG, "+name, append(bytes.Clone(data), tail...), mean, 0, "")
	}
	for _, o := range []*webp.Options{{Quality: 90, Lossy: true}, {Lossless: true}} {
		w, err := webp.Append(nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		endsWell(t, "WebP with junk behind it", append(w, "junk"...), mean, 0, "")
	}
}

// The inputs of those fault reports that are about bad ends. The test is skipped without them.
func TestReportsOfBadEnds(t *testing.T) {
	dir := filepath.Join(sharedFolder(t), "reports")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no reports here")
	}
	for name, c := range map[string]struct {
		frames int
		mean   [3]float64 // of the first; nil is any
	}{
		"png-no-iend.png":               {1, [3]float64{115, 101, 134}},
		"png-iend-badcrc.png":           {1, [3]float64{115, 101, 134}},
		"png-apng-1frame.png":           {1, [3]float64{115, 101, 134}},
		"jpg-no-eoi-tail.jpg":           {1, [3]float64{115, 102, 134}},
		"gif-junk-after-no-trailer.gif": {4, [3]float64{255, 61, 42}},
		"gif-short1px.gif":              {3, [3]float64{}},
		"gif-short-lzw-eoi.gif":         {3, [3]float64{}},
	} {
		src, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, asWebP := range []bool{false, true} {
			out, info, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{Format: formatOf(asWebP)})
			if err != nil || info.OutW != 180 || info.OutH != 135 || info.Frames != c.frames {
				t.Errorf("%s: %+v, %v", name, info, err)
				continue
			}
			got, _ := frameMeans(t, out)
			if len(got) != c.frames {
				t.Errorf("%s: %d frames", name, len(got))
			}
			for i, v := range got[0] {
				if d := v - c.mean[i]; c.mean[0] > 0 && (d < -2 || d > 2) {
					t.Errorf("%s as %s: the mean is %.1f, want %.1f", name, info.ContentType, got[0], c.mean)
					break
				}
			}
		}
	}
}
