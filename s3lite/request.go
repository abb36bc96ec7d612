package s3lite

// This file makes the attempts of one operation.

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	maxAttempts = 4        // requests in one operation
	grain       = 16 << 10 // how many bytes, sent or received, count as progress
)

// A request is one operation. It is the same in every attempt, except for its signature.
type request struct {
	op, method, key string // op is LIST, or "" when it is the method
	query           string // canonical; only for LIST
	header          http.Header
	body            []byte
	limit           int64 // for the body of a GET's answer, in bytes
	probe           bool  // a GET in the place of a HEAD, because only a GET's answer names the region
}

// shared is the transport of all Clients that have none of their own. It uses no proxy. It uses no
// compression, because that would hide a body's length. It uses no HTTP/2, as always in Go with a
// custom dialer or TLS settings. Go compares IdleConnTimeout with the wall clock too, so
// connections that died while the sandbox was frozen are not used. New connections resume the TLS
// session of old ones, so that no certificates have to be verified.
var shared http.RoundTripper = &http.Transport{
	DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
	TLSHandshakeTimeout: 2 * time.Second,
	TLSClientConfig:     &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(16)},
	IdleConnTimeout:     4 * time.Second,
	MaxIdleConnsPerHost: 16,
	DisableCompression:  true,
}

// Warm reads the certificates that the first TLS handshake needs, which takes 4 ms. Call it in a
// goroutine when the program starts.
func Warm() {
	x509.SystemCertPool() // crypto/x509 keeps the result; an error comes again in the handshake
}

// do repeats q until there is a final answer, or attempts or time run out.
func (c *Client) do(ctx context.Context, q *request) (*Object, error) {
	e := &Error{Op: cmp.Or(q.op, q.method), Bucket: c.Bucket, Key: q.key}
	backoff := cmp.Or(c.Backoff, 50*time.Millisecond)
	current := q // the request of the next attempt: q or a probe
	for {
		o := c.attempt(ctx, current)
		learned := c.learn(o)
		switch {
		case c.region.Load() != nil:
			current = q // a probe is not needed any more when a region is known
		case c.Endpoint != "" && current.method == http.MethodHead && o.status == 400:
			// Unlike AWS, other servers name their region only in the body of a refusal. HEAD has
			// no body, so the next request is a GET.
			current, learned = &request{method: http.MethodGet, key: q.key, probe: true}, true
		}
		p, kind := classify(o, learned)
		if kind == nil {
			return o.object, nil
		}
		e.Kind, e.Err, e.Status = kind, o.err, o.status
		e.Code, e.RequestID = o.element("Code"), o.header.Get("X-Amz-Request-Id")
		if o.stage == sent {
			e.Attempts++
		}
		if kind != ErrExhausted || e.Attempts == maxAttempts {
			return nil, e
		}
		// The limit of the random pause doubles with each attempt (aws.amazon.com/builders-library,
		// "Timeouts, retries and backoff with jitter").
		jitter := rand.N(backoff << (e.Attempts - 1))
		pauses := [...]time.Duration{atOnce: 0, later: jitter, throttled: jitter + 4*backoff}
		select {
		case <-time.After(pauses[p]):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
			return nil, e
		}
	}
}

// attempt signs q, sends q and reads all of the answer. It fails when fewer than grain bytes are
// sent or received in a time of c.Progress.
func (c *Client) attempt(ctx context.Context, q *request) *outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := cmp.Or(c.Progress, 2500*time.Millisecond)
	timer := time.AfterFunc(quiet, func() { cancel(errStalled) })
	defer timer.Stop()
	progress := func() { timer.Reset(quiet) }

	now := time.Now().Add(time.Duration(c.skew.Load())) // by the service's clock
	o := &outcome{request: q, region: cmp.Or(c.Region, "us-east-1"), at: now}
	if p := c.region.Load(); p != nil {
		o.region = p.name
	}
	r, err := c.newRequest(o)
	if err != nil {
		o.err = err
		return o
	}
	if len(q.body) > 0 {
		closed, done := context.WithCancel(context.Background())
		r.Body = &meter{Reader: bytes.NewReader(q.body), progress: progress, done: done}
		// The caller may reuse q.body after the return, so wait until the transport has closed
		// r.Body.
		defer func() { cancel(nil); <-closed.Done() }()
	}

	t := cmp.Or(c.Transport, shared)
	o.stage = sent
	res, err := t.RoundTrip(r.WithContext(ctx))
	if err == nil {
		defer res.Body.Close()
		err = o.read(res, progress)
	}
	if err == nil || errors.Is(err, ErrTooLarge) {
		o.err = err
		return o
	}
	o.err = cmp.Or(context.Cause(ctx), err)
	op, ok := errors.AsType[*net.OpError](err)
	o.undialed = ok && op.Op == "dial"
	if idle, ok := t.(interface{ CloseIdleConnections() }); ok {
		// If this connection died while the sandbox was frozen, the idle ones did too.
		idle.CloseIdleConnections()
	}
	return o
}

// newRequest returns o's request for o.region, signed at o.at. If it finds credentials, it sets
// o.stage to unsent, whether or not it then returns an error.
func (c *Client) newRequest(o *outcome) (*http.Request, error) {
	credentials := c.Credentials
	if credentials == nil {
		credentials = EnvCredentials
	}
	cr, err := credentials()
	if err != nil {
		return nil, err
	}
	o.stage = unsent
	q := o.request
	u, err := c.url(o.region, q.key)
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
	sign(r, cr, o.region, o.at, q.body)
	return r, nil
}

// A meter is a body, sent or received, that reports progress after each grain of bytes.
type meter struct {
	io.Reader
	progress func()
	since    int    // bytes since the last report
	done     func() // called by Close; nil for a body that is received, on which Close is not called
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
