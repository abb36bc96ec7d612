// Package s3lite is an S3 client for the edge, where the bucket is another region away, the sandbox is frozen and
// thawed between requests, and a hang costs a visitor 30 seconds. It signs with Signature Version 4 and needs the
// standard library only.
//
//	s3lite.go    Client, Object: HEAD, GET, PUT, DELETE
//	attempt.go   one HTTP exchange, bounded by progress
//	retry.go     what an answer means, and when to try again
//	sign.go      SigV4: canonical request, string to sign, signature
//	endpoint.go  where a bucket lives; ParseDomain
//	errors.go    Error and the kinds a caller branches on
//	list.go      LIST, not in the edge build
//
// Every request is made at most four times, each time signed anew. What a client learns on the way (the bucket's
// region, how far the clock is off) it keeps, so keep the Client too: one a bucket, safe for concurrent use.
package s3lite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Credentials sign requests. SessionToken is empty for long-lived keys.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// EnvCredentials reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as Lambda sets them.
func EnvCredentials() (Credentials, error) {
	c := Credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return c, nil
}

// Client speaks to one bucket. Only Bucket and Region are needed; set fields before the first request.
type Client struct {
	Bucket string
	Region string // where to start; the service's own word replaces it

	Endpoint  string // other than AWS: scheme://host[:port][/prefix]
	PathStyle bool   // host/bucket/key even where bucket.host/key is possible
	DualStack bool   // IPv6 and IPv4
	FIPS      bool

	Credentials func() (Credentials, error) // asked before every attempt; nil: EnvCredentials
	Transport   http.RoundTripper           // nil: one shared by all Clients of the process
	Progress    time.Duration               // an attempt fails after so long without progress; 0: 2.5 s
	Backoff     time.Duration               // the first pause's upper bound, doubled each time; 0: 50 ms
	Now         func() time.Time            // nil: time.Now

	mu      sync.Mutex
	learned belief
	key     signingKey
}

// belief is what a request is signed with beside the credentials; the service corrects it.
type belief struct {
	region string        // "" until learned: Client.Region
	skew   time.Duration // to add to Now
}

func (c *Client) learn(change func(*belief)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.learned)
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Object is what HEAD and GET tell. HEAD leaves Body nil. Metadata's names are lower case, without "x-amz-meta-".
type Object struct {
	Key          string
	Body         []byte
	Size         int64  // bytes; -1 when HEAD was not told
	ETag         string // quotes included, as sent
	ContentType  string
	CacheControl string
	LastModified time.Time
	Metadata     map[string]string
}

// PutOptions go beside the bytes of an object; empty ones are not sent. Names and values are printable ASCII.
type PutOptions struct {
	ContentType  string
	CacheControl string
	Metadata     map[string]string
}

// Head asks for everything but the body. Without s3:ListBucket a missing key is ErrDenied, not ErrNotFound.
func (c *Client) Head(ctx context.Context, key string) (*Object, error) {
	return c.do(ctx, &request{method: http.MethodHead, key: key, payload: emptySHA256})
}

// Get reads a whole object of at most limit bytes. A longer one is ErrTooLarge before any of its bytes is read. The
// body has the length the service promised and, where the object has one, the CRC32.
func (c *Client) Get(ctx context.Context, key string, limit int64) (*Object, error) {
	h := http.Header{"X-Amz-Checksum-Mode": {"ENABLED"}} // not on HEAD: there it would need rights to the KMS key
	return c.do(ctx, &request{method: http.MethodGet, key: key, header: h, payload: emptySHA256, limit: limit})
}

// Put stores body under key, replacing what is there. The service checks body's SHA-256 and CRC32 before it stores
// anything: an object is whole or absent.
func (c *Client) Put(ctx context.Context, key string, body []byte, o PutOptions) error {
	sum := sha256.Sum256(body)
	q := &request{method: http.MethodPut, key: key, body: body, payload: hex.EncodeToString(sum[:]),
		header: http.Header{"X-Amz-Checksum-Crc32": {crc32Base64(body)}}}
	set := func(name, value string) {
		if value != "" {
			q.header.Set(name, value)
		}
		if strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r > '~' }) {
			q.bad = errors.New("header " + name + " is not printable ASCII")
		}
	}
	set("Content-Type", o.ContentType)
	set("Cache-Control", o.CacheControl)
	for name, value := range o.Metadata {
		set("X-Amz-Meta-"+name, value)
	}
	_, err := c.do(ctx, q)
	return err
}

// Delete removes key; that it was absent is no error.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.do(ctx, &request{method: http.MethodDelete, key: key, payload: emptySHA256})
	return err
}

func newObject(key string, h http.Header, size int64) *Object {
	o := &Object{Key: key, Size: size, ETag: h.Get("Etag"), ContentType: h.Get("Content-Type"), CacheControl: h.Get("Cache-Control")}
	o.LastModified, _ = http.ParseTime(h.Get("Last-Modified"))
	for name, values := range h {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			if o.Metadata == nil {
				o.Metadata = make(map[string]string)
			}
			o.Metadata[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return o
}
