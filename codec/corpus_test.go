package codec

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A corpusRow is one line of the corpus's manifest: a real picture, not made by this project, and
// what is known of it.
type corpusRow struct {
	name           string // folder/file
	w, h, upW, upH int
	format, traits string
	sizeS, sizeSS  string // "640x480", "" where the manifest has none
	must           string
	path           string
}

// sharedFolder finds the folder that holds corpus/, or skips the test.
func sharedFolder(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MINIATURA_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	if _, err := os.Stat(filepath.Join(dir, "corpus", "MANIFEST.tsv")); err != nil {
		t.Skip("no corpus of real pictures here")
	}
	return dir
}

// corpus returns the manifest's rows whose file is in one of the folders.
func corpus(t testing.TB, folders ...string) []corpusRow {
	t.Helper()
	dir := filepath.Join(sharedFolder(t), "corpus")
	f, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []corpusRow
	s := bufio.NewScanner(f)
	s.Scan()
	column := map[string]int{}
	for i, n := range strings.Split(s.Text(), "\t") {
		column[n] = i
	}
	for s.Scan() {
		c := strings.Split(s.Text(), "\t")
		get := func(n string) string { return c[column[n]] }
		num := func(n string) int { v, _ := strconv.Atoi(get(n)); return v }
		r := corpusRow{
			name: get("file"), w: num("width"), h: num("height"), upW: num("upright_width"), upH: num("upright_height"),
			format: get("format"), traits: get("traits"), sizeS: get("size_S"), sizeSS: get("size_SS"),
			must: get("a_correct_resizer_must"), path: filepath.Join(dir, get("file")),
		}
		for _, want := range folders {
			if strings.HasPrefix(r.name, want+"/") {
				rows = append(rows, r)
			}
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}
