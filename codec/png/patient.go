package png

// This file implements the patient parse. It finds the literals and matches that take the fewest
// bits, as a shortest path from byte to byte. In filtered photos most matches cost more than their
// literals.

import "math"

const (
	chunkSize = 128 << 10 // bytes that are parsed together
	longMatch = 20        // bytes; findSteps tries fewer of the lengths from here on
)

// A patientParse is the state of the patient parse of one chunk. Positions count from the beginning
// of the chunk. A step is a literal, stored as 0, or a match, stored as length<<16 | distance.
type patientParse struct {
	matches []uint32 // the matches of each position in turn, by rising length
	first   []uint32 // for each position, the index in matches of its first match
	cost    []uint32 // of the cheapest way to each position, in units of costs
	choice  []uint32 // the last step of the cheapest way to each position
	steps   []uint32 // of the cheapest way to the end of the chunk
}

// parsePatiently parses and writes all of d.b.
func (d *deflater) parsePatiently() {
	n := min(chunkSize, len(d.b))
	d.parse = &patientParse{
		matches: make([]uint32, 0, 2*n), first: make([]uint32, n+1),
		cost: make([]uint32, n+1), choice: make([]uint32, n+1),
	}
	for from := 0; from < len(d.b); from += chunkSize {
		to := min(from+chunkSize, len(d.b))
		d.findMatches(from, to)
		for range d.search.passes {
			d.findSteps(from, to)
			d.costs.learn(d.parse.count(d.b[from:to]))
		}
		d.writeSteps(from)
	}
}

// findMatches lists the matches of the chunk d.b[from:to].
func (d *deflater) findMatches(from, to int) {
	p, b := d.parse, d.b
	p.matches = p.matches[:0]
	skip := 0 // how many positions of a nice match are still to pass; they get no matches
	for i := from; i < to; i++ {
		p.first[i-from] = uint32(len(p.matches))
		switch {
		case i+4 > len(b): // too few bytes for a hash
		case skip > 0:
			skip--
			d.chains.insert(b, i, i+1, d.search.three)
		default:
			if n := d.findMatchesAt(i, min(to-i, maxMatch)); n >= d.search.nice {
				skip = n - 1
			}
		}
	}
	p.first[to-from] = uint32(len(p.matches))
}

// findMatchesAt appends the matches of position i in d.b, of up to limit bytes, and returns the
// length of the longest one, or 2 if there is none.
func (d *deflater) findMatchesAt(i, limit int) (longest int) {
	p, b, c := d.parse, d.b, &d.chains
	longest = minMatch - 1
	if d.search.three && limit >= minMatch {
		if distance := c.findTriple(b, i); distance > 0 {
			longest = matchLength(b, i-distance, i, limit)
			p.matches = append(p.matches, uint32(longest)<<16|uint32(distance))
		}
	}
	h := hash4(load32(b, i))
	cand := int(c.head[h])
	c.head[h] = int32(i)
	c.prev[i&(windowSize-1)] = int32(cand)
	// Try depth positions within the window, until a match is nice or as long as it may be.
	goal := min(limit, d.search.nice)
	for n := d.search.depth; n > 0 && i-cand < windowSize && longest < goal; n-- {
		if b[cand+longest] == b[i+longest] { // the byte that a longer match needs
			if l := matchLength(b, cand, i, limit); l > longest {
				longest = l
				p.matches = append(p.matches, uint32(l)<<16|uint32(i-cand))
			}
		}
		cand = int(c.prev[cand&(windowSize-1)])
	}
	return longest
}

// findSteps sets p.steps to the cheapest way to write the chunk d.b[from:to].
func (d *deflater) findSteps(from, to int) {
	p, c := d.parse, &d.costs
	n := to - from
	cost, choice := p.cost[:n+1], p.choice[:n+1]
	for i := range cost {
		cost[i] = math.MaxUint32
	}
	cost[0] = 0
	for i, literal := range d.b[from:to] {
		here := cost[i]
		if total := here + c.literal[literal]; total < cost[i+1] {
			cost[i+1], choice[i+1] = total, 0
		}
		// A match may be cut. Each length is tried with the first match that is long enough. To
		// save time, the first match of longMatch bytes or more is cut only to lengths below
		// longMatch.
		length := minMatch
		for _, m := range p.matches[p.first[i]:p.first[i+1]] {
			l := int(m >> 16)
			withDistance := here + c.distance[distSymbol(int(m&0xffff))]
			for ; length <= l; length++ {
				if length == longMatch {
					length = l
				}
				if total := withDistance + c.length[length]; total < cost[i+length] {
					cost[i+length], choice[i+length] = total, uint32(length)<<16|(m&0xffff)
				}
			}
		}
	}
	p.walkBack(n)
}

// walkBack sets p.steps to the cheapest way to position n, by going back from choice to choice.
func (p *patientParse) walkBack(n int) {
	p.steps = p.steps[:0]
	for i := n; i > 0; {
		c := p.choice[i]
		p.steps = append(p.steps, c)
		i -= max(int(c>>16), 1) // the length of a match, or 1 for a literal
	}
	// The steps are in reverse order.
	for i, j := 0, len(p.steps)-1; i < j; i, j = i+1, j-1 {
		p.steps[i], p.steps[j] = p.steps[j], p.steps[i]
	}
}

// count counts the symbols of p.steps over the chunk b.
func (p *patientParse) count(b []byte) *histogram {
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

// writeSteps writes the steps of the chunk that begins at d.b[from], as sequences.
func (d *deflater) writeSteps(from int) {
	start, i := from, from // the literals that are not written yet are d.b[start:i]
	for _, s := range d.parse.steps {
		if s != 0 { // a match ends the sequence
			length, distance := int(s>>16), int(s&0xffff)
			d.blocks.add(start, i, length, distance)
			i += length
			start = i
			continue
		}
		i++
		if i-start == maxLiterals { // the sequence is full: it ends without a match
			d.blocks.add(start, i, 0, 0)
			start = i
		}
	}
	d.blocks.add(start, i, 0, 0)
}
