package codec

import "math"

// This file estimates the CPU time of a job before it begins, so that a function with a share of a
// CPU and a deadline does not begin what it cannot finish.
//
// The estimate is a sum of products. Each is an amount of work (bytes, pixels, frames) times the
// time that a unit of this work takes. The amounts are known from the source's headers and the list
// of its frames. The times are in cost_table.go, in milliseconds of the reference core: a core on
// which the tests' loop calibrate takes 20 ms.
//
// TestCostRefit writes that table. It measures the CPU time of every picture of the corpus, and of
// some made by code, at six sizes, in the source's format and in WebP, relative to the loop, which
// runs beside each. It fits the times to one half of the files and checks them on the other half.

// Cost estimates from the headers of src how many milliseconds of CPU Resize takes on the reference
// core. The estimate is info.Cost. opt.CPU does not count. Cost returns an error for a picture that
// Resize refuses because of its headers.
func Cost(src []byte, fit func(w, h int) (int, int), opt Options) (info Info, err error) {
	opt.CPU = 0
	_, _, info, err = prepare(src, fit, &opt)
	return info, err
}

// A costModel has the times that units of work take, in milliseconds of the reference core. The
// unit of pixels and of bytes is a million.
type costModel struct {
	// job has the times of the job itself, of the pixels of composed canvases, of pixels whose
	// color is converted before scaling, and of pixels whose color is converted after it.
	job   [4]float32
	read  []readCost
	write []writeCost
}

// A readCost has the times that reading takes, for sources of one coding.
type readCost struct {
	coding string // a coding's name; "" is last, and stands for the rest

	// rates has the times of the bytes that are read, of the pixels of frames, and of the pixels
	// handed to the scaler.
	rates [3]float32
}

// A writeCost has the times that writing takes, for one kind of picture in one format.
type writeCost struct {
	kind string // as writtenKind names it; "" is last, and stands for the rest

	// motion, for animations, has the times of a frame, and of the pixels of its canvas, whether
	// they change or not.
	motion [2]float32

	// pixels has the times of the pixels that are written, at five densities of the source: 1/64,
	// 1/16, 1/4, 1 and 4 bytes of the file for each pixel. In between, the time is interpolated
	// linearly over the logarithm of the density. The density is all that the headers say about how
	// detailed a picture is.
	pixels [densities]float32
}

// Densities are 2 to the power of firstDensity, and of numbers that go up from it by densityStep.
const (
	densities    = 5
	firstDensity = -6
	densityStep  = 2
)

// writtenKind returns the kind of picture that is written, as the table of costs names it. A
// picture whose source was stored with loss counts as a photo. moves says that it is an animation.
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

// reading returns the row for a coding's name, or the last row if there is none.
func (m *costModel) reading(name string) *readCost {
	i := 0
	for i < len(m.read)-1 && m.read[i].coding != name {
		i++
	}
	return &m.read[i]
}

// writing returns the row for a kind of picture, or the last row if there is none.
func (m *costModel) writing(kind string) *writeCost {
	i := 0
	for i < len(m.write)-1 && m.write[i].kind != kind {
		i++
	}
	return &m.write[i]
}

// terms calls add for the parts of a job. rates are times of the model, and n says how many units
// of each the part has.
func (m *costModel) terms(t *target, c *coding, add func(rates []float32, n []float64)) {
	const million = 1e6
	// Reading: bytes, and pixels that are scaled. Areas are those of a frame of the source and of
	// the result.
	area, small := float64(t.sw)*float64(t.sh)/million, float64(t.w)*float64(t.h)/million
	frames := float64(t.frames)
	scaled := 0.0
	if !t.keepsSize() {
		scaled = area * frames
	}
	read := float64(t.size-c.metadata) / million
	if c.coarse && area > 256*small {
		read /= 8
	}
	moves := t.frames > 1
	// Frame by frame: pixels that are read, and pixels that are written, by density. A frame of the
	// result has the same part of the canvas as that of the source.
	drawn := 0.0
	var written [densities]float64
	for i := range t.frames {
		pixels, size := area, read/frames
		if c.drawing != nil {
			n, bytes := c.drawing(i)
			pixels, size = float64(n)/million, float64(bytes)/million
		}
		if pixels <= 0 {
			continue
		}
		drawn += pixels
		// Divide the pixels between the two densities beside the frame's.
		at := (log2(max(size, 1/million)/pixels) - firstDensity) / densityStep
		at = min(max(at, 0), densities-1)
		k := min(int(at), densities-2)
		out := small * min(pixels/area, 1)
		written[k] += out * (float64(k+1) - at)
		written[k+1] += out * (at - float64(k))
	}

	job := [4]float64{1}
	if moves {
		job[1] = area * frames
	}
	if t.color.convert != nil {
		if t.color.first {
			job[2] = area * frames
		} else {
			job[3] = small * frames
		}
	}
	add(m.job[:], job[:])
	add(m.reading(c.name).rates[:], []float64{read, drawn, scaled})
	w := m.writing(writtenKind(t, c, moves))
	if moves {
		add(w.motion[:], []float64{frames, small * frames})
		if c.alpha { // its pixels count as those of a still picture
			w = m.writing(writtenKind(t, c, false))
		}
	}
	add(w.pixels[:], written[:])
}

// log2 returns about the logarithm of x to the base 2, interpolated linearly between powers of 2. x
// must be positive.
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

// highCost returns the CPU time of a whole job with HighEffort, divided by that with DefaultEffort.
func (f *Format) highCost(c *coding) float64 {
	k := 1
	if c.lossy && !c.alpha { // a photo
		k = 0
	}
	if f.high[k] == 0 {
		return 2 // a guess: the format was not measured
	}
	return f.high[k]
}
