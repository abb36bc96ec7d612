// This file writes animations, RFC 9649 section 2.7.1: each frame as the rectangle that changed.

package webp

import (
	"encoding/binary"
	"fmt"
	"image"
	"time"
)

// An AnimationWriter makes an animated file. It holds two canvases of four bytes a pixel, the
// pictures of one frame while it is encoded, and the file so far.
type AnimationWriter struct {
	w, h, plays int
	o           Options
	body        []byte // ANMF chunks
	frames      int
	alpha       bool // of some frame
	current     *image.NRGBA
	next        *image.NRGBA
	part        *image.NRGBA // a changed rectangle, cut out
	still       *frameBits   // the first frame, should it stay the only one

	// Whether VP8L is tried beside VP8 follows from how that went: after a loss the next
	// wait frames go without, then twice as many, and then only graphics are tried.
	wait, patience int
}

// NewAnimationWriter begins an animation of w x h pixels that runs plays times; 0 is for ever.
// Options say what they say for stills.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	return &AnimationWriter{w: w, h: h, plays: plays, patience: 1, o: *o.orDefault()}, nil
}

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
		r = a.changed()
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

// copyVisible copies a row; wholly transparent pixels all become equal.
func copyVisible(dst, src []byte) {
	copy(dst, src[:len(dst)])
	for i := 3; i < len(dst); i += 4 {
		if dst[i] == 0 {
			dst[i-3], dst[i-2], dst[i-1] = 0, 0, 0
		}
	}
}

// changed bounds the pixels that differ from the frame before, its corner at even coordinates, which
// is all the container can say. A frame like the one before is one pixel.
func (a *AnimationWriter) changed() image.Rectangle {
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
		return image.Rect(0, 0, 1, 1)
	}
	r.Min.X &^= 1
	r.Min.Y &^= 1
	return r
}

// encode gives the shortest of the ways to bring rectangle r of the canvas about: replaced, or
// blended with holes where it does not change, each with loss or without.
func (a *AnimationWriter) encode(r image.Rectangle) (best *frameBits, blend bool, err error) {
	whole := a.next.SubImage(r).(*image.NRGBA)
	holed, holes := a.holed(r)
	consider := func(b *frameBits, blends bool) {
		if best == nil || b.size() < best.size() {
			best, blend = b, blends
		}
	}
	if !a.o.Lossless {
		o := a.o
		o.Lossy = true
		b, err := encodeFrame(whole, &o)
		if err != nil {
			return nil, false, err
		}
		consider(b, false)
		if holed != nil && 4*holes > r.Dx()*r.Dy() {
			if b, err = encodeFrame(holed, &o); err != nil {
				return nil, false, err
			}
			consider(b, true)
		}
		if a.o.Lossy {
			return best, blend, nil
		}
		if a.wait > 0 {
			a.wait--
			return best, blend, nil
		}
		if a.patience > 1 && !isGraphic(whole) && 2*holes < r.Dx()*r.Dy() {
			return best, blend, nil
		}
	}
	lossy := best
	consider(losslessFrame(whole, a.o.Effort), false)
	if holed != nil && holes > 0 {
		consider(losslessFrame(holed, a.o.Effort), true)
	}
	if best == lossy {
		a.wait = a.patience
		a.patience = min(2*a.patience, 16)
	} else {
		a.patience = 1
	}
	return best, blend, nil
}

// holed gives rectangle r with every pixel transparent that is already there, and how many these
// are. It is nil where blending cannot bring the frame about: a changed pixel that is not
// opaque would mix with what is below.
func (a *AnimationWriter) holed(r image.Rectangle) (m *image.NRGBA, holes int) {
	if a.frames == 0 {
		return nil, 0
	}
	w, h := r.Dx(), r.Dy()
	if a.part == nil {
		a.part = new(image.NRGBA)
	}
	if cap(a.part.Pix) < 4*w*h {
		a.part.Pix = make([]byte, 4*w*h)
	}
	m = &image.NRGBA{Pix: a.part.Pix[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	for y := range h {
		i := a.next.PixOffset(r.Min.X, r.Min.Y+y)
		p, q := a.current.Pix[i:][:4*w], a.next.Pix[i:][:4*w]
		dst := m.Pix[4*w*y:][:4*w]
		for x := 0; x < 4*w; x += 4 {
			v := *(*[4]byte)(q[x:])
			switch {
			case v == *(*[4]byte)(p[x:]):
				v = [4]byte{}
				holes++
			case v[3] != 255:
				return nil, 0
			}
			*(*[4]byte)(dst[x:]) = v
		}
	}
	return m, holes
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

// Bytes ends the file and gives it. The AnimationWriter is done with then. One frame alone makes
// a still picture.
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
