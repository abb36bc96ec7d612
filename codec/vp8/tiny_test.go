package vp8

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tinyPictures yields the frames of pictures of every size from 1x1 to 40x40 (every seventh size
// unless the long tests run), of one color and of noise, at five qualities.
func tinyPictures(t testing.TB, yield func(name string, w, h int, frame []byte)) {
	var e Encoder
	step := 7
	if long {
		step = 1
	}
	for i := 0; i < 40*40; i += step {
		w, h := i%40+1, i/40+1
		black := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
		for i := range black.Cb {
			black.Cb[i], black.Cr[i] = 128, 128
		}
		for kind, m := range []*image.YCbCr{black, noise(w, h, uint64(i), 0, 255), noise(w, h, uint64(i), 90, 99)} {
			for _, q := range []int{0, 40, 75, 80, 100} {
				for _, effort := range []Effort{DefaultEffort, HighEffort} {
					frame, err := e.Encode(nil, m, Options{Quality: q, Effort: effort})
					if err != nil {
						t.Fatal(err)
					}
					yield(fmt.Sprintf("%dx%d of kind %d at quality %d, effort %d", w, h, kind, q, effort), w, h, frame)
				}
			}
		}
	}
	// Each of these pictures has one color. The header is the smallest, and the color changes where
	// it ends.
	for v := range 64 {
		c := color.NRGBA{uint8(v * 37), uint8(v * 101), uint8(v * 59), 255}
		m := image.NewNRGBA(image.Rect(0, 0, 1+v%16, 1+v/4))
		for i := 0; i < len(m.Pix); i += 4 {
			copy(m.Pix[i:], []byte{c.R, c.G, c.B, c.A})
		}
		frame, err := e.EncodeNRGBA(nil, m, Options{Quality: 80})
		if err != nil {
			t.Fatal(err)
		}
		yield(fmt.Sprint("all of ", c), m.Rect.Dx(), m.Rect.Dy(), frame)
	}
}

// A boolReader is the decoder of RFC 6386 section 7.3. It takes a byte only when it needs it, and
// records when it needs a byte that is not there.
type boolReader struct {
	data  []byte
	taken int
	value uint32 // of 8 bits and what follows
	rng   uint32
	bits  int // below the 8 that are compared
	over  bool
}

func newBoolReader(data []byte) *boolReader {
	r := &boolReader{data: data, rng: 255, bits: -8}
	return r
}

func (r *boolReader) bit(prob uint32) bool {
	for r.bits < 0 {
		r.value <<= 8
		r.bits += 8
		if r.taken < len(r.data) {
			r.value |= uint32(r.data[r.taken])
			r.taken++
		} else {
			r.over = true
		}
	}
	split := 1 + (r.rng-1)*prob>>8
	set := r.value>>uint(r.bits) >= split
	if set {
		r.value -= split << uint(r.bits)
		r.rng -= split
	} else {
		r.rng = split
	}
	for r.rng < 128 {
		r.rng <<= 1
		r.bits--
	}
	return set
}

func (r *boolReader) uint(n int) (v uint32) {
	for range n {
		v <<= 1
		if r.bit(128) {
			v |= 1
		}
	}
	return v
}

func (r *boolReader) optional(n int) {
	if r.bit(128) {
		r.uint(n + 1)
	}
}

// header reads the frame header of a key frame, section 19.2.
func (r *boolReader) header() {
	r.uint(2)
	if r.bit(128) { // segments
		mapped := r.bit(128)
		if r.bit(128) {
			r.uint(1)
			for _, n := range []int{7, 7, 7, 7, 6, 6, 6, 6} {
				r.optional(n)
			}
		}
		for range 3 {
			if mapped && r.bit(128) {
				r.uint(8)
			}
		}
	}
	r.uint(1 + 6 + 3) // the loop filter
	enabled := r.bit(128)
	if updated := enabled && r.bit(128); updated {
		for range 8 {
			r.optional(6)
		}
	}
	r.uint(2 + 7) // partitions and quantizers
	for range 5 {
		r.optional(4)
	}
	r.uint(1)
	for i := range tokenProbUpdateProb {
		for j := range tokenProbUpdateProb[i] {
			for k := range tokenProbUpdateProb[i][j] {
				for _, p := range tokenProbUpdateProb[i][j][k] {
					if r.bit(uint32(p)) {
						r.uint(8)
					}
				}
			}
		}
	}
	if r.bit(128) { // skip flags
		r.uint(8)
	}
}

// Even in the smallest pictures, the header leaves one byte of the first partition unread, and the
// token partition has at least one byte: libwebp's incremental decoder refuses anything shorter. No
// decoder has to read past the end of a partition, which x/image reports as an error.
func TestEveryPartitionHasABytePastItsHeader(t *testing.T) {
	n, padded := 0, 0
	tinyPictures(t, func(name string, w, h int, frame []byte) {
		n++
		size := int(binary.LittleEndian.Uint32(frame)>>5) & (1<<19 - 1)
		r := newBoolReader(frame[frameTagSize:][:size])
		r.header()
		switch {
		case r.over:
			t.Errorf("%s: the header is longer than its partition of %d bytes", name, size)
		case r.taken >= size:
			t.Errorf("%s: the header takes all %d bytes of its partition", name, size)
		case r.taken == size-1:
			padded++
		}
		if len(frame) <= frameTagSize+size {
			t.Errorf("%s: no byte of tokens", name)
		}
		if m, err := decode(frame); err != nil || m.Rect.Dx() != w || m.Rect.Dy() != h {
			t.Errorf("%s: %v", name, err)
		}
	})
	if padded == 0 {
		t.Error("no header ends a byte before its partition: this test tests nothing")
	}
	t.Logf("%d frames, %d of them with one byte past the header", n, padded)
}

// libwebp decodes every tiny picture to the same samples when it gets the whole file and when it
// gets it in pieces.
func TestTinyPicturesDecodeIncrementally(t *testing.T) {
	exe, err := exec.LookPath("dwebp")
	if err != nil {
		t.Skip("dwebp is not installed")
	}
	dir, seen, at := t.TempDir(), map[string]bool{}, 0
	file := filepath.Join(dir, "a.webp")
	tinyPictures(t, func(name string, w, h int, frame []byte) {
		at++
		if seen[string(frame)] || !long && (w > 16 || h > 16) && at%40 != 0 || long && (w > 16 || h > 16) && at%4 != 0 {
			return
		}
		seen[string(frame)] = true
		if err := os.WriteFile(file, riff(frame), 0o600); err != nil {
			t.Fatal(err)
		}
		var pix [2][]byte
		for i, args := range [][]string{{file, "-quiet", "-pam", "-o", "-"}, {file, "-quiet", "-incremental", "-pam", "-o", "-"}} {
			if pix[i], err = exec.Command(exe, args...).Output(); err != nil {
				t.Errorf("%s: dwebp %v: %v", name, args[1:], err)
			}
		}
		if len(pix[0]) < 4*w*h || !bytes.Equal(pix[0], pix[1]) {
			t.Errorf("%s: %d bytes at once, %d piece by piece, or others", name, len(pix[0]), len(pix[1]))
		}
	})
	t.Logf("%d frames", len(seen))
}
