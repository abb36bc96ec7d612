package webp

// This file groups tiles by their statistics, RFC 9649 section 3.7.3. Each group has prefix codes
// of its own. If these cost more than they save, all tiles are one group.

import "math"

// A tile numbers the symbols of all five codes consecutively, code after code. These are the
// numbers of each code's first symbol. Green is last, because how many symbols it has depends on
// the color cache.
const (
	firstRed      = 0
	firstBlue     = 256
	firstAlpha    = 512
	firstDistance = 768
	firstGreen    = firstDistance + numDistances
)

// A tile has the symbols that occur in it, as numbered above, and how often each occurs.
type tile []struct{ symbol, n uint32 }

// A tiling is a picture that is cut into square tiles.
type tiling struct {
	bits           uint // a tile is 1<<bits pixels wide and high
	w              int  // width of the picture
	tilesX, tilesY int  // number of tiles in each direction
	tiles          []tile
}

// newTiling cuts a picture of w x h pixels into tiles and counts the symbols in each. The number of
// tiles is at most about maxTiles, except for a picture so large that tiles of 512x512 are more. A
// picture of fewer than four tiles is not worth groups, and newTiling returns nil.
func newTiling(refs []ref, w, h int, cacheBits uint, maxTiles int) *tiling {
	t := &tiling{bits: 4, w: w}
	for t.bits < 9 && ((w>>t.bits)+1)*((h>>t.bits)+1) > maxTiles {
		t.bits++
	}
	side := 1 << t.bits
	t.tilesX, t.tilesY = (w+side-1)/side, (h+side-1)/side
	t.tiles = make([]tile, t.tilesX*t.tilesY)
	if len(t.tiles) < 4 {
		return nil
	}
	order, first := t.sort(refs)
	counts := make([]uint32, firstGreen+numGreen(cacheBits)) // of one tile, by symbol
	var used []uint32                                        // the symbols that occur in this tile
	add := func(symbol uint32) {
		if counts[symbol] == 0 {
			used = append(used, symbol)
		}
		counts[symbol]++
	}
	for i := range t.tiles {
		// Count the symbols of the refs that begin in the tile.
		for _, at := range order[first[i]:first[i+1]] {
			switch r := refs[at]; r.n {
			case refLiteral:
				add(firstGreen + ((r.v >> 8) & 255))
				add(firstRed + ((r.v >> 16) & 255))
				add(firstBlue + (r.v & 255))
				add(firstAlpha + (r.v >> 24))
			case refCached:
				add(firstGreen + numLiterals + numLengths + r.v)
			default: // a copy
				sym, _, _ := prefixOf(r.n)
				add(firstGreen + numLiterals + sym)
				sym, _, _ = prefixOf(r.v)
				add(firstDistance + sym)
			}
		}
		// Store the counts.
		t.tiles[i] = make(tile, len(used))
		for k, s := range used {
			t.tiles[i][k].symbol, t.tiles[i][k].n = s, counts[s]
			counts[s] = 0 // for the next tile
		}
		used = used[:0]
	}
	return t
}

// sort orders the refs by the tiles in which they begin. The indices of the refs of tile i are
// order[first[i]:first[i+1]].
func (t *tiling) sort(refs []ref) (order, first []int32) {
	tileOf := make([]uint32, len(refs))
	// first[k+1] counts the refs of tile k, until the counts are summed up: then first[k] is where
	// tile k begins.
	first = make([]int32, len(t.tiles)+1)
	x, y := 0, 0
	for i, r := range refs {
		k := (y>>t.bits)*t.tilesX + (x >> t.bits)
		tileOf[i] = uint32(k)
		first[k+1]++
		// Step to where the next ref begins.
		for x += r.pixels(); x >= t.w; x -= t.w {
			y++
		}
	}
	for k := range t.tiles {
		first[k+1] += first[k]
	}
	next := append([]int32(nil), first...) // by tile: where its next ref goes
	order = make([]int32, len(refs))
	for i, k := range tileOf {
		order[next[k]] = int32(i)
		next[k]++
	}
	return order, first
}

