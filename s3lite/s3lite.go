// Package s3lite is an S3 client for the edge, where the bucket is another region away, the sandbox is frozen and
// thawed between requests, and a hang costs a visitor 30 seconds. It needs the standard library only.
//
//	s3lite.go    Client, Object: HEAD, GET, PUT, DELETE
//	request.go   one operation: its attempts, what each answer means, when to try again
//	sign.go      Signature Version 4
//	endpoint.go  where a bucket lives; ParseDomain
//	errors.go    Error and the kinds a caller branches on
//	list.go      LIST, not in the edge build
//
// Every request is made at most four times, each time signed anew. What a Client learns on the way (the bucket's
// region, how far the clock is off) it keeps, so keep the Client too: one a bucket, safe for concurrent use.
package s3lite

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// Credentials sign requests. SessionToken is empty for long-lived keys.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// EnvCredentials reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as Lambda sets them.
func EnvCredentials() (Credentials, error) {
	c := Credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return c, nil
}

// Client speaks to one bucket. Only Bucket and Region are needed. Set fields before the first request.
type Client struct {
	Bucket string
	Region string // where to start; the service's own word replaces it

	Endpoint  string // other than AWS: scheme://host[:port][/prefix]
	PathStyle bool   // host/bucket/key even where bucket.host/key is possible
	DualStack bool   // IPv6 beside IPv4
	FIPS      bool

	Credentials func() (Credentials, error) // asked before every attempt; nil: EnvCredentials
	Transport   http.RoundTripper           // nil: one that all Clients of the process share
	Progress    time.Duration               // an attempt fails after so long without progress; 0: 2.5 s
	Backoff     time.Duration               // upper bound of the first pause, doubled each time; 0: 50 ms

	region atomic.Pointer[string] // learned, or Region when it was right; nil: not yet known
	skew   atomic.Int64           // learned: nanoseconds that the clock is behind
}

// Object is what HEAD and GET tell. HEAD leaves Body nil. Metadata's names are lower case, without "x-amz-meta-".
type Object struct {
	Key          string
	Body         []byte
	Size         int64  // bytes; -1 when HEAD was not told
	ETag         string // quotes included, as sent
	ContentType  string
	LastModified time.Time
	Metadata     map[string]string

	CacheControl, Expires, ContentLanguage, ContentDisposition string
}

// PutOptions go beside an object's bytes; empty ones are not sent. Names and values are printable ASCII.
type PutOptions struct {
	ContentType string
	Metadata    map[string]string

	CacheControl, Expires, ContentLanguage, ContentDisposition string
}

// Head asks for everything but the body. Without s3:ListBucket a missing key is ErrDenied, not ErrNotFound.
func (c *Client) Head(ctx context.Context, key string) (*Object, error) {
	return c.do(ctx, &request{method: http.MethodHead, key: key})
}

// Get reads a whole object of at most limit bytes. A longer one is ErrTooLarge before any of its bytes is read. The
// body has the length that was promised and, where the object has one, the CRC32.
func (c *Client) Get(ctx context.Context, key string, limit int64) (*Object, error) {
	h := http.Header{"X-Amz-Checksum-Mode": {"ENABLED"}} // not on HEAD: there it would need rights to the KMS key
	return c.do(ctx, &request{method: http.MethodGet, key: key, header: h, limit: limit})
}

// Put stores body under key, replacing what is there. The service checks the SHA-256 and CRC32 of body before it
// stores anything: an object is whole or absent.
func (c *Client) Put(ctx context.Context, key string, body []byte, o PutOptions) error {
	h := http.Header{
		"Content-Type":         {o.ContentType},
		"Cache-Control":        {o.CacheControl},
		"Expires":              {o.Expires},
		"Content-Language":     {o.ContentLanguage},
		"Content-Disposition":  {o.ContentDisposition},
		"X-Amz-Checksum-Crc32": {crc32Base64(body)},
	}
	for name, value := range o.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	_, err := c.do(ctx, &request{method: http.MethodPut, key: key, header: h, body: body})
	return err
}

// Delete removes key; that it was absent is no error.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.do(ctx, &request{method: http.MethodDelete, key: key})
	return err
}
