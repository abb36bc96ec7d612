package main

// This file runs the contenders of a comparison and measures them.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
)

// A contender is a command that takes the arguments MODE FILE N WIDTHxHEIGHT OUT. It does the work
// that MODE names on FILE, N times, writes the result to OUT unless OUT is "-", and prints a sample
// (see sharp.js).
type contender struct {
	name    string
	command []string
	mode    string // MODE for this contender, if it is not that of the others
}

// A sample is what a contender prints. User, Sys and Wall are times in milliseconds, one per
// iteration.
type sample struct {
	User  []float64 `json:"user"`
	Sys   []float64 `json:"sys"`
	Wall  []float64 `json:"wall"`  // only from our worker
	RSS   float64   `json:"rss"`   // peak resident set of the process, in MB
	Bytes int       `json:"bytes"` // size of the result
}

// A result is what was measured for one contender.
type result struct {
	cpu    float64 // user and system CPU per picture in milliseconds, the median
	rss    float64 // peak memory in MB of a fresh process that did the work once
	bytes  int
	output string // the file with the result
}

// contenders returns our worker in both builds, and sharp and Pillow if they are installed.
func (s *suite) contenders() []contender {
	all := []contender{
		{name: "avx2", command: []string{s.self, workerFlag}},
		{name: "purego", command: []string{s.plain, workerFlag}},
	}
	if s.node != nil {
		all = append(all, contender{name: "sharp", command: s.node})
	}
	if s.python != nil {
		all = append(all, contender{name: "pillow", command: s.python})
	}
	return all
}

// compare runs the same work on every contender, and returns the results by the contenders' names.
// Each round measures n iterations of each contender. A contender that fails is noted with skip and
// has no result.
func (s *suite) compare(work, mode, file, box string, n int, all []contender) map[string]result {
	results := map[string]result{}
	cpu := map[string][]float64{}
	// One process of each contender does the work once. That gives the memory and the result.
	for i, c := range all {
		out := fmt.Sprintf("%s/%s-%d", s.dir, c.name, i)
		once, err := s.run(c, mode, file, 1, box, out)
		if err != nil {
			s.skip(work+" ("+c.name+")", err.Error())
			continue
		}
		results[c.name] = result{rss: once.RSS, bytes: once.Bytes, output: out}
	}
	// The rounds measure the CPU.
	for range s.rounds {
		for _, c := range all {
			if _, ok := results[c.name]; !ok {
				continue
			}
			got, err := s.run(c, mode, file, 1+n, box, "-")
			if err != nil {
				s.skip(work+" ("+c.name+")", err.Error())
				delete(results, c.name)
				continue
			}
			for i := 1; i <= n; i++ { // the first of 1+n iterations is not counted
				cpu[c.name] = append(cpu[c.name], got.User[i]+got.Sys[i])
			}
		}
	}
	for name, r := range results {
		r.cpu = median(cpu[name])
		results[name] = r
	}
	return results
}

// run starts one process, on one core if there is taskset, and returns what it prints.
func (s *suite) run(c contender, mode, file string, n int, box, out string) (sample, error) {
	if c.mode != "" {
		mode = c.mode
	}
	argv := slices.Concat(c.command, []string{mode, file, strconv.Itoa(n), box, out})
	if s.taskset {
		argv = slices.Concat([]string{"taskset", "-c", strconv.Itoa(s.core)}, argv)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "VIPS_CONCURRENCY=1", "OMP_NUM_THREADS=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("%w: %.300s", err, errs.String())
	}
	var got sample
	if err := json.Unmarshal(stdout, &got); err != nil {
		return sample{}, err
	}
	if len(got.User) != n || len(got.Sys) != n {
		return sample{}, fmt.Errorf("%d iterations instead of %d", len(got.User), n)
	}
	return got, nil
}

// geomean returns the geometric mean of v.
func geomean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

// median returns the median of v, or 0 when v is empty.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	// The middle value, or the mean of the two in the middle.
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
