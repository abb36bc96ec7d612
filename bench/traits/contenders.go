package main

// This file runs the pictures through each contender.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"miniatura/codec"
	"miniatura/sizes"
)

// contenders are the names of the contenders, in the order of the columns.
var contenders = []string{"miniatura", "Pillow", "sharp"}

// A job is one picture for one row, with the results of all contenders.
type job struct {
	source  source
	trait   trait
	box     sizes.Box
	halved  bool // the picture is too small for a size, so it is halved
	results []result
}

// A result is the answer of one contender.
type result struct {
	outcome outcome
	why     string // why the outcome is not right
	path    string // of the picture, "" when there is none
	kind    string // the Content-Type of the picture
}

type outcome int

const (
	absent outcome = iota // the contender is not installed
	made                  // a picture that is not judged yet
	right
	original // the source itself
	wrong
	failed // an exception: HTTP 5xx
)

func (o outcome) String() string {
	return [...]string{"absent", "made", "right", "original", "wrong", "5xx"}[o]
}

// newJob returns a job without results. The box is that of size SXS or, for a picture that fits SXS
// already, half of the picture's dimensions.
func newJob(s source, t trait) *job {
	j := &job{source: s, trait: t, results: make([]result, len(contenders))}
	size, _ := sizes.Parse("SXS")
	j.box = size.Wide
	if s.w > 0 && s.w <= j.box.W && s.h <= j.box.H {
		j.halved = true
		j.box = sizes.Box{W: (s.w + 1) / 2, H: (s.h + 1) / 2}
	}
	return j
}

// dimensions resizes a picture, and returns the width and height of the upright source.
func dimensions(b []byte) (w, h int, err error) {
	_, info, err := codec.Resize(context.Background(), b, sizes.Box{W: 8, H: 8}.Fit, codec.Options{})
	return info.W, info.H, err
}

// runAll sets the results of every job, and returns the versions of the peers that are installed.
// The pictures are written to files in dir.
func runAll(root, dir string, jobs []*job) (versions []string, err error) {
	for i, j := range jobs {
		j.results[0] = ours(j, filepath.Join(dir, fmt.Sprintf("ours-%d", i)))
	}
	here := filepath.Join(root, "bench", "traits")
	peers := []struct {
		interpreter, script string
		version             []string // arguments with which the interpreter prints the peer's version
	}{
		{"/usr/bin/python3", filepath.Join(here, "pillow.py"), []string{"-c", "import PIL; print('Pillow', PIL.__version__)"}},
		{"node", filepath.Join(here, "sharp.js"), []string{"-p", "'sharp ' + require('sharp').versions.sharp"}},
	}
	for i, peer := range peers {
		contender := i + 1 // contender 0 is this project
		version := exec.Command(peer.interpreter, peer.version...)
		version.Dir = filepath.Join(root, "bench", "peers") // where npm puts sharp
		out, err := version.Output()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is missing: its column stays empty (bench/peers says how to get it)\n", contenders[contender])
			continue
		}
		versions = append(versions, strings.TrimSpace(string(out)))
		if err := theirs(root, dir, []string{peer.interpreter, peer.script}, contender, jobs); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// ours makes a job's result with codec, as the edge function does.
func ours(j *job, path string) result {
	src, err := os.ReadFile(j.source.path)
	if err != nil {
		return result{outcome: failed, why: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	opt := codec.Options{Quality: 95}
	if j.trait.webp {
		opt.Format = codec.WebP
	}
	out, info, err := codec.Resize(ctx, src, j.box.Fit, opt)
	if err != nil {
		return result{outcome: original, why: err.Error()} // the edge function fails open
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		return result{outcome: failed, why: err.Error()}
	}
	return result{outcome: made, path: path, kind: info.ContentType}
}

// theirs makes all results of a peer in one process. If the process dies, the picture that it was
// working on has failed, and a new process continues with the next picture.
func theirs(root, dir string, command []string, contender int, jobs []*job) error {
	output := func(i int) string { return filepath.Join(dir, fmt.Sprintf("theirs-%d-%d", contender, i)) }
	for next := 0; next < len(jobs); { // the first job without a result
		var in bytes.Buffer
		for i := next; i < len(jobs); i++ {
			j := jobs[i]
			fmt.Fprintf(&in, "%s\t%s\t%v", j.source.path, j.source.named, j.trait.webp)
			fmt.Fprintf(&in, "\t%d\t%d\t%s\n", j.box.W, j.box.H, output(i))
		}
		out, stderr, err := runPeer(root, command, &in)
		begin := next
		// The answers are in the order of the jobs.
		for line := range bytes.Lines(out) {
			var answer struct{ Type, Error string }
			if json.Unmarshal(line, &answer) != nil || next == len(jobs) {
				continue // the line is not an answer
			}
			r := result{outcome: made, kind: answer.Type, path: output(next)}
			if answer.Error != "" {
				r = result{outcome: failed, why: answer.Error}
			}
			jobs[next].results[contender] = r
			next++
		}
		switch {
		case next == len(jobs): // all have an answer
		case err != nil: // the process died
			jobs[next].results[contender] = result{outcome: failed, why: err.Error()}
			next++
		case next == begin:
			return fmt.Errorf("%s answered nothing: %.300s", contenders[contender], stderr)
		}
	}
	return nil
}

// runPeer runs a peer's command, for at most ten minutes, and returns what it printed.
func runPeer(root string, command []string, in io.Reader) (stdout, stderr []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1])
	modules := filepath.Join(root, "bench", "peers", "node_modules")
	nodePath := modules + string(os.PathListSeparator) + os.Getenv("NODE_PATH")
	cmd.Env = append(os.Environ(), "NODE_PATH="+nodePath)
	cmd.Stdin = in
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err = cmd.Output()
	return stdout, said.Bytes(), err
}
