package icc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/internal/outside"
)

// build lays out a profile, ICC.1:2022 section 7.
func build(version byte, class, space, pcs string, tags map[string][]byte) []byte {
	b := make([]byte, 128)
	b[8] = version
	if version == 4 {
		b[9] = 0x40
	}
	copy(b[12:], class+space+pcs)
	copy(b[24:], "\x07\xe8\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00")
	copy(b[36:], "acsp")
	copy(b[68:], "\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	at := len(b) + 12*len(tags)
	var data []byte
	for name, tag := range tags {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(tag)))
		data = append(data, tag...)
		for len(data)&3 != 0 {
			data = append(data, 0)
		}
	}
	b = append(b, data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func fixed(vs ...float64) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func u16(vs ...int) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func cat(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(p))
		}
	}
	return b
}

func xyzTag(x, y, z float64) []byte { return cat("XYZ \x00\x00\x00\x00", fixed(x, y, z)) }
func gammaTag(g float64) []byte {
	return append(cat("curv\x00\x00\x00\x00", 1, u16(int(g*256))), 0, 0)
}
func paraTag(kind int, params ...float64) []byte {
	return cat("para\x00\x00\x00\x00", u16(kind, 0), fixed(params...))
}
func tableTag(f func(float64) float64, n int) []byte {
	b := cat("curv\x00\x00\x00\x00", n)
	for i := range n {
		b = append(b, u16(int(math.Round(65535*f(float64(i)/float64(n-1)))))...)
	}
	return b
}

func matrixProfile(version byte, trc []byte, m ...float64) []byte {
	return build(version, "mntr", "RGB ", "XYZ ", map[string][]byte{
		"rXYZ": xyzTag(m[0], m[3], m[6]), "gXYZ": xyzTag(m[1], m[4], m[7]), "bXYZ": xyzTag(m[2], m[5], m[8]),
		"rTRC": trc, "gTRC": trc, "bTRC": trc, "wtpt": xyzTag(0.9642, 1, 0.8249),
	})
}

func grayProfile(version byte, pcs string, trc []byte) []byte {
	return build(version, "mntr", "GRAY", pcs, map[string][]byte{"kTRC": trc, "wtpt": xyzTag(0.9642, 1, 0.8249)})
}

