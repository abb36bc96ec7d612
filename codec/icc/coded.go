package icc

// This file implements color spaces that are described by numbers instead of a profile:
// chromaticities with a transfer function, and the code points of ITU-T H.273 sections 8.1 and 8.2.

import (
	"encoding/binary"
	"math"
)

// Chromaticities are CIE x and y of white, red, green and blue, in that order.
type Chromaticities [8]float64

// SRGBChromaticities are those of IEC 61966-2-1 and ITU-R BT.709.
var SRGBChromaticities = Chromaticities{0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}

// A Transfer returns the linear light of a sample, both in [0, 1].
type Transfer func(sample float64) float64

// Gamma returns the Transfer that raises a sample to the power exponent.
func Gamma(exponent float64) Transfer {
	return func(v float64) float64 { return math.Pow(v, exponent) }
}

// CodedChromaticities returns the chromaticities of a color primaries code, H.273 table 2. It
// returns false for codes to which the table gives no chromaticities.
func CodedChromaticities(code byte) (Chromaticities, bool) {
	const (
		d65x, d65y = 0.3127, 0.3290
		cx, cy     = 0.310, 0.316 // illuminant C
	)
	switch code {
	case 1:
		return SRGBChromaticities, true
	case 4: // BT.470 System M
		return Chromaticities{cx, cy, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08}, true
	case 5: // BT.601, 625 lines
		return Chromaticities{d65x, d65y, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06}, true
	case 6, 7: // BT.601, 525 lines; SMPTE 240M
		return Chromaticities{d65x, d65y, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}, true
	case 8: // film
		return Chromaticities{cx, cy, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049}, true
	case 9: // BT.2020, BT.2100
		return Chromaticities{d65x, d65y, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046}, true
	case 10: // SMPTE ST 428-1, XYZ
		return Chromaticities{1. / 3, 1. / 3, 1, 0, 0, 1, 0, 0}, true
	case 11: // SMPTE RP 431-2, DCI-P3
		return Chromaticities{0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}, true
	case 12: // SMPTE EG 432-1, Display P3
		return Chromaticities{d65x, d65y, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}, true
	case 22: // EBU Tech 3213
		return Chromaticities{d65x, d65y, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077}, true
	}
	return Chromaticities{}, false
}

// Code points of H.273 table 3 that callers treat differently.
const (
	CodedSRGB = 13
	CodedPQ   = 16
	CodedHLG  = 18
)

// CodedTransfer returns the Transfer of a transfer characteristics code, H.273 table 3, as browsers
// understand the code. The codes of BT.709's family stand for the gamma of the display, 2.4 (ITU-R
// BT.1886), not for the inverse of the camera's function. CodedTransfer returns false for all codes
// that it does not know. It also returns false for PQ and HLG, whose light is not relative to a
// white of 1.
func CodedTransfer(code byte) (Transfer, bool) {
	switch code {
	case 1, 6, 11, 14, 15: // BT.709, BT.601, IEC 61966-2-4, BT.2020 of 10 and of 12 bits
		return Gamma(2.4), true
	case 4: // BT.470 System M
		return Gamma(2.2), true
	case 5: // BT.470 Systems B and G
		return Gamma(2.8), true
	case 7: // SMPTE 240M
		return func(v float64) float64 {
			if v < 4*0.0228 {
				return v / 4
			}
			return math.Pow((v+0.1115)/1.1115, 1/0.45)
		}, true
	case 8: // linear
		return Gamma(1), true
	case CodedSRGB:
		return decode, true
	case 17: // SMPTE ST 428-1
		return func(v float64) float64 { return clamp01(52.37 / 48 * math.Pow(v, 2.6)) }, true
	}
	return nil, false
}

// NewTransform prepares the conversion of samples in the given space, Gray or RGB, with the
// chromaticities xy and the given transfer function. White is adapted to the white of sRGB, so that
// gray stays gray. NewTransform returns a FormatError for chromaticities that span no color space,
// and an UnsupportedError for primaries beyond the precision of the conversion.
//
// The samples have 8 or 16 bits, as bits says. A Transform for 16 bits has only the method Wide,
// because samples may be in linear light, which loses shades when it is narrowed to 8 bits.
func NewTransform(space Space, xy Chromaticities, transfer Transfer, bits int) (*Transform, error) {
	m, err := xy.toXYZ()
	if err != nil {
		return nil, err
	}
	t := &Transform{space: space}
	// One curve for all channels is the whole conversion.
	toneOnly := space == Gray || xy == SRGBChromaticities
	if !toneOnly {
		if err := t.setMatrix(m, [3]Transfer{transfer, transfer, transfer}); err != nil {
			return nil, UnsupportedError("primaries this far apart") // they do span a color space
		}
	}
	// Set the tables of the samples. For 8 bits with a matrix, setMatrix has set them.
	maxSample := float64(int(1)<<bits - 1)
	switch {
	case bits == 16 && toneOnly:
		t.tone16 = new([1 << 16]byte)
		for v := range t.tone16 {
			t.tone16[v] = encode8(transfer(float64(v) / maxSample))
		}
	case bits == 16:
		t.linear = nil
		t.linear16 = new([1 << 16]uint16)
		for v := range t.linear16 {
			t.linear16[v] = uint16(math.Round(transfer(float64(v)/maxSample) * linearOne))
		}
	case toneOnly:
		t.tone = new([256]byte)
		for v := range t.tone {
			t.tone[v] = encode8(transfer(float64(v) / maxSample))
		}
	}
	return t, nil
}

