package jpeg

import "math/bits"

// This file implements progressive scans on the writer's side, ITU T.81 annex G.

// A progressiveScan sends coefficients from to to (zig-zag indices) down to bit
// low, of which all above bit high have been sent before when high is not 0.
type progressiveScan struct {
	component int // -1: all of them, which only DC scans may be
	from, to  int
	high, low uint
}

// progressiveScript is what libjpeg's documentation calls its simple progression:
// everything of the picture's gist in some 30 percent of the bytes, the last
// bits of luma, the costliest, at the end.
var progressiveScript = []progressiveScan{
	{component: -1, from: 0, to: 0, high: 0, low: 1},
	{component: 0, from: 1, to: 5, high: 0, low: 2},
	{component: 2, from: 1, to: 63, high: 0, low: 1},
	{component: 1, from: 1, to: 63, high: 0, low: 1},
	{component: 0, from: 6, to: 63, high: 0, low: 2},
	{component: 0, from: 1, to: 63, high: 2, low: 1},
	{component: -1, from: 0, to: 0, high: 1, low: 0},
	{component: 2, from: 1, to: 63, high: 1, low: 0},
	{component: 1, from: 1, to: 63, high: 1, low: 0},
	{component: 0, from: 1, to: 63, high: 1, low: 0},
}

// appendProgressive appends the scans of a progressive frame.
func (w *writer) appendProgressive(dst []byte) []byte {
	w.reserve(w.mcusY)
	for y := range w.mcusY {
		w.forward(y, y)
	}
	for _, s := range progressiveScript {
		if s.component >= len(w.comps) {
			continue
		}
		w.startScan()
		if s.component < 0 {
			w.dcScan(s)
		} else {
			w.acScan(s)
		}
		dst = w.appendTables(dst)
		n := 1
		if s.component < 0 {
			n = len(w.comps)
		}
		dst = append(dst, 0xFF, markerSOS, 0, byte(6+2*n), byte(n))
		for i := range w.comps {
			if s.component < 0 || s.component == i {
				dst = append(dst, w.comps[i].id, byte(w.comps[i].tables*0x11))
			}
		}
		dst = append(dst, byte(s.from), byte(s.to), byte(s.high<<4|s.low))
		dst = appendScan(dst, w.tokens, &w.codes)
	}
	return dst
}

// dcScan adds the tokens of a scan of DC coefficients, G.1.2.1.
func (w *writer) dcScan(s progressiveScan) {
	for y := range w.mcusY {
		for x := range w.mcusX {
			for i := range w.comps {
				c := &w.comps[i]
				for v := range c.v {
					for h := range c.h {
						dc := int32(c.coef[(y*c.v+v)*c.blocksX+x*c.h+h][0]) >> s.low
						if s.high != 0 {
							w.raw(uint(dc&1), 1)
							continue
						}
						diff := dc - c.pred
						c.pred = dc
						size, extra := magnitude(diff)
						w.symbol(2*c.tables+tableDC, uint(size), uint(size), extra)
					}
				}
			}
		}
	}
}

// eobRun is the state of the runs of blocks without further coefficients, whose
// end is told by one symbol, and of the correction bits that follow it.
type eobRun struct {
	blocks uint   // blocks in the run, at most maxEOBRun
	bits   []byte // a correction bit each
}

const (
	maxEOBRun  = 1<<15 - 1
	maxEOBBits = 1 << 10 // decoders hold none of them: this bounds only our memory
)

// acScan adds the tokens of a scan of one component's AC coefficients, G.1.2.2
// and G.1.2.3. It covers the component's own blocks, not the MCUs' (A.2.2).
func (w *writer) acScan(s progressiveScan) {
	c := &w.comps[s.component]
	table := 2*c.tables + tableAC
	w.run = eobRun{bits: w.run.bits[:0]}
	band := ^uint64(0) << s.from & (^uint64(0) >> (63 - s.to))
	for y := range ceilDiv(c.height, 8) {
		line := y * c.blocksX
		for x := range ceilDiv(c.w, 8) {
			b, mask := &c.coef[line+x], c.mask[line+x]&band
			if s.high == 0 {
				w.acFirst(table, s, b, mask)
			} else {
				w.acRefine(table, s, b, mask)
			}
		}
	}
	w.endRun(table)
}

