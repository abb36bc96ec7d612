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

// MaxSource is the size of the largest source that is fetched, in bytes.
const MaxSource = 32 << 20

// margin is how long before Lambda's own deadline the handler gives up and answers.
const margin = 2 * time.Second

// maxClients is how many clients a Handler keeps at most, one for each bucket and region.
const maxClients = 64

// A Config holds the settings of a Handler. The zero Config works in Lambda.
type Config struct {
	// Client returns a new client for a bucket in a region. nil means AWS, with the credentials in
	// the environment. It is called once per bucket and region.
	Client func(bucket, region string) *s3lite.Client

	// Log gets one line of JSON per request. nil means standard output, which Lambda sends to
	// CloudWatch.
	Log io.Writer

	// Observe, when set, is called with every record that is logged.
	Observe func(Record)

	// Memory is how much memory the process may use, in bytes; 0 means codec.DefaultMemory.
	Memory int64

	// CPU is how many of codec's reference cores there are for a picture (see Share). Handle does
	// not begin a picture that takes longer, by estimate, than is left before the context's
	// deadline. 0 means that no picture is refused for the time that it takes.
	CPU float64

	// Concurrent is how many pictures may be in memory at once; 0 means 1. Lambda runs one request
	// at a time in a sandbox; a server runs several.
	Concurrent int
}

// A Handler answers origin-requests. It is safe for concurrent use.
type Handler struct {
	cfg   Config
	slots chan struct{} // one token per picture in memory

	// Only tests replace now and resize.
	now    func() time.Time
	resize resizer

	mu      sync.Mutex
	clients map[place]*s3lite.Client // kept, because a client learns the region and the clock

	logMu sync.Mutex
}

// A place names a bucket and the region that the event gives for it.
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

// client returns the client for a bucket, which is made on the first call.
func (h *Handler) client(bucket, region string) *s3lite.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := place{bucket, region}
	c := h.clients[p]
	if c == nil {
		if len(h.clients) >= maxClients { // not in practice: a distribution has a handful of origins
			clear(h.clients)
		}
		c = h.cfg.Client(bucket, region)
		h.clients[p] = c
	}
	return c
}

// Handle answers one origin-request event with what CloudFront is to send to the origin: the
// request pointed at a result when there is one, or the request unchanged when there can be none.
// After a fault that may pass, when no result is stored, the answer is a Response, so that no cache
// keeps the original in the place of the result. Handle returns an error only for an event that
// holds no request.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	start := time.Now()
	p, err := NewPlan(raw)
	if err != nil {
		h.log(Record{Decision: Unchanged, Error: err.Error()}, start)
		return nil, err
	}
	if p.Skip != nil {
		r := p.Target.blank()
		r.RequestID, r.Error = p.RequestID, p.Skip.Error()
		h.log(r, start)
		return p.request, nil
	}
	var saved rescue
	if deadline, ok := ctx.Deadline(); ok {
		saved.deadline = deadline
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}

	// Handle returns when ctx ends, even when the work does not check ctx. The work gives back its
	// memory and its slot when it ends.
	done := make(chan Record, 1)
	go func() { done <- h.make(ctx, p.Target, &saved) }()
	var r Record
	select {
	case r = <-done:
	case <-ctx.Done():
		r = p.Target.blank()
		r.fail(fmt.Errorf("gave up: %w", context.Cause(ctx)))
		saved.giveUp(r.Err)
	}
	r.RequestID = p.RequestID
	answer := p.answer(&r, &saved)
	h.log(r, start)
	return answer, nil
}

// Make makes t's result and stores it, unless a fresh one is stored. The Record says what was done:
// a Decision of Unchanged means that no fresh result is stored, and Error says why. Make never
// panics.
func (h *Handler) Make(ctx context.Context, t Target) Record {
	return h.make(ctx, t, new(rescue))
}

// make is Make. saved receives what can answer the request if the result is not stored in time.
func (h *Handler) make(ctx context.Context, t Target, saved *rescue) Record {
	return t.record(func(r *Record) error {
		if err := t.Valid(); err != nil {
			return err
		}
		s3 := h.client(t.Bucket, t.Region)
		// HEADs.
		w := work{elapsed: stopwatch(), resize: h.resize, budget: h.affordable(saved.deadline)}
		lap := stopwatch()
		var err error
		w.source, w.stored, err = heads(ctx, s3, t)
		r.Head = lap()
		if err != nil {
			return err
		}
		if hit, err := h.judge(t, w, r, saved); hit || err != nil {
			return err
		}
		// GET.
		leave, err := h.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
		lap = stopwatch()
		w.source, err = s3.Get(ctx, t.SourceKey(), MaxSource)
		r.Get = lap()
		if err != nil {
			return err
		}
		// Resize and PUT.
		return h.finish(ctx, t, w, r, saved)
	})
}

