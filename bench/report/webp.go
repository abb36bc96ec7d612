package main

// This file makes the table of lossy WebP.

import "strings"

// webpTable returns the table that compares lossy WebP with cwebp.
func (r *results) webpTable() string {
	t := newTable("WebP beside cwebp -m 4", "mean", "worst picture")
	// Work with more after "effort," is that of a worst picture. The loop looks for it.
	works := r.works(func(work string) bool {
		return strings.Contains(work, " photos -> webp, ") && !strings.Contains(work, "effort,")
	})
	// Bytes.
	for _, work := range works {
		if _, ok := r.ours(work, "avx2", "bd_ssim"); !ok {
			continue
		}
		for _, m := range []struct{ measure, name string }{
			{"bd_psnr", "PSNR"}, {"bd_ssim", "SSIM"}, {"bd_butteraugli", "butteraugli's 3-norm"},
		} {
			// The work of the worst picture is named like work, then a comma and the picture.
			worst, ok := 0.0, false
			for _, row := range r.rows {
				if strings.HasPrefix(row.Work, work+", ") && row.Measure == m.measure+"_worst" {
					worst, ok = row.Ours, true
				}
			}
			mean, ok1 := r.ours(work, "avx2", m.measure)
			t.row("bytes at equal "+m.name, percent(mean, ok1), percent(worst, ok))
		}
		own, ok := r.ours(work, "avx2", "bytes_q80")
		lib, ok1 := r.theirs(work, "bytes_q80", "cwebp -m 4")
		t.row("bytes at quality 80", percent(100*(own/lib-1), ok && ok1), "-")
	}
	// The CPU of encoding alone.
	for _, variant := range []string{"avx2", "purego"} {
		for _, work := range works {
			ratio, ok := r.ratio(work, variant, "cpu_ms", "libwebp -m 4")
			if !ok {
				continue
			}
			name := "CPU beside libwebp -m 4 in process"
			if variant == "purego" {
				name += ", without AVX2"
			}
			t.row(name, percent(100*(ratio-1), true), "-")
		}
	}
	// The CPU of resizing.
	for _, work := range r.works(func(work string) bool { return strings.HasSuffix(work, " jpeg -> M webp q80") }) {
		if ratio, ok := r.ratio(work, "avx2", "cpu_ms", "sharp"); ok {
			t.row(title(work)+", CPU beside sharp's", percent(100*(ratio-1), true), "-")
		}
	}
	return t.text()
}
