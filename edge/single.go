package edge

// This file says what make needs of others, and gets it for one target.

import (
	"context"

	"miniatura/codec"
	"miniatura/s3lite"
)

// A sourcer gets for make what targets of one source may have in common.
type sourcer interface {
	// stopwatch tells how long ago the work began.
	stopwatch() func() Millis

	// look asks for the source.
	look(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error)

	// stored returns what asks for what lies under t's result key.
	stored(ctx context.Context, s3 *s3lite.Client, t Target) func() (*s3lite.Object, error)

	// enter waits until a picture may be in memory. leave says that it is not any more.
	enter(ctx context.Context) (leave func(), err error)

	// take reads the source. The object is the caller's to change, its bytes are not.
	take(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error)

	// resize makes t's result of src.
	resize(ctx context.Context, t Target, src []byte) ([]byte, codec.Info, error)
}

// A single keeps nothing: there is one target.
type single struct{ h *Handler }

func (s single) stopwatch() func() Millis { return stopwatch() }

func (s single) look(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error) {
	return s3.Head(ctx, t.SourceKey())
}

func (s single) stored(ctx context.Context, s3 *s3lite.Client, t Target) func() (*s3lite.Object, error) {
	return func() (*s3lite.Object, error) { return s3.Head(ctx, t.ResultKey()) }
}

func (s single) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.h.slots <- struct{}{}:
		return func() { <-s.h.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s single) take(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error) {
	return s3.Get(ctx, t.SourceKey(), MaxSource)
}

func (s single) resize(ctx context.Context, t Target, src []byte) ([]byte, codec.Info, error) {
	return s.h.resize(ctx, src, t.Size.Fit, s.h.options(t))
}
