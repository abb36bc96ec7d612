package huffman

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The tree's code takes the least number of bits. The test computes it slowly: it joins the two
// lightest nodes again and again, and adds up the weights of the joined nodes.
func TestDepthsAreTheCheapest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var tree Tree
	for range 2000 {
		n := 2 + r.IntN(300)
		weights := make([]uint64, n)
		for i := range weights {
			weights[i] = uint64(r.IntN(1 << r.IntN(20)))
		}
		slices.Sort(weights)
		depth := tree.Depths(weights)
		kraft, bits := 0.0, uint64(0)
		for i, d := range depth {
			kraft += 1 / float64(uint64(1)<<d)
			bits += weights[i] * uint64(d)
		}
		if n < 50 && kraft != 1 {
			t.Fatalf("%d leaves: the code is not full: %v", n, kraft)
		}
		want, nodes := uint64(0), slices.Clone(weights)
		for len(nodes) > 1 {
			slices.Sort(nodes)
			sum := nodes[0] + nodes[1]
			want += sum
			nodes = append(nodes[2:], sum)
		}
		if bits != want {
			t.Fatalf("%d leaves: %d bits, %d will do", n, bits, want)
		}
		if !slices.IsSortedFunc(depth, func(a, b uint8) int { return int(b) - int(a) }) {
			t.Fatalf("%d leaves: a heavier one lies deeper", n)
		}
	}
}
