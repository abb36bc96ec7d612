package main

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"miniatura/edge"
	"miniatura/sizes"
)

// A question is one request to the viewer-request function.
type question struct {
	URI    string   `json:"uri,omitempty"` // /a.jpg when empty
	Query  string   `json:"query"`
	Accept []string `json:"accept,omitempty"` // one Accept header each
	Auto   bool     `json:"auto"`             // deployed with AutoWebp=true
	Parsed bool     `json:"parsed"`           // a runtime without rawQueryString
}

// A node runs the function in Node, for many questions in one process.
type node struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// newNode starts Node with the function in both variants. It skips the test when there is no Node.
func newNode(t testing.TB) *node {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node: the viewer-request function is not run")
	}
	dir := t.TempDir()
	for name, auto := range map[string]bool{"on.js": true, "off.js": false} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(viewerCode(auto)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "testdata/viewer_run.mjs", filepath.Join(dir, "on.js"), filepath.Join(dir, "off.js"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &node{in: in, out: bufio.NewReader(out)}
}

// ask returns the query that the function leaves for each question. The path must not change.
func (n *node) ask(t testing.TB, qs ...question) (queries []string) {
	t.Helper()
	for i, a := range n.view(t, qs...) {
		if qs[i].URI == "" && a.URI != "/a.jpg" {
			t.Fatalf("%+v: the path became %q", qs[i], a.URI)
		}
		queries = append(queries, a.Query)
	}
	return queries
}

// A seen is the function's answer to a question.
type seen struct{ URI, Query string }

// view returns the function's answers to the questions.
func (n *node) view(t testing.TB, qs ...question) []seen {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, q := range qs {
		line, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	go io.WriteString(n.in, b.String()) // the pipes are small, so write and read at the same time
	answers := make([]seen, len(qs))
	for i := range qs {
		var a struct {
			seen
			Error string
		}
		line, err := n.out.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &a)
		}
		if err != nil || a.Error != "" {
			t.Fatalf("%+v: %v %s", qs[i], err, a.Error)
		}
		answers[i] = a.seen
	}
	return answers
}

// reads returns what the resizing function reads from a query, spelled as the viewer function does.
func reads(query string) string {
	size, webp, ok := edge.ParseQuery(query)
	switch {
	case !ok:
		return ""
	case webp:
		return "size=" + size + "&to_webp=1"
	}
	return "size=" + size
}

func TestViewerLeavesSizeAndToWebPOnly(t *testing.T) {
	n := newNode(t)
	for _, c := range []struct{ query, want string }{
		{"", ""},
		{"size=L", "size=L"},
		{"size=L&to_webp=1", "size=L&to_webp=1"},
		{"to_webp=1&size=SXS", "size=SXS&to_webp=1"},
		{"to_webp=1", ""}, // without a size nothing is converted
		{"size=M&utm_source=x&fbclid=1", "size=M"},
		{"size=bogus&size=L", ""}, // only the first size counts
		{"size=L&size=bogus", "size=L"},
		{"size=L&to_webp=0&to_webp=1", "size=L"},
		{"size=L&to_webp=1&to_webp=0", "size=L&to_webp=1"},
		{"size=L&to_webp=true", "size=L"},
		{"size=l", ""}, {"Size=L", ""}, {"size=L%20", ""}, {"size=%4C", ""}, {"s%69ze=L", ""}, {"size=+L", ""},
		{"size", ""}, {"size=", ""}, {"size&size=L", ""}, {"size==L", ""}, {"=L", ""},
		{"size=XS/photos&size=S", ""},
		{"size=L;to_webp=1", ""},
		{"&&size=L&", "size=L"},
		{"?size=L", ""},
		{"__proto__=1&size=L&constructor=2&hasOwnProperty=3", "size=L"},
		{"size=__proto__", ""}, {"size=constructor", ""}, {"size=0", ""},
	} {
		for _, parsed := range []bool{false, true} {
			if got := n.ask(t, question{Query: c.query, Parsed: parsed})[0]; got != c.want {
				t.Errorf("%q became %q, want %q (parsed %v)", c.query, got, c.want, parsed)
			}
			if got := reads(c.query); got != c.want {
				t.Errorf("the resizing function reads %q as %q, want %q", c.query, got, c.want)
			}
		}
	}
	for _, s := range sizes.All() {
		if got := n.ask(t, question{Query: "size=" + s.Name})[0]; got != "size="+s.Name {
			t.Errorf("size %s became %q", s.Name, got)
		}
	}
}

