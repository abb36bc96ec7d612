package vp8

// This file has the reference kernels for strips and blocks. On amd64 with AVX2 the kernels of
// kernels_amd64.s are used instead; their results are equal.

// blockStats has the results of quantizing up to 16 blocks, for each block.
type blockStats struct {
	sse  [16]uint32 // sum of the coefficients' squared errors, weighted by quantMatrix.w
	tex  [16]uint32 // texture of the reconstructed coefficients, see textureWeight
	mask [16]uint16 // bit n: the level at zigzag position n is not zero
}

// A block's texture is the sum of the magnitudes of its coefficients, weighted by textureWeight, in
// zigzag order. A large weight means that the eye misses the coefficient when the quantizer removes
// it. DC has no weight.
var textureWeight = [16]int16{0, 32, 32, 20, 28, 20, 9, 17, 17, 9, 7, 10, 7, 4, 4, 2}

// quantizeBlocksGeneric quantizes n blocks of coef to lev and fills in stats. coef is the transform
// of the differences between source and prediction. ref is the transform of the source alone, less
// 128. The blocks of ref are refStep coefficients apart; with 0, all blocks of coef share one block
// of ref. The reconstructed coefficients are those of ref minus the errors.
func quantizeBlocksGeneric(lev, coef, ref []int16, refStep int, m *quantMatrix, stats *blockStats, n int) {
	for b := 0; b < n; b++ {
		l := (*[16]int16)(lev[16*b:])
		c := (*[16]int16)(coef[16*b:])
		r := (*[16]int16)(ref[refStep*b:])
		var sse, tex, mask uint32
		for i := range c {
			v := int32(c[i])
			s := v >> 31
			a := uint32((v ^ s) - s)
			// The level k and its error e are for the magnitude a; s has the sign.
			k := int32(((a + uint32(m.rnd[i])) * uint32(m.iq[i])) >> 16)
			e := int32(a) - k*int32(m.q[i])
			sse += uint32(e*e) * uint32(m.w[i])
			if k != 0 {
				mask |= 1 << uint(i)
			}
			l[i] = int16((k ^ s) - s)
			t := int32(r[i]) - ((e ^ s) - s) // the reconstructed coefficient, then its magnitude
			if t < 0 {
				t = -t
			}
			tex += uint32(t) * uint32(textureWeight[i])
		}
		stats.sse[b], stats.tex[b], stats.mask[b] = sse, tex, uint16(mask)
	}
}

// textureGeneric writes to dst the texture of each block of ref.
func textureGeneric(dst *[24]uint32, ref *[24 * 16]int16) {
	for b := range dst {
		c := (*[16]int16)(ref[16*b:])
		t := uint32(0)
		for i, v := range c {
			if v < 0 {
				v = -v
			}
			t += uint32(v) * uint32(textureWeight[i])
		}
		dst[b] = t
	}
}

// fdctStripsGeneric transforms the differences src-pred of n strips, each of 64 samples in rows of
// 16.
func fdctStripsGeneric(dst []int16, src, pred []byte, n int) {
	for i := 0; i < n; i++ {
		fdctStripGeneric((*[64]int16)(dst[64*i:]), src[64*i:], 16, pred[64*i:], 16)
	}
}

// fdctBlockGeneric compares one 4x4 block of the source with 4*n predictions of it, and transforms
// the differences. src begins with the block, whose rows are 16 bytes apart. pred has the
// predictions as n strips.
func fdctBlockGeneric(dst []int16, src, pred []byte, n int) {
	var strip [64]byte
	for r := 0; r < 4; r++ {
		for k := 0; k < 4; k++ {
			copy(strip[16*r+4*k:16*r+4*k+4], src[16*r:])
		}
	}
	for i := 0; i < n; i++ {
		fdctStripGeneric((*[64]int16)(dst[64*i:]), strip[:], 16, pred[64*i:], 16)
	}
}
