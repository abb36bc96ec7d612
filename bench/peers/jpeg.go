package main

// This file compares JPEG: resizing, the quality of the result, and the writer.

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"image/png"
	"math"
	"os"
	"slices"

	"golang.org/x/image/draw"

	"miniatura/bench/metrics"
	"miniatura/bench/pictures"
	"miniatura/codec/jpeg"
)

// jpegSection adds the rows about JPEG: the CPU and memory of resizing against sharp, Pillow and
// the standard library, the quality of the result, and the writer alone.
func jpegSection(s *suite) error {
	all, err := s.baselines()
	if err != nil {
		return err
	}
	if s.short {
		all = slices.DeleteFunc(all, func(p picture) bool { return !p.named })
	}
	// Baseline photos: the named ones at three sizes, the others at M.
	cpu := ratios{}
	for _, p := range all {
		sizeNames := []string{"M", "S", "XS"}
		if !p.named {
			sizeNames = sizeNames[:1]
		}
		for _, size := range sizeNames {
			s.resizeRows(p, size, "baseline", cpu)
		}
	}
	cpu.rows(s, "all baseline -> jpeg q80")

	// The named photos as progressive files.
	cpu = ratios{}
	for _, p := range all {
		if !p.named {
			continue
		}
		path, err := s.transcode(p.path, "-progressive")
		if err != nil {
			s.skip(p.name+" progressive", err.Error())
			continue
		}
		p.path = path
		for _, size := range []string{"M", "SS"} {
			s.resizeRows(p, size, "progressive", cpu)
		}
	}
	cpu.rows(s, "all progressive -> jpeg q80")

	if !s.short {
		if err := s.largestRows(); err != nil {
			return err
		}
	}
	if err := s.qualityRows(all); err != nil {
		return err
	}
	return s.writerRows(all)
}

// ratios collects ours/theirs by variant and peer.
type ratios map[[2]string][]float64

// rows adds a row with the geometric mean of the ratios of each key, and one with the worst.
func (r ratios) rows(s *suite, work string) {
	for _, variant := range []string{"avx2", "purego"} {
		for _, peer := range []string{"sharp", "sharp mozjpeg", "pillow", "std"} {
			v := r[[2]string{variant, peer}]
			if len(v) == 0 {
				continue
			}
			s.row(work, variant, "cpu_ratio_geomean", geomean(v), peer, 1)
			s.row(work, variant, "cpu_ratio_worst", slices.Max(v), peer, 1)
		}
	}
}

// resizeRows measures one picture at one size, adds its rows, and adds its ratios of CPU to cpu.
func (s *suite) resizeRows(p picture, size, kind string, cpu ratios) {
	work := fmt.Sprintf("%s %s -> %s jpeg q80", p.name, kind, size)
	got := s.resizeAll(work, p, size)
	s.row(work, "avx2", "megapixels", float64(p.w*p.h)/1e6, "", 0)
	for _, variant := range []string{"avx2", "purego"} {
		ours, ok := got[variant]
		if !ok {
			continue
		}
		for _, peer := range []string{"sharp", "sharp mozjpeg", "pillow", "std"} {
			theirs, ok := got[peer]
			if !ok {
				continue
			}
			s.row(work, variant, "cpu_ms", ours.cpu, peer, theirs.cpu)
			k := [2]string{variant, peer}
			cpu[k] = append(cpu[k], ours.cpu/theirs.cpu)
			if variant == "avx2" && p.named {
				s.row(work, variant, "rss_mb", ours.rss, peer, theirs.rss)
				s.row(work, variant, "bytes", float64(ours.bytes), peer, float64(theirs.bytes))
			}
		}
	}
	if !p.named {
		return
	}
	// Our worker reads the whole file into memory. This row is the memory without the file.
	if file, err := os.Stat(p.path); err == nil {
		fileMB := float64(file.Size()) / (1 << 20)
		s.row(work, "avx2", "rss_less_file_mb", got["avx2"].rss-fileMB, "", 0)
	}
}

// resizeAll measures all contenders on one picture at one size. For a named picture at size M the
// contenders include sharp with mozjpeg and, except in a short run, the standard library.
func (s *suite) resizeAll(work string, p picture, size string) map[string]result {
	contenders := s.contenders()
	inTables := p.named && size == "M"
	if s.node != nil && inTables {
		contenders = append(contenders, contender{name: "sharp mozjpeg", command: s.node, mode: "jpeg-mozjpeg"})
	}
	got := s.compare(work, "jpeg", p.path, p.box(size), s.iterations(5), contenders)
	if s.short || !inTables {
		return got
	}
	// The standard library takes a second each time, so two iterations are enough.
	std := []contender{{name: "std", command: []string{s.self, workerFlag}}}
	if r, ok := s.compare(work, "std", p.path, p.box(size), 2, std)["std"]; ok {
		got["std"] = r
	}
	return got
}

