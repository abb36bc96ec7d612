package edge

// This file writes the answer that CloudFront gets. When no result is stored, the answer may be a
// response, which Lambda@Edge accepts in the place of a request. CloudFront caches a response by
// the response's Cache-Control. The original, served for a URL with ?size=, would be cached by the
// original's Cache-Control, often for a year.

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
	// maxResponse is the largest response to an origin-request that Lambda@Edge accepts, in bytes
	// of JSON. AWS documents it as "1 MB".
	maxResponse = 1_000_000

	// maxDirectAge is the longest time, in seconds, for which CloudFront may cache a result that
	// could not be stored. The result is right, but has no tag by which it could be purged.
	maxDirectAge = 3600

	// redirectAge is how long a redirect to the original is cached, in seconds. CloudFront's MinTTL
	// must not be larger.
	redirectAge = 5
)

// A Response is what Lambda@Edge accepts in the place of a request.
type Response struct {
	Status            string              `json:"status"`
	StatusDescription string              `json:"statusDescription"`
	Headers           map[string][]Header `json:"headers"`
	BodyEncoding      string              `json:"bodyEncoding,omitempty"`
	Body              string              `json:"body,omitempty"`
}

// set sets a header, unless its value is empty.
func (r *Response) set(name, value string) {
	if value != "" {
		r.Headers[strings.ToLower(name)] = []Header{{name, value}}
	}
}

// A rescue holds what Make has found so far that can answer a request when the result is not
// stored, or not in time. Handle reads it while Make may still be running.
type rescue struct {
	deadline time.Time // Lambda's deadline; zero when there is none

	mu    sync.Mutex
	older bool              // a result of the source is stored, by another encoder or of another quality
	body  []byte            // the finished result; nil until it is made
	put   s3lite.PutOptions // the options with which body is stored

	onFailure func(error) // remembers why the picture could not be made; nil unless it is being made
}

// noteStored notes whether an older result is stored under the result's key (see older).
func (s *rescue) noteStored(older bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.older = older
}

// noteFinished notes the finished result, which is not stored yet, and its options.
func (s *rescue) noteFinished(body []byte, o s3lite.PutOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.put, s.onFailure = body, o, nil
}

// noteBegun notes that the picture is being made, and that onFailure is to be called if the picture
// cannot be made. Either Make or Handle may learn of the failure first: Handle calls giveUp, and
// Make calls the function that noteBegun returns. onFailure is called once: a second caller waits
// for the first.
func (s *rescue) noteBegun(onFailure func(error)) func(error) {
	var once sync.Once
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onFailure = func(err error) { once.Do(func() { onFailure(err) }) }
	return s.onFailure
}

// giveUp calls onFailure, if the picture is being made: the request ends with err while Make is
// still running. A panic of onFailure is dropped. Then the failure is not remembered, and the next
// request fails in the same way.
func (s *rescue) giveUp(err error) {
	defer func() { recover() }()
	s.mu.Lock()
	onFailure := s.onFailure
	s.mu.Unlock()
	if onFailure != nil {
		onFailure(err)
	}
}

// answer returns the JSON that CloudFront gets: the request with the URI of a result, a response of
// our own, or the request unchanged. It writes the choice into r.Decision. If there is no fresh
// result, it writes into r.Fault whether the next request may succeed.
func (p *Plan) answer(r *Record, s *rescue) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Decision == Unchanged {
		r.Fault = Lasting
		if mayPass(r.Err) {
			r.Fault = Passing
		}
		if s.older {
			r.Decision = Older
		}
	}
	if r.Decision != Unchanged { // a result is stored
		if answer, err := replaceURI(p.request, p.URI()); err == nil {
			return answer
		}
		r.Decision = Unchanged // the URI could not be replaced
		return p.request
	}
	if r.Fault == Lasting {
		return p.request
	}
	// The fault may pass: the original must not be cached for long in the place of the result.
	if s.body != nil && p.method == http.MethodGet {
		if answer := direct(s.body, s.put); answer != nil {
			r.Decision = Direct
			return answer
		}
	}
	r.Decision = Redirect
	return redirect(p.uri)
}

