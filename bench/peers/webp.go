package main

// This file compares codec/webp with cwebp -m 4 on photos of about 1280x720: the BD-rate (how many
// percent more bytes codec/webp needs at equal quality) on the three scales of quality in webpAxes,
// and the bytes at quality 80. CPU is compared with libwebp's. There are two sets of photos:
// codec/webp is tuned on one, and reports are made with the other.

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"miniatura/bench/metrics"
	"miniatura/codec/webp"
)

var (
	webpSet    = flag.String("webp-set", "report", "webp: which photographs: tune, report or all")
	webpMax    = flag.Int("webp-max", 0, "webp: at most this many photographs (0: all of the set)")
	webpEffort = flag.String("webp-effort", "default", "webp: default or high")
	webpButter = flag.Bool("webp-butteraugli", true, "webp: measure butteraugli's 3-norm too (slow)")
	webpCPU    = flag.Bool("webp-cpu", true, "webp: measure CPU too")
)

// webpQualities are the quality numbers at which photos are encoded.
var webpQualities = []int{50, 60, 70, 80, 90, 95}

// A webpRow is the result for one photo.
type webpRow struct {
	name     string
	rate     [3]float64 // BD-rates of codec/webp against cwebp, in percent, for each of webpAxes
	own, lib webpPoint  // of codec/webp and of cwebp, at quality 80
}

// bytesRatio returns codec/webp's bytes over cwebp's, at quality 80.
func (r webpRow) bytesRatio() float64 { return float64(r.own.Bytes) / float64(r.lib.Bytes) }

// butteraugliAxis is the index in webpAxes of the scale that is left out without butteraugli_main.
const butteraugliAxis = 2

// webpAxes are the scales of quality. Each rises with quality, and equal steps look about equal.
var webpAxes = [3]struct {
	name, measure string
	of            func(webpPoint) float64
}{
	{"PSNR-Y", "bd_psnr", func(p webpPoint) float64 { return p.PSNR }},
	{"SSIM-Y", "bd_ssim", func(p webpPoint) float64 { return metrics.DB(p.SSIM) }},
	{"butteraugli 3-norm", "bd_butteraugli", func(p webpPoint) float64 { return -p.Butteraugli }},
}

// webpSection adds the rows about lossy WebP.
func webpSection(s *suite) error {
	effort := *webpEffort
	if effort != "default" && effort != "high" {
		return fmt.Errorf("no effort %q", effort)
	}
	if s.photos == "" {
		s.skip("webp", "there are no photographs")
		return nil
	}
	printed, err := exec.Command("cwebp", "-version").Output()
	if err != nil {
		s.miss("cwebp is missing (no rows of webp): apt-get install webp")
		return nil
	}
	cwebpVersion, _, _ := strings.Cut(strings.TrimSpace(string(printed)), "\n")
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	qualities := webpQualities
	if s.short {
		*webpMax, qualities = 2, []int{50, 80, 95}
	}
	corpus, kept := filepath.Dir(s.photos), filepath.Join(cache, "miniatura-bench")
	pictures, err := webpPictures(corpus, kept, *webpSet, *webpMax)
	if err != nil {
		return err
	}
	if len(pictures) == 0 {
		s.skip("webp", "none of the photographs it knows is in "+s.photos)
		return nil
	}
	scratch := "" // the folder for butteraugli_main's files; "" means that it is not used
	if *webpButter && !s.short {
		if _, err := exec.LookPath("butteraugli_main"); err != nil {
			s.miss("butteraugli_main is missing (no bd_butteraugli): apt-get install libjxl-devtools")
		} else {
			scratch = s.dir
		}
	}
	var rows []webpRow
	for _, p := range pictures {
		row, err := webpRowOf(p, qualities, effort, scratch, cwebpVersion)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		s.say("%-36s PSNR %+6.2f %%  SSIM %+6.2f %%  butteraugli %+6.2f %%  bytes at q80 %.3f",
			row.name, row.rate[0], row.rate[1], row.rate[2], row.bytesRatio())
	}
	s.webpRows(rows, qualities, effort, scratch != "")
	if !*webpCPU {
		return nil
	}
	if err := s.webpCPU(pictures, effort); err != nil {
		return err
	}
	return s.webpResizeRows()
}

