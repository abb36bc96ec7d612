//go:build !purego

package vp8

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// withoutAVX2 runs f on the reference kernels.
func withoutAVX2(f func()) {
	old := useAVX2
	useAVX2 = false
	defer func() { useAVX2 = old }()
	f()
}

func needAVX2(t *testing.T) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
}

// fill fills p with samples: noise, or only the extremes.
func fill(r *rand.Rand, p []byte, extreme bool) {
	for i := range p {
		p[i] = byte(r.Uint32())
		if extreme {
			p[i] = byte(int8(p[i]) >> 7)
		}
	}
}

// The AVX2 kernels give the results of the reference kernels on noise and on extremes, and write
// nothing outside of their results.
func TestKernelsEqualReference(t *testing.T) {
	needAVX2(t)
	r := rand.New(rand.NewPCG(1, 2))
	const poison = 0x5a5a
	for trial := 0; trial < 3000; trial++ {
		extreme := trial&1 == 0
		n := 1 + trial%4
		var src, pred [256]byte
		fill(r, src[:], extreme)
		fill(r, pred[:], extreme)
		var a, b [256 + 16]int16
		for i := range a {
			a[i], b[i] = poison, poison
		}
		fdctStrips(a[:], src[:], pred[:], n)
		fdctStripsGeneric(b[:], src[:], pred[:], n)
		if a != b {
			t.Fatalf("fdctStrips, n = %d: %v, want %v", n, a, b)
		}

		fdctBlock(a[:], src[:], pred[:], n)
		for i := range b {
			b[i] = a[i]
		}
		fdctBlockGeneric(b[:], src[:], pred[:], n)
		if a != b {
			t.Fatalf("fdctBlock, n = %d: %v, want %v", n, a, b)
		}

		var edge [16]byte
		fill(r, edge[:], extreme)
		edge[1], edge[14] = edge[0], edge[13]
		lo, hi := binary.LittleEndian.Uint64(edge[:]), binary.LittleEndian.Uint64(edge[8:])
		var pa, pb [192]byte
		predict4(&pa, lo, hi)
		predict4Generic(&pb, lo, hi)
		for i := range pa {
			if pa[i] != pb[i] && (i < 128 || i%16 < 8) {
				t.Fatalf("predict4, edge %v: mode %d, row %d", edge, i/64*4+i%16/4, i%64/16)
			}
		}

		// Coefficients are from their full range, or the results of a transform.
		coef := b
		if trial%3 == 0 {
			for i := range coef {
				coef[i] = int16(r.IntN(2*16320+1) - 16320)
			}
		}
		var seg segment
		seg.quant = r.IntN(128)
		seg.initQuant(quantDelta{})
		q := []*quantMatrix{&seg.y1, &seg.y2, &seg.uv}[trial%3]
		var ref [256]int16
		for i := range ref {
			ref[i] = int16(r.IntN(4081) - 2040)
		}
		for i := range a {
			a[i], b[i] = poison, poison
		}
		var sa, sb blockStats
		step := 16 * (trial & 1)
		quantizeBlocks(a[:], coef[:], ref[:], step, q, &sa, 4*n)
		quantizeBlocksGeneric(b[:], coef[:], ref[:], step, q, &sb, 4*n)
		if a != b || sa != sb {
			t.Fatalf("quantizeBlocks, n = %d, index %d: %v %v, want %v %v", 4*n, seg.quant, a, sa, b, sb)
		}

		var ref24 [24 * 16]int16
		for i := range ref24 {
			ref24[i] = int16(r.IntN(4081) - 2040)
		}
		var ta, tb [24]uint32
		texture(&ta, &ref24)
		textureGeneric(&tb, &ref24)
		if ta != tb {
			t.Fatalf("texture: %v, want %v", ta, tb)
		}
	}
}

// The inverse transform gives the results of the reference for quantized differences of samples,
// and writes nothing outside of its block.
func TestInverseKernelEqualsReference(t *testing.T) {
	needAVX2(t)
	r := rand.New(rand.NewPCG(13, 14))
	for trial := 0; trial < 20000; trial++ {
		var src, pred [64]byte
		fill(r, src[:], trial&1 == 0)
		fill(r, pred[:], trial&3 < 2)
		var coef, lev [64]int16
		fdctStripGeneric(&coef, src[:], 16, pred[:], 16)
		s := segment{quant: r.IntN(128)}
		s.initQuant(quantDelta{})
		var st blockStats
		quantizeBlocksGeneric(lev[:], coef[:], coef[:], 0, &s.y1, &st, 4)
		for b := 0; b < 4; b++ {
			l := (*[16]int16)(lev[16*b:])
			for i := range l { // as the trellis and diffusion may
				if r.IntN(4) == 0 && l[i] != 0 {
					l[i] -= int16(r.IntN(3) - 1)
				}
			}
			var x, y [4*32 + 8]byte
			for i := range x {
				x[i], y[i] = 0x5a, 0x5a
			}
			idctBlock(x[8:], 32, pred[4*b:], 16, l, &s.y1.q)
			idctBlockGeneric(y[8:], 32, pred[4*b:], 16, l, &s.y1.q)
			if x != y {
				t.Fatalf("index %d, levels %v: %v, want %v", s.quant, l, x, y)
			}
		}
	}
}

// The kernels of the import give the results of the reference kernels.
func TestImportKernelsEqualReference(t *testing.T) {
	needAVX2(t)
	r := rand.New(rand.NewPCG(3, 4))
	for trial := 0; trial < 300; trial++ {
		n := 1 + trial%5
		row0, row1 := make([]byte, 64*n), make([]byte, 64*n)
		fill(r, row0, trial&1 == 0)
		fill(r, row1, trial&1 == 0)
		for i := 3; i < len(row0); i += 4 {
			row0[i], row1[i] = 255, 255
		}
		a, b := make([]byte, (n+1)*mbSamples), make([]byte, (n+1)*mbSamples)
		o := trial % 8 * 32
		rgbaRows(a[o:], a[256+o/2:], row0, row1, n)
		rgbaRowsGeneric(b[o:], b[256+o/2:], row0, row1, n)
		if !bytes.Equal(a, b) {
			t.Fatalf("rgbaRows, n = %d: differs at %d", n, differs(a, b))
		}
		width := 8 << (trial & 1)
		limitRow(a[o:], row0, n, width, limitChroma)
		limitRowGeneric(b[o:], row0, n, width, limitChroma)
		if !bytes.Equal(a, b) {
			t.Fatalf("limitRow, n = %d, width %d: differs at %d", n, width, differs(a, b))
		}
	}
}

// Frames are the same bytes with and without AVX2.
func TestFramesEqualWithoutAVX2(t *testing.T) {
	needAVX2(t)
	var e Encoder
	for _, m := range testPictures() {
		for q := 0; q <= 100; q += 20 {
			for _, effort := range []Effort{DefaultEffort, HighEffort} {
				o := Options{Quality: q, Effort: effort}
				a, err := e.Encode(nil, m, o)
				if err != nil {
					t.Fatal(err)
				}
				var b []byte
				withoutAVX2(func() { b, _ = e.Encode(nil, m, o) })
				if !bytes.Equal(a, b) {
					t.Fatalf("%v %+v: frames differ", m.Rect, o)
				}
			}
		}
	}
}
