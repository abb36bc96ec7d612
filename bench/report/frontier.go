package main

// This file makes the tables that compare this project's JPEG and WebP with the best encoders.

import (
	"fmt"
	"slices"
	"strings"
)

// writers are this project's encoders in these tables, by the names of their rows.
var writers = map[string]string{"ours jpg": "JPEG", "ours webp": "WebP", "ours high webp": "WebP with effort high"}

// frontier returns a table that compares some of writers with the best encoders of their format:
// bytes at equal quality, for four measures of quality.
func (r *results) frontier(names ...string) string {
	kinds := []struct{ key, name string }{
		{"ssimulacra2", "SSIMULACRA2"}, {"butteraugli", "butteraugli's 3-norm"}, {"ssim_y", "SSIM"}, {"psnr_y", "PSNR"},
	}
	columns := []string{"bytes at equal quality: mean, worst picture"}
	for _, k := range kinds {
		columns = append(columns, k.name)
	}
	t := newTable(columns...)
	for _, name := range names {
		work := "curve frontier " + name
		for _, peer := range r.peersOf(work) {
			cells := []string{writers[name] + " beside " + peerName(peer)}
			for _, k := range kinds {
				measure := "bytes_at_equal_" + k.key
				mean, ok := r.ratio(work, "avx2", measure, peer)
				worst, ok1 := r.ratio(work, "avx2", measure+"_worst", peer)
				if !ok || !ok1 {
					cells = append(cells, "-")
					continue
				}
				cells = append(cells, percent(100*(mean-1), true)+", "+percent(100*(worst-1), true))
			}
			t.row(cells...)
		}
	}
	return t.text()
}

// peersOf returns the peers that work was compared with, each once, in the order of the rows.
func (r *results) peersOf(work string) []string {
	var peers []string
	for _, row := range r.rows {
		if row.Work == work && !slices.Contains(peers, row.Peer) {
			peers = append(peers, row.Peer)
		}
	}
	return peers
}

func (r *results) frontierJPEG() string {
	return r.showPlot("frontier-jpeg.svg", "JPEG: size against SSIMULACRA2") + r.frontier("ours jpg")
}

func (r *results) frontierWebP() string {
	return r.showPlot("frontier-webp.svg", "WebP: size against SSIMULACRA2") + r.frontier("ours webp", "ours high webp")
}

// showPlot returns the Markdown that shows a plot, or "" when the plot does not exist.
func (r *results) showPlot(file, title string) string {
	if r.plots()[file] == "" {
		return ""
	}
	return fmt.Sprintf("![%s](%s)\n\n", title, file)
}

// megapixelPlots returns the Markdown that shows the plots of CPU time and of memory against
// megapixels.
func (r *results) megapixelPlots() string {
	cpu := r.showPlot("cpu.svg", "CPU against megapixels")
	memory := r.showPlot("memory.svg", "Memory against megapixels")
	return strings.TrimSpace(cpu+memory) + "\n"
}

func (r *results) jpegPlot() string { return r.showPlot("jpeg.svg", "JPEG: size against SSIM") }
func (r *results) webpPlot() string { return r.showPlot("webp.svg", "WebP: size against SSIM") }
