// Package scale resamples planes and interleaved rows of 8-bit samples with the Catmull-Rom kernel
// of golang.org/x/image/draw, one row at a time.
//
// A [Scaler] is fed the rows of a source from top to bottom and writes the rows of the destination
// as soon as their window is complete. The number of source rows that it keeps is the height of the
// kernel, so memory grows with the width of the source and the reduction, never with the height.
//
// # Sample grid
//
// Sample i of a plane stands for the interval [i, i+1) of its axis. The source rectangle in
// [Options] is given in that coordinate and may be fractional: it is mapped onto the whole
// destination, so that a plane decoded at N/8 and the same plane decoded in full land on the same
// grid. A picture W samples wide, decoded at N/8 with a sampling factor of H out of Hmax, spans
//
//	W * N/8 * H/Hmax
//
// samples of its plane although the plane itself is rounded up. JPEG centers a chroma sample on the
// luma samples it stands for (JFIF 1.02, page 4), which is what these intervals say: no further
// shift is needed. Where a destination is itself a subsampled plane of an odd width w, it spans
// 2*ceil(w/2) luma columns, and the rectangle grows by the same factor, past the plane's edge.
//
// Beyond the edges of the plane there is nothing: taps that fall there are left out and the
// remaining ones are normalized to a sum of 1, as x/image/draw does.
//
// # Precision
//
// The vertical pass comes first, on bytes, then the horizontal one on 16-bit intermediates. Let,
// for each axis, n be the number of taps, S the largest sum of a window's absolute weights (1.25
// for Catmull-Rom, a little more at an edge) and r the reduction (at least 1).
//
//   - Weights are integers of b fractional bits that sum to exactly 1<<b; b is
//     the largest for which the peak weight, close to 1/r, fits 15 bits: 14 for
//     r < 2, one more for each doubling. Rounding by largest remainder keeps the
//     sum of the absolute weight errors of a window below n/2 units.
//   - Intermediates keep m = 4 to 6 fractional bits, so that S*255*2^m < 2^15.
//   - Sums are 32 bits wide and never overflow: S*255*2^b < 2^31 in the vertical
//     pass, Sv*Sh*255*2^(m+b) < 2^31 in the horizontal one. Both are checked
//     with the true weights when they are made, and b and m lowered until
//     they hold.
//
// The distance from the real-valued result before the last rounding is at most
//
//	Sh*255*nv/2 * 2^-bv  +  Sh * 2^-(m+1)  +  Sv*255*nh/2 * 2^-bh
//
// With n = 4r and 2^b >= 2^13 r, the first and third terms are below 0.08 each, and the whole below
// 0.25 for every reduction to 100 and more. x/image/draw computes in float64 and then truncates a
// 16-bit value: floor(v*257/256). Ours is round(v+e) with |e| < 0.5. The two intervals [v-1, v+1)
// and [v-0.5-e, v+0.5+e] leave room for a difference of 1 and not for 2.
//
// # Kernels
//
//	vertical   -> verticalAVX2   | verticalGeneric (two destination rows at once)
//	horizontal -> horizontalAVX2 | horizontalGeneric
//
// All sums are exact integers, so every kernel gives the same bytes.
package scale
