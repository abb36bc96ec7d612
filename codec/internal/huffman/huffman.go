// Package huffman builds Huffman trees. The packages that use it limit the depth of leaves
// afterwards, each by its own method.
//
//	var t huffman.Tree
//	depths := t.Depths(weights) // of the leaves, in the order of the weights
package huffman

import "miniatura/codec/internal/num"

// A Tree is the memory for building trees. It can be used again. Its nodes are the leaves, in the
// order of the weights, and then the inner nodes, in the order in which they are made.
type Tree struct {
	weight []uint64 // by node
	parent []uint16 // by node
	depth  []uint8  // by node
}

// Depths returns how deep each leaf lies in a Huffman tree of the weights. There must be 2 to 32768
// weights, in ascending order. Among equal weights a leaf comes before an inner node, and an
// earlier node before a later one, so that the result is the same everywhere. The result is valid
// until the next call.
//
// The leaves and the inner nodes are two queues, each in order of weight. The lightest node of all
// is therefore at the head of one of the queues (J. van Leeuwen, "On the construction of Huffman
// trees", 1976).
func (t *Tree) Depths(weights []uint64) []uint8 {
	n := len(weights)
	t.weight = append(t.weight[:0], weights...)
	t.parent = num.Grow(t.parent, 2*n)
	t.depth = num.Grow(t.depth, 2*n)
	leaf, inner := 0, n // the heads of the queues
	for len(t.weight) < 2*n-1 {
		// Join the two lightest nodes to a new one.
		sum := uint64(0)
		for range 2 {
			lightest := inner
			noInner := inner == len(t.weight)
			if leaf < n && (noInner || t.weight[leaf] <= t.weight[inner]) {
				lightest = leaf
				leaf++
			} else {
				inner++
			}
			sum += t.weight[lightest]
			t.parent[lightest] = uint16(len(t.weight))
		}
		t.weight = append(t.weight, sum)
	}
	// The last node is the root. All parents come after their children.
	t.depth[len(t.weight)-1] = 0
	for i := len(t.weight) - 2; i >= 0; i-- {
		t.depth[i] = t.depth[t.parent[i]] + 1
	}
	return t.depth[:n]
}
