package main

// This file makes the table of screenshots, diagrams and logos.

import (
	"fmt"
	"strings"
)

// graphicsTable returns the table of ratios to peers over all still PNGs and WebPs: the geometric
// mean and the worst.
func (r *results) graphicsTable() string {
	t := newTable("as a part of theirs: mean, worst", "CPU", "peak memory", "bytes")
	const prefix = "all graphics, "
	for _, work := range r.works(func(work string) bool { return strings.HasPrefix(work, prefix) }) {
		for _, peer := range []struct{ name, title string }{
			{"sharp", "sharp's"}, {"sharp effort 2", "sharp's, WebP effort 2"}, {"pillow", "Pillow's"},
		} {
			cells := []string{title(strings.TrimPrefix(work, prefix)) + ", " + peer.title}
			for _, measure := range []string{"cpu", "rss", "bytes"} {
				mean, ok := r.ratio(work, "avx2", measure+"_ratio_geomean", peer.name)
				worst, ok1 := r.ratio(work, "avx2", measure+"_ratio_worst", peer.name)
				if !ok || !ok1 {
					break // a line with too few cells is left out
				}
				cells = append(cells, fmt.Sprintf("%.2f, %.2f", mean, worst))
			}
			if len(cells) == 4 {
				t.row(cells...)
			}
		}
	}
	return t.text()
}
