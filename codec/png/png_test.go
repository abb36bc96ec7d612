package png

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/color"
	stdpng "image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"miniatura/codec/internal/limit"
	"miniatura/internal/outside"
)

// decode returns the whole picture as straight RGBA.
func decode(src []byte) (*image.NRGBA, *Reader, error) {
	r, err := NewReader(src)
	if err != nil {
		return nil, nil, err
	}
	var m *image.NRGBA
	err = r.Rows(context.Background(), func(y int, row []byte) error {
		if m == nil {
			m = image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
		}
		if len(row) != r.Width*r.Channels {
			return fmt.Errorf("row of %d bytes", len(row))
		}
		out := m.Pix[y*m.Stride:]
		for x := range r.Width {
			p := row[x*r.Channels:]
			switch r.Channels {
			case 1:
				copy(out[4*x:], []byte{p[0], p[0], p[0], 255})
			case 2:
				copy(out[4*x:], []byte{p[0], p[0], p[0], p[1]})
			case 3:
				copy(out[4*x:], []byte{p[0], p[1], p[2], 255})
			case 4:
				copy(out[4*x:], p[:4])
			}
		}
		return nil
	})
	return m, r, err
}

// reference returns what image/png decodes, rounded to 8 bits of straight alpha.
func reference(m image.Image, x, y int) [4]byte {
	round := func(v uint16) byte { return byte(math.Round(float64(v) * 255 / 65535)) }
	switch c := m.At(x, y).(type) {
	case color.NRGBA64:
		return [4]byte{round(c.R), round(c.G), round(c.B), round(c.A)}
	case color.RGBA64: // opaque
		return [4]byte{round(c.R), round(c.G), round(c.B), round(c.A)}
	case color.Gray16:
		return [4]byte{round(c.Y), round(c.Y), round(c.Y), 255}
	default:
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		return [4]byte{n.R, n.G, n.B, n.A}
	}
}

// Every file of the suite is compared with the result of image/png: all color types and depths,
// interlaced or not, tRNS, odd sizes, chunk orders and filters.
func TestCorpusAgainstImagePNG(t *testing.T) {
	n := 0
	for _, path := range outside.Files(t, ".png", "corpus/png") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := stdpng.DecodeConfig(bytes.NewReader(src)); err == nil && c.Width*c.Height > 500_000 && os.Getenv("MINIATURA_LONG") == "" {
			continue
		}
		want, err := stdpng.Decode(bytes.NewReader(src))
		if err != nil {
			t.Logf("%s: image/png: %v", filepath.Base(path), err)
			continue
		}
		got, r, err := decode(src)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		n++
		if got.Rect != want.Bounds() {
			t.Errorf("%s: %v, want %v", path, got.Rect, want.Bounds())
			continue
		}
	picture:
		for y := range r.Height {
			for x := range r.Width {
				g, w := [4]byte(got.Pix[y*got.Stride+4*x:]), reference(want, x, y)
				if w[3] == 0 && g[3] == 0 {
					continue // image/png loses the color of transparent pixels in some types
				}
				if g != w {
					t.Errorf("%s (%d, %d): %d, want %d (type %d depth %d)", filepath.Base(path), x, y, g, w, r.ColorType, r.BitDepth)
					break picture
				}
			}
		}
	}
	t.Logf("%d files", n)
}

func TestHostile(t *testing.T) {
	for _, path := range outside.Files(t, ".png", "corpus/hostile") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = decode(src)
		name := filepath.Base(path)
		_, std := stdpng.DecodeConfig(bytes.NewReader(src))
		var f FormatError
		var u UnsupportedError
		switch {
		case err != nil && !errors.As(err, &f) && !errors.As(err, &u) && !errors.Is(err, limit.Err):
			t.Errorf("%s: untyped %v", name, err)
		case err == nil && name != "xcsn0g01.png" && // the CRC of its IDAT is wrong, its stream is not
			(strings.HasPrefix(name, "x") || strings.Contains(name, "trunc") || strings.Contains(name, "broken") || strings.Contains(name, "bomb")):
			t.Errorf("%s: read", name)
		}
		t.Logf("%-50s %v (image/png's header: %v)", name, err, std)
	}
}

