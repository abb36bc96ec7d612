// This file chooses filters and a compression level by trying, PNG specification section 10.

package png

import (
	"bytes"
	"compress/zlib"
)

// Levels of compress/zlib.
const (
	levelTry  = 4
	levelBest = 9
)

const (
	// Up to so many bytes every strategy compresses the whole picture, above it bands of it.
	tryWhole = 48 << 10
	tryBands = 3
)

// compress returns the zlib stream of the best strategy. flat says that samples are indices or packed: neighbouring values
// mean little, and no filter is the first choice.
func (s *scanlines) compress(flat bool) []byte {
	strategies := []strategy{stratBits, stratSum, ftPaeth, ftUp, ftNone}
	if flat {
		strategies = []strategy{ftNone, stratSum, ftUp}
	}
	size := s.h * (s.stride + 1)
	buf := make([]byte, 0, size)
	if size <= tryWhole {
		var best []byte
		for _, strat := range strategies {
			buf = s.filtered(buf, 0, s.h, strat)
			if z := compress(buf, levelBest); best == nil || len(z) < len(best) {
				best = z
			}
		}
		return best
	}
	rows := tryWhole / tryBands / (s.stride + 1)
	best, least := strategies[0], 0
	for _, strat := range strategies {
		n := 0
		for band := range tryBands {
			y := (2*band + 1) * s.h / (2 * tryBands)
			buf = s.filtered(buf, y, min(y+max(rows, 1), s.h), strat)
			n += len(compress(buf, levelTry))
		}
		if least == 0 || n < least {
			best, least = strat, n
		}
	}
	return compress(s.filtered(buf, 0, s.h, best), 5)
}

func compress(b []byte, level int) []byte {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		panic(err) // a constant out of range
	}
	z.Write(b) // into memory: never fails
	z.Close()
	return out.Bytes()
}
