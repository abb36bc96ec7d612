package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleRows returns some rows of every section of bench/peers.
func sampleRows() []row {
	one := func(work, measure string, ours float64, peer string, theirs float64) row {
		r := row{Work: work, Variant: "avx2", Measure: measure, Ours: ours, Peer: peer, Theirs: theirs}
		if theirs != 0 {
			r.Ratio = ours / theirs
		}
		return r
	}
	rows := []row{
		one("12MP baseline -> M jpeg q80", "megapixels", 12.19, "", 0),
		one("12MP baseline -> M jpeg q80", "cpu_ms", 31, "sharp", 90),
		one("12MP baseline -> M jpeg q80", "cpu_ms", 31, "sharp mozjpeg", 155),
		one("a house baseline -> M jpeg q80", "megapixels", 7.99, "", 0),
		one("a house baseline -> M jpeg q80", "cpu_ms", 11.5, "sharp", 23.5),
		one("a tree baseline -> M jpeg q80", "megapixels", 3.43, "", 0),
		one("a tree baseline -> M jpeg q80", "cpu_ms", 7.25, "pillow", 8.5),

		one("cat.gif -> M webp", "bytes", 250_000, "source", 1_000_000),
		one("cat.gif -> M webp", "cpu_ms", 480, "sharp", 960),
		one("cat.gif -> M webp", "rss_mb", 60, "sharp", 240),
		one("cat.gif -> M webp", "bytes", 250_000, "sharp", 200_000),
		one("cat.gif -> M gif", "bytes", 1_100_000, "source", 1_000_000),
		one("cat.gif -> M gif", "bytes", 1_100_000, "gifsicle", 1_000_000),
		one("all gif -> webp", "cpu_ratio_geomean", 0.5, "sharp", 1),
		one("all gif -> webp", "cpu_ratio_worst", 0.75, "sharp", 1),
		one("all gif -> webp", "bytes_ratio_geomean", 1.25, "sharp", 1),
		one("all gif -> webp", "bytes_ratio_worst", 1.5, "sharp", 1),
		one("all gif -> gif", "bytes_ratio_geomean", 0.98, "gifsicle", 1),
		one("all gif -> gif", "bytes_ratio_worst", 1.1, "gifsicle", 1),

		one("curve frontier ours jpg", "bytes_at_equal_ssimulacra2", 0.8, "std", 1),
		one("curve frontier ours jpg", "bytes_at_equal_ssimulacra2_worst", 0.9, "std", 1),
		one("curve frontier ours jpg", "bytes_at_equal_ssimulacra2", 1.02, "jpegli420", 1),
		one("curve frontier ours jpg", "bytes_at_equal_ssimulacra2_worst", 1.08, "jpegli420", 1),
		one("curve frontier ours high webp", "bytes_at_equal_psnr_y", 0.93, "cwebp-m6", 1),
		one("curve frontier ours high webp", "bytes_at_equal_psnr_y_worst", 0.99, "cwebp-m6", 1),

		one("lambda model, 512 MB: photo 12MP jpeg -> M webp", "wait_ms", 420, "", 0),
		one("lambda model, 512 MB: photo 12MP jpeg -> M webp", "usd_per_1000", 0.0111, "", 0),
		one("lambda model, 1769 MB: photo 12MP jpeg -> M webp", "wait_ms", 95, "", 0),
		one("lambda model, 1769 MB: photo 12MP jpeg -> M webp", "usd_per_1000", 0.0088, "", 0),
		{Work: "lambda model, 512 MB: start to first poll", Variant: "edge", Measure: "ms_min", Ours: 130},
	}
	for i, name := range []string{"1MP made", "12MP made", "100MP made"} {
		for j, peer := range []string{"sharp", "pillow", "std"} {
			x := one(name+" -> M jpeg q80", "cpu_ms", float64(5+20*i), peer, float64(20+50*i*(j+1)))
			rows = append(rows, x)
			x.Variant = "purego"
			x.Ours *= 2
			rows = append(rows, x)
		}
	}
	curve := func(kind, quality string, bits, score float64, peers ...string) {
		for _, peer := range peers {
			rows = append(rows, one(kind+" q"+quality, "bits_per_pixel", bits, peer, bits*1.1))
			rows = append(rows, one(kind+" q"+quality, map[bool]string{true: "ssimulacra2", false: "ssim_db"}[strings.Contains(kind, "frontier")], score, peer, score-1))
		}
	}
	for _, q := range []struct {
		name        string
		bits, score float64
	}{{"50", 0.5, 50}, {"80", 1, 70}, {"95", 2, 85}} {
		curve("curve webp", q.name, q.bits, q.score/5, "cwebp", "sharp", "pillow")
		curve("curve frontier ours jpg", q.name, q.bits, q.score, "std", "jpegli420", "mozjpeg420")
	}
	return rows
}

