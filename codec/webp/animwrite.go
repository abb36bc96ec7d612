package webp

// This file writes animations, RFC 9649 section 2.7.1: each frame as the rectangle that changed.

import (
	"encoding/binary"
	"fmt"
	"image"
	"slices"
	"time"
)

// An AnimationWriter makes an animated file. Its memory is two canvases of four bytes a pixel, what
// encoding one frame takes, and the file so far.
//
// A frame is the rectangle of the canvas that changes. Pixels in it that do not change may be
// holes: they are transparent, so that the previous canvas shows through.
type AnimationWriter struct {
	w, h, plays int
	o           Options
	body        []byte       // ANMF chunks
	frames      int          // added so far
	alpha       bool         // some frame has alpha
	previous    *image.NRGBA // the canvas of the last frame in body
	next        *image.NRGBA // the canvas of the frame that Add is adding
	unchanged   bool         // next is the same as previous
	holed       []byte       // scratch memory: the pixels of a frame with holes
	first       *frameBits   // the first frame, in case it stays the only one

	// A frame for which VP8L takes fewer bytes than VP8 is a win of VP8L. After a win, VP8 is not
	// tried for some frames, except for a frame that is at least 1.5 times as dense as the frame of
	// the win.
	skipVP8    int     // for how many more frames VP8 is not tried; 0 or less: it is tried
	nextSkip   int     // what skipVP8 is set to at the next win
	wonDensity float64 // density of the last win: estimated bytes for each pixel

	// After a frame for which VP8L was no shorter than VP8, or over twice as long by its estimate,
	// VP8L is not tried for some frames.
	skipVP8L int // for how many more frames VP8L is not tried

	// VP8L's estimates are multiplied by bias before they are compared with VP8. bias is the size
	// of the last frame that VP8L encoded, divided by its estimate, and within 0.5 to 2. Frames
	// with small estimates do not count.
	bias float64
}

// NewAnimationWriter begins an animation of w x h pixels. plays says how often it runs; 0 means
// forever. Options mean the same as for stills.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	a := &AnimationWriter{w: w, h: h, plays: plays, o: *o.orDefault()}
	a.nextSkip = firstSkip
	a.bias = 1
	return a, nil
}

// Numbers of frames for which VP8 or VP8L is not tried. The number for VP8 doubles from win to win
// of VP8L, up to mostSkip. A frame for which VP8 is shorter sets this number to firstSkip again.
const (
	firstSkip = 4
	mostSkip  = 32
	vp8lSkip  = 3
)

// maxDelay is the longest time in milliseconds that a frame can be shown: ANMF has 24 bits for it.
const maxDelay = 1<<24 - 1

