package png

// This file chooses filters and how hard to search for matches, PNG specification sections 10 and
// 12.7.

// How hard to search, by the kind and the size of the picture.
var (
	searchTry     = search{depth: 4, nice: 32}
	searchPhoto   = search{depth: 4, nice: 64}
	searchNoise   = search{depth: 8, nice: 64, three: true}
	searchDrawing = search{depth: 24, nice: 130, three: true}
	searchSmall   = search{depth: 16, nice: 64, three: true, passes: 1}
	searchPatient = search{depth: 200, nice: maxMatch, three: true, passes: 4}
	searchPacked  = search{depth: 4096, nice: maxMatch, three: true, passes: 8, unit: 1 << 10} // for data that is compressed once and fetched often
)

const (
	tiny  = 24 << 10 // bytes up to which the time of the patient parse does not matter
	small = 64 << 10 // the same for one pass
	bands = 4        // of rows that are sampled before filters are chosen
	band  = 16       // rows of each
)

// A plan says how a picture will be compressed, and about how many bytes that will take.
type plan struct {
	strategy strategy
	search   search
	guess    int
}

// plan chooses how to compress. Drawings repeat themselves, and compress best without filters. The
// rows of a photo have little in common, and compress best with the filters of the least sums. A
// few bands of rows show which of the two a picture is. With high, and for a tiny picture, every
// strategy is tried on every row.
func (s *scanlines) plan(high bool) plan {
	size := s.h * (s.stride + 1)
	p := plan{search: searchDrawing}
	strategies := []strategy{ftNone, stratSum}
	sampled, try := s.appendSampled, searchTry
	if high || size <= tiny {
		strategies = []strategy{ftNone, stratSum, ftPaeth, ftUp, ftSub}
		sampled, try = s.appendAll, searchDrawing
	}
	var buf []byte
	least, looked := 0, 0
	for _, strat := range strategies {
		buf = sampled(buf[:0], strat)
		if n := len(deflate(buf, try)); least == 0 || n < least {
			p.strategy, least, looked = strat, n, len(buf)
		}
	}
	p.guess = int(int64(least) * int64(size) / int64(looked))
	switch {
	case high || size <= tiny:
		p.search = searchPatient
	case size <= small:
		p.search = searchSmall
	case p.strategy == stratSum && 3*least > looked:
		p.search = searchPhoto
	case 4*least > looked:
		p.search = searchNoise
	}
	return p
}

// compress returns the zlib stream of the picture.
func (s *scanlines) compress(p plan) []byte {
	buf := make([]byte, 0, s.h*(s.stride+1))
	return deflate(s.appendFiltered(buf, 0, s.h, p.strategy), p.search)
}

// appendAll appends all scanlines.
func (s *scanlines) appendAll(dst []byte, strat strategy) []byte {
	return s.appendFiltered(dst, 0, s.h, strat)
}

// appendSampled appends the bands that are sampled, or the whole picture if it is not much higher
// than they are.
func (s *scanlines) appendSampled(dst []byte, strat strategy) []byte {
	if s.h <= 2*bands*band {
		return s.appendFiltered(dst, 0, s.h, strat)
	}
	for i := range bands {
		y := (2*i + 1) * s.h / (2 * bands)
		dst = s.appendFiltered(dst, y-band/2, y+band/2, strat)
	}
	return dst
}
