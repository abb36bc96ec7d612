package s3lite

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	maxAttempts = 4
	grain       = 16 << 10 // bytes sent or received that count as progress: a trickle is a stall
)

// request is one operation, the same in every attempt but for its signature.
type request struct {
	op, method, key string // op is LIST, or empty when the method says it
	query           string // canonical; only of LIST
	header          http.Header
	body            []byte
	limit           int64 // of the answer's body to a GET, bytes
}

// when says how long to wait before the next attempt, if the Kind of Error allows one.
type when int

const (
	atOnce    when = iota // something was learned
	later                 // a pause
	throttled             // a longer pause
)

// shared is the process's transport: no proxy, no HTTP/2 (not with a dialer or TLS settings of one's own), no
// compression that would hide a body's length. Go holds IdleConnTimeout against the wall clock too, so it does not use
// connections that died while the sandbox was frozen. New ones resume the TLS session of old ones: a handshake without
// certificates to verify.
var shared http.RoundTripper = &http.Transport{
	DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
	TLSHandshakeTimeout: 2 * time.Second,
	TLSClientConfig:     &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(16)},
	IdleConnTimeout:     4 * time.Second,
	MaxIdleConnsPerHost: 16,
	DisableCompression:  true,
}

// Warm reads the certificates that the first TLS handshake needs, 4 ms of work: call it in a goroutine at start.
func Warm() { x509.SystemCertPool() } // crypto/x509 keeps them; what goes wrong, the handshake reports

// do repeats q until it is answered or refused, or attempts or time run out.
func (c *Client) do(ctx context.Context, q *request) (*Object, error) {
	base := cmp.Or(c.Backoff, 50*time.Millisecond)
	for n := 1; ; n++ {
		e := &Error{Op: cmp.Or(q.op, q.method), Bucket: c.Bucket, Key: q.key, Attempts: n - 1}
		o, next := c.attempt(ctx, q, e)
		if o != nil {
			return o, nil
		}
		if e.Status == 400 && q.method == http.MethodHead && c.Endpoint != "" && c.region.Load() == nil {
			// Unlike AWS, other servers name their region in the body alone. HEAD has none, so ask with GET.
			_, next = c.attempt(ctx, &request{method: http.MethodGet, key: q.key, limit: -1}, e)
		}
		if e.Kind != ErrExhausted || n == maxAttempts {
			return nil, e
		}
		jitter := rand.N(base << (n - 1)) // aws.amazon.com/builders-library, "Timeouts, retries and backoff with jitter"
		pause := [...]time.Duration{atOnce: 0, later: jitter, throttled: jitter + 4*base}[next]
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			e.Err = context.Cause(ctx)
			return nil, e
		}
	}
}

// attempt signs q, sends it and reads all of the answer: an Object, or a completed e. It fails after c.Progress
// without progress, which is grain bytes sent or received.
func (c *Client) attempt(ctx context.Context, q *request, e *Error) (*Object, when) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := cmp.Or(c.Progress, 2500*time.Millisecond)
	timer := time.AfterFunc(quiet, func() { cancel(errStalled) })
	defer timer.Stop()
	progress := func() { timer.Reset(quiet) }

	region, at := cmp.Or(c.region.Load(), &c.Region), time.Now().Add(time.Duration(c.skew.Load()))
	r, err := c.newRequest(q, e, *region, at)
	if err != nil {
		e.Err = err
		return nil, atOnce
	}
	if len(q.body) > 0 {
		closed, done := context.WithCancel(context.Background())
		r.Body = &meter{Reader: bytes.NewReader(q.body), progress: progress, done: done}
		defer func() { cancel(nil); <-closed.Done() }() // the caller may reuse its bytes once we return
	}

	t := cmp.Or(c.Transport, shared)
	e.Kind, e.Attempts = ErrExhausted, e.Attempts+1
	res, err := t.RoundTrip(r.WithContext(ctx))
	if err == nil {
		defer res.Body.Close()
		e.Status, e.RequestID = res.StatusCode, res.Header.Get("X-Amz-Request-Id")
		if res.StatusCode == 200 || res.StatusCode == 404 {
			c.region.Store(region)
		}
		if res.StatusCode != 200 && res.StatusCode != 204 { // 206 would be part of an object, unasked
			return nil, c.judge(e, q, res, *region, at)
		}
		if q.method == http.MethodGet && res.ContentLength > q.limit {
			e.Kind, e.Err = ErrTooLarge, ErrTooLarge
			return nil, atOnce
		}
		var o *Object
		if o, err = read(q, res, progress); err == nil {
			return o, atOnce
		}
	}
	e.Err = cmp.Or(context.Cause(ctx), err)
	if t, ok := t.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections() // this connection may have died in its sleep, and so its neighbours
	}
	return nil, later
}

