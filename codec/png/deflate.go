package png

// This file implements compression: deflate, RFC 1951, in a zlib wrapper, RFC 1950. Most data is
// parsed once, by hash chains and a look ahead (quick.go). Data that is compressed once and fetched
// often, and small data, is parsed by comparing every way to encode a stretch of bytes
// (patient.go). Blocks and codes are the same for both (block.go, huffman.go). All arithmetic is in
// integers.

import (
	"cmp"
	"encoding/binary"
	"math/bits"
)

// A search says how hard to search for matches.
type search struct {
	depth  int  // matches tried at each position
	nice   int  // a match this long is taken without looking further
	three  bool // look for matches of 3 bytes too
	unit   int  // number of symbols after which a new block is considered; 0: unitSize
	passes int  // passes of the patient parse, each with the costs that the one before it found; 0: the quick parse
}

const (
	hashBits  = 15
	hash3Bits = 12
	near      = 4 << 10 // a match of three bytes from farther away never pays
	minMatch  = 3
	maxMatch  = 258
)

// A deflater compresses one stream.
type deflater struct {
	b      []byte
	search search
	chains chains
	costs  costs
	blocks blockWriter
	best   *patient // of the patient parse
}

// deflate returns b as a zlib stream.
func deflate(b []byte, e search) []byte {
	out := append(make([]byte, 0, len(b)/3+64), 0x78, 0xda)
	out = appendDeflate(out, b, e)
	a := adler{1, 0}
	a.update(b)
	return binary.BigEndian.AppendUint32(out, a[1]<<16|a[0])
}

// AppendDeflate appends b to dst as a bare DEFLATE stream, as small as a patient search finds it:
// it is for data that is compressed once and fetched often.
func AppendDeflate(dst, b []byte) []byte { return appendDeflate(dst, b, searchPacked) }

// appendDeflate appends b to dst as a bare DEFLATE stream, searching as e says.
func appendDeflate(dst, b []byte, e search) []byte {
	d := &deflater{b: b, search: e, blocks: blockWriter{b: b, grain: cmp.Or(e.unit, unitSize), bitWriter: bitWriter{out: dst}}}
	d.chains.clear()
	d.costs.guess(b)
	if e.passes > 0 {
		d.patient()
	} else {
		d.quick()
	}
	return d.blocks.finish()
}

// lengthSymbol returns n's place in the table of section 3.2.5.
func lengthSymbol(n int) int {
	if n == maxMatch {
		return 28
	}
	n -= 3
	if n < 8 {
		return n
	}
	e := bits.Len(uint(n)) - 3
	return 4*e + n>>e
}

// distSymbol returns the symbol of distance n, 1 to 32768, in the table of section 3.2.5.
func distSymbol(n int) int {
	n--
	if n < 4 {
		return n
	}
	e := bits.Len(uint(n)) - 2
	return 2*e + n>>e
}

// costs are the bits, in sixteenths, that symbols are expected to take, extra bits included.
type costs struct {
	literal  [256]uint32
	length   [maxMatch + 1]uint32
	distance [30]uint32
}

const costOne = 16

// guess takes the literals' costs from the frequencies of the bytes. It assumes that a tenth of the
// symbols are matches, evenly spread over all lengths and distances.
func (c *costs) guess(b []byte) {
	var h histogram
	step := max(len(b)>>16, 1)
	for i := 0; i < len(b); i += step {
		h.lit[b[i]]++
	}
	for i := 257; i < 286; i++ {
		h.lit[i] = uint32(len(b)/step/300) + 1
	}
	for i := range h.dist {
		h.dist[i] = 1
	}
	c.set(&h)
}

// learn takes the costs from the symbols that were written. A symbol that did not occur may still
// occur.
func (c *costs) learn(h *histogram) {
	hoped := *h
	for i := range hoped.lit {
		hoped.lit[i] = 2*hoped.lit[i] + 1
	}
	for i := range hoped.dist {
		hoped.dist[i] = 2*hoped.dist[i] + 1
	}
	c.set(&hoped)
}

// set sets the costs from the entropy of the symbols that h counts.
func (c *costs) set(h *histogram) {
	price := func(n, sum uint32) uint32 {
		return min(max((log2(sum)-log2(max(n, 1)))*costOne>>logBits, costOne), maxBits*costOne)
	}
	sum := h.lit.sum()
	for i := range c.literal {
		c.literal[i] = price(h.lit[i], sum)
	}
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthSymbol(n)
		c.length[n] = price(h.lit[257+s], sum) + costOne*uint32(lengthExtra[s])
	}
	sum = h.dist.sum()
	for s := range c.distance {
		c.distance[s] = price(h.dist[s], sum) + costOne*uint32(distExtra[s])
	}
}

// A histogram counts the symbols of a block.
type histogram struct {
	lit  litCounts
	dist distCounts
	n    int // symbols
}

type (
	litCounts  [286]uint32
	distCounts [30]uint32
)

func (c *litCounts) sum() (n uint32) {
	for _, v := range c {
		n += v
	}
	return n
}

func (c *distCounts) sum() (n uint32) {
	for _, v := range c {
		n += v
	}
	return n
}

// addMatch counts the symbols of a match.
func (h *histogram) addMatch(length, distance int) {
	h.lit[257+lengthSymbol(length)]++
	h.dist[distSymbol(distance)]++
	h.n++
}

// merge adds the counts of o.
func (h *histogram) merge(o *histogram) {
	for i, v := range o.lit {
		h.lit[i] += v
	}
	for i, v := range o.dist {
		h.dist[i] += v
	}
	h.n += o.n
}

// bits estimates a block's size: the entropy of the symbols, about 4 bits for the code length of
// each symbol, and the header.
func (h *histogram) bits() int {
	return entropy(h.lit[:]) + entropy(h.dist[:]) + 100
}

// entropy returns the bits that the counted symbols take, with those for the lengths of their
// codes.
func entropy(counts []uint32) int {
	sum, all, used := uint32(0), uint64(0), 0
	for _, n := range counts {
		if n > 0 {
			sum += n
			all += uint64(n) * uint64(log2(n))
			used++
		}
	}
	if used == 0 {
		return 0
	}
	return int((uint64(sum)*uint64(log2(sum))-all)>>logBits) + 4*used
}

// logBits are the fractional bits of log2.
const logBits = 10

// log2 returns the logarithm of n >= 1, too small by up to 1/177.
func log2(n uint32) uint32 {
	l := uint32(bits.Len32(n) - 1)
	return l<<logBits + uint32(logFraction[n<<(31-l)>>23&0xff])
}

// logFraction holds log2(1 + i/256) with logBits fractional bits. The argument is squared
// repeatedly, and halved when it reaches 2; each step gives one bit of the logarithm.
var logFraction = func() (t [256]uint16) {
	for i := range t {
		x := uint64(256+i) << 22 // 30 fractional bits, in [1, 2)
		for range logBits {
			x = x * x >> 30
			t[i] <<= 1
			if x >= 2<<30 {
				x >>= 1
				t[i] |= 1
			}
		}
	}
	return t
}()
