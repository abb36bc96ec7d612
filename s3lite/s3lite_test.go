//go:build !edge

package s3lite_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

var creds = s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}

// start serves srv on loopback and returns a client of it. The client waits only briefly between
// attempts, but long for data, so that a slow machine does not look like a fault.
func start(t testing.TB, srv http.Handler) *s3lite.Client {
	t.Helper()
	ts := httptest.NewServer(srv)
	t.Cleanup(ts.Close)
	tr := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}
	t.Cleanup(tr.CloseIdleConnections)
	return client(ts.URL, tr)
}

func client(url string, tr http.RoundTripper) *s3lite.Client {
	return &s3lite.Client{Bucket: "bucket", Region: "us-east-1", Endpoint: url, Transport: tr,
		Credentials: func() (s3lite.Credentials, error) { return creds, nil },
		Progress:    20 * time.Second, Backoff: time.Millisecond}
}

// oddKeys are keys that programs between a client and S3 are known to change.
var oddKeys = []string{
	"a.jpg", "a b.jpg", "a  b.jpg", "a+b.jpg", "100%.jpg", "a%2Fb.jpg", "a%20b.jpg", "ñandú/é.jpg", "日本/🎉.png", "a&b=c?d#e.jpg",
	"!'()*~-_.jpg", "a:b;c,d@e$f.jpg", "a\"<>\\^`{|}[].jpg", "ctl\x01\x7f.jpg", "nl\n.jpg", strings.Repeat("k", 200) + "/" + strings.Repeat("l", 200),
}

// foldedKeys are different keys to S3, but not to programs that clean paths.
var foldedKeys = []string{"a//b.jpg", "/lead.jpg", "//", "a/./b.jpg", "a/../b.jpg", "../up.jpg", "tail/", strings.Repeat("k", 1024)}

// roundTrip stores an object under key, and checks HEAD and GET of it.
func roundTrip(t *testing.T, c *s3lite.Client, key string) {
	t.Helper()
	ctx := t.Context()
	body := []byte("body of " + key)
	err := c.Put(ctx, key, body, s3lite.PutOptions{ContentType: "image/webp", CacheControl: "public,  max-age=60",
		Expires: "Thu, 01 Dec 2033 16:00:00 GMT", ContentLanguage: "es, gl", ContentDisposition: `inline; filename="a b.jpg"`, ContentEncoding: "br",
		Metadata: map[string]string{"source-etag": `"abc"`, "Width": "360"}})
	if err != nil {
		t.Fatal(err)
	}
	check := func(o *s3lite.Object, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if o.Key != key || o.Size != int64(len(body)) || o.ContentType != "image/webp" || strings.Join(strings.Fields(o.CacheControl), " ") != "public, max-age=60" ||
			o.Expires != "Thu, 01 Dec 2033 16:00:00 GMT" || o.ContentLanguage != "es, gl" || o.ContentDisposition != `inline; filename="a b.jpg"` || o.ContentEncoding != "br" ||
			o.Metadata["source-etag"] != `"abc"` || o.Metadata["width"] != "360" || len(o.ETag) != 34 || time.Since(o.LastModified) > time.Minute {
			t.Errorf("%q: %+v", key, o)
		}
	}
	h, err := c.Head(ctx, key)
	check(h, err)
	g, err := c.Get(ctx, key, int64(len(body)))
	check(g, err)
	if h.Body != nil || !bytes.Equal(g.Body, body) || g.ETag != h.ETag {
		t.Errorf("%q: body %q", key, g.Body)
	}
	if _, err := c.Get(ctx, key, int64(len(body))-1); !errors.Is(err, s3lite.ErrTooLarge) {
		t.Errorf("%q over the limit: %v", key, err)
	}
}

func absent(t *testing.T, c *s3lite.Client, key string) {
	t.Helper()
	for op, f := range map[string]func() error{
		"HEAD": func() error { _, err := c.Head(t.Context(), key); return err },
		"GET":  func() error { _, err := c.Get(t.Context(), key, 1<<20); return err },
	} {
		if err := f(); !errors.Is(err, s3lite.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of absent %q: %v", op, key, err)
		}
	}
}

