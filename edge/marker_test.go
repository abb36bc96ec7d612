package edge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite/s3test"
)

const (
	brokenKey = "fotos/broken.png"
	markerKey = "resized/SXS/" + brokenKey
)

var brokenAsk = eventSpec{uri: "/" + brokenKey, query: "size=SXS"}

// step sends brokenAsk once. It checks the decision, whether the failure was known, and the methods
// of the requests to S3, sorted: "HEAD HEAD".
func (w *world) step(t *testing.T, name, decision string, known bool, methods string) Record {
	t.Helper()
	w.Requests()
	_, r := w.ask(t, context.Background(), brokenAsk)
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

const (
	tried    = "GET HEAD HEAD PUT" // the PUT is of a marker or a result
	notTried = "HEAD HEAD"
)

func TestAKnownFailureCostsTwoHEADs(t *testing.T) {
	good := picture(t, 640, 480)
	for name, body := range map[string][]byte{"no picture": []byte("text"), "empty": {}, "damaged": good[:len(good)/2]} {
		w := newWorld(t)
		w.Put(brokenKey, s3test.Object{Body: body, CacheControl: "max-age=31536000"})
		first := w.step(t, name, Unchanged, false, tried)
		again := w.step(t, name+" again", Unchanged, true, notTried)
		if again.Fault != Lasting || !strings.Contains(again.Error, first.Error[:min(len(first.Error), 40)]) {
			t.Errorf("%s: %q, then %q", name, first.Error, again.Error)
		}
		o := w.Object(markerKey)
		if len(o.Body) != 0 || o.CacheControl != "no-store" || o.Metadata["failed-until"] != "" || o.Metadata["failed-memory"] != "" {
			t.Errorf("%s: a marker of %d bytes, %+v", name, len(o.Body), o)
		}
		// An older version looks for these three.
		for _, k := range []string{"source-etag", "encoder", "quality"} {
			if v, ok := o.Metadata[k]; ok {
				t.Errorf("%s: the marker has %s %q", name, k, v)
			}
		}

		w.rewrite(markerKey, func(o *s3test.Object) { o.Metadata["failed-encoder"] = strconv.Itoa(codec.Version - 1) })
		w.step(t, name+", a newer encoder", Unchanged, false, tried)
		w.step(t, name+" again", Unchanged, true, notTried)
		w.rewrite(markerKey, func(o *s3test.Object) { o.Metadata["failed-encoder"] = strconv.Itoa(codec.Version + 1) })
		w.step(t, name+", an older encoder", Unchanged, true, notTried)

		w.Put(brokenKey, s3test.Object{Body: good})
		if r := w.step(t, name+", the source mended", Resized, false, tried); r.Note != "" {
			t.Errorf("%s: %q", name, r.Note)
		}
		w.step(t, name+" again", Hit, false, notTried)
	}
}

func TestARefusalForMemoryHoldsForThatMemory(t *testing.T) {
	w := newWorld(t)
	w.Put(brokenKey, s3test.Object{Body: picture(t, 640, 480)})
	w.h.cfg.Memory = 8 << 20
	w.step(t, "8 MB", Unchanged, false, tried)
	w.step(t, "8 MB again", Unchanged, true, notTried)
	w.h.cfg.Memory = 6 << 20
	w.step(t, "6 MB", Unchanged, true, notTried)
	w.h.cfg.Memory = 9 << 20
	w.step(t, "9 MB", Unchanged, false, tried)
	w.h.cfg.Memory = 8 << 20
	w.step(t, "8 MB after 9", Unchanged, true, notTried)
	w.h.cfg.Memory = 0 // 512 MB
	w.step(t, "enough", Resized, false, tried)
	w.h.cfg.Memory = 8 << 20
	w.step(t, "8 MB after enough", Hit, false, notTried)
}

// A panic or a deadline is remembered for an hour, then for two, and so on up to a day. During that
// time the answer is a redirect that is cached for seconds.
func TestPanicsAndDeadlinesAreRememberedForAWhile(t *testing.T) {
	type resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error)
	for name, bad := range map[string]resize{
		"deadline": func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
			time.Sleep(200 * time.Millisecond)
			return nil, codec.Info{}, context.DeadlineExceeded
		},
		"panic": func(ctx context.Context, _ []byte, fit func(w, h int) (int, int), o codec.Options) ([]byte, codec.Info, error) {
			return codec.Resize(ctx, faultPNG(), func(int, int) (int, int) { panic("boom") }, o)
		},
	} {
		w := newWorld(t)
		now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
		w.h.now = func() time.Time { return now }
		honest := w.h.resize
		w.h.resize = bad
		w.Put(brokenKey, s3test.Object{Body: picture(t, 640, 480)})
		for i, hours := range []time.Duration{1, 2, 4, 8, 16, 24, 24} {
			at := name + " " + strconv.Itoa(i)
			w.step(t, at, Redirect, false, tried)
			now = now.Add(hours*time.Hour - time.Second)
			w.step(t, at+", before the hours", Redirect, true, notTried)
			now = now.Add(2 * time.Second)
		}
		w.h.resize = honest
		w.step(t, name+", once more", Resized, false, tried)
	}
}

func faultPNG() []byte { src, _ := faultPicture(); return src }

