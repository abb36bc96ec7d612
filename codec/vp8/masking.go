package vp8

// This file estimates how much of an error can be seen: busy places hide more than flat ones.

// activity returns by what a macroblock's lambdas are multiplied, in 1/256: busy ones hide their
// errors, so that a bit has to save more there. It is 2^((e - 5) / 8), where e is the logarithm
// of the variance, in steps of 1/16 of an octave.
func activity(logVar uint16) int64 { return power((int(logVar) - 5*256) >> 7) }

// power returns 2^(x/16) in 1/256, for x from -128.
func power(x int) int64 {
	x += 8 * 16
	return int64(exp2[x&15]) << uint(x>>4) >> 8
}

// exp2 is 256 times 2^(i/16).
var exp2 = [16]uint16{256, 267, 279, 292, 304, 318, 332, 347, 362, 378, 395, 412, 431, 450, 470, 490}

// A masking says how the 4x4 luma blocks of a macroblock differ in what they hide. A macroblock
// with an edge through it has flat blocks too, where errors are seen, though activity calls it
// busy.
type masking struct {
	lambda [16]int64 // by what the lambda of a block is multiplied, in 1/256
	weight [16]int64 // by what its distortion is, where blocks are added up: the inverse
}

// start makes all blocks alike.
func (m *masking) start() {
	for b := range m.lambda {
		m.lambda[b], m.weight[b] = 256, 256
	}
}

// Parameters of masking.set, found on photos by SSIMULACRA2, SSIM and PSNR together.
const (
	// maskingFloor is a texture too faint to hide anything: one coefficient of two gray levels.
	maskingFloor = 512
	// maskingCenter is what a block's own texture counts where a block beside it counts 1.
	maskingCenter = 2
	// maskingLimit bounds the exponent of lambda, in 1/16. The least lambda there is stays above 0.
	maskingLimit = 32
)

// set compares the texture of each block, with that of the blocks beside it, to the mean of the
// macroblock: lambda goes with the square root of their ratio.
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
