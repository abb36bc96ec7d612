package pictures

import (
	"bytes"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"slices"
	"testing"
)

// A substitute for a photo must take image/jpeg about as many bytes as a photo: at quality 80
// between 0.7 and 4 bits per pixel. Line art has mostly black and white pixels.
func TestPicturesAreOfTheirKind(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, Photo(1200, 900), &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	if bits := float64(b.Len()) * 8 / (1200 * 900); bits < 0.7 || bits > 4 {
		t.Errorf("the photo takes %.2f bits a pixel", bits)
	}
	for name, m := range map[string]*image.Gray{"text": Text(900, 700), "lines": Lines(900, 700)} {
		dark, light := 0, 0
		for _, v := range m.Pix {
			if v < 64 {
				dark++
			}
			if v > 192 {
				light++
			}
		}
		n := len(m.Pix)
		if dark < n/50 || light < n/2 || dark+light < n*4/5 {
			t.Errorf("%s: %d dark and %d light of %d", name, dark, light, n)
		}
	}
}

func TestPhotosAreTheSameEveryTime(t *testing.T) {
	a, b := Photo(130, 70), Photo(130, 70)
	if string(a.Y) != string(b.Y) || string(a.Cb) != string(b.Cb) || string(a.Cr) != string(b.Cr) {
		t.Error("two photos of one size differ")
	}
}

// A diagram has few colours and uses all of them. A logo has solid, transparent and smooth parts. A
// screenshot has text and a photo.
func TestGraphicsAreOfTheirKind(t *testing.T) {
	var used [256]int
	for _, v := range Diagram(800, 600).Pix {
		used[v]++
	}
	for i, n := range used {
		if (n > 0) != (i < 9) {
			t.Errorf("colour %d of the diagram is used %d times", i, n)
		}
	}
	logo := Logo(400, 300)
	var alpha [3]int // how many pixels are transparent, between, solid
	for i := 3; i < len(logo.Pix); i += 4 {
		switch logo.Pix[i] {
		case 0:
			alpha[0]++
		case 255:
			alpha[2]++
		default:
			alpha[1]++
		}
	}
	if n := 400 * 300; alpha[0] < n/4 || alpha[1] < n/100 || alpha[2] < n/20 {
		t.Errorf("alpha of the logo: %v", alpha)
	}
	colors := map[[3]byte]bool{}
	page := Screenshot(800, 600)
	for i := 0; i < len(page.Pix); i += 4 {
		colors[[3]byte(page.Pix[i:])] = true
	}
	if len(colors) < 2000 {
		t.Errorf("%d colours in the screenshot", len(colors))
	}
}

// Each animation moves, has the length that it says, and is the same every time. Only the sticker
// has half transparent pixels.
func TestAnimationsAreOfTheirKind(t *testing.T) {
	enough := errors.New("enough")
	for k, a := range Animations() {
		play := func(frames int) (sums []uint32, soft bool) {
			err := a.Play(func(m *image.NRGBA) error {
				if len(sums) == frames {
					return enough
				}
				sums = append(sums, crc32.ChecksumIEEE(m.Pix))
				for i := 3; i < len(m.Pix) && !soft; i += 4 {
					soft = m.Pix[i] != 0 && m.Pix[i] != 255
				}
				return nil
			})
			if err != nil && err != enough {
				t.Fatal(err)
			}
			return sums, soft
		}
		sums, soft := play(a.Frames + 1)
		changed := 0
		for i := range sums[1:] {
			if sums[i] != sums[i+1] {
				changed++
			}
		}
		if len(sums) != a.Frames || changed < a.Frames*3/4 || soft != (k == 1) {
			t.Errorf("%s: %d frames, %d changes, translucent %v", a.Name, len(sums), changed, soft)
		}
		if again, _ := play(5); !slices.Equal(again, sums[:5]) {
			t.Errorf("%s differs from one time to the other", a.Name)
		}
	}
}
