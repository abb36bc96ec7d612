// Package deflate writes DEFLATE streams (RFC 1951) as small as a patient search finds them, for what is compressed once and
// fetched often: 5 to 6 % smaller than compress/flate at its best on programs, and ten times slower. Any inflater reads them. The same
// input gives the same bytes on every machine: all arithmetic is in integers.
//
//	deflate.go  Encode: segments, blocks, and the choice between stored, fixed and dynamic ones
//	match.go    every match worth having at every position (section 4 of the RFC, without its haste)
//	parse.go    the cheapest way through the matches, for given prices of symbols
//	huffman.go  code lengths of at most 15 bits (package-merge), dynamic headers (section 3.2.7)
//
// Prices and symbols depend on each other, so a segment is parsed several times, each time with the prices that the last
// parse led to. The method is that of Zopfli's paper ("Data compression using Zopfli", 2013), written anew.
package deflate

import (
	"io"
	"runtime"
	"sync"
)

const (
	segmentSize = 1 << 19 // bytes that are parsed together; blocks do not cross its ends
	unitSize    = 1 << 10 // tokens: the grain of block boundaries
	parses      = 3       // of a block, once its boundaries are known
)

// NewWriter returns a writer that compresses everything written to it when it is closed. Closing it does not close w.
func NewWriter(w io.Writer) io.WriteCloser { return &writer{w: w} }

type writer struct {
	w   io.Writer
	buf []byte
}

func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

func (w *writer) Close() error {
	_, err := w.w.Write(Encode(w.buf))
	return err
}

// Encode returns src as one DEFLATE stream.
func Encode(src []byte) []byte {
	n := max(1, (len(src)+segmentSize-1)/segmentSize)
	segments := make([][]block, n)
	var wg sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		limit <- struct{}{}
		wg.Go(func() {
			segments[i] = segment(src, i*segmentSize, min((i+1)*segmentSize, len(src)))
			<-limit
		})
	}
	wg.Wait()
	var w bitWriter
	for i, blocks := range segments {
		for j, b := range blocks {
			w.block(b, src, i == n-1 && j == len(blocks)-1)
		}
	}
	return w.finish()
}

// A token is a literal or a match: length << 16 | distance - 1, with length 1 for a literal.
type token uint32

func (t token) length() int   { return int(t >> 16) }
func (t token) distance() int { return int(t&0xffff) + 1 }

// A block is a run of tokens that share their codes, and the part of the input that they stand for.
type block struct {
	start, end int // in src
	tokens     []token
	freq       histogram
}

func newBlock(src []byte, start int, tokens []token) block {
	b := block{start: start, tokens: tokens}
	pos := start
	for _, t := range tokens {
		b.freq.add(src[pos], t)
		pos += t.length()
	}
	b.end = pos
	b.freq.lit[endOfBlock]++
	return b
}

// segment finds the blocks of src[start:end].
func segment(src []byte, start, end int) []block {
	if start == end {
		return []block{newBlock(src, start, nil)}
	}
	m := findMatches(src, start, end)
	p := newParser(src, m)

	// Two parses of the whole, to know where its statistics change.
	prices := firstPrices()
	var whole block
	for range 2 {
		whole = newBlock(src, start, p.parse(start, end, prices))
		prices = whole.freq.prices()
	}
	blocks := cut(src, []block{whole})
	for i, b := range blocks {
		blocks[i] = p.improve(b)
	}
	return cut(src, blocks)
}

// improve parses a block with its own prices, again and again, and keeps the best.
func (p *parser) improve(b block) block {
	best, bestBits := b, b.freq.bits()
	prices := b.freq.prices()
	for range parses {
		c := newBlock(p.src, b.start, p.parse(b.start, b.end, prices))
		if bits := c.freq.bits(); bits < bestBits {
			best, bestBits = c, bits
		}
		prices = c.freq.prices()
	}
	return best
}

