package codec

import (
	"math"

	"miniatura/codec/internal/limit"
)

// This file estimates what a job takes before it is begun: a function with a share of a CPU and a deadline does not begin
// what it cannot finish.
//
// The estimate is a sum of products: what a source's headers, and the walk over its frames, say that there is to do, times
// what each of it takes. costs, in cost_table.go, holds the second factors; TestCostRefit measures and writes them. They
// are milliseconds on the reference core: one on which that test's loop takes referenceLoop.

// Cost estimates how many milliseconds of CPU Resize takes on the reference core, from the headers of src. What Resize
// refuses for what its headers say is an error here too.
func Cost(src []byte, fit func(w, h int) (int, int), opt Options) (ms float64, info Info, err error) {
	opt.CPU = 0
	_, _, info, err = prepare(src, fit, &opt)
	return info.Cost, info, err
}

// A costModel is what each unit of work takes, in milliseconds of the reference core.
type costModel struct {
	job           float64 // whatever it is
	canvas        float64 // a million pixels of a frame composed
	convertSource float64 // a million pixels of colour converted before scaling
	convertResult float64 // after scaling
	read          []readCost
	write         []writeCost
}

// A readCost is what reading takes of sources stored one way.
type readCost struct {
	coding string  // a coding's name; "" is last, and stands for the rest
	bytes  float64 // a million bytes
	pixels float64 // a million pixels of frames
	made   float64 // a million pixels handed to the scaler
}

// A writeCost is what writing takes of one kind of picture in one format.
type writeCost struct {
	road   string // as road says; "" is last, and stands for the rest
	frame  float64
	canvas float64 // a million pixels of a moving result, whether anything changes or not

	// pixels is for a million pixels that are written, by how many bytes a pixel of the source takes: a 64th, a 16th, a
	// quarter, one, four, with a straight line in between over the logarithm. Such a number is all that the header says
	// of how busy a picture is.
	pixels [densities]float64
}

const (
	densities    = 5
	firstDensity = -6 // log2 of bytes a pixel
	densityStep  = 2
)

// road is the kind of picture that is written: what was stored with loss is a photo.
func road(t *target, c *coding) string {
	switch {
	case t.frames > 1 && t.same():
		return t.format.name + " moving, same size"
	case t.frames > 1:
		return t.format.name + " moving"
	}
	return stillRoad(t, c)
}

// stillRoad is the road of one picture; the pixels of an animation with soft alpha take what those of such a picture take.
func stillRoad(t *target, c *coding) string {
	switch {
	case c.alpha:
		return t.format.name + " alpha"
	case c.lossy:
		return t.format.name + " photo"
	}
	return t.format.name + " graphic"
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

// million is the unit of what is counted.
const million = 1e6

// terms calls add with each factor of the model and how much there is of it.
func (m *costModel) terms(t *target, c *coding, add func(rate *float64, n float64)) {
	area := float64(t.sw) * float64(t.sh)
	frames := float64(t.frames)
	small := float64(t.w) * float64(t.h)
	made := float64(c.made)
	if c.made == 0 && !t.same() {
		made = area * frames
	}
	parts := c.parts
	if t.frames == 1 {
		parts = []part{{int64(area), int64(c.bytes)}}
	}
	drawn := 0.0
	for _, p := range parts {
		drawn += float64(p.pixels)
	}

	add(&m.job, 1)
	r := m.reading(c.name)
	add(&r.bytes, float64(c.bytes)/million)
	add(&r.pixels, drawn/million)
	add(&r.made, made/million)
	if t.color.convert != nil && t.color.first {
		add(&m.convertSource, area*frames/million)
	} else if t.color.convert != nil {
		add(&m.convertResult, small*frames/million)
	}
	w := m.writing(road(t, c))
	if t.frames > 1 {
		add(&m.canvas, area*frames/million)
		add(&w.frame, frames)
		add(&w.canvas, small*frames/million)
	}
	if t.frames > 1 && c.alpha {
		w = m.writing(stillRoad(t, c))
	}
	var written [densities]float64
	for _, p := range parts {
		if p.pixels <= 0 {
			continue
		}
		n := small * min(float64(p.pixels)/area, 1)
		at := (math.Log2(max(float64(p.bytes), 1)/float64(p.pixels)) - firstDensity) / densityStep
		at = min(max(at, 0), densities-1)
		k := min(int(at), densities-2)
		written[k] += n * (float64(k+1) - at)
		written[k+1] += n * (at - float64(k))
	}
	for k := range written {
		add(&w.pixels[k], written[k]/million)
	}
}

// estimate is the sum of the terms.
func (m *costModel) estimate(t *target, c *coding) (ms float64) {
	m.terms(t, c, func(rate *float64, n float64) { ms += *rate * n })
	if t.effort == HighEffort {
		ms *= highCost
	}
	return ms
}

// highCost is what HighEffort takes of DefaultEffort.
const highCost = 2

// checkCost says in info what the job takes by estimate, and refuses it where that is over what may be spent.
func checkCost(s source, t *target, info *Info, allowed float64) error {
	c := s.coding(t)
	info.Cost = costs.estimate(t, &c)
	if allowed > 0 && info.Cost > allowed {
		return &limit.Error{What: "milliseconds of CPU by estimate", Met: int64(info.Cost), Allowed: int64(allowed)}
	}
	return nil
}
