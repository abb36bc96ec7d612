package jpeg

import (
	"bytes"
	"context"
	"image"
	stdjpeg "image/jpeg"
	"path/filepath"
	"testing"
)

// decodePlanes decodes src with all components at n/8.
func decodePlanes(t testing.TB, src []byte, n int) (d *Reader, out [4][]byte) {
	t.Helper()
	d, err := NewReader(src)
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
func (d *Reader) planes(n [4]int) (out [4][]byte, err error) {
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

// The standard library's transform rounds in other places, with the same accuracy, so no sample
// differs by more than 1. CMYK from YCCK, which is also converted to RGB, differs by at most 3.
func TestFullSizeAgainstStandardLibrary(t *testing.T) {
	read := 0
	for _, p := range oraclePictures(t) {
		src := readFile(t, p)
		want, err := stdjpeg.Decode(bytes.NewReader(src))
		if err != nil {
			t.Logf("%s: not read by image/jpeg: %v", filepath.Base(p), err)
			continue
		}
		read++
		got, err := Decode(bytes.NewReader(src))
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if got.Bounds() != want.Bounds() {
			t.Errorf("%s: bounds %v, want %v", p, got.Bounds(), want.Bounds())
		}
		config, err := DecodeConfig(bytes.NewReader(src))
		if wantConfig, _ := stdjpeg.DecodeConfig(bytes.NewReader(src)); err != nil || config != wantConfig {
			t.Errorf("%s: %v, %v, want %v", p, config, err, wantConfig)
		}
		switch w := want.(type) {
		case *image.YCbCr:
			g, ok := got.(*image.YCbCr)
			if !ok || g.SubsampleRatio != w.SubsampleRatio {
				t.Errorf("%s: %T, want %T %v", p, got, want, w.SubsampleRatio)
				continue
			}
			near(t, p, g.Y, g.YStride, w.Y, w.YStride, 1)
			near(t, p, g.Cb, g.CStride, w.Cb, w.CStride, 1)
			near(t, p, g.Cr, g.CStride, w.Cr, w.CStride, 1)
		case *image.Gray:
			g := got.(*image.Gray)
			near(t, p, g.Pix, g.Stride, w.Pix, w.Stride, 1)
		case *image.CMYK:
			g := got.(*image.CMYK)
			near(t, p, g.Pix, g.Stride, w.Pix, w.Stride, 3)
		default:
			t.Fatalf("%s: %T", p, want)
		}
	}
	if read < 6 {
		t.Errorf("only %d pictures were compared", read)
	}
}

// near checks that no sample of a differs from that of b by more than d, and that fewer than 6 %
// differ. as and bs are the lengths of their rows.
func near(t *testing.T, name string, a []byte, as int, b []byte, bs, d int) {
	t.Helper()
	worst, differ := 0, 0
	for y := range len(a) / as {
		for x := range as {
			v, w := int(a[y*as+x]), int(b[y*bs+x])
			if v != w {
				differ++
				worst = max(worst, v-w, w-v)
			}
		}
	}
	if worst > d || differ > len(a)*6/100 {
		t.Errorf("%s: samples differ by up to %d, %d of %d at all", name, worst, differ, len(a))
	}
}

func TestChooseScaleLeavesTwoSamplesForEachOfTheTarget(t *testing.T) {
	d := &Reader{Width: 4032, Height: 3024, hmax: 2, vmax: 2, Components: []Component{{H: 2, V: 2}, {H: 1, V: 1}, {H: 1, V: 1}}}
	for _, c := range []struct {
		w, h int
		want [4]int
	}{
		{837, 628, [4]int{4, 4, 4}}, // 4032/8*3/837 = 1.81
		{640, 480, [4]int{3, 3, 3}},
		{320, 240, [4]int{2, 2, 2}},   // 1.575 at 1/8
		{252, 189, [4]int{1, 1, 1}},   // exactly 2
		{1800, 1350, [4]int{8, 8, 8}}, // 7/8 would be enough, but the target has more than a third of the samples
		{1344, 1008, [4]int{6, 6, 6}},
		{2016, 1512, [4]int{8, 8, 8}},
		{4032, 3024, [4]int{8, 8, 8}},
		{1, 3024, [4]int{8, 8, 8}},
	} {
		if got := d.ChooseScale(c.w, c.h, (c.w+1)/2, (c.h+1)/2); got != c.want {
			t.Errorf("%dx%d: %v, want %v", c.w, c.h, got, c.want)
		}
	}
	// Chroma to full size: twice the n.
	if got := d.ChooseScale(640, 480, 640, 480); got != [4]int{3, 6, 6} { // chroma 2016 x 1512
		t.Errorf("640x480 in 4:4:4: %v", got)
	}
}

// grayParts returns a w x h picture in one component, and its parts: the DQT and DHT segments with
// their markers, and the entropy-coded data.
func grayParts(t testing.TB, w, h, seed int) (src, tables, data []byte) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = byte(i%w*seed + i/w*(seed+3)&31)
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 70 + seed}); err != nil {
		t.Fatal(err)
	}
	src = b.Bytes()
	p := 2
	for src[p+1] != markerSOS {
		end := p + 2 + int(src[p+2])<<8 + int(src[p+3])
		if src[p+1] == markerDQT || src[p+1] == markerDHT {
			tables = append(tables, src[p:end]...)
		}
		p = end
	}
	return src, tables, src[p+10 : len(src)-2]
}

