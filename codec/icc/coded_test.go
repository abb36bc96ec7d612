package icc

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// The matrix of Display P3 is that of ICC profiles, and every white becomes D50.
func TestChromaticitiesToD50(t *testing.T) {
	p3, _ := CodedChromaticities(12)
	m, err := p3.toXYZ()
	if err != nil {
		t.Fatal(err)
	}
	// Apple's profile "Display P3", tags rXYZ, gXYZ and bXYZ.
	want := matrix{0.51512, 0.29198, 0.15710, 0.24120, 0.69225, 0.06657, -0.00105, 0.04189, 0.78407}
	for i := range m {
		if math.Abs(m[i]-want[i]) > 0.0002 {
			t.Errorf("%.5f, want %.5f", m[i], want[i])
		}
	}
	for code := range 256 {
		xy, ok := CodedChromaticities(byte(code))
		if !ok {
			continue
		}
		m, err := xy.toXYZ()
		if err != nil {
			t.Errorf("%d: %v", code, err)
		}
		for i, v := range m.apply([3]float64{1, 1, 1}) {
			if math.Abs(v-d50[i]) > 1e-9 {
				t.Errorf("%d: white is %v", code, m.apply([3]float64{1, 1, 1}))
			}
		}
	}
}

// Transfer functions take 0 to 0 and 1 to 1 and rise.
func TestCodedTransfers(t *testing.T) {
	n := 0
	for code := range 256 {
		f, ok := CodedTransfer(byte(code))
		if !ok {
			continue
		}
		n++
		last := 0.0
		for i := range 1001 {
			v := f(float64(i) / 1000)
			if v < last || v > 1 || i == 0 && v != 0 {
				t.Fatalf("%d: %v at %d", code, v, i)
			}
			last = v
		}
		if math.Abs(last-1) > 1e-6 {
			t.Errorf("%d: 1 becomes %v", code, last)
		}
	}
	if n != 11 {
		t.Errorf("%d functions", n)
	}
}

// For any numbers there is no panic, and either an error of one of the two kinds or a conversion
// that keeps gray gray.
func FuzzNewTransform(f *testing.F) {
	f.Add([]byte("00000000000000000000000000000000"), uint32(100000), true, false)
	f.Add(make([]byte, 32), uint32(1), false, true)
	f.Fuzz(func(t *testing.T, chrm []byte, gamma uint32, wide, gray bool) {
		if len(chrm) < 32 || gamma == 0 {
			return
		}
		var xy Chromaticities
		for i := range xy {
			xy[i] = float64(binary.BigEndian.Uint32(chrm[4*i:])%120_000) / 100_000
		}
		space, bits := RGB, 8
		if gray {
			space = Gray
		}
		if wide {
			bits = 16
		}
		tr, err := NewTransform(space, xy, Gamma(100_000/float64(gamma)), bits)
		var format FormatError
		var unsupported UnsupportedError
		if err != nil {
			if !errors.As(err, &format) && !errors.As(err, &unsupported) {
				t.Fatal(err)
			}
			return
		}
		out := make([]byte, 3)
		for v := range 256 {
			b := byte(v)
			switch {
			case gray && wide:
				tr.Wide(out[:1], []byte{b, b})
			case wide:
				tr.Wide(out, []byte{b, b, b, b, b, b})
			case gray:
				out[0] = b
				tr.Gray(out[:1])
			default:
				out[0], out[1], out[2] = b, b, b
				tr.RGB(out)
			}
			if !gray && max(out[0], out[1], out[2])-min(out[0], out[1], out[2]) > 1 {
				t.Fatalf("%v %d: gray %d becomes %d", xy, gamma, v, out)
			}
		}
	})
}
