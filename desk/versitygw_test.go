package desk

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"miniatura/internal/outside"
	"miniatura/s3lite"
)

// TestVersitygwWholeFlow runs serve with a real S3 server that verifies signatures: viewer request,
// event, function, results in the bucket, hits. With a wrong secret, nothing may be handed out.
func TestVersitygwWholeFlow(t *testing.T) {
	endpoint := "http://" + outside.Versitygw(t, "AKIDTEST", "secret")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "eu-west-1")
	b, err := openEndpoint(endpoint, settings{bucket: "pictures", resized: "resized", quality: 80})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := b.client.Put(ctx, "", nil, s3lite.PutOptions{}); err != nil { // a PUT without a key makes the bucket
		t.Fatal(err)
	}
	keys := []string{"plain.jpg", "a space.jpg", "a+plus.jpg", "100%.jpg", "%41.jpg", "niño/日本.jpg", "(1)[2]&=;,@'!*$.jpg", "q?h#.jpg"}
	photo := jpegOf(t, 1000, 500)
	for _, key := range keys {
		if err := b.client.Put(ctx, key, photo, s3lite.PutOptions{ContentType: "image/jpeg", CacheControl: "max-age=60"}); err != nil {
			t.Fatal(err)
		}
	}
	s := serving(t, "-endpoint", endpoint, "-bucket", "pictures")
	for _, key := range keys {
		resultsOf(t, s, b, key)
	}
	// When the source is replaced, the result is made again.
	if err := b.client.Put(ctx, "plain.jpg", jpegOf(t, 500, 1000), s3lite.PutOptions{ContentType: "image/jpeg"}); err != nil {
		t.Fatal(err)
	}
	if r, body := s.get("/plain.jpg?size=SS", 200); r.Header.Get("X-Cache") != "Miss" || dimensionsOf(t, body) != "jpeg 180x360" {
		t.Errorf("after the source was replaced: %s, %s", r.Header.Get("X-Cache"), dimensionsOf(t, body))
	}
	// The page lists the sources and not the results. An upload is stored.
	if _, page := s.get("/", 200); strings.Count(page, "?size=SXS\"") != len(keys) {
		t.Errorf("the page has %d pictures, want %d", strings.Count(page, "?size=SXS\""), len(keys))
	}
	q, err := http.NewRequest("PUT", s.url+"/.miniatura/pictures?name=up+load.png", bytes.NewReader(pngOf(t, 30, 20)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if o, err := b.client.Head(ctx, "up load.png"); r.StatusCode != 200 || err != nil || o.ContentType != "image/png" {
		t.Errorf("an upload: %s, %v", r.Status, err)
	}

	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	for _, target := range []string{"/a%20space.jpg", "/a%20space.jpg?size=SS", "/a%20space.jpg?size=L"} {
		if r, body := s.get(target, 403); r.Header.Get("X-Cache") != "Miss" || strings.Contains(body, "JFIF") {
			t.Errorf("a wrong secret got %s: %.60q", target, body)
		}
	}
}

// resultsOf asks twice for two results of key: the first time they are made, the second time found.
func resultsOf(t *testing.T, s *site, b *bucket, key string) {
	t.Helper()
	for _, c := range []struct{ query, kind, picture, result string }{
		{"?size=SS", "image/jpeg", "jpeg 360x180", "resized/SS/" + key},
		{"?size=SXS&to_webp=1", "image/webp", "webp 180x90", "resized/SXS-webp/" + key + ".webp"},
	} {
		for _, cache := range []string{"Miss", "Hit"} {
			r, body := s.get(keyPath(key)+c.query, 200)
			if r.Header.Get("X-Cache") != cache || r.Header.Get("Content-Type") != c.kind || dimensionsOf(t, body) != c.picture || r.Header.Get("Cache-Control") != "max-age=60" {
				t.Errorf("%s%s: %s, %s, %s, %q, want a %s", key, c.query, r.Header.Get("X-Cache"), r.Header.Get("Content-Type"), dimensionsOf(t, body), r.Header.Get("Cache-Control"), cache)
			}
		}
		o, err := b.client.Head(t.Context(), c.result)
		if err != nil || o.ContentType != c.kind || o.Metadata["source-etag"] == "" || o.Metadata["quality"] != "80" || o.Metadata["width"] == "" {
			t.Errorf("%s: %v, %+v", c.result, err, o)
		}
	}
}
