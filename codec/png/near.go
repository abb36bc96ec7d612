package png

// This file finds palettes for pictures that have more than 256 colors. Shrinking a picture of few
// colors makes thousands of mixtures. Mixtures so similar that the difference cannot be seen share
// a palette entry.

import (
	"cmp"
	"encoding/binary"
	"image"
	"slices"
)

// Errors that cannot be seen when one compares the pictures, in steps of 0..255.
const (
	tolerance     = 8   // of one channel of one pixel
	meanTolerance = 0.7 // the mean over all pixels, of the color channels or of gray
)

// maxMixtures is how many colors are counted at most. With more colors, no palette is expected to
// be near enough to all of them.
const maxMixtures = 1 << 14

// A mixture is a color of the picture.
type mixture struct {
	color [4]byte // RGBA
	count int     // of pixels
	entry int     // index of the palette entry that replaces color
}

// The type mixtures is an open-addressed table of a picture's colors.
type mixtures struct {
	all  []mixture
	slot [2 * maxMixtures]uint16 // 1 + position in all, 0 if free
}

// slotOf returns the index of the slot of c, or of a free slot if c is not in the table.
func (t *mixtures) slotOf(c uint32) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], c)
	h := (c * hashFactor) >> 17 // 15 bits: an index of slot
	for t.slot[h] != 0 && t.all[t.slot[h]-1].color != b {
		h = (h + 1) % (2 * maxMixtures)
	}
	return h
}

// countMixtures returns the colors in pix, or nil if there are more than maxMixtures.
func countMixtures(pix []byte) *mixtures {
	t := new(mixtures)
	for len(pix) >= 4 {
		c := binary.LittleEndian.Uint32(pix)
		n := 4 // bytes of equal pixels
		for n+4 <= len(pix) && binary.LittleEndian.Uint32(pix[n:]) == c {
			n += 4
		}
		h := t.slotOf(c)
		if t.slot[h] == 0 {
			if len(t.all) == maxMixtures {
				return nil
			}
			t.all = append(t.all, mixture{color: [4]byte(pix)})
			t.slot[h] = uint16(len(t.all))
		}
		t.all[t.slot[h]-1].count += n / 4
		pix = pix[n:]
	}
	return t
}

// nearForm returns m with a nearPalette. The palette's reach, the most by which a channel may
// change, is the least for which 256 entries are enough. nearForm returns nil if m has more than
// maxMixtures colors, if that reach is more than tolerance, or if the mean error is more than
// meanTolerance.
func nearForm(m *image.NRGBA) *form {
	t := countMixtures(m.Pix)
	if t == nil {
		return nil
	}
	order := make([]int, len(t.all)) // positions in t.all, the commonest color first
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &t.all[i], &t.all[j]
		return cmp.Or(cmp.Compare(b.count, a.count), slices.Compare(a.color[:], b.color[:]))
	})
	best := newNearPalette(t.all, order, tolerance)
	if best == nil {
		return nil
	}
	// Find the least reach by bisection. low is always too small, at first because m has more than
	// 256 colors. best is the palette for high.
	low, high := 0, tolerance
	for high-low > 1 {
		reach := (low + high) / 2
		if palette := newNearPalette(t.all, order, reach); palette != nil {
			best, high = palette, reach
		} else {
			low = reach
		}
	}
	if t.meanError(best) > meanTolerance {
		return nil
	}
	return t.toForm(m, best)
}

// meanError returns by how much p's entries differ from the colors that they replace, on average
// over the color channels of all pixels.
func (t *mixtures) meanError(p *nearPalette) float64 {
	sum, n := 0, 0
	for i := range t.all {
		m := &t.all[i]
		e := &p.entries[p.nearest(m.color)]
		for c, v := range m.color[:3] {
			difference := int(v) - int(e[c])
			sum += m.count * max(difference, -difference)
		}
		n += 3 * m.count
	}
	return float64(sum) / float64(n)
}

