package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/bench/pictures"
)

func TestRowsAreOneJSONObjectEach(t *testing.T) {
	var b strings.Builder
	s := &suite{out: &b}
	s.row("12MP baseline -> M jpeg q80", "avx2", "cpu_ms", 36.1, "sharp", 52)
	s.row("zip", "edge", "mb", 2.76, "", 0)
	want := `{"work":"12MP baseline -> M jpeg q80","variant":"avx2","measure":"cpu_ms","ours":36.1,"peer":"sharp","theirs":52,"ratio":0.6942}
{"work":"zip","variant":"edge","measure":"mb","ours":2.76}
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestMissingPeersAndSkippedRowsFailTheRun(t *testing.T) {
	s := &suite{}
	s.row("work", "avx2", "cpu_ms", 1, "", 0)
	if err := s.finish(); err != nil {
		t.Errorf("nothing is missing, yet %v", err)
	}
	s.skip("more work", "no such file")
	if err := s.finish(); err == nil || !strings.Contains(err.Error(), "more work: no such file") {
		t.Errorf("got %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

// The worker runs in this process.
func TestWorkerPrintsASampleAndLeavesItsResult(t *testing.T) {
	dir := t.TempDir()
	s := &suite{dir: dir}
	src, err := s.make("photo", pictures.Photo(700, 500))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	for _, mode := range []string{"jpeg", "pixels", "std"} {
		f, err := os.Create(filepath.Join(dir, "stdout"))
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout = f
		out := filepath.Join(dir, "out")
		err = work([]string{mode, src, "2", "200x200", out})
		os.Stdout = stdout
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		line, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var got sample
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v in %s", mode, err, line)
		}
		p, err := open("out", out, false)
		if err != nil || p.w != 200 || p.h != 143 {
			t.Errorf("%s: result is %dx%d, %v", mode, p.w, p.h, err)
		}
		if i, err := os.Stat(out); err != nil || got.Bytes != int(i.Size()) || len(got.User) != 2 || got.RSS < 1 {
			t.Errorf("%s: sample %+v, %v", mode, got, err)
		}
	}
	if err := work([]string{"nothing", src, "1", "200x200", "-"}); err == nil {
		t.Error("an unknown mode was accepted")
	}
}
