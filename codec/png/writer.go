package png

// This file implements Append: which of PNG's representations a picture gets (PNG specification
// sections 6.2 and 12.4), and the chunks of the file.

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"io"
	"slices"

	"miniatura/codec/internal/effort"
)

// Options says how to write a PNG. nil means the zero Options: default effort, and no pixel that
// can be seen is changed.
type Options struct {
	Effort       Effort
	SourceColors int    // if not 0: the picture was made by scaling one of so many colors, see Append
	ICC          []byte // a profile to carry in iCCP, or nil
	Held         int64  // bytes of compressed frames that an AnimationWriter may hold; 0: no limit
}

// Effort is how long a writer searches for fewer bytes.
type Effort = effort.Level

const (
	DefaultEffort = effort.Default
	HighEffort    = effort.High // about ten times as long
)

// Encode writes m to w as a PNG. See Append.
func Encode(w io.Writer, m image.Image, o *Options) error {
	b, err := Append(nil, m, o)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Append appends m as a PNG to dst, in the form that takes, or is expected to take, the fewest
// bytes: gray or in color, with or without alpha, with or without a palette, and with no more bits
// in a sample than are needed.
//
// If Options.SourceColors is 0, wholly transparent pixels become black, and all others keep their
// color exactly. Otherwise the pixels of m are mixtures of so many colors, and similar mixtures may
// become one color. With SourceColors up to 256, a picture of more than 256 colors gets a palette
// if that saves bytes. With SourceColors up to 16, a gray picture gets fewer levels. No channel
// changes by more than 8. Alpha of 0 or 255 does not change. Of similar mixtures the commonest does
// not change.
//
// Append reads the samples of *image.Gray and *image.NRGBA directly. It reads other types by their
// At method, and keeps 8 bits of each sample. Width and height are limited to MaxSide, and their
// product to MaxPixels. An empty m is an error.
func Append(dst []byte, m image.Image, o *Options) ([]byte, error) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide || w*h > MaxPixels {
		return nil, UnsupportedError("dimensions")
	}
	if o == nil {
		o = &Options{}
	}
	var forms []form
	if g, ok := m.(*image.Gray); ok {
		forms = grayForms(g, o.SourceColors)
	} else {
		forms = colorForms(cleaned(m), o.SourceColors)
	}
	// Choose how each form would be compressed, and which forms are.
	plans := make([]plan, len(forms))
	for i := range forms {
		plans[i] = forms[i].lines.makePlan(o.Effort == HighEffort)
	}
	if w*h > manyPixels && o.Effort != HighEffort && len(forms) == 2 {
		// Only the form that is expected to be smaller is compressed.
		smaller := 0
		if plans[1].guess < plans[0].guess {
			smaller = 1
		}
		forms, plans = forms[smaller:smaller+1], plans[smaller:smaller+1]
	}
	var shortest []byte
	for i := range forms {
		file := forms[i].appendTo(nil, w, h, o, plans[i])
		if shortest == nil || len(file) < len(shortest) {
			shortest = file
		}
	}
	return append(dst, shortest...), nil
}

// manyPixels is the size up to which a picture is compressed in all its forms. Of a picture with
// more pixels, only the form that is expected to be smaller is compressed, except with high effort.
// If such a picture is not gray and has at most 256 colors, the form without a palette is not even
// made: so many indices save more bytes than the palette takes.
const manyPixels = 1 << 14

// A form is one way to store the picture.
type form struct {
	colorType, depth int
	plte, trns       []byte // data of the chunks, or nil
	lines            scanlines
}

// cleaned returns a copy of m in which wholly transparent pixels are zero: their color does not
// show, and one color compresses better than many. The copy begins at 0, 0.
func cleaned(m image.Image) *image.NRGBA {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	d := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := d.Pix[y*d.Stride:][:4*w]
		switch s := m.(type) {
		case *image.NRGBA:
			copy(row, s.Pix[s.PixOffset(b.Min.X, b.Min.Y+y):])
		default:
			for x := range w {
				c := color.NRGBAModel.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = c.R, c.G, c.B, c.A
			}
		}
		for pixel := row; len(pixel) >= 4; pixel = pixel[4:] {
			if pixel[3] == 0 {
				*(*[4]byte)(pixel) = [4]byte{}
			}
		}
	}
	return d
}

