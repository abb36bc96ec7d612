//go:build !edge

package s3lite_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// TestMain lets many tests wait for their timeouts at once, however few processors there are.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "16")
	os.Exit(m.Run())
}

var body = bytes.Repeat([]byte("0123456789"), 1000)

// play runs the operation of sc on c. It returns an error when the operation fails or its result is
// wrong.
func play(ctx context.Context, c *s3lite.Client, sc s3test.Scenario) error {
	switch sc.Method() {
	case "HEAD":
		o, err := c.Head(ctx, s3test.ScenarioKey)
		if err == nil && o.Size != int64(len(body)) {
			err = fmt.Errorf("HEAD: size %d", o.Size)
		}
		return err
	case "GET":
		o, err := c.Get(ctx, s3test.ScenarioKey, 1<<20)
		if err == nil && !bytes.Equal(o.Body, body) {
			err = errors.New("GET: wrong body accepted")
		}
		return err
	}
	return c.Put(ctx, s3test.ScenarioKey, body, s3lite.PutOptions{ContentType: "image/webp"})
}

// requestsFor returns how many requests for key are in srv's log, and empties the log.
func requestsFor(srv *s3test.Server, key string) (n int) {
	for _, r := range srv.Requests() {
		if r.Key == key {
			n++
		}
	}
	return n
}

func TestFaultTable(t *testing.T) {
	t.Parallel()
	recovered := new(atomic.Int32)
	t.Cleanup(func() {
		if n := recovered.Load(); n != 28 && !t.Failed() {
			t.Errorf("recovered from %d of 28 faults", n)
		}
	})
	for _, sc := range s3test.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			srv := sc.New(s3test.Config{}, body)
			c := start(t, srv)
			if strings.Contains(sc.Name, "hang") || strings.Contains(sc.Name, "stall") {
				c.Progress = 600 * time.Millisecond
			}
			if !sc.Learns() {
				c.Head(t.Context(), "warm") // so that the fault meets a connection that was used before
			}
			begin := time.Now()
			err := play(t.Context(), c, sc)
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			if n := requestsFor(srv, s3test.ScenarioKey); n != sc.Requests {
				t.Errorf("%d requests, want %d", n, sc.Requests)
			}
			if sc.Recoverable {
				if err != nil {
					t.Fatal(err)
				}
				if o := srv.Object(s3test.ScenarioKey); !bytes.Equal(o.Body, body) {
					t.Error("stored object is not whole")
				}
				if sc.Learns() { // what was learned is kept
					if err := play(t.Context(), c, sc); err != nil || requestsFor(srv, s3test.ScenarioKey) != 1 {
						t.Error("learned nothing:", err)
					}
				}
				recovered.Add(1)
				return
			}
			var e *s3lite.Error
			if !errors.As(err, &e) || e.Attempts != sc.Requests || e.RequestID == "" || e.Op != sc.Method() {
				t.Fatalf("%v", err)
			}
			want := s3lite.ErrRejected
			switch {
			case sc.Requests == 4:
				want = s3lite.ErrExhausted
			case e.Status == 404:
				want = s3lite.ErrNotFound
			case e.Status == 403 || sc.Name == "get-expired":
				want = s3lite.ErrDenied
			}
			for _, kind := range []error{s3lite.ErrNotFound, s3lite.ErrDenied, s3lite.ErrTooLarge, s3lite.ErrRejected, s3lite.ErrExhausted} {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%v is %v: %v", err, kind, kind != want)
				}
			}
		})
	}
}

// A visitor waits as long as the zero Client allows.
func TestAHangCostsAtMostThreeAndAHalfSeconds(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HEAD", "GET", "PUT"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			srv := s3test.New(s3test.Config{})
			srv.Put("k", s3test.Object{Body: body})
			srv.Script(s3test.Rule{Method: method, Times: 1, Fault: s3test.Hang(25 * time.Second)})
			c := start(t, srv)
			c.Progress, c.Backoff, c.Transport = 0, 0, nil
			begin := time.Now()
			for _, sc := range s3test.Scenarios() {
				if sc.Method() == method {
					if err := play(t.Context(), c, sc); err != nil {
						t.Error(err)
					}
					break
				}
			}
			if d := time.Since(begin); d > 3500*time.Millisecond || d < 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	var open atomic.Int32
	for _, sc := range s3test.Scenarios() {
		srv := sc.New(s3test.Config{}, body)
		ts := httptest.NewUnstartedServer(srv)
		ts.Listener = &countingListener{ts.Listener, &open}
		ts.Start()
		tr := &http.Transport{}
		c := client(ts.URL, tr)
		c.Progress = 60 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond) // some end by it, some by Progress
		c.Head(ctx, "warm")
		play(ctx, c, sc)
		play(t.Context(), c, sc)
		cancel()
		tr.CloseIdleConnections()
		ts.Close()
	}
	for range 200 {
		if runtime.NumGoroutine() <= before && open.Load() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines were %d, %d connections open\n%s", runtime.NumGoroutine(), before, open.Load(), buf[:runtime.Stack(buf, true)])
}

