package vp8

// This file holds the reference kernels over strips and blocks. On amd64 with
// AVX2 kernel_amd64.go takes their place, with equal results.

import "math/bits"

// A blockStat says how a block came through quantization.
type blockStat struct {
	sse  uint32 // sum of the squared errors of its coefficients
	tex  uint32 // weighted sum of the magnitudes of its reconstructed coefficients
	mask uint32 // bit n: the level at zigzag position n is not zero
	_    uint32
}

// last returns the position of the last nonzero level, -1 for none.
func (s *blockStat) last() int { return bits.Len32(s.mask) - 1 }

// textureWeight weighs the magnitudes of coefficients, in zigzag order: what
// the eye misses when a quantizer flattens it. The mean does not count.
var textureWeight = [16]int16{0, 32, 32, 20, 28, 20, 9, 17, 17, 9, 7, 10, 7, 4, 4, 2}

// quantizeBlocksGeneric quantizes n blocks of coef to lev and fills in stat. ref
// holds the coefficients of the source samples themselves, refStep apart from
// block to block (0: the same for all), from which the reconstructed texture
// follows: source minus error.
func quantizeBlocksGeneric(lev, coef, ref []int16, refStep int, m *quantMatrix, stat []blockStat) {
	for b := range stat {
		l := (*[16]int16)(lev[16*b:])
		c := (*[16]int16)(coef[16*b:])
		r := (*[16]int16)(ref[refStep*b:])
		var sse, tex, mask uint32
		for i := range c {
			v := int32(c[i])
			s := v >> 31
			a := uint32((v ^ s) - s)
			k := int32((a + uint32(m.rnd[i])) * uint32(m.iq[i]) >> 16)
			e := int32(a) - k*int32(m.q[i])
			sse += uint32(e * e)
			if k != 0 {
				mask |= 1 << uint(i)
			}
			k = (k ^ s) - s
			e = (e ^ s) - s
			l[i] = int16(k)
			t := int32(r[i]) - e
			if t < 0 {
				t = -t
			}
			tex += uint32(t) * uint32(textureWeight[i])
		}
		stat[b] = blockStat{sse: sse, tex: tex, mask: mask}
	}
}

// textureGeneric returns the weighted texture of each block of ref.
func textureGeneric(dst []uint32, ref []int16) {
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

func fdctStrips(dst []int16, src, pred []byte, n int) {
	for i := 0; i < n; i++ {
		fdctStripGeneric((*[64]int16)(dst[64*i:]), src[64*i:], 16, pred[64*i:], 16)
	}
}

func quantizeBlocks(lev, coef, ref []int16, refStep int, m *quantMatrix, stat []blockStat) {
	quantizeBlocksGeneric(lev, coef, ref, refStep, m, stat)
}

func predict4(dst *[192]byte, edge *[16]byte) { predict4Generic(dst, edge) }
