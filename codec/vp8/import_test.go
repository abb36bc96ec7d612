package vp8

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"
)

// The change of range is the formula of its definition, rounded.
func TestLimitIsExact(t *testing.T) {
	for v := 0; v < 256; v++ {
		y := math.Round(16 + float64(v)*219/255)
		c := math.Round(128 + (float64(v)-128)*224/255)
		if got := limitLuma.limit(uint8(v)); float64(got) != y {
			t.Errorf("luma %d: %d, want %g", v, got, y)
		}
		if got := limitChroma.limit(uint8(v)); float64(got) != c {
			t.Errorf("chroma %d: %d, want %g", v, got, c)
		}
	}
}

// Colors are those of BT.601, within half a step plus the error of the arithmetic, whether opaque
// or not. Alpha keeps the colors of invisible pixels out of chroma.
func TestImportNRGBA(t *testing.T) {
	for _, alpha := range []uint8{255, 77} {
		m := image.NewNRGBA(image.Rect(0, 0, 48, 32))
		for y := 0; y < 32; y++ {
			for x := 0; x < 48; x++ {
				i := x/2*11 + y/2*37
				m.SetNRGBA(x, y, color.NRGBA{uint8(i * 7), uint8(i * 13), uint8(i * 29), alpha})
			}
		}
		var e Encoder
		if err := e.init(48, 32); err != nil {
			t.Fatal(err)
		}
		e.importNRGBA(m)
		for y := 0; y < 32; y++ {
			for x := 0; x < 48; x++ {
				p := m.NRGBAAt(x, y)
				r, g, b := float64(p.R)/255, float64(p.G)/255, float64(p.B)/255
				mb := e.samples[(y/16*3+x/16)*mbSamples:]
				luma := 0.299*r + 0.587*g + 0.114*b
				for _, c := range []struct {
					name string
					got  uint8
					want float64
				}{
					{"Y", mb[y%16*16+x%16], 16 + 219*luma},
					{"Cb", mb[256+y%16/2*16+x%16/2], 128 + 224*0.5*(b-luma)/(1-0.114)},
					{"Cr", mb[264+y%16/2*16+x%16/2], 128 + 224*0.5*(r-luma)/(1-0.299)},
				} {
					if math.Abs(float64(c.got)-c.want) > 0.52 {
						t.Fatalf("alpha %d, %d,%d: %s of %v is %d, want %.2f", alpha, x, y, c.name, p, c.got, c.want)
					}
				}
			}
		}
	}

	seen, hidden := image.NewNRGBA(image.Rect(0, 0, 32, 16)), image.NewNRGBA(image.Rect(0, 0, 32, 16))
	for i := 0; i < len(seen.Pix); i += 4 {
		copy(seen.Pix[i:], []byte{200, 40, 90, 255})
		copy(hidden.Pix[i:], []byte{200, 40, 90, 255})
		if i/4%2 == 1 {
			copy(hidden.Pix[i:], []byte{0, 255, 0, 0})
		}
	}
	chroma := func(m *image.NRGBA) []byte {
		var e Encoder
		if err := e.init(32, 16); err != nil {
			t.Fatal(err)
		}
		e.importNRGBA(m)
		return append(append([]byte(nil), e.samples[256:mbSamples]...), e.samples[mbSamples+256:]...)
	}
	if !bytes.Equal(chroma(seen), chroma(hidden)) {
		t.Error("colors that cannot be seen change chroma")
	}
}

