package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// headerGIF returns a GIF of frames frames of w x h pixels, each with bytes bytes of data, which
// cannot be decoded.
func headerGIF(w, h, frames, data int) []byte {
	var f bytes.Buffer
	side := func(n int) { f.Write(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
	f.WriteString("GIF89a")
	side(w)
	side(h)
	f.Write([]byte{0x80, 0, 0, 0, 0, 0, 255, 255, 255})
	for range frames {
		f.Write([]byte{0x2c, 0, 0, 0, 0})
		side(w)
		side(h)
		f.Write([]byte{0, 8})
		for left := data; left > 0; left -= min(left, 255) {
			f.WriteByte(byte(min(left, 255)))
			f.Write(make([]byte, min(left, 255)))
		}
		f.WriteByte(0)
	}
	f.WriteByte(0x3b)
	return f.Bytes()
}

func TestCostIsWhatResizeHolds(t *testing.T) {
	src := noisyJPEG(t, 1600, 1200, 80)
	fit := fitter(t, "M")
	info, err := Cost(src, fit, Options{Format: WebP})
	ms := info.Cost
	if err != nil || ms <= 0 || info.OutW == 0 {
		t.Fatalf("%+v, %v", info, err)
	}
	_, made, err := Resize(context.Background(), src, fit, Options{Format: WebP, CPU: ms})
	if err != nil || made.Cost != ms {
		t.Errorf("with all that it takes: %v, %v", made.Cost, err)
	}
	_, refused, err := Resize(context.Background(), src, fit, Options{Format: WebP, CPU: ms * 0.999})
	if !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "CPU") || refused.Cost != ms {
		t.Errorf("with less: %v, %+v", err, refused)
	}
	if high, err := Cost(src, fit, Options{Format: WebP, Effort: HighEffort}); err != nil || high.Cost <= ms {
		t.Errorf("high effort: %v of %v, %v", high.Cost, ms, err)
	}
	if info, err := Cost([]byte("no picture"), fit, Options{}); err == nil || info.Cost != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// More frames, more pixels and more bytes never cost less.
func TestCostGrows(t *testing.T) {
	for _, f := range []*Format{nil, WebP} {
		last := 0.0
		for _, frames := range []int{1, 2, 20, 200, 2000} {
			info, err := Cost(headerGIF(200, 150, frames, 2000), fitter(t, "M"), Options{Format: f})
			if err != nil || info.Cost <= last {
				t.Errorf("%d frames: %v ms after %v, %v", frames, info.Cost, last, err)
			}
			last = info.Cost
		}
	}
	small, _ := Cost(headerGIF(800, 600, 10, 20000), fitter(t, "SS"), Options{Format: WebP})
	large, _ := Cost(headerGIF(800, 600, 10, 20000), fitter(t, "L"), Options{Format: WebP})
	if small.Cost <= 0 || large.Cost <= small.Cost {
		t.Errorf("%v ms at L, %v at SS", large.Cost, small.Cost)
	}
}

// Headers that claim more than there is take no time to estimate, and nothing overflows.
func TestCostOfHostileHeaders(t *testing.T) {
	cpu := func(src []byte) (best time.Duration) {
		best = time.Hour
		for range 5 {
			start := time.Now()
			_, err := Cost(src, fitter(t, "M"), Options{Format: WebP})
			if best = min(best, time.Since(start)); err != nil && !errors.Is(err, ErrLimit) {
				t.Fatal(err)
			}
		}
		return best
	}
	// The estimate walks over the frames: their bytes count, not the size that they claim.
	few, many := headerGIF(65535, 65535, 20_000, 20), headerGIF(65535, 65535, 400_000, 20)
	if a, b := cpu(few), cpu(many); b > 100*a+100*time.Millisecond {
		t.Errorf("%d bytes in %v, %d in %v", len(few), a, len(many), b)
	}
	if info, err := Cost(many, fitter(t, "M"), Options{Format: WebP}); !errors.Is(err, ErrLimit) || info.Cost != 0 {
		t.Errorf("%+v, %v", info, err)
	}

	// The sums themselves, beyond every limit.
	for _, frames := range []int{1, 2, MaxFrames} {
		for _, side := range []int{1, 65535, math.MaxInt32, math.MaxInt} {
			tg := &target{source: GIF, format: WebP, w: side, h: side, sw: side, sh: side, size: math.MaxInt, frames: frames}
			for _, p := range [][2]int64{{}, {0, math.MaxInt64}, {math.MaxInt64, 0}, {math.MaxInt64, math.MaxInt64}, {1, 1}} {
				c := coding{name: "GIF", drawing: func(int) (int64, int64) { return p[0], p[1] }}
				ms := costs.estimate(tg, &c)
				if !(ms > 0) || math.IsInf(ms, 0) {
					t.Errorf("%d frames of %d x %d, %v: %v ms", frames, side, side, p, ms)
				}
			}
		}
	}
}

// A format that is not in the table costs something too.
func TestCostOfAFormatThatIsNew(t *testing.T) {
	tg := &target{source: toy, format: toy, w: 500, h: 400, sw: 1000, sh: 800, size: 2_400_000, frames: 1}
	still := costs.estimate(tg, &coding{})
	if still < 2 || still > 2000 {
		t.Errorf("%v ms", still)
	}
	if tg.frames = 10; costs.estimate(tg, &coding{}) < 2*still {
		t.Errorf("%v ms for ten frames, %v for one", costs.estimate(tg, &coding{}), still)
	}
}
