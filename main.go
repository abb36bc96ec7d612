// Miniatura resizes the pictures of a bucket at the edge.
//
// In Lambda the program is the origin-request function of a CloudFront distribution (package edge)
// or, built with the tag regional, the function that makes results before they are asked for
// (package warm). Elsewhere it is the command line that serves, tries, packages and deploys these
// functions (package desk). The builds for Lambda, with the tag edge or regional, have no command
// line.
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
		// codec refuses a picture if it estimates that the picture needs more than this.
		debug.SetMemoryLimit(codec.Usable(memory))
	}
	go s3lite.Warm() // reads the certificates while Lambda still waits for its first event
	h, err := handler(memory)
	if err != nil {
		os.Stderr.WriteString("miniatura: " + err.Error() + "\n")
		os.Exit(1)
	}
	if crumb := os.Getenv("MINIATURA_STARTING"); crumb != "" {
		// deploy/lambda_function.py has made this file. It does not start the binary again as long
		// as the file exists, so remove it: this binary runs.
		os.Remove(crumb)
	}
	lambda.Start(h)
}
