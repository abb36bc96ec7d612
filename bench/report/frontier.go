package main

// This file makes the tables that compare both writers with the best encoders.

import (
	"fmt"
	"strings"
)

// writers are this project's encoders in these tables, by the names of their rows.
var writers = map[string]string{"ours jpg": "JPEG", "ours webp": "WebP", "ours high webp": "WebP with effort high"}

// frontier returns a table that compares bytes at equal quality with the best encoders of a format,
// for four measures of quality.
func (r *results) frontier(owns ...string) string {
	kinds := []struct{ key, name string }{{"ssimulacra2", "SSIMULACRA2"}, {"butteraugli", "butteraugli's 3-norm"}, {"ssim_y", "SSIM"}, {"psnr_y", "PSNR"}}
	columns := []string{"bytes at equal quality: mean, worst picture"}
	for _, k := range kinds {
		columns = append(columns, k.name)
	}
	t := newTable(columns...)
	for _, own := range owns {
		work := "curve frontier " + own
		var peers []string
		seen := map[string]bool{}
		for _, row := range r.rows {
			if row.Work == work && !seen[row.Peer] {
				seen[row.Peer] = true
				peers = append(peers, row.Peer)
			}
		}
		for _, peer := range peers {
			cells := []string{writers[own] + " beside " + peerName(peer)}
			for _, k := range kinds {
				mean, ok := r.ratio(work, "avx2", "bytes_at_equal_"+k.key, peer)
				worst, ok1 := r.ratio(work, "avx2", "bytes_at_equal_"+k.key+"_worst", peer)
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

func (r *results) frontierJPEG() string {
	return r.drawn("frontier-jpeg.svg", "JPEG: size against SSIMULACRA2") + r.frontier("ours jpg")
}

func (r *results) frontierWebP() string {
	return r.drawn("frontier-webp.svg", "WebP: size against SSIMULACRA2") + r.frontier("ours webp", "ours high webp")
}

// drawn returns the Markdown that shows a plot, or "" when the plot does not exist.
func (r *results) drawn(file, title string) string {
	if r.plots()[file] == "" {
		return ""
	}
	return fmt.Sprintf("![%s](%s)\n\n", title, file)
}

// megapixelPlots returns the Markdown that shows both plots against megapixels.
func (r *results) megapixelPlots() string {
	return strings.TrimSpace(r.drawn("cpu.svg", "CPU against megapixels")+r.drawn("memory.svg", "Memory against megapixels")) + "\n"
}

func (r *results) jpegPlot() string { return r.drawn("jpeg.svg", "JPEG: size against SSIM") }
func (r *results) webpPlot() string { return r.drawn("webp.svg", "WebP: size against SSIM") }
