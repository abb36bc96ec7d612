package jpeg

import (
	"math/rand"
	"testing"
)

// distributions returns counts of symbols. Some have few symbols, many, or equal ones; some are so
// steep that codes would be far longer than 16 bits.
func distributions() []*[256]uint32 {
	r := rand.New(rand.NewSource(1))
	var all []*[256]uint32
	one, two, flat, steep := new([256]uint32), new([256]uint32), new([256]uint32), new([256]uint32)
	one[7] = 5
	two[0], two[255] = 1, 1<<31
	a, b := uint32(1), uint32(1)
	for i := range flat {
		flat[i] = 3
		if i < 45 {
			steep[i] = a
			a, b = b, a+b
		}
	}
	all = append(all, new([256]uint32), one, two, flat, steep)
	for range 300 {
		f := new([256]uint32)
		for range 1 + r.Intn(256) {
			f[r.Intn(256)] = uint32(1) << r.Intn(1+r.Intn(28))
		}
		all = append(all, f)
	}
	return all
}

// huffmanCost returns the bits that a Huffman code of unlimited length takes, by the definition:
// the sum of the weights of all joined nodes. A symbol of weight 1 stands for the code of all ones.
// longest is the length of the longest code that can occur.
func huffmanCost(freq *[256]uint32) (cost uint64, longest int) {
	type node struct {
		weight uint64
		depth  int
	}
	nodes := []node{{1, 0}}
	for _, f := range freq {
		if f > 0 {
			nodes = append(nodes, node{uint64(f), 0})
		}
	}
	take := func() node {
		best := 0
		for i, n := range nodes {
			if n.weight < nodes[best].weight {
				best = i
			}
		}
		n := nodes[best]
		nodes = append(nodes[:best], nodes[best+1:]...)
		return n
	}
	for len(nodes) > 1 {
		a, b := take(), take()
		n := node{a.weight + b.weight, max(a.depth, b.depth) + 1}
		cost += n.weight
		nodes = append(nodes, n)
	}
	return cost, nodes[0].depth
}

