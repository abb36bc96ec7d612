package webp

// This file groups tiles by their statistics, RFC 9649 section 3.7.3. Each group has prefix codes
// of its own, if these save more than they cost.

import "math"

// The symbols of the five codes are numbered in one row, code after code. These are the numbers at
// which the codes begin. Green is last, because its number of symbols varies.
const (
	rowRed      = 0
	rowBlue     = 256
	rowAlpha    = 512
	rowDistance = 768
	rowGreen    = rowDistance + numDistances
)

// A tile has the counts n of the symbols that occur in it. A symbol is given as its number in the
// row of all codes.
type tile []struct{ symbol, n uint32 }

// A tiling is a picture that is cut into tiles.
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
	t.tilesX, t.tilesY = (w+1<<t.bits-1)>>t.bits, (h+1<<t.bits-1)>>t.bits
	t.tiles = make([]tile, t.tilesX*t.tilesY)
	if len(t.tiles) < 4 {
		return nil
	}
	order, first := t.sort(refs)
	// counts are those of one tile, touched its symbols that are not zero.
	counts := make([]uint32, rowGreen+len(newHistogram(cacheBits).green))
	var touched []uint32
	add := func(symbol uint32) {
		if counts[symbol] == 0 {
			touched = append(touched, symbol)
		}
		counts[symbol]++
	}
	for i := range t.tiles {
		for _, at := range order[first[i]:first[i+1]] {
			switch r := refs[at]; r.n {
			case 0:
				add(rowGreen + r.v>>8&255)
				add(rowRed + r.v>>16&255)
				add(rowBlue + r.v&255)
				add(rowAlpha + r.v>>24)
			case 1:
				add(rowGreen + numLiterals + numLengths + r.v)
			default:
				sym, _, _ := prefixOf(r.n)
				add(rowGreen + numLiterals + sym)
				sym, _, _ = prefixOf(r.v)
				add(rowDistance + sym)
			}
		}
		t.tiles[i] = make(tile, len(touched))
		for k, s := range touched {
			t.tiles[i][k].symbol, t.tiles[i][k].n = s, counts[s]
			counts[s] = 0
		}
		touched = touched[:0]
	}
	return t
}

// sort orders the refs by the tiles in which they begin. The indices of the refs of tile i are
// order[first[i]:first[i+1]].
func (t *tiling) sort(refs []ref) (order, first []int32) {
	tileOf := make([]uint32, len(refs))
	// first[k+1] is the number of refs in tile k at first; their sums are the beginnings.
	first = make([]int32, len(t.tiles)+1)
	x, y := 0, 0
	for i, r := range refs {
		k := (y>>t.bits)*t.tilesX + x>>t.bits
		tileOf[i] = uint32(k)
		first[k+1]++
		for x += max(int(r.n), 1); x >= t.w; x -= t.w {
			y++
		}
	}
	for k := range t.tiles {
		first[k+1] += first[k]
	}
	next := append([]int32(nil), first...)
	order = make([]int32, len(refs))
	for i, k := range tileOf {
		order[next[k]] = int32(i)
		next[k]++
	}
	return order, first
}

// bits estimates the bits that green, red and blue take in the tile, as entropyBits does.
func (t tile) bits() (bits [3]float64) {
	var sum [3]uint32
	for _, s := range t {
		c := -1
		switch {
		case s.symbol >= rowGreen:
			c = 0
		case s.symbol < rowBlue:
			c = 1
		case s.symbol < rowAlpha:
			c = 2
		default:
			continue
		}
		sum[c] += s.n
		bits[c] += 5 - xlog2(s.n)
	}
	for c, n := range sum {
		bits[c] += xlog2(n)
	}
	return bits
}

// addTo adds the tile's counts to h.
func (t tile) addTo(h *histogram) {
	for _, s := range t {
		switch k := s.symbol; {
		case k >= rowGreen:
			h.green[k-rowGreen] += s.n
		case k < rowBlue:
			h.red[k] += s.n
		case k < rowAlpha:
			h.blue[k-rowBlue] += s.n
		case k < rowDistance:
			h.alpha[k-rowAlpha] += s.n
		default:
			h.distance[k-rowDistance] += s.n
		}
	}
}

// costRow returns the bits that each symbol takes in the codes of h, in the row of all codes.
func costRow(h *histogram) []float32 {
	row := make([]float32, rowGreen+len(h.green))
	costOf(row[rowRed:rowBlue], h.red[:])
	costOf(row[rowBlue:rowAlpha], h.blue[:])
	costOf(row[rowAlpha:rowDistance], h.alpha[:])
	costOf(row[rowDistance:rowGreen], h.distance[:])
	costOf(row[rowGreen:], h.green)
	return row
}

// leastClustered is the number of bits that a picture takes at least if several groups are tried
// for it.
const leastClustered = 4000

