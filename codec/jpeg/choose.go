package jpeg

// residual is how many samples a scaler gets for each sample of its output, in either direction: 2 or more, so that what the truncated
// spectrum of a block leaves at its edges, ringing about text and line drawings, is averaged away by the scaler's own kernel.
const residual = 2.0

// ChooseScale returns the n for Decode that leave a scaler at least twice as many samples in either direction as it is to write: the first
// component to w x h samples, every other one to cw x ch. Where a component has not that many samples at all, n is 8.
// Half a sample of the target is given away, so that a chroma plane of an odd number of samples, rounded up, does not cost twice.
// For chroma planes that go to 4:2:0, cw and ch are half of w and h, rounded up; else they are w and h.
func (d *Decoder) ChooseScale(w, h, cw, ch int) (n [4]int) {
	for i := range d.Components {
		for n[i] = 1; n[i] < 8; n[i]++ {
			pw, ph := d.PlaneExtent(i, n[i])
			if pw >= residual*(float64(w)-0.5) && ph >= residual*(float64(h)-0.5) {
				break
			}
		}
		w, h = cw, ch
	}
	return n
}
