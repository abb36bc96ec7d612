package codec

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/color"
	stdpng "image/png"
	"math"
	"testing"
)

// This file holds PNGs whose chunks give their colors meaning against the definitions, computed
// here in float64: a transfer function, primaries, the Bradford adaptation of their white, and
// sRGB's own function. Chromium 156 showed each row of pngColors, drawn on a canvas, within 1 level
// of the same values (what it does not show is marked); which chunk decides, and where it takes a
// choice that the specification leaves, was read off its pictures.

// A chunk is a PNG chunk: its type and its data.
type chunk struct {
	kind string
	data string
}

// madePNG writes pixels of a color type and a depth of 8 or 16 bits, 16 to a row, with chunks
// between IHDR and PLTE or IDAT. 16-bit samples are v*257.
func madePNG(t testing.TB, colorType, depth int, pixels [][3]byte, chunks ...chunk) []byte {
	t.Helper()
	var raw []byte
	sample := func(v byte) {
		if raw = append(raw, v); depth == 16 {
			raw = append(raw, v)
		}
	}
	for i, p := range pixels {
		if i%16 == 0 {
			raw = append(raw, 0)
		}
		switch colorType {
		case 0, 4:
			sample(p[1])
		case 3:
			sample(byte(i))
		default:
			sample(p[0])
			sample(p[1])
			sample(p[2])
		}
		if colorType >= 4 {
			sample(255)
		}
	}
	return rawPNG(t, colorType, depth, 16, len(pixels)/16, raw, pixels, chunks...)
}

// rawPNG writes scanlines, with their filter types.
func rawPNG(t testing.TB, colorType, depth, w, h int, raw []byte, palette [][3]byte, chunks ...chunk) []byte {
	t.Helper()
	out := []byte("\x89PNG\r\n\x1a\n")
	put := func(kind string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		at := len(out)
		out = append(append(out, kind...), data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
	}
	var size []byte
	size = binary.BigEndian.AppendUint32(size, uint32(w))
	size = binary.BigEndian.AppendUint32(size, uint32(h))
	put("IHDR", append(size, byte(depth), byte(colorType), 0, 0, 0))
	for _, c := range chunks {
		put(c.kind, []byte(c.data))
	}
	if colorType == 3 {
		var b []byte
		for _, p := range palette {
			b = append(b, p[:]...)
		}
		put("PLTE", b)
	}
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(raw)
	zw.Close()
	put("IDAT", z.Bytes())
	put("IEND", nil)
	return out
}

// colorLattice returns 256 pixels: the corners and edges of the cube, grays, and a scatter.
func colorLattice() (p [][3]byte) {
	for i := range 64 {
		p = append(p, [3]byte{byte(i & 3 * 85), byte(i >> 2 & 3 * 85), byte(i >> 4 & 3 * 85)})
	}
	for i := range 128 {
		p = append(p, [3]byte{byte(2*i + 1), byte(2*i + 1), byte(2*i + 1)})
	}
	for i := range 64 {
		p = append(p, [3]byte{byte(i*37 + 11), byte(i*91 + 53), byte(i*151 + 97)})
	}
	return p
}

func grayRamp() (p [][3]byte) {
	for i := range 256 {
		p = append(p, [3]byte{byte(i), byte(i), byte(i)})
	}
	return p
}

func gAMA(v uint32) chunk { return chunk{"gAMA", string(binary.BigEndian.AppendUint32(nil, v))} }

func cICP(v ...byte) chunk { return chunk{"cICP", string(v)} }

// cHRM takes x and y of white, red, green and blue.
func cHRM(xy [8]float64) chunk {
	var b []byte
	for _, v := range xy {
		b = binary.BigEndian.AppendUint32(b, uint32(math.Round(v*100000)))
	}
	return chunk{"cHRM", string(b)}
}

// linearP3 returns a profile of Display P3 primaries and linear light.
func linearP3(t testing.TB) chunk {
	return iCCP(t, matrixProfile(primariesToD50(primariesP3), 1))
}

func iCCP(t testing.TB, profile []byte) chunk {
	t.Helper()
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(profile)
	zw.Close()
	return chunk{"iCCP", "p\x00\x00" + z.String()}
}

// matrixProfile returns an ICC profile, version 2, of a matrix and a gamma.
func matrixProfile(m [3][3]float64, gamma float64) []byte {
	b := make([]byte, 128)
	b[8] = 2
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[36:], "acsp")
	copy(b[68:], "\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d") // D50
	b = binary.BigEndian.AppendUint32(b, 6)
	at := uint32(len(b) + 6*12)
	var data []byte
	tag := func(name string, d []byte) {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, at+uint32(len(data)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(d)))
		data = append(data, d...)
	}
	for c, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		d := []byte("XYZ \x00\x00\x00\x00")
		for i := range 3 {
			d = binary.BigEndian.AppendUint32(d, uint32(int32(math.Round(m[i][c]*65536))))
		}
		tag(name, d)
	}
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		d := append([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), 0, 0, 0, 0)
		binary.BigEndian.PutUint16(d[12:], uint16(math.Round(gamma*256)))
		tag(name, d)
	}
	b = append(b, data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// Primaries by their standards: x and y of white, red, green and blue.
var (
	primaries709     = [8]float64{0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}             // ITU-R BT.709
	primaries2020    = [8]float64{0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046}       // ITU-R BT.2020
	primariesP3      = [8]float64{0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}       // SMPTE EG 432-1
	primariesDCI     = [8]float64{0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}         // SMPTE RP 431-2
	primariesNTSC    = [8]float64{0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08}               // BT.470 System M
	primariesPAL     = [8]float64{0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06}             // BT.601, 625 lines
	primariesSMPTEC  = [8]float64{0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}       // BT.601, 525 lines
	primariesFilm    = [8]float64{0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049}         // H.273
	primariesXYZ     = [8]float64{1. / 3, 1. / 3, 1, 0, 0, 1, 0, 0}                               // SMPTE ST 428-1
	primariesEBU     = [8]float64{0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077}       // EBU Tech 3213
	primariesAdobe   = [8]float64{0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06}             // Adobe RGB (1998)
	primariesROMM    = [8]float64{0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001} // ROMM RGB
	primariesSRGBD50 = [8]float64{0.3457, 0.3585, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}
	primariesA       = [8]float64{0.4476, 0.4074, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06} // with the white of a lamp
)

// solve returns m's solution for v, by Cramer's rule.
func solve(m [3][3]float64, v [3]float64) (r [3]float64) {
	det := func(m [3][3]float64) float64 {
		return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) + m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
	}
	for c := range r {
		k := m
		for i := range 3 {
			k[i][c] = v[i]
		}
		r[c] = det(k) / det(m)
	}
	return r
}

