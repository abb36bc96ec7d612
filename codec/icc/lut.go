package icc

// This file implements the multi-dimensional lookup tables from device space to PCS: lut8Type,
// lut16Type and lutAToBType, ICC.1:2022 sections 10.10 to 10.12.

import (
	"encoding/binary"
	"math"
)

// A lut is the pipeline of lutAToBType: A curves, CLUT, M curves, matrix, B curves. For lut8Type
// and lut16Type, aCurves is the input table, bCurves is the output table, and the M curves and the
// matrix are the identity.
type lut struct {
	in      int // number of input channels
	aCurves []curve
	mCurves []curve // nil is the identity, for aCurves and bCurves too
	bCurves []curve
	clut    []byte                        // 3 samples for each node, the last input channel varying fastest; nil if there is none
	width   int                           // bytes of a sample in clut, 1 or 2
	nodes   [4]int                        // number of CLUT nodes along each input channel, at least 2
	matrix  *[12]float64                  // 3 rows of 3 factors, then 3 offsets; nil is the identity
	toXYZ   func(v [3]float64) [3]float64 // from the result, an encoded PCS, to XYZ relative to D50
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

// parseMFT reads lut8Type or lut16Type. It skips their matrix, which is for XYZ input only.
func parseMFT(b []byte, in int, lab bool) (*lut, error) {
	l := &lut{in: in, width: 2}
	inEntries, outEntries := 256, 256 // of an input table, of an output table
	at := 48                          // where the input tables begin
	if string(b[:4]) == "mft1" {
		l.width = 1
	} else {
		if len(b) < 52 {
			return nil, FormatError{Msg: "lut16Type"}
		}
		inEntries, outEntries = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:]))
		at = 52
	}
	perChannel := int(b[10]) // CLUT nodes along each channel
	// Section 10.10 allows tables of 2 to 4096 entries.
	if perChannel < 2 || inEntries < 2 || outEntries < 2 || inEntries > 4096 || outEntries > 4096 {
		return nil, FormatError{Msg: "lookup table dimensions"}
	}
	nodes := 1 // of the CLUT
	for i := range in {
		l.nodes[i] = perChannel
		nodes *= perChannel // at most 255^4
	}
	// readSamples returns the next n samples, or nil if b has fewer.
	readSamples := func(n int) []byte {
		size := n * l.width
		if at+size > len(b) {
			return nil
		}
		at += size
		return b[at-size : at]
	}
	// readTables returns the next n tables, or nil if b has fewer.
	readTables := func(n, entries int) []curve {
		curves := make([]curve, n)
		for i := range curves {
			curves[i] = curve{table: readSamples(entries), width: l.width}
			if curves[i].table == nil {
				return nil
			}
		}
		return curves
	}
	l.aCurves = readTables(in, inEntries)
	l.clut = readSamples(3 * nodes)
	l.bCurves = readTables(3, outEntries)
	if l.aCurves == nil || l.clut == nil || l.bCurves == nil {
		return nil, FormatError{Msg: "lookup table truncated"}
	}
	switch {
	case !lab:
		l.toXYZ = decodeXYZ
	case l.width == 1:
		l.toXYZ = decodeLab
	default:
		l.toXYZ = decodeLegacyLab
	}
	return l, nil
}

// parseMAB reads lutAToBType.
func parseMAB(b []byte, in int, lab bool) (*lut, error) {
	l := &lut{in: in, toXYZ: decodeXYZ}
	if lab {
		l.toXYZ = decodeLab
	}
	// The order in which the header gives the positions of the parts, from byte 12 on.
	const (
		bCurves = iota
		matrix
		mCurves
		clut
		aCurves
	)
	// find returns b from the beginning of a part on, or nil if the table does not have the part.
	find := func(part int) []byte {
		at := binary.BigEndian.Uint32(b[12+4*part:])
		if at == 0 {
			return nil
		}
		return b[min(uint64(at), uint64(len(b))):]
	}
	var err error
	// readCurves returns the n curves of a part. It returns nil if the table does not have the
	// part, or if err is set, by this call or before.
	readCurves := func(part, n int) []curve {
		if s := find(part); s != nil && err == nil {
			var curves []curve
			curves, err = parseCurves(s, n)
			return curves
		}
		return nil
	}
	l.bCurves = readCurves(bCurves, 3)
	l.mCurves = readCurves(mCurves, 3)
	l.aCurves = readCurves(aCurves, in)
	if err != nil {
		return nil, err
	}
	if s := find(matrix); s != nil {
		if len(s) < 48 {
			return nil, FormatError{Msg: "matrix"}
		}
		l.matrix = new([12]float64)
		for i := range l.matrix {
			l.matrix[i] = s15Fixed16(s[4*i:])
		}
	}
	s := find(clut)
	if s == nil {
		if in != 3 {
			return nil, FormatError{Msg: "no CLUT"}
		}
		return l, nil
	}
	if err := l.readCLUT(s); err != nil {
		return nil, err
	}
	return l, nil
}

