package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

// wanted is a second implementation of the viewer function, in Go, for a path with the query
// size=L.
func wanted(uri string) seen {
	s := seen{URI: canonicalPath(uri)}
	if key, ok := keyIn(uri); ok && edge.HasExtension(key) {
		s.Query = "size=L"
	}
	return s
}

// keyIn returns the key in a path. It decodes the path without edge's code.
func keyIn(uri string) (string, bool) {
	var key []byte
	for i := 0; i < len(uri); i++ {
		switch c := uri[i]; {
		case c == '+':
			key = append(key, ' ')
		case c == '%':
			if i+2 >= len(uri) {
				return "", false
			}
			hi, lo := strings.IndexByte("0123456789abcdef", uri[i+1]|0x20), strings.IndexByte("0123456789abcdef", uri[i+2]|0x20)
			if hi < 0 || lo < 0 || uri[i+1] < '0' || uri[i+2] < '0' {
				return "", false
			}
			key = append(key, byte(hi<<4|lo))
			i += 2
		default:
			key = append(key, c)
		}
	}
	return string(key), utf8.Valid(key)
}

func TestViewerGivesAKeyOneSpelling(t *testing.T) {
	n := newNode(t)
	for _, c := range []struct {
		uri  string
		want seen
	}{
		{"/fotos/a.jpg", seen{"/fotos/a.jpg", "size=L"}},
		{"/%66otos/a.jpg", seen{"/fotos/a.jpg", "size=L"}},
		{"/fotos/a%2Ejpg", seen{"/fotos/a.jpg", "size=L"}},
		{"/fotos%2Fa.jpg", seen{"/fotos/a.jpg", "size=L"}},
		{"/foto%20%281%29.JPG", seen{"/foto%20(1).JPG", "size=L"}},
		{"/foto+(1).jpeg", seen{"/foto%20(1).jpeg", "size=L"}},
		{"/a%2bb*~.png", seen{"/a%2Bb%2A%7E.png", "size=L"}},
		{"/ni%c3%b1o.webp", seen{"/ni%C3%B1o.webp", "size=L"}},
		{"/ni\u00f1o.webp", seen{"/ni%C3%B1o.webp", "size=L"}},
		{"/nin\u0303o.gif", seen{"/nin%CC%83o.gif", "size=L"}},
		{"//a%2Ebmp", seen{"//a%2Ebmp", "size=L"}},
		{"/%2E%2E/a.jpg", seen{"/%2E%2E/a.jpg", "size=L"}},
		{"/%ff.jpg", seen{"/%ff.jpg", ""}},
		{"/%zz.jpg", seen{"/%zz.jpg", ""}},
		{"/a.txt", seen{"/a.txt", ""}}, {"/a", seen{"/a", ""}}, {"/a.jpg/", seen{"/a.jpg/", ""}}, {"/a.jpg%00", seen{"/a.jpg%00", ""}},
		{"/a%2Etxt", seen{"/a.txt", ""}}, {"/jpg", seen{"/jpg", ""}}, {"/a.jpg.txt", seen{"/a.jpg.txt", ""}},
	} {
		if got := n.view(t, question{URI: c.uri, Query: "size=L"})[0]; got != c.want {
			t.Errorf("%q: %+v, want %+v", c.uri, got, c.want)
		}
		if got := wanted(c.uri); got != c.want {
			t.Errorf("%q: the resizing function has %+v, want %+v", c.uri, got, c.want)
		}
	}
	for _, ext := range []string{"jpg", "jpeg", "png", "gif", "bmp", "webp", "JPG", "WebP", "avif", "svg", "jp", "jpgx"} {
		want := ""
		if codec.FormatOf("a."+ext) != nil {
			want = "size=L"
		}
		if got := n.ask(t, question{URI: "/a." + ext, Query: "size=L"})[0]; got != want {
			t.Errorf("%s: %q, want %q", ext, got, want)
		}
	}
}