// A picture's last column and row are repeated up to whole macroblocks.
func TestEdgesAreRepeated(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {33, 17}, {47, 31}, {48, 32}} {
		w, h := s[0], s[1]
		y := noise(w, h, 1, 0, 255)
		n := image.NewNRGBA(image.Rect(0, 0, w, h))
		fill := noise(4*w, h, 2, 0, 255)
		copy(n.Pix, fill.Y)
		for i := 3; i < len(n.Pix); i += 4 {
			n.Pix[i] = 255
		}
		big := image.Rect(0, 0, (w+15)&^15, (h+15)&^15)
		yBig, nBig := image.NewYCbCr(big, image.YCbCrSubsampleRatio420), image.NewNRGBA(big)
		for j := 0; j < big.Max.Y; j++ {
			for i := 0; i < big.Max.X; i++ {
				a, b := min(i, w-1), min(j, h-1)
				nBig.SetNRGBA(i, j, n.NRGBAAt(a, b))
				yBig.Y[yBig.YOffset(i, j)] = y.Y[y.YOffset(a, b)]
				a, b = min(i/2, (w-1)/2), min(j/2, (h-1)/2)
				yBig.Cb[yBig.COffset(i, j)] = y.Cb[b*y.CStride+a]
				yBig.Cr[yBig.COffset(i, j)] = y.Cr[b*y.CStride+a]
			}
		}
		var e, f Encoder
		for _, i := range []func(e *Encoder, whole bool){
			func(e *Encoder, whole bool) {
				if whole {
					e.importYCbCr(yBig)
				} else {
					e.importYCbCr(y)
				}
			},
			func(e *Encoder, whole bool) {
				if whole {
					e.importNRGBA(nBig)
				} else {
					e.importNRGBA(n)
				}
			},
		} {
			if e.init(w, h) != nil || f.init(big.Dx(), big.Dy()) != nil {
				t.Fatal("init")
			}
			i(&e, false)
			i(&f, true)
			if k := differs(e.samples, f.samples); k >= 0 {
				t.Errorf("%d by %d: sample %d of macroblock %d differs", w, h, k%mbSamples, k/mbSamples)
			}
		}
	}
}

// Decoders interpolate chroma (libwebp's upsampling: 9, 3, 3 and 1 sixteenths). At a step between
// two colors, they show something nearer to these colors when chroma was sharpened. Flat colors do
// not change.
func TestSharpenedChromaSurvivesUpsampling(t *testing.T) {
	const w, h = 40, 24
	var e Encoder
	if err := e.init(w, h); err != nil {
		t.Fatal(err)
	}
	color := func(x, y int) int { // full resolution
		if x > 16 && y > 7 && x < 30 {
			return 180
		}
		return 90
	}
	mean := func(x, y int) byte {
		s := 0
		for k := range 4 {
			s += color(2*x+k&1, 2*y+k>>1)
		}
		return byte((s + 2) / 4)
	}
	at := func(x, y, plane int) *byte {
		x, y = clip(x, 0, 8*e.mbw-1), clip(y, 0, 8*e.mbh-1)
		return &e.samples[(y>>3*e.mbw+x>>3)*mbSamples+256+y&7*16+x&7+8*plane]
	}
	for y := range 8 * e.mbh {
		for x := range 8 * e.mbw {
			*at(x, y, 0), *at(x, y, 1) = mean(x, y), 255-mean(x, y)
		}
	}
	off := func(plane int) (sum int) {
		for y := range h {
			for x := range w {
				cx, cy := x>>1, y>>1
				nx, ny := cx-1+x&1*2, cy-1+y&1*2
				v := (9*int(*at(cx, cy, plane)) + 3*int(*at(nx, cy, plane)) + 3*int(*at(cx, ny, plane)) + int(*at(nx, ny, plane)) + 8) >> 4
				want := color(x, y)
				if plane == 1 {
					want = 255 - want
				}
				sum += (v - want) * (v - want)
			}
		}
		return sum
	}
	before := [2]int{off(0), off(1)}
	e.sharpenChroma()
	for plane, b := range before {
		if a := off(plane); 10*a > 9*b {
			t.Errorf("plane %d: squared errors %d, %d before", plane, a, b)
		}
	}
	if *at(2, 2, 0) != 90 || *at(2, 2, 1) != 165 {
		t.Errorf("flat colors became %d, %d", *at(2, 2, 0), *at(2, 2, 1))
	}
}
