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

// maxFrames is how many functions of the stack an error names at most.
const maxFrames = 4

// Error returns p, the value that recover returned, as an error in one line: the value, and the
// functions that were running, innermost first. Error must be called by the deferred function that
// recovers.
func Error(p any) error {
	return &recovered{p, panicFrames()}
}

// Is reports whether err, or an error that it wraps, was made by Error.
func Is(err error) bool {
	_, ok := errors.AsType[*recovered](err)
	return ok
}

// A recovered is what Error returns.
type recovered struct {
	value any    // what recover returned
	where string // from panicFrames
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

// panicFrames returns the functions that were running at the panic, innermost first, as " at
// codec.Resize codec.go:93 < ...", or "" if none is known.
func panicFrames() string {
	const skip = 3 // Callers, panicFrames and Error
	pcs := make([]uintptr, 32)
	stack := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs)])
	var names []string
	panicking := false // true after the frames of the deferred function
	for len(names) < maxFrames {
		f, more := stack.Next()
		switch {
		case f.Function == "": // not known
		case strings.HasPrefix(f.Function, "runtime."):
			panicking = true // gopanic, and the functions that raised the panic
		case panicking:
			function, file := path.Base(f.Function), path.Base(f.File)
			names = append(names, fmt.Sprintf("%s %s:%d", function, file, f.Line))
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
