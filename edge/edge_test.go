package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// A world is a bucket, a Handler in front of it, and the Handler's log.
type world struct {
	*s3test.Server
	h   *Handler
	log *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.b.String(), "\n"), "\n")
}

func newWorld(t testing.TB) *world {
	w := &world{Server: s3test.New(s3test.Config{Bucket: "bkt", Region: "eu-west-1"}), log: &lockedBuffer{}}
	hs := httptest.NewServer(w.Server)
	t.Cleanup(hs.Close)
	w.h = New(Config{Log: w.log, Client: func(bucket, region string) *s3lite.Client {
		return &s3lite.Client{Bucket: bucket, Region: region, Endpoint: hs.URL, Credentials: func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
		}}
	}})
	return w
}

// ask sends one event through the handler. It returns the uri of the answer, or the status and the
// Location if the answer is a response, and the record that was logged.
func (w *world) ask(t testing.TB, ctx context.Context, s eventSpec) (uri string, r Record) {
	t.Helper()
	raw := newEvent(s)
	answer, err := w.h.Handle(ctx, raw)
	if err != nil {
		t.Fatalf("%s?%s: %v", s.uri, s.query, err)
	}
	var a struct {
		URI string
		Response
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	if err := d.Decode(&a); err != nil {
		t.Fatalf("the answer is no request: %v", err)
	}
	lines := w.log.lines()
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("the log's last line: %v", err)
	}
	if r.Decision == Unchanged {
		if p, _ := NewPlan(raw); !bytes.Equal(answer, p.request) {
			t.Errorf("unchanged, but the answer differs:\n%s\n%s", answer, p.request)
		}
	} else if a.Status != "" {
		if a.URI != "" || r.Error == "" || r.Fault != Passing {
			t.Errorf("a response, but %q, %+v", a.URI, r)
		}
		a.URI = a.Status
		if l := a.Headers["location"]; l != nil {
			a.URI += " " + l[0].Value
		}
	} else {
		// Everything but the uri is unchanged.
		var was, is map[string]any
		p, _ := NewPlan(raw)
		json.Unmarshal(p.request, &was)
		json.Unmarshal(answer, &is)
		delete(was, "uri")
		delete(is, "uri")
		if !reflect.DeepEqual(was, is) {
			t.Errorf("more than the uri changed:\n%v\n%v", was, is)
		}
	}
	return a.URI, r
}

// count returns how many requests reached the bucket since the last call of count.
func (w *world) count() int { return len(w.Requests()) }

func picture(t testing.TB, wid, hei int) []byte {
	t.Helper()
	return encodePNG(t, wid, hei, func(x, y int) [3]uint8 { return [3]uint8{uint8(x * y >> 4), uint8(x ^ y), uint8(x + 2*y)} })
}

