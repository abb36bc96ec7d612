package codec

import (
	"context"
	"image"
	"math"

	"miniatura/codec/exif"
	"miniatura/codec/icc"
	"miniatura/codec/internal/num"
	"miniatura/codec/jpeg"
	"miniatura/codec/scale"
)

// This file implements JPEG's row of the table of formats. The reader's inverse DCT makes each
// component at a number of eighths of the component's size, and the reader hands out bands of rows.
// RGB appears only where color has to be converted.

// minSamples is the least number of samples to which a plane is decoded in each direction, where
// the source has as many. With fewer, the padding that fills the source's last block to 8 or 16
// samples would be visible in the result.
const minSamples = 64

type jpegSource struct{ *jpeg.Reader }

func openJPEG(src []byte) (source, error) {
	d, err := jpeg.NewReader(src)
	return jpegSource{d}, err
}

func (s jpegSource) header() header {
	h := header{
		w: s.Width, h: s.Height, frames: 1, planar: true, orientation: exif.Orientation(s.EXIF),
		profile: s.ICC, space: icc.RGB, note: s.Note, odd: s.Odd, coding: coding{name: "JPEG", lossy: true, coarse: s.Progressive},
	}
	if s.Progressive {
		h.coding.name = "progressive JPEG"
	}
	for _, g := range s.Segments {
		h.coding.metadata += len(g.Data)
	}
	switch s.Model {
	case jpeg.ModelGray:
		h.space = icc.Gray
	case jpeg.ModelCMYK, jpeg.ModelYCCK:
		h.space = icc.CMYK
	}
	return h
}

func (s jpegSource) peak(ts ...*target) int64 {
	var scales [4]jpeg.Scales // of each component
	bytes := int64(0)
	for _, t := range ts {
		planes, eighths := s.planes(t, subsampling{1, 1}) // whole chroma, which takes the most
		for c := range planes {
			bytes += planes[c].memory()
			scales[c] |= 1 << eighths[c]
		}
	}
	return bytes + s.PeakBytesAll(scales)
}

func (s jpegSource) player(*conversion) (player, int, error) {
	return nil, 0, unsupported("an animated JPEG")
}

// A jpegResult is what is decoded for a target.
type jpegResult struct {
	t      *target
	planar bool        // the result stays Y'CbCr
	sub    subsampling // of the result's chroma
	scaled subsampling // of the chroma that the scaler makes; if sub is coarser, average follows
	planes []planeTarget
}

// decodeStill decodes to the results' sizes: *image.Gray, *image.YCbCr, or *image.NRGBA where
// colors are converted. The entropy-coded samples are read once.
func (s jpegSource) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	// Plan the planes of every result, and make a scaler for each plane.
	results := make([]jpegResult, len(ts))
	var scales [4]jpeg.Scales
	var scalers [4][9][]*scale.Scaler // by component and eighths
	for i, t := range ts {
		r := &results[i]
		planar := s.Model == jpeg.ModelYCbCr && t.color.convert == nil
		*r = jpegResult{t: t, planar: planar, sub: subsampling{1, 1}, scaled: subsampling{1, 1}}
		if r.planar {
			r.sub = s.chroma(t)
			r.scaled = scaledAs(t, r.sub)
		}
		var eighths [4]int
		r.planes, eighths = s.planes(t, r.scaled)
		for c := range r.planes {
			p := &r.planes[c]
			p.opt.Dst = make([]byte, p.w*p.h)
			scaler, err := p.scaler(p.opt.Dst, p.w)
			if err != nil {
				return nil, err
			}
			n := eighths[c]
			scales[c] |= 1 << n
			scalers[c][n] = append(scalers[c][n], scaler)
		}
	}
	// Decode all planes at once, then put together the pictures.
	if err := s.fill(ctx, scales, &scalers); err != nil {
		return nil, err
	}
	pictures := make([]picture, len(ts))
	for i := range results {
		pictures[i].Image = s.assemble(&results[i])
	}
	return pictures, nil
}

// assemble returns the picture of r's planes.
func (s jpegSource) assemble(r *jpegResult) image.Image {
	t, planes := r.t, r.planes
	w, h := t.storedSize()
	rect := image.Rect(0, 0, w, h)
	switch {
	case s.Model == jpeg.ModelGray:
		g := &image.Gray{Pix: planes[0].opt.Dst, Stride: w, Rect: rect}
		t.color.apply(g)
		return g
	case r.planar:
		if r.scaled != r.sub {
			for c := 1; c < 3; c++ {
				p := &planes[c]
				p.opt.Dst, p.w, p.h = average(t, p.opt.Dst, p.w, p.h, r.sub)
			}
		}
		return &image.YCbCr{
			Y: planes[0].opt.Dst, Cb: planes[1].opt.Dst, Cr: planes[2].opt.Dst,
			YStride: planes[0].w, CStride: planes[1].w, SubsampleRatio: r.sub.ratio(), Rect: rect,
		}
	case len(planes) == 4:
		return s.convertInks(planes, rect, &t.color)
	}
	m := image.NewNRGBA(rect)
	s.mergePlanes(m, planes)
	t.color.apply(m)
	return m
}

