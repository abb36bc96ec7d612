//go:build webppeers

package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	ourwebp "miniatura/codec/webp"
)

// The webp section holds codec/webp against cwebp -m 4 on photographs at about 1280x720:
// BD-rate (bytes at equal quality, PCHIP on log bytes) on three axes of quality, bytes at
// quality 80, and CPU against libwebp in process. Negative BD-rates are ours being smaller.
var (
	webpSet    = flag.String("webp-set", "report", "webp: which photographs: tune, report or all")
	webpMax    = flag.Int("webp-max", 0, "webp: at most this many photographs (0: all of the set)")
	webpEffort = flag.String("webp-effort", "default", "webp: default or high")
	webpButter = flag.Bool("webp-butteraugli", true, "webp: measure butteraugli's 3-norm too (slow)")
	webpNoCPU  = flag.Bool("webp-nocpu", false, "webp: leave the CPU out")
)

var webpQualities = []int{50, 60, 70, 80, 90, 95}

// webpRow is the answer for one photograph. The BD-rates are in percent of cwebp's bytes.
type webpRow struct {
	name               string
	psnr, ssim, butter float64
	bytes80, ref80     int
	cpu, libCPU        float64 // ms, 0 when not measured
	dPSNR80, dSSIM80   float64
	hasButter          bool
}

// webpTable is what the section found.
type webpTable struct {
	rows   []webpRow
	effort string
	notes  []string
}

func measureWebP(corpus string, progress io.Writer) (*webpTable, error) {
	t := &webpTable{effort: *webpEffort}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "miniatura-bench")
	if _, err := exec.LookPath("cwebp"); err != nil {
		return nil, fmt.Errorf("cwebp is not installed (Debian: webp)")
	}
	v, err := exec.Command("cwebp", "-version").Output()
	if err != nil {
		return nil, fmt.Errorf("cwebp -version: %w", err)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(v)), "\n")
	pictures, err := webpPictures(corpus, cache, *webpSet, *webpMax)
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, fmt.Errorf("no photographs under %s", corpus)
	}
	work, err := os.MkdirTemp("", "peers-webp-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	scratch := work
	if !*webpButter {
		scratch = ""
	} else if _, err := exec.LookPath("butteraugli_main"); err != nil {
		t.notes = append(t.notes, "butteraugli_main is not installed (Debian: libjxl-devtools): no butteraugli column")
		scratch = ""
	}
	loop := ""
	if !*webpNoCPU {
		if loop, err = buildLibwebpLoop(work); err != nil {
			t.notes = append(t.notes, "no CPU column: "+err.Error())
		}
	}
	for _, p := range pictures {
		row, err := webpRowOf(p, scratch, version)
		if err != nil {
			return nil, err
		}
		if loop != "" {
			if row.libCPU, row.cpu, err = webpCPU(loop, p, 80, webpOptions(80), work); err != nil {
				return nil, err
			}
		}
		t.rows = append(t.rows, row)
		fmt.Fprintf(progress, "%-36s PSNR %+6.2f %%  SSIM %+6.2f %%  butteraugli %+6.2f %%  bytes q80 %.3f  CPU %.2f\n",
			row.name, row.psnr, row.ssim, row.butter, float64(row.bytes80)/float64(row.ref80), ratio(row.cpu, row.libCPU))
	}
	return t, nil
}

func webpOptions(q int) *ourwebp.Options {
	o := &ourwebp.Options{Quality: q, Lossy: true}
	if *webpEffort == "high" {
		o.Effort = ourwebp.High
	}
	return o
}

