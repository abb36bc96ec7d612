package png

// This file turns scanlines into rows of 8-bit samples: PNG specification sections
// 7.2 (scanlines), 8 (interlacing) and 13.12 (sample depth rescaling).

import (
	"context"
	"encoding/binary"
)

// Rows decodes the picture and calls emit for each row from the top, with Width*Channels bytes that
// are valid during the call only and must not be changed. It ends with the error of emit, or with
// that of the context, which is checked every 64 scanlines. It returns a FormatError if rows are
// missing, or if the zlib stream and the CRC of one of its chunks are both wrong. A caller must
// discard the rows when Rows returns an error. Other damage is no error, but Note reports it.
func (r *Reader) Rows(ctx context.Context, emit func(y int, row []byte) error) error {
	d := decoder{r: r, ctx: ctx, emit: emit, bpp: max(r.bitsPerPixel()/8, 1)}
	if r.Interlaced {
		d.picture = make([]byte, r.Width*r.Height*r.Channels)
		d.pass = -1 // before the first pass
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
	input := feed{src: r.src, p: r.idat, isFrame: r.dataKind == "fdAT"}
	err := f.inflate(input.next, n+1, d.takeScanlines)
	// If d.done is set, no row is missing.
	damage, damaged := err.(FormatError)
	damage.Offset = r.idat
	switch {
	case !d.done && damaged:
		return damage
	case !d.done && err != nil: // an error of emit or of the context
		return err
	case !d.done:
		return FormatError{r.idat, "too few rows"}
	case err != nil && input.badCRC:
		return FormatError{r.idat, "CRC of IDAT"}
	}
	if damaged {
		r.note(damage.Msg)
	}
	if input.badCRC {
		r.note("CRC of IDAT")
	}
	if r.Interlaced { // the rows are complete only now
		n := r.Width * r.Channels
		for y := range r.Height {
			if err := emit(y, d.picture[y*n:][:n:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// A feed returns the data of consecutive IDAT chunks, the last of which may be cut off, or of the
// fdAT chunks of one frame.
type feed struct {
	src     []byte
	p       int  // position of the next chunk
	isFrame bool // the data is in fdAT, up to the next fcTL
	badCRC  bool // the CRC of a chunk with the data is wrong
}

// next returns the data of the next chunk, or nil after the last one.
func (f *feed) next() []byte {
	if f.isFrame {
		return f.nextFdAT()
	}
	for len(f.src)-f.p >= 8 && string(f.src[f.p+4:f.p+8]) == "IDAT" {
		_, data, next, err := chunk(f.src, f.p)
		if err != nil { // cut off
			n := int64(binary.BigEndian.Uint32(f.src[f.p:]))
			data, f.p = f.src[f.p+8:], len(f.src)
			data = data[:min(n, int64(len(data)))]
		} else {
			f.badCRC = f.badCRC || !validCRC(f.src, f.p, next)
			f.p = next
		}
		if len(data) > 0 {
			return data
		}
	}
	return nil
}

// nextFdAT is next for fdAT, in which the data follows a sequence number of 4 bytes.
func (f *feed) nextFdAT() []byte {
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
		f.badCRC = f.badCRC || !validCRC(f.src, at, next)
		return data[4:]
	}
}

// A decoder turns decompressed bytes into rows.
type decoder struct {
	ctx       context.Context
	r         *Reader
	emit      func(y int, row []byte) error
	bpp       int                   // bytes of a pixel, at least 1
	cur, prev []byte                // reconstructed scanlines: the current one and the one above
	expand    func(dst, src []byte) // makes a row of a scanline; nil if the scanline is the row
	row       []byte                // the result of expand
	w, h      int                   // size in pixels of the picture or, if interlaced, of the pass
	y         int                   // number of the next scanline
	done      bool                  // there are no more scanlines
	surplus   int                   // bytes after the last scanline

	// Only for an interlaced picture:
	pass    int    // index in adam7
	picture []byte // the rows
}

// adam7 holds the first pixel of each pass, and the steps from pixel to pixel (section 8.2).
var adam7 = [7]struct{ x, y, dx, dy int }{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

// nextPass begins the next pass that has pixels, or sets done if there is none.
func (d *decoder) nextPass() {
	for d.pass++; d.pass < 7; d.pass++ {
		p := adam7[d.pass]
		// The size of the pass is the picture's size without what lies before the first pixel, divided
		// by the steps, rounded up.
		d.w = (d.r.Width - p.x + p.dx - 1) / p.dx
		d.h = (d.r.Height - p.y + p.dy - 1) / p.dy
		d.y = 0
		if d.w > 0 && d.h > 0 {
			clear(d.prev)
			return
		}
	}
	d.done = true
}

// takeScanlines decodes the scanlines that b holds whole, and returns how many bytes it used. It
// drops bytes after the last scanline of the picture. More than 64 kB of such bytes are an error,
// because gigabytes may follow a small picture.
func (d *decoder) takeScanlines(b []byte) (used int, err error) {
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

// scatter copies the pixels of cur, a scanline of the current pass, to their places in the picture.
func (d *decoder) scatter(cur []byte) {
	c := d.r.Channels
	row := cur
	if d.expand != nil {
		row = d.row[:d.w*c]
		d.expand(row, cur)
	}
	p := adam7[d.pass]
	y := p.y + d.y*p.dy                    // of the row in the picture
	out := d.picture[(y*d.r.Width+p.x)*c:] // from the row's first pixel of the pass on
	for i := 0; i < d.w; i++ {
		copy(out[i*p.dx*c:][:c], row[i*c:])
	}
}

// expander returns a function that converts each pixel of src, a scanline, to Channels samples of 8
// bits in dst. It returns nil if scanlines consist of such samples already. The length of dst must
// be Channels bytes for each pixel.
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
				dst[i] = to8Bits(binary.BigEndian.Uint16(src[2*i:]))
			}
		}
	}
	return nil
}

// expandNarrow returns a function that converts 16-bit color samples by Narrow, and alpha by
// to8Bits.
func (r *Reader) expandNarrow() func(dst, src []byte) {
	n := r.Channels
	colors := (n - 1) | 1 // without alpha: 1 of 1 or 2, 3 of 3 or 4
	return func(dst, src []byte) {
		for ; len(dst) >= n; dst, src = dst[n:], src[2*n:] {
			r.Narrow(dst[:colors], src)
			if colors < n {
				dst[colors] = to8Bits(binary.BigEndian.Uint16(src[2*colors:]))
			}
		}
	}
}

// to8Bits returns v*255/65535, rounded. Division by 65536 after adding 32895 is the same for all v.
func to8Bits(v uint16) byte { return byte((uint32(v)*255 + 32895) >> 16) }

// spread returns a function that unpacks the samples in src, which have 1, 2 or 4 bits. It writes
// each sample, multiplied by factor, to a byte of dst. The leftmost sample of a byte is in the high
// bits (section 7.2). One look-up finds all samples of a byte.
func spread(depth int, factor byte) func(dst, src []byte) {
	perByte := 8 / depth
	var table [256][8]byte
	for v := range table {
		for i := range perByte {
			sample := (byte(v) >> (8 - depth*(i+1))) & (1<<depth - 1)
			table[v][i] = sample * factor
		}
	}
	return func(dst, src []byte) {
		for len(dst) >= 8 {
			*(*[8]byte)(dst) = table[src[0]] // the next store overwrites all but perByte bytes
			dst, src = dst[perByte:], src[1:]
		}
		for len(dst) > 0 {
			n := copy(dst, table[src[0]][:perByte])
			dst, src = dst[n:], src[1:]
		}
	}
}

// unpacker returns a function that returns the samples in src, a scanline of up to maxPixels
// pixels, as one byte each. If the last byte of src is not full, the function may return its unused
// bits as samples, too.
func (r *Reader) unpacker(maxPixels int) func(src []byte) []byte {
	if r.BitDepth == 8 {
		return func(src []byte) []byte { return src }
	}
	buf, unpack := make([]byte, maxPixels), spread(r.BitDepth, 1)
	return func(src []byte) []byte {
		n := min(len(buf), len(src)*8/r.BitDepth)
		unpack(buf[:n], src)
		return buf[:n]
	}
}

// expandPalette returns a function that looks up the indices in src, a scanline, in the palette,
// and writes r.Channels samples for each.
func (r *Reader) expandPalette() func(dst, src []byte) {
	palette := (*[256][4]byte)(r.palette)
	samples := r.unpacker(r.Width)
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
			for len(dst) >= 4 && len(src) > 1 { // the next pixel overwrites the fourth byte
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

// expandGray returns a function that scales gray samples of 1, 2 or 4 bits to 0..255. If there is a
// tRNS, the function also writes alpha: 0 for samples that are equal to tRNS, 255 for others.
func (r *Reader) expandGray() func(dst, src []byte) {
	maxSample := byte(1)<<r.BitDepth - 1
	if r.trns == nil {
		return spread(r.BitDepth, 255/maxSample)
	}
	samples := r.unpacker(r.Width)
	// The high bits of tRNS are ignored, section 11.3.1.1.
	key := byte(binary.BigEndian.Uint16(r.trns)) & maxSample
	return func(dst, src []byte) {
		for _, v := range samples(src) {
			if len(dst) < 2 {
				break
			}
			dst[0], dst[1] = v*(255/maxSample), 255
			if v == key {
				dst[1] = 0
			}
			dst = dst[2:]
		}
	}
}

// expandKeyed returns a function that converts pixels of n samples of 8 or 16 bits, and adds alpha.
// Alpha is 0 where all samples, not yet converted to 8 bits, are equal to those in tRNS.
func (r *Reader) expandKeyed(n int) func(dst, src []byte) {
	wide := r.BitDepth == 16
	var key [3]uint16
	for c := range n {
		key[c] = binary.BigEndian.Uint16(r.trns[2*c:])
		if !wide { // the high bits of tRNS are ignored, section 11.3.1.1
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
					dst[c] = to8Bits(v)
				} else {
					v = uint16(src[c])
					dst[c] = src[c]
				}
				match = match && v == key[c]
			}
			if wide {
				if r.Narrow != nil { // its samples replace those of to8Bits
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
