package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// An eventSpec is a short form of an origin-request event. newEvent fills in the rest as CloudFront
// does.
type eventSpec struct {
	method, uri, query, domain, path string
	headers                          map[string]string // nil: the usual three
	origin                           string            // raw JSON instead of an S3 origin
	eventType                        string
}

// newEvent returns the event as JSON.
func newEvent(s eventSpec) []byte {
	or := func(s, d string) string {
		if s == "" {
			return d
		}
		return s
	}
	js := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	if s.headers == nil {
		s.headers = map[string]string{HeaderResizedPath: "resized", HeaderBucketName: "bkt", HeaderQuality: "80"}
	}
	h := map[string][]map[string]string{}
	for k, v := range s.headers {
		h[k] = []map[string]string{{"key": k, "value": v}}
	}
	if s.origin == "" {
		s.origin = fmt.Sprintf(`{"s3":{"authMethod":"none","customHeaders":%s,"domainName":%s,"path":%s,"region":"eu-west-1"}}`,
			js(h), js(or(s.domain, "bkt.s3.eu-west-1.amazonaws.com")), js(s.path))
	}
	return fmt.Appendf(nil, `{"Records":[{"cf":{"config":{"distributionDomainName":"d111111abcdef8.cloudfront.net","eventType":%s,"requestId":"req-1"},`+
		`"request":{"clientIp":"203.0.113.178","headers":{"host":[{"key":"Host","value":"bkt.s3.eu-west-1.amazonaws.com"}]},"method":%s,"origin":%s,"querystring":%s,"uri":%s}}}]}`,
		js(or(s.eventType, "origin-request")), js(or(s.method, "GET")), s.origin, js(s.query), js(s.uri))
}

func TestPlanNamesSourceResultAndURI(t *testing.T) {
	for _, c := range []struct {
		name                string
		e                   eventSpec
		source, result, uri string
	}{
		{"plain", eventSpec{uri: "/a/b.jpg", query: "size=M"}, "a/b.jpg", "resized/M/a/b.jpg", "/resized/M/a/b.jpg"},
		{"webp", eventSpec{uri: "/a/b.jpg", query: "size=M&to_webp=1"}, "a/b.jpg", "resized/M-webp/a/b.jpg.webp", "/resized/M-webp/a/b.jpg.webp"},
		{"webp source", eventSpec{uri: "/b.webp", query: "to_webp=1&size=S"}, "b.webp", "resized/S-webp/b.webp.webp", "/resized/S-webp/b.webp.webp"},
		{"HEAD", eventSpec{method: "HEAD", uri: "/b.jpg", query: "size=S"}, "b.jpg", "resized/S/b.jpg", "/resized/S/b.jpg"},
		{"case of the key", eventSpec{uri: "/Foto.JPG", query: "size=S"}, "Foto.JPG", "resized/S/Foto.JPG", "/resized/S/Foto.JPG"},
		{"UTF-8", eventSpec{uri: "/fotos/ni%C3%B1o.jpg", query: "size=S"}, "fotos/niño.jpg", "resized/S/fotos/niño.jpg", "/resized/S/fotos/ni%C3%B1o.jpg"},
		{"space", eventSpec{uri: "/a%20b.jpg", query: "size=S"}, "a b.jpg", "resized/S/a b.jpg", "/resized/S/a%20b.jpg"},
		{"a plus is a space to S3", eventSpec{uri: "/a+b.jpg", query: "size=S"}, "a b.jpg", "resized/S/a b.jpg", "/resized/S/a%20b.jpg"},
		{"%2B", eventSpec{uri: "/a%2Bb.jpg", query: "size=S"}, "a+b.jpg", "resized/S/a+b.jpg", "/resized/S/a%2Bb.jpg"},
		{"%25", eventSpec{uri: "/100%2525.jpg", query: "size=S"}, "100%25.jpg", "resized/S/100%25.jpg", "/resized/S/100%2525.jpg"},
		{"%3F", eventSpec{uri: "/what%3F.jpg", query: "size=S"}, "what?.jpg", "resized/S/what?.jpg", "/resized/S/what%3F.jpg"},
		{"brackets", eventSpec{uri: "/a(1)[2].png", query: "size=S"}, "a(1)[2].png", "resized/S/a(1)[2].png", "/resized/S/a(1)%5B2%5D.png"},
		{"slashes are kept", eventSpec{uri: "//a//b.jpg", query: "size=S"}, "/a//b.jpg", "resized/S//a//b.jpg", "/resized/S//a//b.jpg"},
		{"dots are kept", eventSpec{uri: "/a/../b.jpg", query: "size=S"}, "a/../b.jpg", "resized/S/a/../b.jpg", "/resized/S/a/../b.jpg"},
		{"origin path", eventSpec{path: "/site/img", uri: "/b.jpg", query: "size=S"}, "site/img/b.jpg", "site/img/resized/S/b.jpg", "/resized/S/b.jpg"},
		{"first size decides", eventSpec{uri: "/b.jpg", query: "size=XS&size=L"}, "b.jpg", "resized/XS/b.jpg", "/resized/XS/b.jpg"},
		{"to_webp=0", eventSpec{uri: "/b.jpg", query: "size=XS&to_webp=0&to_webp=1"}, "b.jpg", "resized/XS/b.jpg", "/resized/XS/b.jpg"},
		{"stray slashes", eventSpec{uri: "/b.jpg", query: "size=SS", headers: map[string]string{HeaderResizedPath: "//re//size/", HeaderBucketName: "bkt", HeaderQuality: "999"}}, "b.jpg", "re/size/SS/b.jpg", "/re/size/SS/b.jpg"},
		{"a folder that begins alike", eventSpec{uri: "/resized2/b.jpg", query: "size=SS"}, "resized2/b.jpg", "resized/SS/resized2/b.jpg", "/resized/SS/resized2/b.jpg"},
	} {
		p, err := NewPlan(newEvent(c.e))
		if err != nil || p.Skip != nil {
			t.Errorf("%s: %v, %v", c.name, err, p.Skip)
			continue
		}
		if p.SourceKey() != c.source || p.ResultKey() != c.result || p.URI() != c.uri {
			t.Errorf("%s:\n got %q %q %q\nwant %q %q %q", c.name, p.SourceKey(), p.ResultKey(), p.URI(), c.source, c.result, c.uri)
		}
		if p.Bucket != "bkt" || p.Region != "eu-west-1" || p.Quality < 80 || p.Quality > 100 {
			t.Errorf("%s: %+v", c.name, p.Target)
		}
	}
}

