package gif

// This file implements the blocks of GIF89a sections 15 to 27 and the composition of frames.

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"time"

	"miniatura/codec/internal/straight"
)

// Disposal methods (GIF89a section 23). Old files have method 4 where they mean 3.
const (
	disposeNone       = 1
	disposeBackground = 2
	disposePrevious   = 3
)

// A Reader plays a GIF file frame by frame.
type Reader struct {
	Width, Height int // of the canvas, in pixels
	Frames        int
	Plays         int    // how often the animation runs; 0 means forever
	ICC           []byte // an ICCRGBG1 profile, nil when there is none
	Note          string // what is wrong with a file that can still be shown; Next may add to it

	Short bool // Next has returned a frame whose data ends early, so that pixels are missing

	src     []byte
	global  []byte // the global color table: three bytes an entry, a part of src
	frames  []frame
	at      int // index of the next frame
	canvas  *image.NRGBA
	saved   *image.NRGBA // the canvas as it was before a frame that will be undone
	pending frame        // the frame shown last; dispose has not been applied to it yet
	indices []byte       // memory for the indices of a frame
	lzw     *unpacker
}

// frame is one image descriptor with the graphic control extension before it.
type frame struct {
	rect        image.Rectangle // as the file says; it may leave the canvas
	palette     []byte          // the local color table, or else the global one
	transparent int             // index, -1 is none
	disposal    byte
	interlaced  bool
	delay       time.Duration
	codeSize    uint
	offset      int    // of the image descriptor in the file
	data        []byte // the sub-blocks
	cut         bool   // the file ends before the sub-blocks' terminator
}

const (
	// screenEnd is the size of the signature and the logical screen descriptor.
	screenEnd = 13
	// hasTable is set in the flags of a screen or image descriptor if a color table follows it. The
	// lower three bits of the flags then say how large the table is (see tableSize).
	hasTable = 0x80
)

// isGIF reports whether b starts with a GIF signature.
func isGIF(b []byte) bool {
	return len(b) >= 6 && (string(b[:6]) == "GIF87a" || string(b[:6]) == "GIF89a")
}

// NewReader walks through all blocks of src and decodes nothing: a caller can check Width, Height
// and Frames before any pixel is made. The Reader keeps src, and about 150 bytes for each frame. If
// bytes that are no block follow a frame, or if a block that is no frame is cut off, only the
// frames before the fault are played, as in browsers. Note then reports the fault.
func NewReader(src []byte) (*Reader, error) {
	if !isGIF(src) {
		return nil, FormatError{0, "no GIF signature"}
	}
	if len(src) < screenEnd {
		return nil, FormatError{len(src), "truncated logical screen descriptor"}
	}
	r := &Reader{src: src, Plays: 1}
	r.Width, r.Height = int(binary.LittleEndian.Uint16(src[6:])), int(binary.LittleEndian.Uint16(src[8:]))
	p := screenEnd
	var err error
	if flags := src[10]; flags&hasTable != 0 {
		if r.global, p, err = colorTable(src, p, flags); err != nil {
			return nil, err
		}
	}
	if err := r.walk(p); err != nil {
		return nil, err
	}
	if len(r.frames) == 0 {
		return nil, FormatError{p, "no image"}
	}
	// The first frame may be larger than the screen says; browsers then show all of it.
	if first := r.frames[0].rect; !first.Empty() {
		r.Width, r.Height = max(r.Width, first.Max.X), max(r.Height, first.Max.Y)
	}
	r.Frames = len(r.frames)
	// Some frame must have pixels.
	for i := range r.frames {
		if !r.frames[i].rect.Empty() {
			return r, nil
		}
	}
	return nil, FormatError{r.frames[0].offset, "empty image"}
}

// note adds s to r.Note, unless r.Note would then have 200 bytes or more.
func (r *Reader) note(s string) {
	if r.Note != "" {
		s = r.Note + "; " + s
	}
	if len(s) < 200 {
		r.Note = s
	}
}

// tableSize returns the size of a color table: 2^(n+1) entries of three bytes, where n is in the
// lower three bits of flags.
func tableSize(flags byte) int { return 3 << ((flags & 7) + 1) }

