package webp

// This file finds copies, RFC 9649 section 3.6.2: runs of earlier pixels that equal those at a
// position.

import "math/bits"

// A match has two earlier runs of pixels that equal those at a position. One is the longest that
// was found. The other is the longest at a distance that takes few bits, a near distance. It may be
// better when only its first pixels are copied.
type match struct {
	code     uint32 // of the distance of the longest run
	n        uint16 // length of the longest run; 0 if there is none
	nearN    uint16 // length of the run at a near distance; 0 if there is none, or none was looked for
	nearCode uint8  // of the near distance
}

// A search says how hard to search for copies and for ways to use them.
type search struct {
	tries     int // earlier positions that are compared with one
	nice      int // inside a match of at least this length nothing is searched, and only the rest of the match is used
	passes    int // new cuts of the pixels into refs, each with the costs that follow from the cut before
	starts    int // 2: both first cuts are improved; 1: only the better one
	rowStep   int // a predictor is judged by one row in so many
	maxTiles  int // limit for the number of tiles
	steps     int // seedGroups makes at most the cube of this number of groups
	reassigns int // passes that move tiles between groups
}

// searchOf returns the search for an effort.
func searchOf(e Effort) search {
	if e == HighEffort {
		return search{tries: 96, nice: maxCopy + 1, passes: 5, starts: 2, rowStep: 1, maxTiles: 600, steps: 4, reassigns: 2}
	}
	return search{tries: 12, nice: 64, passes: 2, starts: 1, rowStep: 2, maxTiles: 300, steps: 3, reassigns: 1}
}

// A matcher finds matches by chains of positions with the same hash.
type matcher struct {
	search
	pix      []uint32
	last     int    // distance of the match found before
	lastCode uint32 // code of that distance
	near     [4]int // distances that take few bits
	nearCode [4]uint8
	hashBits uint
	pairs    chain // by the hash of two pixels
	sixes    chain // by the hash of six pixels, only for few colors: there the same two pixels occur everywhere
}

// A chain leads from a hash to the last position with this hash, and from each position to the one
// before it with the same hash.
type chain struct {
	head     []int32 // by hash: 1 + the last position; 0 if there is none
	previous []int32 // by position: 1 + the one before; 0 if there is none
}

// insert puts position i before all others of its hash.
func (c *chain) insert(hash uint32, i int) {
	c.previous[i] = c.head[hash]
	c.head[hash] = int32(i + 1)
}

// findMatches returns a match for each position. Of equally long matches it takes the rest of the
// match at the position before, else one at a near distance, else the one at the least distance.
func findMatches(pix []uint32, w int, s search) []match {
	m := make([]match, len(pix))
	if len(pix) < 3 {
		return m
	}
	k := matcher{search: s, pix: pix, near: [4]int{1, w, w + 1, w - 1}}
	for i, d := range k.near {
		if d > 0 {
			k.nearCode[i] = uint8(distanceCode(d, w))
		}
	}
	k.hashBits = uint(min(max(bits.Len(uint(len(pix))), 8), 16))
	k.pairs = chain{make([]int32, 1<<k.hashBits), make([]int32, len(pix))}
	if palette(pix, 256) != nil {
		k.sixes = chain{make([]int32, 1<<k.hashBits), make([]int32, len(pix))}
	}
	n, distance := 0, 0
	for i := range len(pix) - 1 {
		n, distance = k.matchAt(i, n, distance, &m[i])
	}
	return m
}

