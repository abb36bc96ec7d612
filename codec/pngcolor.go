package codec

import (
	"encoding/binary"
	"errors"
	"fmt"

	"miniatura/codec/icc"
)

// This file reads the color information of a PNG: PNG specification, third edition, sections 4.3
// and 11.3.2. The information can be in cICP, in iCCP, in sRGB, or in gAMA and cHRM. In this order,
// the first that can be used counts. Where the specification leaves a choice, this file does what
// Chromium was seen to do.

// color returns the conversion to sRGB. A conversion that is not by a profile is done before
// scaling: samples may be linear, and their mean is not the mean of the colors that are seen.
func (s pngSource) color(h *header, to *Format) (conversion, error) {
	c, ok, err := s.codedColor()
	if ok || err != nil {
		return c, err
	}
	c, ok, err = h.byProfile(to)
	if ok || err != nil || s.SRGB {
		return c, err
	}
	note := c.note
	c, err = s.gammaColor()
	if c.note == "" {
		c.note = note
	}
	return c, err
}

// codedColor returns the conversion for cICP. ok reports whether cICP names one that can be used.
// The four bytes of cICP are codes of the primaries, of the transfer function and of the matrix,
// and a flag that samples have the full range. Every RGB file should have that flag; without it,
// cICP is not used.
func (s pngSource) codedColor() (conv conversion, ok bool, err error) {
	if s.CICP == nil {
		return conversion{}, false, nil
	}
	primaries, function, matrix, fullRange := s.CICP[0], s.CICP[1], s.CICP[2], s.CICP[3]
	if matrix != 0 || fullRange > 1 { // browsers do not show such a file
		return conversion{}, false, unsupported(fmt.Sprint("cICP ", s.CICP))
	}
	xy, ok := icc.CodedChromaticities(primaries)
	if !ok || fullRange == 0 {
		return conversion{}, false, nil
	}
	if function == icc.CodedPQ || function == icc.CodedHLG {
		return conversion{}, false, unsupported(fmt.Sprint("high dynamic range, cICP ", s.CICP))
	}
	transfer, ok := icc.CodedTransfer(function)
	if !ok {
		return conversion{}, false, nil
	}
	if function == icc.CodedSRGB && xy == icc.SRGBChromaticities {
		return conversion{}, true, nil
	}
	conv, err = s.transform(xy, transfer)
	return conv, err == nil, err
}

// gammaColor returns the conversion for gAMA and cHRM. cHRM is used only together with gAMA. If
// there is no gAMA, s.Gamma is 0 and nothing is converted.
func (s pngSource) gammaColor() (conversion, error) {
	gamma, chrm := s.Gamma, s.Chromaticities
	if gamma == 0 {
		return conversion{}, nil
	}
	xy := icc.SRGBChromaticities
	if chrm == nil {
		// Without primaries, a gamma within 5 % of 1/2.2 means sRGB. gAMA is 100,000 times the
		// gamma, so for 1/2.2 it is 1,000,000 divided by 22.
		if n := 22 * uint64(gamma); 950_000 <= n && n <= 1_050_000 {
			return conversion{}, nil
		}
	} else {
		for i := range xy {
			xy[i] = float64(binary.BigEndian.Uint32(chrm[4*i:])) / 100_000
		}
	}
	c, err := s.transform(xy, icc.Gamma(100_000/float64(gamma)))
	var malformed icc.FormatError
	if errors.As(err, &malformed) {
		return conversion{note: "gAMA and cHRM dropped: " + err.Error()}, nil
	}
	return c, err
}

// transform returns the conversion of samples with the chromaticities xy and a transfer function.
func (s pngSource) transform(xy icc.Chromaticities, transfer icc.Transfer) (conversion, error) {
	space, bits := icc.RGB, 8
	if s.Channels <= 2 {
		space = icc.Gray
	}
	if s.BitDepth == 16 {
		bits = 16
	}
	t, err := icc.NewTransform(space, xy, transfer, bits)
	if err != nil {
		return conversion{}, err
	}
	return conversion{convert: t, first: true}, nil
}
