package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"miniatura/codec"
	"miniatura/s3lite/s3test"
	"miniatura/sizes"
)

// run runs the command line, and returns its exit code and output.
func run(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = Main(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestMistakesAreOneLineAndExitCode2(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.jpg": jpegOf(t, 100, 50), "event.json": []byte("{}"), "text.json": []byte("no")})
	a, none := filepath.Join(dir, "a.jpg"), filepath.Join(dir, "none")
	for _, args := range [][]string{
		{"frobnicate"},
		{"help", "nosuch"},
		{"version", "more"},
		{"serve", "-x"},
		{"serve", "more"},
		{"serve", "-dir", none},
		{"serve", "-dir", a},
		{"serve", "-dir", dir, "-endpoint", "http://127.0.0.1:1"},
		{"serve", "-endpoint", "http://127.0.0.1:1"},
		{"serve", "-bucket", "b"},
		{"serve", "-endpoint", "127.0.0.1:1", "-bucket", "b"},
		{"serve", "-quality", "0"},
		{"serve", "-quality", "many"},
		{"resize"},
		{"resize", "-size", "S", a},
		{"resize", "-size", "s", a, none},
		{"resize", a, none},
		{"resize", "-size", "S", none, none},
		{"resize", "-size", "S", dir, none},
		{"resize", "-size", "S", "-quality", "101", a, none},
		{"resize", "-size", "S", "-effort", "low", a, none},
		{"resize", "-size", "S", a, filepath.Join(a, "below a file")},
		{"replay"},
		{"replay", none},
		{"replay", filepath.Join(dir, "event.json")},
		{"replay", filepath.Join(dir, "text.json")},
		{"replay", "-dir", none, filepath.Join(dir, "event.json")},
		{"explain"},
		{"explain", "a.jpg"},
		{"explain", "-json=maybe", "/a.jpg"},
		{"package", "more"},
		{"package", "-y"},
	} {
		code, stdout, stderr := run(args...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "miniatura") {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	code, stdout, stderr := run("help")
	if code != 0 || stderr != "" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	for _, c := range commands() {
		if !strings.Contains(stdout, "\n  "+c.name+" ") {
			t.Errorf("help does not name %s", c.name)
		}
		for _, args := range [][]string{{c.name, "-h"}, {"help", c.name}} {
			if code, stdout, stderr := run(args...); code != 0 || stderr != "" || !strings.Contains(stdout, c.name) {
				t.Errorf("%q: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
			}
		}
	}
	if code, stdout, stderr := run(); code != 2 || stdout != "" || !strings.Contains(stderr, "Usage") {
		t.Errorf("no command: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// Every help text fits into 80 columns.
func TestHelpFitsATerminal(t *testing.T) {
	all := [][]string{{"help"}}
	for _, c := range commands() {
		all = append(all, []string{"help", c.name})
	}
	for _, args := range all {
		_, stdout, _ := run(args...)
		if !strings.Contains(stdout, "\n") {
			t.Errorf("%q says %q", args, stdout)
		}
		for line := range strings.Lines(stdout) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 || strings.HasSuffix(line, " \n") || strings.Contains(line, "\t") {
				t.Errorf("%q: %d columns, or blanks at the end: %q", args, n, line)
			}
		}
	}
	for _, s := range sizes.All() {
		if _, stdout, _ := run("help"); !strings.Contains(strings.Join(strings.Fields(stdout), " "), fmt.Sprintf("%s %d", s.Name, s.Wide.W)) {
			t.Errorf("help does not name size %s", s.Name)
		}
	}
}

func TestTheProgramCallsItselfByItsName(t *testing.T) {
	for path, want := range map[string]calling{
		"/tmp/go-build123/b001/exe/miniatura":                     {"miniatura", "go run ."},
		`C:\Users\me\AppData\Local\Temp\go-build9\b001\exe\x.exe`: {"miniatura", "go run ."},
		"/usr/local/bin/mini":                                     {"mini", "mini"},
		"./miniatura":                                             {"miniatura", "miniatura"},
		"thumbs.exe":                                              {"thumbs", "thumbs"},
	} {
		if got := called(path); got != want {
			t.Errorf("%s calls itself %q, want %q", path, got, want)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, word := range []string{"version", "-version", "--version"} {
		code, stdout, stderr := run(word)
		if code != 0 || stderr != "" || !strings.Contains(stdout, fmt.Sprintf("encoder version %d, ", codec.Version)) || !strings.Contains(stdout, runtime.Version()) {
			t.Errorf("%s: exit %d, %q %q", word, code, stdout, stderr)
		}
	}
}

func TestServeSaysThatAPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, stdout, stderr := run("serve", "-dir", t.TempDir(), "-addr", l.Addr().String())
	if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestReplayOverAFolder(t *testing.T) {
	dir := folder(t, map[string][]byte{"pictures/fotos/a b.jpg": jpegOf(t, 1000, 500)})
	event, _ := newEvent(settings{bucket: "bkt", region: "eu-west-1", resized: "small", quality: 70}, "GET", "/fotos/a%20b.jpg", "size=SS&to_webp=1", "203.0.113.178")
	file := filepath.Join(dir, "event.json")
	if err := os.WriteFile(file, event, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, decision := range []string{"resized", "hit"} {
		code, stdout, stderr := run("replay", "-dir", filepath.Join(dir, "pictures"), file)
		var request struct{ URI, QueryString, Method string }
		if err := json.Unmarshal([]byte(stdout), &request); err != nil {
			t.Fatalf("%v in %q; stderr %q", err, stdout, stderr)
		}
		if code != 0 || request.URI != "/small/SS-webp/fotos/a%20b.jpg.webp" || request.QueryString != "size=SS&to_webp=1" || request.Method != "GET" {
			t.Errorf("exit %d, request %+v", code, request)
		}
		var record struct{ Decision string }
		if err := json.Unmarshal([]byte(stderr), &record); err != nil || record.Decision != decision {
			t.Errorf("decision %q, want %q: %q", record.Decision, decision, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pictures", "small", "SS-webp", "fotos", "a b.jpg.webp")); err != nil {
		t.Error(err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		args []string
		want explanation
	}{
		{[]string{"https://d1.example/fotos/ni%C3%B1o.jpg?size=M&to_webp=1#top"}, explanation{Decision: "resize", Key: "fotos/niño.jpg", Size: "M", Wide: &box{1200, 628},
			Format: "image/webp", Quality: 80, Result: "resized/M-webp/fotos/niño.jpg.webp", URI: "/resized/M-webp/fotos/ni%C3%B1o.jpg.webp"}},
		{[]string{"-resized", "/small/", "-quality", "55", "-path", "site", "/a+b.PNG?size=SL"}, explanation{Decision: "resize", Key: "site/a b.PNG", Size: "SL", Wide: &box{1080, 1080},
			Quality: 55, Result: "site/small/SL/a b.PNG", URI: "/small/SL/a%20b.PNG"}},
		{[]string{"/a.jpg?size=bogus&size=L"}, explanation{Decision: "unchanged", Key: "a.jpg"}},
		{[]string{"/a.txt?size=L"}, explanation{Decision: "unchanged", Key: "a.txt", Size: "L", Wide: &box{1280, 720}}},
		{[]string{"/resized/L/a.jpg?size=L"}, explanation{Decision: "unchanged", Key: "resized/L/a.jpg", Size: "L", Wide: &box{1280, 720}}},
		{[]string{"http://host?size=L"}, explanation{Decision: "unchanged", Size: "L", Wide: &box{1280, 720}}},
	} {
		code, stdout, stderr := run(append([]string{"explain", "-json"}, c.args...)...)
		var got explanation
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatalf("%q: %v in %q; exit %d, %q", c.args, err, stdout, code, stderr)
		}
		if c.want.Format == "" {
			got.Format = ""
		}
		wide := c.want.Wide == got.Wide || c.want.Wide != nil && got.Wide != nil && *c.want.Wide == *got.Wide
		if got.Decision != c.want.Decision || got.Key != c.want.Key || got.Size != c.want.Size || !wide || got.Format != c.want.Format ||
			got.Quality != c.want.Quality || got.Result != c.want.Result || got.URI != c.want.URI || got.Why == "" {
			t.Errorf("%q:\n got %+v\nwant %+v", c.args, got, c.want)
		}
		code, words, _ := run(append([]string{"explain"}, c.args...)...)
		if code != 0 || !strings.Contains(words, got.Why) || !strings.Contains(words, got.Result) {
			t.Errorf("%q in words: exit %d, %q", c.args, code, words)
		}
	}
}

// explain, replay and serve agree on where a result is stored, for all sorts of keys.
func TestExplainNamesWhatServeStores(t *testing.T) {
	keys := []string{"a.jpg", "x y.jpg", "1+1.jpg", "50%.jpg", "é/ü.jpg", "q?.jpg", "h#.jpg"}
	dir := t.TempDir()
	b, err := openDir(dir, settings{bucket: "local", resized: "resized", quality: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for _, key := range keys {
		if err := b.local.Put(key, s3test.Object{Body: jpegOf(t, 400, 200)}); err != nil {
			t.Fatal(err)
		}
	}
	s := serving(t, "-dir", dir)
	for _, key := range keys {
		s.get(keyPath(key)+"?size=SXS", 200)
		e, err := explain(keyPath(key)+"?size=SXS", "", b.settings)
		if err != nil || b.local.Object(e.Result) == nil {
			t.Errorf("%q: explain names %q, which is not there (%v)", key, e.Result, err)
		}
		if e.Key != key {
			t.Errorf("%q is explained as %q", key, e.Key)
		}
	}
}
