package codec

import (
	"encoding/binary"
	"errors"
	"fmt"

	"miniatura/codec/icc"
)

// This file reads what a PNG says of its colours: PNG specification, third
// edition, sections 4.3 and 11.3.2. Of cICP, iCCP, sRGB and gAMA with cHRM, the
// first that is of use decides. Where the specification leaves a choice, it is
// Chromium's, found by trying.

// pngColour returns the conversion to sRGB. Without a profile it is done before
// scaling: the mean of linear samples would not be that of what they look like.
func (j *job) pngColour() (colour, error) {
	p := j.probe.png
	c, ok, err := j.codedColour(p.CICP)
	if ok || err != nil {
		return c, err
	}
	if c, ok, err = j.profile(j.probe.profile, j.probe.space); ok || err != nil || p.SRGB {
		return c, err
	}
	return j.gammaColour(p.Gamma, p.Chromaticities)
}

// codedColour is the colour of cICP's four code points, and whether they say
// one. Those of narrow range, which RGB files do not have, say none.
func (j *job) codedColour(c []byte) (colour, bool, error) {
	if c == nil {
		return colour{}, false, nil
	}
	if c[2] != 0 || c[3] > 1 { // browsers do not show it
		return colour{}, false, fmt.Errorf("%w: cICP %v", ErrUnsupported, c)
	}
	xy, ok := icc.CodedChromaticities(c[0])
	if !ok || c[3] == 0 {
		return colour{}, false, nil
	}
	if c[1] == icc.CodedPQ || c[1] == icc.CodedHLG {
		return colour{}, false, fmt.Errorf("%w: high dynamic range, cICP %v", ErrUnsupported, c)
	}
	transfer, ok := icc.CodedTransfer(c[1])
	if !ok {
		return colour{}, false, nil
	}
	if c[1] == icc.CodedSRGB && xy == icc.SRGBChromaticities {
		return colour{}, true, nil
	}
	convert, err := j.transform(xy, transfer)
	return convert, err == nil, err
}

// gammaColour is the colour of gAMA, 0 where there is none, and cHRM, which
// counts beside it only.
func (j *job) gammaColour(gamma uint32, chrm []byte) (colour, error) {
	if gamma == 0 {
		return colour{}, nil
	}
	xy := icc.SRGBChromaticities
	if chrm == nil {
		// Without primaries, what is within 5 % of 1/2.2 means sRGB.
		if n := 22 * uint64(gamma); 950_000 <= n && n <= 1_050_000 {
			return colour{}, nil
		}
	} else {
		for i := range xy {
			xy[i] = float64(binary.BigEndian.Uint32(chrm[4*i:])) / 100_000
		}
	}
	c, err := j.transform(xy, icc.Gamma(100_000/float64(gamma)))
	var malformed icc.FormatError
	if errors.As(err, &malformed) {
		j.info.Note = "gAMA and cHRM dropped: " + err.Error()
		return colour{}, nil
	}
	return c, err
}

// transform is the conversion from samples with those primaries and that
// transfer function.
func (j *job) transform(xy icc.Chromaticities, transfer icc.Transfer) (colour, error) {
	p := j.probe.png
	space, bits := icc.RGB, 8
	if p.Channels <= 2 {
		space = icc.Gray
	}
	if p.BitDepth == 16 {
		bits = 16
	}
	t, err := icc.NewTransform(space, xy, transfer, bits)
	if err != nil {
		var malformed icc.FormatError
		if !errors.As(err, &malformed) {
			err = fmt.Errorf("%w: %v", ErrUnsupported, err)
		}
		return colour{}, err
	}
	if bits == 16 {
		p.Narrow = t.Wide
	}
	return colour{convert: t, first: true}, nil
}
