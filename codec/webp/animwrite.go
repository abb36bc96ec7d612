package webp

// This file writes animations, RFC 9649 section 2.7.1: each frame as the rectangle that changed.

import (
	"encoding/binary"
	"fmt"
	"image"
	"slices"
	"time"
)

// An AnimationWriter makes an animated file. It holds two canvases of four bytes a pixel, the
// pictures of one frame while it is encoded, and the file so far.
type AnimationWriter struct {
	w, h, plays int
	o           Options
	body        []byte // ANMF chunks
	frames      int
	alpha       bool // some frame has alpha
	current     *image.NRGBA
	next        *image.NRGBA
	repeats     bool       // the frame that is added changes nothing
	part        []byte     // a changed rectangle with holes
	still       *frameBits // the first frame, in case it stays the only one

	// When VP8L takes fewer bytes than VP8 for a frame, the next wait frames are not tried with
	// VP8, except for one that is much denser than that frame. pause is the next value of wait; it
	// doubles each time. density is that frame's estimated bytes for each pixel. bias is the last
	// size that VP8L took, divided by its estimate.
	wait, pause   int
	density, bias float64
	rest          int // number of frames that are not tried with VP8L: it was longer, or would be much longer
}

// NewAnimationWriter begins an animation of w x h pixels that runs plays times, 0 meaning forever.
// Options mean the same as for stills.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	return &AnimationWriter{w: w, h: h, plays: plays, pause: firstPause, bias: 1, o: *o.orDefault()}, nil
}

// firstPause is for how many frames VP8 is left out the first time.
const firstPause = 4

// maxDelay is the longest time a frame can be shown (24 bits of milliseconds).
const maxDelay = 1<<24 - 1

// Add adds the canvas as it is to be shown for delay, which is rounded to milliseconds. The canvas
// is not kept.
func (a *AnimationWriter) Add(canvas *image.NRGBA, delay time.Duration) error {
	if canvas.Rect.Dx() != a.w || canvas.Rect.Dy() != a.h {
		return UnsupportedError(fmt.Sprintf("a frame of %v in an animation of %dx%d", canvas.Rect.Size(), a.w, a.h))
	}
	if a.next == nil {
		a.next = image.NewNRGBA(image.Rect(0, 0, a.w, a.h))
		a.current = image.NewNRGBA(a.next.Rect)
	}
	for y := range a.h {
		copyVisible(a.next.Pix[y*a.next.Stride:][:4*a.w], canvas.Pix[y*canvas.Stride:])
	}
	r := a.next.Rect // the first frame is all of the canvas
	if a.frames > 0 {
		r = a.changedArea()
		if a.repeats = r.Empty(); a.repeats {
			r = image.Rect(0, 0, 1, 1)
		}
	}
	bits, blend, err := a.encode(r)
	if err != nil {
		return err
	}
	if a.frames == 0 {
		a.still = bits
	}
	a.frames++
	a.alpha = a.alpha || bits.hasAlpha
	a.appendFrame(r, bits, blend, delay)
	a.current, a.next = a.next, a.current
	return nil
}

// copyVisible copies a row and makes all wholly transparent pixels equal.
func copyVisible(dst, src []byte) {
	copy(dst, src[:len(dst)])
	for i := 3; i < len(dst); i += 4 {
		if dst[i] == 0 {
			dst[i-3], dst[i-2], dst[i-1] = 0, 0, 0
		}
	}
}

// changedArea returns the smallest rectangle with the pixels that differ from the frame before. Its
// corner has even coordinates, since the container holds only these.
func (a *AnimationWriter) changedArea() image.Rectangle {
	r := image.Rectangle{Min: image.Pt(a.w, a.h)}
	for y := range a.h {
		p, q := a.current.Pix[y*a.current.Stride:][:4*a.w], a.next.Pix[y*a.next.Stride:][:4*a.w]
		if string(p) == string(q) {
			continue
		}
		x := 0
		for *(*[4]byte)(p[4*x:]) == *(*[4]byte)(q[4*x:]) {
			x++
		}
		r.Min.X, r.Min.Y, r.Max.Y = min(r.Min.X, x), min(r.Min.Y, y), y+1
		x = a.w - 1
		for *(*[4]byte)(p[4*x:]) == *(*[4]byte)(q[4*x:]) {
			x--
		}
		r.Max.X = max(r.Max.X, x+1)
	}
	if r.Max.X == 0 {
		return image.Rectangle{}
	}
	r.Min.X &^= 1
	r.Min.Y &^= 1
	return r
}

