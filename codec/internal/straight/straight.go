// Package straight converts pictures to straight alpha, and clears and copies parts of an
// animation's canvas.
package straight

import "image"

// NRGBA returns m as *image.NRGBA: m itself if it is one, else a copy whose upper left corner is at
// 0, 0. The copy has the pixels that image/draw would make. That package is not imported because it
// is large.
func NRGBA(m image.Image) *image.NRGBA {
	if n, ok := m.(*image.NRGBA); ok {
		return n
	}
	r := m.Bounds()
	n := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	fast, isFast := m.(image.RGBA64Image)
	for y := range r.Dy() {
		for x := range r.Dx() {
			if isFast {
				n.SetRGBA64(x, y, fast.RGBA64At(r.Min.X+x, r.Min.Y+y))
			} else {
				n.Set(x, y, m.At(r.Min.X+x, r.Min.Y+y))
			}
		}
	}
	return n
}

// Clear makes the pixels of m in r transparent black. r must lie within m.
func Clear(m *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(m.Pix[m.PixOffset(r.Min.X, y):][:4*r.Dx()])
	}
}

// Copy copies the pixels of src in r to the same places in dst. r must lie within src. dst and src
// must have the same bounds and stride.
func Copy(dst, src *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		i := src.PixOffset(r.Min.X, y)
		copy(dst.Pix[i:][:4*r.Dx()], src.Pix[i:])
	}
}
