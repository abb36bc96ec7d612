// Package s3test is a strict S3 for tests and for the local CloudFront of package desk: one bucket,
// in memory or over a directory. It computes every signature again from the request as received. It
// shares no code with any client. A test can make it fail in many ways.
//
//	bucket := s3test.New(s3test.Config{}) // an http.Handler
//	server := httptest.NewServer(bucket)
//	bucket.Put("a.jpg", s3test.Object{Body: picture, StorageClass: "GLACIER"}) // GET is refused
//	bucket.Script(s3test.Rule{Method: "PUT", Fault: s3test.Status(503, "SlowDown"), Times: 2})
//
//	s3test.go    Server: HEAD, GET, PUT, DELETE
//	verify.go    verifies signatures
//	list.go      ListObjectsV2
//	memory.go    objects in memory
//	dir.go       objects as plain files below an os.Root
//	fault.go     faults, and when they happen
//	scenario.go  the table of faults for tests of clients
package s3test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config describes a Server. The zero value is a bucket named "bucket" in us-east-1, in memory, for
// the access key "AKIDTEST" with the secret "secret".
type Config struct {
	Bucket  string
	Region  string
	Secrets map[string]string // access key ID to secret
	Token   string            // the session token that every request must have; "" means none

	Root    *os.Root // where objects are stored as files; nil means in memory
	Results string   // a folder below Root, in which ".s3test" is the folder of the metadata; "" means "resized"

	Moved      int              // the status for a request to a wrong region: 400 (the default), 301 or 307
	NoList     bool             // the caller lacks s3:ListBucket: a missing key is 403, not 404
	Unverified bool             // accept signatures that verify.go cannot verify
	Now        func() time.Time // the service's clock; nil means time.Now
}

// Server is an http.Handler. It is safe for concurrent use.
type Server struct {
	c     Config
	store store

	mu      sync.Mutex
	rules   []*Rule
	log     []*Request
	nextID  int
	putLock sync.Mutex // makes a conditional PUT atomic
}

// Object is an object of the bucket.
type Object struct {
	Body         []byte
	ETag         string // quoted
	ContentType  string
	CacheControl string
	CRC32        string // base64, as sent with PUT
	CRC64NVME    string // base64, or empty; it is not checked here
	Modified     time.Time
	Metadata     map[string]string // lower-case names without "x-amz-meta-"

	Expires, ContentLanguage, ContentDisposition, ContentEncoding string

	StorageClass  string // "" means STANDARD
	ArchiveStatus string // for INTELLIGENT_TIERING: "", ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS
	Restore       string // x-amz-restore: ongoing-request="true", or "false" when the object can be read
}

// archived reports whether GET is refused until o is restored.
func (o *Object) archived() bool {
	if strings.HasPrefix(o.Restore, `ongoing-request="false"`) {
		return false
	}
	switch o.StorageClass {
	case "GLACIER", "DEEP_ARCHIVE":
		return true
	case "INTELLIGENT_TIERING":
		return o.ArchiveStatus != ""
	}
	return false
}

// system returns pointers to o's fields for what S3 calls system-defined metadata, by the name of
// the header. S3 answers with these headers as a PUT has sent them.
func (o *Object) system() map[string]*string {
	return map[string]*string{
		"Content-Type":        &o.ContentType,
		"Cache-Control":       &o.CacheControl,
		"Expires":             &o.Expires,
		"Content-Language":    &o.ContentLanguage,
		"Content-Disposition": &o.ContentDisposition,
		"Content-Encoding":    &o.ContentEncoding,
	}
}

// Request is one entry of the Server's log.
type Request struct {
	Method string // LIST for a listing
	Key    string
	Status int // 0 when a fault broke the connection
}

// A store holds the objects of a bucket.
type store interface {
	// get returns the object under key and the object's size, or fs.ErrNotExist. Body is set only
	// if withBody.
	get(key string, withBody bool) (*Object, int64, error)
	put(key string, o *Object) error
	delete(key string) error
	list(prefix string) ([]entry, error) // in the order of their keys' bytes
}

