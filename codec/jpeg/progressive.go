package jpeg

// This file decodes progressive pictures, ITU T.81 annex G.
//
// The decoder first walks over all scans and finds out, from the last to the first, which of them
// the wanted N needs. A scan is needed if it has coefficients that N uses. If a refinement is
// needed, every earlier scan with coefficients of its band is needed too, because the number of
// bits of the refinement depends on all coefficients of the band that are not zero. A scan that no
// marker follows is needed to see whether it is whole. The other scans are never decoded.
//
// Then the decoder decodes the DC scans, which interleave the components, and after that the AC
// scans of one component after the other. So only one component's AC coefficients are in memory.
// Each of its blocks takes the N*N-1 coefficients that N uses and, if there are refinements, 64
// bits, one for each coefficient.

import (
	"bytes"
	"context"
	"math/bits"

	"miniatura/codec/internal/limit"
	"miniatura/codec/internal/num"
)

// maxScans bounds the scans of a picture. The standard allows far more; encoders use 6 to 20.
const maxScans = 256

// A progressive is the state of a progressive picture that is being decoded. The fields from kept
// on are those of the current component.
type progressive struct {
	*workspace
	d   *Reader
	ctx context.Context

	kept uint64           // the set of AC coefficients that are kept, by zig-zag index
	size int              // number of coefficients in kept
	slot [blockSize]uint8 // by zig-zag index: the place, below size, of a kept coefficient
	coef []int16          // size coefficients for each block

	// Bit k of nz[i] says that in block i the coefficient with zig-zag index k is known not to be
	// zero. nz is nil if no scan that is needed is a refinement.
	nz []uint64
}

// A dcPlane has the DC coefficients of a component. They include those of the blocks outside of the
// component that complete its MCUs.
type dcPlane struct {
	w    int // coefficients in a line
	coef []int16
}

// acMask returns the set, by zig-zag index, of the AC coefficients that an n x n transform uses.
func acMask(n int) (m uint64) {
	for k := 1; k < blockSize; k++ {
		if z := int(zigzag[k]); z&7 < n && z>>3 < n {
			m |= 1 << k
		}
	}
	return m
}

// progressiveBytes returns the part of PeakBytes that coefficients take: the DC coefficients of all
// components, and the AC coefficients of the component that has the most bytes of them. It does not
// count nz at N = 1, where only a refinement that no marker follows needs nz.
func (d *Reader) progressiveBytes(n [4]int) (total int64) {
	const (
		coefBytes = 2 // of an int16 in coef
		nzBytes   = 8 // of a block's bits in nz
	)
	most := int64(0)
	for i := range d.Components {
		c := &d.Components[i]
		total += int64(d.mcux) * int64(d.mcuy) * int64(c.H*c.V) * coefBytes
		if n[i] > 1 {
			most = max(most, int64(c.bw)*int64(c.bh)*int64(coefBytes*(n[i]*n[i]-1)+nzBytes))
		}
	}
	return total + most
}

// decodeProgressive decodes all scans of a progressive picture, and then hands out its planes
// through emit.
func (d *Reader) decodeProgressive(ctx context.Context, w *workspace, emit emitFunc) error {
	g := &progressive{workspace: w, d: d, ctx: ctx}
	g.scans = g.scans[:0]
	if err := g.list(); err != nil {
		return err
	}
	// Plan which scans are needed. coefs and blocks are the lengths that coef and nz need for the
	// largest component.
	coefs, blocks := 0, 0
	for i := range d.Components {
		c, p := &d.Components[i], &g.dcs[i]
		p.w = d.mcux * c.H
		p.coef = num.Grow(p.coef, p.w*d.mcuy*c.V)
		clear(p.coef)
		kept := acMask(w.planes[i].most)
		if g.plan(uint8(i), kept) {
			blocks = max(blocks, c.bw*c.bh)
		}
		coefs = max(coefs, c.bw*c.bh*bits.OnesCount64(kept))
	}
	// The DC scans.
	for i := range g.scans {
		if s := &g.scans[i]; s.ss == 0 {
			if err := g.dcScan(s); err != nil {
				return s.withOffset(err)
			}
		}
	}
	// The AC scans and the planes, component by component.
	w.coefMem, w.nzMem = num.Grow(w.coefMem, coefs), num.Grow(w.nzMem, blocks)
	for i := range d.Components {
		if err := g.decodeComponent(uint8(i), w.planes[i].most); err != nil {
			return err
		}
		if err := g.transformComponent(i, &w.planes[i], emit); err != nil {
			return err
		}
	}
	return nil
}

