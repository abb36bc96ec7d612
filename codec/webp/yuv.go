package webp

// This file converts the samples of VP8: BT.601 limited range (RFC 6386 section 9.2: color_space
// 0), luma 16..235 and chroma 16..240, which golang.org/x/image/vp8 hands out as an image.YCbCr
// although that type means full range.

import (
	"context"
	"image"
)

// toFullRange spreads limited-range planes over 0..255, in place and rounded: Y' = (Y-16) 255/219,
// C' = (C-128) 255/224 + 128, clamped.
func toFullRange(m *image.YCbCr) {
	var y, c [256]byte
	for i := range 256 {
		y[i] = clamp8(divRound((i-16)*255, 219))
		c[i] = clamp8(divRound((i-128)*255, 224) + 128)
	}
	for i, v := range m.Y {
		m.Y[i] = y[v]
	}
	for i, v := range m.Cb {
		m.Cb[i] = c[v]
	}
	for i, v := range m.Cr {
		m.Cr[i] = c[v]
	}
}

// divRound returns a / b, rounded to the nearest integer, halves up. b must be positive.
func divRound(a, b int) int {
	a = 2*a + b
	b *= 2
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

func clamp8(v int) byte { return byte(min(max(v, 0), 255)) }

// limitedRows calls emit with m's w x h pixels, row by row, as RGBA with straight alpha. The alpha
// samples are those in the slice alpha, row by row; if it is nil, all pixels are opaque. A row is
// valid until emit returns.
//
// Chroma is interpolated. A chroma sample lies in the middle of its four luma samples. A pixel
// takes 9/16 of the nearest chroma sample, 3/16 of the next nearest in that sample's row, 3/16 of
// the next nearest in its column, and 1/16 of the one that is diagonal to it, rounded once. At the
// border, samples are repeated. This is libwebp's default decoding ("fancy"). A test compares it
// with dwebp, byte for byte.
func limitedRows(ctx context.Context, m *image.YCbCr, alpha []byte, w, h int, emit func(y int, row []byte) error) error {
	cw, ch := (w+1)/2, (h+1)/2
	row := make([]byte, 4*w)
	// u and v are one row of chroma, interpolated vertically: 3 times the sample of the nearer row
	// and once that of the next row, so at 4 times the scale.
	u, v := make([]int32, cw), make([]int32, cw)
	for y := range h {
		if y&63 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		near := y / 2
		next := near - 1 + 2*(y&1)
		next = min(max(next, 0), ch-1)
		un, ux := m.Cb[near*m.CStride:], m.Cb[next*m.CStride:]
		vn, vx := m.Cr[near*m.CStride:], m.Cr[next*m.CStride:]
		for i := range cw {
			u[i] = 3*int32(un[i]) + int32(ux[i])
			v[i] = 3*int32(vn[i]) + int32(vx[i])
		}
		widenRow(row, m.Y[y*m.YStride:][:w], u, v)
		if alpha != nil {
			for x, a := range alpha[y*w:][:w] {
				row[4*x+3] = a
			}
		}
		if err := emit(y, row); err != nil {
			return err
		}
	}
	return nil
}

// widenRow converts a row of luma samples to RGBA. u and v are its chroma at 4 times the scale, one
// sample for two pixels. A pixel takes 3/4 of the chroma sample that it shares with a neighbor, and
// 1/4 of the next sample on its other side.
func widenRow(row, luma []byte, u, v []int32) {
	u0, v0 := u[0], v[0]
	v = v[:len(u)]
	for i, u1 := range u {
		v1 := v[i]
		u2, v2 := u1, v1
		if i+1 < len(u) {
			u2, v2 = u[i+1], v[i+1]
		}
		limitedToRGB((*[4]byte)(row), int32(luma[0]), (3*u1+u0+8)>>4, (3*v1+v0+8)>>4)
		if len(luma) < 2 {
			return
		}
		limitedToRGB((*[4]byte)(row[4:]), int32(luma[1]), (3*u1+u2+8)>>4, (3*v1+v2+8)>>4)
		row, luma = row[8:], luma[2:]
		u0, v0 = u1, v1
	}
}

// limitedToRGB converts one pixel in 14-bit fixed point, the precision and the truncations of the
// reference decoder, so that every viewer shows the same pixels.
//
//	R = 1.164 (Y-16)                  + 1.596 (Cr-128)
//	G = 1.164 (Y-16) - 0.391 (Cb-128) - 0.813 (Cr-128)
//	B = 1.164 (Y-16) + 2.018 (Cb-128)
func limitedToRGB(p *[4]byte, y, cb, cr int32) {
	l := y * 19077 >> 8
	r, g, b := l+cr*26149>>8-14234, l-cb*6419>>8-cr*13320>>8+8708, l+cb*33050>>8-17685
	// A sample has six fractional bits. Mostly all three are in range.
	if uint32(r|g|b) >= 256<<6 {
		r, g, b = clip6(r), clip6(g), clip6(b)
	}
	p[0], p[1], p[2], p[3] = byte(r>>6), byte(g>>6), byte(b>>6), 255
}

// clip6 clamps a sample with six fractional bits.
func clip6(v int32) int32 { return min(max(v, 0), 255<<6) }
