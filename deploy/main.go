// Command deploy is the CDK app that puts miniatura on AWS.
//
//	config.go        the context, -c key=value, checked before anything is made
//	stack.go         which stacks there are, their parameters, what holds them together
//	function.go      the edge function: role, log group, code, version
//	bucket.go        the bucket, its lifecycle and what may be done to it
//	distribution.go  CloudFront: cache key, headers, origin
//	regional.go      the function for S3 events and S3 Batch, by option
//	viewer.js        the viewer-request function
//	zip.go           what Lambda@Edge demands of the zip, which CDK does not know
//
// cloudformation/template.yaml is the default stack for those without CDK.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	c, err := ReadConfig(context, os.Getenv("CDK_DEFAULT_ACCOUNT"))
	if err == nil {
		_, err = Build(app, c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		jsii.Close()
		os.Exit(1)
	}
	app.Synth(nil)
}
