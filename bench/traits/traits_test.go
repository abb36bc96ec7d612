package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Without a corpus and without peers there are still a few pictures, and all of them come out
// right.
func TestMadePicturesHaveTheTraitsTheyAreNamedFor(t *testing.T) {
	dir := t.TempDir()
	sources, err := madeSources(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, tr := range traits {
		for _, s := range sources {
			if !tr.has(s) {
				continue
			}
			rows++
			if r := ours(newJob(s, tr), filepath.Join(dir, "out")); r.outcome != made {
				t.Errorf("%s: %s: %s: %s", tr.name, s.name, r.outcome, r.why)
			} else if i, err := os.Stat(r.path); err != nil || i.Size() == 0 {
				t.Errorf("%s: %s: %v", tr.name, s.name, err)
			}
		}
	}
	if rows < 5 {
		t.Errorf("%d rows have a picture", rows)
	}
}

func TestAComparisonIsJudgedByItsTrait(t *testing.T) {
	s := source{name: "photos/a.jpg", w: 400, h: 300, format: "jpeg"}
	good := comparison{Format: "JPEG", Mode: "RGB", W: 180, H: 135, Frames: 1, SourceFrames: 1, Mean: 1, Loss: 1}
	judged := func(change func(*comparison, *trait)) string {
		c, tr := good, trait{}
		change(&c, &tr)
		return c.faults(newJob(s, tr), "image/jpeg")
	}
	if why := judged(func(*comparison, *trait) {}); why != "" {
		t.Errorf("a good picture: %s", why)
	}
	for name, change := range map[string]func(*comparison, *trait){
		"sideways":        func(c *comparison, _ *trait) { c.W, c.H = 135, 180 },
		"other colours":   func(c *comparison, _ *trait) { c.Mean = 4 },
		"no alpha":        func(c *comparison, _ *trait) { c.Alpha = 100 },
		"one frame":       func(c *comparison, _ *trait) { c.SourceFrames = 3 },
		"lying name":      func(c *comparison, _ *trait) { c.Format = "PNG" },
		"few colours":     func(c *comparison, tr *trait) { c.Mode, tr.truecolor = "P", true },
		"not a picture":   func(c *comparison, _ *trait) { c.Error = "cannot identify image file" },
		"two pixels less": func(c *comparison, _ *trait) { c.W -= 2 },
	} {
		if judged(change) == "" {
			t.Errorf("%s: no fault is named", name)
		}
	}
}

func TestTallyNamesWhatIsNotRight(t *testing.T) {
	var jobs []*job
	for _, o := range []outcome{right, right, wrong, original, failed} {
		jobs = append(jobs, &job{results: []result{{outcome: o}}})
	}
	for _, c := range []struct {
		t    trait
		want string
	}{{trait{}, "2 of 5, 1 original, 1 wrong, 1 5xx"}, {trait{hostile: true}, "3 of 5, 1 wrong, 1 5xx"}} {
		if got := tally(jobs, 0, c.t); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	jobs[0].results[0].outcome = absent
	if got := tally(jobs, 0, trait{}); got != "-" {
		t.Errorf("a contender that is not here: %q", got)
	}
}
