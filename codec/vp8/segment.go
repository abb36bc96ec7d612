package vp8

// This file divides the macroblocks into segments (RFC 6386 section 9.3) by how busy they are, and
// sets each segment's quantizer and loop filter.

import "math"

// errorVisibility returns how visible errors are in a macroblock of 256 luma samples, from 255 for
// flat to 0 for busy. logVar is 256 * log2(1 + v), where v is the mean variance of the four 8x8
// blocks. The higher logVar is, the lower is the visibility.
func errorVisibility(src *[256]byte) (visibility uint8, logVar int) {
	var total uint64 // the sum of the four variances, times 64*64
	for b := 0; b < 4; b++ {
		o := (b>>1)*128 + (b&1)*8
		var s, ss uint32 // sums of the samples and of their squares
		for y := 0; y < 8; y++ {
			for _, v := range src[o+16*y : o+16*y+8] {
				s += uint32(v)
				ss += uint32(v) * uint32(v)
			}
		}
		total += uint64(ss)*64 - uint64(s)*uint64(s)
	}
	// The mean variance is total/4/4096, so 1 plus that is (16384+total)/2^14.
	logVar = log2(16384+total) - 14*256
	v := 255 - 192*logVar/2560 // falls by 192 while the variance doubles ten times
	return uint8(clip(v, 0, 255)), logVar
}

// analyse fills in e.visibility and e.logVar.
func (e *Encoder) analyse() {
	for i := range e.visibility {
		visibility, logVar := errorVisibility((*[256]byte)(e.samples[i*mbSamples:]))
		e.visibility[i], e.logVar[i] = visibility, uint16(logVar)
	}
}

// assignSegments divides the macroblocks into four segments by their visibility, and sets up the
// segments for the quality of o. With r.modes of 2 there is only one segment.
func (e *Encoder) assignSegments(o Options, r restriction) {
	var hist [256]int
	for _, v := range e.visibility {
		hist[v]++
	}
	lo, hi := 0, 255 // the least and the largest visibility that occur
	for hist[lo] == 0 {
		lo++
	}
	for hist[hi] == 0 {
		hi--
	}
	// Cluster the visibilities around four centers, in eight rounds of Lloyd's algorithm.
	var center [4]int
	for k := range center {
		center[k] = lo + (2*k+1)*(hi-lo)/8
	}
	var segmentOf [256]uint8 // by visibility
	for range 8 {
		var sum, n [4]int
		k := 0 // the nearest center
		for v := lo; v <= hi; v++ {
			for k < 3 && abs(v-center[k+1]) < abs(v-center[k]) {
				k++
			}
			segmentOf[v] = uint8(k)
			sum[k] += v * hist[v]
			n[k] += hist[v]
		}
		for k := range center {
			if n[k] > 0 {
				center[k] = (sum[k] + n[k]/2) / n[k]
			}
		}
	}
	// Set up the frame header and the macroblocks. c is the mean compression, 1 for the finest
	// quantizer. spread says how strongly a segment's quantizer follows the visibility.
	e.header = frameHeader{useSegments: r.modes < 2, simple: o.SimpleFilter}
	c := compression(o.Quality)
	spread := 0.0035
	e.header.delta = finerMeans
	if o.Effort == HighEffort {
		spread = 0.0033 // masking does a part of what segments do
		meanQuant := r.quant + int(127*(1-c))
		e.header.delta.uvAC += coarserChroma(meanQuant)
	}
	for i := range e.mbs {
		e.mbs[i] = macroblock{}
		if e.header.useSegments {
			e.mbs[i].segment = segmentOf[e.visibility[i]]
		}
	}
	// Set up the segments. The more visible errors are, the finer is the quantizer.
	mean := 0
	for v, n := range hist {
		mean += v * n
	}
	mean /= len(e.visibility)
	span := max(center[3]-center[0], 1)
	for k := range e.segments {
		s := &e.segments[k]
		// How far the segment's visibility is above the mean, in 1/255 of span.
		excess := clip(255*(center[k]-mean)/span, -127, 127)
		if !e.header.useSegments {
			excess = 0
		}
		segmentC := math.Pow(c, 1-spread*float64(excess)) // the segment's compression
		s.quant = clip(r.quant+int(127*(1-segmentC)), 0, 127)
		s.initQuant(e.header.delta)
		s.initLambdas()
		if o.Effort == HighEffort {
			s.lambdas.texture = s.lambdas.texture * textureHigh >> 8
		}
		s.filterLevel = firstFilterLevel(s.quant)
	}
}

// compression maps a quality of 0 to 100 to a number c between 0 for the coarsest quantizer and 1
// for the finest. The quantizer index is about 127 * (1-c). Name and mapping are libwebp's
// (QualityToCompression in src/enc/quant_enc.c), so that quality numbers mean the same.
func compression(quality int) float64 {
	q := float64(clip(quality, 0, 100)) / 100
	if q < 0.75 {
		return math.Cbrt(q * 2 / 3)
	}
	return math.Cbrt(2*q - 1)
}

// Each lambda is the square of luma's AC step, times one of these multipliers, in 1/256. For an
// ideal quantizer the multiplier would be 16 * 2 ln 2 / 12 * 256 = 473: the squared error is a
// twelfth of the step's square, and changes by 2 ln 2 times this twelfth for each bit. Distortion
// is 16 times the squared error of a coefficient. The multipliers were found on photos, by PSNR,
// SSIM and butteraugli together.
const (
	lambda16      = 270
	lambda4       = 240
	lambdaMode    = 243
	lambdaUV      = 450
	lambdaTrellis = 150
	// textureStep is lambdas.texture for each unit of the step.
	textureStep = 100
	// textureHigh is the factor for textureStep at high effort, in 1/256. It makes up for masking:
	// where there is much texture, levels that are chosen with masking lose more texture.
	textureHigh = 333
)

// initLambdas sets the lambdas for s.quant.
func (s *segment) initLambdas() {
	q := int64(dequantTableAC[s.quant])
	l := q * q
	s.lambdas = lambdas{
		l16:     l * lambda16 >> 8,
		l4:      l * lambda4 >> 8,
		mode:    l * lambdaMode >> 8,
		uv:      l * lambdaUV >> 8,
		trellis: l * lambdaTrellis >> 8,
		texture: q * textureStep,
	}
}

// firstFilterLevel returns a loop filter level for a quantizer index. tryFilterLevels tries levels
// around it.
func firstFilterLevel(quant int) int {
	l := int(dequantTableAC[quant]) * 25 / 64
	if l < 2 {
		return 0
	}
	return min(l, 63)
}

// abs returns the magnitude of x.
func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// gatherSkipped puts all macroblocks without levels into one segment: the one that has most of them
// already. Such macroblocks do not use the quantizer. In a picture that consists mostly of them,
// the numbers of different segments would take most of the file.
func (e *Encoder) gatherSkipped() {
	if !e.header.useSegments {
		return
	}
	var n [4]int
	for i := range e.mbs {
		if e.mbs[i].skip {
			n[e.mbs[i].segment]++
		}
	}
	common := 0
	for k, v := range n {
		if v > n[common] {
			common = k
		}
	}
	for i := range e.mbs {
		if e.mbs[i].skip {
			e.mbs[i].segment = uint8(common)
		}
	}
}
