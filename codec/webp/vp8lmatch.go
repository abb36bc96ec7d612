package webp

// This file finds copies, RFC 9649 section 3.6.2: runs of earlier pixels that equal the pixels from
// a position on.

import "math/bits"

// A match has two earlier runs of pixels that equal the pixels from a position on. One run is the
// longest that was found. The other is the longest at a near distance, one that takes few bits. A
// copy of only a few pixels may be better from there.
type match struct {
	code     uint32 // code of the distance of the longest run
	n        uint16 // length of the longest run; 0 if there is none
	nearN    uint16 // length of the run at a near distance; 0 if there is none, or none was looked for
	nearCode uint8  // code of that near distance
}

// A search says how hard to search for copies, and for the best use of them, of predictors and of
// groups.
type search struct {
	tries     int // a position is compared with at most so many earlier ones
	nice      int // positions inside a match of at least this length are not searched; they use its rest
	passes    int // how often shorten cuts the pixels into new refs
	starts    int // 2: both first cuts of writePixels are improved; 1: only the better one
	rowStep   int // of a tile's rows, one in rowStep is looked at to choose a predictor
	maxTiles  int // limit for the number of tiles of the map of groups
	steps     int // seedGroups makes at most the cube of this number of groups
	reassigns int // passes that move tiles between groups
}

// searchOf returns the search for an effort.
func searchOf(e Effort) search {
	if e == HighEffort {
		// No match is as long as this value of nice, so all positions are searched.
		return search{
			tries: 96, nice: maxCopy + 1, passes: 5, starts: 2,
			rowStep: 1, maxTiles: 600, steps: 4, reassigns: 2,
		}
	}
	return search{
		tries: 12, nice: 64, passes: 2, starts: 1,
		rowStep: 2, maxTiles: 300, steps: 3, reassigns: 1,
	}
}

// A matcher finds matches by chains of positions with the same hash.
type matcher struct {
	search
	pix      []uint32
	w        int       // width of the picture
	last     int       // distance of the last match found, 0 before the first
	lastCode uint32    // code of that distance
	near     [4]int    // distances that take few bits; one may be 0, which is none
	nearCode [4]uint8  // codes of these distances
	hashBits uint      // length of a hash
	pairs    hashChain // by the hash of two pixels
	// sixes is by the hash of six pixels. It is empty unless the picture has few colors, where the
	// same pairs are everywhere.
	sixes hashChain
}

// A hashChain leads from a hash to the last position with this hash, and from each position to the
// one before it with the same hash.
type hashChain struct {
	head     []int32 // by hash: 1 + the last position; 0 if there is none
	previous []int32 // by position: 1 + the position before; 0 if there is none
}

// newHashChain returns a chain without positions, for hashes of hashBits bits and positions below
// n.
func newHashChain(hashBits uint, n int) hashChain {
	return hashChain{head: make([]int32, 1<<hashBits), previous: make([]int32, n)}
}

// insert makes i the last position with the hash.
func (c *hashChain) insert(hash uint32, i int) {
	c.previous[i] = c.head[hash]
	c.head[hash] = int32(i + 1)
}

// findMatches returns a match for each position. Of equally long runs, a match has the rest of the
// run at the position before, else one at a near distance, else the one at the least distance. The
// last pixel has no match.
func findMatches(pix []uint32, w int, s search) []match {
	m := make([]match, len(pix))
	if len(pix) < 3 {
		return m
	}
	k := matcher{search: s, pix: pix, w: w, near: [4]int{1, w, w + 1, w - 1}}
	for i, d := range k.near {
		if d > 0 {
			k.nearCode[i] = uint8(distanceCode(d, w))
		}
	}
	k.hashBits = uint(min(max(bits.Len(uint(len(pix))), 8), 16)) // log2(len(pix)), within 8 to 16
	k.pairs = newHashChain(k.hashBits, len(pix))
	if palette(pix, 256) != nil {
		k.sixes = newHashChain(k.hashBits, len(pix))
	}
	n, distance := 0, 0 // of the longest run at the position before
	for i := range len(pix) - 1 {
		n, distance = k.matchAt(i, n, distance, &m[i])
	}
	return m
}

