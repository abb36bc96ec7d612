package warm

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// A cdn is CloudFront's side of CreateInvalidation. It computes the signature again from the
// request as received, reads the XML, and enforces the quotas. It shares no code with the client.
type cdn struct {
	*testing.T
	mu         sync.Mutex
	batches    [][]string // the paths of each invalidation that was made
	references map[string]bool
	answers    []string // such as "503" or "400 Code": the answers to the next requests
	requests   int
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.Error(err)
	}
	if r.Method != "POST" || r.RequestURI != "/2020-05-31/distribution/E1ABCDEF/invalidation" {
		c.Errorf("%s %s", r.Method, r.RequestURI)
	}
	if why := unsigned(r, body); why != "" {
		c.Error(why)
		refuse(w, 403, "SignatureDoesNotMatch")
		return
	}
	if len(c.answers) > 0 {
		next := c.answers[0]
		c.answers = c.answers[1:]
		var status int
		var code string
		fmt.Sscan(next, &status, &code)
		refuse(w, status, code)
		return
	}
	var batch struct {
		XMLName         xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
		CallerReference string
		Paths           struct {
			Quantity int
			Items    struct{ Path []string }
		}
	}
	if err := xml.Unmarshal(body, &batch); err != nil || batch.Paths.Quantity != len(batch.Paths.Items.Path) || batch.CallerReference == "" {
		c.Errorf("%s: %v", body, err)
	}
	if c.references[batch.CallerReference] {
		c.Errorf("the reference %s is used twice", batch.CallerReference)
	}
	c.references[batch.CallerReference] = true
	wild := 0
	for _, p := range batch.Paths.Items.Path {
		if !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "#m-") || len(p) > 4000 {
			c.Errorf("path %q", p)
		}
		if strings.HasSuffix(p, "*") {
			wild++
		}
	}
	if wild > 15 {
		refuse(w, 400, "TooManyInvalidationsInProgress")
		return
	}
	c.batches = append(c.batches, batch.Paths.Items.Path)
	w.WriteHeader(201)
	io.WriteString(w, `<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2J0I21PCUYOIK</Id><Status>InProgress</Status></Invalidation>`)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code)
}

// unsigned returns what is wrong with a request's signature (Signature Version 4, service
// cloudfront, region us-east-1), or "".
func unsigned(r *http.Request, body []byte) string {
	date, day := r.Header.Get("X-Amz-Date"), ""
	if len(date) == 16 {
		day = date[:8]
	}
	if at, err := time.Parse("20060102T150405Z", date); err != nil || time.Since(at).Abs() > 5*time.Minute {
		return "the date is " + date
	}
	scope := day + "/us-east-1/cloudfront/aws4_request"
	names := []string{"content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
	lines := []string{"POST", r.URL.EscapedPath(), ""}
	for _, n := range names {
		v := r.Header.Get(n)
		if n == "host" {
			v = r.Host
		}
		if v == "" {
			return "there is no " + n
		}
		lines = append(lines, n+":"+v)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(body))
	if r.Header.Get("X-Amz-Content-Sha256") != sum {
		return "the body has another hash"
	}
	lines = append(lines, "", strings.Join(names, ";"), sum)
	key := []byte("AWS4secret")
	toSign := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", date, scope, sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	for _, step := range []string{day, "us-east-1", "cloudfront", "aws4_request", toSign} {
		h := hmac.New(sha256.New, key)
		io.WriteString(h, step)
		key = h.Sum(nil)
	}
	want := fmt.Sprintf("AWS4-HMAC-SHA256 Credential=AKIDTEST/%s, SignedHeaders=%s, Signature=%x", scope, strings.Join(names, ";"), key)
	if got := r.Header.Get("Authorization"); got != want {
		return "Authorization is\n" + got + "\nwant\n" + want
	}
	return ""
}

// newCDN returns a world with a CloudFront that its function calls.
func newCDN(t *testing.T) (*world, *cdn) {
	t.Helper()
	w := newWorld(t, map[string]string{EnvDistribution: "E1ABCDEF"})
	c := &cdn{T: t, references: map[string]bool{}}
	hs := httptest.NewServer(c)
	t.Cleanup(hs.Close)
	credentials := w.client.Credentials
	w.h.cdn.endpoint, w.h.cdn.pause = hs.URL, time.Millisecond
	w.h.cdn.credentials = func() (cr s3lite.Credentials, err error) {
		cr, err = credentials()
		cr.SessionToken = "token/+=" // only for CloudFront: the S3 of these tests has none
		return cr, err
	}
	return w, c
}

