package main

// This file finds the peers, and collects and prints the rows.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"miniatura/desk/progress"
)

// A suite is one run of this command.
type suite struct {
	rounds int
	core   int
	short  bool
	photos string // the folder of photos, "" when there is no corpus
	dir    string // for temporary files
	here   string // the folder bench/peers

	self    string   // our worker, with assembly
	plain   string   // our worker built with -tags purego
	node    []string // the command that runs sharp.js, nil when there is none
	python  []string // the command that runs pillow.py, nil when there is none
	taskset bool

	missing []string // what is not installed, and how to get it
	skipped []string // rows that could not be measured, and why
	rows    []Row
	line    *progress.Line // nil: no progress is shown
	out     io.Writer      // for -json, nil without it
	closers []func()       // for close
}

// A Row is one line of the table and one object in the file of -json. Ratio is Ours over Theirs. A
// Row that compares with nobody has no Peer.
type Row struct {
	Work    string  `json:"work"`
	Variant string  `json:"variant"`
	Measure string  `json:"measure"`
	Ours    float64 `json:"ours"`
	Peer    string  `json:"peer,omitempty"`
	Theirs  float64 `json:"theirs,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"`
}

// start makes the folder for temporary files, opens the file of -json, finds the peers and the
// photos, and builds our workers.
func (s *suite) start(photos, jsonFile string) error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if err != nil || root == "." {
		return errors.New("run this within the repository: go run ./bench/peers")
	}
	s.here = filepath.Join(root, "bench", "peers")
	if s.dir, err = os.MkdirTemp("", "miniatura-peers-"); err != nil {
		return err
	}
	s.closers = append(s.closers, func() { os.RemoveAll(s.dir) })
	if jsonFile != "" {
		f, err := os.Create(jsonFile)
		if err != nil {
			return err
		}
		s.out = f
		s.closers = append(s.closers, func() { f.Close() })
	}
	_, err = exec.LookPath("taskset")
	s.taskset = err == nil
	if !s.taskset {
		s.miss("taskset is missing, processes are not pinned: apt-get install util-linux")
	}
	if err := s.buildWorkers(); err != nil {
		return err
	}
	fmt.Println("machine:", machine())
	fmt.Printf("ours:    %s\n", runtime.Version())
	s.findSharp()
	s.findPillow()
	return s.findPhotos(photos, root)
}

// buildWorkers builds our two workers like the edge function, without cgo, because a C library
// would count as memory.
func (s *suite) buildWorkers() error {
	s.self, s.plain = filepath.Join(s.dir, "peers-avx2"), filepath.Join(s.dir, "peers-purego")
	for binary, tags := range map[string]string{s.self: "", s.plain: "purego"} {
		build := exec.Command("go", "build", "-ldflags=-s -w", "-tags", tags, "-o", binary, s.here)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build -tags %q: %w: %s", tags, err, out)
		}
	}
	return nil
}

// findPhotos sets s.photos to photos, a folder that must exist. If photos is "", it sets s.photos
// to the corpus beside the repository, or to "" if there is none.
func (s *suite) findPhotos(photos, root string) error {
	s.photos = photos
	if photos != "" {
		_, err := os.Stat(photos)
		return err
	}
	shared := os.Getenv("MINIATURA_SHARED")
	if shared == "" {
		shared = filepath.Join(root, "..", "shared")
	}
	corpus := filepath.Join(shared, "corpus", "photos")
	if _, err := os.Stat(corpus); err != nil {
		fmt.Println("photos:  none, pictures are made by code")
		return nil
	}
	s.photos = corpus
	return nil
}

