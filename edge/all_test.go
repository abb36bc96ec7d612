package edge

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

// targets returns the results of a key in both formats and the article's eight sizes. These sizes
// stay, even if others are added to the table.
func targets(key string) (all []Target) {
	for _, name := range []string{"L", "M", "S", "XS", "SL", "SM", "SS", "SXS"} {
		size, _ := sizes.Parse(name)
		for _, webp := range []bool{false, true} {
			all = append(all, Target{Bucket: "bkt", Region: "eu-west-1", Key: key, Size: size, WebP: webp, Resized: "resized", Quality: 80})
		}
	}
	return all
}

func TestMakeAllReadsTheSourceOnceAndMakesTheSameBytes(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 700, 500), CacheControl: "max-age=7"})
	w.Put("b.png", s3test.Object{Body: picture(t, 700, 500), CacheControl: "max-age=7"})
	all := len(targets("a.png"))
	makeAll := func(want string, heads, gets, puts int) {
		t.Helper()
		n := 0
		w.h.MakeAll(context.Background(), targets("a.png"), func(r Record) bool {
			n++
			if r.Decision != want {
				t.Errorf("%s: %s (%s), want %s", r.Result, r.Decision, r.Error, want)
			}
			return true
		})
		methods := map[string]int{}
		for _, q := range w.Requests() {
			methods[q.Method]++
		}
		if n != all || methods["HEAD"] != heads || methods["GET"] != gets || methods["PUT"] != puts {
			t.Errorf("%s: %d records by %v", want, n, methods)
		}
	}
	w.Requests()
	makeAll(Resized, 1+all, 1, all)
	makeAll(Hit, 1+all, 0, 0)
	for i, single := range targets("b.png") {
		if r := w.h.Make(context.Background(), single); r.Decision != Resized {
			t.Fatalf("%+v", r)
		}
		a, b := w.Object(targets("a.png")[i].ResultKey()), w.Object(single.ResultKey())
		if !bytes.Equal(a.Body, b.Body) || a.ContentType != b.ContentType || a.CacheControl != b.CacheControl || a.Metadata["source-etag"] != b.Metadata["source-etag"] {
			t.Errorf("%s: together %d bytes, alone %d", single.ResultKey(), len(a.Body), len(b.Body))
		}
	}
}

func TestMakeAllStopsWhenToldTo(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.h.MakeAll(context.Background(), targets("none.png"), func(r Record) bool { n++; return false })
	if n != 1 || w.count() != 2 {
		t.Errorf("%d records", n)
	}
}

// When the source is replaced while its results are made, each stored result names the version that
// it was made from.
func TestMakeAllIsOfTheSourceThatItRead(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 700, 500)})
	n := 0
	w.h.MakeAll(context.Background(), targets("a.png"), func(r Record) bool {
		if n++; n == 1 {
			w.Put("a.png", s3test.Object{Body: picture(t, 300, 200)})
		}
		return true
	})
	w.Requests()
	for _, target := range targets("a.png") {
		if r := w.h.Make(context.Background(), target); r.Decision != Resized {
			t.Errorf("%s: %s, want it made of the new source", target.ResultKey(), r.Decision)
		}
	}
}

