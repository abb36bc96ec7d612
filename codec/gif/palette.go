package gif

// This file chooses the colors of a frame (GIF89a section 19: at most 256 of them).

import (
	"slices"
)

// rgb is one color, 0x00RRGGBB.
type rgb uint32

// channel returns red (axis 0), green (1) or blue (2).
func (c rgb) channel(axis int) int { return int(c >> (16 - 8*axis) & 255) }

// A colorCount counts how often each color occurs, by open addressing.
type colorCount struct {
	keys   []rgb // color + 1, 0 is a free slot
	counts []uint32
	n      int     // number of colors
	index  []int32 // for each color, the index of its palette entry; set by assign
}

func newColorCount() *colorCount {
	return &colorCount{keys: make([]rgb, 1024), counts: make([]uint32, 1024)}
}

// reset removes all colors from c and keeps the memory.
func (c *colorCount) reset() {
	clear(c.keys)
	clear(c.counts)
	c.n = 0
}

// slot returns the slot of v in the hash table: the one that has v, or a free one.
func (c *colorCount) slot(v rgb) int {
	mask := len(c.keys) - 1
	hash := uint32(v) * hashFactor
	k := int(hash>>8) & mask
	for c.keys[k] != 0 && c.keys[k] != v+1 {
		k = (k + 1) & mask
	}
	return k
}

// add counts n pixels of the color v.
func (c *colorCount) add(v rgb, n uint32) {
	k := c.slot(v)
	if c.keys[k] == 0 { // a new color
		if 2*c.n >= len(c.keys) { // half of the slots are taken
			c.double()
			k = c.slot(v)
		}
		c.keys[k] = v + 1
		c.n++
	}
	c.counts[k] += n
}

// double doubles the hash table.
func (c *colorCount) double() {
	old := *c
	c.keys, c.counts = make([]rgb, 2*len(old.keys)), make([]uint32, 2*len(old.keys))
	for i, key := range old.keys {
		if key != 0 {
			k := c.slot(key - 1)
			c.keys[k], c.counts[k] = key, old.counts[i]
		}
	}
}

// colors returns the colors that occur, ascending, so that equal frames get equal palettes.
func (c *colorCount) colors() []rgb {
	list := make([]rgb, 0, c.n)
	for _, k := range c.keys {
		if k != 0 {
			list = append(list, k-1)
		}
	}
	slices.Sort(list)
	return list
}

// pixels returns the number of pixels counted.
func (c *colorCount) pixels() uint64 {
	var n uint64
	for _, v := range c.counts {
		n += uint64(v)
	}
	return n
}

// missing returns the counted colors that are not in palette, ascending. It stops at 257 of them,
// which no color table has room for.
func (c *colorCount) missing(palette []rgb) []rgb {
	var list []rgb
	find := newSearchPalette(palette)
	for _, k := range c.keys {
		if k == 0 {
			continue
		}
		if _, d := find.nearest(k - 1); d == 0 { // the palette has it
			continue
		}
		list = append(list, k-1)
		if len(list) > 256 {
			break
		}
	}
	slices.Sort(list)
	return list
}

// palette returns a palette of at most limit colors. It has exactly the counted colors if there are
// at most limit of them and tolerance is 0, or if there are at most min(limit, 32). Otherwise it
// has colors near them: fewer than limit, if fewer are enough for tolerance. If no color was
// counted, the palette is black alone.
func (c *colorCount) palette(limit int, tolerance float64) []rgb {
	switch {
	case c.n == 0:
		return []rgb{0}
	case c.n <= limit && (c.n <= 32 || tolerance == 0):
		return c.colors()
	}
	return quantize(c, limit, tolerance)
}

// assign sets c.index to the nearest entry of p for every color, and returns the sum of the squared
// errors over all pixels. As soon as the sum exceeds limit, assign stops, and c.index is
// incomplete.
func (c *colorCount) assign(p *searchPalette, limit float64) (squared float64) {
	if len(c.index) != len(c.keys) {
		c.index = make([]int32, len(c.keys))
	}
	for i, k := range c.keys {
		if k == 0 {
			continue
		}
		n, d := p.nearest(k - 1)
		c.index[i] = int32(n)
		squared += float64(d) * float64(c.counts[i])
		if squared > limit {
			break
		}
	}
	return squared
}

// unused returns the first index to which no color was assigned, or -1 if all 256 have colors. It
// also returns table. If the index is the one behind the end of table, a black entry is added to
// table first.
func (c *colorCount) unused(table []rgb) ([]rgb, int) {
	var used [256]bool
	for i, k := range c.keys {
		if k != 0 {
			used[c.index[i]] = true
		}
	}
	for i := range used {
		if used[i] {
			continue
		}
		if i >= len(table) {
			table = append(slices.Clip(table), 0) // in new memory: other drawings may use the old
		}
		return table, i
	}
	return table, -1
}

