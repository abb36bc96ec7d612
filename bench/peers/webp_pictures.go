package main

// This file prepares the photos for the comparison of lossy WebP.

import (
	"bufio"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg"
	"image/png"
	"os"
	"path/filepath"

	xdraw "golang.org/x/image/draw"

	"miniatura/sizes"
)

// webpSources are photos of the corpus that differ from each other. A photo's set is tune if
// codec/webp is tuned on it, or report if it is only measured. Large photos are used twice: the
// centre of a photo at twice the scale ("name@centre") belongs to the other set.
var webpSources = []struct{ file, set string }{
	{"photos/012mp-bus.jpg", "tune"},
	{"photos/006mp-cathedral.jpg", "report"},
	{"photos/Kodak_PIXPRO_S-1.jpg", "tune"},
	{"photos/Epson_PhotoPC_3000Z.jpg", "report"},
	{"photos/craft-beer.jpg", "tune"},
	{"photos/flower.png.im_q85_444.jpg", "report"},
	{"photos/2569067123_aca715a2ee_o.jpg", "tune"},
	{"photos/gain-map.jpg", "report"},
	{"photos/Panasonic_DMC-LC70_Lumix_.jpg", "tune"},
	{"photos/pizza-rgb8-srgb.jpg", "report"},
	{"orientation/Landscape_1.jpg", "tune"},
	{"orientation/Portrait_1.jpg", "report"},
	{"orientation/Canon_EOS_1000D.jpg", "tune"},
	{"orientation/Samsung_SM-J327T1.jpg", "report"},
	{"photos/grayscale.jpg", "report"},
	{"photos/prairie_falcon.jpg", "tune"},
	{"png/kodim03.png", "report"},
	{"png/kodim19.png", "tune"},
	{"png/kodim23.png", "report"},
}

// A webpPicture is one photo at about 1280x720, opaque.
type webpPicture struct {
	name, set string
	png       string // the path of a PNG with the pixels of m, for cwebp and butteraugli_main
	m         *image.NRGBA
}

// webpPictures returns the photos of webpSources that are found below the folder corpus. wanted is
// the set of the photos, or "all" for both sets. At most limit photos are returned, or all if limit
// is 0. The photos are scaled to size L with x/image/draw's CatmullRom. The PNGs are kept in dir
// for later runs.
func webpPictures(corpus, dir, wanted string, limit int) ([]webpPicture, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	large, _ := sizes.Parse("L")
	var all []webpPicture
	// add adds the photo in file, or the photo's centre if crop is true, unless its set is not wanted
	// or there are enough photos.
	add := func(name, set, file string, crop bool) error {
		inSet := wanted == "all" || wanted == set
		enough := limit > 0 && len(all) >= limit
		if !inSet || enough {
			return nil
		}
		path := filepath.Join(dir, filepath.Base(name)+".png")
		if _, err := os.Stat(path); err != nil {
			if err := webpPrepare(file, path, large, crop); err != nil {
				return err
			}
		}
		m, err := readImage(path)
		if err != nil {
			return err
		}
		p := webpPicture{name: filepath.Base(name), set: set, png: path}
		p.m = image.NewNRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
		draw.Draw(p.m, p.m.Rect, m, m.Bounds().Min, draw.Src)
		all = append(all, p)
		return nil
	}
	other := map[string]string{"tune": "report", "report": "tune"}
	for _, s := range webpSources {
		file := filepath.Join(corpus, s.file)
		f, err := os.Open(file)
		if err != nil {
			continue // a corpus without this picture
		}
		c, _, err := image.DecodeConfig(bufio.NewReader(f))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := add(s.file, s.set, file, false); err != nil {
			return nil, err
		}
		// The centre too, if half of the photo's width and height still fills size L.
		if w, h := large.Fit(c.Width, c.Height); c.Width >= 2*w && c.Height >= 2*h {
			if err := add(s.file+"@centre", other[s.set], file, true); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// webpPrepare scales the picture in file to size, and writes a PNG to path. With crop it scales
// only the centre of the picture, half as wide and half as high.
func webpPrepare(file, path string, size sizes.Size, crop bool) error {
	src, err := readImage(file)
	if err != nil {
		return err
	}
	r := src.Bounds()
	if crop {
		quarterW, quarterH := r.Dx()/4, r.Dy()/4
		r = image.Rect(r.Min.X+quarterW, r.Min.Y+quarterH, r.Max.X-quarterW, r.Max.Y-quarterH)
	}
	w, h := size.Fit(r.Dx(), r.Dy())
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(dst, dst.Rect, src, r, xdraw.Src, nil)
	// Only a finished PNG gets the name path.
	tmp := path + ".tmp"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	if err := png.Encode(b, dst); err != nil {
		f.Close()
		return err
	}
	if err := b.Flush(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// readImage decodes the picture in a file.
func readImage(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