// cut takes the blocks' tokens in small units and joins neighbours as long as that saves bits.
func cut(src []byte, blocks []block) []block {
	type piece struct {
		block
		bits   int // of this piece
		joined int // of this piece and the next in one
	}
	var pieces []piece
	for _, b := range blocks {
		pos := b.start
		for i := 0; i < len(b.tokens); i += unitSize {
			u := newBlock(src, pos, b.tokens[i:min(i+unitSize, len(b.tokens))])
			pos = u.end
			pieces = append(pieces, piece{block: u, bits: u.freq.bits()})
		}
	}
	join := func(i int) int {
		if i+1 >= len(pieces) {
			return 0
		}
		f := pieces[i].freq
		f.join(&pieces[i+1].freq)
		return f.bits()
	}
	for i := range pieces {
		pieces[i].joined = join(i)
	}
	for len(pieces) > 1 {
		best, saved := -1, 0
		for i := range len(pieces) - 1 {
			if s := pieces[i].bits + pieces[i+1].bits - pieces[i].joined; best < 0 || s > saved {
				best, saved = i, s
			}
		}
		if saved < 0 {
			break
		}
		a, b := &pieces[best], &pieces[best+1]
		a.freq.join(&b.freq)
		// A copy: units may share their array with what follows.
		a.tokens = append(a.tokens[:len(a.tokens):len(a.tokens)], b.tokens...)
		a.end, a.bits = b.end, a.joined
		pieces = append(pieces[:best+1], pieces[best+2:]...)
		pieces[best].joined = join(best)
		if best > 0 {
			pieces[best-1].joined = join(best - 1)
		}
	}
	out := make([]block, len(pieces))
	for i, p := range pieces {
		out[i] = p.block
	}
	return out
}

// A bitWriter packs bits from the least significant one up (section 3.1.1).
type bitWriter struct {
	out  []byte
	acc  uint64
	have uint
}

func (w *bitWriter) bits(v uint32, n uint) {
	w.acc |= uint64(v) << w.have
	w.have += n
	for w.have >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.have -= 8
	}
}

func (w *bitWriter) finish() []byte {
	if w.have > 0 {
		w.bits(0, 8-w.have)
	}
	return w.out
}

// block writes b in the smallest of the three ways (section 3.2.3).
func (w *bitWriter) block(b block, src []byte, final bool) {
	last := uint32(0)
	if final {
		last = 1
	}
	raw := src[b.start:b.end]
	stored := 8*len(raw) + 40*(len(raw)/0xffff+1) // with up to 7 bits of padding a piece
	d := b.freq.codes()
	dynamic := 3 + d.header.size() + b.freq.cost(d.lit[:], d.dist[:])
	fixed := 3 + b.freq.cost(fixedLit[:], fixedDist[:])
	switch {
	case stored <= min(dynamic, fixed):
		for {
			n := min(len(raw), 0xffff)
			end := uint32(0)
			if n == len(raw) {
				end = last
			}
			w.bits(end, 1)
			w.bits(0, 2)
			if w.have > 0 {
				w.bits(0, 8-w.have)
			}
			w.bits(uint32(n), 16)
			w.bits(uint32(n)^0xffff, 16)
			w.out = append(w.out, raw[:n]...)
			if raw = raw[n:]; len(raw) == 0 {
				return
			}
		}
	case fixed <= dynamic:
		w.bits(last, 1)
		w.bits(1, 2)
		w.tokens(b, src, fixedLit[:], fixedDist[:])
	default:
		w.bits(last, 1)
		w.bits(2, 2)
		d.header.write(w)
		w.tokens(b, src, d.lit[:], d.dist[:])
	}
}

func (w *bitWriter) tokens(b block, src []byte, lit, dist []uint8) {
	litCode, distCode := assign(lit), assign(dist)
	pos := b.start
	for _, t := range b.tokens {
		n := t.length()
		if n == 1 {
			c := src[pos]
			w.bits(uint32(litCode[c]), uint(lit[c]))
			pos++
			continue
		}
		s := lengthSymbol[n]
		w.bits(uint32(litCode[257+int(s.symbol)]), uint(lit[257+int(s.symbol)]))
		w.bits(uint32(n)-uint32(s.base), uint(s.extra))
		d := distanceOf(t.distance())
		w.bits(uint32(distCode[d.symbol]), uint(dist[d.symbol]))
		w.bits(uint32(t.distance())-uint32(d.base), uint(d.extra))
		pos += n
	}
	w.bits(uint32(litCode[endOfBlock]), uint(lit[endOfBlock]))
}
