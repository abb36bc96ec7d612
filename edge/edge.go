package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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

	// Replaced in tests alone.
	now    func() time.Time
	resize func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error)

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
	return &Handler{
		cfg:     cfg,
		slots:   make(chan struct{}, max(cfg.Concurrent, 1)),
		now:     time.Now,
		resize:  codec.Resize,
		clients: map[place]*s3lite.Client{},
	}
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
// to send to the origin: pointed at a result when there is one, exactly as it
// came when there can be none. When a fault that passes is in the way, it answers
// with a Response of its own, so that nobody caches the original in the place of
// the result. It returns an error only for an event that holds no request.
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
	var saved rescue
	done := make(chan Record, 1)
	go func() { done <- h.run(ctx, p.Target, &saved) }()
	var r Record
	select {
	case r = <-done:
	case <-ctx.Done():
		r = p.Target.record()
		r.fail(fmt.Errorf("gave up: %w", context.Cause(ctx)))
		saved.gaveUp(r.Err)
	}
	r.RequestID = p.RequestID
	answer := p.answer(&r, &saved)
	h.log(r, start)
	return answer, nil
}

// Make sees to it that t's result is stored and fresh, and tells in the record
// what it did. A decision of Unchanged means that there is no such result to
// point at; Error says why. It never panics.
func (h *Handler) Make(ctx context.Context, t Target) Record {
	return h.run(ctx, t, new(rescue))
}

func (h *Handler) run(ctx context.Context, t Target, saved *rescue) (r Record) {
	start := time.Now()
	r = t.record()
	defer func() {
		if p := recover(); p != nil {
			r.fail(caught.Error(p))
		}
		r.Total = Millis(time.Since(start))
	}()
	if err := h.make(ctx, t, &r, saved); err != nil {
		r.fail(err)
	}
	return r
}

func (h *Handler) make(ctx context.Context, t Target, r *Record, saved *rescue) error {
	if err := t.Valid(); err != nil {
		return err
	}
	s3 := h.client(t.Bucket, t.Region)

	whole, lap := stopwatch(), stopwatch()
	source, stored, err := heads(ctx, s3, t, saved.shelf)
	r.Head = lap()
	switch {
	case err != nil:
		return err
	case ours(source):
		return ErrResult
	case source.Archived():
		return errArchived
	case fresh(stored, source, t):
		r.Decision, r.OutBytes, r.Format = Hit, int(stored.Size), stored.ContentType
		return nil
	case stored != nil && !ours(stored):
		r.note("replaces an object that is not ours")
	}
	r.Replaced = ofEarlier(stored, source)
	saved.stored(sameSource(stored, source))
	if err := h.known(stored, source); err != nil {
		r.Known = true
		return err
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
	source, err = saved.shelf.take(ctx, s3, t)
	r.Get = lap()
	if err != nil {
		return err
	}
	r.InBytes = len(source.Body)

	options := codec.Options{Format: t.format(), Quality: t.Quality, Memory: h.cfg.Memory}
	src := source.Body
	source.Body = nil // the codec lets go of the source before it encodes: nobody but a shelf holds it
	making := stopwatch()
	failed := saved.making(func(err error) {
		// When most of the time went to S3, the picture may do in another request's.
		if !errors.Is(err, context.DeadlineExceeded) || 2*making() >= whole() {
			h.remember(ctx, t, source, stored, err)
		}
	})
	body, info, err := h.resize(ctx, src, t.Size.Fit, options)
	r.Resize = making()
	r.fill(info)
	if err != nil {
		failed(err)
		return err
	}
	r.OutBytes = len(body)

	o := resultOptions(t, source, info, r)
	saved.finished(body, o)
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	lap = stopwatch()
	err = s3.Put(ctx, t.ResultKey(), body, o)
	r.Put = lap()
	if err != nil {
		return err
	}
	r.Decision = Resized
	return nil
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

// note adds to the record's note.
func (r *Record) note(s string) {
	if r.Note != "" && s != "" {
		s = "; " + s
	}
	r.Note += s
}

func (r *Record) fill(i codec.Info) {
	r.Format, r.Frames = i.ContentType, i.Frames
	r.note(i.Note)
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