func list(t *testing.T, c *s3lite.Client, prefix string) (keys []string) {
	t.Helper()
	for o, err := range c.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func TestEveryKeyRoundTripsInMemory(t *testing.T) {
	c := start(t, s3test.New(s3test.Config{}))
	keys := append(slices.Clone(oddKeys), foldedKeys...)
	for _, k := range keys {
		absent(t, c, k)
		roundTrip(t, c, k)
	}
	slices.Sort(keys)
	if got := list(t, c, ""); !slices.Equal(got, keys) {
		t.Errorf("list: %q", got)
	}
	if got := list(t, c, "a%"); !slices.Equal(got, []string{"a%20b.jpg", "a%2Fb.jpg"}) {
		t.Errorf("list with prefix: %q", got)
	}
	for _, k := range keys {
		for range 2 { // the second DELETE finds nothing, which is no error
			if err := c.Delete(t.Context(), k); err != nil {
				t.Error(err)
			}
		}
		absent(t, c, k)
	}
}

func TestEveryPlainKeyRoundTripsInADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.png"), []byte("png"), 0o644); err != nil {
		t.Fatal(err)
	}
	serve := func() *s3lite.Client {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { root.Close() })
		return start(t, s3test.New(s3test.Config{Root: root}))
	}
	c := serve()
	o, err := c.Get(t.Context(), "mine.png", 100)
	if err != nil || string(o.Body) != "png" || o.ContentType != "image/png" {
		t.Errorf("%+v, %v", o, err)
	}
	if e, _ := os.ReadDir(dir); len(e) != 1 {
		t.Error("reading wrote something")
	}
	for _, k := range oddKeys {
		roundTrip(t, c, k)
	}
	for _, k := range foldedKeys {
		absent(t, c, k)
		if err := c.Put(t.Context(), k, []byte("x"), s3lite.PutOptions{}); !errors.Is(err, s3lite.ErrRejected) {
			t.Errorf("PUT %q: %v", k, err)
		}
	}
	// A new server over the same directory has the same objects.
	c = serve()
	o, err = c.Head(t.Context(), "a b.jpg")
	if err != nil || o.ContentType != "image/webp" || o.Metadata["width"] != "360" {
		t.Errorf("after a restart: %+v, %v", o, err)
	}
	want := append(slices.Clone(oddKeys), "mine.png")
	slices.Sort(want)
	if got := list(t, c, ""); !slices.Equal(got, want) {
		t.Errorf("list: %q, want %q", got, want)
	}
	// A file that was changed by hand is another object, without the metadata of the old one.
	if err := os.WriteFile(filepath.Join(dir, "a b.jpg"), []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	o, err = c.Get(t.Context(), "a b.jpg", 100)
	if err != nil || string(o.Body) != "edited" || len(o.Metadata) != 0 || o.ContentType != "image/jpeg" {
		t.Errorf("after an edit: %+v, %v", o, err)
	}
	if err := c.Delete(t.Context(), "a b.jpg"); err != nil {
		t.Error(err)
	}
	absent(t, c, "a b.jpg")
	absent(t, c, "ñandú") // a folder is not an object
}

func TestListGoesOnFromPageToPage(t *testing.T) {
	srv := s3test.New(s3test.Config{})
	var want []string
	for i := range 2345 {
		k := "p/" + strings.Repeat("x", i%7) + string(rune('0'+i%10)) + " " + time.Duration(i).String()
		want = append(want, k)
		srv.Put(k, s3test.Object{Body: []byte{1}})
	}
	slices.Sort(want)
	c := start(t, srv)
	if got := list(t, c, "p/"); !slices.Equal(got, want) {
		t.Errorf("%d keys of %d", len(got), len(want))
	}
	if n := len(srv.Requests()); n != 3 {
		t.Errorf("%d requests for 3 pages", n)
	}
}

