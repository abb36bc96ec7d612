package desk

import (
	"context"
	"sync"
)

// A weight lets so many units be in use at once, and the rest wait in the order in which they came.
type weight struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	waiting []*waiter
}

type waiter struct {
	n     int64
	ready chan struct{} // closed when n units are the waiter's
}

func newWeight(limit int64) *weight { return &weight{limit: limit} }

// acquire takes n units, n at most the limit, or returns ctx's error.
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
	case <-me.ready: // granted in the meantime: give it back
		w.used -= n
	default:
		for i, other := range w.waiting {
			if other == me {
				w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
				break
			}
		}
	}
	w.grant()
	return ctx.Err()
}

func (w *weight) release(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used -= n
	w.grant()
}

func (w *weight) grant() {
	for len(w.waiting) > 0 && w.used+w.waiting[0].n <= w.limit {
		w.used += w.waiting[0].n
		close(w.waiting[0].ready)
		w.waiting = w.waiting[1:]
	}
}
