package codec

import (
	"errors"
	"image"
	"slices"

	"miniatura/codec/icc"
)

// A conversion says what has to be done to the samples so that they are sRGB. Results carry no profile: what carries none is
// sRGB to every browser. The work is done on the small picture.
type conversion struct {
	convert *icc.Transform // nil: the samples are sRGB as they are
	space   icc.Space      // that convert takes
	carry   []byte         // a profile that nobody here can evaluate goes along instead

	gamma          uint32 // of samples that are kept as they are, so what they mean is kept too
	chromaticities []byte
}

// colorOf reads the profile of a source for a result of format to. What cannot be converted costs the profile's bytes,
// never the picture: a profile that does not parse is dropped, and the note says so.
func colorOf(h *header, to *Format) (c conversion, note string, err error) {
	c.gamma, c.chromaticities = h.gamma, slices.Clone(h.chromaticities)
	if h.profileErr != nil {
		note = "profile dropped: " + h.profileErr.Error()
	}
	if len(h.profile) == 0 {
		return c, note, nil
	}
	p, err := icc.Parse(h.profile)
	if err == nil && h.space != icc.CMYK && p.IsSRGB() {
		return c, note, nil
	}
	if err == nil && h.space != p.Space() && !(h.space == icc.Gray && p.Space() == icc.RGB) {
		// ICC.1 section 7.2.6: the profile is of another picture, and viewers leave it aside.
		err = icc.FormatError("profile for " + string(p.Space()) + " with samples of " + string(h.space))
	}
	if err == nil {
		c.space = h.space
		c.convert, err = p.Transform(h.space)
	}
	var malformed icc.FormatError
	switch {
	case err == nil:
		return c, note, nil
	case errors.As(err, &malformed):
		return conversion{}, "profile dropped: " + err.Error(), nil
	case h.space == icc.CMYK || !to.profile:
		return conversion{}, note, unsupported(err.Error() + ", and " + to.name + " cannot carry the profile")
	}
	return conversion{carry: slices.Clone(h.profile)}, "profile kept: " + err.Error(), nil
}

// apply converts m in place.
func (c conversion) apply(m image.Image) {
	if c.convert == nil {
		return
	}
	switch m := m.(type) {
	case *image.Gray:
		c.convert.Gray(m.Pix)
	case *image.NRGBA:
		if c.space != icc.Gray {
			c.convert.RGBA(m.Pix)
			return
		}
		var table [256]byte // grey with alpha
		for i := range table {
			table[i] = byte(i)
		}
		c.convert.Gray(table[:])
		for p := m.Pix; len(p) >= 4; p = p[4:] {
			p[0], p[1], p[2] = table[p[0]], table[p[1]], table[p[2]]
		}
	}
}
