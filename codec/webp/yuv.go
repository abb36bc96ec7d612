package webp

// This file converts the samples of VP8. They have the limited range of BT.601 (RFC 6386 section
// 9.2: color_space 0): luma 16..235 and chroma 16..240. golang.org/x/image/vp8 returns them in an
// image.YCbCr, although that type means full range.

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
	n, d := 2*a+b, 2*b // a/b + 1/2 = n/d, which is rounded down
	if n < 0 {
		return -((-n + d - 1) / d)
	}
	return n / d
}

// clamp8 limits v to a byte.
func clamp8(v int) byte { return byte(min(max(v, 0), 255)) }

// limitedRows calls emit with w x h pixels of m, row by row, as RGBA with straight alpha. m has
// limited range. The slice alpha has the alpha of all pixels, row by row; if it is nil, all pixels
// are opaque. A row is valid until emit returns.
//
// Chroma is interpolated. A chroma sample lies in the middle of its four luma samples. A pixel
// takes 9/16 of the nearest chroma sample, 3/16 of that sample's neighbor in the same row, 3/16 of
// its neighbor in the same column, and 1/16 of the diagonal one, rounded once. Of all neighbors,
// these are the nearest to the pixel. At the border, samples are repeated. This is libwebp's
// default decoding ("fancy"). A test compares it with dwebp, byte for byte.
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
		next := near - 1 // the chroma row above for an even y, below for an odd one
		if y&1 == 1 {
			next = near + 1
		}
		next = min(max(next, 0), ch-1)
		uNear, uNext := m.Cb[near*m.CStride:], m.Cb[next*m.CStride:]
		vNear, vNext := m.Cr[near*m.CStride:], m.Cr[next*m.CStride:]
		for i := range cw {
			u[i] = 3*int32(uNear[i]) + int32(uNext[i])
			v[i] = 3*int32(vNear[i]) + int32(vNext[i])
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

// widenRow converts a row of luma samples to opaque RGBA pixels in row. u and v are the chroma of
// the row at 4 times the scale, one sample for two pixels. A pixel takes 3/4 of the chroma sample
// that it shares with a neighbor, and 1/4 of the next sample on its other side.
func widenRow(row, luma []byte, u, v []int32) {
	// u1 and v1 are shared by two pixels; u0 and v0 are before these, u2 and v2 after them. 3*u1+u0
	// is at 16 times the scale, and 8 is added for rounding.
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

// limitedToRGB converts one pixel of limited range to opaque RGBA. It computes with 14 fractional
// bits, and truncates where the reference decoder does, so its pixels are those that viewers show.
//
//	R = 1.164 (Y-16)                  + 1.596 (Cr-128)
//	G = 1.164 (Y-16) - 0.391 (Cb-128) - 0.813 (Cr-128)
//	B = 1.164 (Y-16) + 2.018 (Cb-128)
func limitedToRGB(p *[4]byte, y, cb, cr int32) {
	// The factors have 14 fractional bits, and the sums six, after the shifts by 8. The last terms
	// gather -16, -128 and the 1/2 that rounds.
	l := (y * 19077) >> 8
	r := l + (cr*26149)>>8 - 14234
	g := l - (cb*6419)>>8 - (cr*13320)>>8 + 8708
	b := l + (cb*33050)>>8 - 17685
	// Clamp them if one is out of range, which is rare. Then r|g|b is too.
	if uint32(r|g|b) >= 256<<6 {
		r, g, b = clip6(r), clip6(g), clip6(b)
	}
	p[0], p[1], p[2], p[3] = byte(r>>6), byte(g>>6), byte(b>>6), 255
}

// clip6 clamps a sample with six fractional bits to 0..255.
func clip6(v int32) int32 { return min(max(v, 0), 255<<6) }
