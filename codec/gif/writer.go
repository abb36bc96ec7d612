package gif

// This file writes GIF89a. Each frame is the rectangle that changes, with transparency for the
// pixels in the rectangle that do not change, and disposal for pixels that have to become
// transparent again.

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"time"

	"miniatura/codec/internal/num"
	"miniatura/codec/internal/straight"
)

// Options are the writer's parameters. With the zero value or nil, a frame of up to 255 colors
// keeps them exactly, and so does a frame of 256 colors that needs no transparent index.
type Options struct {
	// Tolerance is the mean squared error of a channel that frames of more than 32 colors may have.
	// A frame that may have an error needs fewer colors and compresses better. 0.5 suits a scaled
	// picture, most of whose colors are mixtures.
	Tolerance float64
	// Budget is how many bytes the whole animation should take, 0 meaning any number. If Tolerance
	// is above 0, colors may be further off while frames take more bytes, within the limits of
	// near.go.
	Budget int
	// Frames is the number of frames that the animation will have. Budget is divided among them.
	Frames int
}

// An AnimationWriter makes an animation. It holds three canvases of four bytes a pixel, the file so
// far, and a few more bytes for each pixel.
type AnimationWriter struct {
	o           Options
	w, h, plays int
	body        []byte // the file from the first frame on
	frames      int    // frames in body, counting the one that is being written
	global      []rgb  // the global color table so far
	local       []rgb  // the last local color table
	inexact     bool   // some color had to be changed
	disposed    bool   // the control extension written last names a disposal to the background

	// The frame added last is the waiting frame. It is not written yet, because its disposal
	// depends on the next one. Pixels of base, current and next have an alpha of 0 or 255.
	waiting bool            // there is a waiting frame
	delay   time.Duration   // of the waiting frame
	base    *image.NRGBA    // what a viewer shows before it draws the waiting frame
	current *image.NRGBA    // what it should show afterwards: the waiting frame as it was added
	rect    image.Rectangle // the part of the canvas that the waiting frame draws
	next    *image.NRGBA    // the frame after the waiting one, while Add adds it

	// For each pixel of current, nil while the first frame waits.
	same  []bool // the frame before has the same value there
	stays []bool // base has this value, exactly or near enough, so it need not be drawn

	counts   *colorCount
	pixels   []pixel // of rect, set by setPixels
	spare    []byte  // memory for the data of a drawing
	lzw      *packer
	near     *nearness
	strength float64 // a factor for the limits in near.go
	rough    bool    // a still picture may be off too
}

// MaxSide is the largest width and height of a GIF (sections 18 and 20: 16 bits).
const MaxSide = 1<<16 - 1

// NewAnimationWriter begins an animation of w x h pixels that runs plays times, 0 meaning forever.
func NewAnimationWriter(w, h, plays int, o *Options) (*AnimationWriter, error) {
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, UnsupportedError(fmt.Sprintf("a picture of %dx%d", w, h))
	}
	a := &AnimationWriter{w: w, h: h, plays: plays, strength: 1}
	if o != nil {
		a.o = *o
	}
	return a, nil
}

