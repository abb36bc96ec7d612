package metrics

import "errors"

// BoxSSIM returns the mean SSIM over all windows of 8x8 samples that lie within the picture. All
// samples of a window have the same weight. BoxSSIM returns an error when the planes differ in size
// or have a side below 8.
func BoxSSIM(a, b Plane) (float64, error) {
	const n = 8 // the side of a window
	if a.W != b.W || a.H != b.H {
		return 0, errSize
	}
	if a.W < n || a.H < n {
		return 0, errors.New("metrics: BoxSSIM needs 8 samples a side")
	}
	// For each column, the sums of a, b, a*a, b*b and a*b over the last n rows.
	columns := make([][5]float64, a.W)
	// addRow adds row y to the sums, or takes it away if sign is -1.
	addRow := func(y int, sign float64) {
		for x := range columns {
			u, v := a.Pix[y*a.W+x], b.Pix[y*a.W+x]
			for i, term := range [5]float64{u, v, u * u, v * v, u * v} {
				columns[x][i] += sign * term
			}
		}
	}
	total := 0.0
	for y := range a.H {
		addRow(y, 1)
		if y >= n {
			addRow(y-n, -1)
		}
		if y < n-1 {
			continue
		}
		// Slide a window along the last n rows. means are over the window that ends at column x.
		var means [5]float64
		for x := range columns {
			for i, v := range columns[x] {
				means[i] += v / (n * n)
				if x >= n {
					means[i] -= columns[x-n][i] / (n * n)
				}
			}
			if x >= n-1 {
				total += windowSSIM(means)
			}
		}
	}
	return total / float64((a.W-n+1)*(a.H-n+1)), nil
}

// windowSSIM returns the SSIM of a window. means has the window's means of a, b, a*a, b*b and a*b.
func windowSSIM(means [5]float64) float64 {
	meanA, meanB := means[0], means[1]
	variances := means[2] - meanA*meanA + means[3] - meanB*meanB // of a and b together
	cov := means[4] - meanA*meanB
	num := (2*meanA*meanB + lumaC1) * (2*cov + lumaC2)
	den := (meanA*meanA + meanB*meanB + lumaC1) * (variances + lumaC2)
	return num / den
}
