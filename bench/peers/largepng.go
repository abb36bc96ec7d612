package main

// This file compares large PNGs: their CPU as sources of JPEGs, and their memory.

import (
	"os"

	"miniatura/bench/pictures"
)

// largePNGs adds the rows about two large PNGs: a photo of 12 megapixels becomes a JPEG, and,
// unless the run is short, a screenshot of 50 megapixels becomes a PNG.
func (s *suite) largePNGs(photo picture) error {
	work := photo.name + " png -> M jpeg q80"
	got := s.compare(work, "jpeg", photo.path, photo.box("M"), s.iterations(3), s.contenders())
	s.largePNGRows(work, photo, got)
	if s.short {
		return nil
	}
	p, err := s.makePNG("50MP screenshot", pictures.Screenshot(8192, 6144))
	if err != nil {
		return err
	}
	defer os.Remove(p.path)
	work = p.name + " png -> M png"
	s.largePNGRows(work, p, s.compare(work, "png", p.path, p.box("M"), 1, s.contenders()))
	return nil
}

// largePNGRows adds the rows for one piece of work on p, and a row of our memory without the bytes
// of p's file.
func (s *suite) largePNGRows(work string, p picture, got map[string]result) {
	s.pngRows(work, got, ratios{}) // these ratios are in no mean
	file, err := os.Stat(p.path)
	if err != nil {
		s.skip(work, err.Error())
		return
	}
	if ours, ok := got["avx2"]; ok {
		fileMB := float64(file.Size()) / (1 << 20)
		s.row(work, "avx2", "rss_less_file_mb", ours.rss-fileMB, "", 0)
	}
}
