//go:build !amd64 || purego

package scale

// withGeneric runs f with the kernels in plain Go, which are the only ones in this build.
func withGeneric(f func()) { f() }
