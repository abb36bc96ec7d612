// Command deploy is the CDK app that puts miniatura on AWS. What is made there is said by
// cloudformation/template.yaml alone; here is what a template cannot do: upload the zips under
// their hashes, be in several Regions at once, and hand one stack's output to another.
//
//	main.go     the app
//	options.go  the context, -c key=value, checked before anything is made
//	wrap.go     a stack for each Region, around the template
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
	o, err := ReadOptions(context)
	if err == nil {
		_, err = Wrap(app, o, os.Getenv("CDK_DEFAULT_ACCOUNT"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		jsii.Close()
		os.Exit(1)
	}
	app.Synth(nil)
}
