package main

// This file compares the size of the zip and the time of a cold start.

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// zipSection adds the row about the size of the zip that Lambda@Edge fetches.
func zipSection(s *suite) error {
	path, err := s.edgeZip()
	if err != nil {
		return err
	}
	i, err := os.Stat(path)
	if err != nil {
		return err
	}
	peer, theirs := "", 0.0
	if s.node != nil {
		if theirs, err = s.sharpZip(); err != nil {
			s.skip("zip (sharp)", err.Error())
		} else {
			peer = "sharp"
		}
	}
	s.row("zip", "edge", "mb", float64(i.Size())/1e6, peer, theirs)
	return nil
}

// edgeZip builds the zip that is deployed, unless an earlier section has built it, and returns the
// zip's path.
func (s *suite) edgeZip() (string, error) {
	path := filepath.Join(s.dir, "edge.zip")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.Command("go", "run", ".", "package", "-o", path)
	cmd.Dir = filepath.Join(s.here, "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("package: %w: %s", err, out)
	}
	return path, nil
}

// sharpZip returns the size in MB of sharp and its dependencies, zipped.
func (s *suite) sharpZip() (float64, error) {
	// Find the folder node_modules that has sharp.
	const resolve = "require.resolve('sharp', {paths: [process.argv[1], ...(process.env.NODE_PATH || '').split(':')]})"
	out, err := exec.Command(s.node[0], "-p", resolve, s.here).Output()
	if err != nil {
		return 0, err
	}
	i := bytes.LastIndex(out, []byte("/node_modules/"))
	if i < 0 {
		return 0, errors.New("sharp is not in a folder node_modules")
	}
	modules := os.DirFS(string(out[:i+len("/node_modules")]))
	// Zip it and its dependencies. Only the size is kept.
	var n counter
	w := zip.NewWriter(&n)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, folder := range []string{"sharp", "@img", "detect-libc", "semver"} {
		err := fs.WalkDir(modules, folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "musl") {
				return err // files for musl are left out, because Lambda runs glibc
			}
			b, err := fs.ReadFile(modules, path)
			if err != nil {
				return err
			}
			f, err := w.Create(path)
			if err != nil {
				return err
			}
			_, err = f.Write(b)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return float64(n) / 1e6, nil
}

// A counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// pythonPoll is a Python program that polls. sharpPoll is a program for Node that loads sharp and
// polls.
const (
	pythonPoll = `
import http.client, os
c = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
c.request('GET', '/2018-06-01/runtime/invocation/next')
c.getresponse()`

	sharpPoll = `
require('sharp');
require('http').get('http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/next');`
)

// startSection adds the rows about a cold start: the time from the start of a process to its first
// poll, a request to Lambda's Runtime API for an event. The fastest of many starts counts.
func startSection(s *suite) error {
	if s.python == nil {
		s.skip("start", "needs Pillow's Python")
		return nil
	}
	task, err := s.unpackedZip()
	if err != nil {
		return err
	}
	api, polls, stop, err := runtimeAPI()
	if err != nil {
		return err
	}
	defer stop()
	python := s.python[0]
	all := []contender{
		{name: "edge", command: edgeCommand(python, task)},
		{name: "python", command: []string{python, "-c", pythonPoll}},
		{name: "pillow", command: []string{python, "-c", "from PIL import Image" + pythonPoll}},
	}
	if s.node != nil {
		all = append(all, contender{name: "sharp", command: []string{s.node[0], "-e", sharpPoll}})
	}
	fastest := map[string]float64{}
	for range 8 * s.rounds {
		for _, c := range all {
			took, err := s.firstPoll(c.command, api, polls)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if was, ok := fastest[c.name]; !ok || took < was {
				fastest[c.name] = took
			}
		}
	}
	for _, c := range all[1:] { // the first is ours
		s.row("start to first poll", "edge", "ms_min", fastest["edge"], c.name, fastest[c.name])
	}
	return nil
}

// unpackedZip unpacks the zip of edgeZip, unless an earlier section has done so, and returns the
// folder.
func (s *suite) unpackedZip() (string, error) {
	path, err := s.edgeZip()
	if err != nil {
		return "", err
	}
	task := filepath.Join(s.dir, "task")
	if _, err := os.Stat(task); err == nil {
		return task, nil
	}
	return task, unzip(path, task)
}

// edgeCommand returns the command that starts the edge function in the folder task.
func edgeCommand(python, task string) []string {
	return []string{python, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import lambda_function", task}
}

// runtimeAPI serves the part of Lambda's Runtime API that a start needs, at address. Each poll is
// announced on polls and is never answered.
func runtimeAPI() (address string, polls chan struct{}, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	polls = make(chan struct{}, 1)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
			polls <- struct{}{}
			<-r.Context().Done()
		}
	}))
	return l.Addr().String(), polls, func() { l.Close() }, nil
}

// firstPoll starts argv and returns the milliseconds from the start of the process to its first
// poll.
func (s *suite) firstPoll(argv []string, api string, polls chan struct{}) (float64, error) {
	if s.taskset {
		argv = append([]string{"taskset", "-c", strconv.Itoa(s.core)}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(),
		"AWS_LAMBDA_RUNTIME_API="+api,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"_HANDLER=lambda_function.lambda_handler")
	cmd.Dir = s.here
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	select {
	case <-polls:
		return float64(time.Since(begin).Microseconds()) / 1000, nil
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		cmd.Wait() // until stderr is complete
		return 0, fmt.Errorf("no poll in 20 s: %.300s", stderr.String())
	}
}

// unzip unpacks the zip at path into dir. All files of the zip must be at its root.
func unzip(path, dir string) error {
	r, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range r.File {
		b, err := fs.ReadFile(r, f.Name)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.Base(f.Name))
		if err := os.WriteFile(path, b, f.Mode().Perm()|0o400); err != nil {
			return err
		}
	}
	return nil
}
