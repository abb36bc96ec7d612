//go:build !edge

package s3lite_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// tamperings are changes to a signed PUT on its way. Each must be refused; otherwise the signature
// does not cover that part.
var tamperings = map[string]func(r *http.Request){
	"header":   func(r *http.Request) { r.Header.Set("X-Amz-Meta-Source-Etag", "other") },
	"type":     func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
	"caching":  func(r *http.Request) { r.Header.Set("Cache-Control", "no-store") },
	"checksum": func(r *http.Request) { r.Header.Set("X-Amz-Checksum-Crc32", "AAAAAA==") },
	"date": func(r *http.Request) {
		r.Header.Set("X-Amz-Date", time.Now().Add(time.Minute).UTC().Format("20060102T150405Z"))
	},
	"path":  func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath += "x" },
	"query": func(r *http.Request) { r.URL.RawQuery = "acl=" },
	"body": func(r *http.Request) {
		r.Body = io.NopCloser(bytes.NewReader(bytes.Repeat([]byte("y"), int(r.ContentLength))))
	},
	"body and hash": func(r *http.Request) {
		b := bytes.Repeat([]byte("y"), int(r.ContentLength))
		r.Header.Set("X-Amz-Content-Sha256", fmt.Sprintf("%x", sha256.Sum256(b)))
		r.Body = io.NopCloser(bytes.NewReader(b))
	},
}

// refusesTampering checks that each tampering makes a PUT fail and stores nothing.
func refusesTampering(t *testing.T, honest *s3lite.Client) {
	for name, change := range tamperings {
		t.Run("tampered "+name, func(t *testing.T) {
			c := like(honest)
			c.Transport = tamper{honest.Transport, change}
			err := c.Put(t.Context(), "tampered.jpg", body, s3lite.PutOptions{ContentType: "image/jpeg", CacheControl: "max-age=1", Metadata: map[string]string{"source-etag": "this"}})
			if !errors.Is(err, s3lite.ErrDenied) && !errors.Is(err, s3lite.ErrRejected) {
				t.Error(err)
			}
			absent(t, honest, "tampered.jpg")
			absent(t, honest, "tampered.jpgx")
		})
	}
}

// like returns a client of the same bucket that has not learned anything yet.
func like(c *s3lite.Client) *s3lite.Client {
	return &s3lite.Client{Bucket: c.Bucket, Region: c.Region, Endpoint: c.Endpoint, Transport: c.Transport, Credentials: c.Credentials,
		Progress: c.Progress, Backoff: c.Backoff}
}

// tamper is a transport that changes a request after it was signed.
type tamper struct {
	http.RoundTripper
	change func(*http.Request)
}

func (t tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Body
	c := r.Clone(r.Context())
	t.change(c)
	res, err := t.RoundTripper.RoundTrip(c)
	if sent != nil && c.Body != sent {
		sent.Close()
	}
	return res, err
}

// timeless is a transport that removes the service's time from answers.
type timeless struct{ http.RoundTripper }

func (t timeless) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Header.Del("Date")
	}
	return res, err
}

