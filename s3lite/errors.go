package s3lite

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// The kinds of Error a caller branches on, with errors.Is.
var (
	ErrNotFound     = fmt.Errorf("not found: %w", fs.ErrNotExist) // 404
	ErrDenied       = fmt.Errorf("denied: %w", fs.ErrPermission)  // 401, 403, 400 ExpiredToken, or no credentials
	ErrPrecondition = errors.New("precondition failed")           // 304, 412
	ErrTooLarge     = errors.New("larger than the limit")         // GET, by its Content-Length
	ErrRejected     = errors.New("rejected")                      // any other answer that repeating will not change
	ErrExhausted    = errors.New("gave up")                       // what may go away did not: attempts or time ran out

	errStalled  = errors.New("no progress within the time set") // in one attempt
	errLength   = errors.New("no Content-Length: the end cannot be told from a broken connection")
	errChecksum = errors.New("body is not what its CRC32 says")
	errASCII    = errors.New("a header is not printable ASCII")
	errExpress  = errors.New("S3 Express buckets (--x-s3) are not supported")
	errNotS3    = errors.New("not the domain name of an S3 bucket")
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
	var b strings.Builder
	fmt.Fprintf(&b, "s3lite: %s %s/%s: ", e.Op, e.Bucket, e.Key)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s ", e.Status, cmp.Or(e.Code, http.StatusText(e.Status)))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, "%v ", e.Err)
	}
	if e.Kind == ErrExhausted {
		b.WriteString("and " + e.Kind.Error() + " ")
	}
	b.WriteByte('(')
	if e.RequestID != "" {
		fmt.Fprintf(&b, "request %s, ", e.RequestID)
	}
	fmt.Fprintf(&b, "%d attempt", e.Attempts)
	if e.Attempts != 1 {
		b.WriteByte('s')
	}
	return b.String() + ")"
}

// Unwrap lets errors.Is and errors.As see both the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }
