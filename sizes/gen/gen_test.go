package main

import (
	"strings"
	"testing"

	"miniatura/sizes"
)

// The READMEs, the template and its viewer function contain the table of package sizes.
func TestEveryPlaceHasTheTable(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	is, want, err := files(root, sizes.All())
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if is[name] != want[name] {
			t.Errorf("%s has another table of sizes: go generate ./sizes", name)
		}
	}

	// Another table changes every place, and the real one restores it.
	for n, table := range [][]sizes.Size{
		append([]sizes.Size{{Name: "XL", Wide: sizes.Box{W: 1920, H: 1080}, Tall: sizes.Box{W: 1080, H: 1920}}}, sizes.All()...),
		append(sizes.All(), sizes.Size{Name: "SXL", Wide: sizes.Box{W: 1600, H: 1600}, Tall: sizes.Box{W: 1600, H: 1600}}),
		sizes.All()[:2],
	} {
		for _, p := range places {
			other, err := p.rewrite(is[p.file], table)
			if err != nil || other == is[p.file] {
				t.Errorf("%d: %s, %v: nothing changed (%v)", n, p.file, p.pattern, err)
				continue
			}
			if back, err := p.rewrite(other, sizes.All()); err != nil || back != is[p.file] {
				t.Errorf("%d: %s, %v does not come back (%v)", n, p.file, p.pattern, err)
			}
		}
	}
}

func TestAPlaceThatIsNotThereIsSaid(t *testing.T) {
	p := places[len(places)-1]
	for _, text := range []string{"", "at most two variants of a picture, at most two variants of a picture"} {
		if _, err := p.rewrite(text, sizes.All()); err == nil || !strings.Contains(err.Error(), p.file) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int]string{0: "zero", 17: "seventeen", 19: "nineteen", 20: "twenty", 21: "twenty-one", 40: "forty", 99: "ninety-nine"} {
		if got := words(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
