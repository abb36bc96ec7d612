package png

// This file implements compression: deflate, RFC 1951, in a zlib wrapper, RFC 1950. To parse data
// is to divide it into literals and matches. Most data is parsed by the quick parse (quick.go).
// Small data, and data that is compressed once and fetched often, is parsed by the patient parse
// (patient.go). Blocks and codes are the same for both (block.go, huffman.go). All arithmetic is in
// integers.

import (
	"cmp"
	"encoding/binary"
	"math/bits"
)

// A search says how hard to search for matches.
type search struct {
	depth  int  // earlier positions tried for a match at each position
	nice   int  // a match of this length or more is taken without looking further
	three  bool // look for matches of 3 bytes too
	unit   int  // literals and matches after which a new block is considered; 0 means defaultUnit
	passes int  // runs of the patient parse, each with better costs; 0 means the quick parse
}

const (
	hashBits  = 15
	hash3Bits = 12
	minMatch  = 3
	maxMatch  = 258

	maxDistance3 = 4 << 10 // a match of 3 bytes from farther away hardly ever saves bits
	maxLiterals  = 1 << 13 // literals after which a sequence ends without a match
)

// A deflater compresses one stream.
type deflater struct {
	b      []byte
	search search
	chains chains
	costs  costs
	blocks blockWriter
	parse  *patientParse // nil in the quick parse
}

// deflate returns b as a zlib stream.
func deflate(b []byte, s search) []byte {
	out := make([]byte, 0, len(b)/3+64)
	out = append(out, 0x78, 0xda) // the zlib header
	out = appendDeflate(out, b, s)
	a := adler{1, 0}
	a.update(b)
	return binary.BigEndian.AppendUint32(out, a[1]<<16|a[0])
}

// AppendDeflate appends b to dst as a bare DEFLATE stream. It takes much time to save bytes, for
// data that is compressed once and fetched often.
func AppendDeflate(dst, b []byte) []byte { return appendDeflate(dst, b, searchPacked) }

// appendDeflate appends b to dst as a bare DEFLATE stream, searching as s says.
func appendDeflate(dst, b []byte, s search) []byte {
	d := &deflater{b: b, search: s}
	d.blocks = blockWriter{b: b, unitSize: cmp.Or(s.unit, defaultUnit), bitWriter: bitWriter{out: dst}}
	d.chains.clear()
	d.costs.guess(b)
	if s.passes > 0 {
		d.parsePatiently()
	} else {
		d.parseQuickly()
	}
	return d.blocks.finish()
}

// lengthIndex returns the index of match length n in lengthBase. The symbol of n is 257 more.
func lengthIndex(n int) int {
	if n == maxMatch {
		return 28
	}
	n -= minMatch
	if n < 8 {
		return n
	}
	e := bits.Len(uint(n)) - 3 // number of extra bits; it is the same for four symbols in a row
	return 4*e + (n >> e)
}

// distSymbol returns the symbol of distance n, 1 to 32768 (RFC 1951 section 3.2.5).
func distSymbol(n int) int {
	n--
	if n < 4 {
		return n
	}
	e := bits.Len(uint(n)) - 2 // number of extra bits; it is the same for two symbols in a row
	return 2*e + (n >> e)
}

// The type costs holds what symbols with their extra bits are expected to take, in sixteenths of a
// bit.
type costs struct {
	literal  [256]uint32
	length   [maxMatch + 1]uint32 // by match length
	distance [30]uint32           // by distance symbol
}

const costOne = 16 // the cost of a bit

// guess sets the costs before anything is parsed. It takes the frequencies of literals from the
// bytes. It assumes one match for about ten literals. All length symbols are equally frequent, and
// so are all distance symbols.
func (c *costs) guess(b []byte) {
	var h histogram
	step := max(len(b)>>16, 1)
	counted := len(b) / step // bytes, at most about 128k
	for i := 0; i < len(b); i += step {
		h.lit[b[i]]++
	}
	for i := 257; i < 286; i++ {
		h.lit[i] = uint32(counted/300) + 1 // the 29 length symbols: about a tenth of the bytes
	}
	for i := range h.dist {
		h.dist[i] = 1
	}
	c.set(&h)
}

// learn sets the costs by the symbols that h counts. It adds half an occurrence to each symbol,
// because a symbol that did not occur may still occur.
func (c *costs) learn(h *histogram) {
	doubled := *h
	for i := range doubled.lit {
		doubled.lit[i] = 2*doubled.lit[i] + 1
	}
	for i := range doubled.dist {
		doubled.dist[i] = 2*doubled.dist[i] + 1
	}
	c.set(&doubled)
}

// set sets the costs by the entropy of the symbols that h counts.
func (c *costs) set(h *histogram) {
	// price returns the cost of a symbol that occurs n times among sum symbols: log2(sum/n) bits,
	// but at least 1 bit and at most maxBits. For n = 0 the cost is that of n = 1.
	price := func(n, sum uint32) uint32 {
		information := log2(sum) - log2(max(n, 1)) // bits, times 1<<logBits
		cost := information * costOne >> logBits   // bits, times costOne
		return min(max(cost, costOne), maxBits*costOne)
	}
	lits, dists := h.lit.sum(), h.dist.sum()
	for i := range c.literal {
		c.literal[i] = price(h.lit[i], lits)
	}
	for n := minMatch; n <= maxMatch; n++ {
		i := lengthIndex(n)
		c.length[n] = price(h.lit[257+i], lits) + costOne*uint32(lengthExtra[i])
	}
	for s := range c.distance {
		c.distance[s] = price(h.dist[s], dists) + costOne*uint32(distExtra[s])
	}
}

// A histogram counts symbols.
type histogram struct {
	lit  litCounts  // literals and lengths
	dist distCounts // distances
	n    int        // how many literals and matches
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
	h.lit[257+lengthIndex(length)]++
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

// bits estimates the size in bits of a block with these symbols, without extra bits. 100 bits are
// for what the header has besides the code lengths.
func (h *histogram) bits() int {
	return entropy(h.lit[:]) + entropy(h.dist[:]) + 100
}

// entropy returns how many bits the counted symbols take: their entropy, and 4 bits to store the
// length of each code. The entropy of counts n1, n2, ... with the sum s is
//
//	s log2(s) - n1 log2(n1) - n2 log2(n2) - ...
func entropy(counts []uint32) int {
	sum := uint32(0)
	ownLogs := uint64(0) // the sum of all n log2(n)
	used := 0            // how many symbols occur
	for _, n := range counts {
		if n > 0 {
			sum += n
			ownLogs += uint64(n) * uint64(log2(n))
			used++
		}
	}
	if used == 0 {
		return 0
	}
	symbolBits := (uint64(sum)*uint64(log2(sum)) - ownLogs) >> logBits
	return int(symbolBits) + 4*used
}

// logBits is the number of fractional bits of log2.
const logBits = 10

// log2 returns the binary logarithm of n >= 1, with logBits fractional bits. It uses only the
// highest 9 bits of n, and is too small by up to 1/155.
func log2(n uint32) uint32 {
	whole := uint32(bits.Len32(n) - 1)
	highest := n << (31 - whole) >> 23 // 9 bits, the first of which is 1
	return whole<<logBits + uint32(logFraction[highest&0xff])
}

// logFraction[i] is log2(1 + i/256) with logBits fractional bits, rounded down. x is 1 + i/256. In
// each step x is squared, and halved if it is then 2 or more. The step gives one bit of the
// logarithm: 1 if x is halved.
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
