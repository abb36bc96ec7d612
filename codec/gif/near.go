package gif

// This file decides how far a scaled animation may be off: which pixels stay although they differ a
// little, which colors stand for others, and how both depend on the size of the file and on the
// error.

import "slices"

const (
	// stillness is a squared distance between a pixel and what is shown there. Up to this distance,
	// which is four levels in each channel, the pixel is left as it is.
	stillness = 3 * 4 * 4
	// An earlier color table is used again if its error is at most reuse times the tolerance.
	reuse = 2
	// roughest is the largest tolerance that strength leads to.
	roughest = 16

	// A frame that takes more bytes than are left for it aims at a mean squared error of aim, which
	// is 35 dB. Where its error is over most, 34 dB, it is drawn again with less strength.
	aim, most = 19.5, 26
)

// reaches are the squared distances of colors that may stand for one another around smooth, plain
// and busy pixels: at a strength of 1, and at most. Errors are most visible in smooth areas.
var reaches, farthest = [3]float64{64, 192, 512}, [3]float64{128, 768, 3072}

// tolerance is Options.Tolerance, multiplied by the strength when a frame needs more.
func (w *AnimationWriter) tolerance() float64 {
	return max(w.o.Tolerance, min(w.o.Tolerance*w.strength, roughest))
}

// mayStay reports whether the pixel at byte i may stay q although it should become p.
func (w *AnimationWriter) mayStay(p, q [4]byte, i int) bool {
	dr, dg, db := int(p[0])-int(q[0]), int(p[1])-int(q[1]), int(p[2])-int(q[2])
	e := dr*dr + dg*dg + db*db
	if e <= stillness {
		return true
	}
	reach := func(k pixel) bool { return e <= int(min(reaches[k]*w.strength, farthest[k])/2) }
	return reach(2) && reach(w.busy(i, i/4%w.w, i/4/w.w))
}

// distance returns the squared Euclidean distance of two colors.
func distance(a, b rgb) int {
	dr, dg, db := a.channel(0)-b.channel(0), a.channel(1)-b.channel(1), a.channel(2)-b.channel(2)
	return dr*dr + dg*dg + db*db
}

// A nearness holds how far the colors of a table are apart.
type nearness struct {
	table       []rgb
	transparent int
	distance    [256][256]uint16    // squared
	nearest     [256][maxBeam]uint8 // the index itself first
}

// measure computes n for d's table.
func (n *nearness) measure(d *drawing) {
	table := d.table()
	if n.transparent == d.transparent && slices.Equal(n.table, table) {
		return
	}
	n.table, n.transparent = append(n.table[:0], table...), d.transparent
	for i := range n.distance {
		list, m := &n.nearest[i], 0
		for k := range list {
			list[k] = uint8(i)
		}
		for j := range n.distance[i] {
			e := uint16(1<<16 - 1)
			if i == j {
				e = 0
			} else if i < len(table) && j < len(table) && i != d.transparent && j != d.transparent {
				e = uint16(min(distance(table[i], table[j]), 1<<16-1))
			}
			n.distance[i][j] = e
			if m == maxBeam && e >= n.distance[i][list[m-1]] {
				continue
			}
			m = min(m+1, maxBeam)
			k := m - 1
			for ; k > 0 && n.distance[i][list[k-1]] > e; k-- {
				list[k] = list[k-1]
			}
			list[k] = uint8(j)
		}
	}
}

// busy returns how much the picture changes around the pixel x, y, which is at byte i: from 0,
// smooth, to 2.
func (w *AnimationWriter) busy(i, x, y int) pixel {
	step := 0
	pix := w.current.Pix
	at := func(j int) {
		for c := range 3 {
			step = max(step, int(pix[i+c])-int(pix[j+c]), int(pix[j+c])-int(pix[i+c]))
		}
	}
	if x > 0 {
		at(i - 4)
	}
	if x+1 < w.w {
		at(i + 4)
	}
	if y > 0 {
		at(i - 4*w.w)
	}
	if y+1 < w.h {
		at(i + 4*w.w)
	}
	switch {
	case step < 8:
		return 0
	case step < 24:
		return 1
	}
	return 2
}

// packNear packs the waiting frame with colors that may stand for one another.
func (w *AnimationWriter) packNear(d *drawing) {
	if w.near == nil {
		w.near = new(nearness)
	}
	w.near.measure(d)
	w.lzw.near = w.near
	for i := range reaches {
		w.lzw.reach[i] = uint16(min(reaches[i]*w.strength, farthest[i]))
	}
	w.lzw.packInto(d, w.pixels)
	d.squared = w.meanSquaredError(d)
}

// meanSquaredError returns the mean squared error of a channel, over the whole canvas, when d is
// drawn.
func (w *AnimationWriter) meanSquaredError(d *drawing) float64 {
	table := d.table()
	sum := 0
	for y := range w.h {
		i := w.current.PixOffset(0, y)
		inside := y >= w.rect.Min.Y && y < w.rect.Max.Y
		for x := range w.w {
			p, q := w.current.Pix[i+4*x:][:4:4], w.base.Pix[i+4*x:][:4:4]
			if p[3] == 0 {
				continue
			}
			r, g, b := int(q[0]), int(q[1]), int(q[2])
			if inside && x >= w.rect.Min.X && x < w.rect.Max.X {
				if k := int(d.shown[(y-w.rect.Min.Y)*w.rect.Dx()+x-w.rect.Min.X]); k != d.transparent {
					r, g, b = table[k].channel(0), table[k].channel(1), table[k].channel(2)
				}
			}
			r, g, b = r-int(p[0]), g-int(p[1]), b-int(p[2])
			sum += r*r + g*g + b*b
		}
	}
	return float64(sum) / float64(3*w.w*w.h)
}

// budgetShare returns the bytes of a frame as a multiple of the bytes that are left for it.
func (w *AnimationWriter) budgetShare(d *drawing) float64 {
	left := float64(w.o.Budget-len(w.body)) / float64(max(w.o.Frames-w.frames+1, 1))
	return float64(d.size()) / max(left, 1)
}

// adjust raises the strength of the next frame while frames take more bytes than are left for them,
// and lowers it while the errors of this frame are too large.
func (w *AnimationWriter) adjust(d *drawing, share float64) {
	if w.o.Tolerance == 0 || w.o.Budget == 0 {
		return
	}
	switch toAim := aim / max(d.squared, 1); {
	case toAim < 1:
		w.strength = max(w.strength*max(toAim, 0.5), 0.1)
	case share > 1:
		w.strength = min(w.strength*min(toAim, 4), 16)
	case w.strength > 1:
		w.strength = max(w.strength/1.1, 1)
	}
}
