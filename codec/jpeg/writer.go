package jpeg

import (
	"errors"
	"image"
	"io"
	"sync"
)

// This file implements the writer: frames and their blocks (ITU T.81 A.1, A.2). The marker segments
// are in writer_header.go, the quantization tables in writer_quant.go, the choice of levels in
// writer_trellis.go, the weights of errors in writer_weight.go, the scans in writer_scan.go, and
// the conversion of colors in writer_source.go.

// DefaultQuality is the quality when Options has none. It is the same as in image/jpeg.
const DefaultQuality = 75

// Options are the writer's parameters. The zero value and nil mean a sequential file at
// DefaultQuality.
type Options struct {
	// Quality is 1 to 100. At each quality the picture looks as good as libjpeg's (by SSIMULACRA2),
	// but takes fewer bytes, with other quantization tables. 0 means DefaultQuality. Other numbers
	// are clamped to the range, as in image/jpeg.
	Quality int

	// Progressive writes a progressive frame. It takes some 3 percent fewer bytes than a sequential
	// frame, and 10 percent more time to write. Small pictures take more bytes, because the headers
	// become twice as large.
	Progressive bool

	// Smallest writes a sequential and a progressive frame, whatever Progressive says, and keeps
	// the smaller one.
	Smallest bool

	// ICC, if not empty, is a profile to embed, in one or more APP2 segments.
	ICC []byte

	// RGB stores red, green and blue as they are, not subsampled, and an Adobe marker that says so.
	// It is meant for pictures whose profile has not been evaluated: their channels should not be
	// mixed. It is ignored for pictures that are written without conversion (see Append).
	RGB bool
}

var (
	errSize    = errors.New("jpeg: image is empty or larger than 65535 a side")
	errProfile = errors.New("jpeg: ICC profile does not fit 255 segments")
)

