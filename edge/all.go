package edge

// This file makes the results of one source together: it is asked for once and read once.

import (
	"context"

	"miniatura/s3lite"
)

// MakeAll is Make for targets of one source, in their order, each with its record to each, until that says no. The source
// costs one HEAD and at most one GET, and a result one HEAD.
func (h *Handler) MakeAll(ctx context.Context, targets []Target, each func(Record) bool) {
	var s shelf
	for _, t := range targets {
		if !each(h.run(ctx, t, &rescue{shelf: &s})) {
			return
		}
	}
}

// A shelf keeps a source for the next target. A nil shelf keeps nothing.
type shelf struct {
	key   string
	head  *s3lite.Object // without its body
	whole *s3lite.Object
}

// look asks for the source, if nobody has.
func (s *shelf) look(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error) {
	if s != nil && s.head != nil && s.key == t.SourceKey() {
		return s.head, nil
	}
	o, err := s3.Head(ctx, t.SourceKey())
	if s != nil && err == nil {
		s.key, s.head, s.whole = t.SourceKey(), o, nil
	}
	return o, err
}

// take reads the source, if nobody has. The object is the caller's to change, its bytes are not.
func (s *shelf) take(ctx context.Context, s3 *s3lite.Client, t Target) (*s3lite.Object, error) {
	if s != nil && s.whole != nil && s.key == t.SourceKey() {
		o := *s.whole
		return &o, nil
	}
	o, err := s3.Get(ctx, t.SourceKey(), MaxSource)
	if s != nil && err == nil {
		whole, head := *o, *o
		head.Body = nil
		s.whole, s.head = &whole, &head // it may have been replaced since it was asked for
	}
	return o, err
}
