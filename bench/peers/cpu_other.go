//go:build !unix

package main

// cpuTime returns zeros, because there is no such measure here.
func cpuTime() (user, sys float64) { return 0, 0 }
