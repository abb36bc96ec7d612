package webp

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/HugoSmits86/nativewebp"
)

// nativewebp is the other lossless encoder in pure Go. Its files are read here exactly, and ours of
// the same pictures are smaller.
func TestLosslessIsSmallerThanNativewebp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	pictures := map[string]func(x, y int) color.NRGBA{
		"flat":     func(x, y int) color.NRGBA { return color.NRGBA{uint8(x / 60 * 50), uint8(y / 40 * 30), 90, 255} },
		"gradient": func(x, y int) color.NRGBA { return color.NRGBA{uint8(x), uint8(y), uint8((x + y) / 2), 255} },
		"alpha":    func(x, y int) color.NRGBA { return color.NRGBA{200, uint8(x), 40, uint8(y)} },
		"noise": func(x, y int) color.NRGBA {
			return color.NRGBA{uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(x), 255}
		},
		"rings": func(x, y int) color.NRGBA {
			return color.NRGBA{uint8((x*x + y*y) >> 7), uint8((x - y) * (x - y) >> 6), 0, 255}
		},
	}
	compared := 0
	for name, at := range pictures {
		m := image.NewNRGBA(image.Rect(0, 0, 250, 210))
		for y := range 210 {
			for x := range 250 {
				m.SetNRGBA(x, y, at(x, y))
			}
		}
		ours, err := Append(nil, m, &Options{Lossless: true})
		if err != nil {
			t.Fatal(err)
		}
		var theirs bytes.Buffer
		if err := encodeNative(&theirs, m); err != nil {
			t.Logf("%-8s ours %6d bytes, %v", name, len(ours), err)
			continue
		}
		compared++
		f, err := NewReader(theirs.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := f.Frames[0].DecodeNRGBA()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := 0; i < len(m.Pix); i += 4 {
			if m.Pix[i+3] != 0 && !bytes.Equal(got.Pix[i:i+4], m.Pix[i:i+4]) {
				t.Fatalf("%s: pixel %d of nativewebp's file reads as %v, want %v", name, i/4, got.Pix[i:i+4], m.Pix[i:i+4])
			}
		}
		if len(ours) > theirs.Len() {
			t.Errorf("%s: %d bytes, nativewebp writes %d", name, len(ours), theirs.Len())
		}
		t.Logf("%-8s ours %6d bytes, nativewebp %6d: %.3f", name, len(ours), theirs.Len(), float64(len(ours))/float64(theirs.Len()))
	}
	if compared < 3 {
		t.Errorf("only %d pictures were compared", compared)
	}
}

// encodeNative calls nativewebp.Encode, and returns its panics as errors; v0.9.3 has one about code
// lengths.
func encodeNative(b *bytes.Buffer, m image.Image) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("nativewebp panics: %v", p)
		}
	}()
	return nativewebp.Encode(b, m, nil)
}
