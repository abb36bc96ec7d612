package jpeg

import "math"

// This file computes the weight of a block's errors. It is large in smooth places, where errors are
// visible, and small in busy ones, where they are not.

const (
	// plainWeight is the weight of an error when nothing is known about its block.
	plainWeight = 256

	// usualVariance is the variance of a block whose weight is plainWeight.
	usualVariance = 50

	// visible is twice the variance at which errors begin to be hidden. It is about the
	// constant that keeps SSIM (where it is 58) and SSIMULACRA2 (75 in these units) finite.
	visible = 95
)

// weight returns the weight of the block at x0, y0. It depends on the variance of the block's
// quarters: if an edge meets a smooth place, the smooth one has more influence.
func (c *writerComponent) weight(x0, y0 int) int64 {
	var sum, square [4]int32
	inside := x0+8 <= c.w && y0+8 <= c.height
	for j := range 8 {
		row := c.plane[(min(y0+j, c.height-1)-c.y0)*c.stride:]
		h := j >> 2 << 1
		if inside {
			row := row[x0:][:8]
			for i, v := range row[:4] {
				v, u := int32(v), int32(row[4+i])
				sum[h] += v
				square[h] += v * v
				sum[h+1] += u
				square[h+1] += u * u
			}
			continue
		}
		for i := range 8 {
			v := int32(row[min(x0+i, c.w-1)])
			sum[h+i>>2] += v
			square[h+i>>2] += v * v
		}
	}
	// For each quarter, this takes the square root of how visible its errors are. The weight is the
	// mean of the quarters to the power of 1.5, computed with square roots because these are exact
	// everywhere.
	total := 0.0
	for i, s := range sum {
		variance := float64(16*square[i] - s*s) // times 256
		total += math.Sqrt((256 * (2*usualVariance + visible)) / (2*variance + 256*visible))
	}
	b := total / 4
	b = float64(b*math.Sqrt(b)) * plainWeight
	return max(int64(b), plainWeight/4)
}
