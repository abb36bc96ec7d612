package warm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

const niño = "fotos/niño 1+1.png" // the key in the recorded events

// A world is a bucket with a Handler for it, which has its settings from an environment as in
// Lambda.
type world struct {
	*s3test.Server
	h      *Handler
	client *s3lite.Client
	log    bytes.Buffer
}

// newWorld returns a world whose environment has the usual settings, changed by env.
func newWorld(t *testing.T, env map[string]string) *world {
	t.Helper()
	w := &world{Server: s3test.New(s3test.Config{Bucket: "bkt", Region: "eu-west-1"})}
	hs := httptest.NewServer(w.Server)
	t.Cleanup(hs.Close)
	w.client = &s3lite.Client{Bucket: "bkt", Region: "eu-west-1", Endpoint: hs.URL, Backoff: time.Millisecond,
		Credentials: func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
		}}
	full := map[string]string{EnvBucket: "bkt", EnvResized: "/resized/", EnvQuality: "80", EnvSizes: "SS,SXS", EnvFormats: "same,webp"}
	for k, v := range env {
		full[k] = v
	}
	s, err := FromEnv(func(name string) string { return full[name] })
	if err != nil {
		t.Fatal(err)
	}
	w.h = New(Config{Settings: s, Region: "eu-west-1", Client: w.client, Log: &w.log})
	return w
}

// counts returns how many requests of each method there were since the last call.
func (w *world) counts() map[string]int {
	n := map[string]int{}
	for _, r := range w.Requests() {
		n[r.Method]++
	}
	return n
}

// results returns the keys of results. Markers are empty objects and do not count.
func (w *world) results() []string {
	var keys []string
	for _, k := range w.Keys() {
		if strings.HasPrefix(k, "resized/") && len(w.Object(k).Body) > 0 {
			keys = append(keys, k)
		}
	}
	return keys
}

func (w *world) handle(t *testing.T, raw []byte) ([]byte, error) {
	t.Helper()
	return w.h.Invoke(context.Background(), raw)
}

// codes returns the result codes of an answer to S3 Batch.
func codes(t *testing.T, raw []byte) (all []string) {
	t.Helper()
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Results {
		all = append(all, r.Code)
	}
	return all
}

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// event returns a notification in the shape of the recorded ones.
func event(t *testing.T, name, key string) []byte {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(recorded(t, "created.json"), &e); err != nil {
		t.Fatal(err)
	}
	r := e["Records"].([]any)[0].(map[string]any)
	r["eventName"] = name
	r["s3"].(map[string]any)["object"].(map[string]any)["key"] = strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture returns a w x h PNG.
func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * y >> 4), uint8(x ^ y), uint8(x + 2*y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var wantResults = []string{
	"resized/SS-webp/" + niño + ".webp", "resized/SS/" + niño,
	"resized/SXS-webp/" + niño + ".webp", "resized/SXS/" + niño,
}

func TestCreatedMakesTheConfiguredResultsAndTheFirstVisitorHits(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 640, 480), ContentType: "image/png"})
	if _, err := w.handle(t, recorded(t, "created.json")); err != nil {
		t.Fatal(err)
	}
	if got := w.results(); !slices.Equal(got, wantResults) {
		t.Fatalf("stored %q, want %q", got, wantResults)
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"HEAD": 5, "GET": 1, "PUT": 4}) {
		t.Errorf("four results took %v", n)
	}
	for key, want := range map[string]string{wantResults[0]: "image/webp", wantResults[1]: "image/png"} {
		o := w.Object(key)
		if o.ContentType != want || o.Metadata["cache-tag"] != edge.CacheTag(niño) {
			t.Errorf("%s is %s, tagged %s", key, o.ContentType, o.Metadata["cache-tag"])
		}
	}
	if l := w.log.String(); !strings.Contains(l, `"event":"created"`) || !strings.Contains(l, `"made":4`) || strings.Count(l, "\n") != 1 {
		t.Errorf("logged %s", l)
	}

	// S3 may deliver an event twice: nothing is made again.
	if _, err := w.handle(t, recorded(t, "created.json")); err != nil {
		t.Fatal(err)
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"HEAD": 5}) {
		t.Errorf("the second delivery took %v", n)
	}

	// A visitor through the edge finds the result as one of its own.
	var r edge.Record
	e := edge.New(edge.Config{Log: &bytes.Buffer{}, Observe: func(got edge.Record) { r = got },
		Client: func(string, string) *s3lite.Client { return w.client }})
	visit := `{"Records":[{"cf":{"config":{"eventType":"origin-request","requestId":"1"},"request":{"method":"GET",
		"uri":"/fotos/ni%C3%B1o%201%2B1.png","querystring":"size=SS&to_webp=1","headers":{},"clientIp":"203.0.113.1",
		"origin":{"s3":{"domainName":"bkt.s3.eu-west-1.amazonaws.com","path":"","customHeaders":{
		"x-env-resized-path":[{"key":"X-Env-Resized-Path","value":"resized"}],
		"x-env-bucket-name":[{"key":"X-Env-Bucket-Name","value":"bkt"}],
		"x-env-quality":[{"key":"X-Env-Quality","value":"80"}]}}}}}}]}`
	if _, err := e.Handle(context.Background(), json.RawMessage(visit)); err != nil || r.Decision != edge.Hit || r.Result != wantResults[0] {
		t.Errorf("the first visitor: %+v, %v", r, err)
	}
}