// s3test refuses what versitygw refuses, and what S3 refuses beyond that.
func TestTheDoubleIsStrict(t *testing.T) {
	srv := s3test.New(s3test.Config{Token: "tok"})
	c := start(t, srv)
	c.Credentials = func() (s3lite.Credentials, error) {
		return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret", SessionToken: "tok"}, nil
	}
	refusesTampering(t, c)
	srv.Put("k", s3test.Object{Body: body})
	for _, tc := range []struct {
		name, code string
		change     func(r *http.Request)
	}{
		{"no signature", "AccessDenied", func(r *http.Request) { r.Header.Del("Authorization") }},
		{"another scheme", "AccessDenied", func(r *http.Request) { r.Header.Set("Authorization", "AWS AKIDTEST:c2ln") }},
		{"no date", "AccessDenied", func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
		{"no payload hash", "MissingSecurityHeader", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }},
		{"unsigned payload", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }},
		{"no token", "InvalidToken", func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }},
		{"unknown key", "InvalidAccessKeyId", auth("AKIDTEST/", "AKIDNONE/")},
		{"another service", "AuthorizationHeaderMalformed", auth("/s3/", "/s3x/")},
		{"scope of another day", "SignatureDoesNotMatch", auth("Credential=AKIDTEST/20", "Credential=AKIDTEST/10")},
		{"host not signed", "AccessDenied", auth("host;", "")},
		{"names not sorted", "SignatureDoesNotMatch", auth("x-amz-content-sha256;x-amz-date", "x-amz-date;x-amz-content-sha256")},
		{"a header more", "AccessDenied", func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }},
		{"signature cut", "SignatureDoesNotMatch", func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-1])
		}},
		{"an old date, signed", "RequestTimeTooSkewed", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			honest, c := c, like(c)
			if tc.change != nil {
				c.Transport = tamper{c.Transport, tc.change}
			} else { // without the service's time in the answer
				c = start(t, s3test.New(s3test.Config{Token: "tok", Now: func() time.Time { return time.Now().Add(time.Hour) }}))
				c.Credentials, c.Transport = honest.Credentials, timeless{c.Transport}
			}
			_, err := c.Get(t.Context(), "k", 1<<20)
			var e *s3lite.Error
			if !errors.As(err, &e) || e.Code != tc.code {
				t.Errorf("want %s: %v", tc.code, err)
			}
		})
	}
	_, err := c.Get(t.Context(), strings.Repeat("k", 1025), 1)
	var e *s3lite.Error
	if !errors.As(err, &e) || e.Code != "KeyTooLongError" {
		t.Error(err)
	}
	err = c.Put(t.Context(), "k", nil, s3lite.PutOptions{Metadata: map[string]string{"a": strings.Repeat("x", 2048)}})
	if !errors.As(err, &e) || e.Code != "MetadataTooLarge" {
		t.Error(err)
	}
	other := like(c)
	other.Bucket = "elsewhere"
	if _, err = other.Get(t.Context(), "k", 1); !errors.As(err, &e) || e.Code != "NoSuchBucket" {
		t.Error(err)
	}
	// Without s3:ListBucket, an absent object looks like a forbidden one.
	c = start(t, s3test.New(s3test.Config{NoList: true}))
	if _, err := c.Head(t.Context(), "none"); !errors.Is(err, s3lite.ErrDenied) {
		t.Error(err)
	}
}

// auth replaces a part of the Authorization header.
func auth(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
	}
}

func TestTheDirectoryKeepsItsPromises(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := start(t, s3test.New(s3test.Config{Root: root, Results: "out/small"}))
	files := func() (all []string) {
		fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				all = append(all, name)
			}
			return nil
		})
		return all
	}
	outside := filepath.Join(t.TempDir(), "secret.jpg")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.jpg")); err != nil {
		t.Log("no symbolic links here: ", err)
	}
	absent(t, c, "link.jpg") // it leads out of the root
	if err := c.Put(t.Context(), "out/small/XS/a.jpg", body, s3lite.PutOptions{ContentType: "image/webp", Metadata: map[string]string{"encoder": "7"}}); err != nil {
		t.Fatal(err)
	}
	var meta string
	for _, f := range files() {
		switch {
		case f == "out/small/XS/a.jpg", f == "link.jpg":
		case strings.HasPrefix(f, "out/small/.s3test/") && strings.HasSuffix(f, ".json") && meta == "":
			meta = f
		default:
			t.Errorf("wrote %s", f)
		}
	}
	// The folder of the metadata is not part of the bucket.
	absent(t, c, meta)
	if err := c.Put(t.Context(), meta, []byte("{}"), s3lite.PutOptions{}); !errors.Is(err, s3lite.ErrRejected) {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), meta); err != nil {
		t.Error(err)
	}
	if got := list(t, c, ""); len(got) != 1 {
		t.Errorf("list: %q", got)
	}
	// A process killed between its two writes leaves an object without metadata.
	for name, spoil := range map[string]func(){
		"lost": func() { root.Remove(meta) },
		"half": func() { root.WriteFile(meta, []byte(`{"key":"out/small/XS/a.jpg","et`), 0o644) },
		"another's": func() {
			root.WriteFile(meta, []byte(`{"key":"out/small/XS/a.jpg","etag":"\"x\"","metadata":{"encoder":"8"}}`), 0o644)
		},
		"another key": func() { root.WriteFile(meta, []byte(`{"key":"b","metadata":{"encoder":"8"}}`), 0o644) },
	} {
		if err := c.Put(t.Context(), "out/small/XS/a.jpg", body, s3lite.PutOptions{ContentType: "image/webp", Metadata: map[string]string{"encoder": "7"}}); err != nil {
			t.Fatal(err)
		}
		spoil()
		o, err := c.Get(t.Context(), "out/small/XS/a.jpg", 1<<20)
		if err != nil || !bytes.Equal(o.Body, body) || len(o.Metadata) != 0 || o.ContentType != "image/jpeg" {
			t.Errorf("metadata %s: %+v, %v", name, o, err)
		}
	}
	// A folder and an object cannot have the same name here: that is refused.
	if err := c.Put(t.Context(), "out/small", body, s3lite.PutOptions{}); !errors.Is(err, s3lite.ErrRejected) {
		t.Error(err)
	}
	if err := c.Put(t.Context(), "out/small/XS/a.jpg/b.jpg", body, s3lite.PutOptions{}); !errors.Is(err, s3lite.ErrRejected) {
		t.Error(err)
	}
	for _, f := range files() {
		if strings.HasSuffix(f, ".tmp") {
			t.Errorf("left %s", f)
		}
	}
}

