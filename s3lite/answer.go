package s3lite

// This file says what the answer to one attempt means: what it holds, what it teaches, and whether
// to try again.

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// outcome is what came of one attempt: an answer, or an error in the place of it or of its rest.
type outcome struct {
	request  *request
	region   string    // that it was signed for
	at       time.Time // that it was signed at
	stage    stage
	status   int         // HTTP; 0 without an answer
	header   http.Header // of the answer
	object   *Object     // of a 2xx answer
	refusal  []byte      // the body of any other
	err      error
	undialed bool // err is that no connection could be made
}

// stage says how far an attempt came.
type stage int

const (
	unsigned stage = iota // without credentials
	unsent                // a request that cannot be written
	sent
)

// when says how long to wait before the next attempt, if the kind is ErrExhausted.
type when int

const (
	atOnce    when = iota // there is a hint to go by
	later                 // a pause
	throttled             // a longer pause
)

// element returns the text of the first <name> in a refusal: flat and of known shape, so no XML
// parser.
func (o *outcome) element(name string) string {
	_, s, _ := strings.Cut(string(o.refusal), "<"+name+">")
	s, _, _ = strings.Cut(s, "</")
	return s
}

// classify returns a nil kind if o answers its request, else the Kind of Error that o is if no
// attempt follows, and when one may: ErrExhausted alone is tried again. hint says that o taught
// something for the next attempt to go by.
func classify(o *outcome, hint bool) (next when, kind error) {
	code := o.element("Code")
	switch s := o.status; {
	case o.stage == unsigned:
		return atOnce, ErrDenied
	case o.stage == unsent:
		return atOnce, ErrRejected
	case hint, o.request.probe && s == 200: // so it was the right region
		return atOnce, ErrExhausted
	case errors.Is(o.err, ErrTooLarge):
		return atOnce, ErrTooLarge
	case o.err != nil:
		return later, ErrExhausted
	case s == 200, s == 204: // 206 would be part of an object, unasked
		return atOnce, nil
	case s == 429, s == 503:
		return throttled, ErrExhausted
	case s == 307, s == 408, s == 409 && o.request.method == http.MethodPut, s == 500, s == 502, s == 504,
		code == "RequestTimeout":
		return later, ErrExhausted
	case s == 401, s == 403, code == "ExpiredToken", code == "InvalidToken":
		return atOnce, ErrDenied
	case s == 404:
		return atOnce, ErrNotFound
	}
	return atOnce, ErrRejected
}

// place is a region that the service named. It is sure once the bucket answered there.
type place struct {
	name string
	sure bool
}

// learn keeps what o says of the bucket's region and of the clock. It reports whether that gives
// the same request a better chance. Answers to HEAD have no body, so there the headers must do.
func (c *Client) learn(o *outcome) bool {
	believed := c.region.Load()
	named := cmp.Or(o.header.Get("X-Amz-Bucket-Region"), o.element("Region"))
	date, err := http.ParseTime(o.header.Get("Date"))
	s := o.status
	moved := s == 301 || s == 307 || s == 400
	switch {
	case o.undialed && believed != nil && !believed.sure && believed.name == o.region:
		c.region.CompareAndSwap(believed, nil) // there may be no such region: back to where we started
	case (s == 200 || s == 404) && (believed == nil || *believed != place{o.region, true}):
		c.region.Store(&place{o.region, true})
	case moved && isRegion(named) && named != o.region && (believed == nil || named != believed.name):
		c.region.Store(&place{name: named})
		return true
	case moved && believed != nil && believed.name != o.region: // another request has learned it
		return true
	case s == 403 && err == nil && date.Sub(o.at).Abs() > 5*time.Minute: // S3 allows 15
		c.skew.Store(int64(time.Until(date)))
		return true
	}
	return false
}

// read takes in an answer. All of a GET's body is read here, inside the attempt, so that a broken
// one is retried.
func (o *outcome) read(res *http.Response, progress func()) (err error) {
	q, h := o.request, res.Header
	o.status, o.header = res.StatusCode, h
	if o.status != 200 && o.status != 204 {
		o.refusal, _ = io.ReadAll(io.LimitReader(res.Body, 8<<10))
		return nil
	}
	o.object = &Object{Key: q.key, Size: res.ContentLength, ETag: h.Get("Etag"), ContentType: h.Get("Content-Type"),
		CacheControl: h.Get("Cache-Control"), Expires: h.Get("Expires"), ContentLanguage: h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"), ContentEncoding: h.Get("Content-Encoding"),
		StorageClass: h.Get("X-Amz-Storage-Class"), ArchiveStatus: h.Get("X-Amz-Archive-Status"),
		Restore: h.Get("X-Amz-Restore"), Metadata: make(map[string]string)}
	o.object.LastModified, _ = http.ParseTime(h.Get("Last-Modified"))
	for name, values := range h {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			o.object.Metadata[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	body := &meter{Reader: res.Body, progress: progress}
	switch {
	case q.method != http.MethodGet, q.probe:
		return nil
	case res.ContentLength > q.limit:
		return fmt.Errorf("%d bytes is %w of %d", res.ContentLength, ErrTooLarge, q.limit)
	case res.ContentLength >= 0:
		o.object.Body = make([]byte, res.ContentLength)
		_, err = io.ReadFull(body, o.object.Body)
	case q.query != "": // listings come in chunks, whose end is marked
		o.object.Body, err = io.ReadAll(io.LimitReader(body, q.limit))
	default:
		err = errors.New("no Content-Length: the end cannot be told from a broken connection")
	}
	if err != nil {
		return err
	}
	return verify(o.object.Body, h)
}

// verify holds body against a checksum of the whole object. One of parts cannot be made again
// without knowing where they end: its type is COMPOSITE, or its value ends in their number, "-3".
func verify(body []byte, h http.Header) error {
	for _, sum := range []struct {
		header string
		of     func([]byte) string
	}{{"X-Amz-Checksum-Crc32", crc32Base64}, {"X-Amz-Checksum-Crc64nvme", crc64Base64}} {
		want := h.Get(sum.header)
		if want == "" || want == sum.of(body) || h.Get("X-Amz-Checksum-Type") == "COMPOSITE" {
			continue
		}
		_, parts, _ := strings.Cut(want, "-") // base64 has none
		if _, err := strconv.ParseUint(parts, 10, 32); err != nil {
			return errors.New("body is not what its " + sum.header + " says")
		}
	}
	return nil
}

// crc32Base64 is how S3 writes a CRC-32 (IEEE): four bytes, big-endian, in base64.
func crc32Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

// nvme is the table of the CRC-64 in the NVM Express specification (NVM Command Set, "64b CRC"),
// which S3 calls CRC64NVME: polynomial 0xad93d23594c93659, here bit-reversed as hash/crc64 wants
// it; all ones before and after.
var nvme = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

// crc64Base64 is how S3 writes a CRC64NVME: eight bytes, big-endian, in base64.
func crc64Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(b, nvme())))
}