// colorTable returns the color table at p (section 19) and the position after it.
func colorTable(src []byte, p int, flags byte) (table []byte, next int, err error) {
	next = p + tableSize(flags)
	if len(src) < next {
		return nil, 0, FormatError{p, "truncated color table"}
	}
	return src[p:next:next], next, nil
}

// walk reads all blocks from p on: it collects the frames, and what the extensions say.
func (r *Reader) walk(p int) error {
	control := frame{transparent: -1} // what a control extension says about the next frame
	for {
		kind, block, next, err := nextBlock(r.src, p)
		switch {
		case kind == blockFrame:
			f := control
			control = frame{transparent: -1}
			f.offset = p
			f.cut = err != nil // not a fault yet: all pixels may be there
			if err := r.readDescriptor(&f, block); err != nil {
				return err
			}
			r.frames = append(r.frames, f)
		case err != nil:
			return r.endWithoutTrailer(err)
		case kind == blockTrailer:
			return nil
		case kind == blockExtension:
			r.readExtension(&control, block[1:])
		}
		p = next
	}
}

// Kinds of blocks, by their first byte, and labels of extensions (appendix A).
const (
	blockNone      = 0 // no block, or a stray terminator, which some encoders write after a block
	blockExtension = 0x21
	blockFrame     = 0x2c
	blockTrailer   = 0x3b

	labelPlainText   = 0x01
	labelControl     = 0xf9
	labelApplication = 0xff
)

// nextBlock returns the block at p with its sub-blocks, and the position after them. If a frame is
// cut off after its descriptor, nextBlock returns both an error and the part that is there. If
// anything else is cut off, or no known block begins at p, it returns only an error, and kind is
// blockNone.
func nextBlock(src []byte, p int) (kind byte, block []byte, next int, err error) {
	b := src[p:]
	if len(b) == 0 {
		return blockNone, nil, 0, FormatError{p, "no trailer"}
	}
	head := 1 // number of bytes before the sub-blocks
	switch b[0] {
	case blockNone, blockTrailer:
		return b[0], b[:1], p + 1, nil
	case blockExtension:
		head = 2
		if len(b) < 3 {
			return blockNone, nil, 0, FormatError{p, "truncated extension"}
		}
	case blockFrame:
		if len(b) < 10 {
			return blockNone, nil, 0, FormatError{p, "truncated image descriptor"}
		}
		head = 11 // the image descriptor, and the LZW code size after the color table
		if flags := b[9]; flags&hasTable != 0 {
			head += tableSize(flags)
		}
		if len(b) < head {
			return blockFrame, b, len(src), FormatError{p, "truncated image descriptor"}
		}
	default:
		return blockNone, nil, 0, FormatError{p, "unknown block"}
	}
	next, err = skipBlocks(src, p+head)
	switch {
	case err == nil:
		return b[0], src[p:next], next, nil
	case b[0] == blockFrame:
		return blockFrame, b, len(src), err
	}
	return blockNone, nil, 0, err
}

// endWithoutTrailer ends walk, which met err before a trailer. If there is a frame, err becomes a
// note, and nil is returned. Otherwise err is returned.
func (r *Reader) endWithoutTrailer(err error) error {
	if len(r.frames) == 0 {
		return err
	}
	r.note(fmt.Sprintf("%v behind frame %d", err, len(r.frames)))
	return nil
}

// readExtension reads b, an extension block (sections 23 to 26) from its label on. What a graphic
// control extension says is stored in control.
func (r *Reader) readExtension(control *frame, b []byte) {
	label, size, body := b[0], b[1], b[1:] // body begins with a sub-block of this size
	switch {
	case label == labelControl && size >= 4:
		flags := body[1]
		control.disposal = (flags >> 2) & 7
		control.delay = time.Duration(binary.LittleEndian.Uint16(body[2:])) * 10 * time.Millisecond
		control.transparent = -1
		if flags&1 != 0 {
			control.transparent = int(body[4])
		}
	case label == labelApplication && size == 11:
		r.readApplication(string(body[1:12]), body[12:])
	}
}

// skipBlocks returns the position after the sub-blocks at p (section 15).
func skipBlocks(src []byte, p int) (int, error) {
	for p < len(src) {
		n := int(src[p])
		if n == 0 {
			return p + 1, nil
		}
		if len(src)-p <= n {
			break
		}
		p += 1 + n
	}
	return 0, FormatError{p, "truncated data blocks"}
}