// If a picture has several scans of one component each, its planes are those of the gray pictures
// that have these scans, at every N and with any sampling factors. Each scan has tables of its own,
// under the same selectors.
func TestComponentsInScansOfTheirOwn(t *testing.T) {
	const w, h = 61, 45
	for _, f := range [][3][2]int{
		{{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}, {{3, 2}, {2, 1}, {1, 2}}, {{4, 4}, {3, 3}, {2, 1}}, {{1, 4}, {4, 1}, {2, 3}}, {{2, 1}, {3, 1}, {1, 1}},
	} {
		hmax, vmax := 1, 1
		for _, s := range f {
			hmax, vmax = max(hmax, s[0]), max(vmax, s[1])
		}
		src := []byte{0xFF, markerSOI}
		frame := []byte{0xFF, markerSOF0, 0, 17, 8, 0, h, 0, w, 3}
		for c, s := range f {
			frame = append(frame, byte(10+c), byte(s[0]<<4|s[1]), 0)
		}
		src = append(src, frame...)
		var alone [3][]byte
		for c, s := range f {
			g, tables, data := grayParts(t, (w*s[0]+hmax-1)/hmax, (h*s[1]+vmax-1)/vmax, 3+4*c)
			alone[c] = g
			src = append(src, tables...)
			src = append(src, 0xFF, markerSOS, 0, 8, 1, byte(10+c), 0, 0, 63, 0)
			src = append(src, data...)
		}
		src = append(src, 0xFF, markerEOI)
		for n := 1; n <= 8; n++ {
			d, got := decodePlanes(t, src, n)
			for c := range f {
				gd, want := decodePlanes(t, alone[c], n)
				gw, _ := gd.PlaneSize(0, n)
				pw, ph := d.PlaneSize(c, n)
				// The edge of the picture may cut off the component's last, partial sample.
				for y := range ph {
					if !bytes.Equal(got[c][y*pw:][:pw], want[0][y*gw:][:pw]) {
						t.Fatalf("%v: component %d at %d/8, row %d", f, c, n, y)
					}
				}
			}
		}
		if m, err := Decode(bytes.NewReader(src)); err != nil || m.Bounds() != image.Rect(0, 0, w, h) {
			t.Errorf("%v: %v", f, err)
		}
	}
}

// Buffers are used again, but their contents are not.
func TestPicturesLeaveNothingBehind(t *testing.T) {
	pictures := smallPictures(t)
	pictures["larger"] = picture(t, 300, 200)
	pictures["gray"], _, _ = grayParts(t, 50, 70, 5)
	for a, first := range pictures {
		for b, between := range pictures {
			for n := 1; n <= 8; n += 3 {
				_, want := decodePlanes(t, first, n)
				decodePlanes(t, between, 9-n)
				tryDecode(between[:len(between)/2], n) // and one that fails half way
				_, got := decodePlanes(t, first, n)
				for c := range want {
					if !bytes.Equal(got[c], want[c]) {
						t.Fatalf("%s after %s at %d/8, component %d", a, b, n, c)
					}
				}
			}
		}
	}
}
