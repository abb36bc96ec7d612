//go:build !amd64 || purego

package scale

// withGeneric runs f with the kernels in plain Go, which are all there are.
func withGeneric(f func()) { f() }
