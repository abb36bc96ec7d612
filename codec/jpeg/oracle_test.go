package jpeg

// These tests compare the reader with djpeg, which reads the same pictures, and jpegtran, which
// rewrites them. Both are programs of libjpeg-turbo. The tests run where these are installed.

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func tool(t testing.TB, name string, stdin []byte, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, stderr.String())
	}
	return out
}

// pgm takes a PGM file apart.
func pgm(t testing.TB, b []byte) (pix []byte, w, h int) {
	t.Helper()
	var top int
	if _, err := fmt.Sscanf(string(b[:min(len(b), 32)]), "P5\n%d %d\n%d", &w, &h, &top); err != nil || top != 255 || len(b) < w*h {
		t.Fatalf("not a PGM: %v", err)
	}
	return b[len(b)-w*h:], w, h
}

func psnr(a, b []byte) float64 {
	if bytes.Equal(a, b) {
		return math.Inf(1)
	}
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

// oraclePictures returns a picture of each kind of sampling and process, or all pictures with
// MINIATURA_LONG.
func oraclePictures(t testing.TB) []string {
	all := corpusJPEGs(t, "photos", "orientation")
	if long() {
		return all
	}
	var out []string
	for _, p := range all {
		switch filepath.Base(p) {
		case "sample-a98.jpg", "fox410.jpg", "video-001.221212.jpeg", "prairie_falcon.jpg", "jpg-orientation-5.jpg", "pizza-jpegli.jpeg",
			"flower_small.cmyk.jpg", "Landscape_3.jpg":
			out = append(out, p)
		}
	}
	return out
}

// The luma at full size is the same as that of libjpeg. At other N, the PSNR against libjpeg's luma
// is at least the one in the table: libjpeg-turbo shrinks to 2 and 4 by an approximation of the box
// filter, and to the others by the same transforms as this package.
func TestLumaAgainstDjpeg(t *testing.T) {
	least := [9]float64{1: math.Inf(1), 2: 33, 3: 70, 4: 30, 5: 70, 6: 70, 7: 70, 8: math.Inf(1)}
	var worst [9]float64
	for n := range worst {
		worst[n] = math.Inf(1)
	}
	for _, p := range oraclePictures(t) {
		src := readFile(t, p)
		d, err := NewReader(src)
		if err != nil {
			t.Fatal(p, err)
		}
		if d.Model != ModelYCbCr && d.Model != ModelGray || d.Components[0].H != d.hmax || d.Components[0].V != d.vmax {
			continue // djpeg's PGM is not a plane of the file
		}
		for n := 1; n <= 8; n++ {
			want, w, h := pgm(t, tool(t, "djpeg", src, "-grayscale", "-pnm", "-scale", fmt.Sprintf("%d/8", n)))
			got, err := d.planes([4]int{n, n, n, n})
			if err != nil {
				t.Fatal(p, err)
			}
			if pw, ph := d.PlaneSize(0, n); pw != w || ph != h {
				t.Errorf("%s at %d/8: %dx%d, djpeg says %dx%d", p, n, pw, ph, w, h)
				continue
			}
			db := psnr(got[0], want)
			worst[n] = min(worst[n], db)
			if db < least[n] {
				t.Errorf("%s at %d/8: PSNR %.1f dB against djpeg, want %.0f", p, n, db, least[n])
			}
		}
	}
	t.Logf("lowest PSNR by N: %.1f", worst[1:])
}

func TestTwinsHaveEqualPlanes(t *testing.T) {
	for _, p := range oraclePictures(t) {
		src := readFile(t, p)
		seq := tool(t, "jpegtran", src, "-copy", "all", "-optimize") // this makes it sequential
		twins := map[string][]byte{
			"the original":              src,
			"progressive":               tool(t, "jpegtran", src, "-copy", "all", "-progressive"),
			"progressive with restarts": tool(t, "jpegtran", src, "-copy", "all", "-progressive", "-restart", "7B"),
			"restarts in every row":     tool(t, "jpegtran", src, "-copy", "all", "-optimize", "-restart", "1"),
		}
		for n := 1; n <= 8; n++ {
			if n > 1 && n != 3 && n < 8 && !long() {
				continue
			}
			_, a := decodePlanes(t, seq, n)
			for name, twin := range twins {
				_, b := decodePlanes(t, twin, n)
				for c := range a {
					if !bytes.Equal(a[c], b[c]) {
						t.Errorf("%s: component %d at %d/8 is not the same, %s", p, c, n, name)
					}
				}
			}
		}
	}
}

// This tests sampling factors of all kinds. cjpeg writes the pictures. Where luma is the finest
// component, djpeg reads it for comparison. A progressive twin has the same planes.
func TestSamplingFactors(t *testing.T) {
	ppm := []byte("P6\n75 53\n255\n")
	for y := range 53 {
		for x := range 75 {
			ppm = append(ppm, byte(x*3), byte(y*4), byte((x^y)*2))
		}
	}
	for _, sample := range []string{"1x1,1x1,1x1", "2x2,1x1,1x1", "4x2,1x1,1x1", "2x4,1x1,1x1", "4x1,2x1,1x1", "1x4,1x2,1x1", "3x1,1x1,3x1",
		"2x2,2x1,1x2", "1x1,2x2,1x1", "2x1,1x1,2x2"} {
		src := tool(t, "cjpeg", ppm, "-quality", "90", "-optimize", "-sample", sample)
		d, err := NewReader(src)
		if err != nil {
			t.Errorf("%s: %v", sample, err)
			continue
		}
		twin := tool(t, "jpegtran", src, "-progressive", "-restart", "1")
		for n := 1; n <= 8; n++ {
			_, a := decodePlanes(t, src, n)
			_, b := decodePlanes(t, twin, n)
			for c := range d.Components {
				if !bytes.Equal(a[c], b[c]) {
					t.Errorf("%s: component %d at %d/8 is not the same in a progressive picture", sample, c, n)
				}
			}
			if d.Components[0].H == d.hmax && d.Components[0].V == d.vmax && n%8 <= 1 {
				want, w, h := pgm(t, tool(t, "djpeg", src, "-grayscale", "-pnm", "-scale", fmt.Sprintf("%d/8", n)))
				if pw, ph := d.PlaneSize(0, n); pw != w || ph != h || !bytes.Equal(a[0], want) {
					t.Errorf("%s at %d/8: luma is not djpeg's", sample, n)
				}
			}
			for c := range d.Components {
				k := &d.Components[c]
				if w, h := d.PlaneSize(c, n); w != (75*k.H*n+8*d.hmax-1)/(8*d.hmax) || h != (53*k.V*n+8*d.vmax-1)/(8*d.vmax) {
					t.Errorf("%s: component %d at %d/8 is %dx%d", sample, c, n, w, h)
				}
			}
		}
		if m, err := Decode(bytes.NewReader(src)); err != nil || m.Bounds().Dx() != 75 || m.Bounds().Dy() != 53 {
			t.Errorf("%s: %v", sample, err)
		}
	}
}
