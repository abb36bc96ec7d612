package webp

// This file implements the ALPH chunk, RFC 9649 section 2.7.1.2.

import (
	"bytes"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/vp8l"
)

// Filtering methods of the ALPH chunk: what a sample is predicted from.
const (
	filterNone = iota
	filterHorizontal
	filterVertical
	filterGradient
)

// decodeAlpha returns the w*h alpha samples of the frame's ALPH chunk.
func (fr *Frame) decodeAlpha(w, h int) ([]byte, error) {
	b := fr.alpha
	if len(b) < 1 {
		return nil, FormatError{fr.alphaAt, "empty ALPH chunk"}
	}
	var alpha []byte
	switch compression := b[0] & 3; compression {
	case 0:
		if len(b)-1 < w*h {
			return nil, FormatError{fr.alphaAt, "short ALPH chunk"}
		}
		alpha = append(alpha, b[1:1+w*h]...)
	case 1:
		// The samples are the green channel of a VP8L picture without a header.
		m, err := vp8l.Decode(io.MultiReader(bytes.NewReader(vp8lHeader(nil, w, h, false)), bytes.NewReader(b[1:])))
		if err != nil {
			return nil, decodeError(fr.alphaAt, "ALPH", err)
		}
		n, ok := m.(*image.NRGBA)
		if !ok {
			return nil, UnsupportedError(fmt.Sprintf("VP8L decoded to %T", m))
		}
		alpha = make([]byte, w*h)
		for i := range alpha {
			alpha[i] = n.Pix[4*i+1]
		}
	default:
		return nil, FormatError{fr.alphaAt, fmt.Sprintf("ALPH compression %d", compression)}
	}
	unfilter(alpha, w, int(b[0]>>2&3))
	return alpha, nil
}

// vp8lHeader appends the five bytes that open a VP8L bitstream (RFC 9649 section 3.4). alpha is the
// hint that some pixel is not opaque.
func vp8lHeader(dst []byte, w, h int, alpha bool) []byte {
	v := uint32(w-1) | uint32(h-1)<<14
	if alpha {
		v |= 1 << 28
	}
	return append(dst, 0x2f, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

// unfilter replaces the residuals in a, w to a row, by samples: it adds the predictions of the
// filter method.
func unfilter(a []byte, w, method int) {
	if method == filterNone {
		return
	}
	for x := 1; x < w; x++ {
		a[x] += a[x-1]
	}
	for i := w; i < len(a); i += w {
		row, up := a[i:i+w], a[i-w:i]
		row[0] += up[0]
		for x := 1; x < w; x++ {
			row[x] += predict(method, row[x-1], up[x], up[x-1])
		}
	}
}

// filter sets dst to the residuals of the samples in a. unfilter undoes this.
func filter(dst, a []byte, w, method int) {
	dst[0] = a[0]
	for x := 1; x < w; x++ {
		dst[x] = a[x] - a[x-1]
	}
	for i := w; i < len(a); i += w {
		row, up := a[i:i+w], a[i-w:i]
		dst[i] = row[0] - up[0]
		for x := 1; x < w; x++ {
			dst[i+x] = row[x] - predict(method, row[x-1], up[x], up[x-1])
		}
	}
}

// predict returns the prediction of a sample from its left, upper and upper-left (corner)
// neighbors. Where some of these are missing, its callers predict: the first row from the left, and
// the first column from above.
func predict(method int, left, up, corner byte) byte {
	switch method {
	case filterHorizontal:
		return left
	case filterVertical:
		return up
	}
	return clamp8(int(left) + int(up) - int(corner))
}

// encodeAlpha returns the payload of an ALPH chunk that holds the samples in alpha, w to a row: raw
// or compressed, whichever is shorter. The chunk's own filters predict the whole picture in one
// way, while VP8L's predictors choose tile by tile. So only HighEffort tries a filter too.
func encodeAlpha(alpha []byte, w int, effort Effort) []byte {
	h := len(alpha) / w
	best := append([]byte{0}, alpha...) // raw
	pix := make([]uint32, len(alpha))
	try := func(method int, samples []byte) {
		for i, v := range samples {
			pix[i] = 0xff000000 | uint32(v)<<8
		}
		out := appendVP8LBody([]byte{1 | byte(method)<<2}, pix, w, h, effort)
		if len(out) < len(best) {
			best = out
		}
	}
	try(filterNone, alpha)
	if effort != HighEffort {
		return best
	}
	if levels(alpha) <= 16 {
		// VP8L packs several samples of so few levels into a pixel. Residuals have more levels.
		return best
	}
	// Of the filters, only the one whose residuals have the least entropy is tried.
	residuals := make([]byte, len(alpha))
	method, least := filterNone, entropyOf(alpha)
	for m := filterHorizontal; m <= filterGradient; m++ {
		filter(residuals, alpha, w, m)
		if e := entropyOf(residuals); e < least {
			method, least = m, e
		}
	}
	if method != filterNone {
		filter(residuals, alpha, w, method)
		try(method, residuals)
	}
	return best
}

// levels returns how many different values are in a.
func levels(a []byte) int {
	var seen [256]bool
	n := 0
	for _, v := range a {
		if !seen[v] {
			seen[v] = true
			n++
		}
	}
	return n
}

// entropyOf estimates the bits that the bytes of a take (see entropyBits).
func entropyOf(a []byte) float64 {
	var counts [256]uint32
	for _, v := range a {
		counts[v]++
	}
	return entropyBits(counts[:])
}