// newInvalidations returns the invalidations since the last call.
func (c *cdn) newInvalidations() [][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.batches
	c.batches, c.requests = nil, 0
	return b
}

func TestCloudFrontForgetsWhatIsReplacedOrDeleted(t *testing.T) {
	w, c := newCDN(t)
	created := func(keys ...string) []byte {
		var bodies []string
		for _, k := range keys {
			bodies = append(bodies, string(event(t, "ObjectCreated:Put", k)))
		}
		return batchOf(t, bodies...)
	}
	send := func(raw []byte) {
		t.Helper()
		if answer, err := w.handle(t, raw); err != nil || len(failedOf(t, answer)) != 0 {
			t.Fatalf("%s, %v", answer, err)
		}
	}
	w.Put("a&b <1>.png", s3test.Object{Body: picture(t, 640, 480)})
	w.Put("~x.png", s3test.Object{Body: picture(t, 640, 480)})
	w.Put("broken.png", s3test.Object{Body: []byte("no picture")})
	send(created("a&b <1>.png", "~x.png", "broken.png"))
	send(created("a&b <1>.png", "broken.png")) // a second delivery
	if got := c.newInvalidations(); len(got) != 0 {
		t.Errorf("nothing was there before, and %q is invalidated", got)
	}

	w.Put("a&b <1>.png", s3test.Object{Body: picture(t, 500, 480)})
	w.Put("~x.png", s3test.Object{Body: picture(t, 500, 480)})
	w.Put("broken.png", s3test.Object{Body: []byte("no picture either")})
	w.Put("new.png", s3test.Object{Body: picture(t, 500, 480)})
	send(created("a&b <1>.png", "~x.png", "broken.png", "new.png", "a&b <1>.png"))
	want := []string{
		"#" + edge.CacheTag("a&b <1>.png"), "/a&b%20%3C1%3E.png*",
		"#" + edge.CacheTag("~x.png"), "/%7Ex.png*", "/~x.png*",
		"#" + edge.CacheTag("broken.png"), "/broken.png*", // its marker is replaced, and copies of the original are dropped
	}
	if got := c.newInvalidations(); len(got) != 1 || !slices.Equal(got[0], want) {
		t.Errorf("replaced: %q, want %q", got, want)
	}
	send(created("a&b <1>.png", "~x.png", "broken.png", "new.png"))
	if got := c.newInvalidations(); len(got) != 0 {
		t.Errorf("again: %q", got)
	}

	w.client.Delete(context.Background(), "new.png")
	send(batchOf(t, string(event(t, "ObjectRemoved:Delete", "new.png")), string(event(t, "ObjectRemoved:Delete", "notes.txt")),
		string(event(t, "LifecycleExpiration:Delete", "resized/SS/a.png"))))
	if got := c.newInvalidations(); len(got) != 1 || !slices.Equal(got[0], []string{"#" + edge.CacheTag("new.png"), "/new.png*"}) {
		t.Errorf("deleted: %q", got)
	}
	// The removal of an old version changes nothing for viewers.
	old := bytes.Replace(event(t, "ObjectRemoved:Delete", "~x.png"), []byte(`"key"`), []byte(`"versionId":"v","key"`), 1)
	send(batchOf(t, string(old)))
	if got := c.newInvalidations(); len(got) != 0 {
		t.Errorf("an old version: %q", got)
	}
	// Directly, without a queue.
	if _, err := w.handle(t, event(t, "ObjectRemoved:Delete", "~y.png")); err != nil {
		t.Error(err)
	}
	if got := c.newInvalidations(); len(got) != 1 || len(got[0]) != 3 {
		t.Errorf("directly: %q", got)
	}
	if l := w.log.String(); strings.Count(l, `"event":"invalidated"`) != 5 || strings.Contains(l, "cloudfront:") {
		t.Errorf("the log: %s", l)
	}
}

