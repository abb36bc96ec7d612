package png

// This file implements the quick parse: it takes the longest match that hash chains find at a
// position, unless the next position has a better one.

import (
	"encoding/binary"
	"math/bits"
)

// chains lead from each position to the earlier ones with the same hash of 4 bytes, and to the last
// with the same of 3.
type chains struct {
	head  [1 << hashBits]int32
	head3 [1 << hash3Bits]int32
	prev  [windowSize]int32 // of position i at i % windowSize
}

// before stands for a position that is too far away from all others.
const before = -windowSize

// clear removes all positions.
func (c *chains) clear() {
	for i := range c.head {
		c.head[i] = before
	}
	for i := range c.head3 {
		c.head3[i] = before
	}
}

// load32 returns the four bytes at i, the first one lowest.
func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// hash4 returns the hash of four bytes, and hash3 that of the lowest three.
func hash4(v uint32) uint32 { return v * 0x9e3779b1 >> (32 - hashBits) }
func hash3(v uint32) uint32 { return v << 8 * 0x9e3779b1 >> (32 - hash3Bits) }

// insert adds positions from i to end, which are at least 4 bytes before the end of b.
func (c *chains) insert(b []byte, i, end int, three bool) {
	for ; i < end; i++ {
		v := load32(b, i)
		h := hash4(v)
		c.prev[i&(windowSize-1)] = c.head[h]
		c.head[h] = int32(i)
		if three {
			c.head3[hash3(v)] = int32(i)
		}
	}
}

// longest adds position i, which is at least 4 bytes before the end. It tries up to depth earlier
// positions for a match that is longer than best, which is at least 3, and returns the length and
// the distance of the longest. If there is none, it returns best and 0. It stops at a match of nice
// bytes.
func (c *chains) longest(b []byte, i, best, depth, nice int) (length, distance int) {
	v := load32(b, i)
	h := hash4(v)
	cand := int(c.head[h])
	c.head[h] = int32(i)
	c.prev[i&(windowSize-1)] = int32(cand)
	limit := min(len(b)-i, maxMatch)
	if best >= limit {
		return best, 0
	}
	tail := load32(b, i+best-3)
	for floor := i - windowSize; cand > floor && depth > 0; depth-- {
		if load32(b, cand+best-3) == tail && load32(b, cand) == v {
			if n := matchLength(b, cand, i, limit); n > best {
				best, distance = n, i-cand
				if n >= nice || n == limit {
					break
				}
				tail = load32(b, i+best-3)
			}
		}
		cand = int(c.prev[cand&(windowSize-1)])
	}
	return best, distance
}

// triple adds position i and returns the distance of the last occurrence of the three bytes at i,
// or 0 when it is too far away.
func (c *chains) triple(b []byte, i int) int {
	v := load32(b, i)
	h := hash3(v)
	cand := int(c.head3[h])
	c.head3[h] = int32(i)
	if i-cand > near || (load32(b, cand)^v)<<8 != 0 {
		return 0
	}
	return i - cand
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
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// Where nothing has matched for 1<<missBits bytes, only one position in two is tried, then one in
// three, and then one in four.
const missBits = 5

// quick parses all of b.
func (d *deflater) quick() {
	b, e := d.b, d.search
	start := 0 // start of the literals that are not written yet
	i, end := 0, len(b)-4
	for i <= end {
		n, distance := d.match(i, minMatch, e.depth)
		if distance == 0 {
			if i-start >= 1<<13 {
				d.writeMatch(start, i, 0, 0)
				start = i
			}
			i += 1 + min((i-start)>>missBits, 3)
			continue
		}
		for n < e.nice && i < end {
			m, other := d.match(i+1, n, e.depth/2)
			if other == 0 || 4*(m-n) <= bits.Len(uint(other))-bits.Len(uint(distance))-2 {
				// The match at the next position is not better. That position is in the chains
				// already.
				d.chains.insert(b, i+2, min(i+n, end+1), e.three)
				break
			}
			i, n, distance = i+1, m, other
		}
		if n >= e.nice || i >= end {
			d.chains.insert(b, i+1, min(i+n, end+1), e.three)
		}
		d.writeMatch(start, i, n, distance)
		i += n
		start = i
	}
	d.writeMatch(start, len(b), 0, 0)
}

// match returns a match at position i that is longer than best and takes fewer bits than its
// literals; a distance of 0 means that there is none.
func (d *deflater) match(i, best, depth int) (n, distance int) {
	three := 0
	if d.search.three {
		three = d.chains.triple(d.b, i)
	}
	n, distance = d.chains.longest(d.b, i, best, depth, d.search.nice)
	if distance == 0 && best == minMatch && three > 0 {
		distance = three
	}
	if distance > 0 && n < 8 && !d.pays(i, n, distance) {
		return best, 0
	}
	return n, distance
}

// pays reports whether a match of n bytes at i is expected to take fewer bits than its literals.
func (d *deflater) pays(i, n, distance int) bool {
	literals := uint32(0)
	for _, v := range d.b[i : i+n] {
		literals += d.costs.literal[v]
	}
	return d.costs.length[n]+d.costs.distance[distSymbol(distance)] < literals
}

// writeMatch writes the literals from start to i, then a match unless its length is 0.
func (d *deflater) writeMatch(start, i, length, distance int) {
	if d.blocks.add(start, i, length, distance) {
		d.costs.learn(&d.blocks.learned)
	}
}
