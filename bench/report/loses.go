package main

// This file makes the table of rows in which a peer did better.

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// costs are the measures in which more is worse.
var costs = []string{"cpu_ms", "rss_mb", "bytes", "ms_min", "mb", "bytes_q80"}

// compareWithPeer reports whether a row is compared with a peer in losesTable, and whether the row
// is lost: the peer did better. Rows of purego are not compared. 3 % of a cost and 0.0005 of SSIM
// are noise. write formats a figure of the row's measure, and is nil if the row is not compared.
func compareWithPeer(r row) (compared, lost bool, write func(float64) string) {
	if r.Peer == "" || r.Peer == "source" || r.Variant == "purego" {
		return false, false, nil
	}
	switch {
	case strings.HasPrefix(r.Work, "curve frontier ") && strings.HasPrefix(r.Measure, "bytes_at_equal_"):
		return true, r.Ratio > 1, func(v float64) string { return percent(100*(v-1), true) }
	case strings.HasPrefix(r.Work, "curve"):
		return false, false, nil
	case slices.Contains(costs, r.Measure):
		return true, r.Ratio > 1.03, func(v float64) string { return cell(v, true) }
	case r.Measure == "ssim_y":
		return true, r.Theirs-r.Ours > 0.0005, func(v float64) string { return fmt.Sprintf("%.4f", v) }
	}
	return false, false, nil
}

// losesTable returns the table of all rows in which a peer did better, without those of purego. For
// a group that oneOfMany names, the table has one row for each measure and peer.
func (r *results) losesTable() string {
	t := newTable("work", "measure", "miniatura", "peer", "theirs", "ratio")
	lost, all := 0, 0
	many := lostRows{}
	for _, row := range r.rows {
		compared, isLost, write := compareWithPeer(row)
		if compared {
			all++
		}
		if !isLost {
			continue
		}
		lost++
		measure := measureName(row.Measure)
		if group := r.oneOfMany(row); group != "" {
			k := [3]string{group, measure, row.Peer}
			many[k] = append(many[k], row)
			continue
		}
		ratio := fmt.Sprintf("%.2f", row.Ratio)
		t.row(title(row.Work), measure, write(row.Ours), peerName(row.Peer), write(row.Theirs), ratio)
	}
	many.rows(t)
	lostRates, allRates := r.lostRates(t)
	lost, all = lost+lostRates, all+allRates
	if lost == 0 {
		return fmt.Sprintf("None of %d rows.", all)
	}
	return fmt.Sprintf("%d of %d rows:\n\n%s", lost, all, t.String())
}

// lostRates writes a row of t for each BD-rate against cwebp that is above 0: there our file is
// larger. It returns the number of rows that it writes, and the number of all BD-rates.
func (r *results) lostRates(t *table) (lost, all int) {
	for _, rate := range []string{"bd_psnr", "bd_ssim", "bd_butteraugli"} {
		for _, row := range r.rows {
			if strings.TrimSuffix(row.Measure, "_worst") != rate || row.Variant != "avx2" {
				continue
			}
			all++
			if row.Ours <= 0 {
				continue
			}
			lost++
			measure := "bytes at equal quality (" + strings.ReplaceAll(row.Measure, "_", " ") + ")"
			ratio := fmt.Sprintf("%.2f", 1+row.Ours/100)
			t.row(title(row.Work), measure, percent(row.Ours, true), "cwebp -m 4", "0", ratio)
		}
	}
	return lost, all
}

// measureName returns the name of a measure in words. Bytes at equal quality have one name, however
// the quality was measured.
func measureName(measure string) string {
	if strings.HasPrefix(measure, "bytes_at_equal_") {
		return "bytes at equal quality"
	}
	return strings.ReplaceAll(measure, "_", " ")
}

// peerNames are the names in tables of peers that have another name in rows.
var peerNames = map[string]string{
	"pillow":        "Pillow",
	"std":           "image/jpeg",
	"jpegli420":     "jpegli, 4:2:0",
	"mozjpeg420":    "mozjpeg",
	"sharp mozjpeg": "sharp with mozjpeg",
	"cjpeg":         "cjpeg -progressive",
	"sharp jpg":     "sharp",
	"sharp webp":    "sharp",
	"cwebp-m4":      "cwebp -m 4",
	"cwebp-m6":      "cwebp -m 6",
}

// peerName returns the name of a peer in tables.
func peerName(peer string) string {
	if name, ok := peerNames[peer]; ok {
		return name
	}
	return peer
}

var (
	oneGraphic   = regexp.MustCompile(`^graphics, .* -> (\w+ \w+)$`)
	oneAnimation = regexp.MustCompile(` -> (\w+ \w+)$`)
)

// oneOfMany returns the name of the row's group if the group is too large to list, or else "".
func (r *results) oneOfMany(row row) string {
	if own, ok := strings.CutPrefix(row.Work, "curve frontier "); ok {
		return writers[own]
	}
	if m := oneGraphic.FindStringSubmatch(row.Work); m != nil {
		return "graphics to " + m[1]
	}
	if m := oneAnimation.FindStringSubmatch(row.Work); m != nil && r.isAnimation(row.Work) {
		return "animations to " + m[1]
	}
	return ""
}

// lostRows are the lost rows of groups that are too large to list, by group, measure and peer.
type lostRows map[[3]string][]row

// rows writes one row of t for each group, measure and peer: how many rows were lost, and the worst
// of them.
func (l lostRows) rows(t *table) {
	keys := slices.SortedFunc(maps.Keys(l), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		group, measure, peer := k[0], k[1], k[2]
		worst := slices.MaxFunc(l[k], func(a, b row) int { return cmp.Compare(a.Ratio, b.Ratio) })
		_, _, write := compareWithPeer(worst)
		heading := fmt.Sprintf("%s, %d of them, the worst", group, len(l[k]))
		ratio := fmt.Sprintf("%.2f", worst.Ratio)
		t.row(heading, measure, write(worst.Ours), peerName(peer), write(worst.Theirs), ratio)
	}
}
