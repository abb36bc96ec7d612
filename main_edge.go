//go:build !regional

package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/edge"
)

// handler returns the edge function. memory is how many bytes the function may use; 0 means
// codec.DefaultMemory.
func handler(memory int64) (lambda.Handler, error) {
	return invoker{edge.New(edge.Config{Memory: memory, CPU: edge.Share(memory)})}, nil
}

// An invoker passes events and answers as raw bytes, so that nothing is decoded and encoded again
// on the way.
type invoker struct{ h *edge.Handler }

func (i invoker) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return i.h.Handle(ctx, event)
}
