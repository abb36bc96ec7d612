//go:build !regional

package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/edge"
)

func handler(memory int64) (lambda.Handler, error) {
	return invoker{edge.New(edge.Config{Memory: memory, CPU: edge.Share(memory)})}, nil
}

// invoker hands events to the edge as raw bytes and its answers back as they
// are: nothing is decoded and encoded again on the way.
type invoker struct{ h *edge.Handler }

func (i invoker) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return i.h.Handle(ctx, event)
}