// matchAt finds the match at position i and puts it into m. best and distance are the length and
// the distance of the match at i-1. matchAt returns those of the match at i. Where the rest of the
// match at i-1 is nice, it does not search.
func (k *matcher) matchAt(i, best, distance int, m *match) (int, int) {
	pix := k.pix
	limit := min(maxCopy, len(pix)-i)
	// Begin with the rest of the match at i-1.
	inside := false
	if best > 2 {
		best--
		if best == maxCopy-1 && best < limit && pix[i-distance+best] == pix[i+best] {
			best++ // the match at i-1 ended only because it was as long as a copy can be
		}
		inside = best >= k.nice
	} else {
		best = 0
	}
	code := uint32(0) // of a near distance; 0 if the match is at another one
	if best < longMatch && !inside {
		near, which := k.nearest(i, limit)
		m.nearN, m.nearCode = uint16(near), k.nearCode[which]
		if near > best {
			best, distance, code = near, k.near[which], uint32(k.nearCode[which])
		}
	}
	// Inside a run of one color the chains would be long. Such positions are not entered, and not
	// searched: the pixel before is as good to copy from, and later copies find the run by its
	// ends.
	if !k.inRun(i) {
		if best < longMatch && !inside {
			before := best
			if best, distance = k.followChains(i, limit, best, distance); best > before {
				code = 0
			}
		}
		k.insert(i)
	}
	if best >= 2 {
		switch {
		case code != 0:
		case i > 0 && distance == k.last:
			code = k.lastCode
		default:
			code = distanceCode(distance, k.near[1])
		}
		k.last, k.lastCode = distance, code
		m.code, m.n = code, uint16(best)
	}
	return best, distance
}

// longMatch is the length of a match from which on no longer one is searched.
const longMatch = 64

// nearest returns the length of the longest match at one of the near distances, and the index of
// that distance.
func (k *matcher) nearest(i, limit int) (best, which int) {
	pix := k.pix
	for j, d := range k.near {
		if d > i || d <= 0 || best >= limit || pix[i-d+best] != pix[i+best] {
			continue
		}
		if n := matchLength(pix, i-d, i, limit); n > best {
			best, which = n, j
		}
	}
	return best, which
}

// followChains looks through the chains of position i for a match that is longer than best. It
// returns the length and the distance of the longest, or best and distance as they were.
func (k *matcher) followChains(i, limit, best, distance int) (int, int) {
	if k.sixes.head != nil && i+6 <= len(k.pix) {
		best, distance = k.follow(&k.sixes, k.hashSix(i), i, limit, k.tries, best, distance)
	}
	tries := k.tries
	if best >= longMatch/2 {
		tries /= 4
	}
	return k.follow(&k.pairs, k.hashPair(i), i, limit, tries, best, distance)
}

// follow looks through a chain for a match that is longer than best and has at most limit pixels.
// It compares as many positions as tries says, and ends at a nice match. It returns the length and
// the distance of the longest, or best and distance as they were.
func (k *matcher) follow(c *chain, hash uint32, i, limit, tries, best, distance int) (int, int) {
	pix := k.pix
	for at := int(c.head[hash]); at > 0 && tries > 0 && best < min(limit, k.nice); tries-- {
		at-- // chains hold 1 + the position
		if i-at > maxDistance {
			break
		}
		if pix[at+best] == pix[i+best] {
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

// inRun reports whether pixel i has the color of the two pixels before it and of the one behind it.
func (k *matcher) inRun(i int) bool {
	p := k.pix
	return i > 1 && p[i] == p[i-1] && p[i] == p[i+1] && p[i] == p[i-2]
}

// hashPair returns the hash of the two pixels at i.
func (k *matcher) hashPair(i int) uint32 {
	v := uint64(k.pix[i]) | uint64(k.pix[i+1])<<32
	return uint32(v * 0x9e3779b97f4a7c15 >> (64 - k.hashBits))
}

// hashSix returns the hash of the six pixels at i.
func (k *matcher) hashSix(i int) uint32 {
	v := uint64(0)
	for _, p := range k.pix[i : i+6] {
		v = (v ^ uint64(p)) * 0x9e3779b97f4a7c15
		v ^= v >> 29
	}
	return uint32(v * 0x9e3779b97f4a7c15 >> (64 - k.hashBits))
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
