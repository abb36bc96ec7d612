package warm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"miniatura/edge"
	"miniatura/s3lite"
)

// margin is how long before Lambda's own deadline work ends, so that what is
// not done is reported and tried again instead of lost.
const margin = 3 * time.Second

// answerTime is how long before Lambda's deadline everything has ended.
const answerTime = time.Second

// A Config says what a Handler works with.
type Config struct {
	Settings

	// Region is where the function runs and the bucket lies; s3lite learns better.
	Region string

	// Client is the bucket's; nil means AWS with the credentials in the environment.
	Client *s3lite.Client

	// Memory is what the process may use, in bytes; 0 means codec.DefaultMemory.
	Memory int64

	// CloudFront is another endpoint than AWS's, for tests.
	CloudFront string

	// Log gets one JSON line a key; nil means standard output.
	Log io.Writer
}

// A Handler is the regional function: it answers S3's event notifications, as they
// come or in a queue's batches, and S3 Batch Operations' invocations.
type Handler struct {
	cfg  Config
	edge *edge.Handler
	cdn  *invalidator // nil: there is nobody to tell

	logMu sync.Mutex
}

// New returns a Handler for cfg.
func New(cfg Config) *Handler {
	if cfg.Client == nil {
		cfg.Client = &s3lite.Client{Bucket: cfg.Bucket, Region: cfg.Region}
	}
	if cfg.Log == nil {
		cfg.Log = os.Stdout
	}
	h := &Handler{cfg: cfg, edge: edge.New(edge.Config{
		Client: func(string, string) *s3lite.Client { return cfg.Client },
		Memory: cfg.Memory,
		Log:    io.Discard, // Make does not log; this does, once a key
	})}
	if cfg.Distribution != "" {
		h.cdn = &invalidator{distribution: cfg.Distribution, endpoint: cfg.CloudFront, credentials: cfg.Client.Credentials, client: &http.Client{}}
	}
	return h
}

// FromLambda returns the Handler of a function in Lambda that may use so many bytes of memory, 0
// meaning codec.DefaultMemory. AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_CLOUDFRONT name other
// services than AWS's, as they do for AWS's own SDKs. The build with the tag regional calls it.
func FromLambda(memory int64) (*Handler, error) {
	s, err := FromEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	c := Config{Settings: s, Region: os.Getenv("AWS_REGION"), Memory: memory, CloudFront: os.Getenv("AWS_ENDPOINT_URL_CLOUDFRONT")}
	c.Client = &s3lite.Client{Bucket: c.Bucket, Region: c.Region}
	if e := os.Getenv("AWS_ENDPOINT_URL_S3"); e != "" {
		c.Client.Endpoint, c.Client.PathStyle = e, true
	}
	return New(c), nil
}

// null is the answer to an event: nobody reads it, but it has to be JSON.
var null = []byte("null")

// ErrEvent is returned for an invocation that is of no kind.
var ErrEvent = errors.New("warm: neither an S3 event, nor a queue's batch of them, nor an S3 Batch invocation")

// A kind is what tells invocations apart.
type kind struct {
	Records []struct {
		EventSource string `json:"eventSource"`
	} `json:"Records"`
	Tasks []json.RawMessage `json:"tasks"`
	Event string            `json:"Event"`
}

func (k kind) queued() bool { return len(k.Records) > 0 && k.Records[0].EventSource == fromQueue }

// testEvent is sent once, when the notification is configured.
const testEvent = "s3:TestEvent"

// Invoke answers one invocation; it is what aws-lambda-go's Handler asks for.
// After an S3 event an error makes Lambda invoke again, so it is returned only
// when that may help. A queue's batch is answered with the messages that failed,
// an S3 Batch invocation with a result code for each task.
func (h *Handler) Invoke(ctx context.Context, raw []byte) ([]byte, error) {
	last := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		last, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var changed changes
	defer h.forget(last, &changed)
	var kind kind
	if err := json.Unmarshal(raw, &kind); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrEvent, err)
	}
	switch {
	case kind.Event == testEvent:
		return null, nil
	case len(kind.Tasks) > 0:
		return h.batch(ctx, raw)
	case kind.queued():
		return h.queue(ctx, raw, &changed)
	case len(kind.Records) > 0:
		return null, h.events(ctx, raw, &changed)
	}
	return nil, ErrEvent
}

