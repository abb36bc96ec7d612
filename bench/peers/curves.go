package main

// This file measures the curves that bench/report draws: bytes against SSIM at many qualities, and
// CPU and memory against megapixels.

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/image/draw"

	"miniatura/bench/metrics"
	"miniatura/bench/pictures"
	"miniatura/codec/jpeg"
	"miniatura/codec/webp"
)

// curvesSection adds the rows of all curves.
func curvesSection(s *suite) error {
	if err := s.frontierCurves(); err != nil {
		return err
	}
	if err := s.sizeCurves(); err != nil {
		return err
	}
	return s.megapixelCurves()
}

// An encoding adds up what one encoder made of several pictures at one quality.
type encoding struct {
	logBits float64 // sum of log(bits per pixel)
	dB      float64 // sum of -10 log10(1 - SSIM) of luma
	n       int     // how many pictures
}

// sizeCurves encodes photos of about 1280x720 with every encoder, and adds the rows of bits per
// pixel and SSIM by quality. SSIM is measured against the luma of the photo in RGB.
func (s *suite) sizeCurves() error {
	qualities := []int{50, 60, 70, 80, 85, 90, 95}
	photos, err := s.curvePhotos()
	if err != nil {
		return err
	}
	if s.short {
		qualities, photos = []int{60, 90}, photos[:1]
	}
	sums := map[string]*encoding{} // by the name of the file
	for _, p := range photos {
		if err := s.addEncodings(sums, p, qualities); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for _, format := range []string{"webp", "jpg"} {
		for _, q := range qualities {
			work := fmt.Sprintf("curve %s q%d", format, q)
			ours := sums[fmt.Sprintf("ours-%d.%s", q, format)]
			for _, peer := range []string{"cwebp", "sharp", "pillow", "std"} {
				theirs := sums[fmt.Sprintf("%s-%d.%s", peer, q, format)]
				if theirs == nil {
					continue
				}
				if ours.n != theirs.n {
					return fmt.Errorf("%s: %d pictures here, %d by %s", work, ours.n, theirs.n, peer)
				}
				n := float64(ours.n)
				ourBits, theirBits := math.Exp(ours.logBits/n), math.Exp(theirs.logBits/n)
				s.row(work, "avx2", "bits_per_pixel", ourBits, peer, theirBits)
				s.row(work, "avx2", "ssim_db", ours.dB/n, peer, theirs.dB/n)
			}
		}
	}
	s.row("curve", "avx2", "photos", float64(len(photos)), "", 0)
	return nil
}

// addEncodings adds to sums what every encoder makes of p. The keys of sums are names of files,
// such as "ours-80.webp".
func (s *suite) addEncodings(sums map[string]*encoding, p webpPicture, qualities []int) error {
	dir, err := os.MkdirTemp(s.dir, "curves-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := s.encodeAll(p, dir, qualities); err != nil {
		return err
	}
	ref := metrics.Luma(p.m)
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		ssim, err := lumaSSIM(ref, b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		e := sums[f.Name()]
		if e == nil {
			e = new(encoding)
			sums[f.Name()] = e
		}
		bitsPerPixel := 8 * float64(len(b)) / float64(ref.W*ref.H)
		e.logBits += math.Log(bitsPerPixel)
		e.dB += metrics.DB(ssim)
		e.n++
	}
	return nil
}

// curvePhotos returns the photos on which our WebP encoder was not tuned, or a photo made by code
// if there are none.
func (s *suite) curvePhotos() ([]webpPicture, error) {
	if s.photos != "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		corpus, kept := filepath.Dir(s.photos), filepath.Join(cache, "miniatura-bench")
		p, err := webpPictures(corpus, kept, "report", 0)
		if err != nil || len(p) > 0 {
			return p, err
		}
	}
	m := image.NewNRGBA(image.Rect(0, 0, 1280, 720))
	photo := pictures.Photo(2560, 1440)
	draw.CatmullRom.Scale(m, m.Rect, photo, photo.Rect, draw.Src, nil)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, err
	}
	p := webpPicture{name: "made", png: filepath.Join(s.dir, "curve.png"), m: m}
	return []webpPicture{p}, os.WriteFile(p.png, b.Bytes(), 0o600)
}

