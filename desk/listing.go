package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"miniatura/edge"
	"miniatura/s3lite"
)

// This file says which objects of a bucket are pictures, in which order people see them, and what
// they do not see.

// listLimit is how many keys are listed: a bucket may hold millions, and results before the first
// picture.
const listLimit = 50_000

// A listing is what a bucket holds, for people.
type listing struct {
	objects []*s3lite.Object // pictures, those that dotted reports last
	dotted  int              // how many those are
	foreign map[string]int   // pictures that the function does not act on, by format
	more    bool             // there may be more than were looked at
}

// foreignNames are the extensions of pictures that cameras and programs write and the function does
// not read.
var foreignNames = map[string]string{
	".heic": "HEIC", ".heif": "HEIC", ".avif": "AVIF", ".jxl": "JPEG XL", ".tif": "TIFF", ".tiff": "TIFF", ".svg": "SVG", ".apng": "APNG",
	".dng": "raw", ".cr2": "raw", ".cr3": "raw", ".nef": "raw", ".arw": "raw", ".raf": "raw", ".orf": "raw", ".rw2": "raw",
}

// pictures lists the keys that look like pictures and are no results. With an error comes what was
// listed before it.
func (b *bucket) pictures(ctx context.Context) (listing, error) {
	l := listing{foreign: map[string]int{}}
	var hidden []*s3lite.Object
	seen := 0
	var fault error
	for o, err := range b.client.List(ctx, "") {
		if err != nil {
			fault = err
			break
		}
		if seen++; seen > listLimit {
			l.more = true
			break
		}
		switch foreign := foreignNames[strings.ToLower(pathStyle{}.ext(o.Key))]; {
		case edge.Below(o.Key, b.resized):
		case foreign != "":
			l.foreign[foreign]++
		case !edge.Extension(o.Key):
		case dotted(o.Key):
			hidden = append(hidden, o)
		default:
			l.objects = append(l.objects, o)
		}
	}
	l.dotted = len(hidden)
	l.objects = append(l.objects, hidden...)
	return l, fault
}

// dotted reports whether a part of the key begins with a dot: trash, previews, what a Mac leaves
// beside its files.
func dotted(key string) bool {
	return strings.HasPrefix(key, ".") || strings.Contains(key, "/.")
}

// leftOut says in a sentence what the listing does not show, or not in its place; "" when that is
// nothing.
func (l listing) leftOut() string {
	var parts []string
	kinds := slices.SortedFunc(maps.Keys(l.foreign), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.foreign[b], l.foreign[a]), cmp.Compare(a, b))
	})
	for _, k := range kinds {
		parts = append(parts, fmt.Sprintf("%d %s", l.foreign[k], k))
	}
	words := ""
	if len(parts) > 0 {
		words = "Not shown, because the function does not read them: " + strings.Join(parts, ", ") + "."
	}
	if l.dotted > 0 {
		words += fmt.Sprintf(" Below names that begin with a dot lie %d more, shown last.", l.dotted)
	}
	if l.more {
		words += fmt.Sprintf(" There are more than %d objects; the rest was not looked at.", listLimit)
	}
	return strings.TrimSpace(words)
}