// changes are the keys of sources that CloudFront may have copies of that are not theirs any more.
type changes struct{ keys []string }

// add adds a key once.
func (c *changes) add(key string) {
	if !slices.Contains(c.keys, key) {
		c.keys = append(c.keys, key)
	}
}

// forget has CloudFront forget what changed. That it does not is logged and nothing else: the
// results are as they should be, and to make them again would not help.
func (h *Handler) forget(ctx context.Context, c *changes) {
	if h.cdn == nil || len(c.keys) == 0 {
		return
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	for keys := range slices.Chunk(c.keys, maxForget) {
		err := h.cdn.forget(ctx, h.cfg.Settings, keys)
		for _, key := range keys {
			h.log("invalidated", key, Tally{}, err, start)
		}
	}
}

// A line is what is logged of one key.
type line struct {
	Event string `json:"event"` // "created", "removed" or "batch"
	Key   string `json:"key"`
	Tally
	Error     string  `json:"error,omitempty"`
	Temporary bool    `json:"temporary,omitempty"`
	Millis    float64 `json:"totalMs"`
}

// create makes the results of a key, remove deletes them. A key that can have
// none, results above all, ends here before any request. One in another folder
// is seen to be a result by its metadata. The error is then of type skipped. A
// source of which there are results of an earlier state has changed.
func (h *Handler) create(ctx context.Context, event, key string, changed *changes) (Tally, error) {
	start := time.Now()
	targets, err := h.cfg.Targets(key, h.cfg.Region)
	if err != nil {
		return Tally{}, skipped{err}
	}
	tally, err := Make(ctx, h.edge, targets, func(r edge.Record) {
		if r.Replaced {
			changed.add(key)
		}
	})
	h.log(event, key, tally, err, start)
	if errors.Is(err, edge.ErrResult) {
		err = skipped{err}
	}
	return tally, err
}

func (h *Handler) remove(ctx context.Context, key string, changed *changes) error {
	start := time.Now()
	targets, err := h.cfg.Results(key, h.cfg.Region)
	if err != nil {
		return skipped{err}
	}
	changed.add(key)
	tally, err := Delete(ctx, h.cfg.Client, targets, false)
	h.log("removed", key, tally, err, start)
	return err
}

// exists reports whether the source of results is there. An error is a *Failure.
func (h *Handler) exists(ctx context.Context, key string) (bool, error) {
	if _, err := h.cfg.Results(key, h.cfg.Region); err != nil {
		return false, skipped{err} // results, above all: it has none, and nobody is asked
	}
	_, err := h.cfg.Client.Head(ctx, key)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, s3lite.ErrNotFound), errors.Is(err, s3lite.ErrDenied): // without s3:ListBucket a missing key answers 403
		return false, nil
	}
	return false, failure(err)
}

// skipped is why nothing is to be done for a key.
type skipped struct{ error }

func (h *Handler) log(event, key string, tally Tally, err error, start time.Time) {
	l := line{Event: event, Key: key, Tally: tally, Millis: float64(time.Since(start).Microseconds()) / 1000}
	if err != nil {
		l.Error, l.Temporary = err.Error(), temporary(err)
	}
	text, err := json.Marshal(l)
	if err != nil {
		return
	}
	h.logMu.Lock()
	defer h.logMu.Unlock()
	h.cfg.Log.Write(append(text, '\n')) // a log that cannot be written has nobody to tell
}

// temporary reports whether err may go away by itself.
func temporary(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Temporary
}
