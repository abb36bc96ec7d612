package s3test

// This file answers ListObjectsV2.

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// An entry is an object in a listing.
type entry struct {
	key, etag string
	size      int64
	modified  time.Time
	class     string // "": STANDARD
}

// listRange returns which part of a listing the parameters q ask for: at most limit keys, which all
// follow lastKey in the order. If lastKey is "", the part begins with the first key.
func listRange(q url.Values) (lastKey string, limit int, err error) {
	for name := range q {
		switch name {
		case "list-type", "prefix", "start-after", "max-keys", "continuation-token", "encoding-type":
		default:
			return "", 0, fail(501, "NotImplemented")
		}
	}
	if q.Get("list-type") != "2" {
		return "", 0, fail(501, "NotImplemented")
	}
	limit = 1000
	if m := q.Get("max-keys"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 0 {
			return "", 0, fail(400, "InvalidArgument")
		}
		limit = min(n, limit)
	}
	lastKey = q.Get("start-after")
	if t := q.Get("continuation-token"); t != "" {
		b, err := base64.URLEncoding.DecodeString(t)
		if err != nil {
			return "", 0, fail(400, "InvalidArgument")
		}
		lastKey = string(b)
	}
	return lastKey, limit, nil
}

// list answers ListObjectsV2 with the parameters prefix, start-after, max-keys, continuation-token
// and encoding-type.
func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	lastKey, limit, err := listRange(q)
	if err != nil {
		return err
	}
	spell := func(key string) string { return key } // returns key as the answer spells it
	if q.Get("encoding-type") == "url" {
		spell = func(key string) string {
			return strings.NewReplacer("%2F", "/", "%20", "+").Replace(encode(key))
		}
	}
	all, err := s.store.list(q.Get("prefix"))
	if err != nil {
		return err
	}
	if lastKey != "" {
		first := sort.Search(len(all), func(i int) bool { return all[i].key > lastKey })
		all = all[first:]
	}

	type contents struct {
		Key, LastModified, ETag string
		Size                    int64
		StorageClass            string
	}
	page := struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name, Prefix          string
		KeyCount, MaxKeys     int
		EncodingType          string `xml:",omitempty"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []contents
	}{Name: s.c.Bucket, Prefix: spell(q.Get("prefix")), MaxKeys: limit, EncodingType: q.Get("encoding-type")}
	if len(all) > limit {
		all = all[:limit]
		page.IsTruncated = true
		if limit > 0 {
			page.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(all[limit-1].key))
		}
	}
	page.KeyCount = len(all)
	for _, e := range all {
		page.Contents = append(page.Contents, contents{
			Key:          spell(e.key),
			LastModified: e.modified.UTC().Format("2006-01-02T15:04:05.000Z"),
			ETag:         e.etag,
			Size:         e.size,
			StorageClass: cmp.Or(e.class, "STANDARD"),
		})
	}
	b, err := xml.Marshal(page)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(200) // without Content-Length, so that the answer is chunked, as S3's is
	w.Write([]byte(xml.Header))
	w.Write(b)
	http.NewResponseController(w).Flush()
	return nil
}
