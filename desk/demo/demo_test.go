package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"sync"
	"testing"
)

var pictures = sync.OnceValue(Pictures)

// find returns the bytes of the demo picture called name.
func find(t *testing.T, name string) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("making all pictures takes its time")
	}
	for _, p := range pictures() {
		if p.Name == name {
			return p.Data
		}
	}
	t.Fatalf("no demo picture %q", name)
	return nil
}

func TestEveryPictureDecodesAsItsTypeSays(t *testing.T) {
	if testing.Short() {
		t.Skip("making all pictures takes its time")
	}
	for _, p := range pictures() {
		_, format, err := image.Decode(bytes.NewReader(p.Data))
		if err != nil || "image/"+format != p.Type {
			t.Errorf("%s: %s, want %s (%v)", p.Name, format, p.Type, err)
		}
	}
}

func TestTheSameBytesEachTime(t *testing.T) {
	if !bytes.Equal(drawLogo(), drawLogo()) { // several goroutines draw it
		t.Error("two runs of drawLogo differ")
	}
	if !bytes.Equal(drawOrbit(), find(t, "orbit.gif")) {
		t.Error("two runs differ")
	}
}

// neighbours returns the mean difference of luma between horizontal neighbours in a part of m, in
// 8-bit steps.
func neighbours(m image.Image, r image.Rectangle) float64 {
	var sum float64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X-1; x++ {
			a := color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y
			b := color.GrayModel.Convert(m.At(x+1, y)).(color.Gray).Y
			sum += max(float64(a)-float64(b), float64(b)-float64(a))
		}
	}
	return sum / float64(r.Dx()*r.Dy())
}

func TestLakeHasBothSmoothAndBusyParts(t *testing.T) {
	m, err := jpeg.Decode(bytes.NewReader(find(t, "lake.jpg")))
	if err != nil {
		t.Fatal(err)
	}
	sky := neighbours(m, image.Rect(1200, 20, 1500, 120))
	grass := neighbours(m, image.Rect(0, lakeH-200, lakeW, lakeH))
	if sky > 3 || grass < 12 {
		t.Errorf("neighbours differ by %.1f in the sky (want at most 3) and %.1f in the grass (want at least 12)", sky, grass)
	}
}

func TestStillLiesOnItsSide(t *testing.T) {
	data := find(t, "still life, sideways.jpg")
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= c.Height {
		t.Errorf("stored as %dx%d (%v), want wider than high", c.Width, c.Height, err)
	}
	if !bytes.HasPrefix(data[2:], []byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00")) {
		t.Errorf("no EXIF segment with orientation 6 after SOI: % x", data[:40])
	}
}

func TestLogoIsTransparentInManySteps(t *testing.T) {
	m, err := png.Decode(bytes.NewReader(find(t, "logo.png")))
	if err != nil {
		t.Fatal(err)
	}
	steps := map[uint32]bool{}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			_, _, _, a := m.At(x, y).RGBA()
			steps[a>>8] = true
		}
	}
	if !steps[0] || !steps[255] || len(steps) < 60 {
		t.Errorf("%d steps of alpha, clear %t, opaque %t", len(steps), steps[0], steps[255])
	}
}

func TestMapHasAPaletteAndOrbitMoves(t *testing.T) {
	m, err := png.Decode(bytes.NewReader(find(t, "Übersicht 1+1 = 100%.png")))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := m.(*image.Paletted); !ok || len(p.Palette) != 16 {
		t.Errorf("the map is a %T, want a palette of 16", m)
	}
	g, err := gif.DecodeAll(bytes.NewReader(find(t, "orbit.gif")))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 24 || bytes.Equal(g.Image[0].Pix, g.Image[12].Pix) {
		t.Errorf("%d frames, or the first and the thirteenth are equal", len(g.Image))
	}
}
