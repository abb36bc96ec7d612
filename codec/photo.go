package codec

import (
	"image"

	"miniatura/codec/internal/num"
	"miniatura/codec/scale"
)

// This file resizes pictures that are stored as planes of Y'CbCr: each component goes through a
// scaler of its own to its own plane of the result. After entropy decoding, work and memory depend
// on the result's size.

// A subsampling is how many pixels of the result a chroma sample stands for, horizontally and
// vertically.
type subsampling struct{ h, v int }

// ratio returns image.YCbCr's name for s.
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
	sw, sh int // of the plane that is read
	w, h   int // of the plane in the result, as stored
	opt    scale.Options
}

// thinSide is the width or height of a result up to which chroma is first scaled to one sample a
// pixel, and then averaged. If chroma were scaled to the subsampled plane at once, its kernel would
// be twice as wide as that of luma. In a picture this small much of the wide kernel lies beyond the
// edges, and the samples would differ from the mean of their pixels by some levels of 255.
const thinSide = 100

// scaledAs returns the subsampling of the chroma that the scaler makes for t. sub is the
// subsampling of the result.
func scaledAs(t *target, sub subsampling) subsampling {
	if min(t.w, t.h) <= thinSide {
		return subsampling{1, 1}
	}
	return sub
}

// planeTo returns how a source plane of sw x sh samples is scaled to its plane in t's result. A
// sample of the latter stands for s.h x s.v pixels. The picture takes extentX x extentY samples of
// the source plane, and may end within the last column or row of the source plane.
func planeTo(t *target, s subsampling, sw, sh int, extentX, extentY float64) planeTarget {
	w, h := t.storedSize()
	flipX, flipY := flips(t.orientation)
	p := planeTarget{sw: sw, sh: sh, w: num.DivUp(w, s.h), h: num.DivUp(h, s.v)}
	overX, overY := p.w*s.h-w, p.h*s.v-h // pixels beyond the picture that samples stand for
	p.opt.X0, p.opt.X1 = span(extentX, w, overX, flipX)
	p.opt.Y0, p.opt.Y1 = span(extentY, h, overY, flipY)
	return p
}

// scaler returns a scaler that fills dst, the plane of the result. Rows in dst are stride bytes
// apart.
func (p *planeTarget) scaler(dst []byte, stride int) (*scale.Scaler, error) {
	p.opt.Dst, p.opt.Stride = dst, stride
	return scale.NewScaler(p.sw, p.sh, p.w, p.h, 1, &p.opt)
}

// memory returns the bytes that the scaler holds, without the result.
func (p *planeTarget) memory() int64 { return scale.Memory(p.sw, p.sh, p.w, p.h, 1, &p.opt) }

// span returns, for one direction, the part of a source plane that the samples of a plane in the
// result stand for together. The picture's length is extent in samples of the source plane, and
// size in pixels of the result. The last sample may also stand for pixels beyond the picture, whose
// number is over: it is 1 if three samples stand for two pixels each and the picture has five. If
// the samples will be reversed (flipped), these pixels are the first sample's.
func span(extent float64, size, over int, flipped bool) (from, to float64) {
	step := extent / float64(size)
	if flipped {
		return -float64(over) * step, extent
	}
	return 0, extent + float64(over)*step
}

// average makes a subsampled plane of pix, a plane of w x h samples with one for each pixel, in the
// orientation of t's source. A sample of out is the mean of the pixels that it stands for. If a
// width or height is odd, some pixels of an edge's samples are outside of the plane and do not
// count. That edge is the right or lower one of the upright picture. So it is the first column or
// row of the plane if the order of columns or rows will be reversed.
func average(t *target, pix []byte, w, h int, sub subsampling) (out []byte, ow, oh int) {
	flipX, flipY := flips(t.orientation)
	ow, oh = num.DivUp(w, sub.h), num.DivUp(h, sub.v)
	out = make([]byte, 0, ow*oh)
	left, top := 0, 0 // how many pixels of the first sample are outside of the plane
	if flipX {
		left = ow*sub.h - w
	}
	if flipY {
		top = oh*sub.v - h
	}
	for y := -top; y < h; y += sub.v {
		// The sample stands for the pixels [x0, x1) x [y0, y1).
		y0, y1 := max(y, 0), min(y+sub.v, h)
		for x := -left; x < w; x += sub.h {
			x0, x1 := max(x, 0), min(x+sub.h, w)
			sum, n := 0, (x1-x0)*(y1-y0)
			for row := y0; row < y1; row++ {
				for _, v := range pix[row*w:][x0:x1] {
					sum += int(v)
				}
			}
			out = append(out, byte((sum+n/2)/n))
		}
	}
	return out, ow, oh
}
