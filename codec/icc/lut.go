package icc

// This file implements the multi-dimensional lookup tables from device space to PCS: lut8Type,
// lut16Type and lutAToBType, ICC.1:2022 sections 10.10 to 10.12.

import (
	"encoding/binary"
	"math"
)

// A lut is the pipeline a -> clut -> m -> matrix -> b of lutAToBType. In lut8Type and lut16Type a
// is the input table, b the output table, and m and matrix are the identity. The result is in the
// encoding that pcs undoes.
type lut struct {
	in      int
	a, m, b []curve // nil is the identity
	clut    []byte  // 3 samples of width bytes a node, the last input channel varying fastest; nil when in is 3 and there is none
	width   int     // 1 or 2
	grid    [4]int  // nodes along each input channel, at least 2
	matrix  *[12]float64
	pcs     func(v [3]float64) [3]float64 // to XYZ relative to D50, Y of white 1
}

// parseLUT reads a lookup table of type lut8, lut16 or lutAToB.
func parseLUT(b []byte, p *Profile) (*lut, error) {
	if len(b) < 32 {
		return nil, FormatError{Msg: "lookup table"}
	}
	in, out := int(b[8]), int(b[9])
	if in != p.space.Components() || out != 3 {
		return nil, FormatError{Msg: "channels of lookup table"}
	}
	switch string(b[:4]) {
	case "mft1", "mft2":
		return parseMFT(b, in, p.labPCS)
	case "mAB ":
		return parseMAB(b, in, p.labPCS)
	}
	return nil, UnsupportedError("lookup table type")
}

// parseMFT reads lut8Type or lut16Type. Their matrix applies only to XYZ input, and the device
// spaces here are not XYZ.
func parseMFT(b []byte, in int, lab bool) (*lut, error) {
	l := &lut{in: in, width: 2}
	ni, no := 256, 256
	at := 48
	if string(b[:4]) == "mft1" {
		l.width = 1
	} else {
		if len(b) < 52 {
			return nil, FormatError{Msg: "lut16Type"}
		}
		ni, no = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:]))
		at = 52
	}
	g := int(b[10])
	if g < 2 || ni < 2 || no < 2 || ni > 4096 || no > 4096 {
		return nil, FormatError{Msg: "lookup table dimensions"}
	}
	nodes := 1
	for i := range in {
		l.grid[i] = g
		nodes *= g // at most 255^4
	}
	take := func(n int) []byte { // n samples
		n *= l.width
		if at+n > len(b) {
			return nil
		}
		at += n
		return b[at-n : at]
	}
	tables := func(n, entries int) []curve {
		cs := make([]curve, n)
		for i := range cs {
			cs[i] = curve{table: take(entries), width: l.width}
			if cs[i].table == nil {
				return nil
			}
		}
		return cs
	}
	l.a = tables(in, ni)
	l.clut = take(3 * nodes)
	l.b = tables(3, no)
	if l.a == nil || l.clut == nil || l.b == nil {
		return nil, FormatError{Msg: "lookup table truncated"}
	}
	switch {
	case !lab:
		l.pcs = pcsXYZ
	case l.width == 1:
		l.pcs = pcsLab8
	default:
		l.pcs = pcsLab16Legacy
	}
	return l, nil
}

// parseMAB reads lutAToBType.
func parseMAB(b []byte, in int, lab bool) (*lut, error) {
	l := &lut{in: in, pcs: pcsXYZ}
	if lab {
		l.pcs = pcsLab
	}
	part := func(i int) []byte { // nil when absent
		at := binary.BigEndian.Uint32(b[12+4*i:])
		if at == 0 {
			return nil
		}
		return b[min(uint64(at), uint64(len(b))):]
	}
	var err error
	curves := func(i, n int) []curve {
		if s := part(i); s != nil && err == nil {
			var cs []curve
			cs, err = parseCurves(s, n)
			return cs
		}
		return nil
	}
	l.b = curves(0, 3)
	l.m = curves(2, 3)
	l.a = curves(4, in)
	if err != nil {
		return nil, err
	}
	if s := part(1); s != nil {
		if len(s) < 48 {
			return nil, FormatError{Msg: "matrix"}
		}
		l.matrix = new([12]float64)
		for i := range l.matrix {
			l.matrix[i] = s15Fixed16(s[4*i:])
		}
	}
	s := part(3)
	if s == nil {
		if in != 3 {
			return nil, FormatError{Msg: "no CLUT"}
		}
		return l, nil
	}
	if len(s) < 20 {
		return nil, FormatError{Msg: "CLUT"}
	}
	nodes := uint64(1)
	for i := range in {
		if l.grid[i] = int(s[i]); l.grid[i] < 2 {
			return nil, FormatError{Msg: "CLUT dimensions"}
		}
		nodes *= uint64(s[i])
	}
	l.width = int(s[16])
	if l.width != 1 && l.width != 2 {
		return nil, FormatError{Msg: "CLUT precision"}
	}
	if nodes*3*uint64(l.width) > uint64(len(s)-20) {
		return nil, FormatError{Msg: "CLUT truncated"}
	}
	l.clut = s[20 : 20+nodes*3*uint64(l.width)]
	return l, nil
}

