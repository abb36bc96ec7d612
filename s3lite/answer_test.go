//go:build !edge

package s3lite_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// nvmeVectors are from the NVM Command Set Specification 1.0, section 5.2.1.3.5. The last but one
// is the check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms.
var nvmeVectors = []struct {
	body []byte
	sum  string
}{
	{bytes.Repeat([]byte{0}, 4096), "6482d367eb22b64e"},
	{bytes.Repeat([]byte{0xff}, 4096), "c0ddba7302eca3ac"},
	{counting(4096, func(i int) byte { return byte(i) }), "3e729f5f6750449c"},
	{counting(4096, func(i int) byte { return byte(4095 - i) }), "9a2df64b8e9e517e"},
	{[]byte("123456789"), "ae8b14860a799888"},
	{nil, "0000000000000000"},
}

func counting(n int, f func(int) byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = f(i)
	}
	return b
}

func sumOf(t *testing.T, digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// getWith gets body from a service that sends the given headers with it.
func getWith(t *testing.T, body []byte, header ...string) (o *s3lite.Object, requests int, err error) {
	c := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	}))
	o, err = c.Get(t.Context(), "k", 1<<20)
	return o, requests, err
}

func TestCRC64NVMEIsVerified(t *testing.T) {
	for _, v := range nvmeVectors {
		sum := sumOf(t, v.sum)
		o, n, err := getWith(t, v.body, "x-amz-checksum-crc64nvme", sum, "x-amz-checksum-type", "FULL_OBJECT")
		if err != nil || n != 1 || !bytes.Equal(o.Body, v.body) {
			t.Errorf("%s: %d requests, %v", v.sum, n, err)
		}
		flipped := append(bytes.Clone(v.body), 0)
		flipped[len(v.body)/2] ^= 1
		if _, n, err = getWith(t, flipped, "x-amz-checksum-crc64nvme", sum); !errors.Is(err, s3lite.ErrExhausted) || n != 4 {
			t.Errorf("%s of other bytes: %d requests, %v", v.sum, n, err)
		}
	}
	srv := s3test.New(s3test.Config{})
	srv.Put("k", s3test.Object{Body: []byte("123456789"), CRC64NVME: sumOf(t, "ae8b14860a799888")})
	c := start(t, srv)
	if o, err := c.Get(t.Context(), "k", 9); err != nil || string(o.Body) != "123456789" {
		t.Error(err)
	}
	srv.Script(s3test.Rule{Fault: s3test.Flip(), Times: 1})
	srv.Requests()
	if o, err := c.Get(t.Context(), "k", 9); err != nil || string(o.Body) != "123456789" || len(srv.Requests()) != 2 {
		t.Error("a bit flipped:", err)
	}
}

// A checksum of the checksums of an upload's parts is not compared with the object, whether or not
// the answer names its type.
func TestCompositeChecksumsAreNotHeldAgainstTheBody(t *testing.T) {
	body := []byte("123456789")
	const crc32, crc64, kind = "x-amz-checksum-crc32", "x-amz-checksum-crc64nvme", "x-amz-checksum-type"
	right32, right64 := sumOf(t, "cbf43926"), sumOf(t, "ae8b14860a799888")
	for _, tc := range []struct {
		name   string
		good   bool
		header []string
	}{
		{"none", true, nil},
		{"right, no type", true, []string{crc32, right32}},
		{"both right", true, []string{crc32, right32, crc64, right64}},
		{"wrong, no type", false, []string{crc32, "AAAAAA=="}},
		{"wrong, full", false, []string{crc32, "AAAAAA==", kind, "FULL_OBJECT"}},
		{"one of two wrong", false, []string{crc32, right32, crc64, "AAAAAAAAAAA="}},
		{"composite by type", true, []string{crc32, "AAAAAA==", kind, "COMPOSITE"}},
		{"composite by type and number", true, []string{crc32, "AAAAAA==-3", kind, "COMPOSITE"}},
		{"composite by number", true, []string{crc32, "AAAAAA==-3"}},
		{"composite by a long number", true, []string{crc32, "AAAAAA==-10000"}},
		{"composite by number against its type", true, []string{crc32, "AAAAAA==-3", kind, "FULL_OBJECT"}},
		{"composite CRC64NVME", true, []string{crc64, "AAAAAAAAAAA=-2"}},
		{"no number", false, []string{crc32, "AAAAAA==-"}},
		{"no number but letters", false, []string{crc32, right32 + "-x"}},
	} {
		o, n, err := getWith(t, body, tc.header...)
		if tc.good && (err != nil || n != 1 || !bytes.Equal(o.Body, body)) || !tc.good && (!errors.Is(err, s3lite.ErrExhausted) || n != 4) {
			t.Errorf("%s: %d requests, %v", tc.name, n, err)
		}
	}
}

