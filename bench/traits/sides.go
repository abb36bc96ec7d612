package main

// This file runs the pictures through each side.

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

// sideNames are the sides, in the order of the columns.
var sideNames = []string{"miniatura", "Pillow", "sharp"}

// A job is one picture for one row, with the result of each side.
type job struct {
	source  source
	trait   trait
	box     sizes.Box
	halved  bool // the picture is too small for a size, so it is halved
	results []result
}

// A result is the answer of one side.
type result struct {
	outcome outcome
	why     string
	path    string // of the picture, "" when there is none
	kind    string // its Content-Type
}

type outcome int

const (
	absent outcome = iota // the side is not installed
	made                  // a picture that is not judged yet
	right
	original // the source itself
	wrong
	failed // an exception: HTTP 5xx
)

func (o outcome) String() string {
	return [...]string{"absent", "made", "right", "original", "wrong", "5xx"}[o]
}

// newJob returns a job with its box: SXS, or half of the picture's dimensions if it fits SXS
// already.
func newJob(s source, t trait) *job {
	j := &job{source: s, trait: t, results: make([]result, len(sideNames))}
	size, _ := sizes.Parse("SXS")
	j.box = size.Wide
	if s.w > 0 && s.w <= j.box.W && s.h <= j.box.H {
		j.halved = true
		j.box = sizes.Box{W: (s.w + 1) / 2, H: (s.h + 1) / 2}
	}
	return j
}

// dimensions returns the upright width and height of a picture.
func dimensions(b []byte) (w, h int, err error) {
	_, info, err := codec.Resize(context.Background(), b, sizes.Box{W: 8, H: 8}.Fit, codec.Options{})
	return info.W, info.H, err
}

// runSides runs every job on every side, and returns the versions of the peers that are installed.
// The results are files in dir.
func runSides(root, dir string, jobs []*job) (versions []string, err error) {
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
		side := i + 1 // side 0 is ours
		version := exec.Command(peer.interpreter, peer.version...)
		version.Dir = filepath.Join(root, "bench", "peers") // where npm puts sharp
		out, err := version.Output()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is missing: its column stays empty (bench/peers says how to get it)\n", sideNames[side])
			continue
		}
		versions = append(versions, strings.TrimSpace(string(out)))
		if err := theirs(root, dir, []string{peer.interpreter, peer.script}, side, jobs); err != nil {
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

// theirs makes all results in one process of a peer. If the process dies, the picture that it was
// working on has failed, and a new process continues with the next.
func theirs(root, dir string, command []string, side int, jobs []*job) error {
	output := func(i int) string { return filepath.Join(dir, fmt.Sprintf("theirs-%d-%d", side, i)) }
	for next := 0; next < len(jobs); {
		var in bytes.Buffer
		for i := next; i < len(jobs); i++ {
			j := jobs[i]
			fmt.Fprintf(&in, "%s\t%s\t%v\t%d\t%d\t%s\n", j.source.path, j.source.named, j.trait.webp, j.box.W, j.box.H, output(i))
		}
		out, stderr, err := runPeer(root, command, &in)
		begin := next
		for line := range bytes.Lines(out) {
			var answer struct{ Type, Error string }
			if json.Unmarshal(line, &answer) != nil || next == len(jobs) {
				continue
			}
			r := result{outcome: made, kind: answer.Type, path: output(next)}
			if answer.Error != "" {
				r = result{outcome: failed, why: answer.Error}
			}
			jobs[next].results[side] = r
			next++
		}
		switch {
		case next == len(jobs):
		case err != nil:
			jobs[next].results[side] = result{outcome: failed, why: err.Error()}
			next++
		case next == begin:
			return fmt.Errorf("%s answered nothing: %.300s", sideNames[side], stderr)
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
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules+string(os.PathListSeparator)+os.Getenv("NODE_PATH"))
	cmd.Stdin = in
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err = cmd.Output()
	return stdout, said.Bytes(), err
}
