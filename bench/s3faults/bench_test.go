package main

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// Benchmark measures what one request without a fault costs each client. The test server's share is
// included, and is the same for all.
func Benchmark(b *testing.B) {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Etag"], h["Last-Modified"], h["Content-Type"] = []string{`"d41d8cd98f00b204e9800998ecf8427e"`}, []string{"Sun, 22 Nov 2026 10:00:00 GMT"}, []string{"image/jpeg"}
		h["Content-Length"] = []string{strconv.Itoa(len(object))}
		if r.Method == "GET" {
			w.Write(object)
		}
	}))
	defer ts.Close()
	for name, connect := range map[string]func(string) client{"s3lite": ours, "aws-sdk-go-v2": sdk, "minio-go": minioGo} {
		c := connect(ts.URL)
		b.Run("op=HEAD/client="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.head(b.Context(), "k"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("op=GET/client="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.get(b.Context(), "k"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
