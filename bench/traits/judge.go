package main

// This file decides what is right.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A comparison is what codec/testdata/reference.py prints about a result.
type comparison struct {
	Error                string
	Format, Mode         string
	W, H                 int
	Frames, SourceFrames int
	Mean, Alpha          float64 // differences from the reference, of 255
	Loss                 float64 // what the format's encoder loses, of 255
}

// judge compares results with their references, and sets the outcome of every result that is a
// picture.
func judge(root, dir string, jobs []*job) error {
	type pair struct {
		j *job
		r *result
	}
	var list []pair     // the results to compare
	var in bytes.Buffer // a line for each: the paths of source and result
	for _, j := range jobs {
		for i := range j.results {
			r := &j.results[i]
			switch {
			case r.outcome != made:
			case j.trait.hostile, noReference[j.source.name] != "":
				r.outcome = right // any answer is right here; the tests of codec check the pictures
			default:
				list = append(list, pair{j, r})
				fmt.Fprintf(&in, "%s\t%s\n", j.source.readable(dir), r.path)
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
		j, r := list[i].j, list[i].r
		r.outcome = right
		if r.why = c.faults(j, r.kind); r.why != "" {
			r.outcome = wrong
		}
	}
	return nil
}

// misread are the sources that Pillow, and so the reference, reads wrongly or not at all. The
// command beside a source makes a PNG of it, from which the reference is made instead.
var misread = map[string][]string{
	"bmp/bmpsuite-g/pal4rle.bmp": {"convert", "IN", "PNG32:OUT"},
	"bmp/bmpsuite-g/rgb32bf.bmp": {"convert", "IN", "-alpha", "off", "PNG24:OUT"},
	"bmp/bmpsuite-q/rgba32.bmp":  {"convert", "IN", "PNG32:OUT"},
}

// noReference are the sources for which no program here can be the reference. Any picture made from
// them counts as right.
var noReference = map[string]string{
	"bmp/V5_A8_R8_G8_B8_Rgb.bmp":                             "Pillow drops the alpha, ImageMagick the colours below it",
	"bmp/bmpsuite-q/pal2.bmp":                                "neither Pillow nor ImageMagick reads 2 bits a pixel",
	"bmp/bmpsuite-q/pal8rletrns.bmp":                         "Pillow and ImageMagick paint what no run covers, Chromium leaves it black",
	"bmp/bmpsuite-q/rgba16-4444.bmp":                         "Pillow refuses it, ImageMagick takes 15 for 240",
	"webp/libwebp/bad_palette_index.webp":                    "Pillow and dwebp drop the alpha for a bit that RFC 9649 3.4 calls a hint",
	"photos/Channel_digital_image_CMYK_color_no_profile.jpg": "how inks look without a profile is anybody's choice",
	"photos/flower_small.cmyk.jpg":                           "how inks look without a profile is anybody's choice",
	"png/pngsuite/tbbn0g04.png":                              "Pillow compares 4 bits of tRNS with 8, ImageMagick changes the greys by gAMA",
}

// readable returns the path of the source or, if Pillow misreads the source, of a PNG of it in dir.
// If the PNG cannot be made, readable returns the path of the source.
func (s source) readable(dir string) string {
	command, ok := misread[s.name]
	if !ok {
		return s.path
	}
	out := filepath.Join(dir, strings.ReplaceAll(s.name, "/", "-")+".png")
	if _, err := os.Stat(out); err == nil {
		return out
	}
	var argv []string
	for _, a := range command {
		argv = append(argv, strings.NewReplacer("IN", s.path, "OUT", out).Replace(a))
	}
	if exec.Command(argv[0], argv[1:]...).Run() != nil {
		return s.path
	}
	return out
}

// faults returns what is wrong with a result of j, or "" for nothing. c compares the result with
// the reference, and kind is the result's Content-Type.
func (c comparison) faults(j *job, kind string) string {
	var bad []string
	say := func(format string, a ...any) { bad = append(bad, fmt.Sprintf(format, a...)) }
	if c.Error != "" {
		return c.Error
	}
	format := strings.ToLower(c.Format)
	if format == "mpo" { // a JPEG with several pictures
		format = "jpeg"
	}
	isBMP := format == "bmp" && strings.Contains(kind, "bmp") // also image/x-ms-bmp
	if kind != "image/"+format && !isBMP {
		say("%s goes out as %s", format, kind)
	}
	w, h := j.box.Fit(j.source.w, j.source.h)
	if abs(c.W-w) > 1 || abs(c.H-h) > 1 {
		say("%dx%d, want %dx%d", c.W, c.H, w, h)
	}
	// An MPO has several pictures, of which a result shows the first.
	if c.Frames != c.SourceFrames && !strings.Contains(j.source.about, "MPO") {
		say("%d frames of %d", c.Frames, c.SourceFrames)
	}
	allowed := 2 + 1.5*c.Loss
	if j.halved {
		allowed += 2 // scaling kernels differ most when a small picture is halved
	}
	if c.SourceFrames > 1 {
		// Loss is that of the first frame, which is often empty. Mean is that of the worst frame.
		allowed += 6
	}
	if c.Mean > allowed && !j.trait.formatOnly {
		say("mean difference %.1f, allowed %.1f", c.Mean, allowed)
	}
	allowedAlpha := 6.0
	if format == "gif" {
		allowedAlpha = 20 // alpha of one bit differs from a soft edge by up to half
	}
	if c.Alpha > allowedAlpha {
		say("alpha differs by %.1f", c.Alpha)
	}
	if j.trait.truecolor && c.Mode == "P" {
		say("256 colours left")
	}
	return strings.Join(bad, "; ")
}

func abs(v int) int { return max(v, -v) }
