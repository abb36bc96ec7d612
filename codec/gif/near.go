package gif

// This file decides how far the pixels of a scaled animation may be off: which of them stay
// although they should change a little, and which colors may stand for others. The limits for both
// depend on AnimationWriter.strength, which follows from the bytes and errors of the frames so far.

import "slices"

const (
	// stayDistance is a squared distance of colors: four levels in each channel. A pixel always
	// stays if the distance between the color it shows and the color it should have is no larger.
	stayDistance = 3 * 4 * 4
	// reuseFactor says when an earlier color table is good enough for a frame: its error must be at
	// most reuseFactor times the tolerance.
	reuseFactor = 2
	// maxTolerance is the largest tolerance that the strength can lead to.
	maxTolerance = 16

	// targetError is the mean squared error, 35.2 dB, up to which the strength is raised while
	// frames take more bytes than are left for them.
	targetError = 19.5
	// maxError is the mean squared error, 34 dB, above which a frame is drawn again with less
	// strength.
	maxError = 26
)

// Colors may stand for one another up to a squared distance, which depends on the pixel's busyness:
// 0, 1 or 2. Errors are most visible where the busyness is 0.
var (
	reachAt1 = [3]float64{64, 192, 512}   // at a strength of 1
	maxReach = [3]float64{128, 768, 3072} // at any strength
)

// tolerance returns Options.Tolerance, multiplied by the strength if that is above 1. The product
// counts up to maxTolerance.
func (w *AnimationWriter) tolerance() float64 {
	return max(w.o.Tolerance, min(w.o.Tolerance*w.strength, maxTolerance))
}

// mayStay reports whether the pixel at byte i may keep the color shown, although it should have the
// color want. The pixel may be off by stayDistance, or by half the reach for its busyness.
func (w *AnimationWriter) mayStay(want, shown [4]byte, i int) bool {
	dr, dg, db := int(want[0])-int(shown[0]), int(want[1])-int(shown[1]), int(want[2])-int(shown[2])
	e := dr*dr + dg*dg + db*db
	if e <= stayDistance {
		return true
	}
	within := func(busyness int) bool {
		return e <= int(min(reachAt1[busyness]*w.strength, maxReach[busyness])/2)
	}
	// The largest reach comes first, because busyness takes time.
	return within(2) && within(w.busyness(i, i/4%w.w, i/4/w.w))
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
	nearest     [256][maxBeam]uint8 // for each index, the nearest by distance, itself included
}

// measure sets n for d's table, unless n is set for an equal one. Indices that are not in the
// table, and the transparent one, are as far as possible from all others.
func (n *nearness) measure(d *drawing) {
	table := d.table()
	if n.transparent == d.transparent && slices.Equal(n.table, table) {
		return
	}
	n.table, n.transparent = append(n.table[:0], table...), d.transparent
	for i := range n.distance {
		list, m := &n.nearest[i], 0 // m indices are in the list, sorted by distance
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
				continue // no nearer than all in the full list
			}
			// Insert j. A full list loses its last index.
			m = min(m+1, maxBeam)
			k := m - 1
			for ; k > 0 && n.distance[i][list[k-1]] > e; k-- {
				list[k] = list[k-1]
			}
			list[k] = uint8(j)
		}
	}
}

// busyness returns how much the picture changes around the pixel x, y, which is at byte i. It is 0
// where the channels differ by less than 8 levels from the pixels next to this one, 1 below 24
// levels, otherwise 2.
func (w *AnimationWriter) busyness(i, x, y int) int {
	step := 0 // the largest difference of a channel
	pix := w.current.Pix
	compare := func(j int) {
		for c := range 3 {
			step = max(step, int(pix[i+c])-int(pix[j+c]), int(pix[j+c])-int(pix[i+c]))
		}
	}
	if x > 0 {
		compare(i - 4)
	}
	if x+1 < w.w {
		compare(i + 4)
	}
	if y > 0 {
		compare(i - 4*w.w)
	}
	if y+1 < w.h {
		compare(i + 4*w.w)
	}
	switch {
	case step < 8:
		return 0
	case step < 24:
		return 1
	}
	return 2
}

// packNear packs w.pixels into d, where near colors may stand for one another, and sets d.mse.
func (w *AnimationWriter) packNear(d *drawing) {
	if w.near == nil {
		w.near = new(nearness)
	}
	w.near.measure(d)
	w.lzw.near = w.near
	for i := range reachAt1 {
		w.lzw.reach[i] = uint16(min(reachAt1[i]*w.strength, maxReach[i]))
	}
	w.lzw.packInto(d, w.pixels)
	d.mse = w.meanSquaredError(d)
}

// meanSquaredError returns the mean squared error of a channel over the whole canvas after d is
// drawn on w.base. Pixels that should be transparent have no error.
func (w *AnimationWriter) meanSquaredError(d *drawing) float64 {
	table := d.table()
	sum := 0
	for y := range w.h {
		i := w.current.PixOffset(0, y)
		inside := y >= w.rect.Min.Y && y < w.rect.Max.Y
		for x := range w.w {
			want, shown := w.current.Pix[i+4*x:][:4:4], w.base.Pix[i+4*x:][:4:4]
			if want[3] == 0 {
				continue
			}
			r, g, b := int(shown[0]), int(shown[1]), int(shown[2])
			if inside && x >= w.rect.Min.X && x < w.rect.Max.X {
				if k := int(d.shown[(y-w.rect.Min.Y)*w.rect.Dx()+x-w.rect.Min.X]); k != d.transparent {
					r, g, b = table[k].channel(0), table[k].channel(1), table[k].channel(2)
				}
			}
			r, g, b = r-int(want[0]), g-int(want[1]), b-int(want[2])
			sum += r*r + g*g + b*b
		}
	}
	return float64(sum) / float64(3*w.w*w.h)
}

// budgetShare returns the size of d as a multiple of the bytes that are left for d: what the frames
// before have left of the budget, divided by the number of frames from this one on. With a budget
// of 0 the result means nothing.
func (w *AnimationWriter) budgetShare(d *drawing) float64 {
	left := float64(w.o.Budget-len(w.body)) / float64(max(w.o.Frames-w.frames+1, 1))
	return float64(d.size()) / max(left, 1)
}

// adjust sets the strength for the next frame, if there are a tolerance and a budget. The strength
// is lowered if the error of d, the drawing of this frame, is above targetError. Otherwise it is
// raised if d took more bytes than were left for it: share, from budgetShare, is then above 1.
// Otherwise a strength above 1 slowly returns to 1. adjust at most halves or quadruples the
// strength, which stays between 0.1 and 16.
func (w *AnimationWriter) adjust(d *drawing, share float64) {
	if w.o.Tolerance == 0 || w.o.Budget == 0 {
		return
	}
	switch ratio := targetError / max(d.mse, 1); {
	case ratio < 1:
		w.strength = max(w.strength*max(ratio, 0.5), 0.1)
	case share > 1:
		w.strength = min(w.strength*min(ratio, 4), 16)
	case w.strength > 1:
		w.strength = max(w.strength/1.1, 1)
	}
}
