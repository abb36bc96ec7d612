package desk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"miniatura/edge"
	"miniatura/s3lite/s3test"
)

// gradient returns a picture whose upper left quarter is red, so that a turned picture can be seen.
func gradient(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), 90, 255}
			if x < w/2 && y < h/2 {
				c = color.NRGBA{220, 30, 30, 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gradient(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, gradient(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder returns a new folder with files. Slashes in names make folders.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents returns the sorted names of all files below dir.
func contents(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A site is a serve that runs in this process.
type site struct {
	testing.TB
	url  string // without a slash at its end
	out  *lockedBuffer
	stop func() int
}

// serving runs `serve ARGS` until the test ends.
func serving(t testing.TB, args ...string) *site {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{TB: t, out: &lockedBuffer{}}
	read, write := io.Pipe()
	code := make(chan int, 1)
	var stderr lockedBuffer
	go func() {
		code <- runServe(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), nil, write, &stderr)
		write.Close()
	}()
	lines := bufio.NewReader(read)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("serve %q ended: %s", args, &stderr)
	}
	s.out.Write([]byte(first))
	drained := make(chan struct{})
	go func() { io.Copy(s.out, lines); close(drained) }()
	s.url = strings.TrimSuffix(regexp.MustCompile(`http://\S+/`).FindString(first), "/")
	s.stop = sync.OnceValue(func() int {
		cancel()
		c := <-code
		<-drained
		return c
	})
	t.Cleanup(func() { s.stop() })
	return s
}

// do sends a request whose path is exactly target, as a viewer may send it. It returns the answer
// and its body.
func (s *site) do(method, target string, header ...string) (*http.Response, string) {
	s.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	host := strings.TrimPrefix(s.url, "http://")
	extra := ""
	for _, h := range header {
		if v, ok := strings.CutPrefix(h, "Host: "); ok {
			host = v
			continue
		}
		extra += h + "\r\n"
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", method, target, host, extra)
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		s.Fatalf("%s %s: %v", method, target, err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, target, err)
	}
	return r, string(body)
}

// get sends a GET and checks the status of the answer.
func (s *site) get(target string, status int, header ...string) (*http.Response, string) {
	s.Helper()
	r, body := s.do("GET", target, header...)
	if r.StatusCode != status {
		s.Errorf("GET %s: %s, want %d: %.200s", target, r.Status, status, body)
	}
	return r, body
}

func dimensionsOf(t testing.TB, body string) string {
	t.Helper()
	c, format, err := image.DecodeConfig(strings.NewReader(body))
	if err != nil {
		t.Errorf("not a picture: %v: %.60q", err, body)
	}
	return fmt.Sprintf("%s %dx%d", format, c.Width, c.Height)
}

func TestServeMakesAResultOnceAndKeepsIt(t *testing.T) {
	names := map[string]string{ // paths, as viewers send them, by key
		"plain.jpg":            "/plain.jpg",
		"a space.jpg":          "/a%20space.jpg",
		"a+plus.jpg":           "/a%2Bplus.jpg",
		"100% sure?.jpg":       "/100%25%20sure%3F.jpg",
		"niño/日本 (1) [x]&.jpg": "/ni%C3%B1o/%E6%97%A5%E6%9C%AC%20(1)%20[x]&.jpg",
		"UPPER.JPG":            "/UPPER.JPG",
	}
	files := map[string][]byte{}
	for key := range names {
		files[key] = jpegOf(t, 1000, 500)
	}
	dir := folder(t, files)
	s := serving(t, "-dir", dir)
	if first := s.out.String(); !strings.Contains(first, "results are stored in "+filepath.Join(dir, "resized")) {
		t.Errorf("the first line does not say where results lie: %q", first)
	}
	etags := map[string]string{}
	for _, path := range names {
		for _, query := range []string{"?size=SS", "?size=SS&to_webp=1"} {
			for _, cache := range []string{"Miss", "Hit"} {
				etags[path+query] = checkResult(t, s, path+query, cache)
			}
		}
	}
	var sources []string
	for _, name := range contents(t, dir) {
		if !strings.HasPrefix(name, "resized/") {
			sources = append(sources, name)
			if now, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(now, files[name]) {
				t.Errorf("the original %s changed", name)
			}
		}
	}
	if len(sources) != len(files) {
		t.Errorf("outside of resized/ there are %q", sources)
	}

	if code := s.stop(); code != 0 || !strings.HasSuffix(s.out.String(), "stopped\n") {
		t.Errorf("ended with code %d and %q", code, s.out)
	}
	s = serving(t, "-dir", dir)
	for target, etag := range etags {
		r, _ := s.get(target, 200)
		if r.Header.Get("X-Cache") != "Hit" || r.Header.Get("ETag") != etag {
			t.Errorf("after a restart %s: X-Cache %s, ETag %s (was %s)", target, r.Header.Get("X-Cache"), r.Header.Get("ETag"), etag)
		}
	}
	// With another quality, results are made again.
	s.stop()
	s = serving(t, "-dir", dir, "-quality", "30")
	if r, _ := s.get("/plain.jpg?size=SS", 200); r.Header.Get("X-Cache") != "Miss" {
		t.Error("a result of another quality was a hit")
	}
}

// checkResult asks for a result at size SS and checks that it is a miss or a hit, as cache says. It
// returns the result's ETag.
func checkResult(t *testing.T, s *site, target, cache string) (etag string) {
	t.Helper()
	kind, want := "image/jpeg", "jpeg 360x180"
	if strings.HasSuffix(target, "1") {
		kind, want = "image/webp", "webp 360x180"
	}
	r, body := s.get(target, 200)
	if got := r.Header.Get("X-Cache"); got != cache {
		t.Errorf("%s: X-Cache %s, want %s", target, got, cache)
	}
	if got := r.Header.Get("Content-Type"); got != kind {
		t.Errorf("%s: Content-Type %s, want %s", target, got, kind)
	}
	if got := dimensionsOf(t, body); got != want {
		t.Errorf("%s: %s, want %s", target, got, want)
	}
	timing := r.Header.Get("Server-Timing")
	stages := map[string][]string{"Miss": {"head", "get", "resize", "put", "function", "origin"}, "Hit": {"head", "function", "origin"}}[cache]
	var got []string
	for _, m := range regexp.MustCompile(`(\w+);dur=[0-9.]+`).FindAllStringSubmatch(timing, -1) {
		if m[1] != "wait" { // occurs on a busy machine
			got = append(got, m[1])
		}
	}
	if !slices.Equal(got, stages) {
		t.Errorf("%s: Server-Timing %q, want stages %v", target, timing, stages)
	}
	if r.Header.Get("ETag") == "" {
		t.Errorf("%s: no ETag", target)
	}
	return r.Header.Get("ETag")
}

func TestServeHandsOnThePathAsItCame(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.jpg"), jpegOf(t, 20, 10), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 1000, 500), "d/b.jpg": jpegOf(t, 1000, 500)})
	if err := os.Symlink(filepath.Join(outside, "secret.jpg"), filepath.Join(dir, "link.jpg")); err != nil {
		t.Skip("no symbolic links here")
	}
	s := serving(t, "-dir", dir)
	rel, err := filepath.Rel(dir, filepath.Join(outside, "secret.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"/d/../a.jpg?size=S", "/./a.jpg?size=S", "//a.jpg?size=S", "/d//b.jpg?size=S", "/d/%2e%2e/a.jpg?size=S",
		"/" + filepath.ToSlash(rel), "/" + strings.ReplaceAll(filepath.ToSlash(rel), "/", "%2F"), "/link.jpg", "/link.jpg?size=S",
		"/../../../../../../etc/passwd", "/a.jpg/?size=S", "/d", "/d/", "/resized/.s3test", "/%00.jpg?size=S", "/a.jpg%00?size=S",
	} {
		r, body := s.do("GET", target)
		if r.StatusCode != 404 && r.StatusCode != 403 {
			t.Errorf("%s: %s: %.80q", target, r.Status, body)
		}
		// The journal has the request that was sent.
		if id := r.Header.Get("X-Amz-Cf-Id"); id == "" {
			t.Errorf("%s never came to the function", target)
		}
	}
	_, log := s.get("/.miniatura/log?since=0", 200)
	if !strings.Contains(log, `"uri":"/d/../a.jpg"`) || !strings.Contains(log, `"uri":"//a.jpg"`) || !strings.Contains(log, `"uri":"/d/%2e%2e/a.jpg"`) {
		t.Errorf("the events do not have the paths as they came: %s", log)
	}
	if names := contents(t, filepath.Join(dir, "resized")); len(names) != 0 {
		t.Errorf("something was stored: %q", names)
	}
}

func TestServeKeepsToHTTP(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 1000, 500), "notes.txt": []byte("words"), "page.html": []byte("<script>alert(1)</script>"),
		"broken.jpg": []byte("\xff\xd8\xff\xe0 not much of a picture")})
	s := serving(t, "-dir", dir)
	r, body := s.get("/a.jpg?size=S", 200)
	etag := r.Header.Get("ETag")
	if r, body := s.get("/a.jpg?size=S", 304, "If-None-Match: "+etag); body != "" || r.Header.Get("ETag") != etag {
		t.Errorf("304 with %d bytes and ETag %s", len(body), r.Header.Get("ETag"))
	}
	if r, empty := s.do("HEAD", "/a.jpg?size=S"); r.StatusCode != 200 || empty != "" || r.ContentLength != int64(len(body)) {
		t.Errorf("HEAD: %s, %d bytes, Content-Length %d, want %d", r.Status, len(empty), r.ContentLength, len(body))
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if r, _ := s.do(method, "/a.jpg?size=S"); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s", method, r.Status)
		}
	}
	for target, want := range map[string]string{"/notes.txt?size=S": "words", "/a.jpg": string(jpegOf(t, 1000, 500)), "/a.jpg?size=XXL": string(jpegOf(t, 1000, 500)),
		"/broken.jpg?size=S": "\xff\xd8\xff\xe0 not much of a picture"} {
		if r, body := s.get(target, 200); body != want || r.Header.Get("X-Cache") != "Miss" {
			t.Errorf("%s: not the original, or X-Cache %s", target, r.Header.Get("X-Cache"))
		}
	}
	if r, body := s.get("/none.jpg?size=S", 404); !strings.Contains(body, "none.jpg") || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("404 says %q", body)
	}
	// A page in the bucket cannot run a script on this origin.
	r, _ = s.get("/page.html", 200)
	if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox; default-src 'none'") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("page.html comes with %q", r.Header)
	}
}

