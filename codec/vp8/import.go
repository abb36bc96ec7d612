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
