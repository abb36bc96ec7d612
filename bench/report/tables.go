package main

// This file makes the tables of JPEG, PNG, and of what the rows were measured on.

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// parts are the functions that write the parts of the documents, by the part's name.
var parts = map[string]func(*results) string{
	"about":  (*results).machineLine,
	"lead":   (*results).leadTable,
	"cpu":    (*results).cpuTable,
	"photos": (*results).photosTable,
	"ratios": (*results).ratioTable,
	"rss":    (*results).memoryTable,
	"ssim":   (*results).likenessTable,
	"jpeg":   (*results).writerTable,
	"webp":   (*results).webpTable,
	"png":    (*results).pngTable,

	"megapixels":    (*results).megapixelPlots,
	"jpeg plot":     (*results).jpegPlot,
	"webp plot":     (*results).webpPlot,
	"frontier jpeg": (*results).frontierJPEG,
	"frontier webp": (*results).frontierWebP,

	"graphics":       (*results).graphicsTable,
	"animation":      (*results).movingTable,
	"each animation": (*results).eachMoving,
	"lambda":         (*results).waitingTable,
	"loses":          (*results).losesTable,
}

// notMeasured is the text in the place of a table without rows.
const notMeasured = "Not measured in this run.\n"

// machineLine returns a sentence about what the rows were measured on.
func (r *results) machineLine() string {
	photos := "pictures made by code"
	if r.Photos {
		photos = "real photos"
	}
	versions := strings.Join(r.Versions, ", ")
	return fmt.Sprintf("Measured on %s, one core, with %s; %s; commit %s, %s.", r.Machine, versions, photos, r.Commit, r.Date)
}

// A table is a Markdown table that is being written.
type table struct {
	strings.Builder
	rows int // including the heading
}

// newTable returns a table with a heading. The first column is aligned left, the others right.
func newTable(columns ...string) *table {
	t := new(table)
	t.row(columns...)
	t.WriteString("|---" + strings.Repeat("|---:", len(columns)-1) + "|\n")
	return t
}

func (t *table) row(cells ...string) {
	t.rows++
	fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | "))
}

// text returns the table, or notMeasured if it has only a heading.
func (t *table) text() string {
	if t.rows < 2 {
		return notMeasured
	}
	return t.String()
}