// randomPath returns a path with random mistakes.
func randomPath(r *rand.Rand) string {
	parts := []string{"/", "/", "a", "fotos", ".", "..", "%2F", "%2f", "%2E", "%2e", "%5C", "\\", "+", "%2B", "%20", " ", "%25", "%", "%4", "%zz", "%C3%B1", "%c3", "%B1",
		"é", "e\u0301", "🐈", "%F0%9F%90%88", "%ED%A0%80", "%C0%AF", "%00", "*", "~", "?", "#", "(1)", "'", "\"", "<", "[", "]", "{", "|", "^", "`", "$", "&", ",", ":", ";", "=", "@",
		"!", "_", "-", "%41", "%7a", "%7F", "\t", "\u2028", ".jpg", ".png", "%2Ejpg", ".JPG", "Z", "0", "resized/L/", "__proto__", "%EF%BB%BF"}
	uri := "/"
	for range r.IntN(9) {
		uri += parts[r.IntN(len(parts))]
	}
	if r.IntN(2) == 0 {
		uri += ".jpg"
	}
	return uri
}

func TestViewerAndResizerSpellEveryPathAlike(t *testing.T) {
	n := newNode(t)
	r := rand.New(rand.NewPCG(11, 2026))
	var qs []question
	for range 20_000 {
		qs = append(qs, question{URI: randomPath(r), Query: "size=L"})
	}
	changed, left, pictures := 0, 0, 0
	for i, got := range n.view(t, qs...) {
		uri := qs[i].URI
		want := wanted(uri)
		if got != want {
			t.Fatalf("%q: the viewer function has %+v, the resizing function %+v", uri, got, want)
		}
		if got.URI != uri {
			changed++
			was, _ := keyIn(uri)
			if is, ok := keyIn(got.URI); !ok || was != is {
				t.Fatalf("%q became %q: another key", uri, got.URI)
			}
		} else {
			left++
		}
		if got.Query != "" {
			pictures++
		}
	}
	if changed < 4000 || left < 4000 || pictures < 4000 {
		t.Errorf("the paths are too alike to prove much: %d changed, %d left, %d pictures", changed, left, pictures)
	}
}

// The time grows with the path's length, not with its square.
func TestViewerTakesLinearTime(t *testing.T) {
	n := newNode(t)
	for _, piece := range []string{"%2e", "/", "+", "*", "%C3%B1", "%", ".", "./", "~", "a"} {
		long := func(k int) time.Duration {
			q := question{URI: "/" + strings.Repeat(piece, k/len(piece)) + ".jpg", Query: "size=L"}
			best := time.Hour
			for range 5 {
				begin := time.Now()
				n.view(t, q, q, q, q)
				best = min(best, time.Since(begin))
			}
			return best
		}
		if short, ten := long(20_000), long(200_000); ten > 40*short+20*time.Millisecond {
			t.Errorf("%q: %v, ten times as long %v", piece, short, ten)
		}
	}
}

// Random requests go through the viewer function and the resizing function. Nothing panics. Every
// answer is a request, or a response below 500 that leads to no other host. Nothing is written
// outside of the results' folder. A source has at most one result for each size in each of two
// formats, and a path with plain segments has one more copy in the cache.
func TestHostileRequestsThroughViewerAndResizer(t *testing.T) {
	n := newNode(t)
	total := 10_000
	if os.Getenv("MINIATURA_LONG") != "" {
		total = 100_000
	}
	r := rand.New(rand.NewPCG(17, 2026))
	server, h := hostileBucket(t)
	c := variety{results: map[string]map[string]bool{}, copies: map[string]map[seen]bool{}}
	redirects := 0
	for batch := range total / 1000 {
		server.Calm()
		if batch%5 == 4 { // S3 fails at random
			server.Script(s3test.Rule{Method: "HEAD", Fault: s3test.Status(503, "SlowDown")})
		}
		var qs []question
		for range 1000 {
			qs = append(qs, hostileQuestion(r))
		}
		for i, got := range n.view(t, qs...) {
			event := hostileEvent(t, r, got)
			p, err := edge.NewPlan(event)
			if err != nil {
				t.Fatalf("%+v: %v", qs[i], err)
			}
			c.add(t, qs[i].URI, p, got)
			answer, err := h.Handle(context.Background(), event)
			if err != nil {
				t.Fatalf("%+v: %v", qs[i], err)
			}
			if harmless(t, got, answer) {
				redirects++
			}
		}
	}
	if redirects < 10 {
		t.Errorf("%d redirects prove little", redirects)
	}
	c.check(t)
	checkHostileBucket(t, server)
}

