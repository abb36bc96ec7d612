package vp8

import (
	"bytes"
	"image"
	"math/rand/v2"
	"testing"
)

// simpleSegment is the arithmetic of section 15.2 on two samples on each side of an edge, in signed
// 8-bit numbers as in that section.
func simpleSegment(limit int, p1, p0, q0, q1 uint8) (uint8, uint8) {
	c := func(v int) int8 { return int8(max(-128, min(v, 127))) }
	s := func(v uint8) int { return int(v) - 128 }
	u := func(v int8) uint8 { return uint8(int(v) + 128) }
	d := func(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }
	if 2*d(p0, q0)+d(p1, q1)/2 > limit {
		return p0, q0
	}
	a := c(int(c(s(p1)-s(q1))) + 3*(s(q0)-s(p0)))
	f := c(int(a)+4) >> 3
	g := c(int(a)+3) >> 3
	return u(c(s(p0) + int(g))), u(c(s(q0) - int(f)))
}

// At every level, the simple filter changes the two samples next to an edge as section 15.2 says,
// and no other sample.
func TestSimpleFilterIsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 2))
	changed := 0
	for level := 0; level < 64; level++ {
		for n := 0; n < 4000; n++ {
			// The samples are far apart, close together, or near the ends of their range.
			var pix, want [8]byte
			base, spread := r.IntN(256), 1+r.IntN(1<<(1+n%8))
			for i := range pix {
				pix[i] = byte(clip(base+r.IntN(spread)-spread/2, 0, 255))
			}
			want = pix
			macroblockEdge := n&1 == 1
			limit := 2*level + max(level, 1)
			if macroblockEdge {
				limit += 4
			}
			want[3], want[4] = simpleSegment(limit, pix[2], pix[3], pix[4], pix[5])
			if want != pix {
				changed++
			}
			got := pix
			filterEdge(got[:], 4, 1, len(got), 1, filterParamsOf(level, &frameHeader{simple: true}), macroblockEdge)
			if got != want {
				t.Fatalf("level %d, macroblock edge %v: %v becomes %v, want %v", level, macroblockEdge, pix, got, want)
			}
		}
	}
	if changed < 50000 {
		t.Errorf("only %d edges were changed", changed)
	}
}

// When the simple filter is asked for, decoders run it. It smooths luma and leaves chroma alone, so
// chroma is the unfiltered reconstruction.
func TestSimpleFilterLeavesChroma(t *testing.T) {
	m := testPictures()[1]
	n := m.Rect.Dx() * m.Rect.Dy()
	show := func(o Options) (frame, luma, chroma []byte) {
		frame, _ = encodeRecon(t, new(Encoder), m, o)
		d, err := decode(frame)
		if err != nil {
			t.Fatal(err)
		}
		p := planes(d)
		return frame, p[:n], p[n:]
	}
	normal, normalLuma, normalChroma := show(Options{Quality: 20})
	simple, luma, chroma := show(Options{Quality: 20, SimpleFilter: true})
	if v := normal[0] >> 1 & 7; v != 0 {
		t.Errorf("version %d with the normal filter, want 0", v)
	}
	if v := simple[0] >> 1 & 7; v != 1 {
		t.Errorf("version %d with the simple filter, want 1", v)
	}
	unfiltered := unfilteredRecon(t, m, Options{Quality: 20})
	if bytes.Equal(luma, unfiltered[:n]) || !bytes.Equal(chroma, unfiltered[n:]) {
		t.Error("the simple filter left luma alone, or chroma not")
	}
	if bytes.Equal(normalLuma, luma) || bytes.Equal(normalChroma, chroma) {
		t.Error("the normal filter gives the simple one's samples")
	}
}

// unfilteredRecon returns what a frame of m decodes to before the loop filter.
func unfilteredRecon(t *testing.T, m *image.YCbCr, o Options) []byte {
	t.Helper()
	var e Encoder
	e.recon = image.NewYCbCr(image.Rect(0, 0, (m.Rect.Dx()+15)&^15, (m.Rect.Dy()+15)&^15), image.YCbCrSubsampleRatio420)
	if err := e.init(m.Rect.Dx(), m.Rect.Dy()); err != nil {
		t.Fatal(err)
	}
	e.importYCbCr(m)
	e.analyse()
	e.sample.start(e.mbw, e.mbh, 3)
	e.assignSegments(o, restriction{})
	e.encodeMacroblocks()
	return planes(e.recon.SubImage(m.Rect).(*image.YCbCr))
}