// encodeAll writes what every encoder that is installed makes of p into dir, as
// ENCODER-QUALITY.EXTENSION.
func (s *suite) encodeAll(p webpPicture, dir string, qualities []int) error {
	// write writes a file of an encoder, unless the encoder has returned err.
	write := func(name string, q int, ext string, b []byte, err error) error {
		if err != nil {
			return err
		}
		return os.WriteFile(fmt.Sprintf("%s/%s-%d.%s", dir, name, q, ext), b, 0o600)
	}
	opaque := image.NewRGBA(p.m.Rect)
	draw.Draw(opaque, opaque.Rect, p.m, p.m.Rect.Min, draw.Src)
	// The peers' JPEGs are 4:2:0 at every quality. Our writer gets 4:2:0, because from RGB it would
	// write 4:4:4 from quality 90 on.
	ycc420 := planes420(opaque)
	arguments := []string{p.png, dir}
	for _, q := range qualities {
		arguments = append(arguments, strconv.Itoa(q))
		b, err := webp.Append(nil, p.m, webpOptions(q, "default"))
		if err := write("ours", q, "webp", b, err); err != nil {
			return err
		}
		b, err = jpeg.Append(nil, ycc420, &jpeg.Options{Quality: q, Progressive: true})
		if err := write("ours", q, "jpg", b, err); err != nil {
			return err
		}
		var std bytes.Buffer
		err = stdjpeg.Encode(&std, opaque, &stdjpeg.Options{Quality: q})
		if err := write("std", q, "jpg", std.Bytes(), err); err != nil {
			return err
		}
		if cwebp, err := exec.LookPath("cwebp"); err == nil {
			out := fmt.Sprintf("%s/cwebp-%d.webp", dir, q)
			cmd := exec.Command(cwebp, "-quiet", "-m", "4", "-q", strconv.Itoa(q), p.png, "-o", out)
			if msg, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("cwebp: %w: %.300s", err, msg)
			}
		}
	}
	// sharp and Pillow: one process each, for all qualities.
	for script, peer := range map[string][]string{"curves.js": s.node, "curves.py": s.python} {
		if peer == nil {
			continue
		}
		cmd := exec.Command(peer[0], slices.Concat([]string{filepath.Join(s.here, script)}, arguments)...)
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %.300s", script, err, msg)
		}
	}
	return nil
}

// planes420 converts m to 4:2:0 with the matrix of JFIF. Each chroma sample is the mean of four
// pixels.
func planes420(m *image.RGBA) *image.YCbCr {
	r := m.Rect
	out := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	for y := range (r.Dy() + 1) / 2 {
		for x := range (r.Dx() + 1) / 2 {
			cb, cr := 0, 0
			for i := range 4 {
				// At an odd edge the last pixel counts twice.
				px, py := min(2*x+i%2, r.Dx()-1), min(2*y+i/2, r.Dy()-1)
				c := m.RGBAAt(r.Min.X+px, r.Min.Y+py)
				luma, blue, red := color.RGBToYCbCr(c.R, c.G, c.B)
				out.Y[py*out.YStride+px] = luma
				cb += int(blue)
				cr += int(red)
			}
			out.Cb[y*out.CStride+x] = byte((cb + 2) / 4)
			out.Cr[y*out.CStride+x] = byte((cr + 2) / 4)
		}
	}
	return out
}

// lumaSSIM returns the SSIM of file, a JPEG or a WebP, against ref. image/jpeg and x/image/webp
// decode file.
func lumaSSIM(ref metrics.Plane, file []byte) (float64, error) {
	if bytes.HasPrefix(file, []byte("RIFF")) {
		got, err := decodedLuma(file)
		if err != nil {
			return 0, err
		}
		return metrics.SSIM(ref, got)
	}
	m, err := decode(file)
	if err != nil {
		return 0, err
	}
	return metrics.SSIM(ref, metrics.Luma(m))
}

// megapixelCurves adds the rows about resizing JPEGs made by code, of 1 to 100 megapixels, to size
// M.
func (s *suite) megapixelCurves() error {
	// The dimensions are 1, 4, 12, 25, 49 and 100 megapixels.
	dims := []struct{ w, h int }{{1152, 864}, {2304, 1728}, {4032, 3024}, {5760, 4320}, {8064, 6048}, {11520, 8640}}
	if s.short {
		dims = dims[:2]
	}
	for _, d := range dims {
		name := fmt.Sprintf("%.0fMP made", float64(d.w*d.h)/1e6)
		path, err := s.make(name, pictures.Photo(d.w, d.h))
		if err != nil {
			return err
		}
		p, err := open(name, path, true)
		if err != nil {
			return err
		}
		work := name + " -> M jpeg q80"
		got := s.compare(work, "jpeg", path, p.box("M"), s.iterations(2), s.contenders())
		std := []contender{{name: "std", command: []string{s.self, workerFlag}}}
		if r, ok := s.compare(work, "std", path, p.box("M"), 1, std)["std"]; ok {
			got["std"] = r
		}
		for _, variant := range []string{"avx2", "purego"} {
			for _, peer := range []string{"sharp", "pillow", "std"} {
				ours, ok1 := got[variant]
				theirs, ok2 := got[peer]
				if ok1 && ok2 {
					s.row(work, variant, "cpu_ms", ours.cpu, peer, theirs.cpu)
					s.row(work, variant, "rss_mb", ours.rss, peer, theirs.rss)
				}
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
