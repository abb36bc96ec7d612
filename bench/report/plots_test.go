package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Lines can be told apart without color: no two lines of one plot have the same mark, and every
// mark is drawn at each point and beside the name.
func TestLinesAreToldApartByShape(t *testing.T) {
	r := &results{rows: sampleRows()}
	for _, c := range []struct {
		plot  func() (plot, bool)
		names []string
	}{
		{func() (plot, bool) { return r.againstMegapixels("cpu_ms", "a", "b") }, []string{"sharp", "Pillow", "image/jpeg + draw", "without AVX2", "miniatura"}},
		{func() (plot, bool) { return r.againstBits("webp", "WebP", "ssim_db", "b") }, []string{"sharp", "Pillow", "cwebp -m 4", "miniatura"}},
		{func() (plot, bool) { return r.againstBits("frontier ours jpg", "JPEG", "ssimulacra2", "b") }, []string{"image/jpeg", "jpegli 4:2:0", "mozjpeg", "miniatura"}},
	} {
		p, ok := c.plot()
		if !ok || len(p.series) != len(c.names) {
			t.Errorf("%d lines, want those of %v", len(p.series), c.names)
			continue
		}
		svg := p.svg()
		seen := map[string]string{}
		for i, s := range p.series {
			if s.name != c.names[i] {
				t.Errorf("line %d is %q, want %q", i, s.name, c.names[i])
			}
			if shapes[s.shape] == "" || seen[s.shape] != "" {
				t.Errorf("%s and %s have the mark %q", s.name, seen[s.shape], s.shape)
			}
			seen[s.shape] = s.name
			group := regexp.MustCompile(`<path class="mark ` + s.shape + `" d="([^"]*)"`).FindStringSubmatch(svg)
			if group == nil || strings.Count(group[1], "M") != len(s.points)+1 {
				t.Errorf("%s lacks a mark for each of its %d points and its name", s.name, len(s.points))
			}
		}
	}
}

// In both color schemes, text has a contrast of 4.5:1 with the plot's background, and axes of 3:1.
func TestPlotsAreReadableInBothSchemes(t *testing.T) {
	light, dark, ok := strings.Cut(style, "@media (prefers-color-scheme:dark){")
	if !ok {
		t.Fatal("no dark scheme")
	}
	color := regexp.MustCompile(`\.(\w+)\{(?:fill|stroke|--c):(#[0-9a-f]+)\}`)
	for name, css := range map[string]string{"light": light, "dark": dark} {
		of := map[string]string{}
		for _, m := range color.FindAllStringSubmatch(css, -1) {
			of[m[1]] = m[2]
		}
		for class, least := range map[string]float64{"ink": 4.5, "soft": 4.5, "axis": 3, "c0": 4.5, "c1": 4.5, "c2": 4.5, "c3": 4.5, "c4": 4.5} {
			if of[class] == "" || of["back"] == "" {
				t.Errorf("%s: no color for %s", name, class)
			} else if got := contrast(of[class], of["back"]); got < least {
				t.Errorf("%s: %s has a contrast of %.2f, want %.1f", name, class, got, least)
			}
		}
	}
	if got := contrast("#000", "#ffffff"); math.Abs(got-21) > 1e-9 {
		t.Errorf("black on white is %v", got) // WCAG 2.2: 21:1
	}
}

// contrast returns WCAG's contrast ratio of two colors.
func contrast(a, b string) float64 {
	l := [2]float64{luminance(a), luminance(b)}
	return (max(l[0], l[1]) + 0.05) / (min(l[0], l[1]) + 0.05)
}

// luminance returns WCAG's relative luminance of a color like #1f2328.
func luminance(hex string) (l float64) {
	hex = hex[1:]
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		v := float64(n) / 255
		if v <= 0.04045 {
			l += weight * v / 12.92
		} else {
			l += weight * math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return l
}
