package desk

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestWeightIsNeverExceeded(t *testing.T) {
	w := newWeight(100)
	var used, most atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		n := int64(i%100) + 1
		wg.Go(func() {
			if err := w.acquire(context.Background(), n); err != nil {
				t.Error(err)
				return
			}
			now := used.Add(n)
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			time.Sleep(50 * time.Microsecond)
			used.Add(-n)
			w.release(n)
		})
	}
	wg.Wait()
	if most.Load() > 100 || most.Load() < 50 || w.used != 0 || len(w.waiting) != 0 {
		t.Errorf("at most %d in use, %d left, %d waiting", most.Load(), w.used, len(w.waiting))
	}
}

func TestWeightGivesWayToTheNextWhenOneLeaves(t *testing.T) {
	w := newWeight(10)
	if err := w.acquire(context.Background(), 8); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() { left <- w.acquire(ctx, 10) }() // more than is free now, and first in the queue
	for waiting := 0; waiting == 0; {
		w.mu.Lock()
		waiting = len(w.waiting)
		w.mu.Unlock()
	}
	small := make(chan error)
	go func() { small <- w.acquire(context.Background(), 2) }()
	select {
	case <-small:
		t.Error("the second in the row overtook the first")
	case <-time.After(20 * time.Millisecond):
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-small; err != nil {
		t.Error(err)
	}
	if w.used != 10 {
		t.Errorf("%d in use, want 10", w.used)
	}
}
