package main

// This file compares animations with those that sharp makes (animated: true), and GIFs that already
// fit with those that gifsicle makes.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color/palette"
	stddraw "image/draw"
	stdgif "image/gif"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/image/draw"

	"miniatura/bench/pictures"
	"miniatura/codec"
	"miniatura/codec/gif"
	"miniatura/codec/png"
	"miniatura/codec/webp"
)

// leastAnimation is the size of the smallest file that is measured, in bytes.
const leastAnimation = 50_000

// equalPSNR stands for the PSNR of equal frames, in dB. It is also the greatest that is returned.
const equalPSNR = 99

// An animation is a file to be resized.
type animation struct {
	picture
	format *codec.Format
	bytes  int // size of the file
}

// animationSection adds the rows about animations: to their own format and to WebP, at the sizes M
// and SS.
func animationSection(s *suite) error {
	list, err := s.animations()
	if err != nil {
		return err
	}
	if s.short {
		list = list[:min(2, len(list))]
	}
	ratios := movingRatios{}
	for _, p := range list {
		for _, to := range []*codec.Format{p.format, codec.WebP} {
			for _, size := range []string{"M", "SS"} {
				work := fmt.Sprintf("%s -> %s %s", p.name, size, strings.ToLower(to.String()))
				if err := s.animate(p, to, size, work, ratios); err != nil {
					s.skip(work, err.Error())
				}
			}
			if p.format == codec.WebP {
				break // its own format and WebP are one
			}
		}
	}
	ratios.rows(s)
	return nil
}

// movingRatios collects ours/theirs by kind of work, measure and peer.
type movingRatios map[[3]string][]float64

// rows adds a row with the geometric mean of the ratios of each key, and one with the worst.
func (r movingRatios) rows(s *suite) {
	keys := slices.SortedFunc(maps.Keys(r), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		work, measure, peer := k[0], k[1], k[2]
		s.row(work, "avx2", measure+"_ratio_geomean", geomean(r[k]), peer, 1)
		s.row(work, "avx2", measure+"_ratio_worst", slices.Max(r[k]), peer, 1)
	}
}

// add adds a ratio.
func (r movingRatios) add(work, measure, peer string, ratio float64) {
	k := [3]string{work, measure, peer}
	r[k] = append(r[k], ratio)
}

