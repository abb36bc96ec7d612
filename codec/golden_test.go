package codec

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// goldenFile holds the encoder's version in its first line, and then one row for each result:
// source, target, format, quality, the number of bytes and the beginning of their SHA-256.
const goldenFile = "testdata/golden.txt"

var updateGolden = flag.Bool("update", false, "write "+goldenFile+" anew; raise Version first")

// goldenTargets are parts of the source's sides. The large one makes a progressive JPEG.
var goldenTargets = []struct {
	name     string
	num, den int
}{{"small", 1, 5}, {"large", 19, 20}}

// Stored results are made again only when Version rises: bytes that change without a raise would
// leave old and new results side by side. When this test fails because results are meant to change,
// raise Version, run
//
//	go test ./codec -run Golden -update
//
// and write an "Output changes" line into CHANGELOG.md.
func TestGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("results are stored by the edge build, which is amd64: elsewhere floating point may be fused")
	}
	got := goldenRows(t)
	if *updateGolden {
		writeGolden(t, got)
	}
	version, want := readGolden(t)
	if version != Version {
		t.Fatalf("%s is of version %d, this encoder is %d: run with -update", goldenFile, version, Version)
	}
	for _, row := range slices.Sorted(maps.Keys(want)) {
		switch g, ok := got[row]; {
		case !ok:
			t.Errorf("%s: not made any more", row)
		case g != want[row]:
			t.Errorf("%s: %s, version %d has %s", row, g, version, want[row])
		}
	}
	for row := range got {
		if _, ok := want[row]; !ok {
			t.Errorf("%s: no row in %s", row, goldenFile)
		}
	}
}

// goldenSources returns, by name, a function that reads that checked-in source each time.
func goldenSources(t testing.TB) map[string]func() []byte {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d sources, %v", len(files), err)
	}
	sources := map[string]func() []byte{}
	for _, file := range files {
		if filepath.Ext(file) == ".py" {
			continue
		}
		sources[filepath.Base(file)] = func() []byte {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return src
		}
	}
	return sources
}

// goldenRows makes every result.
func goldenRows(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for name, read := range goldenSources(t) {
		src := read()
		qualities := []int{30, 80, 95}
		if name == "444.jpg" { // from 90 on, a JPEG keeps its chroma whole
			qualities = append(qualities, 89, 90)
		}
		for _, target := range goldenTargets {
			fit := func(w, h int) (int, int) {
				return max(w*target.num/target.den, 1), max(h*target.num/target.den, 1)
			}
			for _, webp := range []bool{false, true} {
				for _, q := range qualities {
					out, info, err := Resize(context.Background(), src, fit, Options{Format: formatOf(webp), Quality: q})
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					row := fmt.Sprintf("%s %s %s q%d", name, target.name, strings.TrimPrefix(info.ContentType, "image/"), q)
					rows[row] = fmt.Sprintf("%d %.8x", len(out), sha256.Sum256(out))
				}
			}
		}
	}
	if len(rows) < 300 {
		t.Fatalf("%d results only", len(rows))
	}
	return rows
}

func writeGolden(t *testing.T, rows map[string]string) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "version %d\n", Version)
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "%s: %s\n", row, rows[row])
	}
	if err := os.WriteFile(goldenFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T) (version int, rows map[string]string) {
	t.Helper()
	f, err := os.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows = map[string]string{}
	s := bufio.NewScanner(f)
	for s.Scan() {
		if row, hash, ok := strings.Cut(s.Text(), ": "); ok {
			rows[row] = hash
		} else if _, err := fmt.Sscanf(s.Text(), "version %d", &version); err != nil {
			t.Fatalf("%s: %q", goldenFile, s.Text())
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return version, rows
}
