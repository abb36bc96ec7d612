package jpeg

import "math/bits"

// This file implements scans: the order in which blocks become tokens, and the tokens of each
// block. Scans are sequential (ITU T.81 F.1.2) or progressive by spectral selection (G.1.2.1,
// G.1.2.2).

// A writerScan is a scan of some coefficients of one component, or of several components that are
// interleaved by MCU.
type writerScan struct {
	first, last int   // the components [first, last]
	from, to    int   // the coefficients with zig-zag indices [from, to]
	splits      uint8 // bit i: split i of luma has this scan; 0 if the scan does not depend on the split

	tokens []token
	freq   frequencies
	run    uint // blocks that have ended, and for whose end there is no token yet

	costs [2]costs // of AC coefficients: costs[0] with luma's Huffman tables, costs[1] with chroma's
}

// sequentialScript has one scan, of a baseline frame.
var sequentialScript = []writerScan{{last: 2, to: 63}}

// progressiveScript uses spectral selection alone. On the ten reference photos of 1280 pixels, at
// qualities 50 to 95, the writer takes 0.968 to 0.975 of the bytes of a baseline frame, and 1.08
// times the CPU time. With libjpeg's simple progression, which sends luma in three steps of
// precision, it would take 2.4 times the CPU time of a baseline frame, and more bytes than with
// this script.
//
// Luma's DC coefficients have a scan of their own. In a scan that is interleaved with chroma, each
// block of 4:2:0 is predicted from the block before it in the scan. In half of the cases these two
// blocks are not side by side. Blocks outside of the picture take bits too, where they complete an
// MCU. The separate scan saves 0.3 to 0.6 percent of a picture's bytes. jpegli and mozjpeg write
// such files too. Photoshop CS6 (2012) and some small decoders do not read them.
//
// Luma's coefficients 3 to 63 are split into bands, with a scan for each. The script has three
// splits, and which is the best depends on the picture:
//
//	split 0   3-9 and 10-63
//	split 1   3-63
//	split 2   3-20 and 21-63
//
// The writer estimates the bytes of each split from a sample of the blocks (see learnCosts), and
// keeps the split with the fewest. This takes 3 percent of the writer's CPU time. On 32 pictures of
// 360 and 720 pixels, at equal SSIMULACRA2, it changes the bytes by these percentages, compared
// with split 0 for every picture:
//
//	quality    50    65    80    88    95
//	        -0.84 -0.57 -0.32 -0.37 -0.26   the split that the sample chooses
//	        -0.96 -0.68 -0.41 -0.46 -0.31   the best of the three splits
//	        -1.06 -0.77 -0.47 -0.54 -0.47   the best of six splits
//
// The other three of the six splits:
//
//	3-12 and 13-63
//	1, 2, 3-9 and the rest
//	3-9, 10-27 and 28-63
//
// Other divisions would save little. Two bands of chroma, or separate scans for the last bits of
// chroma, would save 0.03 percent at quality 80 and 0.4 percent at 95. A separate scan for the last
// bit of luma would save nothing at 80, 0.1 percent at 88, 0.3 to 0.4 percent at 95, and more than
// 1 percent only from 98 on.
var progressiveScript = []writerScan{
	{},                  // luma's DC coefficients
	{first: 1, last: 2}, // chroma's DC coefficients
	{from: 1, to: 2},
	{from: 3, to: 9, splits: 1 << 0},
	{from: 3, to: 20, splits: 1 << 2},
	{first: 2, last: 2, from: 1, to: 63},
	{first: 1, last: 1, from: 1, to: 63},
	{from: 3, to: 63, splits: 1 << 1},
	{from: 10, to: 63, splits: 1 << 0},
	{from: 21, to: 63, splits: 1 << 2},
}

// splitCount is the number of splits of luma in progressiveScript.
const splitCount = 3

