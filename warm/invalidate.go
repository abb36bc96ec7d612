package warm

// This file makes CloudFront drop its copies of what was deleted or replaced: CreateInvalidation of
// the CloudFront API Reference, 2020-05-31.

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"miniatura/s3lite"
)

const (
	cloudFront       = "https://cloudfront.amazonaws.com"
	cloudFrontRegion = "us-east-1" // the service is global; its requests are signed for this region

	forgetTime    = 8 * time.Second // for all attempts together
	forgetTries   = 3
	maxForget     = 500      // keys in an invalidation; a key has up to three paths
	maxForgetBody = 64 << 10 // how much of an answer is read, in bytes
	maxCode       = 100      // how much of an error code is logged, in bytes
)

// An invalidator creates invalidations of one distribution.
type invalidator struct {
	distribution string
	endpoint     string                             // "" means AWS
	credentials  func() (s3lite.Credentials, error) // nil means s3lite.EnvCredentials
	client       *http.Client
	pause        time.Duration // before the second attempt, then doubled; 0 means 200 ms
}

// A refusal is an answer of CloudFront other than 201 Created.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("cloudfront: %d %s", r.status, r.code))
}

// mayPass reports whether the refusal may go away in a moment.
func (r *refusal) mayPass() bool { return r.status >= 500 || r.status == 429 || r.code == "Throttling" }

// forget makes one invalidation of all keys, in up to forgetTries attempts. When too many wildcards
// are in progress, forget repeats the request without wildcards: the results' tags and the
// originals' own paths are still invalidated. When a path is refused, forget repeats the request
// without the spellings of browsers. These two repetitions do not count as attempts. The error is
// CloudFront's last refusal, the HTTP client's last error, or the cause of ctx's end.
func (v *invalidator) forget(ctx context.Context, s Settings, keys []string) error {
	spellings := 0 // how many keys browsers spell differently
	for _, key := range keys {
		if BrowserSpelling(s, key, true) != "" {
			spellings++
		}
	}
	wild := len(keys)+spellings <= MaxWildcards // paths end in a wildcard
	browsers := spellings > 0                   // paths include the spellings of browsers
	pause := cmp.Or(v.pause, 200*time.Millisecond)
	reference := rand.Text()
	for try := 1; ; try++ {
		var paths []string
		for _, key := range keys {
			paths = append(paths, Invalidation(s, key, wild)...)
			if p := BrowserSpelling(s, key, wild); p != "" && browsers {
				paths = append(paths, p)
			}
		}
		err := v.post(ctx, reference, paths)
		r, refused := errors.AsType[*refusal](err)
		switch {
		case err == nil:
			return nil
		case refused && r.code == "TooManyInvalidationsInProgress" && wild:
			wild = false
			reference = rand.Text() // other paths need another reference
			try--                   // this request does not count
			continue
		case refused && r.code == "InvalidArgument" && browsers:
			browsers = false
			reference = rand.Text()
			try--
			continue
		case refused && !r.mayPass(), try == forgetTries:
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// inXML escapes text for XML.
var inXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// post sends one request. If an earlier request had the same reference and paths, CloudFront makes
// no second invalidation.
func (v *invalidator) post(ctx context.Context, reference string, paths []string) error {
	// The body.
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>`)
	b.WriteString(`<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">`)
	b.WriteString(`<Paths><Quantity>` + strconv.Itoa(len(paths)) + `</Quantity><Items>`)
	for _, p := range paths {
		b.WriteString("<Path>" + inXML.Replace(p) + "</Path>")
	}
	b.WriteString(`</Items></Paths><CallerReference>` + reference + `</CallerReference></InvalidationBatch>`)

	// The request.
	credentials := v.credentials
	if credentials == nil {
		credentials = s3lite.EnvCredentials
	}
	cr, err := credentials()
	if err != nil {
		return err
	}
	u, err := url.Parse(cmp.Or(v.endpoint, cloudFront) + "/2020-05-31/distribution/" + v.distribution + "/invalidation")
	if err != nil {
		return err
	}
	r := &http.Request{
		Method:        http.MethodPost,
		URL:           u,
		Host:          u.Host,
		Header:        http.Header{"Content-Type": {"application/xml"}},
		Body:          io.NopCloser(bytes.NewReader(b.Bytes())),
		ContentLength: int64(b.Len()),
	}
	s3lite.Sign(r, cr, cloudFrontRegion, "cloudfront", time.Now(), b.Bytes())

	// The answer.
	res, err := v.client.Do(r.WithContext(ctx))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxForgetBody))
	if res.StatusCode == http.StatusCreated {
		return nil // the invalidation is made, even if the answer's body was cut off
	}
	if err != nil {
		return err
	}
	_, code, _ := strings.Cut(string(body), "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	// The log is JSON, so any bytes are safe in it.
	return &refusal{res.StatusCode, code[:min(len(code), maxCode)]}
}
