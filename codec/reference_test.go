package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python returns an interpreter that has Pillow, or skips the test.
func python(t testing.TB) string {
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import PIL").Run() == nil {
			return p
		}
	}
	t.Skip("no Python with Pillow here")
	return ""
}

// A comparison is what testdata/reference.py says of a result.
type comparison struct {
	Error                      string
	Format, Mode, SourceMode   string
	W, H, Frames, SourceFrames int
	Exif                       int
	Meta                       []string
	Profile                    bool
	Mean, Alpha                float64 // mean difference of a sample, of 255
	Loss                       float64 // what Pillow's encoder of the format loses, likewise
	SourceDelays, ResultDelays []int
	SourceLoop, ResultLoop     int
}

// Every picture of the corpus is, in its own format and in WebP, what an
// independent reader, colour engine and scaler make of it the slow way.
func TestResultsAgreeWithPillow(t *testing.T) {
	py := python(t)
	type result struct {
		row  corpusRow
		kind string
	}
	var results []result
	var jobs strings.Builder
	dir := t.TempDir()
	tally := map[string][3]int{}
	count := func(name string, i int) {
		f := strings.Split(name, "/")[0]
		n := tally[f]
		n[i]++
		tally[f] = n
	}
	for _, row := range corpus(t, "photos", "orientation", "png", "gif", "bmp", "webp") {
		src, err := os.ReadFile(row.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, webp := range []bool{false, true} {
			out, info, err := Resize(context.Background(), src, fitter(t, "S"), Options{WebP: webp, Quality: 95})
			if err != nil {
				count(row.name, 1)
				t.Logf("passed through: %s, webp %v: %v", row.name, webp, err)
				continue
			}
			name := filepath.Join(dir, fmt.Sprint(len(results)))
			if err := os.WriteFile(name, out, 0o600); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&jobs, "%s\t%s\n", row.path, name)
			results = append(results, result{row, info.ContentType})
		}
	}
	cmd := exec.Command(py, "testdata/reference.py")
	cmd.Stdin = strings.NewReader(jobs.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(results) {
		t.Fatalf("%d answers for %d results", len(lines), len(results))
	}
	for i, line := range lines {
		r := results[i]
		var c comparison
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if bad := c.judge(r.row, r.kind); len(bad) > 0 {
			count(r.row.name, 2)
			t.Errorf("%s as %s: %s", r.row.name, r.kind, strings.Join(bad, "; "))
			continue
		}
		count(r.row.name, 0)
	}
	for f, n := range tally {
		t.Logf("%-12s right %d, passed through %d, wrong %d", f, n[0], n[1], n[2])
	}
}

// judge lists what is wrong with a result of the given media type.
func (c comparison) judge(row corpusRow, kind string) (bad []string) {
	say := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if c.Error != "" {
		say("%s", c.Error)
		return bad
	}
	if got := "image/" + strings.ToLower(c.Format); got != kind {
		say("Pillow reads %s", got)
	}
	if got := fmt.Sprintf("%dx%d", c.W, c.H); got != row.sizeS {
		say("%s, want %s", got, row.sizeS)
	}
	if len(c.Meta) > 0 {
		say("metadata left: %v", c.Meta)
	}
	// The format's own loss, as Pillow's encoder has it at the same quality, and
	// a level for roundings.
	most := 1 + 1.25*c.Loss
	if c.Mean > most {
		say("mean difference %.2f, allowed %.1f", c.Mean, most)
	}
	if c.Alpha > 1 {
		say("alpha differs by %.2f on average", c.Alpha)
	}
	return bad
}
