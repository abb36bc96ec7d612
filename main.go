// Miniatura resizes the pictures of a bucket at the edge.
//
// In Lambda the program is the origin-request function of a CloudFront
// distribution (package edge). Anywhere else it is the command line that
// serves, tries and packages that function (package desk); a build with the
// tag edge, which is what runs in Lambda, leaves the command line out.
package main

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/edge"
	"miniatura/s3lite"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(commandLine())
	}
	if mb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && mb > 0 {
		debug.SetMemoryLimit(int64(mb) << 20 / 10 * 6) // the figure codec holds its estimates against
	}
	go s3lite.Warm() // parses the CA pool while Lambda waits for nothing else
	lambda.Start(invoker{edge.New(edge.Config{})})
}

// invoker hands events to the edge as raw bytes and its answers back as they
// are: nothing is decoded and encoded again on the way.
type invoker struct{ h *edge.Handler }

func (i invoker) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return i.h.Handle(ctx, event)
}
