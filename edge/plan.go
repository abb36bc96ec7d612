package edge

// This file turns an event into a Target: which source, which size, and where the result is stored.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"miniatura/codec"
	"miniatura/s3lite"
	"miniatura/sizes"
)

// maxKey is the length of the longest object key that S3 accepts, in bytes.
const maxKey = 1024

// A Target is one result to be made: a source, a size, a format, and the place where the result is
// stored.
type Target struct {
	Bucket  string
	Region  string
	Path    string // the origin's path, a folder of the bucket that CloudFront prepends to keys; "" or "a/b"
	Key     string // the source's key below Path, as the URL names it, decoded
	Size    sizes.Size
	WebP    bool
	Resized string // the folder for results, a folder below Path; no slashes at its ends
	Quality int    // 1-100
}

// SourceKey returns the source object's key in the bucket.
func (t Target) SourceKey() string { return join(t.Path, t.Key) }

// ResultKey returns the result object's key in the bucket.
func (t Target) ResultKey() string { return join(t.Path, t.result()) }

// URI returns the path at which CloudFront finds the result, percent-encoded. It does not have the
// origin's path, which CloudFront prepends.
func (t Target) URI() string { return "/" + EscapePath(t.result()) }

// result returns the result's key below Path. The format is part of the folder, so that no two
// results have the same key, even when the sources x.jpg and x.jpg.webp are in one folder.
func (t Target) result() string {
	if t.WebP {
		return t.Resized + "/" + t.Size.Name + "-webp/" + t.Key + ".webp"
	}
	return t.Resized + "/" + t.Size.Name + "/" + t.Key
}

// format returns the result's format, or nil for the source's own format.
func (t Target) format() *codec.Format {
	if t.WebP {
		return codec.WebP
	}
	return nil
}

// CacheTag returns the tag that all results of one source carry, whatever their size and format,
// for CloudFront's invalidation by tag: "m-" and the first 32 hex digits of the SHA-256 of the
// source's key in the bucket.
func CacheTag(sourceKey string) string {
	sum := sha256.Sum256([]byte(sourceKey))
	return "m-" + hex.EncodeToString(sum[:16])
}

// Valid returns an error that says why t cannot be made, or nil when t can be tried. Valid sends no
// request.
func (t Target) Valid() error {
	switch {
	case t.Resized == "":
		return errors.New("the resized path is empty")
	case t.Key == "" || strings.HasSuffix(t.Key, "/"):
		return errors.New("the key names no object")
	case !utf8.ValidString(t.Key):
		return errors.New("the key is not UTF-8")
	case !HasExtension(t.Key):
		return errors.New("not a picture's extension")
	case IsBelow(t.Key, t.Resized):
		return errors.New("already below the resized path")
	case len(t.ResultKey()) > maxKey: // the source's key is shorter
		return fmt.Errorf("the result's key is over %d bytes", maxKey)
	}
	return nil
}

// IsBelow reports whether key lies in folder, as key is spelled or after its extra slashes and dot
// segments are resolved. A key in the folder for results is never resized again.
func IsBelow(key, folder string) bool {
	resolved := strings.TrimPrefix(path.Clean("/"+key), "/")
	return resolved == folder ||
		strings.HasPrefix(resolved, folder+"/") ||
		strings.HasPrefix(key, folder+"/")
}

// HasExtension reports whether key ends in the extension of a format that codec reads, in any
// letter case.
func HasExtension(key string) bool {
	return codec.FormatOf(key) != nil
}

// CleanFolder returns a folder setting without extra slashes: "/a//b/" becomes "a/b". It returns an
// error for an empty folder and for one with a dot segment.
func CleanFolder(s string) (string, error) {
	var parts []string
	for p := range strings.SplitSeq(strings.TrimSpace(s), "/") {
		switch p {
		case "":
		case ".", "..":
			return "", fmt.Errorf("%q has a dot segment", s)
		default:
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return "", errors.New("empty")
	}
	return strings.Join(parts, "/"), nil
}

// ParseQuality returns the quality in s, the text of a setting, clamped to 1-100. It returns an
// error when s is not a whole number.
func ParseQuality(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range: n is the nearest int
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return min(max(n, 1), 100), nil
}

// A Plan says what the Lambda function is to do with an event. It is made from the event alone.
type Plan struct {
	Target
	RequestID string
	Skip      error // why the request goes on unchanged; nil when a result is wanted

	request     json.RawMessage
	method, uri string // of the request
}

// NewPlan reads an origin-request event. It returns an error only when the event holds no request.
func NewPlan(raw []byte) (Plan, error) {
	req, id, eventType, err := cutRequest(raw)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{RequestID: id, request: req}
	p.Skip = p.read(eventType)
	return p, nil
}

// read reads the request into p's Target. An error says why the request goes on unchanged. Target
// then holds what was read before the error.
func (p *Plan) read(eventType string) (err error) {
	var r request
	if err := json.Unmarshal(p.request, &r); err != nil {
		return fmt.Errorf("the request is not understood: %w", err)
	}
	p.method, p.uri = r.Method, r.URI
	t := &p.Target
	if t.Key, err = ObjectKey(r.URI); err != nil {
		return err
	}
	if eventType != "" && eventType != "origin-request" {
		return fmt.Errorf("a %s event, not an origin-request", eventType)
	}
	if r.Method != "GET" && r.Method != "HEAD" {
		return fmt.Errorf("method %.10q", r.Method)
	}
	name, webp, ok := ParseQuery(r.QueryString)
	if !ok {
		return errors.New("no size, or none of that name")
	}
	t.Size, _ = sizes.Parse(name)
	t.WebP = webp
	if r.Origin == nil || r.Origin.S3 == nil {
		return errors.New("missing: an S3 origin")
	}
	s3 := r.Origin.S3
	folder, err := unescape(s3.Path)
	if err != nil {
		return fmt.Errorf("the origin's path: %w", err)
	}
	t.Path = strings.Trim(folder, "/")
	if err := settings(t, s3.CustomHeaders); err != nil {
		return err
	}
	bucket, region, err := s3lite.ParseDomain(s3.DomainName)
	if err != nil {
		return fmt.Errorf("the origin %.100q: %w", s3.DomainName, err)
	}
	if bucket != t.Bucket {
		return fmt.Errorf("%s is %q, but the origin is bucket %q", HeaderBucketName, t.Bucket, bucket)
	}
	t.Region = region
	return t.Valid()
}

// settings reads the custom headers with the settings into t. The error names every header that is
// missing or wrong, so that one log line is enough to repair a deployment.
func settings(t *Target, h map[string][]Header) error {
	var bad []string
	get := func(name string) string {
		if v := h[name]; len(v) > 0 && strings.TrimSpace(v[0].Value) != "" {
			return v[0].Value
		}
		bad = append(bad, "missing: "+name)
		return ""
	}
	if v := get(HeaderResizedPath); v != "" {
		f, err := CleanFolder(v)
		if err != nil {
			bad = append(bad, HeaderResizedPath+": "+err.Error())
		}
		t.Resized = f
	}
	t.Bucket = strings.TrimSpace(get(HeaderBucketName))
	if v := get(HeaderQuality); v != "" {
		q, err := ParseQuality(v)
		if err != nil {
			bad = append(bad, HeaderQuality+": "+err.Error())
		}
		t.Quality = q
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "; "))
	}
	return nil
}

// join returns folder/key, or key if folder is "".
func join(folder, key string) string {
	if folder == "" {
		return key
	}
	return folder + "/" + key
}
