package vp8

// This file estimates how much of an error can be seen: busy places hide more than flat ones.

// activity returns the factor for a macroblock's lambdas, in 1/256. Busy macroblocks hide their
// errors, so a bit spent there has to remove more of the error. The factor is 2^((v-5)/8), where v
// is the base-2 logarithm of the variance (logVar/256), so it is 1 at a variance of about 32. The
// exponent is rounded down to a multiple of 1/16.
func activity(logVar uint16) int64 {
	x := (int(logVar) - 5*256) >> 7 // (v-5)/8, in 1/16
	return power(x)
}

// power returns 2^(x/16) in 1/256, for x >= -128.
func power(x int) int64 {
	x += 8 * 16 // eight octaves, which the shift by 8 takes back
	return (int64(exp2[x&15]) << uint(x>>4)) >> 8
}

// exp2 is 256 times 2^(i/16).
var exp2 = [16]uint16{256, 267, 279, 292, 304, 318, 332, 347, 362, 378, 395, 412, 431, 450, 470, 490}

// A masking says how the 4x4 luma blocks of a macroblock differ in the errors that they hide. A
// macroblock with an edge through it has flat blocks too, where errors are visible, although
// activity takes the whole macroblock for a busy one.
type masking struct {
	lambda [16]int64 // the factor for each block's lambda, in 1/256
	weight [16]int64 // the factor for each block's distortion in a sum of blocks: 1/lambda, in 1/256
}

// start sets all factors to 1.
func (m *masking) start() {
	for b := range m.lambda {
		m.lambda[b], m.weight[b] = 256, 256
	}
}

// Parameters of masking.set. They were found on photos by SSIMULACRA2, SSIM and PSNR together.
const (
	// maskingFloor is added to every texture. It is the texture of one coefficient of weight 32
	// that changes samples by about two levels, which is too faint to hide anything.
	maskingFloor = 512
	// maskingCenter is the weight of a block's own texture in its local texture. Each block next to
	// it has a weight of 1.
	maskingCenter = 2
	// maskingLimit bounds the exponent of lambda's factor, in 1/16: factors are 1/4 to 4. So no
	// lambda becomes 0.
	maskingLimit = 32
)

// set sets the factors. tex has the textures of the macroblock's 16 luma blocks, then of the chroma
// blocks, which do not count. A block's local texture is the weighted mean of its own texture and
// of the textures above, below, left and right in the macroblock. The block's factor for lambda is
// the square root of local texture / mean texture of the macroblock, within maskingLimit.
// maskingFloor is added to both textures.
func (m *masking) set(tex *[24]uint32) {
	total := uint32(0)
	for _, t := range tex[:16] {
		total += t
	}
	logMean := log2(uint64(total)/16 + maskingFloor)
	for b := range m.lambda {
		t, n := maskingCenter*tex[b], uint32(maskingCenter) // weighted sum, and sum of weights
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
		x := (log2(uint64(t/n)+maskingFloor) - logMean) >> 5 // half of the difference, in 1/16
		m.lambda[b] = power(clip(x, -maskingLimit, maskingLimit))
		m.weight[b] = 65536 / m.lambda[b]
	}
}
