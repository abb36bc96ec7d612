package s3lite

// This file defines the errors of all operations.

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
)

// The kinds of Error, for errors.Is. An Error is of exactly one kind.
var (
	ErrNotFound  = fmt.Errorf("not found: %w", fs.ErrNotExist) // 404
	ErrDenied    = fmt.Errorf("denied: %w", fs.ErrPermission)  // 401, 403, an expired token, no credentials
	ErrTooLarge  = errors.New("larger than the limit")         // of a GET, by its Content-Length
	ErrRejected  = errors.New("rejected")                      // any other final answer
	ErrExhausted = errors.New("gave up")                       // attempts or time ran out

	errStalled = errors.New("no progress within the time set") // of one attempt; see Client.Progress
	errNotS3   = errors.New("not the domain name of a general purpose S3 bucket")
)

// Error is the error of every operation: what was asked for, what the service answered last, and
// how many attempts were made.
type Error struct {
	Op, Bucket, Key string // Op is the HTTP method, or LIST
	Status          int    // HTTP status of the last attempt; 0 when it got no answer
	Code, RequestID string // as S3 sent them
	Attempts        int    // requests made; 0 when the first could not be made
	Kind            error  // one of the Err variables
	Err             error  // the cause, or nil when the answer says it all
}

func (e *Error) Error() string {
	s := fmt.Sprintf("s3lite: %s %s/%s: ", e.Op, e.Bucket, e.Key)
	if e.Status != 0 {
		s += fmt.Sprintf("%d %s ", e.Status, cmp.Or(e.Code, http.StatusText(e.Status)))
	}
	if e.Err != nil {
		s += e.Err.Error() + " "
	}
	if e.Kind == ErrExhausted {
		s += "and gave up "
	}
	s += "("
	if e.RequestID != "" {
		s += "request " + e.RequestID + ", "
	}
	return s + fmt.Sprintf("%d of %d attempts)", e.Attempts, maxAttempts)
}

// Unwrap returns the kind and the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Kind, e.Err}, func(err error) bool { return err == nil })
}