// encode returns a short frame, with loss or without, that makes rectangle r of the canvas. blend
// reports whether the frame has holes where nothing changes and is blended over the canvas.
func (a *AnimationWriter) encode(r image.Rectangle) (best *frameBits, blend bool, err error) {
	if a.o.Lossless || a.repeats {
		best, blend = a.lossless(a.plainest(r))
		return best, blend, nil
	}
	var p plain
	if a.rest > 0 {
		a.rest--
	} else if !a.o.Lossy {
		p = a.plainest(r)
		if a.wait--; a.wait >= 0 && p.density() < 1.5*a.density {
			best, blend = a.lossless(p)
			return best, blend, nil
		}
	}
	m := a.next.SubImage(r).(*image.NRGBA)
	if holed := a.withHoles(r); holed != nil {
		m, blend = holed, true
	}
	o := a.o
	o.Lossy = true
	if best, err = encodeFrame(m, &o); err != nil || p.m == nil {
		return best, blend, err
	}
	if float64(p.estimate)*a.bias > 1.1*float64(best.size())+100 {
		a.wait, a.pause = 0, firstPause
		if p.estimate > 2*best.size() {
			a.rest = 3
		}
		return best, blend, nil
	}
	l, over := a.lossless(p)
	ratio := float64(l.size()) / float64(best.size())
	if ratio >= 1 {
		a.wait, a.pause, a.rest = 0, firstPause, 3
	} else { // leave the other one out for some frames
		a.wait, a.density = a.pause, p.density()
		a.pause = min(2*a.pause, 32)
	}
	if ratio < 1 {
		return l, over, nil
	}
	return best, blend, nil
}

// A plain is a picture for VP8L, with the bytes that it may take.
type plain struct {
	m        *image.NRGBA
	blend    bool
	estimate int
}

// density returns the estimated bytes a pixel.
func (p *plain) density() float64 {
	return float64(p.estimate) / float64(p.m.Rect.Dx()*p.m.Rect.Dy())
}

// plainest returns rectangle r as a picture for VP8L: with all pixels, or with holes where nothing
// changes. It takes the one for which fewer bytes are estimated.
func (a *AnimationWriter) plainest(r image.Rectangle) plain {
	m := a.next.SubImage(r).(*image.NRGBA)
	p := plain{m, false, estimateLossless(m)}
	if holed := a.holedPixels(r); holed != nil {
		if n := estimateLossless(holed); n < p.estimate {
			p = plain{holed, true, n}
		}
	}
	return p
}

// lossless encodes p, and sets bias by how far off the estimate was. It also reports whether the
// frame is blended.
func (a *AnimationWriter) lossless(p plain) (*frameBits, bool) {
	l := losslessFrame(p.m, a.o.Effort)
	if p.estimate > 256 {
		a.bias = min(max(float64(l.size())/float64(p.estimate), 0.5), 2)
	}
	return l, p.blend
}