func TestParseDomain(t *testing.T) {
	for host, want := range map[string][2]string{
		"bkt.s3.eu-west-1.amazonaws.com":                {"bkt", "eu-west-1"},
		"BKT.S3.EU-WEST-1.AMAZONAWS.COM":                {"bkt", "eu-west-1"},
		"bkt.s3-eu-west-1.amazonaws.com":                {"bkt", "eu-west-1"},
		"bkt.s3.amazonaws.com":                          {"bkt", "us-east-1"},
		"bkt.s3-external-1.amazonaws.com":               {"bkt", "us-east-1"},
		"bkt.s3.dualstack.ap-south-2.amazonaws.com":     {"bkt", "ap-south-2"},
		"bkt.s3-fips.us-gov-west-1.amazonaws.com":       {"bkt", "us-gov-west-1"},
		"bkt.s3-fips.dualstack.us-east-2.amazonaws.com": {"bkt", "us-east-2"},
		"bkt.s3-fips-us-gov-west-1.amazonaws.com":       {"bkt", "us-gov-west-1"},
		"bkt.s3.cn-north-1.amazonaws.com.cn":            {"bkt", "cn-north-1"},
		"my.dotted.bkt.s3.us-west-2.amazonaws.com":      {"my.dotted.bkt", "us-west-2"},
		"my.s3.bkt.s3.us-west-2.amazonaws.com":          {"my.s3.bkt", "us-west-2"},
		"x-abc-s3alias.s3.eu-central-1.amazonaws.com":   {"x-abc-s3alias", "eu-central-1"},
		"":                            {},
		"example.com":                 {},
		"s3.eu-west-1.amazonaws.com":  {},
		".s3.eu-west-1.amazonaws.com": {},
		"bkt.s3.eu-west-1.amazonaws.com.evil.com":                      {},
		"bkt.s3-website-eu-west-1.amazonaws.com":                       {},
		"bkt.s3-website.eu-west-1.amazonaws.com":                       {},
		"bkt.s3-accelerate.amazonaws.com":                              {},
		"ap-1.s3-accesspoint.eu-west-1.amazonaws.com":                  {},
		"b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com": {},
		"b--x-s3.s3.us-east-1.amazonaws.com":                           {},
		"bkt.s3.eu_west.amazonaws.com":                                 {},
	} {
		b, r, err := s3lite.ParseDomain(host)
		if b != want[0] || r != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("%s: %q %q %v", host, b, r, err)
		}
	}
}

func TestCredentialsAreAskedForEachTime(t *testing.T) {
	c := start(t, s3test.New(s3test.Config{Token: "tok"}))
	c.Credentials = nil
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := c.Head(context.Background(), "k")
	var e *s3lite.Error
	if !errors.Is(err, s3lite.ErrDenied) || !errors.As(err, &e) || e.Attempts != 0 {
		t.Error("no secret:", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "tok")
	absent(t, c, "k")
	t.Setenv("AWS_SESSION_TOKEN", "old")
	if _, err := c.Get(context.Background(), "k", 1); !errors.Is(err, s3lite.ErrDenied) {
		t.Error("old token:", err)
	}
	t.Setenv("AWS_SESSION_TOKEN", "tok")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "rotated")
	if _, err := c.Get(context.Background(), "k", 1); !errors.Is(err, fs.ErrPermission) {
		t.Error("new secret:", err)
	}
}

func TestConditionsOfPut(t *testing.T) {
	srv := s3test.New(s3test.Config{Bucket: "b"})
	hs := httptest.NewServer(srv)
	defer hs.Close()
	c := &s3lite.Client{Bucket: "b", Endpoint: hs.URL, Credentials: func() (s3lite.Credentials, error) {
		return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
	}}
	put := func(body string, o s3lite.PutOptions) error { return c.Put(t.Context(), "k", []byte(body), o) }
	if err := put("one", s3lite.PutOptions{IfMatch: `"x"`}); err == nil || srv.Object("k") != nil {
		t.Errorf("stored over nothing with If-Match: %v", err)
	}
	if err := put("one", s3lite.PutOptions{IfNoneMatch: "*"}); err != nil {
		t.Error(err)
	}
	etag := srv.Object("k").ETag
	if err := put("two", s3lite.PutOptions{IfNoneMatch: "*"}); !errors.Is(err, s3lite.ErrRejected) || string(srv.Object("k").Body) != "one" {
		t.Errorf("replaced with If-None-Match: %v", err)
	}
	if err := put("two", s3lite.PutOptions{IfMatch: etag}); err != nil || string(srv.Object("k").Body) != "two" {
		t.Error(err)
	}
	if err := put("three", s3lite.PutOptions{IfMatch: etag}); !errors.Is(err, s3lite.ErrRejected) || string(srv.Object("k").Body) != "two" {
		t.Errorf("replaced another with If-Match: %v", err)
	}
}