// matchAt finds the match at position i and puts it into m. best and distance are the length and
// the distance of the longest run at i-1, and matchAt returns those at i. If the rest of the run at
// i-1 has at least k.nice pixels, matchAt does not search.
func (k *matcher) matchAt(i, best, distance int, m *match) (int, int) {
	pix := k.pix
	limit := min(maxCopy, len(pix)-i) // for the length of a run
	// Begin with the rest of the run at i-1.
	if best > 2 {
		best--
		// Where that run was as long as a copy can be, it may go on.
		if best == maxCopy-1 && best < limit && pix[i-distance+best] == pix[i+best] {
			best++
		}
	} else {
		best = 0
	}
	inside := best >= k.nice // inside a nice match
	// Look at the near distances.
	code := uint32(0) // code of the distance if a near one is taken, else 0
	if best < longMatch && !inside {
		near, which := k.nearest(i, limit)
		m.nearN, m.nearCode = uint16(near), k.nearCode[which]
		if near > best {
			best, distance, code = near, k.near[which], uint32(k.nearCode[which])
		}
	}
	// Look through the chains, and enter the position. Not among pixels of one color, where the
	// chains would be long: the pixel before is as good to copy from, and later copies find these
	// pixels by their ends.
	if !k.amongEqual(i) {
		if best < longMatch && !inside {
			before := best
			best, distance = k.followChains(i, limit, best, distance)
			if best > before {
				code = 0 // no longer the near distance
			}
		}
		k.insert(i)
	}
	if best >= 2 {
		switch {
		case code != 0: // it is known
		case distance == k.last:
			code = k.lastCode // what distanceCode would return, but faster
		default:
			code = distanceCode(distance, k.w)
		}
		k.last, k.lastCode = distance, code
		m.code, m.n = code, uint16(best)
	}
	return best, distance
}

// longMatch is the length of a match that is good enough: no longer one is searched.
const longMatch = 64

// nearest returns the length of the longest run at one of the near distances, and the index of that
// distance. If there is no run, the length is 0.
func (k *matcher) nearest(i, limit int) (best, which int) {
	pix := k.pix
	for j, d := range k.near {
		if d > i || d <= 0 {
			continue // there is no pixel at this distance
		}
		if best >= limit || pix[i-d+best] != pix[i+best] {
			continue // its run is not longer than best
		}
		if n := matchLength(pix, i-d, i, limit); n > best {
			best, which = n, j
		}
	}
	return best, which
}

// followChains looks through the chains of position i for a run that is longer than best. It
// returns the length and the distance of the longest, or else best and distance unchanged.
func (k *matcher) followChains(i, limit, best, distance int) (int, int) {
	if k.sixes.head != nil && i+6 <= len(k.pix) {
		best, distance = k.follow(&k.sixes, k.hashSix(i), i, limit, k.tries, best, distance)
	}
	tries := k.tries
	if best >= longMatch/2 {
		tries /= 4 // half of what is good enough is worth less search
	}
	return k.follow(&k.pairs, k.hashPair(i), i, limit, tries, best, distance)
}

// follow looks through a chain for a run that is longer than best and has at most limit pixels. It
// compares at most tries positions, and stops at a run of k.nice pixels. It returns the length and
// the distance of the longest, or else best and distance unchanged.
func (k *matcher) follow(c *hashChain, hash uint32, i, limit, tries, best, distance int) (int, int) {
	pix := k.pix
	for at := int(c.head[hash]); at > 0 && tries > 0 && best < min(limit, k.nice); tries-- {
		at-- // chains hold 1 + the position
		if i-at > maxDistance {
			break
		}
		if pix[at+best] == pix[i+best] { // else its run is not longer than best
			if n := matchLength(pix, at, i, limit); n > best {
				best, distance = n, i-at
			}
		}
		at = int(c.previous[at])
	}
	return best, distance
}

// insert adds position i, which is not the last one of the picture, to the chains.
func (k *matcher) insert(i int) {
	if k.sixes.head != nil && i+6 <= len(k.pix) {
		k.sixes.insert(k.hashSix(i), i)
	}
	k.pairs.insert(k.hashPair(i), i)
}

// amongEqual reports whether pixel i has the color of the two pixels before it and of the one after
// it. i must not be the last pixel.
func (k *matcher) amongEqual(i int) bool {
	p := k.pix
	return i > 1 && p[i] == p[i-1] && p[i] == p[i+1] && p[i] == p[i-2]
}

// hashFactor is 2^64 divided by the golden ratio. The high bits of a product with it are the hash.
const hashFactor = 0x9e3779b97f4a7c15

// hashPair returns the hash of the pixels i and i+1.
func (k *matcher) hashPair(i int) uint32 {
	v := uint64(k.pix[i]) | uint64(k.pix[i+1])<<32
	return uint32(v * hashFactor >> (64 - k.hashBits))
}

// hashSix returns the hash of the six pixels from i on.
func (k *matcher) hashSix(i int) uint32 {
	v := uint64(0)
	for _, p := range k.pix[i : i+6] {
		v = (v ^ uint64(p)) * hashFactor
		v ^= v >> 29
	}
	return uint32(v * hashFactor >> (64 - k.hashBits))
}

// matchLength returns how many pixels from position a on equal those from position b on, up to
// limit.
func matchLength(pix []uint32, a, b, limit int) int {
	p, q := pix[a:a+limit], pix[b:b+limit]
	for i := range p {
		if p[i] != q[i] {
			return i
		}
	}
	return limit
}