// withHoles returns rectangle r. Every block of 8x8 pixels that does not change is transparent in
// it. It returns nil where only few such blocks are, or where blending cannot make the frame: a
// changed pixel that is not opaque would mix with the one below.
func (a *AnimationWriter) withHoles(r image.Rectangle) *image.NRGBA {
	const side = 8
	if a.frames == 0 {
		return nil
	}
	w, h := r.Dx(), r.Dy()
	a.part = slices.Grow(a.part[:0], 4*w*h)[:4*w*h]
	holes := 0
	same := make([]bool, (w+side-1)/side)
	for y0 := 0; y0 < h; y0 += side {
		y1 := min(y0+side, h)
		for i := range same {
			same[i] = true
		}
		for y := y0; y < y1; y++ {
			i := a.next.PixOffset(r.Min.X, r.Min.Y+y)
			row, old := a.next.Pix[i:][:4*w], a.current.Pix[i:][:4*w]
			if string(row) == string(old) {
				continue
			}
			for x := 0; x < 4*w; x += 4 {
				if *(*[4]byte)(row[x:]) != *(*[4]byte)(old[x:]) {
					same[x/4/side] = false
				}
			}
		}
		for y := y0; y < y1; y++ {
			row := a.next.Pix[a.next.PixOffset(r.Min.X, r.Min.Y+y):][:4*w]
			dst := a.part[4*w*y:][:4*w]
			copy(dst, row)
			for i, s := range same {
				block := dst[4*i*side : min(4*(i+1)*side, 4*w)]
				if s {
					clear(block)
					holes += len(block) / 4
				} else if !opaque(block) {
					return nil
				}
			}
		}
	}
	if 16*holes < w*h {
		return nil
	}
	return &image.NRGBA{Pix: a.part, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// holedPixels does the same as withHoles, with single pixels in place of blocks.
func (a *AnimationWriter) holedPixels(r image.Rectangle) *image.NRGBA {
	if a.frames == 0 {
		return nil
	}
	w, h := r.Dx(), r.Dy()
	a.part = slices.Grow(a.part[:0], 4*w*h)[:4*w*h]
	holes := 0
	for y := range h {
		i := a.next.PixOffset(r.Min.X, r.Min.Y+y)
		row, old, dst := a.next.Pix[i:][:4*w], a.current.Pix[i:][:4*w], a.part[4*w*y:][:4*w]
		for x := 0; x < 4*w; x += 4 {
			p := *(*[4]byte)(row[x:])
			switch {
			case p == *(*[4]byte)(old[x:]):
				p = [4]byte{}
				holes++
			case p[3] != 255:
				return nil
			}
			*(*[4]byte)(dst[x:]) = p
		}
	}
	if 16*holes < w*h {
		return nil
	}
	return &image.NRGBA{Pix: a.part, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// opaque reports whether all pixels of a row are opaque.
func opaque(row []byte) bool {
	for i := 3; i < len(row); i += 4 {
		if row[i] != 255 {
			return false
		}
	}
	return true
}

// appendFrame appends an ANMF chunk.
func (a *AnimationWriter) appendFrame(r image.Rectangle, bits *frameBits, blend bool, delay time.Duration) {
	ms := int(min(max((delay+time.Millisecond/2)/time.Millisecond, 0), maxDelay))
	flags := byte(2) // do not blend
	if blend {
		flags = 0
	}
	a.body = append(a.body, "ANMF"...)
	a.body = binary.LittleEndian.AppendUint32(a.body, uint32(16+bits.size()))
	for _, v := range [5]int{r.Min.X / 2, r.Min.Y / 2, r.Dx() - 1, r.Dy() - 1, ms} {
		a.body = append(a.body, byte(v), byte(v>>8), byte(v>>16))
	}
	a.body = append(a.body, flags)
	a.body = bits.appendTo(a.body)
}

// Bytes ends the file and returns it. The AnimationWriter cannot be used afterwards. A single frame
// makes a still picture.
func (a *AnimationWriter) Bytes() ([]byte, error) {
	switch a.frames {
	case 0:
		return nil, UnsupportedError("an animation without frames")
	case 1:
		return appendStill(nil, a.still, a.w, a.h, a.o.ICC)
	}
	flags := byte(flagAnimation)
	if a.alpha {
		flags |= flagAlpha
	}
	if a.o.ICC != nil {
		flags |= flagICC
	}
	dst := append(make([]byte, 0, 64+len(a.o.ICC)+len(a.body)), "RIFF\x00\x00\x00\x00WEBP"...)
	dst = appendVP8X(dst, flags, a.w, a.h)
	if a.o.ICC != nil {
		dst = appendChunk(dst, "ICCP", a.o.ICC)
	}
	plays := min(max(a.plays, 0), 1<<16-1)
	dst = appendChunk(dst, "ANIM", []byte{0, 0, 0, 0, byte(plays), byte(plays >> 8)})
	dst = append(dst, a.body...)
	return finishRIFF(dst, 0)
}
