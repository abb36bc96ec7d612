package png

// This file implements Append: which of PNG's representations a picture gets (PNG specification
// sections 6.2 and 12.4), and the chunks around it.

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

// Options says how to write a PNG. The zero value, and nil, are a short search and pixels that are
// kept exactly.
type Options struct {
	Effort       Effort // of the search
	SourceColors int    // how many colors the pixels are mixtures of; 0: every pixel must be kept exactly. See Append
	ICC          []byte // a profile to carry in iCCP
	Held         int64  // bytes that the frames of an animation may take while they are held; 0 means any number
}

// Effort is how long a writer searches.
type Effort = effort.Level

const (
	DefaultEffort = effort.Default
	HighEffort    = effort.High // ten times as long, for the fewest bytes
)

// Encode writes m to w as a PNG. See Append.
func Encode(w io.Writer, m image.Image, o *Options) error {
	b, err := Append(nil, m, o)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Append appends m as a PNG to dst, in the representation that takes the fewest bytes. The color of
// every pixel that is not wholly transparent is kept exactly, but the representation may change:
// gray pictures become gray, pictures of up to 256 colors get a palette, opaque pictures lose their
// alpha, and samples are packed where fewer bits are enough. *image.Gray and *image.NRGBA are read
// directly, and everything else through its color model; *image.RGBA is premultiplied. m must have
// at least one pixel, and at most MaxPixels.
//
// When the pixels are mixtures of up to 256 colors (Options.SourceColors), the picture gets a
// palette if that is smaller and no channel of any pixel is off by more than 8. When they are
// mixtures of up to 16 levels of gray, the picture gets only these levels. Its commonest colors,
// flat areas, and alpha of 0 and 255 are exact.
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
	plans := make([]plan, len(forms))
	for i := range forms {
		plans[i] = forms[i].lines.plan(o.Effort == HighEffort)
	}
	if w*h > manyPixels && o.Effort != HighEffort {
		for len(forms) > 1 && plans[0].guess <= plans[1].guess {
			forms = forms[:1]
		}
		forms, plans = forms[len(forms)-1:], plans[len(forms)-1:]
	}
	start := len(dst)
	var best []byte
	for i := range forms {
		out := forms[i].appendTo(dst[start:start:start], w, h, o, plans[i])
		if best == nil || len(out) < len(best) {
			best = out
		}
	}
	return append(dst, best...), nil
}

// manyPixels is a number of pixels. In a picture with at least that many, a palette always saves
// bytes.
const manyPixels = 1 << 14

// A form is one way to store the picture.
type form struct {
	colorType, depth int
	plte, trns       []byte
	lines            scanlines
}

// cleaned returns the pixels of m without its margins. Wholly transparent ones are zero: their
// color does not show, and one color compresses better than many.
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
		for p := row; len(p) >= 4; p = p[4:] {
			if p[3] == 0 {
				*(*[4]byte)(p) = [4]byte{}
			}
		}
	}
	return d
}

// grayForms returns the picture in one or two forms: as gray samples and, if that takes fewer bits
// a pixel, as indices into a palette. Both use as few bits as the picture's levels allow. colors is
// Options.SourceColors.
func grayForms(m *image.Gray, colors int) []form {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	pix := make([]byte, 0, w*h)
	for y := range h {
		i := m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y+y)
		pix = append(pix, m.Pix[i:i+w]...)
	}
	if colors > 0 && colors <= 16 {
		near := nearLevels(pix, colors)
		for i, v := range pix {
			pix[i] = near[v]
		}
	}
	var used [256]bool
	for _, v := range pix {
		used[v] = true
	}
	var levels [][4]byte
	depth := 1 // the least depth in which every level of the picture exists
	for v := range used {
		if used[v] {
			levels = append(levels, [4]byte{byte(v), byte(v), byte(v), 255})
			for v%(255/(1<<depth-1)) != 0 {
				depth *= 2
			}
		}
	}
	direct := form{colorType: ctGray, depth: depth}
	if depth == 8 {
		direct.lines = scanlines{pix, w, h, 1}
	} else {
		div := byte(255 / (1<<depth - 1))
		direct.lines = pack(pix, w, h, depth, func(v byte) byte { return v / div })
	}
	if few := paletteDepth(len(levels)); few < depth {
		var index [256]byte
		for i, c := range levels {
			index[c[0]] = byte(i)
		}
		indexed := form{colorType: ctPalette, depth: few, lines: pack(pix, w, h, few, func(v byte) byte { return index[v] })}
		indexed.plte, indexed.trns = paletteChunks(levels)
		return []form{indexed, direct}
	}
	return []form{direct}
}

