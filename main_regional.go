//go:build regional

package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/warm"
)

func handler(memory int64) (lambda.Handler, error) { return warm.FromLambda(memory) }