// webpResizeRows adds the rows that compare resizing JPEGs to WebPs of size M with sharp's.
func (s *suite) webpResizeRows() error {
	all, err := s.baselines()
	if err != nil {
		return err
	}
	contenders := slices.DeleteFunc(s.contenders(), func(c contender) bool { return c.name == "pillow" })
	for _, p := range all {
		if !p.named {
			continue
		}
		work := p.name + " jpeg -> M webp q80"
		got := s.compare(work, "webp", p.path, p.box("M"), s.iterations(5), contenders)
		for _, variant := range []string{"avx2", "purego"} {
			ours, ok := got[variant]
			if !ok {
				continue
			}
			peer, theirs := "", got["sharp"]
			if theirs.cpu > 0 {
				peer = "sharp"
			}
			s.row(work, variant, "cpu_ms", ours.cpu, peer, theirs.cpu)
			s.row(work, variant, "rss_mb", ours.rss, peer, theirs.rss)
			s.row(work, variant, "bytes", float64(ours.bytes), peer, float64(theirs.bytes))
		}
	}
	return nil
}

// webpRows prints the table of BD-rates and of bytes at quality 80, and adds the same figures as
// Rows.
func (s *suite) webpRows(rows []webpRow, qualities []int, effort string, butteraugli bool) {
	work := fmt.Sprintf("%d photos -> webp, %s effort", len(rows), effort)
	const peer = "cwebp -m 4"
	fmt.Printf("\n%s, against %s (set %s, q %v)\n", work, peer, *webpSet, qualities)
	fmt.Printf("%-22s %9s   %s\n", "BD-rate of bytes", "mean", "worst picture")
	for i, axis := range webpAxes {
		if i == butteraugliAxis && !butteraugli {
			continue
		}
		mean := 0.0
		for _, r := range rows {
			mean += r.rate[i] / float64(len(rows))
		}
		worst := slices.MaxFunc(rows, func(a, b webpRow) int { return cmp.Compare(a.rate[i], b.rate[i]) })
		fmt.Printf("%-22s %+8.2f%%   %+.2f%% %s\n", axis.name, mean, worst.rate[i], worst.name)
		s.row(work, "avx2", axis.measure, mean, "", 0)
		s.row(work+", "+worst.name, "avx2", axis.measure+"_worst", worst.rate[i], "", 0)
	}
	// Means over the photos at quality 80. dB and ssim are how much codec/webp's PSNR and SSIM are
	// above cwebp's.
	logRatio, own, lib, dB, ssim := 0.0, 0.0, 0.0, 0.0, 0.0
	for _, r := range rows {
		n := float64(len(rows))
		logRatio += math.Log(r.bytesRatio()) / n
		own += float64(r.own.Bytes) / n
		lib += float64(r.lib.Bytes) / n
		dB += (r.own.PSNR - r.lib.PSNR) / n
		ssim += (r.own.SSIM - r.lib.SSIM) / n
	}
	ratio := math.Exp(logRatio)
	fmt.Printf("%-22s %9.3f   (geometric mean; there PSNR %+.2f dB, SSIM %+.5f)\n", "bytes at q80", ratio, dB, ssim)
	s.row(work, "avx2", "bytes_q80", own, peer, lib)
}

// webpOptions returns codec/webp's options for quality q. The files are always lossy.
func webpOptions(q int, effort string) *webp.Options {
	o := &webp.Options{Quality: q, Lossy: true}
	if effort == "high" {
		o.Effort = webp.HighEffort
	}
	return o
}

// webpRowOf measures one photo with both encoders. scratch is passed to webpMeasure, and version is
// cwebp's.
func webpRowOf(p webpPicture, qualities []int, effort, scratch, version string) (webpRow, error) {
	row := webpRow{name: p.name}
	ref := metrics.Luma(p.m)
	var lib, own [3][]metrics.Point
	for _, q := range qualities {
		libPoint, err := cwebpPoint(p, ref, q, scratch, version)
		if err != nil {
			return webpRow{}, err
		}
		file, err := webp.Append(nil, p.m, webpOptions(q, effort))
		if err != nil {
			return webpRow{}, fmt.Errorf("%s q %d: %w", p.name, q, err)
		}
		ownPoint, err := webpMeasure(p, ref, q, file, scratch)
		if err != nil {
			return webpRow{}, err
		}
		if q == 80 {
			row.lib, row.own = libPoint, ownPoint
		}
		for i, axis := range webpAxes {
			lib[i] = append(lib[i], metrics.Point{Quality: axis.of(libPoint), Bytes: float64(libPoint.Bytes)})
			own[i] = append(own[i], metrics.Point{Quality: axis.of(ownPoint), Bytes: float64(ownPoint.Bytes)})
		}
	}
	for i := range webpAxes {
		if i == butteraugliAxis && scratch == "" {
			continue
		}
		v, ok := metrics.BDRate(lib[i], own[i])
		if !ok {
			return webpRow{}, errors.New(p.name + ": the two curves share no range of quality")
		}
		row.rate[i] = v
	}
	return row, nil
}
