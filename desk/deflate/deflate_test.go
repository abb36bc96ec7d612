package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func inflate(t testing.TB, data []byte) []byte {
	t.Helper()
	r := bytes.NewReader(data)
	out, err := io.ReadAll(flate.NewReader(r))
	if err != nil {
		t.Fatalf("compress/flate does not read it: %v", err)
	}
	if r.Len() != 0 {
		t.Fatalf("%d bytes after the last block", r.Len())
	}
	return out
}

func TestEveryInputComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	few := make([]byte, 100_000) // letters of uneven frequency: long codes
	for i := range few {
		few[i] = byte(coins(r))
	}
	inputs := map[string][]byte{
		"words and zeros": make([]byte, segmentSize+10), // two segments, at the same time
		"noise":           noise,
		"uneven":          few,
		"zeros":           make([]byte, 300_000),
		"words":           []byte(strings.Repeat("the quick brown fox ", 5000)),
		"far":             append(append(bytes.Clone(noise[:32768]), noise[:32768]...), noise[:40000]...), // distance 32768 and just over
		"segments":        bytes.Repeat(noise[:1000], 1200),
		"all bytes":       bytes.Repeat([]byte{0, 1, 2, 3, 250, 251, 252, 253, 254, 255}, 50),
		"258 and 259":     append(bytes.Repeat([]byte{7}, 260), bytes.Repeat([]byte{8}, 261)...),
	}
	for n := range 20 {
		inputs[fmt.Sprintf("first %d", n)] = []byte("abcabcabcabcabcabcabc")[:n]
	}
	for _, n := range []int{segmentSize - 1, segmentSize, segmentSize + 1, segmentSize + 2} {
		inputs[fmt.Sprintf("around a segment %d", n)] = bytes.Repeat([]byte("0123456789abcdef"), segmentSize/16+1)[:n]
	}
	for name, in := range inputs {
		if testing.Short() && len(in) > 100_000 && !strings.HasPrefix(name, "words") {
			continue // the race detector takes minutes over them
		}
		out := Encode(in)
		if !bytes.Equal(inflate(t, out), in) {
			t.Errorf("%s does not come back", name)
		}
		if limit := len(in) + 5*(len(in)/0xffff+2); len(out) > limit {
			t.Errorf("%s grew from %d to %d bytes", name, len(in), len(out))
		}
	}
}

// coins is how often a coin falls on the same side.
func coins(r *rand.Rand) int {
	n := 0
	for r.Uint32()&1 == 0 {
		n++
	}
	return n
}

func TestSmallerThanTheStandardLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("a megabyte takes its time")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Skip(err)
	}
	data = data[:min(len(data), 1<<20)]
	var std bytes.Buffer
	w, err := flate.NewWriter(&std, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	w.Close()
	var ours bytes.Buffer
	z := NewWriter(&ours)
	z.Write(data[:1000])
	z.Write(data[1000:])
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(inflate(t, ours.Bytes()), data) {
		t.Fatal("does not come back")
	}
	t.Logf("%d bytes of this test's binary: compress/flate %d, here %d (%.2f %%)", len(data), std.Len(), ours.Len(), 100*float64(ours.Len())/float64(std.Len())-100)
	if float64(ours.Len()) > 0.97*float64(std.Len()) {
		t.Errorf("%d bytes, compress/flate has %d", ours.Len(), std.Len())
	}
	if !bytes.Equal(Encode(data), ours.Bytes()) {
		t.Error("two runs differ")
	}
}

// A code is complete and no longer than allowed, and its cost is that of Huffman's where that is short enough.
func TestCodeLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 2 + r.IntN(285)
		freq := make([]uint32, n)
		shape := r.IntN(3)
		used := 0
		for i := range freq {
			switch shape {
			case 0:
				freq[i] = uint32(r.IntN(4))
			case 1:
				freq[i] = uint32(r.IntN(100000))
			default:
				freq[i] = uint32(1) << min(r.IntN(30), i)
			}
			if freq[i] > 0 {
				used++
			}
		}
		if used < 2 {
			continue
		}
		limit := 15
		out := make([]uint8, n)
		lengths(out, freq, limit)
		kraft, cost := 0.0, uint64(0)
		for i, l := range out {
			if (l > 0) != (freq[i] > 0) || int(l) > limit {
				t.Fatalf("symbol %d of frequency %d has length %d", i, freq[i], l)
			}
			if l > 0 {
				kraft += math.Pow(2, -float64(l))
			}
			cost += uint64(l) * uint64(freq[i])
		}
		if kraft != 1 {
			t.Fatalf("the code fills %v of the space", kraft)
		}
		want, depth := huffman(freq)
		if depth <= limit && cost != want || cost < want {
			t.Fatalf("cost %d, Huffman's is %d at depth %d", cost, want, depth)
		}
	}
}

// huffman is the cost and the depth of Huffman's own code, found by joining the two rarest again and again.
func huffman(freq []uint32) (cost uint64, depth int) {
	type node struct {
		weight uint64
		depth  int
	}
	var nodes []node
	for _, f := range freq {
		if f > 0 {
			nodes = append(nodes, node{uint64(f), 0})
		}
	}
	take := func() node {
		best := 0
		for i, n := range nodes {
			if n.weight < nodes[best].weight || n.weight == nodes[best].weight && n.depth < nodes[best].depth {
				best = i
			}
		}
		n := nodes[best]
		nodes = append(nodes[:best], nodes[best+1:]...)
		return n
	}
	for len(nodes) > 1 {
		a, b := take(), take()
		cost += a.weight + b.weight
		nodes = append(nodes, node{a.weight + b.weight, 1 + max(a.depth, b.depth)})
	}
	return cost, nodes[0].depth
}

func TestLogarithm(t *testing.T) {
	for v := uint32(1); v < 1<<31; v += v/7 + 1 {
		want := math.Log2(float64(v)) * unit
		if got := float64(log2(v)); got > want+1e-6 || got < want-1.001 {
			t.Errorf("log2(%d) is %v units, want %v", v, got, want)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("abcabcabc"), uint16(3))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, times uint16) {
		in := bytes.Repeat(data, min(int(times), 50000/max(len(data), 1)))
		if !bytes.Equal(inflate(t, Encode(in)), in) {
			t.Error("does not come back")
		}
	})
}
