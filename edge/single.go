package edge

// This file says what make needs of others, and gets it for one target.

import (
	"context"

	"miniatura/codec"
	"miniatura/internal/caught"
	"miniatura/s3lite"
)

// A sourcer gets for make what targets of one source may have in common.
type sourcer interface {
	// stopwatch tells how long ago the work began.
	stopwatch() func() Millis

	// heads asks for the source, and for what is stored under the result's key, which is nil when nothing usable is
	// there. An error of the source's comes first.
	heads(ctx context.Context, s3 *s3lite.Client, t *Target) (source, stored *s3lite.Object, err error)

	// enter waits until a picture may be in memory. leave says that it is not any more.
	enter(ctx context.Context) (leave func(), err error)

	// take reads the source. The object is the caller's to change, its bytes are not.
	take(ctx context.Context, s3 *s3lite.Client, t *Target) (*s3lite.Object, error)

	// resize makes t's result of src.
	resize(ctx context.Context, t *Target, src []byte) ([]byte, codec.Info, error)
}

// A single keeps nothing: there is one target.
type single struct{ h *Handler }

func (s *single) stopwatch() func() Millis { return stopwatch() }

// heads asks for both at once.
func (s *single) heads(ctx context.Context, s3 *s3lite.Client, t *Target) (source, stored *s3lite.Object, err error) {
	var storedErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				storedErr = caught.Error(p)
			}
		}()
		stored, storedErr = s3.Head(ctx, t.ResultKey())
	}()
	source, err = s3.Head(ctx, t.SourceKey())
	<-done
	if err != nil {
		return nil, nil, err
	}
	stored, err = usable(stored, storedErr)
	return source, stored, err
}

func (s *single) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.h.slots <- struct{}{}:
		return s.leave, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *single) leave() { <-s.h.slots }

func (s *single) take(ctx context.Context, s3 *s3lite.Client, t *Target) (*s3lite.Object, error) {
	return s3.Get(ctx, t.SourceKey(), MaxSource)
}

func (s *single) resize(ctx context.Context, t *Target, src []byte) ([]byte, codec.Info, error) {
	return s.h.resize(ctx, src, t.Size.Fit, s.h.options(t))
}