// toForm returns m as a form with the palette p. t holds the colors of m.
func (t *mixtures) toForm(m *image.NRGBA, p *nearPalette) *form {
	// Sort the palette, and find the entry of each color.
	table := colorTable{}
	for _, e := range p.entries {
		table.findOrAdd(binary.LittleEndian.Uint32(e[:]))
	}
	palette, index := table.sorted()
	for i := range t.all {
		t.all[i].entry = int(index[p.nearest(t.all[i].color)])
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	f := &form{colorType: ctPalette, depth: paletteDepth(len(palette))}
	f.plte, f.trns = paletteChunks(palette)
	// Replace the colors by their entries. entry is that of last, the pixel before.
	pix := make([]byte, w*h)
	last, entry := uint32(0), byte(0)
	for i := range pix {
		c := binary.LittleEndian.Uint32(m.Pix[4*i:])
		if i == 0 || c != last {
			position := t.slot[t.slotOf(c)] - 1 // in t.all
			last, entry = c, byte(t.all[position].entry)
		}
		pix[i] = entry
	}
	f.lines = pack(pix, w, h, f.depth, func(v byte) byte { return v })
	return f
}

// A nearPalette is a palette with an entry near every color of a picture: no channel of the entry
// differs by more than reach. To find entries fast, they are in cells of 16 levels of each channel.
// As reach is at most 8, the entries near a color are in at most two cells along each channel.
type nearPalette struct {
	reach   int
	entries [][4]byte
	next    []int16        // for each entry: 1 + the entry before it in its cell, or 0
	cell    [1 << 16]int16 // for each cell: 1 + the last entry in it, or 0
}

// newNearPalette repeatedly adds the commonest color that no entry is near to, so that flat areas
// keep their colors. It returns nil if 256 entries are not enough. order holds the positions in
// all, that of the commonest color first.
func newNearPalette(all []mixture, order []int, reach int) *nearPalette {
	p := &nearPalette{reach: reach}
	for _, i := range order {
		color := all[i].color
		if p.nearest(color) >= 0 {
			continue
		}
		if len(p.entries) == 256 {
			return nil
		}
		k := cellOf(int(color[0]), int(color[1]), int(color[2]), int(color[3]))
		p.entries = append(p.entries, color)
		p.next = append(p.next, p.cell[k])
		p.cell[k] = int16(len(p.entries))
	}
	return p
}

// cellOf returns the index of the cell of a color.
func cellOf(r, g, b, a int) int { return r>>4<<12 | g>>4<<8 | b>>4<<4 | a>>4 }

// nearest returns the index of the entry that is nearest to a color, among those within reach in
// every channel, or -1 if there is none. For a color with alpha of 0 or 255 it takes only entries
// with that alpha, and for other colors only entries with other alpha.
func (p *nearPalette) nearest(color [4]byte) int {
	var low, high [4]int // the range of the entries to take, in each channel
	for i, v := range color {
		low[i], high[i] = max(int(v)-p.reach, 0), min(int(v)+p.reach, 255)
	}
	if a := int(color[3]); a == 0 || a == 255 {
		low[3], high[3] = a, a
	} else {
		low[3], high[3] = max(low[3], 1), min(high[3], 254)
	}
	// All cells that may have such entries; &^ 15 is the beginning of a cell.
	best, least := -1, tooFar
	for r := low[0] &^ 15; r <= high[0]; r += 16 {
		for g := low[1] &^ 15; g <= high[1]; g += 16 {
			for b := low[2] &^ 15; b <= high[2]; b += 16 {
				for a := low[3] &^ 15; a <= high[3]; a += 16 {
					// i is 1 + the index of an entry, as in next.
					for i := p.cell[cellOf(r, g, b, a)]; i > 0; i = p.next[i-1] {
						if d := squaredDistance(&p.entries[i-1], &color, &low, &high); d < least {
							best, least = int(i-1), d
						}
					}
				}
			}
		}
	}
	return best
}

const tooFar = 1 << 30 // more than any squared distance

// squaredDistance returns the squared distance of the entry e from color, or tooFar if a channel of
// e is not between low and high.
func squaredDistance(e, color *[4]byte, low, high *[4]int) (sum int) {
	for i, v := range e {
		if int(v) < low[i] || int(v) > high[i] {
			return tooFar
		}
		d := int(v) - int(color[i])
		sum += d * d
	}
	return sum
}

// replaceLevels returns for each level of gray in pix the level that replaces it, at most tolerance
// away. The commonest levels stay, as many as sourceColors says. Levels that are too far from those
// are replaced by a few levels in between. If the mean error of the pixels would be more than
// meanTolerance, all levels stay.
func replaceLevels(pix []byte, sourceColors int) (replacement [256]byte) {
	var count [256]int
	for _, v := range pix {
		count[v]++
	}
	order := make([]int, 256) // levels, the commonest first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(count[j], count[i]) })
	var kept [256]bool // the levels that the result has
	for _, v := range order[:sourceColors] {
		kept[v] = count[v] > 0
	}
	// nearestKept returns the kept level that is nearest to v, if it is at most tolerance away.
	nearestKept := func(v int) (level int, found bool) {
		for d := range tolerance + 1 {
			for _, l := range [2]int{v - d, v + d} {
				if l >= 0 && l < 256 && kept[l] {
					return l, true
				}
			}
		}
		return 0, false
	}
	// Keep a level for each that has none near enough.
	for v, n := range count {
		if n == 0 {
			continue
		}
		if _, found := nearestKept(v); !found {
			kept[min(v+tolerance, 255)] = true // the highest level that may replace v
		}
	}
	sum := 0 // of the errors of all pixels
	for v := range replacement {
		level, _ := nearestKept(v) // 0 for some v that do not occur
		replacement[v] = byte(level)
		sum += count[v] * max(v-level, level-v)
	}
	if float64(sum) > meanTolerance*float64(len(pix)) {
		for v := range replacement {
			replacement[v] = byte(v)
		}
	}
	return replacement
}