// readApplication reads the application extensions that matter (section 26): the loop count, under
// either of two names, and a color profile. b holds the sub-blocks after name, up to the
// terminator.
func (r *Reader) readApplication(name string, b []byte) {
	switch name {
	case "NETSCAPE2.0", "ANIMEXTS1.0":
		if b[0] >= 3 && b[1] == 1 {
			// The file says how often the animation is repeated after the first time.
			if n := int(binary.LittleEndian.Uint16(b[2:])); n > 0 {
				r.Plays = n + 1
			} else {
				r.Plays = 0
			}
		}
	case "ICCRGBG1012":
		r.ICC = nil // a later profile replaces an earlier one
		for n := int(b[0]); n > 0; n = int(b[0]) {
			r.ICC = append(r.ICC, b[1:1+n]...)
			b = b[1+n:]
		}
	}
}

// readDescriptor sets f from b, the block of a frame, which begins with a whole image descriptor
// (section 20). A frame without area is no error, because it has a delay.
func (r *Reader) readDescriptor(f *frame, b []byte) error {
	b = b[1:]
	x, y := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
	w, h := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	flags := b[8]
	f.rect = image.Rect(x, y, x+w, y+h)
	f.interlaced = flags&0x40 != 0
	f.palette = r.global
	p := 9
	var err error
	if flags&hasTable != 0 {
		if f.palette, p, err = colorTable(b, p, flags); err != nil {
			return FormatError{f.offset, "truncated color table"}
		}
	}
	if len(b) == p {
		return FormatError{f.offset, "no image data"}
	}
	f.codeSize = uint(b[p])
	if f.codeSize < 1 || f.codeSize > 8 {
		return FormatError{f.offset, "LZW code size"}
	}
	f.data = b[p+1:]
	return nil
}

// PeakBytes returns about how many bytes of memory Next holds at the worst moment.
func (r *Reader) PeakBytes() int64 {
	area := int64(r.Width) * int64(r.Height)
	if r.Frames == 1 {
		return 6 * area // 4 for the canvas, 1 for the indices of the frame, 1 in reserve
	}
	return 12 * area // 4 more for a copy of the canvas, 2 more for memory not yet collected
}

// Drawing returns what it takes to draw frame i: the number of pixels, and the bytes of the data.
func (r *Reader) Drawing(i int) (pixels, bytes int64) {
	f := &r.frames[i]
	return int64(f.rect.Dx()) * int64(f.rect.Dy()), int64(len(f.data))
}

