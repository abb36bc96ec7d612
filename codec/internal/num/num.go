// Package num has small functions on numbers and slices that many packages need.
package num

// DivUp returns n / d, rounded up, for n >= 0 and d > 0.
func DivUp(n, d int) int { return (n + d - 1) / d }

// Div255 returns v / 255, rounded, for v up to 255 * 255.
func Div255(v uint32) byte {
	v += 128
	return byte((v + (v >> 8)) >> 8)
}

// Grow returns a slice of n elements. It uses the memory of s if that is large enough. The elements
// may have any values: Grow neither clears them nor copies those of s.
func Grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
