package jpeg

import "math"

// This file computes the weight of a block's errors. The weight is large in smooth places, where
// errors are visible, and small in busy places, where errors are hidden.

const (
	// plainWeight is the weight of an error when nothing is known about its block.
	plainWeight = 256

	// usualVariance is the variance of a block whose weight is plainWeight.
	usualVariance = 50

	// visible is twice the variance at which errors begin to be hidden. In the same place, SSIM and
	// SSIMULACRA2 add a constant to stay finite. In these units, SSIM's is 58 and SSIMULACRA2's is
	// 75.
	visible = 95
)

// weight returns the weight of the errors of the block whose first sample is x0, y0. The weight is
// at least plainWeight/4. It depends on the variances of the block's quarters, so that beside an
// edge a smooth quarter still counts.
func (c *writerComponent) weight(x0, y0 int) int64 {
	var sum, square [4]int32 // of the samples of each quarter, and of their squares
	// A block that is not inside has the last row and column of the samples repeated.
	inside := x0+8 <= c.w && y0+8 <= c.height
	for j := range 8 {
		row := c.plane[(min(y0+j, c.height-1)-c.y0)*c.stride:]
		left := (j >> 2) << 1 // number of the left quarter in row j; the right one's is left+1
		if inside {
			samples := row[x0:][:8]
			for i, v := range samples[:4] {
				l, r := int32(v), int32(samples[4+i])
				sum[left] += l
				square[left] += l * l
				sum[left+1] += r
				square[left+1] += r * r
			}
			continue
		}
		for i := range 8 {
			v := int32(row[min(x0+i, c.w-1)])
			quarter := left + (i >> 2)
			sum[quarter] += v
			square[quarter] += v * v
		}
	}
	// total gets, for each quarter, the square root of how visible the quarter's errors are. The
	// weight is the mean of the four, to the power of 1.5. The power is computed with a square
	// root, because that is exact on every machine.
	total := 0.0
	for i, s := range sum {
		variance := float64(16*square[i] - s*s) // times 256
		total += math.Sqrt((256 * (2*usualVariance + visible)) / (2*variance + 256*visible))
	}
	mean := total / 4
	weight := float64(mean*math.Sqrt(mean)) * plainWeight
	return max(int64(weight), plainWeight/4)
}