// Add adds a frame: the canvas, and for how long it is shown. The delay is rounded to milliseconds
// and limited to what the file can hold, about 4.6 hours. Add does not keep the canvas.
func (a *AnimationWriter) Add(canvas *image.NRGBA, delay time.Duration) error {
	if canvas.Rect.Dx() != a.w || canvas.Rect.Dy() != a.h {
		return UnsupportedError(fmt.Sprintf("a frame of %v in an animation of %dx%d", canvas.Rect.Size(), a.w, a.h))
	}
	if a.next == nil {
		a.next = image.NewNRGBA(image.Rect(0, 0, a.w, a.h))
		a.previous = image.NewNRGBA(a.next.Rect)
	}
	// Copy the canvas to next, and find what has changed since previous.
	for y := range a.h {
		copyVisible(a.next.Pix[y*a.next.Stride:][:4*a.w], canvas.Pix[y*canvas.Stride:])
	}
	r := a.next.Rect // the first frame is all of the canvas
	if a.frames > 0 {
		r = a.changedArea()
		a.unchanged = r.Empty()
		if a.unchanged {
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
	a.previous, a.next = a.next, a.previous // the next Add overwrites next
	return nil
}

// copyVisible copies a row, but makes wholly transparent pixels black, so that all of these are
// equal.
func copyVisible(dst, src []byte) {
	copy(dst, src[:len(dst)])
	for i := 3; i < len(dst); i += 4 {
		if dst[i] == 0 {
			dst[i-3], dst[i-2], dst[i-1] = 0, 0, 0
		}
	}
}

// changedArea returns the smallest rectangle of next that holds all pixels that differ from
// previous. Its upper-left corner has even coordinates, since the container cannot store odd ones.
// It is empty if no pixel differs.
func (a *AnimationWriter) changedArea() image.Rectangle {
	r := image.Rectangle{Min: image.Pt(a.w, a.h)} // Max is 0 until a pixel differs
	for y := range a.h {
		old := a.previous.Pix[y*a.previous.Stride:][:4*a.w]
		row := a.next.Pix[y*a.next.Stride:][:4*a.w]
		if string(old) == string(row) {
			continue
		}
		// Find the first and the last pixel of the row that differ.
		x := 0
		for *(*[4]byte)(old[4*x:]) == *(*[4]byte)(row[4*x:]) {
			x++
		}
		r.Min.X = min(r.Min.X, x)
		x = a.w - 1
		for *(*[4]byte)(old[4*x:]) == *(*[4]byte)(row[4*x:]) {
			x--
		}
		r.Max.X = max(r.Max.X, x+1)
		r.Min.Y = min(r.Min.Y, y)
		r.Max.Y = y + 1
	}
	if r.Max.X == 0 {
		return image.Rectangle{}
	}
	r.Min.X &^= 1
	r.Min.Y &^= 1
	return r
}

// encode encodes rectangle r of next, with VP8 or with VP8L. If both are tried, it returns the
// shorter result. A frame that changes nothing is always VP8L. blend reports whether the frame has
// holes, so that it must be blended over the previous canvas.
func (a *AnimationWriter) encode(r image.Rectangle) (bits *frameBits, blend bool, err error) {
	if a.o.Lossless || a.unchanged {
		bits, blend = a.encodeVP8L(a.chooseCandidate(r))
		return bits, blend, nil
	}
	// Make the candidate for VP8L, and encode it at once where VP8 is not to be tried.
	var c candidate // its picture stays nil where VP8L is not to be tried
	if a.skipVP8L > 0 {
		a.skipVP8L--
	} else if !a.o.Lossy {
		c = a.chooseCandidate(r)
		a.skipVP8--
		muchDenser := c.density() >= 1.5*a.wonDensity
		if a.skipVP8 >= 0 && !muchDenser {
			bits, blend = a.encodeVP8L(c)
			return bits, blend, nil
		}
	}
	// Encode with VP8. Its result is returned if there is no candidate, or if the candidate's
	// estimate, times bias, is longer by more than 10 % and 100 bytes.
	m := a.next.SubImage(r).(*image.NRGBA)
	if holed := a.blockHoles(r); holed != nil {
		m, blend = holed, true
	}
	o := a.o
	o.Lossy = true
	if bits, err = encodeFrame(m, &o); err != nil {
		return nil, false, err
	}
	if c.m == nil {
		return bits, blend, nil
	}
	if float64(c.estimate)*a.bias > 1.1*float64(bits.size())+100 {
		a.resetSkipVP8()
		if c.estimate > 2*bits.size() {
			a.skipVP8L = vp8lSkip
		}
		return bits, blend, nil
	}
	// Encode the candidate too, and return the shorter result.
	if c.blend {
		a.pixelHoles(r) // makes the pixels of c again, which blockHoles has overwritten in a.holed
	}
	vp8l, vp8lBlend := a.encodeVP8L(c)
	if vp8l.size() >= bits.size() {
		a.resetSkipVP8()
		a.skipVP8L = vp8lSkip
		return bits, blend, nil
	}
	// A win of VP8L.
	a.skipVP8 = a.nextSkip
	a.nextSkip = min(2*a.nextSkip, mostSkip)
	a.wonDensity = c.density()
	return vp8l, vp8lBlend, nil
}

// resetSkipVP8 ends the skipping of VP8: the next frame is tried with it, and the next win of VP8L
// skips the least number of frames again.
func (a *AnimationWriter) resetSkipVP8() {
	a.skipVP8 = 0
	a.nextSkip = firstSkip
}

// A candidate is a picture that may be encoded with VP8L.
type candidate struct {
	m        *image.NRGBA
	blend    bool // m has holes
	estimate int  // estimated bytes that VP8L takes for m
}

// density returns the estimated bytes for each pixel of m.
func (c *candidate) density() float64 {
	return float64(c.estimate) / float64(c.m.Rect.Dx()*c.m.Rect.Dy())
}

// chooseCandidate returns rectangle r of next as a picture for VP8L: with all pixels or with holes,
// whichever is estimated to take fewer bytes.
func (a *AnimationWriter) chooseCandidate(r image.Rectangle) candidate {
	m := a.next.SubImage(r).(*image.NRGBA)
	c := candidate{m: m, estimate: estimateLossless(m)}
	holed := a.pixelHoles(r)
	if holed == nil {
		return c
	}
	if n := estimateLossless(holed); n < c.estimate {
		return candidate{m: holed, blend: true, estimate: n}
	}
	return c
}

// encodeVP8L encodes c, and returns c.blend too. It sets bias if the estimate is over 256 bytes.
func (a *AnimationWriter) encodeVP8L(c candidate) (*frameBits, bool) {
	bits := losslessFrame(c.m, a.o.Effort)
	if c.estimate > 256 {
		ratio := float64(bits.size()) / float64(c.estimate)
		a.bias = min(max(ratio, 0.5), 2)
	}
	return bits, c.blend
}

// blockHoles returns rectangle r of next with holes: all blocks of 8x8 pixels that do not change.
// It returns nil for the first frame, and where the holes are less than a sixteenth of the pixels.
// It also returns nil where blending cannot make the frame, because a pixel outside of the holes is
// not opaque and would mix with the one below it.
func (a *AnimationWriter) blockHoles(r image.Rectangle) *image.NRGBA {
	const side = 8
	if a.frames == 0 {
		return nil
	}
	w, h := r.Dx(), r.Dy()
	a.growHoled(w, h)
	holes := 0                              // pixels in holes
	isHole := make([]bool, (w+side-1)/side) // by block of a row of blocks
	for y0 := 0; y0 < h; y0 += side {
		y1 := min(y0+side, h)
		// Find the blocks of this row of blocks that do not change.
		for i := range isHole {
			isHole[i] = true
		}
		for y := y0; y < y1; y++ {
			i := a.next.PixOffset(r.Min.X, r.Min.Y+y)
			row, old := a.next.Pix[i:][:4*w], a.previous.Pix[i:][:4*w]
			if string(row) == string(old) {
				continue
			}
			for k := 0; k < 4*w; k += 4 {
				if *(*[4]byte)(row[k:]) != *(*[4]byte)(old[k:]) {
					x := k / 4 // k counts bytes
					isHole[x/side] = false
				}
			}
		}
		// Copy the rows, and clear the holes in them.
		for y := y0; y < y1; y++ {
			row := a.next.Pix[a.next.PixOffset(r.Min.X, r.Min.Y+y):][:4*w]
			dst := a.holed[4*w*y:][:4*w]
			copy(dst, row)
			for i, hole := range isHole {
				x0, x1 := i*side, min((i+1)*side, w)
				block := dst[4*x0 : 4*x1]
				if hole {
					clear(block)
					holes += len(block) / 4
				} else if !isOpaque(block) {
					return nil
				}
			}
		}
	}
	return a.holedPicture(w, h, holes)
}

// growHoled gives holed the length of w x h pixels. The caller must set them all, since their bytes
// are those of an earlier frame.
func (a *AnimationWriter) growHoled(w, h int) {
	a.holed = slices.Grow(a.holed[:0], 4*w*h)[:4*w*h]
}

// holedPicture returns holed as a picture of w x h pixels, of which so many are holes. It returns
// nil if the holes are less than a sixteenth of the pixels.
func (a *AnimationWriter) holedPicture(w, h, holes int) *image.NRGBA {
	if 16*holes < w*h {
		return nil
	}
	return &image.NRGBA{Pix: a.holed, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// pixelHoles does the same as blockHoles, but its holes are single pixels: all that do not change.
// Its picture replaces the one that blockHoles or pixelHoles returned before.
func (a *AnimationWriter) pixelHoles(r image.Rectangle) *image.NRGBA {
	if a.frames == 0 {
		return nil
	}
	w, h := r.Dx(), r.Dy()
	a.growHoled(w, h)
	holes := 0
	for y := range h {
		i := a.next.PixOffset(r.Min.X, r.Min.Y+y)
		row, old := a.next.Pix[i:][:4*w], a.previous.Pix[i:][:4*w]
		dst := a.holed[4*w*y:][:4*w]
		for k := 0; k < 4*w; k += 4 {
			p := *(*[4]byte)(row[k:])
			switch {
			case p == *(*[4]byte)(old[k:]):
				p = [4]byte{} // a hole
				holes++
			case p[3] != 255:
				return nil // not opaque, so blending would mix it
			}
			*(*[4]byte)(dst[k:]) = p
		}
	}
	return a.holedPicture(w, h, holes)
}

// isOpaque reports whether all of some RGBA pixels are opaque.
func isOpaque(pixels []byte) bool {
	for i := 3; i < len(pixels); i += 4 {
		if pixels[i] != 255 {
			return false
		}
	}
	return true
}

// appendFrame appends to body the ANMF chunk of a frame that lies at r on the canvas.
func (a *AnimationWriter) appendFrame(r image.Rectangle, bits *frameBits, blend bool, delay time.Duration) {
	rounded := (delay + time.Millisecond/2) / time.Millisecond
	ms := int(min(max(rounded, 0), maxDelay))
	flags := byte(0)
	if !blend {
		flags = frameNoBlend
	}
	a.body = append(a.body, "ANMF"...)
	a.body = binary.LittleEndian.AppendUint32(a.body, uint32(anmfHeader+bits.size()))
	for _, v := range [5]int{r.Min.X / 2, r.Min.Y / 2, r.Dx() - 1, r.Dy() - 1, ms} {
		a.body = append(a.body, byte(v), byte(v>>8), byte(v>>16))
	}
	a.body = append(a.body, flags)
	a.body = bits.appendTo(a.body)
}

// Bytes ends the file and returns it. The AnimationWriter cannot be used afterwards. If only one
// frame was added, the file is a still picture.
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
	const headers = 64 // more than RIFF's header, VP8X, ANIM and ICCP's header take
	dst := append(make([]byte, 0, headers+len(a.o.ICC)+len(a.body)), "RIFF\x00\x00\x00\x00WEBP"...)
	dst = appendVP8X(dst, flags, a.w, a.h)
	if a.o.ICC != nil {
		dst = appendChunk(dst, "ICCP", a.o.ICC)
	}
	plays := min(max(a.plays, 0), 1<<16-1)
	// Viewers ignore the background color, the first four bytes.
	dst = appendChunk(dst, "ANIM", []byte{0, 0, 0, 0, byte(plays), byte(plays >> 8)})
	dst = append(dst, a.body...)
	return finishRIFF(dst, 0)
}
