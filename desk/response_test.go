package desk

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"miniatura/edge"
	"miniatura/s3lite/s3test"
)

// A viewer of serve sees the function's own answers when it cannot store or make a result.
func TestServeShowsWhatTheFunctionAnswersItself(t *testing.T) {
	b, err := openMemory(settings{bucket: "local", resized: "resized", quality: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	original := pngOf(t, 700, 500)
	b.local.Put("a.png", s3test.Object{Body: original, ContentType: "image/png", CacheControl: "max-age=31536000"})
	c := newCloudFront(b, io.Discard)
	hs := httptest.NewServer(c)
	defer hs.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(method string) (*http.Response, []byte, edge.Record) {
		t.Helper()
		req, _ := http.NewRequest(method, hs.URL+"/a.png?size=SS", nil)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var r edge.Record
		if err := json.Unmarshal([]byte(res.Header.Get("X-Miniatura-Record")), &r); err != nil {
			t.Fatal(err)
		}
		return res, body, r
	}
	check := func(method string, status int, decision, cacheControl, location string) []byte {
		t.Helper()
		res, body, r := get(method)
		if res.StatusCode != status || r.Decision != decision || res.Header.Get("Cache-Control") != cacheControl || res.Header.Get("Location") != location {
			t.Errorf("%s: %d, %+v, %v", method, res.StatusCode, r, res.Header)
		}
		return body
	}

	b.local.Script(s3test.Rule{Method: "PUT", Fault: s3test.Status(403, "AccessDenied")})
	direct := check("GET", 200, edge.Direct, "max-age=3600", "")
	check("HEAD", 302, edge.Redirect, "max-age=5", "/a.png")
	b.local.Calm()
	b.local.Script(s3test.Rule{Method: "GET", Times: 1, Fault: s3test.Status(403, "AccessDenied")})
	if body := check("GET", 302, edge.Redirect, "max-age=5", "/a.png"); len(body) != 0 {
		t.Errorf("a redirect with a body of %d bytes", len(body))
	}
	b.local.Calm()
	if stored := check("GET", 200, edge.Resized, "max-age=31536000", ""); !bytes.Equal(stored, direct) {
		t.Errorf("%d bytes directly, %d stored", len(direct), len(stored))
	}
	o := *b.local.Object("resized/SS/a.png")
	o.Metadata["encoder"] = "1"
	b.local.Put("resized/SS/a.png", o)
	b.local.Script(s3test.Rule{Method: "PUT", Fault: s3test.Status(403, "AccessDenied")})
	if body := check("GET", 200, edge.Older, "max-age=31536000", ""); !bytes.Equal(body, o.Body) {
		t.Errorf("%d bytes, not the older result's %d", len(body), len(o.Body))
	}

	for _, e := range c.journal.since(0) {
		if len(e.Answer) > 4000 {
			t.Errorf("the journal keeps an answer of %d bytes", len(e.Answer))
		}
	}
	if first := string(c.journal.since(0)[0].Answer); !strings.Contains(first, `"status":"200"`) || !strings.Contains(first, "characters") {
		t.Errorf("the journal has %s", first)
	}
}
