package jpeg

import (
	"math/rand"
	"testing"
)

// distributions of symbols: few, many, equal, steep enough for codes of far more
// than 16 bits.
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

// huffmanCost is the bits that an unlimited Huffman code takes, by the
// definition: the sum of the weights of all joined nodes. A symbol of weight 1
// stands for the code of all ones. longest is its longest code, at worst.
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

		// Every symbol that occurs has a code of 1 to 16 bits, and no other has;
		// no code is the beginning of another, or all ones.
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
