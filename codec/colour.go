package codec

import (
	"errors"
	"fmt"
	"image"

	"miniatura/codec/icc"
	"miniatura/codec/jpeg"
)

// A colour says what has to be done to the samples so that they are sRGB.
// Results carry no profile: what carries none is sRGB to every browser.
type colour struct {
	convert *icc.Transform // nil: the samples are sRGB as they are
	first   bool           // convert is for the rows of the source, else for the small picture
	carry   []byte         // a profile that nobody here can evaluate goes along instead
}

// colour reads what the source says of its colours.
func (j *job) colour() (colour, error) {
	if j.probe.png != nil {
		return j.pngColour()
	}
	if j.probe.another {
		j.info.Note = "another profile dropped: the first counts"
	}
	c, _, err := j.profile(j.probe.profile, j.probe.space)
	return c, err
}

// profile reads a profile for samples of a space, and reports whether it is one:
// then nothing else that the source says of its colours counts. What cannot be converted costs the profile's bytes, never the picture: a
// profile that does not parse is dropped with a word.
func (j *job) profile(profile []byte, space icc.Space) (c colour, ok bool, err error) {
	if j.probe.profileErr != nil {
		j.info.Note = "profile dropped: " + j.probe.profileErr.Error()
	}
	if len(profile) == 0 {
		return c, false, nil
	}
	p, err := icc.Parse(profile)
	if err == nil && space != icc.CMYK && p.IsSRGB() {
		return c, true, nil
	}
	if err == nil && space != p.Space() && !(space == icc.Gray && p.Space() == icc.RGB) {
		// ICC.1 section 7.2.6: the profile is of another picture, and viewers leave it aside. It counts as one all the same.
		j.info.Note = fmt.Sprintf("profile dropped: for %s with samples of %s", p.Space(), space)
		return c, true, nil
	}
	if err == nil {
		c.convert, err = p.Transform(space)
	}
	var malformed icc.FormatError
	switch {
	case err == nil:
		return c, true, nil
	case errors.As(err, &malformed):
		j.info.Note = "profile dropped: " + err.Error()
		return colour{}, false, nil
	case space == icc.CMYK || j.out == formatGIF || j.out == formatBMP:
		return colour{}, false, fmt.Errorf("%w: %v, and %s cannot carry the profile", ErrUnsupported, err, j.out)
	}
	j.info.Note = "profile kept: " + err.Error()
	return colour{carry: profile}, true, nil
}

// apply converts the small picture m in place.
func (c colour) apply(m image.Image) {
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

// applyRow converts a row of the source in place.
func (c colour) applyRow(row []byte, channels int) {
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

// mix makes one picture of a JPEG's planes, all of them as large as the
// result.
func (j *job) mix(planes []planeTarget, r image.Rectangle) *image.NRGBA {
	d := j.probe.jpeg
	m := image.NewNRGBA(r)
	a, b, c := planes[0].pix, planes[1].pix, planes[2].pix
	if len(planes) == 3 {
		if d.Model == jpeg.ModelYCbCr {
			jpeg.YCbCrToRGBA(m.Pix, a, b, c)
			return m
		}
		for i := range a {
			p := m.Pix[4*i : 4*i+4 : 4*i+4]
			p[0], p[1], p[2], p[3] = a[i], b[i], c[i], 255
		}
		return m
	}
	// Four inks: the rows become CMYK, as stored, then RGB.
	k := planes[3].pix
	if d.Model == jpeg.ModelYCCK {
		jpeg.YCbCrToRGBA(m.Pix, a, b, c) // the complement of what CMYK would store, ITU T.872 6.5.3
		for i := range m.Pix {
			m.Pix[i] ^= 255
		}
	} else {
		for i := range a {
			p := m.Pix[4*i : 4*i+4 : 4*i+4]
			p[0], p[1], p[2] = a[i], b[i], c[i]
		}
	}
	for i, v := range k {
		m.Pix[4*i+3] = v
	}
	w := r.Dx()
	rgb := make([]byte, 3*w)
	for y := range r.Dy() {
		row := m.Pix[y*m.Stride:][:4*w]
		if j.col.convert != nil {
			j.col.convert.CMYK(rgb, row, true)
		} else {
			icc.CMYKToRGB(rgb, row, true)
		}
		for x := range w {
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0], p[1], p[2], p[3] = rgb[3*x], rgb[3*x+1], rgb[3*x+2], 255
		}
	}
	return m
}
