package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	SourceDelays, ResultDelays []float64
	SourceLoop, ResultLoop     int
}

// For every picture of the corpus, the results in its own format and in WebP agree with the results
// of an independent reader, color engine and scaler.
func TestResultsAgreeWithPillow(t *testing.T) {
	if os.Getenv("MINIATURA_LONG") == "" {
		t.Skip("minutes of work: set MINIATURA_LONG=1")
	}
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
			out, info, err := Resize(context.Background(), src, fitter(t, "S"), Options{Format: formatOf(webp), Quality: 95})
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
		if why, ok := pillowIsWrong[r.row.name]; ok {
			t.Logf("not held against Pillow: %s: %s", r.row.name, why)
			continue
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

// pillowIsWrong names the sources that Pillow itself does not read rightly.
var pillowIsWrong = map[string]string{
	"png/pngsuite/tbbn0g04.png":           "compares tRNS of 4 bits with samples scaled to 8; ImageMagick finds our alpha, mean 0.453",
	"bmp/bmpsuite-q/pal2.bmp":             "cannot read 2 bits a pixel",
	"bmp/bmpsuite-g/pal4rle.bmp":          "9.4 misreads 4-bit RLE; ImageMagick finds our samples exactly",
	"bmp/bmpsuite-g/rgb32bf.bmp":          "bit fields not read; codec/bmp's own tests hold them",
	"bmp/bmpsuite-q/rgba32.bmp":           "bit fields not read; codec/bmp's own tests hold them",
	"bmp/bmpsuite-q/rgba16-4444.bmp":      "bit fields not read; codec/bmp's own tests hold them",
	"bmp/bmpsuite-q/pal8rletrns.bmp":      "paints what no run covers, Chromium leaves it black",
	"bmp/V5_A8_R8_G8_B8_Rgb.bmp":          "drops version 5's alpha where there are no bit fields, browsers do not",
	"webp/libwebp/bad_palette_index.webp": "drops alpha because of a header bit that RFC 9649 section 3.4 calls a hint without effect on decoding; dwebp finds ours",
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
	// The limit is 1.25 times the format's own loss, measured with Pillow's encoder at the same
	// quality, and one level for rounding.
	most := 1 + 1.25*c.Loss
	if c.Mean > most {
		say("mean difference %.2f, allowed %.1f", c.Mean, most)
	}
	if c.Frames != c.SourceFrames && c.SourceMode != "" && !strings.Contains(row.traits, "MPO") {
		say("%d frames, want %d", c.Frames, c.SourceFrames)
	}
	if c.Frames > 1 && c.SourceFrames == c.Frames {
		if !slices.Equal(c.SourceDelays, c.ResultDelays) {
			say("delays %v, want %v", c.ResultDelays, c.SourceDelays)
		}
		if a, b := plays(row.format, c.SourceLoop), plays(strings.ToLower(c.Format), c.ResultLoop); a != b {
			say("runs %d times, want %d", b, a)
		}
	}
	if c.Alpha > 1 {
		say("alpha differs by %.2f on average", c.Alpha)
	}
	return bad
}

// plays returns how often an animation runs; 0 means forever. loop is the loop count that Pillow
// reports. A GIF without the extension runs once, and one with it runs once more than its count;
// WebP counts all runs.
func plays(format string, loop int) int {
	switch {
	case loop == 0 || format != "gif":
		return max(loop, 0)
	case loop < 0:
		return 1
	}
	return min(loop+1, 65535) // WebP's 16 bits
}
