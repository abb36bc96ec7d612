// This file implements AWS Signature Version 4 for the Authorization header, as S3 reads it: the path is encoded
// once and never normalised (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

package s3lite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	timeFormat  = "20060102T150405Z"
	emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// escape percent-encodes s but for RFC 3986's unreserved characters and those in keep.
func escape(s, keep string) string {
	plain := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			c == '-' || c == '.' || c == '_' || c == '~' || strings.IndexByte(keep, c) >= 0
	}
	i := 0
	for i < len(s) && plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		if c := s[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return string(b)
}

// canonicalQuery encodes (name, value) pairs and sorts the pairs: "name=value" strings sort otherwise, '=' being
// greater than '-' and '.'.
func canonicalQuery(query [][2]string) string {
	pairs := make([][2]string, len(query))
	for i, p := range query {
		pairs[i] = [2]string{escape(p[0], ""), escape(p[1], "")}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}

// canonicalRequest takes the path and query already in canonical form, every header to be signed but Host, and the
// payload's SHA-256 in hexadecimal.
func canonicalRequest(method, host, path, query string, h http.Header, payload string) (creq []byte, signedHeaders string) {
	type header struct {
		name   string // lower case
		values []string
	}
	all := append(make([]header, 0, len(h)+1), header{"host", []string{host}})
	for name, values := range h {
		all = append(all, header{strings.ToLower(name), values})
	}
	slices.SortFunc(all, func(a, b header) int { return strings.Compare(a.name, b.name) })
	creq = append(make([]byte, 0, 1024), method+"\n"+path+"\n"+query+"\n"...)
	names := make([]byte, 0, 160)
	for i, f := range all {
		creq = append(append(creq, f.name...), ':')
		for j, v := range f.values {
			if j > 0 {
				creq = append(creq, ',')
			}
			creq = appendTrimmed(creq, v)
		}
		creq = append(creq, '\n')
		if i > 0 {
			names = append(names, ';')
		}
		names = append(names, f.name...)
	}
	creq = append(append(append(creq, '\n'), names...), '\n')
	return append(creq, payload...), string(names)
}

// appendTrimmed appends v without outer white space and with every inner run of it as one space.
func appendTrimmed(dst []byte, v string) []byte {
	for i, f := range strings.Fields(v) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, f...)
	}
	return dst
}

// credentialScope is date/region/service/aws4_request; date is the first eight bytes of an X-Amz-Date.
func credentialScope(date, region, service string) string {
	return date + "/" + region + "/" + service + "/aws4_request"
}

func stringToSign(amzDate, scope string, creq []byte) string {
	sum := sha256.Sum256(creq)
	return algorithm + "\n" + amzDate + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(s))
	return m.Sum(nil)
}

// signingKey remembers the last key derived. The secret is part of what it is known by: one that was rotated
// within the day has the same scope.
type signingKey struct {
	secret, scope string
	key           []byte
}

func (k *signingKey) derive(secret, date, region, service string) []byte {
	if scope := credentialScope(date, region, service); k.secret != secret || k.scope != scope {
		key := []byte("AWS4" + secret)
		for _, s := range []string{date, region, service, "aws4_request"} {
			key = hmacSHA256(key, s)
		}
		k.secret, k.scope, k.key = secret, scope, key
	}
	return k.key
}

func signature(key []byte, sts string) string { return hex.EncodeToString(hmacSHA256(key, sts)) }

// sign adds the date, the payload's hash, the session token and the Authorization header to h. The caller holds c.mu.
func (c *Client) sign(cr Credentials, at time.Time, region, method, host, path, query string, h http.Header, payload string) {
	date := at.UTC().Format(timeFormat)
	h["X-Amz-Date"] = []string{date}
	h["X-Amz-Content-Sha256"] = []string{payload}
	if cr.SessionToken != "" {
		h["X-Amz-Security-Token"] = []string{cr.SessionToken}
	}
	creq, signed := canonicalRequest(method, host, path, query, h, payload)
	scope := credentialScope(date[:8], region, "s3")
	sig := signature(c.key.derive(cr.SecretAccessKey, date[:8], region, "s3"), stringToSign(date, scope, creq))
	h["Authorization"] = []string{algorithm + " Credential=" + cr.AccessKeyID + "/" + scope + ", SignedHeaders=" + signed + ", Signature=" + sig}
}
