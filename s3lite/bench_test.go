//go:build !edge

package s3lite_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"miniatura/s3lite"
)

// canned returns a client of a server that answers every request with the same bytes. The server
// allocates nothing per request, so that the benchmarks report the client's allocations.
func canned(b *testing.B, answer []byte) *s3lite.Client {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReaderSize(c, 16<<10)
				for {
					length := 0
					for {
						line, err := r.ReadSlice('\n')
						if err != nil {
							return
						}
						if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
							length, _ = strconv.Atoi(string(bytes.TrimSpace(rest)))
						}
						if len(line) == 2 {
							break
						}
					}
					r.Discard(length)
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	t := &http.Transport{DisableCompression: true}
	b.Cleanup(t.CloseIdleConnections)
	c := client("http://"+l.Addr().String(), t)
	c.Progress, c.Backoff = 0, 0
	return c
}

func head(status string, length int) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nServer: AmazonS3\r\nX-Amz-Id-2: abcdef\r\nX-Amz-Request-Id: 4B56\r\n"+
		"Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\nEtag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nAccept-Ranges: bytes\r\nContent-Type: image/jpeg\r\n"+
		"X-Amz-Meta-Source-Etag: \"x\"\r\nX-Amz-Meta-Encoder: 1\r\nX-Amz-Meta-Quality: 80\r\nContent-Length: %d\r\n\r\n", status, length)
}

func BenchmarkHead(b *testing.B) {
	for _, status := range []string{"200 OK", "404 Not Found"} {
		b.Run("status="+status[:3], func(b *testing.B) {
			c := canned(b, []byte(head(status, 100)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Head(b.Context(), "resized/XS/fotos/niño 1.jpg"); (err != nil) != strings.HasPrefix(status, "404") {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{10_000, 4_000_000} {
		b.Run(fmt.Sprint("bytes=", size), func(b *testing.B) {
			c := canned(b, append([]byte(head("200 OK", size)), make([]byte, size)...))
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := c.Get(b.Context(), "fotos/niño 1.jpg", 32<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	c := canned(b, []byte(head("200 OK", 0)))
	body := make([]byte, 50_000)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := c.Put(b.Context(), "resized/XS/fotos/niño 1.jpg", body, s3lite.PutOptions{ContentType: "image/jpeg"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRoundTrip measures net/http alone, with the same number of headers: the lower limit of
// BenchmarkHead.
func BenchmarkRoundTrip(b *testing.B) {
	c := canned(b, []byte(head("200 OK", 100)))
	r, err := http.NewRequest("HEAD", c.Endpoint+"/bucket/k", nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
		r.Header.Set(h, strings.Repeat("x", 64))
	}
	b.ReportAllocs()
	for b.Loop() {
		res, err := c.Transport.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}