// Encode writes m to w as a still GIF. See Append.
func Encode(w io.Writer, m image.Image, o *Options) error {
	b, err := Append(nil, m, o)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Append appends m as a still GIF to dst. If m has at most 256 colors, a transparent one included,
// and o has no Tolerance, the GIF has the same colors. Otherwise its colors are chosen for little
// error, without dithering. Pixels less than half opaque become transparent, and all others opaque.
func Append(dst []byte, m image.Image, o *Options) ([]byte, error) {
	b := m.Bounds()
	w, err := NewAnimationWriter(b.Dx(), b.Dy(), 1, o)
	if err != nil {
		return nil, err
	}
	if err := w.Add(straight.NRGBA(m), 0); err != nil {
		return nil, err
	}
	return w.appendTo(dst)
}

// Add adds a frame. canvas is the whole picture that is shown, and delay is how long it is shown,
// rounded to hundredths of a second. The AnimationWriter does not keep canvas.
func (w *AnimationWriter) Add(canvas *image.NRGBA, delay time.Duration) error {
	if canvas.Rect.Dx() != w.w || canvas.Rect.Dy() != w.h {
		return UnsupportedError(fmt.Sprintf("a frame of %v in an animation of %dx%d", canvas.Rect.Size(), w.w, w.h))
	}
	if w.next == nil {
		w.next = image.NewNRGBA(image.Rect(0, 0, w.w, w.h))
		w.base = image.NewNRGBA(w.next.Rect)
		w.current = image.NewNRGBA(w.next.Rect)
	}
	// Make the canvas opaque or transparent at each pixel.
	swings := w.waiting && w.o.Tolerance > 0 && w.onlySwings(canvas)
	for y := range w.h {
		row := w.next.Pix[y*w.next.Stride:][:4*w.w]
		if swings {
			thresholdAfter(row, canvas.Pix[y*canvas.Stride:], w.current.Pix[y*w.current.Stride:])
		} else {
			threshold(row, canvas.Pix[y*canvas.Stride:])
		}
	}
	// The first frame waits.
	if !w.waiting {
		w.current, w.next = w.next, w.current
		w.rect = bound(w.w, w.h, func(i int) bool { return w.current.Pix[i+3] != 0 })
		if w.rect.Empty() {
			w.rect = image.Rect(0, 0, 1, 1)
		}
		w.waiting, w.delay = true, delay
		return nil
	}
	// The waiting frame is written, and drawn on base and disposed of as a viewer does.
	disposal := byte(disposeNone)
	erased := w.erasedArea()
	if !erased.Empty() {
		disposal = disposeBackground
	}
	w.flush(disposal, erased, true)
	if disposal == disposeBackground {
		straight.Clear(w.base, w.rect)
	}
	// The new frame waits. next has the frame before.
	w.current, w.next = w.next, w.current
	if w.same == nil {
		w.stays, w.same = make([]bool, w.w*w.h), make([]bool, w.w*w.h)
	}
	for k := range w.same {
		now, before := (*[4]byte)(w.current.Pix[4*k:]), (*[4]byte)(w.next.Pix[4*k:])
		w.same[k] = *now == *before
	}
	w.compare()
	w.delay = delay
	return nil
}

// Exact reports whether every frame that was written shows the colors that were added. Call it
// after Bytes.
func (w *AnimationWriter) Exact() bool { return !w.inexact }

// Bytes ends the file and returns it. The AnimationWriter cannot be used afterwards.
func (w *AnimationWriter) Bytes() ([]byte, error) { return w.appendTo(nil) }

// appendTo appends the file to dst.
func (w *AnimationWriter) appendTo(dst []byte) ([]byte, error) {
	if !w.waiting {
		return nil, UnsupportedError("an animation without frames")
	}
	w.flush(disposeNone, image.Rectangle{}, false)
	w.waiting = false
	dst = w.appendHeader(dst)
	dst = append(dst, w.body...)
	return append(dst, blockTrailer), nil
}

// threshold copies a row of pixels. Those less than half opaque become transparent, and all others
// opaque.
func threshold(dst, src []byte) {
	for i := 0; i < len(dst); i += 4 {
		p, q := dst[i:i+4:i+4], src[i:i+4:i+4]
		if q[3] < 128 {
			p[0], p[1], p[2], p[3] = 0, 0, 0, 0
		} else {
			p[0], p[1], p[2], p[3] = q[0], q[1], q[2], 255
		}
	}
}

// onlySwings reports whether canvas, the frame to be added, has an alpha of at least 64 at every
// pixel that the waiting frame shows. If it has, alphas between 64 and 128 are taken for edges,
// where the alpha of scaled frames swings around 128, and not for pixels that disappear.
func (w *AnimationWriter) onlySwings(canvas *image.NRGBA) bool {
	for y := range w.h {
		row, old := canvas.Pix[y*canvas.Stride:][:4*w.w], w.current.Pix[y*w.current.Stride:][:4*w.w]
		for i := 3; i < len(row); i += 4 {
			if row[i] < 64 && old[i] != 0 {
				return false
			}
		}
	}
	return true
}

// thresholdAfter does the same as threshold, except that pixels that are opaque in old stay opaque.
// old is the same row of the frame before.
//
// It is used where onlySwings is true: GIF can only clear a pixel by clearing a whole rectangle.
func thresholdAfter(dst, src, old []byte) {
	for i := 0; i < len(dst); i += 4 {
		p, q := dst[i:i+4:i+4], src[i:i+4:i+4]
		if q[3] < 128 && old[i+3] == 0 {
			p[0], p[1], p[2], p[3] = 0, 0, 0, 0
		} else {
			p[0], p[1], p[2], p[3] = q[0], q[1], q[2], 255
		}
	}
}

// erasedArea returns the smallest rectangle with all pixels that are opaque in the waiting frame
// and transparent in the next one. GIF can only clear such pixels by disposal, which clears the
// whole rectangle of the waiting frame.
func (w *AnimationWriter) erasedArea() image.Rectangle {
	return bound(w.w, w.h, func(i int) bool { return w.current.Pix[i+3] != 0 && w.next.Pix[i+3] == 0 })
}

// staysAt reports whether the pixel at current.Pix[i] stays. In the first frame no pixel stays.
func (w *AnimationWriter) staysAt(i int) bool { return w.stays != nil && w.stays[i/4] }

// compare sets w.stays, and w.rect to the smallest rectangle with all pixels that do not stay.
//
// A pixel stays if base shows the color that the pixel should have. If base shows another color
// with the same alpha, the pixel stays in two cases. Either it should have the same color as in the
// frame before, for which the shown color was good enough. Or there is a Tolerance, and mayStay
// allows it.
func (w *AnimationWriter) compare() {
	for k := range w.stays {
		i := 4 * k
		want, shown := *(*[4]byte)(w.current.Pix[i:]), *(*[4]byte)(w.base.Pix[i:])
		switch {
		case want == shown:
			w.stays[k] = true
		case want[3] != shown[3]:
			w.stays[k] = false
		default:
			w.stays[k] = w.same[k] || (w.o.Tolerance > 0 && w.mayStay(want, shown, i))
		}
	}
	w.rect = bound(w.w, w.h, func(i int) bool { return !w.stays[i/4] })
	if w.rect.Empty() {
		w.rect = image.Rect(0, 0, 1, 1) // a frame without changes is written too, for its delay
	}
}

// bound returns the smallest rectangle with all pixels of a w x h canvas for which inside returns
// true. The argument of inside is the position of a pixel's first byte.
func bound(w, h int, inside func(i int) bool) image.Rectangle {
	r := image.Rectangle{Min: image.Pt(w, h)}
	for y := range h {
		i := 4 * y * w
		// Find the first pixel inside, and then the last one.
		x := 0
		for x < w && !inside(i+4*x) {
			x++
		}
		if x == w {
			continue
		}
		r.Min.X, r.Min.Y, r.Max.Y = min(r.Min.X, x), min(r.Min.Y, y), y+1
		x = w
		for !inside(i + 4*x - 4) {
			x--
		}
		r.Max.X = max(r.Max.X, x)
	}
	if r.Max.X == 0 { // no pixel is inside
		return image.Rectangle{}
	}
	return r
}

// A drawing is one way to write the waiting frame: color table, indices and compressed data.
// Several may be made, of which one is written.
type drawing struct {
	local       []rgb   // the drawing's own color table, nil if it uses the global one
	global      []rgb   // the global table, with the colors that the drawing adds
	transparent int     // index, -1 is none
	bits        uint    // of an index
	data        []byte  // the sub-blocks
	shown       []byte  // the index of each pixel of rect, as a reader will decode it
	mse         float64 // mean squared error of a channel, 0 unless packNear has packed the drawing
	inexact     bool    // some color is not in the table
}

// size returns the bytes of d's data and color tables, including the whole global table.
func (d *drawing) size() int { return len(d.data) + 3*len(d.local) + 3*len(d.global) }

// table returns the color table that the indices refer to.
func (d *drawing) table() []rgb {
	if d.local != nil {
		return d.local
	}
	return d.global
}

// flush writes the waiting frame. If more is set, another frame follows, and base becomes what a
// viewer shows after the waiting frame. erased is the area from erasedArea. Disposal clears only
// the frame's rectangle, so w.rect grows to contain erased.
func (w *AnimationWriter) flush(disposal byte, erased image.Rectangle, more bool) {
	first := w.frames == 0
	w.frames++
	w.rect = w.rect.Union(erased)
	// Choose how the frame is drawn.
	d := w.drawBest(first, more)
	share := w.budgetShare(d)
	single := first && !more
	overBudget := w.o.Budget > 0 && share > 1
	if single && overBudget && w.o.Tolerance > 0 {
		// A still picture is packed exactly if that fits. It does not, so it is packed again.
		w.rough, w.strength = true, 2
		w.spare, w.lzw.shown = d.data[:0], d.shown // memory for the next drawing
		d = w.drawBest(first, more)
	}
	// A drawing with too large an error is replaced by one with less strength. The strength also
	// decides which pixels stay, except in the first frame, where none does.
	for d.mse > maxError && w.strength > 0.2 {
		w.strength /= 2
		if !first {
			w.compare()
			w.rect = w.rect.Union(erased)
		}
		d = w.drawBest(first, more)
	}
	// Write the frame.
	w.global = d.global
	if d.local != nil {
		w.local = d.local
	}
	w.inexact = w.inexact || d.inexact
	w.writeControl(disposal, d.transparent)
	w.writeDescriptor(d)
	w.body = append(w.body, byte(max(d.bits, 2)))
	w.body = append(w.body, d.data...)
	if more {
		w.show(d)
		w.adjust(d, share)
	}
	// Keep the memory for the next frame.
	w.spare, w.lzw.shown = d.data[:0], d.shown
}

// drawBest returns the best drawing of the waiting frame. It begins with one that leaves out pixels
// that stay. If that drawing takes a local color table or more global colors, drawBest also tries a
// drawing of all pixels, which needs no transparent index, and returns the shorter one.
func (w *AnimationWriter) drawBest(first, more bool) *drawing {
	best := w.draw(false, first && !more)
	if !first && (best.local != nil || len(best.global) > len(w.global)) {
		whole := w.draw(true, false)
		if whole != nil && whole.size() < best.size() && whole.mse <= maxError {
			return whole
		}
	}
	return best
}

// packHoles packs d again, with the transparent index for all pixels that stay, and keeps the
// result if it is shorter. The packer looks only for the longest string at each place, but long
// runs of the transparent index can save more. w.pixels is changed.
func (w *AnimationWriter) packHoles(d *drawing) {
	anyStays := false
	for i, v := range w.pixels {
		if v&mayHole != 0 {
			anyStays = true
			w.pixels[i] = pixel(d.transparent)
		}
	}
	if !anyStays {
		return
	}
	other := drawing{data: w.spare, transparent: d.transparent, bits: d.bits}
	w.lzw.packInto(&other, w.pixels)
	if len(other.data) < len(d.data) {
		d.data, other.data = other.data, d.data
		d.shown, other.shown = other.shown, d.shown
	}
	w.spare, w.lzw.shown = other.data[:0], other.shown // memory for the next drawing
}

// show draws d on w.base, as a viewer does.
func (w *AnimationWriter) show(d *drawing) {
	table := d.table()
	n := w.rect.Dx()
	for y := range w.rect.Dy() {
		row := w.base.Pix[w.base.PixOffset(w.rect.Min.X, w.rect.Min.Y+y):][:4*n]
		for x, k := range d.shown[y*n:][:n] {
			if int(k) != d.transparent {
				c := table[k]
				*(*[4]byte)(row[4*x:]) = [4]byte{byte(c >> 16), byte(c >> 8), byte(c), 255}
			}
		}
	}
}

// draw returns a drawing of the waiting frame. A pixel that stays may be left out or drawn again,
// whichever makes longer strings. If all is set, every pixel is drawn. If then a pixel is
// transparent, or there are more than 256 colors, draw returns nil. single says that the frame is
// the only one.
func (w *AnimationWriter) draw(all, single bool) *drawing {
	counts, hole := w.countColors(all)
	if all && (hole || counts.n > 256) {
		return nil
	}
	if w.frames == 1 && w.rect != w.current.Rect {
		hole = true // some viewers paint the area beside a first frame without a transparent index
	}
	d := w.chooseTable(counts, hole, single)
	d.data, w.spare = w.spare, nil // memory
	d.bits = w.setPixels(d, counts)
	if w.lzw == nil {
		w.lzw = new(packer)
	}
	if w.o.Tolerance > 0 && (!single || w.rough) {
		w.packNear(d)
		return d
	}
	w.lzw.near = nil
	w.lzw.packInto(d, w.pixels)
	w.packHoles(d)
	return d
}

// countColors counts the colors of the pixels in w.rect that have to be drawn. Pixels that stay
// have to be drawn only if all is set, and transparent pixels never. hole reports whether there is
// a pixel that does not have to be drawn.
func (w *AnimationWriter) countColors(all bool) (counts *colorCount, hole bool) {
	if w.counts == nil {
		w.counts = newColorCount()
	}
	counts = w.counts
	counts.reset()
	r := w.rect
	for y := r.Min.Y; y < r.Max.Y; y++ {
		last, n := rgb(0), uint32(0)
		i := w.current.PixOffset(r.Min.X, y)
		for end := i + 4*r.Dx(); i < end; i += 4 {
			p := w.current.Pix[i : i+4 : i+4]
			if p[3] == 0 || (!all && w.staysAt(i)) {
				hole = true
				continue
			}
			c := rgb(p[0])<<16 | rgb(p[1])<<8 | rgb(p[2])
			if c != last && n > 0 { // the end of n equal pixels
				counts.add(last, n)
				n = 0
			}
			last = c
			n++
		}
		if n > 0 {
			counts.add(last, n)
		}
	}
	return counts, hole
}

// setPixels sets w.pixels for the pixels of w.rect. A pixel that has to be drawn gets the index
// that counts has for its color and, if there is a Tolerance, its busyness. If d has a transparent
// index, a pixel that stays may be written as this index, and also as its color if d's table has
// that. setPixels returns the number of bits of the highest index.
func (w *AnimationWriter) setPixels(d *drawing, counts *colorCount) (bits uint) {
	r := w.rect
	hole := pixel(max(d.transparent, 0))
	exact := newExactPalette(d.table(), d.transparent)
	w.pixels = num.Grow(w.pixels, r.Dx()*r.Dy())[:0] // empty, with room for all
	highest := pixel(0)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		last, index := rgb(1<<24), pixel(0) // the color before and its index; at first no color
		i := w.current.PixOffset(r.Min.X, y)
		for end := i + 4*r.Dx(); i < end; i += 4 {
			p := w.current.Pix[i : i+4 : i+4]
			if p[3] == 0 {
				highest = max(highest, hole)
				w.pixels = append(w.pixels, hole)
				continue
			}
			c := rgb(p[0])<<16 | rgb(p[1])<<8 | rgb(p[2])
			if d.transparent >= 0 && w.staysAt(i) {
				highest = max(highest, hole)
				k := hole | mayHole // only the transparent index may be written
				if n, ok := exact.find(c); ok {
					k = pixel(n) | mayHole // or the color's index n
					highest = max(highest, pixel(n))
				}
				w.pixels = append(w.pixels, k)
				continue
			}
			if c != last {
				last, index = c, pixel(counts.index[counts.slot(c)])
				highest = max(highest, index)
			}
			k := index
			if w.o.Tolerance > 0 {
				k |= pixel(w.busyness(i, i/4%w.w, y)) << busyShift
			}
			w.pixels = append(w.pixels, k)
		}
	}
	bits = 1
	for highest>>bits > 0 {
		bits++
	}
	return bits
}