func webpRowOf(p webpPicture, scratch, version string) (webpRow, error) {
	row := webpRow{name: p.name, hasButter: scratch != ""}
	ref := newSSIMRef(lumaOf(p.m))
	axes := [3]func(webpPoint) float64{
		func(p webpPoint) float64 { return p.PSNR },
		func(p webpPoint) float64 { return -10 * math.Log10(1-p.SSIM) },
		func(p webpPoint) float64 { return -p.Butteraugli },
	}
	var a, b [3][]ratePoint
	for _, q := range webpQualities {
		lib, err := cwebpPoint(p, ref, q, scratch, version)
		if err != nil {
			return row, err
		}
		file, err := ourwebp.Append(nil, p.m, webpOptions(q))
		if err != nil {
			return row, fmt.Errorf("%s q %d: %w", p.name, q, err)
		}
		own, err := webpMeasure(p, ref, q, file, scratch)
		if err != nil {
			return row, err
		}
		if q == 80 {
			row.bytes80, row.ref80 = own.Bytes, lib.Bytes
			row.dPSNR80, row.dSSIM80 = own.PSNR-lib.PSNR, own.SSIM-lib.SSIM
		}
		for i, axis := range axes {
			a[i] = append(a[i], ratePoint{float64(lib.Bytes), axis(lib)})
			b[i] = append(b[i], ratePoint{float64(own.Bytes), axis(own)})
		}
	}
	for i, into := range []*float64{&row.psnr, &row.ssim, &row.butter} {
		if i == 2 && !row.hasButter {
			continue
		}
		v, err := bdRate(a[i], b[i])
		if err != nil {
			return row, fmt.Errorf("%s: %w", p.name, err)
		}
		*into = v
	}
	return row, nil
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// mean of f over the rows.
func (t *webpTable) mean(f func(webpRow) float64) float64 {
	s := 0.0
	for _, r := range t.rows {
		s += f(r)
	}
	return s / float64(len(t.rows))
}

// worst gives the row where f is largest.
func (t *webpTable) worst(f func(webpRow) float64) webpRow {
	rows := append([]webpRow(nil), t.rows...)
	sort.SliceStable(rows, func(i, j int) bool { return f(rows[i]) > f(rows[j]) })
	return rows[0]
}

func (t *webpTable) print(w io.Writer) {
	psnr := func(r webpRow) float64 { return r.psnr }
	ssim := func(r webpRow) float64 { return r.ssim }
	butter := func(r webpRow) float64 { return r.butter }
	fmt.Fprintf(w, "codec/webp, %s effort, against cwebp -m 4: %d photographs (set %s) at about 1280x720, q %v\n", t.effort, len(t.rows), *webpSet, webpQualities)
	fmt.Fprintf(w, "%-22s %8s   %s\n", "BD-rate of bytes", "mean", "worst picture")
	for _, m := range []struct {
		name string
		f    func(webpRow) float64
		has  bool
	}{{"PSNR-Y", psnr, true}, {"SSIM-Y", ssim, true}, {"butteraugli 3-norm", butter, t.rows[0].hasButter}} {
		if !m.has {
			continue
		}
		x := t.worst(m.f)
		fmt.Fprintf(w, "%-22s %+7.2f%%   %+.2f%% %s\n", m.name, t.mean(m.f), m.f(x), x.name)
	}
	fmt.Fprintf(w, "%-22s %8.3f   (ratio, geometric mean; PSNR %+.2f dB, SSIM %+.5f there)\n", "bytes at q80", t.bytes80(), t.mean(func(r webpRow) float64 { return r.dPSNR80 }), t.mean(func(r webpRow) float64 { return r.dSSIM80 }))
	if own, lib := t.cpu(); lib > 0 {
		fmt.Fprintf(w, "%-22s %8.2f   (%.1f ms against libwebp's %.1f ms a picture, one thread, q80, RGBA in)\n", "CPU / libwebp -m 4", own/lib, own, lib)
	}
	for _, n := range t.notes {
		fmt.Fprintln(w, "webp:", n)
	}
}

// bytes80 is the geometric mean of our bytes over cwebp's at quality 80.
func (t *webpTable) bytes80() float64 {
	return math.Exp(t.mean(func(r webpRow) float64 { return math.Log(float64(r.bytes80) / float64(r.ref80)) }))
}

// cpu gives the mean CPU milliseconds a picture, ours and libwebp's.
func (t *webpTable) cpu() (own, lib float64) {
	return t.mean(func(r webpRow) float64 { return r.cpu }), t.mean(func(r webpRow) float64 { return r.libCPU })
}
