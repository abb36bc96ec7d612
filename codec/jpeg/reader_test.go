package jpeg

import (
	"bytes"
	"context"
	"image"
	stdjpeg "image/jpeg"
	"path/filepath"
	"testing"
)

// planes decodes src with all components at n/8.
func decodePlanes(t testing.TB, src []byte, n int) (d *Decoder, out [4][]byte) {
	t.Helper()
	d, err := NewDecoder(src)
	if err != nil {
		t.Fatal(err)
	}
	out, err = d.planes([4]int{n, n, n, n})
	if err != nil {
		t.Fatal(err)
	}
	return d, out
}

// planes decodes and checks that every component's bands come in order and make the whole plane.
func (d *Decoder) planes(n [4]int) (out [4][]byte, err error) {
	err = d.Decode(context.Background(), n, func(c, y int, rows []byte, stride, count int) error {
		w, _ := d.PlaneSize(c, n[c])
		if y*w != len(out[c]) {
			panic("bands out of order")
		}
		for i := range count {
			out[c] = append(out[c], rows[i*stride:][:w]...)
		}
		return nil
	})
	for c := range d.Components {
		if w, h := d.PlaneSize(c, n[c]); err == nil && len(out[c]) != w*h {
			panic("planes not whole")
		}
	}
	return out, err
}

func TestFullSizeAgainstStandardLibrary(t *testing.T) {
	for _, p := range corpusJPEGs(t, "photos", "orientation") {
		src := readFile(t, p)
		want, err := stdjpeg.Decode(bytes.NewReader(src))
		if err != nil {
			t.Logf("%s: not read by image/jpeg: %v", filepath.Base(p), err)
			continue
		}
		got, err := Decode(bytes.NewReader(src))
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if got.Bounds() != want.Bounds() {
			t.Errorf("%s: bounds %v, want %v", p, got.Bounds(), want.Bounds())
		}
		var a, b [4][]byte
		var s, r [4]int
		switch w := want.(type) {
		case *image.YCbCr:
			g, ok := got.(*image.YCbCr)
			if !ok || g.SubsampleRatio != w.SubsampleRatio {
				t.Errorf("%s: %T, want %T %v", p, got, want, w.SubsampleRatio)
				continue
			}
			a, b = [4][]byte{g.Y, g.Cb, g.Cr}, [4][]byte{w.Y, w.Cb, w.Cr}
			s, r = [4]int{g.YStride, g.CStride, g.CStride}, [4]int{w.YStride, w.CStride, w.CStride}
		case *image.Gray:
			a[0], b[0] = got.(*image.Gray).Pix, w.Pix
			s[0], r[0] = got.(*image.Gray).Stride, w.Stride
		case *image.CMYK:
			a[0], b[0] = got.(*image.CMYK).Pix, w.Pix
			s[0], r[0] = got.(*image.CMYK).Stride, w.Stride
		default:
			t.Fatalf("%s: %T", p, want)
		}
		for c := range a {
			if s[c] == 0 {
				continue
			}
			hist := [256]int{}
			for y := range len(a[c]) / s[c] {
				for x := range s[c] {
					v, w := int(a[c][y*s[c]+x]), int(b[c][y*r[c]+x])
					hist[max(v-w, w-v)]++
				}
			}
			worst := 0
			for i, k := range hist {
				if k > 0 {
					worst = i
				}
			}
			t.Logf("%s %d: worst %d, %d of %d differ", filepath.Base(p), c, worst, len(a[c])-hist[0], len(a[c]))
		}
	}
}

func TestChooseScaleLeavesTwoSamplesForEachOfTheTarget(t *testing.T) {
	d := &Decoder{W: 4032, H: 3024, hmax: 2, vmax: 2, Components: []Component{{H: 2, V: 2}, {H: 1, V: 1}, {H: 1, V: 1}}}
	for _, c := range []struct {
		w, h int
		want [4]int
	}{
		{837, 628, [4]int{4, 4, 4}}, // 4032/8*3/837 = 1.81
		{640, 480, [4]int{3, 3, 3}},
		{320, 240, [4]int{2, 2, 2}}, // 1.575 at 1/8
		{252, 189, [4]int{1, 1, 1}}, // exactly 2
		{2016, 1512, [4]int{8, 8, 8}},
		{4032, 3024, [4]int{8, 8, 8}},
		{1, 3024, [4]int{8, 8, 8}},
	} {
		if got := d.ChooseScale(c.w, c.h, (c.w+1)/2, (c.h+1)/2); got != c.want {
			t.Errorf("%dx%d: %v, want %v", c.w, c.h, got, c.want)
		}
	}
	// Chroma to full size: twice the n.
	if got := d.ChooseScale(640, 480, 640, 480); got != [4]int{3, 6, 6} {
		t.Errorf("640x480 in 4:4:4: %v", got)
	}
}