// An exactPalette finds the index of a color that is in a table.
type exactPalette struct {
	keys  [1024]rgb // color + 1, 0 is a free slot
	index [1024]uint8
}

// newExactPalette returns an exactPalette of all colors of the table except the transparent one.
func newExactPalette(table []rgb, transparent int) *exactPalette {
	p := new(exactPalette)
	for i, c := range table {
		if i == transparent {
			continue
		}
		if k := p.slot(c); p.keys[k] == 0 { // of equal entries, the first counts
			p.keys[k], p.index[k] = c+1, uint8(i)
		}
	}
	return p
}

// slot returns the slot of c in the hash table: the one that has c, or a free one.
func (p *exactPalette) slot(c rgb) uint32 {
	k := (uint32(c) * hashFactor) >> 22 // ten bits, for 1024 slots
	for p.keys[k] != 0 && p.keys[k] != c+1 {
		k = (k + 1) % uint32(len(p.keys))
	}
	return k
}

// find returns c's index in the palette, and reports whether c is in it.
func (p *exactPalette) find(c rgb) (index uint8, ok bool) {
	k := p.slot(c)
	return p.index[k], p.keys[k] != 0
}

// A searchPalette finds nearest colors. It sorts them by green, and searches in both directions
// from the level of green that it looks for, until green alone is too far away.
type searchPalette struct {
	colors []rgb    // sorted by green
	index  []int    // index[i] is the index that colors[i] had before the sort
	start  [257]int // start[g] is the index of the first color with a green of g or more
}

// newSearchPalette returns a searchPalette of colors.
func newSearchPalette(colors []rgb) *searchPalette {
	p := &searchPalette{index: make([]int, len(colors))}
	for i := range p.index {
		p.index[i] = i
	}
	slices.SortStableFunc(p.index, func(a, b int) int { return colors[a].channel(1) - colors[b].channel(1) })
	for _, i := range p.index {
		p.colors = append(p.colors, colors[i])
	}
	k := 0
	for g := range p.start {
		for k < len(p.colors) && p.colors[k].channel(1) < g {
			k++
		}
		p.start[g] = k
	}
	return p
}

// nearest returns the color with the least squared distance from c, by its index before the sort,
// and this distance. For an empty palette it returns 0 and 1<<30.
func (p *searchPalette) nearest(c rgb) (index, distance int) {
	if len(p.colors) == 0 {
		return 0, 1 << 30
	}
	r, g, b := c.channel(0), c.channel(1), c.channel(2)
	best, at := 1<<30, 0 // the least squared distance, and which color has it
	low, high := p.start[g]-1, p.start[g]
	// Take turns upwards and downwards. A direction ends where green alone is too far away.
	for low >= 0 || high < len(p.colors) {
		if high < len(p.colors) {
			q := p.colors[high]
			dg := q.channel(1) - g
			if dg*dg >= best {
				high = len(p.colors)
			} else {
				dr, db := q.channel(0)-r, q.channel(2)-b
				if d := dr*dr + dg*dg + db*db; d < best {
					best, at = d, high
				}
				high++
			}
		}
		if low >= 0 {
			q := p.colors[low]
			dg := q.channel(1) - g
			if dg*dg >= best {
				low = -1
			} else {
				dr, db := q.channel(0)-r, q.channel(2)-b
				if d := dr*dr + dg*dg + db*db; d < best {
					best, at = d, low
				}
				low--
			}
		}
	}
	return p.index[at], best
}

// A sample is a group of pixels of similar colors: their number and the sums of their channels.
type sample struct {
	n   float64
	sum [3]float64
}

// add adds the pixels of o to those of s.
func (s *sample) add(o sample) {
	s.n += o.n
	for i := range s.sum {
		s.sum[i] += o.sum[i]
	}
}

// explained returns |sum|^2/n, or 0 if s is empty. If each color becomes the mean, the squared
// error is the sum of the colors' squares minus explained.
func (s *sample) explained() float64 {
	if s.n == 0 {
		return 0
	}
	return (s.sum[0]*s.sum[0] + s.sum[1]*s.sum[1] + s.sum[2]*s.sum[2]) / s.n
}