// Results are objects, so storing one is an event too. If that were answered with results, there
// would be no end of events.
func TestResultsEndAtOnceWithoutAnyRequest(t *testing.T) {
	w := newWorld(t, nil)
	for _, key := range []string{
		"resized/SS/a.png", "resized/SS-webp/a.png.webp", "resized/a.png", "resized/resized/a.png", "resized//a.png", "./resized/a.png", "x/../resized/a.png",
	} {
		w.Put(key, s3test.Object{Body: picture(t, 400, 400)})
		for _, name := range []string{"ObjectCreated:Put", "ObjectRemoved:Delete"} {
			if _, err := w.handle(t, event(t, name, key)); err != nil {
				t.Errorf("%s %s: %v", name, key, err)
			}
		}
		batch := fmt.Sprintf(`{"invocationSchemaVersion":"1.0","invocationId":"i","tasks":[{"taskId":"t","s3Key":%q,"s3BucketArn":"arn:aws:s3:::bkt"}]}`, url.QueryEscape(key))
		if got, err := w.handle(t, []byte(batch)); err != nil || !slices.Equal(codes(t, got), []string{succeeded}) {
			t.Errorf("batch %s: %s, %v", key, got, err)
		}
	}
	if log := w.Requests(); len(log) > 0 {
		t.Errorf("%d requests were made, the first %+v", len(log), log[0])
	}
}

// Every object that appears is sent as an event, until no new object appears.
func TestEveryStoredObjectAsAnEventComesToRest(t *testing.T) {
	w := newWorld(t, map[string]string{EnvSizes: "", EnvFormats: ""})
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
	seen, pending := map[string]bool{"a.png": true}, []string{"a.png"}
	events := 0
	for ; len(pending) > 0 && events < 100; events++ {
		if _, err := w.handle(t, event(t, "ObjectCreated:Put", pending[0])); err != nil {
			t.Fatal(err)
		}
		pending = pending[1:]
		for _, key := range w.Keys() {
			if !seen[key] {
				seen[key] = true
				pending = append(pending, key)
			}
		}
	}
	if n, all := w.counts()["PUT"], 2*len(sizes.All()); events != 1+all || n != all {
		t.Errorf("%d events and %d results for one picture, want %d and %d", events, n, 1+all, all)
	}
}

func TestRemovedDeletesEveryResultAndNothingElse(t *testing.T) {
	w := newWorld(t, nil) // two sizes are configured, but the edge may have made all
	w.Put("other.png", s3test.Object{Body: []byte("o")})
	w.Put("resized/SS/other.png", s3test.Object{Body: []byte("o")})
	all, err := w.h.cfg.Results(niño, "")
	if err != nil || len(all) != 2*len(sizes.All()) {
		t.Fatal(len(all), err)
	}
	for _, target := range all {
		w.Put(target.ResultKey(), s3test.Object{Body: []byte("r")})
	}
	if _, err := w.handle(t, recorded(t, "removed.json")); err != nil {
		t.Fatal(err)
	}
	if got := w.Keys(); !slices.Equal(got, []string{"other.png", "resized/SS/other.png"}) {
		t.Errorf("left %q", got)
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"DELETE": len(all)}) {
		t.Errorf("it took %v", n)
	}
}

