package main

// This file compares screenshots, diagrams and logos.

import (
	"bytes"
	"context"
	"fmt"
	"image"
	stdpng "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"miniatura/bench/pictures"
	"miniatura/codec"
	"miniatura/sizes"
)

// leastGraphic is the size, in bytes, that a file must exceed to be measured in this section.
const leastGraphic = 100 << 10

// graphicsSection adds the rows about PNGs and WebPs that are stills. PNGs are resized to PNG and
// to WebP, WebPs to WebP. There are rows of each picture, and rows of the geometric mean and the
// worst of all pictures. sharp writes WebP with effort 4, its default, and with effort 2.
func graphicsSection(s *suite) error {
	all, err := s.graphics()
	if err != nil {
		return err
	}
	contenders := slices.DeleteFunc(s.contenders(), func(c contender) bool { return c.name == "purego" })
	forWebP := contenders
	if s.node != nil {
		effort2 := contender{name: "sharp effort 2", command: s.node, mode: "webpEffort2"}
		forWebP = append(slices.Clone(contenders), effort2)
	}
	for _, size := range []string{"M", "SS"} {
		toPNG, toWebP := graphicRatios{}, graphicRatios{}
		for _, p := range all {
			if p.fits(size) {
				continue
			}
			if filepath.Ext(p.path) == ".png" {
				s.graphic(p, size, "png", contenders, toPNG)
			}
			s.graphic(p, size, "webp", forWebP, toWebP)
		}
		toPNG.rows(s, "all graphics, png -> "+size+" png")
		toWebP.rows(s, "all graphics, png and webp -> "+size+" webp q80")
	}
	return nil
}

// fits reports whether p fits its box in the size called sizeName already.
func (p picture) fits(sizeName string) bool {
	size, _ := sizes.Parse(sizeName)
	w, h := size.Fit(p.w, p.h)
	return w == p.w && h == p.h
}

// graphic measures one picture and adds the picture's rows. It also adds the picture's ratios to
// collection.
func (s *suite) graphic(p picture, size, mode string, contenders []contender, collection graphicRatios) {
	work := fmt.Sprintf("graphics, %s -> %s %s", p.name, size, mode)
	got := s.compare(work, mode, p.path, p.box(size), s.iterations(3), contenders)
	ours, ok := got["avx2"]
	if !ok {
		return
	}
	for _, peer := range []string{"sharp", "sharp effort 2", "pillow"} {
		theirs, ok := got[peer]
		if !ok {
			continue
		}
		for _, m := range []struct {
			name         string
			ours, theirs float64
		}{
			{"cpu_ms", ours.cpu, theirs.cpu},
			{"rss_mb", ours.rss, theirs.rss},
			{"bytes", float64(ours.bytes), float64(theirs.bytes)},
		} {
			s.row(work, "avx2", m.name, m.ours, peer, m.theirs)
			k := [2]string{m.name, peer}
			collection[k] = append(collection[k], m.ours/m.theirs)
		}
	}
}

// graphicRatios collects ours/theirs by measure and peer.
type graphicRatios map[[2]string][]float64

// rows adds, for each measure and peer, a row with the geometric mean of the ratios and one with
// the worst. In these rows ours is already divided by theirs, so theirs is 1.
func (r graphicRatios) rows(s *suite, work string) {
	for _, measure := range []string{"cpu_ms", "rss_mb", "bytes"} {
		name, _, _ := strings.Cut(measure, "_") // without the unit
		for _, peer := range []string{"sharp", "sharp effort 2", "pillow"} {
			v := r[[2]string{measure, peer}]
			if len(v) == 0 {
				continue
			}
			s.row(work, "avx2", name+"_ratio_geomean", geomean(v), peer, 1)
			s.row(work, "avx2", name+"_ratio_worst", slices.Max(v), peer, 1)
		}
	}
}

// graphics returns the stills among the PNGs and WebPs of the corpus and of the folder graphics
// beside it, without small files. If there is no corpus, it returns three pictures made by code.
func (s *suite) graphics() ([]picture, error) {
	if s.photos == "" {
		return s.madeGraphics()
	}
	corpus := filepath.Dir(s.photos)
	folder := filepath.Join(filepath.Dir(corpus), "graphics")
	var paths []string
	for _, pattern := range []string{
		filepath.Join(corpus, "png", "*.png"),
		filepath.Join(corpus, "webp", "*.webp"),
		filepath.Join(folder, "*.png"),
		filepath.Join(folder, "*.webp"),
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	var all []picture
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if w, h, still := dimensions(src); still && len(src) > leastGraphic {
			all = append(all, picture{name: filepath.Base(path), path: path, w: w, h: h})
		}
	}
	if s.short {
		all = all[:min(len(all), 2)]
	}
	return all, nil
}

// dimensions returns the dimensions of a picture, and whether it is a still. It asks Resize for a
// result without area, so that Resize reads the headers and stops.
func dimensions(src []byte) (w, h int, still bool) {
	noArea := func(int, int) (int, int) { return 0, 0 }
	_, info, _ := codec.Resize(context.Background(), src, noArea, codec.Options{})
	return info.W, info.H, info.Frames == 1
}

// madeGraphics returns pictures made by code, as PNGs.
func (s *suite) madeGraphics() ([]picture, error) {
	var all []picture
	for _, made := range []struct {
		name string
		m    image.Image
	}{
		{"screenshot", pictures.Screenshot(1400, 900)},
		{"diagram", pictures.Diagram(1600, 1200)},
		{"logo", pictures.Logo(1200, 1200)},
	} {
		var b bytes.Buffer
		if err := stdpng.Encode(&b, made.m); err != nil {
			return nil, err
		}
		size := made.m.Bounds().Size()
		p := picture{name: made.name, path: filepath.Join(s.dir, made.name+".png"), w: size.X, h: size.Y}
		if err := os.WriteFile(p.path, b.Bytes(), 0o600); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