// acFirst adds the tokens of a block in the first scan of a band, G.1.2.2.
func (w *writer) acFirst(table int, s progressiveScan, b *coefBlock, mask uint64) {
	last := s.from - 1
	for ; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask)
		v := int32(b[zigzagT[k&63]&63])
		sign := v >> 31
		v = ((v ^ sign) - sign) >> s.low
		if v == 0 {
			continue
		}
		w.endRun(table)
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			w.symbol(table, 0xF0, 0, 0)
		}
		size, extra := magnitude((v ^ sign) - sign)
		w.symbol(table, uint(run<<4|size), uint(size), extra)
	}
	if last < s.to {
		w.run.blocks++
		if w.run.blocks == maxEOBRun {
			w.endRun(table)
		}
	}
}

// acRefine adds the tokens of a block in a scan that sends one more bit, G.1.2.3.
func (w *writer) acRefine(table int, s progressiveScan, b *coefBlock, mask uint64) {
	// Magnitudes at this scan's precision; the last that becomes 1 here.
	var abs [blockSize]int32
	last := 0
	seen := uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m) & 63
		v := int32(b[zigzagT[k]&63])
		v = max(v, -v) >> s.low
		if v == 0 {
			continue
		}
		abs[k] = v
		seen |= 1 << k
		if v == 1 {
			last = k
		}
	}
	zeros := 0 // coefficients that are and stay zero, not yet told of
	prev := s.from - 1
	pending := len(w.run.bits) // where this block's correction bits begin
	inRun := true              // whether they lie behind those of the run
	for ; seen != 0; seen &= seen - 1 {
		k := bits.TrailingZeros64(seen)
		zeros += k - prev - 1
		prev = k
		for ; zeros > 15 && k <= last; zeros -= 16 {
			pending = w.endRunBefore(table, pending, inRun)
			inRun = false
			w.symbol(table, 0xF0, 0, 0)
			w.correct(w.run.bits[pending:])
			w.run.bits = w.run.bits[:pending]
		}
		if abs[k&63] > 1 {
			w.run.bits = append(w.run.bits, byte(abs[k&63]&1))
			continue
		}
		pending = w.endRunBefore(table, pending, inRun)
		inRun = false
		positive := token(1)
		if b[zigzagT[k&63]&63] < 0 {
			positive = 0
		}
		w.symbol(table, uint(zeros<<4|1), 1, positive)
		w.correct(w.run.bits[pending:])
		w.run.bits = w.run.bits[:pending]
		zeros = 0
	}
	if prev < s.to || zeros > 0 || len(w.run.bits) > pending {
		w.run.blocks++
		if w.run.blocks == maxEOBRun || len(w.run.bits) > maxEOBBits {
			w.endRun(table)
		}
	}
}

// endRunBefore ends the run before a block that has something to say. The
// block's own correction bits, those from pending on, are kept; the result is
// where they begin now.
func (w *writer) endRunBefore(table, pending int, inRun bool) int {
	if !inRun || w.run.blocks == 0 {
		return pending
	}
	own := w.run.bits[pending:]
	w.run.bits = w.run.bits[:pending]
	w.endRun(table)
	w.run.bits = append(w.run.bits, own...)
	return 0
}

// endRun adds the token of the run of blocks, if there is one, and the
// correction bits it holds.
func (w *writer) endRun(table int) {
	if w.run.blocks == 0 {
		return
	}
	size := uint(bits.Len(w.run.blocks)) - 1
	w.symbol(table, size<<4, size, token(w.run.blocks)&(1<<size-1))
	w.correct(w.run.bits)
	w.run = eobRun{bits: w.run.bits[:0]}
}

// correct adds correction bits.
func (w *writer) correct(b []byte) {
	for len(b) > 0 {
		n := min(len(b), 15)
		v := uint(0)
		for _, bit := range b[:n] {
			v = v<<1 | uint(bit)
		}
		w.raw(v, uint(n))
		b = b[n:]
	}
}

// symbol adds a token and counts its symbol.
func (w *writer) symbol(table int, symbol, size uint, extra token) {
	w.freq[table][symbol&0xFF]++
	w.tokens = append(w.tokens, token(size)<<tokenSize|token(table)<<tokenTable|token(symbol)<<tokenSymbol|extra)
}

// raw adds a token of n bits, at most 15, without a code.
func (w *writer) raw(v, n uint) {
	w.tokens = append(w.tokens, token(n)<<tokenSize|tableRaw<<tokenTable|token(v))
}
