package jpeg

// This file implements the color conversion of ITU T.871 section 7.

import "image/color"

// YCbCrToRGBA converts len(y) full-range samples of each plane to opaque pixels of 4 bytes in dst,
// as color.YCbCrToRGB does. cb and cr are as long as y, and dst is four times as long.
func YCbCrToRGBA(dst, y, cb, cr []byte) {
	cb, cr, dst = cb[:len(y)], cr[:len(y)], dst[:4*len(y)]
	if n := ycbcrToRGBA(dst, y, cb, cr); n > 0 { // AVX2 has converted n samples
		dst, y, cb, cr = dst[4*n:], y[n:], cb[n:], cr[n:]
	}
	for i := range y {
		p := dst[4*i:][:4:4]
		p[0], p[1], p[2] = color.YCbCrToRGB(y[i], cb[i], cr[i])
		p[3] = 255
	}
}
