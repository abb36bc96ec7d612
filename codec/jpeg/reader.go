package jpeg

// This file turns a frame into planes: the geometry of ITU T.81 A.1 and A.2 at N/8, the buffers
// between entropy decoding and inverse DCT, and the bands that are handed out.

import (
	"context"
	"fmt"
	"sync"

	"miniatura/codec/internal/num"
)

type emitFunc = func(c, y int, rows []byte, stride, count int) error

// PlaneSize returns the size, in samples, of component c decoded at n/8: ceil(W * H_c/Hmax * n/8)
// and likewise for the height.
func (d *Decoder) PlaneSize(c, n int) (w, h int) {
	k := &d.Components[c]
	return num.DivUp(d.W*k.H*n, 8*d.hmax), num.DivUp(d.H*k.V*n, 8*d.vmax)
}

// PlaneExtent returns the size of the whole picture in samples of component c decoded at n/8: a
// rectangle from (0, 0), the corner of the first sample, that may end within the plane's last
// column and row. It is what a scaler has to map onto its destination so that planes of any n, and
// any sampling, lie on the same grid: JPEG's chroma samples are centred between those of the luma.
func (d *Decoder) PlaneExtent(c, n int) (w, h float64) {
	k := &d.Components[c]
	return float64(d.W*k.H*n) / float64(8*d.hmax), float64(d.H*k.V*n) / float64(8*d.vmax)
}

// PeakBytes estimates what Decode allocates at n, an upper bound to within some ten kilobytes. It
// does not count the source and what the caller keeps.
func (d *Decoder) PeakBytes(n [4]int) int64 {
	total := int64(160 << 10) // tables, bit reader
	for i := range d.Components {
		c := &d.Components[i]
		total += int64((d.mcux+groupMCUs)*c.H*n[i]+margin)*int64(c.V*n[i]) + int64(groupMCUs*c.H*c.V*blockSize+256)*2
	}
	if d.Progressive {
		total += d.progressiveBytes(n)
	}
	return total
}

// Decode decodes the picture, component c at n[c]/8 with n[c] from 1 to 8, and hands out its planes
// in bands, each component's from top to bottom: rows y to y+count of component c, row i in
// rows[i*stride:][:w] where w is PlaneSize's. The rows are valid during the call only. How the
// components' bands interleave depends on the file: a sequential picture usually has them by turns,
// a progressive one or one in several scans has component after component.
//
// Memory is in proportion to the width, for progressive pictures to the coefficients that n needs
// (see PeakBytes and MaxBytes). The context is looked at once per row of MCUs. When Decode returns
// an error, which may be emit's own, the bands handed out before are worth nothing.
//
// A picture is complete when every component has been decoded to the last block; what follows, or
// the lack of an EOI marker, is ignored. Damage is a FormatError wherever decoding meets it; it
// does not meet it in scans that n does not need.
func (d *Decoder) Decode(ctx context.Context, n [4]int, emit func(c, y int, rows []byte, stride, count int) error) error {
	for c := range d.Components {
		if n[c] < 1 || n[c] > 8 {
			return fmt.Errorf("jpeg: component %d wanted at %d/8", c, n[c])
		}
	}
	if peak := d.PeakBytes(n); peak > d.MaxBytes {
		return tooMuch(peak, d.MaxBytes)
	}
	w, _ := workspaces.Get().(*workspace)
	if w == nil {
		w = new(workspace)
	}
	defer w.release()
	for i := range d.Components {
		p := &w.planes[i]
		p.c, p.n = &d.Components[i], n[i]
		_, p.height = d.PlaneSize(i, n[i])
	}
	walk := *d // the walk over the scans changes the tables in force
	if d.Progressive {
		return walk.decodeProgressive(ctx, w, emit)
	}
	return walk.decodeSequential(ctx, w, emit)
}

// A workspace is the memory of Decode. It is kept for the next picture, what is in it is not: all
// of it is set before it is read.
type workspace struct {
	r      bitReader
	dc     [4]dcTable // by selector
	ac     [4]acTable
	planes [4]plane // by component

	// Of progressive pictures.
	scans []scan
	dcs   [4]dcPlane
	coef  []int16
	nz    []uint64
}

var workspaces sync.Pool

// release keeps w, but nothing of the source.
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
	// groupMCUs is how many MCUs are entropy-decoded before their blocks are transformed: enough to
	// fill the widest kernel with blocks of one component, few enough to stay in the first-level
	// cache.
	groupMCUs = 8

	// margin is how many bytes a kernel may write behind the last sample of a row.
	margin = 32
)

// A plane is what a scan knows of a component: one row of MCUs, as samples, and a group of blocks
// on the way there.
type plane struct {
	c      *Component
	n      int // the transform is n x n
	height int // of the whole plane

	pred  int32 // F.2.1.3.1
	slot  *slotTable
	limit int   // coefficients from this zig-zag index on are not used
	quant steps // quantization steps, in the order of a block

	h, v   int // blocks of an MCU
	size   int // coefficients in a block's buffer
	coef   []int16
	line   int    // of coef: between block lines of an MCU
	rows   []byte // v*n rows
	stride int
}

// prepare makes p ready for a scan whose MCUs have h x v blocks of it, mcux to a row.
func (p *plane) prepare(h, v, mcux int) {
	o := &orders[p.n]
	o.once.Do(o.make)
	p.slot, p.limit, p.size = &o.slot, o.limit, o.size
	for k, q := range p.c.quant {
		if s := o.place[k]; s >= 0 {
			p.quant[s] = int16(min(q, 1<<15-1))
		}
	}
	p.pred, p.h, p.v = 0, h, v
	p.line = groupMCUs * h * p.size
	p.coef = num.Grow(p.coef, v*p.line+256)
	p.stride = num.DivUp(mcux, groupMCUs)*groupMCUs*h*p.n + margin
	p.rows = num.Grow(p.rows, p.stride*v*p.n)
}

// clear zeroes the group's blocks.
func (p *plane) clear() { clear(p.coef[:p.v*p.line]) }

// block returns the buffer of block i of a group in block line v. It is longer than the block, to
// spare bounds checks.
func (p *plane) block(v, i int) *[256]int16 {
	return (*[256]int16)(p.coef[v*p.line+i*p.size:])
}

// inverse transforms the group whose first MCU is x.
func (p *plane) inverse(x int) {
	for v := range p.v {
		inverse(p.n, p.rows[v*p.n*p.stride+x*p.h*p.n:], p.stride, p.coef[v*p.line:][:p.line], &p.quant)
	}
}

// emit hands out MCU row y.
func (p *plane) emit(c, y int, emit emitFunc) error {
	y *= p.v * p.n
	return emit(c, y, p.rows, p.stride, min(p.v*p.n, p.height-y))
}