// Next draws the next frame on the canvas. It returns the canvas, and how long the canvas is shown.
// The canvas belongs to the Reader and is valid until the following call. Pixels that no frame has
// covered are transparent. After the last frame the error is io.EOF. The context is checked once
// for each frame.
//
// The Reader holds the canvas, the indices of the largest frame, and, once a frame has to be
// undone, a second canvas.
func (r *Reader) Next(ctx context.Context) (canvas *image.NRGBA, delay time.Duration, err error) {
	if r.at >= len(r.frames) {
		return nil, 0, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	f := r.frames[r.at]
	if r.canvas == nil {
		r.canvas = image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
		r.lzw = new(unpacker)
	}
	r.dispose()
	decoded, err := r.unpack(&f)
	if err != nil {
		return nil, 0, err
	}
	if f.undone() {
		if r.saved == nil {
			r.saved = image.NewNRGBA(r.canvas.Rect)
		}
		copy(r.saved.Pix, r.canvas.Pix)
	}
	short := decoded < f.rect.Dx()*f.rect.Dy()
	shouldCoverAll := f.transparent < 0 && r.canvas.Rect.In(f.rect)
	if short && shouldCoverAll {
		clear(r.canvas.Pix) // browsers clear the canvas before a frame that should cover all of it
	}
	r.draw(&f, r.indices[:decoded])
	r.pending = f
	r.at++
	return r.canvas, f.delay, nil
}

// undone reports whether the canvas, after f was shown, gets back what it had before f.
func (f *frame) undone() bool { return f.disposal == disposePrevious || f.disposal == 4 }

// unpack decodes the indices of f to r.indices, and returns their number. The number is less than
// that of the pixels if the data ends early but correctly. The missing pixels are then not drawn,
// as in browsers.
func (r *Reader) unpack(f *frame) (decoded int, err error) {
	n := f.rect.Dx() * f.rect.Dy() // pixels
	if n == 0 {
		return 0, nil
	}
	// The data bounds the memory for a large frame: a code has two bits or more, and stands for
	// less than maxCodes indices.
	mostCodes := int64(len(f.data)) * 4
	room := int(min(int64(n), mostCodes*maxCodes))
	if cap(r.indices) < room {
		r.indices = make([]byte, room)
	}
	if decoded, err = r.lzw.unpack(r.indices[:room], f.data, f.codeSize); err != nil {
		return 0, FormatError{f.offset, err.(FormatError).Msg}
	}
	switch {
	case decoded < n && f.cut:
		return 0, FormatError{f.offset, "truncated image data"}
	case decoded == 0 && r.Frames == 1:
		return 0, FormatError{f.offset, "no image data"}
	case decoded < n:
		r.Short = true
		r.note(fmt.Sprintf("frame %d: image data ends early, %d of %d pixels", r.at+1, decoded, n))
	}
	return decoded, nil
}

// dispose applies the disposal method of the frame shown last to the canvas.
func (r *Reader) dispose() {
	if r.at == 0 {
		return
	}
	area := r.pending.rect.Intersect(r.canvas.Rect)
	switch {
	case r.pending.disposal == disposeBackground:
		// The rectangle becomes transparent, as in every browser, whatever the background color
		// index says.
		straight.Clear(r.canvas, area)
	case r.pending.undone():
		straight.Copy(r.canvas, r.saved, area)
	}
}

// The four passes of an interlaced image (appendix E).
var (
	interlaceStart = [4]int{0, 4, 2, 1} // first row
	interlaceStep  = [4]int{8, 8, 4, 2} // rows from one row of the pass to the next
	interlaceFill  = [4]int{8, 4, 2, 1} // rows to the next row of this pass or an earlier one
)

// colors returns a pixel for each index into f's color table. The alpha is 0 for indices that do
// not change the canvas: the transparent index, and indices that the table does not have.
func (f *frame) colors() (colors [256][4]byte) {
	for i := 0; i < 256 && 3*i < len(f.palette); i++ {
		colors[i] = [4]byte{f.palette[3*i], f.palette[3*i+1], f.palette[3*i+2], 255}
	}
	if f.palette == nil {
		// Without any table a decoder may choose the colors (section 18). This one has grays.
		for i := range colors {
			colors[i] = [4]byte{byte(i), byte(i), byte(i), 255}
		}
	}
	if f.transparent >= 0 {
		colors[f.transparent] = [4]byte{}
	}
	return colors
}

// draw puts the colors of f on the canvas. indices may be fewer than the pixels of f. If there are
// fewer for the first frame, and it is interlaced, each row also fills the rows below it, down to
// the next row of its pass or of an earlier one. Later passes draw over these rows where they have
// indices.
func (r *Reader) draw(f *frame, indices []byte) {
	colors := f.colors()
	w, h := f.rect.Dx(), f.rect.Dy()
	fill := r.at == 0 && len(indices) < w*h
	drawRow := func(y int, indices []byte) {
		y += f.rect.Min.Y
		n := min(w, r.Width-f.rect.Min.X, len(indices))
		if y >= r.Height || n <= 0 {
			return
		}
		dst := r.canvas.Pix[r.canvas.PixOffset(f.rect.Min.X, y):][:4*n]
		for x, k := range indices[:n] {
			if c := &colors[k]; c[3] != 0 {
				*(*[4]byte)(dst[4*x:]) = *c
			}
		}
	}
	// For each pass, its first row, the step to its next row, and how many rows a row may fill.
	passes, start, step, height := 1, []int{0}, []int{1}, []int{1}
	if f.interlaced {
		passes, start, step, height = 4, interlaceStart[:], interlaceStep[:], interlaceFill[:]
	}
	for p := range passes {
		for y := start[p]; y < h && len(indices) > 0; y += step[p] {
			n := min(w, len(indices))
			last := y // the last row that these indices fill
			if fill && n == w {
				last = min(y+height[p], h) - 1
			}
			for ; last >= y; last-- {
				drawRow(last, indices[:n])
			}
			indices = indices[n:]
		}
	}
}
