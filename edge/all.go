package edge

// This file makes the results of one source together: it is asked for once, read once, and decoded
// once for as many results as memory allows.

import (
	"context"
	"time"

	"miniatura/codec"
	"miniatura/s3lite"
)

// MakeAll is Make for targets of one source, in their order, each with its record to each, until
// that says no. The source costs one HEAD and at most one GET, and a result one HEAD. What was
// decoded for all counts as the first one's time.
func (h *Handler) MakeAll(ctx context.Context, targets []Target, each func(Record) bool) {
	s := shelf{h: h, targets: targets, whole: stopwatch()}
	defer func() {
		if s.leave != nil {
			s.leave()
		}
	}()
	for i, t := range targets {
		if !each(t.record(func(r *Record) error { return s.make(ctx, i, r) })) {
			return
		}
	}
}

// A shelf keeps what one target of a source has in common with the next.
type shelf struct {
	h       *Handler
	targets []Target
	whole   func() Millis // how long ago the first was begun
	leave   func()        // nil until pictures of them are in memory

	key    string
	head   *s3lite.Object // without its body
	source *s3lite.Object // nil until it is read
	asked  []answered     // by target, nil until the source is read
	set    *codec.Set     // nil where there is no more than one result to make
	member []int          // by target: its job in set, or -1
}

// longTime is the least that a source's results count as having taken. A deadline is remembered of
// one that took half of the time: half of this is more than any request for that one will have.
const longTime = Millis(2 * time.Minute)

// time is how long ago the first was begun, as a deadline counts it. Other sources may have used up
// the time of this one before.
func (s *shelf) time() Millis { return max(s.whole(), longTime) }

// An answered is what S3 answered when it was asked for what is stored under a result's key.
type answered struct {
	object *s3lite.Object
	err    error
}

// make makes target i.
func (s *shelf) make(ctx context.Context, i int, r *Record) error {
	h, t := s.h, s.targets[i]
	if err := t.Valid(); err != nil {
		return err
	}
	s3 := h.client(t.Bucket, t.Region)
	lap := stopwatch()
	stored, err := s.heads(ctx, s3, i)
	r.Head = lap()
	if err != nil {
		return err
	}
	var saved rescue
	w := work{source: s.head, stored: stored, whole: s.time, resize: h.resize}
	if hit, err := h.judge(t, w, r, &saved); hit || err != nil {
		return err
	}
	if s.leave == nil {
		if s.leave, err = h.enter(ctx); err != nil {
			return err
		}
	}
	if s.source == nil {
		lap = stopwatch()
		err := s.take(ctx, s3, i)
		r.Get = lap()
		if err != nil {
			return err
		}
	}
	source := *s.source
	w.source = &source
	if s.set != nil && s.member[i] >= 0 {
		w.resize = func(ctx context.Context, _ []byte, _ func(w, h int) (int, int), _ codec.Options) ([]byte, codec.Info, error) {
			return s.set.Resize(ctx, s.member[i])
		}
	}
	return h.finish(ctx, t, w, r, &saved)
}

// heads asks for the source and for what is stored under target i's result key, if nobody has.
func (s *shelf) heads(ctx context.Context, s3 *s3lite.Client, i int) (stored *s3lite.Object, err error) {
	t := s.targets[i]
	switch {
	case s.head == nil || s.key != t.SourceKey():
		source, stored, err := heads(ctx, s3, t)
		if source != nil {
			s.key, s.head, s.source, s.asked, s.set = t.SourceKey(), source, nil, nil, nil
		}
		return stored, err
	case s.asked != nil:
		return usable(s.asked[i].object, s.asked[i].err)
	}
	return usable(s3.Head(ctx, t.ResultKey()))
}

// take reads the source for target i, and finds out which of the targets to come are made of it
// too.
func (s *shelf) take(ctx context.Context, s3 *s3lite.Client, i int) error {
	o, err := s3.Get(ctx, s.key, MaxSource)
	if err != nil {
		return err
	}
	head := *o
	head.Body = nil
	s.source, s.head = o, &head // it may have been replaced since it was asked for
	if codec.Sniff(o.Body) == nil {
		return nil // the first target's failure is every one's
	}
	s.asked, s.member = make([]answered, len(s.targets)), make([]int, len(s.targets))
	var jobs []codec.Job
	for k, t := range s.targets {
		s.member[k] = -1
		if k < i || t.SourceKey() != s.key {
			continue
		}
		if a := &s.asked[k]; k > i {
			if t.Valid() != nil {
				continue
			}
			a.object, a.err = s3.Head(ctx, t.ResultKey())
			stored, err := usable(a.object, a.err)
			if err != nil || fresh(stored, s.head, t) || s.h.known(stored, s.head, 0) != nil {
				continue
			}
		}
		s.member[k] = len(jobs)
		jobs = append(jobs, codec.Job{Fit: t.Size.Fit, Options: s.h.options(t)})
	}
	if len(jobs) > 1 {
		s.set = codec.NewSet(o.Body, jobs)
	}
	return nil
}