// grayForms returns m in one or two forms: as indices into a palette, if an index takes fewer bits
// than a gray sample, and as gray samples. Both have as few bits as the levels of m allow.
func grayForms(m *image.Gray, sourceColors int) []form {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	pix := make([]byte, 0, w*h)
	for y := range h {
		i := m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y+y)
		pix = append(pix, m.Pix[i:i+w]...)
	}
	if sourceColors > 0 && sourceColors <= 16 {
		replacement := replaceLevels(pix, sourceColors)
		for i, v := range pix {
			pix[i] = replacement[v]
		}
	}
	var used [256]bool // by level
	for _, v := range pix {
		used[v] = true
	}
	var levels [][4]byte
	depth := 1 // the least depth in which every level in pix exists
	for v := range used {
		if used[v] {
			levels = append(levels, [4]byte{byte(v), byte(v), byte(v), 255})
			for v%levelStep(depth) != 0 {
				depth *= 2
			}
		}
	}
	direct := form{colorType: ctGray, depth: depth}
	if depth == 8 {
		direct.lines = scanlines{pix, w, h, 1}
	} else {
		step := byte(levelStep(depth))
		direct.lines = pack(pix, w, h, depth, func(v byte) byte { return v / step })
	}
	if indexDepth := paletteDepth(len(levels)); indexDepth < depth {
		var index [256]byte // position of each level in levels
		for i, c := range levels {
			index[c[0]] = byte(i)
		}
		indexed := form{colorType: ctPalette, depth: indexDepth}
		indexed.lines = pack(pix, w, h, indexDepth, func(v byte) byte { return index[v] })
		indexed.plte, indexed.trns = paletteChunks(levels)
		return []form{indexed, direct}
	}
	return []form{direct}
}

// levelStep returns the difference between neighboring levels of gray in a bit depth: 255, 85, 17
// or 1. All levels are multiples of it.
func levelStep(depth int) int { return 255 / (1<<depth - 1) }

// colorForms returns m in one or two forms: with a palette, if there is one, and without. If m is
// gray and opaque, colorForms returns grayForms. It leaves out the form without a palette if m has
// more than manyPixels and its colors fit into a palette.
func colorForms(m *image.NRGBA, sourceColors int) []form {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	opaque, gray := isOpaqueAndGray(m.Pix)
	if opaque && gray {
		g := image.NewGray(m.Rect)
		for i := range g.Pix {
			g.Pix[i] = m.Pix[4*i]
		}
		return grayForms(g, sourceColors)
	}
	var forms []form
	if table := countColors(m.Pix); table != nil {
		palette, index := table.sorted()
		f := form{colorType: ctPalette, depth: paletteDepth(len(palette))}
		f.plte, f.trns = paletteChunks(palette)
		pix := make([]byte, w*h)
		for i := range pix {
			pix[i] = index[table.findOrAdd(binary.LittleEndian.Uint32(m.Pix[4*i:]))]
		}
		f.lines = pack(pix, w, h, f.depth, func(v byte) byte { return v })
		forms = append(forms, f)
		if w*h > manyPixels {
			return forms
		}
	} else if sourceColors > 0 && sourceColors <= 256 {
		if f := nearForm(m); f != nil {
			forms = append(forms, *f)
		}
	}
	direct := form{colorType: ctRGBA, depth: 8}
	channels := 4
	switch {
	case opaque:
		direct.colorType, channels = ctRGB, 3
	case gray:
		direct.colorType, channels = ctGrayAlpha, 2
	}
	direct.lines = scanlines{chooseChannels(m.Pix, channels), w * channels, h, channels}
	return append(forms, direct)
}

// isOpaqueAndGray reports whether all pixels are opaque, and whether all are gray.
func isOpaqueAndGray(pix []byte) (opaque, gray bool) {
	and := ^uint32(0)   // of all pixels; the highest byte is that of alpha
	differ := uint32(0) // the bits in which R and G or G and B of any pixel differ
	for len(pix) > 0 {
		n := min(len(pix), 1<<12) // after so many bytes: check whether both answers are known
		for p := pix[:n]; len(p) >= 4; p = p[4:] {
			v := binary.LittleEndian.Uint32(p)
			and &= v
			differ |= (v ^ (v >> 8)) & 0xffff
		}
		if and>>24 != 255 && differ != 0 {
			break
		}
		pix = pix[n:]
	}
	return and>>24 == 255, differ == 0
}

// chooseChannels returns a copy of the RGBA pixels in pix with n channels: with 4 RGBA, with 3 RGB,
// and with 2 gray and alpha. It takes blue as gray.
func chooseChannels(pix []byte, n int) []byte {
	out := make([]byte, len(pix)/4*n)
	switch n {
	case 2:
		for i, o := 0, out; len(o) >= 2; i, o = i+4, o[2:] {
			o[0], o[1] = pix[i+2], pix[i+3]
		}
	case 3:
		for o := out; len(o) >= 3 && len(pix) >= 4; o, pix = o[3:], pix[4:] {
			o[0], o[1], o[2] = pix[0], pix[1], pix[2]
		}
	default:
		copy(out, pix)
	}
	return out
}

// A colorTable is an open-addressed hash table of up to 257 colors. The 257th tells that there are
// too many for a palette.
type colorTable struct {
	slot  [1024]uint16 // 1 + position in color, 0 if free
	color []uint32     // little-endian RGBA
}

