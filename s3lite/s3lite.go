// Package s3lite reads and writes the objects of one S3 bucket. It needs the standard library only.
//
//	s3 := &s3lite.Client{Bucket: "photos", Region: "eu-west-1"}
//	o, err := s3.Get(ctx, "2026/a.jpg", 32<<20) // at most 32 MB
//	if errors.Is(err, s3lite.ErrNotFound) { ... }
//	err = s3.Put(ctx, "small/a.jpg", thumbnail, s3lite.PutOptions{ContentType: "image/jpeg"})
//
// It is for short whole objects and short deadlines: an attempt that makes no progress ends after
// seconds, what may go away is tried again, and a body is returned only if it is whole. An
// operation makes at most four requests, each signed anew; net/http by itself may send one again
// when a kept connection turns out to be closed. A Client learns on the way which region the bucket
// is in and how far the clock is off. Keep one Client a bucket; it is safe for concurrent use.
// There are no multipart uploads, no ranges and no streams.
//
//	s3lite.go    Client, Object: HEAD, GET, PUT, DELETE
//	request.go   one operation: its attempts and the requests they send
//	answer.go    what an answer holds, what it teaches, whether to try again
//	sign.go      Signature Version 4
//	endpoint.go  where a bucket lives; ParseDomain
//	errors.go    Error and the kinds a caller branches on
//	list.go      LIST, not in the edge build
package s3lite

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Credentials sign requests. SessionToken is empty for long-lived keys.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// EnvCredentials reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as Lambda
// sets them.
func EnvCredentials() (Credentials, error) {
	c := Credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return c, nil
}

// Client speaks to one bucket. Only Bucket has no default. Set fields before the first request.
type Client struct {
	Bucket string
	Region string // where to start; the service's own word replaces it. "": us-east-1

	Endpoint  string // other than AWS: scheme://host[:port][/prefix]
	PathStyle bool   // host/bucket/key even where bucket.host/key is possible
	DualStack bool   // IPv6 beside IPv4
	FIPS      bool

	Credentials func() (Credentials, error) // asked before every attempt; nil: EnvCredentials
	Transport   http.RoundTripper           // nil: one that all Clients of the process share
	Progress    time.Duration               // an attempt fails after so long without progress; 0: 2.5 s
	Backoff     time.Duration               // upper bound of the first pause, doubled each time; 0: 50 ms

	region atomic.Pointer[place] // learned, or Region when it was right; nil: not yet known
	skew   atomic.Int64          // learned: nanoseconds that the clock is behind
}

// Object is what HEAD and GET tell. HEAD leaves Body nil. What the service did not send is empty.
type Object struct {
	Key          string
	Body         []byte // as it is stored, whatever ContentEncoding says
	Size         int64  // bytes; -1 when HEAD was not told
	ETag         string // quotes included, as sent
	ContentType  string
	LastModified time.Time
	Metadata     map[string]string // names in lower case, without "x-amz-meta-"

	CacheControl, Expires, ContentLanguage, ContentDisposition, ContentEncoding string

	StorageClass  string // "" is STANDARD
	ArchiveStatus string // of INTELLIGENT_TIERING, HEAD only: ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS
	Restore       string // of an archived object: ongoing-request="true", or "false" and an expiry-date
}

// Archived reports whether o, as HEAD told of it, lies in an archive and is not restored: S3
// answers HEAD, and refuses GET with ErrDenied and the Code InvalidObjectState.
func (o *Object) Archived() bool {
	archive := o.StorageClass == "GLACIER" || o.StorageClass == "DEEP_ARCHIVE" || o.ArchiveStatus != ""
	return archive && !strings.Contains(o.Restore, `ongoing-request="false"`)
}

// PutOptions go beside an object's bytes; empty ones are not sent. Names and values are printable
// ASCII.
type PutOptions struct {
	ContentType string
	Metadata    map[string]string

	CacheControl, Expires, ContentLanguage, ContentDisposition, ContentEncoding string

	IfMatch     string // the ETag that the object there must have, or it is kept and Put is ErrRejected
	IfNoneMatch string // "*": there must be none, or it is kept and Put is ErrRejected
}

// Head asks for everything but the body. Without s3:ListBucket a missing key is ErrDenied, not
// ErrNotFound.
func (c *Client) Head(ctx context.Context, key string) (*Object, error) {
	return c.do(ctx, &request{method: http.MethodHead, key: key})
}

// Get reads a whole object of at most limit bytes. A longer one is ErrTooLarge before any of its
// bytes is read. The body has the length that was promised and, where S3 sends one of the whole
// object, the CRC32 or CRC64NVME.
func (c *Client) Get(ctx context.Context, key string, limit int64) (*Object, error) {
	h := http.Header{"X-Amz-Checksum-Mode": {"ENABLED"}} // not on HEAD: there it would need rights to the KMS key
	return c.do(ctx, &request{method: http.MethodGet, key: key, header: h, limit: limit})
}

// Put stores body under key, replacing what is there. The service checks the SHA-256 and CRC32 of
// body before it stores anything: an object is whole or absent.
func (c *Client) Put(ctx context.Context, key string, body []byte, o PutOptions) error {
	h := http.Header{
		"Content-Type":         {o.ContentType},
		"Cache-Control":        {o.CacheControl},
		"Expires":              {o.Expires},
		"Content-Language":     {o.ContentLanguage},
		"Content-Disposition":  {o.ContentDisposition},
		"Content-Encoding":     {o.ContentEncoding},
		"If-Match":             {o.IfMatch},
		"If-None-Match":        {o.IfNoneMatch},
		"X-Amz-Checksum-Crc32": {crc32Base64(body)},
	}
	for name, value := range o.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	_, err := c.do(ctx, &request{method: http.MethodPut, key: key, header: h, body: body})
	return err
}

// Delete removes key. An absent key is no error.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.do(ctx, &request{method: http.MethodDelete, key: key})
	return err
}
