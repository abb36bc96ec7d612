// Package warm makes and deletes results without a visitor who waits: when a picture arrives or is
// removed, or over a whole bucket. It makes them through package edge, so that the first visitor
// finds a hit.
//
//	targets, err := settings.Targets("photos/a.jpg", region)
//	tally, err := warm.Make(ctx, edgeHandler, targets, nil)
//	lambda.Start(warm.New(warm.Config{Settings: settings})) // the regional function
//
//	settings.go    which sizes and formats, and where results are stored
//	warm.go        Make and Delete, for one source
//	handler.go     the regional function and its kinds of invocations
//	event.go       S3's event notifications
//	queue.go       event notifications in a queue's batches
//	batch.go       S3 Batch Operations' invocations
//	purge.go       the paths of the CloudFront invalidation after a deletion
//	invalidate.go  the request that makes the invalidation
package warm

import (
	"context"
	"errors"

	"miniatura/edge"
	"miniatura/s3lite"
)

// A Tally counts results, of one or more sources, by what was done.
type Tally struct {
	Made    int `json:"made,omitempty"`
	Fresh   int `json:"fresh,omitempty"` // were stored already
	Deleted int `json:"deleted,omitempty"`
	Failed  int `json:"failed,omitempty"`
}

// Add adds the counts of o to t.
func (t *Tally) Add(o Tally) {
	t.Made += o.Made
	t.Fresh += o.Fresh
	t.Deleted += o.Deleted
	t.Failed += o.Failed
}

// A Failure says why not all results of a source could be made or deleted.
type Failure struct {
	Reason    string
	Temporary bool // another try may succeed
	Missing   bool // the source does not exist
	Err       error
}

func (f *Failure) Error() string { return f.Reason }

// Unwrap returns the error of edge or s3lite.
func (f *Failure) Unwrap() error { return f.Err }

// Make makes and stores the results of targets, except those that are fresh. All targets must have
// one source. If a result fails for a reason that may concern this result alone (see
// edge.Record.Alone), the later targets are still tried. After any other failure they are not: the
// source is missing or is no picture, for example. observe, which may be nil, gets every Record.
// The error is a *Failure: the first temporary one, or the first one if none is temporary.
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
			f := failure(r.Err)
			if failed == nil || (f.Temporary && !failed.Temporary) {
				failed = f
			}
			if !r.Alone() { // the other targets would fail in the same way
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

// failure returns err, the error of a Record or of s3lite, as a Failure. The Failure is temporary
// when s3lite had no attempts left or when the context ended.
func failure(err error) *Failure {
	f := &Failure{Reason: err.Error(), Err: err}
	for _, temporary := range []error{s3lite.ErrExhausted, context.DeadlineExceeded, context.Canceled} {
		f.Temporary = f.Temporary || errors.Is(err, temporary)
	}
	f.Missing = !f.Temporary && errors.Is(err, s3lite.ErrNotFound)
	return f
}

// Delete deletes the results of one source. If onlyStored is true, it first asks which results
// exist, and deletes and counts only those. (S3's answer to DELETE does not say whether there was
// an object, and in a versioned bucket each DELETE leaves a delete marker.) If onlyStored is false,
// it sends a DELETE for each target; S3 does not bill them. The error is the first failure, a
// *Failure.
func Delete(ctx context.Context, s3 *s3lite.Client, targets []edge.Target, onlyStored bool) (Tally, error) {
	var tally Tally
	var first error
	for i, t := range targets {
		deleted, err := deleteResult(ctx, s3, t.ResultKey(), onlyStored)
		if deleted {
			tally.Deleted++
		}
		if err == nil {
			continue
		}
		ended := ctx.Err() != nil
		if first == nil {
			temporary := ended || errors.Is(err, s3lite.ErrExhausted)
			first = &Failure{Reason: err.Error(), Err: err, Temporary: temporary}
		}
		if ended { // the later targets are not tried
			tally.Failed += len(targets) - i
			break
		}
		tally.Failed++
	}
	return tally, first
}

// deleteResult deletes the result under key. If onlyStored is true and there is no such result, it
// does nothing. deleted reports whether it has sent a DELETE that succeeded.
func deleteResult(ctx context.Context, s3 *s3lite.Client, key string, onlyStored bool) (deleted bool, err error) {
	if onlyStored {
		_, err := s3.Head(ctx, key)
		// Without s3:ListBucket, S3 answers 403 for a missing key.
		if errors.Is(err, s3lite.ErrNotFound) || errors.Is(err, s3lite.ErrDenied) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if err := s3.Delete(ctx, key); err != nil {
		return false, err
	}
	return true, nil
}