// chooseTable returns a drawing with a color table, and assigns an index to each color of c. The
// first frame begins the global table. A later frame uses the global table if that has the frame's
// colors or room for them, and otherwise calls chooseLocalTable. A new table for more colors than
// it can hold has colors that come near them. If hole is set, the drawing gets a transparent index
// that no color uses. single is as in draw.
func (w *AnimationWriter) chooseTable(c *colorCount, hole, single bool) *drawing {
	limit := 256
	if hole {
		limit--
	}
	d := &drawing{transparent: -1, global: w.global}
	if len(w.global) == 0 {
		size := limit
		if c.n > limit && !single {
			size = 255 // leave room for the transparent index of later frames
		}
		d.global = c.palette(size, w.tolerance())
	}
	if w.frames > 1 { // not the first frame
		extra := c.missing(d.global)
		if len(d.global)+len(extra) > 256 {
			return w.chooseLocalTable(c, d, hole, limit)
		}
		d.global = append(slices.Clip(d.global), extra...) // in new memory: d may not be written
	}
	d.inexact = c.assign(newSearchPalette(d.global), math.Inf(1)) > 0
	if hole {
		d.global, d.transparent = c.unused(d.global)
		if d.transparent < 0 {
			return w.chooseLocalTable(c, d, hole, limit)
		}
	}
	return d
}

