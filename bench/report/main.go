// Command report writes the numbers and plots of README.md and docs/numbers.md from measured rows:
//
//	go run ./bench/peers -json bench/results.jsonl && go run ./bench/report
//
// It reads bench/results.jsonl, bench/traits/README.md (go run ./bench/traits) and
// bench/s3faults/README.md, writes docs/*.svg, and fills each part of the two documents between
//
//	<!-- report: NAME -->
//	<!-- end of report -->
//
// Those parts and the plots are not written by hand. A test fails when they are not up to date.
//
//	results.go   reads the rows
//	tables.go    the first table, JPEG, PNG, and what the rows were measured on
//	webp.go      lossy WebP
//	frontier.go  both writers beside the best encoders
//	moving.go    animations, and waiting for a Lambda function by its memory
//	graphics.go  screenshots, diagrams, logos
//	loses.go     every row in which a peer did better
//	others.go    tables from the READMEs of bench/traits and bench/s3faults
//	plots.go     the list of plots
//	plot.go      draws a plot as SVG
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

// run writes the files that render returns, if they have changed.
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

// documents are the files with parts that fill replaces.
var documents = []string{"README.md", "docs/numbers.md"}

// render returns the contents of the documents and of the plots, by path below root.
func render(root string) (map[string]string, error) {
	r, err := readResults(filepath.Join(root, "bench", "results.jsonl"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, svg := range r.plots() {
		files["docs/"+name] = svg
	}
	for _, name := range documents {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		files[name], err = fill(string(text), func(part string) (string, error) {
			if f, ok := others[part]; ok {
				return f(root)
			}
			if f, ok := parts[part]; ok {
				return f(r), nil
			}
			return "", errors.New("no part has this name")
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

const (
	partBegin = "<!-- report: "
	partEnd   = "<!-- end of report -->"
)

// fill returns a document with new contents between the comments of each part. contentOf returns
// the contents of the part called name.
func fill(document string, contentOf func(name string) (string, error)) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(document, partBegin)
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		name, rest, nameEnds := strings.Cut(rest, " -->\n")
		_, rest, partEnds := strings.Cut(rest, partEnd)
		if !nameEnds || !partEnds {
			return "", fmt.Errorf("%q does not end", partBegin+name)
		}
		content, err := contentOf(name)
		if err != nil {
			return "", fmt.Errorf("part %s: %w", name, err)
		}
		fmt.Fprintf(&out, "%s%s -->\n%s\n%s", partBegin, name, strings.TrimSpace(content), partEnd)
		document = rest
	}
}
