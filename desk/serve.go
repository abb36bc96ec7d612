package desk

// This file implements serve.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"miniatura/desk/demo"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// serveMemory is how much memory serve uses at most, in bytes, however many requests come at once.
// The other limits ensure it: atOnce pictures are decoded at a time, each within the 60 % of 512 MB
// that codec allows, and bodiesLimit bytes of objects are on their way to viewers.
const (
	serveMemory = 1 << 30
	atOnce      = 2
	bodiesLimit = 192 << 20
	objectLimit = bodiesLimit // the largest object that serve passes on
)

func runServe(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	return report(stderr, "serve", serve(ctx, args, stdout))
}

// A serveOptions holds serve's flags.
type serveOptions struct {
	settings
	addr, dir, endpoint string
}

// parseServe reads serve's flags.
func parseServe(args []string, stdout io.Writer) (*serveOptions, error) {
	f := newFlags("serve", stdout)
	o := &serveOptions{settings: settings{resized: "resized"}}
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "listen on `HOST:PORT`; everybody who can connect sees the pictures and can add some")
	f.StringVar(&o.dir, "dir", "", "serve the pictures of this `folder`; without it and -endpoint, pictures made by code")
	f.StringVar(&o.endpoint, "endpoint", "", "serve a bucket of the S3 service at this `URL`, with the credentials in the environment")
	f.StringVar(&o.bucket, "bucket", "", "the bucket's `name` at -endpoint")
	f.IntVar(&o.quality, "quality", 80, "1-100, the distribution's setting")
	if _, err := f.parse(args, 0, 0); err != nil {
		return nil, err
	}
	switch {
	case o.dir != "" && o.endpoint != "":
		return nil, usagef("-dir and -endpoint exclude each other")
	case o.endpoint != "" && o.bucket == "":
		return nil, usagef("-endpoint needs -bucket NAME")
	case o.endpoint == "" && o.bucket != "":
		return nil, usagef("-bucket needs -endpoint URL")
	case o.quality < 1 || o.quality > 100:
		return nil, usagef("-quality %d is not in 1-100", o.quality)
	}
	if o.bucket == "" {
		o.bucket = "local"
	}
	return o, nil
}

// open opens the bucket that the options name, or an empty one in memory.
func (o *serveOptions) open() (*bucket, error) {
	switch {
	case o.dir != "":
		return openDir(o.dir, o.settings)
	case o.endpoint != "":
		return openEndpoint(o.endpoint, o.settings)
	}
	b, err := openMemory(o.settings)
	if err == nil {
		b.where = "demo pictures in memory"
	}
	return b, err
}

// results returns a text that says where results are stored.
func (o *serveOptions) results(b *bucket) string {
	switch {
	case o.dir != "":
		return "results are stored in " + filepath.Join(o.dir, filepath.FromSlash(o.resized)) + string(os.PathSeparator)
	case o.endpoint != "":
		return "results are stored below " + o.resized + "/ in " + b.where
	}
	return "they are drawn now, and results are stored beside them until the server ends"
}

// serve runs until ctx ends.
func serve(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parseServe(args, stdout)
	if err != nil {
		return err
	}
	b, err := o.open()
	if err != nil {
		return usageError{err}
	}
	defer b.close()
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	defer l.Close()
	// The address is printed before anything that takes time. A browser that opens the address now
	// waits for an answer, because the listener is open already.
	fmt.Fprintf(stdout, "http://%s/ serves the %s; %s. Ctrl-C ends it.\n", browserAddress(l.Addr(), o.addr), b.where, o.results(b))
	if o.dir == "" && o.endpoint == "" {
		_, err := await(ctx, func() (struct{}, error) { return struct{}{}, addDemo(b) })
		if err != nil {
			return err
		}
	}
	if flag.Lookup("test.v") == nil { // not in tests: the limit is the whole process's
		debug.SetMemoryLimit(serveMemory / 2) // the collector works harder long before the limit
	}
	c := newCloudFront(b, stdout)
	c.loopback = l.Addr().(*net.TCPAddr).IP.IsLoopback()
	// To list the bucket takes time, so what the page leaves out is printed while serve answers.
	var listed sync.WaitGroup
	defer listed.Wait()
	listed.Go(func() {
		if pictures, err := b.pictures(ctx); err == nil && pictures.leftOut() != "" {
			fmt.Fprintln(stdout, pictures.leftOut())
		}
	})
	if err := serveUntilDone(ctx, l, c); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "stopped")
	return nil
}

// serveUntilDone answers the requests of l until ctx ends. Requests in progress then get three
// seconds to end.
func serveUntilDone(ctx context.Context, l net.Listener, h http.Handler) error {
	ofRequests, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ofRequests },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(ofRequests, 3*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	return nil
}

