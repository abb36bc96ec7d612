// Package straight makes pictures of any kind ones of straight alpha.
package straight

import "image"

// NRGBA gives m as *image.NRGBA: m itself if it is one, else a copy with its corner at 0, 0. The
// pixels are those that image/draw would make, which is a large package for this one use.
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