// maxResults is how many results a source can have at most.
var maxResults = 2 * len(sizes.All())

// hostileQuestion returns a request with a path, often one key in many spellings, a query, and an
// Accept header.
func hostileQuestion(r *rand.Rand) question {
	uri := randomPath(r)
	if r.IntN(3) == 0 {
		uri = "/"
		for _, c := range "fotos/a.jpg" {
			if r.IntN(3) == 0 {
				uri += fmt.Sprintf([]string{"%%%02x", "%%%02X"}[r.IntN(2)], c)
			} else {
				uri += string(c)
			}
		}
	}
	return question{URI: uri, Query: randomQuery(r), Auto: r.IntN(2) == 0, Accept: []string{randomQuery(r), "image/webp"}[:r.IntN(3)]}
}

// hostileEvent returns the event that CloudFront makes after the viewer function.
func hostileEvent(t *testing.T, r *rand.Rand, got seen) []byte {
	t.Helper()
	event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"cf": map[string]any{"request": map[string]any{
		"method": []string{"GET", "HEAD", "POST", "", "\x00"}[r.IntN(5)], "uri": got.URI, "querystring": got.Query, "headers": hostileHeaders(r),
		"origin": map[string]any{"s3": map[string]any{"domainName": "bkt.s3.eu-west-1.amazonaws.com", "path": "", "customHeaders": map[string]any{
			edge.HeaderBucketName:  []edge.Header{{Value: "bkt"}},
			edge.HeaderResizedPath: []edge.Header{{Value: "resized"}},
			edge.HeaderQuality:     []edge.Header{{Value: "80"}},
		}}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

// A variety collects, for the key of each source, the results that were requested (results) and the
// entries of the cache (copies).
type variety struct {
	results map[string]map[string]bool
	copies  map[string]map[seen]bool
}

// add notes the plan of the request for uri, which left the viewer function as got.
func (c variety) add(t *testing.T, uri string, p edge.Plan, got seen) {
	t.Helper()
	if p.Skip == nil {
		if key := p.ResultKey(); !strings.HasPrefix(key, "resized/"+p.Size.Name) || strings.HasPrefix(p.SourceKey(), "resized/") {
			t.Fatalf("%q: the result's key is %q", uri, key)
		}
		if c.results[p.SourceKey()] == nil {
			c.results[p.SourceKey()] = map[string]bool{}
		}
		c.results[p.SourceKey()][p.ResultKey()] = true
	}
	if key, ok := keyIn(uri[1:]); ok && path.Clean("/"+key) == "/"+key {
		if c.copies[key] == nil {
			c.copies[key] = map[seen]bool{}
		}
		c.copies[key][got] = true
	}
}

// check checks the numbers of results and of entries in the cache.
func (c variety) check(t *testing.T) {
	t.Helper()
	most := 0
	for key, of := range c.results {
		if most = max(most, len(of)); len(of) > maxResults {
			t.Errorf("%q has %d results", key, len(of))
		}
	}
	for key, of := range c.copies {
		if len(of) > maxResults+1 {
			t.Errorf("%q has %d copies in the cache", key, len(of))
		}
	}
	if most < maxResults || len(c.copies["fotos/a.jpg"]) < maxResults+1 {
		t.Errorf("the requests are too few to prove much: %d results, %d copies", most, len(c.copies["fotos/a.jpg"]))
	}
}

// checkHostileBucket checks what was stored and what was requested.
func checkHostileBucket(t *testing.T, server *s3test.Server) {
	t.Helper()
	made := 0
	for _, key := range server.Keys() {
		if strings.HasPrefix(key, "resized/") {
			made++
		} else if key != "fotos/a.jpg" && key != "a.jpg" && key != "broken.jpg" {
			t.Errorf("%q was stored", key)
		}
	}
	for _, q := range server.Requests() {
		if q.Method != "HEAD" && q.Method != "GET" && (q.Method != "PUT" || !strings.HasPrefix(q.Key, "resized/")) {
			t.Errorf("%s %q", q.Method, q.Key)
		}
	}
	if made < maxResults || made > 3*maxResults {
		t.Errorf("%d results and markers of three sources", made)
	}
}

// hostileBucket returns a bucket with two pictures and a file that is none, and a function for it.
func hostileBucket(t *testing.T) (*s3test.Server, *edge.Handler) {
	t.Helper()
	server, client := newBucket(t, "eu-west-1")
	client.Backoff = time.Microsecond
	picture := server.Object("fotos/niño.png").Body
	if err := client.Delete(context.Background(), "fotos/niño.png"); err != nil {
		t.Fatal(err)
	}
	for key, body := range map[string][]byte{"fotos/a.jpg": picture, "a.jpg": picture, "broken.jpg": []byte("no picture")} {
		if err := server.Put(key, s3test.Object{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	server.Requests()
	return server, edge.New(edge.Config{Log: &bytes.Buffer{}, Client: func(string, string) *s3lite.Client { return client }})
}

// hostileHeaders returns a viewer's headers with random mistakes.
func hostileHeaders(r *rand.Rand) map[string]any {
	odd := []any{"", "x", nil, 7, []any{}, map[string]any{}, []any{nil}, []any{map[string]any{"key": 1}}, []any{map[string]any{"key": "Accept", "value": strings.Repeat("image/webp,", 99)}},
		[]any{map[string]any{"key": "X-Env-Bucket-Name", "value": "other"}}, []any{map[string]any{"key": "Host", "value": "evil.example"}}, []any{map[string]any{"key": "A", "value": "a\r\nB: c\u2028"}}}
	all := map[string]any{}
	for range r.IntN(4) {
		name := []string{"host", "accept", "range", "if-none-match", "x-env-bucket-name", "x-env-resized-path", "x-forwarded-host", "", "__proto__", "\x00"}[r.IntN(10)]
		all[name] = odd[r.IntN(len(odd))]
	}
	return all
}

// harmless checks the answer to a request, and reports whether it is a redirect.
func harmless(t *testing.T, asked seen, answer []byte) (redirect bool) {
	t.Helper()
	var a struct {
		URI     *string
		Status  string
		Headers map[string]json.RawMessage
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatalf("%+v: %v in %s", asked, err, answer)
	}
	if a.Status == "" {
		if a.URI == nil || *a.URI != asked.URI && !strings.HasPrefix(*a.URI, "/resized/") {
			t.Fatalf("%+v became %s", asked, answer)
		}
		return false
	}
	var location []edge.Header
	if raw, ok := a.Headers["location"]; ok {
		if err := json.Unmarshal(raw, &location); err != nil {
			t.Fatal(err)
		}
	}
	if a.Status[0] == '5' {
		t.Fatalf("%+v: %s", asked, answer)
	}
	for _, l := range location {
		if !strings.HasPrefix(l.Value, "/") || strings.HasPrefix(l.Value, "//") || strings.Contains(l.Value, "\\") {
			t.Fatalf("%+v leads to %s", asked, l.Value)
		}
	}
	return len(location) > 0
}