// list finds all scans and puts them into g.scans. It checks that each scan may follow those before
// it (G.1.1.1), and that together they are a whole picture.
func (g *progressive) list() error {
	d := g.d
	// missingPlus1 has, by component and coefficient, 1 + the number of low bits that are still
	// missing, or 0 before the first scan.
	var missingPlus1 [4][blockSize]uint8
	s := &d.first
	ended := false // the last scan is followed by EOI
	for s != nil {
		if len(g.scans) == maxScans {
			return &limit.Error{Room: "jpeg", What: "scans", Met: maxScans + 1, Allowed: maxScans}
		}
		// A first scan must have none before it. A refinement adds the next missing bit.
		expected := uint8(0)
		if s.ah > 0 {
			expected = s.ah + 1
		}
		for _, ci := range s.comps[:s.n] {
			for k := s.ss; k <= s.se; k++ {
				if missingPlus1[ci][k] != expected {
					return FormatError{s.pos, "scan does not follow from the scans before it"}
				}
				missingPlus1[ci][k] = s.al + 1
			}
		}
		d.next = endOfScan(d.src, s.pos)
		s.truncated = d.next >= len(d.src)
		g.scans = append(g.scans, *s)
		var err error
		if s, err = d.nextScan(); err != nil {
			return err
		}
		ended = s == nil && bytes.HasSuffix(d.src[:d.next], []byte{0xFF, markerEOI})
	}
	// Every component must have a DC scan. Without EOI the file may have had more scans, so then
	// every coefficient must be complete.
	for i := range d.Components {
		if missingPlus1[i][0] == 0 {
			return FormatError{d.at, "missing scan"}
		}
		for _, a := range missingPlus1[i] {
			if a != 1 && !ended {
				return FormatError{d.at, "no EOI, and coefficients are missing"}
			}
		}
	}
	return nil
}

// endOfScan returns the position of the next marker in src[p:] that is not a RST, or the length of
// src if there is none.
func endOfScan(src []byte, p int) int {
	for {
		i := bytes.IndexByte(src[p:], 0xFF)
		if i < 0 || p+i+1 >= len(src) {
			return len(src)
		}
		p += i + 1
		m := src[p]
		if m != 0 && m != 0xFF && (m < markerRST0 || m > markerRST7) {
			return p - 1
		}
		if m != 0xFF { // FF may be a fill byte: then the marker is still to come
			p++
		}
	}
}

// band returns the set of the coefficients of s, by zig-zag index.
func (s *scan) band() uint64 { return indexSet(int(s.ss), int(s.se)) }

// hasACOf reports whether s is an AC scan of component ci.
func (s *scan) hasACOf(ci uint8) bool { return s.ss > 0 && s.comps[0] == ci }

// plan marks the AC scans of component ci that are needed for the coefficients in wanted, and
// reports whether one of them is a refinement. A scan that no marker follows is always needed: only
// decoding it shows whether it is whole.
func (g *progressive) plan(ci uint8, wanted uint64) (hasRefinement bool) {
	for i := len(g.scans) - 1; i >= 0; i-- {
		s := &g.scans[i]
		if !s.hasACOf(ci) {
			continue
		}
		band := s.band()
		s.need = band&wanted != 0 || s.truncated
		if s.need && s.ah > 0 {
			wanted |= band // a refinement needs the scans before it for its whole band
			hasRefinement = true
		}
	}
	return hasRefinement
}

