package codec

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	stdgif "image/gif"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"miniatura/codec/webp"
)

// A report is a small file of a kind that other resizers were reported to get wrong, and the result
// that is right: Chromium's picture of it, and the pictures of Pillow, ImageMagick and sharp where
// these are right too.
type report struct {
	file   string
	w, h   int
	mean   [3]float64 // of the first frame, on white; negative: not known
	levels float64    // that the mean may be off; 0 means 2
	frames int        // 0 means a still picture
	delays time.Duration
	most   float64 // that any sample may be off from the averaged source; 0: not asked
}

var unknown = [3]float64{-1, -1, -1}

var reports = []report{
	{file: "anim-held-frame-black-corner.gif", w: 96, h: 64, mean: [3]float64{111, 119, 124}, frames: 5},
	{file: "solid-16x16-black.jpg", w: 16, h: 16},
	{file: "gama-51020-ffmpeg.png", w: 120, h: 90, mean: [3]float64{120, 106, 139}},
	{file: "gama-100000-linear.png", w: 120, h: 90, mean: [3]float64{150, 136, 169}},
	{file: "gama-45455.png", w: 120, h: 90, mean: [3]float64{115, 101, 134}},
	{file: "png-cicp-bt709.png", w: 180, h: 135, mean: [3]float64{110, 96, 130}},
	{file: "cmyk-no-adobe-small.jpg", w: 120, h: 90, mean: [3]float64{116, 101, 134}, levels: 4},
	{file: "cmyk-adobe1.jpg", w: 180, h: 135, mean: [3]float64{127, 136, 156}},
	{file: "gif-short1px.gif", w: 180, h: 135, mean: unknown, frames: 3},
	{file: "gif-short-lzw-eoi.gif", w: 180, h: 135, mean: unknown, frames: 3},
	{file: "gif-junk-after-no-trailer.gif", w: 180, h: 135, mean: [3]float64{255, 61, 42}, frames: 4, delays: 100 * time.Millisecond},
	{file: "png-no-iend.png", w: 180, h: 135, mean: [3]float64{115, 101, 134}},
	{file: "png-iend-badcrc.png", w: 180, h: 135, mean: [3]float64{115, 101, 134}},
	{file: "png-apng-1frame.png", w: 180, h: 135, mean: [3]float64{115, 101, 134}},
	{file: "mjpeg-no-dht-small.jpg", w: 120, h: 90, mean: [3]float64{115, 101, 134}},
	{file: "dnl-before-sof.jpg", w: 120, h: 90, mean: [3]float64{115, 101, 134}},
	{file: "icc-p3-dup.jpg", w: 120, h: 90, mean: [3]float64{110, 98, 130}},
	{file: "icc-p3-ok.jpg", w: 120, h: 90, mean: [3]float64{110, 98, 130}},
	{file: "thin-1200x7-vgrad.jpg", w: 180, h: 1, mean: [3]float64{126, 90, 129}, most: 8},
	{file: "jpg-no-eoi-tail.jpg", w: 180, h: 135, mean: [3]float64{115, 102, 134}},
}

// Every report gives the picture that browsers show, in both formats.
func TestReports(t *testing.T) {
	dir := filepath.Join(sharedFolder(t), "reports")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no reports here")
	}
	for _, r := range reports {
		for _, webp := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/webp=%v", r.file, webp), func(t *testing.T) {
				src, err := os.ReadFile(filepath.Join(dir, r.file))
				if err != nil {
					t.Fatal(err)
				}
				out, info, err := Resize(context.Background(), src, fitter(t, "SXS"), Options{Format: formatOf(webp)})
				if err != nil {
					t.Fatal(err)
				}
				if info.OutW != r.w || info.OutH != r.h {
					t.Errorf("%dx%d, want %dx%d", info.OutW, info.OutH, r.w, r.h)
				}
				r.judge(t, src, out, webp)
			})
		}
	}
}

// The reports above are the rows of the shared table. Their files are those of the table, and so
// are the dimensions, the means of the channels and the numbers of frames, where the table has
// them.
func TestReportsAreTheTable(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(sharedFolder(t), "reports", "REPORTS.tsv"))
	if err != nil {
		t.Skip("no reports here")
	}
	rows := strings.Split(strings.TrimSpace(string(b)), "\n")[1:]
	if len(rows) != len(reports) {
		t.Errorf("%d reports are tested, the table has %d", len(reports), len(rows))
	}
	means, counts := regexp.MustCompile(`mean (?:of the first )?(\d+),(\d+),(\d+)`), regexp.MustCompile(`(\d+) frames`)
	for _, row := range rows {
		columns := strings.Split(row, "\t")
		i := slices.IndexFunc(reports, func(r report) bool { return r.file == columns[0] })
		if i < 0 {
			t.Errorf("%s is not tested", columns[0])
			continue
		}
		r, right := reports[i], columns[3]
		if size := fmt.Sprintf("%dx%d", r.w, r.h); !strings.Contains(right, size) {
			t.Errorf("%s: %s is tested, the table says %q", r.file, size, right)
		}
		want := unknown
		if m := means.FindStringSubmatch(right); m != nil {
			for c := range want {
				want[c], _ = strconv.ParseFloat(m[1+c], 64)
			}
		}
		if r.mean != want {
			t.Errorf("%s: the mean %v is tested, the table says %q", r.file, r.mean, right)
		}
		frames := 0
		if m := counts.FindStringSubmatch(right); m != nil {
			frames, _ = strconv.Atoi(m[1])
		}
		if r.frames != frames {
			t.Errorf("%s: %d frames are tested, the table says %q", r.file, r.frames, right)
		}
	}
}

