package s3lite

// This file implements AWS Signature Version 4 in the Authorization header, as S3 reads it: the
// path is encoded once and never normalized
// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// escape percent-encodes all but RFC 3986's unreserved characters. It is url.QueryEscape, except
// that a space becomes %20.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// escapePath is escape, except that slashes are kept.
func escapePath(s string) string { return strings.ReplaceAll(escape(s), "%2F", "/") }

// canonicalRequest returns the canonical form of r and the names of its signed headers, which are
// Host and all of r.Header. r's RawPath and RawQuery must be canonical. payload is the SHA-256 of
// the body in hexadecimal.
func canonicalRequest(r *http.Request, payload string) (canonical, signedHeaders string) {
	header := map[string]string{"host": r.Host}
	// Names are sorted in lower case. In mixed case the order could differ, because '_' is between
	// the capitals and the small letters.
	names := append(make([]string, 0, 16), "host")
	for name, values := range r.Header {
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		name = strings.ToLower(name)
		names = append(names, name)
		header[name] = strings.Join(trimmed, ",")
	}
	slices.Sort(names)
	lines := append(make([]string, 0, 16), r.Method, r.URL.RawPath, r.URL.RawQuery)
	for _, name := range names {
		lines = append(lines, name+":"+header[name])
	}
	signedHeaders = strings.Join(names, ";")
	return strings.Join(append(lines, "", signedHeaders, payload), "\n"), signedHeaders
}

// stringToSign returns the string to sign of Signature Version 4, for a canonical request. scope is
// the credential scope.
func stringToSign(date, scope, canonical string) string {
	return "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hexSHA256([]byte(canonical))
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// signature returns the signature of toSign. It is the end of a chain of HMACs, each of which is
// the key of the next: over the four parts of scope, then over toSign.
func signature(secret, scope, toSign string) string {
	key := []byte("AWS4" + secret)
	// Only the first four slashes separate messages: toSign contains slashes too.
	for _, message := range bytes.SplitN([]byte(scope+"/"+toSign), []byte("/"), 5) {
		h := hmac.New(sha256.New, key)
		h.Write(message)
		key = h.Sum(key[:0])
	}
	return hex.EncodeToString(key)
}

// sign signs r for S3.
func sign(r *http.Request, cr Credentials, region string, at time.Time, body []byte) {
	signFor(r, cr, region, "s3", at, body)
}

// Sign signs r for a service of AWS other than S3. r's path must need no encoding, and r must have
// no query.
func Sign(r *http.Request, cr Credentials, region, service string, at time.Time, body []byte) {
	r.URL.RawPath = r.URL.Path
	signFor(r, cr, region, service, at, body)
}

// signFor adds the date, the hash of the body, the session token and the Authorization to r. All
// other headers of r must be set before.
func signFor(r *http.Request, cr Credentials, region, service string, at time.Time, body []byte) {
	date, payload := at.UTC().Format("20060102T150405Z"), hexSHA256(body)
	r.Header["X-Amz-Date"] = []string{date}
	r.Header["X-Amz-Content-Sha256"] = []string{payload}
	if cr.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = []string{cr.SessionToken}
	}
	canonical, signed := canonicalRequest(r, payload)
	scope := date[:8] + "/" + region + "/" + service + "/aws4_request"
	r.Header["Authorization"] = []string{"AWS4-HMAC-SHA256 Credential=" + cr.AccessKeyID + "/" + scope +
		", SignedHeaders=" + signed +
		", Signature=" + signature(cr.SecretAccessKey, scope, stringToSign(date, scope, canonical))}
}
