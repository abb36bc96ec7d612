package codec

import "math"

// This file estimates the CPU time of a job before it begins, so that a function with a share of a
// CPU and a deadline does not begin what it cannot finish.
//
// The estimate is a sum of products: amounts of work (bytes, pixels, frames), known from the
// source's headers and the walk over its frames, times the time that a unit of each takes. These
// times are costs, in cost_table.go, in milliseconds of the reference core, which is one on which
// the tests' loop calibrate takes 20 ms. TestCostRefit measures and writes them. It measures the
// CPU time of every picture of the corpus, and of some made by code, at six sizes and in both
// formats, relative to the loop, which runs beside it; it fits the costs to one half of the files
// and checks them on the other half.

// Cost estimates from the headers of src how many milliseconds of CPU Resize takes on the reference
// core. The estimate is the field Cost of info. Cost returns an error for a picture that Resize
// refuses because of its headers.
func Cost(src []byte, fit func(w, h int) (int, int), opt Options) (info Info, err error) {
	opt.CPU = 0
	_, _, info, err = prepare(src, fit, &opt)
	return info, err
}

// A costModel is what each unit of work takes, in milliseconds of the reference core. Pixels and
// bytes are counted in millions.
type costModel struct {
	job   [4]float32 // the job itself; pixels of composed canvases; pixels converted before scaling; pixels converted after it
	read  []readCost
	write []writeCost
}

// A readCost is the time that reading takes, for sources with one coding.
type readCost struct {
	coding string     // a coding's name; "" is last, and stands for the rest
	rates  [3]float32 // bytes; pixels of frames; pixels handed to the scaler
}

// A writeCost is the time that writing takes, for one kind of picture in one format.
type writeCost struct {
	kind  string     // as writtenKind names it; "" is last, and stands for the rest
	moves [2]float32 // a frame; pixels of the canvas, whether they change or not

	// pixels is the time of a pixel that is written, at five densities of the source: 1/64, 1/16,
	// 1/4, 1 and 4 bytes a pixel, interpolated linearly over the logarithm in between. The density
	// is all that the headers say about how detailed a picture is.
	pixels [densities]float32
}

const (
	densities    = 5
	firstDensity = -6 // log2 of bytes a pixel
	densityStep  = 2
)

// writtenKind returns the kind of picture that is written, as the table of costs names it. A
// picture that was stored with loss counts as a photo.
func writtenKind(t *target, c *coding, moves bool) string {
	kind := " graphic"
	switch {
	case moves && t.keepsSize():
		kind = " moving, same size"
	case moves:
		kind = " moving"
	case c.alpha:
		kind = " alpha"
	case c.lossy:
		kind = " photo"
	}
	return t.format.name + kind
}

// reading returns the row for a coding's name.
func (m *costModel) reading(name string) *readCost {
	i := 0
	for i < len(m.read)-1 && m.read[i].coding != name {
		i++
	}
	return &m.read[i]
}

// writing returns the row for a kind of picture.
func (m *costModel) writing(kind string) *writeCost {
	i := 0
	for i < len(m.write)-1 && m.write[i].kind != kind {
		i++
	}
	return &m.write[i]
}

// terms calls add with times of the model and with the same number of amounts: how much of each the
// job has.
func (m *costModel) terms(t *target, c *coding, add func(rates []float32, n []float64)) {
	const million = 1e6
	area, small := float64(t.sw)*float64(t.sh)/million, float64(t.w)*float64(t.h)/million
	frames := float64(t.frames)
	made := 0.0
	if !t.keepsSize() {
		made = area * frames
	}
	read := float64(t.size-c.metadata) / million
	if c.coarse && area > 256*small {
		read /= 8
	}
	moves := t.frames > 1
	drawn := 0.0
	var written [densities]float64
	for i := range t.frames {
		n, size := area, read/frames
		if c.drawing != nil {
			pixels, bytes := c.drawing(i)
			n, size = float64(pixels)/million, float64(bytes)/million
		}
		if n <= 0 {
			continue
		}
		drawn += n
		at := (log2(max(size, 1/million)/n) - firstDensity) / densityStep
		at = min(max(at, 0), densities-1)
		k := min(int(at), densities-2)
		n = small * min(n/area, 1)
		written[k] += n * (float64(k+1) - at)
		written[k+1] += n * (at - float64(k))
	}

	job := [4]float64{1}
	if moves {
		job[1] = area * frames
	}
	if t.color.convert != nil {
		job[2], job[3] = 0, small*frames
		if t.color.first {
			job[2], job[3] = area*frames, 0
		}
	}
	add(m.job[:], job[:])
	add(m.reading(c.name).rates[:], []float64{read, drawn, made})
	w := m.writing(writtenKind(t, c, moves))
	if moves {
		add(w.moves[:], []float64{frames, small * frames})
		if c.alpha {
			w = m.writing(writtenKind(t, c, false))
		}
	}
	add(w.pixels[:], written[:])
}

// log2 returns about the logarithm of x > 0, interpolated linearly between powers of 2.
func log2(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	return float64(exponent-2) + 2*fraction
}

// estimate returns the sum of the terms, in milliseconds.
func (m *costModel) estimate(t *target, c *coding) (ms float64) {
	m.terms(t, c, func(rates []float32, n []float64) {
		for i, v := range n {
			ms += float64(rates[i]) * v
		}
	})
	if t.effort == HighEffort {
		ms *= t.format.highCost(c)
	}
	return ms
}

// highCost returns how many times the CPU of DefaultEffort a whole job takes with HighEffort.
func (f *Format) highCost(c *coding) float64 {
	k := 1
	if c.lossy && !c.alpha {
		k = 0
	}
	if f.high[k] == 0 {
		return 2 // was not measured
	}
	return f.high[k]
}