// bits estimates the bits that the tile's symbols of green, red and blue take. For a code whose
// symbols occur n1, n2, ... times, together N times:
//
//	bits = N log2(N) - (n1 log2(n1) + n2 log2(n2) + ...) + lengthBits for each symbol
//
// This is entropyBits without the special case for a single symbol.
func (t tile) bits() (bits [3]float64) {
	var sum [3]uint32
	for _, s := range t {
		var c int // 0 for green, 1 for red, 2 for blue
		switch {
		case s.symbol >= firstGreen:
			c = 0
		case s.symbol < firstBlue:
			c = 1
		case s.symbol < firstAlpha:
			c = 2
		default:
			continue
		}
		sum[c] += s.n
		bits[c] += lengthBits - xlog2(s.n)
	}
	for c, n := range sum {
		bits[c] += xlog2(n)
	}
	return bits
}

// addTo adds the tile's counts to h.
func (t tile) addTo(h *histogram) {
	for _, s := range t {
		k := s.symbol
		switch {
		case k >= firstGreen:
			h.green[k-firstGreen] += s.n
		case k < firstBlue:
			h.red[k] += s.n
		case k < firstAlpha:
			h.blue[k-firstBlue] += s.n
		case k < firstDistance:
			h.alpha[k-firstAlpha] += s.n
		default:
			h.distance[k-firstDistance] += s.n
		}
	}
}

// symbolCosts returns the bits that each symbol takes in the codes of h, by the number that tiles
// give it.
func symbolCosts(h *histogram) []float32 {
	bits := make([]float32, firstGreen+len(h.green))
	costOf(bits[firstRed:firstBlue], h.red[:])
	costOf(bits[firstBlue:firstAlpha], h.blue[:])
	costOf(bits[firstAlpha:firstDistance], h.alpha[:])
	costOf(bits[firstDistance:firstGreen], h.distance[:])
	costOf(bits[firstGreen:], h.green)
	return bits
}

// leastClustered is the number of bits from which on cluster tries several groups for a picture.
const leastClustered = 4000

// cluster puts the tiles of the picture into groups. It returns a single group if the picture is
// small or several groups take more bits.
func cluster(refs []ref, w, h int, cacheBits uint, s search) grouped {
	whole := count(refs, cacheBits)
	wholeBits := whole.bits()
	ungrouped := grouped{refs: refs, groups: []*histogram{whole}}
	if wholeBits < leastClustered {
		return ungrouped
	}
	t := newTiling(refs, w, h, cacheBits, s.maxTiles)
	if t == nil {
		return ungrouped
	}
	groups, groupOf := t.seedGroups(cacheBits, s.steps)
	mergeGroups(groups, groupOf)
	for range s.reassigns {
		groups, groupOf = t.reassign(groups, groupOf, cacheBits)
	}
	saved := wholeBits // what the groups save
	for _, g := range groups {
		saved -= g.bits()
	}
	// The map of tiles to groups has log2(groups) bits for each tile before it is compressed. It is
	// estimated to take 0.7 of these bits, and 40 more.
	mapBits := 0.7 * float64(len(t.tiles)) * math.Log2(float64(len(groups)))
	saved -= mapBits + 40
	if len(groups) == 1 || saved < 0 {
		return ungrouped
	}
	return grouped{refs: refs, groups: groups, groupOf: groupOf, tileBits: t.bits}
}

// seedGroups puts tiles into the same group if their green, red and blue take similar numbers of
// bits. The range of each of these three numbers is divided into equal intervals, as many as steps
// says. A group has the tiles whose three numbers are in the same three intervals. seedGroups
// returns the groups, and the index of each tile's group.
func (t *tiling) seedGroups(cacheBits uint, steps int) (groups []*histogram, groupOf []uint16) {
	values := make([][3]float64, len(t.tiles)) // by tile: the three numbers
	low := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	high := [3]float64{}
	for i, symbols := range t.tiles {
		values[i] = symbols.bits()
		for c, v := range values[i] {
			low[c], high[c] = min(low[c], v), max(high[c], v)
		}
	}
	p := newPartition(t, steps*steps*steps)
	for i := range t.tiles {
		key := 0 // the three intervals
		for c, v := range values[i] {
			spread := high[c] - low[c] + 1e-9 // high and low may be equal, but spread must not be 0
			interval := int(float64(steps) * (v - low[c]) / spread)
			key = key*steps + min(interval, steps-1)
		}
		p.add(i, key, cacheBits)
	}
	return p.groups, p.groupOf
}

