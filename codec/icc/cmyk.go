package icc

// This file implements the conversion of CMYK without a profile.

import "miniatura/codec/internal/num"

// CMYKToRGB converts pixels of 4 bytes in src to pixels of 3 bytes, R, G and B, in dst. dst has at
// least 3/4 of src's length and may be the same memory. As in image/color, Pillow and browsers,
//
//	R = (255-C)(255-K)/255, G = (255-M)(255-K)/255, B = (255-Y)(255-K)/255, rounded
//
// A sample of 255 is full ink. If inverted is true, 255 is no ink: Adobe stores CMYK so.
func CMYKToRGB(dst, src []byte, inverted bool) {
	// A sample ^ flip is the light that the ink lets through.
	var flip byte = 255
	if inverted {
		flip = 0
	}
	for ; len(src) >= 4; dst, src = dst[3:], src[4:] {
		k := uint32(src[3] ^ flip)
		dst[0] = num.Div255(uint32(src[0]^flip) * k)
		dst[1] = num.Div255(uint32(src[1]^flip) * k)
		dst[2] = num.Div255(uint32(src[2]^flip) * k)
	}
}
