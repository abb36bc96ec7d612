//go:build regional

package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/warm"
)

// handler returns the regional function, which may use memory bytes; 0 means codec.DefaultMemory.
func handler(memory int64) (lambda.Handler, error) { return warm.FromLambda(memory) }