// largestRows measures memory for the largest picture that the codec accepts.
func (s *suite) largestRows() error {
	path, err := s.make("100MP", pictures.Photo(11520, 8640))
	if err != nil {
		return err
	}
	p, err := open("100MP", path, true)
	if err != nil {
		return err
	}
	s.resizeRows(p, "S", "baseline", ratios{})
	return os.Remove(path)
}

// iterations returns how many iterations a process counts: n, or 1 in a short run.
func (s *suite) iterations(n int) int {
	if s.short {
		return 1
	}
	return n
}

// qualityRows adds the rows of SSIM. It compares the pixels that each contender's resizing makes,
// nearly without the loss of encoding, with those of a full decode scaled by CatmullRom. Only luma
// is compared, without color profiles. The pictures are photos, and pages of text and of lines.
func (s *suite) qualityRows(photos []picture) error {
	text, err := s.make("text", pictures.Text(2400, 3200))
	if err != nil {
		return err
	}
	lines, err := s.make("lines", pictures.Lines(3200, 2400))
	if err != nil {
		return err
	}
	contenders := slices.DeleteFunc(s.contenders(), func(c contender) bool { return c.name == "purego" })
	var ours []float64
	for _, p := range photos {
		for _, size := range []string{"M", "SS"} {
			ssim, err := s.likeness(p, size, contenders)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			ours = append(ours, ssim["avx2"])
		}
	}
	if len(ours) > 0 {
		mean := 0.0
		for _, v := range ours {
			mean += v / float64(len(ours))
		}
		s.row("photos", "avx2", "ssim_y_mean", mean, "", 0)
		s.row("photos", "avx2", "ssim_y_min", slices.Min(ours), "", 0)
	}
	for _, page := range []struct{ name, path string }{{"text", text}, {"lines", lines}} {
		p, err := open(page.name, page.path, true)
		if err != nil {
			return err
		}
		for _, size := range []string{"L", "S", "SXS"} {
			if _, err := s.likeness(p, size, contenders); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// likeness adds the rows with the SSIM of one picture at one size, and returns the SSIM by the
// contenders' names. A contender that fails is left out.
func (s *suite) likeness(p picture, size string, contenders []contender) (map[string]float64, error) {
	p, err := s.unprofiled(p)
	if err != nil {
		return nil, err
	}
	src, err := decodeFile(p.path)
	if err != nil {
		return nil, err
	}
	ssim := map[string]float64{}
	for i, c := range contenders {
		out := fmt.Sprintf("%s/pixels-%d", s.dir, i)
		if _, err := s.run(c, "pixels", p.path, 1, p.box(size), out); err != nil {
			s.skip(p.name+" quality ("+c.name+")", err.Error())
			continue
		}
		got, err := decodeFile(out)
		if err != nil {
			return nil, err
		}
		if ssim[c.name], err = metrics.SSIM(reference(src, got.Bounds()), metrics.Luma(got)); err != nil {
			return nil, err
		}
	}
	work := fmt.Sprintf("%s -> %s", p.name, size)
	for _, peer := range contenders[1:] { // the first is ours
		if theirs, ok := ssim[peer.name]; ok {
			s.row(work, "avx2", "ssim_y", ssim["avx2"], peer.name, theirs)
		}
	}
	if len(contenders) == 1 {
		s.row(work, "avx2", "ssim_y", ssim["avx2"], "", 0)
	}
	return ssim, nil
}

// decodeFile reads a JPEG or a PNG.
func decodeFile(path string) (image.Image, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte("\x89PNG")) {
		return png.Decode(bytes.NewReader(b))
	}
	return stdjpeg.Decode(bytes.NewReader(b))
}

// reference returns the luma of m, scaled to the dimensions of r and rounded to 16 bits.
func reference(m image.Image, r image.Rectangle) metrics.Plane {
	var gray *image.Gray
	switch m := m.(type) {
	case *image.YCbCr:
		gray = &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
	case *image.Gray:
		gray = m
	default:
		gray = image.NewGray(m.Bounds())
		draw.Draw(gray, gray.Rect, m, m.Bounds().Min, draw.Src)
	}
	r = r.Sub(r.Min)
	dst := image.NewGray16(r)
	draw.CatmullRom.Scale(dst, r, gray, gray.Rect, draw.Src, nil)
	p := metrics.Plane{W: r.Dx(), H: r.Dy(), Pix: make([]float64, r.Dx()*r.Dy())}
	for i := range p.Pix {
		p.Pix[i] = float64(dst.Gray16At(i%p.W, i/p.W).Y) / 257 // 65535 is 255
	}
	return p
}

// A jpegWriter is a way to write a JPEG.
type jpegWriter struct {
	name  string
	write func(m *image.YCbCr, quality int) ([]byte, error)
}

// jpegWriters are image/jpeg's writer, and then ours.
var jpegWriters = []jpegWriter{
	{"std", func(m *image.YCbCr, q int) ([]byte, error) {
		var b bytes.Buffer
		err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: q})
		return b.Bytes(), err
	}},
	{"baseline", func(m *image.YCbCr, q int) ([]byte, error) {
		return jpeg.Append(nil, m, &jpeg.Options{Quality: q})
	}},
	{"progressive", func(m *image.YCbCr, q int) ([]byte, error) {
		return jpeg.Append(nil, m, &jpeg.Options{Quality: q, Progressive: true})
	}},
}