// chooseLocalTable does the same as chooseTable for colors that the global table has no room for.
// It sets a local table, or uses the global one where its colors are near. limit is the largest
// number of colors in a new table.
func (w *AnimationWriter) chooseLocalTable(c *colorCount, d *drawing, hole bool, limit int) *drawing {
	if w.o.Tolerance > 0 {
		// An earlier table is used if its error is small. The global one is tried first, because it
		// takes no bytes. errorLimit is for the sum over all pixels and their three channels.
		errorLimit := 3 * reuseFactor * w.tolerance() * float64(c.pixels())
		for i, table := range [][]rgb{d.global, w.local} {
			if len(table) == 0 || c.assign(newSearchPalette(table), errorLimit) > errorLimit {
				continue
			}
			if t, k := c.unused(table); k >= 0 || !hole {
				isGlobal := i == 0
				return d.setTable(t, k, hole, isGlobal)
			}
		}
	}
	// Otherwise the frame gets a new table.
	palette := c.palette(limit, w.tolerance())
	find := newSearchPalette(palette)
	squared := c.assign(find, math.Inf(1))
	if squared > 0 && len(d.global) > 128 {
		// The new table would not be exact either, and the global table takes no bytes. So the global
		// one is used if its squared error is at most 1.1 times that of the new one, and 1 more for
		// each pixel.
		errorLimit := 1.1*squared + float64(c.pixels())
		if c.assign(newSearchPalette(d.global), errorLimit) <= errorLimit {
			if t, k := c.unused(d.global); k >= 0 || !hole {
				return d.setTable(t, k, hole, true)
			}
		}
		c.assign(find, math.Inf(1)) // back to the indices of palette
	}
	t, k := c.unused(palette)
	d.setTable(t, k, hole, false)
	d.inexact = squared > 0
	return d
}

