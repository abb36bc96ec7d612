package s3lite

// This file reads the answer to one attempt: what it contains, what the client learns from it, and
// whether to try again.

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

// An outcome is the result of one attempt: an answer, or an error.
type outcome struct {
	request  *request
	region   string      // the region that the request was signed for
	at       time.Time   // the time that the request was signed with
	stage    stage       // how far the attempt got
	status   int         // HTTP status; 0 without an answer
	header   http.Header // of the answer
	object   *Object     // from an answer with status 200 or 204
	refusal  []byte      // the body of any other answer
	err      error
	undialed bool // err says that no connection could be made
}

// A stage says how far an attempt got.
type stage int

const (
	unsigned stage = iota // there were no credentials
	unsent                // the request could not be written
	sent
)

// A pause says how long to wait before the next attempt.
type pause int

const (
	atOnce    pause = iota // no pause: the client has learned something
	later                  // a random pause
	throttled              // a longer random pause
)

// maxRefusal is how much of the body of a refusal is read, in bytes.
const maxRefusal = 8 << 10

// element returns the text of the first XML element called name in o.refusal, or "". S3's refusals
// are flat and small, so this needs no XML parser.
func (o *outcome) element(name string) string {
	_, s, _ := strings.Cut(string(o.refusal), "<"+name+">")
	s, _, _ = strings.Cut(s, "</")
	return s
}

// classify returns a nil kind if o answers its request. If kind is ErrExhausted, there may be
// another attempt, after the pause p. Any other kind is final: it is the Kind of the operation's
// Error. learned says whether the client has learned something from o.
func classify(o *outcome, learned bool) (p pause, kind error) {
	code := o.element("Code")
	switch s := o.status; {
	case o.stage == unsigned:
		return atOnce, ErrDenied
	case o.stage == unsent:
		return atOnce, ErrRejected
	case learned, o.request.probe && s == 200: // after a probe's 200 the region is known
		return atOnce, ErrExhausted
	case errors.Is(o.err, ErrTooLarge):
		return atOnce, ErrTooLarge
	case o.err != nil:
		return later, ErrExhausted
	case s == 200, s == 204: // 206 would be a part of the object, which was not asked for
		return atOnce, nil
	case s == 429, s == 503:
		return throttled, ErrExhausted
	// These pass too: 307 without a new region, and 409, when two requests write one key at once.
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

// A place is a region in which the bucket is, as far as the client has learned.
type place struct {
	name string
	sure bool // the bucket has answered there; otherwise the service has only named the region
}

// learn stores what o says about the bucket's region and the service's clock. It reports whether
// the same request has a better chance now. After a HEAD only the answer's headers can say
// something, because the answer has no body.
func (c *Client) learn(o *outcome) bool {
	believed := c.region.Load()
	named := cmp.Or(o.header.Get("X-Amz-Bucket-Region"), o.element("Region"))
	date, err := http.ParseTime(o.header.Get("Date"))
	s := o.status
	moved := s == 301 || s == 307 || s == 400
	here := place{o.region, true}
	elsewhere := isRegion(named) && named != o.region // not the region that the request was signed for
	isNews := believed == nil || named != believed.name
	switch {
	case o.undialed && believed != nil && !believed.sure && believed.name == o.region:
		// No host has the name of the region that was believed: start again with c.Region.
		c.region.CompareAndSwap(believed, nil)
	case (s == 200 || s == 404) && (believed == nil || *believed != here):
		// The bucket answers in o.region.
		c.region.Store(&here)
	case moved && elsewhere && isNews:
		c.region.Store(&place{name: named})
		return true
	case moved && believed != nil && believed.name != o.region:
		// Another request has learned the region since this one was signed.
		return true
	case s == 403 && err == nil && date.Sub(o.at).Abs() > 5*time.Minute: // S3 allows 15 minutes
		c.skew.Store(int64(time.Until(date)))
		return true
	}
	return false
}

// read reads an answer into o. It reads the whole body of a GET, so that a broken body fails the
// attempt and is fetched again.
func (o *outcome) read(res *http.Response, progress func()) (err error) {
	q, h := o.request, res.Header
	o.status, o.header = res.StatusCode, h
	if o.status != 200 && o.status != 204 {
		o.refusal, _ = io.ReadAll(io.LimitReader(res.Body, maxRefusal))
		return nil
	}
	o.object = &Object{
		Key:                q.key,
		Size:               res.ContentLength,
		ETag:               h.Get("Etag"),
		ContentType:        h.Get("Content-Type"),
		Metadata:           make(map[string]string),
		CacheControl:       h.Get("Cache-Control"),
		Expires:            h.Get("Expires"),
		ContentLanguage:    h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding:    h.Get("Content-Encoding"),
		StorageClass:       h.Get("X-Amz-Storage-Class"),
		ArchiveStatus:      h.Get("X-Amz-Archive-Status"),
		Restore:            h.Get("X-Amz-Restore"),
	}
	o.object.LastModified, _ = http.ParseTime(h.Get("Last-Modified"))
	for name, values := range h {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			o.object.Metadata[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}

	// Read the body of a GET's answer. A probe's body is not needed.
	body := &meter{Reader: res.Body, progress: progress}
	switch {
	case q.method != http.MethodGet, q.probe:
		return nil
	case res.ContentLength > q.limit:
		return fmt.Errorf("%d bytes is %w of %d", res.ContentLength, ErrTooLarge, q.limit)
	case res.ContentLength >= 0:
		o.object.Body = make([]byte, res.ContentLength)
		_, err = io.ReadFull(body, o.object.Body)
	case q.query != "": // listings are chunked, and the last chunk is marked
		o.object.Body, err = io.ReadAll(io.LimitReader(body, q.limit))
	default:
		err = errors.New("no Content-Length: the end cannot be told from a broken connection")
	}
	if err != nil {
		return err
	}
	return verify(o.object.Body, h)
}

// verify compares body with the checksums in h. A checksum of a multipart upload is skipped,
// because it was computed from the checksums of the parts, and nothing says where the parts end.
// Its type is COMPOSITE, or its value ends in the number of parts, such as "-3".
func verify(body []byte, h http.Header) error {
	for _, sum := range []struct {
		header  string
		compute func([]byte) string
	}{{"X-Amz-Checksum-Crc32", crc32Base64}, {"X-Amz-Checksum-Crc64nvme", crc64Base64}} {
		want := h.Get(sum.header)
		if want == "" || want == sum.compute(body) || h.Get("X-Amz-Checksum-Type") == "COMPOSITE" {
			continue
		}
		_, parts, _ := strings.Cut(want, "-") // base64 has no '-'
		if _, err := strconv.ParseUint(parts, 10, 32); err != nil {
			return errors.New("body is not what its " + sum.header + " says")
		}
	}
	return nil
}

// crc32Base64 returns the CRC-32 (IEEE) of b as S3 writes it: four bytes, big-endian, in base64.
func crc32Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}

// nvme returns the table of the CRC-64 in the NVM Express specification (NVM Command Set, "64b
// CRC"), which S3 calls CRC64NVME. The CRC's polynomial is 0xad93d23594c93659; the constant below
// is the polynomial with its bits reversed, as hash/crc64 expects. As in hash/crc64, the register
// starts with all ones and is inverted at the end.
var nvme = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

// crc64Base64 returns the CRC64NVME of b as S3 writes it: eight bytes, big-endian, in base64.
func crc64Base64(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(b, nvme())))
}