// judge compares a result with the report.
func (r report) judge(t *testing.T, src, out []byte, isWebP bool) {
	var first image.Image
	frames, delays, plays := 1, []time.Duration(nil), 0
	switch {
	case isWebP && r.frames > 0:
		first, delays, plays = r.webpFrames(t, out)
		frames = len(delays)
	case r.frames > 0:
		g, err := stdgif.DecodeAll(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		first, frames, plays = g.Image[0], len(g.Image), g.LoopCount
		for _, d := range g.Delay {
			delays = append(delays, time.Duration(d)*10*time.Millisecond)
		}
	default:
		first = decodeAny(t, out)
		if isWebP {
			dwebpBoth(t, out)
		}
	}
	if frames != max(r.frames, 1) {
		t.Errorf("%d frames, want %d", frames, r.frames)
	}
	if r.frames > 0 && plays != 0 {
		t.Errorf("runs %d times, want for ever", plays)
	}
	for i, d := range delays {
		if r.delays != 0 && d != r.delays {
			t.Errorf("frame %d of %v, want %v", i, d, r.delays)
		}
	}
	if s := first.Bounds().Size(); s.X != r.w || s.Y != r.h {
		t.Errorf("decoded to %v, want %dx%d", s, r.w, r.h)
	}
	levels := r.levels
	if levels == 0 {
		levels = 2
	}
	mean := meanOf(first)
	for i, want := range r.mean {
		if want >= 0 && math.Abs(mean[i]-want) > levels+0.5 { // the table's numbers are rounded
			t.Errorf("mean %.1f, want %v within %v", mean, r.mean, levels)
			break
		}
	}
	if r.most > 0 {
		holdAveraged(t, src, first, r.most)
	}
}

// webpFrames returns an animation's first canvas, the delays of its frames and how often it runs.
// Each frame is read by dwebp as well, where that is installed: as a whole and piece by piece, as a
// browser reads it.
func (r report) webpFrames(t *testing.T, b []byte) (first image.Image, delays []time.Duration, plays int) {
	f, err := webp.NewReader(b)
	if err != nil {
		t.Fatal(err)
	}
	p := webp.NewPlayer(f)
	for i := range f.Frames {
		m, d, err := p.Next(context.Background())
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if i == 0 {
			c := *m
			c.Pix = bytes.Clone(m.Pix)
			first = &c
		}
		delays = append(delays, d)
	}
	if _, err := exec.LookPath("webpmux"); err != nil {
		t.Log("webpmux is not installed")
		return first, delays, f.Plays
	}
	dir := t.TempDir()
	name, frame := filepath.Join(dir, "all.webp"), filepath.Join(dir, "frame.webp")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range delays {
		if msg, err := exec.Command("webpmux", "-get", "frame", strconv.Itoa(i+1), name, "-o", frame).CombinedOutput(); err != nil {
			t.Fatalf("webpmux: %v: %s", err, msg)
		}
		one, err := os.ReadFile(frame)
		if err != nil {
			t.Fatal(err)
		}
		dwebpBoth(t, one)
	}
	return first, delays, f.Plays
}

// dwebpBoth reads a still picture with libwebp in two ways.
func dwebpBoth(t *testing.T, b []byte) {
	if _, err := exec.LookPath("dwebp"); err != nil {
		t.Log("dwebp is not installed")
		return
	}
	name := filepath.Join(t.TempDir(), "picture.webp")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{name}, {"-incremental", name}} {
		if msg, err := exec.Command("dwebp", append(args, "-o", os.DevNull)...).CombinedOutput(); err != nil {
			t.Errorf("dwebp %v: %v: %s", args[:len(args)-1], err, msg)
		}
	}
}

// Each sample of a small picture stands for an area of the source. holdAveraged compares the sample
// with the mean of the source's samples in this area.
func holdAveraged(t *testing.T, src []byte, small image.Image, most float64) {
	m, err := jpeg.Decode(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	s, d := m.Bounds().Size(), small.Bounds().Size()
	// cover returns how much of source sample i lies within the stretch of x.
	cover := func(i, x, source, result int) float64 {
		step := float64(source) / float64(result)
		return max(0, min(float64(i+1), float64(x+1)*step)-max(float64(i), float64(x)*step))
	}
	worst := 0.0
	for y := range d.Y {
		for x := range d.X {
			var sum [3]float64
			area := 0.0
			for j := y * s.Y / d.Y; j < min((y+1)*s.Y/d.Y+1, s.Y); j++ {
				for i := x * s.X / d.X; i < min((x+1)*s.X/d.X+1, s.X); i++ {
					a := cover(i, x, s.X, d.X) * cover(j, y, s.Y, d.Y)
					p := color.NRGBAModel.Convert(m.At(i, j)).(color.NRGBA)
					for c, v := range [3]uint8{p.R, p.G, p.B} {
						sum[c] += a * float64(v)
					}
					area += a
				}
			}
			p := color.NRGBAModel.Convert(small.At(x, y)).(color.NRGBA)
			for c, v := range [3]uint8{p.R, p.G, p.B} {
				worst = max(worst, math.Abs(float64(v)-sum[c]/area))
			}
		}
	}
	if worst > most {
		t.Errorf("a sample is off by %.1f from the source's mean, allowed %v", worst, most)
	}
}
