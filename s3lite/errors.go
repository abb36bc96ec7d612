package s3lite

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// The kinds of Error a caller branches on, with errors.Is.
var (
	ErrNotFound     = fmt.Errorf("not found: %w", fs.ErrNotExist)   // 404
	ErrDenied       = fmt.Errorf("denied: %w", fs.ErrPermission)    // 401, 403, 400 ExpiredToken, or no credentials
	ErrPrecondition = errors.New("precondition failed")             // 304, 412
	ErrTooLarge     = errors.New("object larger than the limit")    // GET, by its Content-Length
	ErrRejected     = errors.New("request rejected")                // any other answer that repeating will not change
	ErrExhausted    = errors.New("attempts or time exhausted")      // what may go away, did not
	errStalled      = errors.New("no progress within the time set") // of one attempt
	errLength       = errors.New("body is not as long as promised") // or nothing was promised
	errChecksum     = errors.New("body is not what its CRC32 says") // of one GET
	errExpress      = errors.New("S3 Express buckets (--x-s3) are not supported")
	errNotS3        = errors.New("not the domain name of an S3 bucket")
)

// Error says what failed, how the service put it, and after how many attempts.
type Error struct {
	Op, Bucket, Key string // Op is the HTTP method, or LIST
	Status          int    // HTTP, of the last attempt; 0 when it got no answer
	Code, RequestID string // S3's own words
	Attempts        int    // requests made, 0 when refused before the first
	Kind            error  // one of the Err variables
	Err             error  // the cause below, or nil
}

func (e *Error) Error() string {
	s := "s3lite: " + e.Op + " " + e.Bucket + "/" + e.Key + ": "
	if e.Status != 0 {
		s += strconv.Itoa(e.Status) + " "
		if e.Code != "" {
			s += e.Code + " "
		}
	}
	if e.Err != nil {
		s += e.Err.Error() + " "
	}
	if e.Status == 0 && e.Err == nil || e.Kind == ErrTooLarge {
		s += e.Kind.Error() + " "
	}
	s += "("
	if e.RequestID != "" {
		s += "request " + e.RequestID + ", "
	}
	s += strconv.Itoa(e.Attempts) + " attempt"
	if e.Attempts != 1 {
		s += "s"
	}
	return s + ")"
}

// Unwrap makes errors.Is and errors.As see both the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
