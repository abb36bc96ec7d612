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
	body        []byte       // ANMF chunks
	frames      int          // added so far
	alpha       bool         // some frame has alpha
	current     *image.NRGBA // the canvas of the frame before
	next        *image.NRGBA // the canvas of the frame that is added
	repeats     bool         // the frame that is added changes nothing
	part        []byte       // pixels of a changed rectangle with holes
	first       *frameBits   // the first frame, in case it stays the only one

	// A frame for which VP8L takes fewer bytes than VP8 is a win of VP8L. After a win, VP8 is not
	// tried for some frames, except where a frame is over 1.5 times as dense as that of the win.
	skipVP8    int     // for how many more frames VP8 is not tried
	nextSkip   int     // what skipVP8 is set to at the next win
	wonDensity float64 // density of the last win: estimated bytes for each pixel

	// After a frame for which VP8L was longer than VP8, or twice as long by its estimate, VP8L is
	// not tried for some frames.
	skipVP8L int // for how many more frames VP8L is not tried

	bias float64 // size of the last frame in VP8L, divided by its estimate; 0.5 to 2
}

// NewAnimationWriter begins an animation of w x h pixels that runs plays times, 0 meaning forever.
// Options mean the same as for stills.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	return &AnimationWriter{w: w, h: h, plays: plays, nextSkip: firstSkip, bias: 1, o: *o.orDefault()}, nil
}

// Numbers of frames for which VP8 or VP8L is not tried. Those for VP8 begin with firstSkip and
// double at each win of VP8L up to mostSkip. Where VP8 wins, they begin again.
const (
	firstSkip = 4
	mostSkip  = 32
	vp8lSkip  = 3
)

// maxDelay is the longest time a frame can be shown (24 bits of milliseconds).
const maxDelay = 1<<24 - 1

// Add adds a frame that shows canvas for the time delay, rounded to milliseconds. It does not keep
// the canvas.
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
			r = image.Rect(0, 0, 1, 1) // a frame has at least one pixel
		}
	}
	bits, blend, err := a.encode(r)
	if err != nil {
		return err
	}
	if a.frames == 0 {
		a.first = bits
	}
	a.frames++
	a.alpha = a.alpha || bits.hasAlpha
	a.appendFrame(r, bits, blend, delay)
	a.current, a.next = a.next, a.current
	return nil
}

// copyVisible copies a row and makes its wholly transparent pixels black, so that they are equal.
func copyVisible(dst, src []byte) {
	copy(dst, src[:len(dst)])
	for i := 3; i < len(dst); i += 4 {
		if dst[i] == 0 {
			dst[i-3], dst[i-2], dst[i-1] = 0, 0, 0
		}
	}
}

