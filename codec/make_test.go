package codec

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"testing"
)

// This file makes sources for tests, by other code than the code under test.

func stillGIF(t testing.TB, m *image.Paletted) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// movingGIF returns an animation of four frames that run 3 times: m, then a smaller rectangle of it
// that moves, with every disposal.
func movingGIF(t testing.TB, m *image.Paletted) []byte {
	t.Helper()
	g := &gif.GIF{LoopCount: 2, Config: image.Config{Width: m.Rect.Dx(), Height: m.Rect.Dy(), ColorModel: m.Palette}}
	add := func(f *image.Paletted, delay int, disposal byte) {
		g.Image, g.Delay, g.Disposal = append(g.Image, f), append(g.Delay, delay), append(g.Disposal, disposal)
	}
	add(m, 10, gif.DisposalNone)
	for i, d := range []byte{gif.DisposalBackground, gif.DisposalPrevious, gif.DisposalNone} {
		r := image.Rect(20+90*i, 30+40*i, 110+90*i, 130+40*i)
		f := image.NewPaletted(r, m.Palette)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				f.SetColorIndex(x, y, uint8(x/9+y/9+i)%4)
			}
		}
		add(f, 5+i, d)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bitmap24 writes m's colors as a bottom-up BMP of 24 bits.
func bitmap24(m *image.NRGBA) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	stride := (3*w + 3) &^ 3
	b := make([]byte, 54, 54+stride*h)
	copy(b, "BM")
	binary.LittleEndian.PutUint32(b[2:], uint32(54+stride*h))
	binary.LittleEndian.PutUint32(b[10:], 54)
	binary.LittleEndian.PutUint32(b[14:], 40)
	binary.LittleEndian.PutUint32(b[18:], uint32(w))
	binary.LittleEndian.PutUint32(b[22:], uint32(h))
	binary.LittleEndian.PutUint16(b[26:], 1)
	binary.LittleEndian.PutUint16(b[28:], 24)
	row := make([]byte, stride)
	for y := h - 1; y >= 0; y-- {
		for x := range w {
			p := m.NRGBAAt(x, y)
			row[3*x], row[3*x+1], row[3*x+2] = p.B, p.G, p.R
		}
		b = append(b, row...)
	}
	return b
}

// formatOf returns the format of a result, nil for that of the source.
func formatOf(webp bool) *Format {
	if webp {
		return WebP
	}
	return nil
}
