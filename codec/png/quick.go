package png

// This file implements the quick parse. It takes the longest match that hash chains find at a
// position, unless the next position has a better match.

import (
	"encoding/binary"
	"math/bits"
)

// The type chains links each position to the one before it with the same hash of 4 bytes. It also
// has the last position with each hash of 3 bytes.
type chains struct {
	head  [1 << hashBits]int32  // the last position with each hash of 4 bytes
	head3 [1 << hash3Bits]int32 // the last position with each hash of 3 bytes
	prev  [windowSize]int32     // at i % windowSize: the last position before i with the same hash
}

// noPosition stands for a missing position. It is too far away from all others for a match.
const noPosition = -windowSize

// clear removes all positions.
func (c *chains) clear() {
	for i := range c.head {
		c.head[i] = noPosition
	}
	for i := range c.head3 {
		c.head3[i] = noPosition
	}
}

// load32 returns the four bytes at i, the first one lowest.
func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// hashFactor makes the high bits of a product depend on all bits of the other factor. It is a prime
// near 2^32 divided by the golden ratio.
const hashFactor = 0x9e3779b1

// hash4 returns the hash of the four bytes of v, and hash3 that of the lowest three.
func hash4(v uint32) uint32 { return (v * hashFactor) >> (32 - hashBits) }
func hash3(v uint32) uint32 { return ((v << 8) * hashFactor) >> (32 - hash3Bits) }

// insert adds the positions from i to end-1, from each of which b must have 4 bytes. It adds them
// to the hashes of 3 bytes, too, if three is set.
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

// findLongest adds position i to the hashes of 4 bytes; b must have 4 bytes from i on. It tries up
// to depth earlier positions for a match of more than best bytes; best is at least 3. It stops at a
// match of nice bytes or more. It returns the length and the distance of the longest match, or best
// and 0 if there is none.
func (c *chains) findLongest(b []byte, i, best, depth, nice int) (length, distance int) {
	v := load32(b, i)
	h := hash4(v)
	cand := int(c.head[h])
	c.head[h] = int32(i)
	c.prev[i&(windowSize-1)] = int32(cand)
	limit := min(len(b)-i, maxMatch)
	if best >= limit {
		return best, 0
	}
	tail := load32(b, i+best-3) // the last 4 bytes of a match of best+1 bytes
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

// findTriple adds position i to the hashes of 3 bytes; b must have 4 bytes from i on. It returns
// the distance to the last position before i with the same hash, or 0 if the three bytes there
// differ or are too far away.
func (c *chains) findTriple(b []byte, i int) int {
	v := load32(b, i)
	h := hash3(v)
	cand := int(c.head3[h])
	c.head3[h] = int32(i)
	if i-cand > maxDistance3 || (load32(b, cand)^v)<<8 != 0 { // the shift drops the fourth byte
		return 0
	}
	return i - cand
}

// matchLength returns how many bytes, up to limit, are the same at i and at j.
func matchLength(b []byte, i, j, limit int) int {
	x, y := b[i:i+limit], b[j:j+limit]
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

// missBits says when positions are skipped: after 1<<missBits literals only one position in two is
// tried, after twice as many one in three, and then one in four.
const missBits = 5

// parseQuickly parses and writes all of d.b.
func (d *deflater) parseQuickly() {
	b, s := d.b, d.search
	start := 0             // start of the literals that are not written yet
	i, last := 0, len(b)-4 // last is the last position from which b has 4 bytes
	for i <= last {
		n, distance := d.findMatch(i, minMatch, s.depth)
		if distance == 0 { // a literal, or several
			if i-start >= maxLiterals {
				d.writeSequence(start, i, 0, 0)
				start = i
			}
			i += 1 + min((i-start)>>missBits, 3)
			continue
		}
		// As long as the match at the next position is better than this one, a literal and the next
		// match are taken. The next match is better if it is longer by k bytes, or as long (k = 0),
		// and its distance has fewer than 4k+2 bits more.
		missing := i + 1 // the first position that is not in the chains yet
		for n < s.nice && i < last {
			nextN, nextDistance := d.findMatch(i+1, n, s.depth/2)
			missing = i + 2
			moreBits := bits.Len(uint(nextDistance)) - bits.Len(uint(distance))
			if nextDistance == 0 || moreBits >= 4*(nextN-n)+2 {
				break
			}
			i, n, distance = i+1, nextN, nextDistance
		}
		d.chains.insert(b, missing, min(i+n, last+1), s.three)
		d.writeSequence(start, i, n, distance)
		i += n
		start = i
	}
	d.writeSequence(start, len(b), 0, 0)
}

// findMatch adds position i to the chains and returns the length and the distance of a match there.
// The match is longer than best or, if best is minMatch, at least as long. A match of fewer than 8
// bytes must take fewer bits than its literals. A distance of 0 means that there is no such match.
func (d *deflater) findMatch(i, best, depth int) (n, distance int) {
	distance3 := 0 // of a match of 3 bytes
	if d.search.three {
		distance3 = d.chains.findTriple(d.b, i)
	}
	n, distance = d.chains.findLongest(d.b, i, best, depth, d.search.nice)
	if distance == 0 && best == minMatch && distance3 > 0 {
		distance = distance3 // n is 3
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

// writeSequence writes the literals d.b[start:i], then a match unless length is 0. If that
// completes a unit of the blockWriter, writeSequence learns the costs of symbols from the unit.
func (d *deflater) writeSequence(start, i, length, distance int) {
	if d.blocks.add(start, i, length, distance) {
		d.costs.learn(&d.blocks.lastUnit)
	}
}