// Encode writes m to w as a JPEG. See [Append].
func Encode(w io.Writer, m image.Image, o *Options) error {
	b, err := Append(nil, m, o)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Append appends m as a JPEG to dst, with Huffman tables fitted to it.
//
// An *image.YCbCr is written as it is, in full range and with its own subsampling, unless it is a
// sub-image whose left or upper edge cuts through chroma samples. An *image.Gray is written as one
// component. Every other picture is converted to YCbCr, or stored as RGB if Options.RGB is set.
// Converted YCbCr is 4:2:0 below quality 90, and 4:4:4 from 90 on. Pixels with alpha are put on
// black, as in image/jpeg.
func Append(dst []byte, m image.Image, o *Options) ([]byte, error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	if opt.Quality == 0 {
		opt.Quality = DefaultQuality
	}
	opt.Quality = min(max(opt.Quality, 1), 100)
	b := m.Bounds()
	if b.Empty() || b.Dx() > 65535 || b.Dy() > 65535 {
		return dst, errSize
	}
	if len(opt.ICC) > 255*iccChunk {
		return dst, errProfile
	}
	w := writers.Get().(*writer)
	defer writers.Put(w)
	if !opt.Smallest {
		return w.append(dst, m, &opt), nil
	}
	// The progressive file is written behind the sequential one, and moved over it if it is
	// smaller.
	start := len(dst)
	opt.Progressive = false
	sequential := w.append(dst, m, &opt)
	opt.Progressive = true
	both := w.append(sequential, m, &opt)
	if n := len(sequential); len(both)-n < n-start {
		return append(both[:start], both[n:]...), nil
	}
	return sequential, nil
}

// append appends m as one file, in the kind of frame that o selects.
func (w *writer) append(dst []byte, m image.Image, o *Options) []byte {
	w.frame(m, o)
	dst = w.appendHeader(dst, o)
	if o.Progressive {
		w.startScans(progressiveScript)
	} else {
		w.startScans(sequentialScript)
	}
	dst = w.appendScans(dst)
	w.release()
	return append(dst, 0xFF, markerEOI)
}

// writers keeps the memory of writers for the next picture.
var writers = sync.Pool{New: func() any { return new(writer) }}

// A writer holds what is known of a picture while it is written.
type writer struct {
	width, height int
	comps         []writerComponent
	maxH, maxV    int  // sampling factors of an MCU
	mcusX, mcusY  int  // MCUs in a line, and lines of MCUs
	rgb           bool // the components are red, green and blue

	quant  [3]quantizer
	source source // of pictures that have to be converted

	// nearestOnly turns off the choice of levels: coefficients are quantized to the nearest level.
	// It is set while costs are computed, and in tests.
	nearestOnly bool
	trellis     trellis

	scans    []writerScan
	codes    codes
	specs    [tableCount]huffmanSpec
	nextSpec huffmanSpec // of the scan after the one that is written

	places [tableCount]byte // by a token's table: the number that the table has in the file, 0 or 1

	// Memory for the blocks of a line of MCUs, by component, and for the samples of two blocks at
	// the edge of the picture.
	coef, raw [3][]coefBlock
	mask      [3][]uint64
	edge      [8 * 16]byte
}

// A writerComponent is a component of the frame, ITU T.81 A.1.1.
type writerComponent struct {
	id     byte
	h, v   int // sampling factors
	tables int // which Huffman tables: 0 (luma's) or 1 (chroma's)
	quant  int // which quantization table, 0 to 2

	// There are w x height samples. Row y begins at plane[(y-y0)*stride].
	w, height int
	plane     []byte
	stride    int
	y0        int

	// The blocks of one line of MCUs. A line has blocksX blocks, padded to whole MCUs.
	blocksX int
	coef    []coefBlock // quantized
	raw     []coefBlock // before quantization, times 8
	mask    []uint64    // of each block: bit k is set if coef at zig-zag index k is not 0

	pred int32 // DC prediction
}

// frame sets the components of m, their sizes and their quantizers.
func (w *writer) frame(m image.Image, o *Options) {
	b := m.Bounds()
	w.width, w.height = b.Dx(), b.Dy()
	w.rgb = false
	w.comps = append(w.comps[:0], make([]writerComponent, 3)...) // zeros, in w.comps' memory
	w.source.reset(m)
	// The components, with planes of m or planes to convert into.
	switch m := m.(type) {
	case *image.Gray:
		w.comps = w.comps[:1]
		w.comps[0] = writerComponent{id: 1, h: 1, v: 1, plane: m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], stride: m.Stride}
	case *image.YCbCr:
		h, v := lumaSampling(m)
		if b.Min.X%h != 0 || b.Min.Y%v != 0 {
			// Chroma samples extend over the left or upper edge of the picture, so the planes
			// cannot be written as they are.
			w.convertedFrame(o)
			break
		}
		y, c := m.YOffset(b.Min.X, b.Min.Y), m.COffset(b.Min.X, b.Min.Y)
		w.comps[0] = writerComponent{id: 1, h: h, v: v, plane: m.Y[y:], stride: m.YStride}
		w.comps[1] = writerComponent{id: 2, h: 1, v: 1, tables: 1, plane: m.Cb[c:], stride: m.CStride}
		w.comps[2] = writerComponent{id: 3, h: 1, v: 1, tables: 1, plane: m.Cr[c:], stride: m.CStride}
	default:
		w.convertedFrame(o)
	}

	// The sizes of the components.
	w.maxH, w.maxV = w.comps[0].h, w.comps[0].v
	w.mcusX = ceilDiv(w.width, 8*w.maxH)
	w.mcusY = ceilDiv(w.height, 8*w.maxV)
	for i := range w.comps {
		c := &w.comps[i]
		c.w = ceilDiv(w.width*c.h, w.maxH)
		c.height = ceilDiv(w.height*c.v, w.maxV)
		c.blocksX = w.mcusX * c.h
	}
	w.quantizers(o.Quality)
}

// convertedFrame sets the components of a picture whose planes have to be made from pixels.
func (w *writer) convertedFrame(o *Options) {
	switch {
	case o.RGB:
		w.rgb = true
		for i, id := range "RGB" {
			w.comps[i] = writerComponent{id: byte(id), h: 1, v: 1}
		}
	case o.Quality >= 90:
		for i := range w.comps {
			w.comps[i] = writerComponent{id: byte(i + 1), h: 1, v: 1, tables: min(i, 1)}
		}
	default:
		for i := range w.comps {
			w.comps[i] = writerComponent{id: byte(i + 1), h: 1, v: 1, tables: min(i, 1)}
		}
		w.comps[0].h, w.comps[0].v = 2, 2
	}
	w.source.plan(w)
}

