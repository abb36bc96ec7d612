// This file implements AWS Signature Version 4 in the Authorization header, as S3 reads it: the path is encoded once
// and never normalised (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

package s3lite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// escape percent-encodes s, except RFC 3986's unreserved characters and those in keep.
func escape(s, keep string) string {
	b := make([]byte, 0, 3*len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || strings.IndexByte(keep, c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return string(b)
}

// canonicalRequest takes the path and query of r in canonical form, and signs Host and all of r.Header. payload is the
// body's SHA-256 in hexadecimal.
func canonicalRequest(r *http.Request, payload string) (canonical []byte, signedHeaders string) {
	type header struct {
		name   string // lower case: its order is not that of the canonical names ('_' stands between)
		values []string
	}
	all := append(make([]header, 0, len(r.Header)+1), header{"host", []string{r.Host}})
	for name, values := range r.Header {
		all = append(all, header{strings.ToLower(name), values})
	}
	slices.SortFunc(all, func(a, b header) int { return strings.Compare(a.name, b.name) })
	b := append(make([]byte, 0, 1024), r.Method+"\n"+r.URL.RawPath+"\n"+r.URL.RawQuery+"\n"...)
	names := make([]string, len(all))
	for i, h := range all {
		names[i] = h.name
		b = append(b, h.name...)
		before := byte(':')
		for _, v := range h.values {
			b = append(b, before)
			n := len(b)
			for word := range strings.FieldsSeq(v) {
				if len(b) > n {
					b = append(b, ' ')
				}
				b = append(b, word...)
			}
			before = ','
		}
		b = append(b, '\n')
	}
	signedHeaders = strings.Join(names, ";")
	return append(b, "\n"+signedHeaders+"\n"+payload...), signedHeaders
}

func stringToSign(date, scope string, canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

// lastKey spares 31 of a HEAD's allocations. It knows its key by all that it was derived from, the secret too: one
// that is rotated within the day has the scope of the old one.
var lastKey atomic.Pointer[derivedKey]

type derivedKey struct {
	secret, scope string
	key           []byte
}

func signingKey(secret, scope string) []byte {
	if last := lastKey.Load(); last != nil && last.secret == secret && last.scope == scope {
		return last.key
	}
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	lastKey.Store(&derivedKey{secret, scope, key})
	return key
}

func signature(key []byte, toSign string) string { return hex.EncodeToString(hmacSHA256(key, toSign)) }

// sign adds date, payload hash, session token and Authorization to r, whose other headers are complete.
func sign(r *http.Request, cr Credentials, region, service, payload string, at time.Time) {
	date := at.UTC().Format("20060102T150405Z")
	r.Header["X-Amz-Date"] = []string{date}
	r.Header["X-Amz-Content-Sha256"] = []string{payload}
	if cr.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = []string{cr.SessionToken}
	}
	canonical, signed := canonicalRequest(r, payload)
	scope := date[:8] + "/" + region + "/" + service + "/aws4_request"
	r.Header["Authorization"] = []string{"AWS4-HMAC-SHA256 Credential=" + cr.AccessKeyID + "/" + scope + ", SignedHeaders=" + signed +
		", Signature=" + signature(signingKey(cr.SecretAccessKey, scope), stringToSign(date, scope, canonical))}
}
