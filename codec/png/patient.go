package png

// This file implements the patient parse: it finds the way to encode a stretch of bytes that takes
// the fewest bits, as a shortest path from byte to byte. In filtered photos most matches cost more
// than their literals.

import "math"

const (
	chunkSize = 128 << 10 // bytes that are parsed together
	inFull    = 20        // of longer matches, only the whole is considered
)

// A patient is a patient parse. It works on a chunk at a time.
type patient struct {
	matches []uint32 // length<<16 | distance, for each position in turn, by rising length
	first   []uint32 // where a position's matches begin
	cost    []uint32
	choice  []uint32 // the step that leads to a position: 0 a literal, else a match
	steps   []uint32 // of the cheapest way: 0 a literal, else a match
}

// patient parses all of b.
func (d *deflater) patient() {
	n := min(chunkSize, len(d.b))
	d.best = &patient{
		matches: make([]uint32, 0, 2*n), first: make([]uint32, n+1),
		cost: make([]uint32, n+1), choice: make([]uint32, n+1),
	}
	for from := 0; from < len(d.b); from += chunkSize {
		to := min(from+chunkSize, len(d.b))
		d.find(from, to)
		for range d.search.passes - 1 {
			d.parse(from, to)
			d.costs.learn(d.best.count(d.b[from:to]))
		}
		d.parse(from, to)
		d.costs.learn(d.best.count(d.b[from:to]))
		d.sayBest(from)
	}
}

// find lists the matches at each position p, from <= p < to.
func (d *deflater) find(from, to int) {
	p, b := d.best, d.b
	p.matches = p.matches[:0]
	skip := 0 // positions inside a nice match are skipped
	for i := from; i < to; i++ {
		p.first[i-from] = uint32(len(p.matches))
		switch {
		case i+4 > len(b):
		case skip > 0:
			skip--
			d.chains.insert(b, i, i+1, d.search.three)
		default:
			if n := d.findAt(i, min(to-i, maxMatch)); n >= d.search.nice {
				skip = n - 1
			}
		}
	}
	p.first[to-from] = uint32(len(p.matches))
}

// findAt appends the matches of position i, of up to limit bytes, and returns the length of the
// longest one.
func (d *deflater) findAt(i, limit int) (best int) {
	p, b, c := d.best, d.b, &d.chains
	best = minMatch - 1
	if d.search.three && limit >= minMatch {
		if distance := c.triple(b, i); distance > 0 {
			best = matchLength(b, i-distance, i, limit)
			p.matches = append(p.matches, uint32(best)<<16|uint32(distance))
		}
	}
	h := hash4(load32(b, i))
	cand := int(c.head[h])
	c.head[h] = int32(i)
	c.prev[i&(windowSize-1)] = int32(cand)
	for n := d.search.depth; n > 0 && i-cand < windowSize && best < min(limit, d.search.nice); n-- {
		if b[cand+best] == b[i+best] {
			if l := matchLength(b, cand, i, limit); l > best {
				best = l
				p.matches = append(p.matches, uint32(l)<<16|uint32(i-cand))
			}
		}
		cand = int(c.prev[cand&(windowSize-1)])
	}
	return best
}

// parse finds the cheapest way to write the bytes b[from:to].
func (d *deflater) parse(from, to int) {
	p, c := d.best, &d.costs
	n := to - from
	cost, choice := p.cost[:n+1], p.choice[:n+1]
	for i := range cost {
		cost[i] = math.MaxUint32
	}
	cost[0] = 0
	for i, v := range d.b[from:to] {
		here := cost[i]
		if c := here + c.literal[v]; c < cost[i+1] {
			cost[i+1], choice[i+1] = c, 0
		}
		short := minMatch
		for _, m := range p.matches[p.first[i]:p.first[i+1]] {
			l := int(m >> 16)
			at := here + c.distance[distSymbol(int(m&0xffff))]
			for ; short <= l; short++ {
				if short == inFull {
					short = l
				}
				if v := at + c.length[short]; v < cost[i+short] {
					cost[i+short], choice[i+short] = v, uint32(short)<<16|m&0xffff
				}
			}
		}
	}
	p.walkBack(n)
}

// walkBack sets p.steps to the steps that lead to n, in order.
func (p *patient) walkBack(n int) {
	p.steps = p.steps[:0]
	for i := n; i > 0; {
		c := p.choice[i]
		p.steps = append(p.steps, c)
		i -= max(int(c>>16), 1)
	}
	for i, j := 0, len(p.steps)-1; i < j; i, j = i+1, j-1 {
		p.steps[i], p.steps[j] = p.steps[j], p.steps[i]
	}
}

// count counts the symbols of the steps over b.
func (p *patient) count(b []byte) *histogram {
	h := new(histogram)
	i := 0
	for _, s := range p.steps {
		if s == 0 {
			h.lit[b[i]]++
			h.n++
			i++
			continue
		}
		h.addMatch(int(s>>16), int(s&0xffff))
		i += int(s >> 16)
	}
	return h
}

// sayBest writes the steps of the chunk that begins at from.
func (d *deflater) sayBest(from int) {
	start, i := from, from
	for _, s := range d.best.steps {
		if s == 0 {
			i++
			if i-start < 1<<13 {
				continue
			}
		}
		n := int(s >> 16)
		d.blocks.add(start, i, n, int(s&0xffff))
		i += n
		start = i
	}
	d.blocks.add(start, i, 0, 0)
}