// changedArea returns the smallest rectangle that holds all pixels that differ from the frame
// before, and whose upper-left corner has even coordinates, since the container holds only these.
// The rectangle is empty if no pixel differs.
func (a *AnimationWriter) changedArea() image.Rectangle {
	r := image.Rectangle{Min: image.Pt(a.w, a.h)}
	for y := range a.h {
		old, row := a.current.Pix[y*a.current.Stride:][:4*a.w], a.next.Pix[y*a.next.Stride:][:4*a.w]
		if string(old) == string(row) {
			continue
		}
		x := 0
		for *(*[4]byte)(old[4*x:]) == *(*[4]byte)(row[4*x:]) {
			x++
		}
		r.Min.X, r.Min.Y, r.Max.Y = min(r.Min.X, x), min(r.Min.Y, y), y+1
		x = a.w - 1
		for *(*[4]byte)(old[4*x:]) == *(*[4]byte)(row[4*x:]) {
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

// encode returns a frame that makes rectangle r of the canvas. It is coded with loss or without,
// whichever is shorter as far as both are tried. A frame that changes nothing is always coded
// without loss. blend reports whether the frame has holes where nothing changes and is blended over
// the canvas.
func (a *AnimationWriter) encode(r image.Rectangle) (bits *frameBits, blend bool, err error) {
	if a.o.Lossless || a.repeats {
		bits, blend = a.encodeVP8L(a.chooseCandidate(r))
		return bits, blend, nil
	}
	// VP8L alone, where VP8 is not to be tried.
	var c candidate // its picture stays nil if VP8L is not to be tried
	if a.skipVP8L > 0 {
		a.skipVP8L--
	} else if !a.o.Lossy {
		c = a.chooseCandidate(r)
		if a.skipVP8--; a.skipVP8 >= 0 && c.density() < 1.5*a.wonDensity {
			bits, blend = a.encodeVP8L(c)
			return bits, blend, nil
		}
	}
	// VP8, alone where VP8L is not to be tried, or would be longer by its estimate with a margin.
	m := a.next.SubImage(r).(*image.NRGBA)
	if holed := a.blockHoles(r); holed != nil {
		m, blend = holed, true
	}
	o := a.o
	o.Lossy = true
	if bits, err = encodeFrame(m, &o); err != nil || c.m == nil {
		return bits, blend, err
	}
	if float64(c.estimate)*a.bias > 1.1*float64(bits.size())+100 {
		a.skipVP8, a.nextSkip = 0, firstSkip
		if c.estimate > 2*bits.size() {
			a.skipVP8L = vp8lSkip
		}
		return bits, blend, nil
	}
	// Both, and the shorter one is taken.
	if c.blend {
		a.pixelHoles(r) // again, since blockHoles has overwritten the pixels of c
	}
	vp8l, vp8lBlend := a.encodeVP8L(c)
	if vp8l.size() >= bits.size() {
		a.skipVP8, a.nextSkip, a.skipVP8L = 0, firstSkip, vp8lSkip
		return bits, blend, nil
	}
	a.skipVP8, a.wonDensity = a.nextSkip, c.density()
	a.nextSkip = min(2*a.nextSkip, mostSkip)
	return vp8l, vp8lBlend, nil
}

// A candidate is a picture that may be encoded as VP8L.
type candidate struct {
	m        *image.NRGBA
	blend    bool // m has holes
	estimate int  // of the bytes that VP8L takes for m
}

// density returns the estimated bytes for each pixel.
func (c *candidate) density() float64 {
	return float64(c.estimate) / float64(c.m.Rect.Dx()*c.m.Rect.Dy())
}

// chooseCandidate returns rectangle r of the canvas as a picture for VP8L: with all pixels, or with
// holes where nothing changes, whichever takes fewer bytes by an estimate.
func (a *AnimationWriter) chooseCandidate(r image.Rectangle) candidate {
	m := a.next.SubImage(r).(*image.NRGBA)
	c := candidate{m, false, estimateLossless(m)}
	if holed := a.pixelHoles(r); holed != nil {
		if n := estimateLossless(holed); n < c.estimate {
			c = candidate{holed, true, n}
		}
	}
	return c
}

// encodeVP8L encodes c, and returns its blend too. It sets bias unless the estimate is very small.
func (a *AnimationWriter) encodeVP8L(c candidate) (*frameBits, bool) {
	bits := losslessFrame(c.m, a.o.Effort)
	if c.estimate > 256 {
		a.bias = min(max(float64(bits.size())/float64(c.estimate), 0.5), 2)
	}
	return bits, c.blend
}

// blockHoles returns rectangle r of the canvas with holes: all pixels of every block of 8x8 that
// does not change are transparent. It returns nil for the first frame, and where the holes are less
// than a sixteenth of the pixels. It also returns nil where blending cannot make the frame, because
// a pixel outside of the holes is not opaque and would mix with the one below it.
func (a *AnimationWriter) blockHoles(r image.Rectangle) *image.NRGBA {
	const side = 8
	if a.frames == 0 {
		return nil
	}
	w, h := r.Dx(), r.Dy()
	a.part = slices.Grow(a.part[:0], 4*w*h)[:4*w*h]
	holes := 0                            // pixels in holes
	same := make([]bool, (w+side-1)/side) // of a row of blocks: which do not change
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

// pixelHoles does the same as blockHoles, but its holes are single pixels: all that do not change.
func (a *AnimationWriter) pixelHoles(r image.Rectangle) *image.NRGBA {
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

// opaque reports whether all pixels in row are opaque.
func opaque(row []byte) bool {
	for i := 3; i < len(row); i += 4 {
		if row[i] != 255 {
			return false
		}
	}
	return true
}

// appendFrame appends the ANMF chunk of a frame that makes rectangle r of the canvas.
func (a *AnimationWriter) appendFrame(r image.Rectangle, bits *frameBits, blend bool, delay time.Duration) {
	ms := int(min(max((delay+time.Millisecond/2)/time.Millisecond, 0), maxDelay))
	flags := byte(2) // do not blend
	if blend {
		flags = 0
	}
	a.body = append(a.body, "ANMF"...)
	a.body = binary.LittleEndian.AppendUint32(a.body, uint32(anmfHeader+bits.size()))
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
		return appendStill(nil, a.first, a.w, a.h, a.o.ICC)
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
