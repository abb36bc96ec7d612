package webp

// This file prepares pictures for vp8: invisible pixels get colors that cost almost no bytes, and
// pictures of types that vp8 does not take are converted.

import "image"

// smoothHidden returns a copy of m in which wholly transparent pixels, which are invisible, have
// the mean color of the visible pixels in the same block of 8x8. A block without visible pixels
// gets the mean of the last block before it that has some, or gray if there is none. Blocks with
// invisible pixels are then predicted better and take fewer bytes, and almost none where nothing is
// visible.
func smoothHidden(m *image.NRGBA) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	mean := [3]byte{128, 128, 128} // of the last block with visible pixels
	for y0 := 0; y0 < h; y0 += 8 {
		y1 := min(y0+8, h)
		for y := y0; y < y1; y++ {
			copy(dst.Pix[y*dst.Stride:][:4*w], m.Pix[y*m.Stride:])
		}
		for x0 := 0; x0 < w; x0 += 8 {
			x1 := min(x0+8, w)
			// Sum up the colors of the block's visible pixels.
			var sum [3]int
			n := 0 // visible pixels
			for y := y0; y < y1; y++ {
				for i := y*dst.Stride + 4*x0; i < y*dst.Stride+4*x1; i += 4 {
					if p := dst.Pix[i : i+4 : i+4]; p[3] != 0 {
						sum[0] += int(p[0])
						sum[1] += int(p[1])
						sum[2] += int(p[2])
						n++
					}
				}
			}
			if n > 0 {
				for c, s := range sum {
					mean[c] = byte((s + n/2) / n)
				}
			}
			if n == (y1-y0)*(x1-x0) {
				continue // all are visible
			}
			// Give the mean to the invisible pixels.
			for y := y0; y < y1; y++ {
				for i := y*dst.Stride + 4*x0; i < y*dst.Stride+4*x1; i += 4 {
					if p := dst.Pix[i : i+4 : i+4]; p[3] == 0 {
						p[0], p[1], p[2] = mean[0], mean[1], mean[2]
					}
				}
			}
		}
	}
	return dst
}

// alphaOf returns the alpha of every pixel, row by row, or nil when all are opaque.
func alphaOf(m *image.NRGBA) []byte {
	if m.Opaque() {
		return nil
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	a := make([]byte, w*h)
	for y := range h {
		row := m.Pix[y*m.Stride:][:4*w]
		for x := range w {
			a[y*w+x] = row[4*x+3]
		}
	}
	return a
}

// grayPlanes returns m as Y'CbCr 4:2:0. The luma is m's samples, which are not copied. The chroma
// is 128 everywhere, which means gray.
func grayPlanes(m *image.Gray) *image.YCbCr {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	c := make([]byte, cw*ch)
	for i := range c {
		c[i] = 128
	}
	return &image.YCbCr{
		Y: m.Pix, Cb: c, Cr: c, YStride: m.Stride, CStride: cw,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, w, h),
	}
}