// findSharp sets s.node, the command that runs sharp.js, if node and sharp are installed.
func (s *suite) findSharp() {
	const get = "npm install --prefix bench/peers"
	node, err := exec.LookPath("node")
	if err != nil {
		s.miss("node is missing (sharp's rows are left out): https://nodejs.org, then " + get)
		return
	}
	// Node's require looks for modules beside the script and in NODE_PATH.
	cmd := []string{node, filepath.Join(s.here, "sharp.js")}
	v, err := version(cmd)
	if err != nil {
		s.miss("sharp is missing (its rows are left out): " + get + ", or set NODE_PATH")
		return
	}
	s.node = cmd
	fmt.Println("peer:   ", v)
}

// findPillow sets s.python, the command that runs pillow.py, if Python and Pillow are installed.
func (s *suite) findPillow() {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		cmd := []string{path, filepath.Join(s.here, "pillow.py")}
		if v, err := version(cmd); err == nil {
			s.python = cmd
			fmt.Println("peer:   ", v)
			return
		}
	}
	s.miss("Pillow is missing (its rows are left out): apt-get install python3-pil")
}

// version returns the versions that a peer's script prints.
func version(cmd []string) (string, error) {
	out, err := exec.Command(cmd[0], append(cmd[1:], "versions")...).Output()
	if err != nil {
		return "", err
	}
	var v struct{ Version string }
	if err := json.Unmarshal(out, &v); err != nil {
		return "", err
	}
	return v.Version, nil
}

// machine returns the name of the processor, how many logical processors there are, and the
// platform.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(b) {
			name, v, _ := bytes.Cut(line, []byte(":"))
			if string(bytes.TrimSpace(name)) == "model name" {
				model = string(bytes.TrimSpace(v))
				break
			}
		}
	}
	return fmt.Sprintf("%s x %d, %s/%s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// miss prints line, which says what is missing and how to get it. finish prints line again.
func (s *suite) miss(line string) {
	fmt.Println(line)
	s.missing = append(s.missing, line)
}

// skip notes that rows of some work could not be measured, and why. finish prints the notes.
func (s *suite) skip(work, why string) {
	s.skipped = append(s.skipped, work+": "+why)
}

// say prints a line above the progress line, or nothing when no progress is shown.
func (s *suite) say(format string, args ...any) {
	if s.line != nil {
		s.line.Printf(format, args...)
	}
}

// progress updates the progress line. It adds sections to the number of finished ones, and shows
// the name of the work.
func (s *suite) progress(sections int, work string) {
	if s.line != nil {
		s.line.Add(sections, work)
	}
}

// row adds a Row. peer is "" if ours is compared with nobody.
func (s *suite) row(work, variant, measure string, ours float64, peer string, theirs float64) {
	r := Row{Work: work, Variant: variant, Measure: measure, Ours: round(ours), Peer: peer, Theirs: round(theirs)}
	if peer != "" && theirs != 0 {
		r.Ratio = round(ours / theirs)
	}
	s.rows = append(s.rows, r)
	s.progress(0, work)
	if s.out != nil {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false) // "->" is in most names
		if err := e.Encode(r); err != nil {
			s.skip(work, err.Error())
		}
	}
}

// round rounds v to four decimals, enough for an SSIM.
func round(v float64) float64 {
	var r float64
	fmt.Sscan(fmt.Sprintf("%.4f", v), &r)
	return r
}

// finish prints the table. It returns an error when anything was left out.
func (s *suite) finish() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nwork\tvariant\tmeasure\tours\tpeer\ttheirs\tratio")
	for _, r := range s.rows {
		comparison := "\t\t" // three empty cells
		if r.Peer != "" {
			comparison = fmt.Sprintf("%s\t%.4g\t%.3f", r.Peer, r.Theirs, r.Ratio)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.4g\t%s\n", r.Work, r.Variant, r.Measure, r.Ours, comparison)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n := len(s.missing) + len(s.skipped); n > 0 {
		return fmt.Errorf("left out:\n  %s", strings.Join(slices.Concat(s.missing, s.skipped), "\n  "))
	}
	return nil
}

// close removes the temporary files and closes the file of -json.
func (s *suite) close() {
	for _, f := range s.closers {
		f()
	}
}