// colorForms returns the picture's forms; the first is the smallest for most pictures.
func colorForms(m *image.NRGBA, colors int) []form {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	opaque, gray := kinds(m.Pix)
	if opaque && gray {
		g := image.NewGray(m.Rect)
		for i := range g.Pix {
			g.Pix[i] = m.Pix[4*i]
		}
		return grayForms(g, colors)
	}
	var forms []form
	if table := countColors(m.Pix); table != nil {
		palette, index := table.sorted()
		f := form{colorType: ctPalette, depth: paletteDepth(len(palette))}
		f.plte, f.trns = paletteChunks(palette)
		pix := make([]byte, w*h)
		for i := range pix {
			pix[i] = index[table.find(binary.LittleEndian.Uint32(m.Pix[4*i:]))]
		}
		f.lines = pack(pix, w, h, f.depth, func(v byte) byte { return v })
		forms = append(forms, f)
		if w*h > manyPixels {
			return forms
		}
	} else if colors > 0 && colors <= 256 {
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

// kinds reports whether all pixels are opaque, and whether all are gray.
func kinds(pix []byte) (opaque, gray bool) {
	and, differ := ^uint32(0), uint32(0)
	for len(pix) > 0 {
		n := min(len(pix), 1<<12)
		for p := pix[:n]; len(p) >= 4; p = p[4:] {
			v := binary.LittleEndian.Uint32(p)
			and &= v
			differ |= (v ^ v>>8) & 0xffff
		}
		if and>>24 != 255 && differ != 0 {
			break
		}
		pix = pix[n:]
	}
	return and>>24 == 255, differ == 0
}

// chooseChannels returns n channels of the RGBA pixels: 4, or 3 without alpha, or 2 for gray (the
// blue channel) and alpha.
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

// A colorTable is an open-addressed hash table of up to 256 colors.
type colorTable struct {
	slot  [1024]uint16 // 1 + position in color, 0 when free
	color []uint32
}

// find returns the position of c, which is added when it is new.
func (t *colorTable) find(c uint32) int {
	h := c * 0x9e3779b1 >> 22
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

// countColors returns the table of pix's colors, nil when there are more than 256.
func countColors(pix []byte) *colorTable {
	t := new(colorTable)
	last, any := uint32(0), false
	for ; len(pix) >= 4; pix = pix[4:] {
		c := binary.LittleEndian.Uint32(pix)
		if any && c == last {
			continue
		}
		if last, any = c, true; t.find(c) >= 256 {
			return nil
		}
	}
	return t
}

// sorted returns the palette as it is written: first the colors that are not opaque, so that tRNS
// is short, then the others from dark to light. index maps positions in the table to positions in
// the palette.
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
		if (a[3] == 255) != (b[3] == 255) {
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

// paletteDepth returns the bits of an index into a palette of n colors: 1, 2, 4 or 8.
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

// pack puts w*h samples of depth bits into scanlines, the leftmost in the high bits (section 7.2).
func pack(pix []byte, w, h, depth int, sample func(byte) byte) scanlines {
	s := scanlines{stride: (w*depth + 7) / 8, h: h, bpp: 1}
	s.pix = make([]byte, s.stride*h)
	for y := range h {
		row := s.row(y)
		for x, v := range pix[y*w:][:w] {
			at := x * depth
			row[at/8] |= sample(v) << (8 - depth - at%8)
		}
	}
	return s
}

// appendTo appends the whole file.
func (f *form) appendTo(dst []byte, w, h int, o *Options, p plan) []byte {
	dst = f.appendHeader(dst, w, h, o, func(dst []byte) []byte { return dst })
	dst = appendChunk(dst, "IDAT", f.lines.compress(p))
	return appendChunk(dst, "IEND", nil)
}

// appendHeader appends what comes before IDAT; control appends what comes before the palette.
func (f *form) appendHeader(dst []byte, w, h int, o *Options, control func(dst []byte) []byte) []byte {
	dst = append(dst, signature...)
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	dst = appendChunk(dst, "IHDR", append(header, byte(f.depth), byte(f.colorType), 0, 0, 0))
	dst = control(dst)
	if o.ICC != nil { // before PLTE (section 5.6)
		dst = appendChunk(dst, "iCCP", append([]byte("ICC\x00\x00"), deflate(o.ICC, searchPatient)...))
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
