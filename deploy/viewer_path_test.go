package main

import (
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
)

// wanted is what the viewer function has to make of a path with the query size=L, in Go.
func wanted(uri string) seen {
	s := seen{URI: edge.CanonicalPath(uri)}
	if key, ok := keyIn(uri); ok && edge.Extension(key) {
		s.Query = "size=L"
	}
	return s
}

// keyIn is the key in a path: hexadecimal digits read by hand, not by what edge uses.
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

// randomPath writes a path with what goes wrong in paths.
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

// Twice as long takes twice as long: a path of CloudFront's 8,192 characters is no work.
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

// Whatever is asked for, through the viewer function and the resizing function: nothing panics, no key lies outside its
// folder, a source has sixteen results at most, and a path whose segments are plain has seventeen copies in the cache.
func TestHostileRequestsThroughViewerAndResizer(t *testing.T) {
	n := newNode(t)
	total := 10_000
	if os.Getenv("MINIATURA_LONG") != "" {
		total = 100_000
	}
	r := rand.New(rand.NewPCG(17, 2026))
	results, copies := map[string]map[string]bool{}, map[string]map[seen]bool{}
	add := func(uri string, p edge.Plan, got seen) {
		if p.Skip == nil {
			if key := p.ResultKey(); !strings.HasPrefix(key, "resized/"+p.Size.Name) || strings.HasPrefix(p.SourceKey(), "resized/") {
				t.Fatalf("%q: the result's key is %q", uri, key)
			}
			if results[p.SourceKey()] == nil {
				results[p.SourceKey()] = map[string]bool{}
			}
			results[p.SourceKey()][p.ResultKey()] = true
		}
		if key, ok := keyIn(uri[1:]); ok && path.Clean("/"+key) == "/"+key {
			if copies[key] == nil {
				copies[key] = map[seen]bool{}
			}
			copies[key][got] = true
		}
	}
	for range total / 1000 {
		var qs []question
		for range 1000 {
			uri := randomPath(r)
			if r.IntN(3) == 0 { // one key in many spellings
				uri = "/"
				for _, c := range "fotos/a.jpg" {
					if r.IntN(3) == 0 {
						uri += fmt.Sprintf([]string{"%%%02x", "%%%02X"}[r.IntN(2)], c)
					} else {
						uri += string(c)
					}
				}
			}
			qs = append(qs, question{URI: uri, Query: randomQuery(r), Auto: r.IntN(2) == 0, Accept: []string{randomQuery(r), "image/webp"}[:r.IntN(3)]})
		}
		for i, got := range n.view(t, qs...) {
			event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"cf": map[string]any{"request": map[string]any{
				"method": "GET", "uri": got.URI, "querystring": got.Query,
				"origin": map[string]any{"s3": map[string]any{"domainName": "bkt.s3.eu-west-1.amazonaws.com", "path": "", "customHeaders": map[string]any{
					edge.HeaderBucketName:  []edge.Header{{Value: "bkt"}},
					edge.HeaderResizedPath: []edge.Header{{Value: "resized"}},
					edge.HeaderQuality:     []edge.Header{{Value: "80"}},
				}}}}}}}})
			if err != nil {
				t.Fatal(err)
			}
			p, err := edge.NewPlan(event)
			if err != nil {
				t.Fatalf("%+v: %v", qs[i], err)
			}
			add(qs[i].URI, p, got)
		}
	}
	most := 0
	for key, of := range results {
		if most = max(most, len(of)); len(of) > 16 {
			t.Errorf("%q has %d results", key, len(of))
		}
	}
	for key, of := range copies {
		if len(of) > 17 {
			t.Errorf("%q has %d copies in the cache", key, len(of))
		}
	}
	if most < 16 || len(copies["fotos/a.jpg"]) < 17 {
		t.Errorf("the requests are too few to prove much: %d results, %d copies", most, len(copies["fotos/a.jpg"]))
	}
}
