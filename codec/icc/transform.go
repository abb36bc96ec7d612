package icc

// This file implements the conversion of rows to sRGB: three-component matrix profiles, ICC.1:2022
// annex F.3, and monochrome profiles, F.2. Rendering is media-relative colorimetric; sRGB is IEC
// 61966-2-1 adapted to D50.

import (
	"math"
	"sync"
)

// A Transform converts samples to sRGB: rows of 8-bit samples, or single pixels of 16-bit samples.
// A Transform is not safe for use by several goroutines at once. It converts by a tone table, by
// linear light and a matrix, or by a grid.
type Transform struct {
	space  Space
	tone   *[256]byte     // the result for each sample, if one curve for all channels is the conversion
	linear *[3][256]int32 // linear light of each sample in each channel, 0 to linearOne
	matrix [9]int32       // linear device RGB to linear sRGB, in 1/matrixOne
	grid   *grid

	tone16   *[1 << 16]byte   // like tone, for 16-bit samples
	linear16 *[1 << 16]uint16 // like linear, for 16-bit samples and the same for all channels
}

// Linear light has 14 bits. Matrix coefficients have 12 bits after the point and are in [-8, 8). So
// a sum of three products stays below 2^31.
const (
	linearBits = 14
	linearOne  = 1<<linearBits - 1
	matrixBits = 12
	matrixOne  = 1 << matrixBits
)

// xyzToSRGB is the matrix from XYZ relative to D50 to linear sRGB. It is the inverse of the matrix
// of sRGB's primaries (IEC 61966-2-1 table 1), after their adaptation from D65 (x 0.3127, y 0.3290)
// to D50 by the linear Bradford transform (ICC.1:2022 annex E).
var xyzToSRGB = matrix{
	3.1341864, -1.6172090, -0.4906941,
	-0.9787485, 1.9161301, 0.0334334,
	0.0719639, -0.2289939, 1.4057537,
}

// Transform prepares the conversion of a picture whose samples are in the given space. Gray samples
// may have an RGB matrix profile, which converts them as neutral colors. For any other profile of a
// different space, Transform returns an UnsupportedError.
func (p *Profile) Transform(space Space) (*Transform, error) {
	isOfSpace := space == p.space || (space == Gray && p.space == RGB)
	if space.Components() == 0 || !isOfSpace {
		return nil, UnsupportedError("profile for " + string(p.space) + " with samples of " + string(space))
	}
	t := &Transform{space: space}
	table := "A2B0"
	a2b := p.tag(table)
	if a2b == nil {
		table = "A2B1"
		a2b = p.tag(table)
	}
	// Pictures in color are converted by a lookup table if there is one.
	if a2b != nil && space != Gray {
		grid, err := p.readGrid(a2b)
		if err == nil {
			t.grid = grid
			return t, nil
		}
		// An RGB profile may have a matrix too, which replaces a table that cannot be used.
		if space == CMYK || p.tag("rTRC") == nil {
			return nil, p.withOffset(err, table)
		}
	}
	var err error
	switch p.space {
	case Gray:
		err = t.setGrayProfile(p)
	case RGB:
		err = t.setMatrixProfile(p)
	default: // CMYK
		err = UnsupportedError("no usable lookup table")
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// readGrid returns a grid for a2b, the data of a lookup table tag.
func (p *Profile) readGrid(a2b []byte) (*grid, error) {
	l, err := parseLUT(a2b, p)
	if err != nil {
		return nil, err
	}
	return newGrid(l, p)
}

// readCurve reads the curve in the tag with the given signature.
func (p *Profile) readCurve(signature string) (curve, error) {
	b := p.tag(signature)
	if b == nil {
		return curve{}, UnsupportedError("no " + signature)
	}
	c, _, err := parseCurve(b)
	if err != nil {
		return curve{}, p.withOffset(err, signature)
	}
	return c, nil
}

// setGrayProfile sets t to the conversion by the curve of a monochrome profile.
func (t *Transform) setGrayProfile(p *Profile) error {
	c, err := p.readCurve("kTRC")
	if err != nil {
		return err
	}
	t.tone = new([256]byte)
	for v := range t.tone {
		y := c.eval(float64(v) / 255)
		if p.labPCS { // F.2: the curve gives L*
			y = labToXYZ(100*y, 0, 0)[1]
		}
		t.tone[v] = encode8(y)
	}
	return nil
}

// setMatrixProfile sets t to the conversion by the three columns and three curves of a matrix
// profile.
func (t *Transform) setMatrixProfile(p *Profile) error {
	if p.labPCS {
		return UnsupportedError("matrix profile with PCSLAB")
	}
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
		if curves[c], err = p.readCurve(name + "TRC"); err != nil {
			return err
		}
		m[c], m[3+c], m[6+c] = col[0], col[1], col[2]
	}
	if err := t.setMatrix(m, [3]Transfer{curves[0].eval, curves[1].eval, curves[2].eval}); err != nil {
		return err
	}
	if t.space == Gray {
		t.tone = t.neutrals()
	}
	return nil
}

// setMatrix sets t to the conversion by a transfer function for each channel and then by toXYZ, the
// matrix from linear device RGB to XYZ relative to D50.
func (t *Transform) setMatrix(toXYZ matrix, transfer [3]Transfer) error {
	m := xyzToSRGB.times(toXYZ)
	t.linear = new([3][256]int32)
	for c := range transfer {
		for v := range 256 {
			t.linear[c][v] = int32(math.Round(transfer[c](float64(v)/255) * linearOne))
		}
	}
	for i, v := range m {
		coefficient := math.Round(v * matrixOne)
		if !(coefficient >= -8*matrixOne && coefficient < 8*matrixOne) { // too large, or NaN
			return FormatError{Msg: "primaries"}
		}
		t.matrix[i] = int32(coefficient)
	}
	// Rounding must not tint neutral colors. So the sum of a row is rounded as a whole, and the
	// coefficient on the diagonal, i+i/3, takes the difference. The profile was rounded too: a sum
	// of nearly 1 becomes 1.
	for i := 0; i < 9; i += 3 { // i is where a row begins
		rowSum := m[i] + m[i+1] + m[i+2]
		if math.Abs(rowSum-1) < 0.005 {
			rowSum = 1
		}
		want := int32(math.Round(rowSum * matrixOne))
		have := t.matrix[i] + t.matrix[i+1] + t.matrix[i+2]
		t.matrix[i+i/3] += want - have
	}
	return nil
}

// neutrals returns the result for each gray: the green of the converted color.
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
		// Sample s is the result up to the linear light of s + 1/2.
		end := decode((float64(s) + 0.5) / 255)
		for ; i <= linearOne && float64(i)/linearOne < end; i++ {
			t[i] = byte(s)
		}
	}
	for ; i <= linearOne; i++ {
		t[i] = 255
	}
	return t
})

