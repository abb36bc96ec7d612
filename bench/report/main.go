// Command report writes the README's numbers and plots from measured rows:
//
//	go run ./bench/peers -json bench/results.jsonl && go run ./bench/report
//
// It reads bench/results.jsonl, bench/traits/README.md (go run ./bench/traits) and
// bench/s3faults/README.md, writes docs/*.svg, and fills each part of README.md between
//
//	<!-- report: NAME -->
//	<!-- end of report -->
//
// Nothing in those parts is written by hand; a test fails when they and the files differ.
//
//	results.go  rows
//	tables.go   rows to tables
//	plots.go    which plots there are
//	plot.go     a plot to SVG
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// run writes what render returns.
func run(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return errors.New("run this at the repository's root: go run ./bench/report")
	}
	files, err := render(root)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == files[name] {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			return err
		}
		fmt.Println("wrote", name)
	}
	return nil
}

// render returns the contents of README.md and of the plots, by path below root.
func render(root string) (map[string]string, error) {
	r, err := readResults(filepath.Join(root, "bench", "results.jsonl"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, svg := range r.plots() {
		files["docs/"+name] = svg
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return nil, err
	}
	files["README.md"], err = fill(string(readme), func(name string) (string, error) {
		switch name {
		case "traits":
			return tableOf(filepath.Join(root, "bench", "traits", "README.md"))
		case "faults":
			return tableOf(filepath.Join(root, "bench", "s3faults", "README.md"))
		}
		if f, ok := parts[name]; ok {
			return f(r), nil
		}
		return "", errors.New("nothing is called that")
	})
	return files, err
}

const (
	partBegin = "<!-- report: "
	partEnd   = "<!-- end of report -->"
)

// fill replaces each part of text by what part returns for its name.
func fill(text string, part func(name string) (string, error)) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, partBegin)
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		name, rest, ok1 := strings.Cut(rest, " -->\n")
		_, rest, ok2 := strings.Cut(rest, partEnd)
		if !ok1 || !ok2 {
			return "", fmt.Errorf("README.md: %q does not end", partBegin+name)
		}
		filled, err := part(name)
		if err != nil {
			return "", fmt.Errorf("README.md: part %s: %w", name, err)
		}
		fmt.Fprintf(&out, "%s%s -->\n%s\n%s", partBegin, name, strings.TrimSpace(filled), partEnd)
		text = rest
	}
}

// tableOf returns the first table of a Markdown file.
func tableOf(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var table strings.Builder
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "|"):
			table.WriteString(line)
		case table.Len() > 0:
			return table.String(), nil
		}
	}
	if table.Len() == 0 {
		return "", fmt.Errorf("%s has no table", path)
	}
	return table.String(), nil
}