// After a refusal of CloudFront's the request is repeated, or changed, or the refusal is logged.
// The event itself never fails.
func TestAnInvalidationThatFailsIsLogged(t *testing.T) {
	w, c := newCDN(t)
	for _, tc := range []struct {
		name     string
		answers  []string
		keys     []string
		requests int
		paths    []string // the paths of the invalidation, without the tags
		log      string
	}{
		{"passing", []string{"503 ServiceUnavailable", "400 Throttling"}, []string{"a.png"}, 3, []string{"/a.png*"}, ""},
		{"for ever", []string{"503 X", "503 X", "500 InternalError", "500 X"}, []string{"a.png"}, 3, nil, "cloudfront: 500 InternalError"},
		{"denied", []string{"403 AccessDenied"}, []string{"a.png"}, 1, nil, "cloudfront: 403 AccessDenied"},
		{"no distribution", []string{"404 NoSuchDistribution"}, []string{"a.png"}, 1, nil, "404 NoSuchDistribution"},
		{"too many wildcards", []string{"400 TooManyInvalidationsInProgress"}, []string{"a.png", "~.png"}, 2, []string{"/a.png", "/%7E.png", "/~.png"}, ""},
		{"too many of all", []string{"400 TooManyInvalidationsInProgress", "400 TooManyInvalidationsInProgress"}, []string{"a.png"}, 2, nil, "TooManyInvalidationsInProgress"},
		{"a path is refused", []string{"400 InvalidArgument"}, []string{"a.png", "[1].png"}, 2, []string{"/a.png*", "/%5B1%5D.png*"}, ""},
		{"all paths are refused", []string{"400 InvalidArgument", "400 InvalidArgument"}, []string{"[1].png"}, 2, nil, "InvalidArgument"},
		{"an odd answer", []string{"200 \x01\"\n"}, []string{"a.png"}, 1, nil, "cloudfront: 200"},
	} {
		c.answers = tc.answers
		c.newInvalidations()
		w.log.Reset()
		var bodies []string
		for _, k := range tc.keys {
			bodies = append(bodies, string(event(t, "ObjectRemoved:Delete", k)))
		}
		answer, err := w.handle(t, batchOf(t, bodies...))
		if err != nil || len(failedOf(t, answer)) != 0 {
			t.Errorf("%s: the event fails: %s, %v", tc.name, answer, err)
		}
		requests := c.requests
		var paths []string
		for _, b := range c.newInvalidations() {
			for _, p := range b {
				if p[0] == '/' {
					paths = append(paths, p)
				}
			}
		}
		if requests != tc.requests || !slices.Equal(paths, tc.paths) {
			t.Errorf("%s: %d requests, %q; want %d, %q", tc.name, requests, paths, tc.requests, tc.paths)
		}
		failed := strings.Contains(w.log.String(), `"event":"invalidated","key":"`+tc.keys[0]+`","error":`)
		if failed != (tc.log != "") || !strings.Contains(w.log.String(), tc.log) {
			t.Errorf("%s: the log is %s", tc.name, &w.log)
		}
		c.answers = nil
	}

	// One invalidation has fifteen wildcards at most, however many keys it has.
	var bodies []string
	for i := range 10 {
		bodies = append(bodies, string(event(t, "ObjectRemoved:Delete", fmt.Sprintf("[%d].png", i))))
	}
	if _, err := w.handle(t, batchOf(t, bodies...)); err != nil {
		t.Error(err)
	}
	if got := c.newInvalidations(); len(got) != 1 || len(got[0]) != 30 || strings.Contains(strings.Join(got[0], ""), "*") {
		t.Errorf("ten of two spellings: %q", got)
	}
}

// CloudFront does not answer: the event is still answered before Lambda's deadline.
func TestAnInvalidationHasAnEnd(t *testing.T) {
	w, _ := newCDN(t)
	silent := make(chan struct{})
	hs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	t.Cleanup(hs.Close)
	t.Cleanup(func() { close(silent) })
	w.h.cdn.endpoint = hs.URL
	ctx, cancel := context.WithTimeout(context.Background(), margin+500*time.Millisecond)
	defer cancel()
	begin := time.Now()
	answer, err := w.h.Invoke(ctx, batchOf(t, string(event(t, "ObjectRemoved:Delete", "a.png"))))
	if err != nil || len(failedOf(t, answer)) != 0 || time.Since(begin) > margin+500*time.Millisecond {
		t.Errorf("%s, %v after %v", answer, err, time.Since(begin))
	}
}
