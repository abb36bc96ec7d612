package main

// This file compares the CPU of lossy WebP with that of libwebp. A program in C calls libwebp in a
// loop, so that no start of a process and no reading of a PNG is measured.

import (
	"bytes"
	_ "embed"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"

	"miniatura/codec/webp"
	"miniatura/sizes"
)

//go:embed webp_libwebp.c.txt
var libwebpLoop []byte

func init() {
	modes["webp-default"] = encodeRGBA(webp.DefaultEffort)
	modes["webp-high"] = encodeRGBA(webp.HighEffort)
}

// encodeRGBA returns a mode that encodes at quality 80. The mode's source is raw RGBA with the
// dimensions of the box.
func encodeRGBA(effort webp.Effort) func([]byte, sizes.Box) ([]byte, error) {
	var buf []byte // the next call reuses it
	return func(src []byte, box sizes.Box) ([]byte, error) {
		m := &image.NRGBA{Pix: src, Stride: 4 * box.W, Rect: image.Rect(0, 0, box.W, box.H)}
		var err error
		buf, err = webp.Append(buf[:0], m, &webp.Options{Quality: 80, Lossy: true, Effort: effort})
		return buf, err
	}
}

// buildLibwebpLoop compiles the contender in C, which needs libwebp-dev, and returns the program's
// path.
func (s *suite) buildLibwebpLoop() (string, error) {
	exe := filepath.Join(s.dir, "libwebp-loop")
	cmd := exec.Command("cc", "-O2", "-x", "c", "-o", exe, "-", "-lwebp")
	cmd.Stdin = bytes.NewReader(libwebpLoop)
	if b, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %.300s", err, b)
	}
	return exe, nil
}

// webpCPU adds the rows about CPU against libwebp with method 4.
func (s *suite) webpCPU(pictures []webpPicture, effort string) error {
	loop, err := s.buildLibwebpLoop()
	if err != nil {
		const get = "apt-get install libwebp-dev and a C compiler"
		s.miss("libwebp's loop cannot be built (no CPU rows of webp): " + get + ": " + err.Error())
		return nil
	}
	all := []contender{
		{name: "avx2", command: []string{s.self, workerFlag}},
		{name: "purego", command: []string{s.plain, workerFlag}},
		{name: "libwebp", command: []string{loop}},
	}
	cpu := map[string]float64{} // sums over the photos, by contender
	n := 0                      // how many photos
	for _, p := range pictures {
		raw := filepath.Join(s.dir, "webp.rgba")
		if err := os.WriteFile(raw, p.m.Pix, 0o600); err != nil {
			return err
		}
		box := fmt.Sprintf("%dx%d", p.m.Rect.Dx(), p.m.Rect.Dy())
		results := s.compare(p.name+" -> webp q80", "webp-"+effort, raw, box, 3, all)
		if len(results) < len(all) {
			continue // compare has noted why
		}
		n++
		for name, r := range results {
			cpu[name] += r.cpu
		}
	}
	if n == 0 {
		return nil
	}
	work := fmt.Sprintf("%d photos -> webp, %s effort", n, effort)
	theirs := cpu["libwebp"] / float64(n)
	for _, variant := range []string{"avx2", "purego"} {
		s.row(work, variant, "cpu_ms", cpu[variant]/float64(n), "libwebp -m 4", theirs)
	}
	return nil
}
