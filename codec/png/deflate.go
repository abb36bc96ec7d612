// This file implements compression: deflate, RFC 1951, in a zlib wrapper, RFC 1950. It differs from compress/flate in that it weighs
// every way to say a stretch of bytes by the bits that it takes: in filtered photos most matches cost more than their literals.

package png

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// An effort says how hard to look for matches.
type effort struct {
	depth  int  // matches tried at each position
	nice   int  // a match this long is taken without looking further
	three  bool // look for matches of 3 bytes too
	passes int  // over the data, each with the costs that the one before it found
}

// chunkSize is how many bytes are parsed at a time.
const chunkSize = 128 << 10

const (
	hashBits  = 16
	hash3Bits = 13
	near      = 4 << 10 // three bytes from farther away never pay
	inFull    = 20
	minMatch  = 3
	maxMatch  = 258
	costOne   = 16 // costs are in sixteenths of a bit
)

// A deflater compresses one stream.
type deflater struct {
	b      []byte
	effort effort
	out    []byte
	acc    uint64
	nb     uint

	head  [1 << hashBits]int32 // 1 + the last position with this hash of 4 bytes, or 0
	head3 [1 << hash3Bits]int32
	prev  [windowSize]int32 // the same for each position's predecessor in its chain

	matches []uint32 // length<<16 | distance, growing in length, of each position in turn
	first   []uint32 // where a position's matches begin
	cost    []uint32
	choice  []uint32 // the step that leads to a position: 0 a literal, else a match
	symbols []uint32 // what is said: literals below 256, else a match

	litCost  [256]uint32
	lenCost  [maxMatch + 1]uint32
	distCost [30]uint32
}

// deflate returns b as a zlib stream.
func deflate(b []byte, e effort) []byte {
	d := &deflater{b: b, effort: e, out: make([]byte, 0, len(b)/2+64)}
	d.out = append(d.out, 0x78, 0xda)
	d.symbols = make([]uint32, 0, len(b)/2)
	d.guessCosts()
	for from := 0; from < len(b); from += chunkSize {
		to := min(from+chunkSize, len(b))
		d.find(from, to)
		n := len(d.symbols)
		for pass := range e.passes {
			d.symbols = d.symbols[:n]
			d.parse(from, to)
			if pass+1 < e.passes || to < len(b) {
				d.learnCosts(d.symbols[n:])
			}
		}
	}
	d.writeBlocks()
	var a adler = adler{1, 0}
	a.update(b)
	return binary.BigEndian.AppendUint32(d.out, a[1]<<16|a[0])
}

func lengthSymbol(n int) int {
	if n == maxMatch {
		return 28
	}
	n -= 3
	if n < 8 {
		return n
	}
	e := bits.Len(uint(n)) - 3
	return 4*e + n>>e
}

func distSymbol(n int) int {
	n--
	if n < 4 {
		return n
	}
	e := bits.Len(uint(n)) - 2
	return 2*e + n>>e
}

// guessCosts takes the literals' costs from the bytes themselves.
func (d *deflater) guessCosts() {
	var lit [286]int
	var dist [30]int
	for _, v := range d.b {
		lit[v]++
	}
	// As if a tenth of the symbols were matches, alike in all lengths and distances.
	for i := 256; i < 286; i++ {
		lit[i] = len(d.b)/300 + 1
	}
	for i := range dist {
		dist[i] = 1
	}
	d.setCosts(&lit, &dist)
}

func (d *deflater) learnCosts(symbols []uint32) {
	lit, dist := histogram(symbols)
	// What was not used once may be used yet.
	for i := range lit {
		lit[i] = 2*lit[i] + 1
	}
	for i := range dist {
		dist[i] = 2*dist[i] + 1
	}
	d.setCosts(&lit, &dist)
}

func (d *deflater) setCosts(lit *[286]int, dist *[30]int) {
	price := func(n, sum int) uint32 {
		return uint32(costOne * min(math.Log2(float64(sum)/float64(max(n, 1))), maxBits))
	}
	sum := 0
	for _, n := range lit {
		sum += n
	}
	for i := range d.litCost {
		d.litCost[i] = max(price(lit[i], sum), costOne)
	}
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthSymbol(n)
		d.lenCost[n] = max(price(lit[257+s], sum), costOne) + costOne*uint32(lengthExtra[s])
	}
	sum = 0
	for _, n := range dist {
		sum += n
	}
	for s := range d.distCost {
		d.distCost[s] = max(price(dist[s], sum), costOne) + costOne*uint32(distExtra[s])
	}
}