// cell returns a figure with about three digits, or a dash when it is 0 or was not measured.
func cell(v float64, ok bool) string {
	switch {
	case !ok || v == 0:
		return "-"
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// percent returns a cell with a change in percent, or a dash when the change was not measured.
func percent(v float64, ok bool) string {
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%+.1f %%", v)
}

// kilo returns a number of bytes as a cell in kB.
func kilo(v float64, ok bool) string { return cell(v/1000, ok) }

// jpegWork matches the making of a JPEG from a JPEG that is named by its megapixels.
var jpegWork = regexp.MustCompile(`^(\d+MP) (baseline|progressive) -> (\w+) jpeg q80$`)

// title returns the name of some work in words: "12MP jpeg -> M webp q80" becomes "12 MP jpeg to M
// webp".
func title(work string) string {
	return strings.NewReplacer("MP ", " MP ", " q80", "", "->", "to").Replace(work)
}

// leadTable returns the first table of the README: a photo of 12 megapixels, the start, the zip.
func (r *results) leadTable() string {
	const (
		photo  = "12MP baseline -> M jpeg q80"
		toWebP = "12MP jpeg -> M webp q80"
		png    = "12MP photo png -> M jpeg q80"
		start  = "start to first poll"
	)
	t := newTable("", "miniatura", "sharp", "Pillow", "image/jpeg + x/image/draw")
	add := func(name, work, variant, measure string) {
		cells := []string{name, cell(r.ours(work, variant, measure))}
		for _, peer := range []string{"sharp", "pillow", "std"} {
			cells = append(cells, cell(r.theirs(work, measure, peer)))
		}
		t.row(cells...)
	}
	add("12 MP photo to JPEG of size M, CPU ms", photo, "avx2", "cpu_ms")
	add("the same, peak memory MB", photo, "avx2", "rss_mb")
	add("12 MP photo to WebP of size M, CPU ms", toWebP, "avx2", "cpu_ms")
	add("12 MP PNG to JPEG of size M, CPU ms", png, "avx2", "cpu_ms")
	add("process start to first request taken, ms", start, "edge", "ms_min")
	add("zip, MB", "zip", "edge", "mb")
	return t.text()
}

// cpuTable returns the table of CPU time for JPEG to JPEG.
func (r *results) cpuTable() string {
	works := r.works(jpegWork.MatchString)
	peers, names := r.jpegPeers(works, "cpu_ms")
	t := newTable(append([]string{"CPU ms", "miniatura", "without AVX2"}, names...)...)
	for _, work := range works {
		cells := []string{title(work)}
		for _, variant := range []string{"avx2", "purego"} {
			cells = append(cells, cell(r.ours(work, variant, "cpu_ms")))
		}
		for _, peer := range peers {
			cells = append(cells, cell(r.theirs(work, "cpu_ms", peer)))
		}
		t.row(cells...)
	}
	return t.text()
}

// jpegPeers returns the peers that were measured with at least one of works, and the headings of
// their columns.
func (r *results) jpegPeers(works []string, measure string) (keys, names []string) {
	for _, peer := range []struct{ key, name string }{
		{"sharp", "sharp"}, {"sharp mozjpeg", "sharp with mozjpeg"}, {"pillow", "Pillow"}, {"std", "image/jpeg + draw"},
	} {
		measured := func(work string) bool { _, ok := r.theirs(work, measure, peer.key); return ok }
		if slices.ContainsFunc(works, measured) {
			keys = append(keys, peer.key)
			names = append(names, peer.name)
		}
	}
	return keys, names
}

// photoWork matches the making of a JPEG of size M from a baseline JPEG of any name.
var photoWork = regexp.MustCompile(`^(.+) baseline -> M jpeg q80$`)

// photosTable returns the table of the photos that are not in cpuTable, in order of megapixels.
func (r *results) photosTable() string {
	t := newTable("photo to M jpeg, CPU ms", "megapixels", "miniatura", "without AVX2", "sharp", "Pillow")
	works := r.works(func(work string) bool { return photoWork.MatchString(work) && !jpegWork.MatchString(work) })
	megapixels := func(work string) float64 { v, _ := r.ours(work, "avx2", "megapixels"); return v }
	slices.SortStableFunc(works, func(a, b string) int { return cmp.Compare(megapixels(a), megapixels(b)) })
	for _, work := range works {
		t.row(
			photoWork.FindStringSubmatch(work)[1],
			cell(r.ours(work, "avx2", "megapixels")),
			cell(r.ours(work, "avx2", "cpu_ms")),
			cell(r.ours(work, "purego", "cpu_ms")),
			cell(r.theirs(work, "cpu_ms", "sharp")),
			cell(r.theirs(work, "cpu_ms", "pillow")),
		)
	}
	return t.text()
}

// ratioTable returns the table of CPU time for JPEG to JPEG, over all photos, as a part of each
// peer's CPU time.
func (r *results) ratioTable() string {
	peers, names := r.jpegPeers(r.works(jpegWork.MatchString), "cpu_ms")
	t := newTable(append([]string{"CPU as a part of that of"}, names...)...)
	for _, kind := range []string{"baseline", "progressive"} {
		work := "all " + kind + " -> jpeg q80"
		for _, variant := range []string{"avx2", "purego"} {
			name := "all " + kind
			if variant == "purego" {
				name += ", without AVX2"
			}
			cells := []string{name}
			for _, peer := range peers {
				mean, ok := r.ratio(work, variant, "cpu_ratio_geomean", peer)
				worst, ok1 := r.ratio(work, variant, "cpu_ratio_worst", peer)
				if !ok || !ok1 {
					cells = append(cells, "-")
					continue
				}
				cells = append(cells, fmt.Sprintf("%.2f, worst %.2f", mean, worst))
			}
			t.row(cells...)
		}
	}
	return t.text()
}

// ratio returns our figure divided by that of one peer, and false when the two were not measured.
func (r *results) ratio(work, variant, measure, peer string) (float64, bool) {
	for _, row := range r.rows {
		if row.Work == work && row.Variant == variant && row.Measure == measure && row.Peer == peer {
			return row.Ratio, row.Ratio != 0
		}
	}
	return math.NaN(), false
}

// memoryTable returns the table of peak memory and of the result's bytes for JPEG to JPEG.
func (r *results) memoryTable() string {
	works := r.works(func(work string) bool {
		_, ok := r.ours(work, "avx2", "rss_mb")
		return ok && jpegWork.MatchString(work)
	})
	peers, names := r.jpegPeers(works, "rss_mb")
	t := newTable(append([]string{"peak MB; kB of the result", "miniatura"}, names...)...)
	for _, work := range works {
		own := cell(r.ours(work, "avx2", "rss_mb")) + "; " + kilo(r.ours(work, "avx2", "bytes"))
		cells := []string{title(work), own}
		for _, peer := range peers {
			theirs := cell(r.theirs(work, "rss_mb", peer)) + "; " + kilo(r.theirs(work, "bytes", peer))
			cells = append(cells, theirs)
		}
		t.row(cells...)
	}
	return strings.ReplaceAll(t.text(), "-; -", "-")
}

// likenessWork matches work whose results are compared with their sources.
var likenessWork = regexp.MustCompile(`^(12MP|24MP|text|lines) -> \w+$`)

// likenessTable returns the table of the SSIM of results with their sources, which are decoded in
// full and scaled by CatmullRom.
func (r *results) likenessTable() string {
	t := newTable("SSIM of luma", "miniatura", "sharp", "Pillow")
	fourDecimals := func(v float64, ok bool) string {
		if !ok {
			return "-"
		}
		return fmt.Sprintf("%.4f", v)
	}
	for _, work := range r.works(likenessWork.MatchString) {
		t.row(
			strings.NewReplacer("MP", " MP photo", "->", "to").Replace(work),
			fourDecimals(r.ours(work, "avx2", "ssim_y")),
			fourDecimals(r.theirs(work, "ssim_y", "sharp")),
			fourDecimals(r.theirs(work, "ssim_y", "pillow")),
		)
	}
	t.row("all photos, mean", fourDecimals(r.ours("photos", "avx2", "ssim_y_mean")), "-", "-")
	t.row("all photos, least", fourDecimals(r.ours("photos", "avx2", "ssim_y_min")), "-", "-")
	return t.text()
}

// writerTable returns the table that compares the JPEG writer with image/jpeg.
func (r *results) writerTable() string {
	t := newTable("JPEG writer beside image/jpeg", "bytes at equal SSIM", "CPU")
	for _, kind := range []string{"baseline", "progressive"} {
		work := "writer " + kind
		bytes, ok := r.ours(work, "avx2", "bytes_at_equal_ssim_geomean")
		cpu, ok1 := r.ours(work, "avx2", "cpu_ratio_geomean")
		t.row(kind, percent(100*(bytes-1), ok), percent(100*(cpu-1), ok1))
	}
	return t.text()
}

// pngTable returns the table of the work on PNGs.
func (r *results) pngTable() string {
	t := newTable("CPU ms; peak MB; kB of the result", "miniatura", "sharp", "Pillow")
	// Work named "all" is a mean over pictures, and that of the Lambda model is in waitingTable.
	ofOnePNG := func(work string) bool {
		return strings.Contains(work, " png -> ") && !strings.HasPrefix(work, "all ") && !strings.HasPrefix(work, "lambda model")
	}
	for _, work := range r.works(ofOnePNG) {
		t.row(title(work), r.ourThree(work), r.theirThree(work, "sharp"), r.theirThree(work, "pillow"))
	}
	return t.text()
}
