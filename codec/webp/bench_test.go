package webp

import "testing"

// BenchmarkLossless is one picture of the corpus as VP8L, its bytes beside the time.
func BenchmarkLossless(b *testing.B) {
	for _, name := range []string{"screenshot-1399x911-rgba.png", "P3-sRGB-color-ring.png", "png-alpha-64bit.png", "kodim23.png", "palette-4bit-1200x755.png", "grey-8bit-alpha.png"} {
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