func histogram(symbols []uint32) (lit [286]int, dist [30]int) {
	for _, s := range symbols {
		if s < 256 {
			lit[s]++
			continue
		}
		lit[257+lengthSymbol(int(s>>16))]++
		dist[distSymbol(int(s&0xffff))]++
	}
	return lit, dist
}

// find lists the matches at each position from from to to.
func (d *deflater) find(from, to int) {
	if d.first == nil {
		d.first = make([]uint32, min(chunkSize, len(d.b))+1)
		d.matches = make([]uint32, 0, 2*len(d.first))
	}
	d.matches = d.matches[:0]
	first := d.first[:to-from+1]
	b := d.b
	skip := 0 // positions inside a nice match are not looked at
	for i := from; i < to; i++ {
		first[i-from] = uint32(len(d.matches))
		if i+4 > len(b) {
			continue
		}
		v := binary.LittleEndian.Uint32(b[i:])
		h := v * 0x9e3779b1 >> (32 - hashBits)
		cand, cand3 := int(d.head[h])-1, -1
		d.head[h] = int32(i + 1)
		if d.effort.three {
			h3 := v << 8 * 0x9e3779b1 >> (32 - hash3Bits)
			cand3 = int(d.head3[h3]) - 1
			d.head3[h3] = int32(i + 1)
		}
		d.prev[i&(windowSize-1)] = int32(cand + 1)
		if skip > 0 {
			skip--
			continue
		}
		limit := min(to-i, maxMatch)
		if limit < minMatch {
			continue
		}
		best := minMatch - 1
		if cand3 >= 0 && i-cand3 <= near {
			if n := matchLength(b, cand3, i, limit); n > best {
				best = n
				d.matches = append(d.matches, uint32(n)<<16|uint32(i-cand3))
			}
		}
		for n := d.effort.depth; n > 0 && cand >= 0 && i-cand <= windowSize && best < limit; n-- {
			if b[cand+best] == b[i+best] {
				if l := matchLength(b, cand, i, limit); l > best {
					best = l
					d.matches = append(d.matches, uint32(l)<<16|uint32(i-cand))
					if l >= d.effort.nice {
						break
					}
				}
			}
			next := int(d.prev[cand&(windowSize-1)]) - 1
			if next >= cand {
				break // the place belongs to a later position by now
			}
			cand = next
		}
		if best >= d.effort.nice {
			skip = best - 1
		}
	}
	first[to-from] = uint32(len(d.matches))
}

// matchLength returns how many bytes, up to limit, are the same at p and at i.
func matchLength(b []byte, p, i, limit int) int {
	x, y := b[p:p+limit], b[i:i+limit]
	n := 0
	for n+8 <= len(x) && n+8 <= len(y) {
		if v := binary.LittleEndian.Uint64(x[n:]) ^ binary.LittleEndian.Uint64(y[n:]); v != 0 {
			return n + bits.TrailingZeros64(v)>>3
		}
		n += 8
	}
	for n < len(x) && x[n] == y[n] {
		n++
	}
	return n
}

// parse appends to symbols the cheapest way from from to to.
func (d *deflater) parse(from, to int) {
	n := to - from
	if cap(d.cost) < n+1 {
		d.cost, d.choice = make([]uint32, n+1), make([]uint32, n+1)
	}
	cost, choice := d.cost[:n+1], d.choice[:n+1]
	for i := range cost {
		cost[i] = math.MaxUint32
	}
	cost[0] = 0
	for i, v := range d.b[from:to] {
		here := cost[i]
		if c := here + d.litCost[v]; c < cost[i+1] {
			cost[i+1], choice[i+1] = c, 0
		}
		short := minMatch
		for _, m := range d.matches[d.first[i]:d.first[i+1]] {
			l := int(m >> 16)
			c := here + d.distCost[distSymbol(int(m&0xffff))]
			for ; short <= l; short++ {
				if short == inFull {
					short = l // of long matches only the whole
				}
				if c := c + d.lenCost[short]; c < cost[i+short] {
					cost[i+short], choice[i+short] = c, uint32(short)<<16|m&0xffff
				}
			}
		}
	}
	// Back from the end, then turned round.
	start := len(d.symbols)
	for i := n; i > 0; {
		c := choice[i]
		if c == 0 {
			i--
			c = uint32(d.b[from+i])
		} else {
			i -= int(c >> 16)
		}
		d.symbols = append(d.symbols, c)
	}
	for i, j := start, len(d.symbols)-1; i < j; i, j = i+1, j-1 {
		d.symbols[i], d.symbols[j] = d.symbols[j], d.symbols[i]
	}
}

