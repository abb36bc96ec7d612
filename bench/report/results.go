package main

// This file reads the rows.

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// A row is one object that bench/peers writes with -json. Ours and Theirs are in the measure's
// unit.
type row struct {
	Work    string
	Variant string // avx2, purego, edge
	Measure string // cpu_ms, rss_mb, bytes, ...
	Ours    float64
	Peer    string
	Theirs  float64
	Ratio   float64 // ours over theirs
}

// An about says what the rows were measured on and with. It is the object with the work "about".
type about struct {
	Machine  string
	Versions []string
	Commit   string
	Date     string
	Photos   bool // real photos; otherwise pictures made by code
}

// results has all rows, in the order in which they were measured.
type results struct {
	about
	rows []row
}

// readResults reads a file that bench/peers wrote with -json.
func readResults(path string) (*results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r results
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var one row
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if one.Work == "about" {
			if err := json.Unmarshal(lines.Bytes(), &r.about); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
			continue
		}
		r.rows = append(r.rows, one)
	}
	return &r, lines.Err()
}

// ours returns this project's figure for some work, and false when it was not measured.
func (r *results) ours(work, variant, measure string) (float64, bool) {
	for _, row := range r.rows {
		if row.Work == work && row.Variant == variant && row.Measure == measure {
			return row.Ours, true
		}
	}
	return 0, false
}

// theirs returns a peer's figure for some work, and false when it was not measured. The rows of all
// our variants have the same figure of a peer.
func (r *results) theirs(work, measure, peer string) (float64, bool) {
	for _, row := range r.rows {
		if row.Work == work && row.Peer == peer && row.Measure == measure {
			return row.Theirs, true
		}
	}
	return 0, false
}

// works returns the names of the work for which keep is true, each once, in the order of the rows.
func (r *results) works(keep func(work string) bool) []string {
	var names []string
	seen := map[string]bool{}
	for _, row := range r.rows {
		if !seen[row.Work] && keep(row.Work) {
			names = append(names, row.Work)
		}
		seen[row.Work] = true
	}
	return names
}
