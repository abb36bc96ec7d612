package codec

import (
	"errors"
	"fmt"
	"image"
	"slices"

	"miniatura/codec/icc"
)

// A conversion is what has to be done to the samples so that they are sRGB. Results then carry no
// profile, since every browser takes a picture without one for sRGB.
type conversion struct {
	convert *icc.Transform // nil: the samples are sRGB as they are
	first   bool           // true: rows are converted before scaling; false: the small picture is converted
	carry   []byte         // a profile that the result carries, because package icc cannot evaluate it
	note    string         // what was done with the source's color information
}

// colorOf returns the conversion for a source with the header h and a result of format to.
func colorOf(h *header, to *Format) (conversion, error) {
	if h.color != nil {
		return h.color(h, to)
	}
	c, _, err := h.byProfile(to)
	return c, err
}

// byProfile returns the conversion by the source's profile. If ok is true, other color information
// of the source does not count. A malformed profile is dropped, and the note says so. A profile
// that is sound but cannot be evaluated is carried by the result. Where the result cannot carry it,
// or the samples are CMYK, the picture is unsupported.
func (h *header) byProfile(to *Format) (c conversion, ok bool, err error) {
	c.note = h.note
	if h.profileErr != nil {
		c.note = "profile dropped: " + h.profileErr.Error()
	}
	if len(h.profile) == 0 {
		return c, false, nil
	}
	p, err := icc.Parse(h.profile)
	if err == nil {
		grayByRGB := h.space == icc.Gray && p.Space() == icc.RGB // gray samples can have an RGB profile
		switch {
		case h.space != icc.CMYK && p.IsSRGB():
			return c, true, nil
		case h.space != p.Space() && !grayByRGB:
			// ICC.1 section 7.2.6: the profile belongs to another kind of picture, and viewers
			// ignore it. They ignore other color information too.
			return conversion{note: fmt.Sprintf("profile dropped: for %s with samples of %s", p.Space(), h.space)}, true, nil
		}
		c.convert, err = p.Transform(h.space)
	}
	var malformed icc.FormatError
	switch {
	case err == nil:
		return c, true, nil
	case errors.As(err, &malformed):
		return conversion{note: "profile dropped: " + err.Error()}, false, nil
	case h.space == icc.CMYK || !to.profile:
		return c, false, unsupported(err.Error() + ", and " + to.name + " cannot carry the profile")
	}
	return conversion{carry: slices.Clone(h.profile), note: "profile kept: " + err.Error()}, true, nil
}

// apply converts the small picture m in place, unless the samples are sRGB as they are or the rows
// of the source were converted. An *image.YCbCr is never converted: see jpegSource.decodeStill.
func (c *conversion) apply(m image.Image) {
	if c.convert == nil || c.first {
		return
	}
	switch m := m.(type) {
	case *image.Gray:
		c.convert.Gray(m.Pix)
	case *image.NRGBA:
		c.convert.RGBA(m.Pix)
	}
}

// applyRow converts a row of the source in place. A transform for 16 bits does nothing here: it has
// converted the samples when they became 8 bits (pngSource.convertWide).
func (c *conversion) applyRow(row []byte, channels int) {
	switch channels {
	case 1:
		c.convert.Gray(row)
	case 2:
		c.convert.GrayAlpha(row)
	case 3:
		c.convert.RGB(row)
	case 4:
		c.convert.RGBA(row)
	}
}
