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

type emitFunc = func(c, n, y int, rows []byte, stride, count int) error

// PlaneSize returns the size, in samples, of component c decoded at n/8: ceil(W * H_c/Hmax * n/8)
// and likewise for the height.
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

// most returns the largest n of s, 0 when it is empty.
func (s Scales) most() int { return bits.Len16(uint16(s)) - 1 }

// PeakBytes returns an upper bound, to within some ten kilobytes, of the memory that Decode
// allocates at n. It does not count the source and what the caller keeps.
func (d *Reader) PeakBytes(n [4]int) int64 { return d.PeakBytesAll(scalesOf(n)) }

// PeakBytesAll is PeakBytes for DecodeAll.
func (d *Reader) PeakBytesAll(scales [4]Scales) int64 {
	total := int64(160 << 10) // tables, bit reader
	var most [4]int
	for i := range d.Components {
		c := &d.Components[i]
		most[i] = scales[i].most()
		blocks := int64(groupMCUs*c.H*c.V*blockSize+256) * 2
		total += blocks
		for s := scales[i]; s != 0; s &= s - 1 {
			n := bits.TrailingZeros16(uint16(s))
			total += int64((d.mcux+groupMCUs)*c.H*n+margin) * int64(c.V*n)
			if cols(n) < cols(most[i]) {
				total += blocks
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
	for c, n := range n {
		s[c] = 1 << (n & 15)
	}
	return s
}

// Decode decodes the picture: each component c at n[c]/8, where n[c] is 1 to 8. It hands out the
// planes in bands, each component's from top to bottom. A call of emit gets count rows of component
// c, from row y of the plane on. Row y+i is rows[i*stride:][:w], where w is the width that
// PlaneSize returns. The rows are valid only during the call. The order of the components depends
// on the file. In a sequential picture their bands usually alternate. In a progressive picture, or
// one with several scans, all bands of one component come before those of the next.
//
// Memory grows with the width, and for progressive pictures with the number of coefficients that n
// needs (see PeakBytes and MaxBytes). The context is checked once per row of MCUs. When Decode
// returns an error, which may be emit's own, the bands handed out before it must be discarded.
//
// A picture is complete when every component has been decoded to its last block. What follows, or
// the lack of an EOI marker, is ignored. Decode returns a FormatError if it finds damage. Scans
// that n does not need are not decoded.
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

// DecodeAll does the same as Decode for several scales at once. The entropy-coded samples are read
// once, as the largest scale needs them, and every band comes once for each n in scales[c]. The
// planes are the same as those of Decode. If DecodeAll fails, Decode would fail for one of the
// scales, but not necessarily for each.
func (d *Reader) DecodeAll(ctx context.Context, scales [4]Scales, emit func(c, n, y int, rows []byte, stride, count int) error) error {
	for c := range d.Components {
		if s := scales[c]; s == 0 || s&^0x1FE != 0 {
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
		p.c, p.most, p.last = &d.Components[i], scales[i].most(), 0
		for s := scales[i]; s != 0; s &= s - 1 {
			o := &p.outs[p.last]
			o.n = bits.TrailingZeros16(uint16(s))
			_, o.height = d.PlaneSize(i, o.n)
			p.last++
		}
	}
	walk := *d // the walk over the scans changes the tables in force
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
	coef  []int16
	nz    []uint64
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
	// groupMCUs is how many MCUs are entropy-decoded before their blocks are transformed. They are
	// enough to fill the widest kernel with blocks of one component, and few enough to stay in the
	// first-level cache.
	groupMCUs = 8

	// margin is how many bytes a kernel may write after the last sample of a row.
	margin = 32
)

// A plane is the state of a component during a scan: one row of MCUs as samples, at each scale, and
// a group of blocks that will become samples next.
type plane struct {
	c    *Component
	most int // the largest transform is most x most

	pred  int32 // F.2.1.3.1
	slot  *slotTable
	limit int // coefficients from this zig-zag index on are not used

	h, v int // blocks of an MCU
	size int // coefficients in a block's buffer
	coef []int16
	line int // coefficients in coef from one block line to the next

	outs [8]output
	last int // outs[:last] are in use; the largest is the last
}

// An output is a plane at one scale.
type output struct {
	n      int // the transform is n x n
	height int // of the whole plane
	quant  steps
	size   int     // coefficients in a block's buffer
	coef   []int16 // a block line of a group; only used if the plane's own blocks are larger
	rows   []byte  // v*n rows
	stride int
}

// prepare prepares p for a scan. In the scan, an MCU has h x v blocks of p, and a row has mcux
// MCUs.
func (p *plane) prepare(h, v, mcux int) {
	o := orderOf(p.most)
	p.slot, p.limit, p.size = &o.slot, o.limit, o.size
	p.pred, p.h, p.v = 0, h, v
	p.line = groupMCUs * h * p.size
	p.coef = num.Grow(p.coef, v*p.line+256)
	for i := range p.outs[:p.last] {
		p.outs[i].prepare(p, mcux)
	}
}

// prepare sets t's tables and buffers for the scale of t. Lines of p have mcux MCUs.
func (t *output) prepare(p *plane, mcux int) {
	o := orderOf(t.n)
	t.size, t.quant = o.size, steps{} // zero where a block of p may have a coefficient that t does not use
	for k, q := range p.c.quant {
		if s := o.place[k]; s >= 0 {
			t.quant[s] = int16(min(q, 1<<15-1))
		}
	}
	if t.size != p.size {
		t.coef = num.Grow(t.coef, groupMCUs*p.h*t.size)
	}
	t.stride = num.DivUp(mcux, groupMCUs)*groupMCUs*p.h*t.n + margin
	t.rows = num.Grow(t.rows, t.stride*p.v*t.n)
}

// clear zeroes the group's blocks.
func (p *plane) clear() { clear(p.coef[:p.v*p.line]) }

// block returns the buffer of block i of a group in block line v. The returned array is longer than
// the block, so that no bounds checks are needed.
func (p *plane) block(v, i int) *[256]int16 {
	return (*[256]int16)(p.coef[v*p.line+i*p.size:])
}

// inverse transforms the group whose first MCU is x.
func (p *plane) inverse(x int) {
	for v := range p.v {
		line := p.coef[v*p.line:][:p.line]
		for i := range p.outs[:p.last] {
			t := &p.outs[i]
			coef := line
			if t.size != p.size {
				coef = t.coef[:len(line)/p.size*t.size]
				copyCorners(coef, line, t.size, p.size)
			}
			inverse(t.n, t.rows[v*t.n*t.stride+x*p.h*t.n:], t.stride, coef, &t.quant)
		}
	}
}

// copyCorners copies the low frequencies of each block. A block has "from" coefficients in src and
// "to" coefficients in dst.
func copyCorners(dst, src []int16, to, from int) {
	switch {
	case to == 16: // of 64
		for ; len(src) >= 64 && len(dst) >= 16; dst, src = dst[16:], src[64:] {
			*(*[4]int16)(dst) = *(*[4]int16)(src)
			*(*[4]int16)(dst[4:]) = *(*[4]int16)(src[8:])
			*(*[4]int16)(dst[8:]) = *(*[4]int16)(src[16:])
			*(*[4]int16)(dst[12:]) = *(*[4]int16)(src[24:])
		}
	case to == 4: // of 64 or 16
		second := 4
		if from == 64 {
			second = 8
		}
		for ; len(src) >= from && len(dst) >= 4; dst, src = dst[4:], src[from:] {
			*(*[2]int16)(dst) = *(*[2]int16)(src)
			*(*[2]int16)(dst[2:]) = *(*[2]int16)(src[second:])
		}
	default:
		for i := range dst {
			dst[i] = src[i*from]
		}
	}
}

// emit hands out the samples of MCU row y.
func (p *plane) emit(c, y int, emit emitFunc) error {
	for i := range p.outs[:p.last] {
		t := &p.outs[i]
		y := y * p.v * t.n
		if err := emit(c, t.n, y, t.rows, t.stride, min(p.v*t.n, t.height-y)); err != nil {
			return err
		}
	}
	return nil
}
