// Package warm makes and deletes results for a backlog instead of for a visitor: ahead of the first
// request, when a picture arrives or goes, over a whole bucket. It makes them through edge's own
// code, so that the first visitor finds a hit.
//
//	settings.go  which sizes and formats, and where results lie
//	warm.go      Make and Delete, for one source
//	handler.go   what the regional function is invoked with
//	event.go     S3's event notifications
//	queue.go     the same in batches of a queue
//	batch.go     S3 Batch Operations' invocations
//	purge.go     the CloudFront invalidation that belongs to a deletion
//	invalidate.go the request that makes it
package warm

import (
	"context"
	"errors"

	"miniatura/edge"
	"miniatura/s3lite"
)

// A Tally counts what became of the results of one or more sources.
type Tally struct {
	Made    int `json:"made,omitempty"`
	Fresh   int `json:"fresh,omitempty"` // were there already
	Deleted int `json:"deleted,omitempty"`
	Failed  int `json:"failed,omitempty"`
}

// Add adds o to t.
func (t *Tally) Add(o Tally) {
	t.Made += o.Made
	t.Fresh += o.Fresh
	t.Deleted += o.Deleted
	t.Failed += o.Failed
}

// A Failure says why a source has not all the results it should have.
type Failure struct {
	Reason    string
	Temporary bool // it may go away by itself: worth another try
	Missing   bool // there is no such source
	Err       error
}

func (f *Failure) Error() string { return f.Reason }

// Unwrap returns what edge or s3lite failed with.
func (f *Failure) Unwrap() error { return f.Err }

// Make sees to it that every target's result is stored and fresh. The targets
// are those of one source: what makes one impossible (the source is missing, or
// no picture) makes the rest impossible too and is not tried again, unless it is
// a limit of one result. Each record goes to observe, which may be nil. The error
// is a *Failure, the first there was, or the first that is temporary.
func Make(ctx context.Context, h *edge.Handler, targets []edge.Target, observe func(edge.Record)) (Tally, error) {
	var tally Tally
	var failed *Failure
	done := 0
	h.MakeAll(ctx, targets, func(r edge.Record) bool {
		if observe != nil {
			observe(r)
		}
		switch r.Decision {
		case edge.Hit:
			tally.Fresh++
		case edge.Resized:
			tally.Made++
		default:
			if f := failure(r.Err); failed == nil || f.Temporary && !failed.Temporary {
				failed = f
			}
			if !r.Alone() { // it says how the others will end
				tally.Failed += len(targets) - done
				return false
			}
			tally.Failed++
		}
		done++
		return true
	})
	if failed == nil {
		return tally, nil
	}
	return tally, failed
}

// failure reads the error of a Record: what s3lite gave up on, and what our own
// deadline ended, may go away by itself.
func failure(err error) *Failure {
	f := &Failure{Reason: err.Error(), Err: err}
	for _, temporary := range []error{s3lite.ErrExhausted, context.DeadlineExceeded, context.Canceled} {
		f.Temporary = f.Temporary || errors.Is(err, temporary)
	}
	f.Missing = !f.Temporary && errors.Is(err, s3lite.ErrNotFound)
	return f
}

// Delete deletes the results of one source. With look it asks first which are
// there, deletes those and counts them: S3 answers a deletion of nothing as it
// answers one of something, and in a versioned bucket each leaves a marker
// behind. Without, every target is one request, which costs nothing.
func Delete(ctx context.Context, s3 *s3lite.Client, targets []edge.Target, look bool) (Tally, error) {
	var tally Tally
	var first error
	for i, t := range targets {
		err := ctx.Err()
		if err == nil && look {
			_, err = s3.Head(ctx, t.ResultKey())
			// Without s3:ListBucket a missing key answers 403.
			if errors.Is(err, s3lite.ErrNotFound) || errors.Is(err, s3lite.ErrDenied) {
				continue
			}
		}
		if err == nil {
			err = s3.Delete(ctx, t.ResultKey())
		}
		if err == nil {
			tally.Deleted++
			continue
		}
		tally.Failed++
		if first == nil {
			first = &Failure{Reason: err.Error(), Err: err, Temporary: errors.Is(err, s3lite.ErrExhausted) || ctx.Err() != nil}
		}
		if ctx.Err() != nil {
			tally.Failed += len(targets) - i - 1
			break
		}
	}
	return tally, first
}
