package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

const (
	faultSource = "fotos/a b.png"
	faultResult = "resized/SXS/fotos/a b.png"
	faultURI    = "/resized/SXS/fotos/a%20b.png"
)

var faultAsk = eventSpec{uri: "/fotos/a%20b.png", query: "size=SXS"}

// faultSteps are the steps of a miss in order. The first two run at the same time.
var faultSteps = []struct{ name, method, key string }{
	{"HEAD result", "HEAD", faultResult},
	{"HEAD source", "HEAD", faultSource},
	{"GET", "GET", faultSource},
	{"PUT", "PUT", faultResult},
}

// TestMain lets many tests wait for their timeouts at once, however few processors there are.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "16")
	os.Exit(m.Run())
}

// faultPicture returns the source of these tests and the result that it must have.
var faultPicture = sync.OnceValues(func() (src, want []byte) {
	src = picture(&testing.T{}, 400, 300)
	size, _ := sizes.Parse("SXS")
	want, _, err := codec.Resize(context.Background(), src, size.Fit, codec.Options{Quality: 80})
	if err != nil {
		panic(err)
	}
	return src, want
})

// waiting are the faults that end only when the client's patience does. Only these have a short
// timeout, so that a slow machine does not look like a fault.
var waiting = []string{"hang", "stall", "trickle", "slow"}

// newFaultWorld returns a world with a source in it, and the result that the source must have.
func newFaultWorld(t testing.TB, fault string) (w *world, want []byte) {
	t.Helper()
	w = newWorld(t)
	slow := w.h.cfg.Client
	w.h.cfg.Client = func(bucket, region string) *s3lite.Client {
		c := slow(bucket, region)
		c.Progress, c.Backoff = 20*time.Second, 2*time.Millisecond
		if slices.Contains(waiting, fault) {
			c.Progress = 400 * time.Millisecond
		}
		return c
	}
	src, want := faultPicture()
	w.Put(faultSource, s3test.Object{Body: src, ContentType: "image/png", CacheControl: "max-age=9"})
	return w, want
}

// mend checks that the bucket holds the source and at most one more object: the complete result,
// with all of its metadata. Then it checks that the next request, without a fault, ends with the
// result.
func (w *world) mend(t testing.TB, want []byte) {
	t.Helper()
	check := func() {
		t.Helper()
		for _, k := range w.Keys() {
			o := w.Object(k)
			switch k {
			case faultSource:
			case faultResult:
				if !bytes.Equal(o.Body, want) || o.ContentType != "image/png" || o.CacheControl != "max-age=9" ||
					o.Metadata["source-etag"] != w.Object(faultSource).ETag || o.Metadata["encoder"] != strconv.Itoa(codec.Version) || o.Metadata["quality"] != "80" {
					t.Errorf("stored %d bytes of %d, %+v", len(o.Body), len(want), o.Metadata)
				}
			default:
				t.Errorf("stored under %q", k)
			}
		}
	}
	check()
	w.Calm()
	if uri, r := w.ask(t, context.Background(), faultAsk); uri != faultURI {
		t.Errorf("afterwards: %q, %+v", uri, r)
	}
	if w.Object(faultResult) == nil {
		t.Error("afterwards: no result")
	}
	check()
}

// askWithin sends the event with a deadline, as Lambda does, and checks that the answer comes in
// time.
func (w *world) askWithin(t testing.TB, d time.Duration) (uri string, r Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), margin+d)
	defer cancel()
	starved := timerDelay(ctx)
	begin := time.Now()
	uri, r = w.ask(t, ctx, faultAsk)
	if took := time.Since(begin); took > d+margin/2+10*starved() {
		t.Errorf("answered after %v, with %v to go until the sandbox is killed", took, margin+d-took)
	}
	return uri, r
}

// timerDelay measures how late a timer fires. The returned function ends the measurement and
// returns the largest delay. A busy machine may add this delay to every step, which is not the
// flow's fault.
func timerDelay(ctx context.Context) func() time.Duration {
	var worst atomic.Int64
	ctx, stop := context.WithCancel(ctx)
	go func() {
		for ctx.Err() == nil {
			begin := time.Now()
			time.Sleep(5 * time.Millisecond)
			worst.Store(max(worst.Load(), int64(time.Since(begin)-5*time.Millisecond)))
		}
	}()
	return func() time.Duration {
		stop()
		return time.Duration(worst.Load())
	}
}