// startScans prepares the scans of a script. It leaves out components that the picture does not
// have, and scans that would have none.
func (w *writer) startScans(script []writerScan) {
	n := 0
	// Up to the capacity there are the scans of earlier pictures, whose token buffers are used
	// again.
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

// keepSplit drops the scans that only other splits of luma have.
func (w *writer) keepSplit(split int) {
	n := 0
	for i := range w.scans {
		if s := &w.scans[i]; s.splits == 0 || s.splits>>split&1 != 0 {
			s.splits = 0
			// The dropped scan stays behind the others, so that its memory is used again.
			w.scans[n], w.scans[i] = w.scans[i], w.scans[n]
			n++
		}
	}
	w.scans = w.scans[:n]
}

// appendScans appends the scans of the frame, with their Huffman tables. It learns from a sample of
// the blocks what symbols cost. Then it makes the tokens of all scans in one pass over all blocks,
// and writes the scans.
func (w *writer) appendScans(dst []byte) []byte {
	w.reserve()
	w.keepSplit(w.learnCosts())
	for y := range w.mcusY {
		w.forward(y)
		w.addLine(y)
	}
	for i := range w.scans { // the last runs
		s := &w.scans[i]
		s.endRun(2*w.comps[s.first].tables + tableAC)
	}
	hasTable := false // the next scan shares the table of the scan before it, which is written
	for i := range w.scans {
		s := &w.scans[i]
		switch {
		case hasTable:
			hasTable = false
		case s.sequential():
			dst = w.appendTables(dst, &s.freq)
		default:
			dst, hasTable = w.appendTable(dst, i)
		}
		dst = w.appendSOS(dst, s)
		dst = appendTokens(dst, s.tokens, &w.codes)
	}
	return dst
}

// sequential reports whether s is the scan of a baseline frame, which has both DC and AC
// coefficients.
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

// addMCULine adds the tokens of a line of MCUs to a scan of several components. Each MCU has the
// blocks of all these components that cover its area (A.2.3).
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

// addComponent adds the tokens of a line of MCUs to a scan of one component. Blocks outside of the
// component are left out (A.2.2).
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

// addBlock adds the tokens of block b of c. In a scan without DC coefficients, which only a
// progressive frame has, one token may end a whole run of blocks.
func (s *writerScan) addBlock(c *writerComponent, b int) {
	if s.from == 0 {
		s.addDC(c, c.coef[b][0])
	}
	if s.to > 0 {
		hasRuns := s.from > 0
		s.addAC(2*c.tables+tableAC, &c.coef[b], c.mask[b], max(s.from, 1), s.to, hasRuns)
	}
}

// addDC adds the token of a DC coefficient, F.1.2.1.
func (s *writerScan) addDC(c *writerComponent, dc int16) {
	size, extra := magnitude(int32(dc) - c.pred)
	c.pred = int32(dc)
	table := 2*c.tables + tableDC
	symbol := size
	s.freq[table][symbol&0xFF]++
	s.tokens = append(s.tokens, makeToken(table, symbol, size, extra))
}

// addAC adds the tokens of block b for the coefficients with zig-zag indices [from, to], F.1.2.2.
// mask says which coefficients are not zero. If hasRuns is set, the ends of several blocks get one
// token (G.1.2.2): a run begins with the end of any block, and blocks without coefficients prolong
// it.
func (s *writerScan) addAC(table int, b *coefBlock, mask uint64, from, to int, hasRuns bool) {
	mask &= indexSet(from, to)
	if mask == 0 && hasRuns {
		if s.run++; s.run == maxRun {
			s.endRun(table)
		}
		return
	}
	s.endRun(table)
	// Make room for more tokens than a block has.
	if cap(s.tokens)-len(s.tokens) < 2*blockSize {
		s.tokens = append(make([]token, 0, 2*cap(s.tokens)+64*blockSize), s.tokens...)
	}
	tokens := s.tokens
	freq := &s.freq[table&3]
	tableBits := token(table) << tokenTable
	before := from - 1 // index of the coefficient before k that is not zero
	for ; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask)
		zeros := k - before - 1
		before = k
		for ; zeros > 15; zeros -= 16 { // ZRL, symbol F0, stands for 16 zeros
			tokens = append(tokens, tableBits|0xF0<<tokenSymbol)
			freq[0xF0]++
		}
		size, extra := magnitude(int32(b[zigzagT[k&63]&63]))
		symbol := uint(zeros<<4|size) & 0xFF
		freq[symbol]++
		tokens = append(tokens, token(size)<<tokenSize|tableBits|token(symbol)<<tokenSymbol|extra)
	}
	switch {
	case before == to: // the block needs no end
	case hasRuns:
		s.run = 1
	default:
		tokens = append(tokens, tableBits) // EOB, symbol 0
		freq[0]++
	}
	s.tokens = tokens
}

// maxRun is the largest number of blocks that one token can end: EOB14 and 14 bits that are 1.
const maxRun = 1<<15 - 1

// endRun adds the token of the run of ended blocks, if there is a run.
func (s *writerScan) endRun(table int) {
	if s.run == 0 {
		return
	}
	size := bits.Len(s.run) - 1 // r of EOBr: the run without its first bit has r bits
	symbol := size << 4
	extra := token(s.run) & (1<<size - 1)
	s.freq[table][symbol&0xFF]++
	s.tokens = append(s.tokens, makeToken(table, symbol, size, extra))
	s.run = 0
}
