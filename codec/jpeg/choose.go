package jpeg

const (
	// residual is how many samples a scaler gets for each sample of its output, in each direction.
	// The truncated spectrum of a block leaves ringing at edges, around text and line drawings.
	// With 2 samples or more, the scaler's own kernel averages it away. Photographs look the same
	// from 1.5 on, but there is no exception for them: a smaller N would save only about a tenth of
	// their decoding time, N = 1 is too coarse (SSIM 0.992 against a full decode), and photographs
	// would have to be recognized.
	residual = 2.0

	// leastShrink is the smallest reduction for which shrinking in the transform is worthwhile.
	// Below it, the best N under 8 is a little worse than a full decode on text (SSIM 0.995; other
	// resizers reach 0.997) and saves almost no time.
	leastShrink = 3.0
)

// ChooseScale returns the n for Decode when planes are scaled afterwards: the first component to w
// x h samples, and every other one to cw x ch. For chroma planes that go to 4:2:0, cw and ch are
// half of w and h, rounded up; otherwise they are w and h.
//
// If the target has less than a third of a component's samples in each direction, n is the smallest
// with which the scaler gets at least twice as many samples in each direction as it writes.
// Otherwise n is 8. In both comparisons the target counts as half a sample smaller: the side of a
// chroma plane may have been rounded up, and n should not be larger because of that.
func (d *Reader) ChooseScale(w, h, cw, ch int) (n [4]int) {
	for i := range d.Components {
		n[i] = 8
		tw, th := float64(w)-0.5, float64(h)-0.5
		if pw, ph := d.PlaneExtent(i, 8); pw >= leastShrink*tw && ph >= leastShrink*th {
			for n[i] = 1; n[i] < 8; n[i]++ {
				if pw, ph = d.PlaneExtent(i, n[i]); pw >= residual*tw && ph >= residual*th {
					break
				}
			}
		}
		w, h = cw, ch
	}
	return n
}