func chunkBytes(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func deflated(b []byte) []byte {
	var w bytes.Buffer
	z := zlib.NewWriter(&w)
	z.Write(b)
	z.Close()
	return w.Bytes()
}

func ihdr(w, h uint32, depth, ct, interlace byte) []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return chunkBytes("IHDR", append(b, depth, ct, 0, 0, interlace))
}

func file(chunks ...[]byte) []byte {
	return append([]byte(signature), bytes.Join(chunks, nil)...)
}

var iend = chunkBytes("IEND", nil)

func TestDamaged(t *testing.T) {
	raw := bytes.Repeat([]byte{0, 1, 2, 3, 4}, 3) // 4x3 gray
	idat := chunkBytes("IDAT", deflated(raw))
	head := ihdr(4, 3, 8, 0, 0)
	if _, _, err := decode(file(head, idat, iend)); err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	z := deflated(raw)
	for name, b := range map[string][]byte{
		"signature":       flip(file(head, idat, iend), 0),
		"IHDR CRC":        file(flip(head, -1), idat, iend),
		"no IDAT":         file(head, iend),
		"two IHDR":        file(head, head, idat, iend),
		"depth":           file(ihdr(4, 3, 3, 0, 0), idat, iend),
		"depth 255":       file(ihdr(4, 3, 255, 0, 0), idat, iend),
		"color type":      file(ihdr(4, 3, 8, 5, 0), idat, iend),
		"interlace":       file(ihdr(4, 3, 8, 0, 2), idat, iend),
		"zero width":      file(ihdr(0, 3, 8, 0, 0), idat, iend),
		"no PLTE":         file(ihdr(4, 3, 8, 3, 0), idat, iend),
		"few rows":        file(ihdr(4, 4, 8, 0, 0), idat, iend),
		"few bytes":       file(ihdr(5, 3, 8, 0, 0), idat, iend),
		"filter type":     file(head, chunkBytes("IDAT", deflated(append([]byte{5}, raw[1:]...))), iend),
		"zlib header":     file(head, chunkBytes("IDAT", flip(z, 0)), iend),
		"empty IDAT":      file(head, chunkBytes("IDAT", nil), iend),
		"IDAT apart":      file(head, chunkBytes("IDAT", z[:6]), chunkBytes("tIME", nil), chunkBytes("IDAT", z[6:]), iend),
		"CRC and Adler":   file(head, flip(chunkBytes("IDAT", flip(z, -1)), -1), iend),
		"CRC, no Adler":   file(head, flip(chunkBytes("IDAT", z[:len(z)-4]), -1), iend),
		"PLTE of 4 bytes": file(ihdr(4, 3, 8, 3, 0), chunkBytes("PLTE", make([]byte, 4)), idat, iend),
	} {
		var f FormatError
		if _, _, err := decode(b); !errors.As(err, &f) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"IDAT in pieces":       file(head, chunkBytes("IDAT", z[:1]), chunkBytes("IDAT", nil), chunkBytes("IDAT", z[1:7]), chunkBytes("IDAT", z[7:]), iend),
		"bytes after the rows": file(head, chunkBytes("IDAT", deflated(append(bytes.Clone(raw), make([]byte, 1000)...))), iend),
		"a bomb after them":    file(head, chunkBytes("IDAT", deflated(append(bytes.Clone(raw), make([]byte, 10<<20)...))), iend),
		"trailing bytes":       append(file(head, idat, iend), "trailing"...),
		"damaged gAMA":         file(head, flip(chunkBytes("gAMA", make([]byte, 4)), -1), idat, iend),
	} {
		if _, _, err := decode(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"too wide":         file(ihdr(1<<20, 1, 8, 0, 0), idat, iend),
		"too many pixels":  file(ihdr(1<<14, 1<<14, 1, 0, 0), idat, iend),
		"interlaced giant": file(ihdr(1<<13, 1<<13, 1, 0, 1), idat, iend),
	} {
		if _, _, err := decode(b); !errors.Is(err, limit.Err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var u UnsupportedError
	if _, _, err := decode(file(head, chunkBytes("CgBI", nil), idat, iend)); !errors.As(err, &u) {
		t.Errorf("critical chunk: %v", err)
	}
}

func TestChunks(t *testing.T) {
	profile := bytes.Repeat([]byte("profile "), 100)
	src := file(ihdr(1, 1, 8, 2, 0),
		chunkBytes("iCCP", append([]byte("name\x00\x00"), deflated(profile)...)),
		chunkBytes("gAMA", []byte{0, 0, 0xb1, 0x8f}), chunkBytes("cHRM", make([]byte, 32)), chunkBytes("sRGB", []byte{0}),
		chunkBytes("cICP", []byte{9, 16, 0, 1}), chunkBytes("acTL", []byte{0, 0, 0, 3, 0, 0, 0, 0}),
		chunkBytes("tRNS", []byte{0, 1, 0, 2, 0, 3}),
		chunkBytes("IDAT", deflated([]byte{0, 1, 2, 3})), chunkBytes("eXIf", []byte("MM\x00*")), iend)
	m, r, err := decode(src)
	if err != nil {
		t.Fatal(err)
	}
	icc, err := r.ICC()
	if err != nil || !bytes.Equal(icc, profile) {
		t.Errorf("ICC: %q, %v", icc, err)
	}
	if r.Gamma != 45455 || len(r.Chromaticities) != 32 || !r.SRGB || r.CICP[0] != 9 || r.Frames != 3 || string(r.EXIF) != "MM\x00*" || r.Channels != 4 {
		t.Errorf("%+v", r)
	}
	if !bytes.Equal(m.Pix, []byte{1, 2, 3, 0}) {
		t.Errorf("tRNS: %v", m.Pix)
	}
	for name, c := range map[string][]byte{
		"no name": append([]byte("\x00\x00"), deflated(profile)...), "method": append([]byte("n\x00\x01"), deflated(profile)...),
		"data": []byte("n\x00\x00xxxxxxx"), "empty": {}, "bomb": append([]byte("n\x00\x00"), deflated(make([]byte, 5<<20))...),
	} {
		r, err := NewReader(file(ihdr(1, 1, 8, 2, 0), chunkBytes("iCCP", c), chunkBytes("IDAT", deflated([]byte{0, 1, 2, 3})), iend))
		if err != nil {
			t.Fatal(err)
		}
		if p, err := r.ICC(); err == nil {
			t.Errorf("%s: %q", name, p)
		}
	}
}

func TestNarrowRounds(t *testing.T) {
	for v := range 65536 {
		if got, want := to8Bits(uint16(v)), byte((v*255+32767)/65535); got != want {
			t.Fatalf("%d: %d, want %d", v, got, want)
		}
	}
}

// paethDefinition is the definition of section 9.4, word for word.
func paethDefinition(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := max(p-int(a), int(a)-p), max(p-int(b), int(b)-p), max(p-int(c), int(c)-p)
	if pa <= pb && pa <= pc {
		return a
	}
	if pb <= pc {
		return b
	}
	return c
}

func TestPaethIsItsDefinition(t *testing.T) {
	for i := range 1 << 24 {
		a, b, c := byte(i), byte(i>>8), byte(i>>16)
		if got, want := byte(paeth(int32(a), int32(b), int32(c))), paethDefinition(a, b, c); got != want {
			t.Fatalf("%d %d %d: %d, want %d", a, b, c, got, want)
		}
	}
}

// unfilterDefinition is section 9.2's table.
func unfilterDefinition(filter byte, dst, src, prev []byte, bpp int) {
	at := func(b []byte, i int) byte {
		if i < 0 {
			return 0
		}
		return b[i]
	}
	for i := range dst {
		a, b, c := at(dst, i-bpp), prev[i], at(prev, i-bpp)
		switch filter {
		case 0:
			dst[i] = src[i]
		case 1:
			dst[i] = src[i] + a
		case 2:
			dst[i] = src[i] + b
		case 3:
			dst[i] = src[i] + byte((int(a)+int(b))/2)
		case 4:
			dst[i] = src[i] + paethDefinition(a, b, c)
		}
	}
}

// Every filter, pixel size, length and alignment is compared with the definition; margins must stay
// untouched.
func TestUnfilterIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 3000 {
		bpp := [...]int{1, 2, 3, 4, 6, 8}[r.IntN(6)]
		n := (1 + r.IntN(70)) * bpp
		off := r.IntN(9)
		const margin = 64
		buf := func() []byte {
			b := make([]byte, n+off+2*margin)
			for i := range b {
				b[i] = byte(r.Uint32())
				if round%3 == 0 { // extremes
					b[i] = -(b[i] & 1)
				}
			}
			return b
		}
		src, prev, dst := buf(), buf(), buf()
		want := bytes.Clone(dst)
		lo, hi := off+margin, off+margin+n
		for filter := range byte(5) {
			if err := unfilter(filter, dst[lo:hi], src[lo:hi], prev[lo:hi], bpp); err != nil {
				t.Fatal(err)
			}
			unfilterDefinition(filter, want[lo:hi], src[lo:hi], prev[lo:hi], bpp)
			if !bytes.Equal(dst, want) {
				t.Fatalf("filter %d, %d bytes a pixel, %d bytes", filter, bpp, n)
			}
		}
	}
	if unfilter(5, nil, nil, nil, 1) == nil {
		t.Error("filter 5 accepted")
	}
}

func inflateAll(b []byte, piece, row int) (out []byte, err error) {
	var f inflater
	err = f.inflate(func() []byte {
		n := min(piece, len(b))
		if n == 0 {
			return nil
		}
		p := b[:n]
		b = b[n:]
		return p
	}, row, func(b []byte) (int, error) {
		n := len(b) / row * row
		out = append(out, b[:n]...)
		return n, nil
	})
	return out, err
}

// The inflater gives the same bytes as compress/flate, at every level: for data from empty to
// noise, with input in pieces of any size, and with a sink that takes only whole rows.
func TestInflateAgainstFlate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		b := make([]byte, r.IntN(300000))
		spread := 1 + r.IntN(60)
		for i := range b {
			if d := 1 + r.IntN(300); i >= d && r.IntN(3) == 0 {
				b[i] = b[i-d]
			} else {
				b[i] = byte(r.NormFloat64() * float64(spread))
			}
			if p := 1 + round/3; round%3 == 0 && i > 1000 && r.IntN(200) != 0 {
				b[i] = b[i-p]
			}
		}
		var w bytes.Buffer
		z, _ := zlib.NewWriterLevel(&w, r.IntN(12)-2)
		for i := 0; i < len(b); {
			n := min(1+r.IntN(len(b)), len(b)-i)
			z.Write(b[i : i+n])
			i += n
			if r.IntN(4) == 0 {
				z.Flush()
			}
		}
		z.Close()
		row := 1 + r.IntN(60000)
		got, err := inflateAll(w.Bytes(), 1+r.IntN(len(w.Bytes())), row)
		if err != nil || !bytes.Equal(got, b[:len(b)/row*row]) {
			t.Fatalf("round %d: %v, %d bytes, want %d", round, err, len(got), len(b))
		}
	}
}

