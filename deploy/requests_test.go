package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
	"miniatura/warm"
)

// A count is the number of requests to S3 for one visitor's request. served is CloudFront's own
// GET.
type count struct {
	head, get, put, served int
	decision               string
}

// dollars returns the price of a count, CloudFront's GET included. S3 does not charge for a 503,
// but failed requests are counted here.
func (c count) dollars() float64 {
	return float64(c.head+c.get+c.served)*perHead + float64(c.put)*perPut
}

// requestCases are the ways in which a request can end, named as in the README. arrange prepares
// the bucket.
var requestCases = []struct {
	name, query, decision string
	arrange               func(w *requests)
}{
	{"no `size`", "", "unchanged", func(*requests) {}},
	{"hit: the result is there", "size=SXS", "hit", func(w *requests) { w.visit("size=SXS") }},
	{"miss: the result is made", "size=SXS", "resized", func(*requests) {}},
	{"the source is missing", "size=SXS", "unchanged", func(w *requests) { w.client.Delete(context.Background(), w.key) }},
	{"no picture, for the first time", "size=SXS", "unchanged", func(w *requests) { w.put([]byte("no picture")) }},
	{"no picture, known", "size=SXS", "unchanged", func(w *requests) { w.put([]byte("no picture")); w.visit("size=SXS") }},
	{"PUT fails: the bytes are the answer", "size=SXS", "direct", func(w *requests) { w.fault("PUT", "") }},
	{"PUT fails, an older result is there", "size=SXS", "older", func(w *requests) { w.visit("size=SXS"); w.quality = "70"; w.fault("PUT", "") }},
	{"HEAD of the source fails: 302", "size=SXS", "redirect", func(w *requests) { w.fault("HEAD", w.key) }},
	{"GET of the source fails: 302", "size=SXS", "redirect", func(w *requests) { w.fault("GET", w.key) }},
}

// A requests is a bucket with a function in front of it.
type requests struct {
	*testing.T
	*s3test.Server
	client       *s3lite.Client
	key, quality string
	decision     string
}

func (w *requests) put(body []byte) {
	if err := w.Server.Put(w.key, s3test.Object{Body: body}); err != nil {
		w.Fatal(err)
	}
}

func (w *requests) fault(method, key string) {
	w.Script(s3test.Rule{Method: method, Key: key, Fault: s3test.Status(503, "SlowDown")})
}

// visit sends a request through the function, and returns its answer.
func (w *requests) visit(query string) []byte {
	w.Helper()
	origin := map[string]any{"DomainName": "bkt.s3.eu-west-1.amazonaws.com", "OriginCustomHeaders": []any{
		map[string]any{"HeaderName": edge.HeaderBucketName, "HeaderValue": "bkt"}, map[string]any{"HeaderName": edge.HeaderResizedPath, "HeaderValue": "resized"},
		map[string]any{"HeaderName": edge.HeaderQuality, "HeaderValue": w.quality}}}
	h := edge.New(edge.Config{Log: &bytes.Buffer{}, Observe: func(r edge.Record) { w.decision = r.Decision }, Client: func(string, string) *s3lite.Client { return w.client }})
	answer, err := h.Handle(context.Background(), originRequest(origin, "/"+edge.EscapePath(w.key), query))
	if err != nil {
		w.Fatal(err)
	}
	return answer
}

// counted returns the counts of all cases.
func counted(t *testing.T) map[string]count {
	t.Helper()
	all := map[string]count{}
	for _, c := range requestCases {
		w := &requests{T: t, key: "fotos/niño.png", quality: "80"}
		w.Server, w.client = newBucket(t, "eu-west-1")
		w.client.Backoff = time.Millisecond
		c.arrange(w)
		w.Requests()
		answer := w.visit(c.query)
		got := count{decision: w.decision}
		for _, r := range w.Requests() {
			switch r.Method {
			case "HEAD":
				got.head++
			case "GET":
				got.get++
			case "PUT":
				got.put++
			default:
				t.Errorf("%s: %s", c.name, r.Method)
			}
		}
		var request struct{ URI, Status string }
		if err := json.Unmarshal(answer, &request); err != nil {
			t.Fatal(err)
		}
		if request.Status == "" {
			got.served = 1 // CloudFront gets the object that the answer points at
		}
		all[c.name] = got
		if got.decision != c.decision {
			t.Errorf("%s: the decision is %s, want %s", c.name, got.decision, c.decision)
		}
	}
	return all
}

// The README's table of requests has the counts of s3test.
func TestREADMECountsItsRequests(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := counted(t)
	for _, c := range requestCases {
		got := all[c.name]
		line := fmt.Sprintf("| %s | `%s` | %d | %d | %d | %d | %.2f |\n", c.name, got.decision, got.head, got.get, got.put, got.served, 1e6*got.dollars())
		if !strings.Contains(string(text), line) {
			t.Errorf("README.md lacks\n%s", line)
		}
	}
	_, table, _ := strings.Cut(string(text), "| case | `decision`")
	table, _, _ = strings.Cut(table, "\n\n")
	if rows := strings.Count(table, "\n") - 1; rows != len(requestCases) {
		t.Errorf("the table has %d rows, want %d", rows, len(requestCases))
	}
}

// All results of a picture are made ahead, twice.
func TestMakingAheadCostsOneGET(t *testing.T) {
	server, client := newBucket(t, "eu-west-1")
	s := warm.Settings{Bucket: "bkt", Resized: "resized", Quality: 80, Sizes: sizes.All(), Same: true, WebP: true}
	targets, err := s.Targets("fotos/niño.png", "eu-west-1")
	if err != nil || len(targets) != maxResults {
		t.Fatal(len(targets), err)
	}
	h := edge.New(edge.Config{Log: &bytes.Buffer{}, Client: func(string, string) *s3lite.Client { return client }})
	for _, want := range []map[string]int{{"HEAD": 1 + maxResults, "GET": 1, "PUT": maxResults}, {"HEAD": 1 + maxResults}} {
		if _, err := warm.Make(context.Background(), h, targets, nil); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, r := range server.Requests() {
			got[r.Method]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	const line = "are a HEAD and a GET of it, and a HEAD and a PUT of each result; the HEADs and nothing else when they are there"
	if text, err := os.ReadFile("README.md"); err != nil || !strings.Contains(strings.Join(strings.Fields(string(text)), " "), line) {
		t.Errorf("README.md lacks %q, %v", line, err)
	}
}
