package codec

import "syscall"

// limitData lets this process have at most so many bytes of data (RLIMIT_DATA).
func limitData(bytes uint64) error {
	return syscall.Setrlimit(2, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
