package warm

// This file has CloudFront forget what was deleted or replaced: CreateInvalidation of the
// CloudFront API Reference, 2020-05-31.

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
	cloudFrontRegion = "us-east-1" // a global service's, for the signature

	forgetTime    = 8 * time.Second // for all attempts
	forgetTries   = 3
	maxForget     = 500      // keys in one invalidation, of at most three paths each: half of what CloudFront takes at once
	maxForgetBody = 64 << 10 // bytes of an answer
	maxCode       = 100      // of it in the log
)

// An invalidator asks one distribution's invalidations.
type invalidator struct {
	distribution string
	endpoint     string                             // "": AWS
	credentials  func() (s3lite.Credentials, error) // nil: s3lite.EnvCredentials
	client       *http.Client
	pause        time.Duration // before the second attempt, doubled after; 0: 200 ms
}

// A refusal is an answer of CloudFront's that is none of the good ones.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("cloudfront: %d %s", r.status, r.code))
}

// passing reports whether it may go away in a moment.
func (r *refusal) passing() bool { return r.status >= 500 || r.status == 429 || r.code == "Throttling" }

// forget makes one invalidation of all keys. When too many wildcards are under way it goes without
// any: the tags and the originals' own paths are forgotten all the same. When a path is refused it
// goes without the spellings of browsers.
func (v *invalidator) forget(ctx context.Context, s Settings, keys []string) error {
	wildcards, browsers := 0, true
	for _, key := range keys {
		if wildcards++; BrowserSpelling(s, key, true) != "" {
			wildcards++
		}
	}
	wild := wildcards <= MaxWildcards
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
			wild, reference, try = false, rand.Text(), try-1 // other paths are another invalidation
			continue
		case refused && r.code == "InvalidArgument" && browsers && wildcards > len(keys):
			browsers, reference, try = false, rand.Text(), try-1
			continue
		case refused && !r.passing() || try == forgetTries:
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

// inXML writes text as XML's content.
var inXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// post sends one request. The same reference and paths a second time are the same invalidation.
func (v *invalidator) post(ctx context.Context, reference string, paths []string) error {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>` +
		strconv.Itoa(len(paths)) + `</Quantity><Items>`)
	for _, p := range paths {
		b.WriteString("<Path>" + inXML.Replace(p) + "</Path>")
	}
	b.WriteString(`</Items></Paths><CallerReference>` + reference + `</CallerReference></InvalidationBatch>`)

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
	r := (&http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Header: http.Header{"Content-Type": {"application/xml"}},
		Body: io.NopCloser(bytes.NewReader(b.Bytes())), ContentLength: int64(b.Len())}).WithContext(ctx)
	s3lite.Sign(r, cr, cloudFrontRegion, "cloudfront", time.Now(), b.Bytes())
	res, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxForgetBody))
	if res.StatusCode == http.StatusCreated {
		return nil // it is made, whatever became of the rest of the answer
	}
	if err != nil {
		return err
	}
	_, code, _ := strings.Cut(string(body), "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	return &refusal{res.StatusCode, code[:min(len(code), maxCode)]} // logs are JSON: nothing in it can break a line
}
