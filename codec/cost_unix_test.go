//go:build unix

package codec

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color/palette"
	"image/draw"
	stdgif "image/gif"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"miniatura/bench/pictures"
	"miniatura/codec/gif"
	"miniatura/codec/png"
	"miniatura/codec/webp"
	"miniatura/sizes"
)

// This file measures jobs and holds the estimates against them. Time is CPU time, and is told in that of a loop of fixed
// work that runs beside each job: a slow or busy machine takes longer for both.

var (
	refitCosts = flag.Bool("refit", false, "measure all jobs and write cost_table.go anew; see TestCostRefit")
	costRows   = flag.String("rows", "", "with -refit, the `file` of measurements: read where it is there, else written")
)

// referenceLoop is how long calibrate takes on the reference core: one of an AMD EPYC server of 2025, 4 % faster than it.
const referenceLoop = 20 * time.Millisecond

// calibration is the loop's, so that it is not left out.
var calibration [1 << 14]uint32

// calibrate does fixed work, arithmetic and look-ups in a table of the size of a level-1 cache, and tells what it took.
func calibrate() time.Duration {
	start := cpuTime()
	x := uint32(1)
	for range 4 << 20 {
		x = x*1664525 + 1013904223
		k := x >> 18
		if v := calibration[k]; v&1 == 0 {
			calibration[k] = v + x>>7
		} else {
			calibration[k] = v ^ x
		}
	}
	return cpuTime() - start
}

// cpuTime is what the process took so far, user and system.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// measureCost measures the job, best of some, in milliseconds of the reference core; ok is false for what is not done.
func measureCost(t *testing.T, src []byte, size sizes.Size, opt Options) (ms float64, ok bool) {
	loop, best := time.Hour, time.Hour
	for i := range 4 {
		loop = min(loop, calibrate())
		runtime.GC()
		start := cpuTime()
		_, _, err := Resize(context.Background(), src, size.Fit, opt)
		best = min(best, cpuTime()-start)
		if err != nil {
			return 0, false
		}
		if i > 0 && best > 100*time.Millisecond || best > time.Second {
			break
		}
	}
	return best.Seconds() * 1000 * float64(referenceLoop) / float64(loop), true
}

// costFiles are the pictures of corpus and graphics, and animations made by code.
func costFiles(t *testing.T) []string {
	dir := sharedFolder(t)
	var files []string
	for _, pattern := range []string{"corpus/*/*", "graphics/*"} {
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	return files
}

// costJobs calls job for each that is to be measured: a source of this name, the size, and what it is to become.
func costJobs(t *testing.T, sizeNames string, job func(name string, src []byte, size sizes.Size, opt Options)) {
	each := func(name string, src []byte) {
		for s := range strings.FieldsSeq(sizeNames) {
			size, ok := sizes.Parse(s)
			if !ok {
				t.Fatal(s)
			}
			for _, f := range []*Format{Sniff(src), WebP} {
				if f != nil && (f != WebP || Sniff(src) != f) {
					job(name, src, size, Options{Format: f, Memory: 2 << 30})
				}
			}
			if Sniff(src) == WebP {
				job(name, src, size, Options{Memory: 2 << 30})
			}
		}
	}
	for _, path := range costFiles(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			continue // a folder
		}
		each(filepath.Base(path), src)
	}
	for _, a := range pictures.Animations() {
		for ext, src := range recordMade(t, a) {
			each(a.Name+ext, src)
		}
	}
}

