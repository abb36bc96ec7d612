package edge

// This file compares the estimated cost of a picture with the CPU time that the function has left.
// A picture that cannot finish in time is not begun, because it would use up the time of every
// request and leave no result.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"miniatura/codec"
)

const (
	// coreMemory is the memory, in MB, with which a Lambda function has one whole vCPU. With less
	// memory it has a proportional part of one (AWS, "Configure Lambda function memory").
	coreMemory = 1769

	// lambdaCore is the speed of that vCPU as a multiple of codec's reference core. Lambda tells
	// neither which CPU a function runs on nor how busy the CPU is, so lambdaCore is the speed of
	// Lambda's fastest CPU. On a slower one some pictures are begun that cannot finish. They end at
	// the deadline, as without an estimate. A lower value would refuse pictures that a fast CPU
	// finishes.
	lambdaCore = 1.0
)

// Share returns how many of codec's reference cores a Lambda function with the given bytes of
// memory has for a picture. That is at most one, because one thread makes a picture.
func Share(memory int64) float64 {
	return min(float64(memory>>20)/coreMemory, 1) * lambdaCore
}

// affordable returns how much CPU time there is until the deadline, in milliseconds of the
// reference core. 0 means that there is no limit, so when no time is left, affordable returns 1.
//
// The deadline is Lambda's own, without margin. For pictures that take seconds, the estimate is
// almost never more than twice the true cost. So a picture that would finish in half of the time is
// not refused.
func (h *Handler) affordable(deadline time.Time) float64 {
	if h.cfg.CPU <= 0 || deadline.IsZero() {
		return 0
	}
	left := time.Until(deadline).Seconds() * 1000 * h.cfg.CPU
	return max(left, 1)
}

// A costError says that this Lambda function cannot make a picture even in all of a request's time.
// A function with more memory or a longer deadline may be able to.
type costError struct {
	err  error
	cost float64 // estimated, in milliseconds of the reference core
}

func (e *costError) Error() string { return e.err.Error() }
func (e *costError) Unwrap() error { return e.err }

// refusal returns the error that a request ends with when the codec ended with err. All amounts are
// milliseconds of the reference core: cost is the estimate, allowed is what was left when the codec
// was called, and budget is what the request had at its start. A cost above budget is a costError,
// which is remembered. A cost between allowed and budget means that other steps used the time: the
// next request may have more time, so the error is a deadline.
func refusal(err error, cost, allowed, budget float64) error {
	overCost := allowed > 0 && cost > allowed && errors.Is(err, codec.ErrLimit)
	switch {
	case !overCost:
		return err
	case cost > budget:
		return &costError{err, cost}
	}
	return fmt.Errorf("not begun: %w: %w", context.DeadlineExceeded, err)
}
