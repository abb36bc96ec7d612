// Package caught turns a recovered panic into an error that says where the panic was.
//
//	defer func() {
//		if p := recover(); p != nil {
//			err = caught.Error(p)
//		}
//	}()
package caught

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
)

// frames is how many functions of the stack an error names at most.
const frames = 4

// Error returns p, the value that recover returned, as an error in one line: the value, and the
// functions that were running, innermost first. It must be called by the deferred function that
// recovers.
func Error(p any) error {
	return &recovered{p, panicFrames()}
}

// Is reports whether err, or an error that it wraps, was made by Error.
func Is(err error) bool {
	_, ok := errors.AsType[*recovered](err)
	return ok
}

type recovered struct {
	value any
	where string
}

func (r *recovered) Error() string {
	s := strings.Join(strings.Fields(fmt.Sprint(r.value)), " ") // one line
	return "panic: " + s + r.where
}

// Unwrap returns the value of the panic if it is an error, and nil otherwise.
func (r *recovered) Unwrap() error {
	err, _ := r.value.(error)
	return err
}

// panicFrames returns the frames that panicked, as " at codec.Resize codec.go:93 < ...", or "".
func panicFrames() string {
	pcs := make([]uintptr, 32)
	stack := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var names []string
	panicking := false
	for len(names) < frames {
		f, more := stack.Next()
		switch {
		case f.Function == "":
		case strings.HasPrefix(f.Function, "runtime."):
			panicking = true // gopanic, and the functions that raised the panic
		case panicking:
			names = append(names, fmt.Sprintf("%s %s:%d", path.Base(f.Function), path.Base(f.File), f.Line))
		}
		if !more {
			break
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " at " + strings.Join(names, " < ")
}
