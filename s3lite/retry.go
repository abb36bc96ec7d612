package s3lite

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxAttempts = 4

// verdict says what may help after a failed attempt.
type verdict int

const (
	final     verdict = iota // nothing
	atOnce                   // the same again, since something was learned
	later                    // a pause
	throttled                // a longer pause
)

// do repeats q until it is answered, refused, or attempts or time run out. Every attempt is signed anew.
func (c *Client) do(ctx context.Context, q *request) (*Object, error) {
	base := c.Backoff
	if base <= 0 {
		base = 50 * time.Millisecond
	}
	for n := 1; ; n++ {
		o, e, next := c.attempt(ctx, q)
		if e == nil {
			return o, nil
		}
		if e.Status != 0 || next != final {
			e.Attempts = n
		}
		if next == final {
			return nil, e
		}
		e.Kind = ErrExhausted
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
			return nil, e
		}
		// Full jitter (aws.amazon.com/builders-library, "Timeouts, retries and backoff with jitter").
		var pause time.Duration
		if next != atOnce {
			pause = rand.N(base << (n - 1))
		}
		if next == throttled {
			pause += 4 * base
		}
		deadline, bounded := ctx.Deadline()
		if n == maxAttempts || bounded && time.Until(deadline) <= pause {
			return nil, e
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			e.Err = context.Cause(ctx)
			return nil, e
		}
	}
}

// judge reads an answer other than 2xx to q, which was signed with used, and completes e. It learns the region and the
// clock from the service. HEAD's answers have no body, so for HEAD the headers must do.
func (c *Client) judge(e *Error, q *request, res *http.Response, body []byte, used belief) verdict {
	e.Code = element(body, "Code")
	switch res.StatusCode {
	case 301, 307, 400:
		if region := namedRegion(res.Header, body); isRegion(region) && region != used.region {
			c.learn(func(b *belief) { b.region = region })
			return atOnce
		}
	case 403:
		date, err := http.ParseTime(res.Header.Get("Date"))
		if err == nil && (q.method == http.MethodHead || e.Code == "RequestTimeTooSkewed") {
			// S3 allows 15 minutes, so a clock nearer than 5 was not the reason.
			if skew := date.Sub(c.now()); (skew - used.skew).Abs() > 5*time.Minute {
				c.learn(func(b *belief) { b.skew = skew })
				return atOnce
			}
		}
	}
	switch res.StatusCode {
	case 429, 503:
		return throttled
	case 307, 408, 500, 502, 504:
		return later
	case 404:
		e.Kind = ErrNotFound
	case 401, 403:
		e.Kind = ErrDenied
	case 304, 412:
		e.Kind = ErrPrecondition
	case 400:
		switch e.Code {
		case "RequestTimeout":
			return later
		case "ExpiredToken", "InvalidToken":
			e.Kind = ErrDenied
		}
	case 409:
		if q.method == http.MethodPut {
			return later
		}
	}
	return final
}

// namedRegion finds the bucket's region in a redirect or a refusal: told outright, or inside a host name.
func namedRegion(h http.Header, body []byte) string {
	if r := h.Get("X-Amz-Bucket-Region"); r != "" {
		return r
	}
	if r := element(body, "Region"); r != "" {
		return r
	}
	host := element(body, "Endpoint")
	if u, err := url.Parse(h.Get("Location")); err == nil && host == "" {
		host = u.Hostname()
	}
	_, region, _ := ParseDomain(host)
	return region
}

// element returns the text of the first <name> in an error document: flat, of known shape, so no XML parser.
func element(body []byte, name string) string {
	_, s, _ := strings.Cut(string(body), "<"+name+">")
	s, _, ok := strings.Cut(s, "</")
	if !ok || len(s) > 256 {
		return ""
	}
	return s
}
