//go:build !amd64 || purego

package jpeg

// generic runs f with the reference kernels, the only ones here.
func generic(f func()) { f() }
