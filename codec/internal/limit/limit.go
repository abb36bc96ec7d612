// Package limit has the error for a picture that is refused because it would take too much memory
// or time.
//
//	return &limit.Error{Room: "png", What: "pixels", Met: n, Allowed: MaxPixels}
package limit

import (
	"errors"
	"fmt"
)

// Err is matched by every Error: errors.Is(e, Err) is true.
var Err = errors.New("over the limit")

// An Error says which limit a picture is over.
type Error struct {
	Room    string // name of the package that refuses the picture, "" for codec itself
	What    string // what is counted: "bytes of memory", "scans"
	Met     int64  // how many of What the picture has
	Allowed int64  // how many it may have
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%v: %d %s, %d allowed", Err, e.Met, e.What, e.Allowed)
	if e.Room != "" {
		s = e.Room + ": " + s
	}
	return s
}

// Is reports whether target is Err.
func (e *Error) Is(target error) bool { return target == Err }
