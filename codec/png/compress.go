package png

// This file chooses filters and how hard to search for matches, PNG specification sections 10 and
// 12.7.

// How hard to search, by the kind and the size of the picture. The numbers are tuned: bytes against
// time.
var (
	searchTry     = search{depth: 4, nice: 32} // to compare filters
	searchPhoto   = search{depth: 4, nice: 64}
	searchNoise   = search{depth: 8, nice: 64, three: true}
	searchDrawing = search{depth: 24, nice: 130, three: true}
	searchSmall   = search{depth: 16, nice: 64, three: true, passes: 1}
	searchPatient = search{depth: 200, nice: maxMatch, three: true, passes: 4}
	// For data that is compressed once and fetched often.
	searchPacked = search{depth: 4096, nice: maxMatch, three: true, passes: 8, unit: 1 << 10}
)

const (
	tinySize  = 24 << 10 // bytes of scanlines up to which searchPatient takes little time
	smallSize = 64 << 10 // bytes of scanlines up to which searchSmall takes little time
	bands     = 4        // bands of rows that are sampled before filters are chosen
	bandRows  = 16       // rows of a band
)

// A plan says how a picture will be compressed, and about how many bytes that will take.
type plan struct {
	strategy strategy
	search   search
	guess    int // bytes
}

// makePlan chooses how to compress. Drawings repeat themselves, and compress best without filters.
// The rows of a photo have little in common, and compress best with stratSum. A few bands of rows
// show to which of the two kinds a picture belongs. With high effort, and for a tiny picture, more
// strategies are tried, on all rows.
func (s *scanlines) makePlan(high bool) plan {
	size := s.h * (s.stride + 1)
	thorough := high || size <= tinySize
	strategies := []strategy{ftNone, stratSum}
	appendRows, trySearch := s.appendSampled, searchTry
	if thorough {
		strategies = []strategy{ftNone, stratSum, ftPaeth, ftUp, ftSub}
		appendRows, trySearch = s.appendAll, searchDrawing
	}
	var p plan
	var buf []byte
	least := 0 // compressed bytes with the best strategy
	tried := 0 // bytes that were compressed to least
	for _, strat := range strategies {
		buf = appendRows(buf[:0], strat)
		if n := len(deflate(buf, trySearch)); least == 0 || n < least {
			p.strategy, least, tried = strat, n, len(buf)
		}
	}
	// All scanlines are expected to compress as well as those tried.
	p.guess = int(int64(least) * int64(size) / int64(tried))
	switch {
	case thorough:
		p.search = searchPatient
	case size <= smallSize:
		p.search = searchSmall
	case p.strategy == stratSum && 3*least > tried: // filters help, but over a third is left
		p.search = searchPhoto
	case 4*least > tried: // over a quarter is left
		p.search = searchNoise
	default:
		p.search = searchDrawing
	}
	return p
}

// compress returns the zlib stream of the picture.
func (s *scanlines) compress(p plan) []byte {
	buf := make([]byte, 0, s.h*(s.stride+1))
	return deflate(s.appendFiltered(buf, 0, s.h, p.strategy), p.search)
}

// appendAll appends all scanlines, filtered.
func (s *scanlines) appendAll(dst []byte, strat strategy) []byte {
	return s.appendFiltered(dst, 0, s.h, strat)
}

// appendSampled appends bands of scanlines, filtered. Each band lies in the middle of one of equal
// parts of the picture. If the bands would be at least half of the picture, appendSampled appends
// all scanlines.
func (s *scanlines) appendSampled(dst []byte, strat strategy) []byte {
	if s.h <= 2*bands*bandRows {
		return s.appendFiltered(dst, 0, s.h, strat)
	}
	for i := range bands {
		y := (2*i + 1) * s.h / (2 * bands) // the middle of part i
		dst = s.appendFiltered(dst, y-bandRows/2, y+bandRows/2, strat)
	}
	return dst
}