func TestServeAnswersThisMachineAndItsOwnPageOnly(t *testing.T) {
	s := serving(t, "-dir", folder(t, map[string][]byte{"a.jpg": jpegOf(t, 100, 50)}))
	for host, status := range map[string]int{"localhost:8080": 200, "127.0.0.1": 200, "[::1]:9": 200, "app.localhost": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:80": 421, "10.0.0.7": 421} {
		s.get("/a.jpg", status, "Host: "+host)
		s.get("/", status, "Host: "+host)
	}
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example"} {
		if r, _ := s.do("PUT", "/.miniatura/pictures?name=x.png", header, "Content-Length: 0"); r.StatusCode != 403 {
			t.Errorf("an upload with %q: %s", header, r.Status)
		}
		if r, _ := s.do("DELETE", "/.miniatura/results?key=a.jpg", header); r.StatusCode != 403 {
			t.Errorf("a deletion with %q: %s", header, r.Status)
		}
	}
}

func TestPageTrustsNoName(t *testing.T) {
	hostile := []string{`<img src=x onerror=alert(1)>.png`, `"onmouseover="alert(2).png`, `'+alert(3)+'.png`, "javascript:alert(4).png", "{{.}}.png", "&lt;b&gt;.png"}
	files := map[string][]byte{}
	for _, name := range hostile {
		files[name] = pngOf(t, 40, 20)
	}
	s := serving(t, "-dir", folder(t, files))
	r, body := s.get("/", 200)
	csp := r.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy lacks %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the policy: %s", csp)
	}
	for _, bad := range []string{"<img src=x", `"onmouseover`, "'+alert", `href="javascript:`, "<b>"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	// Every link on the page leads to its picture.
	links := regexp.MustCompile(`href="(/[^"]*)\?size=SXS"`).FindAllStringSubmatch(body, -1)
	if len(links) != len(hostile) {
		t.Errorf("%d links, want %d", len(links), len(hostile))
	}
	for _, l := range links {
		s.get(l[1], 200)
	}
	for _, file := range []string{"base.js", "strip.js", "results.js", "compare.js", "app.js", "app.css", "icon.svg"} {
		if r, _ := s.get("/.miniatura/"+file, 200); r.Header.Get("Content-Security-Policy") != csp {
			t.Errorf("%s has another policy", file)
		}
	}
	s.get("/.miniatura/", 404)
	s.get("/.miniatura/../page.go", 404)
	s.get("/.miniatura/index.html", 404)
}

