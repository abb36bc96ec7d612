package png

// This file reads animations, PNG specification (third edition) sections 4.9 and 11.3.6: acTL, fcTL
// and fdAT.

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"time"

	"miniatura/codec/internal/straight"
)

// The dispose and blend operations of a frame: what happens to its rectangle before the next frame,
// and how the frame is drawn (section 11.3.6.2).
const (
	disposeNone       = 0
	disposeBackground = 1
	disposePrevious   = 2

	blendSource = 0
	blendOver   = 1
)

// MaxFrames is the number of frames of the longest animation that is read.
const MaxFrames = 1 << 16

// A frame holds what an fcTL says, and where the frame's data begins.
type frame struct {
	rect           image.Rectangle
	delay          time.Duration
	dispose, blend byte   // the operations above
	dataKind       string // IDAT or fdAT: which chunks hold the data; "" before the first is found
	at             int    // position of the first chunk with the data
}

// A Player composes the frames of an animated PNG one after the other.
type Player struct {
	Plays int // how often the animation runs; 0 means forever

	r       *Reader
	frames  []frame
	next    int // index of the frame that Next composes
	canvas  *image.NRGBA
	saved   *image.NRGBA // for disposePrevious: the pixels of pending.rect before that frame
	pending frame        // the frame shown last; its dispose operation is still to be done
}

// NewPlayer walks through r's chunks and decodes nothing. The default image, IDAT, is the first
// frame if an fcTL comes before IDAT; otherwise it is not a frame. NewPlayer returns a FormatError
// if there are fewer frames than r.Frames, or if a chunk of the animation is damaged. Frames beyond
// r.Frames are ignored.
func NewPlayer(r *Reader) (*Player, error) {
	if r.Frames < 1 {
		return nil, UnsupportedError("a still picture is not played")
	}
	if r.Frames > MaxFrames {
		return nil, UnsupportedError(fmt.Sprint(r.Frames, " frames"))
	}
	p := &Player{r: r}
	sequence := uint32(0) // the sequence number that the next fcTL or fdAT must have
	needsData := false    // the last frame has no data yet
	hasIDAT := false      // there has been an IDAT
	for at := len(signature); ; {
		kind, data, next, err := chunk(r.src, at)
		if err != nil {
			return nil, err
		}
		if kind == "fcTL" || kind == "fdAT" { // they are numbered together
			inSequence := len(data) >= 4 && binary.BigEndian.Uint32(data) == sequence
			if !inSequence || !validCRC(r.src, at, next) {
				return nil, FormatError{at, "sequence number or CRC of " + kind}
			}
			sequence++
		}
		switch kind {
		case "acTL":
			if len(data) == 8 && !hasIDAT {
				p.Plays = int(binary.BigEndian.Uint32(data[4:]) & (1<<31 - 1))
			}
		case "fcTL":
			if needsData {
				return nil, FormatError{at, "a frame without data"}
			}
			f, err := r.readFrameControl(at, data, hasIDAT)
			if err != nil {
				return nil, err
			}
			p.frames, needsData = append(p.frames, f), true
		case "fdAT":
			needsIDAT := needsData && !hasIDAT // an fcTL before IDAT describes the default image
			if len(p.frames) == 0 || needsIDAT {
				return nil, FormatError{at, "fdAT without fcTL"}
			}
			f := &p.frames[len(p.frames)-1]
			if needsData {
				f.dataKind, f.at, needsData = kind, at, false
			} else if f.dataKind != "fdAT" {
				return nil, FormatError{at, "fdAT for the default image"}
			}
		case "IDAT":
			if !hasIDAT && needsData { // the default image is the first frame
				p.frames[0].dataKind, p.frames[0].at, needsData = kind, at, false
			}
			hasIDAT = true
		}
		complete := len(p.frames) == r.Frames && !needsData && hasIDAT
		if complete || kind == "IEND" {
			break
		}
		at = next
	}
	if len(p.frames) < r.Frames || needsData {
		return nil, FormatError{Msg: fmt.Sprintf("%d frames of %d", len(p.frames), r.Frames)}
	}
	return p, nil
}

// readFrameControl reads b, the data of the fcTL at position at. The frame of an fcTL before IDAT
// is the default image, which must fill the canvas.
func (r *Reader) readFrameControl(at int, b []byte, afterIDAT bool) (f frame, err error) {
	if len(b) != 26 {
		return f, FormatError{at, "fcTL"}
	}
	number := func(i int) int { return int(binary.BigEndian.Uint32(b[i:])) }
	w, h, x, y := number(4), number(8), number(12), number(16)
	empty := w < 1 || h < 1
	outside := w > r.Width || h > r.Height || x > r.Width-w || y > r.Height-h
	partialDefault := !afterIDAT && (w < r.Width || h < r.Height)
	if empty || outside || partialDefault {
		return f, FormatError{at, "a frame beyond the canvas"}
	}
	f.rect = image.Rect(x, y, x+w, y+h)
	// The delay is num/den seconds, rounded to nanoseconds.
	num := time.Duration(binary.BigEndian.Uint16(b[20:]))
	den := time.Duration(binary.BigEndian.Uint16(b[22:]))
	if den == 0 { // section 11.3.6.2: hundredths of a second
		den = 100
	}
	f.delay = (num*time.Second + den/2) / den
	f.dispose, f.blend = b[24], b[25]
	if f.dispose > disposePrevious || f.blend > blendOver {
		return f, FormatError{at, "disposal or blending of a frame"}
	}
	return f, nil
}

