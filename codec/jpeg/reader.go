package jpeg

// This file turns a frame into planes: the geometry of ITU T.81 A.1 and A.2 at N/8, the buffers
// between entropy decoding and inverse DCT, and the bands that are handed out.

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"miniatura/codec/internal/num"
)

// An emitFunc gets count rows of component c, decoded at n/8, from row y on. See Decode.
type emitFunc = func(c, n, y int, rows []byte, stride, count int) error

// PlaneSize returns the size, in samples, of component c decoded at n/8. Its width is the width of
// the picture times H/Hmax times n/8, rounded up, where H is the component's sampling factor. The
// height is computed likewise.
func (d *Reader) PlaneSize(c, n int) (w, h int) {
	k := &d.Components[c]
	return num.DivUp(d.Width*k.H*n, 8*d.hmax), num.DivUp(d.Height*k.V*n, 8*d.vmax)
}

// PlaneExtent returns the size of the whole picture, in samples of component c decoded at n/8. The
// picture is a rectangle from (0, 0), the corner of the first sample; it may end within the plane's
// last column and row. A scaler maps this rectangle onto its destination, so that planes of any n
// and any sampling lie on the same grid. This works because JPEG's chroma samples are centered
// between those of the luma.
func (d *Reader) PlaneExtent(c, n int) (w, h float64) {
	k := &d.Components[c]
	return float64(d.Width*k.H*n) / float64(8*d.hmax), float64(d.Height*k.V*n) / float64(8*d.vmax)
}

// A Scales is the set of scales at which a component is decoded: bit n stands for n/8, where n is 1
// to 8.
type Scales uint16

// most returns the largest n of s. It returns -1 if s is empty.
func (s Scales) most() int { return bits.Len16(uint16(s)) - 1 }

// PeakBytes returns an upper bound, to within some ten kilobytes, of the memory that Decode
// allocates at n. The source and what the caller keeps are not counted. Neither are 8 bytes for
// each block of a component with an n of 1, which Decode allocates if the picture is progressive
// and ends in a refinement without EOI.
func (d *Reader) PeakBytes(n [4]int) int64 { return d.PeakBytesAll(scalesOf(n)) }

// PeakBytesAll is PeakBytes for DecodeAll.
func (d *Reader) PeakBytesAll(scales [4]Scales) int64 {
	total := int64(160 << 10) // more than the size of a workspace: tables, bit reader
	var most [4]int
	for i := range d.Components {
		c := &d.Components[i]
		most[i] = scales[i].most()
		groupBytes := int64(groupMCUs*c.H*c.V*blockSize+256) * 2 // of plane.coef, which prepare sizes
		total += groupBytes
		for s := scales[i]; s != 0; s &= s - 1 { // each n of the set
			n := bits.TrailingZeros16(uint16(s))
			total += int64((d.mcux+groupMCUs)*c.H*n+margin) * int64(c.V*n) // output.rows
			if cols(n) < cols(most[i]) {
				total += groupBytes // more than output.coef takes
			}
		}
	}
	if d.Progressive {
		total += d.progressiveBytes(most)
	}
	return total
}

// scalesOf returns, for each component, the set that contains only its n.
func scalesOf(n [4]int) (s [4]Scales) {
	for c, v := range n {
		s[c] = 1 << (v & 15)
	}
	return s
}

// Decode decodes the picture: each component c at n[c]/8, where n[c] is 1 to 8. It hands out the
// planes in bands, those of a component from top to bottom. A call of emit gets count rows of
// component c, from row y of the plane on. Row y+i is rows[i*stride:][:w], where w is the width
// that PlaneSize returns. The rows are valid only during the call. The order of the components
// depends on the file. In a sequential picture the bands of components in the same scan alternate.
// In a progressive picture all bands of one component come before those of the next.
//
// Memory grows with the width, and for progressive pictures with the number of coefficients that n
// needs (see PeakBytes and MaxBytes). The context is checked once per row of MCUs. An error of emit
// ends Decode and is returned. After any error, the bands that were handed out must be discarded.
//
// A picture is complete when every component has been decoded to its last block. What follows is
// ignored. If a progressive picture does not have all bits of all coefficients, it must have EOI;
// otherwise EOI may be missing. Decode returns a FormatError if it finds damage. It does not decode
// scans that n does not need.
func (d *Reader) Decode(ctx context.Context, n [4]int, emit func(c, y int, rows []byte, stride, count int) error) error {
	for c := range d.Components {
		if n[c] < 1 || n[c] > 8 {
			return fmt.Errorf("jpeg: component %d wanted at %d/8", c, n[c])
		}
	}
	return d.DecodeAll(ctx, scalesOf(n), func(c, _, y int, rows []byte, stride, count int) error {
		return emit(c, y, rows, stride, count)
	})
}