// writerRows compares our writers with image/jpeg's on photos of size M: the BD-rate (bytes at
// equal SSIM, on the scale -10 log10(1-ssim)), and CPU at quality 80.
func (s *suite) writerRows(photos []picture) error {
	// By writer, the sums of log(our bytes / std's at equal SSIM) and of log(our CPU / std's).
	sumRate, sumCPU := map[string]float64{}, map[string]float64{}
	for _, p := range photos {
		src, err := decodeFile(p.path)
		if err != nil {
			return err
		}
		m := shrink420(src, p)
		curves, err := writerCurves(m)
		if err != nil {
			return err
		}
		cpu, err := s.writerCPU(m)
		if err != nil {
			return err
		}
		for _, w := range jpegWriters[1:] {
			percent, ok := metrics.BDRate(curves["std"], curves[w.name])
			if !ok {
				return fmt.Errorf("%s: no common range of qualities", p.name)
			}
			work := "writer " + w.name + ", " + p.name + " at M"
			s.row(work, "avx2", "bytes_at_equal_ssim", 1+percent/100, "std", 1)
			s.row(work, "avx2", "cpu_ms", cpu[w.name], "std", cpu["std"])
			sumRate[w.name] += math.Log(1 + percent/100)
			sumCPU[w.name] += math.Log(cpu[w.name] / cpu["std"])
		}
	}
	n := float64(len(photos))
	if n == 0 {
		return nil
	}
	for _, w := range jpegWriters[1:] {
		s.row("writer "+w.name, "avx2", "bytes_at_equal_ssim_geomean", math.Exp(sumRate[w.name]/n), "std", 1)
		s.row("writer "+w.name, "avx2", "cpu_ratio_geomean", math.Exp(sumCPU[w.name]/n), "std", 1)
	}
	return nil
}

// writerCurves writes m at several qualities, and returns bytes and SSIM by writer.
func writerCurves(m *image.YCbCr) (map[string][]metrics.Point, error) {
	ref := metrics.Luma(m)
	curves := map[string][]metrics.Point{}
	for _, q := range []int{60, 70, 80, 87, 93} {
		for _, w := range jpegWriters {
			b, err := w.write(m, q)
			if err != nil {
				return nil, err
			}
			got, err := decode(b)
			if err != nil {
				return nil, err
			}
			ssim, err := metrics.SSIM(ref, metrics.Luma(got))
			if err != nil {
				return nil, err
			}
			curves[w.name] = append(curves[w.name], metrics.Point{Quality: metrics.DB(ssim), Bytes: float64(len(b))})
		}
	}
	return curves, nil
}

// writerCPU returns the CPU time in milliseconds that each writer needs for m at quality 80, the
// median of interleaved measurements.
func (s *suite) writerCPU(m *image.YCbCr) (map[string]float64, error) {
	times := map[string][]float64{}
	for range 4 * s.rounds {
		for _, w := range jpegWriters {
			const repeats = 2
			user0, sys0 := cpuTime()
			for range repeats {
				if _, err := w.write(m, 80); err != nil {
					return nil, err
				}
			}
			user1, sys1 := cpuTime()
			times[w.name] = append(times[w.name], (user1+sys1-user0-sys0)/repeats)
		}
	}
	cpu := map[string]float64{}
	for name, t := range times {
		cpu[name] = median(t)
	}
	return cpu, nil
}

// decode decodes a JPEG.
func decode(b []byte) (image.Image, error) { return stdjpeg.Decode(bytes.NewReader(b)) }

// shrink420 scales src, the YCbCr or gray pixels of p, to size M as 4:2:0, plane by plane.
func shrink420(src image.Image, p picture) *image.YCbCr {
	box, _ := parseBox(p.box("M"))
	w, h := box.Fit(src.Bounds().Dx(), src.Bounds().Dy())
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	plane := func(samples []byte, stride, w, h int) *image.Gray {
		return &image.Gray{Pix: samples, Stride: stride, Rect: image.Rect(0, 0, w, h)}
	}
	scale := func(dst, src *image.Gray) {
		draw.CatmullRom.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
	}
	luma := plane(m.Y, m.YStride, w, h)
	cw, ch := (w+1)/2, (h+1)/2
	switch src := src.(type) {
	case *image.YCbCr:
		scale(luma, plane(src.Y, src.YStride, src.Rect.Dx(), src.Rect.Dy()))
		srcW, srcH := src.CStride, len(src.Cb)/src.CStride // with the samples beyond the edge
		scale(plane(m.Cb, m.CStride, cw, ch), plane(src.Cb, src.CStride, srcW, srcH))
		scale(plane(m.Cr, m.CStride, cw, ch), plane(src.Cr, src.CStride, srcW, srcH))
	case *image.Gray:
		scale(luma, src)
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = 128, 128
		}
	}
	return m
}
