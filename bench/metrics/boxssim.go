package metrics

import "errors"

// BoxSSIM returns the mean SSIM over all windows of 8x8 samples that lie within the picture. All
// samples of a window have the same weight. BoxSSIM returns an error when the planes differ in size
// or have a side below 8.
func BoxSSIM(a, b Plane) (float64, error) {
	const n = 8
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
			for i, w := range [5]float64{u, v, u * u, v * v, u * v} {
				columns[x][i] += sign * w
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
		var means [5]float64 // of the window whose last column is x
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

// windowSSIM returns the SSIM of a window. m has the window's means of a, b, a*a, b*b and a*b.
func windowSSIM(m [5]float64) float64 {
	const c1, c2 = 0.01 * 255 * 0.01 * 255, 0.03 * 255 * 0.03 * 255
	aa, bb, ab := m[0]*m[0], m[1]*m[1], m[0]*m[1]
	return (2*ab + c1) * (2*(m[4]-ab) + c2) / ((aa + bb + c1) * (m[2] - aa + m[3] - bb + c2))
}