// A reply is one answer of a service that cannot be trusted.
type reply struct {
	status      int // 0: the connection breaks
	code        string
	inBody, off bool   // the body names a region; the clock is an hour off
	region      string // the region in the header
}

// replies serves the given replies in order, and then the last one again and again. It returns a
// client of the service, and a function that returns the methods of the requests so far.
func replies(t *testing.T, all ...reply) (c *s3lite.Client, methods func() []string) {
	var mu sync.Mutex
	var asked []string
	c = start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		p := all[min(len(asked), len(all)-1)]
		asked = append(asked, r.Method)
		mu.Unlock()
		if p.status == 0 {
			panic(http.ErrAbortHandler)
		}
		if p.off {
			w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		}
		if p.region != "" {
			w.Header().Set("X-Amz-Bucket-Region", p.region)
		}
		body := "<Error><Code>" + p.code + "</Code>"
		if p.inBody {
			body += "<Region>eu-west-1</Region>"
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		if p.status == 204 {
			w.Header().Del("Content-Length")
		}
		w.WriteHeader(p.status)
		if r.Method != "HEAD" && p.status != 204 {
			io.WriteString(w, body)
		}
	}))
	c.Transport.(*http.Transport).DisableKeepAlives = true // net/http repeats what fails on a kept connection
	return c, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return asked
	}
}

// A server answers HEAD with 400 and names its region only in bodies. The GET that asks for the
// region counts as one of the four requests.
func TestTheGETInPlaceOfAHEADIsOneOfFour(t *testing.T) {
	bad, named := reply{status: 400}, reply{status: 400, code: "AuthorizationHeaderMalformed", inBody: true}
	ok, busy, skewed := reply{status: 200}, reply{status: 503}, reply{status: 403, code: "RequestTimeTooSkewed", off: true}
	for _, tc := range []struct {
		name    string
		want    error
		status  int
		methods string
		replies []reply
	}{
		{"the region is learned", nil, 200, "HEAD GET HEAD", []reply{bad, named, ok}},
		{"the clock before it", nil, 200, "HEAD GET GET HEAD", []reply{bad, skewed, named, ok}},
		{"busy before it", nil, 200, "HEAD GET GET HEAD", []reply{bad, busy, named, ok}},
		{"busy for ever", s3lite.ErrExhausted, 503, "HEAD GET GET GET", []reply{bad, busy}},
		{"found at the last", s3lite.ErrExhausted, 400, "HEAD HEAD HEAD HEAD", []reply{busy, busy, busy, bad}},
		{"nothing to learn", s3lite.ErrRejected, 400, "HEAD GET", []reply{bad}},
		{"GET is answered, HEAD never", s3lite.ErrRejected, 400, "HEAD GET HEAD", []reply{bad, ok, bad}},
		{"GET is answered, then HEAD", nil, 200, "HEAD GET HEAD", []reply{bad, ok, ok}},
		{"absent", s3lite.ErrNotFound, 404, "HEAD GET", []reply{bad, {status: 404, code: "NoSuchKey"}}},
		{"denied", s3lite.ErrDenied, 403, "HEAD GET", []reply{bad, {status: 403, code: "AccessDenied"}}},
		{"expired", s3lite.ErrDenied, 400, "HEAD GET", []reply{bad, {status: 400, code: "ExpiredToken"}}},
		{"broken", s3lite.ErrExhausted, 0, "HEAD GET GET GET", []reply{bad, {}}},
	} {
		c, methods := replies(t, tc.replies...)
		_, err := c.Head(t.Context(), "k")
		if got := strings.Join(methods(), " "); got != tc.methods || !errors.Is(err, tc.want) {
			t.Errorf("%s: %s, %v", tc.name, got, err)
		}
		var e *s3lite.Error
		if errors.As(err, &e) && (e.Op != "HEAD" || e.Status != tc.status || e.Attempts != len(methods())) {
			t.Errorf("%s: %+v", tc.name, e)
		}
	}
}

func TestTooLargeIsSaidOnce(t *testing.T) {
	c, methods := replies(t, reply{status: 200})
	_, err := c.Get(t.Context(), "k", 3)
	if !errors.Is(err, s3lite.ErrTooLarge) || errors.Is(err, s3lite.ErrExhausted) || len(methods()) != 1 || !strings.Contains(err.Error(), "larger than the limit of 3") {
		t.Errorf("%d requests, %v", len(methods()), err)
	}
}

