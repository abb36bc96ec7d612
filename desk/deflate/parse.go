package deflate

import "math/bits"

// Prices are in 1/256 of a bit. A segment's price fits 32 bits: 2^19 bytes at 15 bits are 2^31.
const unit = 256

// niceMatch is a length from which on a match is taken whole or not at all.
const niceMatch = 160

// prices says what each choice costs.
type prices struct {
	literal  [256]uint32
	length   [maxMatch + 1]uint32 // with extra bits
	distance [30]uint32           // with extra bits
}

// firstPrices are a guess, before anything is known.
func firstPrices() *prices {
	p := &prices{}
	for i := range p.literal {
		p.literal[i] = 8 * unit
	}
	for n := minMatch; n <= maxMatch; n++ {
		p.length[n] = (6 + uint32(lengthSymbol[n].extra)) * unit
	}
	for i := range p.distance {
		p.distance[i] = (5 + uint32(distanceSymbols[i].extra)) * unit
	}
	return p
}

// prices are the entropies of a histogram's symbols.
func (h *histogram) prices() *prices {
	p := &prices{}
	lit, dist := entropies(h.lit[:]), entropies(h.dist[:])
	copy(p.literal[:], lit)
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthSymbol[n]
		p.length[n] = lit[257+int(s.symbol)] + uint32(s.extra)*unit
	}
	for i := range p.distance {
		p.distance[i] = dist[i] + uint32(distanceSymbols[i].extra)*unit
	}
	return p
}

// entropies is -log2 of each symbol's share. A symbol that does not occur costs as if it occurred once.
func entropies(freq []uint32) []uint32 {
	var sum uint32
	for _, f := range freq {
		sum += f
	}
	all := log2(max(sum, 1))
	out := make([]uint32, len(freq))
	for i, f := range freq {
		out[i] = all - min(log2(max(f, 1)), all)
	}
	return out
}

// log2 is the binary logarithm of v in units, cut off, for v > 0.
func log2(v uint32) uint32 {
	whole := uint32(bits.Len32(v) - 1)
	x := uint64(v) << 32 >> whole // in [1, 2), with 32 binary places
	var fraction uint32
	for range 8 {
		hi, lo := bits.Mul64(x, x)
		x = hi<<32 | lo>>32
		fraction <<= 1
		if x >= 2<<32 {
			x >>= 1
			fraction |= 1
		}
	}
	return whole*unit + fraction
}

// A parser finds the cheapest tokens for parts of a segment.
type parser struct {
	src     []byte
	matches *matches
	cost    []uint32 // of the cheapest way to a position
	last    []token  // the last token of that way
}

func newParser(src []byte, m *matches) *parser {
	n := len(m.first)
	return &parser{src, m, make([]uint32, n), make([]token, n)}
}

// parse returns the cheapest tokens for src[start:end], a part of the segment.
func (p *parser) parse(start, end int, prices *prices) []token {
	n := end - start
	cost, last := p.cost[:n+1], p.last[:n+1]
	for i := 1; i <= n; i++ {
		cost[i] = 1<<32 - 1
	}
	cost[0] = 0
	first := p.matches.first[start-p.matches.start:]
	for i := range n {
		here := cost[i]
		if c := here + prices.literal[p.src[start+i]]; c < cost[i+1] {
			cost[i+1], last[i+1] = c, 1<<16
		}
		shortest := minMatch
		found := p.matches.all[first[i]:first[i+1]]
		if len(found) > 0 {
			if l := min(found[len(found)-1].length(), n-i); l >= niceMatch {
				shortest = l // nothing shorter can be worth the time
			}
		}
		for _, m := range found {
			longest := min(m.length(), n-i)
			base := here + prices.distance[distanceOf(m.distance()).symbol]
			d := m & 0xffff
			for l := shortest; l <= longest; l++ {
				if c := base + prices.length[l]; c < cost[i+l] {
					cost[i+l], last[i+l] = c, token(l)<<16|d
				}
			}
			shortest = longest + 1
		}
	}
	count := 0
	for i := n; i > 0; i -= last[i].length() {
		count++
	}
	tokens := make([]token, count)
	for i := n; i > 0; i -= last[i].length() {
		count--
		tokens[count] = last[i]
	}
	return tokens
}