// dcScan decodes a DC scan, G.1.2.1.
func (g *progressive) dcScan(s *scan) error {
	d, r := g.d, &g.r
	if s.ah == 0 { // a refinement has no codes, so it needs no tables
		var built [4]bool
		for _, t := range s.td[:s.n] {
			if !built[t] {
				if err := g.dc[t].build(s.dc[t]); err != nil {
					return err
				}
				built[t] = true
			}
		}
	}
	mcux, mcuy := d.mcux, d.mcuy
	if s.n == 1 { // not interleaved: an MCU is a block, A.2.2
		c := &d.Components[s.comps[0]]
		mcux, mcuy = c.bw, c.bh
	}
	var pred [4]int32 // by component of the scan
	r.reset(d.src, s.pos)
	interval := newIntervals(s.ri)
	for y := range mcuy {
		if err := g.ctx.Err(); err != nil {
			return err
		}
		for x := range mcux {
			if r.p > r.mark && !r.ensure() {
				return errTruncated
			}
			if restarted, err := interval.next(r); err != nil {
				return err
			} else if restarted {
				pred = [4]int32{}
			}
			interval.left--
			// Decode the h x v blocks of each component in this MCU.
			for i, ci := range s.comps[:s.n] {
				plane := &g.dcs[ci]
				h, v := 1, 1
				if s.n > 1 {
					h, v = d.Components[ci].H, d.Components[ci].V
				}
				for j := range v {
					line := plane.coef[(y*v+j)*plane.w+x*h:][:h]
					for k := range line {
						// A refinement has one bit for each coefficient. The bit has the same place
						// in negative coefficients, because they are in two's complement.
						if s.ah > 0 {
							if r.n == 0 {
								r.fill()
							}
							line[k] |= int16(r.acc>>63) << s.al
							r.acc <<= 1
							r.n--
							continue
						}
						if !r.addDiff(&g.dc[s.td[i]&3], &pred[i]) {
							return errEntropy
						}
						line[k] = int16(pred[i] << s.al)
					}
				}
			}
		}
	}
	if !r.done() {
		return errTruncated
	}
	return nil
}

// addDiff adds the next difference to pred. It reports whether a code matches and the sum fits into
// 16 bits.
func (r *bitReader) addDiff(h *dcTable, pred *int32) bool {
	r.fill()
	e := h.look[r.acc>>(64-dcBits)]
	if e == 0 {
		if e = h.long(r.acc); e == 0 {
			return false
		}
	}
	*pred += e.value(r.acc)
	r.acc <<= e & 63 // the bits of the code and of the difference
	r.n -= int(e & 63)
	return *pred == int32(int16(*pred))
}

// decodeComponent decodes the AC coefficients of component ci that an n x n transform uses.
func (g *progressive) decodeComponent(ci uint8, n int) error {
	c := &g.d.Components[ci]
	blocks := c.bw * c.bh
	// Number the coefficients that are kept.
	g.kept, g.size = acMask(n), 0
	for m := g.kept; m != 0; m &= m - 1 {
		g.slot[bits.TrailingZeros64(m)] = uint8(g.size)
		g.size++
	}
	g.coef = g.coefMem[:blocks*g.size]
	clear(g.coef)
	g.nz = nil // unless a refinement needs it
	for i := range g.scans {
		s := &g.scans[i]
		isRefinement := s.ah > 0
		if s.hasACOf(ci) && s.need && isRefinement {
			g.nz = g.nzMem[:blocks]
			clear(g.nz)
			break
		}
	}
	for i := range g.scans {
		s := &g.scans[i]
		if !s.hasACOf(ci) || !s.need {
			continue
		}
		if err := g.acScan(s, c.bw, blocks); err != nil {
			return s.withOffset(err)
		}
	}
	return nil
}

// acScan decodes an AC scan of the given number of blocks. The component has bw blocks in a row.
func (g *progressive) acScan(s *scan, bw, blocks int) error {
	// Each AC scan has one table, so all of them use g.ac[0].
	if err := g.ac[0].build(s.ac[s.ta[0]&3], false); err != nil {
		return err
	}
	g.r.reset(g.d.src, s.pos)
	decode := g.decodeFirst
	if s.ah > 0 {
		decode = g.refine
	}
	// Each turn decodes as many blocks as are in a row, or the rest of a restart interval. The
	// first run blocks from b on have been ended by an EOBr before b.
	run, interval := 0, newIntervals(s.ri)
	for b := 0; b < blocks; {
		if err := g.ctx.Err(); err != nil {
			return err
		}
		end := min(b+bw, blocks)
		restarted, err := interval.next(&g.r)
		if err != nil {
			return err
		}
		if restarted && run != 0 {
			return errRun
		}
		if s.ri > 0 {
			end = min(end, b+interval.left)
			interval.left -= end - b
		}
		if run, err = decode(s, b, end, run); err != nil {
			return err
		}
		b = end
	}
	if run != 0 { // an EOBr has ended more blocks than there are
		return errEntropy
	}
	if !g.r.done() {
		return errTruncated
	}
	return nil
}