func TestPlanLeavesRequestsAlone(t *testing.T) {
	headers := func(path, bucket, quality string) map[string]string {
		return map[string]string{HeaderResizedPath: path, HeaderBucketName: bucket, HeaderQuality: quality}
	}
	for _, c := range []struct {
		name string
		e    eventSpec
		says string
	}{
		{"no size", eventSpec{uri: "/b.jpg"}, "no size"},
		{"unknown size", eventSpec{uri: "/b.jpg", query: "size=bogus&size=L"}, "no size"},
		{"size with a path", eventSpec{uri: "/b.jpg", query: "size=XS/photos&size=S"}, "no size"},
		{"encoded size", eventSpec{uri: "/b.jpg", query: "size=%4C"}, "no size"},
		{"webp without size", eventSpec{uri: "/b.jpg", query: "to_webp=1"}, "no size"},
		{"POST", eventSpec{method: "POST", uri: "/b.jpg", query: "size=S"}, "method"},
		{"own output", eventSpec{uri: "/resized/XS/b.jpg", query: "size=S"}, "already below"},
		{"own output, another way", eventSpec{uri: "//resized/./XS/b.jpg", query: "size=S"}, "already below"},
		{"own output, encoded", eventSpec{uri: "/%72esized/XS/b.jpg", query: "size=S"}, "already below"},
		{"not a picture", eventSpec{uri: "/b.pdf", query: "size=S"}, "extension"},
		{"no extension", eventSpec{uri: "/a.jpg/b", query: "size=S"}, "extension"},
		{"root", eventSpec{uri: "/", query: "size=S"}, "no object"},
		{"bad escape", eventSpec{uri: "/a%zz.jpg", query: "size=S"}, "%zz"},
		{"not UTF-8", eventSpec{uri: "/a%ff.jpg", query: "size=S"}, "UTF-8"},
		{"long key", eventSpec{uri: "/" + strings.Repeat("x", 1015) + ".jpg", query: "size=S"}, "1024"},
		{"custom origin", eventSpec{uri: "/b.jpg", query: "size=S", origin: `{"custom":{"domainName":"example.org"}}`}, "missing: an S3 origin"},
		{"no origin", eventSpec{uri: "/b.jpg", query: "size=S", origin: `null`}, "missing: an S3 origin"},
		{"viewer request", eventSpec{uri: "/b.jpg", query: "size=S", eventType: "viewer-request"}, "viewer-request"},
		{"no headers", eventSpec{uri: "/b.jpg", query: "size=S", headers: map[string]string{}}, "missing: x-env-resized-path; missing: x-env-bucket-name; missing: x-env-quality"},
		{"no quality", eventSpec{uri: "/b.jpg", query: "size=S", headers: map[string]string{HeaderResizedPath: "r", HeaderBucketName: "bkt"}}, "missing: x-env-quality"},
		{"odd quality", eventSpec{uri: "/b.jpg", query: "size=S", headers: headers("r", "bkt", "abc")}, "abc"},
		{"empty resized path", eventSpec{uri: "/b.jpg", query: "size=S", headers: headers("//", "bkt", "80")}, HeaderResizedPath},
		{"dots in the resized path", eventSpec{uri: "/b.jpg", query: "size=S", headers: headers("a/../b", "bkt", "80")}, HeaderResizedPath},
		{"another bucket", eventSpec{uri: "/b.jpg", query: "size=S", headers: headers("r", "other", "80")}, "other"},
		{"not a bucket's domain", eventSpec{uri: "/b.jpg", query: "size=S", domain: "example.org"}, "example.org"},
	} {
		p, err := NewPlan(newEvent(c.e))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if p.Skip == nil || !strings.Contains(p.Skip.Error(), c.says) {
			t.Errorf("%s: %v, want something of %q", c.name, p.Skip, c.says)
		}
	}
}

