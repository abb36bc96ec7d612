package s3lite

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxAttempts = 4
	grain       = 16 << 10 // bytes sent or received that count as progress: a trickle is a stall
)

// request is one operation, the same in every attempt but for its signature.
type request struct {
	method, key string
	query       string // canonical; only of LIST
	header      http.Header
	body        []byte
	payload     string // SHA-256 of body, hexadecimal
	limit       int64  // of the answer's body to a GET, bytes
}

// verdict says what may help after a failed attempt.
type verdict int

const (
	final     verdict = iota // nothing
	atOnce                   // the same again, since something was learned
	later                    // a pause
	throttled                // a longer pause
)

// shared is the process's transport: no proxy, no HTTP/2, no compression that would hide a body's length. Go holds
// IdleConnTimeout against the wall clock too, so it does not use connections that died while the sandbox was frozen. New
// ones resume the TLS session of old ones: a handshake without certificates to verify.
var shared = sync.OnceValue(func() http.RoundTripper {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, TLSHandshakeTimeout: 2 * time.Second,
		TLSClientConfig: &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(16)}, IdleConnTimeout: 4 * time.Second, MaxIdleConnsPerHost: 16, DisableCompression: true, Protocols: protocols}
})

// Warm reads the certificates that the first TLS handshake needs, 4 ms of work: call it in a goroutine at start.
func Warm() { x509.SystemCertPool() } // crypto/x509 keeps them; what goes wrong, the handshake reports

// do repeats q until it is answered or refused, or attempts or time run out.
func (c *Client) do(ctx context.Context, q *request) (*Object, error) {
	base := cmp.Or(c.Backoff, 50*time.Millisecond)
	for n := 1; ; n++ {
		e := &Error{Op: q.method, Bucket: c.Bucket, Key: q.key, Kind: ErrRejected}
		if q.query != "" {
			e.Op = "LIST"
		}
		o, next := c.attempt(ctx, q, e, n)
		if o != nil {
			return o, nil
		}
		if e.Status == 400 && q.method == http.MethodHead && c.Endpoint != "" && c.region.Load() == nil {
			// Unlike AWS, other servers name their region in the body alone. HEAD has none, so ask with GET.
			ask := &request{method: http.MethodGet, key: q.key, payload: emptySHA256, limit: -1}
			_, next = c.attempt(ctx, ask, new(Error), n)
		}
		if next == final {
			return nil, e
		}
		e.Kind = ErrExhausted
		var pause time.Duration // full jitter: aws.amazon.com/builders-library, "Timeouts, retries and backoff with jitter"
		if next != atOnce {
			pause = rand.N(base << (n - 1))
		}
		if next == throttled {
			pause += 4 * base
		}
		deadline, bounded := ctx.Deadline()
		enough := n == maxAttempts || bounded && time.Until(deadline) <= pause
		if !enough {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
		}
		if enough || ctx.Err() != nil {
			return nil, e
		}
	}
}

// attempt signs q, sends it and reads all of the answer: an Object, or a completed e. It fails after c.Progress
// without progress, which is a connection won or grain bytes sent or received. The dialer has bounds of its own.
func (c *Client) attempt(ctx context.Context, q *request, e *Error, n int) (*Object, verdict) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := cmp.Or(c.Progress, 2500*time.Millisecond)
	w := &watchdog{quiet: quiet, timer: time.AfterFunc(quiet, func() { cancel(errStalled) })}
	defer w.timer.Stop()
	var reused bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		reused = i.Reused
		w.timer.Reset(quiet)
	}})

	region, skew := c.Region, time.Duration(c.skew.Load())
	known := c.region.Load()
	if known != nil {
		region = *known
	}
	r, err := c.newRequest(q, region)
	if err != nil {
		e.Err = err
		return nil, final
	}
	ask := c.Credentials
	if ask == nil {
		ask = EnvCredentials
	}
	cr, err := ask()
	if err != nil {
		e.Kind, e.Err = ErrDenied, err
		return nil, final
	}
	sign(r, cr, region, "s3", q.payload, c.now().Add(skew))
	if len(q.body) > 0 {
		closed := make(chan struct{})
		r.Body = &meter{bytes.NewReader(q.body), w, sync.OnceFunc(func() { close(closed) })}
		defer func() { cancel(nil); <-closed }() // the caller may reuse its bytes once we return
	}

	t := c.Transport
	if t == nil {
		t = shared()
	}
	e.Attempts = n
	res, err := t.RoundTrip(r.WithContext(ctx))
	if err == nil {
		defer res.Body.Close()
		e.Status, e.RequestID = res.StatusCode, res.Header.Get("X-Amz-Request-Id")
		if known == nil && (res.StatusCode == 200 || res.StatusCode == 404) {
			c.region.Store(&region)
		}
		if res.StatusCode != 200 && res.StatusCode != 204 { // 206 would be part of an object, unasked
			body, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
			return nil, c.judge(e, q, res, body, region, skew)
		}
		var o *Object
		if o, err = read(q, res, w); err == nil {
			return o, final
		}
	}
	e.Err = err
	switch {
	case err == ErrTooLarge:
		e.Kind = err
		return nil, final
	case context.Cause(ctx) == errStalled:
		e.Err = errStalled
	}
	if t, ok := t.(interface{ CloseIdleConnections() }); ok && reused {
		t.CloseIdleConnections() // this one may have died in its sleep, and so its neighbours
		return nil, atOnce
	}
	return nil, later
}

