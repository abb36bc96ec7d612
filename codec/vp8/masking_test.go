package vp8

import (
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
