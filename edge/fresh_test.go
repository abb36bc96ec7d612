package edge

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"miniatura/s3lite/s3test"
)

// rewrite applies change to the object under key and stores it again.
func (w *world) rewrite(key string, change func(o *s3test.Object)) {
	o := *w.Object(key)
	o.Metadata = maps.Clone(o.Metadata)
	change(&o)
	w.Put(key, o)
}

func TestFreshComparesWhatIsCopied(t *testing.T) {
	for name, change := range map[string]func(o *s3test.Object){
		"Cache-Control":            func(o *s3test.Object) { o.CacheControl = "max-age=60" },
		"Cache-Control is gone":    func(o *s3test.Object) { o.CacheControl = "" },
		"Expires":                  func(o *s3test.Object) { o.Expires = "Thu, 01 Dec 2033 16:00:00 GMT" },
		"Content-Language":         func(o *s3test.Object) { o.ContentLanguage = "gl" },
		"Content-Disposition":      func(o *s3test.Object) { o.ContentDisposition = "attachment" },
		"printable no longer":      func(o *s3test.Object) { o.CacheControl = "max-age=\u00e9" },
		"nothing but white space":  func(o *s3test.Object) { o.CacheControl = "max-age=77,  public" },
		"what results do not keep": func(o *s3test.Object) { o.ContentType, o.ContentEncoding = "image/x-png", "identity" },
	} {
		w := newWorld(t)
		w.Put("a.png", s3test.Object{Body: picture(t, 400, 300), CacheControl: "max-age=77, public"})
		ask := eventSpec{uri: "/a.png", query: "size=SXS"}
		w.ask(t, context.Background(), ask)
		etag := w.Object("a.png").ETag
		w.rewrite("a.png", change)
		if w.Object("a.png").ETag != etag {
			t.Fatal("the source's ETag changed, which is another test")
		}
		want := Resized
		if strings.Contains(name, "nothing") || strings.Contains(name, "do not") {
			want = Hit
		}
		if _, r := w.ask(t, context.Background(), ask); r.Decision != want {
			t.Errorf("%s: %s (%s), want %s", name, r.Decision, r.Error, want)
		}
		if _, r := w.ask(t, context.Background(), ask); r.Decision != Hit {
			t.Errorf("%s, again: %s (%s)", name, r.Decision, r.Error)
		}
	}
}

func TestAResultWithAnotherSourcesTagIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
	ask := eventSpec{uri: "/a.png", query: "size=SXS"}
	w.ask(t, context.Background(), ask)
	w.rewrite("resized/SXS/a.png", func(o *s3test.Object) { o.Metadata["cache-tag"] = CacheTag("b.png") })
	if _, r := w.ask(t, context.Background(), ask); r.Decision != Resized {
		t.Errorf("%+v", r)
	}
	if tag := w.Object("resized/SXS/a.png").Metadata["cache-tag"]; tag != CacheTag("a.png") {
		t.Errorf("the tag is %q", tag)
	}
}

// The function of the article that this project replaces stored its results in the same folder,
// with other bytes and without metadata. They are replaced.
func TestABucketFilledByTheArticlesFunction(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
	w.Put("resized/SXS/a.png", s3test.Object{Body: []byte("its result"), ContentType: "image/png"})
	ask := eventSpec{uri: "/a.png", query: "size=SXS"}
	uri, r := w.ask(t, context.Background(), ask)
	if uri != "/resized/SXS/a.png" || r.Decision != Resized || r.Note != "replaces an object that this function did not make" {
		t.Errorf("%q, %+v", uri, r)
	}
	if o := w.Object("resized/SXS/a.png"); string(o.Body) == "its result" || o.Metadata["encoder"] == "" {
		t.Errorf("%d bytes, %v", len(o.Body), o.Metadata)
	}
	if _, r := w.ask(t, context.Background(), ask); r.Decision != Hit || r.Note != "" {
		t.Errorf("again: %+v", r)
	}
}

func TestArchivedResultsAreAbsentAndArchivedSourcesGoThrough(t *testing.T) {
	for name, archive := range map[string]func(o *s3test.Object){
		"GLACIER":        func(o *s3test.Object) { o.StorageClass = "GLACIER" },
		"DEEP_ARCHIVE":   func(o *s3test.Object) { o.StorageClass = "DEEP_ARCHIVE" },
		"ARCHIVE_ACCESS": func(o *s3test.Object) { o.StorageClass, o.ArchiveStatus = "INTELLIGENT_TIERING", "ARCHIVE_ACCESS" },
	} {
		w := newWorld(t)
		w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
		ask := eventSpec{uri: "/a.png", query: "size=SXS"}
		w.ask(t, context.Background(), ask)

		w.rewrite("resized/SXS/a.png", archive)
		if uri, r := w.ask(t, context.Background(), ask); r.Decision != Resized || uri != "/resized/SXS/a.png" {
			t.Errorf("%s, the result: %+v", name, r)
		}
		if o := w.Object("resized/SXS/a.png"); o.StorageClass != "" || o.ArchiveStatus != "" {
			t.Errorf("%s: the result is still there: %+v", name, o)
		}

		w.Put("b.png", s3test.Object{Body: picture(t, 400, 300)})
		w.rewrite("b.png", archive)
		w.count()
		other := eventSpec{uri: "/b.png", query: "size=SXS"}
		if uri, r := w.ask(t, context.Background(), other); r.Decision != Unchanged || uri != "/b.png" || !strings.Contains(r.Error, "archive") {
			t.Errorf("%s, the source: %+v", name, r)
		}
		if n := w.count(); n != 2 || w.Object("resized/SXS/b.png") != nil {
			t.Errorf("%s, the source: %d requests, %q", name, n, w.Keys())
		}
		w.rewrite("b.png", func(o *s3test.Object) {
			o.Restore = `ongoing-request="false", expiry-date="Fri, 23 Dec 2033 00:00:00 GMT"`
		})
		if _, r := w.ask(t, context.Background(), other); r.Decision != Resized {
			t.Errorf("%s, the source restored: %+v", name, r)
		}
	}
}

// The folder for results was renamed, so that the earlier results look like sources.
func TestResultsAreNoSourcesInAnyFolder(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 1500, 900)})
	old := map[string]string{HeaderResizedPath: "small", HeaderBucketName: "bkt", HeaderQuality: "80"}
	for _, q := range []string{"size=L", "size=SS&to_webp=1"} {
		if _, r := w.ask(t, context.Background(), eventSpec{uri: "/a.png", query: q, headers: old}); r.Decision != Resized {
			t.Fatalf("%+v", r)
		}
	}
	before := w.Keys()
	for _, key := range []string{"small/L/a.png", "small/SS-webp/a.png.webp"} {
		w.count()
		uri, r := w.ask(t, context.Background(), eventSpec{uri: "/" + key, query: "size=SXS"})
		if uri != "/"+key || r.Decision != Unchanged || !strings.Contains(r.Error, "is a result") {
			t.Errorf("%s: %q, %+v", key, uri, r)
		}
		if n := w.count(); n != 2 {
			t.Errorf("%s: %d requests, want 2", key, n)
		}
	}
	if after := w.Keys(); !slices.Equal(before, after) {
		t.Errorf("the bucket holds %q", after)
	}
}