func TestViewerReadsAcceptWithItsWeights(t *testing.T) {
	n := newNode(t)
	const yes, no = "size=S&to_webp=1", "size=S"
	for _, c := range []struct {
		accept []string
		want   string
	}{
		{nil, no},
		{[]string{""}, no},
		{[]string{"image/webp"}, yes},
		{[]string{"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}, yes},             // Chrome, <img>
		{[]string{"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}, yes},        // Firefox
		{[]string{"image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8"}, yes}, // Safari 17
		{[]string{"image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"}, no},                 // Safari 13, which cannot
		{[]string{"*/*"}, no}, {[]string{"image/*"}, no}, // curl; browsers without WebP send these too
		{[]string{"image/webp;q=0"}, no}, {[]string{"image/webp;q=0.0"}, no}, {[]string{"image/webp;q=0.000,*/*"}, no}, // not acceptable
		{[]string{"image/webp;q=0.001"}, yes}, {[]string{"image/webp;q=1.000"}, yes}, {[]string{"image/webp;q=0.8, image/jpeg"}, yes},
		{[]string{"IMAGE/WebP ; Q=0.5"}, yes}, {[]string{"\timage/webp\t;\tq=0\t"}, no},
		{[]string{"image/webp;q=1.1"}, no}, {[]string{"image/webp;q=x"}, no}, {[]string{"image/webp;q="}, no}, {[]string{"image/webp;q=0.0001"}, no},
		{[]string{"image/webp;q=-1"}, no}, {[]string{"image/webp;q=.5"}, no},
		{[]string{"image/webp;profile=a;q=0.3"}, yes}, {[]string{"image/webp;profile=a;q=0"}, no},
		{[]string{"image/webpx"}, no}, {[]string{"ximage/webp"}, no}, {[]string{"image/webp/x"}, no}, {[]string{"image / webp"}, no},
		{[]string{`text/x;a=",image/webp,"`}, no}, {[]string{`text/x;a="\",image/webp"`}, no}, {[]string{`text/x;a="b",image/webp`}, yes},
		{[]string{`text/x;a=";q=0",image/webp`}, yes}, {[]string{`image/webp;a=";q=0"`}, yes},
		{[]string{"image/png", "image/webp"}, yes}, {[]string{"image/png", "image/jpeg"}, no}, // two headers
		{[]string{"image/webp;q=0, image/webp"}, yes},
		{[]string{",,image/webp,,"}, yes},
	} {
		on := question{Query: "size=S", Accept: c.accept, Auto: true}
		off := on
		off.Auto = false
		asked := off
		asked.Query = "size=S&to_webp=1"
		zero := on // to_webp=0 has no effect
		zero.Query = "size=S&to_webp=0"
		none := on
		none.Query = "to_webp=1"
		got := n.ask(t, on, off, asked, zero, none)
		for i, want := range []string{c.want, no, yes, c.want, ""} {
			if got[i] != want {
				t.Errorf("Accept %q, case %d: %q, want %q", c.accept, i, got[i], want)
			}
		}
	}
}

// randomQuery returns a query with random mistakes.
func randomQuery(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	var pairs []string
	for range r.IntN(5) {
		name := pick("size", "size", "size", "to_webp", "to_webp", "x", "", "Size", "s%69ze", "__proto__")
		value := pick(sizeNames()...)
		switch {
		case r.IntN(4) == 0:
			value = pick("", "l", "%4C", "L ", "01", "é", "=", "+L", "L/x", "constructor")
		case name == "to_webp":
			value = pick("1", "1", "0", "")
		}
		pairs = append(pairs, name+pick("=", "=", "=", "=", "=", "=", "", "==")+value)
	}
	q := strings.Join(pairs, pick("&", "&", "&", "&", "&", "&&", ";"))
	if len(q) > 0 && r.IntN(4) == 0 { // one character removed or inserted
		i := r.IntN(len(q))
		for !utf8.RuneStart(q[i]) {
			i--
		}
		_, n := utf8.DecodeRuneInString(q[i:])
		q = q[:i] + pick("", "&", "=", "%", "#", "?", "\u2028", "\"", "\\", "\t") + q[i+n*r.IntN(2):]
	}
	return q
}

func TestViewerAndResizerReadEveryQueryAlike(t *testing.T) {
	n := newNode(t)
	r := rand.New(rand.NewPCG(7, 2026))
	var qs []question
	for range 10_000 {
		qs = append(qs, question{Query: randomQuery(r)})
	}
	kinds := map[string]int{}
	for i, got := range n.ask(t, qs...) {
		want := reads(qs[i].Query)
		kinds[want]++
		if got != want {
			t.Fatalf("%q: the viewer function leaves %q, the resizing function reads %q", qs[i].Query, got, want)
		}
		if again := reads(got); again != want {
			t.Fatalf("%q: what is left, %q, is read as %q", qs[i].Query, got, again)
		}
	}
	if len(kinds) != 2*len(sizes.All())+1 || kinds[""] > 8_000 {
		t.Errorf("the queries are too alike to prove much: %v", kinds)
	}
}

func FuzzViewerAndResizerAgree(f *testing.F) {
	n := newNode(f)
	for _, s := range []string{"", "size=L", "size=L&to_webp=1", "size=bogus&size=L", "to_webp=1&&size==L"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if !utf8.ValidString(query) {
			return // JSON cannot carry it
		}
		if got, want := n.ask(t, question{Query: query})[0], reads(query); got != want {
			t.Errorf("%q: %q and %q", query, got, want)
		}
	})
}

// The function uses nothing that is missing in "JavaScript runtime 2.0 features for CloudFront
// Functions".
func TestViewerKeepsToCloudFrontsLanguage(t *testing.T) {
	for _, auto := range []bool{false, true} {
		code := viewerCode(auto)
		if len(code) > maxViewerCode {
			t.Errorf("%d bytes, over %d", len(code), maxViewerCode)
		}
		bare := regexp.MustCompile(`(?m)//.*$`).ReplaceAllString(code, "")
		for _, bad := range []string{`\?\.`, `\?\?`, `\.\.\.`, "`", `\bclass\b`, `\bimport\b`, `\brequire\b`, `\beval\b`, `\bFunction\b`, `\basync\b`,
			`\bawait\b`, `\bset(Timeout|Interval)\b`, `\bDate\b`, `\bfetch\b`, `\bfor\s*\([^)]*\bof\b`, `\bMath\.random\b`, `\blabel:`, `=>`, `\*\*`, `\[[^\]]*\]\s*=[^=]`, `\{[^}]*\}\s*=\s`} {
			if m := regexp.MustCompile(bad).FindString(bare); m != "" {
				t.Errorf("auto %v: %q is not in the language, or better left out", auto, m)
			}
		}
		if !strings.Contains(bare, "function handler(event)") {
			t.Error("no handler")
		}
	}
	if list := "['" + strings.Join(sizeNames(), "', '") + "']"; !strings.Contains(viewerSource(), "const SIZES = "+list+";") {
		t.Errorf("the viewer function has not the sizes of the resizing function, %s", list)
	}
}

// sizeNames returns the names of the resizing function's sizes.
func sizeNames() []string {
	var names []string
	for _, s := range sizes.All() {
		names = append(names, s.Name)
	}
	return names
}

// maxViewerCode is the largest CloudFront Function, in bytes (CloudFront quotas: 10 KB).
const maxViewerCode = 10 * 1024

// viewerSource returns the viewer-request function as it is in the template, with ${AutoWebp}.
func viewerSource() string {
	return at(theTemplate(), "Resources", "ViewerRequest", "Properties", "FunctionCode", "Fn::Sub").(string)
}

// viewerCode returns the viewer-request function as it is deployed.
func viewerCode(autoWebP bool) string {
	return strings.Replace(viewerSource(), "${AutoWebp}", strconv.FormatBool(autoWebP), 1)
}
