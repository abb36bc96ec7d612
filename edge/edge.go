package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"miniatura/codec"
	"miniatura/internal/caught"
	"miniatura/s3lite"
)

// MaxSource is the largest source that is fetched, in bytes.
const MaxSource = 32 << 20

// margin is how long before Lambda's own deadline the handler gives up and
// returns the request unchanged.
const margin = 2 * time.Second

// maxClients bounds what a sandbox remembers of buckets.
const maxClients = 64

// A Config says what a Handler works with. The zero Config is right in Lambda.
type Config struct {
	// Client returns a new client for a bucket in a region; nil means AWS with
	// the credentials in the environment. It is called once a bucket.
	Client func(bucket, region string) *s3lite.Client

	// Log gets one JSON line a request; nil means standard output, which
	// Lambda sends to CloudWatch.
	Log io.Writer

	// Observe, when set, is called with every record that is logged.
	Observe func(Record)

	// Memory is what the process may use, in bytes; 0 means codec.DefaultMemory.
	Memory int64

	// Concurrent is how many pictures may be in memory at once, 0 meaning 1.
	// Lambda runs one request at a time in a sandbox, a server does not.
	Concurrent int
}

// A Handler answers origin-requests. It is safe for concurrent use.
type Handler struct {
	cfg   Config
	slots chan struct{} // one token a picture in memory

	mu      sync.Mutex
	clients map[place]*s3lite.Client // a client learns its bucket's region, once

	logMu sync.Mutex
}

// A place is where a bucket is, as far as the event knows.
type place struct{ bucket, region string }

// New returns a Handler for cfg.
func New(cfg Config) *Handler {
	if cfg.Client == nil {
		cfg.Client = func(bucket, region string) *s3lite.Client {
			return &s3lite.Client{Bucket: bucket, Region: region}
		}
	}
	if cfg.Log == nil {
		cfg.Log = os.Stdout
	}
	return &Handler{cfg: cfg, slots: make(chan struct{}, max(cfg.Concurrent, 1)), clients: map[place]*s3lite.Client{}}
}

// client returns the one client for a bucket.
func (h *Handler) client(bucket, region string) *s3lite.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := place{bucket, region}
	c := h.clients[p]
	if c == nil {
		if len(h.clients) >= maxClients { // a distribution has a handful of origins
			clear(h.clients)
		}
		c = h.cfg.Client(bucket, region)
		h.clients[p] = c
	}
	return c
}

// Handle answers one origin-request event with the request that CloudFront is
// to send to the origin: pointed at a result when there is one, else exactly as
// it came. It returns an error only for an event that holds no request.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	start := time.Now()
	p, err := NewPlan(raw)
	if err != nil {
		h.log(Record{Decision: Unchanged, Error: err.Error()}, start)
		return nil, err
	}
	if p.Skip != nil {
		r := p.Target.record()
		r.RequestID, r.Error = p.RequestID, p.Skip.Error()
		h.log(r, start)
		return p.request, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}

	// The work is waited for no longer than ctx, even when it does not look at
	// ctx: what it holds it gives back when it ends.
	done := make(chan Record, 1)
	go func() { done <- h.Make(ctx, p.Target) }()
	var r Record
	select {
	case r = <-done:
	case <-ctx.Done():
		r = p.Target.record()
		r.fail(fmt.Errorf("gave up: %w", context.Cause(ctx)))
	}
	r.RequestID = p.RequestID
	answer := p.request
	if r.Decision != Unchanged {
		if answer, err = replaceURI(p.request, p.URI()); err != nil {
			answer, r.Decision, r.Error = p.request, Unchanged, err.Error()
		}
	}
	h.log(r, start)
	return answer, nil
}

// Make sees to it that t's result is stored and fresh, and tells in the record
// what it did. A decision of Unchanged means that there is no such result to
// point at; Error says why. It never panics.
func (h *Handler) Make(ctx context.Context, t Target) (r Record) {
	start := time.Now()
	r = t.record()
	defer func() {
		if p := recover(); p != nil {
			r.fail(caught.Error(p))
		}
		r.Total = Millis(time.Since(start))
	}()
	if err := h.make(ctx, t, &r); err != nil {
		r.fail(err)
	}
	return r
}

