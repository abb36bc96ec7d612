package codec

import (
	"image"
	"math"

	"miniatura/codec/jpeg"
	"miniatura/codec/scale"
)

// This file is the road of JPEG sources. The reader shrinks each component
// inside its inverse DCT to N/8, and hands out bands of rows; each component
// goes through a scaler of its own to its own place in the result. After
// entropy decoding, work and memory follow the result's size.

// A subsampling is how many pixels of the result a chroma sample stands for.
type subsampling struct{ h, v int }

// ratio is image.YCbCr's name for s.
func (s subsampling) ratio() image.YCbCrSubsampleRatio {
	switch s {
	case subsampling{1, 1}:
		return image.YCbCrSubsampleRatio444
	case subsampling{2, 1}:
		return image.YCbCrSubsampleRatio422
	case subsampling{1, 2}:
		return image.YCbCrSubsampleRatio440
	}
	return image.YCbCrSubsampleRatio420
}

// A planeTarget is one component's way from the reader to the result.
type planeTarget struct {
	n    int // decoded at n/8
	w, h int // of the plane in the result, as stored
	opt  scale.Options
	pix  []byte
}

// narrow is how many samples a plane is decoded to at least, either way, where
// the source has them. Of fewer, what the source's last block was filled up
// with, to 8 samples or 16, would be more than a trace in the result.
const narrow = 64

// thin is the side of a result up to which chroma is scaled to its pixels
// first, and then averaged. Scaled to a subsampled plane at once, its kernel is
// twice as wide as that of luma and reaches over an edge that is never far: a
// plane of one sample would be half of the edge, levels away from the mean.
const thin = 100

// photo decodes a JPEG at the result's size, in the orientation it is stored
// in: *image.Gray, *image.YCbCr (full range), or *image.NRGBA once colour had
// to be converted.
func (j *job) photo() (image.Image, error) {
	d := j.probe.jpeg
	w, h := j.stored()
	sub := subsampling{1, 1}
	planar := d.Model == jpeg.ModelYCbCr && j.col.convert == nil
	if planar {
		sub = j.chroma()
	}
	scaled := sub
	if min(w, h) <= thin {
		scaled = subsampling{1, 1}
	}
	targets, n := j.planes(w, h, scaled)
	scalers := make([]*scale.Scaler, len(targets))
	for c := range targets {
		t := &targets[c]
		t.pix = make([]byte, t.w*t.h)
		t.opt.Dst, t.opt.Stride = t.pix, t.w
		pw, ph := d.PlaneSize(c, t.n)
		s, err := scale.NewScaler(pw, ph, t.w, t.h, 1, &t.opt)
		if err != nil {
			return nil, err
		}
		scalers[c] = s
	}
	err := d.Decode(j.ctx, n, func(c, y int, rows []byte, stride, count int) error {
		pw, _ := d.PlaneSize(c, targets[c].n)
		for i := range count {
			scalers[c].Push(rows[i*stride:][:pw])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range scalers {
		if !s.Done() {
			return nil, jpeg.FormatError("the picture ends early")
		}
	}

	rect := image.Rect(0, 0, w, h)
	switch {
	case d.Model == jpeg.ModelGrey:
		g := &image.Gray{Pix: targets[0].pix, Stride: w, Rect: rect}
		j.col.apply(g)
		return g, nil
	case planar:
		if scaled != sub {
			flipX, flipY := flips(j.probe.orientation)
			for c := 1; c < 3; c++ {
				t := &targets[c]
				t.pix, t.w, t.h = average(t.pix, t.w, t.h, sub, flipX, flipY)
			}
		}
		return &image.YCbCr{
			Y: targets[0].pix, Cb: targets[1].pix, Cr: targets[2].pix,
			YStride: targets[0].w, CStride: targets[1].w, SubsampleRatio: sub.ratio(), Rect: rect,
		}, nil
	}
	m := j.mix(targets, rect)
	if len(targets) == 3 {
		j.col.apply(m)
	}
	return m, nil
}

// chroma chooses the result's subsampling: 4:2:0, or for a JPEG of quality 90
// and more whatever finer sampling the source has.
func (j *job) chroma() subsampling {
	s := subsampling{2, 2}
	if j.out != formatJPEG || j.opt.Quality < 90 {
		return s
	}
	d := j.probe.jpeg
	for c := 1; c < 3; c++ {
		if d.Components[c].H >= d.Components[0].H {
			s.h = 1
		}
		if d.Components[c].V >= d.Components[0].V {
			s.v = 1
		}
	}
	return s
}

// planes lays out a w x h result, as stored, with chroma subsampled by sub.
func (j *job) planes(w, h int, sub subsampling) (targets []planeTarget, n [4]int) {
	d := j.probe.jpeg
	flipX, flipY := flips(j.probe.orientation)
	n = d.ChooseScale(w, h, (w+sub.h-1)/sub.h, (h+sub.v-1)/sub.v)
	targets = make([]planeTarget, len(d.Components))
	for c := range targets {
		pw, ph := d.PlaneExtent(c, 8)
		n[c] = max(n[c], min(int(math.Ceil(8*narrow/min(pw, ph))), 8))
		t := &targets[c]
		s := sub
		if c == 0 || c == 3 {
			s = subsampling{1, 1}
		}
		t.w, t.h = (w+s.h-1)/s.h, (h+s.v-1)/s.v
		t.n = n[c]
		pw, ph = d.PlaneExtent(c, t.n)
		t.opt.X0, t.opt.X1 = span(pw, w, t.w*s.h-w, flipX)
		t.opt.Y0, t.opt.Y1 = span(ph, h, t.h*s.v-h, flipY)
	}
	return targets, n
}

// span returns the stretch of a plane, extent samples long, that a row of
// subsampled results stands for: the last sample of an odd row reaches over by
// pixels beyond the result's size. When the row will be turned round, that
// sample is the first one.
func span(extent float64, size, over int, flipped bool) (from, to float64) {
	step := extent / float64(size)
	if flipped {
		return -float64(over) * step, extent
	}
	return 0, extent + float64(over)*step
}

// average makes a subsampled plane of a w x h plane, each sample the mean of the
// pixels it stands for: at an odd edge, of those that are there. When rows or
// columns will be turned round, samples are counted from their far end.
func average(pix []byte, w, h int, sub subsampling, flipX, flipY bool) (out []byte, ow, oh int) {
	ow, oh = (w+sub.h-1)/sub.h, (h+sub.v-1)/sub.v
	out = make([]byte, 0, ow*oh)
	left, top := 0, 0 // pixels of the first sample that are not there
	if flipX {
		left = ow*sub.h - w
	}
	if flipY {
		top = oh*sub.v - h
	}
	for y := -top; y < h; y += sub.v {
		y0, y1 := max(y, 0), min(y+sub.v, h)
		for x := -left; x < w; x += sub.h {
			x0, x1 := max(x, 0), min(x+sub.h, w)
			sum, n := 0, (x1-x0)*(y1-y0)
			for v := y0; v < y1; v++ {
				for _, p := range pix[v*w:][x0:x1] {
					sum += int(p)
				}
			}
			out = append(out, byte((sum+n/2)/n))
		}
	}
	return out, ow, oh
}