// Several clients read and write a few keys at once. Every body that is read is one that was
// written, complete, with its own metadata or none.
func TestTheDoubleBearsConcurrentUse(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, cfg := range map[string]s3test.Config{"memory": {}, "directory": {Root: root}} {
		t.Run(name, func(t *testing.T) {
			srv := s3test.New(cfg)
			c := start(t, srv)
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for j := range 12 {
						key := fmt.Sprintf("d/%d.jpg", j%3)
						id := fmt.Sprint(i, "-", j)
						b := bytes.Repeat([]byte(id+" "), 2000)
						if err := c.Put(t.Context(), key, b, s3lite.PutOptions{Metadata: map[string]string{"id": id}}); err != nil {
							t.Error(err)
						}
						o, err := c.Get(t.Context(), key, 1<<20)
						if err != nil {
							t.Error(err)
							continue
						}
						was, _, _ := strings.Cut(string(o.Body), " ")
						if !bytes.Equal(o.Body, bytes.Repeat([]byte(was+" "), 2000)) || len(o.Metadata) > 0 && o.Metadata["id"] != was {
							t.Errorf("%s: a body of %q with metadata of %q", key, was, o.Metadata["id"])
						}
						srv.Requests()
						list(t, c, "d/")
					}
				})
			}
			wg.Wait()
		})
	}
}

// The client does not send these conditions, but others do.
func TestConditions(t *testing.T) {
	srv := s3test.New(s3test.Config{Unverified: true})
	srv.Put("k", s3test.Object{Body: body, ETag: `"tag"`})
	c := start(t, srv)
	ask := func(method, name, value string) int {
		t.Helper()
		r, err := http.NewRequest(method, c.Endpoint+"/bucket/k", bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
		r.Header.Set(name, value)
		res, err := c.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, tc := range []struct {
		method, name, value string
		want                int
	}{
		{"GET", "If-None-Match", `"tag"`, 304}, {"GET", "If-None-Match", `"other"`, 200}, {"HEAD", "If-Match", `"other"`, 412}, {"HEAD", "If-Match", `"tag"`, 200},
		{"PUT", "If-None-Match", "*", 412}, {"PUT", "If-Match", `"other"`, 412}, {"PUT", "Content-Md5", base64.StdEncoding.EncodeToString(make([]byte, 16)), 400}, {"PUT", "If-Match", `"tag"`, 200},
	} {
		if got := ask(tc.method, tc.name, tc.value); got != tc.want {
			t.Errorf("%s %s: %s: %d, want %d", tc.method, tc.name, tc.value, got, tc.want)
		}
	}
}