// lumaSampling returns the sampling factors of m's luma, where those of chroma are 1x1.
func lumaSampling(m *image.YCbCr) (h, v int) {
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// release drops the picture. The token buffers of scans stay for the next picture, except those of
// more than 4 MB, which few pictures need.
func (w *writer) release() {
	const keep = 4 << 20 // bytes of tokens for each scan; a token takes 4
	for i := range w.comps {
		c := &w.comps[i]
		c.plane, c.coef, c.raw, c.mask = nil, nil, nil, nil
	}
	w.source.release()
	// Up to the capacity there are also the scans that keepSplit has dropped.
	w.scans = w.scans[:cap(w.scans)]
	for i := range w.scans {
		if 4*cap(w.scans[i].tokens) > keep {
			w.scans[i].tokens = nil
		}
	}
}

// reserve makes room for the blocks of a line of MCUs.
func (w *writer) reserve() {
	for i := range w.comps {
		c := &w.comps[i]
		n := c.blocksX * c.v
		if cap(w.coef[i]) < n {
			w.coef[i], w.raw[i] = make([]coefBlock, n), make([]coefBlock, n)
			w.mask[i] = make([]uint64, n)
		}
		c.coef, c.raw, c.mask = w.coef[i][:n], w.raw[i][:n], w.mask[i][:n]
	}
}

// forward transforms and quantizes a line of MCUs.
func (w *writer) forward(mcuY int) {
	w.source.convert(w, mcuY)
	for i := range w.comps {
		c := &w.comps[i]
		for v := range c.v {
			by := mcuY*c.v + v  // line of blocks in the component
			at := v * c.blocksX // first block of this line
			coef, mask := c.coef[at:][:c.blocksX], c.mask[at:][:c.blocksX]
			// A block outside of the component, which is there to complete its MCU, repeats the DC
			// coefficient of the block before it in the MCU. This costs the fewest bits, and A.2.4
			// leaves the samples of such blocks to the writer.
			if 8*by >= c.height {
				above := at - c.blocksX // first block of the line above
				for b := range coef {
					mcu := b / c.h
					last := above + mcu*c.h + c.h - 1 // of the MCU's blocks in the line above
					coef[b], mask[b] = coefBlock{c.coef[last][0]}, 0
				}
				continue
			}
			inside := ceilDiv(c.w, 8) // blocks that are not outside of the component
			w.forwardBlocks(c, coef[:inside], c.raw[at:][:inside], mask[:inside], 8*by)
			if !w.nearestOnly {
				w.chooseLevels(i, at, inside, 8*by)
			}
			for b := inside; b < len(coef); b++ {
				coef[b], mask[b] = coefBlock{coef[b-1][0]}, 0
			}
		}
	}
}

// forwardBlocks transforms and quantizes the blocks of c whose first row of samples is y.
func (w *writer) forwardBlocks(c *writerComponent, coef, raw []coefBlock, mask []uint64, y int) {
	q := &w.quant[c.quant]
	whole := c.w / 16 * 2 // blocks that do not need padding, in pairs
	if y+8 > c.height {
		whole = 0
	}
	if whole > 0 {
		fdctQuantize(coef[:whole], raw[:whole], mask[:whole], c.plane[(y-c.y0)*c.stride:], c.stride, q)
	}
	// The samples of the other blocks are copied to w.edge, two blocks at a time, with the last
	// column and row repeated as padding.
	for b := whole; b < len(coef); b += 2 {
		n := min(c.w-8*b, 16) // samples in a row without padding
		for j := range 8 {
			rowY := min(y+j, c.height-1) // the last row is repeated
			row := c.plane[(rowY-c.y0)*c.stride:][:c.w]
			edge := w.edge[16*j:][:16]
			copy(edge, row[8*b:8*b+n])
			for i := n; i < len(edge); i++ {
				edge[i] = row[c.w-1]
			}
		}
		// The second block of the two may not exist, and is not copied then.
		var coef2, raw2 [2]coefBlock
		var mask2 [2]uint64
		fdctQuantize(coef2[:], raw2[:], mask2[:], w.edge[:], 16, q)
		copy(coef[b:], coef2[:])
		copy(raw[b:], raw2[:])
		copy(mask[b:], mask2[:])
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
