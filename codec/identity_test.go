package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	stdjpeg "image/jpeg"
	"image/png"
	"math"
	"slices"
	"testing"
	"time"

	ourgif "miniatura/codec/gif"
	"miniatura/codec/jpeg"
	ourpng "miniatura/codec/png"
	"miniatura/codec/webp"
)

func noisyJPEG(t testing.TB, w, h, quality int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	s := uint32(1)
	for y := range h {
		for x := range w {
			s = s*1664525 + 1013904223
			m.SetNRGBA(x, y, color.NRGBA{uint8(x) + uint8(s>>28), uint8(y) + uint8(s>>27&15), uint8(x+y) + uint8(s>>26&15), 255})
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A fitting is a source that fits its box, and the result that the rule demands.
type fitting struct {
	name    string
	src     []byte
	quality int
	encoded bool // the encoding is the result; else the source without its metadata
}

func fittings(t *testing.T) []fitting {
	return slices.Concat(jpegFittings(t), pngFittings(t), paletteFittings(t), webpFittings(t))
}

func jpegFittings(t *testing.T) []fitting {
	small, big := noisyJPEG(t, 170, 120, 30), noisyJPEG(t, 170, 120, 100)
	nearly := noisyJPEG(t, 170, 120, 80)
	m, err := stdjpeg.Decode(bytes.NewReader(nearly))
	if err != nil {
		t.Fatal(err)
	}
	// A quality at which the encoding is smaller, and by less than a tenth.
	little := 90
	for ; little < 100; little++ {
		b, err := jpeg.Append(nil, m, &jpeg.Options{Quality: little, Smallest: true})
		if err != nil {
			t.Fatal(err)
		}
		if 10*len(b) > 9*len(nearly) {
			if len(b) >= len(nearly) {
				t.Fatalf("quality %d takes %d bytes, not a little less than %d", little, len(b), len(nearly))
			}
			break
		}
	}
	return []fitting{
		{"JPEG that would grow", small, 95, false},
		{"JPEG that would grow, EXIF", withOrientation(small, 1), 95, false},
		{"JPEG that would shrink", big, 60, true},
		{"JPEG that would shrink, EXIF", withOrientation(big, 1), 60, true},
		{"JPEG that would shrink by less than a tenth", nearly, little, false},
	}
}

func pngFittings(t *testing.T) []fitting {
	var wide bytes.Buffer // 16 bits a sample, what rule 9 narrows
	deep := image.NewNRGBA64(image.Rect(0, 0, 150, 110))
	for y := range 110 {
		for x := range 150 {
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(x*436) ^ 0x55, uint16(y * 590), uint16(x * y), 0xffff})
		}
	}
	if err := png.Encode(&wide, deep); err != nil {
		t.Fatal(err)
	}
	var stored bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&stored, broad(150, 110)); err != nil {
		t.Fatal(err)
	}
	best := madeHere(t, stored.Bytes())
	text := func(src []byte) []byte {
		chunk := append([]byte("\x00\x00\x00\x0etEXt"), "Comment\x00secret"...)
		chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
		return append(append(bytes.Clone(src[:33]), chunk...), src[33:]...)
	}
	return []fitting{
		{"PNG as small as it gets", best, 80, false},
		{"PNG as small as it gets, a text", text(best), 80, false},
		{"PNG not compressed", stored.Bytes(), 80, true},
		{"PNG not compressed, a text", text(stored.Bytes()), 80, true},
		{"PNG of 16 bits", wide.Bytes(), 80, true},
	}
}

// paletteFittings returns GIFs, and BMPs with many and with few colors.
func paletteFittings(t *testing.T) []fitting {
	pal := fourColors()
	comment := func(gif []byte) []byte { // behind a global color table
		n := 13
		if gif[10]&0x80 != 0 {
			n += 3 << (gif[10]&7 + 1)
		}
		return append(append(bytes.Clone(gif[:n]), "\x21\xfe\x06secret\x00"...), gif[n:]...)
	}
	return []fitting{
		{"GIF as small as it gets", madeHere(t, stillGIF(t, pal)), 80, false},
		{"GIF with too large a table", stillGIF(t, padded(pal)), 80, true},
		{"GIF with too large a table, a comment", comment(stillGIF(t, padded(pal))), 80, true},
		{"animated GIF as small as it gets", madeHere(t, heldGIF(t, pal)), 80, false},
		{"animated GIF, full frames", heldGIF(t, pal), 80, true},
		{"animated GIF, full frames, a comment", comment(heldGIF(t, pal)), 80, true},
		{"BMP with a palette would do", bitmap24(expanded(pal)), 80, true},
		{"BMP of 24 bits", bitmap24(broad(150, 110)), 80, false},
	}
}

