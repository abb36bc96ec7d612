package codec

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The lists of formats outside of codec that cannot read the table name each format of the table
// and no other.
func TestListsOfFormatsElsewhere(t *testing.T) {
	var names, extensions, types []string
	for _, f := range formats {
		names = append(names, f.name)
		extensions = append(extensions, f.extensions...)
		types = append(types, f.mediaType)
	}
	dotted := make([]string, len(extensions))
	for i, e := range extensions {
		dotted[i] = "." + e
	}
	one := make([]string, len(formats)) // where only one extension of a format is named
	for i, f := range formats {
		one[i] = f.extensions[0]
	}
	for _, c := range []struct {
		file    string
		pattern string // its group is the list
		item    string // an item of the list
		want    []string
	}{
		{"deploy/cloudformation/template.yaml", `const PICTURE = (.*);`, `[a-z]{3,}`, extensions},
		{"desk/page/index.html", `id="file" .*accept="([^"]*)"`, `[^,]+`, append(types, dotted...)},
		{"desk/page/index.html", `put a (.*) file into it`, `[a-z]{3,}`, one},
		{"desk/page/base.js", `const formats = \{(.*)\}`, `image/\w+`, types},
		{"desk/page/base.js", `const formats = \{(.*)\}`, `'[A-Z]\w+'`, names},
		{"desk/page.go", `its bytes are not an? (.*) picture`, `[A-Z]\w+`, names},
		{"desk/resize.go", `is not written here; (.*) are"`, `\w{3,}`, one},
		{"README.md", `the key does not end in ([\w\s,]*), the answer`, `\w{3,}`, extensions},
	} {
		b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(c.file)))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(c.pattern).FindSubmatch(b)
		if m == nil {
			t.Errorf("%s: nothing is like %s", c.file, c.pattern)
			continue
		}
		got := regexp.MustCompile(c.item).FindAllString(string(m[1]), -1)
		for i := range got {
			got[i] = strings.Trim(got[i], "'")
		}
		got = slices.DeleteFunc(got, func(s string) bool { return s == "and" })
		want := slices.Sorted(slices.Values(c.want))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %v, and the table has %v", c.file, got, want)
		}
	}
}
