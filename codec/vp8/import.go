package vp8

// This file converts pictures to the encoder's samples: limited-range Y'CbCr (ITU-R BT.601: luma 16
// to 235, chroma 16 to 240). The 384 samples of a macroblock are stored together: first 16 rows of
// luma, then eight rows of chroma, each with eight samples of U and eight of V.

import (
	"image"

	"miniatura/codec/internal/num"
)

// mbSamples is the number of samples of a macroblock.
const mbSamples = 384

// A rangeMap maps full range to limited range, rounded to nearest, in 16-bit arithmetic (see
// limit). mul is in 1/65536. add is in 1/256, and includes what rounding needs.
type rangeMap struct{ mul, add uint16 }

var (
	limitLuma   = rangeMap{56281, 4225} // 16 + v*219/255
	limitChroma = rangeMap{57568, 4112} // 128 + (v-128)*224/255
)

// limit maps one sample.
func (r rangeMap) limit(v uint8) uint8 {
	scaled := ((uint32(v) << 8) * uint32(r.mul)) >> 16 // in 1/256
	return uint8((scaled + uint32(r.add)) >> 8)
}

// importYCbCr fills e.samples with the samples of m. The last column and row of m are repeated
// until the macroblocks are whole.
func (e *Encoder) importYCbCr(m *image.YCbCr) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	lumaStart := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y)
	chromaStart := m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	cw, ch := (w+1)/2, (h+1)/2
	for y := 0; y < 16*e.mbh; y++ {
		o := lumaStart + min(y, h-1)*m.YStride
		d := (y>>4)*e.mbw*mbSamples + (y&15)*16
		e.importRow(m.Y[o:o+w], d, 16, limitLuma)
	}
	for y := 0; y < 8*e.mbh; y++ {
		o := chromaStart + min(y, ch-1)*m.CStride
		d := (y>>3)*e.mbw*mbSamples + 256 + (y&7)*16
		e.importRow(m.Cb[o:o+cw], d, 8, limitChroma)
		e.importRow(m.Cr[o:o+cw], d+8, 8, limitChroma)
	}
}

// importRow maps src, a row of samples of one plane, and writes the result into a row of
// macroblocks. The result begins at e.samples[d]. Each macroblock takes width samples (16 or 8).
func (e *Encoder) importRow(src []byte, d, width int, r rangeMap) {
	whole := len(src) / width // macroblocks that src fills
	if whole > 0 {
		limitRow(e.samples[d:], src, whole, width, r)
	}
	if whole == e.mbw {
		return
	}
	src = src[whole*width:] // less than the last macroblock takes
	dst := e.samples[d+whole*mbSamples:][:width]
	for i := range dst {
		if i < len(src) {
			dst[i] = r.limit(src[i])
		} else {
			dst[i] = dst[i-1]
		}
	}
}

// limitRowGeneric maps n groups of width samples. The groups are side by side in src, and mbSamples
// apart in dst.
func limitRowGeneric(dst, src []byte, n, width int, r rangeMap) {
	for i := 0; i < n; i++ {
		o := dst[i*mbSamples:][:width]
		for j, v := range src[i*width:][:width] {
			o[j] = r.limit(v)
		}
	}
}

// Weights of R, G and B in limited-range Y', Cb and Cr, in 1/32768 (BT.601 scaled
// by 219/255 and 224/255). Those of Cb and Cr add up to zero.
const (
	yR, yG, yB = 8414, 16519, 3208
	uR, uG, uB = -4857, -9535, 14392
	vR, vG, vB = 14392, -12052, -2340
)

// importNRGBA fills e.samples with the colors of m. The last column and row of m are repeated until
// the macroblocks are whole. The chroma of 2x2 pixels is that of their mean color. The mean is
// weighed by alpha where the four pixels differ in alpha.
func (e *Encoder) importNRGBA(m *image.NRGBA) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := 0; y < 16*e.mbh; y += 2 {
		r0 := m.Pix[min(y, h-1)*m.Stride:][:4*w]
		r1 := m.Pix[min(y+1, h-1)*m.Stride:][:4*w]
		mbs := e.samples[(y>>4)*e.mbw*mbSamples:] // from the macroblocks of rows y and y+1 on
		// y&15, an even number, is the row of luma in the macroblock. The row of chroma is half of
		// that: it begins 16*(y&15)/2 bytes after the start of chroma, which is 256.
		//
		// The kernel converts whole macroblocks of opaque pixels. What is left is converted in 2x2
		// pixels.
		x := 0
		if whole := w / 16; whole > 0 && opaque(r0) && opaque(r1) {
			rgbaRows(mbs[(y&15)*16:], mbs[256+(y&15)*8:], r0, r1, whole)
			x = 16 * whole
		}
		for ; x < 16*e.mbw; x += 2 {
			x0, x1 := 4*min(x, w-1), 4*min(x+1, w-1)
			mb := mbs[(x>>4)*mbSamples:][:mbSamples]
			rgbaPair(mb[(y&15)*16+(x&15):], mb[256+(y&15)*8+(x&15)/2:],
				(*[4]byte)(r0[x0:]), (*[4]byte)(r0[x1:]), (*[4]byte)(r1[x0:]), (*[4]byte)(r1[x1:]))
		}
	}
}

