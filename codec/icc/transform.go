package icc

// This file implements the conversion of rows to sRGB: three-component matrix profiles, ICC.1:2022
// annex F.3, and monochrome profiles, F.2. Rendering is media-relative colorimetric; sRGB is IEC
// 61966-2-1 adapted to D50.

import (
	"math"
	"sync"
)

// A Transform converts rows of 8-bit samples to sRGB. It is not safe for use by several goroutines
// at once.
type Transform struct {
	space  Space
	gray   *[256]byte     // the result by sample, where one curve for all channels is the whole conversion
	linear *[3][256]int32 // linear light, 0 to linearOne
	matrix [9]int32       // linear device RGB to linear sRGB, in 1/matrixOne
	grid   *grid

	tone16   *[1 << 16]byte   // as gray, of 16-bit samples
	linear16 *[1 << 16]uint16 // as linear
}

// Linear light has 14 bits and matrix coefficients 12, limited to [-8, 8): a sum of three products
// stays below 2^31.
const (
	linearBits = 14
	linearOne  = 1<<linearBits - 1
	matrixBits = 12
	matrixOne  = 1 << matrixBits
)

// xyzToSRGB is the inverse of the matrix of sRGB's primaries, IEC 61966-2-1 table 1, adapted by the
// linear Bradford transform (ICC.1:2022 annex E) from D65, x 0.3127 y 0.3290, to the PCS white,
// which it takes to 1, 1, 1.
var xyzToSRGB = matrix{
	3.1341864, -1.6172090, -0.4906941,
	-0.9787485, 1.9161301, 0.0334334,
	0.0719639, -0.2289939, 1.4057537,
}

// Transform prepares the conversion of samples in the given space, which is that of the picture's
// components. RGB samples of a monochrome profile, or the reverse of it, are an UnsupportedError,
// with one exception: a gray picture may have an RGB matrix profile, whose neutrals are then
// converted.
func (p *Profile) Transform(in Space) (*Transform, error) {
	if in.Components() == 0 || in != p.space && !(in == Gray && p.space == RGB) {
		return nil, UnsupportedError("profile for " + string(p.space) + " with samples of " + string(in))
	}
	t := &Transform{space: in}
	table := "A2B0"
	a2b := p.tag(table)
	if a2b == nil {
		table = "A2B1"
		a2b = p.tag(table)
	}
	if a2b != nil && in == p.space && in != Gray {
		l, err := parseLUT(a2b, p)
		if err == nil {
			t.grid, err = newGrid(l, p)
		}
		if err == nil {
			return t, nil
		}
		if in == CMYK || p.tag("rTRC") == nil {
			return nil, p.withOffset(err, table)
		}
	}
	switch p.space {
	case Gray:
		c, err := p.curve("kTRC")
		if err != nil {
			return nil, err
		}
		t.gray = new([256]byte)
		for v := range t.gray {
			y := c.at(float64(v) / 255)
			if p.labPCS { // F.2: the curve gives L*
				y = labToXYZ(100*y, 0, 0)[1]
			}
			t.gray[v] = encode8(y)
		}
		return t, nil
	case RGB:
		if p.labPCS {
			return nil, UnsupportedError("matrix profile with PCSLAB")
		}
		return t, t.fromMatrix(p)
	}
	return nil, UnsupportedError("no usable lookup table")
}

// curve reads the curve in the tag of that signature.
func (p *Profile) curve(signature string) (curve, error) {
	b := p.tag(signature)
	if b == nil {
		return curve{}, UnsupportedError("no " + signature)
	}
	c, _, err := parseCurve(b)
	return c, p.withOffset(err, signature)
}

// fromMatrix prepares t from the three columns and the three curves of a matrix profile.
func (t *Transform) fromMatrix(p *Profile) error {
	var m matrix
	var curves [3]curve
	for c, name := range []string{"r", "g", "b"} {
		if p.tag(name+"XYZ") == nil {
			return UnsupportedError("neither matrix nor lookup table")
		}
		col, err := p.readXYZ(name + "XYZ")
		if err != nil {
			return err
		}
		if curves[c], err = p.curve(name + "TRC"); err != nil {
			return err
		}
		m[c], m[3+c], m[6+c] = col[0], col[1], col[2]
	}
	if err := t.set(m, [3]Transfer{curves[0].at, curves[1].at, curves[2].at}); err != nil {
		return err
	}
	if t.space == Gray {
		t.gray = t.neutrals()
	}
	return nil
}

// set sets t to the conversion by transfer functions, followed by a matrix from linear device RGB
// to XYZ relative to D50.
func (t *Transform) set(m matrix, transfer [3]Transfer) error {
	m = xyzToSRGB.times(m)
	t.linear = new([3][256]int32)
	for c := range transfer {
		for v := range 256 {
			t.linear[c][v] = int32(math.Round(transfer[c](float64(v)/255) * linearOne))
		}
	}
	for i, v := range m {
		v = math.Round(v * matrixOne)
		if !(v >= -8*matrixOne && v < 8*matrixOne) {
			return FormatError{Msg: "primaries"}
		}
		t.matrix[i] = int32(v)
	}
	// Rounding, here or in the profile, must not tint neutral colors: a row whose sum is nearly 1
	// gets a sum of 1.
	for i := 0; i < 9; i += 3 {
		row := m[i] + m[i+1] + m[i+2]
		if math.Abs(row-1) < 0.005 {
			row = 1
		}
		t.matrix[i+i/3] += int32(math.Round(row*matrixOne)) - t.matrix[i] - t.matrix[i+1] - t.matrix[i+2]
	}
	return nil
}