// Each section shows its rows, and says that it was not measured when there are none.
func TestEverySectionIsWrittenFromItsRows(t *testing.T) {
	r, none := &results{rows: sampleRows()}, &results{}
	for part, want := range map[string][]string{
		"cpu":    {"| CPU ms | miniatura | without AVX2 | sharp | sharp with mozjpeg |\n", "| 12 MP baseline to M jpeg | 31.0 | - | 90.0 | 155 |\n"},
		"photos": {"| a tree | 3.43 | 7.25 | - | - | 8.50 |\n| a house | 7.99 | 11.5 | - | 23.5 | - |\n"},
		"animation": {
			"| gif to webp, sharp's | 0.50, 0.75 | 1.25, 1.50 |\n",
			"| gif to gif, gifsicle's | - | 0.98, 1.10 |\n",
		},
		"each animation": {"| cat.gif | 1000 | 480; 60.0; 250 | 960; 240; 200 |\n"},
		"frontier jpeg": {
			"![JPEG: size against SSIMULACRA2](frontier-jpeg.svg)\n\n| bytes",
			"| JPEG beside image/jpeg | -20.0 %, -10.0 % | - | - | - |\n",
			"| JPEG beside jpegli, 4:2:0 | +2.0 %, +8.0 % | - | - | - |\n",
		},
		"frontier webp": {"| WebP with effort high beside cwebp -m 6 | - | - | - | -7.0 %, -1.0 % |\n"},
		"lambda": {
			"| memory | start | photo 12 MP jpeg |\n",
			"| 512 MB | 0.13 s | 0.42 s; 0.0111 $ |\n| 1769 MB | - | 0.10 s; 0.0088 $ |\n",
		},
		"loses": {
			"4 of 23 rows",
			"| JPEG, 2 of them, the worst | bytes at equal quality | +8.0 % | jpegli, 4:2:0 | +0.0 % | 1.08 |\n",
			"| animations to M webp, 1 of them, the worst | bytes | 250000 | sharp | 200000 | 1.25 |\n",
			"| animations to M gif, 1 of them, the worst | bytes | 1100000 | gifsicle | 1000000 | 1.10 |\n",
		},
	} {
		got := parts[part](r)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", part, w, got)
			}
		}
		if got := parts[part](none); part != "loses" && got != notMeasured {
			t.Errorf("%s without rows is %q", part, got)
		}
	}
}

// A whole run reads a file of results and writes documents in a temporary folder.
func TestDocumentsAreFilledFromAFileOfResults(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("bench/results.jsonl", `{"work":"about","machine":"a machine","versions":["go1","sharp 0"],"commit":"abc","date":"2026-01-02"}
{"work":"lambda model, 512 MB: page png -> M webp","variant":"avx2","measure":"wait_ms","ours":1500}
`)
	heading := "| pictures | a | b | c |\n|---|---|---|---|\n"
	for _, name := range headlines {
		heading += "| " + name + " | 4 of 4 | 3 of 4, 1 wrong | 0 of 4, 4 5xx |\n"
	}
	write("bench/traits/README.md", "# x\n\n"+heading+"| a thing of no headline | 1 of 2, 1 wrong | 2 of 2 | 2 of 2 |\n\nwords | of | no | table\n")
	write("bench/s3faults/README.md", "| fault | a | b | c |\n|---|---|---|---|\n| x | ok | ok | ok |\n| **recovered of 28** | **27** | **14** | **13** |\n")
	write("README.md", "# x\n<!-- report: traits -->\n<!-- end of report -->\n<!-- report: faults -->\n<!-- end of report -->\n")
	write("docs/numbers.md", "<!-- report: about -->\n<!-- end of report -->\n<!-- report: lambda -->\nold\n<!-- end of report -->\nend\n")
	write("go.mod", "module x\n")
	for range 2 {
		if err := run(dir); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	readme := read("README.md")
	for _, want := range []string{"| CMYK and YCCK | 4 of 4 | 3 of 4, 1 wrong | 0 of 4, 4 5xx |\n", "| all 9 kinds | **33 of 34** | **26 of 34** | **2 of 34** |\n", "recovers from 27; aws-sdk-go-v2 with its defaults from 14, minio-go from 13."} {
		if !strings.Contains(readme, want) {
			t.Errorf("no %q in\n%s", want, readme)
		}
	}
	if strings.Contains(readme, "no headline") {
		t.Errorf("more than the headlines:\n%s", readme)
	}
	want := "<!-- report: about -->\nMeasured on a machine, one core, with go1, sharp 0; pictures made by code; commit abc, 2026-01-02.\n<!-- end of report -->\n" +
		"<!-- report: lambda -->\n| memory | start | page png |\n|---|---:|---:|\n| 512 MB | - | 1.50 s |\n<!-- end of report -->\nend\n"
	if got := read("docs/numbers.md"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	write("bench/traits/README.md", strings.Replace(heading, headlines[0], "something else", 1))
	if err := run(dir); err == nil || !strings.Contains(err.Error(), headlines[0]) {
		t.Errorf("without a headline: %v", err)
	}
}