func TestTransientFaultsEndWithThePicture(t *testing.T) {
	t.Parallel()
	faults := map[string]s3test.Fault{
		"503": s3test.Status(503, "SlowDown"), "500": s3test.Status(500, "InternalError"), "429": s3test.Status(429, "TooManyRequests"),
		"502 page": s3test.HTML(502), "504": s3test.Status(504, ""), "408": s3test.Status(408, ""), "307": s3test.Status(307, "TemporaryRedirect"),
		"reset": s3test.Reset(), "eof": s3test.EOF(), "done but not said": s3test.Late(), "hang": s3test.Hang(20 * time.Second),
		"truncated": s3test.Truncate(1000), "no length": s3test.NoLength(1000), "stall": s3test.Stall(1000, 20*time.Second), "bit flipped": s3test.Flip(),
		"409": s3test.Status(409, "ConditionalRequestConflict"), "400 RequestTimeout": s3test.Status(400, "RequestTimeout"),
	}
	only := map[string]string{"truncated": "GET", "no length": "GET", "stall": "GET", "bit flipped": "GET", "409": "PUT", "400 RequestTimeout": "PUT"}
	for _, step := range faultSteps {
		for name, f := range faults {
			if only[name] != "" && only[name] != step.method {
				continue
			}
			t.Run(step.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w, want := newFaultWorld(t, name)
				w.Script(s3test.Rule{Method: step.method, Key: step.key, Times: 1, Fault: f})
				uri, r := w.askWithin(t, 20*time.Second)
				if uri != faultURI || r.Decision != Resized {
					t.Errorf("%q, %+v", uri, r)
				}
				if n := w.count(); n != 5 && !slices.Contains(waiting, name) {
					t.Errorf("%d requests, want 5", n)
				}
				w.mend(t, want)
			})
		}
	}
}

func TestLastingFaultsEndWithAnAnswer(t *testing.T) {
	t.Parallel()
	faults := map[string]s3test.Fault{
		"503": s3test.Status(503, "SlowDown"), "500": s3test.Status(500, "InternalError"), "502 page": s3test.HTML(502),
		"302": s3test.Status(302, "Found"), "301": s3test.Status(301, "PermanentRedirect"), "400": s3test.Status(400, "ExpiredToken"), "501": s3test.Status(501, "NotImplemented"),
		"403": s3test.Status(403, "AccessDenied"), "404": s3test.Status(404, "NoSuchKey"), "412": s3test.Status(412, "PreconditionFailed"),
		"reset": s3test.Reset(), "eof": s3test.EOF(), "done but not said": s3test.Late(), "hang": s3test.Hang(20 * time.Second), "slow": s3test.Delay(20 * time.Second),
		"truncated": s3test.Truncate(1000), "no length": s3test.NoLength(1000), "stall": s3test.Stall(1000, 20*time.Second), "bit flipped": s3test.Flip(),
		"trickle": s3test.Drip(10, 20*time.Millisecond),
	}
	onlyGET := []string{"truncated", "no length", "stall", "bit flipped", "trickle"}
	for _, step := range faultSteps {
		for name, f := range faults {
			if slices.Contains(onlyGET, name) && step.method != "GET" {
				continue
			}
			t.Run(step.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w, want := newFaultWorld(t, name)
				w.Script(s3test.Rule{Method: step.method, Key: step.key, Fault: f})
				within := 20 * time.Second
				if slices.Contains(waiting, name) {
					within = 4 * time.Second
				}
				uri, r := w.askWithin(t, within)
				if step.name == "HEAD result" && name == "400" && r.Decision == Resized {
					// Until an answer has confirmed the region, s3lite repeats a refused HEAD as a
					// GET, whose answer has a body. Here that body says that the result is absent.
					// The HEAD of the source runs at the same time and may confirm the region
					// first.
					if uri != faultURI {
						t.Errorf("%q, %+v", uri, r)
					}
				} else if step.name == "HEAD result" && (name == "403" || name == "404") {
					// Not a fault: without s3:ListBucket, S3 answers like this for an absent
					// result.
					if uri != faultURI || r.Decision != Resized {
						t.Errorf("%q, %+v", uri, r)
					}
				} else if wantURI, want := afterFault(step.name, name); uri != wantURI || r.Decision != want || r.Error == "" {
					t.Errorf("%q, %+v, want %q, %s", uri, r, wantURI, want)
				}
				// There are four attempts at the step. On a connection that was used before and
				// breaks, net/http may repeat each once.
				if n := w.count(); n > 3+4 && !slices.Contains(append(waiting, "reset", "eof", "done but not said"), name) || n > 3+8 {
					t.Errorf("%d requests", n)
				}
				w.mend(t, want)
			})
		}
	}
}

