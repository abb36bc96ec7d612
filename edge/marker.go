package edge

// This file remembers failures: a marker lies where the result would, so that the next request for
// what cannot be made costs two HEADs, no download and no decoding.

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"miniatura/codec"
	"miniatura/internal/caught"
	"miniatura/s3lite"
)

// The names of a marker's metadata. None of them is one of a result's: no version ever takes a
// marker for one.
const (
	metaFailedETag    = "failed-source-etag"
	metaFailedEncoder = "failed-encoder"
	metaFailedReason  = "failed-reason"
	metaFailedMemory  = "failed-memory" // MB that were not enough
	metaFailedCost    = "failed-cost"   // ms of a reference core's CPU that it takes, for which there was no time
	metaFailedUntil   = "failed-until"  // RFC 3339
	metaFailedFor     = "failed-for"    // seconds that the marker was to hold
)

const (
	firstSpan = time.Hour      // that a failure is remembered that may not be one the next time
	lastSpan  = 24 * time.Hour // what it doubles to
	maxReason = 300            // bytes; S3 takes 2 KB of metadata

	// markerTime is how long the marker of a request may take that has run out of time: within
	// margin.
	markerTime = 800 * time.Millisecond
)

// A marker says why a source has no result.
type marker struct {
	etag    string
	encoder int
	reason  string
	memory  int           // in MB: who has more tries again; 0: memory is not the reason
	cost    int           // in ms: who has as much time tries again; 0: time is not the reason
	until   time.Time     // zero: for as long as the source and the encoder are the same
	span    time.Duration // how long it was to hold
}

// readMarker returns the marker that o is, nil when it is none.
func readMarker(o *s3lite.Object) *marker {
	if o == nil || o.Metadata[metaFailedETag] == "" {
		return nil
	}
	m := marker{etag: o.Metadata[metaFailedETag], reason: o.Metadata[metaFailedReason]}
	var err error
	if m.encoder, err = strconv.Atoi(o.Metadata[metaFailedEncoder]); err != nil {
		return nil
	}
	if s := o.Metadata[metaFailedMemory]; s != "" {
		if m.memory, err = strconv.Atoi(s); err != nil || m.memory <= 0 {
			return nil
		}
	}
	if s := o.Metadata[metaFailedCost]; s != "" {
		if m.cost, err = strconv.Atoi(s); err != nil || m.cost <= 0 {
			return nil
		}
	}
	if s := o.Metadata[metaFailedUntil]; s != "" {
		m.until, err = time.Parse(time.RFC3339, s)
		seconds, _ := strconv.Atoi(o.Metadata[metaFailedFor])
		if m.span = time.Duration(seconds) * time.Second; err != nil || m.span < firstSpan || m.span > lastSpan {
			return nil
		}
	}
	return &m
}

// of reports whether m is about the source that is there now, and this encoder or a newer one.
func (m *marker) of(source *s3lite.Object) bool {
	return m != nil && source.ETag != "" && m.etag == source.ETag && m.encoder >= codec.Version
}

// known returns the error with which a request ends that would end as one did before, or nil.
// budget is the CPU that it has, as affordable tells it.
func (h *Handler) known(stored, source *s3lite.Object, budget float64) error {
	m := readMarker(stored)
	if !m.of(source) || m.memory > 0 && h.megabytes() > m.memory || m.cost > 0 && (budget <= 0 || budget >= float64(m.cost)) {
		return nil
	}
	// One that holds for longer than it was to was written by a clock that is wrong.
	if left := m.until.Sub(h.now()); !m.until.IsZero() && (left <= 0 || left > m.span) {
		return nil
	}
	return &knownError{m.reason, m.until, m.memory}
}

// A knownError ends a request that is not tried.
type knownError struct {
	reason string
	until  time.Time // zero: it lasts
	memory int       // MB that were not enough
}

// Is reports whether e is a limit to whoever asks. A panic and a deadline are like one: they say
// nothing of other results of the source.
func (e *knownError) Is(target error) bool {
	return (e.memory > 0 || !e.until.IsZero()) && target == codec.ErrLimit
}

func (e *knownError) Error() string {
	s := "known: " + e.reason
	if !e.until.IsZero() {
		s += ", not tried again before " + e.until.Format(time.RFC3339)
	}
	return s
}

// remember leaves a marker, if err is a failure that comes again. It never replaces what was stored
// meanwhile, nor a result of the same source: an older one is better than the reason why there is
// no newer one.
func (h *Handler) remember(ctx context.Context, t Target, source, stored *s3lite.Object, err error) {
	m := map[string]string{
		metaFailedETag:    source.ETag,
		metaFailedEncoder: strconv.Itoa(codec.Version),
		metaFailedReason:  asHeader(err.Error()),
	}
	panicked, late := caught.Is(err), errors.Is(err, context.DeadlineExceeded)
	switch {
	case source.ETag == "" || sameSource(stored, source) || !panicked && errors.Is(err, context.Canceled):
		return
	case panicked, late:
		span := firstSpan
		if old := readMarker(stored); old.of(source) && !old.until.IsZero() {
			span = min(2*old.span, lastSpan)
		}
		m[metaFailedUntil] = h.now().Add(span).UTC().Format(time.RFC3339)
		m[metaFailedFor] = strconv.Itoa(int(span / time.Second))
	}
	if e, ok := errors.AsType[*costError](err); ok {
		m[metaFailedCost] = strconv.Itoa(int(math.Ceil(e.cost)))
	} else if !panicked && (late || errors.Is(err, codec.ErrLimit)) {
		m[metaFailedMemory] = strconv.Itoa(h.megabytes()) // CPU comes with it
	}
	o := s3lite.PutOptions{ContentType: "text/plain", CacheControl: "no-store", Metadata: m, IfNoneMatch: "*"}
	if stored != nil {
		o.IfNoneMatch, o.IfMatch = "", stored.ETag
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markerTime)
	defer cancel()
	h.client(t.Bucket, t.Region).Put(ctx, t.ResultKey(), nil, o) // without one, the next request finds out again
}

// megabytes is the memory that decides what is refused.
func (h *Handler) megabytes() int {
	memory := h.cfg.Memory
	if memory <= 0 {
		memory = codec.DefaultMemory
	}
	return int((memory + 1<<20 - 1) >> 20)
}

// asHeader returns s as a header's value can be.
func asHeader(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s[:min(len(s), maxReason)]), " ")
}
