// Miniatura resizes the pictures of a bucket at the edge.
//
// In Lambda the program is the origin-request function of a CloudFront
// distribution (package edge) or, built with the tag regional, the function
// that makes results ahead for a backlog (package warm). Anywhere else it is
// the command line that serves, tries and packages them (package desk); a
// build with the tag edge, which is what runs in Lambda, leaves the command
// line out.
package main

import (
	"os"
	"runtime/debug"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"

	"miniatura/codec"
	"miniatura/s3lite"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(commandLine())
	}
	var memory int64
	if mb, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && mb > 0 {
		memory = int64(mb) << 20
		debug.SetMemoryLimit(codec.Usable(memory)) // the figure codec holds its estimates against
	}
	go s3lite.Warm() // parses the CA pool while Lambda waits for nothing else
	h, err := handler(memory)
	if err != nil {
		os.Stderr.WriteString("miniatura: " + err.Error() + "\n")
		os.Exit(1)
	}
	if crumb := os.Getenv("MINIATURA_STARTING"); crumb != "" {
		os.Remove(crumb) // deploy/lambda_function.py left it: this binary runs, so a restart may start it again
	}
	lambda.Start(h)
}
