package codec

import (
	"errors"
	"fmt"
	"image"

	"miniatura/codec/icc"
	"miniatura/codec/jpeg"
)

// A colour says what has to be done to the samples so that they are sRGB.
// Results carry no profile: what carries none is sRGB to every browser. The
// work is done on the small picture.
type colour struct {
	convert *icc.Transform // nil: the samples are sRGB as they are
	space   icc.Space      // that convert takes
	carry   []byte         // a profile that nobody here can evaluate goes along instead
}

// colour reads a profile for samples of a space. What cannot be converted
// costs the profile's bytes, never the picture: a profile that does not parse
// is dropped with a word.
func (j *job) colour(profile []byte, space icc.Space) (c colour, err error) {
	if j.probe.profileErr != nil {
		j.info.Note = "profile dropped: " + j.probe.profileErr.Error()
	}
	if len(profile) == 0 {
		return c, nil
	}
	p, err := icc.Parse(profile)
	if err == nil && space != icc.CMYK && p.IsSRGB() {
		return c, nil
	}
	if err == nil && space != p.Space() && !(space == icc.Gray && p.Space() == icc.RGB) {
		// ICC.1 section 7.2.6: the profile is of another picture, and viewers leave it aside.
		err = icc.FormatError("profile for " + string(p.Space()) + " with samples of " + string(space))
	}
	if err == nil {
		c.space = space
		c.convert, err = p.Transform(space)
	}
	var malformed icc.FormatError
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &malformed):
		j.info.Note = "profile dropped: " + err.Error()
		return colour{}, nil
	case space == icc.CMYK || j.out == formatGIF || j.out == formatBMP:
		return colour{}, fmt.Errorf("%w: %v, and %s cannot carry the profile", ErrUnsupported, err, j.out)
	}
	j.info.Note = "profile kept: " + err.Error()
	return colour{carry: profile}, nil
}

// apply converts m in place.
func (c colour) apply(m image.Image) {
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
			j.col.convert.CMYK(rgb, row, d.Inverted)
		} else {
			icc.CMYKToRGB(rgb, row, d.Inverted)
		}
		for x := range w {
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0], p[1], p[2], p[3] = rgb[3*x], rgb[3*x+1], rgb[3*x+2], 255
		}
	}
	return m
}