func TestFittedTablesAreHuffmanCodes(t *testing.T) {
	limited := 0
	for i, freq := range distributions() {
		var h huffmanSpec
		h.fit(freq)
		var c codes
		h.put(&c, tableAC)

		// Every symbol that occurs has a code of 1 to 16 bits, and no other symbol has a code. No
		// code is the beginning of another, and no code is all ones.
		var cost, kraft uint64
		used := map[[2]uint32]bool{}
		for s, f := range freq {
			e := c[tableAC<<8|s]
			length, code := e&31, e>>8
			if (f > 0) != (length > 0) || length > 16 {
				t.Fatalf("distribution %d: symbol %d occurs %d times and has %d bits", i, s, f, length)
			}
			if length == 0 {
				continue
			}
			if code == 1<<length-1 {
				t.Fatalf("distribution %d: symbol %d has the code of all ones", i, s)
			}
			cost += uint64(f) * uint64(length)
			kraft += 1 << (16 - length)
			used[[2]uint32{length, code}] = true
		}
		for k := range used {
			for l, code := k[0]-1, k[1]>>1; l > 0; l, code = l-1, code>>1 {
				if used[[2]uint32{l, code}] {
					t.Fatalf("distribution %d: a code begins with another", i)
				}
			}
		}
		if kraft >= 1<<16 {
			t.Fatalf("distribution %d: more codes than there are", i)
		}

		best, longest := huffmanCost(freq)
		// The reserved symbol's share of the cost is its length, 16 at most.
		if longest <= 16 && (cost > best || cost+16 < best) {
			t.Errorf("distribution %d: %d bits where %d are enough", i, cost, best)
		}
		if longest > 16 {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("only %d distributions needed the limit of 16 bits", limited)
	}
}

// tableBits returns the bits of a table for the sum of sets of symbols: those of the table in its
// segment, and those of the symbols' codes.
func tableBits(sets ...*[256]uint32) (n uint64) {
	var both [256]uint32
	for _, freq := range sets {
		for s, f := range freq {
			both[s] += f
		}
	}
	var h huffmanSpec
	h.fit(&both)
	var c codes
	h.put(&c, 0)
	n = 8 * 17
	for s, f := range both {
		if f > 0 {
			n += 8 + uint64(f)*uint64(c[s]&31)
		}
	}
	return n
}

// codeBits returns the bits that symbols take with a table of w. The table must have codes for all
// of them.
func codeBits(t *testing.T, w *writer, table int, freq *[256]uint32) (n uint64) {
	for s, f := range freq {
		if f > 0 && w.codes[table<<8|s]&31 == 0 {
			t.Fatalf("no code for symbol %d of table %d", s, table)
		}
		n += uint64(f) * uint64(w.codes[table<<8|s]&31)
	}
	return n
}

// smaller returns one distribution for each table. The larger i%11 is, the smaller the counts are.
func smaller(i int) (freq frequencies) {
	all := distributions()
	for table := range freq {
		freq[table] = *all[(i+table)%len(all)]
		for s := range freq[table] {
			freq[table][s] >>= i % 11
		}
	}
	return freq
}

// Chroma has tables of its own where that takes fewer bytes, and luma's tables elsewhere. No
// picture takes more bytes than it would with the other choice, and both choices occur.
func TestTablesAreSharedWhereThatIsSmaller(t *testing.T) {
	seen := map[[2]bool]int{}
	for i := range distributions() {
		freq := smaller(i)
		w := new(writer)
		got := uint64(8 * (len(w.appendTables(nil, &freq)) - 4))
		want := uint64(0)
		var shared [2]bool
		for class := range shared {
			shared[class] = w.places[class+2] == 0
			got += codeBits(t, w, class, &freq[class]) + codeBits(t, w, class+2, &freq[class+2])
			want += min(tableBits(&freq[class])+tableBits(&freq[class+2]), tableBits(&freq[class], &freq[class+2]))
		}
		if got != want {
			t.Errorf("distribution %d: %d bits, want %d (shared %v)", i, got, want, shared)
		}
		seen[shared]++
	}
	if len(seen) < 3 {
		t.Errorf("of all ways to share, only %v were taken", seen)
	}
}

// Similar scans of a progressive frame share tables where that is smaller: the DC coefficients of
// luma and chroma do, and the AC coefficients of Cr and Cb.
func TestScansShareTablesWhereThatIsSmaller(t *testing.T) {
	seen := map[bool]int{}
	for i := range distributions() {
		for _, script := range [][]writerScan{
			{{}, {first: 1, last: 2}},
			{{first: 2, last: 2, from: 1, to: 63}, {first: 1, last: 1, from: 1, to: 63}},
		} {
			w := new(writer)
			w.comps = []writerComponent{{id: 1}, {id: 2, tables: 1}, {id: 3, tables: 1}}
			w.scans = script
			freq := smaller(i)
			var sets [2]*[256]uint32
			for j := range w.scans {
				w.scans[j].freq[w.tableOf(&w.scans[j])] = freq[j]
				sets[j] = &freq[j]
			}
			if *sets[0] == ([256]uint32{}) || *sets[1] == ([256]uint32{}) {
				continue // every scan has symbols
			}
			b, shared := w.appendTable(nil, 0)
			got := uint64(8*len(b)) + codeBits(t, w, w.tableOf(&w.scans[0]), sets[0])
			last := w.appendSOS(nil, &w.scans[0])[6]
			if !shared {
				b, _ = w.appendTable(nil, 1)
				got += uint64(8 * len(b))
			} else if next := w.appendSOS(nil, &w.scans[1])[6]; next != last {
				t.Errorf("distribution %d: tables %x and %x are not one", i, last, next)
			}
			got += codeBits(t, w, w.tableOf(&w.scans[1]), sets[1])
			want := min(8*8+tableBits(sets[0])+tableBits(sets[1]), 8*4+tableBits(sets[0], sets[1]))
			if got != want {
				t.Errorf("distribution %d: %d bits, want %d (shared %v)", i, got, want, shared)
			}
			seen[shared]++
		}
	}
	if len(seen) < 2 {
		t.Errorf("of both ways, only %v was taken", seen)
	}
}

func TestTokensBecomeBits(t *testing.T) {
	var c codes
	c[tableDC<<8|3] = 0b10<<8 | 2
	c[tableAC<<8|0x41] = 0xFFFE<<8 | 16
	tokens := []token{
		3<<tokenSize | tableDC<<tokenTable | 3<<tokenSymbol | 0b101, // 10 101
		1<<tokenSize | tableAC<<tokenTable | 0x41<<tokenSymbol,      // 1111111111111110 0
	}
	// 10101111 11111111 111100 and two ones; the FF is stuffed.
	got := appendTokens([]byte{1}, tokens, &c)
	want := []byte{1, 0b10101111, 0xFF, 0, 0b11110011}
	if string(got) != string(want) {
		t.Errorf("got %08b, want %08b", got, want)
	}
	// The padding can be an FF as well.
	c[tableDC<<8] = 0b11111<<8 | 5
	if got := appendTokens(nil, []token{0}, &c); string(got) != "\xff\x00" {
		t.Errorf("got % x", got)
	}
}
