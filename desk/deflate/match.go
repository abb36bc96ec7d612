package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	minMatch = 3
	maxMatch = 258
	window   = 1 << 15
	maxChain = 300 // candidates looked at for a position
	hashBits = 16
)

// matches holds, for every position of a segment, its matches in order of rising length and rising distance: a longer one
// further away, never a shorter one. A match of length l stands for all lengths down to the one before it.
type matches struct {
	start int     // of the segment
	first []int32 // first[i]:first[i+1] are the matches at start+i, in all
	all   []token
}

func findMatches(src []byte, start, end int) *matches {
	base := max(0, start-window)
	head := make([]int32, 1<<hashBits) // position - base + 1 of the newest with this hash
	prev := make([]int32, end-base)    // of the one before it
	hash := func(i int) uint32 {
		v := uint32(src[i]) | uint32(src[i+1])<<8 | uint32(src[i+2])<<16
		return v * 2654435761 >> (32 - hashBits)
	}
	m := &matches{start: start, first: make([]int32, end-start+1), all: make([]token, 0, 3*(end-start))}
	for i := base; i < end; i++ {
		if i >= start {
			m.first[i-start] = int32(len(m.all))
		}
		if i+minMatch > end {
			continue
		}
		h := hash(i)
		candidate := head[h]
		prev[i-base] = candidate
		head[h] = int32(i-base) + 1
		if i < start {
			continue
		}
		limit := min(maxMatch, end-i)
		best := minMatch - 1
		for chain := 0; candidate != 0 && chain < maxChain; chain++ {
			c := int(candidate) - 1 + base
			if i-c > window {
				break
			}
			if src[c+best] == src[i+best] {
				if n := common(src, c, i, limit); n > best {
					best = n
					m.all = append(m.all, token(n<<16|(i-c-1)))
					if n == limit {
						break
					}
				}
			}
			candidate = prev[c-base]
		}
	}
	m.first[end-start] = int32(len(m.all))
	return m
}

// common is how many bytes at a and b are equal, at most limit.
func common(src []byte, a, b, limit int) int {
	n := 0
	for n+8 <= limit {
		if x := binary.LittleEndian.Uint64(src[a+n:]) ^ binary.LittleEndian.Uint64(src[b+n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for n < limit && src[a+n] == src[b+n] {
		n++
	}
	return n
}
