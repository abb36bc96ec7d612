package vp8

// This file estimates how much of an error can be seen: busy places hide more than flat ones.

// activity returns the factor for a macroblock's lambdas, in 1/256. Busy macroblocks hide their
// errors, so a bit spent there has to remove more of the error. The factor is 2^((e - 5) / 8),
// where e is the base-2 logarithm of the variance; the exponent is rounded down to a multiple of
// 1/16.
func activity(logVar uint16) int64 { return power((int(logVar) - 5*256) >> 7) }

// power returns 2^(x/16) in 1/256, for x from -128.
func power(x int) int64 {
	x += 8 * 16
	return int64(exp2[x&15]) << uint(x>>4) >> 8
}

// exp2 is 256 times 2^(i/16).
var exp2 = [16]uint16{256, 267, 279, 292, 304, 318, 332, 347, 362, 378, 395, 412, 431, 450, 470, 490}

// A masking says how the 4x4 luma blocks of a macroblock differ in the errors that they hide. A
// macroblock with an edge through it has flat blocks too, where errors are visible, although
// activity takes the whole macroblock for a busy one.
type masking struct {
	lambda [16]int64 // the factor for the lambda of a block, in 1/256
	weight [16]int64 // the factor for its distortion when blocks are added up: the inverse of lambda's
}

// start makes all blocks alike.
func (m *masking) start() {
	for b := range m.lambda {
		m.lambda[b], m.weight[b] = 256, 256
	}
}

// Parameters of masking.set. They were found on photos by SSIMULACRA2, SSIM and PSNR together.
const (
	// maskingFloor is a texture too faint to hide anything: one coefficient of two gray levels.
	maskingFloor = 512
	// maskingCenter is the weight of a block's own texture; each block next to it has a weight of
	// 1.
	maskingCenter = 2
	// maskingLimit bounds the exponent of lambda's factor, in 1/16. It keeps the smallest lambda
	// above 0.
	maskingLimit = 32
)

// set computes a local texture for each block: the weighted mean of its own texture and of those
// above, below, left and right. A block's factor of lambda is the square root of the local texture
// divided by the mean texture of the macroblock, within limits.
func (m *masking) set(tex *[24]uint32) {
	total := uint32(0)
	for _, t := range tex[:16] {
		total += t
	}
	mean := log2(uint64(total)/16 + maskingFloor)
	for b := range m.lambda {
		t, n := maskingCenter*tex[b], uint32(maskingCenter)
		if b&3 > 0 {
			t, n = t+tex[b-1], n+1
		}
		if b&3 < 3 {
			t, n = t+tex[b+1], n+1
		}
		if b >= 4 {
			t, n = t+tex[b-4], n+1
		}
		if b < 12 {
			t, n = t+tex[b+4], n+1
		}
		x := (log2(uint64(t/n)+maskingFloor) - mean) >> 5 // 1/16 of half an octave
		m.lambda[b] = power(clip(x, -maskingLimit, maskingLimit))
		m.weight[b] = 65536 / m.lambda[b]
	}
}
