package codec

import (
	"errors"
	"image"

	"miniatura/codec/bmp"
	"miniatura/codec/gif"
	"miniatura/codec/jpeg"
	"miniatura/codec/png"
	"miniatura/codec/strip"
	"miniatura/codec/webp"
)

// still makes the result of a still picture.
func (j *job) still() ([]byte, error) {
	var m image.Image
	var err error
	if j.probe.format == formatJPEG {
		m, err = j.photo()
	} else {
		m, err = j.graphics()
	}
	if err != nil {
		return nil, err
	}
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	j.noteSource()
	m = orient(m, j.probe.orientation)
	if j.alreadyRight() {
		return j.smaller(func() ([]byte, bool, error) { return j.encode(m) })
	}
	j.src = nil
	j.probe.jpeg, j.probe.png, j.probe.gif, j.probe.webp = nil, nil, nil, nil // the garbage collector may have them while the result is encoded
	out, _, err := j.encode(m)
	return out, err
}

// noteSource takes over what the reader found wrong with a source that is whole all the same.
func (j *job) noteSource() {
	p := j.probe
	var s string
	switch p.format {
	case formatPNG:
		s = p.png.Note
	case formatGIF:
		s = p.gif.Note
	case formatBMP:
		s = p.bmp.Note
	}
	if s != "" && j.info.Note != "" {
		s = "; " + s
	}
	j.info.Note += s
}

// alreadyRight reports whether the source, its metadata aside, could itself be
// the result: it fits, it is upright, sRGB, and of the format that is wanted.
func (j *job) alreadyRight() bool {
	return j.sameSize() && j.out == j.probe.format && j.probe.orientation == 1 &&
		j.col.convert == nil && j.probe.space.Components() != 4 && !j.probe.odd
}

// smaller returns what a source that is already right becomes: itself without
// its metadata, the samples not touched, or what encode makes of it. The
// encoding is taken where it is smaller and, as encode then says, without
// loss; where it costs quality it has to be a tenth smaller. Samples of 16
// bits have none to lose: every result has 8.
//
// It has been decoded to the end by now: a damaged file does not come this far.
func (j *job) smaller(encode func() (out []byte, exact bool, err error)) ([]byte, error) {
	source := j.stripped()
	out, exact, err := encode()
	switch {
	case source == nil:
		return out, err
	case err != nil, exact && len(out) >= len(source), !exact && 10*len(out) > 9*len(source):
		return source, nil
	}
	return out, nil
}

// stripped returns the source without its metadata, or nil where it should not
// be handed on: what is wrong with it a new file has not.
func (j *job) stripped() (out []byte) {
	keepProfile := j.col.carry != nil
	err := errors.ErrUnsupported
	switch p := j.probe; {
	case p.format == formatJPEG:
		out, err = strip.JPEG(j.src, keepProfile)
	case p.format == formatPNG && p.png.Note == "":
		out, err = strip.PNG(j.src, keepProfile)
	case p.format == formatGIF && !p.gif.Short:
		out, err = strip.GIF(j.src, keepProfile)
	case p.format == formatWebP:
		out, err = strip.WebP(j.src, keepProfile)
	case p.format == formatBMP && p.bmp.Note == "":
		out, err = j.src, nil // there is no metadata in it
	}
	if err != nil {
		return nil
	}
	return out
}

// progressiveArea is from how many pixels on a JPEG is written progressive:
// there it takes 1 to 3 % fewer bytes, and below the headers of its scans cost
// more than that.
const progressiveArea = 1 << 16

// encode writes m in the result's format, and tells whether that costs nothing:
// every pixel that is seen is m's.
func (j *job) encode(m image.Image) (out []byte, exact bool, err error) {
	switch j.out {
	case formatJPEG:
		out, err = jpeg.Append(nil, flatten(m), &jpeg.Options{
			Quality: j.opt.Quality, ICC: j.col.carry, RGB: j.col.carry != nil,
			Progressive: j.w*j.h >= progressiveArea,
		})
		return out, false, err
	case formatWebP:
		out, err = webp.Append(nil, m, j.webpOptions())
		return out, lossless(out), err
	case formatGIF:
		return j.encodeGIF(m)
	case formatPNG:
		out, err = png.Append(nil, m, &png.Options{ICC: j.col.carry})
		return out, true, err
	}
	out, err = bmp.Append(nil, m)
	return out, true, err
}

func (j *job) encodeGIF(m image.Image) (out []byte, exact bool, err error) {
	w, err := gif.NewWriter(j.w, j.h, 1)
	if err != nil {
		return nil, false, err
	}
	w.Tolerance = j.tolerance()
	if err := w.Add(m.(*image.NRGBA), 0); err != nil { // as canvas makes it
		return nil, false, err
	}
	out, err = w.Bytes()
	return out, w.Exact(), err
}

// lossless reports whether every frame of a WebP that was made here is VP8L.
func lossless(out []byte) bool {
	f, err := webp.Parse(out)
	if err != nil {
		return false
	}
	for i := range f.Frames {
		if !f.Frames[i].Lossless {
			return false
		}
	}
	return true
}

// tolerance is the mean squared error that a GIF's palette may cost: none
// where nothing was scaled; 2, which is 45 dB, where most colours are mixtures
// that the scaler made.
func (j *job) tolerance() float64 {
	if j.sameSize() {
		return 0
	}
	return 2
}

// flatten lays a picture with alpha on white.
func flatten(m image.Image) image.Image {
	n, ok := m.(*image.NRGBA)
	if !ok || n.Opaque() {
		return m
	}
	for p := n.Pix; len(p) >= 4; p = p[4:] {
		a := uint32(p[3])
		for i, v := range p[:3] {
			p[i] = byte((uint32(v)*a + 255*(255-a) + 127) / 255)
		}
		p[3] = 255
	}
	return m
}
