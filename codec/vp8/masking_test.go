package vp8

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// In a macroblock with an edge through it, the factors of lambda are below one for flat blocks and
// above one for the blocks of the edge. The weights are the inverses of these factors. If all
// blocks are alike, all factors are one.
func TestMaskingOfAnEdge(t *testing.T) {
	var m masking
	var tex [24]uint32
	for b := range tex {
		tex[b] = 40
		if b < 16 && b&3 == 3 {
			tex[b] = 30000
		}
	}
	m.set(&tex)
	for b := range m.lambda {
		l, w := m.lambda[b], m.weight[b]
		if edge := b&3 == 3; edge && l <= 256 || b&3 < 2 && l >= 256 {
			t.Errorf("block %d: lambda %d/256", b, l)
		}
		if l < 64 || l > 1024 || math.Abs(float64(l*w)-65536) > float64(l) {
			t.Errorf("block %d: lambda %d, weight %d", b, l, w)
		}
	}
	for b := range tex {
		tex[b] = 7000
	}
	m.set(&tex)
	if m.lambda[5] != 256 || m.weight[5] != 256 {
		t.Errorf("of blocks that are alike: lambda %d, weight %d", m.lambda[5], m.weight[5])
	}
}

func TestPower(t *testing.T) {
	for x := -128; x <= 128; x++ {
		want := 256 * math.Pow(2, float64(x)/16)
		if got := float64(power(x)); math.Abs(got-want) > 1+want/400 {
			t.Errorf("power(%d) = %g, want %.1f", x, got, want)
		}
	}
}

// Smooth colored gradients show the blocks of coarse chroma. At high qualities, high effort keeps
// their chroma about as exact as default effort does.
func TestHighEffortKeepsSmoothChroma(t *testing.T) {
	const w, h = 290, 190
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			d := math.Hypot(float64(x-90), float64(y-60)) / 240
			m.SetNRGBA(x, y, color.NRGBA{uint8(250 - 150*d), uint8(120 + 60*d), uint8(60 + 140*d), 255})
		}
	}
	var source Encoder
	if err := source.init(w, h); err != nil {
		t.Fatal(err)
	}
	source.importNRGBA(m)
	off := func(quality int, effort Effort) (squared float64) {
		var e Encoder
		b, err := e.EncodeNRGBA(nil, m, Options{Quality: quality, Effort: effort})
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for y := range h / 2 {
			for x := range w / 2 {
				i := (y>>3*source.mbw+x>>3)*mbSamples + 256 + y&7*16 + x&7
				u := float64(got.Cb[y*got.CStride+x]) - float64(source.samples[i])
				v := float64(got.Cr[y*got.CStride+x]) - float64(source.samples[i+8])
				squared += u*u + v*v
			}
		}
		return squared
	}
	for _, quality := range []int{88, 90, 92, 96} {
		if low, high := off(quality, DefaultEffort), off(quality, HighEffort); high > 1.15*low {
			t.Errorf("quality %d: high effort has the squared error %.0f, %.0f at default effort", quality, high, low)
		}
	}
}
