package metrics

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/csv"
	"image"
	"image/draw"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// frontier returns the folder of reference pictures and scores, or skips.
func frontier(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MINIATURA_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "frontier")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no ../shared/frontier: the reference tool's scores are there")
	}
	return dir
}

func readPNG(t testing.TB, path string) *image.RGBA {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(rgba, rgba.Rect, m, m.Bounds().Min, draw.Src)
	return rgba
}

// primariesOf returns the primaries of a PNG's profile, if it has one. Its curve is taken to be sRGB's,
// as it is in the only one there is, a Display P3.
func primariesOf(t testing.TB, path string) (xyz [3][3]float64, ok bool) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, chunk, ok := bytes.Cut(b, []byte("iCCP"))
	if !ok {
		return xyz, false
	}
	name := bytes.IndexByte(chunk, 0)
	z, err := zlib.NewReader(bytes.NewReader(chunk[name+2:]))
	if err != nil {
		t.Fatal(err)
	}
	profile, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		at := bytes.Index(profile, []byte(tag))
		value := profile[binary.BigEndian.Uint32(profile[at+4:])+8:]
		for j := range xyz[i] {
			xyz[i][j] = float64(int32(binary.BigEndian.Uint32(value[4*j:]))) / 65536
		}
	}
	return xyz, true
}

// The scores of the reference tool, within 0.1.
func TestSSIMULACRA2ScoresAsTheReference(t *testing.T) {
	dir := filepath.Join(frontier(t), "ssimulacra2")
	f, err := os.Open(filepath.Join(dir, "scores.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows[1:] {
		want, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		original := filepath.Join(dir, row[0])
		ref := NewReference(readPNG(t, original))
		if primaries, ok := primariesOf(t, original); ok {
			ref = NewReferenceIn(readPNG(t, original), primaries)
		}
		got, err := ref.SSIMULACRA2(readPNG(t, filepath.Join(dir, row[1])))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.4f, want %.4f", row[1], got, want)
		near(t, row[1], got, want, 0.1)
	}
}

func TestSSIMULACRA2(t *testing.T) {
	m := image.NewRGBA(image.Rect(3, 4, 3+65, 4+43))
	for i := range m.Pix {
		m.Pix[i] = byte(i*i>>3 + i%7)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	if got, err := SSIMULACRA2(m, m); err != nil || got != 100 {
		t.Errorf("equal pictures: %v, %v", got, err)
	}
	// Whatever type the picture comes in.
	n := image.NewNRGBA(m.Rect)
	draw.Draw(n, n.Rect, m, m.Rect.Min, draw.Src)
	if got, err := SSIMULACRA2(m, n); err != nil || got != 100 {
		t.Errorf("the same picture in another type: %v, %v", got, err)
	}
	last := 100.0
	for step := 2; step <= 32; step *= 2 {
		for i, v := range m.Pix {
			if i%4 != 3 {
				n.Pix[i] = byte(int(v) / step * step)
			}
		}
		got, err := SSIMULACRA2(m, n)
		if err != nil || got >= last {
			t.Errorf("in steps of %d: %v after %v, %v", step, got, last, err)
		}
		last = got
	}
	if _, err := SSIMULACRA2(m, image.NewRGBA(image.Rect(0, 0, 64, 43))); err == nil {
		t.Error("pictures of different sizes were compared")
	}
	tiny := image.NewRGBA(image.Rect(0, 0, 7, 60))
	if _, err := SSIMULACRA2(tiny, tiny); err == nil {
		t.Error("pictures too small for a scale were compared")
	}
}

// The window weighs 1, has a variance of 1.5 x 1.5, and is near a Gaussian's.
func TestWindowIsNearAGaussian(t *testing.T) {
	const side = 21
	p := make([]float32, side*side)
	p[side*side/2] = 1
	blur(p, p, make([]float32, len(p)), side, side)
	var sum, second float64
	for i, v := range p {
		x, y := float64(i%side-side/2), float64(i/side-side/2)
		sum += float64(v)
		second += float64(v) * x * x
		near(t, "sample", float64(v), math.Exp(-(x*x+y*y)/4.5)/(4.5*math.Pi), 2e-3)
	}
	near(t, "weight", sum, 1, 1e-5)
	near(t, "second moment", second, 2.25, 1e-4)
}

func TestCubeRoot(t *testing.T) {
	for v := 1e-6; v < 2; v *= 1.01 {
		near(t, "relative", float64(cubeRoot(float32(v)))/math.Cbrt(float64(float32(v))), 1, 3e-7)
	}
}

func BenchmarkSSIMULACRA2(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 1280, 720))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 9)
	}
	r := NewReference(m)
	for b.Loop() {
		if _, err := r.SSIMULACRA2(m); err != nil {
			b.Fatal(err)
		}
	}
}
