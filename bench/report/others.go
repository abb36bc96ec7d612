package main

// This file takes tables from other READMEs.

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// others are the functions that write parts from other READMEs, by the part's name.
var others = map[string]func(root string) (string, error){
	"traits": traitsTable,
	"faults": faultsLine,
}

// headlines are the rows of bench/traits/README.md that README.md shows.
var headlines = []string{
	"EXIF orientation 2 to 8",
	"wide-gamut and odd ICC profiles",
	"CMYK and YCCK",
	"animated GIF to WebP",
	"PNG with a palette, or grey of 1 to 4 bits",
	"PNG with tRNS to WebP",
	"PNG named .jpg, JPEG named .png",
	"damaged and hostile files",
}

// traitsTable returns the headlines of bench/traits/README.md, and the sum of all its rows.
func traitsTable(root string) (string, error) {
	table, err := tableOf(filepath.Join(root, "bench", "traits", "README.md"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	rows := map[string]string{} // by the first cell
	var right, all [3]int       // how many pictures, by contender
	for _, line := range lines[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 4 {
			return "", fmt.Errorf("bench/traits/README.md: %d cells in %q", len(cells), line)
		}
		rows[cells[0]] = line
		for i, c := range cells[1:] {
			var n, of int
			if _, err := fmt.Sscanf(c, "%d of %d", &n, &of); err != nil {
				return "", fmt.Errorf("bench/traits/README.md: %q: %w", c, err)
			}
			right[i], all[i] = right[i]+n, all[i]+of
		}
	}
	out := slices.Clone(lines[:2]) // the heading
	for _, name := range headlines {
		if rows[name] == "" {
			return "", fmt.Errorf("bench/traits/README.md has no row %q", name)
		}
		out = append(out, rows[name])
	}
	total := fmt.Sprintf("| all %d kinds |", len(lines)-2)
	for i := range right {
		total += fmt.Sprintf(" **%d of %d** |", right[i], all[i])
	}
	return strings.Join(append(out, total), "\n"), nil
}

// faultsLine returns the last row of bench/s3faults/README.md as a sentence.
func faultsLine(root string) (string, error) {
	table, err := tableOf(filepath.Join(root, "bench", "s3faults", "README.md"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	var all, own, sdk, minio int
	last := strings.ReplaceAll(lines[len(lines)-1], "*", "")
	if _, err := fmt.Sscanf(last, "| recovered of %d | %d | %d | %d |", &all, &own, &sdk, &minio); err != nil {
		return "", fmt.Errorf("bench/s3faults/README.md: %q: %w", last, err)
	}
	return fmt.Sprintf("Of %d faults of S3 that a client can recover from, it recovers from %d; aws-sdk-go-v2 with its defaults from %d, minio-go from %d.", all, own, sdk, minio), nil
}

// tableOf returns the first table of a Markdown file.
func tableOf(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var table strings.Builder
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "|"):
			table.WriteString(line)
		case table.Len() > 0:
			return table.String(), nil
		}
	}
	if table.Len() == 0 {
		return "", fmt.Errorf("%s has no table", path)
	}
	return table.String(), nil
}
