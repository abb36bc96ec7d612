package jpeg

import "math/bits"

// This file implements the writer's marker segments, ITU T.81 B.2.

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

	last := w.comps[len(w.comps)-1].quant
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
		dst = append(dst, c.id, byte(c.h<<4|c.v), byte(c.quant))
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

// magnitude returns the size category of v and the additional bits that tell it
// from the others of its category: v itself, or v-1 if negative, cut to size
// bits (ITU T.81 F.1.2.1.1).
func magnitude(v int32) (size int, extra token) {
	sign := v >> 31
	size = bits.Len32(uint32((v ^ sign) - sign))
	return size, token(uint32(v+sign) & (1<<(size&31) - 1))
}
