package main

// This file finds and makes the pictures of the comparison.

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"miniatura/bench/pictures"
	"miniatura/codec/jpeg"
	"miniatura/sizes"
)

// A picture is a file to be resized.
type picture struct {
	name  string // the name in rows
	path  string
	w, h  int
	named bool // one of the few pictures that the tables show
}

// box returns the box that p has to fit in the size called sizeName, as the argument of a
// contender.
func (p picture) box(sizeName string) string {
	size, _ := sizes.Parse(sizeName)
	b := size.Tall
	if p.w > p.h {
		b = size.Wide
	}
	return fmt.Sprintf("%dx%d", b.W, b.H)
}

// open returns the JPEG at path as a picture. It reads the dimensions from the file.
func open(name, path string, named bool) (picture, error) {
	f, err := os.Open(path)
	if err != nil {
		return picture{}, err
	}
	defer f.Close()
	c, err := stdjpeg.DecodeConfig(f)
	if err != nil {
		return picture{}, err
	}
	return picture{name, path, c.Width, c.Height, named}, nil
}

// baselines returns the corpus's photos of at least 3 megapixels, and the named ones, as baseline
// files. Photos that image/jpeg cannot read are left out. A flower is in the corpus in many
// encodings: only the one with 4:2:0 is returned. Without a corpus, baselines returns two photos
// made by code.
func (s *suite) baselines() ([]picture, error) {
	var all []picture
	add := func(name, path string, named bool) error {
		p, err := open(name, path, named)
		if err == nil {
			all = append(all, p)
		}
		return err
	}
	if s.photos == "" {
		for _, c := range []struct {
			name string
			w, h int
		}{{"12MP", 4032, 3024}, {"24MP", 6000, 4000}} {
			path, err := s.make(c.name, pictures.Photo(c.w, c.h))
			if err != nil {
				return nil, err
			}
			if err := add(c.name, path, true); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	files, err := filepath.Glob(filepath.Join(s.photos, "*.jp*g"))
	if err != nil {
		return nil, err
	}
	nameInTables := map[string]string{"012mp-bus.jpg": "12MP", "craft-beer.jpg": "24MP"}
	for _, path := range files {
		base := filepath.Base(path)
		p, err := open(base, path, false)
		if err != nil {
			continue // image/jpeg does not support every subsampling
		}
		name, named := nameInTables[base]
		if !named {
			name = strings.TrimSuffix(base, filepath.Ext(base))
		}
		small := !named && p.w*p.h < 3e6
		otherFlower := strings.HasPrefix(base, "flower") && !strings.Contains(base, "_420")
		if small || otherFlower {
			continue
		}
		if path, err = s.transcode(path, "-optimize"); err != nil {
			s.skip(name, err.Error())
			continue
		}
		if err := add(name, path, named); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// transcode writes a JPEG again with jpegtran and the given options of jpegtran, and returns the
// path of the new file. No coefficient changes. The new file is baseline unless an option is
// -progressive.
func (s *suite) transcode(path string, options ...string) (string, error) {
	jpegtran, err := exec.LookPath("jpegtran")
	if err != nil {
		return "", fmt.Errorf("jpegtran is missing: apt-get install libjpeg-turbo-progs")
	}
	out := filepath.Join(s.dir, strings.Join(options, "")+"-"+filepath.Base(path))
	arguments := append(slices.Clone(options), "-copy", "all", "-outfile", out, path)
	cmd := exec.Command(jpegtran, arguments...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("jpegtran: %w: %s", err, msg)
	}
	return out, nil
}

// make writes m as a baseline JPEG and returns the file's path.
func (s *suite) make(name string, m image.Image) (string, error) {
	b, err := jpeg.Append(nil, m, &jpeg.Options{Quality: 90})
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, name+".jpg")
	return path, os.WriteFile(path, b, 0o600)
}

// unprofiled returns p, or a copy of p without metadata if it has any. Without color profiles, all
// contenders agree on what the samples mean.
func (s *suite) unprofiled(p picture) (picture, error) {
	src, err := os.ReadFile(p.path)
	if err != nil {
		return picture{}, err
	}
	const keepICC = false
	out, err := jpeg.Strip(src, keepICC)
	if err != nil {
		return picture{}, err
	}
	if out == nil || bytes.Equal(out, src) {
		return p, nil
	}
	p.path = filepath.Join(s.dir, "unprofiled-"+filepath.Base(p.path))
	return p, os.WriteFile(p.path, out, 0o600)
}
