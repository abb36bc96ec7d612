package codec

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/bmp"
)

// A result may be of any format, whatever the source is: the command line can ask for formats that
// a URL cannot.
func TestEveryFormatBecomesEveryOther(t *testing.T) {
	ground := color.NRGBA{204, 68, 68, 255} // both colors are in the palette of image/gif
	colored, gray := image.NewNRGBA(image.Rect(0, 0, 64, 48)), image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range gray.Pix {
		gray.Pix[i] = 136
		copy(colored.Pix[4*i:], []byte{ground.R, ground.G, ground.B, 255})
	}
	encoders := map[*Format]func(b *bytes.Buffer, m image.Image) error{
		JPEG: func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) },
		PNG:  func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) },
		GIF:  func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) },
		BMP:  func(b *bytes.Buffer, m image.Image) error { return bmp.Encode(b, m) },
	}
	for _, m := range []image.Image{colored, gray} {
		want := color.NRGBAModel.Convert(m.At(0, 0)).(color.NRGBA)
		for from, encode := range encoders {
			var b bytes.Buffer
			if err := encode(&b, m); err != nil {
				t.Fatal(err)
			}
			for _, to := range formats {
				for _, fit := range []func(w, h int) (int, int){
					func(w, h int) (int, int) { return w / 2, h / 2 },
					func(w, h int) (int, int) { return w, h },
				} {
					out, info, err := Resize(context.Background(), b.Bytes(), fit, Options{Format: to, Quality: 95})
					w, h := fit(64, 48)
					if err != nil || Sniff(out) != to || info.ContentType != to.mediaType || info.OutW != w || info.OutH != h {
						t.Errorf("%v of %T to %v: %v, %v, %+v", from, m, to, err, Sniff(out), info)
						continue
					}
					got := color.NRGBAModel.Convert(decodeAny(t, out).At(w/2, h/2)).(color.NRGBA)
					for i, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - 255} {
						if d < -5 || d > 5 { // two lossy steps
							t.Errorf("%v of %T to %v: the middle is %v, want %v (channel %d)", from, m, to, got, want, i)
							break
						}
					}
				}
			}
		}
	}
}