// opaque reports whether every pixel of a row of RGBA has an alpha of 255.
func opaque(row []byte) bool {
	a := byte(255)
	for i := 3; i < len(row); i += 4 {
		a &= row[i]
	}
	return a == 255
}

// rgbaPair converts two pixels of one row, a and b, and the two below them, c and d. luma begins
// where the luma of a is stored, and chroma where U is stored.
func rgbaPair(luma, chroma []byte, a, b, c, d *[4]byte) {
	luma[0], luma[1] = rgbLuma(a), rgbLuma(b)
	luma[16], luma[17] = rgbLuma(c), rgbLuma(d)
	var sum [3]int32 // four times the mean color
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
	const round = 128<<17 + 1<<16 // 128 and a half, in 1/(4*32768)
	chroma[0] = uint8((sum[0]*uR + sum[1]*uG + sum[2]*uB + round) >> 17)
	chroma[8] = uint8((sum[0]*vR + sum[1]*vG + sum[2]*vB + round) >> 17)
}

// rgbLuma returns the luma of a pixel.
func rgbLuma(p *[4]byte) uint8 {
	const round = 16<<15 + 1<<14 // 16 and a half, in 1/32768
	return uint8((int32(p[0])*yR + int32(p[1])*yG + int32(p[2])*yB + round) >> 15)
}

// rgbaRowsGeneric converts two rows of opaque pixels that are as wide as n macroblocks. luma and
// chroma begin with the first samples of the first macroblock in these rows.
func rgbaRowsGeneric(luma, chroma, row0, row1 []byte, n int) {
	for x := 0; x < 16*n; x += 2 {
		o := (x >> 4) * mbSamples
		rgbaPair(luma[o+(x&15):], chroma[o+(x&15)/2:],
			(*[4]byte)(row0[4*x:]), (*[4]byte)(row0[4*x+4:]), (*[4]byte)(row1[4*x:]), (*[4]byte)(row1[4*x+4:]))
	}
}

// sharpenChroma adds to each chroma sample half of what upsampling takes from it. Decoders
// interpolate (libwebp's src/dsp/upsampling.c): a pixel's chroma is 9/16 of the sample for its 2x2
// pixels, 3/16 of each of the two nearest samples beside and above or below, and 1/16 of the
// nearest diagonal one. So the four pixels of a sample c have a mean of 36/64 of c, 6/64 of each of
// the four samples next to c, and 1/64 of each of the four diagonal ones. Half of the difference
// between c and this mean is added to c. Of the fractions that were tried on photos, one half
// raises SSIMULACRA2 without a loss in PSNR and SSIM of luma.
func (e *Encoder) sharpenChroma() {
	w, h := 8*e.mbw, 8*e.mbh
	n := w + 2 // samples of a row, and one more at each end
	e.chroma = num.Grow(e.chroma, 3*n)
	for plane := 256; plane <= 264; plane += 8 { // where U and V begin in a macroblock
		at := func(x, y int) []byte { // eight samples of a row
			mb := (y>>3)*e.mbw + (x >> 3)
			return e.samples[mb*mbSamples+plane+(y&7)*16:][:8]
		}
		copyRow := func(row []byte, y int) { // copies row y of the plane, and repeats its ends
			for x := 0; x < w; x += 8 {
				copy(row[1+x:], at(x, y))
			}
			row[0], row[n-1] = row[1], row[n-2]
		}
		above, row, below := e.chroma[:n], e.chroma[n:2*n], e.chroma[2*n:3*n]
		copyRow(above, 0)
		copyRow(row, 0)
		for y := 0; y < h; y++ {
			copyRow(below, min(y+1, h-1))
			for x := 0; x < w; x += 8 {
				sharpenRow(at(x, y), above[x:x+10], row[x:x+10], below[x:x+10])
			}
			above, row, below = row, below, above
		}
	}
}

// sharpenRow writes to dst the eight samples in the middle of row, sharpened. All three rows have
// ten samples.
func sharpenRow(dst, above, row, below []byte) {
	for i := range dst {
		beside := int32(above[i+1]) + int32(row[i]) + int32(row[i+2]) + int32(below[i+1])
		diagonal := int32(above[i]) + int32(above[i+2]) + int32(below[i]) + int32(below[i+2])
		c := int32(row[i+1])
		// Half of the difference between c and the mean, (36*c + 6*beside + diagonal) / 64.
		dst[i] = clip8(c + ((28*c - 6*beside - diagonal + 64) >> 7))
	}
}
