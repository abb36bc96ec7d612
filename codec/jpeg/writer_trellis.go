package jpeg

import "math/bits"

// This file implements the choice of levels by rate and distortion. A level is a quantized
// coefficient. For the AC coefficients of a block in a scan, the writer chooses the levels that
// have the least cost
//
//	bits + weight * gain * (squared error)
//
// where bits is computed with the codes that the scan will be written with, or codes close to them.
// weight belongs to the block (writer_weight.go) and gain to the coefficient (writer_quant.go). A
// coefficient's level may be the nearest one, the largest of the next smaller size category, or 0.
//
// Other encoders do three more things, which were measured here and are left out: the choice of DC
// levels, a second round for the costs, and finer input. The columns say by how many percent the
// bytes change, at equal SSIMULACRA2 and at equal PSNR-Y. The first three rows are of ten photos at
// 720 pixels, the last row is of twelve photos at 360:
//
//	-0.07 -0.07   DC levels on the cheapest path along a row of blocks, from three levels for each
//	-0.09 -0.13   DC levels as in the first row, with chroma's errors worth a quarter
//	-0.13 +0.05   costs learnt again from the sample's chosen levels, for a quarter more CPU time
//	-0.43 -0.25   planes that are not rounded to 8 bits, and a floating-point transform of these

// costs has the costs of AC symbols in a scan, in 1/256 bit, including their additional bits.
type costs struct {
	symbol   [256]int32
	cheapest [16]int32 // by size category: the cost of its cheapest symbol
	ended    int32     // cost of the end of a block whose last coefficient is 0, but not all are 0
	empty    int32     // cost of a block whose coefficients are all 0
}

// scanHeader is how many bytes the headers of a scan take: 10 for a SOS segment, and 4+17 for a DHT
// segment without the values of its table.
const scanHeader = 10 + 4 + 17

// absent is the length, in bits, that is assumed for the code of a symbol that does not occur in
// the sample.
const absent = 14

// learnCosts sets the costs of all scans. It uses a sample of the picture, quantized to the nearest
// levels, and returns the split of luma that takes the fewest bits by this sample. If nearestOnly
// is set, no costs are needed, and learnCosts returns 0.
func (w *writer) learnCosts() (split int) {
	if w.nearestOnly {
		return 0
	}
	// Count the symbols of about 12 lines of MCUs, evenly spread over the picture.
	const lines = 12
	w.nearestOnly = true
	step := max(w.mcusY/lines, 1)
	sampled := 0
	for y := step / 2; y < w.mcusY; y += step {
		w.forward(y)
		w.addLine(y)
		sampled++
		for i := range w.scans {
			w.scans[i].tokens = w.scans[i].tokens[:0] // only their counts are needed
		}
	}
	w.nearestOnly = false
	// Set the costs, and estimate how many bits each split takes for the whole picture.
	var splitBits [splitCount]uint64
	for i := range w.scans {
		s := &w.scans[i]
		total := uint64(0)
		for t := range s.costs {
			if w.comps[s.first].tables == t { // count the run at the end of the sample
				s.endRun(2*t + tableAC)
			}
			symbolBits, tableBits := s.costs[t].learn(&s.freq[2*t+tableAC], s.from > 0)
			total += symbolBits*uint64(w.mcusY)/uint64(sampled) + tableBits
		}
		for j := range splitBits {
			if (s.splits>>j)&1 != 0 {
				splitBits[j] += total + 8*scanHeader
			}
		}
		// Forget the sample.
		s.tokens, s.freq = s.tokens[:0], frequencies{}
	}
	for i := range w.comps {
		w.comps[i].pred = 0
	}
	for i := range splitBits {
		if splitBits[i] < splitBits[split] {
			split = i
		}
	}
	return split
}

