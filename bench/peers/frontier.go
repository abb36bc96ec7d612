package main

// This file compares our encoders of JPEG and WebP with the best other encoders.

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"miniatura/bench/metrics"
	"miniatura/codec/jpeg"
	"miniatura/codec/webp"
)

// frontierCurves adds two rows for each peer and each measure of quality in frontierAxes: our bytes
// divided by the peer's at equal quality, as the mean of the pictures and for the worst one. For
// the plots of bench/report it also adds rows of bits per pixel and SSIMULACRA2 by quality number.
//
// The best peers cannot be installed everywhere, so their scores on ten pictures are in
// shared/frontier, beside the repository. Our encoders, image/jpeg and cjpeg are measured here.
func (s *suite) frontierCurves() error {
	if s.photos == "" {
		s.skip("frontier", "no shared/frontier")
		return nil
	}
	dir := filepath.Join(s.photos, "..", "..", "frontier")
	scores, err := readScores(filepath.Join(dir, "scores.tsv"))
	if err != nil {
		s.skip("frontier", "no shared/frontier: "+err.Error())
		return nil
	}
	for _, tool := range []string{"djpeg", "dwebp", "butteraugli_main"} {
		if _, err := exec.LookPath(tool); err != nil {
			s.skip("frontier", tool+" is not installed")
			return nil
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil {
		return err
	}
	qualities := []int{50, 60, 70, 80, 88, 95}
	if s.short {
		names, qualities = names[:1], []int{50, 80, 95}
	}
	sums := map[[2]string]*frontierSum{} // by our encoder and peer
	means := map[string]*frontierMean{}  // by encoder and quality number, such as "cwebp q80"
	for _, name := range names {
		// The points of this picture, by encoder: those measured here, and those in scores.tsv.
		all, pixels, err := s.frontierPicture(name, qualities)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		maps.Copy(all, scores[filepath.Base(name)])
		for encoder, points := range all {
			for _, p := range points {
				k := fmt.Sprint(encoder, " q", p.quality)
				if means[k] == nil {
					means[k] = new(frontierMean)
				}
				means[k].add(p, pixels)
			}
			// Each of our encoders is compared with every other encoder of its format.
			for _, own := range frontierOurs {
				if encoder == own || isWebP(encoder) != isWebP(own) {
					continue
				}
				k := [2]string{own, encoder}
				if sums[k] == nil {
					sums[k] = new(frontierSum)
				}
				sums[k].add(points, all[own])
			}
		}
	}
	s.frontierRows(sums, means, qualities)
	return nil
}

// frontierOurs are this project's encoders, and frontierPeers the others, in the order of the rows.
var (
	frontierOurs  = []string{"ours jpg", "ours webp", "ours high webp"}
	frontierPeers = []string{
		"std", "cjpeg", "sharp jpg", "jpegli420", "jpegli", "mozjpeg420", // JPEG
		"cwebp", "sharp webp", "cwebp-m4", "cwebp-m6", // WebP
	}
)

// isWebP reports whether an encoder makes WebPs. The others make JPEGs.
func isWebP(encoder string) bool { return strings.Contains(encoder, "webp") }

// frontierRows adds the rows of sums (bytes at equal quality) and those of means (the plots).
func (s *suite) frontierRows(sums map[[2]string]*frontierSum, means map[string]*frontierMean, qualities []int) {
	for _, own := range frontierOurs {
		for _, peer := range frontierPeers {
			sum := sums[[2]string{own, peer}]
			if sum == nil {
				continue
			}
			work := "curve frontier " + own
			for i, a := range frontierAxes {
				if sum.n[i] == 0 {
					continue
				}
				measure := "bytes_at_equal_" + a.name
				mean := sum.percent[i] / float64(sum.n[i])
				s.row(work, "avx2", measure, 1+mean/100, peer, 1)
				s.row(work, "avx2", measure+"_worst", 1+sum.worst[i]/100, peer, 1)
			}
		}
		for _, q := range qualities {
			ours := means[fmt.Sprint(own, " q", q)]
			work := fmt.Sprintf("curve frontier %s q%d", own, q)
			for _, peer := range frontierPeers {
				if isWebP(peer) != isWebP(own) {
					continue
				}
				quality := q
				if strings.HasPrefix(peer, "jpegli") {
					quality = jpegliQuality[q]
				}
				theirs := means[fmt.Sprint(peer, " q", quality)]
				if ours == nil || theirs == nil {
					continue
				}
				s.row(work, "avx2", "bits_per_pixel", ours.bits(), peer, theirs.bits())
				s.row(work, "avx2", "ssimulacra2", ours.score/ours.n, peer, theirs.score/theirs.n)
			}
		}
	}
}

// jpegliQuality maps a quality number of ours to the one with which jpegli makes about the same
// quality, because jpegli's numbers mean something else.
var jpegliQuality = map[int]int{50: 40, 60: 55, 70: 65, 80: 75, 88: 85, 95: 92}

// A frontierPoint is one encoding of one picture.
type frontierPoint struct {
	quality                 int // the encoder's quality number
	bytes                   float64
	ssimulacra2, psnr, ssim float64 // psnr and ssim are of luma
	butteraugli             float64 // 3-norm
}

// frontierAxes are the kinds of quality, each with a value that rises with quality.
var frontierAxes = []struct {
	name string
	of   func(frontierPoint) float64
}{
	{"ssimulacra2", func(p frontierPoint) float64 { return p.ssimulacra2 }},
	{"butteraugli", func(p frontierPoint) float64 { return -p.butteraugli }},
	{"ssim_y", func(p frontierPoint) float64 { return metrics.DB(p.ssim) }},
	{"psnr_y", func(p frontierPoint) float64 { return p.psnr }},
}

// A frontierSum collects the BD-rates of several pictures, in percent, for each of frontierAxes.
type frontierSum struct {
	percent, worst [4]float64 // the sum, and the greatest
	n              [4]int     // how many
}

// add adds the BD-rate of one picture: of the encodings test against the encodings ref. An axis is
// left out if the two curves do not overlap on it.
func (f *frontierSum) add(ref, test []frontierPoint) {
	for i, a := range frontierAxes {
		onAxis := func(points []frontierPoint) (curve []metrics.Point) {
			for _, p := range points {
				curve = append(curve, metrics.Point{Quality: a.of(p), Bytes: p.bytes})
			}
			return curve
		}
		percent, ok := metrics.BDRate(onAxis(ref), onAxis(test))
		if !ok {
			continue
		}
		if f.n[i] == 0 || percent > f.worst[i] {
			f.worst[i] = percent
		}
		f.percent[i] += percent
		f.n[i]++
	}
}

// A frontierMean collects the results of one encoder at one quality.
type frontierMean struct {
	logBits float64 // sum of log(bits per pixel)
	score   float64 // sum of SSIMULACRA2
	n       float64 // how many pictures
}

// add adds a point of a picture. pixels is the number of the picture's pixels.
func (m *frontierMean) add(p frontierPoint, pixels int) {
	m.logBits += math.Log(8 * p.bytes / float64(pixels))
	m.score += p.ssimulacra2
	m.n++
}

// bits returns the geometric mean of the bits per pixel.
func (m *frontierMean) bits() float64 { return math.Exp(m.logBits / m.n) }

// readScores reads scores.tsv, whose columns are picture, encoder, quality, bytes, SSIMULACRA2,
// PSNR-Y, SSIM-Y and butteraugli's 3-norm. It returns the points by picture and encoder.
func readScores(path string) (map[string]map[string][]frontierPoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord = '\t', 8
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("scores.tsv is empty")
	}
	all := map[string]map[string][]frontierPoint{}
	for _, row := range rows[1:] {
		picture, encoder := row[0], row[1]
		var v [6]float64 // the other columns
		for i := range v {
			if v[i], err = strconv.ParseFloat(row[2+i], 64); err != nil {
				return nil, err
			}
		}
		switch encoder {
		case "gojpeg":
			continue // image/jpeg, which is measured here
		case "sharp":
			encoder = "sharp jpg"
		}
		if all[picture] == nil {
			all[picture] = map[string][]frontierPoint{}
		}
		p := frontierPoint{quality: int(v[0]), bytes: v[1], ssimulacra2: v[2], psnr: v[3], ssim: v[4], butteraugli: v[5]}
		all[picture][encoder] = append(all[picture][encoder], p)
	}
	return all, nil
}

// frontierPicture measures the encoders of frontierFiles on one picture. It returns their points by
// encoder, and the number of the picture's pixels.
func (s *suite) frontierPicture(path string, qualities []int) (got map[string][]frontierPoint, pixels int, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	ref, rgba, err := metrics.ReadReference(file)
	if err != nil {
		return nil, 0, err
	}
	dir, err := os.MkdirTemp(s.dir, "frontier-")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	got = map[string][]frontierPoint{}
	ycc420, luma := planes420(rgba), metrics.Luma(rgba)
	for _, q := range qualities {
		files, err := frontierFiles(rgba, ycc420, q)
		if err != nil {
			return nil, 0, err
		}
		for encoder, b := range files {
			p := frontierPoint{quality: q, bytes: float64(len(b))}
			if err := p.measure(b, path, dir, ref, luma); err != nil {
				return nil, 0, fmt.Errorf("%s at %d: %w", encoder, q, err)
			}
			got[encoder] = append(got[encoder], p)
		}
	}
	return got, rgba.Rect.Dx() * rgba.Rect.Dy(), nil
}

// frontierFiles returns the files that our encoders, image/jpeg and cjpeg (if it is installed) make
// of a picture at quality q. All JPEGs are 4:2:0. Our encoder gets ycc420, the picture in 4:2:0,
// because from RGB it would write 4:4:4 from quality 90 on.
func frontierFiles(rgba *image.RGBA, ycc420 *image.YCbCr, q int) (map[string][]byte, error) {
	files := map[string][]byte{}
	var errs []error
	keep := func(name string, b []byte, err error) {
		files[name] = b
		errs = append(errs, err)
	}
	b, err := jpeg.Append(nil, ycc420, &jpeg.Options{Quality: q, Progressive: true})
	keep("ours jpg", b, err)
	b, err = webp.Append(nil, rgba, webpOptions(q, "default"))
	keep("ours webp", b, err)
	b, err = webp.Append(nil, rgba, webpOptions(q, "high"))
	keep("ours high webp", b, err)
	var std bytes.Buffer
	err = stdjpeg.Encode(&std, rgba, &stdjpeg.Options{Quality: q})
	keep("std", std.Bytes(), err)
	if cjpeg, err := exec.LookPath("cjpeg"); err == nil {
		cmd := exec.Command(cjpeg, "-progressive", "-optimize", "-sample", "2x2", "-quality", strconv.Itoa(q))
		cmd.Stdin = bytes.NewReader(ppm(rgba))
		b, err := cmd.Output()
		keep("cjpeg", b, err)
	}
	return files, errors.Join(errs...)
}

// ppm returns m as a binary PPM.
func ppm(m *image.RGBA) []byte {
	b := fmt.Appendf(nil, "P6\n%d %d\n255\n", m.Rect.Dx(), m.Rect.Dy())
	for y := range m.Rect.Dy() {
		for row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]; len(row) >= 4; row = row[4:] {
			b = append(b, row[:3]...)
		}
	}
	return b
}