// Wide converts one pixel of a Transform for 16 bits. src holds 16-bit samples, big-endian, and dst
// gets 8-bit samples: one for gray, three for RGB.
func (t *Transform) Wide(dst, src []byte) {
	if t.tone16 != nil {
		for i := range dst {
			dst[i] = t.tone16[binary.BigEndian.Uint16(src[2*i:])]
		}
		return
	}
	linear := t.linear16
	r := int32(linear[binary.BigEndian.Uint16(src)])
	g := int32(linear[binary.BigEndian.Uint16(src[2:])])
	b := int32(linear[binary.BigEndian.Uint16(src[4:])])
	dst[0], dst[1], dst[2] = t.mix(r, g, b)
}

// bradford is the cone response matrix of ICC.1:2022 annex E.
var bradford = matrix{
	0.8951, 0.2664, -0.1614,
	-0.7502, 1.7135, 0.0367,
	0.0389, -0.0685, 1.0296,
}

// toXYZ returns the matrix from linear device RGB to XYZ relative to D50: SMPTE RP 177, then the
// linear Bradford transform.
func (c Chromaticities) toXYZ() (matrix, error) {
	for _, v := range c {
		if !(v >= 0 && v <= 1) {
			return matrix{}, FormatError{Msg: "chromaticities"}
		}
	}
	var primaries matrix // a column for each: x, y and z
	for i := range 3 {
		x, y := c[2+2*i], c[3+2*i] // after those of white
		primaries[i], primaries[3+i], primaries[6+i] = x, y, 1-x-y
	}
	inverse, ok := primaries.inverse()
	if !ok {
		return matrix{}, FormatError{Msg: "chromaticities"}
	}
	if c[1] == 0 {
		return matrix{}, UnsupportedError("white without luminance")
	}
	white := [3]float64{c[0] / c[1], 1, (1 - c[0] - c[1]) / c[1]}
	// Scale the primaries so that their sum is white.
	fromRGB := primaries.times(diagonal(inverse.apply(white)))
	// Adapt white to D50: scale the cone responses from those of white to those of D50.
	cones, conesD50 := bradford.apply(white), bradford.apply(d50)
	var scale [3]float64
	for i := range scale {
		scale[i] = conesD50[i] / cones[i]
	}
	fromCones, _ := bradford.inverse()
	return fromCones.times(diagonal(scale)).times(bradford).times(fromRGB), nil
}

// A matrix has 3 rows of 3 numbers, one row after the other.
type matrix [9]float64

// diagonal returns the matrix that multiplies each component by its factor in v.
func diagonal(v [3]float64) matrix { return matrix{0: v[0], 4: v[1], 8: v[2]} }

// apply returns the product of m and the column v.
func (m matrix) apply(v [3]float64) (r [3]float64) {
	for i := range r {
		r[i] = m[3*i]*v[0] + m[3*i+1]*v[1] + m[3*i+2]*v[2]
	}
	return r
}

// times returns the product of m and n, which applies n first.
func (m matrix) times(n matrix) (r matrix) {
	for i := range 3 {
		for j := range 3 {
			r[3*i+j] = m[3*i]*n[j] + m[3*i+1]*n[3+j] + m[3*i+2]*n[6+j]
		}
	}
	return r
}

// inverse returns the inverse of m, or false if m is singular or nearly so.
func (m matrix) inverse() (r matrix, ok bool) {
	// The inverse is the transposed matrix of cofactors, divided by the determinant. A cofactor is
	// a minor with a sign. Where the sign is negative, the columns of the minor are listed in
	// reverse.
	minor := func(a, b, c, d int) float64 { return m[a]*m[d] - m[b]*m[c] }
	r = matrix{
		minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5),
		minor(5, 3, 8, 6), minor(0, 2, 6, 8), minor(2, 0, 5, 3),
		minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4),
	}
	det := m[0]*r[0] + m[1]*r[3] + m[2]*r[6]
	if math.Abs(det) < 1e-12 {
		return r, false
	}
	for i := range r {
		r[i] /= det
	}
	return r, true
}