// writeBlocks cuts the symbols into blocks where a code of their own saves more than it costs to say.
func (d *deflater) writeBlocks() {
	const unit = 4 << 10
	rest := d.symbols
	for {
		n := min(unit, len(rest))
		lit, dist := histogram(rest[:n])
		size := blockBits(&lit, &dist)
		for n < len(rest) {
			m := min(unit, len(rest)-n)
			lit2, dist2 := histogram(rest[n : n+m])
			apart := size + blockBits(&lit2, &dist2)
			for i, v := range lit {
				lit2[i] += v
			}
			for i, v := range dist {
				dist2[i] += v
			}
			together := blockBits(&lit2, &dist2)
			if together > apart {
				break
			}
			lit, dist, size, n = lit2, dist2, together, n+m
		}
		d.writeBlock(rest[:n], &lit, &dist, n == len(rest))
		if rest = rest[n:]; len(rest) == 0 {
			break
		}
	}
	d.out = binary.LittleEndian.AppendUint64(d.out, d.acc)[:len(d.out)+int(d.nb+7)/8]
}

// blockBits estimates a block's size: the symbols' entropy and about 5 bits for each one's code length.
func blockBits(lit *[286]int, dist *[30]int) int {
	size := 0.0
	for _, counts := range [][]int{lit[:], dist[:]} {
		sum := 0
		for _, n := range counts {
			sum += n
		}
		for _, n := range counts {
			if n > 0 {
				size += float64(n)*math.Log2(float64(sum)/float64(n)) + 4
			}
		}
	}
	return int(size) + 100
}

func (d *deflater) put(v uint64, n uint) {
	d.acc |= v << d.nb
	if d.nb += n; d.nb >= 32 {
		d.out = binary.LittleEndian.AppendUint32(d.out, uint32(d.acc))
		d.acc >>= 32
		d.nb -= 32
	}
}

// A prefixCode has for each symbol its code, first bit lowest, and its length.
type prefixCode struct {
	code   [288]uint16
	length [288]uint8
}

// assign gives the codes that the lengths stand for (RFC 1951 section 3.2.2).
func (c *prefixCode) assign() {
	var count, next [maxBits + 1]uint16
	for _, l := range c.length {
		count[l]++
	}
	count[0] = 0
	for l := 1; l <= maxBits; l++ {
		next[l] = (next[l-1] + count[l-1]) << 1
	}
	for s, l := range c.length {
		if l > 0 {
			c.code[s] = bits.Reverse16(next[l]) >> (16 - l)
			next[l]++
		}
	}
}

// build makes a Huffman code of at most limit bits for the symbols that are counted, and of two symbols at least.
func (c *prefixCode) build(counts []int, limit int) {
	type node struct{ weight, parent int }
	var order []int
	for s, n := range counts {
		if n > 0 {
			order = append(order, s)
		}
	}
	for s := 0; len(order) < 2; s++ {
		if !slices.Contains(order, s) {
			order = append(order, s)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[a], counts[b]) })
	// Leaves, then inner nodes, both in order of weight: the two lightest are at the heads of two queues.
	n := len(order)
	nodes := make([]node, n, 2*n)
	for i, s := range order {
		nodes[i].weight = counts[s]
	}
	leaf, inner := 0, n
	lightest := func() int {
		if leaf < n && (inner == len(nodes) || nodes[leaf].weight <= nodes[inner].weight) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for len(nodes) < 2*n-1 {
		a, b := lightest(), lightest()
		nodes[a].parent, nodes[b].parent = len(nodes), len(nodes)
		nodes = append(nodes, node{weight: nodes[a].weight + nodes[b].weight})
	}
	depth := make([]int, len(nodes))
	for i := len(nodes) - 2; i >= 0; i-- {
		depth[i] = depth[nodes[i].parent] + 1
	}
	// Codes over the limit are cut to it, and the rarest of the others made longer until there is room for all.
	room := 1 << limit
	for i := range order {
		depth[i] = min(depth[i], limit)
		room -= 1 << (limit - depth[i])
	}
	for i := 0; room < 0; i++ {
		for i := i % n; room < 0 && depth[i] < limit; {
			depth[i]++
			room += 1 << (limit - depth[i])
		}
	}
	for i := n - 1; i >= 0; i-- {
		for depth[i] > 1 && 1<<(limit-depth[i]) <= room {
			room -= 1 << (limit - depth[i])
			depth[i]--
		}
	}
	*c = prefixCode{}
	for i, s := range order {
		c.length[s] = uint8(depth[i])
	}
	c.assign()
}