// addDemo draws the demo pictures and stores them in b.
func addDemo(b *bucket) error {
	for _, p := range demo.Pictures() {
		if err := b.local.Put(p.Name, s3test.Object{Body: p.Data, ContentType: p.Type, CacheControl: "max-age=3600"}); err != nil {
			return err
		}
	}
	return nil
}

// browserAddress returns the address to open in a browser, with the port of the listener. The host
// is that of addrFlag, the value of -addr, or localhost if addrFlag has none.
func browserAddress(listener net.Addr, addrFlag string) string {
	port := listener.(*net.TCPAddr).Port
	host, _, _ := net.SplitHostPort(addrFlag)
	if host == "" {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// cloudFront answers viewers like a CloudFront distribution with the function on its
// origin-requests, but without a cache: the function runs for every request.
type cloudFront struct {
	bucket   *bucket
	edge     *edge.Handler
	journal  journal
	bodies   *weight       // bytes of objects in memory for viewers
	previews chan struct{} // one token per preview that is being made
	loopback bool          // only this machine can reach the server

	mu      sync.Mutex
	records map[string]edge.Record // the function's log lines, by request id, until view takes them
}

// newCloudFront returns the handler of viewers for b. The function's log lines go to log.
func newCloudFront(b *bucket, log io.Writer) *cloudFront {
	c := &cloudFront{
		bucket:   b,
		bodies:   newWeight(bodiesLimit),
		previews: make(chan struct{}, atOnce),
		records:  map[string]edge.Record{},
	}
	config := b.config()
	config.Log, config.Concurrent = log, min(atOnce, runtime.GOMAXPROCS(0))
	config.Observe = func(r edge.Record) {
		c.mu.Lock()
		c.records[r.RequestID] = r
		c.mu.Unlock()
	}
	c.edge = edge.New(config)
	return c
}

// maxKey is the length of the longest object key that S3 accepts, in bytes.
const maxKey = 1024

// listsPrefix is how the keys of S3 Batch's manifests began in older versions. A manifest lists all
// keys of the bucket. The bucket policies in deploy deny CloudFront everything under such keys.
const listsPrefix = "miniatura-batch/"

// ownPrefix begins the paths of serve's own pages. Objects whose paths begin with it cannot be
// reached.
const ownPrefix = "/.miniatura/"

func (c *cloudFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.loopback && !loopbackHost(r.Host) {
		// The DNS name of another site may point here, so that pages of that site could read the
		// pictures.
		http.Error(w, "this server answers to localhost only", http.StatusMisdirectedRequest)
		return
	}
	// The path is used as the viewer sent it, without cleaning, as CloudFront does.
	uri, query, err := splitURL(r.RequestURI)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case uri == "/" || strings.HasPrefix(uri, ownPrefix):
		c.serveOwn(w, r, uri)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the distribution allows GET and HEAD only", http.StatusMethodNotAllowed)
	default:
		c.view(w, r, uri, query)
	}
}

// view answers a viewer request: it makes the event, runs the function, and fetches from the
// origin.
func (c *cloudFront) view(w http.ResponseWriter, r *http.Request, uri, query string) {
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		query = "" // a page of another site must not fill the disk with results
	}
	event, id := newEvent(c.bucket.settings, r.Method, uri, query, client)
	h := w.Header()
	h.Set("X-Amz-Cf-Id", id)
	h.Set("Via", "1.1 local.cloudfront.net (miniatura serve)")
	// A page that is stored in the bucket runs no script here.
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	// Pages in development on another port may show the pictures.
	h.Set("Cross-Origin-Resource-Policy", "same-site")

	// Run the function, and take its log line.
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second) // Lambda@Edge's limit
	defer cancel()
	answer, err := c.edge.Handle(ctx, event)
	c.mu.Lock()
	record := c.records[id]
	delete(c.records, id)
	c.mu.Unlock()
	entry := exchange{
		Time: time.Now(), Method: r.Method, URL: r.RequestURI, ID: id,
		Event: event, Answer: answer, Record: record,
	}
	defer func() { c.journal.add(entry, c.bucket.local) }()

	// The answer is a request for the origin, which has a URI, or a response, which has a Status.
	var parsed struct {
		URI string
		edge.Response
	}
	if err == nil {
		err = json.Unmarshal(answer, &parsed)
	}
	if err != nil {
		entry.Status = http.StatusBadGateway
		http.Error(w, "the function answered no request: "+oneLine(err), entry.Status)
		return
	}
	h.Set("X-Cache", "Miss")
	if record.Decision == edge.Hit {
		h.Set("X-Cache", "Hit")
	}
	h.Set("X-Miniatura-Record", headerJSON(record))
	if parsed.Response.Status != "" {
		entry.Answer = forJournal(parsed.Response)
		entry.Status = respond(w, r, &parsed.Response, record)
		return
	}
	entry.Status = c.fetch(w, r, parsed.URI, record)
}

