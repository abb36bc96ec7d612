package jpeg

import (
	"bytes"
	"image/color"
	"testing"
)

// All 2^24 colors are converted as image/color does, at any length.
func TestYCbCrToRGBAIsImageColors(t *testing.T) {
	y, cb, cr := make([]byte, 256), make([]byte, 256), make([]byte, 256)
	for i := range y {
		y[i] = byte(i)
	}
	got, want := make([]byte, 4*256), make([]byte, 4*256)
	for u := range 256 {
		for v := range 256 {
			for i := range y {
				cb[i], cr[i] = byte(u), byte(v)
				r, g, b := color.YCbCrToRGB(y[i], cb[i], cr[i])
				copy(want[4*i:], []byte{r, g, b, 255})
			}
			YCbCrToRGBA(got, y, cb, cr)
			if !bytes.Equal(got, want) {
				t.Fatalf("Cb=%d Cr=%d", u, v)
			}
		}
	}
	for n := range 40 {
		got := bytes.Repeat([]byte{7}, 4*n+64)
		YCbCrToRGBA(got[32:], y[100:100+n], cb[:n], cr[:n])
		for i := range n {
			cb[i], cr[i] = byte(9*i), byte(100+i)
		}
		YCbCrToRGBA(got[32:32+4*n], y[100:100+n], cb[:n], cr[:n])
		for i := range n {
			r, g, b := color.YCbCrToRGB(y[100+i], cb[i], cr[i])
			if !bytes.Equal(got[32+4*i:][:4], []byte{r, g, b, 255}) {
				t.Fatalf("sample %d of %d", i, n)
			}
		}
		if !bytes.Equal(got[:32], bytes.Repeat([]byte{7}, 32)) || !bytes.Equal(got[32+4*n:], bytes.Repeat([]byte{7}, 32)) {
			t.Fatalf("%d samples: written outside", n)
		}
	}
}

func BenchmarkYCbCrToRGBA(b *testing.B) {
	p := make([]byte, 1024)
	dst := make([]byte, 4096)
	b.SetBytes(1024)
	for b.Loop() {
		YCbCrToRGBA(dst, p, p, p)
	}
}
