package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cf "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

var s = jsii.String

// Stacks are the stacks of one deployment. All that can be is in Main.
type Stacks struct {
	// Main holds bucket and distribution, in the bucket's region. With the bucket
	// in us-east-1 it holds the function too, and is the only stack.
	Main awscdk.Stack
	// Edge holds the function, in us-east-1.
	Edge awscdk.Stack
	// Logs holds the function's log group, in the region where it runs.
	Logs awscdk.Stack
}

// All returns the stacks without repetition.
func (s Stacks) All() []awscdk.Stack {
	all := []awscdk.Stack{s.Edge}
	if s.Main != s.Edge {
		all = append(all, s.Main)
	}
	if s.Logs != s.Edge && s.Logs != s.Main {
		all = append(all, s.Logs)
	}
	return all
}

// Build makes the stacks of c in app.
func Build(app awscdk.App, c Config) (Stacks, error) {
	if err := checkZip(c.Zip, "go run . package", "lambda_function.py", "miniatura"); err != nil {
		return Stacks{}, err
	}
	if c.Regional {
		if err := checkZip(c.RegionalZip, "go run . package -regional", "bootstrap"); err != nil {
			return Stacks{}, err
		}
	}
	b := builder{Config: c, app: app}
	b.stacks()
	version := b.function()
	viewer := b.viewer()
	if !c.AttachOnly {
		bucket := b.bucket()
		distribution := b.distribution(bucket, version, viewer)
		b.existingBucketOutputs(distribution)
		if c.Regional {
			b.regional()
		}
	}
	return b.Stacks, nil
}

// A builder makes the constructs of one Config.
type builder struct {
	Config
	Stacks
	app    awscdk.App
	params map[string]parameters // by the stack's name
}

// stacks makes as few stacks as the regions allow.
func (b *builder) stacks() {
	b.params = map[string]parameters{}
	byRegion := map[string]awscdk.Stack{}
	stack := func(suffix, region, what string) awscdk.Stack {
		if st, ok := byRegion[region]; ok {
			return st
		}
		env := &awscdk.Environment{Region: s(region)}
		if b.Account != "" {
			env.Account = s(b.Account)
		}
		st := awscdk.NewStack(b.app, s(b.Name+suffix), &awscdk.StackProps{Env: env, Description: s("miniatura: " + what)})
		byRegion[region] = st
		b.params[*st.StackName()] = newParameters(st)
		return st
	}
	switch {
	case b.AttachOnly:
		b.Edge = stack("", edgeRegion, "the function that resizes pictures, for a distribution that is there")
		b.Main = b.Edge
	case b.BucketRegion == edgeRegion:
		b.Main = stack("", edgeRegion, "pictures resized on their way through CloudFront")
		b.Edge = b.Main
	default:
		b.Edge = stack("-function", edgeRegion, "the function that resizes pictures, where Lambda@Edge wants it")
		b.Main = stack("", b.BucketRegion, "pictures resized on their way through CloudFront")
	}
	b.Logs = stack("-logs", b.LogRegion(), "the log group of the function, where the function runs")

	for _, st := range b.Stacks.All() {
		if st != b.Main || b.AttachOnly {
			awscdk.Validations_Of(st).Acknowledge(&awscdk.Acknowledgment{Id: s("CloudFormation-Validate::W2001"),
				Reason: s("A parameter is unused so that every stack takes those of one command line")})
		}
	}

	// Whatever region the profile names: only here can the function be created.
	region := awscdk.NewCfnRule(b.Edge, s("Region"), &awscdk.CfnRuleProps{Assertions: &[]*awscdk.CfnRuleAssertion{{
		Assert:            awscdk.Fn_ConditionEquals(awscdk.Aws_REGION(), edgeRegion),
		AssertDescription: s("Lambda@Edge functions are created in us-east-1"),
	}}})
	region.OverrideLogicalId(s("Region"))
}

// parameters are the values of the article's command line, with what it did not
// check. The names and defaults are the article's.
type parameters struct{ bucket, folder, quality *string }

// Every stack takes all three, though not every one needs them: cdk deploy --all
// hands each --parameters to each stack, and CloudFormation refuses one that the
// template does not have.
func newParameters(st awscdk.Stack) parameters {
	param := func(name string, p awscdk.CfnParameterProps) *string {
		return awscdk.NewCfnParameter(st, s(name), &p).ValueAsString()
	}
	return parameters{
		bucket: param("BucketName", awscdk.CfnParameterProps{
			Type: s("String"), Description: s("Bucket of the original pictures"),
			AllowedPattern:        s(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`),
			ConstraintDescription: s("3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends"),
		}),
		folder: param("DestinationFolder", awscdk.CfnParameterProps{
			Type: s("String"), Default: "resized", Description: s("Folder of the bucket for the resized pictures"),
			AllowedPattern: s(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`), MaxLength: jsii.Number(200),
			ConstraintDescription: s("letters, digits, _ and -, with single slashes inside"),
		}),
		quality: param("Quality", awscdk.CfnParameterProps{
			// A string: origin headers and environment variables are strings.
			Type: s("String"), Default: "80", Description: s("Quality of JPEG and WebP, 1 to 100"),
			AllowedPattern:        s(`^([1-9][0-9]?|100)$`),
			ConstraintDescription: s("a whole number from 1 to 100"),
		}),
	}
}

func (b *builder) parameters(st awscdk.Stack) parameters { return b.params[*st.StackName()] }

// global returns a name for a resource whose names are unique in an account:
// "${AWS::StackName}-what", which a second stack does not collide with.
func (b *builder) global(what string) *string {
	return awscdk.Fn_Sub(s("${AWS::StackName}-"+what), nil)
}

// viewer makes the viewer-request function.
func (b *builder) viewer() cf.Function {
	f := cf.NewFunction(b.Main, s("ViewerRequest"), &cf.FunctionProps{
		FunctionName: b.global("viewer-request"),
		Comment:      s("Leaves size and to_webp=1 of the query, nothing else"),
		Code:         cf.FunctionCode_FromInline(s(viewerCode(b.AutoWebP))),
		Runtime:      cf.FunctionRuntime_JS_2_0(),
		AutoPublish:  jsii.Bool(true),
	})
	named(f, "ViewerRequest")
	if b.AttachOnly {
		output(b.Main, "ViewerRequestArn", f.FunctionArn())
	}
	return f
}

// bucketArn is the bucket's ARN, followed by parts.
func (b *builder) bucketArn(st awscdk.Stack, parts ...*string) *string {
	all := append([]*string{s("arn:aws:s3:::"), b.parameters(st).bucket}, parts...)
	return awscdk.Fn_Join(s(""), &all)
}

// resultsArn is the ARN of every object below the folder for results.
func (b *builder) resultsArn(st awscdk.Stack) *string {
	return b.bucketArn(st, s("/"), b.parameters(st).folder, s("/*"))
}

// named gives the resource of c a logical id without CDK's hash, so that
// template.yaml and this are about the same resources.
func named(c constructs.IConstruct, id string) {
	r, ok := c.Node().DefaultChild().(awscdk.CfnResource)
	if !ok {
		panic(fmt.Sprintf("%s has no single resource", *c.Node().Path()))
	}
	r.OverrideLogicalId(s(id))
}

func output(st awscdk.Stack, name string, value *string) {
	awscdk.NewCfnOutput(st, s(name+"Output"), &awscdk.CfnOutputProps{Value: value}).OverrideLogicalId(s(name))
}

// sub is Fn::Sub without a map.
func sub(parts ...string) *string { return awscdk.Fn_Sub(s(strings.Join(parts, "")), nil) }
