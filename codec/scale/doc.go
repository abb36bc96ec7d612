// Package scale resamples planes and interleaved rows of 8-bit samples with the Catmull-Rom kernel
// of golang.org/x/image/draw, one row at a time.
//
// A [Scaler] takes the rows of a source from top to bottom, and writes each row of the destination
// as soon as it has the source rows of that row's window. It keeps about as many source rows as the
// kernel is high, so memory grows with the width of the source and with the reduction, not with the
// height of the source.
//
// # Sample grid
//
// Sample i of a plane stands for the interval [i, i+1) of its axis. The source rectangle in
// [Options] has these coordinates and may be fractional. It is mapped onto the whole destination,
// so that a plane decoded at N/8 and the same plane decoded in full are mapped onto the same grid.
// A picture that is W samples wide, decoded at N/8 with a sampling factor of H out of Hmax, spans
//
//	W * N/8 * H/Hmax
//
// samples of its plane. The width of the plane is this number rounded up. JPEG centers a chroma
// sample between the luma samples that it stands for (JFIF 1.02, page 4), and so do these
// intervals: no further shift is needed.
//
// If the destination is a chroma plane, subsampled from an odd luma width w, it spans 2*ceil(w/2)
// luma columns, which is more than w. The source rectangle then grows by the same factor, past the
// edge of the source plane.
//
// Beyond the edges of a plane there are no samples. The taps of a window that lie there are left
// out, and the other weights are normalized to a sum of 1, as in x/image/draw.
//
// # Precision
//
// The vertical pass comes first, from bytes to 16-bit intermediates, and then the horizontal pass,
// from intermediates to bytes. For each axis, let n be the number of taps, r the reduction (at
// least 1), and S the largest sum of the absolute weights of a window (1.25 for Catmull-Rom, a
// little more at an edge). An index v or h says which pass a number is of.
//
//   - Weights are integers with b fractional bits. Those of a window sum to
//     exactly 1<<b. b is the largest number for which the peak weight, close to
//     1/r, fits 15 bits: 14 for r < 2, and one more for each doubling of r.
//     Weights are rounded by largest remainder, which keeps the sum of a
//     window's absolute errors below n/2 units.
//   - Intermediates keep m = 4 to 6 fractional bits, so that Sv*255*2^m < 2^15.
//   - Sums are 32 bits wide and never overflow: Sv*255*2^bv < 2^31 in the
//     vertical pass, and Sv*Sh*255*2^(m+bh) < 2^31 in the horizontal pass. Both
//     conditions are checked with the true weights, and b and m are lowered
//     until they hold.
//
// The distance of the result, before the last rounding, from the real-valued result is at most
//
//	Sh*255*nv/2 * 2^-bv  +  Sh * 2^-(m+1)  +  Sv*255*nh/2 * 2^-bh
//
// With n = 4r and 2^b >= 2^13 r, the first and third terms are below 0.08 each, and the whole below
// 0.25 for every reduction up to 100 and more. x/image/draw computes a real value v in float64 and
// then truncates a 16-bit value: its result is floor(v*257/256). The result here is round(v+e) with
// |e| < 0.5. Both lie between v-1 and v+1, so they differ by at most 1.
//
// # Kernels
//
// Each pass has AVX2 kernels and one in Go:
//
//	vertical   -> verticalAVX2                | verticalGeneric
//	horizontal -> horizontal8AVX2 and others  | horizontalGeneric
//
// The AVX2 kernels compute one destination row at a time, those in Go two. All sums are exact
// integers, so every kernel gives the same bytes.
package scale
