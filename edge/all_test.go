package edge

import (
	"bytes"
	"context"
	"testing"

	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

// targets are every result that a key can have.
func targets(key string) (all []Target) {
	for _, size := range sizes.All() {
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

// The source is replaced while its results are made: what is stored says of which it is.
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