// A partition puts tiles into groups. Its callers tell groups by keys. A partition numbers only the
// groups that have tiles, in the order in which they get their first tile.
type partition struct {
	t       *tiling
	numbers []int        // by key: 1 + the group's number, or 0 if the group has no tile yet
	groups  []*histogram // by number
	groupOf []uint16     // by tile: the number of its group
}

// newPartition returns a partition of t's tiles. Its keys must be below maxKeys.
func newPartition(t *tiling, maxKeys int) partition {
	return partition{t: t, numbers: make([]int, maxKeys), groupOf: make([]uint16, len(t.tiles))}
}

// add puts tile i into the group that has the key.
func (p *partition) add(i, key int, cacheBits uint) {
	if p.numbers[key] == 0 {
		p.groups = append(p.groups, newHistogram(cacheBits))
		p.numbers[key] = len(p.groups)
	}
	p.groupOf[i] = uint16(p.numbers[key] - 1)
	p.t.tiles[i].addTo(p.groups[p.groupOf[i]])
}

// mergeGroups merges the two groups whose union saves the most bits, again and again until no union
// saves any. It changes groups and groupOf in place. A group that was merged into another stays in
// the list, without tiles.
func mergeGroups(groups []*histogram, groupOf []uint16) {
	n := len(groups)
	bits := make([]float64, n)
	for i, g := range groups {
		bits[i] = g.bits()
	}
	union := newHistogram(0)
	union.green = make([]uint32, len(groups[0].green)) // with the symbols of the color cache
	gain := func(a, b int) float64 {                   // the bits that are saved if a and b are merged
		clear(union.green)
		*union = histogram{green: union.green} // clears the other counts
		union.merge(groups[a])
		union.merge(groups[b])
		return bits[a] + bits[b] - union.bits()
	}
	mergedInto := make([]int, n)  // by group: the group that it was merged into, or itself
	gains := make([][]float64, n) // by two groups, of which the second has the lower number
	for a := range n {
		mergedInto[a] = a
		gains[a] = make([]float64, a)
		for b := range a {
			gains[a][b] = gain(a, b)
		}
	}
	for {
		// Find the pair of groups, not yet merged into others, with the highest gain.
		best, source, target := 0.0, -1, -1
		for a := range n {
			for b := range a {
				if mergedInto[a] == a && mergedInto[b] == b && gains[a][b] > best {
					best, source, target = gains[a][b], a, b
				}
			}
		}
		if source < 0 {
			break
		}
		// Merge the source into the target, and compute the target's gains again.
		groups[target].merge(groups[source])
		bits[target] = groups[target].bits()
		mergedInto[source] = target
		for k := range n {
			if mergedInto[k] == k && k != target {
				gains[max(k, target)][min(k, target)] = gain(k, target)
			}
		}
	}
	// Give each tile the group into which its group was merged at last.
	for i, g := range groupOf {
		k := int(g)
		for mergedInto[k] != k {
			k = mergedInto[k]
		}
		groupOf[i] = uint16(k)
	}
}

// reassign moves each tile to the group whose codes store it in the fewest bits, and counts the
// symbols of the groups again. Empty groups are dropped.
func (t *tiling) reassign(groups []*histogram, groupOf []uint16, cacheBits uint) ([]*histogram, []uint16) {
	used := make([]bool, len(groups))
	for _, k := range groupOf {
		used[k] = true
	}
	var groupCosts [][]float32 // by group that has tiles, then by symbol
	for i, g := range groups {
		if used[i] {
			groupCosts = append(groupCosts, symbolCosts(g))
		}
	}
	// Find the cheapest group for each tile.
	p := newPartition(t, len(groupCosts))
	for i, symbols := range t.tiles {
		best, least := 0, float32(math.Inf(1))
		for k, cost := range groupCosts {
			sum := float32(0)
			for _, s := range symbols {
				sum += float32(s.n) * cost[s.symbol]
			}
			if sum < least {
				best, least = k, sum
			}
		}
		p.add(i, best, cacheBits)
	}
	return p.groups, p.groupOf
}
