package gif

// This file decides how far the pixels of a scaled animation may be off: which of them stay
// although they should change a little, and which colors may stand for others. The limits for both
// depend on AnimationWriter.strength, which follows from the bytes and errors of the frames so far.

import (
	"math"
	"slices"
)

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

// reach returns the squared distance up to which colors may stand for one another.
func (w *AnimationWriter) reach(busyness int) float64 {
	return min(reachAt1[busyness]*w.strength, maxReach[busyness])
}

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
	within := func(busyness int) bool { return e <= int(w.reach(busyness)/2) }
	if !within(2) { // the largest reach is tried first, because w.busyness takes time
		return false
	}
	x, y := i/4%w.w, i/4/w.w
	return within(w.busyness(i, x, y))
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
	isColor := func(k int) bool { return k < len(table) && k != d.transparent }
	for i := range n.distance {
		list, m := &n.nearest[i], 0 // m indices are in the list, sorted by distance
		for j := range n.distance[i] {
			e := uint16(math.MaxUint16) // the distance of i and j
			switch {
			case i == j:
				e = 0
			case isColor(i) && isColor(j):
				e = uint16(min(distance(table[i], table[j]), math.MaxUint16))
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

// busyness returns how much the picture changes around the pixel x, y, which is at byte i. Let step
// be the largest difference of a channel between this pixel and the four next to it. busyness is 0
// for a step below 8 levels, 1 for one below 24, and otherwise 2.
func (w *AnimationWriter) busyness(i, x, y int) int {
	step := 0
	pix := w.current.Pix
	compare := func(j int) { // with the pixel at byte j
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
		w.lzw.reach[i] = uint16(w.reach(i))
	}
	w.lzw.packInto(d, w.pixels)
	d.mse = w.meanSquaredError(d)
}

// meanSquaredError returns the mean squared error of a channel over the whole canvas after d is
// drawn on w.base. Pixels that should be transparent have no error.
func (w *AnimationWriter) meanSquaredError(d *drawing) float64 {
	table, rect := d.table(), w.rect
	sum := 0
	for y := range w.h {
		i := w.current.PixOffset(0, y)
		rowDrawn := y >= rect.Min.Y && y < rect.Max.Y
		for x := range w.w {
			want, base := w.current.Pix[i+4*x:][:4:4], w.base.Pix[i+4*x:][:4:4]
			if want[3] == 0 {
				continue
			}
			// The color that a viewer will show: that of base, unless d draws over it.
			r, g, b := int(base[0]), int(base[1]), int(base[2])
			if rowDrawn && x >= rect.Min.X && x < rect.Max.X {
				at := (y-rect.Min.Y)*rect.Dx() + x - rect.Min.X
				if k := int(d.shown[at]); k != d.transparent {
					r, g, b = table[k].channel(0), table[k].channel(1), table[k].channel(2)
				}
			}
			dr, dg, db := r-int(want[0]), g-int(want[1]), b-int(want[2])
			sum += dr*dr + dg*dg + db*db
		}
	}
	return float64(sum) / float64(3*w.w*w.h)
}

// budgetShare returns the size of d as a multiple of the bytes that are left for d. These are the
// budget without the frames before, divided by the number of frames from this one on. With a budget
// of 0 the result means nothing.
func (w *AnimationWriter) budgetShare(d *drawing) float64 {
	frames := max(w.o.Frames-w.frames+1, 1) // from this one on
	left := float64(w.o.Budget-len(w.body)) / float64(frames)
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
	ratio := targetError / max(d.mse, 1)
	switch {
	case ratio < 1:
		w.strength *= max(ratio, 0.5)
	case share > 1:
		w.strength *= min(ratio, 4)
	case w.strength > 1:
		w.strength = max(w.strength/1.1, 1)
	}
	w.strength = min(max(w.strength, 0.1), 16)
}
