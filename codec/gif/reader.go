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
	Note          string // what is wrong with the file, although it has its frames; Next may add to it

	Short bool // a frame that Next gave lacks pixels: its data ends early

	src     []byte
	global  []byte // color tables: three bytes an entry, parts of src
	frames  []frame
	at      int // index of the frame Next gives
	canvas  *image.NRGBA
	saved   *image.NRGBA // the canvas before a frame that will be undone
	pending frame        // the frame shown last, which is not disposed of yet
	indices []byte
	lzw     *unpacker
}

// frame is one image descriptor with the graphic control extension before it.
type frame struct {
	rect        image.Rectangle // as the file says; it may leave the canvas
	palette     []byte
	transparent int // index, -1 is none
	disposal    byte
	interlaced  bool
	delay       time.Duration
	codeSize    uint
	at          int    // position of the image descriptor
	data        []byte // the sub-blocks
	cut         bool   // the file ends before their terminator
}

// isGIF reports whether b starts as a GIF file does.
func isGIF(b []byte) bool {
	return len(b) >= 6 && (string(b[:6]) == "GIF87a" || string(b[:6]) == "GIF89a")
}

// NewReader walks through all blocks of src and decodes nothing: a caller can check Width, Height
// and Frames before any pixel is made. It keeps src, and about 150 bytes a frame. If bytes that are
// no block follow a frame, or if a block that is no frame is cut off, the picture consists of the
// frames before it, as in browsers, and Note reports the fault.
func NewReader(src []byte) (*Reader, error) {
	if !isGIF(src) {
		return nil, FormatError{0, "no GIF signature"}
	}
	if len(src) < 13 {
		return nil, FormatError{len(src), "truncated logical screen descriptor"}
	}
	r := &Reader{src: src, Plays: 1}
	r.Width, r.Height = int(binary.LittleEndian.Uint16(src[6:])), int(binary.LittleEndian.Uint16(src[8:]))
	p := 13
	var err error
	if src[10]&0x80 != 0 {
		if r.global, p, err = colorTable(src, p, src[10]); err != nil {
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
	for i := range r.frames {
		if !r.frames[i].rect.Empty() {
			return r, nil
		}
	}
	return nil, FormatError{r.frames[0].at, "empty image"}
}

// note adds s to the Note.
func (r *Reader) note(s string) {
	if r.Note != "" {
		s = r.Note + "; " + s
	}
	if len(s) < 200 {
		r.Note = s
	}
}

// colorTable returns the color table of 2^(n+1) entries at p (section 19) and the position after
// it.
func colorTable(src []byte, p int, flags byte) (table []byte, next int, err error) {
	next = p + 3<<(flags&7+1)
	if len(src) < next {
		return nil, 0, FormatError{p, "truncated color table"}
	}
	return src[p:next:next], next, nil
}

// walk collects, from p on, the frames and what the extensions say.
func (r *Reader) walk(p int) error {
	control := frame{transparent: -1}
	for {
		kind, block, next, err := nextBlock(r.src, p)
		switch {
		case kind == blockFrame:
			f := control
			control = frame{transparent: -1}
			f.at = p
			f.cut = err != nil // all of its pixels may still be there
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
	blockNone      = 0 // a stray terminator, common after some encoders' blocks
	blockExtension = 0x21
	blockFrame     = 0x2c
	blockTrailer   = 0x3b

	labelPlainText   = 0x01
	labelControl     = 0xf9
	labelApplication = 0xff
)

// nextBlock returns the block at p with its sub-blocks, and the position after it. When the
// sub-blocks of a frame are cut off, it returns both the error and the part that is there, with the
// whole descriptor. For any other block that is cut off, it returns only the error, and kind is
// blockNone.
func nextBlock(src []byte, p int) (kind byte, block []byte, next int, err error) {
	b := src[p:]
	if len(b) == 0 {
		return blockNone, nil, 0, FormatError{p, "no trailer"}
	}
	head := 1
	switch b[0] {
	case blockNone, blockTrailer:
		return b[0], b[:1], p + 1, nil
	case blockExtension:
		if head = 2; len(b) < 3 {
			return blockNone, nil, 0, FormatError{p, "truncated extension"}
		}
	case blockFrame:
		if len(b) < 10 {
			return blockNone, nil, 0, FormatError{p, "truncated image descriptor"}
		}
		if head = 11; b[9]&0x80 != 0 {
			head += 3 << (b[9]&7 + 1)
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

// endWithoutTrailer handles a file that ends with err instead of a trailer. If the file has a
// frame, err becomes a note, and nil is returned. Otherwise err is returned.
func (r *Reader) endWithoutTrailer(err error) error {
	if len(r.frames) == 0 {
		return err
	}
	r.note(fmt.Sprintf("%v behind frame %d", err, len(r.frames)))
	return nil
}

// readExtension reads an extension block (sections 23 to 26) from its label on.
func (r *Reader) readExtension(control *frame, b []byte) {
	label, body := b[0], b[1:]
	switch {
	case label == labelControl && body[0] >= 4: // graphic control
		control.disposal = body[1] >> 2 & 7
		control.delay = time.Duration(binary.LittleEndian.Uint16(body[2:])) * 10 * time.Millisecond
		control.transparent = -1
		if body[1]&1 != 0 {
			control.transparent = int(body[4])
		}
	case label == labelApplication && body[0] == 11:
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

// readApplication reads the two application extensions that matter (section 26): the loop count of
// NETSCAPE2.0, and a color profile. b holds sub-blocks known to be whole.
func (r *Reader) readApplication(name string, b []byte) {
	switch name {
	case "NETSCAPE2.0", "ANIMEXTS1.0":
		if b[0] >= 3 && b[1] == 1 {
			// The file says how often the animation is repeated after it ran once.
			if n := int(binary.LittleEndian.Uint16(b[2:])); n > 0 {
				r.Plays = n + 1
			} else {
				r.Plays = 0
			}
		}
	case "ICCRGBG1012":
		r.ICC = r.ICC[:0:0]
		for n := int(b[0]); n > 0; n = int(b[0]) {
			r.ICC = append(r.ICC, b[1:1+n]...)
			b = b[1+n:]
		}
	}
}

// readDescriptor reads the block of a frame, which begins with its image descriptor (section 20). b
// has the whole descriptor. A frame without area counts too, because it has a delay.
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
	if flags&0x80 != 0 {
		if f.palette, p, err = colorTable(b, p, flags); err != nil {
			return FormatError{f.at, "truncated color table"}
		}
	}
	if len(b) == p {
		return FormatError{f.at, "no image data"}
	}
	f.codeSize = uint(b[p])
	if f.codeSize < 1 || f.codeSize > 8 {
		return FormatError{f.at, "LZW code size"}
	}
	f.data = b[p+1:]
	return nil
}

// PeakBytes returns about how much Next holds at the worst moment.
func (r *Reader) PeakBytes() int64 {
	area := int64(r.Width) * int64(r.Height)
	if r.Frames == 1 {
		return 6 * area // the canvas, the indices of the frame
	}
	return 12 * area // also a copy of the canvas, and memory that is not collected yet
}

// Drawing returns the area of frame i and the bytes of its data.
func (r *Reader) Drawing(i int) (pixels, bytes int64) {
	f := &r.frames[i]
	return int64(f.rect.Dx()) * int64(f.rect.Dy()), int64(len(f.data))
}

// Next composes the next frame and returns the canvas, straight RGBA, as it is shown for delay. The
// canvas belongs to the Reader and is valid until the following call. Pixels that no frame has
// covered are transparent. After the last frame the error is io.EOF. The context is checked once a
// frame.
//
// Memory is the canvas, the largest frame's indices, and, while a frame will be undone, a second
// canvas.
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
	got, err := r.unpack(&f)
	if err != nil {
		return nil, 0, err
	}
	if f.disposal == disposePrevious || f.disposal == 4 {
		if r.saved == nil {
			r.saved = image.NewNRGBA(r.canvas.Rect)
		}
		copy(r.saved.Pix, r.canvas.Pix)
	}
	if short := got < f.rect.Dx()*f.rect.Dy(); short && f.transparent < 0 && r.canvas.Rect.In(f.rect) {
		clear(r.canvas.Pix) // browsers clear the canvas before a frame that should cover all of it
	}
	r.draw(&f, r.indices[:got])
	r.pending = f
	r.at++
	return r.canvas, f.delay, nil
}

// unpack decodes the indices of f and returns for how many of its pixels there are any. Where the
// data ends early but correctly, the missing pixels are not drawn, as in browsers.
func (r *Reader) unpack(f *frame) (got int, err error) {
	n := f.rect.Dx() * f.rect.Dy()
	// The densest code word stands for 4095 indices, so that little data cannot take much memory.
	room := int(min(int64(n), int64(len(f.data))*8*maxCodes/2))
	if cap(r.indices) < room {
		r.indices = make([]byte, room)
	}
	if n == 0 {
		return 0, nil
	}
	if got, err = r.lzw.unpack(r.indices[:room], f.data, f.codeSize); err != nil {
		return 0, FormatError{f.at, err.(FormatError).Msg}
	}
	switch {
	case got < n && f.cut:
		return 0, FormatError{f.at, "truncated image data"}
	case got == 0 && r.Frames == 1:
		return 0, FormatError{f.at, "no image data"}
	case got < n:
		r.Short = true
		r.note(fmt.Sprintf("frame %d: image data ends early, %d of %d pixels", r.at+1, got, n))
	}
	return got, nil
}

// dispose applies the disposal method of the frame shown last to the canvas.
func (r *Reader) dispose() {
	if r.at == 0 {
		return
	}
	area := r.pending.rect.Intersect(r.canvas.Rect)
	switch r.pending.disposal {
	case disposeBackground:
		// The rectangle becomes transparent, as in every browser, whatever the background color
		// index says.
		straight.Clear(r.canvas, area)
	case disposePrevious, 4:
		straight.Copy(r.canvas, r.saved, area)
	}
}

// interlaceStart and interlaceStep are the passes of an interlaced image (appendix E).
var (
	interlaceStart = [4]int{0, 4, 2, 1}
	interlaceStep  = [4]int{8, 8, 4, 2}
	interlaceFill  = [4]int{8, 4, 2, 1} // rows that a row fills until later passes come
)

// colors returns f's color table as pixels. Indices that do not change the canvas have alpha 0: the
// transparent index, and those that the table does not have.
func (f *frame) colors() (colors [256][4]byte) {
	for i := 0; i < 256 && 3*i < len(f.palette); i++ {
		colors[i] = [4]byte{f.palette[3*i], f.palette[3*i+1], f.palette[3*i+2], 255}
	}
	if f.palette == nil {
		// Section 18 lets a decoder choose; in practice it was a ramp of gray.
		for i := range colors {
			colors[i] = [4]byte{byte(i), byte(i), byte(i), 255}
		}
	}
	if f.transparent >= 0 {
		colors[f.transparent] = [4]byte{}
	}
	return colors
}

// draw puts the decoded indices on the canvas; there may be fewer than f has pixels. Where a first
// frame is interlaced and its data ends early, each row also fills the missing rows below it.
func (r *Reader) draw(f *frame, indices []byte) {
	colors := f.colors()
	w, h := f.rect.Dx(), f.rect.Dy()
	fill := r.at == 0 && len(indices) < w*h
	row := func(y int, indices []byte) {
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
	passes, start, step, rows := 1, []int{0}, []int{1}, []int{1}
	if f.interlaced {
		passes, start, step, rows = 4, interlaceStart[:], interlaceStep[:], interlaceFill[:]
	}
	for p := range passes {
		for y := start[p]; y < h && len(indices) > 0; y += step[p] {
			n := min(w, len(indices))
			last := y
			if fill && n == w {
				last = min(y+rows[p], h) - 1
			}
			for ; last >= y; last-- {
				row(last, indices[:n])
			}
			indices = indices[n:]
		}
	}
}