// New returns a Server with an empty log and no faults.
func New(c Config) *Server {
	if c.Bucket == "" {
		c.Bucket = "bucket"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Secrets == nil {
		c.Secrets = map[string]string{"AKIDTEST": "secret"}
	}
	if c.Results == "" {
		c.Results = "resized"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{c: c, store: &memory{objects: map[string]*Object{}}}
	if c.Root != nil {
		s.store = &directory{root: c.Root, meta: c.Results + "/.s3test", tags: map[string]tag{}}
	}
	return s
}

// Put stores an object without a request. ETag, CRC32 and Modified are filled in where they are
// empty, but CRC32 only if CRC64NVME is empty too.
func (s *Server) Put(key string, o Object) error {
	s.putLock.Lock()
	defer s.putLock.Unlock()
	return s.store.put(key, s.complete(&o))
}

// complete fills in the fields of o that Put describes, and returns o.
func (s *Server) complete(o *Object) *Object {
	if o.ETag == "" {
		sum := md5.Sum(o.Body)
		o.ETag = `"` + hex.EncodeToString(sum[:]) + `"`
	}
	if o.CRC32 == "" && o.CRC64NVME == "" {
		o.CRC32 = crcOf(o.Body)
	}
	if o.Modified.IsZero() {
		o.Modified = s.c.Now()
	}
	return o
}

// Object returns what is stored under key, or nil.
func (s *Server) Object(key string) *Object {
	o, _, err := s.store.get(key, true)
	if err != nil {
		return nil
	}
	return o
}

// Keys returns all keys, sorted.
func (s *Server) Keys() []string {
	entries, _ := s.store.list("")
	var keys []string
	for _, e := range entries {
		keys = append(keys, e.key)
	}
	return keys
}

// Requests returns the log since the last call of Requests, and empties the log.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var log []Request
	for _, r := range s.log {
		log = append(log, *r)
	}
	s.log = nil
	return log
}

// A failure is an answer other than 2xx.
type failure struct {
	status int
	code   string
	extra  string // more elements of the XML document
}

func (f *failure) Error() string { return strconv.Itoa(f.status) + " " + f.code }

func fail(status int, code string) error { return &failure{status: status, code: code} }

// ServeHTTP answers one S3 request, or plays the Fault of the first rule that matches the request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, key, ok := s.target(r)
	rec := &statusWriter{ResponseWriter: w}
	h := w.Header()
	s.mu.Lock()
	s.nextID++
	id := s.nextID
	line := &Request{Method: method, Key: key}
	s.log = append(s.log, line)
	rule := s.useRule(method, key)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		line.Status = rec.status
		s.mu.Unlock()
	}()
	digits := strconv.FormatInt(1<<30+int64(id), 36) // 1<<30 makes all ids six digits long
	h.Set("X-Amz-Request-Id", "S3TEST"+strings.ToUpper(digits))
	h.Set("Date", s.c.Now().UTC().Format(http.TimeFormat))
	honest := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := fail(404, "NoSuchBucket")
		if ok {
			err = s.answer(w, r, method, key)
		}
		if err != nil {
			s.refuse(w, r, err)
		}
	})
	if rule != nil {
		rule.Fault(rec, r, honest)
		return
	}
	honest(rec, r)
}

// A statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = 200
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// target reads the bucket and the key from the request, in virtual-host or path style. ok is false
// if the request names another bucket than the Server's. method is LIST for a GET without a key.
func (s *Server) target(r *http.Request) (method, key string, ok bool) {
	path := decodePath(r)
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	method = r.Method
	if strings.HasPrefix(host, s.c.Bucket+".") {
		key, ok = strings.CutPrefix(path, "/")
	} else {
		var bucket string
		bucket, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
		ok = bucket == s.c.Bucket
	}
	if method == "GET" && key == "" {
		method = "LIST"
	}
	return method, key, ok
}

// decodePath returns the path as sent, decoded once. S3 reads '+' in a path as a space.
func decodePath(r *http.Request) string {
	raw, _, _ := strings.Cut(r.RequestURI, "?")
	path, err := url.QueryUnescape(raw)
	if err != nil {
		return ""
	}
	return path
}

// refuse answers with an error.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{status: 500, code: "InternalError", extra: "<Detail>" + escapeXML(err.Error()) + "</Detail>"}
	}
	writeFailure(w, r, f)
}

// writeFailure writes S3's error document. There is none for HEAD and 304.
func writeFailure(w http.ResponseWriter, r *http.Request, f *failure) {
	if f.status == 304 {
		w.WriteHeader(304)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if r.Method == "HEAD" {
		return
	}
	id := w.Header().Get("X-Amz-Request-Id")
	io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error>")
	io.WriteString(w, "<Code>"+f.code+"</Code><Message>"+f.code+"</Message>"+f.extra)
	io.WriteString(w, "<RequestId>"+id+"</RequestId><HostId>s3test</HostId></Error>")
}

// escapeXML escapes text for XML.
func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}

// maxObject is the size of the largest body of a PUT, in bytes.
const maxObject = 256 << 20

// maxMetadata is how many bytes S3 accepts for each of the two kinds of metadata: names and values
// of system-defined, and of user-defined metadata
// (docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
const maxMetadata = 2048

// answer answers a request to this bucket. An error is a failure, or becomes a 500.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, method, key string) error {
	if method == "PUT" && r.ContentLength < 0 {
		return fail(411, "MissingContentLength")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxObject+1))
	if err != nil {
		return fail(400, "IncompleteBody")
	}
	if len(body) > maxObject {
		return fail(400, "EntityTooLarge")
	}
	if err := s.verify(w, r, body); err != nil {
		return err
	}
	if len(key) > 1024 {
		return fail(400, "KeyTooLongError")
	}
	switch {
	case method == "LIST":
		return s.list(w, r)
	// Other queries are not implemented. AWS's SDKs send x-id, which changes nothing.
	case r.URL.RawQuery != "" && !strings.HasPrefix(r.URL.RawQuery, "x-id="):
		return fail(501, "NotImplemented")
	case key == "":
		return fail(405, "MethodNotAllowed")
	}
	switch method {
	case "HEAD", "GET":
		return s.read(w, r, key)
	case "PUT":
		return s.write(w, r, key, body)
	case "DELETE":
		if err := s.store.delete(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		w.WriteHeader(204)
		return nil
	}
	return fail(405, "MethodNotAllowed")
}