// decodeFirst decodes the blocks [b, end) of a scan that is the first of its band, G.1.2.2. The
// first run blocks from b on have no coefficients in the scan, because an EOBr before b has ended
// them. The result is the number of such blocks from end on.
func (g *progressive) decodeFirst(s *scan, b, end, run int) (int, error) {
	r := &g.r
	acc, n, bp, buf := r.acc, r.n, r.p, r.buf
	look := &g.ac[0].look
	for {
		// Blocks of a run have no codes.
		if skip := min(run, end-b); skip > 0 {
			b += skip
			run -= skip
		}
		if b >= end {
			break
		}
		if bp > r.mark { // ensure works on the fields of r
			r.acc, r.n, r.p = acc, n, bp
			if !r.ensure() {
				return 0, errTruncated
			}
			acc, n, bp, buf = r.acc, r.n, r.p, r.buf
		}
		co := g.coef[b*g.size:][:g.size] // the kept coefficients of block b
		var nz uint64
		k := int(s.ss) // the next zig-zag index
		for k <= int(s.se) {
			if n < 32 {
				acc, n, bp = refill(acc, n, buf, bp)
			}
			e := look[acc>>(64-acBits)]
			if e == 0 {
				e = g.ac[0].long(acc)
			}
			v, adv := e.value(acc), int(uint8(e>>8)) // coefficient, advance
			acc <<= e & 63
			n -= int(e & 63)
			k += adv
			if v != 0 {
				z := uint(k - 1)
				if z > uint(s.se) {
					return 0, errEntropy
				}
				nz |= 1 << z
				// The second condition always holds. It saves the bounds check.
				if i := g.slot[z&63]; (g.kept>>z)&1 != 0 && int(i) < len(co) {
					co[i] = int16(v << s.al)
				}
			} else if adv >= endOfBlock {
				// EOBr ends 2^r + x blocks, where x is the number in the next r bits. The first is
				// this block. The variable run counts the others.
				runBits := uint(adv - endOfBlock) // r
				run = 1<<runBits - 1
				if runBits > 0 {
					run += int(acc >> (64 - runBits))
					acc <<= runBits
					n -= int(runBits)
				}
				break
			} else if adv != 16 { // not ZRL either
				return 0, errEntropy
			}
		}
		if k > int(s.se)+1 && k < endOfBlock { // ZRL led beyond the band
			return 0, errEntropy
		}
		if g.nz != nil {
			g.nz[b] |= nz
		}
		b++
	}
	r.acc, r.n, r.p = acc, n, bp
	return run, nil
}

