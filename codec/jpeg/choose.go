package jpeg

const (
	// residual is how many samples a scaler gets for each sample of its output, in either
	// direction: 2 or more, so that what the truncated spectrum of a block leaves at its edges,
	// ringing about text and line drawings, is averaged away by the scaler's own kernel.
	// Photographs look the same from 1.5 on, but one N less saves about a tenth of the time to
	// decode them, and N = 1 costs them too much (SSIM 0.992 against a full decode): there is no
	// exception for them, and no guess at what is one.
	residual = 2.0

	// leastShrink is from where on shrinking in the transform pays: below it, on text, the best N
	// short of 8 is not quite as good as a full decode (SSIM 0.995 against 0.997 for what others
	// make of that), and hardly cheaper.
	leastShrink = 3.0
)

// ChooseScale returns the n for Decode that leave a scaler at least twice as many samples in either
// direction as it is to write: the first component to w x h samples, every other one to cw x ch.
// Where that is less than a third of a component's samples in either direction, n is the least that
// will do; else it is 8. Half a sample of the target is given away, so that a chroma plane of an
// odd number of samples, rounded up, does not cost twice. For chroma planes that go to 4:2:0, cw
// and ch are half of w and h, rounded up; else they are w and h.
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