func (h *Handler) make(ctx context.Context, t Target, r *Record) error {
	if err := t.Valid(); err != nil {
		return err
	}
	s3 := h.client(t.Bucket, t.Region)

	// Two HEADs at once: is there a result, and is it of this source?
	lap := stopwatch()
	type answer struct {
		o   *s3lite.Object
		err error
	}
	stored := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				stored <- answer{err: caught.Error(p)}
			}
		}()
		o, err := s3.Head(ctx, t.ResultKey())
		stored <- answer{o, err}
	}()
	source, err := s3.Head(ctx, t.SourceKey())
	result := <-stored
	r.Head = lap()
	if err != nil {
		return err
	}
	switch {
	case result.err == nil && fresh(result.o, source.ETag, t.Quality):
		r.Decision, r.OutBytes, r.Format = Hit, int(result.o.Size), result.o.ContentType
		return nil
	case result.err == nil, errors.Is(result.err, s3lite.ErrNotFound), errors.Is(result.err, s3lite.ErrDenied):
		// Without s3:ListBucket a missing key answers 403: both are absent.
	default:
		return result.err
	}
	if source.Size > MaxSource {
		return fmt.Errorf("the source is %d bytes, over the limit of %d", source.Size, int64(MaxSource))
	}

	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	lap = stopwatch()
	source, err = s3.Get(ctx, t.SourceKey(), MaxSource)
	r.Get = lap()
	if err != nil {
		return err
	}
	r.InBytes = len(source.Body)

	lap = stopwatch()
	options := codec.Options{Quality: t.Quality, Memory: h.cfg.Memory}
	if t.WebP {
		options.Format = codec.WebP
	}
	src := source.Body
	source.Body = nil // the codec lets go of the source before it encodes: nobody else may hold it
	body, info, err := codec.Resize(ctx, src, t.Size.Fit, options)
	r.Resize = lap()
	r.fill(info)
	if err != nil {
		return err
	}
	r.OutBytes = len(body)
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}

	lap = stopwatch()
	o := keep(source, r)
	o.ContentType = info.ContentType
	o.Metadata = map[string]string{
		metaETag:     source.ETag,
		metaEncoder:  strconv.Itoa(codec.Version),
		metaQuality:  strconv.Itoa(t.Quality),
		metaWidth:    strconv.Itoa(info.OutW),
		metaHeight:   strconv.Itoa(info.OutH),
		metaCacheTag: CacheTag(t.SourceKey()),
	}
	err = s3.Put(ctx, t.ResultKey(), body, o)
	r.Put = lap()
	if err != nil {
		return err
	}
	r.Decision = Resized
	return nil
}

// The names of a result's metadata, without S3's prefix x-amz-meta-.
const (
	metaETag     = "source-etag"
	metaEncoder  = "encoder"
	metaQuality  = "quality"
	metaWidth    = "width"
	metaHeight   = "height"
	metaCacheTag = "cache-tag"
)

// fresh reports whether a stored result was made from the source that is there
// now, at the quality that is asked for, by this encoder or a newer one: two
// versions during a rollout do not fight.
func fresh(result *s3lite.Object, etag string, quality int) bool {
	m := result.Metadata
	encoder, err := strconv.Atoi(m[metaEncoder])
	return err == nil && encoder >= codec.Version &&
		etag != "" && m[metaETag] == etag &&
		m[metaQuality] == strconv.Itoa(quality)
}

// record starts t's record: nothing was done yet.
func (t Target) record() Record {
	r := Record{Decision: Unchanged, Key: t.Key, Size: t.Size.Name, WebP: t.WebP}
	if t.Resized != "" && t.Size.Name != "" {
		r.Result = t.ResultKey()
	}
	return r
}

// fail says that the request goes on unchanged, and why.
func (r *Record) fail(err error) {
	r.Decision, r.Err, r.Error = Unchanged, err, err.Error()
}

// maxKept is how many bytes of the source's headers a result keeps. S3 takes
// 2 KB of them, names and Content-Type included.
const maxKept = 1536

// keep returns what a source's answer says that holds for its result too. It
// is never Content-Encoding: the result is not encoded. A value that S3 might
// refuse is left out, with a word in the log, since it must not keep a picture
// from being stored.
func keep(source *s3lite.Object, r *Record) (o s3lite.PutOptions) {
	left := maxKept
	for _, h := range []struct {
		name, value string
		to          *string
	}{
		{"Cache-Control", source.CacheControl, &o.CacheControl},
		{"Expires", source.Expires, &o.Expires},
		{"Content-Language", source.ContentLanguage, &o.ContentLanguage},
		{"Content-Disposition", source.ContentDisposition, &o.ContentDisposition},
	} {
		switch {
		case !printable(h.value):
			r.note(h.name + " dropped: not printable ASCII")
		case len(h.value) > left:
			r.note(h.name + " dropped: too long")
		default:
			*h.to = h.value
			left -= len(h.value)
		}
	}
	return o
}

// printable reports whether a header can carry s.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// note adds to the record's note.
func (r *Record) note(s string) {
	if r.Note != "" {
		s = r.Note + "; " + s
	}
	r.Note = s
}

func (r *Record) fill(i codec.Info) {
	r.Format, r.Note, r.Frames = i.ContentType, i.Note, i.Frames
	r.InW, r.InH, r.OutW, r.OutH = i.W, i.H, i.OutW, i.OutH
}

func (h *Handler) log(r Record, start time.Time) {
	r.Total = Millis(time.Since(start))
	line, err := json.Marshal(r)
	if err == nil {
		h.logMu.Lock()
		h.cfg.Log.Write(append(line, '\n')) // a log that cannot be written has nobody to tell
		h.logMu.Unlock()
	}
	if h.cfg.Observe != nil {
		h.cfg.Observe(r)
	}
}

// stopwatch returns a function that tells how long ago stopwatch was called.
func stopwatch() func() Millis {
	start := time.Now()
	return func() Millis { return Millis(time.Since(start)) }
}