type countingListener struct {
	net.Listener
	open *atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.open.Add(1)
		c = &countedConn{Conn: c, open: l.open}
	}
	return c, err
}

type countedConn struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func TestTheCallersDeadlineEndsEverything(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]s3test.Fault{
		"hang":      s3test.Hang(20 * time.Second),
		"bodystall": s3test.Stall(5000, 20*time.Second),
		"drip":      s3test.Drip(10, 20*time.Millisecond),
		"503":       s3test.Status(503, "SlowDown"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := s3test.New(s3test.Config{})
			srv.Put("k", s3test.Object{Body: body})
			srv.Script(s3test.Rule{Fault: f})
			c := start(t, srv)
			c.Progress, c.Backoff = 10*time.Second, 10*time.Second
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			begin := time.Now()
			_, err := c.Get(ctx, "k", 1<<20)
			if d := time.Since(begin); d > 3*time.Second {
				t.Errorf("took %v", d)
			}
			if !errors.Is(err, s3lite.ErrExhausted) {
				t.Error(err)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
}

func TestProgressIsBytesNotTrickle(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MB
	for _, tc := range []struct {
		name     string
		fault    s3test.Fault
		requests int
	}{
		{"slow but steady", s3test.Drip(128<<10, 400*time.Millisecond), 1}, // 3.2 s in all
		{"trickle", s3test.Drip(10, 10*time.Millisecond), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			srv := s3test.New(s3test.Config{})
			srv.Put("k", s3test.Object{Body: big})
			srv.Script(s3test.Rule{Times: 1, Fault: tc.fault})
			c := start(t, srv)
			c.Progress = 2 * time.Second
			o, err := c.Get(t.Context(), "k", 2<<20)
			if err != nil || !bytes.Equal(o.Body, big) {
				t.Fatal(err)
			}
			if n := len(srv.Requests()); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
		})
	}
}

// A RoundTripper may go on reading a request's body after it has returned.
type lingering struct{ closed atomic.Bool }

func (l *lingering) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() {
		time.Sleep(20 * time.Millisecond)
		l.closed.Store(true)
		r.Body.Close()
	}()
	return nil, errors.New("no luck")
}

func TestPutIsDoneWithItsBytesWhenItReturns(t *testing.T) {
	l := new(lingering)
	c := client("http://127.0.0.1:1", l)
	err := c.Put(t.Context(), "k", body, s3lite.PutOptions{})
	if !errors.Is(err, s3lite.ErrExhausted) || !l.closed.Load() {
		t.Errorf("closed: %v, %v", l.closed.Load(), err)
	}
}

// A server may answer before the body is sent, and close the connection.
func TestPutSurvivesEarlyAnswers(t *testing.T) {
	t.Parallel()
	srv := s3test.New(s3test.Config{})
	srv.Script(s3test.Rule{Times: 3, Fault: func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(503)
	}})
	c := start(t, srv)
	big := bytes.Repeat([]byte("x"), 8<<20)
	if err := c.Put(t.Context(), "k", big, s3lite.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if o := srv.Object("k"); !bytes.Equal(o.Body, big) {
		t.Error("stored something else")
	}
}

func TestFaultsOfTheBodyAreCaught(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		fault        s3test.Fault
	}{
		{"a bit flipped", "GET", s3test.Flip()},
		{"another body's checksum", "GET", s3test.BadChecksum()},
		{"truncated to nothing", "GET", s3test.Truncate(0)},
		{"all but a byte", "GET", s3test.Truncate(len(body) - 1)},
		{"all of it, of unknown length", "GET", s3test.NoLength(len(body))},
		{"done, but not said", "PUT", s3test.Late()},
		{"done, but not said", "HEAD", s3test.Late()},
	} {
		t.Run(tc.method+" "+tc.name, func(t *testing.T) {
			srv := s3test.New(s3test.Config{})
			c := start(t, srv)
			if err := c.Put(t.Context(), "k", body, s3lite.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			srv.Requests()
			srv.Script(s3test.Rule{Times: 1, Method: tc.method, Fault: tc.fault})
			var err error
			switch tc.method {
			case "GET":
				var o *s3lite.Object
				if o, err = c.Get(t.Context(), "k", 1<<20); err == nil && !bytes.Equal(o.Body, body) {
					t.Error("wrong body accepted")
				}
			case "PUT":
				err = c.Put(t.Context(), "k", body, s3lite.PutOptions{})
			case "HEAD":
				_, err = c.Head(t.Context(), "k")
			}
			if n := len(srv.Requests()); err != nil || n != 2 {
				t.Errorf("%d requests, %v", n, err)
			}
			srv.Calm()
			srv.Script(s3test.Rule{Method: "GET", Fault: tc.fault})
			if tc.method == "GET" {
				if _, err := c.Get(t.Context(), "k", 1<<20); !errors.Is(err, s3lite.ErrExhausted) {
					t.Error("lasting:", err)
				}
			}
		})
	}
}