// encodePNG returns a PNG whose pixels are those of at.
func encodePNG(t testing.TB, wid, hei int, at func(x, y int) [3]uint8) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, wid, hei))
	for y := range hei {
		for x := range wid {
			c := at(x, y)
			m.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMissMakesStoresAndPointsThenHits(t *testing.T) {
	w := newWorld(t)
	w.Put("fotos/niño 1+1.png", s3test.Object{Body: picture(t, 1920, 1080), CacheControl: "max-age=77", ContentType: "image/png"})
	ask := eventSpec{uri: "/fotos/ni%C3%B1o%201%2B1.png", query: "size=S"}
	uri, r := w.ask(t, context.Background(), ask)
	if uri != "/resized/S/fotos/ni%C3%B1o%201%2B1.png" || r.Decision != Resized {
		t.Fatalf("uri %q, record %+v", uri, r)
	}
	if n := w.count(); n != 4 {
		t.Errorf("a miss took %d requests, want 4", n)
	}
	o := w.Object("resized/S/fotos/niño 1+1.png")
	if o == nil {
		t.Fatal("nothing was stored")
	}
	c, kind, err := image.DecodeConfig(bytes.NewReader(o.Body))
	if err != nil || kind != "png" || c.Width != 853 || c.Height != 480 {
		t.Errorf("stored %s %dx%d, %v", kind, c.Width, c.Height, err)
	}
	src := w.Object("fotos/niño 1+1.png")
	want := map[string]string{
		"source-etag": src.ETag, "encoder": strconv.Itoa(codec.Version), "quality": "80", "width": "853", "height": "480",
		"cache-tag": CacheTag("fotos/niño 1+1.png"),
	}
	if !reflect.DeepEqual(o.Metadata, want) || o.ContentType != "image/png" || o.CacheControl != "max-age=77" {
		t.Errorf("stored with %v, %q, %q; want %v", o.Metadata, o.ContentType, o.CacheControl, want)
	}
	if r.InW != 1920 || r.InH != 1080 || r.OutW != 853 || r.OutH != 480 || r.OutBytes != len(o.Body) || r.InBytes != len(src.Body) || r.RequestID != "req-1" {
		t.Errorf("record %+v", r)
	}

	uri, r = w.ask(t, context.Background(), ask)
	if uri != "/resized/S/fotos/ni%C3%B1o%201%2B1.png" || r.Decision != Hit || r.Result != "resized/S/fotos/niño 1+1.png" {
		t.Errorf("the second time: %q, %+v", uri, r)
	}
	if n := w.count(); n != 2 {
		t.Errorf("a hit took %d requests, want 2", n)
	}
	if n := len(w.log.lines()); n != 2 {
		t.Errorf("%d log lines for 2 requests", n)
	}
}

func TestResultFollowsSourceQualityAndEncoder(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
	ask := eventSpec{uri: "/a.png", query: "size=SXS"}
	at90 := ask
	at90.headers = map[string]string{HeaderResizedPath: "resized", HeaderBucketName: "bkt", HeaderQuality: "90"}
	step := func(name string, s eventSpec, want string) {
		t.Helper()
		if _, r := w.ask(t, ctx, s); r.Decision != want {
			t.Errorf("%s: %s (%s), want %s", name, r.Decision, r.Error, want)
		}
	}
	step("first", ask, Resized)
	step("again", ask, Hit)
	w.Put("a.png", s3test.Object{Body: picture(t, 500, 300)})
	step("source replaced", ask, Resized)
	step("again", ask, Hit)
	step("another quality", at90, Resized)
	step("again", at90, Hit)

	encoder := func(v int) {
		o := *w.Object("resized/SXS/a.png")
		m := map[string]string{}
		for k, x := range o.Metadata {
			m[k] = x
		}
		m["encoder"] = strconv.Itoa(v)
		o.Metadata = m
		w.Put("resized/SXS/a.png", o)
	}
	encoder(codec.Version - 1)
	step("an older encoder's", at90, Resized)
	encoder(codec.Version + 1)
	step("a newer encoder's", at90, Hit)

	client := w.h.client("bkt", "eu-west-1")
	if err := client.Delete(ctx, "a.png"); err != nil {
		t.Fatal(err)
	}
	w.count()
	step("source gone", at90, Unchanged)
	if n := w.count(); n != 2 {
		t.Errorf("a missing source took %d requests, want 2", n)
	}
}

func TestRequestsThatAreNotOursCostNothing(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 40, 30)})
	for _, s := range []eventSpec{
		{uri: "/a.png"},
		{uri: "/a.png", query: "size=nope"},
		{uri: "/a.png", query: "size=S", method: "POST"},
		{uri: "/resized/S/a.png", query: "size=S"},
		{uri: "/a.png", query: "size=S", headers: map[string]string{HeaderResizedPath: "/", HeaderBucketName: "bkt", HeaderQuality: "80"}},
	} {
		if _, r := w.ask(t, context.Background(), s); r.Decision != Unchanged || r.Error == "" {
			t.Errorf("%+v: %+v", s, r)
		}
	}
	if n := w.count(); n != 0 {
		t.Errorf("%d requests to S3, want none", n)
	}
}

