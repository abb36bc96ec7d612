package main

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"miniatura/edge"
)

// canonicalPath returns the one spelling of a request path, as the viewer-request function must
// write it, so that a key has one copy in the cache. A path that names no key is returned
// unchanged. So is a path that has empty or dot segments, or would get them by decoding: S3 and
// browsers may read those in another way.
func canonicalPath(uri string) string {
	key, err := edge.ObjectKey(uri)
	if err != nil || !utf8.ValidString(key) {
		return uri
	}
	c := "/" + edge.EscapePath(key)
	if strings.Contains(c, "//") || strings.Contains(c+"/", "/./") || strings.Contains(c+"/", "/../") {
		return uri
	}
	return c
}

func TestCanonicalPath(t *testing.T) {
	for _, c := range [][2]string{
		{"/", "/"}, {"/fotos/a.jpg", "/fotos/a.jpg"}, {"/fotos/", "/fotos/"},
		{"/%66otos/a.jpg", "/fotos/a.jpg"}, {"/fotos/a%2Ejpg", "/fotos/a.jpg"}, {"/fotos%2Fa.jpg", "/fotos/a.jpg"}, {"/fotos%2fa%2ejpg", "/fotos/a.jpg"},
		{"/foto%20%281%29.jpg", "/foto%20(1).jpg"}, {"/foto (1).jpg", "/foto%20(1).jpg"}, {"/foto+(1).jpg", "/foto%20(1).jpg"},
		{"/a%2bb.jpg", "/a%2Bb.jpg"}, {"/a%2Bb.jpg", "/a%2Bb.jpg"}, {"/100%25.jpg", "/100%25.jpg"}, {"/%2525.jpg", "/%2525.jpg"},
		{"/a%3fb.jpg", "/a%3Fb.jpg"}, {"/a*b.jpg", "/a%2Ab.jpg"}, {"/~a.jpg", "/%7Ea.jpg"}, {"/a%23b.jpg", "/a%23b.jpg"},
		{"/<>\"{}|\\^[]`", "/%3C%3E%22%7B%7D%7C%5C%5E%5B%5D%60"}, {"/%24%26%27%2C%3A%3B%3D%40!", "/$&',:;=@!"}, {"/%00%1f%7F", "/%00%1F%7F"},
		{"/ni%c3%b1o.jpg", "/ni%C3%B1o.jpg"}, {"/ni\u00f1o.jpg", "/ni%C3%B1o.jpg"}, {"/nin\u0303o.jpg", "/nin%CC%83o.jpg"}, // NFC and NFD are two keys
		{"/%F0%9F%90%88.png", "/%F0%9F%90%88.png"},
		// unchanged
		{"//a.jpg", "//a.jpg"}, {"/%2Fa.jpg", "/%2Fa.jpg"}, {"/%2F", "/%2F"}, {"//", "//"}, {"/a%2F%2Fb.jpg", "/a%2F%2Fb.jpg"}, {"/a%2F/b.jpg", "/a%2F/b.jpg"},
		{"/%2E%2E/a.jpg", "/%2E%2E/a.jpg"}, {"/.%2e/a.jpg", "/.%2e/a.jpg"}, {"/a/%2E", "/a/%2E"}, {"/a%2F..%2Fb.jpg", "/a%2F..%2Fb.jpg"}, {"/../%61.jpg", "/../%61.jpg"},
		{"/%zz.jpg", "/%zz.jpg"}, {"/%6", "/%6"}, {"/%", "/%"}, {"/%ff%61.jpg", "/%ff%61.jpg"}, {"/%C3%61.jpg", "/%C3%61.jpg"}, {"/%ED%A0%80%61", "/%ED%A0%80%61"}, {"/%C0%AF", "/%C0%AF"},
		{"a%2E", "a%2E"}, {"%2Fa%2E", "%2Fa%2E"}, {"", ""},
		{"/..a.jpg", "/..a.jpg"}, {"/%2E.%61/b", "/..a/b"}, // these are not dot segments
	} {
		if got := canonicalPath(c[0]); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

// Another decoder reads the same key from the canonical path, which is stable and gets no new
// segments.
func FuzzCanonicalPath(f *testing.F) {
	for _, s := range []string{"/a.jpg", "/%66%2F%2e.jpg", "/a+b", "/%C3%B1", "/%2E%2E/x", "//", "/%zz", "/\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		c := canonicalPath(uri)
		if again := canonicalPath(c); again != c {
			t.Errorf("%q: %q, then %q", uri, c, again)
		}
		if c == uri {
			return
		}
		was, err1 := url.PathUnescape(strings.ReplaceAll(uri, "+", " "))
		is, err2 := url.PathUnescape(c)
		if err1 != nil || err2 != nil || was != is {
			t.Errorf("%q: %q is %q, not %q", uri, c, is, was)
		}
		u, err := url.ParseRequestURI(c)
		if err != nil || u.Host != "" || u.RawQuery != "" || u.Path != is || strings.ContainsAny(c, "+*?# ") {
			t.Errorf("%q: %q, %v", uri, c, err)
		}
		for part := range strings.SplitSeq(strings.TrimSuffix(c[1:], "/"), "/") {
			if part == "." || part == ".." || part == "" && c != "/" {
				t.Errorf("%q: %q has a segment %q", uri, c, part)
			}
		}
	})
}