// Even without scripts every picture has a link, page by page. Pictures behind a dot come last.
func TestPageByPage(t *testing.T) {
	files := map[string][]byte{".first in order.png": nil, "d/.e/f.png": nil}
	for i := range 2 * pageLimit {
		files[fmt.Sprintf("p%04d.png", i)] = nil
	}
	s := serving(t, "-dir", folder(t, files))
	smallest := regexp.MustCompile(`href="/([^"]*)\?size=SXS"`)
	var found []string
	pages, next := 0, "/"
	for next != "" && pages < 10 {
		_, body := s.get(next, 200)
		pages++
		for _, m := range smallest.FindAllStringSubmatch(body, -1) {
			found = append(found, m[1])
		}
		next = ""
		if m := regexp.MustCompile(`<a href="(/\?page=\d+)#links">Later</a>`).FindStringSubmatch(body); m != nil {
			next = m[1]
		}
	}
	if pages != 3 || len(found) != len(files) || found[0] != "p0000.png" || !slices.Equal(found[len(found)-2:], []string{".first%20in%20order.png", "d/.e/f.png"}) {
		t.Errorf("%d pages with %d links, the last %q", pages, len(found), found[max(0, len(found)-2):])
	}
	for query, want := range map[string]string{
		"page=2": `"first":501,"total":1002,"page":2,"pages":3`, "page=99": `"first":1001,"total":1002,"page":3,"pages":3`, "page=-1&find=P00": `"first":1,"total":100,"page":1,"pages":1`,
		"at=p0700.png": `"page":2,`, "at=none": `"page":1,`, "find=none": `"pictures":[],"first":0,"total":0,"page":1,"pages":1`,
	} {
		if _, body := s.get("/.miniatura/pictures?"+query, 200); !strings.Contains(body, want) {
			t.Errorf("%s: lacks %s in ...%s", query, want, body[max(0, len(body)-200):])
		}
	}
}

