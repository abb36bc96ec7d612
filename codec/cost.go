package codec

import "math"

// This file estimates what a job takes before it is begun: a function with a share of a CPU and a
// deadline does not begin what it cannot finish.
//
// The estimate is a sum of products: what a source's headers, and the walk over its frames, say
// that there is to do, times what each of it takes. costs, in cost_table.go, holds the second
// factors, in milliseconds on the reference core: one on which the tests' loop calibrate takes 20
// ms. TestCostRefit measures and writes them: CPU time of every picture of the corpus and of some
// made by code, at six sizes and in both formats, in units of that loop's beside it, fitted on one
// half of the files and held against the other.

// Cost estimates, as the Info's Cost, how many milliseconds of CPU Resize takes on the reference
// core, from the headers of src. What Resize refuses by its headers is an error here too.
func Cost(src []byte, fit func(w, h int) (int, int), opt Options) (info Info, err error) {
	opt.CPU = 0
	_, _, info, err = prepare(src, fit, &opt)
	return info, err
}

// A costModel is what each unit of work takes, in milliseconds of the reference core. Pixels and
// bytes are counted in millions.
type costModel struct {
	job   [4]float32 // whatever it is; pixels of a canvas composed; pixels converted before scaling; and after
	read  []readCost
	write []writeCost
}

// A readCost is what reading takes of sources stored one way.
type readCost struct {
	coding string     // a coding's name; "" is last, and stands for the rest
	rates  [3]float32 // bytes; pixels of frames; pixels handed to the scaler
}

// A writeCost is what writing takes of one kind of picture in one format.
type writeCost struct {
	road  string     // as road says; "" is last, and stands for the rest
	moves [2]float32 // a frame; pixels of the canvas, whether anything changes or not

	// pixels is for those that are written, by how many bytes a pixel of the source takes: a 64th,
	// a 16th, a quarter, one, four, with a straight line in between over the logarithm. Such a
	// number is all that the header says of how busy a picture is.
	pixels [densities]float32
}

const (
	densities    = 5
	firstDensity = -6 // log2 of bytes a pixel
	densityStep  = 2
)

// road is the kind of picture that is written: what was stored with loss is a photo. Pixels of an
// animation with soft alpha take what those of such a still picture take.
func road(t *target, c *coding, moves bool) string {
	kind := " graphic"
	switch {
	case moves && t.same():
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

// reading is the row for a coding's name.
func (m *costModel) reading(name string) *readCost {
	i := 0
	for i < len(m.read)-1 && m.read[i].coding != name {
		i++
	}
	return &m.read[i]
}

// writing is the row for a road.
func (m *costModel) writing(road string) *writeCost {
	i := 0
	for i < len(m.write)-1 && m.write[i].road != road {
		i++
	}
	return &m.write[i]
}

// terms calls add with the factors of the model and how much there is of each.
func (m *costModel) terms(t *target, c *coding, add func(rates []float32, n []float64)) {
	const million = 1e6
	area, small := float64(t.sw)*float64(t.sh)/million, float64(t.w)*float64(t.h)/million
	frames := float64(t.frames)
	made := 0.0
	if !t.same() {
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
	w := m.writing(road(t, c, moves))
	if moves {
		add(w.moves[:], []float64{frames, small * frames})
		if c.alpha {
			w = m.writing(road(t, c, false))
		}
	}
	add(w.pixels[:], written[:])
}

// log2 is the logarithm of x, which is over 0, with straight lines between powers of 2.
func log2(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	return float64(exponent-2) + 2*fraction
}

// estimate is the sum of the terms.
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

// highCost is what HighEffort takes of DefaultEffort for a whole job.
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
