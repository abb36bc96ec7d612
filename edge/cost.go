package edge

// This file holds what a picture takes by estimate against the time and the share of a CPU that a
// function has: what cannot finish is not begun. Tried all the same, it would cost its whole
// deadline at each miss and leave nothing.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"miniatura/codec"
)

const (
	// coreMemory is the memory with which a Lambda function has one vCPU, in MB; less has the same
	// part of it (AWS, "Configure Lambda function memory").
	coreMemory = 1769

	// lambdaCore is the speed of that vCPU, codec's reference core being 1. Lambda says neither
	// which CPU a function runs on nor how busy its neighbours are. 1 is what the fastest of them
	// may be: where they are slower, a picture is begun in vain now and then and left to the
	// deadline, as if there were no estimate; with less, pictures would be refused that a fast one
	// finishes.
	lambdaCore = 1.0
)

// Share is how many reference cores a Lambda function with so many bytes of memory has. More than
// one does not help: a picture is made by one thread.
func Share(memory int64) float64 {
	return min(float64(memory>>20)/coreMemory, 1) * lambdaCore
}

// affordable is how much CPU there is until the deadline, in milliseconds of the reference core; 0
// means any.
//
// The deadline is Lambda's own, not the one before which the handler gives up. Of what takes
// seconds nearly nothing is estimated at over twice what it takes, so what would finish in half the
// time is estimated to take no more than all of it.
func (h *Handler) affordable(deadline time.Time) float64 {
	if h.cfg.CPU <= 0 || deadline.IsZero() {
		return 0
	}
	left := time.Until(deadline).Seconds() * 1000 * h.cfg.CPU
	return max(left, 1)
}

// A costError is a refusal of what this function cannot make in all of its time: with more memory
// or a longer deadline it may be another matter.
type costError struct {
	err  error
	cost float64 // by estimate, in milliseconds of the reference core
}

func (e *costError) Error() string { return e.err.Error() }
func (e *costError) Unwrap() error { return e.err }

// refusal makes of err, with which the codec ended, what it means: where the picture is over
// allowed, it lasts if it is over whole too, which is what the function has for a request; else the
// time went elsewhere, and the next request may have more of it.
func refusal(err error, cost, allowed, whole float64) error {
	switch {
	case allowed <= 0 || cost <= allowed || !errors.Is(err, codec.ErrLimit):
		return err
	case cost > whole:
		return &costError{err, cost}
	}
	return fmt.Errorf("not begun: %w: %w", context.DeadlineExceeded, err)
}
