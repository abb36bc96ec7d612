// Gen writes the table of sizes to the files that cannot import package sizes: READMEs, loaders,
// and the template with its viewer function.
//
//	go generate ./sizes      after a change of the table
//
// A place is a file and a pattern that occurs in it exactly once. Gen replaces the text of the
// pattern's groups. When a pattern does not occur exactly once, gen writes nothing and reports an
// error.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"miniatura/sizes"
)

// A place is where the table, or a text derived from it, is written.
type place struct {
	file    string         // relative to the module's root
	pattern *regexp.Regexp // all of its groups get the same text
	text    func(table []sizes.Size) string
}

const (
	readme   = "README.md"
	howTo    = "deploy/README.md"
	template = "deploy/cloudformation/template.yaml"
	loaders  = "docs/loaders.md"
)

var places = []place{
	{readme, regexp.MustCompile(`(?s)<!-- sizes: table -->\n(.*?)<!-- end of sizes -->`), markdown},
	{readme, regexp.MustCompile(`\*\*(\d+) variants of a picture at most`), variantsInDigits},
	{howTo, regexp.MustCompile(`At most (\d+) variants of a picture`), variantsInDigits},
	{howTo, regexp.MustCompile("(?m)^\\| `regionalSizes` \\|.*`([A-Z0-9,]+)` \\|$"), list(",", "")},
	{loaders, regexp.MustCompile(`(?s)## Next\.js.*?const widths = \[(.*?)\];.*## Nuxt.*?const widths = \[(.*?)\];.*## Astro.*?const widths = \[(.*?)\];`), byWidth},
	{template, regexp.MustCompile(`(?m)^    Default: ([A-Z0-9]+(?:,[A-Z0-9]+)+)$`), list(",", "")},
	{template, regexp.MustCompile(`(?m)^    AllowedPattern: \^\(([A-Z0-9|]+)\)\(,\(([A-Z0-9|]+)\)\)\*\$$`), list("|", "")},
	{template, regexp.MustCompile(`(?m)^    ConstraintDescription: some of ([A-Z0-9,]+)$`), list(",", "")},
	{template, regexp.MustCompile(`(?m)^ *const SIZES = \[(.*)\];$`), list(", ", "'")},
	{template, regexp.MustCompile(`at most ([\w-]+) variants of a picture`), variantsInWords},
}

// list returns a function that lists the names of a table. quote comes before and after each name,
// separator between two names.
func list(separator, quote string) func([]sizes.Size) string {
	return func(table []sizes.Size) string {
		var names []string
		for _, s := range table {
			names = append(names, quote+s.Name+quote)
		}
		return strings.Join(names, separator)
	}
}

// variants returns how many different answers there can be for one source: every size in both
// formats, and the original.
func variants(table []sizes.Size) int { return 2*len(table) + 1 }

func variantsInDigits(table []sizes.Size) string { return fmt.Sprint(variants(table)) }
func variantsInWords(table []sizes.Size) string  { return words(variants(table)) }

// byWidth returns the table for loaders, in JavaScript: pairs of width and name, the narrowest
// first.
func byWidth(table []sizes.Size) string {
	table = slices.SortedStableFunc(slices.Values(table), func(a, b sizes.Size) int { return cmp.Compare(a.Wide.W, b.Wide.W) })
	var pairs []string
	for _, s := range table {
		pairs = append(pairs, fmt.Sprintf("[%d, '%s']", s.Wide.W, s.Name))
	}
	return strings.Join(pairs, ", ")
}

// words returns a number from 0 to 99 in English words.
func words(n int) string {
	small := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens := strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety")
	switch {
	case n < 20:
		return small[n]
	case n%10 == 0:
		return tens[n/10-2]
	}
	return tens[n/10-2] + "-" + small[n%10]
}

// markdown returns the README's table. Sizes with two different boxes are on its left, and the
// other sizes on its right.
func markdown(table []sizes.Size) string {
	var left, right []string
	for _, s := range table {
		if s.Wide == s.Tall {
			right = append(right, fmt.Sprintf("`%s` | %dx%d", s.Name, s.Wide.W, s.Wide.H))
		} else {
			left = append(left, fmt.Sprintf("`%s` | %dx%d | %dx%d", s.Name, s.Wide.W, s.Wide.H, s.Tall.W, s.Tall.H))
		}
	}
	var b strings.Builder
	b.WriteString("| name | box, picture wider than high | box, otherwise | | name | box |\n|---|---|---|---|---|---|\n")
	for i := range max(len(left), len(right)) {
		l, r := " | | ", " | "
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		fmt.Fprintf(&b, "| %s | | %s |\n", l, r)
	}
	return b.String()
}

// rewrite returns text, the content of the place's file, with the pattern's groups replaced. It
// returns an error when the pattern does not occur exactly once.
func (p place) rewrite(text string, table []sizes.Size) (string, error) {
	found := p.pattern.FindAllStringSubmatchIndex(text, -1)
	if len(found) != 1 {
		return "", fmt.Errorf("%s: %v stands in it %d times, not once", p.file, p.pattern, len(found))
	}
	groups := found[0][2:]                     // begin and end of each group
	for i := len(groups) - 2; i >= 0; i -= 2 { // from the last, so that positions before it stay right
		text = text[:groups[i]] + p.text(table) + text[groups[i+1]:]
	}
	return text, nil
}

// files returns the contents of all files of places, by the files' names. have has what the files
// contain now, and want has what they should contain for this table. root is the module's root.
func files(root string, table []sizes.Size) (have, want map[string]string, err error) {
	have, want = map[string]string{}, map[string]string{}
	for _, p := range places {
		if _, ok := have[p.file]; !ok {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)))
			if err != nil {
				return nil, nil, err
			}
			have[p.file], want[p.file] = string(b), string(b)
		}
		if want[p.file], err = p.rewrite(want[p.file], table); err != nil {
			return nil, nil, err
		}
	}
	return have, want, nil
}

// moduleRoot returns the nearest folder with a go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod at or above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// run writes the files that differ from the table.
func run() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	have, want, err := files(root, sizes.All())
	if err != nil {
		return err
	}
	for name, text := range want {
		if have[name] == text {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
		fmt.Println("written:", name)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sizes/gen:", err)
		os.Exit(1)
	}
}
