package jpeg

import (
	"bytes"
	"context"
	"hash/crc32"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"miniatura/internal/outside"
)

// addSeeds adds small pictures of all available kinds to a fuzz target.
func addSeeds(f *testing.F) {
	src := picture(f, 24, 17)
	f.Add(src, uint8(8))
	for i, odd := range oddJPEGs(f) {
		f.Add(odd, uint8(8*i))
	}
	if _, err := exec.LookPath("jpegtran"); err == nil {
		for i, args := range [][]string{{"-progressive"}, {"-restart", "2B"}, {"-progressive", "-restart", "3B"}, {"-grayscale"}, {"-arithmetic"}} {
			f.Add(tool(f, "jpegtran", src, args...), uint8(i))
		}
	}
	small, _ := filepath.Glob(filepath.Join(outside.Root(), "corpus/hostile/fuzz-jpeg/*"))
	for i, p := range small {
		if b := readFile(f, p); len(b) < 8<<10 {
			f.Add(b, uint8(i))
		}
	}
}

// For any bytes, the reader does not panic and uses no more memory than PeakBytes says. If there is
// no error, bands are in order and complete, and all sets of kernels give the same samples.
func FuzzDecode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte, k uint8) {
		d, err := NewReader(src)
		if err != nil {
			return
		}
		if len(d.ICC) > len(src) {
			t.Fatal("an ICC profile larger than the file")
		}
		if d.Width*d.Height > 1<<21 {
			return
		}
		n := [4]int{int(k)%8 + 1, int(k>>3)%8 + 1, int(k>>3)%8 + 1, int(k)%8 + 1}
		d.MaxBytes = 8 << 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		sum, err := checksum(d, n)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(min(d.PeakBytes(n), d.MaxBytes))+256<<10 {
			t.Fatalf("%d bytes allocated, PeakBytes is %d", used, d.PeakBytes(n))
		}
		generic(func() {
			again, errAgain := checksum(d, n)
			if again != sum || (err == nil) != (errAgain == nil) {
				t.Fatalf("AVX2: %08x, %v; generic: %08x, %v", sum, err, again, errAgain)
			}
		})
	})
}

// checksum decodes a picture and returns the sum of its samples, in the order in which they come.
// It panics when bands are out of order, and when they do not make whole planes.
func checksum(d *Reader, n [4]int) (sum uint32, err error) {
	var next [4]int
	err = d.Decode(context.Background(), n, func(c, y int, rows []byte, stride, count int) error {
		if y != next[c] || count < 1 {
			panic("bands out of order")
		}
		next[c] += count
		w, _ := d.PlaneSize(c, n[c])
		for i := range count {
			sum = crc32.Update(sum, crc32.IEEETable, rows[i*stride:][:w])
		}
		return nil
	})
	for c := range d.Components {
		if _, h := d.PlaneSize(c, n[c]); err == nil && next[c] != h {
			panic("planes not whole")
		}
	}
	return sum, err
}

// For a picture with any one bit inverted, the reader returns an error, or whole planes with the
// bands in order. Otherwise checksum panics.
func TestFlippedBits(t *testing.T) {
	for _, src := range smallPictures(t) {
		step := 61
		if long() {
			step = 1
		}
		for bit := 0; bit < 8*len(src); bit += step {
			b := bytes.Clone(src)
			b[bit/8] ^= 1 << (bit % 8)
			d, err := NewReader(b)
			if err != nil || d.Width*d.Height > 1<<16 {
				continue
			}
			checksum(d, [4]int{bit%8 + 1, bit%7 + 1, bit%5 + 1, 1})
		}
	}
}
