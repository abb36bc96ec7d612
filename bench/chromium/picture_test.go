package chromium

import (
	"fmt"
	"image"
	"io"
	"math"
	"net/http"
	"strconv"
)

// maxPixels is more than the pixels of any picture in the corpus.
const maxPixels = 40_000_000

// readPixels reads the pixels that the page posts: RGBA, not premultiplied. It returns them
// premultiplied.
func readPixels(r *http.Request) (frame int, m *image.RGBA, err error) {
	q := r.URL.Query()
	var n [3]int
	for i, name := range []string{"frame", "w", "h"} {
		if n[i], err = strconv.Atoi(q.Get(name)); err != nil {
			return 0, nil, err
		}
	}
	frame, w, h := n[0], n[1], n[2]
	if frame < 0 || w < 1 || h < 1 || w > maxPixels/h {
		return 0, nil, fmt.Errorf("frame %d of %dx%d pixels", frame, w, h)
	}
	m = image.NewRGBA(image.Rect(0, 0, w, h))
	if _, err := io.ReadFull(r.Body, m.Pix); err != nil {
		return 0, nil, err
	}
	for p := m.Pix; len(p) >= 4; p = p[4:] {
		if a := uint32(p[3]); a != 255 {
			for c, v := range p[:3] {
				p[c] = byte((uint32(v)*a + 127) / 255)
			}
		}
	}
	return frame, m, nil
}

// A window has the source samples for one destination sample, and their weights.
type window struct {
	from    int
	weights []float32
}

// windows returns the windows of Catmull-Rom that scale src samples down to dst. The weights of a
// window add up to 1.
func windows(src, dst int) []window {
	scale := float64(src) / float64(dst)
	all := make([]window, dst)
	for i := range all {
		middle := (float64(i) + 0.5) * scale
		from, to := max(int(middle-2*scale), 0), min(int(middle+2*scale)+1, src)
		w, sum := make([]float64, to-from), 0.0
		for j := range w {
			switch t := math.Abs(float64(from+j)+0.5-middle) / scale; {
			case t < 1:
				w[j] = 1.5*t*t*t - 2.5*t*t + 1
			case t < 2:
				w[j] = -0.5*t*t*t + 2.5*t*t - 4*t + 2
			}
			sum += w[j]
		}
		all[i] = window{from, make([]float32, len(w))}
		for j := range w {
			all[i].weights[j] = float32(w[j] / sum)
		}
	}
	return all
}

// scaled returns m at w x h. It averages gamma-encoded, premultiplied samples in float32.
func scaled(m *image.RGBA, w, h int) *image.RGBA {
	if m.Rect.Dx() == w && m.Rect.Dy() == h {
		return m
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	row := make([]float32, m.Stride)
	columns := windows(m.Rect.Dx(), w)
	for y, win := range windows(m.Rect.Dy(), h) {
		clear(row)
		for j, k := range win.weights {
			src := m.Pix[(win.from+j)*m.Stride:][:len(row)]
			for i, v := range src {
				row[i] += k * float32(v)
			}
		}
		for x, win := range columns {
			var sum [4]float32
			for j, k := range win.weights {
				p := row[4*(win.from+j):][:4]
				for c := range sum {
					sum[c] += k * p[c]
				}
			}
			o := out.Pix[y*out.Stride+4*x:][:4]
			o[3] = byte(min(max(sum[3]+0.5, 0), 255))
			for c := range 3 {
				o[c] = byte(min(max(sum[c]+0.5, 0), float32(o[3])))
			}
		}
	}
	return out
}

// distance returns the mean difference of samples between two pictures of the same size that are
// laid on white, or on black if that difference is larger.
func distance(a, b *image.RGBA) float64 {
	var white, black int64
	for i := 0; i < len(a.Pix); i += 4 {
		p, q := a.Pix[i:i+4:i+4], b.Pix[i:i+4:i+4]
		alpha := int(q[3]) - int(p[3]) // white contributes 255 minus alpha
		for c := range 3 {
			d := int(p[c]) - int(q[c])
			black += int64(max(d, -d))
			d += alpha
			white += int64(max(d, -d))
		}
	}
	return float64(max(white, black)) / float64(3*len(a.Pix)/4)
}
