package gif

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPackerWritesWhatItMay packs pixels that may be left out. The decoded indices are those in
// shown, and each is one that was allowed. Where all pixels may be left out, all are left out.
func TestPackerWritesWhatItMay(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	p, u := new(packer), new(unpacker)
	for round := range 60 {
		n := 1 + r.IntN(1<<(4+round%12))
		size := uint(2 + round%7)
		hole := uint8(r.IntN(1 << size))
		list := make([]pixel, n)
		run := pixel(0)
		for i := range list {
			if r.IntN(1+round%9) == 0 {
				run = pixel(r.IntN(1 << size))
			}
			list[i] = run
			if r.IntN(3) > 0 {
				list[i] |= mayHole
			}
		}
		packed := p.pack(nil, list, hole, size)
		shown := bytes.Clone(p.shown)
		got := make([]byte, n)
		if k, err := u.unpack(got, packed, size); err != nil || k != n {
			t.Fatalf("round %d: %v", round, err)
		}
		if !bytes.Equal(got, shown) {
			t.Fatalf("round %d: other indices than said", round)
		}
		for i, v := range got {
			if v != uint8(list[i]) && (list[i]&mayHole == 0 || v != hole) {
				t.Fatalf("round %d, pixel %d: %d was not allowed", round, i, v)
			}
		}
	}
	noise := make([]pixel, 20_000)
	for i := range noise {
		noise[i] = pixel(r.IntN(200)) | mayHole
	}
	if n := len(p.pack(nil, noise, 201, 8)); n > 400 {
		t.Errorf("%d bytes for a picture that may be left out", n)
	}
}