// photo returns a JPEG with detail.
func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * y >> 6), uint8(x/3 ^ y/5), uint8(x + 2*y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// makeAll makes all results of a key. It returns the records, and how many requests of each method
// that took.
func (w *world) makeAll(ctx context.Context, key string) (records []Record, methods map[string]int) {
	w.Requests()
	w.h.MakeAll(ctx, targets(key), func(r Record) bool {
		records = append(records, r)
		return true
	})
	methods = map[string]int{}
	for _, q := range w.Requests() {
		methods[q.Method]++
	}
	return records, methods
}

// Only results that are absent or stale are made, with the same bytes as when each is made alone.
func TestMakeAllMakesWhatIsAbsentOrStale(t *testing.T) {
	w := newWorld(t)
	body := photo(t, 1600, 1200)
	w.Put("a.jpg", s3test.Object{Body: body})
	w.Put("b.jpg", s3test.Object{Body: body})
	all := targets("a.jpg")
	for _, i := range []int{0, 3, 4, 15} {
		if r := w.h.Make(context.Background(), all[i]); r.Decision != Resized {
			t.Fatalf("%+v", r)
		}
	}
	w.rewrite(all[4].ResultKey(), func(o *s3test.Object) { o.Metadata["quality"] = "7" })
	fresh := map[int]bool{0: true, 3: true, 15: true}
	records, methods := w.makeAll(context.Background(), "a.jpg")
	if methods["HEAD"] != 17 || methods["GET"] != 1 || methods["PUT"] != 13 {
		t.Errorf("%v", methods)
	}
	for i, r := range records {
		if want := map[bool]string{true: Hit, false: Resized}[fresh[i]]; r.Decision != want {
			t.Errorf("%s: %s (%s), want %s", r.Result, r.Decision, r.Error, want)
		}
		alone := targets("b.jpg")[i]
		if r := w.h.Make(context.Background(), alone); r.Decision != Resized {
			t.Fatalf("%+v", r)
		}
		if !bytes.Equal(w.Object(all[i].ResultKey()).Body, w.Object(alone.ResultKey()).Body) {
			t.Errorf("%s: other bytes than alone", r.Result)
		}
	}
}

// A failure that concerns one result (its HEAD, its PUT or a limit) does not affect the others.
func TestMakeAllLosesNoOtherResult(t *testing.T) {
	w := newWorld(t)
	w.h.cfg.Memory = 100 << 20 // not enough for the largest
	w.Put("a.png", s3test.Object{Body: picture(t, 2000, 1500)})
	all := targets("a.png")
	w.Script(
		s3test.Rule{Method: "HEAD", Key: all[4].ResultKey(), Fault: s3test.Status(400, "InvalidRequest")},
		s3test.Rule{Method: "PUT", Key: all[7].ResultKey(), Fault: s3test.Status(400, "InvalidRequest")},
	)
	limited := 0
	records, methods := w.makeAll(context.Background(), "a.png")
	for i, r := range records {
		switch {
		case errors.Is(r.Err, codec.ErrLimit):
			limited++
			if !r.Alone() {
				t.Errorf("%+v", r)
			}
		case (i == 4 || i == 7) != (r.Decision == Unchanged), r.Alone():
			t.Errorf("%s: %s (%s)", r.Result, r.Decision, r.Error)
		}
	}
	if len(records) != 16 || limited < 1 || limited > 4 || methods["GET"] != 1 {
		t.Errorf("%d records, %d of them over the limit, %v", len(records), limited, methods)
	}
	w.Calm()
	records, methods = w.makeAll(context.Background(), "a.png")
	for i, r := range records {
		if want := i == 4 || i == 7; want != (r.Decision == Resized) || r.Known != (r.Decision == Unchanged) || r.Known != r.Alone() {
			t.Errorf("again, %s: %s, known %v (%s)", r.Result, r.Decision, r.Known, r.Error)
		}
	}
	if methods["GET"] != 1 || methods["PUT"] != 2 {
		t.Errorf("again: %v", methods)
	}
}

// A damaged source fails for each result with the error it has alone, and is read once.
func TestMakeAllOfADamagedSource(t *testing.T) {
	w := newWorld(t)
	body := photo(t, 1600, 1200)
	w.Put("a.jpg", s3test.Object{Body: body[:len(body)/2]})
	w.Put("b.jpg", s3test.Object{Body: body[:len(body)/2]})
	records, methods := w.makeAll(context.Background(), "a.jpg")
	for i, r := range records {
		alone := w.h.Make(context.Background(), targets("b.jpg")[i])
		if r.Decision != Unchanged || r.Error != alone.Error || r.Known != alone.Known || r.Alone() {
			t.Errorf("%s: %s (%s), alone %s (%s)", r.Result, r.Decision, r.Error, alone.Decision, alone.Error)
		}
	}
	if methods["HEAD"] != 17 || methods["GET"] != 1 || methods["PUT"] != 16 {
		t.Errorf("%v", methods)
	}
	if records, methods = w.makeAll(context.Background(), "a.jpg"); methods["HEAD"] != 17 || len(methods) != 1 || !records[15].Known {
		t.Errorf("again: %v, %+v", methods, records[15])
	}
}

// When its context ends, MakeAll stops, and no marker says that the remaining results cannot be
// made.
func TestMakeAllStopsWithItsContext(t *testing.T) {
	for name, begin := range map[string]func() (context.Context, func()){
		"canceled": func() (context.Context, func()) { return context.WithCancel(context.Background()) },
		"deadline": func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			return ctx, func() { <-ctx.Done(); cancel() }
		},
	} {
		w := newWorld(t)
		w.Put("a.jpg", s3test.Object{Body: photo(t, 1600, 1200)})
		ctx, end := begin()
		n, failed := 0, 0
		w.h.MakeAll(ctx, targets("a.jpg"), func(r Record) bool {
			if n++; n == 3 {
				end()
			}
			if r.Decision == Unchanged {
				failed++
				if !errors.Is(r.Err, ctx.Err()) {
					t.Errorf("%s: %v", name, r.Err)
				}
			}
			return true
		})
		end()
		if n != 16 || failed != 13 || len(w.Keys()) != 1+3 {
			t.Errorf("%s: %d records, %d failed, %q", name, n, failed, w.Keys())
		}
		if len(w.h.slots) != 0 {
			t.Errorf("%s: a place for a picture is lost", name)
		}
	}
}

// The decoded pictures that are kept for later results count as one picture in memory, until the
// last result.
func TestMakeAllHoldsItsPlaceAndGivesItBack(t *testing.T) {
	w := newWorld(t)
	w.Put("a.jpg", s3test.Object{Body: photo(t, 800, 600)})
	n := 0
	w.h.MakeAll(context.Background(), targets("a.jpg"), func(r Record) bool {
		if n++; len(w.h.slots) != 1 || r.Decision != Resized {
			t.Errorf("%d places taken, %+v", len(w.h.slots), r)
		}
		return n < 9
	})
	if n != 9 || len(w.h.slots) != 0 {
		t.Errorf("%d records, %d places taken", n, len(w.h.slots))
	}
	if records, _ := w.makeAll(context.Background(), "a.jpg"); len(records) != 16 || records[8].Decision != Hit || records[9].Decision != Resized || len(w.h.slots) != 0 {
		t.Errorf("%+v", records)
	}
}
