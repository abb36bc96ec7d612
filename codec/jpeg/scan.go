package jpeg

// This file decodes the scans of sequential pictures, ITU T.81 F.2. The order of their blocks is in
// A.2.

import (
	"context"
)

// decodeSequential decodes all scans of a sequential picture.
func (d *Reader) decodeSequential(ctx context.Context, w *workspace, emit emitFunc) error {
	s := &d.first
	var seen [4]bool
	left := len(d.Components) // components without a scan so far
	for {
		for _, ci := range s.comps[:s.n] {
			if seen[ci] {
				return FormatError{s.pos, "component in two scans"}
			}
			seen[ci] = true
		}
		if err := w.decodeScan(ctx, d, s, emit); err != nil {
			return s.withOffset(err)
		}
		if left -= s.n; left == 0 {
			return nil
		}
		d.next = w.r.sp // at the marker after the data, or before it
		var err error
		if s, err = d.nextScan(); err != nil {
			return err
		}
		if s == nil {
			return FormatError{d.at, "missing scan"}
		}
	}
}

// buildTables builds the tables that scan s uses, each once.
func (w *workspace) buildTables(s *scan) error {
	// dc and ac say which tables have been built. An AC table is built with skip if one of its
	// components is decoded at less than 8/8.
	var skips, dc, ac [4]bool
	for i, ci := range s.comps[:s.n] {
		skips[s.ta[i]] = skips[s.ta[i]] || w.planes[ci].most < 8
	}
	for i := range s.n {
		if t := s.td[i]; !dc[t] {
			dc[t] = true
			if err := w.dc[t].build(s.dc[t]); err != nil {
				return err
			}
		}
		if t := s.ta[i]; !ac[t] {
			ac[t] = true
			if err := w.ac[t].build(s.ac[t], skips[t]); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeScan decodes one scan and hands out its components in bands.
func (w *workspace) decodeScan(ctx context.Context, d *Reader, s *scan, emit emitFunc) error {
	if err := w.buildTables(s); err != nil {
		return err
	}
	var planes [4]*plane // of the scan's components
	mcux, mcuy := d.mcux, d.mcuy
	for i := range s.n {
		ci := s.comps[i]
		p, c := &w.planes[ci], &d.Components[ci]
		h, v := c.H, c.V
		if s.n == 1 { // not interleaved: an MCU is a block, A.2.2
			h, v, mcux, mcuy = 1, 1, c.bw, c.bh
		}
		p.prepare(h, v, mcux)
		planes[i] = p
	}
	ps := planes[:s.n]

	// MCUs are decoded, and their blocks transformed, in groups. A row of MCUs becomes a band.
	r := &w.r
	r.reset(d.src, s.pos)
	interval := newIntervals(s.ri)
	for y := range mcuy {
		if err := ctx.Err(); err != nil {
			return err
		}
		for x := 0; x < mcux; x += groupMCUs {
			for _, p := range ps {
				p.clear()
			}
			for g := range min(groupMCUs, mcux-x) {
				if r.p > r.mark && !r.ensure() {
					return errTruncated
				}
				if restarted, err := interval.next(r); err != nil {
					return err
				} else if restarted {
					for _, p := range ps {
						p.pred = 0
					}
				}
				interval.left--
				// Decode the blocks of each component in this MCU.
				for i, p := range ps {
					dc, ac := &w.dc[s.td[i]&3], &w.ac[s.ta[i]&3]
					for v := range p.v {
						for h := range p.h {
							if !decodeBlock(r, dc, ac, p, p.block(v, g*p.h+h)) {
								return errEntropy
							}
						}
					}
				}
			}
			for _, p := range ps {
				p.transform(x)
			}
		}
		if y == mcuy-1 && !r.done() { // checked before the last band is handed out
			return errTruncated
		}
		for i, p := range ps {
			if err := p.handOut(int(s.comps[i]), y, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// These errors say what is wrong with the data of a scan; withOffset adds the position of the data.
var (
	errTruncated error = FormatError{Msg: "entropy-coded data ends too early"}
	errEntropy   error = FormatError{Msg: "damaged entropy-coded data"}
	errRun       error = FormatError{Msg: "run of blocks past a restart marker"}
)

// withOffset returns err. If err is a FormatError, its offset becomes the position of s's
// entropy-coded data.
func (s *scan) withOffset(err error) error {
	if e, ok := err.(FormatError); ok {
		e.Offset = s.pos
		return e
	}
	return err
}

// decodeBlock decodes the next block (F.2.2.1, F.2.2.2) of plane p into co, which must hold zeros.
// The coefficients in co are quantized, and in the plane's own order. decodeBlock reports whether
// the codes are valid.
//
// The first loop decodes the coefficients before limit. The second loop skips the rest, which the
// plane's N does not use, by the sums in acTable.skip. An entry e takes e&63 bits, and k grows by
// uint8(e>>8). In a sum s these are s&31 and s>>5.
//
// k is one more than the zig-zag index of the last coefficient. It is 64 after a full block and
// beyond endOfBlock after EOB. Between these two, the codes have led out of the block.
func decodeBlock(r *bitReader, dc *dcTable, ac *acTable, p *plane, co *[256]int16) bool {
	acc, n, bp, buf := r.acc, r.n, r.p, r.buf
	acc, n, bp = refill(acc, n, buf, bp)
	e := dc.look[acc>>(64-dcBits)]
	if e == 0 {
		if e = dc.long(acc); e == 0 {
			return false
		}
	}
	p.pred += e.value(acc)
	acc <<= e & 63
	n -= int(e & 63)
	slot, limit := p.slot, p.limit
	k := 1
	for k < limit {
		// One refill serves two codes from the table. It is unconditional, because a branch would
		// be hard to predict. A code and the bits after it are at most acBits + 15 bits.
		acc, n, bp = refill(acc, n, buf, bp)
		e := ac.look[acc>>(64-acBits)]
		if e == 0 {
			e = ac.long(acc)
		}
		v := e.value(acc)
		acc <<= e & 63
		n -= int(e & 63)
		k += int(uint8(e >> 8))
		co[slot[uint8(k)]] = int16(v)
		if k >= limit {
			break
		}
		e = ac.look[acc>>(64-acBits)]
		if e == 0 {
			continue
		}
		v = e.value(acc)
		acc <<= e & 63
		n -= int(e & 63)
		k += int(uint8(e >> 8))
		co[slot[uint8(k)]] = int16(v)
	}
	if k < 64 {
		for {
			acc, n, bp = refill(acc, n, buf, bp)
			s := ac.skip[acc>>(64-skipBits)]
			if k+int(s>>5) < 64 {
				acc <<= s & 31
				n -= int(s & 31)
				k += int(s >> 5)
				s = ac.skip[acc>>(64-skipBits)]
				if k+int(s>>5) < 64 {
					acc <<= s & 31
					n -= int(s & 31)
					k += int(s >> 5)
					continue
				}
			}
			// If EOB is among the codes, it ends the block. Otherwise the next code is decoded
			// alone: it is that of the last coefficient, or too long for skip, or invalid.
			if kk := k + int(s>>5); kk > endOfBlock && kk < endOfBlock+64 {
				acc <<= s & 31
				n -= int(s & 31)
				k = kk
				break
			}
			acc, n, bp = refill(acc, n, buf, bp)
			e := ac.look[acc>>(64-acBits)]
			if e == 0 {
				e = ac.long(acc)
			}
			acc <<= e & 63
			n -= int(e & 63)
			if k += int(uint8(e >> 8)); k >= 64 {
				break
			}
		}
	}
	co[0] = int16(p.pred) // set last, because coefficients without a place are written to slot 0
	r.acc, r.n, r.p = acc, n, bp
	return (k <= 64 || k > endOfBlock) && p.pred == int32(int16(p.pred))
}
