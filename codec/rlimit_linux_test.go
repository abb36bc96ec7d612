package codec

import "syscall"

// limitData bounds what this process may allocate (RLIMIT_DATA), in bytes.
func limitData(n uint64) error {
	return syscall.Setrlimit(2, &syscall.Rlimit{Cur: n, Max: n})
}
