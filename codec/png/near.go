package png

// This file finds palettes that are near enough: shrinking a picture of few colors makes thousands
// of mixtures, whose differences cannot be seen.

import (
	"cmp"
	"encoding/binary"
	"image"
	"slices"
)

// tolerance is how far a channel may be off, and meanTolerance how far the channels of all pixels
// may be off on average. Larger errors can be seen when one compares the pictures.
const (
	tolerance     = 8
	meanTolerance = 0.7
)

// maxMixtures is how many colors are counted at most. No palette is near enough to more of them.
const maxMixtures = 1 << 14

// A mixture is a color of the picture.
type mixture struct {
	color [4]byte
	count int
	near  int // its palette entry
}

// mixtures are a picture's colors in an open-addressed table.
type mixtures struct {
	all  []mixture
	slot [2 * maxMixtures]uint16 // 1 + position in all, 0 when free
}

// position returns the place of c in the table, a free one when it is not there.
func (t *mixtures) position(c uint32) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], c)
	h := c * 0x9e3779b1 >> 17
	for t.slot[h] != 0 && t.all[t.slot[h]-1].color != b {
		h = (h + 1) % (2 * maxMixtures)
	}
	return h
}

// countMixtures returns the colors of pix, nil when there are more than maxMixtures.
func countMixtures(pix []byte) *mixtures {
	t := new(mixtures)
	for len(pix) >= 4 {
		c := binary.LittleEndian.Uint32(pix)
		n := 4
		for n+4 <= len(pix) && binary.LittleEndian.Uint32(pix[n:]) == c {
			n += 4
		}
		h := t.position(c)
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

// nearForm returns m with a palette. No channel of any pixel is off by more than tolerance, and the
// channels are off by at most meanTolerance on average. It uses the least tolerance for which 256
// entries are enough, and returns nil if there is no such tolerance.
func nearForm(m *image.NRGBA) *form {
	t := countMixtures(m.Pix)
	if t == nil {
		return nil
	}
	order := make([]int, len(t.all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &t.all[i], &t.all[j]
		return cmp.Or(cmp.Compare(b.count, a.count), slices.Compare(a.color[:], b.color[:]))
	})
	var best *cover
	low, high := 0, tolerance // low is too small
	for low < high {
		r := (low + 1 + high) / 2
		if best == nil {
			r = high
		}
		c := newCover(t.all, order, r)
		switch {
		case c != nil:
			best, high = c, r-1
		case best == nil:
			return nil
		default:
			low = r
		}
	}
	if t.meanError(best) > meanTolerance {
		return nil
	}
	return t.form(m, best, order)
}

// meanError returns how far c's entries are off, on average over the color channels of all pixels.
func (t *mixtures) meanError(c *cover) float64 {
	sum, n := 0, 0
	for i := range t.all {
		m := &t.all[i]
		e := &c.entries[c.nearest(m.color)]
		for k, v := range m.color[:3] {
			sum += m.count * max(int(v)-int(e[k]), int(e[k])-int(v))
		}
		n += 3 * m.count
	}
	return float64(sum) / float64(n)
}

// form writes m's pixels as entries of the palette.
func (t *mixtures) form(m *image.NRGBA, c *cover, order []int) *form {
	table := colorTable{}
	for _, e := range c.entries {
		table.find(binary.LittleEndian.Uint32(e[:]))
	}
	palette, index := table.sorted()
	for _, i := range order {
		t.all[i].near = int(index[c.nearest(t.all[i].color)])
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	f := &form{colorType: ctPalette, depth: paletteDepth(len(palette))}
	f.plte, f.trns = paletteChunks(palette)
	pix := make([]byte, w*h)
	last, at := uint32(0), byte(0)
	for i := range pix {
		v := binary.LittleEndian.Uint32(m.Pix[4*i:])
		if i == 0 || v != last {
			last, at = v, byte(t.all[t.slot[t.position(v)]-1].near)
		}
		pix[i] = at
	}
	f.lines = pack(pix, w, h, f.depth, func(v byte) byte { return v })
	return f
}

// A cover is a palette whose entries are sorted into cells of 16 levels a side, so that the entries
// near a color are in at most two cells along each channel.
type cover struct {
	r       int
	entries [][4]byte
	next    []int16        // of each entry, 1 + the entry before it in its cell, or 0
	cell    [1 << 16]int16 // 1 + its last entry, or 0
}

// newCover repeatedly adds the commonest color that no entry is near to, so that flat areas keep
// their colors. It returns nil when it would need more than 256 entries.
func newCover(all []mixture, order []int, r int) *cover {
	c := &cover{r: r}
	for _, i := range order {
		color := all[i].color
		if c.nearest(color) >= 0 {
			continue
		}
		if len(c.entries) == 256 {
			return nil
		}
		k := cellOf(int(color[0]), int(color[1]), int(color[2]), int(color[3]))
		c.entries = append(c.entries, color)
		c.next = append(c.next, c.cell[k])
		c.cell[k] = int16(len(c.entries))
	}
	return c
}

func cellOf(r, g, b, a int) int { return r>>4<<12 | g>>4<<8 | b>>4<<4 | a>>4 }

// nearest returns the entry that is nearest to a color, among those within reach in every channel,
// or -1 if there is none. Alpha of 0 and 255 is exact.
func (c *cover) nearest(color [4]byte) int {
	var low, high [4]int
	for i, v := range color {
		low[i], high[i] = max(int(v)-c.r, 0), min(int(v)+c.r, 255)
	}
	if a := int(color[3]); a == 0 || a == 255 {
		low[3], high[3] = a, a
	} else {
		low[3], high[3] = max(low[3], 1), min(high[3], 254)
	}
	best, least := -1, 1<<30
	for r := low[0] &^ 15; r <= high[0]; r += 16 {
		for g := low[1] &^ 15; g <= high[1]; g += 16 {
			for b := low[2] &^ 15; b <= high[2]; b += 16 {
				for a := low[3] &^ 15; a <= high[3]; a += 16 {
					for i := c.cell[cellOf(r, g, b, a)]; i > 0; i = c.next[i-1] {
						if d := distance(&c.entries[i-1], &color, &low, &high); d < least {
							best, least = int(i-1), d
						}
					}
				}
			}
		}
	}
	return best
}

// distance returns the squared distance of e from color, or the largest number where e is not
// between low and high.
func distance(e, color *[4]byte, low, high *[4]int) (sum int) {
	for i, v := range e {
		if int(v) < low[i] || int(v) > high[i] {
			return 1 << 30
		}
		d := int(v) - int(color[i])
		sum += d * d
	}
	return sum
}

// nearLevels returns for each level the one that stands for it, at most tolerance away. The
// commonest levels stand for themselves, with as few others between them as possible. If the error
// of all pixels were over meanTolerance on average, every level stands for itself.
func nearLevels(pix []byte, pinned int) (near [256]byte) {
	var count [256]int
	for _, v := range pix {
		count[v]++
	}
	order := make([]int, 256)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(count[j], count[i]) })
	var kept [256]bool
	for _, v := range order[:pinned] {
		kept[v] = count[v] > 0
	}
	nearest := func(v int) (level int, found bool) {
		for d := range tolerance + 1 {
			for _, l := range [2]int{v - d, v + d} {
				if l >= 0 && l < 256 && kept[l] {
					return l, true
				}
			}
		}
		return 0, false
	}
	for v, n := range count {
		if n == 0 {
			continue
		}
		if _, found := nearest(v); !found {
			kept[min(v+tolerance, 255)] = true
		}
	}
	off := 0
	for v := range near {
		level, _ := nearest(v)
		near[v] = byte(level)
		off += count[v] * max(v-level, level-v)
	}
	if float64(off) > meanTolerance*float64(len(pix)) {
		for v := range near {
			near[v] = byte(v)
		}
	}
	return near
}
