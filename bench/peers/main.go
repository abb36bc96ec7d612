// Command peers measures this project against sharp, Pillow, libwebp and others: the same work on
// the same pictures, in interleaved rounds, on one core.
//
//	go run ./bench/peers [-only SECTION,...] [-json FILE] [-photos DIR] [-short]
//
// Every contender runs in a process of its own. A process does the work several times, and the
// first time is not counted. CPU is user plus system time per picture, the median over all rounds.
// The peak resident set is measured in a fresh process that does the work once. Our contenders are
// this program built without cgo, with and without -tags purego.
//
// The command installs nothing. If something is missing, it says so in one line, leaves out the
// rows that need it, and ends with exit code 1.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"miniatura/desk/progress"
)

// A section is a part of the comparison, for -only.
type section struct {
	name string
	run  func(*suite) error
}

// sections are all sections, in the order in which they run.
var sections = []section{
	{"about", aboutSection},
	{"jpeg", jpegSection},
	{"png", pngSection},
	{"graphics", graphicsSection},
	{"start", startSection},
	{"zip", zipSection},
	{"animation", animationSection},
	{"curves", curvesSection},
	{"lambda", lambdaSection},
	{"webp", webpSection},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == workerFlag {
		if err := work(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("only", strings.Join(sectionNames(), ","), "sections to run")
	jsonFile := flag.String("json", "", "write one JSON object a row to this `file`")
	photos := flag.String("photos", "", "`folder` of photos (default: the corpus beside the repository)")
	rounds := flag.Int("rounds", 3, "interleaved rounds")
	short := flag.Bool("short", false, "one round of one iteration on the named pictures, to test that every row is there")
	core := flag.Int("core", 1, "core to pin every process to, if there is taskset")
	flag.Parse()

	s := &suite{rounds: *rounds, core: *core, short: *short}
	if s.short {
		s.rounds = 1
	}
	if err := s.measure(*photos, *jsonFile, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// measure runs the sections that have these names, and prints the rows.
func (s *suite) measure(photos, jsonFile string, names []string) error {
	defer s.close()
	if err := s.start(photos, jsonFile); err != nil {
		return err
	}
	s.line = progress.New(os.Stderr, "peers", len(names), "sections")
	for _, name := range names {
		i := slices.IndexFunc(sections, func(c section) bool { return c.name == name })
		if i < 0 {
			return fmt.Errorf("no section %q; there are %s", name, strings.Join(sectionNames(), ", "))
		}
		if err := sections[i].run(s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.progress(1, name)
	}
	s.line.Done(fmt.Sprintf("%d rows", len(s.rows)))
	return s.finish()
}

// sectionNames returns the names of all sections.
func sectionNames() []string {
	var names []string
	for _, c := range sections {
		names = append(names, c.name)
	}
	return names
}
