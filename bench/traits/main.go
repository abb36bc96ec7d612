// Command traits runs real pictures through three contenders: this project, the function of the
// article that README.md names, which uses Pillow, and sharp as AWS's blog uses it. It prints how
// many pictures came out right, trait by trait:
//
//	go run ./bench/traits [-v] [-o bench/traits/README.md]
//
// The pictures are those of the corpus beside the repository, or a few made by code if there is no
// corpus. codec/testdata/reference.py compares each result with a reference picture: the source,
// decoded as a whole, turned upright, converted to sRGB with LittleCMS, and scaled with Pillow.
//
//	main.go        the table
//	sources.go     the pictures, and which of them have which trait
//	contenders.go  runs the pictures through each contender
//	judge.go       decides what is right
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	out := flag.String("o", "", "also write the table to this `file`")
	verbose := flag.Bool("v", false, "name every picture that is not right, and why")
	flag.Parse()
	if err := run(*out, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "traits:", err)
		os.Exit(1)
	}
}

// run judges all pictures and prints the table. It also writes the table to out unless that is "".
func run(out string, verbose bool) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "miniatura-traits-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sources, kind, err := findSources(root, dir)
	if err != nil {
		return err
	}
	var jobs []*job
	byTrait := map[string][]*job{}
	for _, t := range traits {
		for _, s := range sources {
			if !t.has(s) {
				continue
			}
			j := newJob(s, t)
			byTrait[t.name] = append(byTrait[t.name], j)
			jobs = append(jobs, j)
		}
	}
	versions, err := runAll(root, dir, jobs)
	if err != nil {
		return err
	}
	if err := judge(root, dir, jobs); err != nil {
		return err
	}
	text := document(byTrait, kind, versions)
	fmt.Print(text)
	if verbose {
		explain(byTrait)
	}
	if out == "" {
		return nil
	}
	if len(versions) < len(contenders)-1 {
		return fmt.Errorf("%s is not written: a contender is missing", out)
	}
	return os.WriteFile(out, []byte(text), 0o644)
}

// document returns the table, with a heading and an explanation of the cells. kind describes the
// pictures.
func document(byTrait map[string][]*job, kind string, versions []string) string {
	var b strings.Builder
	b.WriteString("# What comes out right\n\n")
	fmt.Fprintf(&b, "`go run ./bench/traits` wrote this table: %s, with %s.\n\n", kind, strings.Join(versions, ", "))
	b.WriteString("| pictures | miniatura | Pillow, as the article's function uses it | sharp, as AWS's blog uses it |\n")
	b.WriteString("|---|---|---|---|\n")
	for _, t := range traits {
		if len(byTrait[t.name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s |", t.name)
		for contender := range contenders {
			fmt.Fprintf(&b, " %s |", tally(byTrait[t.name], contender, t))
		}
		b.WriteString("\n")
	}
	b.WriteString(`
A cell says how many of the pictures came out right, and what happened to the others: *original*, the visitor gets the
source itself (as this project answers for every picture that it cannot resize rightly); *wrong*, a picture that differs
from the reference in dimensions, pixels, alpha, frames or Content-Type; *5xx*, an exception that the function does not
catch. Each picture is scaled to fit 180x180, or to half of its size if it fits already. A result is right if its
dimensions differ by at most one pixel, and its pixels on average by at most 1.5 times the loss of the format's own
encoder plus 2 of 255 levels (4 if the picture was halved). For damaged files any answer but a 5xx is right. So is any
picture made from the eight sources for which no program used here can be the reference (judge.go names them).
`)
	return b.String()
}

// explain prints every picture that is not right, and why.
func explain(byTrait map[string][]*job) {
	for _, t := range traits {
		for _, j := range byTrait[t.name] {
			for i, name := range contenders {
				r := j.results[i]
				if r.outcome == right || r.outcome == absent {
					continue
				}
				fmt.Printf("%s: %s: %s: %s: %s\n", t.name, name, j.source.name, r.outcome, r.why)
			}
		}
	}
}

// tally returns the cell of a trait and a contender: how many of the jobs came out right, and what
// happened to the others.
func tally(jobs []*job, contender int, t trait) string {
	count := map[outcome]int{}
	for _, j := range jobs {
		count[j.results[contender].outcome]++
	}
	if count[absent] > 0 {
		return "-"
	}
	if t.hostile { // the source itself is a right answer too
		count[right] += count[original]
		count[original] = 0
	}
	cell := fmt.Sprintf("%d of %d", count[right], len(jobs))
	for _, o := range []outcome{original, wrong, failed} {
		if n := count[o]; n > 0 {
			cell += fmt.Sprintf(", %d %s", n, o)
		}
	}
	return cell
}

// findRoot returns the repository's root, at or above the working directory.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "bench", "traits")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("run this within the repository: go run ./bench/traits")
		}
		dir = up
	}
}
