package edge

// This file reads and writes keys in URL paths: one key has one spelling.

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ObjectKey returns the key that S3 reads in a request path: percent-decoded
// once, a plus sign as a space, nothing normalised. One leading slash is not
// part of it.
func ObjectKey(uri string) (string, error) {
	if !strings.HasPrefix(uri, "/") {
		return "", errors.New("the uri does not begin with a slash")
	}
	return unescape(uri[1:])
}

func unescape(s string) (string, error) {
	return url.PathUnescape(strings.ReplaceAll(s, "+", "%20"))
}

// unsafe are the characters that RFC 1738, section 2.2, calls so, and those that S3 or CloudFront's
// invalidations read as something else. Encoded are these, control characters, and what is not
// ASCII.
const unsafe = " <>\"#%{}|\\^~[]`" + "+?*"

// EscapePath encodes a key for a URI path: what is unsafe, and nothing else.
func EscapePath(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; c < ' ' || c > '~' || strings.IndexByte(unsafe, c) >= 0 {
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// CanonicalPath returns the one spelling of a request path: what the viewer-request function makes of it, so that a key
// has one copy in the cache. A path that names no key is left as it came, and so is one that would get, or has, empty
// or dot segments: those mean something to whoever reads the path next.
func CanonicalPath(uri string) string {
	key, err := ObjectKey(uri)
	if err != nil || !utf8.ValidString(key) {
		return uri
	}
	c := "/" + EscapePath(key)
	if strings.Contains(c, "//") || strings.Contains(c+"/", "/./") || strings.Contains(c+"/", "/../") {
		return uri
	}
	return c
}
