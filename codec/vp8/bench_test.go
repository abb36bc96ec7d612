package vp8

import (
	"image"
	"runtime"
	"testing"
)

// photo returns 0.92 megapixels of photo.
func photo(tb testing.TB) *image.NRGBA {
	m := readPicture(tb, corpus(tb, "photos/012mp-bus.jpg"))
	o := image.NewNRGBA(image.Rect(0, 0, 1280, 720))
	for y := 0; y < 720; y++ {
		for x := 0; x < 1280; x++ {
			o.Set(x, y, m.At(3*x, 3*y))
		}
	}
	return o
}

func ycbcr420(m *image.NRGBA) *image.YCbCr { return toYCbCr(m, m.Rect.Dx(), m.Rect.Dy(), 1) }

// An encoder that has been used before allocates nothing. A new one stays within 4 MB for 0.92
// megapixels, including the frame that it writes.
func TestMemory(t *testing.T) {
	m := ycbcr420(photo(t))
	for _, o := range []Options{{Quality: 80}, {Quality: 80, Effort: HighEffort}} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := new(Encoder)
		dst, err := e.Encode(nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		bytes, n := after.TotalAlloc-before.TotalAlloc, after.Mallocs-before.Mallocs
		t.Logf("%+v: %d bytes in %d allocations", o, bytes, n)
		if bytes > 4<<20 || n > 50 {
			t.Errorf("%+v: a new encoder allocated %d bytes in %d allocations", o, bytes, n)
		}
		if n := testing.AllocsPerRun(1, func() { dst, _ = e.Encode(dst[:0], m, o) }); n > 0 {
			t.Errorf("%+v: a used encoder made %g allocations", o, n)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m := photo(b)
	ycc := ycbcr420(m)
	var e Encoder
	for _, bb := range []struct {
		name string
		f    func(dst []byte) ([]byte, error)
	}{
		{"src=YCbCr/effort=default", func(d []byte) ([]byte, error) { return e.Encode(d, ycc, Options{Quality: 80}) }},
		{"src=YCbCr/effort=high", func(d []byte) ([]byte, error) {
			return e.Encode(d, ycc, Options{Quality: 80, Effort: HighEffort})
		}},
		{"src=NRGBA/effort=default", func(d []byte) ([]byte, error) { return e.EncodeNRGBA(d, m, Options{Quality: 80}) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(m.Rect.Dx() * m.Rect.Dy()))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = bb.f(dst[:0]); err != nil {
					b.Fatal(err)
				}
			}
			got, err := decode(dst)
			if err != nil {
				b.Fatal(err)
			}
			// Besides the speed, the quality is reported: the PSNR of luma, in limited range.
			var src []byte
			e.importYCbCr(ycc)
			for y := 0; y < ycc.Rect.Dy(); y++ {
				for x := 0; x < ycc.Rect.Dx(); x++ {
					src = append(src, e.samples[(y/16*e.mbw+x/16)*mbSamples+y%16*16+x%16])
				}
			}
			b.ReportMetric(psnr(src, planes(got)[:len(src)]), "dB")
			b.ReportMetric(float64(len(dst)), "bytes")
		})
	}
}
