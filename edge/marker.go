package edge

// This file remembers failures. A marker is an empty object in the place of the result, so that the
// next request for a picture that cannot be made costs two HEADs, no download and no decoding.

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

// The names of a marker's metadata. None of them is a name of a result's metadata, so no version
// mistakes a marker for a result.
const (
	metaFailedETag    = "failed-source-etag"
	metaFailedEncoder = "failed-encoder"
	metaFailedReason  = "failed-reason"
	metaFailedMemory  = "failed-memory" // the memory that was not enough, in MB
	metaFailedCost    = "failed-cost"   // the cost that was too much, in ms of a reference core
	metaFailedUntil   = "failed-until"  // RFC 3339
	metaFailedFor     = "failed-for"    // from the writing of the marker to metaFailedUntil, in seconds
)

const (
	// A failure that may pass is remembered for firstSpan. Each time that it comes again, the span
	// is doubled, up to lastSpan.
	firstSpan = time.Hour
	lastSpan  = 24 * time.Hour

	maxReason = 300 // the longest reason in a marker, in bytes; S3 accepts 2 KB of metadata

	// markerTime is how long the PUT of a marker may take. It is less than margin, so that the
	// marker of a request that ran out of time is stored before the answer.
	markerTime = 800 * time.Millisecond
)

// A marker says why a source has no result.
type marker struct {
	etag    string
	encoder int // the encoder's version
	reason  string
	memory  int           // in MB: a function with more memory tries again; 0: memory is not the reason
	cost    int           // in ms: a function with at least that CPU time tries again; 0: time is not the reason
	until   time.Time     // when the marker expires; zero: when the source or the encoder changes
	span    time.Duration // from the writing of the marker to until; 0 when until is zero
}

// readMarker returns the marker in o's metadata, or nil when there is no valid one.
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
		if m.until, err = time.Parse(time.RFC3339, s); err != nil {
			return nil
		}
		seconds, _ := strconv.Atoi(o.Metadata[metaFailedFor])
		m.span = time.Duration(seconds) * time.Second
		if m.span < firstSpan || m.span > lastSpan {
			return nil
		}
	}
	return &m
}

// isAbout reports whether m was written for the present version of source, by this encoder's
// version or a newer one. A nil m was written for nothing.
func (m *marker) isAbout(source *s3lite.Object) bool {
	return m != nil && source.ETag != "" && m.etag == source.ETag && m.encoder >= codec.Version
}

// knownFailure returns a knownError if a marker says that this request would fail again, or else
// nil. stored is the object under the result's key, which may be a marker, or nil. budget is the
// request's CPU time, in milliseconds of the reference core; 0 means that there is no limit.
func (h *Handler) knownFailure(stored, source *s3lite.Object, budget float64) error {
	m := readMarker(stored)
	if !m.isAbout(source) {
		return nil
	}
	moreMemory := m.memory > 0 && h.megabytes() > m.memory
	enoughTime := m.cost > 0 && (budget <= 0 || budget >= float64(m.cost))
	if moreMemory || enoughTime {
		return nil
	}
	if !m.until.IsZero() {
		left := m.until.Sub(h.now())
		expired := left <= 0
		wrongClock := left > m.span // more is left than the marker had when it was written
		if expired || wrongClock {
			return nil
		}
	}
	return &knownError{m.reason, m.until, m.memory}
}

// A knownError is the error of a request that was not tried, because a marker says that the request
// would fail.
type knownError struct {
	reason string
	until  time.Time // as in the marker
	memory int       // as in the marker
}

// Is lets some remembered failures count as codec.ErrLimit, because they say nothing about the
// other results of the source: a panic, a deadline, and a limit for which remember notes the
// memory.
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

// remember stores a marker if err is a failure that would come again. The marker replaces neither
// an object that was stored in the meantime nor a result of the same source: an older result is
// more useful than the reason why there is no newer one.
func (h *Handler) remember(ctx context.Context, t Target, source, stored *s3lite.Object, err error) {
	m := map[string]string{
		metaFailedETag:    source.ETag,
		metaFailedEncoder: strconv.Itoa(codec.Version),
		metaFailedReason:  asHeader(err.Error()),
	}
	panicked, late := caught.Is(err), errors.Is(err, context.DeadlineExceeded)
	canceled := !panicked && errors.Is(err, context.Canceled) // says nothing about the picture
	switch {
	case source.ETag == "" || sameSource(stored, source) || canceled:
		return
	case panicked, late: // may pass, so the marker expires
		span := firstSpan
		if old := readMarker(stored); old.isAbout(source) && !old.until.IsZero() {
			span = min(2*old.span, lastSpan)
		}
		m[metaFailedUntil] = h.now().Add(span).UTC().Format(time.RFC3339)
		m[metaFailedFor] = strconv.Itoa(int(span / time.Second))
	}
	if e, ok := errors.AsType[*costError](err); ok {
		m[metaFailedCost] = strconv.Itoa(int(math.Ceil(e.cost)))
	} else if !panicked && (late || errors.Is(err, codec.ErrLimit)) {
		// More memory helps in both cases: a function with more memory has more CPU.
		m[metaFailedMemory] = strconv.Itoa(h.megabytes())
	}
	// The PUT may replace only the object that this request has seen, or nothing if it saw none.
	o := s3lite.PutOptions{ContentType: "text/plain", CacheControl: "no-store", Metadata: m, IfNoneMatch: "*"}
	if stored != nil {
		o.IfNoneMatch, o.IfMatch = "", stored.ETag
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markerTime)
	defer cancel()
	// If the PUT fails, the next request tries to make the picture again.
	h.client(t.Bucket, t.Region).Put(ctx, t.ResultKey(), nil, o)
}

// megabytes returns the memory that the codec may use, in MB, rounded up.
func (h *Handler) megabytes() int {
	memory := h.cfg.Memory
	if memory <= 0 {
		memory = codec.DefaultMemory
	}
	return int((memory + 1<<20 - 1) >> 20)
}

// asHeader returns s as a valid header value of at most maxReason bytes. Each character that is not
// printable ASCII becomes a question mark, a long end is cut off, and several spaces become one.
func asHeader(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	s = s[:min(len(s), maxReason)]
	return strings.Join(strings.Fields(s), " ")
}