// setTable sets d.global, or d.local if global is not set, and marks d as inexact. table and k are
// from unused. If hole is set, k becomes the transparent index. If it is not set, entry k is not
// needed, and a local table loses it if it is the last one.
func (d *drawing) setTable(table []rgb, k int, hole, global bool) *drawing {
	d.inexact = true
	switch {
	case hole:
		d.transparent = k
	case global:
		return d // d.global stays: earlier frames may use its last entry
	case k == len(table)-1:
		table = table[:k]
	}
	if global {
		d.global = table
	} else {
		d.local = table
	}
	return d
}

// tableBits returns the number of bits of an index into a table of n colors, at least 1.
func tableBits(n int) uint {
	bits := uint(1)
	for 1<<bits < n {
		bits++
	}
	return bits
}

// appendTable appends a color table (section 19), with black entries added up to a power of two.
func appendTable(dst []byte, palette []rgb) []byte {
	for _, c := range palette {
		dst = append(dst, byte(c>>16), byte(c>>8), byte(c))
	}
	missing := 1<<tableBits(len(palette)) - len(palette)
	return append(dst, make([]byte, 3*missing)...)
}

// appendHeader appends the blocks of sections 17 to 19, and the loop count of an animation.
func (w *AnimationWriter) appendHeader(dst []byte) []byte {
	dst = append(dst, "GIF89a"...)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(w.w))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(w.h))
	const colorResolution = 0x70 // 8 bits for each channel of the source
	if len(w.global) > 0 {
		sizeBits := byte(tableBits(len(w.global)) - 1) // see tableSize
		dst = append(dst, hasTable|colorResolution|sizeBits, 0, 0)
		dst = appendTable(dst, w.global)
	} else {
		dst = append(dst, colorResolution, 0, 0)
	}
	if w.frames > 1 && w.plays != 1 {
		n := min(max(w.plays-1, 0), 1<<16-1) // the file counts repeats; 0 means forever
		dst = append(dst, blockExtension, labelApplication, 11)
		dst = append(dst, "NETSCAPE2.0\x03\x01"...)
		dst = append(dst, byte(n), byte(n>>8), 0)
	}
	return dst
}

