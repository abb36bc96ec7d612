package vp8

// This file brings pictures into the encoder: limited-range Y'CbCr samples (ITU-R
// BT.601: luma 16 to 235, chroma 16 to 240), a macroblock's 256 luma samples and
// 128 chroma samples (rows of eight U and eight V) together.

import "image"

// mbSamples is how many samples a macroblock has.
const mbSamples = 384

// limitLuma and limitChroma map full range to limited range, rounded to nearest.
func limitLuma(v uint8) uint8 { return uint8((uint32(v)*56284 + 32768 + 16<<16) >> 16) }
func limitChroma(v uint8) uint8 {
	return uint8((int32(v)*57569 - 128*57569 + 128<<16 + 32768) >> 16)
}

// importYCbCr fills e.samples; the last column and row are repeated up to whole
// macroblocks.
func (e *Encoder) importYCbCr(m *image.YCbCr) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	y0 := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y)
	c0 := m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	cw, ch := (w+1)/2, (h+1)/2
	for y := 0; y < 16*e.mbh; y++ {
		o := y0 + min(y, h-1)*m.YStride
		e.importRow(m.Y[o:o+w], y>>4*e.mbw*mbSamples+y&15*16, 16, &e.lumaTable)
	}
	for y := 0; y < 8*e.mbh; y++ {
		o := c0 + min(y, ch-1)*m.CStride
		d := y>>3*e.mbw*mbSamples + 256 + y&7*16
		e.importRow(m.Cb[o:o+cw], d, 8, &e.chromaTable)
		e.importRow(m.Cr[o:o+cw], d+8, 8, &e.chromaTable)
	}
}

// Weights of R, G and B in limited-range Y', Cb and Cr, in 1/32768 (BT.601 scaled
// by 219/255 and 224/255). Those of Cb and Cr add up to zero.
const (
	yR, yG, yB = 8414, 16519, 3208
	uR, uG, uB = -4857, -9535, 14392
	vR, vG, vB = 14392, -12052, -2340
)

// importNRGBA fills e.samples. Chroma is that of the mean colour of 2x2 pixels,
// weighed by their alpha where it differs.
func (e *Encoder) importNRGBA(m *image.NRGBA) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := 0; y < 16*e.mbh; y += 2 {
		r0 := m.Pix[min(y, h-1)*m.Stride:][:4*w]
		r1 := m.Pix[min(y+1, h-1)*m.Stride:][:4*w]
		row := e.samples[y>>4*e.mbw*mbSamples:]
		for x := 0; x < 16*e.mbw; x += 2 {
			x0, x1 := 4*min(x, w-1), 4*min(x+1, w-1)
			a, b := (*[4]byte)(r0[x0:]), (*[4]byte)(r0[x1:])
			c, d := (*[4]byte)(r1[x0:]), (*[4]byte)(r1[x1:])
			mb := row[x>>4*mbSamples:][:mbSamples]
			o := y&15*16 + x&15
			mb[o], mb[o+1] = rgbLuma(a), rgbLuma(b)
			mb[o+16], mb[o+17] = rgbLuma(c), rgbLuma(d)
			var sum [3]int32 // of the colours, four to a pixel
			if a[3] == b[3] && a[3] == c[3] && a[3] == d[3] {
				for i := range sum {
					sum[i] = int32(a[i]) + int32(b[i]) + int32(c[i]) + int32(d[i])
				}
			} else {
				wa, wb, wc, wd := int32(a[3]), int32(b[3]), int32(c[3]), int32(d[3])
				t := wa + wb + wc + wd
				for i := range sum {
					sum[i] = (4*(int32(a[i])*wa+int32(b[i])*wb+int32(c[i])*wc+int32(d[i])*wd) + t/2) / t
				}
			}
			o = 256 + y&15/2*16 + x&15/2
			const round = 128<<17 + 1<<16
			mb[o] = uint8((sum[0]*uR + sum[1]*uG + sum[2]*uB + round) >> 17)
			mb[o+8] = uint8((sum[0]*vR + sum[1]*vG + sum[2]*vB + round) >> 17)
		}
	}
}

func rgbLuma(p *[4]byte) uint8 {
	return uint8((int32(p[0])*yR + int32(p[1])*yG + int32(p[2])*yB + 16<<15 + 1<<14) >> 15)
}

// importRow maps a row of samples into the macroblocks from offset d on, n to
// each.
func (e *Encoder) importRow(src []byte, d, n int, table *[256]byte) {
	for mbx := 0; mbx < e.mbw; mbx++ {
		dst := e.samples[d : d+n]
		d += mbSamples
		if len(src) >= n {
			for i, v := range src[:n] {
				dst[i] = table[v]
			}
			if len(src) > n {
				src = src[n:]
				continue
			}
			src = src[n-1:]
			continue
		}
		for i := range dst {
			dst[i] = table[src[min(i, len(src)-1)]]
		}
		src = src[len(src)-1:]
	}
}
