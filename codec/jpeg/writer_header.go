package jpeg

import "math/bits"

// This file implements the writer's marker segments, ITU T.81 B.2, and its
// quantization tables.

// iccChunk is the most of a profile one APP2 segment takes (ICC.1 annex B.4).
const iccChunk = 65535 - 2 - len(iccSignature) - 2

const iccSignature = "ICC_PROFILE\x00"

// appendHeader appends everything up to and without the first table of codes.
func (w *writer) appendHeader(dst []byte, o *Options) []byte {
	dst = append(dst, 0xFF, markerSOI)
	if w.rgb {
		// Version 100, no flags, transform 0: components are RGB.
		dst = append(dst, 0xFF, markerAPPE, 0, 14)
		dst = append(dst, "Adobe\x00\x64\x00\x00\x00\x00\x00"...)
	} else {
		// JFIF 1.01, square samples, no thumbnail.
		dst = append(dst, 0xFF, markerAPP0, 0, 16)
		dst = append(dst, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"...)
	}
	n := ceilDiv(len(o.ICC), iccChunk)
	for i := range n {
		chunk := o.ICC[i*iccChunk : min((i+1)*iccChunk, len(o.ICC))]
		size := 2 + len(iccSignature) + 2 + len(chunk)
		dst = append(dst, 0xFF, markerAPP2, byte(size>>8), byte(size))
		dst = append(dst, iccSignature...)
		dst = append(dst, byte(i+1), byte(n))
		dst = append(dst, chunk...)
	}

	last := w.comps[len(w.comps)-1].tables
	for t := range last + 1 {
		dst = append(dst, 0xFF, markerDQT, 0, 2+1+blockSize, byte(t))
		dst = append(dst, w.quant[t].elements[:]...)
	}
	sof := byte(markerSOF0)
	if o.Progressive {
		sof = markerSOF2
	}
	dst = append(dst, 0xFF, sof, 0, byte(8+3*len(w.comps)), 8,
		byte(w.height>>8), byte(w.height), byte(w.width>>8), byte(w.width), byte(len(w.comps)))
	for i := range w.comps {
		c := &w.comps[i]
		dst = append(dst, c.id, byte(c.h<<4|c.v), byte(c.tables))
	}
	return dst
}

// appendTables fits tables to the symbols counted in a scan and appends those
// that have any in a DHT segment.
func (w *writer) appendTables(dst []byte, freq *frequencies) []byte {
	start := len(dst)
	dst = append(dst, 0xFF, markerDHT, 0, 0)
	for t := range w.specs {
		h := &w.specs[t]
		h.fit(&freq[t])
		if len(h.values) == 0 {
			continue
		}
		h.put(&w.codes, t)
		dst = append(dst, byte(t&1<<4|t>>1))
		dst = append(dst, h.counts[1:]...)
		dst = append(dst, h.values...)
	}
	n := len(dst) - start - 2
	dst[start+2], dst[start+3] = byte(n>>8), byte(n)
	return dst
}

// Quantization elements of ITU T.81 tables K.1 and K.2, in zig-zag order.
var quantBase = [2][blockSize]uint8{
	{
		16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
		26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
		56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
		95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
	},
	{
		17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// acRounding is what is added to an AC coefficient, in percent of its
// quantization element, before the quotient is cut to an integer. 50 would give
// the nearest integer. Coefficients crowd around zero (Laplacian), so that the
// smaller of two integers is the likelier one and costs fewer bits: leaning
// towards it pays at equal quality. Bytes at equal quality relative to image/jpeg, baseline, the mean of
// 18 photos at 1200x628 and qualities 60 to 93 (6 of them for butteraugli):
//
//	percent   SSIM-Y   PSNR-Y   PSNR of chroma   butteraugli (3-norm)
//	50        0.961    0.962    0.962            0.955
//	45        0.940    0.945    0.937            0.916
//	40        0.923    0.933    0.935            0.895
//	38        0.920    0.933    0.934
//	36                                           0.882
//	35, 40    0.924    0.941    0.914            for luma and chroma
const acRounding = 38

// reset makes the quantizer of table t (0 luma, 1 chroma) at a quality of 1 to
// 100: the elements of annex K times 50/quality below 50 and 2 - quality/50
// above, as libjpeg scales them.
func (q *quantizer) reset(t, quality int) {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for k, base := range quantBase[t] {
		e := min(max((int(base)*percent+50)/100, 1), 255)
		q.elements[k] = uint8(e)
		j := zigzagT[k]
		q.reciprocal[j] = uint16((1<<16 + 4*e) / (8 * e))
		q.bias[j] = uint16(4 * e)
		if k > 0 {
			q.bias[j] = uint16(8 * e * acRounding / 100)
		}
	}
}

// magnitude returns the size category of v and the additional bits that tell it
// from the others of its category: v itself, or v-1 if negative, cut to size
// bits (ITU T.81 F.1.2.1.1).
func magnitude(v int32) (size int, extra token) {
	sign := v >> 31
	size = bits.Len32(uint32((v ^ sign) - sign))
	return size, token(uint32(v+sign) & (1<<(size&31) - 1))
}
