// Command deploy is the CDK app that deploys miniatura to AWS. The resources are defined only in
// cloudformation/template.yaml. The app adds what a template cannot do: it uploads the zips under
// their hashes, makes stacks in several Regions at once, and passes one stack's output to another.
//
//	npx aws-cdk@2.1148.1 deploy --parameters BucketName=my-pictures
//
//	main.go     the app
//	options.go  the options, -c key=value, checked before anything is made
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