// Whatever a service answers, an operation makes at most four requests, and its error is complete.
func TestAnOperationMakesAtMostFourRequests(t *testing.T) {
	kinds := []error{s3lite.ErrNotFound, s3lite.ErrDenied, s3lite.ErrTooLarge, s3lite.ErrRejected, s3lite.ErrExhausted}
	rng := rand.New(rand.NewPCG(12, 17))
	four := 0
	for range 600 {
		var all []reply
		for range 6 {
			p := reply{status: []int{0, 200, 204, 206, 301, 304, 307, 400, 400, 400, 403, 404, 408, 409, 412, 429, 500, 503}[rng.IntN(18)]}
			if p.status >= 300 {
				p.code = []string{"", "ExpiredToken", "RequestTimeout", "AuthorizationHeaderMalformed"}[rng.IntN(4)]
				p.inBody, p.off = rng.IntN(3) == 0, rng.IntN(3) == 0
				p.region = []string{"", "", "eu-west-2", "us-east-1", "../evil"}[rng.IntN(5)]
			}
			all = append(all, p)
		}
		c, methods := replies(t, all...)
		var err error
		switch rng.IntN(6) {
		case 0:
			_, err = c.Get(t.Context(), "k", 1<<10)
		case 1:
			_, err = c.Get(t.Context(), "k", -1)
		case 2:
			err = c.Put(t.Context(), "k", body, s3lite.PutOptions{})
		case 3:
			err = c.Delete(t.Context(), "k")
		default:
			_, err = c.Head(t.Context(), "k")
		}
		n := len(methods())
		if n > 4 {
			t.Fatalf("%d requests: %+v", n, all)
		}
		if n == 4 {
			four++
		}
		var e *s3lite.Error
		if err == nil {
			continue
		}
		if !errors.As(err, &e) || e.Attempts != n || !slices.Contains(kinds, e.Kind) || slices.Contains(e.Unwrap(), nil) {
			t.Fatalf("%d requests, %#v: %+v", n, err, all)
		}
		for _, kind := range kinds {
			if errors.Is(err, kind) != (kind == e.Kind) {
				t.Fatalf("%v is %v: %+v", err, kind, all)
			}
		}
	}
	if four < 50 {
		t.Errorf("%d of 600 operations made four requests: too few to show anything", four)
	}
	if u := new(s3lite.Error).Unwrap(); len(u) != 0 {
		t.Errorf("the zero Error wraps %v", u)
	}
}

// amazon is a transport that reaches some regions of AWS, which are servers on loopback. The other
// regions do not exist.
type amazon struct {
	http.Transport
	failed int // connections that were not made
}

// newAmazon returns a transport to the given regions. Connections to others are made by nowhere.
func newAmazon(t *testing.T, nowhere func(ctx context.Context) (net.Conn, error), regions map[string]http.Handler) *amazon {
	a := new(amazon)
	servers := map[string]string{}
	for region, h := range regions {
		ts := httptest.NewServer(h)
		t.Cleanup(ts.Close)
		servers["bucket.s3."+region+".amazonaws.com:80"] = ts.Listener.Addr().String()
	}
	a.DisableKeepAlives = true
	a.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if real, ok := servers[addr]; ok {
			return (&net.Dialer{}).DialContext(ctx, network, real)
		}
		a.failed++
		return nowhere(ctx)
	}
	return a
}

func (a *amazon) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return a.Transport.RoundTrip(r)
}

func TestARegionThatLeadsNowhereIsForgotten(t *testing.T) {
	for name, nowhere := range map[string]func(ctx context.Context) (net.Conn, error){
		"no such host": func(ctx context.Context) (net.Conn, error) {
			mute := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no name server") }}
			return (&net.Dialer{Resolver: mute}).DialContext(ctx, "tcp", "bucket.s3.xx-nowhere-1.invalid:80")
		},
		"refused": func(ctx context.Context) (net.Conn, error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			l.Close()
			return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := s3test.New(s3test.Config{Region: "us-east-1"})
			srv.Put("k", s3test.Object{Body: body})
			srv.Script(s3test.Rule{Times: 1, Fault: func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				w.Header().Set("X-Amz-Bucket-Region", "xx-nowhere-1")
				w.WriteHeader(301)
			}})
			a := newAmazon(t, nowhere, map[string]http.Handler{"us-east-1": srv})
			c := client("", a)
			o, err := c.Get(t.Context(), "k", 1<<20)
			if err != nil || !bytes.Equal(o.Body, body) {
				t.Fatal(err)
			}
			if n := len(srv.Requests()); n != 2 || a.failed != 1 {
				t.Errorf("%d requests and %d failed connections", n, a.failed)
			}
		})
	}

	// A region in which the bucket has answered is kept when a connection to it fails.
	srv := s3test.New(s3test.Config{Region: "eu-west-1"})
	srv.Put("k", s3test.Object{Body: body})
	var started atomic.Int32
	a := newAmazon(t, nil, map[string]http.Handler{"eu-west-1": srv, "us-east-1": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started.Add(1)
		srv.ServeHTTP(w, r)
	})})
	c := client("", a)
	get := func() {
		t.Helper()
		if _, err := c.Get(t.Context(), "k", 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	get()
	dial, down := a.DialContext, true
	a.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if down {
			down = false
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("network is unreachable")}
		}
		return dial(ctx, network, addr)
	}
	get()
	if n := started.Load(); down || n != 1 {
		t.Errorf("%d requests to where we started", n)
	}
}