// Many requests at once start in the wrong region and with a clock that is half an hour off. All
// succeed, and what one of them learns does not harm another.
func TestConcurrentRequestsLearnTogether(t *testing.T) {
	srv := s3test.New(s3test.Config{Region: "eu-west-1", Now: func() time.Time { return time.Now().Add(-30 * time.Minute) }})
	c := start(t, srv)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			key := fmt.Sprint("k", i)
			_, err := c.Head(t.Context(), key)
			if !errors.Is(err, s3lite.ErrNotFound) {
				t.Error(err)
			}
			if err := c.Put(t.Context(), key, body, s3lite.PutOptions{}); err != nil {
				t.Error(err)
			}
			if o, err := c.Get(t.Context(), key, 1<<20); err != nil || !bytes.Equal(o.Body, body) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(srv.Requests()); n > 64*5 {
		t.Errorf("%d requests for 192 answers", n)
	}
}

// After a sandbox is thawed, its idle connections are dead without notice. One attempt finds that
// out, and the next uses a new connection.
func TestDeadIdleConnectionsCostOneAttempt(t *testing.T) {
	t.Parallel()
	srv := s3test.New(s3test.Config{})
	srv.Put("k", s3test.Object{Body: body})
	var frozen atomic.Bool
	dead := map[string]bool{}
	var mu sync.Mutex
	c := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		d := dead[r.RemoteAddr]
		if !frozen.Load() {
			dead[r.RemoteAddr] = true
		}
		mu.Unlock()
		if frozen.Load() && d {
			s3test.Hang(20*time.Second)(w, r, nil)
			return
		}
		time.Sleep(50 * time.Millisecond) // so that each of the eight needs a connection
		srv.ServeHTTP(w, r)
	}))
	c.Progress = 600 * time.Millisecond
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { c.Head(t.Context(), "k") })
	}
	wg.Wait()
	frozen.Store(true)
	begin := time.Now()
	if _, err := c.Get(t.Context(), "k", 1<<20); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); len(dead) < 2 || d > 1700*time.Millisecond {
		t.Errorf("took %v past %d dead connections", d, len(dead))
	}
}

func TestErrorsSayWhatFailed(t *testing.T) {
	srv := s3test.New(s3test.Config{})
	srv.Script(s3test.Rule{Method: "GET", Fault: s3test.Status(403, "AccessDenied")}, s3test.Rule{Method: "PUT", Fault: s3test.Status(503, "SlowDown")},
		s3test.Rule{Key: "eof", Fault: s3test.EOF()})
	c := start(t, srv)
	get := func(key string) error { _, err := c.Get(t.Context(), key, 1); return err }
	head := func(key string) error { _, err := c.Head(t.Context(), key); return err }
	for want, err := range map[string]error{
		"s3lite: GET bucket/photos/a.jpg: 403 AccessDenied (request S3TEST*, 1 of 4 attempts)":  get("photos/a.jpg"),
		"s3lite: HEAD bucket/a.jpg: 404 Not Found (request S3TEST*, 1 of 4 attempts)":           head("a.jpg"),
		"s3lite: PUT bucket/a.jpg: 503 SlowDown and gave up (request S3TEST*, 4 of 4 attempts)": c.Put(t.Context(), "a.jpg", nil, s3lite.PutOptions{}),
		"s3lite: HEAD bucket/eof: EOF and gave up (4 of 4 attempts)":                            head("eof"),
		"s3lite: PUT bucket/a.jpg: a header is not printable ASCII (0 of 4 attempts)": c.Put(t.Context(), "a.jpg", nil,
			s3lite.PutOptions{ContentType: "image/\njpeg"}),
		"s3lite: HEAD b--x-s3/k: unsupported: S3 Express buckets (--x-s3) (0 of 4 attempts)": func() error {
			_, err := (&s3lite.Client{Bucket: "b--x-s3", Region: "us-east-1", Credentials: c.Credentials}).Head(t.Context(), "k")
			return err
		}(),
	} {
		got := "<nil>"
		if err != nil {
			got = err.Error()
		}
		if a, z, ok := strings.Cut(want, "*"); !strings.HasPrefix(got, a) || !strings.HasSuffix(got, z) || !ok && got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// AWS names the region in a header. Other servers name it only in the body of the refusal, which
// HEAD does not have.
func TestHeadFindsTheRegionThatOnlyABodyNames(t *testing.T) {
	srv := s3test.New(s3test.Config{Region: "eu-west-1"})
	srv.Put("k", s3test.Object{Body: body})
	mute := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		srv.ServeHTTP(rec, r)
		rec.Header().Del("X-Amz-Bucket-Region")
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	})
	c := start(t, mute)
	for i, want := range []int{3, 1} {
		o, err := c.Head(t.Context(), "k")
		if n := len(srv.Requests()); err != nil || o.Size != int64(len(body)) || n != want {
			t.Errorf("HEAD %d: %d requests, %v", i, n, err)
		}
	}
}

// A part of an object is not accepted as the whole, even if its Content-Length is right.
func TestAPartNobodyAskedForIsRefused(t *testing.T) {
	c := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", "bytes 0-99/1000")
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(206)
		w.Write(body[:100])
	}))
	if o, err := c.Get(t.Context(), "k", 1<<20); !errors.Is(err, s3lite.ErrRejected) {
		t.Errorf("%+v, %v", o, err)
	}
}