// read answers HEAD and GET.
func (s *Server) read(w http.ResponseWriter, r *http.Request, key string) error {
	o, size, err := s.store.get(key, r.Method == "GET")
	if errors.Is(err, fs.ErrNotExist) {
		if s.c.NoList {
			return fail(403, "AccessDenied")
		}
		return fail(404, "NoSuchKey")
	}
	if err != nil {
		return err
	}
	if m := r.Header.Get("If-Match"); m != "" && m != o.ETag {
		return fail(412, "PreconditionFailed")
	}
	if r.Method == "GET" && o.archived() {
		extra := "<StorageClass>" + escapeXML(o.StorageClass) + "</StorageClass>"
		if o.ArchiveStatus != "" {
			extra += "<AccessTier>" + escapeXML(o.ArchiveStatus) + "</AccessTier>"
		}
		return &failure{403, "InvalidObjectState", extra}
	}
	h := w.Header()
	h.Set("ETag", o.ETag)
	if r.Header.Get("If-None-Match") == o.ETag {
		return fail(304, "NotModified")
	}
	h.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Type", "binary/octet-stream")
	for name, value := range o.system() {
		if *value != "" {
			h.Set(name, *value)
		}
	}
	for name, value := range o.Metadata {
		h.Set("X-Amz-Meta-"+name, value)
	}
	s.describe(h, r, o)
	w.WriteHeader(200)
	w.Write(o.Body)
	return nil
}

// describe sets the headers about o's checksum and storage class.
func (s *Server) describe(h http.Header, r *http.Request, o *Object) {
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && o.CRC32+o.CRC64NVME != "" {
		set("X-Amz-Checksum-Crc32", o.CRC32)
		set("X-Amz-Checksum-Crc64nvme", o.CRC64NVME)
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		// From a multipart upload: a CRC of CRCs and the number of parts.
		if strings.Contains(o.CRC32, "-") {
			h.Set("X-Amz-Checksum-Type", "COMPOSITE")
		}
	}
	if o.StorageClass != "STANDARD" {
		set("X-Amz-Storage-Class", o.StorageClass)
	}
	set("X-Amz-Restore", o.Restore)
	if r.Method == "HEAD" {
		set("X-Amz-Archive-Status", o.ArchiveStatus)
	}
}

// write answers PUT.
func (s *Server) write(w http.ResponseWriter, r *http.Request, key string, body []byte) error {
	// Compare the body with its checksums.
	if sum := r.Header.Get("Content-Md5"); sum != "" {
		if want := md5.Sum(body); sum != base64.StdEncoding.EncodeToString(want[:]) {
			return fail(400, "BadDigest")
		}
	}
	if sum := r.Header.Get("X-Amz-Checksum-Crc32"); sum != "" && sum != crcOf(body) && !s.c.Unverified {
		return fail(400, "BadDigest")
	}
	o := &Object{
		Body:     bytes.Clone(body),
		CRC32:    r.Header.Get("X-Amz-Checksum-Crc32"),
		Metadata: map[string]string{},
		Modified: s.c.Now(),
	}
	// Take the metadata from the headers.
	systemSize := 0
	for name, value := range o.system() {
		*value = r.Header.Get(name)
		if *value != "" {
			systemSize += len(name) + len(*value)
		}
	}
	if systemSize > maxMetadata {
		return fail(400, "MetadataTooLarge")
	}
	userSize := 0
	for name, values := range r.Header {
		if name, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			value := strings.Join(values, ",")
			o.Metadata[strings.ToLower(name)] = value
			userSize += len(name) + len(value)
		}
	}
	if userSize > maxMetadata {
		return fail(400, "MetadataTooLarge")
	}
	// Store the object.
	s.putLock.Lock()
	defer s.putLock.Unlock()
	// If-None-Match: * allows no stored object. If-Match demands a stored object with that ETag.
	ifNoneMatch, ifMatch := r.Header.Get("If-None-Match"), r.Header.Get("If-Match")
	if ifNoneMatch != "" || ifMatch != "" {
		old, _, err := s.store.get(key, false)
		exists := err == nil
		isTaken := ifNoneMatch == "*" && exists
		isOther := ifMatch != "" && (!exists || old.ETag != ifMatch)
		if isTaken || isOther {
			return fail(412, "PreconditionFailed")
		}
	}
	if err := s.store.put(key, s.complete(o)); err != nil {
		return err
	}
	w.Header().Set("ETag", o.ETag)
	w.WriteHeader(200)
	return nil
}

// crcOf returns the CRC32 of b as in S3's header x-amz-checksum-crc32.
func crcOf(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)))
}