func TestLinksOfKeys(t *testing.T) {
	for key, want := range map[string]string{
		"a.jpg":               "/a.jpg",
		"x y/+%?#&=ñ.jpg":     "/x%20y/%2B%25%3F%23%26%3D%C3%B1.jpg",
		"/evil.example/a.jpg": "/.//evil.example/a.jpg",
		"javascript:x.png":    "/javascript%3Ax.png",
		"a//b.jpg":            "/a//b.jpg",
	} {
		got := keyPath(key)
		if got != want {
			t.Errorf("the link of %q is %s, want %s", key, got, want)
		}
		u, err := url.Parse("http://host/")
		if err != nil {
			t.Fatal(err)
		}
		if u, err = u.Parse(got); err != nil || u.Host != "host" {
			t.Errorf("%q leads to host %q (%v)", key, u.Host, err)
		}
	}
}

func TestUploadNames(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg":                        "photo.jpg",
		"PHOTO.JPEG":                       "PHOTO.JPEG",
		"../../etc/x.png":                  "x.png",
		`C:\Users\me\x.gif`:                "x.gif",
		"/etc/passwd":                      "passwd.png",
		"page.html":                        "page.html.png",
		"x.svg":                            "x.svg.png",
		".htaccess":                        "htaccess.png",
		"..":                               "picture.png",
		"":                                 "picture.png",
		"...png":                           "png.png",
		".png":                             "png.png",
		"a\x00b\nc.png":                    "a_b_c.png",
		"bad\xffutf8.png":                  "bad_utf8.png",
		"  x  .png":                        "x  .png",
		strings.Repeat("ñ", 300) + ".webp": strings.Repeat("ñ", 97) + ".webp",
	} {
		got := uploadName(name, ".png")
		if got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
		if !edge.HasExtension(got) || len(got) > 200 || !fs.ValidPath(got) {
			t.Errorf("%q becomes %q, which is no key of a picture", name, got)
		}
	}
}