// Primaries adapted to D50, from the published profiles of these names.
var (
	srgbD50     = []float64{0.43607, 0.38515, 0.14307, 0.22249, 0.71687, 0.06061, 0.01392, 0.09708, 0.71410}
	proPhotoD50 = []float64{0.79767, 0.13519, 0.03135, 0.28804, 0.71188, 0.00009, 0.00000, 0.00000, 0.82491}
	srgbPara    = paraTag(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
)

// mftProfile makes a smooth, made-up device with curves before and after its table of g nodes.
func mftProfile(kind string, in, g int, space string) []byte {
	wide := kind == "mft2"
	put := func(b []byte, v float64) []byte {
		if wide {
			return append(b, u16(int(math.Round(65280*clamp01(v))))...) // FF00 is 1 in Lab's first channel
		}
		return append(b, byte(math.Round(255*clamp01(v))))
	}
	b := cat(kind, 0, []byte{byte(in), 3, byte(g), 0}, fixed(1, 0, 0, 0, 1, 0, 0, 0, 1))
	n := 256
	if wide {
		n = 64
		b = append(b, u16(n, n)...)
	}
	table := func(gamma float64, full float64) {
		for i := range n {
			v := math.Pow(float64(i)/float64(n-1), gamma)
			if wide {
				b = append(b, u16(int(math.Round(full*v)))...)
			} else {
				b = append(b, byte(math.Round(255*v)))
			}
		}
	}
	for range in {
		table(0.9, 65535)
	}
	nodes := 1
	for range in {
		nodes *= g
	}
	for i := range nodes {
		var v [4]float64
		for c, rest := in-1, i; c >= 0; c-- {
			v[c] = float64(rest%g) / float64(g-1)
			rest /= g
		}
		r := [3]float64{v[0], v[1], v[2]}
		if in == 4 {
			for c := range r {
				r[c] = (1 - 0.9*v[c]) * (1 - 0.95*v[3])
			}
		}
		L := 0.05 + 0.95*(0.25*r[0]+0.65*r[1]+0.1*r[2])
		b = put(put(put(b, L), 0.5+0.25*(r[0]-r[1])), 0.5+0.25*((r[0]+r[1])/2-r[2]))
	}
	for range 3 {
		table(1, 65535)
	}
	class := "prtr"
	if in == 3 {
		class = "scnr"
	}
	return build(2, class, space, "Lab ", map[string][]byte{"A2B0": b, "wtpt": xyzTag(0.9642, 1, 0.8249)})
}

// mabProfile holds parametric curves, a table of 5 nodes and a matrix: every stage of lutAToBType.
func mabProfile(clut bool) []byte {
	b := cat("mAB ", 0, []byte{3, 3, 0, 0}, 0, 0, 0, 0, 0)
	mark := func(i int) { binary.BigEndian.PutUint32(b[12+4*i:], uint32(len(b))) }
	mark(0)
	for range 3 {
		b = append(b, paraTag(0, 1)...)
	}
	mark(1)
	m := append([]float64{}, srgbD50...)
	for i := range m {
		m[i] *= 32768.0 / 65535
	}
	b = append(b, fixed(append(m, 0.001, 0.001, 0.001)...)...)
	mark(2)
	for range 3 {
		b = append(b, paraTag(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)...)
	}
	if clut {
		mark(3)
		b = append(b, 5, 5, 5)
		b = append(b, make([]byte, 13)...)
		b = append(b, 2, 0, 0, 0)
		for i := range 125 {
			v := [3]float64{float64(i/25) / 4, float64(i/5%5) / 4, float64(i%5) / 4}
			for c := range v {
				b = append(b, u16(int(math.Round(65535*(0.9*v[c]+0.1*v[(c+1)%3]))))...)
			}
		}
		for len(b)&3 != 0 {
			b = append(b, 0)
		}
		mark(4)
		for range 3 {
			b = append(b, paraTag(0, 1.1)...)
		}
	}
	return build(4, "mntr", "RGB ", "XYZ ", map[string][]byte{"A2B0": b, "wtpt": xyzTag(0.9642, 1, 0.8249)})
}

// lcmsPy is a program that converts raw samples with LittleCMS through Pillow. It uses the
// perceptual intent, and sRGB as LittleCMS makes it.
const lcmsPy = `
import sys, io, warnings
warnings.simplefilter("ignore")
from PIL import Image, ImageCms
srgb = ImageCms.createProfile("sRGB")
for line in sys.stdin:
    icc, mode, raw, out = line.rstrip("\n").split("\t")
    data = open(raw, "rb").read()
    n = len(data) // {"L": 1, "RGB": 3, "CMYK": 4}[mode]
    im = Image.frombytes(mode, (n, 1), data)
    p = ImageCms.ImageCmsProfile(io.BytesIO(open(icc, "rb").read()))
    r = ImageCms.profileToProfile(im, p, srgb, renderingIntent=0, outputMode="RGB", flags=0x0100) # cmsFLAGS_NOOPTIMIZE: no grids of its own
    open(out, "wb").write(r.tobytes())
`

// profilesPy extracts the different profiles of the corpus and some pixels of each picture.
const profilesPy = `
import sys, os, hashlib, warnings
warnings.simplefilter("ignore")
from PIL import Image
modes = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}
seen = set()
for d, _, fs in os.walk(sys.argv[1]):
    if "hostile" in d: continue
    for f in sorted(fs):
        try: im = Image.open(os.path.join(d, f)); p = im.info.get("icc_profile")
        except Exception: continue
        if p and hashlib.md5(p).hexdigest() not in seen:
            seen.add(hashlib.md5(p).hexdigest())
            out = os.path.join(sys.argv[2], f + ".icc")
            open(out, "wb").write(p)
            im.draft(None, (200, 200))
            im = im.resize((100, 100), Image.BOX).convert(modes[p[16:20]])
            open(out + ".raw", "wb").write(im.tobytes())
`

func pillow(t *testing.T) {
	if exec.Command("/usr/bin/python3", "-c", "from PIL import ImageCms; ImageCms.createProfile('sRGB')").Run() != nil {
		t.Skip("no Pillow with LittleCMS")
	}
}

// samples returns neutral ramps, corners and random pixels.
func samples(space Space) []byte {
	n := space.Components()
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for v := range 256 {
		for range n {
			b = append(b, byte(v))
		}
	}
	if n == 1 {
		return b
	}
	for i := range 1 << n {
		for c := range n {
			b = append(b, byte(i>>c&1*255))
		}
	}
	for range 20000 * n {
		b = append(b, byte(r.Uint32()))
	}
	return b
}

func convert(t *Transform, space Space, in []byte) []byte {
	out := bytes.Clone(in)
	switch space {
	case Gray:
		t.Gray(out)
		var rgb []byte
		for _, v := range out {
			rgb = append(rgb, v, v, v)
		}
		return rgb
	case CMYK:
		t.CMYK(out, out, false)
		return out[:len(out)/4*3]
	}
	t.RGB(out)
	return out
}

// madeProfiles returns a profile of each kind that the package reads, by name.
func madeProfiles() map[string][]byte {
	return map[string][]byte{
		"made sRGB v4 para":      matrixProfile(4, srgbPara, srgbD50...),
		"made sRGB v2 table":     matrixProfile(2, tableTag(decode, 1024), srgbD50...),
		"made ProPhoto 1.8":      matrixProfile(2, gammaTag(1.8), proPhotoD50...),
		"made para 0":            matrixProfile(4, paraTag(0, 2.2), srgbD50...),
		"made para 1":            matrixProfile(4, paraTag(1, 2.2, 1.05, -0.05), srgbD50...),
		"made para 2":            matrixProfile(4, paraTag(2, 2.2, 1.05, -0.05, 0), srgbD50...),
		"made para 4":            matrixProfile(4, paraTag(4, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045, 0, 0), srgbD50...),
		"made identity curve":    matrixProfile(2, cat("curv\x00\x00\x00\x00", 0), srgbD50...),
		"made gray 2.2":          grayProfile(2, "XYZ ", gammaTag(2.2)),
		"made gray dot gain":     grayProfile(2, "XYZ ", tableTag(func(x float64) float64 { return math.Pow(x, 1.75) }, 256)),
		"made gray v4 sRGB":      grayProfile(4, "XYZ ", srgbPara),
		"made mft1 RGB":          mftProfile("mft1", 3, 17, "RGB "),
		"made mft2 RGB":          mftProfile("mft2", 3, 9, "RGB "),
		"made mft1 CMYK":         mftProfile("mft1", 4, 9, "CMYK"),
		"made mft2 CMYK":         mftProfile("mft2", 4, 6, "CMYK"),
		"made mAB":               mabProfile(true),
		"made mAB without table": mabProfile(false),
	}
}

// TestAgainstLittleCMS states the largest mean and the largest single difference from LittleCMS for
// each kind of profile. LittleCMS itself works on grids and in 16 bits, so tables cannot give a
// difference of 0.
func TestAgainstLittleCMS(t *testing.T) {
	pillow(t)
	dir := t.TempDir()
	for name, b := range madeProfiles() {
		if err := os.WriteFile(filepath.Join(dir, name+".icc"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(outside.Root(), "corpus")); err == nil {
		if msg, err := exec.Command("/usr/bin/python3", "-c", profilesPy, filepath.Join(outside.Root(), "corpus"), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
	} else {
		t.Log("no corpus: made-up profiles only")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.icc"))
	var jobs strings.Builder
	for _, f := range files {
		b, _ := os.ReadFile(f)
		p, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		raw, _ := os.ReadFile(f + ".raw")
		if !strings.Contains(f, "jpegli") { // most of XYB's device space is not a color
			raw = append(raw, samples(p.Space())...)
		}
		os.WriteFile(f+".raw", raw, 0o600)
		fmt.Fprintf(&jobs, "%s\t%s\t%s.raw\t%s.out\n", f, map[Space]string{Gray: "L", RGB: "RGB", CMYK: "CMYK"}[p.Space()], f, f)
	}
	cmd := exec.Command("/usr/bin/python3", "-c", lcmsPy)
	cmd.Stdin = strings.NewReader(jobs.String())
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	for _, f := range files {
		b, _ := os.ReadFile(f)
		p, err := Parse(b)
		if err != nil {
			continue
		}
		tr, err := p.Transform(p.Space())
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		checkAgainst(t, f, p, tr)
	}
}

// checkAgainst converts f's samples with tr, and compares them with the samples that LittleCMS
// returned.
func checkAgainst(t *testing.T, f string, p *Profile, tr *Transform) {
	t.Helper()
	in, _ := os.ReadFile(f + ".raw")
	want, _ := os.ReadFile(f + ".out")
	got := convert(tr, p.Space(), in)
	if len(got) != len(want) {
		t.Fatalf("%s: %d samples, want %d", f, len(got), len(want))
	}
	sum, worst, at := 0, 0, 0
	for i := range got {
		d := int(got[i]) - int(want[i])
		d = max(d, -d)
		sum += d
		if d > worst {
			worst, at = d, i
		}
	}
	mean := float64(sum) / float64(len(got))
	n := p.Space().Components()
	i := at / 3
	t.Logf("%-55s mean %.3f max %2d  (%d -> %d, LittleCMS %d)  sRGB %v", filepath.Base(f), mean, worst, in[n*i:n*i+n], got[3*i:3*i+3], want[3*i:3*i+3], p.IsSRGB())
	maxMean, maxDiff := 0.05, 1
	if tr.grid != nil && tr.grid.lut.clut != nil {
		// The largest differences lie where a color leaves sRGB between two nodes.
		maxMean, maxDiff = 0.3, 12
	}
	if mean > maxMean || worst > maxDiff {
		t.Errorf("%s: mean %.3f, largest %d, want at most %.2f and %d", filepath.Base(f), mean, worst, maxMean, maxDiff)
	}
}

func parse(t testing.TB, b []byte) *Profile {
	t.Helper()
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestIsSRGBGoesByContent(t *testing.T) {
	displayP3 := []float64{0.51512, 0.29198, 0.15710, 0.24120, 0.69225, 0.06657, -0.00105, 0.04189, 0.78407}
	for name, c := range map[string]struct {
		profile []byte
		want    bool
	}{
		"sRGB":               {matrixProfile(4, srgbPara, srgbD50...), true},
		"sRGB as a table":    {matrixProfile(2, tableTag(decode, 1024), srgbD50...), true},
		"Display P3":         {matrixProfile(4, srgbPara, displayP3...), false},
		"gamma 2.2":          {matrixProfile(2, gammaTag(2.2), srgbD50...), false},
		"gamma 1.8":          {matrixProfile(2, gammaTag(1.8), srgbD50...), false},
		"channels exchanged": {matrixProfile(4, srgbPara, srgbD50[1], srgbD50[2], srgbD50[0], srgbD50[4], srgbD50[5], srgbD50[3], srgbD50[7], srgbD50[8], srgbD50[6]), false},
		"gray sRGB":          {grayProfile(4, "XYZ ", srgbPara), true},
		"gray gamma 1.8":     {grayProfile(2, "XYZ ", gammaTag(1.8)), false},
		"table":              {mftProfile("mft2", 3, 9, "RGB "), false},
		"CMYK":               {mftProfile("mft2", 4, 6, "CMYK"), false},
	} {
		if got := parse(t, c.profile).IsSRGB(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNeutralsStayNeutral(t *testing.T) {
	for _, m := range [][]float64{srgbD50, proPhotoD50} {
		tr, err := parse(t, matrixProfile(2, gammaTag(1.8), m...)).Transform(RGB)
		if err != nil {
			t.Fatal(err)
		}
		for v := range 256 {
			px := []byte{byte(v), byte(v), byte(v)}
			tr.RGB(px)
			if px[0] != px[1] || px[1] != px[2] || v == 255 && px[0] != 255 || v == 0 && px[0] != 0 {
				t.Errorf("%d became %d", v, px)
			}
		}
	}
}

func TestRowForms(t *testing.T) {
	in := samples(RGB)
	for name, b := range map[string][]byte{"matrix": matrixProfile(2, gammaTag(1.8), proPhotoD50...), "table": mftProfile("mft1", 3, 5, "RGB ")} {
		tr, err := parse(t, b).Transform(RGB)
		if err != nil {
			t.Fatal(err)
		}
		rgb := bytes.Clone(in)
		tr.RGB(rgb)
		rgba := make([]byte, 0, len(in)/3*4)
		for i := 0; i < len(in); i += 3 {
			rgba = append(rgba, in[i], in[i+1], in[i+2], byte(i))
		}
		tr.RGBA(rgba)
		for i := 0; i < len(in)/3; i++ {
			if !bytes.Equal(rgba[4*i:4*i+3], rgb[3*i:3*i+3]) || rgba[4*i+3] != byte(3*i) {
				t.Fatalf("%s: pixel %d: %d, want %d", name, i, rgba[4*i:4*i+4], rgb[3*i:3*i+3])
			}
		}
		if n := testing.AllocsPerRun(5, func() { tr.RGB(rgb) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	tr, err := parse(t, mftProfile("mft1", 4, 5, "CMYK")).Transform(CMYK)
	if err != nil {
		t.Fatal(err)
	}
	src := samples(CMYK)
	apart := make([]byte, len(src)/4*3)
	tr.CMYK(apart, src, false)
	inv := bytes.Clone(src)
	for i := range inv {
		inv[i] ^= 255
	}
	tr.CMYK(inv, inv, true)
	if !bytes.Equal(apart, inv[:len(apart)]) {
		t.Error("inverted in place is not the same as apart")
	}
}

func TestGrayPictureWithRGBProfile(t *testing.T) {
	tr, err := parse(t, matrixProfile(2, gammaTag(1.8), proPhotoD50...)).Transform(Gray)
	if err != nil {
		t.Fatal(err)
	}
	rgb, _ := parse(t, matrixProfile(2, gammaTag(1.8), proPhotoD50...)).Transform(RGB)
	for v := range 256 {
		g, c := []byte{byte(v)}, []byte{byte(v), byte(v), byte(v)}
		tr.Gray(g)
		rgb.RGB(c)
		if g[0] != c[1] {
			t.Errorf("%d: %d, %d", v, g, c)
		}
	}
}

func TestCMYKToRGBIsImageColor(t *testing.T) {
	src := samples(CMYK)
	dst := make([]byte, len(src)/4*3)
	CMYKToRGB(dst, src, false)
	for i := 0; i < len(src)/4; i++ {
		r, g, b := color.CMYKToRGB(src[4*i], src[4*i+1], src[4*i+2], src[4*i+3])
		for c, want := range []byte{r, g, b} {
			// image/color computes with 16 bits and cuts 8 off.
			if d := int(dst[3*i+c]) - int(want); d < -1 || d > 1 {
				t.Fatalf("%d: %d, image/color %d", src[4*i:4*i+4], dst[3*i:3*i+3], []byte{r, g, b})
			}
		}
	}
	for i := range src {
		src[i] ^= 255
	}
	CMYKToRGB(src, src, true)
	if !bytes.Equal(src[:len(dst)], dst) {
		t.Error("inverted in place is not the same")
	}
}

func TestInvalidProfiles(t *testing.T) {
	good := matrixProfile(2, gammaTag(1.8), srgbD50...)
	edit := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for name, b := range map[string][]byte{
		"empty": nil, "header only": good[:100], "truncated": good[:len(good)-8],
		"signature": edit(func(b []byte) []byte { b[36] = 0; return b }),
		"size":      edit(func(b []byte) []byte { b[0] = 1; return b }),
		"tag count": edit(func(b []byte) []byte { b[130] = 1; return b }),
	} {
		var e FormatError
		if _, err := Parse(b); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		b  []byte
		in Space
	}{
		"RGB samples of a gray profile": {grayProfile(2, "XYZ ", gammaTag(2)), RGB},
		"CMYK samples of RGB":           {good, CMYK},
		"no curves":                     {build(2, "mntr", "RGB ", "XYZ ", nil), RGB},
		"no table":                      {build(2, "prtr", "CMYK", "Lab ", nil), CMYK},
		"two channels":                  {build(2, "prtr", "2CLR", "Lab ", nil), "2CLR"},
		"unknown table":                 {build(2, "prtr", "CMYK", "Lab ", map[string][]byte{"A2B0": append([]byte("what\x00\x00\x00\x00\x04\x03\x09"), make([]byte, 40)...)}), CMYK},
	} {
		var e UnsupportedError
		if _, err := parse(t, c.b).Transform(c.in); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	table := mftProfile("mft2", 4, 6, "CMYK")
	binary.BigEndian.PutUint32(table[136:], binary.BigEndian.Uint32(table[136:]))
	i := bytes.Index(table, []byte("mft2"))
	table[i+10] = 200 // 200^4 nodes announced
	var e FormatError
	if _, err := parse(t, table).Transform(CMYK); !errors.As(err, &e) {
		t.Errorf("truncated table: %v", err)
	}
}

func FuzzTransform(f *testing.F) {
	for _, b := range [][]byte{
		matrixProfile(4, srgbPara, srgbD50...), grayProfile(2, "Lab ", gammaTag(1.8)), mabProfile(true), mabProfile(false),
		mftProfile("mft1", 3, 2, "RGB "), mftProfile("mft2", 4, 2, "CMYK"),
	} {
		f.Add(b)
	}
	in := map[Space][]byte{}
	for _, s := range []Space{Gray, RGB, CMYK} {
		in[s] = samples(s)[:240]
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		p.IsSRGB()
		tr, err := p.Transform(p.Space())
		if err == nil {
			convert(tr, p.Space(), in[p.Space()])
		}
	})
}

func BenchmarkTransform(b *testing.B) {
	for _, c := range []struct {
		name    string
		space   Space
		profile []byte
	}{
		{"matrix", RGB, matrixProfile(2, gammaTag(1.8), proPhotoD50...)},
		{"mAB", RGB, mabProfile(true)},
		{"mft2", CMYK, mftProfile("mft2", 4, 9, "CMYK")},
	} {
		b.Run(c.name, func(b *testing.B) {
			tr, err := parse(b, c.profile).Transform(c.space)
			if err != nil {
				b.Fatal(err)
			}
			n := c.space.Components()
			src := make([]byte, 4096*n)
			for i := range src { // gentle, as a picture is
				src[i] = byte(128 + 100*math.Sin(float64(i/n)/float64(100+37*(i%n))))
			}
			dst := make([]byte, len(src))
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				copy(dst, src)
				switch c.space {
				case CMYK:
					tr.CMYK(dst, dst, true)
				default:
					tr.RGB(dst)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/px")
		})
	}
}
