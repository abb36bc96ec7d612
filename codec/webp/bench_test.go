package webp

import (
	"image"
	"testing"
)

// BenchmarkLossless writes a picture of the corpus as VP8L and reports its bytes too.
func BenchmarkLossless(b *testing.B) {
	for _, name := range []string{"screenshot-1399x911-rgba.png", "P3-sRGB-color-ring.png", "png-alpha-64bit.png", "kodim23.png", "palette-4bit-1200x755.png", "gray-8bit-alpha.png"} {
		b.Run("src="+name, func(b *testing.B) {
			m := readPNG(b, name)
			b.SetBytes(int64(len(m.Pix)))
			n := 0
			for b.Loop() {
				file, err := Append(nil, m, &Options{Lossless: true})
				if err != nil {
					b.Fatal(err)
				}
				n = len(file)
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}

// BenchmarkAnimation writes twenty frames of noise over a photo, and of figures that move.
func BenchmarkAnimation(b *testing.B) {
	photo := readPNG(b, "kodim23.png")
	var noisy []*image.NRGBA
	for i := range 20 {
		m := image.NewNRGBA(image.Rect(0, 0, 360, 240))
		noise := testPicture("noise", 360, 240, uint64(i))
		for y := range 240 {
			for x := range 4 * 360 {
				m.Pix[y*m.Stride+x] = photo.Pix[y*photo.Stride+x]&^15 | noise.Pix[y*noise.Stride+x]&15
			}
			for x := range 360 {
				m.Pix[y*m.Stride+4*x+3] = 255
			}
		}
		noisy = append(noisy, m)
	}
	for name, frames := range map[string][]*image.NRGBA{"noise": noisy, "figures": moving(360, 240, 20, 2)} {
		b.Run("src="+name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = len(writeAnimation(b, frames, 0, &Options{Quality: 80}))
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}