// recordMade writes an animation made by code as such are found: a sticker as WebP and APNG, the others as GIF, a video's
// colours dithered to a fixed palette.
func recordMade(t *testing.T, a *pictures.Animation) map[string][]byte {
	t.Helper()
	made := map[string][]byte{}
	record := func(ext string, add func(*image.NRGBA) error, end func() ([]byte, error)) {
		if err := a.Play(add); err != nil {
			t.Fatal(err)
		}
		b, err := end()
		if err != nil {
			t.Fatal(err)
		}
		made[ext] = b
	}
	switch {
	case strings.HasPrefix(a.Name, "sticker"):
		w, err := webp.NewAnimationWriter(a.W, a.H, 0, &webp.Options{Quality: 90, Lossy: true})
		if err != nil {
			t.Fatal(err)
		}
		record(".webp", func(m *image.NRGBA) error { return w.Add(m, a.Delay) }, w.Bytes)
		p, err := png.NewAnimationWriter(a.W, a.H, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		record(".png", func(m *image.NRGBA) error { return p.Add(m, a.Delay) }, p.Bytes)
	case strings.HasPrefix(a.Name, "video"):
		var g stdgif.GIF
		record(".gif", func(m *image.NRGBA) error {
			p := image.NewPaletted(m.Rect, palette.Plan9)
			draw.FloydSteinberg.Draw(p, m.Rect, m, image.Point{})
			g.Image, g.Delay = append(g.Image, p), append(g.Delay, int(a.Delay/(10*time.Millisecond)))
			return nil
		}, func() ([]byte, error) {
			var b bytes.Buffer
			err := stdgif.EncodeAll(&b, &g)
			return b.Bytes(), err
		})
	default:
		w, err := gif.NewWriter(a.W, a.H, 0)
		if err != nil {
			t.Fatal(err)
		}
		record(".gif", func(m *image.NRGBA) error { return w.Add(m, a.Delay) }, w.Bytes)
	}
	return made
}

// costRow opens a job's source, for what the model is told of it; nil where it is not done.
func newCostRow(name string, src []byte, size sizes.Size, opt Options) *costRow {
	s, tg, _, err := prepare(src, size.Fit, &opt)
	if err != nil {
		return nil
	}
	return &costRow{file: name, size: size.Name, format: tg.format.name, t: tg, c: s.coding(tg)}
}

// TestCostRefit measures every job and fits cost_table.go to those of one half of the files:
//
//	go test ./codec -run CostRefit -refit -timeout 1h
func TestCostRefit(t *testing.T) {
	if !*refitCosts {
		t.Skip("minutes of work: say -refit")
	}
	known := map[string]float64{}
	cache, err := os.ReadFile(*costRows)
	if err != nil && *costRows != "" && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(cache)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		var ms float64
		fmt.Sscan(value, &ms)
		known[key] = ms
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var rows []costRow
	var text strings.Builder
	costJobs(t, "L M S XS SL SS", func(name string, src []byte, size sizes.Size, opt Options) {
		r := newCostRow(name, src, size, opt)
		if r == nil {
			return
		}
		key := name + " " + size.Name + " " + r.format
		if len(known) > 0 {
			r.ms = known[key]
		} else {
			r.ms, _ = measureCost(t, src, size, opt)
		}
		if r.ms > 0 {
			fmt.Fprintf(&text, "%s\t%g\n", key, r.ms)
			rows = append(rows, *r)
		}
	})
	if *costRows != "" && len(known) == 0 {
		if err := os.WriteFile(*costRows, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var half []costRow
	for _, r := range rows {
		if tuned(r.file) {
			half = append(half, r)
		}
	}
	m := fitCosts(half)
	b, err := m.source("costs was fitted to half of the files. This is milliseconds of the reference core.\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("cost_table.go", b, 0o644); err != nil {
		t.Fatal(err)
	}
	costs = *m
	checkCosts(t, "the half that the table was fitted to", half)
	var rest []costRow
	for _, r := range rows {
		if !tuned(r.file) {
			rest = append(rest, r)
		}
	}
	checkCosts(t, "the other half", rest)
}

// checkCosts reports how many rows are estimated within a factor of 2.
func checkCosts(t *testing.T, title string, rows []costRow) (share float64) {
	n, within := 0, 0
	type bad struct {
		ratio float64
		r     *costRow
	}
	var bads []bad
	for i := range rows {
		r := &rows[i]
		if r.ms < worthwhile {
			continue
		}
		n++
		ratio := costs.estimate(r.t, &r.c) / r.ms
		if ratio >= 0.5 && ratio <= 2 {
			within++
		}
		bads = append(bads, bad{ratio, r})
	}
	slices.SortFunc(bads, func(a, b bad) int {
		x, y := math.Abs(math.Log(a.ratio)), math.Abs(math.Log(b.ratio))
		if x > y {
			return -1
		}
		return 1
	})
	share = float64(within) / float64(n)
	t.Logf("%s: %d of %d jobs of %d ms and more within a factor of 2, %.1f %%", title, within, n, worthwhile, 100*share)
	for _, b := range bads[:min(len(bads), 40)] {
		t.Logf("  %.2f times %.1f ms: %v [%s; %s a%v d%.2f]", b.ratio, b.r.ms, b.r, b.r.c.name, road(b.r.t, &b.r.c), b.r.c.alpha, math.Log2(float64(b.r.c.bytes)/float64(b.r.t.sw*b.r.t.sh*b.r.t.frames)))
	}
	return share
}