func TestOtherInvocations(t *testing.T) {
	w := newWorld(t, nil)
	for name, raw := range map[string]string{
		"the test event":  string(recorded(t, "test.json")),
		"another bucket":  strings.ReplaceAll(string(recorded(t, "created.json")), `"bkt"`, `"other"`),
		"another event":   strings.ReplaceAll(string(recorded(t, "created.json")), "ObjectCreated:Put", "ObjectTagging:Put"),
		"a key not UTF-8": strings.ReplaceAll(string(recorded(t, "created.json")), "ni%C3%B1o", "%FF"),
		"a broken escape": strings.ReplaceAll(string(recorded(t, "created.json")), "ni%C3%B1o", "%2"),
		"no picture":      strings.ReplaceAll(string(recorded(t, "created.json")), ".png", ".pdf"),
	} {
		if _, err := w.handle(t, []byte(raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"Records":[]}`, `{"Records":7}`, `{"tasks":[7]}`, `"x"`} {
		if got, err := w.handle(t, []byte(raw)); err == nil {
			t.Errorf("%s: answered %s", raw, got)
		}
	}
	if log := w.Requests(); len(log) > 0 {
		t.Errorf("%d requests were made, the first %+v", len(log), log[0])
	}
}

func TestAnEventIsTriedAgainOnlyWhenThatMayHelp(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  []byte
		fault *s3test.Rule
		again bool
	}{
		{"no such source", nil, nil, false},
		{"no picture inside", []byte("<html>"), nil, false},
		{"S3 out of order", []byte("x"), &s3test.Rule{Method: "GET", Fault: s3test.Status(503, "SlowDown")}, true},
		{"connection cut", []byte("x"), &s3test.Rule{Fault: s3test.Reset()}, true},
		{"result refused", picture(t, 400, 300), &s3test.Rule{Method: "PUT", Fault: s3test.Status(403, "AccessDenied")}, false},
		{"result not taken", picture(t, 400, 300), &s3test.Rule{Method: "PUT", Fault: s3test.Status(500, "InternalError")}, true},
	} {
		w := newWorld(t, nil)
		if c.body != nil {
			w.Put(niño, s3test.Object{Body: c.body})
		}
		if c.fault != nil {
			w.Script(*c.fault)
		}
		_, err := w.handle(t, recorded(t, "created.json"))
		if (err != nil) != c.again {
			t.Errorf("%s: %v; another try is wanted: %v", c.name, err, c.again)
		}
		if got := w.results(); len(got) > 0 {
			t.Errorf("%s: stored %q", c.name, got)
		}
		if l := w.log.String(); !strings.Contains(l, `"error":"`) || strings.Contains(l, `"temporary":true`) != c.again {
			t.Errorf("%s: logged %s", c.name, l)
		}
		// When the fault is over, the next delivery makes the results.
		if c.again && c.fault != nil && len(c.body) > 1 {
			w.Calm()
			if _, err := w.handle(t, recorded(t, "created.json")); err != nil || len(w.results()) != 4 {
				t.Errorf("%s: the next delivery: %v, %q", c.name, err, w.results())
			}
		}
	}
}

func TestARemovalThatFailsIsTriedAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.Put("resized/SS/"+niño, s3test.Object{Body: []byte("r")})
	w.Put("resized/L/"+niño, s3test.Object{Body: []byte("r")})
	w.Script(s3test.Rule{Method: "DELETE", Key: "resized/L/" + niño, Fault: s3test.Status(503, "SlowDown")})
	if _, err := w.handle(t, recorded(t, "removed.json")); err == nil {
		t.Error("no error, so no other try")
	}
	if got := w.results(); !slices.Equal(got, []string{"resized/L/" + niño}) {
		t.Errorf("left %q: one failure must not keep the rest", got)
	}
}