// DecodeAll does the same as Decode for several scales at once. It reads the entropy-coded data
// once, as the largest scale needs it, and hands out every band once for each n in scales[c]. The
// planes are the same as those of Decode. If DecodeAll finds damage, Decode would find damage for
// one of the scales, but not necessarily for each. DecodeAll needs more memory (see PeakBytesAll).
func (d *Reader) DecodeAll(ctx context.Context, scales [4]Scales, emit func(c, n, y int, rows []byte, stride, count int) error) error {
	for c := range d.Components {
		if s := scales[c]; s == 0 || s&^0x1FE != 0 { // bits 1 to 8 are allowed
			return fmt.Errorf("jpeg: component %d wanted at scales %#x", c, uint(s))
		}
	}
	if peak := d.PeakBytesAll(scales); peak > d.MaxBytes {
		return tooMuch(peak, d.MaxBytes)
	}
	w, _ := workspaces.Get().(*workspace)
	if w == nil {
		w = new(workspace)
	}
	defer w.release()
	for i := range d.Components {
		p := &w.planes[i]
		p.c, p.most, p.outCount = &d.Components[i], scales[i].most(), 0
		for s := scales[i]; s != 0; s &= s - 1 { // an output for each n of the set
			o := &p.outs[p.outCount]
			o.n = bits.TrailingZeros16(uint16(s))
			_, o.height = d.PlaneSize(i, o.n)
			p.outCount++
		}
	}
	walk := *d // a copy, because the walk over the scans changes the tables in force
	if d.Progressive {
		return walk.decodeProgressive(ctx, w, emit)
	}
	return walk.decodeSequential(ctx, w, emit)
}

// A workspace is the memory of Decode. The memory is kept for the next picture, but its contents
// are not used: all of it is set before it is read.
type workspace struct {
	r      bitReader
	dc     [4]dcTable // by selector
	ac     [4]acTable
	planes [4]plane // by component

	// For progressive pictures only.
	scans []scan
	dcs   [4]dcPlane
	// The memory of progressive.coef and progressive.nz.
	coefMem []int16
	nzMem   []uint64
}

var workspaces sync.Pool

// release keeps w for the next picture, but nothing of the source.
func (w *workspace) release() {
	w.r.src = nil
	for i := range w.dc {
		w.dc[i].values, w.ac[i].values = nil, nil
		w.planes[i].c = nil
	}
	clear(w.scans)
	workspaces.Put(w)
}

const (
	// groupMCUs is how many MCUs are entropy-decoded before their blocks are transformed. 8 MCUs
	// fill even the widest kernel with blocks of one component, and stay in the first-level cache.
	groupMCUs = 8

	// margin is how many bytes a kernel may write after the last sample of a row.
	margin = 32
)

// A plane is the state of a component during a scan: one row of MCUs as samples, at each scale, and
// a group of blocks that will become samples next.
type plane struct {
	c    *Component
	most int // the largest transform is most x most

	pred  int32 // DC prediction, F.2.1.3.1
	slot  *slotTable
	limit int // coefficients from this zig-zag index on are not used

	h, v int     // an MCU has h x v blocks of the component
	size int     // coefficients in a block's buffer
	coef []int16 // the blocks of a group, in v lines
	line int     // coefficients in coef from one block line to the next

	outs     [8]output
	outCount int // outs[:outCount] are in use, one for each scale, the largest scale last
}

// An output is a plane at one scale.
type output struct {
	n      int // the transform is n x n
	height int // of the whole plane
	quant  steps
	size   int     // coefficients in a block's buffer
	coef   []int16 // a block line of a group; only used if the plane's own blocks are larger
	rows   []byte  // one row of MCUs: v*n rows of samples
	stride int     // bytes from one of rows to the next
}

