package main

// This file finds the pictures and their traits.

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"miniatura/desk/demo"
)

// A source is one picture and what is known about it.
type source struct {
	name   string // in the corpus, with the folder
	path   string
	w, h   int    // upright, 0 when unknown
	format string // jpeg, png, gif, bmp, webp
	about  string // the manifest's description
	named  string // the file name under which the picture is requested
}

// A trait is one row of the table.
type trait struct {
	name    string
	has     func(source) bool
	webp    bool // made into WebP; otherwise into the source's own format
	hostile bool // any answer other than a crash is right

	truecolor  bool // the result must not have a palette
	formatOnly bool // the pixels of the result are not judged
}

// Patterns for the manifest's descriptions. A description that matches one has the trait of that
// name.
var (
	turned    = regexp.MustCompile(`orientation [2-8]`)
	frames    = regexp.MustCompile(`\b([2-9]|\d\d+) frame|animated|APNG`)
	trueColor = regexp.MustCompile(`^8-bit RGBA?\b`)
	lowDepth  = regexp.MustCompile(`palette|\b[124]-bit gray`)
	wideGamut = regexp.MustCompile(`ICC (Display P3|Adobe RGB|Artifex Software A98|DCI-P3|BRG|RGB-to-GBR|c2|rob|XYB_Per)`)
	inks      = regexp.MustCompile(`CMYK|YCCK|4-component`)
)

// traits are the rows, in the order of the table.
var traits = []trait{
	{name: "photos and other JPEGs, upright, in RGB or grey", has: func(s source) bool {
		return s.in("photos") && s.format == "jpeg" && !inks.MatchString(s.about) && !wideGamut.MatchString(s.about)
	}},
	{name: "EXIF orientation 2 to 8", has: func(s source) bool { return s.in("orientation") && turned.MatchString(s.about) }},
	{name: "wide-gamut and odd ICC profiles", has: func(s source) bool {
		return s.isDecodable() && !turned.MatchString(s.about) && wideGamut.MatchString(s.about)
	}},
	{name: "CMYK and YCCK", has: func(s source) bool {
		return s.isDecodable() && !turned.MatchString(s.about) && inks.MatchString(s.about)
	}},
	{name: "animated GIF", has: func(s source) bool { return s.isAnimated("gif") }},
	{name: "animated GIF to WebP", webp: true, has: func(s source) bool { return s.isAnimated("gif") }},
	{name: "animated WebP", has: func(s source) bool { return s.isAnimated("webp") }},
	{name: "APNG", has: func(s source) bool { return s.isDecodable() && strings.Contains(s.about, "APNG") }},
	{name: "PNG with a palette, or grey of 1 to 4 bits", has: func(s source) bool {
		return s.in("png") && lowDepth.MatchString(s.about)
	}},
	{name: "PNG of 16 bits to WebP", webp: true, has: func(s source) bool { return s.in("png") && strings.Contains(s.about, "16-bit") }},
	{name: "PNG with tRNS to WebP", webp: true, has: func(s source) bool {
		return s.in("png") && strings.Contains(s.about, "tRNS") && !strings.Contains(s.about, "APNG")
	}},
	{name: "truecolour PNG stays truecolour", truecolor: true, has: func(s source) bool {
		large := s.w*s.h >= 100*100
		otherTrait := turned.MatchString(s.about) || wideGamut.MatchString(s.about) ||
			strings.Contains(s.about, "APNG") || strings.Contains(s.about, "tRNS")
		return s.in("png") && trueColor.MatchString(s.about) && large && !otherTrait
	}},
	{name: "BMP", has: func(s source) bool { return s.in("bmp") }},
	{name: "WebP, still", has: func(s source) bool { return s.in("webp") && !frames.MatchString(s.about) }},
	{name: "PNG named .jpg, JPEG named .png", formatOnly: true, has: func(s source) bool { return strings.HasPrefix(s.about, "misnamed") }},
	{name: "damaged and hostile files", hostile: true, has: func(s source) bool { return s.in("hostile") }},
}

// in reports whether s is in a folder of the corpus.
func (s source) in(folder string) bool { return strings.HasPrefix(s.name, folder+"/") }

// isDecodable reports whether s can be read: its width is known, and s is not hostile.
func (s source) isDecodable() bool { return !s.in("hostile") && s.w > 0 }

// isAnimated reports whether s can be read, has the format, and has several frames.
func (s source) isAnimated(format string) bool {
	return s.isDecodable() && s.format == format && frames.MatchString(s.about)
}

// findSources returns the pictures in the corpus's manifest, or demo pictures written into dir if
// there is no corpus. kind describes the pictures in the table.
func findSources(root, dir string) (all []source, kind string, err error) {
	shared := os.Getenv("MINIATURA_SHARED")
	if shared == "" {
		shared = filepath.Join(root, "..", "shared")
	}
	corpus := filepath.Join(shared, "corpus")
	f, err := os.Open(filepath.Join(corpus, "MANIFEST.tsv"))
	if err != nil {
		all, err = madeSources(dir)
		return all, "pictures made by code", err
	}
	defer f.Close()
	column := map[string]int{} // by name, from the manifest's first line
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		if len(column) == 0 {
			for i, name := range c {
				column[name] = i
			}
			continue
		}
		s := source{name: c[column["file"]], format: c[column["format"]], about: c[column["traits"]]}
		s.named = filepath.Base(s.name)
		s.path = filepath.Join(corpus, s.name)
		s.w, _ = strconv.Atoi(c[column["upright_width"]])
		s.h, _ = strconv.Atoi(c[column["upright_height"]])
		all = append(all, s)
	}
	return append(all, misnamed(all)...), "pictures made by others", lines.Err()
}

// misnamed returns up to five PNGs with names that end in .jpg, and up to five JPEGs with names
// that end in .png. The pictures are large, and have no orientation and no ICC profile.
func misnamed(all []source) []source {
	var renamed []source
	count := map[string]int{}
	for _, s := range all {
		other := map[string]string{"png": "jpg", "jpeg": "png"}[s.format]
		large := s.isDecodable() && s.w*s.h >= 200*200
		plain := !strings.ContainsAny(s.about, "oI") // "orientation" has an o, "ICC" an I
		if other == "" || !large || !plain || count[s.format] == 5 {
			continue
		}
		count[s.format]++
		s.named = "misnamed." + other
		s.about = "misnamed"
		s.name = "misnamed/" + s.name
		renamed = append(renamed, s)
	}
	return renamed
}

// madeSources writes a few demo pictures to dir, so that the command can be tried without a corpus.
func madeSources(dir string) ([]source, error) {
	described := map[string]struct{ folder, format, about string }{
		"lake.jpg":                 {"photos", "jpeg", "baseline"},
		"still life, sideways.jpg": {"orientation", "jpeg", "orientation 6"},
		"logo.png":                 {"png", "png", "8-bit RGBA"},
		"orbit.gif":                {"gif", "gif", "24 frames"},
		"Übersicht 1+1 = 100%.png": {"png", "png", "8-bit palette"},
	}
	var all []source
	for i, p := range demo.Pictures() {
		d, ok := described[p.Name]
		if !ok {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("source-%d", i))
		if err := os.WriteFile(path, p.Data, 0o600); err != nil {
			return nil, err
		}
		w, h, err := dimensions(p.Data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, source{
			name:   d.folder + "/" + p.Name,
			path:   path,
			w:      w,
			h:      h,
			format: d.format,
			about:  d.about,
			named:  p.Name,
		})
	}
	return append(all, misnamed(all)...), nil
}