// When the deadline passes while the picture is made, and the codec does not stop, the marker is
// stored before the answer is sent.
func TestTheMarkerOfADeadlineIsStoredBeforeTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.Put(brokenKey, s3test.Object{Body: picture(t, 640, 480)})
	honest := w.h.resize
	release := make(chan struct{})
	defer close(release)
	w.h.resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
		<-release
		return nil, codec.Info{}, errors.New("nobody listens")
	}
	ctx, cancel := context.WithTimeout(context.Background(), margin+400*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if uri, r := w.ask(t, ctx, brokenAsk); uri != "302 /"+brokenKey || r.Decision != Redirect || time.Since(begin) > margin {
		t.Errorf("%q, %+v after %v", uri, r, time.Since(begin))
	}
	o := w.Object(markerKey)
	if o == nil || o.Metadata["failed-until"] == "" || o.Metadata["failed-memory"] != "512" {
		t.Fatalf("no marker of a deadline: %+v", o)
	}
	other := New(w.h.cfg)
	other.cfg.Memory = 1024 << 20 // a function with more memory has more CPU
	other.resize = honest
	if r := other.Make(context.Background(), mustPlan(t, brokenAsk)); r.Decision != Resized {
		t.Errorf("with more memory: %+v", r)
	}
}

func mustPlan(t *testing.T, s eventSpec) Target {
	t.Helper()
	p, err := NewPlan(newEvent(s))
	if err != nil || p.Skip != nil {
		t.Fatal(err, p.Skip)
	}
	return p.Target
}

// A failure of S3 is never remembered, and neither is a request that the viewer canceled.
func TestNoMarkerForWhatMayPass(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"403":       func(w *world) { w.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(403, "AccessDenied")}) },
		"404":       func(w *world) { w.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(404, "NoSuchKey")}) },
		"503":       func(w *world) { w.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(503, "SlowDown")}) },
		"checksum":  func(w *world) { w.Script(s3test.Rule{Method: "GET", Fault: s3test.Flip()}) },
		"truncated": func(w *world) { w.Script(s3test.Rule{Method: "GET", Fault: s3test.Truncate(100)}) },
		"archived":  func(w *world) { w.rewrite(brokenKey, func(o *s3test.Object) { o.StorageClass = "GLACIER" }) },
		"archived since": func(w *world) {
			w.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(403, "InvalidObjectState")})
		},
		"a viewer that went away": func(w *world) {
			w.h.resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
				return nil, codec.Info{}, context.Canceled
			}
		},
		"the time went to S3": func(w *world) {
			w.Script(s3test.Rule{Method: "GET", Fault: s3test.Delay(200 * time.Millisecond)})
			w.h.resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
				return nil, codec.Info{}, context.DeadlineExceeded
			}
		},
	} {
		w := newWorld(t)
		w.Put(brokenKey, s3test.Object{Body: picture(t, 640, 480)})
		spoil(w)
		if _, r := w.ask(t, context.Background(), brokenAsk); r.Decision == Resized {
			t.Errorf("%s: %+v", name, r)
		}
		if k := w.Keys(); len(k) != 1 {
			t.Errorf("%s: the bucket holds %q", name, k)
		}
	}
}

// A function with more memory stores the result while this one finds that it cannot make it.
func TestAMarkerReplacesNoResultThatCameMeanwhile(t *testing.T) {
	for _, before := range []string{"nothing", "a result of another source"} {
		w := newWorld(t)
		w.Put(brokenKey, s3test.Object{Body: picture(t, 640, 480)})
		if before != "nothing" {
			w.Put(markerKey, s3test.Object{Body: []byte("old"), Metadata: map[string]string{"source-etag": `"old"`, "encoder": "3", "quality": "80"}})
		}
		w.h.resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
			w.Put(markerKey, s3test.Object{Body: []byte("result")})
			return nil, codec.Info{}, errors.New("damaged")
		}
		w.ask(t, context.Background(), brokenAsk)
		if o := w.Object(markerKey); string(o.Body) != "result" {
			t.Errorf("%s: %q, %v", before, o.Body, o.Metadata)
		}
	}
}

// A marker is not a source in any folder, and an invalid marker is ignored.
func TestMarkersAreReadStrictly(t *testing.T) {
	w := newWorld(t)
	w.Put(brokenKey, s3test.Object{Body: []byte("text")})
	w.step(t, "first", Unchanged, false, tried)
	marker := *w.Object(markerKey)
	w.Put("small/a.png", marker)
	if _, r := w.ask(t, context.Background(), eventSpec{uri: "/small/a.png", query: "size=SS"}); r.Error != ErrResult.Error() {
		t.Errorf("%+v", r)
	}
	for name, change := range map[string]map[string]string{
		"encoder":      {"failed-encoder": "x"},
		"memory":       {"failed-memory": "-1"},
		"until":        {"failed-until": "tomorrow"},
		"no span":      {"failed-until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
		"too far away": {"failed-until": time.Now().Add(1000 * time.Hour).UTC().Format(time.RFC3339), "failed-for": "3600"},
		"too long":     {"failed-until": time.Now().Add(1000 * time.Hour).UTC().Format(time.RFC3339), "failed-for": "99999999"},
	} {
		odd := marker
		odd.Metadata = maps.Clone(marker.Metadata)
		maps.Copy(odd.Metadata, change)
		w.Put(markerKey, odd)
		w.step(t, name, Unchanged, false, tried)
	}
}
