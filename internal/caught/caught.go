// Package caught makes an error of a recovered panic, and says where it came from.
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

// frames is how many functions of the stack an error names.
const frames = 4

// Error returns p, which recover has returned, as an error in one line: its value, and the
// functions that were running, the innermost first. It has to be called by the deferred function
// that recovers.
func Error(p any) error {
	return &recovered{p, where()}
}

// Is reports whether err, or one that it wraps, is of a recovered panic.
func Is(err error) bool {
	_, ok := errors.AsType[*recovered](err)
	return ok
}

type recovered struct {
	value any
	where string
}

func (r *recovered) Error() string {
	s := strings.Join(strings.Fields(fmt.Sprint(r.value)), " ") // one line of a log
	return "panic: " + s + r.where
}

// Unwrap gives the value of panic(err).
func (r *recovered) Unwrap() error {
	err, _ := r.value.(error)
	return err
}

// where names the frames below the runtime's own, as " at codec.Resize codec.go:93 < ...".
func where() string {
	pcs := make([]uintptr, 32)
	stack := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var names []string
	panicking := false
	for len(names) < frames {
		f, more := stack.Next()
		switch {
		case f.Function == "":
		case strings.HasPrefix(f.Function, "runtime."):
			panicking = true // gopanic, and what found the fault
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