// writeControl writes the graphic control extension (section 23), unless that would have no effect.
// After an extension that names disposal to the background, the next extension is always written,
// because some readers (Pillow, Go's image/gif) use a disposal until another extension names a
// different one.
func (w *AnimationWriter) writeControl(disposal byte, transparent int) {
	noEffect := transparent < 0 && disposal == disposeNone && w.delay == 0
	if noEffect && !w.disposed {
		return
	}
	w.disposed = disposal == disposeBackground
	flags := disposal << 2
	if transparent >= 0 {
		flags |= 1
	}
	const hundredth = 10 * time.Millisecond
	delay := min((w.delay+hundredth/2)/hundredth, 1<<16-1) // in hundredths of a second
	w.body = append(w.body, blockExtension, labelControl, 4, flags, byte(delay), byte(delay>>8))
	w.body = append(w.body, byte(max(transparent, 0)), 0)
}

// writeDescriptor writes the image descriptor (section 20).
func (w *AnimationWriter) writeDescriptor(d *drawing) {
	w.body = append(w.body, blockFrame)
	for _, v := range [4]int{w.rect.Min.X, w.rect.Min.Y, w.rect.Dx(), w.rect.Dy()} {
		w.body = binary.LittleEndian.AppendUint16(w.body, uint16(v))
	}
	if d.local == nil {
		w.body = append(w.body, 0)
		return
	}
	sizeBits := byte(tableBits(len(d.local)) - 1)
	w.body = append(w.body, hasTable|sizeBits)
	w.body = appendTable(w.body, d.local)
}