// learn sets the costs from the symbols counted in a scan. hasRuns says that one symbol may end a
// run of blocks. learn returns how many bits the symbols take, with their additional bits, and how
// many the values of the Huffman table take.
func (c *costs) learn(freq *[256]uint32, hasRuns bool) (symbolBits, tableBits uint64) {
	var h huffmanSpec
	h.fit(freq)
	// The low 4 bits of a symbol are the number of its additional bits, except for EOBr.
	for i := range c.symbol {
		c.symbol[i] = int32(absent+(i&15)) << 8
	}
	k := 0
	for length, count := range h.counts {
		for range count {
			s := int(h.values[k])
			k++
			withExtra := length + (s & 15) // bits of the code and of those after it
			c.symbol[s] = int32(withExtra) << 8
			symbolBits += uint64(withExtra) * uint64(freq[s])
			if hasRuns && s&15 == 0 && s < 0xF0 { // EOBr, with r additional bits
				symbolBits += uint64(s>>4) * uint64(freq[s])
			}
		}
	}
	tableBits = 8 * uint64(len(h.values))
	// The symbols of a size category differ in the run of zeros.
	for size := range c.cheapest {
		c.cheapest[size] = c.symbol[size]
		for run := range 16 {
			c.cheapest[size] = min(c.cheapest[size], c.symbol[run<<4|size])
		}
	}
	c.ended, c.empty = c.symbol[0], c.symbol[0]
	if !hasRuns {
		return symbolBits, tableBits
	}
	// A block without coefficients prolongs a run, which costs almost nothing. The end of a block
	// with coefficients begins a run, and costs the mean of what the runs in the sample cost.
	c.ended, c.empty = 0, 0
	total, n := uint64(0), uint64(0)
	for r := range 15 { // EOBr
		f := uint64(freq[r<<4])
		total += f * (uint64(c.symbol[r<<4]) + uint64(r)<<8)
		n += f
	}
	if n > 0 {
		c.ended = int32(total / n)
	}
	return symbolBits, tableBits
}

// chooseLevels chooses the levels of n blocks of component i. They begin a line of blocks: the
// number of the leftmost block is first, and y is the component's row of samples where the line
// begins.
func (w *writer) chooseLevels(i, first, n, y int) {
	c := &w.comps[i]
	q := &w.quant[c.quant]
	isChroma := i > 0 && !w.rgb
	isDrawing := !isChroma && anyFlat(c.raw[first:first+n], c.mask[first:first+n])
	for b := first; b < first+n; b++ {
		mask := c.mask[b]
		if isChroma {
			if mask>>1 != 0 {
				c.mask[b] = w.chooseBlock(i, b, plainWeight)
			}
			continue
		}
		// In drawings, faint texture is kept. A block in which raise changes nothing goes on below.
		if isDrawing {
			if raised := q.raise(&c.coef[b], &c.raw[b], mask); raised != mask {
				c.mask[b] = raised
				continue
			}
		}
		if mask>>1 == 0 { // no AC coefficients: bit 0 is DC
			continue
		}
		// If the choice flattens the block, it is made again with four times the weight for errors.
		// If that flattens the block too, the nearest levels stay.
		weight := c.weight(8*(b-first), y)
		nearest := c.coef[b]
		kept := w.chooseBlock(i, b, weight)
		if q.flattens(&nearest, &c.coef[b], &c.raw[b], mask) {
			c.coef[b] = nearest
			kept = w.chooseBlock(i, b, 4*weight)
			if q.flattens(&nearest, &c.coef[b], &c.raw[b], mask) {
				c.coef[b], kept = nearest, mask
			}
		}
		c.mask[b] = kept
	}
}

// chooseBlock chooses the levels of block b of component i, scan by scan. It returns the mask of
// the levels that are not zero.
func (w *writer) chooseBlock(i, b int, weight int64) (kept uint64) {
	c := &w.comps[i]
	q := &w.quant[c.quant]
	kept = c.mask[b] & 1 // DC has no choice
	for j := range w.scans {
		s := &w.scans[j]
		if s.to > 0 && s.first <= i && i <= s.last { // s has AC coefficients of component i
			from, costs := max(s.from, 1), &s.costs[c.tables]
			kept |= q.choose(&w.trellis, &c.coef[b], &c.raw[b], c.mask[b], from, s.to, costs, weight)
		}
	}
	return kept
}

