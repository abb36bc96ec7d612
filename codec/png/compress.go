// This file chooses filters and how hard to look for matches, PNG specification sections 10 and 12.7.

package png

// How hard to look, by what the picture shows and how much of it there is.
var (
	effortTry     = effort{depth: 4, nice: 32}
	effortPhoto   = effort{depth: 4, nice: 64}
	effortDrawing = effort{depth: 40, nice: 200, three: true}
	effortSmall   = effort{depth: 16, nice: 64, three: true, passes: 1}
	effortPatient = effort{depth: 200, nice: maxMatch, three: true, passes: 4}
)

const (
	tiny  = 24 << 10 // bytes up to which the patient parse costs nothing that counts
	small = 64 << 10 // the same of one pass
	bands = 4        // of rows that are looked at before filters are chosen
	band  = 16       // rows of each
)

// compress returns the zlib stream of the picture. Repetitions count in drawings, where rows as they are do best, and a photo's
// rows have little in common but their noise, which is least by the filters with the least sums: a few bands of rows say which.
func (s *scanlines) compress(high bool) []byte {
	size := s.h * (s.stride + 1)
	if high || size <= tiny {
		return s.compressHigh(size)
	}
	buf := make([]byte, 0, size)
	best, least, looked := strategy(ftNone), 0, 0
	for _, strat := range [2]strategy{ftNone, stratSum} {
		buf = s.sampled(buf[:0], strat)
		if n := len(deflate(buf, effortTry)); least == 0 || n < least {
			best, least, looked = strat, n, len(buf)
		}
	}
	buf = s.filtered(buf[:0], 0, s.h, best)
	switch {
	case size <= small:
		return deflate(buf, effortSmall)
	case best == stratSum && 3*least > looked:
		return deflate(buf, effortPhoto)
	}
	return deflate(buf, effortDrawing)
}

// compressHigh tries every strategy on the whole picture.
func (s *scanlines) compressHigh(size int) []byte {
	buf := make([]byte, 0, size)
	best, least := strategy(ftNone), 0
	for _, strat := range [5]strategy{ftNone, stratSum, ftPaeth, ftUp, ftSub} {
		buf = s.filtered(buf[:0], 0, s.h, strat)
		if n := len(deflate(buf, effortDrawing)); least == 0 || n < least {
			best, least = strat, n
		}
	}
	return deflate(s.filtered(buf[:0], 0, s.h, best), effortPatient)
}

// sampled appends the bands that are looked at, or all of a picture that is hardly higher.
func (s *scanlines) sampled(dst []byte, strat strategy) []byte {
	if s.h <= 2*bands*band {
		return s.filtered(dst, 0, s.h, strat)
	}
	for i := range bands {
		y := (2*i + 1) * s.h / (2 * bands)
		dst = s.filtered(dst, y-band/2, y+band/2, strat)
	}
	return dst
}
