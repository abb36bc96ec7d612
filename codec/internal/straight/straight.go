// Package straight converts pictures to straight alpha, and clears and copies parts of an
// animation's canvas.
package straight

import "image"

// NRGBA returns m as *image.NRGBA: m itself if it is one, else a copy with its corner at 0, 0. The
// pixels are those that image/draw would make. That package is not imported because it is large.
func NRGBA(m image.Image) *image.NRGBA {
	if n, ok := m.(*image.NRGBA); ok {
		return n
	}
	r := m.Bounds()
	n := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	fast, ok := m.(image.RGBA64Image)
	for y := range r.Dy() {
		for x := range r.Dx() {
			if ok {
				n.SetRGBA64(x, y, fast.RGBA64At(r.Min.X+x, r.Min.Y+y))
			} else {
				n.Set(x, y, m.At(r.Min.X+x, r.Min.Y+y))
			}
		}
	}
	return n
}

// Clear makes the pixels of m in r, which lies within m, transparent black.
func Clear(m *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(m.Pix[m.PixOffset(r.Min.X, y):][:4*r.Dx()])
	}
}

// Copy copies the pixels of src in r to the same places in dst. r lies within src. dst and src have
// the same size and stride.
func Copy(dst, src *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		i := src.PixOffset(r.Min.X, y)
		copy(dst.Pix[i:][:4*r.Dx()], src.Pix[i:])
	}
}