func TestUploadsAndPreviews(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 1000, 500)})
	s := serving(t, "-dir", dir)
	put := func(name string, body []byte) (status int, key string) {
		t.Helper()
		q, err := http.NewRequest("PUT", s.url+"/.miniatura/pictures?name="+url.QueryEscape(name), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var p picture
		text, _ := io.ReadAll(r.Body)
		json.Unmarshal(text, &p)
		return r.StatusCode, p.Key
	}
	small := pngOf(t, 30, 20)
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		key    string
	}{
		{"new.png", small, 200, "new.png"},
		{"new.png", small, 200, "new.png"}, // the same picture again
		{"new.png", pngOf(t, 31, 20), 200, "new-2.png"},
		{"a.jpg", small, 200, "a-2.jpg"}, // the other picture is not replaced
		{"../up.png", small, 200, "up.png"},
		{"really.png", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), 415, ""},
		{"empty.png", nil, 415, ""},
		{"huge.png", append(slices.Clone(small), make([]byte, edge.MaxSource)...), 413, ""},
	} {
		if status, key := put(c.name, c.body); status != c.status || key != c.key {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, key, c.status, c.key)
		}
	}
	if now, _ := os.ReadFile(filepath.Join(dir, "a.jpg")); !bytes.Equal(now, jpegOf(t, 1000, 500)) {
		t.Error("an upload replaced an original")
	}

	before := contents(t, dir)
	high, body := s.get("/.miniatura/preview?key=a.jpg&size=SS&quality=95", 200)
	if got := dimensionsOf(t, body); got != "jpeg 360x180" || high.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("a preview is %s, %s", got, high.Header.Get("Content-Type"))
	}
	_, low := s.get("/.miniatura/preview?key=a.jpg&size=SS&quality=10", 200)
	if len(low) >= len(body) {
		t.Errorf("quality 10 has %d bytes, quality 95 %d", len(low), len(body))
	}
	if r, _ := s.get("/.miniatura/preview?key=a.jpg&size=SS&quality=80&webp=1", 200); r.Header.Get("Content-Type") != "image/webp" {
		t.Errorf("a WebP preview is %s", r.Header.Get("Content-Type"))
	}
	for target, status := range map[string]int{"key=a.jpg&size=SS": 400, "key=a.jpg&size=SS&quality=0": 400, "key=a.jpg&size=SS&quality=101": 400,
		"key=a.jpg&size=ss&quality=80": 400, "key=none.jpg&size=SS&quality=80": 404, "size=SS&quality=80": 400} {
		s.get("/.miniatura/preview?"+target, status)
	}
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("a preview changed the folder from %q to %q", before, after)
	}

	// Results that were deleted are made again, and others stay.
	s.get("/a.jpg?size=SS", 200)
	s.get("/new.png?size=SS", 200)
	if r, _ := s.do("DELETE", "/.miniatura/results?key=a.jpg"); r.StatusCode != 204 {
		t.Errorf("forgetting: %s", r.Status)
	}
	if r, _ := s.do("DELETE", "/.miniatura/results?key=resized/SS/new.png"); r.StatusCode != 400 {
		t.Errorf("forgetting a result's results: %s", r.Status)
	}
	if r, _ := s.get("/a.jpg?size=SS", 200); r.Header.Get("X-Cache") != "Miss" {
		t.Error("a forgotten result was a hit")
	}
	if r, _ := s.get("/new.png?size=SS", 200); r.Header.Get("X-Cache") != "Hit" {
		t.Error("another picture's result was forgotten")
	}
}

