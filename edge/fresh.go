package edge

// This file says what objects are to each other: whether a stored one is a result, and of which
// source.

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"miniatura/codec"
	"miniatura/internal/caught"
	"miniatura/s3lite"
)

// ErrResult is why a source goes through as it is that was made here, in this folder for results or
// in another one: results of results would fill the bucket.
var ErrResult = errors.New("the source carries our metadata: it is a result itself")

// errArchived is why a source goes through that S3 would not hand out.
var errArchived = errors.New("the source lies in an archive and is not restored")

// The names of a result's metadata, without S3's prefix x-amz-meta-.
const (
	metaETag     = "source-etag"
	metaEncoder  = "encoder"
	metaQuality  = "quality"
	metaWidth    = "width"
	metaHeight   = "height"
	metaCacheTag = "cache-tag"
)

// heads asks at once for the source, and for what is stored under the result's key, which is nil
// when nothing usable is there. An error of the source's comes first.
func heads(ctx context.Context, s3 *s3lite.Client, t Target) (source, stored *s3lite.Object, err error) {
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

// usable returns what is stored under a result's key as far as it is of use, from S3's answer.
func usable(o *s3lite.Object, err error) (*s3lite.Object, error) {
	switch {
	case errors.Is(err, s3lite.ErrNotFound), errors.Is(err, s3lite.ErrDenied):
		return nil, nil // without s3:ListBucket a missing key answers 403
	case err == nil && o.Archived():
		return nil, nil // CloudFront could not read it
	}
	return o, err
}

// isResult reports whether o is a result, whoever asked for it and wherever it lies. A nil o is
// none.
func isResult(o *s3lite.Object) bool {
	if o == nil || o.Metadata[metaETag] == "" {
		return false
	}
	_, err := strconv.Atoi(o.Metadata[metaEncoder])
	return err == nil
}

// ours reports whether o is a result or a marker in the place of one.
func ours(o *s3lite.Object) bool { return isResult(o) || readMarker(o) != nil }

// sameSource reports whether stored is a result of the source that is there now, by whatever
// encoder, at whatever quality.
func sameSource(stored, source *s3lite.Object) bool {
	return isResult(stored) && source.ETag != "" && stored.Metadata[metaETag] == source.ETag
}

// ofEarlier reports whether stored is a result, or a marker, of another source than the one that is
// there now.
func ofEarlier(stored, source *s3lite.Object) bool {
	return ours(stored) && source.ETag != "" && stored.Metadata[metaETag] != source.ETag && stored.Metadata[metaFailedETag] != source.ETag
}

// fresh reports whether stored is the result that would be made now: of this source, at the quality
// that is asked for, with the headers that the source has now, by this encoder or a newer one: two
// versions during a rollout do not fight. A copy of a source onto itself changes its headers and
// not its ETag.
func fresh(stored, source *s3lite.Object, t Target) bool {
	if !sameSource(stored, source) {
		return false
	}
	m := stored.Metadata
	encoder, _ := strconv.Atoi(m[metaEncoder])
	want := keep(source, new(Record))
	return encoder >= codec.Version && m[metaQuality] == strconv.Itoa(t.Quality) && m[metaCacheTag] == CacheTag(t.SourceKey()) &&
		sameHeader(stored.CacheControl, want.CacheControl) && sameHeader(stored.Expires, want.Expires) &&
		sameHeader(stored.ContentLanguage, want.ContentLanguage) && sameHeader(stored.ContentDisposition, want.ContentDisposition)
}

// sameHeader compares two values but for white space, which HTTP does not promise to keep.
func sameHeader(a, b string) bool {
	return a == b || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// maxKept is how many bytes of the source's headers a result keeps. S3 takes 2 KB of them, names
// and Content-Type included.
const maxKept = 1536

// keep returns what a source's answer says that holds for its result too. It is never
// Content-Encoding: the result is not encoded. A value that S3 might refuse is left out, with a
// word in the log, since it must not keep a picture from being stored.
func keep(source *s3lite.Object, r *Record) (o s3lite.PutOptions) {
	left := maxKept
	for _, h := range []struct {
		name, value string
		to          *string
	}{
		{"Cache-Control", source.CacheControl, &o.CacheControl},
		{"Expires", source.Expires, &o.Expires},
		{"Content-Language", source.ContentLanguage, &o.ContentLanguage},
		{"Content-Disposition", source.ContentDisposition, &o.ContentDisposition},
	} {
		switch {
		case !printable(h.value):
			r.note(h.name + " dropped: not printable ASCII")
		case len(h.value) > left:
			r.note(h.name + " dropped: too long")
		default:
			*h.to = h.value
			left -= len(h.value)
		}
	}
	return o
}

// printable reports whether a header can carry s.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// resultOptions are what a result is stored with.
func resultOptions(t Target, source *s3lite.Object, info codec.Info, r *Record) s3lite.PutOptions {
	o := keep(source, r)
	o.ContentType = info.ContentType
	o.Metadata = map[string]string{
		metaETag:     source.ETag,
		metaEncoder:  strconv.Itoa(codec.Version),
		metaQuality:  strconv.Itoa(t.Quality),
		metaWidth:    strconv.Itoa(info.OutW),
		metaHeight:   strconv.Itoa(info.OutH),
		metaCacheTag: CacheTag(t.SourceKey()),
	}
	return o
}