// One request learns the region while another, signed for the wrong region, is in progress.
func TestWhatAnotherRequestLearnedIsAHint(t *testing.T) {
	srv := s3test.New(s3test.Config{Region: "eu-west-1"})
	srv.Put("k", s3test.Object{Body: body})
	c := start(t, srv)
	inner, first := c.Transport, true
	c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if first {
			first = false
			if _, err := c.Head(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		}
		res, err := inner.RoundTrip(r)
		if err == nil {
			res.Header.Del("X-Amz-Bucket-Region")
		}
		return res, err
	})
	if _, err := c.Head(t.Context(), "k"); err != nil {
		t.Error(err)
	}
	if n := len(srv.Requests()); n != 5 {
		t.Errorf("%d requests, want HEAD, GET, HEAD of the one and two HEADs of the other", n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestArchivedObjects(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	const ongoing, restored = `ongoing-request="true"`, `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`
	for store, cfg := range map[string]s3test.Config{"memory": {}, "directory": {Root: root}} {
		srv := s3test.New(cfg)
		c := start(t, srv)
		for i, tc := range []struct {
			class, status, restore string
			archived               bool
		}{
			{"", "", "", false}, {"STANDARD_IA", "", "", false}, {"GLACIER_IR", "", "", false},
			{"GLACIER", "", "", true}, {"GLACIER", "", ongoing, true}, {"GLACIER", "", restored, false},
			{"DEEP_ARCHIVE", "", "", true}, {"DEEP_ARCHIVE", "", ongoing, true}, {"DEEP_ARCHIVE", "", restored, false},
			{"INTELLIGENT_TIERING", "", "", false}, {"INTELLIGENT_TIERING", "ARCHIVE_ACCESS", "", true},
			{"INTELLIGENT_TIERING", "DEEP_ARCHIVE_ACCESS", ongoing, true},
		} {
			key := fmt.Sprint("k", i)
			if err := srv.Put(key, s3test.Object{Body: body, StorageClass: tc.class, ArchiveStatus: tc.status, Restore: tc.restore}); err != nil {
				t.Fatal(err)
			}
			h, err := c.Head(t.Context(), key)
			if err != nil || h.Size != int64(len(body)) || h.StorageClass != tc.class || h.ArchiveStatus != tc.status || h.Restore != tc.restore {
				t.Fatalf("%s, %v: %+v, %v", store, tc, h, err)
			}
			if h.Archived() != tc.archived {
				t.Errorf("%s, %v: archived %v", store, tc, h.Archived())
			}
			srv.Requests()
			g, err := c.Get(t.Context(), key, 1<<20)
			var e *s3lite.Error
			switch {
			case len(srv.Requests()) != 1:
				t.Errorf("%s, %v: tried again", store, tc)
			case tc.archived && (!errors.Is(err, s3lite.ErrDenied) || !errors.As(err, &e) || e.Code != "InvalidObjectState"):
				t.Errorf("%s, %v: %v", store, tc, err)
			case !tc.archived && (err != nil || !bytes.Equal(g.Body, body) || g.StorageClass != tc.class):
				t.Errorf("%s, %v: %+v, %v", store, tc, g, err)
			}
		}
		if err := c.Put(t.Context(), "k3", body, s3lite.PutOptions{}); err != nil {
			t.Error(err)
		}
		if o, err := c.Get(t.Context(), "k3", 1<<20); err != nil || o.Archived() {
			t.Errorf("%s: an archived object that was replaced: %v", store, err)
		}
	}
}

func TestAClientWithoutSettings(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	_, err := new(s3lite.Client).Head(t.Context(), "k")
	var e *s3lite.Error
	if !errors.Is(err, s3lite.ErrRejected) || !errors.As(err, &e) || e.Attempts != 0 || !strings.Contains(err.Error(), "no bucket") {
		t.Error(err)
	}
	srv := s3test.New(s3test.Config{Region: "us-east-1"})
	srv.Put("k", s3test.Object{Body: body})
	c := &s3lite.Client{Bucket: "bucket", Transport: newAmazon(t, nil, map[string]http.Handler{"us-east-1": srv})}
	if _, err := c.Get(t.Context(), "k", 1<<20); err != nil {
		t.Error(err)
	}
}