// newRequest returns q as it goes to region, unsigned.
func (c *Client) newRequest(q *request, region string) (*http.Request, error) {
	scheme, host, path, err := c.endpoint(region)
	if err != nil {
		return nil, err
	}
	if path += "/" + q.key; q.key == "" && path != "/" {
		path = path[:len(path)-1] // the bucket itself
	}
	h := make(http.Header, len(q.header)+4)
	for name, values := range q.header {
		if strings.ContainsFunc(name+values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, errASCII
		}
		h[name] = values
	}
	u := &url.URL{Scheme: scheme, Host: host, Path: path, RawPath: escape(path, "/"), RawQuery: q.query}
	r := &http.Request{Method: q.method, URL: u, Host: host, Header: h, ContentLength: int64(len(q.body))}
	return r, nil
}

// read takes a 2xx answer. All of a GET's body is read here, inside the attempt, so that a broken one is retried.
func read(q *request, res *http.Response, w *watchdog) (o *Object, err error) {
	o = newObject(q.key, res.Header, res.ContentLength)
	body := &meter{res.Body, w, nil}
	switch {
	case q.method != http.MethodGet:
		return o, nil
	case res.ContentLength > q.limit:
		return nil, ErrTooLarge
	case res.ContentLength >= 0:
		o.Body = make([]byte, res.ContentLength)
		_, err = io.ReadFull(body, o.Body)
	case q.query != "": // listings come in chunks, whose end is marked
		o.Body, err = io.ReadAll(io.LimitReader(body, q.limit))
	default:
		err = errLength
	}
	sum := res.Header.Get("X-Amz-Checksum-Crc32")
	if err == nil && sum != "" && res.Header.Get("X-Amz-Checksum-Type") != "COMPOSITE" && sum != crc32Base64(o.Body) {
		err = errChecksum
	}
	return o, err
}

// judge completes e after an answer other than 2xx to what was signed for region at a clock set right by skew. It
// learns both from the service. Answers to HEAD have no body, so there the headers must do.
func (c *Client) judge(e *Error, q *request, res *http.Response, body []byte, region string, skew time.Duration) verdict {
	e.Code = element(body, "Code")
	switch res.StatusCode {
	case 301, 307, 400:
		if named := namedRegion(res.Header, body); isRegion(named) && named != region {
			c.region.Store(&named)
			return atOnce
		}
		switch e.Code {
		case "RequestTimeout":
			return later
		case "ExpiredToken", "InvalidToken":
			e.Kind = ErrDenied
		}
		if res.StatusCode == 307 {
			return later
		}
	case 401, 403:
		e.Kind = ErrDenied
		date, err := http.ParseTime(res.Header.Get("Date"))
		// S3 allows 15 minutes, so a clock nearer than 5 was not the reason.
		if off := date.Sub(c.now()); err == nil && (off-skew).Abs() > 5*time.Minute && (q.method == http.MethodHead || e.Code == "RequestTimeTooSkewed") {
			c.skew.Store(int64(off))
			return atOnce
		}
	case 404:
		e.Kind = ErrNotFound
	case 304, 412:
		e.Kind = ErrPrecondition
	case 408, 500, 502, 504:
		return later
	case 409:
		if q.method == http.MethodPut {
			return later
		}
	case 429, 503:
		return throttled
	}
	return final
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// namedRegion finds the bucket's region in a redirect or a refusal: told outright, or inside a host name.
func namedRegion(h http.Header, body []byte) string {
	_, inName, _ := ParseDomain(element(body, "Endpoint"))
	return cmp.Or(h.Get("X-Amz-Bucket-Region"), element(body, "Region"), inName)
}

// element returns the text of the first <name> in an error document: flat and of known shape, so no XML parser.
func element(body []byte, name string) string {
	_, s, _ := strings.Cut(string(body), "<"+name+">")
	s, _, ok := strings.Cut(s, "</")
	if !ok || len(s) > 256 {
		return ""
	}
	return s
}

// crc32Base64 is how S3 writes a CRC-32 (IEEE): four bytes, big-endian, in base64.
func crc32Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

// watchdog fails an attempt that makes no progress.
type watchdog struct {
	timer *time.Timer
	quiet time.Duration
	since atomic.Int64 // bytes since the timer was last set; sending and receiving may overlap
}

// meter is a body, sent or received, whose bytes the watchdog counts.
type meter struct {
	io.Reader
	w    *watchdog
	done func()
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if m.w.since.Add(int64(n)) >= grain {
		m.w.since.Store(0)
		m.w.timer.Reset(m.w.quiet)
	}
	return n, err
}

func (m *meter) Close() error {
	m.done()
	return nil
}