// afterFault returns how a request ends when every attempt at a step meets the fault.
func afterFault(step, fault string) (uri, decision string) {
	switch {
	case step == "HEAD source" && (fault == "403" || fault == "404"):
		return faultAsk.uri, Unchanged // it looks like a missing source, and does to CloudFront too
	case step == "PUT":
		return "200", Direct
	}
	return "302 " + faultAsk.uri, Redirect
}

// When the deadline passes during a step, the request goes on and no incomplete object stays.
func TestTheDeadlineInAnyStep(t *testing.T) {
	t.Parallel()
	for _, step := range faultSteps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			w, want := newFaultWorld(t, "")
			slow := w.h.cfg.Client
			w.h.cfg.Client = func(bucket, region string) *s3lite.Client {
				c := slow(bucket, region)
				c.Progress = time.Minute
				return c
			}
			w.Script(s3test.Rule{Method: step.method, Key: step.key, Fault: s3test.Hang(20 * time.Second)})
			uri, r := w.askWithin(t, 500*time.Millisecond)
			if wantURI, want := afterFault(step.name, ""); uri != wantURI || r.Decision != want || r.Error == "" {
				t.Errorf("%q, %+v, want %q, %s", uri, r, wantURI, want)
			}
			w.mend(t, want)
		})
	}
}

// The process is killed while S3 handles a step, before or after S3 has done it. The bucket is
// correct afterwards.
func TestAKilledProcessLeavesTheBucketRight(t *testing.T) {
	if url := os.Getenv("MINIATURA_TEST_S3"); url != "" { // this is the process to be killed
		h := New(Config{Client: func(bucket, region string) *s3lite.Client {
			return &s3lite.Client{Bucket: bucket, Region: region, Endpoint: url, Credentials: func() (s3lite.Credentials, error) {
				return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
			}}
		}})
		h.Handle(context.Background(), newEvent(faultAsk))
		return
	}
	t.Parallel()
	for _, step := range faultSteps {
		for _, when := range []string{"before", "after"} {
			t.Run(step.name+"/"+when, func(t *testing.T) {
				w, want := newFaultWorld(t, "")
				hs := httptest.NewServer(w.Server)
				defer hs.Close()
				cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledProcessLeavesTheBucketRight$")
				cmd.Env = append(os.Environ(), "MINIATURA_TEST_S3="+hs.URL)
				started, killed := make(chan struct{}), make(chan struct{})
				var once sync.Once
				w.Script(s3test.Rule{Method: step.method, Key: step.key, Fault: func(rw http.ResponseWriter, r *http.Request, honest http.Handler) {
					if when == "after" {
						honest.ServeHTTP(rw, r)
					}
					once.Do(func() {
						<-started
						close(killed)
						cmd.Process.Kill()
					})
					if when == "before" { // S3 may still read what was sent, but the process is gone
						honest.ServeHTTP(rw, r)
					}
				}})
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				close(started)
				err := cmd.Wait()
				select {
				case <-killed:
				default:
					t.Fatalf("was never killed: %v", err)
				}
				w.mend(t, want)
			})
		}
	}
}

