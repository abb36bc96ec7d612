package s3test

// This file verifies signatures.

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

// verify computes the Signature Version 4 of r again and compares it with the signature in r.
// Checks are done in S3's order, and refusals have S3's codes. In one respect verify is stricter
// than S3: every x-amz- header, Content-Type and Content-MD5 must be signed.
func (s *Server) verify(w http.ResponseWriter, r *http.Request, body []byte) error {
	a, err := authorizationOf(r)
	if err != nil {
		return err
	}
	if a.region() != s.c.Region {
		return s.refuseRegion(w, r)
	}
	if s.c.Unverified {
		return s.checkClock(r)
	}
	secret, ok := s.c.Secrets[a.scope[0]]
	if !ok {
		return fail(403, "InvalidAccessKeyId")
	}
	if s.c.Token != r.Header.Get("X-Amz-Security-Token") {
		return fail(400, "InvalidToken")
	}
	if err := s.checkClock(r); err != nil {
		return err
	}
	if !strings.HasPrefix(r.Header.Get("X-Amz-Date"), a.scope[1]) {
		return fail(403, "SignatureDoesNotMatch")
	}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if payload == "" {
		return fail(400, "MissingSecurityHeader")
	}
	// Compute the signature again.
	headers, err := canonicalHeaders(r, a.signedHeaders)
	if err != nil {
		return err
	}
	path := strings.ReplaceAll(encode(decodePath(r)), "%2F", "/")
	request := strings.Join([]string{r.Method, path, queryOf(r), headers, a.signedHeaders, payload}, "\n")
	want := a.sign(request, secret, r.Header.Get("X-Amz-Date"))
	if !hmac.Equal([]byte(want), []byte(a.signature)) {
		return &failure{403, "SignatureDoesNotMatch", "<CanonicalRequest>" + escapeXML(request) + "</CanonicalRequest>"}
	}
	if payload != fmt.Sprintf("%x", sha256.Sum256(body)) {
		return fail(400, "XAmzContentSHA256Mismatch")
	}
	return nil
}

// An authorization holds the fields of an Authorization header.
type authorization struct {
	scope         []string // from Credential: access key, date, region, service, terminator
	signedHeaders string
	signature     string // in hexadecimal digits
}

// authorizationOf returns the fields of r's Authorization header.
func authorizationOf(r *http.Request) (*authorization, error) {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return nil, fail(403, "AccessDenied")
	}
	field := map[string]string{}
	for _, f := range strings.Split(auth, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		field[name] = value
	}
	scope := strings.Split(field["Credential"], "/")
	if len(scope) != 5 || scope[3] != "s3" || scope[4] != "aws4_request" {
		return nil, fail(400, "AuthorizationHeaderMalformed")
	}
	return &authorization{scope, field["SignedHeaders"], field["Signature"]}, nil
}

func (a *authorization) region() string { return a.scope[2] }

// sign returns the signature of request, a canonical request, in hexadecimal digits.
func (a *authorization) sign(request, secret, date string) string {
	toSign := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", date, strings.Join(a.scope[1:], "/"), sha256.Sum256([]byte(request)))
	key := []byte("AWS4" + secret)
	for _, step := range append(a.scope[1:5:5], toSign) { // the second 5 makes append copy
		h := hmac.New(sha256.New, key)
		fmt.Fprint(h, step)
		key = h.Sum(nil)
	}
	return fmt.Sprintf("%x", key)
}

// canonicalHeaders returns a line "name:value" for each header of r that list names. The names in
// list are separated by semicolons. canonicalHeaders refuses a list that is not sorted, that has a
// name twice, that has a name of no header of r, or that lacks a header that has to be signed.
func canonicalHeaders(r *http.Request, list string) (string, error) {
	names := strings.Split(list, ";")
	if !sort.StringsAreSorted(names) {
		return "", fail(403, "SignatureDoesNotMatch")
	}
	has := map[string]bool{}
	canonical := ""
	for _, name := range names {
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{fmt.Sprint(r.ContentLength)}
		}
		if len(values) == 0 || has[name] || name != strings.ToLower(name) {
			return "", fail(403, "SignatureDoesNotMatch")
		}
		has[name] = true
		var clean []string
		for _, v := range values {
			clean = append(clean, strings.Join(strings.Fields(v), " "))
		}
		canonical += name + ":" + strings.Join(clean, ",") + "\n"
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		mustBeSigned := strings.HasPrefix(name, "x-amz-") || name == "content-type" || name == "content-md5"
		if mustBeSigned && !has[name] {
			return "", fail(403, "AccessDenied")
		}
	}
	if !has["host"] {
		return "", fail(403, "AccessDenied")
	}
	return canonical, nil
}

// refuseRegion returns the failure for a client that signed for another region. The failure, and a
// header that refuseRegion sets, name the right region.
func (s *Server) refuseRegion(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("X-Amz-Bucket-Region", s.c.Region)
	host := s.c.Bucket + ".s3." + s.c.Region + ".amazonaws.com"
	switch s.c.Moved {
	case 301:
		return &failure{301, "PermanentRedirect", "<Endpoint>" + host + "</Endpoint><Bucket>" + s.c.Bucket + "</Bucket>"}
	case 307:
		w.Header().Set("Location", "http://"+host+r.URL.EscapedPath())
		return &failure{307, "TemporaryRedirect", "<Endpoint>" + host + "</Endpoint>"}
	}
	return &failure{400, "AuthorizationHeaderMalformed", "<Region>" + s.c.Region + "</Region>"}
}

// checkClock refuses a request that was signed more than 15 minutes before or after now.
func (s *Server) checkClock(r *http.Request) error {
	sent, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return fail(403, "AccessDenied")
	}
	now := s.c.Now().UTC()
	if sent.Sub(now).Abs() > 15*time.Minute {
		return &failure{403, "RequestTimeTooSkewed", "<RequestTime>" + r.Header.Get("X-Amz-Date") + "</RequestTime><ServerTime>" +
			now.Format(time.RFC3339) + "</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"}
	}
	return nil
}

// encode percent-encodes all but RFC 3986's unreserved characters. It is url.QueryEscape, except
// that a space becomes %20.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// queryOf returns the canonical query string: names and values are decoded, encoded again, and
// sorted by name, then by value.
func queryOf(r *http.Request) string {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "\x00" // no signature matches
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return encode(names[i]) < encode(names[j]) })
	var parts []string
	for _, name := range names {
		var values []string
		for _, v := range query[name] {
			values = append(values, encode(v))
		}
		sort.Strings(values)
		for _, v := range values {
			parts = append(parts, encode(name)+"="+v)
		}
	}
	return strings.Join(parts, "&")
}