func TestBatchAnswersEachTask(t *testing.T) {
	for _, c := range []struct {
		name, body string
		fault      *s3test.Rule
		change     func(string) string
		code, text string
	}{
		{name: "made", body: "png", code: succeeded, text: "4 made, 0 were fresh"},
		{name: "missing", code: permanentFailure, text: "404"},
		{name: "no picture", body: "<html>", code: permanentFailure},
		{name: "slow down", body: "png", fault: &s3test.Rule{Method: "GET", Fault: s3test.Status(503, "SlowDown")}, code: temporaryFailure, text: "SlowDown"},
		{name: "not for pictures", body: "x", change: func(s string) string { return strings.ReplaceAll(s, ".png", ".txt") }, code: succeeded, text: "skipped: "},
		{name: "a result", body: "x", change: func(s string) string { return strings.ReplaceAll(s, "fotos/", "resized/SS/") }, code: succeeded, text: "skipped: "},
		{name: "another bucket", change: func(s string) string { return strings.ReplaceAll(s, "bkt", "other") }, code: permanentFailure, text: `bucket "other"`},
		{name: "bad escape", change: func(s string) string { return strings.ReplaceAll(s, "%2B", "%2") }, code: permanentFailure},
	} {
		for _, file := range []string{"batch1.json", "batch2.json"} {
			w := newWorld(t, nil)
			switch c.body {
			case "":
			case "png":
				w.Put(niño, s3test.Object{Body: picture(t, 640, 480)})
			default:
				w.Put(niño, s3test.Object{Body: []byte(c.body)})
			}
			if c.fault != nil {
				w.Script(*c.fault)
			}
			raw := string(recorded(t, file))
			if c.change != nil {
				raw = c.change(raw)
			}
			text, err := w.handle(t, []byte(raw))
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			// The answer is read by the names in S3's documentation.
			var a struct {
				InvocationSchemaVersion, TreatMissingKeysAs, InvocationID string
				Results                                                   []struct{ TaskID, ResultCode, ResultString string }
			}
			if err := json.Unmarshal(text, &a); err != nil {
				t.Fatal(err)
			}
			if a.InvocationSchemaVersion != map[string]string{"batch1.json": "1.0", "batch2.json": "2.0"}[file] ||
				a.InvocationID != "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo" || a.TreatMissingKeysAs != temporaryFailure ||
				len(a.Results) != 1 || a.Results[0].TaskID != "dGFza2lkZ29lc2hlcmUK" {
				t.Errorf("%s: answered %s", c.name, text)
				continue
			}
			if r := a.Results[0]; r.ResultCode != c.code || !strings.Contains(r.ResultString, c.text) {
				t.Errorf("%s, %s: %+v, want %s with %q", c.name, file, r, c.code, c.text)
			}
			if n := len(w.results()); n != map[bool]int{true: 4, false: 0}[c.name == "made"] {
				t.Errorf("%s: %d results stored", c.name, n)
			}
		}
	}
}

// A task that is not done when Lambda's time ends is a temporary failure.
func TestTimeUpIsATemporaryFailure(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 640, 480)})
	ctx, cancel := context.WithTimeout(context.Background(), margin+20*time.Millisecond)
	defer cancel()
	w.Script(s3test.Rule{Method: "GET", Fault: s3test.Hang(200 * time.Millisecond)})
	start := time.Now()
	got, err := w.h.Invoke(ctx, recorded(t, "batch1.json"))
	if err != nil || !slices.Equal(codes(t, got), []string{temporaryFailure}) {
		t.Errorf("%s, %v", got, err)
	}
	if d := time.Since(start); d > margin {
		t.Errorf("answered after %v, when Lambda had ended it", d)
	}
}

func TestSettingsNameEveryFault(t *testing.T) {
	good := map[string]string{EnvBucket: "bkt", EnvResized: "a//b/", EnvQuality: " 75 ", EnvSizes: "L, L,SXS", EnvFormats: "webp"}
	s, err := FromEnv(func(n string) string { return good[n] })
	if err != nil || s.Bucket != "bkt" || s.Resized != "a/b" || s.Quality != 75 || len(s.Sizes) != 2 || s.Same || !s.WebP {
		t.Errorf("%+v, %v", s, err)
	}
	targets, err := s.Targets("x.jpg", "r")
	if err != nil || len(targets) != 2 || targets[0].ResultKey() != "a/b/L-webp/x.jpg.webp" || targets[1].ResultKey() != "a/b/SXS-webp/x.jpg.webp" {
		t.Errorf("%v, %v", targets, err)
	}
	s.Path = "site"
	if _, err := s.Targets("x.jpg", ""); err == nil {
		t.Error("a key outside the origin's path has targets")
	}
	if targets, err := s.Targets("site/x.jpg", ""); err != nil || targets[0].ResultKey() != "site/a/b/L-webp/x.jpg.webp" {
		t.Errorf("%v, %v", targets, err)
	}

	bad := map[string]string{EnvResized: "../x", EnvQuality: "abc", EnvSizes: "L,l", EnvFormats: "avif"}
	_, err = FromEnv(func(n string) string { return bad[n] })
	for _, name := range []string{EnvBucket, EnvResized, EnvQuality, EnvSizes, EnvFormats} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestDeleteWithALookCountsWhatWasThere(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 640, 480)})
	if _, err := w.handle(t, recorded(t, "created.json")); err != nil {
		t.Fatal(err)
	}
	w.Requests()
	all, err := w.h.cfg.Results(niño, "")
	if err != nil {
		t.Fatal(err)
	}
	tally, err := Delete(context.Background(), w.client, all, true)
	if err != nil || tally != (Tally{Deleted: 4}) || len(w.results()) != 0 || w.Object(niño) == nil {
		t.Errorf("%+v, %v, left %q", tally, err, w.Keys())
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"HEAD": len(all), "DELETE": 4}) {
		t.Errorf("it took %v", n)
	}
}

