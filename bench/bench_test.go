// Package bench measures the hot path: go test -bench . ./bench. bench/peers measures other
// programs with the same work.
package bench

import (
	"bytes"
	"context"
	"fmt"
	"image"
	stdpng "image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"miniatura/bench/pictures"
	"miniatura/codec"
	"miniatura/codec/gif"
	"miniatura/codec/jpeg"
	"miniatura/codec/scale"
	"miniatura/codec/webp"
	"miniatura/internal/outside"
	"miniatura/sizes"
)

// source returns a JPEG of 12 megapixels, from the corpus or made by code.
var source = sync.OnceValues(func() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(outside.Root(), "corpus", "photos", "012mp-bus.jpg"))
	if err == nil {
		return b, nil
	}
	return jpeg.Append(nil, pictures.Photo(4032, 3024), &jpeg.Options{Quality: 90})
})

func mustSource(b *testing.B) []byte {
	b.Helper()
	src, err := source()
	if err != nil {
		b.Fatal(err)
	}
	return src
}

func size(b *testing.B, name string) sizes.Size {
	s, ok := sizes.Parse(name)
	if !ok {
		b.Fatalf("no size %s", name)
	}
	return s
}

// BenchmarkResize measures Resize as a whole.
func BenchmarkResize(b *testing.B) {
	for _, name := range []string{"M", "S", "XS"} {
		for _, out := range []string{"jpeg", "webp"} {
			b.Run(fmt.Sprintf("src=photo12MP.jpeg/size=%s/out=%s", name, out), func(b *testing.B) {
				resize(b, mustSource(b), name, out)
			})
		}
	}
	for _, made := range []struct {
		name string
		m    func() image.Image
	}{
		{"screenshot", func() image.Image { return pictures.Screenshot(1400, 900) }},
		{"diagram", func() image.Image { return pictures.Diagram(1600, 1200) }},
		{"logo", func() image.Image { return pictures.Logo(1200, 1200) }},
	} {
		src := sync.OnceValues(func() ([]byte, error) {
			var out bytes.Buffer
			err := stdpng.Encode(&out, made.m())
			return out.Bytes(), err
		})
		for _, out := range []string{"png", "webp"} {
			b.Run(fmt.Sprintf("src=%s.png/size=M/out=%s", made.name, out), func(b *testing.B) {
				file, err := src()
				if err != nil {
					b.Fatal(err)
				}
				resize(b, file, "M", out)
			})
		}
	}
}

// resize resizes src in a loop to the size called sizeName. The result is a WebP if out is "webp",
// and has src's own format otherwise.
func resize(b *testing.B, src []byte, sizeName, out string) {
	fit := size(b, sizeName).Fit
	opt := codec.Options{Quality: 80, Memory: 4 << 30}
	if out == "webp" {
		opt.Format = codec.WebP
	}
	n := 0
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		res, _, err := codec.Resize(context.Background(), src, fit, opt)
		if err != nil {
			b.Fatal(err)
		}
		n = len(res)
	}
	b.ReportMetric(float64(n), "bytes")
}

// BenchmarkResizeMoving measures Resize for an animation made by code.
func BenchmarkResizeMoving(b *testing.B) {
	a := pictures.Animations()[0]
	w, err := gif.NewAnimationWriter(a.W, a.H, 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Play(func(m *image.NRGBA) error { return w.Add(m, a.Delay) }); err != nil {
		b.Fatal(err)
	}
	src, err := w.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range []*codec.Format{codec.GIF, codec.WebP} {
		b.Run(fmt.Sprintf("src=drawing8.gif/size=M/out=%v", format), func(b *testing.B) {
			n := 0
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				res, _, err := codec.Resize(context.Background(), src, size(b, "M").Fit, codec.Options{Format: format, Memory: 4 << 30})
				if err != nil {
					b.Fatal(err)
				}
				n = len(res)
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}

// BenchmarkStage measures decoding, scaling and encoding alone, for a photo at size M.
func BenchmarkStage(b *testing.B) {
	b.Run("stage=decode", func(b *testing.B) {
		src := mustSource(b)
		samples := 0
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			d, err := jpeg.NewReader(src)
			if err != nil {
				b.Fatal(err)
			}
			w, h := size(b, "M").Fit(d.Width, d.Height)
			n := d.ChooseScale(w, h, (w+1)/2, (h+1)/2)
			samples = 0
			err = d.Decode(context.Background(), n, func(c, y int, rows []byte, stride, count int) error {
				pw, _ := d.PlaneSize(c, n[c])
				samples += pw * count
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(samples), "samples")
	})

	const w, h = 837, 628
	luma := pictures.Photo(2016, 1512)
	b.Run("stage=scale", func(b *testing.B) {
		o := scale.Options{Dst: make([]byte, w*h), Stride: w}
		s := new(scale.Scaler)
		b.SetBytes(int64(len(luma.Y)))
		for b.Loop() {
			if err := s.Reset(2016, 1512, w, h, 1, &o); err != nil {
				b.Fatal(err)
			}
			for y := range 1512 {
				s.Push(luma.Y[y*luma.YStride:][:2016])
			}
		}
	})

	m := pictures.Photo(w, h)
	encode := func(name string, f func(image.Image) ([]byte, error)) {
		b.Run("stage=encode/out="+name, func(b *testing.B) {
			n := 0
			b.SetBytes(w * h)
			for b.Loop() {
				out, err := f(m)
				if err != nil {
					b.Fatal(err)
				}
				n = len(out)
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
	encode("jpeg", func(m image.Image) ([]byte, error) { return jpeg.Append(nil, m, &jpeg.Options{Quality: 80}) })
	encode("progressive", func(m image.Image) ([]byte, error) {
		return jpeg.Append(nil, m, &jpeg.Options{Quality: 80, Progressive: true})
	})
	encode("webp", func(m image.Image) ([]byte, error) { return webp.Append(nil, m, &webp.Options{Quality: 80}) })
}
