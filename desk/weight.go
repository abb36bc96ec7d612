package desk

// This file limits the memory of requests that are answered at the same time.

import (
	"context"
	"sync"
)

// A weight gives out units, of which up to limit can be in use at once. Callers who ask for more
// units than are free have to wait, and are served in the order in which they asked.
type weight struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	waiting []*waiter
}

// A waiter is a caller of acquire that has to wait.
type waiter struct {
	n     int64         // units
	ready chan struct{} // closed when the waiter has its n units
}

// newWeight returns a weight of limit units.
func newWeight(limit int64) *weight { return &weight{limit: limit} }

// acquire waits until n units are free and takes them. It returns ctx's error when ctx ends first.
// n must be at most the limit.
func (w *weight) acquire(ctx context.Context, n int64) error {
	w.mu.Lock()
	if len(w.waiting) == 0 && w.used+n <= w.limit {
		w.used += n
		w.mu.Unlock()
		return nil
	}
	me := &waiter{n, make(chan struct{})}
	w.waiting = append(w.waiting, me)
	w.mu.Unlock()
	select {
	case <-me.ready:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-me.ready: // granted in the meantime: return the units
		w.used -= n
	default:
		for i, other := range w.waiting {
			if other == me {
				w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
				break
			}
		}
	}
	w.grant() // to those who waited behind this caller
	return ctx.Err()
}

// release returns n units.
func (w *weight) release(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= n
	w.grant()
}

// grant gives units to waiters, the first one first, as long as there are enough. The caller holds
// w.mu.
func (w *weight) grant() {
	for len(w.waiting) > 0 && w.used+w.waiting[0].n <= w.limit {
		w.used += w.waiting[0].n
		close(w.waiting[0].ready)
		w.waiting = w.waiting[1:]
	}
}
