package edge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"miniatura/codec"
	"miniatura/s3lite/s3test"
)

// A marker of a panic, a deadline or a limit concerns one result. The other results of the source
// are made nevertheless.
func TestARememberedFailureOfOneResultKeepsNoOtherFromBeingMade(t *testing.T) {
	until := time.Now().Add(time.Hour - time.Minute).UTC().Format(time.RFC3339)
	for name, more := range map[string]map[string]string{
		"panic":    {"failed-until": until, "failed-for": "3600"},
		"deadline": {"failed-until": until, "failed-for": "3600", "failed-memory": "4096"},
		"memory":   {"failed-memory": "4096"},
	} {
		w := newWorld(t)
		w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
		all := targets("a.png")
		marker := s3test.Object{Metadata: map[string]string{"failed-source-etag": w.Object("a.png").ETag, "failed-encoder": strconv.Itoa(codec.Version), "failed-reason": name}}
		maps.Copy(marker.Metadata, more)
		w.Put(all[3].ResultKey(), marker)
		made := 0
		w.h.MakeAll(context.Background(), all, func(r Record) bool {
			if r.Decision == Resized {
				made++
			}
			if r.Decision == Unchanged && (!r.Known || !r.Alone()) {
				t.Errorf("%s: known %v, alone %v: %s", name, r.Known, r.Alone(), r.Error)
			}
			return r.Decision != Unchanged || r.Alone()
		})
		if made != len(all)-1 {
			t.Errorf("%s: %d of %d made", name, made, len(all))
		}
	}
}

// A marker for cost is compared with the budget at the request's start. A budget a little below the
// cost fails at once; a budget a little above it makes the result.
func TestAMarkerForCostHoldsAgainstTheBudgetOfTheStart(t *testing.T) {
	w := newWorld(t)
	w.Put(movingKey, s3test.Object{Body: longGIF(t, 300, 200, 40)})
	const limit = 20 * time.Second
	w.h.cfg.CPU = 0.001 // 20 ms
	w.within(t, "refused", limit, Unchanged, false, tried)
	cost, err := strconv.ParseFloat(w.Object(movingMarkerKey).Metadata["failed-cost"], 64)
	if err != nil || cost < 100 {
		t.Fatal(cost, err)
	}
	for part, known := range map[float64]bool{0.9: true, 1.1: false} {
		w.h.cfg.CPU = part * cost / (limit.Seconds() * 1000)
		decision, methods := Resized, tried
		if known {
			decision, methods = Unchanged, notTried
		}
		marker := *w.Object(movingMarkerKey)
		w.within(t, "with "+strconv.FormatFloat(part, 'f', 1, 64)+" of the cost", limit, decision, known, methods)
		w.Put(movingMarkerKey, marker)
	}
}

// MakeAll has no time limit for a picture: no marker for cost stops it, and nothing is refused,
// even when single requests to the same Handler have a budget.
func TestMakeAllHasNoBudget(t *testing.T) {
	w := newWorld(t)
	w.Put(movingKey, s3test.Object{Body: longGIF(t, 300, 200, 20)})
	w.h.cfg.CPU = 0.0001
	w.within(t, "alone", 10*time.Second, Unchanged, false, tried)
	w.within(t, "alone again", 10*time.Second, Unchanged, true, notTried)
	var all []Target
	for _, target := range targets(movingKey) {
		if target.WebP && slices.Contains([]string{"L", "M", "SS"}, target.Size.Name) {
			all = append(all, target)
		}
	}
	if all[0].ResultKey() == movingMarkerKey {
		t.Fatal("the first is read for before anybody looks at its marker")
	}
	w.h.resize = func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
		t.Error("one is made apart from the others")
		return nil, codec.Info{}, codec.ErrLimit
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, want := range []string{Resized, Hit} {
		n := 0
		w.h.MakeAll(ctx, all, func(r Record) bool {
			n++
			if r.Decision != want || r.Known {
				t.Errorf("%s: %s, known %v (%s), want %s", r.Result, r.Decision, r.Known, r.Error, want)
			}
			return true
		})
		if n != len(all) || n != 3 {
			t.Errorf("%d records of %d targets", n, len(all))
		}
	}
	if o := w.Object(movingMarkerKey); len(o.Body) == 0 || strings.Contains(o.ContentType, "text") {
		t.Errorf("the marker is still there: %+v", o.Metadata)
	}
}

// An invocation works on many sources, one after the other, with one deadline. That the deadline
// ends the work on one source says nothing about that source.
func TestMakeAllRemembersNoDeadlineThatOthersHaveUsedUp(t *testing.T) {
	w := newWorld(t)
	w.Put("a.png", s3test.Object{Body: picture(t, 400, 300)})
	honest := w.h.resize
	w.h.resize = func(ctx context.Context, _ []byte, _ func(w, h int) (int, int), _ codec.Options) ([]byte, codec.Info, error) {
		<-ctx.Done()
		return nil, codec.Info{}, ctx.Err()
	}
	all := targets("a.png")[:1]
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // the time that is left
	defer cancel()
	w.h.MakeAll(ctx, all, func(r Record) bool {
		if r.Decision != Unchanged || !errors.Is(r.Err, context.DeadlineExceeded) || r.Alone() {
			t.Errorf("%+v", r)
		}
		return true
	})
	if k := w.Keys(); len(k) != 1 {
		t.Errorf("the bucket holds %q", k)
	}
	w.h.resize = honest
	w.h.MakeAll(context.Background(), all, func(r Record) bool {
		if r.Decision != Resized {
			t.Errorf("again: %s, %s", r.Decision, r.Error)
		}
		return true
	})
}