// afterA evaluates the pipeline from the CLUT's input on and returns XYZ relative to D50. pos
// counts in nodes from 0 to grid-1 on each input channel, or from 0 to 1 when there is no CLUT.
func (l *lut) afterA(pos *[4]float64) [3]float64 {
	v := [3]float64(pos[:3])
	if l.clut != nil {
		v = l.interpolate(pos)
	}
	applyCurves(l.m, &v)
	if m := l.matrix; m != nil {
		v = [3]float64{
			m[0]*v[0] + m[1]*v[1] + m[2]*v[2] + m[9],
			m[3]*v[0] + m[4]*v[1] + m[5]*v[2] + m[10],
			m[6]*v[0] + m[7]*v[1] + m[8]*v[2] + m[11],
		}
	}
	applyCurves(l.b, &v)
	return l.pcs(v)
}

// applyCurves applies cs[i] to v[i], for each i.
func applyCurves(cs []curve, v *[3]float64) {
	for i := range cs {
		v[i] = cs[i].at(v[i])
	}
}

// interpolate returns the CLUT's value at pos, between its nodes. The cell around pos is divided
// into simplices along its main diagonal. The value is computed along a path of nodes from the
// lowest corner of the cell to the highest. Each step goes along one channel; the channel with the
// largest fraction comes first. With three channels this is the usual tetrahedral interpolation,
// and neutral colors depend only on neutral nodes.
func (l *lut) interpolate(pos *[4]float64) (v [3]float64) {
	var frac [4]float64
	var step, order [4]int
	node, stride := 0, 1
	for i := l.in - 1; i >= 0; i-- {
		k := min(int(pos[i]), l.grid[i]-2)
		frac[i], step[i] = pos[i]-float64(k), stride
		node += k * stride
		stride *= l.grid[i]
	}
	for i := range l.in { // insertion sort of at most 4
		j := i
		for ; j > 0 && frac[order[j-1]] < frac[i]; j-- {
			order[j] = order[j-1]
		}
		order[j] = i
	}
	weight := 1 - frac[order[0]]
	for i := 0; ; i++ {
		if weight > 0 {
			l.addNode(&v, node, weight)
		}
		if i == l.in {
			return v
		}
		o := order[i]
		node += step[o]
		weight = frac[o]
		if i+1 < l.in {
			weight -= frac[order[i+1]]
		}
	}
}

// addNode adds a node of the CLUT to v, multiplied by weight. Its samples are scaled to [0, 1].
func (l *lut) addNode(v *[3]float64, node int, weight float64) {
	if l.width == 1 {
		s := l.clut[3*node : 3*node+3]
		for i := range v {
			v[i] += weight * float64(s[i]) / 255
		}
		return
	}
	s := l.clut[6*node : 6*node+6]
	for i := range v {
		v[i] += weight * float64(binary.BigEndian.Uint16(s[2*i:])) / 65535
	}
}

// d50 is the PCS white (section 7.2.16).
var d50 = [3]float64{0.9642, 1, 0.8249}

// These functions decode the PCS encodings of sections 6.3.4.2 and 10.10, in which v is in [0, 1].
// In pcsXYZ, 8000 (hexadecimal) stands for 1, so FFFF is 1 + 32767/32768.

func pcsXYZ(v [3]float64) [3]float64 {
	for i := range v {
		v[i] *= 1 + 32767.0/32768
	}
	return v
}

func pcsLab(v [3]float64) [3]float64 {
	return labToXYZ(100*v[0], 255*v[1]-128, 255*v[2]-128)
}

func pcsLab8(v [3]float64) [3]float64 { return pcsLab(v) }

// pcsLab16Legacy decodes the encoding of version 2, which lut16Type keeps: FF00 stands for 100 and
// 8000 for 0.
func pcsLab16Legacy(v [3]float64) [3]float64 {
	const k = 65535.0 / 65280
	return labToXYZ(100*k*v[0], 255*k*v[1]-128, 255*k*v[2]-128)
}

// labToXYZ converts L*a*b* to XYZ relative to D50, the inverse of CIE 15 8.2.1.1.
func labToXYZ(L, a, b float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 24.0/116 {
			return t * t * t
		}
		return (t - 16.0/116) * 108 / 841
	}
	y := (L + 16) / 116
	return [3]float64{d50[0] * f(y+a/500), d50[1] * f(y), d50[2] * f(y-b/200)}
}

// xyzToL returns L* of Y relative to white.
func xyzToL(y float64) float64 {
	if y > 216.0/24389 {
		return 116*math.Cbrt(y) - 16
	}
	return y * 24389 / 27
}