// unitEnergy is the acEnergy of a block whose 64 samples have a variance of 1.
const unitEnergy = 64 * 64

// acEnergy returns the sum of the squares of a block's AC coefficients, times 64: those in raw are
// times 8.
func acEnergy(raw *coefBlock) (sum int64) {
	for _, v := range raw[1:] {
		sum += int64(v) * int64(v)
	}
	return sum
}

// quantizedEnergy returns the acEnergy of the coefficients that the levels in mask stand for.
func (q *quantizer) quantizedEnergy(level *coefBlock, mask uint64) (sum int64) {
	for m := mask &^ 1; m != 0; m &= m - 1 {
		j := zigzagT[bits.TrailingZeros64(m)&63] & 63
		v := int64(int32(level[j]) * q.step[j])
		sum += v * v
	}
	return sum
}

// anyFlat reports whether a row of blocks has a flat block. Drawings and pages of text have flat
// blocks, but photos do not. In a row with a flat block, a faint detail is visible: it is a line or
// the edge of a letter rather than noise.
func anyFlat(raw []coefBlock, mask []uint64) bool {
	const flat = unitEnergy / 64 // a variance of 1/64
	for i := range raw {
		if mask[i]>>1 == 0 && acEnergy(&raw[i]) < flat {
			return true
		}
	}
	return false
}

// raise keeps texture in a block with a variance of 2 to 60. If the nearest levels have less than a
// quarter of the block's energy, it raises levels of 0 to 1 or -1, from the largest coefficient
// down to those of 0.35 step, until the levels have a quarter. It returns the mask of all levels
// that are not zero.
func (q *quantizer) raise(level, raw *coefBlock, mask uint64) uint64 {
	all := acEnergy(raw)
	if all < 2*unitEnergy || all > 60*unitEnergy {
		return mask
	}
	kept := q.quantizedEnergy(level, mask)
	for 4*kept < all {
		// Find the largest coefficient of at least 7/20 step whose level is 0.
		best, at := int64(0), 0 // its square and its zig-zag index
		for k := 1; k < blockSize; k++ {
			j := zigzagT[k] & 63
			v := int64(raw[j])
			if level[j] == 0 && v*v > best && 20*max(v, -v) >= 7*int64(q.step[j]) {
				best, at = v*v, k
			}
		}
		if at == 0 {
			break
		}
		j := zigzagT[at] & 63
		level[j] = 1
		if raw[j] < 0 {
			level[j] = -1
		}
		mask |= 1 << at
		kept += int64(q.step[j]) * int64(q.step[j])
	}
	return mask
}

// flattens reports whether a block loses its texture by the levels in level: they keep less than a
// tenth of the energy of the AC coefficients in raw, while the nearest levels would keep more than
// a quarter. The squared error of such a block is small, but the eye sees a flat patch. mask says
// which of the nearest levels are not zero.
func (q *quantizer) flattens(nearest, level, raw *coefBlock, mask uint64) bool {
	// These are quantizedEnergy of nearest and level, in one loop, because every block takes it.
	var near, left int64
	for m := mask &^ 1; m != 0; m &= m - 1 {
		j := zigzagT[bits.TrailingZeros64(m)&63] & 63
		a, b := int64(int32(nearest[j])*q.step[j]), int64(int32(level[j])*q.step[j])
		near += a * a
		left += b * b
	}
	if 2*left > near { // the condition below would be false too; this is faster
		return false
	}
	all := acEnergy(raw)
	return 10*left < all && 4*near > all
}

// A node of the trellis is a coefficient whose level is not zero, together with the cheapest choice
// of all levels before it. Node 0 is the beginning of the block.
type node struct {
	cost   int64 // of the levels up to this one, minus the cost of the errors if they were all zero
	k      int32 // zig-zag index
	level  int16
	prev   uint8 // the last node before this one in the cheapest choice
	lowest int64 // the lowest cost of all nodes up to this one
}