func TestRequestsPerFlow(t *testing.T) {
	w, _ := newFaultWorld(t, "")
	count := func(flow string, s eventSpec, decision string, want ...string) {
		t.Helper()
		_, r := w.ask(t, context.Background(), s)
		var got []string
		for _, q := range w.Requests() {
			got = append(got, q.Method+" "+q.Key)
		}
		if len(got) > 1 {
			slices.Sort(got[:2]) // these two run at the same time
		}
		if r.Decision != decision || !slices.Equal(got, want) {
			t.Errorf("%s: %s (%s) by %q, want %s by %q", flow, r.Decision, r.Error, got, decision, want)
		}
	}
	count("miss", faultAsk, Resized, "HEAD "+faultSource, "HEAD "+faultResult, "GET "+faultSource, "PUT "+faultResult)
	count("hit", faultAsk, Hit, "HEAD "+faultSource, "HEAD "+faultResult)
	w.Put("text.png", s3test.Object{Body: []byte("text")})
	text := eventSpec{uri: "/text.png", query: "size=L"}
	count("failure", text, Unchanged, "HEAD resized/L/text.png", "HEAD text.png", "GET text.png", "PUT resized/L/text.png")
	count("known failure", text, Unchanged, "HEAD resized/L/text.png", "HEAD text.png")
	w.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(404, "NoSuchKey")})
	count("passing fault", eventSpec{uri: faultAsk.uri, query: "size=L"}, Redirect, "HEAD "+faultSource, "HEAD resized/L/"+faultSource, "GET "+faultSource)
	w.Calm()
	count("missing", eventSpec{uri: "/no.png", query: "size=L"}, Unchanged, "HEAD no.png", "HEAD resized/L/no.png")
}

// The client learns a bucket's region and S3's clock once per sandbox.
func TestAWrongRegionAndClockAreLearnedOnce(t *testing.T) {
	srv := s3test.New(s3test.Config{Bucket: "bkt", Region: "ap-south-1", Now: func() time.Time { return time.Now().Add(30 * time.Minute) }})
	hs := httptest.NewServer(srv)
	defer hs.Close()
	w := newWorld(t)
	w.Server = srv
	other := w.h.cfg.Client
	w.h.cfg.Client = func(bucket, region string) *s3lite.Client {
		c := other(bucket, region)
		c.Endpoint = hs.URL
		return c
	}
	w.Put(faultSource, s3test.Object{Body: picture(t, 400, 300)})
	for i, want := range []int{2 + 2 + 4, 2, 2} { // both HEADs learn the region, then the clock
		if uri, r := w.ask(t, context.Background(), faultAsk); uri != faultURI {
			t.Errorf("%q, %+v", uri, r)
		}
		if n := w.count(); n > want || i > 0 && n != want {
			t.Errorf("request %d took %d, want %d", i, n, want)
		}
	}
}

// Many requests at once through one Handler are all answered, with no more pictures in memory than
// Concurrent allows.
func TestTwoHundredAtOnceStayWithinMemory(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("200 pictures: set MINIATURA_LONG=1")
	}
	w, _ := newFaultWorld(t, "")
	client := w.h.cfg.Client
	w.h = New(Config{Log: w.log, Client: client, Concurrent: 2})
	src := picture(t, 2000, 1500) // 12 MB of samples
	const n = 200
	for i := range n {
		w.Put(fmt.Sprint("p", i, ".png"), s3test.Object{Body: src})
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	stop := make(chan struct{})
	go func() {
		var m runtime.MemStats
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	var wg sync.WaitGroup
	var resized atomic.Int32
	for i := range n {
		wg.Go(func() {
			answer, err := w.h.Handle(context.Background(), newEvent(eventSpec{uri: fmt.Sprint("/p", i, ".png"), query: "size=SS"}))
			var a request
			if err != nil || json.Unmarshal(answer, &a) != nil || !strings.HasSuffix(a.URI, fmt.Sprint("p", i, ".png")) {
				t.Errorf("%s, %v", answer, err)
			}
			if strings.HasPrefix(a.URI, "/resized/") {
				resized.Add(1)
			}
		})
	}
	wg.Wait()
	close(stop)
	grown := int64(peak.Load()) - int64(before.HeapInuse)
	t.Logf("%d of %d resized, the heap grew by %d MB", resized.Load(), n, grown>>20)
	if resized.Load() != n || grown > 160<<20 {
		t.Error("not all, or too much")
	}
}
