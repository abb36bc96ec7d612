package jpeg

import "math/bits"

// This file implements the writer's marker segments, ITU T.81 B.2.

// iccChunk is the largest part of a profile that fits into one APP2 segment (ICC.1 annex B.4), with
// the length, the signature, the number of the chunk and the number of chunks.
const iccChunk = 65535 - 2 - len(iccSignature) - 2

const iccSignature = "ICC_PROFILE\x00"

// appendHeader appends everything before the first Huffman table.
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
	chunks := ceilDiv(len(o.ICC), iccChunk)
	for i := range chunks {
		chunk := o.ICC[i*iccChunk : min((i+1)*iccChunk, len(o.ICC))]
		size := 2 + len(iccSignature) + 2 + len(chunk)
		dst = append(dst, 0xFF, markerAPP2, byte(size>>8), byte(size))
		dst = append(dst, iccSignature...)
		dst = append(dst, byte(i+1), byte(chunks))
		dst = append(dst, chunk...)
	}

	// The quantization tables, in one segment. The last component has the last of them.
	quants := w.comps[len(w.comps)-1].quant + 1
	dst = append(dst, 0xFF, markerDQT, 0, byte(2+quants*(1+blockSize)))
	for t := range quants {
		dst = append(dst, byte(t))
		dst = append(dst, w.quant[t].elements[:]...)
	}
	// The frame header, with 8 bits a sample.
	sof := byte(markerSOF0)
	if o.Progressive {
		sof = markerSOF2
	}
	dst = append(dst, 0xFF, sof, 0, byte(8+3*len(w.comps)), 8)
	dst = append(dst, byte(w.height>>8), byte(w.height), byte(w.width>>8), byte(w.width))
	dst = append(dst, byte(len(w.comps)))
	for i := range w.comps {
		c := &w.comps[i]
		dst = append(dst, c.id, byte(c.h<<4|c.v), byte(c.quant))
	}
	return dst
}

// appendTables fits the tables of a baseline frame to the symbols that were counted in its scan. It
// appends one DHT segment with all tables that have symbols. When a table for chroma (DC or AC)
// would take more bits than it saves, as in thumbnails, luma and chroma share a table.
func (w *writer) appendTables(dst []byte, freq *frequencies) []byte {
	start := len(dst)
	dst = append(dst, 0xFF, markerDHT, 0, 0)
	for class := range 2 { // DC, AC
		luma, chroma := &w.specs[class], &w.specs[class+2]
		luma.fit(&freq[class])
		chroma.fit(&freq[class+2])
		// All tables are in one segment, so a second table has no overhead.
		shared := luma.share(chroma, &freq[class], &freq[class+2], 0)
		for t := class; t < tableCount; t += 2 {
			w.places[t] = byte(t >> 1)
			h := &w.specs[t]
			if len(h.values) == 0 {
				continue
			}
			h.put(&w.codes, t)
			dst = h.append(dst, t)
			if shared { // t is luma's table here
				h.put(&w.codes, t+2)
				w.places[t+2] = w.places[t]
				break
			}
		}
	}
	return endDHT(dst, start)
}

// appendTable appends the DHT segment of scan i of a progressive frame, with one table. If the next
// scan has the same coefficients, and one table for both scans takes fewer bits than two tables,
// the table is fitted to both scans, and shared is true.
func (w *writer) appendTable(dst []byte, i int) (out []byte, shared bool) {
	s := &w.scans[i]
	t := w.tableOf(s)
	h := &w.specs[t]
	h.fit(&s.freq[t])
	w.places[t] = byte(t >> 1)
	hasNext := i+1 < len(w.scans)
	if hasNext && w.scans[i+1].from == s.from && w.scans[i+1].to == s.to {
		next := &w.scans[i+1]
		u := w.tableOf(next)
		w.nextSpec.fit(&next.freq[u])
		const segment = 8 * 4 // bits of another segment: marker and length
		if shared = h.share(&w.nextSpec, &s.freq[t], &next.freq[u], segment); shared {
			h.put(&w.codes, u)
			w.places[u] = w.places[t]
		}
	}
	h.put(&w.codes, t)
	start := len(dst)
	dst = append(dst, 0xFF, markerDHT, 0, 0)
	dst = h.append(dst, t)
	return endDHT(dst, start), shared
}

// tableOf returns the one table that scan s of a progressive frame uses, by its number in tokens
// (see huffenc.go).
func (w *writer) tableOf(s *writerScan) int {
	t := 2 * w.comps[s.first].tables
	if s.from > 0 {
		return t + tableAC
	}
	return t + tableDC
}

// append appends h as it is written in a DHT segment (B.2.4.2): its class and its number in the
// file, the counts, the values. t is the number that tokens have for the table.
func (h *huffmanSpec) append(dst []byte, t int) []byte {
	class, number := t&1, t>>1
	dst = append(dst, byte(class<<4|number))
	dst = append(dst, h.counts[1:]...)
	return append(dst, h.values...)
}

// endDHT sets the length of the segment at start.
func endDHT(dst []byte, start int) []byte {
	n := len(dst) - start - 2
	dst[start+2], dst[start+3] = byte(n>>8), byte(n)
	return dst
}

// share replaces h by one table for both freq and freq2, if that takes fewer bits than two tables:
// h, fitted to freq, and h2, fitted to freq2. It reports whether it did so. overhead is how many
// bits h2 takes in addition to those that its method bits counts.
func (h *huffmanSpec) share(h2 *huffmanSpec, freq, freq2 *[256]uint32, overhead uint64) bool {
	if len(h.values) == 0 || len(h2.values) == 0 {
		return false
	}
	apart := h.bits(freq) + h2.bits(freq2) + overhead
	both := *freq
	for s, n := range freq2 {
		both[s] += n
	}
	var shared huffmanSpec
	shared.fit(&both)
	if shared.bits(&both) >= apart {
		return false
	}
	*h = shared
	return true
}

// bits returns how many bits h takes in its segment, plus those that the codes of all symbols take.
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

// appendSOS appends the header of a scan. Where the scan does not use a table, the table's number
// is written as 0.
func (w *writer) appendSOS(dst []byte, s *writerScan) []byte {
	n := s.last - s.first + 1
	dst = append(dst, 0xFF, markerSOS, 0, byte(6+2*n), byte(n))
	for i := s.first; i <= s.last; i++ {
		c := &w.comps[i]
		dc, ac := w.places[2*c.tables+tableDC], w.places[2*c.tables+tableAC]
		if s.from > 0 {
			dc = 0
		}
		if s.to == 0 {
			ac = 0
		}
		dst = append(dst, c.id, dc<<4|ac)
	}
	return append(dst, byte(s.from), byte(s.to), 0) // 0: no successive approximation
}

// magnitude returns the size category of v, which is the number of bits of |v|, and as many extra
// bits, which say which value of that category v is. They are the lowest bits of v, or of v-1 if v
// is negative (ITU T.81 F.1.2.1.1).
func magnitude(v int32) (size int, extra token) {
	sign := v >> 31
	size = bits.Len32(uint32((v ^ sign) - sign))
	return size, token(uint32(v+sign) & (1<<(size&31) - 1))
}
