// This file chooses filters and a compression level by trying, PNG specification section 10.

package png

// How hard to look, by the bytes there are and by what they show.
var (
	effortTry          = effort{depth: 4, nice: 32, passes: 1}
	effortSmall        = effort{depth: 200, nice: maxMatch, three: true, passes: 4}
	effortPhoto        = effort{depth: 32, nice: 130, three: true, passes: 2}
	effortDrawing      = effort{depth: 64, nice: maxMatch, three: true, passes: 2}
	effortLargePhoto   = effort{depth: 4, nice: 64, passes: 1}
	effortLargeDrawing = effort{depth: 16, nice: 100, three: true, passes: 1}
)

const (
	small = 24 << 10 // bytes up to which every strategy is compressed at its best
	large = 400 << 10
	band  = 32 << 10 // bytes that tell a photo from a drawing
)

// compress returns the zlib stream of the best strategy. flat says that samples are indices or packed: neighbouring values
// mean little, and no filter is the first choice.
func (s *scanlines) compress(flat bool) []byte {
	strategies := []strategy{stratBits, ftNone, ftPaeth, stratSum, ftUp}
	if flat {
		strategies = []strategy{ftNone, stratSum, ftUp}
	}
	size := s.h * (s.stride + 1)
	buf := make([]byte, 0, size)
	if size <= small {
		var best []byte
		for _, strat := range strategies {
			buf = s.filtered(buf, 0, s.h, strat)
			if z := deflate(buf, effortSmall); best == nil || len(z) < len(best) {
				best = z
			}
		}
		return best
	}
	// A photo's rows have little in common but their noise, which the code's own measure knows best. Elsewhere repetitions
	// count, which only trying finds, and there is little left to compress.
	rows := min(max(band/(s.stride+1), 1), s.h)
	buf = s.filtered(buf, (s.h-rows)/2, (s.h-rows)/2+rows, stratBits)
	best, least := strategies[0], 0
	if size > large {
		strategies = strategies[:3] // the others are seldom the best by much
	}
	if !flat && 5*len(deflate(buf, effortTry)) > 2*len(buf) {
		strategies = nil
		best = stratBits
	}
	for _, strat := range strategies {
		buf = s.filtered(buf, 0, s.h, strat)
		if n := len(deflate(buf, effortTry)); least == 0 || n < least {
			best, least = strat, n
		}
	}
	buf = s.filtered(buf, 0, s.h, best)
	photo := least == 0
	switch {
	case photo && len(buf) > large:
		return deflate(buf, effortLargePhoto)
	case photo:
		return deflate(buf, effortPhoto)
	case len(buf) > large:
		return deflate(buf, effortLargeDrawing)
	}
	return deflate(buf, effortDrawing)
}