// direct returns a response with the finished result as its body, or nil when the response would be
// too large.
func direct(body []byte, o s3lite.PutOptions) json.RawMessage {
	if base64.StdEncoding.EncodedLen(len(body)) > maxResponse {
		return nil
	}
	r := Response{
		Status:            "200",
		StatusDescription: "OK",
		Headers:           map[string][]Header{},
		BodyEncoding:      "base64",
		Body:              base64.StdEncoding.EncodeToString(body),
	}
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

// directAge returns the Cache-Control of a result that is answered directly. cacheControl and
// expires are the source's headers. no-store, no-cache and private are kept. max-age is the
// smallest age in cacheControl. If cacheControl has none, max-age is the time until expires. It is
// never more than maxDirectAge. All other directives are dropped.
func directAge(cacheControl, expires string, now time.Time) string {
	age, hasAge := maxDirectAge, false
	var kept []string
	for d := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch name {
		case "no-store", "no-cache", "private": // their field names are dropped, which is stricter
			kept = append(kept, name)
		case "max-age", "s-maxage":
			hasAge = true
			n, err := strconv.Atoi(strings.Trim(value, `"`))
			if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range: n is the nearest int
				n = 0
			}
			age = min(age, max(n, 0))
		}
	}
	if expires != "" && !hasAge {
		at, err := http.ParseTime(expires)
		if err != nil {
			at = now // a value that is not a date, such as "0", has expired
		}
		left := int(at.Sub(now) / time.Second)
		age = min(age, max(left, 0))
	}
	return strings.Join(append(kept, "max-age="+strconv.Itoa(age)), ", ")
}

// redirect returns the response that sends a viewer to the original, cached for redirectAge.
func redirect(uri string) json.RawMessage {
	r := Response{Status: "302", StatusDescription: "Found", Headers: map[string][]Header{}}
	r.set("Location", location(uri))
	r.set("Cache-Control", "max-age="+strconv.Itoa(redirectAge))
	answer, err := json.Marshal(r)
	if err != nil {
		panic(err) // impossible: there are only strings in it
	}
	return answer
}

// notInLocation holds the printable characters that location encodes. A # or ? would end the path,
// browsers take a \ for a slash, and RFC 3986 allows the others in no URL.
const notInLocation = "#?\\" + "\"<>^`{|}"

// location returns uri, an event's path, as a Location header that no browser can read as another
// host: it begins with a slash, and its next character is no slash. Spaces, control characters,
// bytes that are not ASCII, and notInLocation are encoded. A % is not, because uri is
// percent-encoded already.
func location(uri string) string {
	var b strings.Builder
	b.WriteByte('/')
	uri = strings.TrimPrefix(uri, "/")
	if strings.HasPrefix(uri, "/") {
		b.WriteString("./") // browsers read "/.//a" as the path "//a" of this host
	}
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(notInLocation, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// mayPass reports whether err may go away while the source stays as it is. That is so for a failure
// of S3, a deadline and a panic, and for a marker of a deadline or a panic. It is not so for a
// source that is too large, nor for a HEAD that says that the source is missing or is not allowed
// to be read: CloudFront will get the same answer from S3.
func mayPass(err error) bool {
	if e, ok := errors.AsType[*s3lite.Error](err); ok {
		refused := errors.Is(e, s3lite.ErrNotFound) || errors.Is(e, s3lite.ErrDenied)
		// Without attempts, ErrDenied means that the function has no credentials.
		absent := refused && e.Op == http.MethodHead && e.Attempts > 0
		return !absent && !errors.Is(e, s3lite.ErrTooLarge)
	}
	if e, ok := errors.AsType[*knownError](err); ok {
		return !e.until.IsZero()
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || caught.Is(err)
}
