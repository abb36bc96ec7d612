package codec

import "image"

// This file turns pictures upright by their EXIF orientation (CIPA DC-008 4.6.4 A), a number of 1
// to 8. The order of the stored picture's columns, of its rows, or of both may be reversed. For 5
// to 8, columns and rows are then swapped.

// flips reports which of the stored picture's axes run backwards in the upright one: the columns
// for 2, 3, 7 and 8, the rows for 3, 4, 6 and 7.
func flips(o int) (x, y bool) {
	switch o {
	case 2, 8:
		return true, false
	case 4, 6:
		return false, true
	case 3, 7:
		return true, true
	}
	return false, false
}

// turn returns the w x h samples in pix upright, in rows without gaps. A sample takes size bytes. o
// is the orientation of pix. If o is 1 or not valid, turn returns pix, which must then have no
// gaps.
func turn(pix []byte, stride, w, h, size, o int) []byte {
	if o <= 1 || o > 8 {
		return pix
	}
	out := make([]byte, w*h*size)
	flipX, flipY := flips(o)
	// Samples that are side by side in pix lie dx bytes apart in out. Samples that are one above
	// the other in pix lie dy bytes apart in out. start is the position in out of the first sample
	// of pix.
	dx, dy := size, w*size
	if o >= 5 {
		dx, dy = h*size, size
	}
	start := 0
	// Reversed columns or rows begin at their far end in out.
	if flipX {
		start, dx = start+(w-1)*dx, -dx
	}
	if flipY {
		start, dy = start+(h-1)*dy, -dy
	}
	for y := range h {
		row := pix[y*stride:][:w*size]
		pos := start + y*dy
		if size == 1 {
			for _, s := range row {
				out[pos] = s
				pos += dx
			}
			continue
		}
		for x := 0; x < len(row); x += size {
			copy(out[pos:pos+size], row[x:x+size])
			pos += dx
		}
	}
	return out
}

// orient returns m, whose orientation is o, upright. If o is 1 or not valid, orient returns m
// itself.
func orient(m image.Image, o int) image.Image {
	if o <= 1 || o > 8 {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	r := image.Rect(0, 0, w, h)
	if o >= 5 {
		r = image.Rect(0, 0, h, w)
	}
	switch m := m.(type) {
	case *image.Gray:
		return &image.Gray{Pix: turn(m.Pix, m.Stride, w, h, 1, o), Stride: r.Dx(), Rect: r}
	case *image.NRGBA:
		return &image.NRGBA{Pix: turn(m.Pix, m.Stride, w, h, 4, o), Stride: 4 * r.Dx(), Rect: r}
	case *image.YCbCr:
		cw, ch := chromaSize(m)
		d := &image.YCbCr{
			Y:       turn(m.Y, m.YStride, w, h, 1, o),
			Cb:      turn(m.Cb, m.CStride, cw, ch, 1, o),
			Cr:      turn(m.Cr, m.CStride, cw, ch, 1, o),
			YStride: r.Dx(), CStride: cw, SubsampleRatio: m.SubsampleRatio, Rect: r,
		}
		if o >= 5 { // columns and rows are swapped, and with them the subsampling
			d.CStride = ch
			switch m.SubsampleRatio {
			case image.YCbCrSubsampleRatio422:
				d.SubsampleRatio = image.YCbCrSubsampleRatio440
			case image.YCbCrSubsampleRatio440:
				d.SubsampleRatio = image.YCbCrSubsampleRatio422
			}
		}
		return d
	}
	return m
}

// chromaSize returns the size of m's chroma planes. Only the four ratios that photo.go makes occur.
func chromaSize(m *image.YCbCr) (w, h int) {
	w, h = m.Rect.Dx(), m.Rect.Dy()
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		return (w + 1) / 2, (h + 1) / 2
	case image.YCbCrSubsampleRatio422:
		return (w + 1) / 2, h
	case image.YCbCrSubsampleRatio440:
		return w, (h + 1) / 2
	}
	return w, h
}
