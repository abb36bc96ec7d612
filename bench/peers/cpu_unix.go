//go:build unix

package main

import "syscall"

// cpuTime returns the process's user and system CPU so far, in milliseconds, or zeros when they
// cannot be read.
func cpuTime() (user, sys float64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	ms := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e3 + float64(t.Usec)/1e3 }
	return ms(r.Utime), ms(r.Stime)
}
