package edge

// This file makes the results of one source together: it is asked for once, read once, and decoded once for as many
// results as memory allows.

import (
	"context"

	"miniatura/codec"
	"miniatura/s3lite"
)

// MakeAll is Make for targets of one source, in their order, each with its record to each, until that says no. The source
// costs one HEAD and at most one GET, and a result one HEAD. What was decoded for all counts as the first one's time.
func (h *Handler) MakeAll(ctx context.Context, targets []Target, each func(Record) bool) {
	s := shelf{single: single{h}, targets: targets, began: stopwatch()}
	defer s.empty()
	for i, t := range targets {
		s.at = i
		if !each(h.run(ctx, t, &rescue{source: &s})) {
			return
		}
	}
}

// A shelf keeps what one target of a source has in common with the next.
type shelf struct {
	single
	targets []Target
	at      int           // which of them is made
	began   func() Millis // how long ago the first was
	slot    bool          // a picture of them is in memory

	key    string
	head   *s3lite.Object // without its body
	whole  *s3lite.Object
	asked  []answered // by target, nil until the source is read
	set    *codec.Set // nil where there is no more than one result to make
	member []int      // by target: its job in set, or -1
}

// An answered is what S3 answered when it was asked for what is stored under a result's key.
type answered struct {
	object *s3lite.Object
	err    error
}

func (s *shelf) stopwatch() func() Millis { return s.began }

func (s *shelf) heads(ctx context.Context, s3 *s3lite.Client, t *Target) (source, stored *s3lite.Object, err error) {
	switch {
	case s.head == nil || s.key != t.SourceKey():
		source, stored, err = s.single.heads(ctx, s3, t)
		if source != nil {
			s.key, s.head, s.whole, s.asked, s.set = t.SourceKey(), source, nil, nil, nil
		}
		return source, stored, err
	case s.asked != nil:
		stored, err = s.asked[s.at].object, s.asked[s.at].err
	default:
		stored, err = s3.Head(ctx, t.ResultKey())
	}
	stored, err = usable(stored, err)
	return s.head, stored, err
}

// enter keeps its place until the last target is made.
func (s *shelf) enter(ctx context.Context) (leave func(), err error) {
	if !s.slot {
		if _, err := s.single.enter(ctx); err != nil {
			return nil, err
		}
		s.slot = true
	}
	return func() {}, nil
}

// empty says that no picture is left.
func (s *shelf) empty() {
	if s.slot {
		s.leave()
	}
}

func (s *shelf) take(ctx context.Context, s3 *s3lite.Client, t *Target) (*s3lite.Object, error) {
	if s.whole != nil && s.key == t.SourceKey() {
		o := *s.whole
		return &o, nil
	}
	o, err := s.single.take(ctx, s3, t)
	if err == nil {
		whole, head := *o, *o
		head.Body = nil
		s.whole, s.head = &whole, &head // it may have been replaced since it was asked for
		if codec.Sniff(o.Body) != nil { // else the first target's failure is every one's
			s.gather(ctx, s3)
		}
	}
	return o, err
}

// gather finds out which of the targets to come are made of the source too.
func (s *shelf) gather(ctx context.Context, s3 *s3lite.Client) {
	s.asked, s.member = make([]answered, len(s.targets)), make([]int, len(s.targets))
	var jobs []codec.Job
	for i, t := range s.targets {
		s.member[i] = -1
		if i < s.at || t.SourceKey() != s.key {
			continue
		}
		a := &s.asked[i]
		if i > s.at {
			if a.err = t.Valid(); a.err != nil {
				continue
			}
			a.object, a.err = s3.Head(ctx, t.ResultKey())
			stored, err := usable(a.object, a.err)
			if err != nil || fresh(stored, s.head, t) || s.h.known(stored, s.head) != nil {
				continue
			}
		}
		s.member[i] = len(jobs)
		jobs = append(jobs, codec.Job{Fit: t.Size.Fit, Options: s.h.options(&t)})
	}
	if len(jobs) > 1 {
		s.set = codec.NewSet(s.whole.Body, jobs)
	}
}

func (s *shelf) resize(ctx context.Context, t *Target, src []byte) ([]byte, codec.Info, error) {
	if s.set != nil && s.key == t.SourceKey() && s.member[s.at] >= 0 {
		return s.set.Resize(ctx, s.member[s.at])
	}
	return s.single.resize(ctx, t, src)
}
