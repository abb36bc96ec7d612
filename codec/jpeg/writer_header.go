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
	n = last + 1 // tables, in one segment
	dst = append(dst, 0xFF, markerDQT, 0, byte(2+n*(1+blockSize)))
	for t := range n {
		dst = append(dst, byte(t))
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
// that have any in a DHT segment. Where chroma's table of a class would take
// more bits than it saves, as in thumbnails, luma's is shared.
func (w *writer) appendTables(dst []byte, freq *frequencies) (out []byte, shared [2]bool) {
	start := len(dst)
	dst = append(dst, 0xFF, markerDHT, 0, 0)
	for class := range shared {
		luma, chroma := &w.specs[class], &w.specs[class+2]
		luma.fit(&freq[class])
		chroma.fit(&freq[class+2])
		shared[class] = w.share(&freq[class], &freq[class+2], class)
		for t := class; t < tables; t += 2 {
			h := &w.specs[t]
			if len(h.values) == 0 {
				continue
			}
			h.put(&w.codes, t)
			if shared[class] {
				h.put(&w.codes, t+2)
			}
			dst = append(dst, byte(t&1<<4|t>>1))
			dst = append(dst, h.counts[1:]...)
			dst = append(dst, h.values...)
			if shared[class] {
				break
			}
		}
	}
	n := len(dst) - start - 2
	dst[start+2], dst[start+3] = byte(n>>8), byte(n)
	return dst, shared
}

// share fits luma's table of a class to both sets of symbols, and keeps it if that takes fewer bits
// than two tables.
func (w *writer) share(luma, chroma *[256]uint32, class int) bool {
	a, b := &w.specs[class], &w.specs[class+2]
	if len(a.values) == 0 || len(b.values) == 0 {
		return false
	}
	apart := a.bits(luma) + b.bits(chroma)
	both := *luma
	for s, n := range chroma {
		both[s] += n
	}
	var one huffmanSpec
	one.fit(&both)
	if one.bits(&both) >= apart {
		return false
	}
	*a = one
	return true
}

// bits returns how many bits the table in its segment and the codes of all symbols take.
func (h *huffmanSpec) bits(freq *[256]uint32) (n uint64) {
	n = 8 * uint64(1+16+len(h.values)) // class and number, counts, values
	k := 0
	for length, count := range h.counts {
		for range count {
			n += uint64(length) * uint64(freq[h.values[k]])
			k++
		}
	}
	return n
}

// magnitude returns the size category of v and the additional bits that tell it
// from the others of its category: v itself, or v-1 if negative, cut to size
// bits (ITU T.81 F.1.2.1.1).
func magnitude(v int32) (size int, extra token) {
	sign := v >> 31
	size = bits.Len32(uint32((v ^ sign) - sign))
	return size, token(uint32(v+sign) & (1<<(size&31) - 1))
}
