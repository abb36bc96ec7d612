package jpeg

import (
	"image"
)

// This file converts pictures of red, green and blue to planes (JFIF 1.02, page 3), one line of
// MCUs at a time. Its kernels, each with two versions:
//
//	rowToY           -> rowToYAVX2           | rowToYGeneric
//	rowToChroma      -> rowToChromaAVX2      | rowToChromaGeneric
//	rowsToHalfChroma -> rowsToHalfChromaAVX2 | rowsToHalfChromaGeneric

// A source converts a picture to planes, one line of MCUs at a time.
type source struct {
	m      image.Image
	active bool // m has to be converted

	rgba   []byte    // one line of MCUs of the picture: rows of width pixels of 4 bytes
	planes [3][]byte // one line of MCUs of each component
}

// reset begins the picture m. It is not converted unless plan is called.
func (s *source) reset(m image.Image) {
	s.m, s.active = m, false
}

// release drops the picture, and keeps the buffers.
func (s *source) release() { s.m = nil }

// plan is called if the picture has to be converted. It sizes the buffers for one line of MCUs: the
// planes of w's components, and s.rgba.
func (s *source) plan(w *writer) {
	s.active = true
	h, v := w.comps[0].h, w.comps[0].v
	for i := range w.comps {
		c := &w.comps[i]
		c.stride = 8 * c.h * ceilDiv(w.width, 8*h)
		n := c.stride * 8 * c.v
		if cap(s.planes[i]) < n {
			s.planes[i] = make([]byte, n)
		}
		c.plane = s.planes[i][:n]
	}
	n := w.width * 4 * 8 * v
	if cap(s.rgba) < n {
		s.rgba = make([]byte, n)
	}
	s.rgba = s.rgba[:n]
}

// convert fills the planes for line mcuY of MCUs, if the picture has to be converted.
func (s *source) convert(w *writer, mcuY int) {
	if !s.active {
		return
	}
	luma := &w.comps[0]
	y0 := 8 * luma.v * mcuY
	rows := min(8*luma.v, w.height-y0)
	pix, stride := s.rows(w.width, y0, rows)
	for i := range w.comps {
		w.comps[i].y0 = 8 * w.comps[i].v * mcuY
	}
	switch {
	case w.rgb:
		for y := range rows {
			for i := range 3 {
				p := w.comps[i].plane[y*w.comps[i].stride:][:w.width]
				row := pix[y*stride:][:4*w.width]
				for x := range p {
					p[x] = row[4*x+i]
				}
			}
		}
	case luma.h == 1: // 4:4:4
		for y := range rows {
			o := y * luma.stride
			row := pix[y*stride:][:4*w.width]
			rowToY(luma.plane[o:][:w.width], row)
			rowToChroma(w.comps[1].plane[o:][:w.width], w.comps[2].plane[o:][:w.width], row)
		}
	default: // 4:2:0
		for y := range rows {
			rowToY(luma.plane[y*luma.stride:][:w.width], pix[y*stride:][:4*w.width])
		}
		cw := ceilDiv(w.width, 2)
		for y := 0; y < rows; y += 2 {
			a := pix[y*stride:][:4*w.width]
			b := pix[min(y+1, rows-1)*stride:][:4*w.width]
			o := y / 2 * w.comps[1].stride
			rowsToHalfChroma(w.comps[1].plane[o:][:cw], w.comps[2].plane[o:][:cw], a, b)
		}
	}
}

// rows returns n rows of the picture, from row y0 on, as pixels of R, G, B and a fourth byte that
// is not used. The rows are stride bytes apart. They are the picture's own if it has them in this
// form, and otherwise in s.rgba.
func (s *source) rows(width, y0, n int) (pix []byte, stride int) {
	b := s.m.Bounds()
	switch m := s.m.(type) {
	case *image.RGBA:
		return m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y0):], m.Stride
	case *image.NRGBA:
		pix, stride = m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y0):], m.Stride
		if opaque(pix, stride, width, n) {
			return pix, stride
		}
	}
	// Fill s.rgba with the color of each pixel, put on black.
	stride = 4 * width
	for y := range n {
		row := s.rgba[y*stride:][:stride]
		for x := range width {
			r, g, bl, _ := s.m.At(b.Min.X+x, b.Min.Y+y0+y).RGBA()
			p := row[4*x:][:4]
			p[0], p[1], p[2] = byte(r>>8), byte(g>>8), byte(bl>>8)
		}
	}
	return s.rgba, stride
}

// opaque reports whether every pixel has an alpha of 255. pix has rows of width pixels of 4 bytes,
// stride bytes apart.
func opaque(pix []byte, stride, width, rows int) bool {
	for y := range rows {
		row := pix[y*stride:][:4*width]
		for i := 3; i < len(row); i += 4 {
			if row[i] != 255 {
				return false
			}
		}
	}
	return true
}

// These are the weights of JFIF's conversion, with 16 fractional bits, as in image/color.
const (
	yR, yG, yB    = 19595, 38470, 7471
	cbR, cbG, cbB = -11056, -21712, 32768
	crR, crG, crB = 32768, -27440, -5328
)

// rowToYGeneric is rowToY in plain Go.
func rowToYGeneric(y, row []byte) {
	for i := range y {
		p := row[4*i:][:4]
		y[i] = byte((yR*int32(p[0]) + yG*int32(p[1]) + yB*int32(p[2]) + 1<<15) >> 16)
	}
}

// rowToChromaGeneric is rowToChroma in plain Go.
func rowToChromaGeneric(cb, cr, row []byte) {
	for i := range cb {
		p := row[4*i:][:4]
		r, g, b := int32(p[0]), int32(p[1]), int32(p[2])
		cb[i] = chroma(cbR*r+cbG*g+cbB*b, 16)
		cr[i] = chroma(crR*r+crG*g+crB*b, 16)
	}
}

// rowsToHalfChromaGeneric is rowsToHalfChroma in plain Go.
func rowsToHalfChromaGeneric(cb, cr, a, b []byte) {
	for i := range cb {
		// Where the left pixel begins in both rows, and where the right one does.
		l := 8 * i
		r := min(l+4, len(a)-4)
		red := int32(a[l]) + int32(a[r]) + int32(b[l]) + int32(b[r])
		green := int32(a[l+1]) + int32(a[r+1]) + int32(b[l+1]) + int32(b[r+1])
		blue := int32(a[l+2]) + int32(a[r+2]) + int32(b[l+2]) + int32(b[r+2])
		cb[i] = chroma(cbR*red+cbG*green+cbB*blue, 18)
		cr[i] = chroma(crR*red+crG*green+crB*blue, 18)
	}
}

// chroma rounds v, which has shift fractional bits and lies within [-128, 128], and adds 128. The
// result 256, which only the upper end of the range gives, becomes 255.
func chroma(v int32, shift uint) byte {
	v += 257 << (shift - 1) // 128 and a half
	return byte(min(v>>shift, 255))
}
