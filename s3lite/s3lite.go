// Package s3lite reads and writes the objects of one S3 bucket. It imports only the standard
// library.
//
//	s3 := &s3lite.Client{Bucket: "photos", Region: "eu-west-1"}
//	o, err := s3.Get(ctx, "2026/a.jpg", 32<<20) // at most 32 MB
//	if errors.Is(err, s3lite.ErrNotFound) { ... }
//	err = s3.Put(ctx, "small/a.jpg", thumbnail, s3lite.PutOptions{ContentType: "image/jpeg"})
//
// It is made for whole objects of moderate size and for short deadlines. An attempt that makes no
// progress ends after seconds, an attempt that met a passing fault is repeated, and a body is
// returned only if it is complete. An operation makes at most four requests, each with a new
// signature. (net/http may repeat a request by itself when a kept connection turns out to be
// closed.) A Client learns which region the bucket is in and how far the machine's clock is off, so
// use one Client per bucket. A Client is safe for concurrent use. There are no multipart uploads,
// ranges or streams.
//
//	s3lite.go    Client, Object: HEAD, GET, PUT, DELETE
//	request.go   one operation: its attempts and their requests
//	answer.go    what an answer contains, what the client learns, whether to try again
//	sign.go      Signature Version 4
//	endpoint.go  a bucket's address; ParseDomain
//	errors.go    Error and its kinds
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

// EnvCredentials returns the credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN, as Lambda sets them. It returns an error when one of the first two is empty.
func EnvCredentials() (Credentials, error) {
	c := Credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return c, nil
}

// Client is a client for one bucket. Only Bucket has no default. Set the fields before the first
// request.
type Client struct {
	Bucket string
	Region string // the first region to try; a Client learns the right one; "" means us-east-1

	Endpoint  string // of a service that is not AWS: scheme://host[:port][/prefix]; "" means AWS
	PathStyle bool   // use host/bucket/key even where bucket.host/key is possible
	DualStack bool   // use endpoints that have IPv6 as well as IPv4
	FIPS      bool

	Credentials func() (Credentials, error) // called before every attempt; nil means EnvCredentials
	Transport   http.RoundTripper           // nil means the one that all Clients share
	Progress    time.Duration               // longest time without progress in an attempt; 0 means 2.5 s
	Backoff     time.Duration               // limit of the first random pause; it doubles with each pause; 0 means 50 ms

	region atomic.Pointer[place] // learned; nil: not known yet
	skew   atomic.Int64          // learned: how far the machine's clock is behind, in nanoseconds
}

// Object is what HEAD and GET return. HEAD leaves Body nil. Fields that the service did not send
// are empty.
type Object struct {
	Key          string
	Body         []byte // as it is stored; ContentEncoding is not undone
	Size         int64  // in bytes; -1 when the answer to HEAD has no Content-Length
	ETag         string // quotes included, as sent
	ContentType  string
	LastModified time.Time
	Metadata     map[string]string // names in lower case, without "x-amz-meta-"

	CacheControl, Expires, ContentLanguage, ContentDisposition, ContentEncoding string

	StorageClass  string // "" is STANDARD
	ArchiveStatus string // from HEAD of INTELLIGENT_TIERING: ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS
	Restore       string // of an archived object: ongoing-request="true", or "false" and an expiry-date
}

// Archived reports whether o, the result of HEAD, is in an archive and is not restored. S3 answers
// a HEAD of such an object, and refuses a GET with ErrDenied and the Code InvalidObjectState.
func (o *Object) Archived() bool {
	archive := o.StorageClass == "GLACIER" || o.StorageClass == "DEEP_ARCHIVE" || o.ArchiveStatus != ""
	return archive && !strings.Contains(o.Restore, `ongoing-request="false"`)
}

// PutOptions are sent with an object's bytes. Empty options are not sent. Values, and the names of
// Metadata, must be printable ASCII.
type PutOptions struct {
	ContentType string
	Metadata    map[string]string

	CacheControl, Expires, ContentLanguage, ContentDisposition, ContentEncoding string

	IfMatch     string // Put fails with ErrRejected unless the stored object has this ETag
	IfNoneMatch string // "*": Put fails with ErrRejected if an object is stored already
}

// Head returns the object without its body. Without the permission s3:ListBucket, the error for a
// missing key is ErrDenied, not ErrNotFound.
func (c *Client) Head(ctx context.Context, key string) (*Object, error) {
	return c.do(ctx, &request{method: http.MethodHead, key: key})
}

// Get returns the object under key if it has at most limit bytes. For a longer object it returns
// ErrTooLarge and reads none of the bytes. The body is as long as Content-Length says. If S3 sends
// a CRC32 or CRC64NVME of the whole object, the body matches that.
func (c *Client) Get(ctx context.Context, key string, limit int64) (*Object, error) {
	// Head does not send this header: with it, S3 answers HEAD only to those who may use the KMS
	// key.
	h := http.Header{"X-Amz-Checksum-Mode": {"ENABLED"}}
	return c.do(ctx, &request{method: http.MethodGet, key: key, header: h, limit: limit})
}

// Put stores body under key and replaces an object that is there. The service checks the SHA-256
// and the CRC32 of body before it stores anything, so an object is complete or absent.
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

// Delete deletes the object under key. It returns no error when there is no such object.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.do(ctx, &request{method: http.MethodDelete, key: key})
	return err
}
