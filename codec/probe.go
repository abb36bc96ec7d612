package codec

import (
	"bytes"
	"errors"
	"fmt"

	"miniatura/codec/bmp"
	"miniatura/codec/exif"
	"miniatura/codec/gif"
	"miniatura/codec/icc"
	"miniatura/codec/jpeg"
	"miniatura/codec/png"
	"miniatura/codec/webp"
)

type format uint8

const (
	formatJPEG format = iota + 1
	formatPNG
	formatGIF
	formatBMP
	formatWebP
)

func (f format) String() string {
	return [...]string{"unknown", "JPEG", "PNG", "GIF", "BMP", "WebP"}[f]
}

func (f format) mediaType() string {
	return [...]string{"", "image/jpeg", "image/png", "image/gif", "image/bmp", "image/webp"}[f]
}

// sniff tells the format by the first bytes.
func sniff(src []byte) (format, bool) {
	switch {
	case bytes.HasPrefix(src, []byte{0xff, 0xd8, 0xff}):
		return formatJPEG, true
	case bytes.HasPrefix(src, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG, true
	case bytes.HasPrefix(src, []byte("GIF87a")), bytes.HasPrefix(src, []byte("GIF89a")):
		return formatGIF, true
	case bytes.HasPrefix(src, []byte("BM")):
		return formatBMP, true
	case len(src) >= 12 && string(src[:4]) == "RIFF" && string(src[8:12]) == "WEBP":
		return formatWebP, true
	}
	return 0, false
}

// probed is what a source's headers say, before anything is decoded.
type probed struct {
	format      format
	w, h        int // as stored, before orientation
	frames      int // 0: animated, and not counted
	orientation int // 1-8, EXIF's
	profile     []byte
	profileErr  error     // a profile that could not be read at all
	another     bool      // profile, which is not used
	odd         bool      // stored as not every reader takes it
	space       icc.Space // of the samples

	jpeg *jpeg.Decoder
	png  *png.Reader
	gif  *gif.Reader
	bmp  *bmp.Reader
	webp *webp.File
}

// upright returns the dimensions after orientation.
func (p *probed) upright() (w, h int) {
	if p.orientation >= 5 {
		return p.h, p.w
	}
	return p.w, p.h
}

func probe(src []byte) (*probed, error) {
	p := &probed{frames: 1, orientation: 1, space: icc.RGB}
	var ok bool
	if p.format, ok = sniff(src); !ok {
		return nil, fmt.Errorf("%w: not a picture that is known here", ErrUnsupported)
	}
	var err error
	switch p.format {
	case formatJPEG:
		err = p.probeJPEG(src)
	case formatPNG:
		err = p.probePNG(src)
	case formatGIF:
		err = p.probeGIF(src)
	case formatBMP:
		err = p.probeBMP(src)
	case formatWebP:
		err = p.probeWebP(src)
	}
	if err == nil && (p.w < 1 || p.h < 1) {
		err = errors.New("a picture without area")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.format, err)
	}
	return p, nil
}

func (p *probed) probeJPEG(src []byte) (err error) {
	if p.jpeg, err = jpeg.NewDecoder(src); err != nil {
		return err
	}
	p.w, p.h = p.jpeg.W, p.jpeg.H
	p.orientation = exif.Orientation(p.jpeg.Exif())
	p.profile, p.another = p.jpeg.ICCProfile()
	p.odd = p.jpeg.Odd
	switch p.jpeg.Model {
	case jpeg.ModelGrey:
		p.space = icc.Gray
	case jpeg.ModelCMYK, jpeg.ModelYCCK:
		p.space = icc.CMYK
	}
	return nil
}

func (p *probed) probeWebP(src []byte) (err error) {
	if p.webp, err = webp.Parse(src); err != nil {
		return err
	}
	p.w, p.h = p.webp.Width, p.webp.Height
	p.frames = len(p.webp.Frames)
	p.orientation = exif.Orientation(p.webp.EXIF)
	p.profile = p.webp.ICC
	return nil
}

func (p *probed) probePNG(src []byte) (err error) {
	if p.png, err = png.NewReader(src); err != nil {
		return err
	}
	p.w, p.h = p.png.Width, p.png.Height
	p.frames = max(p.png.Frames, 1)
	if p.png.Frames > 0 {
		return fmt.Errorf("%w: animated", ErrUnsupported)
	}
	p.orientation = exif.Orientation(p.png.EXIF)
	if p.png.ColorType == 0 || p.png.ColorType == 4 {
		p.space = icc.Gray
	}
	p.profile, p.profileErr = p.png.ICC()
	return nil
}

func (p *probed) probeGIF(src []byte) (err error) {
	if p.gif, err = gif.NewReader(src); err != nil {
		return err
	}
	p.w, p.h, p.frames = p.gif.Width, p.gif.Height, p.gif.Frames
	p.profile = p.gif.ICC
	return nil
}

func (p *probed) probeBMP(src []byte) (err error) {
	if p.bmp, err = bmp.NewReader(src); err != nil {
		return err
	}
	p.w, p.h = p.bmp.Width, p.bmp.Height
	p.profile = p.bmp.ICC
	return nil
}