// measure sets p's measures of quality, from file as djpeg or dwebp decodes it. original is the
// path of the picture that file was encoded from, ref is the picture prepared for SSIMULACRA2, and
// luma is its luma. The decoded file is written to the folder dir, for butteraugli_main.
func (p *frontierPoint) measure(file []byte, original, dir string, ref *metrics.Reference, luma metrics.Plane) error {
	// Decode file.
	cmd := exec.Command("djpeg", "-ppm")
	if bytes.HasPrefix(file, []byte("RIFF")) {
		cmd = exec.Command("dwebp", "-quiet", "-ppm", "-o", "-", "--", "-")
	}
	cmd.Stdin = bytes.NewReader(file)
	decoded, err := cmd.Output()
	if err != nil {
		return err
	}
	m, err := parsePPM(decoded)
	if err != nil {
		return err
	}
	// Compare it with the original.
	if p.ssimulacra2, err = ref.SSIMULACRA2(m); err != nil {
		return err
	}
	got := metrics.Luma(m)
	if p.psnr, err = metrics.PSNR(luma, got); err != nil {
		return err
	}
	if p.ssim, err = metrics.BoxSSIM(luma, got); err != nil {
		return err
	}
	// Compare it by butteraugli, which reads files.
	out := filepath.Join(dir, "decoded.ppm")
	if err := os.WriteFile(out, decoded, 0o600); err != nil {
		return err
	}
	b, err := exec.Command("butteraugli_main", original, out, "--pnorm", "3").Output()
	if err != nil {
		return fmt.Errorf("butteraugli_main: %w", err)
	}
	p.butteraugli, err = parse3Norm(string(b))
	return err
}

// parsePPM reads a binary PPM without comments.
func parsePPM(b []byte) (*image.RGBA, error) {
	var w, h, maxval int
	header := string(b[:min(len(b), 40)]) // and the first samples
	if _, err := fmt.Sscanf(header, "P6\n%d %d\n%d\n", &w, &h, &maxval); err != nil {
		return nil, fmt.Errorf("no PPM: %w", err)
	}
	if len(b) < 3*w*h {
		return nil, errors.New("the PPM is cut off")
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	pix := b[len(b)-3*w*h:]
	for i := range w * h {
		copy(m.Pix[4*i:], pix[3*i:][:3])
		m.Pix[4*i+3] = 255
	}
	return m, nil
}