func TestWhatIsNoPictureIsServedAsItIs(t *testing.T) {
	w := newWorld(t)
	good := picture(t, 640, 480)
	w.Put("text.jpg", s3test.Object{Body: []byte("not a picture")})
	w.Put("empty.jpg", s3test.Object{})
	w.Put("half.png", s3test.Object{Body: good[:len(good)/2]})
	w.Put("huge.jpg", s3test.Object{Body: make([]byte, MaxSource+1)})
	for _, k := range []string{"text.jpg", "empty.jpg", "half.png", "huge.jpg"} {
		w.count()
		uri, r := w.ask(t, context.Background(), eventSpec{uri: "/" + k, query: "size=SS"})
		if uri != "/"+k || r.Decision != Unchanged || r.Error == "" || r.Fault != Lasting {
			t.Errorf("%s: %q, %+v", k, uri, r)
		}
		if n := w.count(); k == "huge.jpg" && n != 2 {
			t.Errorf("%s: %d requests", k, n)
		}
	}
	for _, k := range w.Keys() {
		if o := w.Object(k); strings.HasPrefix(k, "resized/") && len(o.Body) != 0 {
			t.Errorf("%s holds %d bytes", k, len(o.Body))
		}
	}
}

func TestWrongExtensionKeepsItsNameAndTellsTheTruth(t *testing.T) {
	w := newWorld(t)
	w.Put("a.jpg", s3test.Object{Body: picture(t, 640, 480), ContentType: "image/jpeg"})
	if uri, r := w.ask(t, context.Background(), eventSpec{uri: "/a.jpg", query: "size=SS"}); uri != "/resized/SS/a.jpg" {
		t.Fatalf("%q, %+v", uri, r)
	}
	if o := w.Object("resized/SS/a.jpg"); o.ContentType != "image/png" || !bytes.HasPrefix(o.Body, []byte("\x89PNG")) {
		t.Errorf("%q, %.8q", o.ContentType, o.Body)
	}
}

func TestResultsKeepWhatTheSourceSays(t *testing.T) {
	const expires, language, disposition = "Thu, 01 Dec 2033 16:00:00 GMT", "es, gl", `attachment; filename="a.png"`
	long := strings.Repeat("x", 1500)
	for name, c := range map[string]struct{ source, want s3test.Object }{
		"all": {
			s3test.Object{CacheControl: "max-age=77", Expires: expires, ContentLanguage: language, ContentDisposition: disposition},
			s3test.Object{CacheControl: "max-age=77", Expires: expires, ContentLanguage: language, ContentDisposition: disposition},
		},
		"none":     {},
		"encoding": {s3test.Object{ContentEncoding: "aws-chunked", ContentLanguage: language}, s3test.Object{ContentLanguage: language}},
		"Cache-Control dropped: not printable ASCII":       {s3test.Object{CacheControl: "max-age=\u00e9", Expires: expires}, s3test.Object{Expires: expires}},
		"Expires dropped: not printable ASCII":             {s3test.Object{Expires: "soon\tor later", CacheControl: "no-cache"}, s3test.Object{CacheControl: "no-cache"}},
		"Content-Language dropped: not printable ASCII":    {s3test.Object{ContentLanguage: "es\xff"}, s3test.Object{}},
		"Content-Disposition dropped: not printable ASCII": {s3test.Object{ContentDisposition: "inline; filename=\"ni\u00f1o.png\"", Expires: expires}, s3test.Object{Expires: expires}},
		"Content-Disposition dropped: too long":            {s3test.Object{Expires: expires, ContentDisposition: long + long}, s3test.Object{Expires: expires}},
		"Expires dropped: too long":                        {s3test.Object{CacheControl: long, Expires: long, ContentLanguage: language}, s3test.Object{CacheControl: long, ContentLanguage: language}},
	} {
		w := newWorld(t)
		c.source.Body = picture(t, 640, 480)
		w.Put("a.png", c.source)
		ask := eventSpec{uri: "/a.png", query: "size=SS"}
		_, r := w.ask(t, context.Background(), ask)
		if r.Decision != Resized {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if strings.Contains(name, "dropped") && r.Note != name || !strings.Contains(name, "dropped") && r.Note != "" {
			t.Errorf("%s: the note is %q", name, r.Note)
		}
		o := w.Object("resized/SS/a.png")
		got := s3test.Object{CacheControl: o.CacheControl, Expires: o.Expires, ContentLanguage: o.ContentLanguage,
			ContentDisposition: o.ContentDisposition, ContentEncoding: o.ContentEncoding}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: stored with %+v", name, got)
		}
		if _, r := w.ask(t, context.Background(), ask); r.Decision != Hit {
			t.Errorf("%s, again: %+v", name, r)
		}
	}
}