func TestServeAnEndpoint(t *testing.T) {
	s3 := s3test.New(s3test.Config{Bucket: "my.bucket", Region: "eu-west-1", Secrets: map[string]string{"key": "right"}})
	if err := s3.Put("fotos/ni\u00f1o.jpg", s3test.Object{Body: jpegOf(t, 1000, 500), ContentType: "image/jpeg", CacheControl: "max-age=77"}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s3)
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "right")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "eu-west-1")
	s := serving(t, "-endpoint", server.URL, "-bucket", "my.bucket")
	r, body := s.get("/fotos/ni%C3%B1o.jpg?size=SXS", 200)
	if got := dimensionsOf(t, body); got != "jpeg 180x90" || r.Header.Get("Cache-Control") != "max-age=77" {
		t.Errorf("%s with Cache-Control %q", got, r.Header.Get("Cache-Control"))
	}
	if o := s3.Object("resized/SXS/fotos/ni\u00f1o.jpg"); o == nil || string(o.Body) != body {
		t.Error("the result is not in the bucket")
	}
	if _, page := s.get("/", 200); !strings.Contains(page, "fotos/ni%C3%B1o.jpg?size=SXS") || strings.Contains(page, `href="/resized/`) {
		t.Error("the page lacks the picture, or lists its result")
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	s.get("/fotos/ni%C3%B1o.jpg?size=SXS", 403)
}

// The page says which pictures are missing. serve prints its address before it reads the folder.
func TestServeSaysWhatItHides(t *testing.T) {
	picture := jpegOf(t, 40, 30)
	dir := folder(t, map[string][]byte{"a.jpg": picture, "b.HEIC": nil, "c.heic": nil, "d/e.tiff": nil, ".trash/f.jpg": picture, "g/._h.jpg": picture, "notes.txt": nil, "resized/L/.x.jpg": picture})
	s := serving(t, "-dir", dir)
	want := "Not shown, because the function does not read them: 2 HEIC, 1 TIFF. 2 more have a name that begins with a dot; they are shown last.\n"
	for end := time.Now().Add(10 * time.Second); !strings.Contains(s.out.String(), want); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it said %q, want %q", s.out, want)
		}
	}
	if lines := strings.Split(s.out.String(), "\n"); !strings.HasPrefix(lines[0], s.url) {
		t.Errorf("the first line is %q", lines[0])
	}
	s.stop()
	s = serving(t, "-dir", folder(t, map[string][]byte{"a.jpg": picture}))
	s.get("/a.jpg?size=S", 200)
	s.stop()
	if strings.Contains(s.out.String(), "Not shown") || strings.Contains(s.out.String(), "begin with a dot") {
		t.Errorf("nothing is hidden, and it said %q", s.out)
	}
}

func TestServeEndsWhileRequestsWait(t *testing.T) {
	s := serving(t, "-dir", folder(t, map[string][]byte{"a.jpg": jpegOf(t, 3000, 2000)}))
	done := make(chan int, 4)
	for i := range cap(done) {
		go func() {
			r, err := http.Get(fmt.Sprintf("%s/a.jpg?size=%s", s.url, []string{"L", "M", "S", "XS"}[i]))
			if err != nil {
				done <- 0
				return
			}
			defer r.Body.Close()
			io.Copy(io.Discard, r.Body)
			done <- r.StatusCode
		}()
	}
	time.Sleep(30 * time.Millisecond)
	begin := time.Now()
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begin); took > 6*time.Second {
		t.Errorf("it took %v to end", took)
	}
	for range cap(done) {
		if status := <-done; status != 200 && status != 0 {
			t.Errorf("a waiting request got %d", status)
		}
	}
}
