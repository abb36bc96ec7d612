package edge

// This file relates stored objects to each other: whether an object is a result, of which source,
// and whether it is up to date.

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"miniatura/codec"
	"miniatura/internal/caught"
	"miniatura/s3lite"
)

// ErrResult is the error for a source that is a result itself, in this folder for results or in
// another one. No result of it is made: results of results would fill the bucket.
var ErrResult = errors.New("the source carries our metadata: it is a result itself")

// errArchived is the error for a source that S3 does not hand out before it is restored.
var errArchived = errors.New("the source is in an archive and is not restored")

// The names of a result's metadata, without S3's prefix x-amz-meta-.
const (
	metaETag     = "source-etag"
	metaEncoder  = "encoder"
	metaQuality  = "quality"
	metaWidth    = "width"
	metaHeight   = "height"
	metaCacheTag = "cache-tag"
)

// heads asks for the source and for what is stored under the result's key, both at once. stored is
// nil when nothing usable is stored. When both requests fail, the error is that of the source.
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

// usable turns S3's answer for a result's key into the stored object, or nil when there is none
// that can be used.
func usable(o *s3lite.Object, err error) (*s3lite.Object, error) {
	switch {
	case errors.Is(err, s3lite.ErrNotFound), errors.Is(err, s3lite.ErrDenied):
		return nil, nil // without s3:ListBucket, S3 answers 403 for a missing key
	case err == nil && o.Archived():
		return nil, nil // CloudFront could not read an archived object
	}
	return o, err
}

// isResult reports whether o is a result, in any folder. A nil o is not one.
func isResult(o *s3lite.Object) bool {
	if o == nil || o.Metadata[metaETag] == "" {
		return false
	}
	_, err := strconv.Atoi(o.Metadata[metaEncoder])
	return err == nil
}

// isOurs reports whether o is a result, or a marker in the place of a result.
func isOurs(o *s3lite.Object) bool { return isResult(o) || readMarker(o) != nil }

// sameSource reports whether stored is a result of the present version of source, of any encoder's
// version and at any quality.
func sameSource(stored, source *s3lite.Object) bool {
	return isResult(stored) && source.ETag != "" && stored.Metadata[metaETag] == source.ETag
}

// isOfEarlier reports whether stored is a result, or a marker, of another version of source than
// the present one.
func isOfEarlier(stored, source *s3lite.Object) bool {
	if !isOurs(stored) || source.ETag == "" {
		return false
	}
	m := stored.Metadata // a result has metaETag, a marker metaFailedETag
	return m[metaETag] != source.ETag && m[metaFailedETag] != source.ETag
}

// isFresh reports whether stored is the result that would be made now: of the present version of
// source, at t's quality, with the source's cache tag and present headers, by this encoder's
// version or a newer one. A newer version counts so that two versions that run during a rollout do
// not replace each other's results. The headers are compared because a copy of a source onto itself
// changes the headers and not the ETag.
func isFresh(stored, source *s3lite.Object, t Target) bool {
	if !sameSource(stored, source) {
		return false
	}
	m := stored.Metadata
	encoder, _ := strconv.Atoi(m[metaEncoder]) // a number: see isResult
	older := encoder < codec.Version
	otherQuality := m[metaQuality] != strconv.Itoa(t.Quality)
	otherTag := m[metaCacheTag] != CacheTag(t.SourceKey())
	if older || otherQuality || otherTag {
		return false
	}
	want := keptHeaders(source, new(Record)) // the Record only receives notes, which are not needed
	return sameHeader(stored.CacheControl, want.CacheControl) &&
		sameHeader(stored.Expires, want.Expires) &&
		sameHeader(stored.ContentLanguage, want.ContentLanguage) &&
		sameHeader(stored.ContentDisposition, want.ContentDisposition)
}

// sameHeader reports whether a and b are the same value of a header. White space does not count,
// because HTTP does not preserve it.
func sameHeader(a, b string) bool {
	return a == b || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// maxKept is how many bytes the values of the headers that a result keeps may have together. S3
// accepts 2 KB, in which the names and Content-Type count too.
const maxKept = 1536

// keptHeaders returns the source's headers that are true of the result too. Content-Encoding is not
// among them: the result is not compressed again. A value that S3 might refuse is left out, and r's
// note says so: one bad header must not prevent that the result is stored.
func keptHeaders(source *s3lite.Object, r *Record) (o s3lite.PutOptions) {
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

// printable reports whether all of s is printable ASCII, as S3 requires of a header.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// resultOptions returns the headers and metadata that a result is stored with.
func resultOptions(t Target, source *s3lite.Object, info codec.Info, r *Record) s3lite.PutOptions {
	o := keptHeaders(source, r)
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
