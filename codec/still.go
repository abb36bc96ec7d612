package codec

import (
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
	m = orient(m, j.probe.orientation)
	if j.alreadyRight() {
		return j.leaveAlone(func() ([]byte, error) { return j.encode(m) })
	}
	j.src = nil
	j.probe.jpeg, j.probe.png, j.probe.gif, j.probe.webp = nil, nil, nil, nil // the garbage collector may have them while the result is encoded
	return j.encode(m)
}

// alreadyRight reports whether the source, its metadata aside, could itself be
// the result: it fits, it is upright, sRGB, and of the format that is wanted.
func (j *job) alreadyRight() bool {
	return j.sameSize() && j.out == j.probe.format && j.probe.orientation == 1 &&
		j.col.convert == nil && j.probe.space.Components() != 4
}

// leaveAlone returns the source when it already is what was asked for. Where
// there is metadata to strip, the container is rewritten and the pixels are
// not touched; where there is none, the picture is encoded and the smaller of
// the two is the result. It has been decoded to the end by now: a damaged
// file does not come this far.
func (j *job) leaveAlone(encode func() ([]byte, error)) ([]byte, error) {
	keepProfile := j.col.carry != nil
	has, err := strip.HasMetadata(j.src, keepProfile)
	if err == nil && has {
		var out []byte
		switch j.out {
		case formatJPEG:
			out, err = strip.JPEG(j.src, keepProfile)
		case formatPNG:
			out, err = strip.PNG(j.src, keepProfile)
		case formatGIF:
			out, err = strip.GIF(j.src, keepProfile)
		case formatWebP:
			out, err = strip.WebP(j.src, keepProfile)
		}
		if err == nil && out != nil {
			return out, nil
		}
	}
	out, encodeErr := encode()
	if encodeErr == nil && (len(out) < len(j.src) || err != nil || has) {
		return out, nil
	}
	return j.src, encodeErr
}

// progressiveArea is from how many pixels on a JPEG is written progressive:
// there it takes 1 to 3 % fewer bytes. Below, the headers of its scans may cost
// more than that, and both are tried.
const progressiveArea = 1 << 16

// encode writes m in the result's format.
func (j *job) encode(m image.Image) ([]byte, error) {
	switch j.out {
	case formatJPEG:
		return jpeg.Append(nil, flatten(m), &jpeg.Options{
			Quality: j.opt.Quality, ICC: j.col.carry, RGB: j.col.carry != nil,
			Progressive: j.w*j.h >= progressiveArea, Smallest: j.w*j.h < progressiveArea,
		})
	case formatWebP:
		return webp.Append(nil, m, j.webpOptions())
	case formatGIF:
		return gif.AppendTolerant(nil, m, j.tolerance())
	case formatPNG:
		return png.Append(nil, m, &j.png)
	}
	return bmp.Append(nil, m)
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
