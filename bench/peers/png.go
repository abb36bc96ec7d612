package main

// This file compares PNG.

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"

	"miniatura/bench/pictures"
)

// pngSection adds the rows about PNG: a photo, a page of text and a drawing of lines, of 12
// megapixels each, and those of largePNGs.
func pngSection(s *suite) error {
	photo, err := s.photoPixels()
	if err != nil {
		return err
	}
	cpu := ratios{}
	var photoPNG picture
	for i, c := range []struct {
		name string
		m    image.Image
	}{
		{"12MP photo", photo},
		{"12MP text", pictures.Text(4000, 3000)},
		{"12MP lines", pictures.Lines(4000, 3000)},
	} {
		p, err := s.makePNG(c.name, c.m)
		if err != nil {
			return err
		}
		if i == 0 {
			photoPNG = p
		}
		for _, size := range []string{"M", "SS"} {
			work := fmt.Sprintf("%s png -> %s png", c.name, size)
			got := s.compare(work, "png", p.path, p.box(size), s.iterations(3), s.contenders())
			s.pngRows(work, got, cpu)
		}
	}
	cpu.rows(s, "all png -> png")
	return s.largePNGs(photoPNG)
}

// pngRows adds the rows of CPU, memory and bytes for one piece of work, and adds the ratios of CPU
// to cpu.
func (s *suite) pngRows(work string, got map[string]result, cpu ratios) {
	for _, variant := range []string{"avx2", "purego"} {
		for _, peer := range []string{"sharp", "pillow"} {
			ours, ok1 := got[variant]
			theirs, ok2 := got[peer]
			if !ok1 || !ok2 {
				continue
			}
			s.row(work, variant, "cpu_ms", ours.cpu, peer, theirs.cpu)
			k := [2]string{variant, peer}
			cpu[k] = append(cpu[k], ours.cpu/theirs.cpu)
			if variant == "avx2" {
				s.row(work, variant, "rss_mb", ours.rss, peer, theirs.rss)
				s.row(work, variant, "bytes", float64(ours.bytes), peer, float64(theirs.bytes))
			}
		}
	}
}

// photoPixels returns a photo of 12 megapixels in RGB: of the corpus, or made by code.
func (s *suite) photoPixels() (image.Image, error) {
	var m image.Image = pictures.Photo(4032, 3024)
	if s.photos != "" {
		path := filepath.Join(s.photos, "012mp-bus.jpg")
		if _, err := os.Stat(path); err == nil {
			if m, err = decodeFile(path); err != nil {
				return nil, err
			}
		}
	}
	rgb := image.NewRGBA(m.Bounds())
	draw.Draw(rgb, rgb.Rect, m, m.Bounds().Min, draw.Src)
	return rgb, nil
}

// makePNG writes m with image/png and its defaults: rows are filtered, as most encoders do.
func (s *suite) makePNG(name string, m image.Image) (picture, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return picture{}, err
	}
	p := picture{name: name, path: filepath.Join(s.dir, name+".png"), w: m.Bounds().Dx(), h: m.Bounds().Dy(), named: true}
	return p, os.WriteFile(p.path, b.Bytes(), 0o600)
}