// quantize returns at most n colors that come near those of c, with little squared error. It begins
// with one box of all colors. Each step cuts a box in two, where this removes most error. The steps
// end when there are n boxes, when no cut removes error, or, with a tolerance above 0, when the
// mean squared error of a channel is within the tolerance. Then Lloyd's algorithm improves the
// means of the boxes.
//
// The cuts are those of Wu, "Efficient statistical computations for optimal color quantization",
// 1991, but on the colors instead of on a grid of moments.
func quantize(c *colorCount, n int, tolerance float64) []rgb {
	points := samples(c)
	var axisSorter sorter
	boxes := []box{{points: points}}
	boxes[0].measure(&axisSorter)
	// remaining is the squared error of all points, if each becomes the mean of its box.
	remaining := -boxes[0].total.explained()
	for _, p := range points {
		remaining += p.explained()
	}
	errorLimit := 3 * tolerance * boxes[0].total.n // three channels of each pixel
	for len(boxes) < n {
		if tolerance > 0 && remaining <= errorLimit {
			break
		}
		// Cut the box whose cut removes most error.
		best := 0
		for i := range boxes {
			if boxes[i].gain > boxes[best].gain {
				best = i
			}
		}
		b := &boxes[best]
		if b.gain <= 0 {
			break
		}
		remaining -= b.gain
		axisSorter.sort(b.points, b.axis) // measure has sorted them by the last axis
		right := box{points: b.points[b.at:]}
		b.points = b.points[:b.at]
		b.measure(&axisSorter)
		right.measure(&axisSorter)
		boxes = append(boxes, right)
	}
	var palette []rgb
	for i := range boxes {
		palette = append(palette, boxes[i].total.mean())
	}
	for range 4 {
		palette = lloyd(points, palette)
	}
	return palette
}

// A box is a group of samples that are to become one color.
type box struct {
	points []sample

	// Set by measure.
	total sample
	gain  float64 // error that the best cut removes
	axis  int     // channel that the best cut sorts by
	at    int     // number of points before the best cut
}

// measure sets the other fields of b from b.points. It sorts the points, and tries every cut along
// every channel. The squared error that a cut removes is explained of both parts, minus explained
// of the whole.
func (b *box) measure(s *sorter) {
	b.total = sample{}
	for _, p := range b.points {
		b.total.add(p)
	}
	b.gain = 0
	if len(b.points) < 2 {
		return
	}
	whole := b.total.explained()
	for axis := range 3 {
		s.sort(b.points, axis)
		var left sample // the points before the cut; right has the others
		for i := range len(b.points) - 1 {
			left.add(b.points[i])
			right := b.total
			right.n -= left.n
			for k := range right.sum {
				right.sum[k] -= left.sum[k]
			}
			if g := left.explained() + right.explained() - whole; g > b.gain {
				b.gain, b.axis, b.at = g, axis, i+1
			}
		}
	}
}

// mean returns the rounded mean of the colors of s, which must not be empty.
func (s *sample) mean() rgb {
	var v rgb
	for _, x := range s.sum {
		v = v<<8 | rgb(x/s.n+0.5)
	}
	return v
}

// A sorter sorts samples by the mean of a channel. It keeps memory from one sort to the next.
type sorter struct {
	keys []uint64
	old  []sample
}

// sort sorts points by the mean of channel axis. A key is the mean, in 1/65536, and below it the
// position, so that points with equal means keep their order.
func (o *sorter) sort(points []sample, axis int) {
	o.keys = o.keys[:0]
	for i := range points {
		mean := points[i].sum[axis] / points[i].n
		o.keys = append(o.keys, uint64(mean*(1<<16))<<32|uint64(i))
	}
	slices.Sort(o.keys)
	o.old = append(o.old[:0], points...)
	for i, k := range o.keys {
		points[i] = o.old[uint32(k)] // the lower half is the position
	}
}

// lloyd assigns each point to the nearest color of the palette. Then it moves each color to the
// mean of its points, and drops colors without points.
func lloyd(points []sample, palette []rgb) []rgb {
	p := newSearchPalette(palette)
	groups := make([]sample, len(palette))
	for _, s := range points {
		k, _ := p.nearest(s.mean())
		groups[k].add(s)
	}
	out := palette[:0] // p has its own copy of palette
	for i := range groups {
		if groups[i].n > 0 {
			out = append(out, groups[i].mean())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// samples returns the colors of c, ascending. If there are more than 4096, the colors that share
// the upper five bits of every channel become one sample.
func samples(c *colorCount) []sample {
	sampleOf := func(v rgb) sample {
		s := sample{n: float64(c.counts[c.slot(v)])}
		for axis := range s.sum {
			s.sum[axis] = s.n * float64(v.channel(axis))
		}
		return s
	}
	colors := c.colors()
	if len(colors) <= 4096 {
		list := make([]sample, 0, len(colors))
		for _, v := range colors {
			list = append(list, sampleOf(v))
		}
		return list
	}
	cells := make([]sample, 1<<15) // by five bits of red, of green and of blue
	for _, v := range colors {
		r, g, b := v.channel(0)>>3, v.channel(1)>>3, v.channel(2)>>3
		cells[r<<10|g<<5|b].add(sampleOf(v))
	}
	return slices.DeleteFunc(cells, func(s sample) bool { return s.n == 0 })
}
