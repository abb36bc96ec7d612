package png

// This file writes animations, PNG specification (third edition) section 11.3.6. A frame is the
// rectangle that changed. It replaces the pixels of the canvas, or is drawn over them and has holes
// where nothing changed.

import (
	"encoding/binary"
	"image"
	"time"

	"miniatura/codec/internal/limit"
)

// An AnimationWriter makes an animated PNG. The header comes before the frames and says the color
// type of all of them. So until Bytes is called, all frames are held in memory, lightly compressed,
// together with two canvases of four bytes a pixel.
type AnimationWriter struct {
	w, h, plays int
	o           Options
	frames      []heldFrame
	held        int64        // bytes of all frames' rgba
	current     *image.NRGBA // the canvas shown last; wholly transparent pixels are zero
	next        *image.NRGBA // the canvas that is added
	part, holed []byte       // memory for the results of cutOut: without and with holes

	translucent bool        // some pixel of the frames is not opaque
	colored     bool        // some pixel of the frames is not gray
	table       *colorTable // the colors of the frames; nil if there are more than 256
}

// A heldFrame is a frame that is held until the color type is known.
type heldFrame struct {
	rect  image.Rectangle
	delay time.Duration
	blend byte   // blendSource or blendOver
	rgba  []byte // the pixels of rect: straight RGBA in a zlib stream
}

// NewAnimationWriter begins an animation of w x h pixels. It runs plays times, or forever if plays
// is 0.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return nil, UnsupportedError("dimensions")
	}
	a := &AnimationWriter{w: w, h: h, plays: plays, table: new(colorTable)}
	if o != nil {
		a.o = *o
	}
	canvas := image.Rect(0, 0, w, h)
	a.current, a.next = image.NewNRGBA(canvas), image.NewNRGBA(canvas)
	return a, nil
}

// Add adds a frame: canvas, shown for delay. Add does not keep canvas. It returns a limit.Error if
// the compressed frames together have more bytes than the Options allow.
func (a *AnimationWriter) Add(canvas *image.NRGBA, delay time.Duration) error {
	if canvas.Rect.Dx() != a.w || canvas.Rect.Dy() != a.h {
		return UnsupportedError("a frame of another size")
	}
	// Copy canvas to a.next, with wholly transparent pixels set to zero.
	for y := range a.h {
		row := a.next.Pix[y*a.next.Stride:][:4*a.w]
		copy(row, canvas.Pix[y*canvas.Stride:])
		for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
			if pixel[3] == 0 {
				pixel[0], pixel[1], pixel[2] = 0, 0, 0
			}
		}
	}
	f := heldFrame{rect: a.next.Rect, delay: delay}
	if len(a.frames) > 0 {
		f.rect = changedArea(a.current, a.next)
	}
	pix := a.cutOut(&f)
	a.survey(pix)
	f.rgba = deflate(pix, searchTry)
	a.frames = append(a.frames, f)
	a.held += int64(len(f.rgba))
	if a.o.Held > 0 && a.held > a.o.Held {
		return &limit.Error{Room: "png", What: "bytes of frames", Met: a.held, Allowed: a.o.Held}
	}
	a.current, a.next = a.next, a.current
	return nil
}

// changedArea returns the smallest rectangle with all pixels that differ between p and q, or a
// rectangle of one pixel if none differ.
func changedArea(p, q *image.NRGBA) image.Rectangle {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	var r image.Rectangle
	for y := range h {
		a, b := p.Pix[y*p.Stride:][:4*w], q.Pix[y*q.Stride:][:4*w]
		if string(a) == string(b) {
			continue
		}
		// Pass over equal pixels from both ends of the row. Both loops end: some pixel differs.
		left, right := 0, w
		for *(*[4]byte)(a[4*left:]) == *(*[4]byte)(b[4*left:]) {
			left++
		}
		for *(*[4]byte)(a[4*right-4:]) == *(*[4]byte)(b[4*right-4:]) {
			right--
		}
		r = r.Union(image.Rect(left, y, right, y+1))
	}
	if r.Empty() { // no row differs
		return image.Rect(0, 0, 1, 1)
	}
	return r
}