// prepare prepares p for a scan. In the scan, an MCU has h x v blocks of p, and a row has mcux
// MCUs.
func (p *plane) prepare(h, v, mcux int) {
	o := orderOf(p.most)
	p.slot, p.limit, p.size = &o.slot, o.limit, o.size
	p.pred, p.h, p.v = 0, h, v
	p.line = groupMCUs * h * p.size
	p.coef = num.Grow(p.coef, v*p.line+256) // p.block returns 256 entries, also for the last block
	for i := range p.outs[:p.outCount] {
		p.outs[i].prepare(p, mcux)
	}
}

// prepare sets t's tables and buffers for the scale of t. Lines of p have mcux MCUs.
func (t *output) prepare(p *plane, mcux int) {
	o := orderOf(t.n)
	// A block may have more coefficients than n x n: for n = 3 it has 4 x 4. Their steps stay zero.
	t.size, t.quant = o.size, steps{}
	for k, q := range p.c.quant {
		if s := o.place[k]; s >= 0 {
			t.quant[s] = int16(min(q, 1<<15-1)) // clipped as idct.go says
		}
	}
	if t.size != p.size {
		t.coef = num.Grow(t.coef, groupMCUs*p.h*t.size)
	}
	wholeGroups := num.DivUp(mcux, groupMCUs) * groupMCUs // MCUs of a line that are transformed
	t.stride = wholeGroups*p.h*t.n + margin
	t.rows = num.Grow(t.rows, t.stride*p.v*t.n)
}

// clear zeroes the group's blocks.
func (p *plane) clear() { clear(p.coef[:p.v*p.line]) }

// block returns the buffer of a block: block i of line v of the group. The array is longer than the
// block, so that decodeBlock needs no bounds checks.
func (p *plane) block(v, i int) *[256]int16 {
	return (*[256]int16)(p.coef[v*p.line+i*p.size:])
}

// transform transforms the group whose first MCU is x, at each scale.
func (p *plane) transform(x int) {
	for v := range p.v {
		line := p.coef[v*p.line:][:p.line]
		for i := range p.outs[:p.outCount] {
			t := &p.outs[i]
			coef := line
			if t.size != p.size {
				blocks := len(line) / p.size
				coef = t.coef[:blocks*t.size]
				copyCorners(coef, line, t.size, p.size)
			}
			row, column := v*t.n, x*p.h*t.n
			inverse(t.n, t.rows[row*t.stride+column:], t.stride, coef, &t.quant)
		}
	}
}

// copyCorners copies the low frequencies of each block. A block has srcSize coefficients in src and
// dstSize coefficients in dst.
func copyCorners(dst, src []int16, dstSize, srcSize int) {
	switch {
	case dstSize == 16: // of 64
		for ; len(src) >= 64 && len(dst) >= 16; dst, src = dst[16:], src[64:] {
			*(*[4]int16)(dst) = *(*[4]int16)(src)
			*(*[4]int16)(dst[4:]) = *(*[4]int16)(src[8:])
			*(*[4]int16)(dst[8:]) = *(*[4]int16)(src[16:])
			*(*[4]int16)(dst[12:]) = *(*[4]int16)(src[24:])
		}
	case dstSize == 4: // of 64 or 16
		second := 4 // where the second line begins in src
		if srcSize == 64 {
			second = 8
		}
		for ; len(src) >= srcSize && len(dst) >= 4; dst, src = dst[4:], src[srcSize:] {
			*(*[2]int16)(dst) = *(*[2]int16)(src)
			*(*[2]int16)(dst[2:]) = *(*[2]int16)(src[second:])
		}
	default: // dstSize is 1
		for i := range dst {
			dst[i] = src[i*srcSize]
		}
	}
}

// handOut hands out the samples of MCU row mcuY of component c, at each scale.
func (p *plane) handOut(c, mcuY int, emit emitFunc) error {
	for i := range p.outs[:p.outCount] {
		t := &p.outs[i]
		y := mcuY * p.v * t.n
		count := min(p.v*t.n, t.height-y) // fewer in the last row of MCUs
		if err := emit(c, t.n, y, t.rows, t.stride, count); err != nil {
			return err
		}
	}
	return nil
}