func times(m [3][3]float64, v [3]float64) (r [3]float64) {
	for i := range r {
		r[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return r
}

// adapt adapts v from white to D50, by the linear Bradford transform.
func adapt(v, white [3]float64) [3]float64 {
	cone := [3][3]float64{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
	from, to, c := times(cone, white), times(cone, [3]float64{0.9642, 1, 0.8249}), times(cone, v)
	for i := range c {
		c[i] *= to[i] / from[i]
	}
	return solve(cone, c)
}

// primariesToD50 returns the matrix from linear samples to XYZ.
func primariesToD50(p [8]float64) (m [3][3]float64) {
	for c := range 3 {
		x, y := p[2+2*c], p[3+2*c]
		m[0][c], m[1][c], m[2][c] = x, y, 1-x-y
	}
	white := [3]float64{p[0] / p[1], 1, (1 - p[0] - p[1]) / p[1]}
	s := solve(m, white)
	for c := range 3 {
		v := adapt([3]float64{m[0][c] * s[c], m[1][c] * s[c], m[2][c] * s[c]}, white)
		m[0][c], m[1][c], m[2][c] = v[0], v[1], v[2]
	}
	return m
}

func srgbToLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func linearToSRGB(l float64) float64 {
	if l = min(max(l, 0), 1); l <= 0.0031308 {
		return 12.92 * l
	}
	return 1.055*math.Pow(l, 1/2.4) - 0.055
}

// A meaning is a color space that samples are in; nil means that they are sRGB exactly.
type meaning struct {
	primaries [8]float64
	linear    func(float64) float64
}

// srgbLevels returns the sRGB levels of a pixel.
func (m *meaning) srgbLevels(p [3]byte) (r [3]float64) {
	if m == nil {
		return [3]float64{float64(p[0]), float64(p[1]), float64(p[2])}
	}
	var l [3]float64
	for i := range l {
		l[i] = m.linear(float64(p[i]) / 255)
	}
	for i, v := range solve(primariesToD50(primaries709), times(primariesToD50(m.primaries), l)) {
		r[i] = 255 * linearToSRGB(v)
	}
	return r
}

func power(primaries [8]float64, exponent float64) *meaning {
	return &meaning{primaries, func(v float64) float64 { return math.Pow(v, exponent) }}
}

func wide(primaries [8]float64) *meaning { return &meaning{primaries, srgbToLinear} }

// A colorRow is a PNG's chunks and what they mean.
type colorRow struct {
	name   string
	chunks []chunk
	means  *meaning
	passes bool // not resized: Chromium does not show it, or shows what has no sRGB
}

func pngColors(t testing.TB) []colorRow {
	const linear = 100000
	var (
		srgb     = chunk{"sRGB", "\x00"}
		profile  = linearP3(t)
		broken   = chunk{"iCCP", "p\x00\x00abcdef"}
		other    = iCCP(t, bytes.Replace(matrixProfile(primariesToD50(primariesP3), 1), []byte("RGB "), []byte("CMYK"), 1))
		junk     = iCCP(t, bytes.Repeat([]byte("junk"), 50))
		light    = power(primaries709, 1)
		p3Light  = power(primariesP3, 1)
		zero     = cHRM([8]float64{})
		negative = chunk{"cHRM", cHRM(primariesP3).data[:28] + "\xff\xff\xff\xf6"}
		smpte240 = func(v float64) float64 {
			if v < 0.0912 {
				return v / 4
			}
			return math.Pow((v+0.1115)/1.1115, 1/0.45)
		}
		dci = func(v float64) float64 { return min(math.Pow(v, 2.6)*52.37/48, 1) }
	)
	is := func(name string, means *meaning, chunks ...chunk) colorRow {
		return colorRow{name: name, means: means, chunks: chunks}
	}
	passes := func(name string, chunks ...chunk) colorRow {
		return colorRow{name: name, passes: true, chunks: chunks}
	}
	return []colorRow{
		is("no chunk", nil),
		is("gAMA 0", nil, gAMA(0)),
		is("gAMA 1/2.2, the control", nil, gAMA(45455)),
		is("gAMA 5 % below sRGB's", nil, gAMA(43182)),
		is("gAMA just over 5 % below", power(primaries709, 1/0.43181), gAMA(43181)),
		is("gAMA 5 % above sRGB's", nil, gAMA(47727)),
		is("gAMA just over 5 % above", power(primaries709, 1/0.47728), gAMA(47728)),
		is("gAMA linear", light, gAMA(linear)),
		is("gAMA as ffmpeg writes it", power(primaries709, 1.96), gAMA(51020)),
		is("gAMA 1.8", power(primaries709, 1.8), gAMA(55556)),
		is("gAMA 1.4", power(primaries709, 1.4), gAMA(71429)),
		is("gAMA 2.5", power(primaries709, 2.5), gAMA(40000)),
		is("gAMA dark", power(primaries709, 10), gAMA(10000)),
		is("gAMA darkest", power(primaries709, 1e5), gAMA(1)),
		is("gAMA bright", power(primaries709, 0.2), gAMA(500000)),
		is("gAMA brightest", power(primaries709, 1e5/(1<<31-1)), gAMA(1<<31-1)),
		is("gAMA short", nil, chunk{"gAMA", "\x00\x01\x86"}),
		is("gAMA twice: the first", light, gAMA(linear), gAMA(45455)),
		is("cHRM alone says nothing", nil, cHRM(primariesP3)),
		is("cHRM sRGB's beside gAMA 1/2.2: no tolerance", power(primaries709, 2.2), gAMA(45455), cHRM(primaries709)),
		is("cHRM P3", power(primariesP3, 2.2), gAMA(45455), cHRM(primariesP3)),
		is("cHRM Adobe RGB", power(primariesAdobe, 2.2), cHRM(primariesAdobe), gAMA(45455)),
		is("cHRM P3, linear", p3Light, gAMA(linear), cHRM(primariesP3)),
		is("cHRM ROMM", power(primariesROMM, 1.8), gAMA(55556), cHRM(primariesROMM)),
		is("cHRM NTSC", power(primariesNTSC, 1.8), gAMA(55556), cHRM(primariesNTSC)),
		is("cHRM BT.2020", power(primaries2020, 1.8), gAMA(55556), cHRM(primaries2020)),
		is("cHRM white D50", power(primariesSRGBD50, 2.2), gAMA(45455), cHRM(primariesSRGBD50)),
		is("cHRM white A", power(primariesA, 2.2), gAMA(45455), cHRM(primariesA)),
		is("cHRM twice: the first", p3Light, cHRM(primariesP3), cHRM(primaries709), gAMA(linear)),
		is("cHRM zero takes gAMA with it", nil, gAMA(linear), zero),
		is("cHRM in one point", nil, gAMA(linear), cHRM([8]float64{0.3127, 0.329, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3})),
		is("cHRM over 1", nil, gAMA(linear), cHRM([8]float64{0.3127, 0.329, 3, 0.33, 0.3, 0.6, 0.15, 0.06})),
		is("cHRM below 0", nil, gAMA(linear), negative),
		is("cHRM short", light, gAMA(linear), chunk{"cHRM", zero.data[:31]}),
		passes("cHRM white without luminance: black", gAMA(linear), cHRM([8]float64{0.3127, 0, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06})),
		is("sRGB over gAMA", nil, srgb, gAMA(linear)),
		is("sRGB behind gAMA and cHRM", nil, gAMA(linear), cHRM(primariesP3), srgb),
		is("sRGB of no intent", light, chunk{"sRGB", "\x09"}, gAMA(linear)),
		is("sRGB too long", light, chunk{"sRGB", "\x00\x00"}, gAMA(linear)),
		is("iCCP over gAMA", p3Light, gAMA(45455), profile),
		is("iCCP over sRGB", p3Light, srgb, profile),
		is("iCCP over gAMA, though for other samples", nil, gAMA(linear), other),
		is("iCCP without a profile", light, junk, gAMA(linear)),
		is("iCCP broken", light, broken, gAMA(linear)),
		is("iCCP broken, sRGB", nil, broken, srgb, gAMA(linear)),
		is("cICP sRGB over gAMA", nil, cICP(1, 13, 0, 1), gAMA(linear)),
		is("cICP sRGB over iCCP", nil, profile, cICP(1, 13, 0, 1)),
		is("cICP P3", wide(primariesP3), cICP(12, 13, 0, 1), gAMA(linear)),
		is("cICP P3 over sRGB", wide(primariesP3), srgb, cICP(12, 13, 0, 1)),
		is("cICP P3, linear", p3Light, cICP(12, 8, 0, 1)),
		is("cICP BT.709", power(primaries709, 2.4), cICP(1, 1, 0, 1)),
		is("cICP BT.601", power(primariesSMPTEC, 2.4), cICP(6, 6, 0, 1)),
		is("cICP xvYCC", power(primaries709, 2.4), cICP(1, 11, 0, 1)),
		is("cICP BT.2020, 10 bits", power(primaries2020, 2.4), cICP(9, 14, 0, 1)),
		is("cICP BT.2020, 12 bits", power(primaries2020, 2.4), cICP(9, 15, 0, 1)),
		is("cICP BT.2020, linear", power(primaries2020, 1), cICP(9, 8, 0, 1)),
		is("cICP BT.2020, sRGB's curve", wide(primaries2020), cICP(9, 13, 0, 1)),
		is("cICP linear", light, cICP(1, 8, 0, 1)),
		is("cICP gamma 2.2", power(primaries709, 2.2), cICP(1, 4, 0, 1)),
		is("cICP gamma 2.8", power(primaries709, 2.8), cICP(1, 5, 0, 1)),
		is("cICP SMPTE 240M", &meaning{primariesSMPTEC, smpte240}, cICP(7, 7, 0, 1)),
		is("cICP ST 428-1", &meaning{primaries709, dci}, cICP(1, 17, 0, 1)),
		is("cICP System M", wide(primariesNTSC), cICP(4, 13, 0, 1)),
		is("cICP 625 lines", wide(primariesPAL), cICP(5, 13, 0, 1)),
		is("cICP film", wide(primariesFilm), cICP(8, 13, 0, 1)),
		is("cICP XYZ", wide(primariesXYZ), cICP(10, 13, 0, 1)),
		is("cICP DCI-P3", wide(primariesDCI), cICP(11, 13, 0, 1)),
		is("cICP EBU 3213", wide(primariesEBU), cICP(22, 13, 0, 1)),
		is("cICP twice: the first", wide(primariesP3), cICP(12, 13, 0, 1), cICP(1, 8, 0, 1)),
		is("cICP unspecified", light, cICP(2, 2, 0, 1), gAMA(linear)),
		is("cICP unspecified primaries, iCCP", p3Light, cICP(2, 13, 0, 1), profile),
		is("cICP unspecified transfer, iCCP", p3Light, cICP(1, 2, 0, 1), profile),
		is("cICP reserved primaries", light, cICP(3, 13, 0, 1), gAMA(linear)),
		is("cICP reserved transfer", light, cICP(1, 19, 0, 1), gAMA(linear)),
		is("cICP logarithmic", light, cICP(1, 9, 0, 1), gAMA(linear)),
		is("cICP narrow range", light, cICP(1, 1, 0, 0), gAMA(linear)),
		is("cICP narrow range PQ", light, cICP(9, 16, 0, 0), gAMA(linear)),
		is("cICP short", light, chunk{"cICP", "\x01\x01\x00"}, gAMA(linear)),
		passes("cICP PQ", cICP(9, 16, 0, 1)),
		passes("cICP HLG", cICP(9, 18, 0, 1)),
		passes("cICP with a matrix: not shown", cICP(1, 1, 1, 1)),
		passes("cICP of a third range: not shown", cICP(1, 1, 0, 2)),
	}
}

func TestPNGColorsAreWhatTheChunksSay(t *testing.T) {
	kinds := []struct {
		name             string
		colorType, depth int
		levels           float64 // that a sample may be off
	}{
		{"rgb", 2, 8, 1}, {"rgba", 6, 8, 1}, {"palette", 3, 8, 1}, {"gray", 0, 8, 1}, {"gray alpha", 4, 8, 1},
		{"rgb 16", 2, 16, 1}, {"rgba 16", 6, 16, 1}, {"gray 16", 0, 16, 1}, {"gray alpha 16", 4, 16, 1},
	}
	for _, row := range pngColors(t) {
		for _, k := range kinds {
			pixels := colorLattice()
			if k.colorType == 0 || k.colorType == 4 {
				pixels = grayRamp()
			}
			src := madePNG(t, k.colorType, k.depth, pixels, row.chunks...)
			out, _, err := Resize(context.Background(), src, same, Options{})
			if row.passes {
				if !errors.Is(err, ErrUnsupported) {
					t.Errorf("%s, %s: %v", row.name, k.name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", row.name, k.name, err)
				continue
			}
			m, err := stdpng.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			worst, at := 0.0, 0
			for i, p := range pixels {
				c := color.NRGBAModel.Convert(m.At(i%16, i/16)).(color.NRGBA)
				for j, v := range row.means.srgbLevels(p) {
					if d := math.Abs(v - float64([]byte{c.R, c.G, c.B}[j])); d > worst {
						worst, at = d, i
					}
				}
			}
			if worst > k.levels+0.01 {
				t.Errorf("%s, %s: off by %.2f at %v", row.name, k.name, worst, pixels[at])
			}
		}
	}
}

// An animation is converted as the still picture is, whether it has one frame or two.
func TestColorsOfAnimatedPNG(t *testing.T) {
	for _, depth := range []int{8, 16} {
		for _, chunks := range [][]chunk{{gAMA(100000)}, {gAMA(55000), linearP3(t)}, {cICP(9, 16, 0, 1)}, {cICP(12, 13, 0, 1)}} {
			pixels := colorLattice()
			still := madePNG(t, 2, depth, pixels, chunks...)
			want, _, wantErr := Resize(context.Background(), still, same, Options{})
			for _, frames := range []int{1, 2} {
				got, info, err := Resize(context.Background(), asAPNG(t, still, frames), same, Options{})
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("%d bits, %v, %d frames: %v, and the still picture: %v", depth, chunks, frames, err, wantErr)
				}
				if err != nil {
					continue
				}
				if info.Frames != frames {
					t.Errorf("%d frames of %d", info.Frames, frames)
				}
				a, b := decodeAny(t, got), decodeAny(t, want)
				for i, p := range pixels {
					c := color.NRGBAModel.Convert(a.At(i%16, i/16)).(color.NRGBA)
					d := color.NRGBAModel.Convert(b.At(i%16, i/16)).(color.NRGBA)
					if c != d {
						t.Errorf("%d bits, %v, %d frames: %v becomes %v, and %v in the still picture", depth, chunks, frames, p, c, d)
						break
					}
				}
			}
		}
	}
}

// asAPNG returns an animation of one or two equal frames that are the picture in src.
func asAPNG(t *testing.T, src []byte, frames int) []byte {
	t.Helper()
	at := bytes.Index(src, []byte("IDAT")) - 4
	end := bytes.Index(src, []byte("IEND")) - 4
	out := bytes.Clone(src[:at])
	put := func(kind string, data ...byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		body := append([]byte(kind), data...)
		out = binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
	}
	control := func(sequence byte) {
		data := append([]byte{0, 0, 0, sequence}, src[16:24]...) // width and height as in IHDR
		put("fcTL", append(data, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 100, 0, 0)...)
	}
	put("acTL", 0, 0, 0, byte(frames), 0, 0, 0, 0)
	control(0)
	out = append(out, src[at:end]...)
	if frames == 2 {
		control(1)
		put("fdAT", append([]byte{0, 0, 0, 2}, src[at+8:end-4]...)...)
	}
	return append(out, src[end:]...)
}

func same(w, h int) (int, int) { return w, h }

// Linear light of 16 bits has most of its dark shades below the first step of 8 bits: they are not
// lost.
func TestLinearSamplesOf16BitsKeepTheirShades(t *testing.T) {
	var raw []byte
	const w = 2048 // to 3 % of linear light, sRGB level 50
	raw = append(raw, 0)
	for x := range w {
		raw = binary.BigEndian.AppendUint16(raw, uint16(x))
	}
	src := rawPNG(t, 0, 16, w, 1, raw, nil, gAMA(100000))
	out, _, err := Resize(context.Background(), src, same, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := decodeAny(t, out)
	seen := map[uint8]bool{}
	for x := range w {
		got := color.GrayModel.Convert(m.At(x, 0)).(color.Gray).Y
		if want := 255 * linearToSRGB(float64(x)/65535); math.Abs(want-float64(got)) > 0.51 {
			t.Fatalf("sample %d is %d, want %.2f", x, got, want)
		}
		seen[got] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d shades", len(seen))
	}
}

// The mean of linear samples is not what their mixture looks like: colors are converted before the
// picture is made smaller.
func TestLinearSamplesAreConvertedBeforeScaling(t *testing.T) {
	raw := make([]byte, 0, 64*65)
	for y := range 64 {
		raw = append(raw, 0)
		for x := range 64 {
			raw = append(raw, byte((x+y)&1*255))
		}
	}
	src := rawPNG(t, 0, 8, 64, 64, raw, nil, gAMA(100000))
	half := func(w, h int) (int, int) { return w / 4, h / 4 }
	out, _, err := Resize(context.Background(), src, half, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := decodeAny(t, out)
	if got := color.GrayModel.Convert(m.At(8, 8)).(color.Gray).Y; got < 127 || got > 128 {
		t.Errorf("black and white mix to %d, want 127.5", got)
	}
}

// The transparent color is compared with samples as stored, and alpha is not converted.
func TestColorConversionLeavesAlphaAlone(t *testing.T) {
	pixels := grayRamp()
	for _, c := range []struct {
		name             string
		colorType, depth int
		trns             string
	}{
		{"gray", 0, 8, "\x00\x80"}, {"gray 16", 0, 16, "\x80\x80"},
		{"rgb", 2, 8, "\x00\x80\x00\x80\x00\x80"}, {"rgb 16", 2, 16, "\x80\x80\x80\x80\x80\x80"},
	} {
		src := madePNG(t, c.colorType, c.depth, pixels, gAMA(100000), chunk{"tRNS", c.trns})
		out, _, err := Resize(context.Background(), src, same, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := decodeAny(t, out)
		for i := range pixels {
			p := color.NRGBAModel.Convert(m.At(i%16, i/16)).(color.NRGBA)
			want := byte(math.Round(255 * linearToSRGB(float64(i)/255)))
			if i == 128 && p.A != 0 || i != 128 && p != (color.NRGBA{want, want, want, 255}) {
				t.Fatalf("%s: sample %d is %v", c.name, i, p)
			}
		}
	}
}

// A photograph of unusual colors looks the same as WebP and as JPEG.
func TestPNGColorsInEveryFormat(t *testing.T) {
	pixels := colorLattice()
	for i := range pixels {
		pixels[i] = [3]byte{200, 90, 40}
	}
	for _, row := range pngColors(t) {
		if row.passes {
			continue
		}
		src := madePNG(t, 2, 8, pixels, row.chunks...)
		for _, opt := range []Options{{Format: WebP}, {Format: JPEG}} {
			out, _, err := Resize(context.Background(), src, same, opt)
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			got, want := meanOf(decodeAny(t, out)), row.means.srgbLevels(pixels[0])
			for i := range want {
				if math.Abs(got[i]-want[i]) > 4 { // rounding of chroma to 8 bits, and JPEG's quantization
					t.Errorf("%s, %+v: %.1f, want %.1f", row.name, opt, got, want)
					break
				}
			}
		}
	}
}