// animations returns the animations of the corpus, those of the folder graphics beside the corpus,
// and those made by code. Stills, damaged files, and files smaller than leastAnimation are left
// out.
func (s *suite) animations() ([]animation, error) {
	var list []animation
	add := func(name, path string) error {
		b, err := os.ReadFile(path)
		if err != nil || len(b) < leastAnimation {
			return err
		}
		f, w, h, err := opened(b)
		if err == nil {
			list = append(list, animation{picture{name: name, path: path, w: w, h: h}, f, len(b)})
		}
		return nil
	}
	if s.photos != "" {
		root := filepath.Join(s.photos, "..", "..")
		for _, pattern := range []string{"corpus/gif/*.gif", "corpus/webp/*.webp", "corpus/png/apng-*.png", "graphics/anim-*"} {
			files, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil {
				return nil, err
			}
			for _, path := range files {
				if err := add(strings.TrimPrefix(filepath.Base(path), "anim-"), path); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, a := range pictures.Animations() {
		if s.short && a.Frames > 8 {
			continue
		}
		files, err := s.record(a)
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			if err := add(a.Name+filepath.Ext(path), path); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// opened returns the format and the dimensions of an animation, and an error when the file is a
// still.
func opened(b []byte) (f *codec.Format, w, h int, err error) {
	f = codec.Sniff(b)
	p, err := playerOf(b)
	if err != nil {
		return nil, 0, 0, err
	}
	m, _, err := p.Next(context.Background())
	if err == nil {
		_, _, err = p.Next(context.Background()) // fails for a still
	}
	if err != nil {
		return nil, 0, 0, err
	}
	return f, m.Rect.Dx(), m.Rect.Dy(), nil
}

// A player decodes an animation frame by frame. Next returns io.EOF after the last frame.
type player interface {
	Next(context.Context) (*image.NRGBA, time.Duration, error)
}

// playerOf returns a player of the animation b.
func playerOf(b []byte) (player, error) {
	switch codec.Sniff(b) {
	case codec.GIF:
		return gif.NewReader(b)
	case codec.PNG:
		r, err := png.NewReader(b)
		if err != nil {
			return nil, err
		}
		return png.NewPlayer(r)
	case codec.WebP:
		f, err := webp.NewReader(b)
		if err != nil {
			return nil, err
		}
		return webp.NewPlayer(f), nil
	}
	return nil, errors.New("no animation")
}

// record writes an animation made by code in the formats in which such animations are found: the
// stickers as WebP and as APNG, the others as GIF. The colours of a video are dithered to a fixed
// palette.
func (s *suite) record(a *pictures.Animation) (files []string, err error) {
	type recorder interface {
		Add(*image.NRGBA, time.Duration) error
		Bytes() ([]byte, error)
	}
	recorders := map[string]recorder{} // by the extension of the file
	switch {
	case strings.HasPrefix(a.Name, "sticker"):
		lossy := &webp.Options{Quality: 90, Lossy: true}
		if recorders[".webp"], err = webp.NewAnimationWriter(a.W, a.H, 0, lossy); err != nil {
			return nil, err
		}
		recorders[".png"], err = png.NewAnimationWriter(a.W, a.H, 0, nil)
	case strings.HasPrefix(a.Name, "video"):
		recorders[".gif"] = &dithered{}
	default:
		recorders[".gif"], err = gif.NewAnimationWriter(a.W, a.H, 0, nil)
	}
	if err != nil {
		return nil, err
	}
	err = a.Play(func(m *image.NRGBA) error {
		for _, r := range recorders {
			if err := r.Add(m, a.Delay); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for ext, r := range recorders {
		b, err := r.Bytes()
		if err != nil {
			return nil, err
		}
		path := filepath.Join(s.dir, a.Name+ext)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	slices.Sort(files)
	return files, nil
}

// A dithered records a GIF as the standard library writes it: whole frames with one palette.
type dithered struct{ g stdgif.GIF }

func (d *dithered) Add(m *image.NRGBA, delay time.Duration) error {
	p := image.NewPaletted(m.Rect, palette.Plan9)
	stddraw.FloydSteinberg.Draw(p, m.Rect, m, image.Point{})
	d.g.Image = append(d.g.Image, p)
	d.g.Delay = append(d.g.Delay, int(delay/(10*time.Millisecond)))
	return nil
}

func (d *dithered) Bytes() ([]byte, error) {
	var b bytes.Buffer
	err := stdgif.EncodeAll(&b, &d.g)
	return b.Bytes(), err
}

// animate measures one animation in one format and size. It adds the rows of work, and collects
// ratios.
func (s *suite) animate(p animation, to *codec.Format, size, work string, ratios movingRatios) error {
	ourMode, sharpMode := "png", "moving-gif" // our mode "png" keeps the source's format
	if to == codec.WebP {
		ourMode, sharpMode = "webp", "moving-webp"
	}
	ours, err := s.once(contender{name: "avx2", command: []string{s.self, workerFlag}}, ourMode, p.path, p.box(size))
	if err != nil {
		return err
	}
	ourBytes := float64(ours.bytes)
	s.row(work, "avx2", "bytes", ourBytes, "source", float64(p.bytes))
	q, err := fidelity(p.path, ours.output)
	if err != nil {
		return err
	}
	s.psnrRows(work, "avx2", q)
	kind := fmt.Sprintf("all %s -> %s", strings.ToLower(p.format.String()), strings.ToLower(to.String()))
	// gifsicle is a peer where a GIF is only written again, because it fits already.
	if !q.scaled && p.format == codec.GIF && to == codec.GIF {
		if n, err := s.gifsicle(p.path); err != nil {
			s.skip(work+" (gifsicle)", err.Error())
		} else {
			s.row(work, "avx2", "bytes", ourBytes, "gifsicle", float64(n))
			ratios.add(kind, "bytes", "gifsicle", ourBytes/float64(n))
		}
	}
	if s.node == nil || to == codec.PNG || p.format == codec.PNG { // sharp has no APNG
		s.row(work, "avx2", "cpu_ms", ours.cpu, "", 0)
		s.row(work, "avx2", "rss_mb", ours.rss, "", 0)
		return nil
	}
	peer, err := s.once(contender{name: "sharp", command: s.node}, sharpMode, p.path, p.box(size))
	if err != nil {
		return err
	}
	peerBytes := float64(peer.bytes)
	s.row(work, "avx2", "cpu_ms", ours.cpu, "sharp", peer.cpu)
	s.row(work, "avx2", "rss_mb", ours.rss, "sharp", peer.rss)
	s.row(work, "avx2", "bytes", ourBytes, "sharp", peerBytes)
	ratios.add(kind, "cpu", "sharp", ours.cpu/peer.cpu)
	ratios.add(kind, "bytes", "sharp", ourBytes/peerBytes)
	if q, err := fidelity(p.path, peer.output); err == nil {
		s.psnrRows(work, "sharp", q)
	}
	return nil
}

// psnrRows adds the rows of the PSNR of one result, unless all its frames are equal to the
// source's.
func (s *suite) psnrRows(work, variant string, q quality) {
	if q.least < equalPSNR {
		s.row(work, variant, "psnr_mean", q.mean, "", 0)
		s.row(work, variant, "psnr_min", q.least, "", 0)
	}
}

// once does the work once in each of several fresh processes, or in one if the first needs more
// than three seconds of CPU.
func (s *suite) once(c contender, mode, file, box string) (result, error) {
	out := filepath.Join(s.dir, "moving-"+c.name)
	var cpu []float64
	var r result
	for range s.rounds {
		got, err := s.run(c, mode, file, 1, box, out)
		if err != nil {
			return result{}, err
		}
		cpu = append(cpu, got.User[0]+got.Sys[0])
		r = result{rss: got.RSS, bytes: got.Bytes, output: out}
		if cpu[0] > 3000 {
			break
		}
	}
	r.cpu = median(cpu)
	return r, nil
}

// gifsicle returns the size, in bytes, of what gifsicle makes of a file without loss and with all
// frames.
func (s *suite) gifsicle(path string) (int, error) {
	out, err := exec.Command("gifsicle", "-O3", "-Okeep-empty", "--no-comments", "--no-names", path).Output()
	if errors.Is(err, exec.ErrNotFound) {
		return 0, errors.New("gifsicle is missing: apt-get install gifsicle")
	}
	if err != nil {
		return 0, err
	}
	return len(out), nil
}

// A quality says how close the frames of a result are to the frames of its source, scaled by slow
// and exact code.
type quality struct {
	mean, least float64 // PSNR in dB, at most equalPSNR
	scaled      bool    // the result has other dimensions than the source
}

// fidelity plays two files side by side: a source and its result. Every frame of the source is
// scaled as a whole, premultiplied, by Catmull-Rom in floating point. The scaled frame and the
// result's frame are compared by movingPSNR. fidelity returns an error when the number of frames or
// a delay, rounded to 10 ms, differs.
func fidelity(sourcePath, resultPath string) (q quality, err error) {
	var players [2]player
	for i, path := range []string{sourcePath, resultPath} {
		b, err := os.ReadFile(path)
		if err != nil {
			return quality{}, err
		}
		if players[i], err = playerOf(b); err != nil {
			return quality{}, err
		}
	}
	q.least = equalPSNR
	sum := 0.0 // of the frames' PSNR
	for n := 0; ; n++ {
		frame, delay, err := players[0].Next(context.Background())
		got, gotDelay, gotErr := players[1].Next(context.Background())
		if err == io.EOF && gotErr == io.EOF {
			q.mean = sum / float64(n)
			return q, nil
		}
		if err != nil || gotErr != nil {
			return quality{}, fmt.Errorf("frame %d: source: %v, result: %v", n, err, gotErr)
		}
		if gotDelay.Round(10*time.Millisecond) != delay.Round(10*time.Millisecond) {
			return quality{}, fmt.Errorf("frame %d is shown for %v, not %v", n, gotDelay, delay)
		}
		want := image.NewRGBA(frame.Rect) // premultiplied
		stddraw.Draw(want, want.Rect, frame, image.Point{}, stddraw.Src)
		q.scaled = frame.Rect != got.Rect
		if q.scaled {
			full := want
			want = image.NewRGBA(got.Rect)
			draw.CatmullRom.Scale(want, want.Rect, full, full.Rect, draw.Src, nil)
		}
		psnr := movingPSNR(want, got)
		sum += psnr
		q.least = min(q.least, psnr)
	}
}

// movingPSNR returns the PSNR of got against want: both are laid on white and on black, and the
// worse of the two PSNRs counts.
func movingPSNR(want *image.RGBA, got *image.NRGBA) float64 {
	var sumOnBlack, sumOnWhite float64 // of the squares of the differences
	for i := 0; i < len(want.Pix); i += 4 {
		w, g := want.Pix[i:i+4:i+4], got.Pix[i:i+4:i+4]
		for c := range 3 {
			premultiplied := (int(g[c])*int(g[3]) + 127) / 255
			onBlack := float64(w[c]) - float64(premultiplied)
			onWhite := onBlack + float64(g[3]) - float64(w[3]) // white adds 255 - alpha to each
			sumOnBlack += onBlack * onBlack
			sumOnWhite += onWhite * onWhite
		}
	}
	mse := max(sumOnWhite, sumOnBlack) / float64(len(want.Pix)/4*3)
	psnr := 10 * math.Log10(255*255/max(mse, 1e-9))
	return min(equalPSNR, psnr)
}