// newRequest returns q as it goes to region, signed at that time. When it fails, it sets the Kind of e.
func (c *Client) newRequest(q *request, e *Error, region string, at time.Time) (*http.Request, error) {
	e.Kind = ErrDenied
	ask := c.Credentials
	if ask == nil {
		ask = EnvCredentials
	}
	cr, err := ask()
	if err != nil {
		return nil, err
	}
	e.Kind = ErrRejected
	u, err := c.url(region, q.key)
	if err != nil {
		return nil, err
	}
	u.RawQuery = q.query
	h := make(http.Header, len(q.header)+4)
	for name, values := range q.header {
		if strings.ContainsFunc(name+values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, errors.New("a header is not printable ASCII")
		}
		if values[0] != "" {
			h[name] = values
		}
	}
	r := &http.Request{Method: q.method, URL: u, Host: u.Host, Header: h, ContentLength: int64(len(q.body))}
	sign(r, cr, region, at, q.body)
	return r, nil
}

// judge completes e after an answer other than 2xx to what was signed for region at that time. It learns both from
// the service. Answers to HEAD have no body, so there the headers must do.
func (c *Client) judge(e *Error, q *request, res *http.Response, region string, at time.Time) when {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	e.Code = element(body, "Code")
	named := cmp.Or(res.Header.Get("X-Amz-Bucket-Region"), element(body, "Region"))
	date, err := http.ParseTime(res.Header.Get("Date"))
	switch s := res.StatusCode; {
	case (s == 301 || s == 307 || s == 400) && isRegion(named) && named != region:
		c.region.Store(&named)
		return atOnce
	case s == 403 && err == nil && date.Sub(at).Abs() > 5*time.Minute: // S3 allows 15
		c.skew.Store(int64(time.Until(date)))
		return atOnce
	case s == 429, s == 503:
		return throttled
	case s == 307, s == 408, s == 409 && q.method == http.MethodPut, s == 500, s == 502, s == 504,
		e.Code == "RequestTimeout":
		return later
	case s == 401, s == 403, e.Code == "ExpiredToken", e.Code == "InvalidToken":
		e.Kind = ErrDenied
	case s == 404:
		e.Kind = ErrNotFound
	default:
		e.Kind = ErrRejected
	}
	return atOnce
}

// read takes a 2xx answer. All of a GET's body is read here, inside the attempt, so that a broken one is retried.
func read(q *request, res *http.Response, progress func()) (o *Object, err error) {
	h := res.Header
	o = &Object{Key: q.key, Size: res.ContentLength, ETag: h.Get("Etag"), ContentType: h.Get("Content-Type"),
		CacheControl: h.Get("Cache-Control"), Expires: h.Get("Expires"), ContentLanguage: h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"), Metadata: make(map[string]string)}
	o.LastModified, _ = http.ParseTime(h.Get("Last-Modified"))
	for name, values := range h {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			o.Metadata[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	body := &meter{Reader: res.Body, progress: progress}
	switch {
	case q.method != http.MethodGet:
		return o, nil
	case res.ContentLength >= 0:
		o.Body = make([]byte, res.ContentLength)
		_, err = io.ReadFull(body, o.Body)
	case q.query != "": // listings come in chunks, whose end is marked
		o.Body, err = io.ReadAll(io.LimitReader(body, q.limit))
	default:
		err = errors.New("no Content-Length: the end cannot be told from a broken connection")
	}
	sum := h.Get("X-Amz-Checksum-Crc32")
	if err == nil && sum != "" && h.Get("X-Amz-Checksum-Type") != "COMPOSITE" && sum != crc32Base64(o.Body) {
		err = errors.New("body is not what its CRC32 says")
	}
	return o, err
}

// element returns the text of the first <name> in an error document: flat and of known shape, so no XML parser.
func element(body []byte, name string) string {
	_, s, _ := strings.Cut(string(body), "<"+name+">")
	s, _, _ = strings.Cut(s, "</")
	return s
}

// crc32Base64 is how S3 writes a CRC-32 (IEEE): four bytes, big-endian, in base64.
func crc32Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

// meter is a body, sent or received, that reports each grain of its bytes.
type meter struct {
	io.Reader
	progress func()
	since    int    // bytes since the last report
	done     func() // called by Close; received bodies are closed without
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if m.since += n; m.since >= grain {
		m.since = 0
		m.progress()
	}
	return n, err
}

func (m *meter) Close() error {
	m.done()
	return nil
}
