package edge

// This file makes several results of one source together: the source is fetched once, and decoded
// once for as many results as memory allows.

import (
	"context"
	"time"

	"miniatura/codec"
	"miniatura/s3lite"
)

// MakeAll makes every target in order, as Make does, and passes every Record to report. It stops
// when report returns false. The targets should have one source. Then, unless something fails,
// there are one HEAD and at most one GET of the source, and one HEAD of each result. The source is
// decoded with the first result that is made, and the time is in that result's Record.
func (h *Handler) MakeAll(ctx context.Context, targets []Target, report func(Record) bool) {
	s := shelf{h: h, targets: targets, elapsed: stopwatch()}
	defer func() {
		if s.leave != nil {
			s.leave()
		}
	}()
	for i, t := range targets {
		if !report(t.record(func(r *Record) error { return s.make(ctx, i, r) })) {
			return
		}
	}
}

// A shelf keeps what the targets share, as long as they have one source.
type shelf struct {
	h       *Handler
	targets []Target
	elapsed func() Millis // time since the first target was begun
	leave   func()        // from enter: allows another picture in memory; nil before enter

	key     string         // of the source
	head    *s3lite.Object // the source without its body
	source  *s3lite.Object // the source with its body; nil until readSource
	answers []headAnswer   // by target; nil until readSource
	set     *codec.Set     // nil when at most one result has to be made
	job     []int          // by target: the index of its job in set, or -1
}

// longTime is the least that spent returns. finish remembers a deadline only if the picture took at
// least half of what spent returns, so never for a picture that took less than a minute.
//
// A Lambda function that works on several sources may meet the deadline in a picture of a few
// seconds, because the other sources used up the time.
const longTime = Millis(2 * time.Minute)

// spent returns the time since the first target was begun, but at least longTime.
func (s *shelf) spent() Millis { return max(s.elapsed(), longTime) }

// A headAnswer is S3's answer to the HEAD of a result's key.
type headAnswer struct {
	object *s3lite.Object
	err    error
}

// make makes target i and fills in its record.
func (s *shelf) make(ctx context.Context, i int, r *Record) error {
	h, t := s.h, s.targets[i]
	if err := t.Valid(); err != nil {
		return err
	}
	// HEADs.
	s3 := h.client(t.Bucket, t.Region)
	lap := stopwatch()
	stored, err := s.lookUp(ctx, s3, i)
	r.Head = lap()
	if err != nil {
		return err
	}
	var saved rescue
	w := work{source: s.head, stored: stored, elapsed: s.spent, resize: h.resize}
	if hit, err := h.judge(t, w, r, &saved); hit || err != nil {
		return err
	}
	// GET, for the first result that has to be made.
	if s.leave == nil {
		if s.leave, err = h.enter(ctx); err != nil {
			return err
		}
	}
	if s.source == nil {
		lap = stopwatch()
		err := s.readSource(ctx, s3, i)
		r.Get = lap()
		if err != nil {
			return err
		}
	}
	// Resize and PUT. finish sets the body of w.source to nil, so w gets a copy of the Object.
	source := *s.source
	w.source = &source
	if s.set != nil && s.job[i] >= 0 {
		w.resize = func(ctx context.Context, _ []byte, _ func(w, h int) (int, int), _ codec.Options) ([]byte, codec.Info, error) {
			return s.set.Resize(ctx, s.job[i])
		}
	}
	return h.finish(ctx, t, w, r, &saved)
}

// lookUp returns what is stored under target i's result key. It sends a HEAD for the source and one
// for the result, except where s has S3's answer already.
func (s *shelf) lookUp(ctx context.Context, s3 *s3lite.Client, i int) (stored *s3lite.Object, err error) {
	t := s.targets[i]
	switch {
	case s.head == nil || s.key != t.SourceKey(): // the first target of its source
		source, stored, err := heads(ctx, s3, t)
		if source != nil {
			s.key, s.head, s.source, s.answers, s.set = t.SourceKey(), source, nil, nil, nil
		}
		return stored, err
	case s.answers != nil: // readSource has sent the HEAD
		return usable(s.answers[i].object, s.answers[i].err)
	}
	return usable(s3.Head(ctx, t.ResultKey()))
}

// readSource reads the source for target i, whose result has to be made. It sends HEADs for the
// results of the later targets with the same source, and puts all results that have to be made into
// one set.
func (s *shelf) readSource(ctx context.Context, s3 *s3lite.Client, i int) error {
	o, err := s3.Get(ctx, s.key, MaxSource)
	if err != nil {
		return err
	}
	head := *o
	head.Body = nil
	s.source, s.head = o, &head // the source may have been replaced since its HEAD
	if codec.Sniff(o.Body) == nil {
		return nil // every target fails in the same way
	}
	s.answers, s.job = make([]headAnswer, len(s.targets)), make([]int, len(s.targets))
	var jobs []codec.Job
	for k, t := range s.targets {
		s.job[k] = -1
		if k < i || t.SourceKey() != s.key {
			continue
		}
		// For target i, judge has decided already.
		if k > i && !s.lookAhead(ctx, s3, k) {
			continue
		}
		s.job[k] = len(jobs)
		jobs = append(jobs, codec.Job{Fit: t.Size.Fit, Options: s.h.options(t)})
	}
	if len(jobs) > 1 {
		s.set = codec.NewSet(o.Body, jobs)
	}
	return nil
}

// lookAhead sends the HEAD for the result of target k, keeps the answer, and reports whether the
// result has to be made. It sends no HEAD for a target that is not valid.
func (s *shelf) lookAhead(ctx context.Context, s3 *s3lite.Client, k int) bool {
	t := s.targets[k]
	if t.Valid() != nil {
		return false
	}
	o, err := s3.Head(ctx, t.ResultKey())
	s.answers[k] = headAnswer{o, err}
	stored, err := usable(o, err)
	if err != nil || isFresh(stored, s.head, t) {
		return false
	}
	return s.h.knownFailure(stored, s.head, 0) == nil
}
