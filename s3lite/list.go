//go:build !edge

package s3lite

// This file lists a bucket with ListObjectsV2.

import (
	"bytes"
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxPage is the largest page of a listing that is read, in bytes. A page has up to 1,000 keys of
// up to 1,024 bytes, percent-encoded, in XML.
const maxPage = 8 << 20

// List yields the objects whose keys begin with prefix, in the order of the keys' bytes. Only Key,
// Size, ETag and LastModified of an object are set. At the first error, List yields a nil Object
// with the error, and ends.
func (c *Client) List(ctx context.Context, prefix string) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		query := [][2]string{{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}}
		for {
			q := &request{op: "LIST", method: http.MethodGet, query: canonicalQuery(query), limit: maxPage}
			o, err := c.do(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			var page struct {
				IsTruncated                         bool
				NextContinuationToken, EncodingType string
				Contents                            []struct {
					Key, ETag    string
					Size         int64
					LastModified time.Time
				}
			}
			fail := func(err error) {
				yield(nil, &Error{Op: "LIST", Bucket: c.Bucket, Key: prefix, Status: 200, Attempts: 1, Kind: ErrRejected, Err: err})
			}
			if err := xml.NewDecoder(bytes.NewReader(o.Body)).Decode(&page); err != nil {
				fail(err)
				return
			}
			for _, f := range page.Contents {
				key := f.Key
				if page.EncodingType == "url" { // some servers ignore encoding-type
					if key, err = url.QueryUnescape(f.Key); err != nil {
						fail(err)
						return
					}
				}
				if !yield(&Object{Key: key, Size: f.Size, ETag: f.ETag, LastModified: f.LastModified}, nil) {
					return
				}
			}
			if !page.IsTruncated || page.NextContinuationToken == "" {
				return
			}
			// The first three parameters stay; a new token replaces the previous one.
			query = append(query[:3:3], [2]string{"continuation-token", page.NextContinuationToken})
		}
	}
}

// canonicalQuery encodes (name, value) pairs and sorts them by name, then value. Sorting strings
// "name=value" would be wrong, because '-' and '.' come before '='.
func canonicalQuery(query [][2]string) string {
	pairs := make([][2]string, len(query))
	for i, p := range query {
		pairs[i] = [2]string{escape(p[0]), escape(p[1])}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}
