package jpeg

import "math/bits"

// This file implements scans: the order in which blocks become tokens and the
// tokens of a block, sequential (ITU T.81 F.1.2) and progressive by spectral
// selection (G.1.2.1, G.1.2.2).

// A writerScan has some coefficients (zig-zag indices from <= k <= to) of one component, or of
// several that are interleaved by MCU.
type writerScan struct {
	first, last int // components
	from, to    int
	splits      uint8 // the splits of luma that have this scan, one bit each; 0 means all of them

	tokens []token
	freq   frequencies
	run    uint // blocks without further coefficients that no token stands for yet

	costs [2]costs // costs of AC coefficients, by the number of the Huffman tables
}

// sequentialScript has the one scan of a baseline frame.
var sequentialScript = []writerScan{{last: 2, to: 63}}

// progressiveScript uses spectral selection alone. It takes 0.968 to 0.975 of a baseline frame's
// bytes at qualities 50 to 95, and 1.08 of its CPU, on the ten reference photos of 1280 pixels.
// libjpeg's simple progression, of three steps, takes 2.4 times the CPU and more bytes.
//
// Luma's DC coefficients have a scan of their own. In an interleaved scan, a block of 4:2:0 is
// predicted from the one before it in its MCU, which is not its neighbor in half of the cases, and
// blocks that only complete MCUs take bits. The own scan saves 0.3 to 0.6 percent of a picture's
// bytes. jpegli and mozjpeg write such files too; Photoshop CS6 (2012) and some small decoders do
// not read them.
//
// The best split of luma's coefficients from 3 on depends on the picture. The split with the fewest
// bytes is found from the sample of blocks that the costs are computed from, for 3 percent of the
// CPU. This table compares with the split 3-9, 10-63 for every picture, at equal SSIMULACRA2, on 32
// pictures of 360 and 720 pixels. It has the percent of bytes at qualities 50, 65, 80, 88 and 95:
//
//	-0.84 -0.57 -0.32 -0.37 -0.26   the sample's choice of these three
//	-0.96 -0.68 -0.41 -0.46 -0.31   the best of these three
//	-1.06 -0.77 -0.47 -0.54 -0.47   the best of six, with 3-12, 13-63; 1, 2, 3-9; 3-9, 10-27, 28-63
//
// Other divisions would save little. Two bands of chroma, or scans of their own for chroma's last
// bits, would save 0.03 percent at quality 80 and 0.4 at 95. A scan of its own for luma's last bit
// would save nothing at 80, 0.1 at 88, 0.3 to 0.4 at 95, and more than 1 only from 98 on.
var progressiveScript = []writerScan{
	{},
	{first: 1, last: 2},
	{from: 1, to: 2},
	{from: 3, to: 9, splits: 1 << 0},
	{from: 3, to: 20, splits: 1 << 2},
	{first: 2, last: 2, from: 1, to: 63},
	{first: 1, last: 1, from: 1, to: 63},
	{from: 3, to: 63, splits: 1 << 1},
	{from: 10, to: 63, splits: 1 << 0},
	{from: 21, to: 63, splits: 1 << 2},
}

// splits is the largest number of splits of luma that a script may have.
const splits = 3

// startScans prepares the scans of a script for the components of the picture.
func (w *writer) startScans(script []writerScan) {
	n := 0
	w.scans = w.scans[:cap(w.scans)]
	for _, s := range script {
		if s.first >= len(w.comps) {
			continue
		}
		if n == len(w.scans) {
			w.scans = append(w.scans, writerScan{})
		}
		s.last = min(s.last, len(w.comps)-1)
		s.tokens = w.scans[n].tokens[:0]
		w.scans[n] = s
		n++
	}
	w.scans = w.scans[:n]
}

// keepSplit drops the scans of all other splits of luma.
func (w *writer) keepSplit(split int) {
	n := 0
	for i := range w.scans {
		if s := &w.scans[i]; s.splits == 0 || s.splits>>split&1 != 0 {
			s.splits = 0
			w.scans[n], w.scans[i] = w.scans[i], w.scans[n]
			n++
		}
	}
	w.scans = w.scans[:n]
}

// appendScans appends the rest of the frame. It learns from a sample of the blocks what symbols
// cost, makes the tokens of all scans in one pass over all blocks, and then writes the scans.
func (w *writer) appendScans(dst []byte) []byte {
	w.reserve()
	w.keepSplit(w.learn())
	for y := range w.mcusY {
		w.forward(y)
		w.addLine(y)
	}
	for i := range w.scans {
		s := &w.scans[i]
		s.endRun(2*w.comps[s.first].tables + tableAC)
	}
	taken := false // whether this scan uses the table of the scan before it
	for i := range w.scans {
		s := &w.scans[i]
		switch {
		case taken:
			taken = false
		case s.sequential():
			dst = w.appendTables(dst, &s.freq)
		default:
			dst, taken = w.appendTable(dst, i)
		}
		dst = w.appendSOS(dst, s)
		dst = appendTokens(dst, s.tokens, &w.codes)
	}
	return dst
}

