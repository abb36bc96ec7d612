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

// margin is how long before Lambda's deadline the work ends. Work that is not done by then is
// reported and tried again. Without a margin it would be lost.
const margin = 3 * time.Second

// answerTime is how long before Lambda's deadline the invalidation ends. The invalidation comes
// after the work.
const answerTime = time.Second

// A Config holds the settings of a Handler.
type Config struct {
	Settings

	// Region is the region of the function and its bucket. s3lite corrects a wrong one.
	Region string

	// Client is the client for the bucket; nil means AWS with the credentials in the environment.
	Client *s3lite.Client

	// Memory is how much memory the process may use, in bytes; 0 means codec.DefaultMemory.
	Memory int64

	// CloudFront is the endpoint of CloudFront's API; "" means AWS.
	CloudFront string

	// Log gets one line of JSON per key; nil means standard output.
	Log io.Writer
}

// A Handler is the regional function. It answers S3's event notifications, directly or in batches
// from a queue, and the invocations of S3 Batch Operations.
type Handler struct {
	cfg  Config
	edge *edge.Handler
	cdn  *invalidator // nil when the settings name no distribution

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
	maker := edge.New(edge.Config{
		Client: func(string, string) *s3lite.Client { return cfg.Client },
		Memory: cfg.Memory,
		Log:    io.Discard, // this Handler writes its own log, one line per key
	})
	h := &Handler{cfg: cfg, edge: maker}
	if cfg.Distribution != "" {
		h.cdn = &invalidator{
			distribution: cfg.Distribution,
			endpoint:     cfg.CloudFront,
			credentials:  cfg.Client.Credentials,
			client:       &http.Client{},
		}
	}
	return h
}

// null is the answer to an event. Lambda ignores it, but requires JSON.
var null = []byte("null")

// ErrEvent is the error for an invocation that is none of the known kinds.
var ErrEvent = errors.New("warm: neither an S3 event, nor a queue's batch of them, nor an S3 Batch invocation")

// A kind holds the members of an invocation's JSON that tell the kinds of invocations apart.
type kind struct {
	Records []struct {
		EventSource string `json:"eventSource"`
	} `json:"Records"`
	Tasks []json.RawMessage `json:"tasks"`
	Event string            `json:"Event"`
}

// isQueue reports whether the invocation is a queue's batch.
func (k kind) isQueue() bool { return len(k.Records) > 0 && k.Records[0].EventSource == fromQueue }

// testEvent is the Event in what S3 sends once, when the notification is configured.
const testEvent = "s3:TestEvent"

// Invoke answers one invocation. With this method, Handler is a lambda.Handler. An S3 event is
// answered with an error only when another try may help, because Lambda invokes again after an
// error. A queue's batch is answered with the messages that failed, and an S3 Batch invocation with
// a result code per task.
func (h *Handler) Invoke(ctx context.Context, raw []byte) ([]byte, error) {
	afterWork := ctx // for the invalidation
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		afterWork, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var changed changes
	defer h.forget(afterWork, &changed)
	var k kind
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrEvent, err)
	}
	switch {
	case k.Event == testEvent:
		return null, nil
	case len(k.Tasks) > 0:
		return h.batch(ctx, raw)
	case k.isQueue():
		return h.queue(ctx, raw, &changed)
	case len(k.Records) > 0:
		return null, h.events(ctx, raw, &changed)
	}
	return nil, ErrEvent
}

// changes holds the keys of the sources whose copies in CloudFront may be out of date.
type changes struct{ keys []string }

// add adds key, unless it was added before.
func (c *changes) add(key string) {
	if !slices.Contains(c.keys, key) {
		c.keys = append(c.keys, key)
	}
}

// forget makes CloudFront drop its copies of the sources in c and of those sources' results. An
// error is only logged: what is stored is right, and making it again would not help.
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

// A line is what the log says about one key, or about a message that is not understood.
type line struct {
	Event string `json:"event"` // "created", "removed", "batch", "invalidated" or "message"
	Key   string `json:"key"`   // of the source; for "message" the message's id
	Tally
	Error     string  `json:"error,omitempty"`
	Temporary bool    `json:"temporary,omitempty"`
	Millis    float64 `json:"totalMs"`
}

// create makes the results of a key. For a key that can have no results, for example because it is
// a result's own key, create returns a skipError and sends no request to S3. It also returns a
// skipError when a HEAD says that the object is a result in another folder. If what was stored
// before is of an earlier version of the source, the key is added to changed.
func (h *Handler) create(ctx context.Context, event, key string, changed *changes) (Tally, error) {
	start := time.Now()
	targets, err := h.cfg.Targets(key, h.cfg.Region)
	if err != nil {
		return Tally{}, skipError{err}
	}
	tally, err := Make(ctx, h.edge, targets, func(r edge.Record) {
		if r.Replaced {
			changed.add(key)
		}
	})
	h.log(event, key, tally, err, start)
	if errors.Is(err, edge.ErrResult) {
		err = skipError{err}
	}
	return tally, err
}

// remove deletes the results of a key and adds the key to changed. For a key that can have no
// results, remove returns a skipError and sends no request.
func (h *Handler) remove(ctx context.Context, key string, changed *changes) error {
	start := time.Now()
	targets, err := h.cfg.Results(key, h.cfg.Region)
	if err != nil {
		return skipError{err}
	}
	changed.add(key)
	tally, err := Delete(ctx, h.cfg.Client, targets, false)
	h.log("removed", key, tally, err, start)
	return err
}

// exists reports whether the bucket has a source under key. For a key that can have no results,
// exists returns a skipError and sends no request. Any other error is a *Failure.
func (h *Handler) exists(ctx context.Context, key string) (bool, error) {
	if _, err := h.cfg.Results(key, h.cfg.Region); err != nil {
		return false, skipError{err} // most often because the key is a result's
	}
	_, err := h.cfg.Client.Head(ctx, key)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, s3lite.ErrNotFound), errors.Is(err, s3lite.ErrDenied):
		return false, nil // without s3:ListBucket, S3 answers 403 for a missing key
	}
	return false, failure(err)
}

// A skipError says why nothing has to be done for a key.
type skipError struct{ error }

// log writes a line of the log.
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
	h.cfg.Log.Write(append(text, '\n')) // a failure to write the log has no place to be reported
}

// temporary reports whether err may go away without a change of the source.
func temporary(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Temporary
}
