package jpeg

import (
	"bytes"
	"context"
	"hash/crc32"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
)

// A scaledPlane is a component at n/8.
type scaledPlane struct{ c, n int }

// checksums decodes d at all scales at once and returns the sum of each plane. It panics when bands
// are out of order, and when they do not make whole planes.
func checksums(d *Reader, scales [4]Scales) (map[scaledPlane]uint32, error) {
	sums, next := map[scaledPlane]uint32{}, map[scaledPlane]int{}
	err := d.DecodeAll(context.Background(), scales, func(c, n, y int, rows []byte, stride, count int) error {
		p := scaledPlane{c, n}
		if y != next[p] || count < 1 {
			panic("bands out of order")
		}
		next[p] += count
		w, _ := d.PlaneSize(c, n)
		for i := range count {
			sums[p] = crc32.Update(sums[p], crc32.IEEETable, rows[i*stride:][:w])
		}
		return nil
	})
	for c := range d.Components {
		for n := 1; n <= 8; n++ {
			if _, h := d.PlaneSize(c, n); err == nil && scales[c]>>n&1 != 0 && next[scaledPlane{c, n}] != h {
				panic("planes not whole")
			}
		}
	}
	return sums, err
}

// sameAsAlone decodes src at all scales together, and at each of them alone. If decoding them
// together succeeds, each of the others must succeed too, with the same planes. It reports whether
// decoding them together succeeded.
func sameAsAlone(t *testing.T, name string, src []byte, scales [4]Scales) (ok bool) {
	t.Helper()
	d, err := NewReader(src)
	if err != nil || d.Width*d.Height > 1<<25 {
		return false
	}
	all, err := checksums(d, scales)
	generic(func() {
		again, errAgain := checksums(d, scales)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%s: %v, generic: %v", name, err, errAgain)
		}
		for p, sum := range again {
			if err == nil && all[p] != sum {
				t.Errorf("%s: component %d at %d/8 is another in generic code", name, p.c, p.n)
			}
		}
	})
	failed := error(nil)
	for n := 1; n <= 8; n++ {
		one := [4]Scales{}
		for c := range d.Components {
			one[c] = 1 << n
			if scales[c]>>n&1 == 0 { // any other scale of the component
				one[c] = scales[c] & -scales[c]
			}
		}
		alone, errAlone := checksums(d, one)
		if errAlone != nil {
			failed = errAlone
			continue
		}
		for p, sum := range alone {
			if err == nil && all[p] != sum {
				t.Errorf("%s: component %d at %d/8 of %#x is not what it is alone", name, p.c, p.n, scales)
			}
		}
	}
	if err == nil && failed != nil {
		t.Errorf("%s: %#x are decoded together, but alone: %v", name, scales, failed)
	}
	return err == nil
}

// randomScales chooses one to eight scales of each component.
func randomScales(r *rand.Rand) (s [4]Scales) {
	for c := range s {
		s[c] = Scales(1+r.IntN(255)) << 1
		if r.IntN(3) == 0 { // few, and far apart
			first, second := 1+r.IntN(8), 1+r.IntN(8)
			s[c] = 1<<first | 1<<second
		}
	}
	return s
}

// When several scales are decoded at once, the planes are the same as when each is decoded alone.
// The sources are small pictures of every kind, and photos.
func TestScalesTogetherAreScalesAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 3))
	for name, src := range smallPictures(t) {
		for range 40 {
			if !sameAsAlone(t, name, src, randomScales(r)) {
				t.Errorf("%s: not decoded", name)
			}
		}
	}
	photos := []string{"flower.png.im_q85_asymmetric.jpg", "flower_small.cmyk.jpg", "flower.png.im_q85_gray.jpg", "flower.png.im_q85_420_progr.jpg"}
	for _, p := range corpusJPEGs(t, "photos") {
		for _, name := range photos {
			if filepath.Base(p) == name && !sameAsAlone(t, name, readFile(t, p), randomScales(r)) {
				t.Errorf("%s: not decoded", name)
			}
		}
	}
}

// A damaged picture (with a wrong bit anywhere, or without its end) that fails at one scale alone
// also fails when several scales are decoded together.
func TestDamageTogetherIsDamageAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 4))
	whole, failed := 0, 0
	count := func(ok bool) {
		if ok {
			whole++
		} else {
			failed++
		}
	}
	for name, src := range smallPictures(t) {
		step := 97
		if long() {
			step = 31
		}
		for bit := 0; bit < 8*len(src); bit += step {
			b := bytes.Clone(src)
			b[bit/8] ^= 1 << (bit % 8)
			if d, err := NewReader(b); err != nil || d.Width*d.Height > 1<<16 {
				continue
			}
			count(sameAsAlone(t, name, b, randomScales(r)))
			count(sameAsAlone(t, name, src[:bit/8], randomScales(r)))
		}
	}
	if whole < 100 || failed < 100 {
		t.Errorf("%d whole and %d damaged", whole, failed)
	}
}

func TestScalesAllocateWhatPeakBytesAllSays(t *testing.T) {
	for name, src := range smallPictures(t) {
		d, err := NewReader(src)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []Scales{1<<1 | 1<<8, 1<<3 | 1<<5, 0x1FE} {
			runtime.GC()
			runtime.GC() // the pool of workspaces is empty now
			scales := [4]Scales{s, s, s, s}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := d.DecodeAll(context.Background(), scales, func(c, n, y int, rows []byte, stride, count int) error { return nil })
			runtime.ReadMemStats(&after)
			if used, said := int64(after.TotalAlloc-before.TotalAlloc), d.PeakBytesAll(scales); err != nil || used > said+64<<10 {
				t.Errorf("%s at %#x: %d bytes, said %d; %v", name, s, used, said, err)
			}
			d.MaxBytes = d.PeakBytesAll(scales) - 1
			if err := d.DecodeAll(context.Background(), scales, nil); err == nil {
				t.Errorf("%s at %#x: no limit", name, s)
			}
			d.MaxBytes = DefaultMaxBytes
		}
		for _, s := range []Scales{0, 1, 1<<9 | 1<<8} {
			if err := d.DecodeAll(context.Background(), [4]Scales{s, s, s, s}, nil); err == nil {
				t.Errorf("%s: scales %#x", name, s)
			}
		}
	}
}
