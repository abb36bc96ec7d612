package icc

// This file implements one-dimensional curves: curveType, ICC.1:2022 section 10.6, and
// parametricCurveType, section 10.18.

import (
	"encoding/binary"
	"math"
)

// A curve maps [0, 1] to [0, 1]. It is a sampled table, interpolated linearly, or else a parametric
// function. The zero curve is the identity.
type curve struct {
	table               []byte  // at least 2 big-endian samples of width bytes each; or nil
	width               int     // 1 or 2
	kind                int     // 1 + the function type in the file; 0 if there is no function
	g, a, b, c, d, e, f float64 // the parameters of the function, as the standard names them
}

// parseCurve reads the curve at the beginning of b and returns it with the number of bytes read.
func parseCurve(b []byte) (curve, int, error) {
	if len(b) < 12 {
		return curve{}, 0, FormatError{Msg: "curve"}
	}
	switch string(b[:4]) {
	case "curv":
		n := binary.BigEndian.Uint32(b[8:])
		if uint64(n)*2 > uint64(len(b)-12) {
			return curve{}, 0, FormatError{Msg: "curve"}
		}
		size := 12 + 2*int(n)
		switch n {
		case 0:
			return curve{}, size, nil
		case 1: // a gamma, u8Fixed8
			return curve{kind: 1, g: float64(binary.BigEndian.Uint16(b[12:])) / 256}, size, nil
		}
		return curve{table: b[12:size], width: 2}, size, nil
	case "para":
		numParams := [...]int{1, 3, 4, 5, 7} // for each function type
		function := int(binary.BigEndian.Uint16(b[8:]))
		if function >= len(numParams) {
			return curve{}, 0, UnsupportedError("parametric curve")
		}
		n := numParams[function]
		size := 12 + 4*n
		if len(b) < size {
			return curve{}, 0, FormatError{Msg: "curve"}
		}
		cv := curve{kind: 1 + function}
		params := [...]*float64{&cv.g, &cv.a, &cv.b, &cv.c, &cv.d, &cv.e, &cv.f}
		for i, p := range params[:n] {
			*p = s15Fixed16(b[12+4*i:])
		}
		return cv, size, nil
	}
	return curve{}, 0, UnsupportedError("curve type")
}

// parseCurves reads n consecutive curves, each padded to a multiple of 4 bytes (section 10.12.4).
func parseCurves(b []byte, n int) ([]curve, error) {
	curves := make([]curve, n)
	for i := range curves {
		c, size, err := parseCurve(b)
		if err != nil {
			return nil, err
		}
		curves[i] = c
		b = b[min((size+3)&^3, len(b)):]
	}
	return curves, nil
}

// eval returns the value of the curve for x. Both x and the value are clamped to [0, 1], and NaN
// becomes 0.
func (c *curve) eval(x float64) float64 {
	x = clamp01(x)
	if c.table != nil {
		last := len(c.table)/c.width - 1
		pos := x * float64(last)
		i := min(int(pos), last-1)
		lo, hi := c.sample(i), c.sample(i+1)
		return lo + (hi-lo)*(pos-float64(i))
	}
	// The functions of ICC.1:2022 table 68, whose numbers are one less than kind.
	y := x
	switch c.kind {
	case 1:
		y = math.Pow(x, c.g)
	case 2:
		y = 0
		if x >= -c.b/c.a {
			y = math.Pow(c.a*x+c.b, c.g)
		}
	case 3:
		y = c.c
		if x >= -c.b/c.a {
			y = math.Pow(c.a*x+c.b, c.g) + c.c
		}
	case 4:
		y = c.c * x
		if x >= c.d {
			y = math.Pow(c.a*x+c.b, c.g)
		}
	case 5:
		y = c.c*x + c.f
		if x >= c.d {
			y = math.Pow(c.a*x+c.b, c.g) + c.e
		}
	}
	return clamp01(y)
}

// sample returns entry i of the table, scaled to [0, 1].
func (c *curve) sample(i int) float64 {
	if c.width == 1 {
		return float64(c.table[i]) / 255
	}
	return float64(binary.BigEndian.Uint16(c.table[2*i:])) / 65535
}

// clamp01 returns x clamped to [0, 1]; NaN becomes 0.
func clamp01(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return min(x, 1)
}
