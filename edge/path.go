package edge

// This file reads and writes keys in URL paths: one key has one spelling.

import (
	"errors"
	"net/url"
	"strings"
)

// ObjectKey returns the key that S3 reads from uri, the path of a request: percent-decoded once,
// with a plus sign read as a space, and without one leading slash. Nothing else is normalized.
// ObjectKey returns an error for a path without a leading slash or with a bad escape.
func ObjectKey(uri string) (string, error) {
	if !strings.HasPrefix(uri, "/") {
		return "", errors.New("the uri does not begin with a slash")
	}
	return unescape(uri[1:])
}

// unescape decodes percent-encoding once. A plus stands for a space.
func unescape(s string) (string, error) {
	return url.PathUnescape(strings.ReplaceAll(s, "+", "%20"))
}

// unsafe holds the characters that RFC 1738, section 2.2, calls unsafe, and then those that S3 or
// CloudFront's invalidations read as something else. EscapePath encodes these characters, control
// characters, and bytes that are not ASCII.
const unsafe = " <>\"#%{}|\\^~[]`" + "+?*"

// EscapePath returns key as a URL path without the leading slash.
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