// cutOut returns the pixels of a.next in f.rect, and sets f.blend. Except in the first frame, the
// pixels have holes and are drawn over the canvas if two conditions hold. Each pixel that changes
// must be opaque or cover a wholly transparent pixel, because otherwise drawing does not give the
// new pixel. And the holes must remove more than a tenth of the edges, a sign that the data gets
// shorter.
func (a *AnimationWriter) cutOut(f *heldFrame) []byte {
	w, h := f.rect.Dx(), f.rect.Dy()
	a.part, a.holed = a.part[:0], a.holed[:0]
	canDraw := len(a.frames) > 0
	for y := range h {
		i := a.next.PixOffset(f.rect.Min.X, f.rect.Min.Y+y)
		row, old := a.next.Pix[i:][:4*w], a.current.Pix[i:][:4*w]
		a.part = append(a.part, row...)
		if !canDraw {
			continue
		}
		a.holed = append(a.holed, row...)
		holed := a.holed[len(a.holed)-4*w:]
		for x := 0; x < 4*w; x += 4 {
			pixel, under := *(*[4]byte)(row[x:]), *(*[4]byte)(old[x:])
			switch {
			case pixel == under: // a hole
				*(*[4]byte)(holed[x:]) = [4]byte{}
			case pixel[3] != 255 && under[3] != 0: // drawing would mix the two
				canDraw = false
			}
		}
	}
	if canDraw && 10*edges(a.holed, w) < 9*edges(a.part, w) {
		f.blend = blendOver
		return a.holed
	}
	return a.part
}

// edges counts the pixels that equal neither the pixel before them in pix nor the one above. A
// pixel that does not exist counts as different.
func edges(pix []byte, w int) (n int) {
	for i := 0; i < len(pix); i += 4 {
		p := *(*[4]byte)(pix[i:])
		if i >= 4 && p == *(*[4]byte)(pix[i-4:]) {
			continue
		}
		if i >= 4*w && p == *(*[4]byte)(pix[i-4*w:]) {
			continue
		}
		n++
	}
	return n
}

// survey adds the pixels pix to what a.translucent, a.colored and a.table say.
func (a *AnimationWriter) survey(pix []byte) {
	last, hasLast := uint32(0), false // the pixel before
	for ; len(pix) >= 4; pix = pix[4:] {
		c := binary.LittleEndian.Uint32(pix)
		if hasLast && c == last {
			continue
		}
		last, hasLast = c, true
		a.translucent = a.translucent || pix[3] != 255
		a.colored = a.colored || pix[0] != pix[1] || pix[1] != pix[2]
		if a.table != nil && a.table.findOrAdd(c) >= 256 {
			a.table = nil
		}
	}
}

// Bytes ends the file and returns it. The AnimationWriter cannot be used afterwards.
func (a *AnimationWriter) Bytes() ([]byte, error) {
	if len(a.frames) == 0 {
		return nil, UnsupportedError("an animation without frames")
	}
	a.current, a.next = nil, nil
	// The color type: a palette if all colors fit into one, or else the fewest channels.
	f := form{colorType: ctRGBA, depth: 8}
	var index []byte // position in the palette of each color in a.table
	switch {
	case a.table != nil:
		var palette [][4]byte
		palette, index = a.table.sorted()
		f.colorType, f.depth = ctPalette, paletteDepth(len(palette))
		f.plte, f.trns = paletteChunks(palette)
	case a.colored && !a.translucent:
		f.colorType = ctRGB
	case !a.colored && a.translucent:
		f.colorType = ctGrayAlpha
	case !a.colored:
		f.colorType = ctGray
	}
	// The chunks before the frames.
	dst := f.appendHeader(nil, a.w, a.h, &a.o, func(dst []byte) []byte {
		control := binary.BigEndian.AppendUint32(nil, uint32(len(a.frames)))
		control = binary.BigEndian.AppendUint32(control, uint32(max(a.plays, 0)))
		return appendChunk(dst, "acTL", control)
	})
	// The frames. The first one is in IDAT, as the default image.
	sequence := uint32(0)
	for i := range a.frames {
		held := &a.frames[i]
		pix, err := decompress(held.rgba, 4*held.rect.Dx()*held.rect.Dy())
		if err != nil {
			return nil, err
		}
		held.rgba = nil
		dst = appendChunk(dst, "fcTL", held.fcTL(sequence))
		sequence++
		s := f.scan(pix, held.rect.Dx(), held.rect.Dy(), a.table, index)
		data := s.compress(s.makePlan(a.o.Effort == HighEffort))
		if i == 0 {
			dst = appendChunk(dst, "IDAT", data)
			continue
		}
		numbered := append(binary.BigEndian.AppendUint32(nil, sequence), data...)
		dst = appendChunk(dst, "fdAT", numbered)
		sequence++
	}
	return appendChunk(dst, "IEND", nil), nil
}