// bitsOf returns the bits that the counted symbols take.
func (c *prefixCode) bitsOf(counts []int) (n int) {
	for s, k := range counts {
		n += k * int(c.length[s])
	}
	return n
}

// writeBlock writes the symbols with codes of their own, or with the fixed ones where that is shorter.
func (d *deflater) writeBlock(symbols []uint32, litCount *[286]int, distCount *[30]int, final bool) {
	litCount[256] = 1
	var lit, dist, codes prefixCode
	lit.build(litCount[:], maxBits)
	dist.build(distCount[:], maxBits)
	lits, dists := 286, 30
	for lit.length[lits-1] == 0 {
		lits--
	}
	for dists > 1 && dist.length[dists-1] == 0 {
		dists--
	}
	// Section 3.2.7: both codes' lengths as one sequence, with repetitions.
	lengths := append(slices.Clone(lit.length[:lits]), dist.length[:dists]...)
	said := repetitions(lengths)
	var codeCount [19]int
	for _, s := range said {
		codeCount[s.symbol]++
	}
	codes.build(codeCount[:], 7)
	n := 19
	for n > 4 && codes.length[codeOrder[n-1]] == 0 {
		n--
	}
	size := 14 + 3*n + codes.bitsOf(codeCount[:]) + 2*codeCount[16] + 3*codeCount[17] + 7*codeCount[18] +
		lit.bitsOf(litCount[:]) + dist.bitsOf(distCount[:])

	var fixedLit, fixedDist prefixCode
	for s := range fixedLit.length {
		switch {
		case s < 144 || s >= 280:
			fixedLit.length[s] = 8
		case s < 256:
			fixedLit.length[s] = 9
		default:
			fixedLit.length[s] = 7
		}
	}
	for s := range 30 {
		fixedDist.length[s] = 5
	}
	bfinal := uint64(0)
	if final {
		bfinal = 1
	}
	if fixedLit.bitsOf(litCount[:])+fixedDist.bitsOf(distCount[:]) <= size {
		lit, dist = fixedLit, fixedDist
		lit.assign()
		dist.assign()
		d.put(bfinal|1<<1, 3)
	} else {
		d.put(bfinal|2<<1, 3)
		d.put(uint64(lits-257)|uint64(dists-1)<<5|uint64(n-4)<<10, 14)
		for _, s := range codeOrder[:n] {
			d.put(uint64(codes.length[s]), 3)
		}
		for _, s := range said {
			d.put(uint64(codes.code[s.symbol]), uint(codes.length[s.symbol]))
			d.put(uint64(s.extra), uint(s.bits))
		}
	}
	for _, s := range symbols {
		if s < 256 {
			d.put(uint64(lit.code[s]), uint(lit.length[s]))
			continue
		}
		n, from := int(s>>16), int(s&0xffff)
		ls, ds := lengthSymbol(n), distSymbol(from)
		d.put(uint64(lit.code[257+ls]), uint(lit.length[257+ls]))
		d.put(uint64(n-int(lengthBase[ls])), uint(lengthExtra[ls]))
		d.put(uint64(dist.code[ds]), uint(dist.length[ds]))
		d.put(uint64(from-int(distBase[ds])), uint(distExtra[ds]))
	}
	d.put(uint64(lit.code[256]), uint(lit.length[256]))
}

// A repetition is a symbol of the code for code lengths, with its extra bits.
type repetition struct {
	symbol, bits uint8
	extra        uint16
}

func repetitions(lengths []uint8) (said []repetition) {
	for i := 0; i < len(lengths); {
		l, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l != 0 {
			said = append(said, repetition{symbol: l})
			n--
		}
		for n > 0 {
			switch {
			case l == 0 && n >= 11:
				m := min(n, 138)
				said = append(said, repetition{18, 7, uint16(m - 11)})
				n -= m
			case l == 0 && n >= 3:
				said = append(said, repetition{17, 3, uint16(n - 3)})
				n = 0
			case l != 0 && n >= 3:
				m := min(n, 6)
				said = append(said, repetition{16, 2, uint16(m - 3)})
				n -= m
			default:
				said = append(said, repetition{symbol: l})
				n--
			}
		}
	}
	return said
}