// unreachable is more than the cost of any node.
const unreachable = 1 << 60

// A trellis is memory for the nodes of a block.
type trellis [blockSize]node

// choose sets the levels of a block's coefficients with zig-zag indices [from, to]. At first, level
// has the nearest levels, and mask says which of them are not zero. raw has the coefficients before
// quantization, times 8. choose returns the mask of the levels that are still not zero.
//
// Costs are in 2^-8 bits and gain is in 2^-28 bits, hence >> 20. weight is in units of 1/256, hence
// >> 8.
func (q *quantizer) choose(nodes *trellis, level, raw *coefBlock, mask uint64, from, to int, c *costs, weight int64) (kept uint64) {
	mask &= indexSet(from, to)
	if mask == 0 {
		return 0
	}
	// Make a node for each coefficient in mask: the best level other than 0, the best node before.
	nodes[0] = node{k: int32(from - 1)}
	n := 1
	for m := mask; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m)
		j := zigzagT[k&63] & 63
		sign := int32(level[j]) >> 31
		l := (int32(level[j]) ^ sign) - sign // magnitude of the nearest level
		v := (int32(raw[j]) ^ sign) - sign   // magnitude of the coefficient
		size := bits.Len32(uint32(l))        // size category of l
		lower := int32(1)<<(size-1) - 1      // largest magnitude of the category below; 0 if size is 1
		gain := q.gain[j]
		// near and far are the costs of the errors of l and lower, minus that of a zero's error, v.
		e := int64(v - l*q.step[j])
		near := (e*e - int64(v)*int64(v)) * gain >> 20 * weight >> 8
		far := int64(unreachable) // if there is no lower level but 0
		if lower > 0 {
			e := int64(v - lower*q.step[j])
			far = (e*e - int64(v)*int64(v)) * gain >> 20 * weight >> 8
		}
		atLeast := near + int64(c.cheapest[size&15]) // no level other than 0 adds less to the cost
		if lower > 0 {
			atLeast = min(atLeast, far+int64(c.cheapest[(size-1)&15]))
		}
		best := node{cost: unreachable, k: int32(k)}
		isLower := false // the best choice is lower, not l
		for i := n - 1; i >= 0; i-- {
			before := &nodes[i&63]
			if before.lowest+atLeast >= best.cost {
				break // no node from here on can do better
			}
			run := k - int(before.k) - 1 // zeros between the two nodes
			cost := before.cost
			for ; run > 15; run -= 16 {
				cost += int64(c.symbol[0xF0])
			}
			symbol := uint(run<<4|size) & 0xFF
			if x := cost + near + int64(c.symbol[symbol]); x < best.cost {
				best.cost, best.prev, isLower = x, uint8(i), false
			}
			if x := cost + far + int64(c.symbol[(symbol-1)&0xFF]); x < best.cost { // lower's category is size-1
				best.cost, best.prev, isLower = x, uint8(i), true
			}
		}
		if isLower {
			l = lower
		}
		best.level = int16((l ^ sign) - sign)
		best.lowest = min(best.cost, nodes[(n-1)&63].lowest)
		nodes[n&63] = best
		n++
	}
	// Find the last node of the cheapest choice. A block of zeros has no node but the first.
	least, at := int64(c.empty), 0
	for i := 1; i < n; i++ {
		x := nodes[i&63].cost
		if int(nodes[i&63].k) != to {
			x += int64(c.ended)
		}
		if x < least {
			least, at = x, i
		}
	}
	// Walk back from it, and set the levels.
	for at > 0 {
		d := &nodes[at&63]
		level[zigzagT[d.k&63]&63] = d.level
		kept |= 1 << (d.k & 63)
		at = int(d.prev)
	}
	for m := mask &^ kept; m != 0; m &= m - 1 {
		level[zigzagT[bits.TrailingZeros64(m)&63]&63] = 0
	}
	return kept
}
