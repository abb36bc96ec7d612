package main

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// README.md and docs/ agree with bench/results.jsonl and with the tables of bench/traits and
// bench/s3faults.
func TestREADMEAndPlotsAreWhatWasMeasured(t *testing.T) {
	files, err := render(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is not what was measured: go run ./bench/report", name)
		}
	}
	docs, err := os.ReadDir(filepath.Join(root, "docs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range docs {
		if _, ok := files["docs/"+f.Name()]; !ok && strings.HasSuffix(f.Name(), ".svg") {
			t.Errorf("docs/%s is made by no plot", f.Name())
		}
	}
}

func TestDocumentsHaveEveryPartOnceAndEveryPlot(t *testing.T) {
	r, err := readResults(filepath.Join(root, "bench", "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range documents {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	text := all.String()
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(parts)), slices.Sorted(maps.Keys(others))) {
		if n := strings.Count(text, partBegin+name+" -->"); n != 1 {
			t.Errorf("%d parts %s, want one", n, name)
		}
	}
	for plot := range r.plots() {
		if !strings.Contains(text, "]("+plot+")") {
			t.Errorf("docs/%s is shown nowhere", plot)
		}
	}
	if strings.Contains(text, "| - | - | - | - |") {
		t.Error("a row was not measured")
	}
}

func TestFillReplacesPartsAndNothingElse(t *testing.T) {
	part := func(name string) (string, error) {
		if name != "a" {
			return "", errors.New("no such part")
		}
		return "new\n", nil
	}
	got, err := fill("x\n<!-- report: a -->\nold\n<!-- end of report -->\ny\n", part)
	if want := "x\n<!-- report: a -->\nnew\n<!-- end of report -->\ny\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if again, err := fill(got, part); err != nil || again != got {
		t.Errorf("a second time it gave %q, %v", again, err)
	}
	for _, bad := range []string{"<!-- report: a -->\nold\n", "<!-- report: b -->\n<!-- end of report -->\n"} {
		if got, err := fill(bad, part); err == nil {
			t.Errorf("%q gave %q", bad, got)
		}
	}
}

func TestTicksAreRoundAndWithinTheAxis(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		log    bool
	}{{1, 100, true}, {4.6, 181, true}, {0.02, 0.9, true}, {0.53, 2.4, true}, {0.3, 5000, true}, {10, 11, true}, {11.7, 20.4, false}, {0, 1, false}, {-3, 4000, false}, {5, 5.001, false}} {
		a := axis{log: c.log}.withRange(c.lo, c.hi)
		if a.at(c.lo) < 0.03 || a.at(c.hi) > 0.97 {
			t.Errorf("%v and %v are drawn at %v and %v of the axis", c.lo, c.hi, a.at(c.lo), a.at(c.hi))
		}
		got := a.ticks
		if len(got) < 4 || len(got) > 16 {
			t.Errorf("%v to %v, logarithmic %v: ticks %v", c.lo, c.hi, c.log, got)
		}
		for i, v := range got {
			if v < a.lo || v > a.hi || i > 0 && v <= got[i-1] {
				t.Errorf("%v to %v: tick %v of %v", a.lo, a.hi, v, got)
			}
			if len(number(v)) > 6 {
				t.Errorf("%v is not round", v)
			}
		}
	}
}

// Every SVG is well-formed, has the names of its lines, and draws them within its frame.
func TestPlotsAreWellFormedAndWithinTheirFrame(t *testing.T) {
	p, ok := plot{
		title: `a < b & "c"`,
		x:     axis{label: "x", log: true},
		y:     axis{label: "y"},
		series: []series{
			{name: "one", shape: "dot", points: []point{{1, 10}, {90, 20}}},
			{name: "two", color: 1, shape: "square", points: []point{{2, 11}, {100, 20.1}}},
		},
	}.withScale()
	if !ok {
		t.Fatal("nothing to draw")
	}
	svg := p.svg()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{">one</text>", ">two</text>", "prefers-color-scheme:dark"} {
		if !strings.Contains(svg, name) {
			t.Errorf("no %s in it", name)
		}
	}
	for _, s := range p.series {
		for _, q := range s.points {
			if x, y := p.px(q.x), p.py(q.y); x < left || x > left+frameW || y < top || y > top+frameH {
				t.Errorf("%v is drawn at %.0f, %.0f", q, x, y)
			}
		}
	}
	if h := p.nameHeights(); h[0]-h[1] < nameGap-0.1 {
		t.Errorf("names at %.1f and %.1f touch", h[0], h[1])
	}
	if _, ok := (plot{}).withScale(); ok {
		t.Error("an empty plot was drawn")
	}
}

// The table has the peers that are better, and not those that are worse or as good within noise.
func TestWhereItLosesIsSaid(t *testing.T) {
	r := &results{rows: []row{
		{Work: "slow work", Variant: "avx2", Measure: "cpu_ms", Ours: 12, Peer: "sharp", Theirs: 10, Ratio: 1.2},
		{Work: "noisy work", Variant: "avx2", Measure: "cpu_ms", Ours: 10.2, Peer: "sharp", Theirs: 10, Ratio: 1.02},
		{Work: "fast work", Variant: "avx2", Measure: "cpu_ms", Ours: 5, Peer: "sharp", Theirs: 10, Ratio: 0.5},
		{Work: "blurred", Variant: "avx2", Measure: "ssim_y", Ours: 0.99, Peer: "pillow", Theirs: 0.995, Ratio: 0.995},
		{Work: "plain Go", Variant: "purego", Measure: "cpu_ms", Ours: 20, Peer: "sharp", Theirs: 10, Ratio: 2},
	}}
	got := r.losesTable()
	for _, want := range []string{"2 of 4 rows", "slow work", "blurred", "Pillow"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, not := range []string{"noisy", "fast", "plain"} {
		if strings.Contains(got, not) {
			t.Errorf("%q in\n%s", not, got)
		}
	}
	if got := (&results{}).losesTable(); got != "None of 0 rows." {
		t.Errorf("got %q", got)
	}
}