// judge decides from the HEADs of the source and of the stored result whether a result has to be
// made. It has to be made when hit is false and err is nil. judge fills in r, and notes in saved
// whether an older result is stored.
func (h *Handler) judge(t Target, w work, r *Record, saved *rescue) (hit bool, err error) {
	source, stored := w.source, w.stored
	switch {
	case isOurs(source):
		return false, ErrResult
	case source.Archived():
		return false, errArchived
	case isFresh(stored, source, t):
		r.Decision, r.OutBytes, r.Format = Hit, int(stored.Size), stored.ContentType
		return true, nil
	case stored != nil && !isOurs(stored):
		r.note("replaces an object that this function did not make")
	}
	r.Replaced = isOfEarlier(stored, source)
	saved.noteStored(sameSource(stored, source))
	if err := h.knownFailure(stored, source, w.budget); err != nil {
		r.Known = true
		return false, err
	}
	if source.Size > MaxSource {
		return false, fmt.Errorf("the source is %d bytes, over the limit of %d", source.Size, int64(MaxSource))
	}
	return false, nil
}

// enter waits until one more picture may be in memory. The caller calls leave when the picture is
// no longer in memory. The error is the cause of ctx's end.
func (h *Handler) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A resizer is codec.Resize, or its replacement in a test or for a set.
type resizer = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error)

// A work holds what a result is made from.
type work struct {
	source *s3lite.Object // from HEAD, then from GET with its body
	stored *s3lite.Object // what is stored under the result's key, nil when nothing usable is
	resize resizer

	elapsed func() Millis // time since the request began
	budget  float64       // what affordable returned when the request began; 0 means no limit
}

// finish makes a result from w and stores it.
func (h *Handler) finish(ctx context.Context, t Target, w work, r *Record, saved *rescue) error {
	source := w.source
	src := source.Body
	// Drop this reference to the body, so that the body can be freed before the result is encoded.
	// (A shelf keeps a reference of its own.)
	source.Body = nil
	r.InBytes = len(src)

	// Resize.
	options := h.options(t)
	options.CPU = h.affordable(saved.deadline)
	resizing := stopwatch()
	onFailure := saved.noteBegun(func(err error) {
		// A deadline is remembered only if at least half of the time went to the picture itself. If
		// S3 or other results used up the time, another request may succeed.
		if !errors.Is(err, context.DeadlineExceeded) || 2*resizing() >= w.elapsed() {
			h.remember(ctx, t, source, w.stored, err)
		}
	})
	body, info, err := w.resize(ctx, src, t.Size.Fit, options)
	r.Resize = resizing()
	r.fill(info)
	if err != nil {
		err = refusal(err, info.Cost, options.CPU, w.budget)
		onFailure(err)
		return err
	}
	r.OutBytes = len(body)

	// PUT.
	o := resultOptions(t, source, info, r)
	saved.noteFinished(body, o)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	lap := stopwatch()
	err = h.client(t.Bucket, t.Region).Put(ctx, t.ResultKey(), body, o)
	r.Put = lap()
	if err != nil {
		return err
	}
	r.Decision = Resized
	return nil
}

// options returns the codec's options for t.
func (h *Handler) options(t Target) codec.Options {
	return codec.Options{Format: t.format(), Quality: t.Quality, Memory: h.cfg.Memory}
}

// record returns t's Record, which do fills in. An error or a panic of do becomes the Record's
// Error.
func (t Target) record(do func(r *Record) error) (r Record) {
	start := time.Now()
	r = t.blank()
	defer func() {
		if p := recover(); p != nil {
			r.fail(caught.Error(p))
		}
		r.Total = Millis(time.Since(start))
	}()
	if err := do(&r); err != nil {
		r.fail(err)
	}
	return r
}

// blank returns t's record before anything was done.
func (t Target) blank() Record {
	r := Record{Decision: Unchanged, Key: t.Key, Size: t.Size.Name, WebP: t.WebP}
	if t.Resized != "" && t.Size.Name != "" {
		r.Result = t.ResultKey()
	}
	return r
}

// fail writes into the record that the request goes on unchanged because of err.
func (r *Record) fail(err error) {
	r.Decision, r.Err, r.Error = Unchanged, err, err.Error()
}

// note appends s to the record's note, after a semicolon if there is a note already.
func (r *Record) note(s string) {
	if r.Note != "" && s != "" {
		s = "; " + s
	}
	r.Note += s
}

// fill writes what codec said about the result into the record.
func (r *Record) fill(i codec.Info) {
	r.Format, r.Frames, r.Cost = i.ContentType, i.Frames, Millis(i.Cost*float64(time.Millisecond))
	r.note(i.Note)
	r.InW, r.InH, r.OutW, r.OutH = i.W, i.H, i.OutW, i.OutH
}

// log writes the record, with its total time, to the log and to Observe.
func (h *Handler) log(r Record, start time.Time) {
	r.Total = Millis(time.Since(start))
	line, err := json.Marshal(r)
	if err == nil {
		h.logMu.Lock()
		// There is no place to report that the log cannot be written.
		h.cfg.Log.Write(append(line, '\n'))
		h.logMu.Unlock()
	}
	if h.cfg.Observe != nil {
		h.cfg.Observe(r)
	}
}

// stopwatch returns a function that returns the time since stopwatch was called.
func stopwatch() func() Millis {
	start := time.Now()
	return func() Millis { return Millis(time.Since(start)) }
}
