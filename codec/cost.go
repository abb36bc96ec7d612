package codec

import "math"

// This file estimates the CPU time of a job before it begins, so that a function with a share of a
// CPU and a deadline does not begin what it cannot finish.
//
// The estimate is a sum of products. Each is an amount of work (bytes, pixels, frames) times the
// time that a unit of this work takes. The amounts are known from the source's headers and the list
// of its frames. The times are in cost_table.go, in milliseconds of the reference core: a core that
// takes 20 ms for calibrate, a loop in cost_unix_test.go.
//
// TestCostRefit writes that table. It measures the CPU time of resizing pictures, those of the
// corpus and some made by code, at six sizes, in the source's format and in WebP. The loop runs
// beside each picture, so that the time of a picture is known as a multiple of the loop's.
// TestCostRefit fits the times to one half of the files and checks them on the other half.

// Cost estimates from the headers of src how many milliseconds of CPU Resize takes on the reference
// core. The estimate is info.Cost. opt.CPU is ignored. Cost returns an error for a picture that
// Resize refuses because of its headers.
func Cost(src []byte, fit func(w, h int) (int, int), opt Options) (info Info, err error) {
	opt.CPU = 0
	_, _, info, err = prepare(src, fit, &opt)
	return info, err
}

// A costModel has the times that units of work take, in milliseconds of the reference core. Pixels
// and bytes are counted in millions.
type costModel struct {
	// job has the times of the job itself, of the pixels of composed canvases, of pixels whose
	// color is converted before scaling, and of pixels whose color is converted after it.
	job   [4]float32
	read  []readCost
	write []writeCost
}

// A readCost has the times that reading takes, for sources of one coding.
type readCost struct {
	coding string // a coding's name; "" in the last row, which stands for the rest

	// rates has the times of the bytes that are read, of the pixels of frames, and of the pixels
	// handed to the scaler.
	rates [3]float32
}

// A writeCost has the times that writing takes, for one kind of picture in one format.
type writeCost struct {
	kind string // as writtenKind names it; "" in the last row, which stands for the rest

	// motion has two times that only animations take: of a frame, and of the pixels of the frame's
	// canvas, changed and unchanged ones alike.
	motion [2]float32

	// pixels has the times of the pixels that are written, at five densities of the source: 1/64,
	// 1/16, 1/4, 1 and 4 bytes of the file for each pixel. In between, the time is interpolated
	// linearly over the logarithm of the density. The density is all that the headers say about how
	// detailed a picture is.
	pixels [densities]float32
}

// The densities are powers of 2. The exponents are firstDensity and, from there, numbers that are
// densityStep apart.
const (
	densities    = 5 // how many there are
	firstDensity = -6
	densityStep  = 2
)

// writtenKind returns the kind of picture that is written, as the table of costs names it. A
// picture whose source was stored with loss counts as a photo. moves says whether it is an
// animation.
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

// terms calls add for the parts of a job. rates are the times of the units that the part consists
// of, and n[i] is how many units with the time rates[i] there are.
func (m *costModel) terms(t *target, c *coding, add func(rates []float32, n []float64)) {
	const million = 1e6
	// Reading: bytes, and pixels that are scaled. area and small are the pixels of a canvas of the
	// source and of the result, in millions, as are all amounts of bytes and pixels below.
	area, small := float64(t.sw)*float64(t.sh)/million, float64(t.w)*float64(t.h)/million
	frames := float64(t.frames)
	scaled := 0.0
	if !t.keepsSize() {
		scaled = area * frames
	}
	read := float64(t.size-c.metadata) / million
	if c.coarse && area > 16*16*small {
		read /= 8 // see coding.coarse
	}
	moves := t.frames > 1
	// Frame by frame: pixels that are read, and pixels that are written, by density. A frame takes
	// the same part of the canvas in the source and in the result.
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
		// Divide the pixels between the densities k and k+1, which are on both sides of the
		// frame's. A frame has at least one byte.
		index := (log2(max(size, 1/million)/pixels) - firstDensity) / densityStep
		index = min(max(index, 0), densities-1)
		k := min(int(index), densities-2)
		out := small * min(pixels/area, 1)
		written[k] += out * (float64(k+1) - index)
		written[k+1] += out * (index - float64(k))
	}

	job := [4]float64{1} // in the order of costModel.job
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
		if c.alpha { // the pixels count as those of a still picture with alpha
			w = m.writing(writtenKind(t, c, false))
		}
	}
	add(w.pixels[:], written[:])
}

// log2 returns about the logarithm of x, which must be positive, to the base 2. Between powers of 2
// it interpolates linearly: log2(2^n * (1+f)) is n+f for 0 <= f < 1.
func log2(x float64) float64 {
	fraction, exponent := math.Frexp(x) // x = fraction * 2^exponent, 1/2 <= fraction < 1
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
	k := 1                   // see Format.high
	if c.lossy && !c.alpha { // a photo
		k = 0
	}
	if f.high[k] == 0 {
		return 2 // a guess: the format was not measured
	}
	return f.high[k]
}