func TestPanicsAndDeadlinesReturnTheRequest(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 640, 480)})
	ask := eventSpec{uri: "/a.png", query: "size=SS"}

	honest := w.h.cfg.Client
	w.h.cfg.Client = func(string, string) *s3lite.Client { panic("boom") }
	if _, r := w.ask(t, context.Background(), ask); r.Decision != Redirect || !strings.Contains(r.Error, "boom") {
		t.Errorf("a panic gave %+v", r)
	}
	w.h.cfg.Client = honest

	// S3 answers after ten seconds, and Lambda would kill the sandbox after 2.3.
	w.Script(s3test.Rule{Method: "HEAD", Fault: s3test.Delay(10 * time.Second)})
	ctx, cancel := context.WithTimeout(context.Background(), margin+300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, r := w.ask(t, ctx, ask)
	if d := time.Since(start); r.Decision != Redirect || d > margin {
		t.Errorf("after %v: %+v", d, r)
	}
}

func TestTwoMissesAtOnceStoreEqualBytes(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 900, 700)})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			answer, err := w.h.Handle(context.Background(), newEvent(eventSpec{uri: "/a.png", query: "size=SS"}))
			if err != nil || !bytes.Contains(answer, []byte(`"/resized/SS/a.png"`)) {
				t.Errorf("%s, %v", answer, err)
			}
		})
	}
	wg.Wait()
	first := w.Object("resized/SS/a.png")
	if k := w.Keys(); len(k) != 2 {
		t.Errorf("the bucket holds %q", k)
	}
	w.Put("a.png", s3test.Object{Body: picture(t, 900, 700), ETag: `"other"`})
	w.ask(t, context.Background(), eventSpec{uri: "/a.png", query: "size=SS"})
	if again := w.Object("resized/SS/a.png"); !bytes.Equal(first.Body, again.Body) {
		t.Error("the same source gave other bytes")
	}
}

func TestAnEventWithoutARequestIsAnError(t *testing.T) {
	w := newWorld(t)
	for _, e := range []string{``, `null`, `{}`, `[]`, `{"Records":[]}`, `{"Records":[{}]}`, `{"Records":[{"cf":{"request":null}}]}`, `{"Records":[{"cf":{"request":"x"}}]}`} {
		if answer, err := w.h.Handle(context.Background(), []byte(e)); err == nil {
			t.Errorf("%q: %s", e, answer)
		}
	}
	// A request with odd members is not an error: it is returned.
	for _, e := range []string{`{"uri":5}`, `{"uri":"/a.png","method":{}}`, `{}`, `{"origin":{"s3":{"customHeaders":[]}}}`} {
		raw := `{"Records":[{"cf":{"request":` + e + `}}]}`
		if answer, err := w.h.Handle(context.Background(), []byte(raw)); err != nil || string(answer) != e {
			t.Errorf("%s: %s, %v", raw, answer, err)
		}
	}
}

// Neither the flow nor the client keeps the source's bytes reachable while the result is made.
func TestSourceIsLetGoBeforeItsResultIsMade(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300), ContentType: "image/png"})
	var gone atomic.Bool
	w.h.resize = func(ctx context.Context, src []byte, fit func(w, h int) (int, int), opt codec.Options) ([]byte, codec.Info, error) {
		runtime.AddCleanup(&src[0], func(gone *atomic.Bool) { gone.Store(true) }, &gone)
		out, info, err := codec.Resize(ctx, src, fit, opt)
		for range 10 { // a cleanup runs some time after the collection that finds it due
			if runtime.GC(); gone.Load() {
				break
			}
			time.Sleep(time.Millisecond)
		}
		return out, info, err
	}
	if uri, r := w.ask(t, context.Background(), eventSpec{uri: "/a.png", query: "size=SXS"}); uri != "/resized/SXS/a.png" {
		t.Fatalf("%q, %+v", uri, r)
	}
	if !gone.Load() {
		t.Error("the source is held while its result is made")
	}
}