// refine decodes the blocks [b, end) of a scan that adds a bit to the coefficients of its band,
// G.1.2.3. run and the result are as in decodeFirst, except that the blocks of a run have a
// correction bit for each coefficient that is known not to be zero.
func (g *progressive) refine(s *scan, b, end, run int) (int, error) {
	r := &g.r
	acc, n, bp, buf := r.acc, r.n, r.p, r.buf
	look := &g.ac[0].look
	nz, band, kept, size := g.nz, s.band(), g.kept, g.size
	unit := int16(1) << s.al // the value of the bit that the scan adds
	for ; b < end; b++ {
		known := nz[b] & band
		if run > 0 && known == 0 {
			run--
			continue
		}
		if bp > r.mark { // ensure works on the fields of r
			r.acc, r.n, r.p = acc, n, bp
			if !r.ensure() {
				return 0, errTruncated
			}
			acc, n, bp, buf = r.acc, r.n, r.p, r.buf
		}
		co := g.coef[b*size:][:size]          // the kept coefficients of block b
		zeros, nonzeros := band&^known, known // in the rest of the band, as before this scan
		ended := run > 0                      // the block has no more codes
		if ended {
			run--
		}
		for {
			// The next code says which coefficient becomes nonzero. Then come the corrections of
			// the coefficients before the new one, or, after EOB, of all remaining coefficients.
			var k uint
			var v int32
			corrected := nonzeros
			if !ended {
				acc, n, bp = refill(acc, n, buf, bp)
				e := look[acc>>(64-acBits)]
				if e == 0 {
					e = g.ac[0].long(acc)
				}
				v = e.value(acc)
				acc <<= e & 63
				n -= int(e & 63)
				adv := int(uint8(e >> 8))
				if adv >= endOfBlock {
					runBits := uint(adv - endOfBlock)
					run = 1<<runBits - 1 + int(acc>>1>>(63-runBits)) // as in decodeFirst
					acc <<= runBits
					n -= int(runBits)
					ended = true
				} else {
					// The run counts only coefficients that are zero.
					z := zeros
					for i := 1; i < adv; i++ {
						z &= z - 1
					}
					// A new coefficient must be 1 or -1. A code without one must be ZRL.
					if z == 0 || (v != 1 && v != -1 && (v != 0 || adv != 16)) {
						return 0, errEntropy
					}
					k = uint(bits.TrailingZeros64(z))
					corrected = nonzeros & (1<<k - 1) // those before k
					zeros &^= 1<<k<<1 - 1             // those up to k
				}
			}
			nonzeros &^= corrected
			if corrected != 0 {
				acc, n, bp = g.correct(corrected, co, unit, acc, n, buf, bp)
			}
			if v != 0 {
				nz[b] |= 1 << k
				if (kept>>k)&1 != 0 {
					co[g.slot[k&63]] = int16(v << s.al)
				}
			}
			if ended || zeros|nonzeros == 0 {
				break
			}
		}
	}
	r.acc, r.n, r.p = acc, n, bp
	return run, nil
}

// correct reads a correction bit for each coefficient of the set m. If the bit is 1 and the
// coefficient is kept, its magnitude in co grows by unit, which is the value of the bit that the
// scan adds. correct takes the state of the bit reader and returns the new state.
func (g *progressive) correct(m uint64, co []int16, unit int16, acc uint64, n int, buf []byte, bp int) (uint64, int, int) {
	const atHand = 56 // bits that a refill provides at least
	for {
		acc, n, bp = refill(acc, n, buf, bp)
		count := bits.OnesCount64(m)
		for x := m & g.kept; x != 0; x &= x - 1 {
			low := x & -x                        // the next coefficient
			i := bits.OnesCount64(m & (low - 1)) // the number of its bit
			if i >= atHand {
				break
			}
			c := &co[g.slot[bits.TrailingZeros64(x)&63]]
			sign := *c >> 15
			signed := (unit ^ sign) - sign // unit with the sign of c
			bit := int16((acc << (uint(i) & 63)) >> 63)
			*c += signed & -bit
		}
		if count <= atHand {
			return acc << (uint(count) & 63), n - count, bp
		}
		// The first 56 coefficients are done. The rest is left to the next turn of the loop.
		for range atHand {
			m &= m - 1
		}
		acc <<= atHand
		n -= atHand
	}
}

// transformComponent transforms component ci and hands it out, a line of blocks at a time.
func (g *progressive) transformComponent(ci int, p *plane, emit emitFunc) error {
	c, dc := &g.d.Components[ci], &g.dcs[ci]
	p.prepare(1, 1, c.bw)
	for y := range c.bh {
		if err := g.ctx.Err(); err != nil {
			return err
		}
		for x := 0; x < c.bw; x += groupMCUs {
			p.clear()
			for i := range min(groupMCUs, c.bw-x) {
				block := p.block(0, i)
				co := g.coef[(y*c.bw+x+i)*g.size:][:g.size]
				// Put the block's kept coefficients, which are co, into their slots.
				j := 0
				for m := g.kept; m != 0 && j < len(co); m &= m - 1 { // j < len(co) always holds
					block[p.slot[bits.TrailingZeros64(m)+1]] = co[j]
					j++
				}
				block[0] = dc.coef[y*dc.w+x+i]
			}
			p.transform(x)
		}
		if err := p.handOut(ci, y, emit); err != nil {
			return err
		}
	}
	return nil
}