func TestInvalidationNamesTheTagAndThePath(t *testing.T) {
	// From: printf 'fotos/niño 1+1.png' | sha256sum
	const tag = "#m-6715bd1a956a90a089596e9c8a5d42e3"
	got := Invalidation(Settings{}, niño, true)
	if got[0] != tag || got[1] != "/fotos/ni%C3%B1o%201%2B1.png*" {
		t.Errorf("%q", got)
	}
	if got := Invalidation(Settings{Path: "site"}, "site/a*.png", false); got[1] != "/a%2A.png" || got[0] != "#"+edge.CacheTag("site/a*.png") {
		t.Errorf("%q", got)
	}
	line := ShellLine(append([]string{"aws"}, CreateInvalidation("E1", []string{"#m-0", "/it's.jpg*"})...))
	if want := `aws cloudfront create-invalidation --distribution-id E1 --paths '#m-0' '/it'\''s.jpg*'`; line != want {
		t.Errorf("%s\nwant %s", line, want)
	}
}

// No event makes the handler write or delete anything outside the folder for results, or panic.
func FuzzInvokeTouchesResultsOnly(f *testing.F) {
	for _, name := range []string{"created.json", "removed.json", "test.json", "batch1.json", "batch2.json"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
		f.Add(strings.ReplaceAll(string(b), "fotos/", "../resized//"))
		f.Add(strings.ReplaceAll(string(b), "fotos/", "%2e%2e%2f"))
	}
	server := s3test.New(s3test.Config{Bucket: "bkt", Region: "eu-west-1"})
	hs := httptest.NewServer(server)
	f.Cleanup(hs.Close)
	s := Settings{Bucket: "bkt", Resized: "resized", Quality: 80}
	if err := errors.Join(s.SetSizes("SXS"), s.SetFormats("webp")); err != nil {
		f.Fatal(err)
	}
	h := New(Config{Settings: s, Log: io.Discard, Client: &s3lite.Client{Bucket: "bkt", Region: "eu-west-1", Endpoint: hs.URL,
		Credentials: func() (s3lite.Credentials, error) {
			return s3lite.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret"}, nil
		}}})
	f.Fuzz(func(t *testing.T, event string) {
		if strings.Count(event, "{") > 40 {
			return // more records would add requests, not coverage
		}
		answer, err := h.Invoke(context.Background(), []byte(event))
		if err == nil && !json.Valid(answer) {
			t.Errorf("the answer is no JSON: %q", answer)
		}
		for _, r := range server.Requests() {
			if (r.Method == "PUT" || r.Method == "DELETE") && !strings.HasPrefix(r.Key, "resized/") {
				t.Errorf("%s %q", r.Method, r.Key)
			}
		}
	})
}

// A job over a whole bucket also meets results in a folder that had the same use before.
func TestResultsInAnotherFolderAreSkipped(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 700, 500)})
	if _, err := w.handle(t, event(t, "ObjectCreated:Put", niño)); err != nil {
		t.Fatal(err)
	}
	renamed := newWorld(t, map[string]string{EnvResized: "small"})
	key := "resized/SS/" + niño
	renamed.Put(key, *w.Object(key))
	tally, err := renamed.h.create(context.Background(), "created", key, new(changes))
	var skip skipError
	if !errors.As(err, &skip) || tally.Made != 0 || !reflect.DeepEqual(renamed.Keys(), []string{key}) {
		t.Errorf("%+v, %v, %q", tally, err, renamed.Keys())
	}
	if n := renamed.counts(); n["GET"] != 0 || n["PUT"] != 0 || n["HEAD"] != 2 {
		t.Errorf("%v", n)
	}
}