func webpFittings(t *testing.T) []fitting {
	soft := broad(150, 110)
	still := func(m image.Image, o webp.Options) []byte {
		b, err := webp.Append(nil, m, &o)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	moving := func(quality int, frames ...*image.NRGBA) []byte {
		w, err := webp.NewAnimationWriter(150, 110, 0, &webp.Options{Quality: quality, Lossy: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range frames {
			if err := w.Add(m, 100*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		b, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return []fitting{
		{"WebP that would grow", still(soft, webp.Options{Quality: 20, Lossy: true}), 90, false},
		{"WebP that would shrink", still(noise(150, 110), webp.Options{Quality: 100, Lossy: true}), 50, true},
		{"lossless WebP of noise", still(noise(150, 110), webp.Options{Lossless: true}), 30, true},
		{"lossless WebP, as ours", still(fourColors(), webp.Options{Lossless: true}), 80, false},
		{"animated WebP that would grow", moving(20, soft, noise(150, 110)), 90, false},
		{"animated WebP that would shrink", moving(100, soft, noise(150, 110)), 50, true},
	}
}

// madeHere returns the file that an encoder here makes of src, at its own size in its own format.
func madeHere(t *testing.T, src []byte) []byte {
	t.Helper()
	out, _, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fourColors returns a picture of stripes with a palette.
func fourColors() *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, 150, 110), color.Palette{color.White, color.NRGBA{200, 30, 60, 255}, color.NRGBA{20, 60, 160, 255}, color.Black})
	for i := range m.Pix {
		m.Pix[i] = byte(i/7+i/1500) & 3
	}
	return m
}

// padded returns m with a palette of 256 colors.
func padded(m *image.Paletted) *image.Paletted {
	d := *m
	for len(d.Palette) < 256 {
		d.Palette = append(d.Palette, color.NRGBA{byte(len(d.Palette)), 1, 2, 255})
	}
	return &d
}

func expanded(m *image.Paletted) *image.NRGBA {
	d := image.NewNRGBA(m.Rect)
	draw.Draw(d, d.Rect, m, m.Rect.Min, draw.Src)
	return d
}

// noise returns a picture that cannot be predicted.
func noise(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	s := uint32(7)
	for i := range m.Pix {
		s = s*1664525 + 1013904223
		m.Pix[i] = byte(s >> 24)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// heldGIF returns an animation whose frames are whole canvases and differ very little.
func heldGIF(t *testing.T, m *image.Paletted) []byte {
	t.Helper()
	g := &gif.GIF{}
	for k := range 3 {
		f := *m
		f.Pix = bytes.Clone(m.Pix)
		f.Pix[k*40] ^= 1
		g.Image, g.Delay = append(g.Image, &f), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The result of a picture that fits is the source without its metadata. It is the encoding instead
// if that is exact and smaller, or has loss and is a tenth smaller.
func TestWhatFitsBecomesTheSmallerByTheRule(t *testing.T) {
	for _, f := range fittings(t) {
		src := bytes.Clone(f.src)
		out, info, err := Resize(context.Background(), f.src, fitter(t, "SXS"), Options{Quality: f.quality})
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if !bytes.Equal(src, f.src) {
			t.Errorf("%s: the source was written to", f.name)
		}
		kept := f.src
		if plain := stripFor(f.src); plain != nil {
			if kept, err = plain(f.src, false); err != nil {
				t.Fatal(err)
			}
		}
		if same := bytes.Equal(out, kept); same == f.encoded {
			t.Errorf("%s: %d bytes of %d, the source itself: %v", f.name, len(out), len(kept), same)
		}
		lossy := info.Source == "image/jpeg" || info.Source == "image/webp"
		if f.encoded && (len(out) >= len(kept) || lossy && 10*len(out) > 9*len(kept)) {
			t.Errorf("%s: %d bytes of %d", f.name, len(out), len(kept))
		}
		if bytes.Contains(out, []byte("secret")) || bytes.Contains(out, []byte("Exif")) {
			t.Errorf("%s: the metadata is still there", f.name)
		}
		if !lossy { // every pixel of every frame is as in the source, to 8 bits
			a, b := pixels(t, f.src), pixels(t, out)
			if len(a) != len(b) {
				t.Errorf("%s: %d frames of %d", f.name, len(b), len(a))
				continue
			}
			for i := range a {
				if !bytes.Equal(a[i], b[i]) {
					t.Errorf("%s: frame %d changed", f.name, i+1)
				}
			}
		}
		// to_webp=1 always gives WebP.
		if out, info, err := Resize(context.Background(), f.src, fitter(t, "SXS"), Options{Quality: 100, Format: WebP}); err != nil ||
			info.ContentType != "image/webp" || !bytes.HasPrefix(out, []byte("RIFF")) {
			t.Errorf("%s to WebP: %v, %.4q", f.name, err, out)
		}
	}
}

func stripFor(src []byte) func([]byte, bool) ([]byte, error) {
	switch Sniff(src) {
	case JPEG:
		return jpeg.Strip
	case PNG:
		return ourpng.Strip
	case GIF:
		return ourgif.Strip
	case WebP:
		return webp.Strip
	}
	return nil
}

// pixels returns the frames of a source with 8 bits a sample, 16 bits rounded, by other programs'
// readers where there are any.
func pixels(t *testing.T, src []byte) (frames [][]byte) {
	t.Helper()
	f := Sniff(src)
	switch f {
	case GIF:
		g, err := gif.DecodeAll(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		canvas := image.NewNRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
		for i, m := range g.Image {
			draw.Draw(canvas, m.Rect, m, m.Rect.Min, draw.Over)
			frames = append(frames, bytes.Clone(canvas.Pix))
			if g.Disposal[i] == gif.DisposalBackground || g.Disposal[i] == gif.DisposalPrevious {
				t.Fatal("no such disposal is expected")
			}
		}
		return frames
	case PNG:
		m, err := png.Decode(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		var pix []byte
		for y := range m.Bounds().Dy() {
			for x := range m.Bounds().Dx() {
				c := color.NRGBA64Model.Convert(m.At(x, y)).(color.NRGBA64)
				for _, v := range []uint16{c.R, c.G, c.B, c.A} {
					pix = append(pix, byte(math.Round(float64(v)/257)))
				}
			}
		}
		return [][]byte{pix}
	}
	_, s, _, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	bmp := s.(bmpSource)
	var pix []byte
	if err := bmp.Rows(context.Background(), func(y int, row []byte) error {
		for ; len(row) > 0; row = row[bmp.Channels:] {
			c := append(bytes.Clone(row[:bmp.Channels]), 255)
			if bmp.Channels == 1 {
				c = []byte{row[0], row[0], row[0], 255}
			}
			pix = append(pix, c[:4]...)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return [][]byte{pix}
}

// A damaged file that fits its box is not stored again as it is.
func TestHalfAPictureIsNeverAResult(t *testing.T) {
	whole := noisyJPEG(t, 170, 120, 90)
	var b bytes.Buffer
	if err := png.Encode(&b, smooth(150, 150)); err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string][]byte{"JPEG": whole, "JPEG with EXIF": withOrientation(whole, 1), "PNG": b.Bytes()} {
		for _, part := range []int{2, 3, 5} {
			half := src[:len(src)*(part-1)/part]
			for _, webp := range []bool{false, true} {
				if out, _, err := Resize(context.Background(), half, fitter(t, "SXS"), Options{Format: formatOf(webp)}); err == nil {
					t.Errorf("%s cut to %d of %d bytes gave %d bytes", name, len(half), len(src), len(out))
				}
			}
		}
	}
}

// HighEffort reaches the encoder: it makes fewer bytes.
func TestHighEffortIsSmaller(t *testing.T) {
	src := noisyJPEG(t, 640, 480, 95)
	size := map[Effort]int{}
	for _, effort := range []Effort{DefaultEffort, HighEffort} {
		out, _, err := Resize(context.Background(), src, fitter(t, "SS"), Options{Format: WebP, Effort: effort})
		if err != nil {
			t.Fatal(err)
		}
		size[effort] = len(out)
	}
	if size[HighEffort] >= size[DefaultEffort] {
		t.Errorf("high effort wrote %d bytes, the default %d", size[HighEffort], size[DefaultEffort])
	}
}
