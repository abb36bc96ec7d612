package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A comparison is what codec/testdata/reference.py says of a result.
type comparison struct {
	Error                string
	Format, Mode         string
	W, H                 int
	Frames, SourceFrames int
	Mean, Alpha, Loss    float64 // of 255
}

// judge has the reference compare every picture that was made.
func judge(root string, jobs []*job) error {
	type made1 struct {
		j *job
		r *result
	}
	var list []made1
	var in bytes.Buffer
	for _, j := range jobs {
		for side := range j.results {
			r := &j.results[side]
			switch {
			case r.outcome != made:
			case j.trait.hostile:
				r.outcome = right // it was answered; the tests of codec look at what with
			default:
				list = append(list, made1{j, r})
				fmt.Fprintf(&in, "%s\t%s\n", j.source.path, r.path)
			}
		}
	}
	cmd := exec.Command("/usr/bin/python3", filepath.Join(root, "codec", "testdata", "reference.py"))
	cmd.Stdin = &in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the reference: %w (apt-get install python3-pil)", err)
	}
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(answers) != len(list) {
		return fmt.Errorf("the reference gave %d answers for %d results", len(answers), len(list))
	}
	for i, line := range answers {
		var c comparison
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		m := list[i]
		m.r.outcome = right
		if m.r.why = c.faults(m.j, m.r.kind); m.r.why != "" {
			m.r.outcome = wrong
		}
	}
	return nil
}

// faults says what is wrong with a result, "" for nothing.
func (c comparison) faults(j *job, kind string) string {
	var bad []string
	say := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if c.Error != "" {
		return c.Error
	}
	format := strings.ToLower(c.Format)
	if format == "mpo" {
		format = "jpeg"
	}
	if kind != "image/"+format && !(format == "bmp" && strings.Contains(kind, "bmp")) {
		say("%s goes out as %s", format, kind)
	}
	if w, h := j.box.Fit(j.source.w, j.source.h); abs(c.W-w) > 1 || abs(c.H-h) > 1 {
		say("%dx%d, want %dx%d", c.W, c.H, w, h)
	}
	if c.Frames != c.SourceFrames && !strings.Contains(j.source.about, "MPO") {
		say("%d frames of %d", c.Frames, c.SourceFrames)
	}
	if most := 2 + 1.5*c.Loss; c.Mean > most {
		say("mean difference %.1f, allowed %.1f", c.Mean, most)
	}
	if c.Alpha > 2 {
		say("alpha differs by %.1f", c.Alpha)
	}
	if j.trait.colours && c.Mode == "P" {
		say("256 colours left")
	}
	return strings.Join(bad, "; ")
}

func abs(v int) int { return max(v, -v) }
