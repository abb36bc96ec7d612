package codec

import "image"

// orient returns m turned upright: o is EXIF's orientation, 1-8 (CIPA
// DC-008, 4.6.5). A picture that is upright already comes back itself.
func orient(m *image.RGBA, o int) *image.RGBA {
	if o <= 1 || o > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dw, dh := w, h
	if o >= 5 {
		dw, dh = h, w
	}
	d := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		for x := range dw {
			sx, sy := orientedFrom(x, y, w, h, o)
			copy(d.Pix[y*d.Stride+4*x:][:4], m.Pix[sy*m.Stride+4*sx:])
		}
	}
	return d
}

// orientedFrom tells where in a stored w x h picture of orientation o the
// upright picture's x, y comes from.
func orientedFrom(x, y, w, h, o int) (sx, sy int) {
	switch o {
	case 2: // mirrored
		return w - 1 - x, y
	case 3: // upside down
		return w - 1 - x, h - 1 - y
	case 4: // mirrored and upside down
		return x, h - 1 - y
	case 5: // mirrored along the main diagonal
		return y, x
	case 6: // to be turned clockwise
		return y, h - 1 - x
	case 7: // mirrored along the other diagonal
		return w - 1 - y, h - 1 - x
	case 8: // to be turned anticlockwise
		return w - 1 - y, x
	}
	return x, y
}
