package png

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"
)

func searches() []search {
	return []search{searchTry, searchPhoto, searchNoise, searchDrawing, searchSmall, searchPatient, searchPacked}
}

func inflateStandard(t *testing.T, z []byte) []byte {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compress/zlib has to restore the input of deflate: empty data, noise, runs, and data over several
// chunks.
func TestDeflateIsUndoneByStandard(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	inputs := [][]byte{nil, {0}, {1, 2}, []byte("abcabcabcabc"), make([]byte, 100), make([]byte, 300000), bytes.Repeat([]byte("0123456"), 40000)}
	for range 12 {
		b := make([]byte, r.IntN(2*chunkSize+2000))
		spread := 1 + r.IntN(60)
		for i := range b {
			if d := 1 + r.IntN(40000); i >= d && r.IntN(3) == 0 {
				b[i] = b[i-d]
			} else {
				b[i] = byte(r.NormFloat64() * float64(spread))
			}
		}
		inputs = append(inputs, b)
	}
	// Runs copied from exactly the window's length away, and a byte more.
	far := make([]byte, 3*windowSize)
	for i := range far {
		far[i] = byte(r.Uint32())
	}
	copy(far[windowSize:], far[:500])
	copy(far[windowSize+1000:], far[999:1500])
	inputs = append(inputs, far)
	for i, b := range inputs {
		for _, e := range searches() {
			z := deflate(b, e)
			if got := inflateStandard(t, z); !bytes.Equal(got, b) {
				t.Fatalf("input %d of %d bytes, search %+v: %d bytes back", i, len(b), e, len(got))
			}
			if got, err := inflateAll(z, len(z), 1); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("input %d, own inflate: %v", i, err)
			}
		}
	}
}

func TestPrefixCodesKeepTheLimit(t *testing.T) {
	fibonacci := make([]uint32, 40) // the counts that make the deepest trees
	a, b := uint32(1), uint32(1)
	for i := range fibonacci {
		fibonacci[i] = a
		a, b = b, a+b
	}
	for _, c := range []struct {
		counts []uint32
		limit  int
	}{{fibonacci, 15}, {fibonacci[:19], 7}, {make([]uint32, 30), 15}, {[]uint32{0, 0, 5}, 15}, {[]uint32{3, 3, 3, 3}, 15}} {
		var p prefixCode
		p.build(c.counts, c.limit)
		room, used := 1<<c.limit, 0
		for s, l := range p.length {
			if l > 0 {
				used++
				room -= 1 << (c.limit - int(l))
			}
			if int(l) > c.limit || s < len(c.counts) && c.counts[s] > 0 && l == 0 {
				t.Errorf("symbol %d has %d bits", s, l)
			}
		}
		if room != 0 || used < 2 {
			t.Errorf("%d codes leave %d of the room", used, room)
		}
	}
}

func TestLengthAndDistanceSymbols(t *testing.T) {
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthIndex(n)
		if x := n - int(lengthBase[s]); x < 0 || x >= 1<<lengthExtra[s] || n == maxMatch && s != 28 {
			t.Errorf("length %d: symbol %d", n, s)
		}
	}
	for n := 1; n <= windowSize; n++ {
		s := distSymbol(n)
		if x := n - int(distBase[s]); x < 0 || x >= 1<<distExtra[s] {
			t.Errorf("distance %d: symbol %d", n, s)
		}
	}
}

func FuzzDeflate(f *testing.F) {
	f.Add([]byte("abcabcabcabcabd"), uint8(1))
	f.Add(make([]byte, 1000), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, e uint8) {
		if got := inflateStandard(t, deflate(b, searches()[int(e)%len(searches())])); !bytes.Equal(got, b) {
			t.Fatalf("%d bytes back", len(got))
		}
	})
}
