package jpeg

import (
	"bytes"
	"context"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// A picture without EOI is whole, with any bytes after it. A picture whose last data was replaced
// by zeros is not.
func TestZerosAreNoTail(t *testing.T) {
	whole, holes := 0, 0
	for side := 40; side < 72; side++ {
		m := image.NewYCbCr(image.Rect(0, 0, side, 45), image.YCbCrSubsampleRatio420)
		for i := range m.Y {
			m.Y[i] = byte(i*i/side + i%7*9)
		}
		for i := range m.Cb { // so that the last byte is not zero by chance
			m.Cb[i], m.Cr[i] = byte(i*31), byte(i*i)
		}
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 90}); err != nil {
			t.Fatal(err)
		}
		src := b.Bytes()
		want := luma(t, src)
		data := src[:len(src)-2]
		for _, tail := range [][]byte{nil, make([]byte, 400), make([]byte, 100<<10), []byte("some tail behind the data"), bytes.Repeat([]byte("tail"), 9000)} {
			if got := luma(t, append(bytes.Clone(data), tail...)); !bytes.Equal(got, want) {
				t.Errorf("side %d, %d bytes of tail: another picture, or none", side, len(tail))
			}
			whole++
		}
		for _, cut := range []int{2, 10, 100, 400} {
			for _, zeros := range []int{400, 100 << 10} {
				if luma(t, append(bytes.Clone(data[:len(data)-cut]), make([]byte, zeros)...)) != nil {
					holes++
				}
			}
		}
	}
	if holes > 0 {
		t.Errorf("%d pictures with zeros for data were taken for whole ones, %d were", holes, whole)
	}
}

// luma returns the luma of a picture, or nil if the picture is not whole.
func luma(t *testing.T, src []byte) (pix []byte) {
	t.Helper()
	d, err := NewReader(src)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Decode(context.Background(), [4]int{8, 8, 8, 8}, func(c, y int, rows []byte, stride, count int) error {
		for i := range count {
			if c == 0 {
				pix = append(pix, rows[i*stride:][:d.Width]...)
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return pix
}