// cluster puts the tiles of the picture into groups. It returns a single group if the picture is
// small or several groups take more bits.
func cluster(refs []ref, w, h int, cacheBits uint, s search) grouped {
	whole := count(refs, cacheBits)
	one := grouped{refs: refs, groups: []*histogram{whole}}
	if whole.bits() < leastClustered {
		return one
	}
	t := newTiling(refs, w, h, cacheBits, s.maxTiles)
	if t == nil {
		return one
	}
	groups, groupOf := t.seedGroups(cacheBits, s.steps)
	groups, groupOf = mergeGroups(groups, groupOf)
	for range s.reassigns {
		groups, groupOf = t.reassign(groups, groupOf, cacheBits)
	}
	saved := whole.bits()
	for _, g := range groups {
		saved -= g.bits()
	}
	// The map of tiles costs at most log2(groups) bits for each tile. It is counted with 0.7 of
	// that and 40 bits.
	saved -= 0.7*float64(len(t.tiles))*math.Log2(float64(len(groups))) + 40
	if len(groups) == 1 || saved < 0 {
		return one
	}
	return grouped{refs, groups, groupOf, t.bits}
}

// seedGroups puts tiles into the same group if their green, red and blue take similar numbers of
// bits. The range of each of these three numbers is divided into equal steps, as many as the
// argument says, and the tiles of a group are in the same three steps.
func (t *tiling) seedGroups(cacheBits uint, steps int) ([]*histogram, []uint16) {
	values := make([][3]float64, len(t.tiles))
	low, high := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{}
	for i, one := range t.tiles {
		values[i] = one.bits()
		for c, v := range values[i] {
			low[c], high[c] = min(low[c], v), max(high[c], v)
		}
	}
	p := newPartition(t, steps*steps*steps)
	for i := range t.tiles {
		k := 0
		for c, v := range values[i] {
			// 1e-9 is there because high and low may be equal.
			k = k*steps + min(int(float64(steps)*(v-low[c])/(high[c]-low[c]+1e-9)), steps-1)
		}
		p.put(i, k, cacheBits)
	}
	return p.groups, p.groupOf
}

// A partition puts tiles into groups, and numbers the groups in the order in which they get their
// first tile.
type partition struct {
	t       *tiling
	numbers []int // by the caller's key of a group: 1 + the group's number, or 0 if the group has no tile yet
	groups  []*histogram
	groupOf []uint16 // by tile
}

// newPartition returns a partition of t's tiles. Its keys must be below n.
func newPartition(t *tiling, n int) partition {
	return partition{t: t, numbers: make([]int, n), groupOf: make([]uint16, len(t.tiles))}
}

// put puts tile i into the group with the key k.
func (p *partition) put(i, k int, cacheBits uint) {
	if p.numbers[k] == 0 {
		p.groups = append(p.groups, newHistogram(cacheBits))
		p.numbers[k] = len(p.groups)
	}
	p.groupOf[i] = uint16(p.numbers[k] - 1)
	p.t.tiles[i].addTo(p.groups[p.groupOf[i]])
}

// mergeGroups merges the two groups whose union saves the most bits, and repeats this as long as it
// saves any. A group that was merged into another stays in the list, without tiles.
func mergeGroups(groups []*histogram, groupOf []uint16) ([]*histogram, []uint16) {
	n := len(groups)
	bits := make([]float64, n)
	for i, g := range groups {
		bits[i] = g.bits()
	}
	union := newHistogram(0)
	union.green = make([]uint32, len(groups[0].green))
	gain := func(a, b int) float64 { // the bits that are saved if a and b are merged
		clear(union.green)
		union.red, union.blue, union.alpha, union.distance = [256]uint32{}, [256]uint32{}, [256]uint32{}, [numDistances]uint32{}
		union.merge(groups[a])
		union.merge(groups[b])
		return bits[a] + bits[b] - union.bits()
	}
	into := make([]int, n) // by group: the group that it was merged into, or itself
	gains := make([][]float64, n)
	for a := range n {
		into[a] = a
		gains[a] = make([]float64, a)
		for b := range a {
			gains[a][b] = gain(a, b)
		}
	}
	for {
		// Find the best pair, and merge from into to.
		best, from, to := 0.0, -1, -1
		for a := range n {
			for b := range a {
				if into[a] == a && into[b] == b && gains[a][b] > best {
					best, from, to = gains[a][b], a, b
				}
			}
		}
		if from < 0 {
			break
		}
		groups[to].merge(groups[from])
		bits[to] = groups[to].bits()
		into[from] = to
		for k := range n {
			if into[k] == k && k != to {
				gains[max(k, to)][min(k, to)] = gain(k, to)
			}
		}
	}
	for i, g := range groupOf {
		k := int(g)
		for into[k] != k {
			k = into[k]
		}
		groupOf[i] = uint16(k)
	}
	return groups, groupOf
}

// reassign moves each tile to the group whose codes store it in the fewest bits, and counts the
// symbols of the groups again. Empty groups are dropped.
func (t *tiling) reassign(groups []*histogram, groupOf []uint16, cacheBits uint) ([]*histogram, []uint16) {
	used := make([]bool, len(groups))
	for _, k := range groupOf {
		used[k] = true
	}
	var rows [][]float32 // of costs, for each group that is used
	for i, g := range groups {
		if used[i] {
			rows = append(rows, costRow(g))
		}
	}
	p := newPartition(t, len(rows))
	for i, one := range t.tiles {
		best, least := 0, float32(math.Inf(1))
		for k, row := range rows {
			sum := float32(0)
			for _, s := range one {
				sum += float32(s.n) * row[s.symbol]
			}
			if sum < least {
				best, least = k, sum
			}
		}
		p.put(i, best, cacheBits)
	}
	return p.groups, p.groupOf
}