func TestQualityIsClamped(t *testing.T) {
	for s, want := range map[string]int{"80": 80, " 75 ": 75, "0": 1, "-5": 1, "101": 100, "99999999999999999999": 100, "-99999999999999999999": 1} {
		if q, err := ParseQuality(s); err != nil || q != want {
			t.Errorf("%q: %d, %v; want %d", s, q, err, want)
		}
	}
	for _, s := range []string{"", "abc", "80.5", "8 0", "0x50"} {
		if q, err := ParseQuality(s); err == nil {
			t.Errorf("%q: %d, want an error", s, q)
		}
	}
}

// No two pairs of key and format share a result.
func TestResultKeysDoNotCollide(t *testing.T) {
	seen := map[string]string{}
	for _, key := range []string{"x.jpg", "x.png", "x.jpeg", "x.jpg.webp", "x.webp", "x.webp.webp", "S-webp/x.jpg", "S/x.jpg", "X.jpg", "/x.jpg"} {
		for _, q := range []string{"size=S", "size=S&to_webp=1", "size=SS", "size=SS&to_webp=1"} {
			p, err := NewPlan(newEvent(eventSpec{uri: "/" + EscapePath(key), query: q}))
			if err != nil || p.Skip != nil {
				t.Fatal(key, err, p.Skip)
			}
			if other, ok := seen[p.ResultKey()]; ok {
				t.Errorf("%s?%s and %s both make %s", key, q, other, p.ResultKey())
			}
			seen[p.ResultKey()] = key + "?" + q
		}
	}
}

func TestReplaceURIKeepsEveryOtherByte(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"uri":"/a"}`, `{"uri":"/new"}`},
		{"{ \"z\" : [1, 2.50,\"uri\"],\n\t\"uri\" :\t\"/a\\u0041\" , \"origin\":{\"uri\":\"<kept>\"} }", "{ \"z\" : [1, 2.50,\"uri\"],\n\t\"uri\" :\t\"/new\" , \"origin\":{\"uri\":\"<kept>\"} }"},
		{`{"URI":"/b","uris":1}`, `{"URI":"/new","uris":1}`},
		{`{"uri":null,"a":1e400,"uri":"/b"}`, `{"uri":"/new","a":1e400,"uri":"/new"}`},
	} {
		got, err := replaceURI([]byte(c.in), "/new")
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{`{}`, `{"uri":`, `[]`, ``} {
		if got, err := replaceURI([]byte(bad), "/new"); err == nil {
			t.Errorf("%q gave %s", bad, got)
		}
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(newEvent(eventSpec{uri: "/a/b.jpg", query: "size=M"}))
	f.Add([]byte(`{"Records":[{"cf":{"request":{}}}]}`))
	f.Add(bytes.Replace(newEvent(eventSpec{uri: "/a/b.jpg", query: "size=M"}), []byte(`"uri"`), []byte(`"Uri"`), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := NewPlan(raw)
		if err != nil || p.Skip != nil {
			return
		}
		if IsBelow(p.Key, p.Resized) || !IsBelow(p.result(), p.Resized) || len(p.ResultKey()) > maxKey {
			t.Fatalf("%+v", p.Target)
		}
		if key, err := ObjectKey(p.URI()); err != nil || key != p.result() {
			t.Fatalf("%q is read back as %q, %v", p.URI(), key, err)
		}
		if got, err := replaceURI(p.request, p.URI()); err != nil || !json.Valid(got) || bytes.Equal(got, p.request) {
			t.Fatalf("%s, %v", got, err)
		}
	})
}