// readCLUT reads the CLUT of a lutAToBType at the beginning of b: nodes along up to 16 channels,
// the bytes of a sample, 3 bytes of padding, and the samples.
func (l *lut) readCLUT(b []byte) error {
	const header = 20
	if len(b) < header {
		return FormatError{Msg: "CLUT"}
	}
	nodes := uint64(1)
	for i := range l.in {
		if l.nodes[i] = int(b[i]); l.nodes[i] < 2 {
			return FormatError{Msg: "CLUT dimensions"}
		}
		nodes *= uint64(b[i])
	}
	l.width = int(b[16])
	if l.width != 1 && l.width != 2 {
		return FormatError{Msg: "CLUT precision"}
	}
	size := nodes * 3 * uint64(l.width)
	if size > uint64(len(b)-header) {
		return FormatError{Msg: "CLUT truncated"}
	}
	l.clut = b[header : header+size]
	return nil
}

// evalAfterA evaluates what follows the A curves, at pos, and returns XYZ relative to D50. On each
// input channel, pos is from 0 to the number of nodes minus 1. Without a CLUT, pos is from 0 to 1.
func (l *lut) evalAfterA(pos *[4]float64) [3]float64 {
	v := [3]float64(pos[:3])
	if l.clut != nil {
		v = l.interpolate(pos)
	}
	applyCurves(l.mCurves, &v)
	if m := l.matrix; m != nil {
		v = [3]float64{
			m[0]*v[0] + m[1]*v[1] + m[2]*v[2] + m[9],
			m[3]*v[0] + m[4]*v[1] + m[5]*v[2] + m[10],
			m[6]*v[0] + m[7]*v[1] + m[8]*v[2] + m[11],
		}
	}
	applyCurves(l.bCurves, &v)
	return l.toXYZ(v)
}

// applyCurves applies curves[i] to v[i], for each i. If curves is nil, v stays as it is.
func applyCurves(curves []curve, v *[3]float64) {
	for i := range curves {
		v[i] = curves[i].eval(v[i])
	}
}

// interpolate returns the value of the CLUT at pos, which is usually between nodes. The value is a
// weighted sum of nodes. They lie on a path from the lowest corner of the cell around pos to the
// highest. Each step of the path goes along one channel; the channel with the largest fraction
// comes first. With three channels this is the usual tetrahedral interpolation. Colors on the
// cell's main diagonal, such as neutral ones, depend only on the path's two ends.
func (l *lut) interpolate(pos *[4]float64) (v [3]float64) {
	var frac [4]float64 // of pos in the cell, by channel
	var step [4]int     // by channel: how far apart the numbers of neighboring nodes are
	var order [4]int    // channels by falling frac
	node := 0           // the lowest corner
	stride := 1         // the step of channel i
	for i := l.in - 1; i >= 0; i-- {
		low := min(int(pos[i]), l.nodes[i]-2)
		frac[i], step[i] = pos[i]-float64(low), stride
		node += low * stride
		stride *= l.nodes[i]
	}
	for i := range l.in { // insertion sort of at most 4 channels
		j := i
		for ; j > 0 && frac[order[j-1]] < frac[i]; j-- {
			order[j] = order[j-1]
		}
		order[j] = i
	}
	// Each step has the fraction of its channel. The weight of a node is the fraction of the step
	// that leads to it, minus the fraction of the step that leads on from it.
	weight := 1 - frac[order[0]]
	for i := 0; ; i++ {
		if weight > 0 {
			l.addNode(&v, node, weight)
		}
		if i == l.in {
			return v
		}
		channel := order[i]
		node += step[channel]
		weight = frac[channel]
		if i+1 < l.in {
			weight -= frac[order[i+1]]
		}
	}
}

// addNode adds to v the samples of a CLUT node, scaled to [0, 1] and multiplied by weight.
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

// d50 is X, Y and Z of the PCS white (section 7.2.16).
var d50 = [3]float64{0.9642, 1, 0.8249}

// The next three functions decode PCS encodings, sections 6.3.4.2 and 10.10. They take samples
// scaled to [0, 1] and return XYZ relative to D50.

// decodeXYZ decodes PCSXYZ. The 16-bit sample 8000 (hexadecimal) stands for 1, so that FFFF is
// 1 + 32767/32768.
func decodeXYZ(v [3]float64) [3]float64 {
	for i := range v {
		v[i] *= 1 + 32767.0/32768
	}
	return v
}

// decodeLab decodes PCSLAB: FF or FFFF stands for an L* of 100.
func decodeLab(v [3]float64) [3]float64 {
	return labToXYZ(100*v[0], 255*v[1]-128, 255*v[2]-128)
}

// decodeLegacyLab decodes the 16-bit PCSLAB of version 2, which lut16Type keeps: FF00 stands for an
// L* of 100, and 8000 for an a* or b* of 0.
func decodeLegacyLab(v [3]float64) [3]float64 {
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

// yToL returns L* of Y, where the Y of white is 1.
func yToL(y float64) float64 {
	if y > 216.0/24389 {
		return 116*math.Cbrt(y) - 16
	}
	return y * 24389 / 27
}