// A source with a marker is not tried again, and the marker is deleted with the results.
func TestMarkersAreKnownAndPurged(t *testing.T) {
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: []byte("no picture")})
	for i, want := range []map[string]int{{"HEAD": 2, "GET": 1, "PUT": 1}, {"HEAD": 2}} {
		tally, err := w.h.create(context.Background(), "created", niño, new(changes))
		var f *Failure
		if !errors.As(err, &f) || f.Temporary || f.Missing || tally.Made != 0 || tally.Fresh != 0 || tally.Failed != 4 {
			t.Errorf("%d: %+v, %v", i, tally, err)
		}
		if n := w.counts(); !reflect.DeepEqual(n, want) {
			t.Errorf("%d: %v, want %v", i, n, want)
		}
	}
	if k := w.Keys(); len(k) != 2 {
		t.Fatalf("%q", k)
	}
	targets, err := w.h.cfg.Results(niño, "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	if tally, err := Delete(context.Background(), w.client, targets, true); err != nil || tally.Deleted != 1 || len(w.Keys()) != 1 {
		t.Errorf("%+v, %v, %q", tally, err, w.Keys())
	}
}

// S3 sends ObjectRemoved:Delete for an old version too, with its id, while the source still exists.
func TestAnOldVersionTakesNoResultsAlong(t *testing.T) {
	removed := func(version string) []byte {
		return bytes.Replace(recorded(t, "removed.json"), []byte(`"sequencer"`), []byte(`"versionId":"`+version+`","sequencer"`), 1)
	}
	w := newWorld(t, nil)
	w.Put(niño, s3test.Object{Body: picture(t, 700, 500)})
	if _, err := w.handle(t, recorded(t, "created.json")); err != nil {
		t.Fatal(err)
	}
	w.counts()
	if _, err := w.handle(t, removed("096fKKXTRTtl3on89fVO.nfljtsv6qko")); err != nil || !slices.Equal(w.results(), wantResults) {
		t.Errorf("the source is there: %v, %q", err, w.results())
	}
	if n := w.counts(); !reflect.DeepEqual(n, map[string]int{"HEAD": 1}) {
		t.Errorf("%v", n)
	}
	w.Script(s3test.Rule{Method: "HEAD", Key: niño, Fault: s3test.Status(503, "SlowDown")})
	if _, err := w.handle(t, removed("v")); err == nil || !slices.Equal(w.results(), wantResults) {
		t.Errorf("S3 does not say: %v, %q", err, w.results())
	}
	w.Calm()
	if err := w.client.Delete(context.Background(), niño); err != nil {
		t.Fatal(err)
	}
	if _, err := w.handle(t, removed("v")); err != nil || len(w.results()) != 0 {
		t.Errorf("the source is gone: %v, %q", err, w.results())
	}
	w.counts()
	result := event(t, "ObjectRemoved:Delete", wantResults[0])
	result = bytes.Replace(result, []byte(`"sequencer"`), []byte(`"versionId":"v","sequencer"`), 1)
	if _, err := w.handle(t, result); err != nil || len(w.counts()) != 0 {
		t.Errorf("a result's old version: %v", err)
	}
}

// When one result meets a limit, the others are made, and the limit is remembered.
func TestALimitOfOneResultStopsNoOther(t *testing.T) {
	w := newWorld(t, map[string]string{EnvSizes: "L,SS,SXS"})
	w.h = New(Config{Settings: w.h.cfg.Settings, Region: "eu-west-1", Client: w.client, Log: &w.log, Memory: 80 << 20})
	w.Put(niño, s3test.Object{Body: picture(t, 900, 700)})
	for i, want := range []Tally{{Made: 4, Failed: 2}, {Fresh: 4, Failed: 2}} {
		tally, err := w.h.create(context.Background(), "created", niño, new(changes))
		if tally != want || !errors.Is(err, codec.ErrLimit) {
			t.Errorf("%d: %+v, %v", i, tally, err)
		}
		if n := w.counts(); n["GET"] != 1-i || n["HEAD"] != 7 {
			t.Errorf("%d: %v", i, n)
		}
	}
}