func TestAdlerAgainstStandard(t *testing.T) {
	b := make([]byte, 40000)
	for i := range b {
		b[i] = 255 // the largest sums
	}
	for n := range 200 {
		for _, n := range []int{n, 5536 + n, 5552*3 + n, len(b) - n} {
			a := adler{1, 0}
			a.update(b[:n/3])
			a.update(b[n/3 : n])
			if got, want := a[1]<<16|a[0], adler32.Checksum(b[:n]); got != want {
				t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
			}
		}
	}
}

func FuzzInflate(f *testing.F) {
	f.Add(deflated(bytes.Repeat([]byte("abcabcd"), 1000)), uint16(7))
	f.Add(deflated(nil), uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, piece uint16) {
		got, err := inflateAll(b, int(piece)+1, 1)
		z, err2 := zlib.NewReader(bytes.NewReader(b))
		var want bytes.Buffer
		if err2 == nil {
			_, err2 = want.ReadFrom(z)
		}
		if err2 == nil && (err != nil || !bytes.Equal(got, want.Bytes())) {
			t.Fatalf("%v, %d bytes; compress/zlib: %d bytes", err, len(got), want.Len())
		}
		if err == nil && err2 != nil && bytes.Equal(got, want.Bytes()) && want.Len() > 0 {
			return // this package accepts more codes that are not used
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add(file(ihdr(4, 3, 8, 0, 0), chunkBytes("IDAT", deflated(make([]byte, 15))), iend))
	f.Add(file(ihdr(9, 9, 4, 3, 1), chunkBytes("PLTE", make([]byte, 48)), chunkBytes("tRNS", make([]byte, 3)), chunkBytes("IDAT", deflated(make([]byte, 200))), iend))
	f.Add(file(ihdr(3, 2, 16, 2, 0), chunkBytes("tRNS", make([]byte, 6)), chunkBytes("IDAT", deflated(make([]byte, 38))), iend))
	f.Add(file(ihdr(3, 2, 16, 6, 0), chunkBytes("cICP", []byte{9, 8, 0, 1}), chunkBytes("gAMA", []byte{0, 1, 2, 3}), chunkBytes("cHRM", make([]byte, 32)),
		chunkBytes("sRGB", make([]byte, 1)), chunkBytes("IDAT", deflated(make([]byte, 50))), iend))
	f.Fuzz(func(t *testing.T, src []byte) {
		for p := 8; ; { // with right CRCs, or little code is reached
			_, _, next, err := chunk(src, p)
			if err != nil {
				break
			}
			binary.BigEndian.PutUint32(src[next-4:], crc32.ChecksumIEEE(src[p+4:next-4]))
			p = next
		}
		r, err := NewReader(src)
		if err != nil || r.Width*r.Height > 1<<20 {
			return
		}
		r.ICC()
		if r.BitDepth == 16 && r.Height&1 == 0 {
			r.Narrow = func(dst, src []byte) {
				if len(dst)|2 != 3 || len(src) < 2*len(dst) {
					t.Fatalf("%d samples out of %d bytes", len(dst), len(src))
				}
				dst[0] = src[0]
			}
		}
		y := 0
		err = r.Rows(context.Background(), func(at int, row []byte) error {
			if at != y || len(row) != r.Width*r.Channels {
				t.Fatalf("row %d of %d bytes, want %d", at, len(row), y)
			}
			y++
			return nil
		})
		if err == nil && y != r.Height {
			t.Fatalf("%d rows of %d", y, r.Height)
		}
	})
}

// photo writes a PNG that is like a photo: smooth with noise, with filters chosen by image/png.
func photo(t testing.TB, w, h int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(5, 6))
	for i := range m.Pix {
		x, y := i/4%w, i/4/w
		m.Pix[i] = byte(128 + 60*math.Sin(float64(x)/90) + 50*math.Cos(float64(y+x/3)/70) + 3*r.NormFloat64())
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	if err := (&stdpng.Encoder{CompressionLevel: stdpng.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMemoryGrowsWithTheWidthAlone(t *testing.T) {
	src := photo(t, 1000, 1500) // 4.5 MB of samples
	r, err := NewReader(src)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := r.Rows(context.Background(), func(int, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := int64(after.TotalAlloc - before.TotalAlloc); got > 400<<10 || got > r.PeakBytes()*5/4 {
		t.Errorf("%d bytes allocated, PeakBytes says %d", got, r.PeakBytes())
	}
}

func BenchmarkRows(b *testing.B) {
	files := map[string][]byte{"made": photo(b, 1600, 1200)}
	if name := os.Getenv("PNG_FILE"); name != "" {
		src, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		files[filepath.Base(name)] = src
	}
	for name, src := range files {
		b.Run("src="+name, func(b *testing.B) {
			r, err := NewReader(src)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(r.Height * r.rowBytes(r.Width)))
			for b.Loop() {
				if err := r.Rows(context.Background(), func(int, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