// PeakBytes returns about how many bytes Next holds: the canvas, what Rows allocates and, if a
// frame has disposePrevious, a copy of the canvas.
func (p *Player) PeakBytes() int64 {
	n := 4*int64(p.r.Width)*int64(p.r.Height) + p.r.PeakBytes()
	for _, f := range p.frames {
		if f.dispose == disposePrevious {
			return n + 4*int64(p.r.Width)*int64(p.r.Height)
		}
	}
	return n
}

// Drawing returns the number of pixels of frame i, and about the number of bytes of that frame's
// data.
func (p *Player) Drawing(i int) (pixels, bytes int64) {
	f := &p.frames[i]
	end := len(p.r.src)
	if i+1 < len(p.frames) {
		end = p.frames[i+1].at
	}
	return int64(f.rect.Dx()) * int64(f.rect.Dy()), int64(end - f.at)
}

// Next draws the next frame. It returns the canvas as straight RGBA, and the time for which the
// canvas is shown. The canvas belongs to the Player and is valid until the following call. After
// the last frame the error is io.EOF. The context is checked as in Rows.
func (p *Player) Next(ctx context.Context) (canvas *image.NRGBA, delay time.Duration, err error) {
	if p.next >= len(p.frames) {
		return nil, 0, io.EOF
	}
	f := p.frames[p.next]
	if p.canvas == nil {
		p.canvas = image.NewNRGBA(image.Rect(0, 0, p.r.Width, p.r.Height))
	}
	p.undo()
	if f.dispose == disposePrevious && p.next == 0 { // there is no previous canvas, section 11.3.6.2
		f.dispose = disposeBackground
	}
	if f.dispose == disposePrevious {
		if p.saved == nil {
			p.saved = image.NewNRGBA(p.canvas.Rect)
		}
		straight.Copy(p.saved, p.canvas, f.rect)
	}
	part := *p.r // a Reader of the frame only
	part.Width, part.Height = f.rect.Dx(), f.rect.Dy()
	part.idat, part.dataKind = f.at, f.dataKind
	rgba := make([]byte, 4*part.Width)
	err = part.Rows(ctx, func(y int, row []byte) error {
		toRGBA(rgba, row, part.Channels)
		at := p.canvas.PixOffset(f.rect.Min.X, f.rect.Min.Y+y)
		dst := p.canvas.Pix[at:][:len(rgba)]
		if f.blend == blendOver {
			drawOver(dst, rgba)
		} else {
			copy(dst, rgba)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if part.Note != "" {
		p.r.note(part.Note)
	}
	p.pending = f
	p.next++
	return p.canvas, f.delay, nil
}

// undo applies the dispose operation of the frame shown last to the canvas.
func (p *Player) undo() {
	if p.next == 0 {
		return
	}
	switch p.pending.dispose {
	case disposeBackground:
		straight.Clear(p.canvas, p.pending.rect)
	case disposePrevious:
		straight.Copy(p.canvas, p.saved, p.pending.rect)
	}
}

// toRGBA converts src, a row of 1 to 4 channels, to 4 channels.
func toRGBA(dst, src []byte, channels int) {
	switch channels {
	case 1:
		for i, v := range src {
			*(*[4]byte)(dst[4*i:]) = [4]byte{v, v, v, 255}
		}
	case 2:
		for i := 0; i+2 <= len(src); i += 2 {
			*(*[4]byte)(dst[2*i:]) = [4]byte{src[i], src[i], src[i], src[i+1]}
		}
	case 3:
		for i, o := 0, 0; i+3 <= len(src); i, o = i+3, o+4 {
			*(*[4]byte)(dst[o:]) = [4]byte{src[i], src[i+1], src[i+2], 255}
		}
	default:
		copy(dst, src)
	}
}

// drawOver draws src over dst, both straight RGBA (section 13.16). For a pixel of src with color Cs
// and alpha As, and one of dst with Cd and Ad, the new alpha is As + Ad (1-As). The new color is
// (Cs As + Cd Ad (1-As)) / the new alpha, rounded.
func drawOver(dst, src []byte) {
	for i := 0; i+4 <= len(src); i += 4 {
		s, d := src[i:i+4:i+4], dst[i:i+4:i+4]
		switch {
		case s[3] == 0: // dst stays
		case s[3] == 255 || d[3] == 0:
			copy(d, s)
		default:
			// In these three, 255*255 stands for 1.
			ws := uint32(s[3]) * 255                  // the weight of src, As
			wd := (255 - uint32(s[3])) * uint32(d[3]) // the weight of dst, Ad (1-As)
			alpha := ws + wd                          // the new alpha
			for c := range 3 {
				d[c] = byte((uint32(s[c])*ws + uint32(d[c])*wd + alpha/2) / alpha)
			}
			d[3] = byte((alpha + 127) / 255)
		}
	}
}
