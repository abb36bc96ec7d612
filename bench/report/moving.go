package main

// This file makes the tables of animations, and of the wait for a Lambda function by its memory.

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// isAnimation reports whether work is on an animation. Only such work has a row with the source's
// bytes.
func (r *results) isAnimation(work string) bool {
	return slices.ContainsFunc(r.rows, func(row row) bool {
		return row.Work == work && row.Measure == "bytes" && row.Peer == "source"
	})
}

// movingTable returns the table of ratios to peers over all animations: the geometric mean and the
// worst.
func (r *results) movingTable() string {
	t := newTable("as a part of theirs: mean, worst", "CPU", "bytes")
	for _, work := range r.works(regexp.MustCompile(`^all (gif|webp|png) -> (gif|webp|png)$`).MatchString) {
		for _, peer := range []string{"sharp", "gifsicle"} {
			cells := []string{strings.TrimPrefix(title(work), "all ") + ", " + peer + "'s"}
			for _, measure := range []string{"cpu", "bytes"} {
				mean, ok := r.ratio(work, "avx2", measure+"_ratio_geomean", peer)
				worst, ok1 := r.ratio(work, "avx2", measure+"_ratio_worst", peer)
				if !ok || !ok1 {
					cells = append(cells, "-")
					continue
				}
				cells = append(cells, fmt.Sprintf("%.2f, %.2f", mean, worst))
			}
			if cells[1] != "-" || cells[2] != "-" {
				t.row(cells...)
			}
		}
	}
	return t.text()
}

// eachMoving returns a table with one row for each animation, resized to WebP of size M.
func (r *results) eachMoving() string {
	t := newTable("to WebP of size M: CPU ms; peak MB; kB", "kB of the source", "miniatura", "sharp")
	const suffix = " -> M webp"
	works := r.works(func(work string) bool { return strings.HasSuffix(work, suffix) && r.isAnimation(work) })
	for _, work := range works {
		name := strings.TrimSuffix(work, suffix)
		source := kilo(r.theirs(work, "bytes", "source"))
		t.row(name, source, r.ourThree(work), r.theirThree(work, "sharp"))
	}
	return strings.ReplaceAll(t.text(), "-; -; -", "-") // not measured: one dash
}

// ourThree returns one cell with our CPU, peak memory and bytes for some work.
func (r *results) ourThree(work string) string {
	cpu := cell(r.ours(work, "avx2", "cpu_ms"))
	mb := cell(r.ours(work, "avx2", "rss_mb"))
	return cpu + "; " + mb + "; " + kilo(r.ours(work, "avx2", "bytes"))
}

// theirThree returns one cell with a peer's CPU, peak memory and bytes for some work.
func (r *results) theirThree(work, peer string) string {
	cpu := cell(r.theirs(work, "cpu_ms", peer))
	mb := cell(r.theirs(work, "rss_mb", peer))
	return cpu + "; " + mb + "; " + kilo(r.theirs(work, "bytes", peer))
}

// modelWork matches work in the model of a Lambda function: its memory in MB, and what it does.
var modelWork = regexp.MustCompile(`^lambda model, (\d+) MB: (.*)$`)

// waitingTable returns the table of seconds of waiting, and dollars per thousand requests. It has a
// row for each memory size of the function, and a column for each file.
func (r *results) waitingTable() string {
	const start, suffix = "start to first poll", " -> M webp"
	// The memory sizes and the files, each once, in the order of the rows.
	var memories, files []string
	for _, work := range r.works(modelWork.MatchString) {
		m := modelWork.FindStringSubmatch(work)
		memory, task := m[1], m[2]
		if !slices.Contains(memories, memory) {
			memories = append(memories, memory)
		}
		file, ok := strings.CutSuffix(task, suffix)
		if ok && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	columns := []string{"memory", "start"}
	for _, file := range files {
		columns = append(columns, title(file))
	}
	t := newTable(columns...)
	seconds := func(ms float64, ok bool) string {
		if !ok {
			return "-"
		}
		return cell(ms/1000, true) + " s"
	}
	for _, mb := range memories {
		work := "lambda model, " + mb + " MB: "
		cells := []string{mb + " MB", seconds(r.ours(work+start, "edge", "ms_min"))}
		for _, file := range files {
			resizing := work + file + suffix
			text := seconds(r.ours(resizing, "avx2", "wait_ms"))
			if cost, ok := r.ours(resizing, "avx2", "usd_per_1000"); ok {
				text += fmt.Sprintf("; %.4f $", cost)
			}
			cells = append(cells, text)
		}
		t.row(cells...)
	}
	return t.text()
}
