package jpeg

const (
	// residual is the least reduction that is left to the scaler: how many samples it gets for each
	// sample that it writes, in each direction. A block's truncated spectrum leaves ringing at
	// edges, around text and line drawings. From a reduction of 2 on, the scaler's own kernel
	// averages this ringing away.
	//
	// Photographs look the same from 1.5 on, but they are not treated differently. They would have
	// to be recognized, a smaller N would save only about a tenth of their decoding time, and N = 1
	// would be too coarse (SSIM 0.992 against a full decode).
	residual = 2.0

	// leastShrink is the smallest reduction, from the full plane to the target, for which shrinking
	// in the transform is worthwhile. For less than 3, even the best N under 8 saves almost no
	// time, and text comes out a little worse than from a full decode (SSIM 0.995; other resizers
	// reach 0.997).
	leastShrink = 3.0
)

// ChooseScale returns n for Decode, if the planes are scaled afterwards. The plane of the first
// component is scaled to w x h samples, and the others to cw x ch. For chroma planes of a result
// that is 4:2:0, cw and ch are half of w and h, rounded up; otherwise they are w and h.
//
// If the target has at most a third of a component's samples in each direction, n is the smallest
// with which the scaler gets at least twice as many samples in each direction as it writes.
// Otherwise n is 8. In both comparisons the target counts as half a sample smaller: the side of a
// chroma plane may have been rounded up, and this should not make n larger.
func (d *Reader) ChooseScale(w, h, cw, ch int) (n [4]int) {
	for i := range d.Components {
		n[i] = 8
		tw, th := float64(w)-0.5, float64(h)-0.5 // the target, half a sample smaller
		if pw, ph := d.PlaneExtent(i, 8); pw >= leastShrink*tw && ph >= leastShrink*th {
			// Find the smallest n that leaves the scaler its reduction.
			for n[i] = 1; n[i] < 8; n[i]++ {
				if pw, ph := d.PlaneExtent(i, n[i]); pw >= residual*tw && ph >= residual*th {
					break
				}
			}
		}
		w, h = cw, ch // for the components after the first
	}
	return n
}