// fetch answers with the origin's object at uri, and returns the HTTP status, or 0 when the viewer
// has gone.
func (c *cloudFront) fetch(w http.ResponseWriter, r *http.Request, uri string, record edge.Record) int {
	fail := func(status int, words string) int {
		w.Header().Set("Server-Timing", serverTiming(record, -1))
		http.Error(w, words, status)
		return status
	}
	// Find the key, and refuse what the bucket would refuse.
	key, err := edge.ObjectKey(uri)
	if err != nil || key == "" {
		return fail(http.StatusBadRequest, "the path names no object")
	}
	if strings.HasPrefix(key, listsPrefix) {
		return fail(http.StatusForbidden, "the bucket's policy denies CloudFront everything in "+listsPrefix)
	}
	if len(key) > maxKey {
		return fail(http.StatusBadRequest, fmt.Sprintf("the key has %d bytes; S3 takes at most %d", len(key), maxKey))
	}
	// HEAD tells the size, for which memory is reserved before the GET.
	start := time.Now()
	o, err := c.bucket.client.Head(r.Context(), key)
	switch {
	case errors.Is(err, s3lite.ErrNotFound):
		return fail(http.StatusNotFound, "the bucket has no object "+strconv.QuoteToASCII(key))
	case errors.Is(err, s3lite.ErrDenied):
		return fail(http.StatusForbidden, "the bucket denies object "+strconv.QuoteToASCII(key)+", or has none of this name")
	case err != nil:
		return fail(http.StatusBadGateway, "the bucket cannot be read: "+oneLine(err))
	case o.Size > objectLimit:
		return fail(http.StatusBadGateway, fmt.Sprintf("the object has %d bytes; serve passes on at most %d", o.Size, objectLimit))
	}
	h := w.Header()
	size := o.Size
	unchanged := o.ETag != "" && r.Header.Get("If-None-Match") == o.ETag
	if r.Method == http.MethodGet && !unchanged {
		held := max(o.Size, 0) // bytes of memory
		if err := c.bodies.acquire(r.Context(), held); err != nil {
			return 0 // the viewer has gone
		}
		defer c.bodies.release(held)
		// The object may have changed since the HEAD. If it has grown, Get fails, because memory
		// was reserved for its size at the HEAD.
		if o, err = c.bucket.client.Get(r.Context(), key, held); err != nil {
			return fail(http.StatusBadGateway, "the bucket cannot be read: "+oneLine(err))
		}
		size = int64(len(o.Body))
	}
	// Answer with the object's headers and, for a GET, with its body.
	h.Set("Server-Timing", serverTiming(record, time.Since(start)))
	h.Set("ETag", o.ETag)
	for name, value := range map[string]string{
		"Cache-Control":       o.CacheControl,
		"Expires":             o.Expires,
		"Content-Language":    o.ContentLanguage,
		"Content-Disposition": o.ContentDisposition,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if !o.LastModified.IsZero() {
		h.Set("Last-Modified", o.LastModified.UTC().Format(http.TimeFormat))
	}
	if unchanged {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	kind := o.ContentType
	if kind == "" {
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method == http.MethodGet {
		io.Copy(w, bytes.NewReader(o.Body)) // an error means that the viewer has gone away
	}
	return http.StatusOK
}

// serverTiming returns the record's stages as a Server-Timing header, in milliseconds. fetch is how
// long the origin took to send the object, or negative when nothing was fetched.
func serverTiming(r edge.Record, fetch time.Duration) string {
	var parts []string
	add := func(name string, d time.Duration) {
		parts = append(parts, fmt.Sprintf("%s;dur=%.3f", name, float64(d.Microseconds())/1000))
	}
	rest := r.Total
	for _, s := range []struct {
		name string
		took edge.Millis
	}{{"head", r.Head}, {"get", r.Get}, {"resize", r.Resize}, {"put", r.Put}} {
		if s.took > 0 {
			add(s.name, time.Duration(s.took))
			rest -= s.took
		}
	}
	// More than 5 ms of rest are the wait for one of the handler's slots. Lambda has no such wait.
	if time.Duration(rest) > 5*time.Millisecond {
		add("wait", time.Duration(rest))
	}
	add("function", time.Duration(r.Total))
	if fetch >= 0 {
		add("origin", fetch)
	}
	return strings.Join(parts, ", ")
}

// headerJSON returns v as JSON in ASCII, which a header can carry.
func headerJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff: // JSON writes it as two surrogates
			first, second := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, first, second)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// loopbackHost reports whether a Host header names this machine.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