// sequential reports whether a scan belongs to a baseline frame: it has all coefficients.
func (s *writerScan) sequential() bool { return s.from == 0 && s.to > 0 }

// addLine adds the tokens of line mcuY of MCUs to all scans.
func (w *writer) addLine(mcuY int) {
	for i := range w.scans {
		s := &w.scans[i]
		if s.first < s.last {
			w.addMCULine(s)
		} else {
			w.addComponent(s, mcuY)
		}
	}
}

// addMCULine adds the tokens of a line of MCUs. Each MCU has the blocks of all components of the
// scan that cover its area (A.2.3).
func (w *writer) addMCULine(s *writerScan) {
	for x := range w.mcusX {
		for i := s.first; i <= s.last; i++ {
			c := &w.comps[i]
			for v := range c.v {
				for h := range c.h {
					s.addBlock(c, v*c.blocksX+x*c.h+h)
				}
			}
		}
	}
}

// addComponent adds the tokens of one component's blocks in line mcuY of MCUs, but not of the
// blocks that only complete MCUs (A.2.2).
func (w *writer) addComponent(s *writerScan, mcuY int) {
	c := &w.comps[s.first]
	for v := range c.v {
		if 8*(mcuY*c.v+v) >= c.height {
			return
		}
		line := v * c.blocksX
		for b := line; b < line+ceilDiv(c.w, 8); b++ {
			s.addBlock(c, b)
		}
	}
}

// addBlock adds the tokens of a block of c. In a scan without DC coefficients, one token may end a
// whole run of blocks. Only a progressive frame has such scans.
func (s *writerScan) addBlock(c *writerComponent, b int) {
	if s.from == 0 {
		s.addDC(c, c.coef[b][0])
	}
	if s.to > 0 {
		s.addAC(2*c.tables+tableAC, &c.coef[b], c.mask[b], max(s.from, 1), s.to, s.from > 0)
	}
}

// addDC adds the token of a DC coefficient, F.1.2.1.
func (s *writerScan) addDC(c *writerComponent, dc int16) {
	size, extra := magnitude(int32(dc) - c.pred)
	c.pred = int32(dc)
	table := 2*c.tables + tableDC
	s.freq[table][size&0xFF]++
	s.tokens = append(s.tokens, token(size)<<tokenSize|token(table)<<tokenTable|token(size)<<tokenSymbol|extra)
}

// addAC adds the tokens of a block's coefficients with zig-zag indices from <= k <= to, F.1.2.2. If
// runs is set, a block without coefficients only prolongs a run of such blocks, which gets one
// token at its end (G.1.2.2).
func (s *writerScan) addAC(table int, b *coefBlock, mask uint64, from, to int, runs bool) {
	mask &= ^uint64(0) << (from & 63) & (^uint64(0) >> (63 - to&63))
	if mask == 0 && runs {
		if s.run++; s.run == maxRun {
			s.endRun(table)
		}
		return
	}
	s.endRun(table)
	if cap(s.tokens)-len(s.tokens) < 2*blockSize {
		s.tokens = append(make([]token, 0, 2*cap(s.tokens)+64*blockSize), s.tokens...)
	}
	tokens := s.tokens
	freq := &s.freq[table&3]
	shifted := token(table) << tokenTable
	last := from - 1
	for ; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask)
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			tokens = append(tokens, shifted|0xF0<<tokenSymbol)
			freq[0xF0]++
		}
		size, extra := magnitude(int32(b[zigzagT[k&63]&63]))
		symbol := uint(run<<4|size) & 0xFF
		freq[symbol]++
		tokens = append(tokens, token(size)<<tokenSize|shifted|token(symbol)<<tokenSymbol|extra)
	}
	switch {
	case last == to:
	case runs:
		s.run = 1
	default:
		tokens = append(tokens, shifted)
		freq[0]++
	}
	s.tokens = tokens
}

// maxRun is the most blocks that one symbol can end.
const maxRun = 1<<15 - 1

// endRun adds the token of the run of ended blocks, if there is one.
func (s *writerScan) endRun(table int) {
	if s.run == 0 {
		return
	}
	size := uint(bits.Len(s.run)) - 1
	s.freq[table][size<<4&0xFF]++
	s.tokens = append(s.tokens, token(size)<<tokenSize|token(table)<<tokenTable|token(size<<4)<<tokenSymbol|token(s.run)&(1<<size-1))
	s.run = 0
}
