package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"os"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	"miniatura/sizes"
)

func fitter(t testing.TB, name string) func(w, h int) (int, int) {
	t.Helper()
	s, ok := sizes.Parse(name)
	if !ok {
		t.Fatalf("no size %q", name)
	}
	return s.Fit
}

// Every still picture of the corpus comes out upright, at the manifest's dimensions, in its own
// format or as WebP.
func TestStillPicturesHaveTheirDimensions(t *testing.T) {
	tally := map[string][3]int{}
	long := os.Getenv("MINIATURA_LONG") != ""
	for i, row := range corpus(t, "photos", "orientation", "png", "gif", "bmp", "webp") {
		if !long && i%4 != 0 { // the short test reads every fourth, which takes seconds
			continue
		}
		src, err := os.ReadFile(row.path)
		if err != nil {
			t.Fatal(err)
		}
		folder, _, _ := bytes.Cut([]byte(row.name), []byte("/"))
		for _, webp := range []bool{false, true} {
			for _, size := range []string{"S", "SS"} {
				if size == "SS" && !long {
					continue
				}
				want := row.sizeS
				if size == "SS" {
					want = row.sizeSS
				}
				if want == "" {
					continue
				}
				out, info, err := Resize(context.Background(), src, fitter(t, size), Options{Format: formatOf(webp)})
				n := tally[string(folder)]
				if err != nil {
					n[1]++
					tally[string(folder)] = n
					if testing.Verbose() && size == "S" {
						t.Logf("passed through: %s: %v", row.name, err)
					}
					continue
				}
				n[0]++
				if got := fmt.Sprintf("%dx%d", info.OutW, info.OutH); got != want {
					t.Errorf("%s at %s: %s, want %s", row.name, size, got, want)
					n[2]++
				}
				if f := Sniff(src); webp != (info.ContentType == "image/webp") && f != WebP || !webp && info.ContentType != f.MediaType() {
					t.Errorf("%s at %s: %s", row.name, size, info.ContentType)
					n[2]++
				}
				if err := wholePicture(out, info); err != nil {
					t.Errorf("%s at %s: %v", row.name, size, err)
					n[2]++
				}
				tally[string(folder)] = n
			}
		}
	}
	for f, n := range tally {
		t.Logf("%-12s resized %d, passed %d, wrong %d", f, n[0], n[1], n[2])
	}
}

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Averaging is done on the stored values: black and white squares become middle gray 128, as in
// Pillow and sharp.
func TestCheckerboardAveragesTo128(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 720, 720))
	for i := range m.Pix {
		if (i%720+i/720)%2 == 0 {
			m.Pix[i] = 255
		}
	}
	out, _, err := Resize(context.Background(), encodePNG(t, m), fitter(t, "SS"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := decodeAny(t, out)
	for _, p := range [][2]int{{5, 5}, {100, 200}, {180, 180}} {
		if g := color.GrayModel.Convert(d.At(p[0], p[1])).(color.Gray).Y; g < 127 || g > 128 {
			t.Errorf("at %v: %d, want 127 or 128", p, g)
		}
	}
}

// Color under transparency must not bleed: opaque green beside transparent red gives green at half
// alpha, never a brown.
func TestScalingIsPremultiplied(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 720, 720))
	for y := range 720 {
		for x := range 720 {
			c := color.NRGBA{G: 255, A: 255}
			if x%2 == 1 {
				c = color.NRGBA{R: 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	out, _, err := Resize(context.Background(), encodePNG(t, m), fitter(t, "SS"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := decodeAny(t, out)
	c := color.NRGBAModel.Convert(d.At(100, 100)).(color.NRGBA)
	if c.R > 1 || c.B > 1 || c.G < 254 || c.A < 126 || c.A > 129 {
		t.Errorf("got %v, want green at half alpha", c)
	}
}

func TestLimitsAreMetBeforeDecoding(t *testing.T) {
	big := encodePNG(t, image.NewGray(image.Rect(0, 0, 4000, 4000)))
	if _, _, err := Resize(context.Background(), big, fitter(t, "SS"), Options{Memory: 4 << 20}); err == nil {
		t.Error("16 megapixels were decoded in 4 MB")
	}
	// The header alone says 65,535 x 65,535.
	bomb := bytes.Clone(big)
	copy(bomb[16:], []byte{0, 0, 255, 255, 0, 0, 255, 255})
	if _, _, err := Resize(context.Background(), bomb, fitter(t, "SS"), Options{}); err == nil {
		t.Error("a picture of 4 gigapixels was decoded")
	}
}

// A frame takes about a millisecond even when it is one pixel; a megabyte of such frames must not
// take a minute.
func TestAnimationsHaveAnEnd(t *testing.T) {
	gif := []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	for range MaxFrames + 1 {
		gif = append(gif, "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00"...)
	}
	gif = append(gif, 0x3b)
	if _, info, err := Resize(context.Background(), gif, fitter(t, "SS"), Options{}); !errors.Is(err, ErrLimit) || info.Frames != MaxFrames+1 {
		t.Errorf("%d frames: %v", info.Frames, err)
	}
}