// decode returns the linear light of an sRGB sample in [0, 1] (IEC 61966-2-1 section 5.2).
func decode(s float64) float64 {
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}

// encode returns the sRGB sample of linear light, the inverse of decode. For negative light it
// returns -encode(-l).
func encode(l float64) float64 {
	if l < 0 {
		return -encode(-l)
	}
	if l <= 0.0031308 {
		return l * 12.92
	}
	return 1.055*math.Pow(l, 1/2.4) - 0.055
}

// encode8 returns the sRGB sample of linear light in 8 bits, clamped to 0..255.
func encode8(l float64) byte { return byte(math.Round(255 * clamp01(encode(l)))) }

// rgb converts one pixel of a matrix profile.
func (t *Transform) rgb(r, g, b byte) (byte, byte, byte) {
	linear := t.linear
	return t.mix(linear[0][r], linear[1][g], linear[2][b])
}

// mix converts the linear light of a pixel, in device RGB, to sRGB samples.
func (t *Transform) mix(r, g, b int32) (byte, byte, byte) {
	enc, m := encodeTable(), &t.matrix
	return enc[clampLinear(m[0]*r+m[1]*g+m[2]*b)],
		enc[clampLinear(m[3]*r+m[4]*g+m[5]*b)],
		enc[clampLinear(m[6]*r+m[7]*g+m[8]*b)]
}

// clampLinear returns v/matrixOne, rounded and clamped to 0..linearOne. v is a sum of products of
// matrix coefficients and linear light.
func clampLinear(v int32) int32 {
	return min(max((v+matrixOne/2)>>matrixBits, 0), linearOne)
}

// RGB converts pixels of 3 bytes in place. It leaves a rest of fewer than 3 bytes alone.
func (t *Transform) RGB(row []byte) { t.convertPixels(row, 3) }

// RGBA converts pixels of 4 bytes in place and leaves the fourth, straight alpha, alone.
func (t *Transform) RGBA(row []byte) { t.convertPixels(row, 4) }

// convertPixels converts pixels of stride bytes in place. Their first three bytes are R, G and B.
// It does nothing if t is for 16-bit samples.
func (t *Transform) convertPixels(row []byte, stride int) {
	if t.grid != nil {
		t.grid.rgb(row, stride)
		return
	}
	switch {
	case t.tone != nil:
		for ; len(row) >= stride; row = row[stride:] {
			row[0], row[1], row[2] = t.tone[row[0]], t.tone[row[1]], t.tone[row[2]]
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

// convertTones converts pixels of stride bytes in place. The first byte of a pixel is gray. It does
// nothing if t is for CMYK or for 16-bit samples.
func (t *Transform) convertTones(row []byte, stride int) {
	table := t.tone
	convertsRGB := t.linear != nil || (t.grid != nil && t.space == RGB)
	if table == nil && convertsRGB { // the samples may be those of a gray palette
		table = t.neutrals()
	}
	if table == nil {
		return
	}
	for ; len(row) >= stride; row = row[stride:] {
		row[0] = table[row[0]]
	}
}

// CMYK converts pixels of 4 bytes in src to pixels of 3 bytes, R, G and B, in dst. dst has at least
// 3/4 of src's length and may be the same memory. A sample of 255 is full ink. If inverted is true,
// 255 is no ink: Adobe stores CMYK so. t must be for CMYK samples.
func (t *Transform) CMYK(dst, src []byte, inverted bool) {
	if t.grid != nil { // always, if t is for CMYK
		t.grid.cmyk(dst, src, inverted)
	}
}
