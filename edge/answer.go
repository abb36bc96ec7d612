package edge

// This file answers requests whose result is not stored: Lambda@Edge takes a response instead of a
// request, which is cached by its own Cache-Control. The original under ?size= would be cached by
// the original's, often for a year.

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"miniatura/internal/caught"
	"miniatura/s3lite"
)

const (
	// maxResponse is the largest response that a function may make for an origin-request, all in
	// all, "1 MB".
	maxResponse = 1_000_000

	// maxDirectAge is how long a finished result is cached that could not be stored: it is right,
	// but no purge by tag reaches it.
	maxDirectAge = 3600

	redirectAge = 5 // seconds; CloudFront's MinTTL has to be no more
)

// A Response is what Lambda@Edge takes in the place of a request.
type Response struct {
	Status            string              `json:"status"`
	StatusDescription string              `json:"statusDescription"`
	Headers           map[string][]Header `json:"headers"`
	BodyEncoding      string              `json:"bodyEncoding,omitempty"`
	Body              string              `json:"body,omitempty"`
}

func (r *Response) set(name, value string) {
	if value != "" {
		r.Headers[strings.ToLower(name)] = []Header{{name, value}}
	}
}

// A rescue is what Make finds out on its way that a request can be answered with when the result is
// not stored, or not in time: Handle reads it while Make may still be at work.
type rescue struct {
	deadline time.Time // Lambda's; zero where nobody waits

	mu    sync.Mutex
	older bool // under the result's key lies one of the same source, of another encoder or quality
	body  []byte
	put   s3lite.PutOptions // that body was to be stored with

	failed func(error) // while the picture is made: remembers that it cannot be
}

// stored notes what lies under the result's key.
func (s *rescue) stored(older bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.older = older
}

// finished notes the result before it is stored.
func (s *rescue) finished(body []byte, o s3lite.PutOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.put, s.failed = body, o, nil
}

// making notes that the picture is being made, and what to do when that fails. It returns the same
// for Make, who may learn of it first: it is done once, and whoever comes second waits.
func (s *rescue) making(failed func(error)) func(error) {
	var once sync.Once
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = func(err error) { once.Do(func() { failed(err) }) }
	return s.failed
}

// gaveUp says that nobody waits any longer. What it fails to remember is found out again.
func (s *rescue) gaveUp(err error) {
	defer func() { recover() }()
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	if failed != nil {
		failed(err)
	}
}

// answer returns what CloudFront gets, and says in r which it is: the request pointed at a result,
// a response of our own, or the request as it came.
func (p *Plan) answer(r *Record, s *rescue) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Decision == Unchanged {
		r.Fault = Lasting
		if passing(r.Err) {
			r.Fault = Passing
		}
		if s.older {
			r.Decision = Older
		}
	}
	if r.Decision != Unchanged {
		if answer, err := replaceURI(p.request, p.URI()); err == nil {
			return answer
		}
		r.Decision = Unchanged // a request that cannot be written again goes on
		return p.request
	}
	if r.Fault == Lasting {
		return p.request
	}
	if s.body != nil && p.method == http.MethodGet {
		if answer := direct(s.body, s.put); answer != nil {
			r.Decision = Direct
			return answer
		}
	}
	r.Decision = Redirect
	return redirect(p.uri)
}

// direct returns the response that is the finished result, nil when it is too large for one.
func direct(body []byte, o s3lite.PutOptions) json.RawMessage {
	if base64.StdEncoding.EncodedLen(len(body)) > maxResponse {
		return nil
	}
	r := Response{Status: "200", StatusDescription: "OK", Headers: map[string][]Header{}, BodyEncoding: "base64",
		Body: base64.StdEncoding.EncodeToString(body)}
	r.set("Content-Type", o.ContentType)
	r.set("Content-Language", o.ContentLanguage)
	r.set("Content-Disposition", o.ContentDisposition)
	r.set("Cache-Control", directAge(o.CacheControl, o.Expires, time.Now()))
	answer, err := json.Marshal(r)
	if err != nil || len(answer) > maxResponse {
		return nil
	}
	return answer
}

// directAge returns the Cache-Control of a result that is answered directly: the source's own, for
// no longer than maxDirectAge.
func directAge(cacheControl, expires string, now time.Time) string {
	age, said := maxDirectAge, false
	var kept []string
	for d := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch name {
		case "no-store", "no-cache", "private": // with field names they mean less, and are taken whole
			kept = append(kept, name)
		case "max-age", "s-maxage":
			said = true
			n, err := strconv.Atoi(strings.Trim(value, `"`))
			if err != nil && !errors.Is(err, strconv.ErrRange) {
				n = 0
			}
			age = min(age, max(n, 0))
		}
	}
	if expires != "" && !said {
		at, err := http.ParseTime(expires)
		if err != nil {
			at = now // "0", for one: it is over
		}
		age = min(age, max(int(at.Sub(now)/time.Second), 0))
	}
	return strings.Join(append(kept, "max-age="+strconv.Itoa(age)), ", ")
}

// redirect returns the response that sends a viewer to the original, for a moment.
func redirect(uri string) json.RawMessage {
	r := Response{Status: "302", StatusDescription: "Found", Headers: map[string][]Header{}}
	r.set("Location", location(uri))
	r.set("Cache-Control", "max-age="+strconv.Itoa(redirectAge))
	answer, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings only: cannot be
	}
	return answer
}

// location returns an event's path as a Location that is never read as a host's name: it begins
// with one slash that no second one follows, and whatever browsers drop or take for a slash is
// encoded, as is what would end a path.
func location(uri string) string {
	var b strings.Builder
	b.WriteByte('/')
	uri = strings.TrimPrefix(uri, "/")
	if strings.HasPrefix(uri, "/") {
		b.WriteString("./") // "/.//a" is the path "//a"
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// passing reports whether err may go away while the source stays as it is: what S3 failed with, time, and what nobody
// has foreseen. That S3 has no such source, or does not hand it out, is no fault of S3's: CloudFront will hear the same.
func passing(err error) bool {
	if e, ok := errors.AsType[*s3lite.Error](err); ok {
		absent := e.Op == http.MethodHead && e.Attempts > 0 && (errors.Is(e, s3lite.ErrNotFound) || errors.Is(e, s3lite.ErrDenied))
		return !absent && !errors.Is(e, s3lite.ErrTooLarge)
	}
	if e, ok := errors.AsType[*knownError](err); ok {
		return !e.until.IsZero()
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || caught.Is(err)
}
