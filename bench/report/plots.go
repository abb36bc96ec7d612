package main

// This file defines the plots.

import (
	"fmt"
	"slices"
	"strings"
)

// peerLines are the lines of peers in all plots, with the lines' names, colors and marks. No two
// lines of one plot have the same color or mark.
var peerLines = []struct {
	key, name string
	color     int
	shape     string
}{
	{"sharp", "sharp", 1, "square"},
	{"pillow", "Pillow", 2, "triangle"},
	{"cwebp", "cwebp -m 4", 3, "diamond"},
	{"std", "image/jpeg + draw", 4, "cross"},
	{"jpegli420", "jpegli 4:2:0", 1, "flag"},
	{"mozjpeg420", "mozjpeg", 2, "triangle"},
	{"cwebp-m6", "cwebp -m 6", 1, "square"},
}

// plots returns every plot as SVG by the name of its file. Plots without rows are left out.
func (r *results) plots() map[string]string {
	all := map[string]string{}
	for _, c := range []struct {
		file, measure, title, label string
	}{
		{"cpu.svg", "cpu_ms", "CPU for one JPEG into size M, one thread", "milliseconds"},
		{"memory.svg", "rss_mb", "Peak memory of a process that makes one such JPEG", "MB"},
	} {
		if p, ok := r.againstMegapixels(c.measure, c.title, c.label); ok {
			all[c.file] = p.svg()
		}
	}
	for _, c := range []struct{ file, curve, name, measure, label string }{
		{"webp.svg", "webp", "WebP", "ssim_db", "dB of SSIM: -10 log10(1 - SSIM)"},
		{"jpeg.svg", "jpg", "JPEG", "ssim_db", "dB of SSIM: -10 log10(1 - SSIM)"},
		{"frontier-webp.svg", "frontier ours webp", "WebP", "ssimulacra2", "SSIMULACRA2"},
		{"frontier-jpeg.svg", "frontier ours jpg", "JPEG", "ssimulacra2", "SSIMULACRA2"},
	} {
		if p, ok := r.againstBits(c.curve, c.name, c.measure, c.label); ok {
			all[c.file] = p.svg()
		}
	}
	return all
}

// againstMegapixels returns the plot of a measure against the megapixels of the source. It returns
// false when there is nothing to draw.
func (r *results) againstMegapixels(measure, title, label string) (plot, bool) {
	p := plot{title: title, x: axis{label: "megapixels of the source", log: true}, y: axis{label: label, log: true}}
	works := r.works(func(work string) bool { return strings.HasSuffix(work, "MP made -> M jpeg q80") })
	// add adds the line s, with a point for each work for which figure returns a value.
	add := func(s series, figure func(work string) (float64, bool)) {
		for _, work := range works {
			var x float64
			if _, err := fmt.Sscanf(work, "%fMP", &x); err != nil {
				continue
			}
			if y, ok := figure(work); ok && y > 0 {
				s.points = append(s.points, point{x, y})
			}
		}
		if len(s.points) > 0 {
			p.series = append(p.series, s)
		}
	}
	for _, peer := range peerLines {
		add(series{name: peer.name, color: peer.color, shape: peer.shape}, func(work string) (float64, bool) {
			return r.theirs(work, measure, peer.key)
		})
	}
	if measure == "cpu_ms" {
		add(series{name: "without AVX2", shape: "ring", dashed: true}, func(work string) (float64, bool) {
			return r.ours(work, "purego", measure)
		})
	}
	// Ours comes last, so that it is drawn on top.
	add(series{name: "miniatura", shape: "dot"}, func(work string) (float64, bool) {
		return r.ours(work, "avx2", measure)
	})
	return p.withScale()
}

// againstBits returns the plot of a measure of likeness against bits per pixel, with a point for
// each quality setting. It returns false when there is nothing to draw.
func (r *results) againstBits(curve, name, measure, label string) (plot, bool) {
	p := plot{
		title: name + ": likeness against size at qualities 50 to 95",
		x:     axis{label: "bits a pixel (left is smaller)", log: true},
		y:     axis{label: label},
	}
	works := r.works(func(work string) bool { return strings.HasPrefix(work, "curve "+curve+" q") })
	// add adds the line s, with a point for each work for which figure returns both values.
	add := func(s series, figure func(work, measure string) (float64, bool)) {
		for _, work := range works {
			x, okX := figure(work, "bits_per_pixel")
			y, okY := figure(work, measure)
			if okX && okY {
				s.points = append(s.points, point{x, y})
			}
		}
		if len(s.points) > 0 {
			p.series = append(p.series, s)
		}
	}
	for _, peer := range peerLines {
		name := strings.TrimSuffix(peer.name, " + draw")
		add(series{name: name, color: peer.color, shape: peer.shape}, func(work, measure string) (float64, bool) {
			return r.theirs(work, measure, peer.key)
		})
	}
	// Ours comes last, so that it is drawn on top.
	add(series{name: "miniatura", shape: "dot"}, func(work, measure string) (float64, bool) {
		return r.ours(work, "avx2", measure)
	})
	return p.withScale()
}

// withScale sets the range and the ticks of both axes. It returns false when an axis has no two
// different values, so that there is nothing to draw.
func (p plot) withScale() (plot, bool) {
	var xs, ys []float64
	for _, s := range p.series {
		for _, q := range s.points {
			xs, ys = append(xs, q.x), append(ys, q.y)
		}
	}
	if len(xs) == 0 {
		return p, false
	}
	leastX, mostX := slices.Min(xs), slices.Max(xs)
	leastY, mostY := slices.Min(ys), slices.Max(ys)
	if leastX == mostX || leastY == mostY {
		return p, false
	}
	p.x = p.x.withRange(leastX, mostX)
	p.y = p.y.withRange(leastY, mostY)
	return p, true
}
