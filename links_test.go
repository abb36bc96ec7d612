package main

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Every link in a document leads to a file that exists, and to a heading in it. Other addresses
// begin with https, and are not opened.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	texts := documents(t)
	if len(texts) < 6 {
		t.Fatalf("%d documents", len(texts))
	}
	links := 0
	for name, text := range texts {
		for _, target := range targets(text) {
			links++
			if err := follow(texts, name, target); err != nil {
				t.Errorf("%s: %s: %v", name, target, err)
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links were found", links)
	}
}

// Every heading of a document that the code names exists.
func TestHeadingsThatCodeNamesAreThere(t *testing.T) {
	texts := documents(t)
	named := regexp.MustCompile(`([\w/]*README\.md), \\?"([^"\\]+)\\?"`)
	found := 0
	walk(t, func(name string) {
		if ext := path.Ext(name); ext != ".go" && ext != ".yaml" && ext != ".tf" || strings.HasSuffix(name, "_test.go") {
			return
		}
		b, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			found++
			if !slices.Contains(anchors(texts[m[1]]), slug(m[2])) {
				t.Errorf("%s names %q of %s, which has no such heading", name, m[2], m[1])
			}
		}
	})
	if found == 0 {
		t.Error("nothing was found")
	}
}

func TestLinksAreFoundAndFollowed(t *testing.T) {
	texts := map[string]string{
		"a.md": "# One `two` (three), 4!\n## Same\n## Same\n```sh\n# no heading\n[no](link.md)\n```\n" +
			"    [indented](code.md)\n`[no](code.md)` [yes](b/c.md#x-y) ![picture](<p (1).svg>)\n<img src=\"q.png\"> <source srcset=\"r.png\">\n[ref]: s.md\n",
		"b/c.md": "# X: y\n",
	}
	if got := targets(texts["a.md"]); !slices.Equal(got, []string{"b/c.md#x-y", "p (1).svg", "q.png", "r.png", "s.md"}) {
		t.Errorf("found %q", got)
	}
	if got := anchors(texts["a.md"]); !slices.Equal(got, []string{"one-two-three-4", "same", "same-1"}) {
		t.Errorf("anchors %q", got)
	}
	for _, c := range []struct {
		from, target string
		ok           bool
	}{
		{"a.md", "b/c.md#x-y", true}, {"a.md", "b/c.md#x", false}, {"a.md", "#same-1", true}, {"a.md", "#same-2", false},
		{"b/c.md", "../a.md#same", true}, {"b/c.md", "../nothing.md", false}, {"b/c.md", "../../outside.md", false}, {"a.md", "go.mod", true}, {"a.md", "codec", true},
		{"a.md", "https://example.com/x", true}, {"a.md", "http://example.com", false}, {"a.md", "/etc/passwd", false}, {"a.md", "go.mod#x", false},
	} {
		if err := follow(texts, c.from, c.target); (err == nil) != c.ok {
			t.Errorf("%s in %s: %v", c.target, c.from, err)
		}
	}
}

// walk calls f with the path of each file of the project, with slashes.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && (base == "node_modules" || base == "testdata" || base == "dist" || base != "." && strings.HasPrefix(base, ".")):
			return filepath.SkipDir
		case !d.IsDir():
			f(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// documents returns the contents of all Markdown files by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	walk(t, func(name string) {
		if path.Ext(name) != ".md" {
			return
		}
		b, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = strings.ReplaceAll(string(b), "\r\n", "\n")
	})
	return texts
}

var (
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```[^\n]*$")
	indented = regexp.MustCompile(`(?m)^(?:    |\t).*$`)
	inline   = regexp.MustCompile("`[^`\n]+`")
	link     = regexp.MustCompile(`\]\((?:<([^>]+)>|([^)\s]+))[^)]*\)|(?:src|srcset|href)="([^"]+)"|(?m:^\[[^]]+\]: (\S+))`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

// targets returns what a document links to or shows, without its code blocks.
func targets(text string) (all []string) {
	for _, code := range []*regexp.Regexp{fenced, indented, inline} {
		text = code.ReplaceAllString(text, "")
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Join(m[1:], "")) // only one of the groups has matched
	}
	return all
}

// anchors returns the names that GitHub gives to the headings of a document.
func anchors(text string) (all []string) {
	seen := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		s := slug(m[1])
		if n := seen[s]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", s, n))
		} else {
			all = append(all, s)
		}
		seen[s]++
	}
	return all
}

// slug returns a heading's name: letters, digits, hyphens and underscores in lower case, with a
// hyphen for each space.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

// follow returns an error when a link of the document name leads nowhere.
func follow(texts map[string]string, name, target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme != "" || u.Host != "" || path.IsAbs(u.Path):
		return fmt.Errorf("neither https nor a path from here")
	}
	file := name
	if u.Path != "" {
		file = path.Join(path.Dir(name), u.Path)
	}
	text, isDocument := texts[file]
	if !filepath.IsLocal(filepath.FromSlash(file)) {
		return fmt.Errorf("outside of the project")
	}
	if !isDocument {
		if _, err := os.Stat(filepath.FromSlash(file)); err != nil {
			return err
		}
	}
	if u.Fragment != "" && !slices.Contains(anchors(text), u.Fragment) {
		return fmt.Errorf("no heading #%s", u.Fragment)
	}
	return nil
}