// findOrAdd returns the position of c in t.color, and adds c first if it is new.
func (t *colorTable) findOrAdd(c uint32) int {
	h := (c * hashFactor) >> 22 // 10 bits: an index of slot
	for t.slot[h] != 0 {
		if i := int(t.slot[h]) - 1; t.color[i] == c {
			return i
		}
		h = (h + 1) & 1023
	}
	t.color = append(t.color, c)
	t.slot[h] = uint16(len(t.color))
	return len(t.color) - 1
}

// countColors returns the table of the colors in pix, or nil if there are more than 256.
func countColors(pix []byte) *colorTable {
	t := new(colorTable)
	last, hasLast := uint32(0), false // the pixel before
	for ; len(pix) >= 4; pix = pix[4:] {
		c := binary.LittleEndian.Uint32(pix)
		if hasLast && c == last {
			continue
		}
		last, hasLast = c, true
		if t.findOrAdd(c) >= 256 {
			return nil
		}
	}
	return t
}

// sorted returns the palette as it is written. The colors that are not opaque come first, so that
// tRNS is short. Among them, and among the opaque colors, dark colors come before light ones. index
// maps positions in t.color to positions in the palette.
func (t *colorTable) sorted() (palette [][4]byte, index []byte) {
	order := make([]int, len(t.color))
	for i := range order {
		order[i] = i
	}
	rgba := func(i int) (c [4]byte) {
		binary.LittleEndian.PutUint32(c[:], t.color[i])
		return c
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := rgba(i), rgba(j)
		luma := func(c [4]byte) int { return 299*int(c[0]) + 587*int(c[1]) + 114*int(c[2]) }
		if (a[3] == 255) != (b[3] == 255) { // only one of them is opaque
			return cmp.Compare(a[3], b[3])
		}
		return cmp.Or(cmp.Compare(luma(a), luma(b)), bytes.Compare(a[:], b[:]))
	})
	index = make([]byte, len(order))
	for at, i := range order {
		palette = append(palette, rgba(i))
		index[i] = byte(at)
	}
	return palette, index
}

// paletteDepth returns the number of bits of an index into a palette of n colors: 1, 2, 4 or 8.
func paletteDepth(n int) int {
	switch {
	case n <= 2:
		return 1
	case n <= 4:
		return 2
	case n <= 16:
		return 4
	}
	return 8
}

// paletteChunks returns the data of PLTE and tRNS. tRNS ends with the last color that is not
// opaque.
func paletteChunks(palette [][4]byte) (plte, trns []byte) {
	for i, c := range palette {
		plte = append(plte, c[:3]...)
		if c[3] != 255 {
			for len(trns) <= i {
				trns = append(trns, 255)
			}
			trns[i] = c[3]
		}
	}
	return plte, trns
}

// pack returns scanlines with a sample of depth bits, sample(v), for each v of the w*h values in
// pix. The leftmost sample of a byte is in the high bits (section 7.2).
func pack(pix []byte, w, h, depth int, sample func(byte) byte) scanlines {
	s := scanlines{stride: (w*depth + 7) / 8, h: h, bpp: 1}
	s.pix = make([]byte, s.stride*h)
	for y := range h {
		row := s.row(y)
		for x, v := range pix[y*w:][:w] {
			bit := x * depth
			row[bit/8] |= sample(v) << (8 - depth - bit%8)
		}
	}
	return s
}

// appendTo appends the whole file to dst.
func (f *form) appendTo(dst []byte, w, h int, o *Options, p plan) []byte {
	dst = f.appendHeader(dst, w, h, o, func(dst []byte) []byte { return dst })
	dst = appendChunk(dst, "IDAT", f.lines.compress(p))
	return appendChunk(dst, "IEND", nil)
}

// appendHeader appends what comes before IDAT and an fcTL before it. It calls appendControl, which
// may append chunks that have to follow IHDR.
func (f *form) appendHeader(dst []byte, w, h int, o *Options, appendControl func(dst []byte) []byte) []byte {
	dst = append(dst, signature...)
	header := binary.BigEndian.AppendUint32(nil, uint32(w))
	header = binary.BigEndian.AppendUint32(header, uint32(h))
	header = append(header, byte(f.depth), byte(f.colorType))
	header = append(header, 0, 0, 0) // methods of compression and filters; not interlaced
	dst = appendChunk(dst, "IHDR", header)
	dst = appendControl(dst)
	if o.ICC != nil { // before PLTE (section 5.6)
		named := []byte("ICC\x00\x00") // a name, its end, and the compression method
		named = append(named, deflate(o.ICC, searchPatient)...)
		dst = appendChunk(dst, "iCCP", named)
	}
	if f.plte != nil {
		dst = appendChunk(dst, "PLTE", f.plte)
	}
	if f.trns != nil {
		dst = appendChunk(dst, "tRNS", f.trns)
	}
	return dst
}

// appendChunk appends a chunk with its length and CRC (section 5.3).
func appendChunk(dst []byte, kind string, data []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(data)))
	start := len(dst)
	dst = append(append(dst, kind...), data...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}