// fcTL returns the data of h's fcTL.
func (h *heldFrame) fcTL(sequence uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, sequence)
	for _, v := range [4]int{h.rect.Dx(), h.rect.Dy(), h.rect.Min.X, h.rect.Min.Y} {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	num, den := fraction(h.delay)
	b = binary.BigEndian.AppendUint16(b, num)
	b = binary.BigEndian.AppendUint16(b, den)
	return append(b, disposeNone, h.blend)
}

// fraction returns d in seconds, as fcTL holds it: the first convergent of d's continued fraction
// that equals d to the nanosecond. For 33,333,333 ns it is 1/30. If num or den of that convergent
// takes more than two bytes, fraction returns the last convergent that fits. d is first limited to
// 0..65535 seconds.
func fraction(d time.Duration) (num, den uint16) {
	if d <= 0 {
		return 0, 1
	}
	if d > 65535*time.Second {
		return 65535, 1
	}
	a, b := d, time.Second // Euclid's algorithm
	// p0/q0 and p1/q1 are the last two convergents.
	p0, q0, p1, q1 := time.Duration(0), time.Duration(1), time.Duration(1), time.Duration(0)
	for b > 0 {
		k := a / b
		p, q := k*p1+p0, k*q1+q0
		if p > 65535 || q > 65535 {
			break
		}
		p0, q0, p1, q1 = p1, q1, p, q
		if (p*time.Second+q/2)/q == d {
			break
		}
		a, b = b, a%b
	}
	return uint16(p1), uint16(q1)
}

// scan converts pix, straight RGBA, to scanlines of f's color type. It may use the memory of pix
// for them. table and index serve a palette only: index maps positions in table to positions in the
// palette.
func (f *form) scan(pix []byte, w, h int, table *colorTable, index []byte) scanlines {
	n := len(pix) / 4
	switch f.colorType {
	case ctPalette:
		indices := make([]byte, n)
		for i := range indices {
			indices[i] = index[table.findOrAdd(binary.LittleEndian.Uint32(pix[4*i:]))]
		}
		return pack(indices, w, h, f.depth, func(v byte) byte { return v })
	case ctRGBA:
		return scanlines{pix, 4 * w, h, 4}
	}
	channels := map[int]int{ctGray: 1, ctGrayAlpha: 2, ctRGB: 3}[f.colorType]
	out := pix[:0]
	for i := 0; i < len(pix); i += 4 {
		switch channels {
		case 1:
			out = append(out, pix[i])
		case 2:
			out = append(out, pix[i], pix[i+3])
		case 3:
			out = append(out, pix[i], pix[i+1], pix[i+2])
		}
	}
	return scanlines{out, channels * w, h, channels}
}

// decompress returns the n bytes that deflate compressed to z.
func decompress(z []byte, n int) ([]byte, error) {
	out := make([]byte, 0, n)
	next := func() (b []byte) { // z, then nil
		b, z = z, nil
		return b
	}
	var f inflater
	err := f.inflate(next, 1, func(b []byte) (int, error) {
		out = append(out, b...)
		return len(b), nil
	})
	return out, err
}
