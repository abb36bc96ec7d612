package s3lite

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// request is one operation, the same in every attempt but for its signature.
type request struct {
	method  string
	op      string // for the error, when it is not the method
	key     string
	query   [][2]string
	header  http.Header
	body    []byte
	payload string // SHA-256 of body, hexadecimal
	limit   int64  // of a GET's body, bytes
	chunked bool   // its length may be unknown: true of listings alone
	bad     error  // why not even to try
}

// shared is the process's transport: no proxy, no HTTP/2, no compression that would hide a body's length. Go compares
// IdleConnTimeout with the wall clock too, so connections that died while the sandbox was frozen are not tried.
var shared = sync.OnceValue(func() *http.Transport {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
		TLSHandshakeTimeout: 2 * time.Second,
		IdleConnTimeout:     4 * time.Second,
		MaxIdleConnsPerHost: 16,
		WriteBufferSize:     32 << 10,
		DisableCompression:  true,
		Protocols:           p,
	}
})

// Warm reads the certificates that the first TLS handshake needs, 4 ms of work: call it in a goroutine at start.
func Warm() {
	shared()
	x509.SystemCertPool() // the pool behind it is kept by crypto/x509; an error comes back at the handshake
}

func (c *Client) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return shared()
}

// attempt makes one exchange and reads all of the answer. When it fails, next says what may help. It ends after
// c.Progress without progress: a connection won, or grain bytes sent or received. Dialling has bounds of its own.
func (c *Client) attempt(ctx context.Context, q *request) (o *Object, e *Error, next verdict) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &watchdog{quiet: c.Progress}
	if w.quiet <= 0 {
		w.quiet = 2500 * time.Millisecond
	}
	w.timer = time.AfterFunc(w.quiet, func() { cancel(errStalled) })
	defer w.timer.Stop()

	e = &Error{Op: q.method, Bucket: c.Bucket, Key: q.key, Kind: ErrRejected, Err: q.bad}
	if q.op != "" {
		e.Op = q.op
	}
	if e.Err != nil {
		return nil, e, final
	}
	ask := c.Credentials
	if ask == nil {
		ask = EnvCredentials
	}
	cr, err := ask()
	if err != nil {
		e.Kind, e.Err = ErrDenied, err
		return nil, e, final
	}
	r, used, err := c.newRequest(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: w.gotConn}), q, w, cr)
	if err != nil {
		e.Err = err
		return nil, e, final
	}
	res, err := c.transport().RoundTrip(r)
	if b, ok := r.Body.(*upload); ok {
		defer func() { cancel(nil); <-b.closed }() // the caller may reuse its bytes once we return
	}
	if err == nil {
		defer res.Body.Close()
		e.Status, e.RequestID = res.StatusCode, res.Header.Get("X-Amz-Request-Id")
		if res.StatusCode/100 != 2 {
			answer, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
			return nil, e, c.judge(e, q, res, answer, used)
		}
		if o, err = read(q, res, w); err == nil {
			return o, nil, final
		}
		if err == ErrTooLarge {
			e.Kind = ErrTooLarge
			return nil, e, final
		}
	}
	if e.Err = err; context.Cause(ctx) == errStalled {
		e.Err = errStalled
	}
	if w.reused { // it may have died while the sandbox was frozen, and so its idle neighbours
		if t, ok := c.transport().(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
		return nil, e, atOnce
	}
	return nil, e, later
}

// newRequest signs q and says with what.
func (c *Client) newRequest(ctx context.Context, q *request, w *watchdog, cr Credentials) (*http.Request, belief, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := c.learned
	if used.region == "" {
		used.region = c.Region
	}
	scheme, host, path, err := c.endpoint(used.region)
	if err != nil {
		return nil, used, err
	}
	path += "/" + q.key
	if q.key == "" && path != "/" { // the bucket itself
		path = path[:len(path)-1]
	}
	u := &url.URL{Scheme: scheme, Host: host, Path: path, RawPath: escape(path, "/"), RawQuery: canonicalQuery(q.query)}
	h := make(http.Header, len(q.header)+4)
	for name, values := range q.header {
		h[name] = values
	}
	c.sign(cr, c.now().Add(used.skew), used.region, q.method, host, u.RawPath, u.RawQuery, h, q.payload)
	r := &http.Request{Method: q.method, URL: u, Host: host, Header: h, ProtoMajor: 1, ProtoMinor: 1}
	if len(q.body) > 0 {
		r.Body = &upload{r: bytes.NewReader(q.body), w: w, closed: make(chan struct{})}
		r.ContentLength = int64(len(q.body))
	} else if q.method == http.MethodPut {
		r.Body = http.NoBody // Content-Length: 0
	}
	return r.WithContext(ctx), used, nil
}

// read takes a 2xx answer. The whole body of a GET is read here, inside the attempt, so that a broken one is retried.
func read(q *request, res *http.Response, w *watchdog) (*Object, error) {
	o := newObject(q.key, res.Header, res.ContentLength)
	if q.method != http.MethodGet {
		return o, nil
	}
	if res.ContentLength > q.limit {
		return nil, ErrTooLarge
	}
	if res.ContentLength < 0 && q.chunked {
		var err error
		o.Body, err = io.ReadAll(io.LimitReader(res.Body, q.limit))
		return o, err
	}
	if res.ContentLength < 0 { // its end would look like any broken connection
		return nil, errLength
	}
	o.Body = make([]byte, res.ContentLength)
	for n := 0; n < len(o.Body); {
		m, err := res.Body.Read(o.Body[n:])
		n += m
		w.progress(m)
		if err != nil && n < len(o.Body) {
			return nil, err
		}
	}
	sum := res.Header.Get("X-Amz-Checksum-Crc32")
	if sum != "" && res.Header.Get("X-Amz-Checksum-Type") != "COMPOSITE" && sum != crc32Base64(o.Body) {
		return nil, errChecksum
	}
	return o, nil
}

// crc32Base64 is how S3 writes a CRC-32 (IEEE): four bytes, big-endian, in base64.
func crc32Base64(b []byte) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(b))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// grain is the least number of bytes that counts as progress: a trickle is a stall.
const grain = 16 << 10

// watchdog fails an attempt that makes no progress.
type watchdog struct {
	timer  *time.Timer
	quiet  time.Duration
	since  atomic.Int64 // bytes since the timer was last set; sending and receiving may overlap
	reused bool
}

func (w *watchdog) gotConn(i httptrace.GotConnInfo) {
	w.reused = i.Reused
	w.timer.Reset(w.quiet)
}

func (w *watchdog) progress(n int) {
	if w.since.Add(int64(n)) >= grain {
		w.since.Store(0)
		w.timer.Reset(w.quiet)
	}
}

// upload is a request's body.
type upload struct {
	r      *bytes.Reader // a field: were it embedded, its WriteTo would bypass Read
	w      *watchdog
	closed chan struct{}
	once   sync.Once
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.w.progress(n)
	return n, err
}

func (u *upload) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}