// neutrals returns what each gray is converted to, by the green of the result.
func (t *Transform) neutrals() *[256]byte {
	table := new([256]byte)
	for v := range table {
		row := [3]byte{byte(v), byte(v), byte(v)}
		t.convertPixels(row[:], 3)
		table[v] = row[1]
	}
	return table
}

// encodeTable holds the sRGB sample for each linear value from 0 to linearOne.
var encodeTable = sync.OnceValue(func() *[linearOne + 1]byte {
	t := new([linearOne + 1]byte)
	i := 0
	for s := range 255 {
		// Up to the linear value half way to the next sample.
		for end := decode((float64(s) + 0.5) / 255); i <= linearOne && float64(i)/linearOne < end; i++ {
			t[i] = byte(s)
		}
	}
	for ; i <= linearOne; i++ {
		t[i] = 255
	}
	return t
})

// decode and encode are the sRGB transfer function, IEC 61966-2-1 section 5.2, on [0, 1]; encode
// also takes what lies outside, as an odd function.
func decode(s float64) float64 {
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}

// encode applies the curve of sRGB (IEC 61966-2-1) to linear light, and its mirror image to
// negative values.
func encode(l float64) float64 {
	if l < 0 {
		return -encode(-l)
	}
	if l <= 0.0031308 {
		return l * 12.92
	}
	return 1.055*math.Pow(l, 1/2.4) - 0.055
}

// encode8 returns the sRGB sample of linear light, clamped to [0, 1].
func encode8(l float64) byte { return byte(math.Round(255 * unit(encode(l)))) }

// rgb converts one pixel of a matrix profile.
func (t *Transform) rgb(r, g, b byte) (byte, byte, byte) {
	l := t.linear
	return t.mix(l[0][r], l[1][g], l[2][b])
}

// mix converts linear light to sRGB samples.
func (t *Transform) mix(x, y, z int32) (byte, byte, byte) {
	enc, m := encodeTable(), &t.matrix
	return enc[clampLinear(m[0]*x+m[1]*y+m[2]*z)], enc[clampLinear(m[3]*x+m[4]*y+m[5]*z)], enc[clampLinear(m[6]*x+m[7]*y+m[8]*z)]
}

// clampLinear rounds a product of the matrix to linear light in [0, linearOne].
func clampLinear(v int32) int32 {
	return min(max((v+matrixOne/2)>>matrixBits, 0), linearOne)
}

// RGB converts pixels of 3 bytes in place. A rest of fewer than 3 bytes is left alone.
func (t *Transform) RGB(row []byte) { t.convertPixels(row, 3) }

// RGBA converts pixels of 4 bytes in place and leaves the fourth, straight alpha, alone.
func (t *Transform) RGBA(row []byte) { t.convertPixels(row, 4) }

// convertPixels converts pixels of stride bytes in place. Their first three are R, G and B.
func (t *Transform) convertPixels(row []byte, stride int) {
	if t.grid != nil {
		t.grid.rgb(row, stride)
		return
	}
	switch {
	case t.gray != nil:
		for ; len(row) >= stride; row = row[stride:] {
			row[0], row[1], row[2] = t.gray[row[0]], t.gray[row[1]], t.gray[row[2]]
		}
	case t.linear != nil:
		for ; len(row) >= stride; row = row[stride:] {
			row[0], row[1], row[2] = t.rgb(row[0], row[1], row[2])
		}
	}
}

// Gray converts gray samples in place; the result is gray.
func (t *Transform) Gray(row []byte) { t.convertTones(row, 1) }

// GrayAlpha converts pixels of 2 bytes in place and leaves the second, straight alpha, alone.
func (t *Transform) GrayAlpha(row []byte) { t.convertTones(row, 2) }

// convertTones converts pixels of stride bytes in place. The first of them is gray.
func (t *Transform) convertTones(row []byte, stride int) {
	table := t.gray
	if table == nil && (t.linear != nil || t.grid != nil && t.space == RGB) {
		table = t.neutrals() // an RGB profile, with samples of a gray palette for example
	}
	if table == nil {
		return
	}
	for ; len(row) >= stride; row = row[stride:] {
		row[0] = table[row[0]]
	}
}

// CMYK converts pixels of 4 bytes in src to pixels of 3 bytes, R, G and B, in dst, which may be the
// same memory and holds at least 3/4 of src's length. 255 is full ink, or none when inverted, as
// Adobe stores it.
func (t *Transform) CMYK(dst, src []byte, inverted bool) {
	if t.grid != nil {
		t.grid.cmyk(dst, src, inverted)
	}
}
