package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// parts are what README.md can ask for, by name.
var parts = map[string]func(*results) string{
	"about":  (*results).machineLine,
	"lead":   (*results).leadTable,
	"cpu":    (*results).cpuTable,
	"ratios": (*results).ratioTable,
	"rss":    (*results).memoryTable,
	"ssim":   (*results).likenessTable,
	"jpeg":   (*results).writerTable,
	"webp":   (*results).webpTable,
	"png":    (*results).pngTable,

	"graphics": (*results).graphicsTable,
	"loses":    (*results).losesTable,
}

// machineLine says what the rows were measured on.
func (r *results) machineLine() string {
	photos := "pictures made by code"
	if r.Photos {
		photos = "real photos"
	}
	return fmt.Sprintf("Measured on %s, one core, with %s; %s; commit %s, %s.", r.Machine, strings.Join(r.Versions, ", "), photos, r.Commit, r.Date)
}

// A table is Markdown in the making.
type table struct{ strings.Builder }

func newTable(columns ...string) *table {
	t := new(table)
	t.row(columns...)
	t.WriteString("|---" + strings.Repeat("|---:", len(columns)-1) + "|\n")
	return t
}

func (t *table) row(cells ...string) {
	fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | "))
}

// cell writes a figure of three digits, or a dash where there is none.
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

// percent writes a change.
func percent(v float64, ok bool) string {
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%+.1f %%", v)
}

// kilo writes bytes as kB.
func kilo(v float64, ok bool) string { return cell(v/1000, ok) }

// jpegWork is a JPEG made from a JPEG, of the pictures that the tables name.
var jpegWork = regexp.MustCompile(`^(\d+MP) (baseline|progressive) -> (\w+) jpeg q80$`)

// title turns the name of work into words.
func title(work string) string {
	return strings.NewReplacer("MP ", " MP ", " q80", "", "->", "to").Replace(work)
}

