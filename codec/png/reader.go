package png

// This file implements the way from scanlines to rows of 8-bit samples: PNG specification sections
// 7.2 (scanlines), 8 (interlacing) and 13.12 (sample depth rescaling).

import (
	"context"
	"encoding/binary"
)

// Rows decodes the picture and calls emit for each row from the top, with Width*Channels bytes that
// are valid during the call only and must not be changed. It ends with the error of emit, or with
// that of the context, which is checked every 64 scanlines. Too little data is a FormatError, and
// so is data when both its CRC and its Adler-32 are wrong; a caller must discard the rows when Rows
// returns an error. Other damage, with all rows there, is reported by Note.
func (r *Reader) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	d := decoder{r: r, ctx: ctx, emit: emit, bpp: max(r.bitsPerPixel()/8, 1)}
	if r.Interlaced {
		d.picture = make([]byte, r.Width*r.Height*r.Channels)
		d.pass = -1
		d.nextPass()
	} else {
		d.w, d.h = r.Width, r.Height
	}
	n := r.rowBytes(r.Width)
	d.cur, d.prev = make([]byte, n), make([]byte, n)
	d.expand = r.expander()
	if d.expand != nil || r.Interlaced {
		d.row = make([]byte, r.Width*r.Channels)
	}
	var f inflater
	feed := feed{src: r.src, p: r.idat, frame: r.data == "fdAT"}
	err := f.inflate(feed.next, n+1, d.scanlines)
	damage, damaged := err.(FormatError)
	damage.Offset = r.idat
	switch {
	case !d.done && damaged:
		return damage
	case !d.done && err != nil && err != errTooMuch:
		return err
	case !d.done:
		return FormatError{r.idat, "too few rows"}
	case err != nil && feed.wrong:
		return FormatError{r.idat, "CRC of IDAT"}
	}
	if damaged {
		r.note(damage.Msg)
	}
	if feed.wrong {
		r.note("CRC of IDAT")
	}
	if r.Interlaced {
		n := r.Width * r.Channels
		for y := range r.Height {
			if err := emit(y, d.picture[y*n:][:n:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// A feed gives the data of the first run of IDAT chunks, the last of which may be cut off.
type feed struct {
	src   []byte
	p     int
	frame bool // the data is that of fdAT, up to the next fcTL
	wrong bool // a CRC is wrong
}

// next returns the data of the next chunk, and nothing after the last one.
func (f *feed) next() []byte {
	if f.frame {
		return f.nextFrame()
	}
	for len(f.src)-f.p >= 8 && string(f.src[f.p+4:f.p+8]) == "IDAT" {
		_, data, next, err := chunk(f.src, f.p)
		if err != nil {
			n := int64(binary.BigEndian.Uint32(f.src[f.p:]))
			data, f.p = f.src[f.p+8:], len(f.src)
			data = data[:min(n, int64(len(data)))]
		} else {
			f.wrong = f.wrong || !checkCRC(f.src, f.p, next)
			f.p = next
		}
		if len(data) > 0 {
			return data
		}
	}
	return nil
}

// nextFrame is next for fdAT, whose data follows a sequence number.
func (f *feed) nextFrame() []byte {
	for {
		kind, data, next, err := chunk(f.src, f.p)
		if err != nil || kind == "fcTL" || kind == "IEND" {
			return nil
		}
		at := f.p
		f.p = next
		if kind != "fdAT" || len(data) <= 4 {
			continue
		}
		f.wrong = f.wrong || !checkCRC(f.src, at, next)
		return data[4:]
	}
}

// A decoder turns decompressed bytes into rows.
type decoder struct {
	ctx       context.Context
	r         *Reader
	emit      func(y int, row []byte) error
	bpp       int
	cur, prev []byte // reconstructed scanlines
	expand    func(dst, src []byte)
	row       []byte // expanded
	w, h, y   int    // of the picture, or of the pass
	done      bool
	surplus   int

	pass    int
	picture []byte // interlaced
}

// Adam7 (section 8.2): where each pass begins and its steps.
var adam7 = [7]struct{ x, y, dx, dy int }{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

// nextPass begins the next pass that has pixels.
func (d *decoder) nextPass() {
	for d.pass++; d.pass < 7; d.pass++ {
		a := adam7[d.pass]
		d.w, d.h, d.y = (d.r.Width-a.x+a.dx-1)/a.dx, (d.r.Height-a.y+a.dy-1)/a.dy, 0
		if d.w > 0 && d.h > 0 {
			clear(d.prev)
			return
		}
	}
	d.done = true
}

// scanlines takes whole scanlines from b. Bytes after the last scanline are dropped, up to a limit,
// because gigabytes may follow a small picture.
func (d *decoder) scanlines(b []byte) (used int, err error) {
	for !d.done {
		n := d.r.rowBytes(d.w)
		if len(b)-used < n+1 {
			return used, nil
		}
		if d.y&63 == 0 && d.ctx.Err() != nil {
			return 0, d.ctx.Err()
		}
		src := b[used : used+n+1]
		used += n + 1
		cur := d.cur[:n]
		if err := unfilter(src[0], cur, src[1:], d.prev[:n], d.bpp); err != nil {
			return 0, err
		}
		if d.r.Interlaced {
			d.scatter(cur)
		} else {
			row := cur
			if d.expand != nil {
				row = d.row
				d.expand(row, cur)
			}
			if err := d.emit(d.y, row); err != nil {
				return 0, err
			}
		}
		d.cur, d.prev = d.prev, d.cur
		if d.y++; d.y == d.h {
			if d.r.Interlaced {
				d.nextPass()
			} else {
				d.done = true
			}
		}
	}
	if d.surplus += len(b) - used; d.surplus > 64<<10 {
		return 0, errTooMuch
	}
	return len(b), nil
}

// scatter copies the pixels of a pass's scanline to their places in the picture.
func (d *decoder) scatter(cur []byte) {
	c := d.r.Channels
	row := cur
	if d.expand != nil {
		row = d.row[:d.w*c]
		d.expand(row, cur)
	}
	a := adam7[d.pass]
	out := d.picture[((a.y+d.y*a.dy)*d.r.Width+a.x)*c:]
	for i := 0; i < d.w; i++ {
		copy(out[i*a.dx*c:][:c], row[i*c:])
	}
}

// expander returns a function that converts each pixel of a scanline to Channels samples of 8 bits,
// or nil when the scanline has them already. dst has Channels bytes for each pixel wanted.
func (r *Reader) expander() func(dst, src []byte) {
	switch {
	case r.ColorType == ctPalette:
		return r.expandPalette()
	case r.BitDepth < 8:
		return r.expandGray()
	case r.trns != nil && r.ColorType == ctGray:
		return r.expandKeyed(1)
	case r.trns != nil && r.ColorType == ctRGB:
		return r.expandKeyed(3)
	case r.BitDepth == 16 && r.Narrow != nil:
		return r.expandNarrow()
	case r.BitDepth == 16:
		return func(dst, src []byte) {
			for i := range dst {
				dst[i] = narrow(binary.BigEndian.Uint16(src[2*i:]))
			}
		}
	}
	return nil
}

// expandNarrow makes samples of 8 bits by Narrow, and those of alpha by narrow.
func (r *Reader) expandNarrow() func(dst, src []byte) {
	n := r.Channels
	colors := (n - 1) | 1
	return func(dst, src []byte) {
		for ; len(dst) >= n; dst, src = dst[n:], src[2*n:] {
			r.Narrow(dst[:colors], src)
			if colors < n {
				dst[colors] = narrow(binary.BigEndian.Uint16(src[2*colors:]))
			}
		}
	}
}

// narrow returns v*255/65535, rounded.
func narrow(v uint16) byte { return byte((uint32(v)*255 + 32895) >> 16) }

// spread returns a function that writes each sample of src, which has depth bits, below 8, to a
// byte of dst, times factor. The leftmost sample is in the high bits (section 7.2). The samples of
// a byte are looked up at once.
func spread(depth int, factor byte) func(dst, src []byte) {
	per := 8 / depth
	var table [256][8]byte
	for v := range table {
		for i := range per {
			table[v][i] = byte(v) >> (8 - depth*(i+1)) & (1<<depth - 1) * factor
		}
	}
	return func(dst, src []byte) {
		for len(dst) >= 8 {
			*(*[8]byte)(dst) = table[src[0]] // the bytes after the first per are overwritten later
			dst, src = dst[per:], src[1:]
		}
		for len(dst) > 0 {
			n := copy(dst, table[src[0]][:per])
			dst, src = dst[n:], src[1:]
		}
	}
}

// unpacker returns a function that returns the samples of a scanline of up to n pixels, a byte
// each.
func (r *Reader) unpacker(n int) func(src []byte) []byte {
	if r.BitDepth == 8 {
		return func(src []byte) []byte { return src }
	}
	buf, unpack := make([]byte, n), spread(r.BitDepth, 1)
	return func(src []byte) []byte {
		n := min(len(buf), len(src)*8/r.BitDepth)
		unpack(buf[:n], src)
		return buf[:n]
	}
}

// expandPalette returns a function that makes samples of r.Channels channels from the indices of a
// scanline.
func (r *Reader) expandPalette() func(dst, src []byte) {
	palette, samples := (*[256][4]byte)(r.palette), r.unpacker(r.Width)
	switch r.Channels {
	case 1:
		var gray [256]byte
		for i, c := range palette {
			gray[i] = c[0]
		}
		return func(dst, src []byte) {
			src = samples(src)
			for i := range dst {
				dst[i] = gray[src[i]]
			}
		}
	case 2:
		return func(dst, src []byte) {
			for _, v := range samples(src) {
				if len(dst) < 2 {
					break
				}
				c := &palette[v]
				dst[0], dst[1] = c[0], c[3]
				dst = dst[2:]
			}
		}
	case 3:
		return func(dst, src []byte) {
			src = samples(src)
			for len(dst) >= 4 && len(src) > 1 { // the fourth byte is the next pixel's
				*(*[4]byte)(dst) = palette[src[0]]
				dst, src = dst[3:], src[1:]
			}
			for len(dst) >= 3 {
				c := &palette[src[0]]
				dst[0], dst[1], dst[2] = c[0], c[1], c[2]
				dst, src = dst[3:], src[1:]
			}
		}
	}
	return func(dst, src []byte) {
		for _, v := range samples(src) {
			if len(dst) < 4 {
				break
			}
			*(*[4]byte)(dst) = palette[v]
			dst = dst[4:]
		}
	}
}

// expandGray spreads samples of 1, 2 and 4 bits over 0 to 255. A sample that equals tRNS's before
// it is spread is transparent.
func (r *Reader) expandGray() func(dst, src []byte) {
	most := byte(1)<<r.BitDepth - 1
	if r.trns == nil {
		return spread(r.BitDepth, 255/most)
	}
	samples := r.unpacker(r.Width)
	key := byte(binary.BigEndian.Uint16(r.trns)) & most // the high bits are ignored, section 11.3.1.1
	return func(dst, src []byte) {
		for _, v := range samples(src) {
			if len(dst) < 2 {
				break
			}
			dst[0], dst[1] = v*(255/most), 255
			if v == key {
				dst[1] = 0
			}
			dst = dst[2:]
		}
	}
}

// expandKeyed adds alpha to n samples of 8 or 16 bits: 0 where all of them equal those in tRNS.
// They are compared before they are narrowed.
func (r *Reader) expandKeyed(n int) func(dst, src []byte) {
	wide := r.BitDepth == 16
	var key [3]uint16
	for c := range n {
		key[c] = binary.BigEndian.Uint16(r.trns[2*c:])
		if !wide {
			key[c] &= 0xff
		}
	}
	return func(dst, src []byte) {
		for ; len(dst) > n; dst = dst[n+1:] {
			match := true
			for c := range n {
				var v uint16
				if wide {
					v = binary.BigEndian.Uint16(src[2*c:])
					dst[c] = narrow(v)
				} else {
					v = uint16(src[c])
					dst[c] = src[c]
				}
				match = match && v == key[c]
			}
			if wide {
				if r.Narrow != nil {
					r.Narrow(dst[:n], src)
				}
				src = src[2*n:]
			} else {
				src = src[n:]
			}
			dst[n] = 255
			if match {
				dst[n] = 0
			}
		}
	}
}
