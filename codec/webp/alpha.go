package webp

// This file implements the ALPH chunk, RFC 9649 section 2.7.1.2.

import (
	"bytes"
	"fmt"
	"io"
)

// Filtering methods of the ALPH chunk, named after what a sample is predicted from.
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
	// The lowest two bits of the first byte are the compression, the next two the filter.
	compression, method := b[0]&3, int((b[0]>>2)&3)
	data := b[1:]
	var alpha []byte
	switch compression {
	case 0: // raw
		if len(data) < w*h {
			return nil, FormatError{fr.alphaAt, "short ALPH chunk"}
		}
		alpha = append(alpha, data[:w*h]...)
	case 1:
		// The samples are the green channel of a VP8L picture without a header.
		header := appendVP8LHeader(nil, w, h, false)
		bits := io.MultiReader(bytes.NewReader(header), bytes.NewReader(data))
		m, err := decodeVP8L(bits, fr.alphaAt, "ALPH")
		if err != nil {
			return nil, err
		}
		alpha = make([]byte, w*h)
		for i := range alpha {
			alpha[i] = m.Pix[4*i+1]
		}
	default:
		return nil, FormatError{fr.alphaAt, fmt.Sprintf("ALPH compression %d", compression)}
	}
	unfilter(alpha, w, method)
	return alpha, nil
}

// appendVP8LHeader appends the five bytes that open a VP8L bitstream (RFC 9649 section 3.4). The
// header stores hasAlpha as a hint that some pixel is not opaque.
func appendVP8LHeader(dst []byte, w, h int, hasAlpha bool) []byte {
	// From the lowest bit up: 14 bits of w-1, 14 of h-1, the hint, and 3 bits of the version, 0.
	v := uint32(w-1) | uint32(h-1)<<14
	if hasAlpha {
		v |= 1 << 28
	}
	return append(dst, 0x2f, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

// unfilter turns the residuals in data into samples, in place: it adds the predictions of method.
// A row has w bytes.
func unfilter(data []byte, w, method int) {
	if method == filterNone {
		return
	}
	// The first row is predicted from the left, and below it the first column from above.
	for x := 1; x < w; x++ {
		data[x] += data[x-1]
	}
	for i := w; i < len(data); i += w {
		row, up := data[i:i+w], data[i-w:i]
		row[0] += up[0]
		for x := 1; x < w; x++ {
			row[x] += predict(method, row[x-1], up[x], up[x-1])
		}
	}
}

// filter sets dst to the residuals of the samples, which unfilter turns into the samples again. A
// row has w samples. method is not filterNone.
func filter(dst, samples []byte, w, method int) {
	// The first row and the first column are predicted as in unfilter.
	dst[0] = samples[0]
	for x := 1; x < w; x++ {
		dst[x] = samples[x] - samples[x-1]
	}
	for i := w; i < len(samples); i += w {
		row, up := samples[i:i+w], samples[i-w:i]
		dst[i] = row[0] - up[0]
		for x := 1; x < w; x++ {
			dst[i+x] = row[x] - predict(method, row[x-1], up[x], up[x-1])
		}
	}
}

// predict returns the prediction of a sample from its left, upper and upper-left (corner)
// neighbors. method is not filterNone. The sample is not at an edge, so it has all three neighbors.
func predict(method int, left, up, corner byte) byte {
	switch method {
	case filterHorizontal:
		return left
	case filterVertical:
		return up
	}
	return clamp8(int(left) + int(up) - int(corner)) // filterGradient
}

// encodeAlpha returns the payload of an ALPH chunk, raw or compressed, whichever is shorter. alpha
// has w samples a row.
//
// Only HighEffort tries a filter too. A filter predicts the whole picture in one way, while VP8L
// chooses a predictor for each tile.
func encodeAlpha(alpha []byte, w int, effort Effort) []byte {
	h := len(alpha) / w
	best := append([]byte{0}, alpha...) // raw
	pix := make([]uint32, len(alpha))
	// try compresses samples, which are alpha after the filter, and keeps the chunk if it is the
	// shortest so far.
	try := func(method int, samples []byte) {
		for i, v := range samples {
			pix[i] = 0xff000000 | uint32(v)<<8 // the sample is the pixel's green
		}
		header := 1 | byte(method)<<2 // compression 1 is VP8L
		out := appendVP8LBody([]byte{header}, pix, w, h, effort)
		if len(out) < len(best) {
			best = out
		}
	}
	try(filterNone, alpha)
	if effort != HighEffort {
		return best
	}
	if countValues(alpha) <= 16 {
		// VP8L packs several samples into a pixel if they have at most 16 values. Their residuals
		// mostly have more values.
		return best
	}
	// Try the filter whose residuals have the least entropy. If no filter lowers the entropy, try
	// none.
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

// countValues returns how many different values the samples have.
func countValues(samples []byte) int {
	var seen [256]bool
	n := 0
	for _, v := range samples {
		if !seen[v] {
			seen[v] = true
			n++
		}
	}
	return n
}

// entropyOf estimates the bits that the samples take (see entropyBits).
func entropyOf(samples []byte) float64 {
	var counts [256]uint32
	for _, v := range samples {
		counts[v]++
	}
	return entropyBits(counts[:])
}