// leadTable is the comparison at the README's top: a 12-megapixel photo, the start, the zip.
func (r *results) leadTable() string {
	const photo, toWebP, png, start = "12MP baseline -> M jpeg q80", "12MP jpeg -> M webp q80", "12MP photo png -> M jpeg q80", "start to first poll"
	t := newTable("", "miniatura", "sharp", "Pillow", "image/jpeg + x/image/draw")
	add := func(name, work, variant, measure string) {
		cells := []string{name}
		cells = append(cells, cell(r.ours(work, variant, measure)))
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
	return t.String()
}

// cpuTable is JPEG to JPEG: CPU.
func (r *results) cpuTable() string {
	t := newTable("CPU ms", "miniatura", "without AVX2", "sharp", "Pillow", "image/jpeg + draw")
	for _, work := range r.works(jpegWork.MatchString) {
		cells := []string{title(work)}
		for _, variant := range []string{"avx2", "purego"} {
			cells = append(cells, cell(r.ours(work, variant, "cpu_ms")))
		}
		for _, peer := range []string{"sharp", "pillow", "std"} {
			cells = append(cells, cell(r.theirs(work, "cpu_ms", peer)))
		}
		t.row(cells...)
	}
	return t.String()
}

// ratioTable is JPEG to JPEG over all photos: CPU as a part of the peers'.
func (r *results) ratioTable() string {
	t := newTable("CPU as a part of", "sharp's", "Pillow's", "image/jpeg + draw's")
	for _, kind := range []string{"baseline", "progressive"} {
		for _, variant := range []string{"avx2", "purego"} {
			name := "all " + kind
			if variant == "purego" {
				name += ", without AVX2"
			}
			cells := []string{name}
			for _, peer := range []string{"sharp", "pillow", "std"} {
				work := "all " + kind + " -> jpeg q80"
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
	return t.String()
}

// ratio returns ours over one peer's.
func (r *results) ratio(work, variant, measure, peer string) (float64, bool) {
	for _, row := range r.rows {
		if row.Work == work && row.Variant == variant && row.Measure == measure && row.Peer == peer {
			return row.Ratio, row.Ratio != 0
		}
	}
	return math.NaN(), false
}

// memoryTable is JPEG to JPEG: peak memory, and bytes of the result.
func (r *results) memoryTable() string {
	t := newTable("peak MB; kB of the result", "miniatura", "sharp", "Pillow", "image/jpeg + draw")
	for _, work := range r.works(func(work string) bool {
		_, ok := r.ours(work, "avx2", "rss_mb")
		return ok && jpegWork.MatchString(work)
	}) {
		both := func(mb, bytes string) string { return mb + "; " + bytes }
		cells := []string{title(work), both(cell(r.ours(work, "avx2", "rss_mb")), kilo(r.ours(work, "avx2", "bytes")))}
		for _, peer := range []string{"sharp", "pillow", "std"} {
			cells = append(cells, both(cell(r.theirs(work, "rss_mb", peer)), kilo(r.theirs(work, "bytes", peer))))
		}
		t.row(cells...)
	}
	return strings.ReplaceAll(t.String(), "-; -", "-")
}

// likenessTable is SSIM to a full decode scaled by CatmullRom.
func (r *results) likenessTable() string {
	t := newTable("SSIM of luma", "miniatura", "sharp", "Pillow")
	four := func(v float64, ok bool) string {
		if !ok {
			return "-"
		}
		return fmt.Sprintf("%.4f", v)
	}
	for _, work := range r.works(func(work string) bool { return regexp.MustCompile(`^(12MP|24MP|text|lines) -> \w+$`).MatchString(work) }) {
		t.row(strings.NewReplacer("MP", " MP photo", "->", "to").Replace(work), four(r.ours(work, "avx2", "ssim_y")), four(r.theirs(work, "ssim_y", "sharp")), four(r.theirs(work, "ssim_y", "pillow")))
	}
	t.row("all photos, mean", four(r.ours("photos", "avx2", "ssim_y_mean")), "-", "-")
	t.row("all photos, least", four(r.ours("photos", "avx2", "ssim_y_min")), "-", "-")
	return t.String()
}

// writerTable is the JPEG writer alone.
func (r *results) writerTable() string {
	t := newTable("JPEG writer beside image/jpeg", "bytes at equal SSIM", "CPU")
	for _, kind := range []string{"baseline", "progressive"} {
		work := "writer " + kind
		bytes, ok := r.ours(work, "avx2", "bytes_at_equal_ssim_geomean")
		cpu, ok1 := r.ours(work, "avx2", "cpu_ratio_geomean")
		t.row(kind, percent(100*(bytes-1), ok), percent(100*(cpu-1), ok1))
	}
	return t.String()
}

// webpTable is lossy WebP beside cwebp.
func (r *results) webpTable() string {
	t := newTable("WebP beside cwebp -m 4", "mean", "worst picture")
	works := r.works(func(work string) bool {
		return strings.Contains(work, " photos -> webp, ") && !strings.Contains(work, "effort,")
	})
	for _, work := range works {
		if _, ok := r.ours(work, "avx2", "bd_ssim"); !ok {
			continue
		}
		for _, m := range []struct{ measure, name string }{{"bd_psnr", "PSNR"}, {"bd_ssim", "SSIM"}, {"bd_butteraugli", "butteraugli's 3-norm"}} {
			worst, ok := 0.0, false
			for _, row := range r.rows {
				if strings.HasPrefix(row.Work, work+", ") && row.Measure == m.measure+"_worst" {
					worst, ok = row.Ours, true
				}
			}
			mean, ok1 := r.ours(work, "avx2", m.measure)
			t.row("bytes at equal "+m.name, percent(mean, ok1), percent(worst, ok))
		}
		own, ok := r.ours(work, "avx2", "bytes_q80")
		lib, ok1 := r.theirs(work, "bytes_q80", "cwebp -m 4")
		t.row("bytes at quality 80", percent(100*(own/lib-1), ok && ok1), "-")
	}
	for _, variant := range []string{"avx2", "purego"} {
		for _, work := range works {
			v, ok := r.ratio(work, variant, "cpu_ms", "libwebp -m 4")
			if !ok {
				continue
			}
			name := "CPU beside libwebp -m 4 in process"
			if variant == "purego" {
				name += ", without AVX2"
			}
			t.row(name, percent(100*(v-1), true), "-")
		}
	}
	for _, work := range r.works(func(work string) bool { return strings.HasSuffix(work, " jpeg -> M webp q80") }) {
		if v, ok := r.ratio(work, "avx2", "cpu_ms", "sharp"); ok {
			t.row(title(work)+", CPU beside sharp's", percent(100*(v-1), true), "-")
		}
	}
	return t.String()
}

// pngTable is PNG.
func (r *results) pngTable() string {
	t := newTable("CPU ms; peak MB; kB of the result", "miniatura", "sharp", "Pillow")
	for _, work := range r.works(func(work string) bool { return strings.Contains(work, " png -> ") && !strings.HasPrefix(work, "all ") }) {
		three := func(cpu, mb, bytes string) string { return cpu + "; " + mb + "; " + bytes }
		cells := []string{title(work), three(cell(r.ours(work, "avx2", "cpu_ms")), cell(r.ours(work, "avx2", "rss_mb")), kilo(r.ours(work, "avx2", "bytes")))}
		for _, peer := range []string{"sharp", "pillow"} {
			cells = append(cells, three(cell(r.theirs(work, "cpu_ms", peer)), cell(r.theirs(work, "rss_mb", peer)), kilo(r.theirs(work, "bytes", peer))))
		}
		t.row(cells...)
	}
	return t.String()
}

// graphicsTable is every still PNG and WebP together: ratios, all pictures' geometric mean and the worst.
func (r *results) graphicsTable() string {
	t := newTable("as a part of theirs: mean, worst", "CPU", "peak memory", "bytes")
	for _, work := range r.works(func(work string) bool { return strings.HasPrefix(work, "all graphics, ") }) {
		for _, peer := range []struct{ name, title string }{
			{"sharp", "sharp's"}, {"sharp effort 2", "sharp's, WebP effort 2"}, {"pillow", "Pillow's"},
		} {
			cells := []string{title(strings.TrimPrefix(work, "all graphics, ")) + ", " + peer.title}
			for _, measure := range []string{"cpu", "rss", "bytes"} {
				mean, ok := r.ratio(work, "avx2", measure+"_ratio_geomean", peer.name)
				worst, ok1 := r.ratio(work, "avx2", measure+"_ratio_worst", peer.name)
				if !ok || !ok1 {
					break
				}
				cells = append(cells, fmt.Sprintf("%.2f, %.2f", mean, worst))
			}
			if len(cells) == 4 {
				t.row(cells...)
			}
		}
	}
	return t.String()
}

// oneGraphic is the work on one picture of graphicsTable.
var oneGraphic = regexp.MustCompile(`^graphics, .* -> (\w+ \w+)$`)

// units are the measures in which more is worse, and how a figure of theirs is written.
var units = map[string]func(float64, bool) string{
	"cpu_ms": cell, "rss_mb": cell, "bytes": cell, "ms_min": cell, "mb": cell, "bytes_q80": cell,
}

// losesTable is every row with AVX2 in which a peer did better by more than noise, 3 %.
func (r *results) losesTable() string {
	t := newTable("work", "measure", "miniatura", "peer", "theirs", "ratio")
	peerNames := map[string]string{"pillow": "Pillow", "std": "image/jpeg"}
	lost, all := 0, 0
	graphics := lostGraphics{}
	for _, row := range r.rows {
		write, ok := units[row.Measure]
		switch {
		case row.Peer == "" || row.Variant == "purego" || strings.HasPrefix(row.Work, "curve"):
			continue
		case ok:
			all++
			if row.Ratio <= 1.03 {
				continue
			}
		case row.Measure == "ssim_y":
			all++
			if row.Theirs-row.Ours <= 0.0005 {
				continue
			}
			write = func(v float64, _ bool) string { return fmt.Sprintf("%.4f", v) }
		default:
			continue
		}
		lost++
		if graphics.take(row) {
			continue
		}
		name := row.Peer
		if n, ok := peerNames[name]; ok {
			name = n
		}
		t.row(title(row.Work), strings.ReplaceAll(row.Measure, "_", " "), write(row.Ours, true), name, write(row.Theirs, true), fmt.Sprintf("%.2f", row.Ratio))
	}
	graphics.rows(t)
	for _, m := range []string{"bd_psnr", "bd_ssim", "bd_butteraugli"} {
		for _, row := range r.rows {
			if base, _ := strings.CutSuffix(row.Measure, "_worst"); base == m && row.Variant == "avx2" {
				all++
				if row.Ours > 0 {
					lost++
					t.row(title(row.Work), "bytes at equal quality ("+strings.ReplaceAll(row.Measure, "_", " ")+")", percent(row.Ours, true), "cwebp -m 4", "0", fmt.Sprintf("%.2f", 1+row.Ours/100))
				}
			}
		}
	}
	if lost == 0 {
		return fmt.Sprintf("None of %d rows.", all)
	}
	return fmt.Sprintf("%d of %d rows:\n\n%s", lost, all, t.String())
}

// lostGraphics are the lost rows about one graphic each, too many to list: by what was made,
// measure and peer.
type lostGraphics map[[3]string][]row

// take reports whether row is one of them, and keeps it.
func (l lostGraphics) take(r row) bool {
	m := oneGraphic.FindStringSubmatch(r.Work)
	if m == nil {
		return false
	}
	k := [3]string{m[1], r.Measure, r.Peer}
	l[k] = append(l[k], r)
	return true
}

// rows writes one row for each kind: how many there are, and the worst.
func (l lostGraphics) rows(t *table) {
	for _, k := range slices.SortedFunc(maps.Keys(l), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		worst := slices.MaxFunc(l[k], func(a, b row) int { return cmp.Compare(a.Ratio, b.Ratio) })
		peer := k[2]
		if peer == "pillow" {
			peer = "Pillow"
		}
		write := units[k[1]]
		t.row(fmt.Sprintf("graphics to %s, %d of them, the worst", k[0], len(l[k])), strings.ReplaceAll(k[1], "_", " "),
			write(worst.Ours, true), peer, write(worst.Theirs, true), fmt.Sprintf("%.2f", worst.Ratio))
	}
}

// names of all parts, for the test.
func partNames() []string {
	names := []string{"traits", "faults"}
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
