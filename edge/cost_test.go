package edge

import (
	"bytes"
	"context"
	"image"
	"image/color/palette"
	"image/gif"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

const (
	movingKey       = "fotos/moving.gif"
	movingMarkerKey = "resized/M-webp/" + movingKey + ".webp"
)

var movingAsk = eventSpec{uri: "/" + movingKey, query: "size=M&to_webp=1"}

// longGIF returns an animation of the given number of equal frames. Each frame covers the canvas
// and is textured.
func longGIF(t testing.TB, w, h, frames int) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, w, h), palette.Plan9)
	s := uint32(1)
	for i := range m.Pix {
		if s = s*1664525 + 1013904223; s>>24 < 20 {
			m.Pix[i] = byte(s >> 8)
		} else if i > 0 {
			m.Pix[i] = m.Pix[i-1]
		}
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{m, m}, Delay: []int{4, 4}}); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	at := bytes.LastIndex(file, []byte{0x21, 0xf9, 4}) // the second frame's control extension
	frame := file[at : len(file)-1]
	out := slices.Clone(file[:at])
	for range frames - 1 {
		out = append(out, frame...)
	}
	return append(out, 0x3b)
}

// costOf returns the estimated cost of movingAsk, in milliseconds.
func costOf(t testing.TB, src []byte) float64 {
	t.Helper()
	m, _ := sizes.Parse("M")
	info, err := codec.Cost(src, m.Fit, codec.Options{Format: codec.WebP, Quality: 80})
	if err != nil || info.Cost <= 0 {
		t.Fatalf("%v ms: %v", info.Cost, err)
	}
	return info.Cost
}

// within sends movingAsk with limit as the time until Lambda's deadline, and checks the outcome as
// step does.
func (w *world) within(t *testing.T, name string, limit time.Duration, decision string, known bool, methods string) Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	w.Requests()
	_, r := w.ask(t, ctx, movingAsk)
	var got []string
	for _, q := range w.Requests() {
		got = append(got, q.Method)
	}
	slices.Sort(got)
	if r.Decision != decision || r.Known != known || strings.Join(got, " ") != methods {
		t.Errorf("%s: %s, known %v, by %q (%s), want %s, %v, %q", name, r.Decision, r.Known, got, r.Error, decision, known, methods)
	}
	return r
}

func TestWhatCannotFinishIsNotBegun(t *testing.T) {
	src := longGIF(t, 1200, 800, 100)
	cost := costOf(t, src)
	if cost < 2300 || len(src) > MaxSource {
		t.Fatalf("%.0f ms of %d bytes: not too much for 128 MB", cost, len(src))
	}
	w := newWorld(t)
	w.Put(movingKey, s3test.Object{Body: src, CacheControl: "max-age=31536000"})
	w.h.cfg.CPU = Share(128 << 20)
	first := w.within(t, "128 MB", 30*time.Second, Unchanged, false, tried)
	if first.Fault != Lasting || first.Resize >= Millis(time.Second) || math.Abs(float64(first.Cost)/1e6-cost) > 1 {
		t.Errorf("refused as %s after %v of %v: %s", first.Fault, time.Duration(first.Resize), time.Duration(first.Cost), first.Error)
	}
	o := w.Object(movingMarkerKey)
	if len(o.Body) != 0 || o.Metadata["failed-cost"] == "" || o.Metadata["failed-memory"] != "" || o.Metadata["failed-until"] != "" {
		t.Errorf("a marker of %d bytes, %+v", len(o.Body), o.Metadata)
	}
	if again := w.within(t, "again", 30*time.Second, Unchanged, true, notTried); !strings.Contains(again.Error, "milliseconds of CPU") {
		t.Error(again.Error)
	}
	w.within(t, "less time", 20*time.Second, Unchanged, true, notTried)

	// A function with more memory, one with more time, and the regional function try again.
	made := 0
	w.h.resize = func(_ context.Context, _ []byte, _ func(w, h int) (int, int), o codec.Options) ([]byte, codec.Info, error) {
		made++
		if o.CPU > 0 && o.CPU < cost {
			t.Errorf("begun with %.0f of %.0f ms", o.CPU, cost)
		}
		return []byte("made"), codec.Info{ContentType: "image/webp", Cost: cost}, nil
	}
	refused := w.Object(movingMarkerKey)
	for name, try := range map[string]func(){
		"more memory": func() {
			w.h.cfg.CPU = Share(1769 << 20)
			w.within(t, "1769 MB", 30*time.Second, Resized, false, tried)
		},
		"more time": func() {
			w.h.cfg.CPU = Share(128 << 20)
			w.within(t, "15 minutes", 15*time.Minute, Resized, false, tried)
		},
		"the regional function": func() {
			p, err := NewPlan(newEvent(movingAsk))
			if err != nil {
				t.Fatal(err)
			}
			w.h.cfg.CPU = 0
			if r := w.h.Make(context.Background(), p.Target); r.Decision != Resized {
				t.Errorf("%s: %s", r.Decision, r.Error)
			}
		},
	} {
		w.Put(movingMarkerKey, *refused)
		before := made
		if try(); made != before+1 {
			t.Errorf("%s: made %d times", name, made-before)
		}
	}
}

// A picture that takes less than half of the time is made, even when the estimate is twice the true
// cost.
func TestNothingIsRefusedThatFinishesInHalfItsDeadline(t *testing.T) {
	src := longGIF(t, 300, 200, 40)
	cost := costOf(t, src)
	const limit = time.Minute
	share := func(part float64) float64 { return cost / part / (limit.Seconds() * 1000) }
	w := newWorld(t)
	w.Put(movingKey, s3test.Object{Body: src})
	w.h.cfg.CPU = share(1.05)
	w.within(t, "5 % over all of it", limit, Unchanged, false, tried)
	w.h.cfg.CPU = share(2 * 0.49)
	w.within(t, "twice 49 %", limit, Resized, false, tried)
}

// When other steps used the time, the refusal of a picture is not remembered.
func TestTimeLostElsewhereLeavesNoMarker(t *testing.T) {
	src := longGIF(t, 300, 200, 40)
	cost := costOf(t, src)
	w := newWorld(t)
	w.Put(movingKey, s3test.Object{Body: src})
	const limit = 6 * time.Second
	w.h.cfg.CPU = cost / 0.75 / (limit.Seconds() * 1000) // the picture takes 75 % of the limit
	w.h.slots <- struct{}{}                              // another picture holds the only slot
	time.AfterFunc(2*time.Second, func() { <-w.h.slots })
	r := w.within(t, "late", limit, Redirect, false, "GET HEAD HEAD")
	if !strings.Contains(r.Error, "not begun") {
		t.Error(r.Error)
	}
	if slices.Contains(w.Keys(), movingMarkerKey) {
		t.Error("there is a marker")
	}
	w.within(t, "in time", limit, Resized, false, tried)
}

func TestShareIsOfOneCore(t *testing.T) {
	for mb, want := range map[int64]float64{0: 0, 128: 0.0724, 512: 0.2894, 1769: 1, 10240: 1} {
		if got := Share(mb << 20); math.Abs(got-want*lambdaCore) > 1e-4 {
			t.Errorf("%d MB: %v", mb, got)
		}
	}
}
