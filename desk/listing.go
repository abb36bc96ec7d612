package desk

// This file lists the pictures of a bucket in the order in which the page shows them, and counts
// what the page does not show.

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

// listLimit is how many keys are listed at most. There is a limit because a bucket may hold
// millions. It is high because the keys of results count too, and may come before those of all
// pictures.
const listLimit = 50_000

// A listing is the content of a bucket, for people.
type listing struct {
	objects []*s3lite.Object // pictures; those for which hasDotPart is true come last
	dotted  int              // for how many hasDotPart is true
	foreign map[string]int   // how many pictures the function cannot read, by format
	more    bool             // listLimit was reached
}

// foreignNames maps extensions that cameras and programs write, and that the function does not
// read, to the names of their formats.
var foreignNames = map[string]string{
	".heic": "HEIC", ".heif": "HEIC", ".avif": "AVIF", ".jxl": "JPEG XL", ".tif": "TIFF", ".tiff": "TIFF", ".svg": "SVG", ".apng": "APNG",
	".dng": "raw", ".cr2": "raw", ".cr3": "raw", ".nef": "raw", ".arw": "raw", ".raf": "raw", ".orf": "raw", ".rw2": "raw",
}

// pictures lists the objects whose keys look like those of pictures, without results. When it
// returns an error, it also returns what was listed before the error.
func (b *bucket) pictures(ctx context.Context) (listing, error) {
	l := listing{foreign: map[string]int{}}
	var dotted []*s3lite.Object
	seen := 0
	var fault error
	for o, err := range b.client.List(ctx, "") {
		if err != nil {
			fault = err
			break
		}
		seen++
		if seen > listLimit {
			l.more = true
			break
		}
		ext := strings.ToLower(pathStyle{}.ext(o.Key))
		foreign := foreignNames[ext] // "" for all other extensions
		switch {
		case edge.IsBelow(o.Key, b.resized): // a result
		case foreign != "":
			l.foreign[foreign]++
		case !edge.HasExtension(o.Key): // no picture
		case hasDotPart(o.Key):
			dotted = append(dotted, o)
		default:
			l.objects = append(l.objects, o)
		}
	}
	l.dotted = len(dotted)
	l.objects = append(l.objects, dotted...)
	return l, fault
}

// hasDotPart reports whether a part of the key begins with a dot, as the names of trash, previews
// and macOS's own files do.
func hasDotPart(key string) bool {
	return strings.HasPrefix(key, ".") || strings.Contains(key, "/.")
}

// leftOut returns a text about the objects that the page does not show, or shows last. It returns
// "" when there are none.
func (l listing) leftOut() string {
	var parts []string
	// The most frequent formats first, those of one frequency by name.
	kinds := slices.SortedFunc(maps.Keys(l.foreign), func(a, b string) int {
		byCount := cmp.Compare(l.foreign[b], l.foreign[a])
		return cmp.Or(byCount, cmp.Compare(a, b))
	})
	for _, k := range kinds {
		parts = append(parts, fmt.Sprintf("%d %s", l.foreign[k], k))
	}
	words := ""
	if len(parts) > 0 {
		words = "Not shown, because the function does not read them: " + strings.Join(parts, ", ") + "."
	}
	if l.dotted > 0 {
		words += fmt.Sprintf(" %d more have a name that begins with a dot; they are shown last.", l.dotted)
	}
	if l.more {
		words += fmt.Sprintf(" There are more than %d objects; the rest was not looked at.", listLimit)
	}
	return strings.TrimSpace(words)
}