// fill decodes the components at the given scales, and hands their rows to the scalers. scalers
// lists these by component and eighths.
func (s jpegSource) fill(ctx context.Context, scales [4]jpeg.Scales, scalers *[4][9][]*scale.Scaler) error {
	err := s.DecodeAll(ctx, scales, func(c, eighths, y int, rows []byte, stride, count int) error {
		w, _ := s.PlaneSize(c, eighths)
		for _, scaler := range scalers[c][eighths] {
			for i := range count {
				scaler.Push(rows[i*stride:][:w])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for c := range scalers {
		for _, list := range scalers[c] {
			for _, scaler := range list {
				if !scaler.Done() {
					return jpeg.FormatError{Msg: "the picture ends early"}
				}
			}
		}
	}
	return nil
}

// chroma returns the subsampling of the result: in each direction 2, or 1 where the result keeps
// finer chroma and the source has it.
func (s jpegSource) chroma(t *target) subsampling {
	sub := subsampling{2, 2}
	if !t.keepsChroma() {
		return sub
	}
	for c := 1; c < 3; c++ {
		if s.Components[c].H >= s.Components[0].H {
			sub.h = 1
		}
		if s.Components[c].V >= s.Components[0].V {
			sub.v = 1
		}
	}
	return sub
}

// planes returns how the components are scaled to the planes of t's result, whose chroma is
// subsampled by sub, and at how many eighths each component is decoded for this.
func (s jpegSource) planes(t *target, sub subsampling) (planes []planeTarget, eighths [4]int) {
	w, h := t.storedSize()
	eighths = s.ChooseScale(w, h, num.DivUp(w, sub.h), num.DivUp(h, sub.v))
	planes = make([]planeTarget, len(s.Components))
	for c := range planes {
		fullX, fullY := s.PlaneExtent(c, 8)
		// least is at how many eighths the shorter direction has minSamples.
		least := int(math.Ceil(8 * minSamples / min(fullX, fullY)))
		eighths[c] = max(eighths[c], min(least, 8))
		to := sub
		if c == 0 || c == 3 { // not chroma
			to = subsampling{1, 1}
		}
		pw, ph := s.PlaneSize(c, eighths[c])
		extentX, extentY := s.PlaneExtent(c, eighths[c])
		planes[c] = planeTo(t, to, pw, ph, extentX, extentY)
	}
	return planes, eighths
}

// mergePlanes fills m from the first three planes, all of which are as large as m. m becomes RGB,
// or CMY as it is stored in the file if there are four inks. The fourth byte of a pixel becomes 255
// in RGB. In CMY it has no meaning.
func (s jpegSource) mergePlanes(m *image.NRGBA, planes []planeTarget) {
	a, b, c := planes[0].opt.Dst, planes[1].opt.Dst, planes[2].opt.Dst
	switch s.Model {
	case jpeg.ModelYCbCr:
		jpeg.YCbCrToRGBA(m.Pix, a, b, c)
		return
	case jpeg.ModelYCCK:
		jpeg.YCbCrToRGBA(m.Pix, a, b, c) // the complement of what CMYK would store, ITU T.872 6.5.3
		for i := range m.Pix {
			m.Pix[i] ^= 255
		}
		return
	}
	for i := range a {
		p := m.Pix[4*i : 4*i+4 : 4*i+4]
		p[0], p[1], p[2], p[3] = a[i], b[i], c[i], 255
	}
}

// convertInks makes an RGB picture of the planes of four inks. The planes are merged to CMYK, as it
// is stored in the file (inverted), with K in place of alpha. Then each row is converted.
func (s jpegSource) convertInks(planes []planeTarget, r image.Rectangle, col *conversion) *image.NRGBA {
	m := image.NewNRGBA(r)
	s.mergePlanes(m, planes)
	for i, v := range planes[3].opt.Dst {
		m.Pix[4*i+3] = v
	}
	w := r.Dx()
	rgb := make([]byte, 3*w)
	const inverted = true
	for y := range r.Dy() {
		row := m.Pix[y*m.Stride:][:4*w]
		if col.convert != nil {
			col.convert.CMYK(rgb, row, inverted)
		} else {
			icc.CMYKToRGB(rgb, row, inverted)
		}
		for x := range w {
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0], p[1], p[2], p[3] = rgb[3*x], rgb[3*x+1], rgb[3*x+2], 255
		}
	}
	return m
}

func (s jpegSource) note() string { return "" }

func stripJPEG(_ source, src []byte, keepProfile bool) ([]byte, error) {
	return jpeg.Strip(src, keepProfile)
}

// progressiveArea is the number of pixels from which on a JPEG is written progressive, which takes
// 2 to 3 % fewer bytes than baseline. In smaller pictures the headers of the scans may take more
// bytes than are saved, so both files are made, and the smaller one is the result.
const progressiveArea = 1 << 16

func writeJPEG(m picture, t *target) (out []byte, exact bool, err error) {
	large := t.w*t.h >= progressiveArea
	out, err = jpeg.Append(nil, flatten(m.Image), &jpeg.Options{
		Quality: t.quality, ICC: t.color.carry, RGB: t.color.carry != nil,
		Progressive: large, Smallest: !large,
	})
	return out, false, err
}

// flatten lays a picture with alpha on white, in place. Other pictures stay as they are.
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
