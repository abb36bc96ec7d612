package main

// This file makes the stacks.

import (
	"encoding/base64"

	"miniatura/desk"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	assets "github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	include "github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/jsii-runtime-go"
)

// Wrap makes a stack around the template for each Region of o. The edge function's stack comes
// first. All stacks have one name, as the template requires. Wrap returns an error when a zip that
// o needs is missing or cannot run.
func Wrap(app awscdk.App, o Options, account string) ([]awscdk.Stack, error) {
	sum, err := desk.CheckEdgeCode(o.Zip)
	if err != nil {
		return nil, err
	}
	// The regional function may also be switched on later with --parameters Regional=true, and then
	// its code must be there. So the code is uploaded whenever there is a zip.
	_, err = desk.CheckRegionalCode(o.RegionalZip)
	if err != nil && o.Regional {
		return nil, err
	}
	hasRegionalCode := err == nil
	var all []awscdk.Stack
	for _, part := range o.Stacks() {
		id := o.Name
		if part.Part != "edge" {
			id += "-" + part.Part
		}
		env := &awscdk.Environment{Region: jsii.String(part.Region)}
		if account != "" {
			env.Account = jsii.String(account)
		}
		stack := awscdk.NewStack(app, jsii.String(id), &awscdk.StackProps{StackName: jsii.String(o.Name), Env: env})

		// The template's parameters. "elsewhere" stands for the code in stacks without the
		// function.
		values := map[string]any{"Part": part.Part, "CodeBucket": "elsewhere", "CodeKey": "elsewhere", "CodeSha256": "elsewhere"}
		for name, v := range o.Values {
			values[name] = v
		}
		if part.Part == "edge" {
			code := assets.NewAsset(stack, jsii.String("Code"), &assets.AssetProps{Path: jsii.String(o.Zip)})
			values["CodeBucket"], values["CodeKey"] = code.S3BucketName(), code.S3ObjectKey()
			values["CodeSha256"] = codeSha256(sum)
		}
		if hasRegionalCode && part.Region == o.BucketRegion {
			code := assets.NewAsset(stack, jsii.String("RegionalCode"), &assets.AssetProps{Path: jsii.String(o.RegionalZip)})
			values["RegionalCodeBucket"], values["RegionalCodeKey"] = code.S3BucketName(), code.S3ObjectKey()
		}
		// With AttachOnly no stack makes a distribution, so there is no output to take the id from.
		fromEdgeStack := part.Part == "regional" && !o.AttachOnly
		if fromEdgeStack {
			values["DistributionId"] = map[string]any{"Fn::GetStackOutput": map[string]any{
				"StackName": o.Name, "Region": desk.EdgeRegion, "OutputName": "DistributionId"}}
		}
		in := include.NewCfnInclude(stack, jsii.String("Template"), &include.CfnIncludeProps{
			TemplateFile: jsii.String(templateFile), Parameters: &values})
		if fromEdgeStack {
			// The following rules check DistributionId. Here that is an output of another stack,
			// and a rule may not refer to an output.
			for _, name := range []string{"NewBucketKnowsItsDistribution", "InvalidationsKnowTheirDistribution"} {
				rule := in.GetRule(jsii.String(name))
				rule.Node().Scope().Node().TryRemoveChild(rule.Node().Id())
			}
		}
		acknowledge(stack)
		if len(all) > 0 {
			stack.AddStackDependency(all[0], jsii.String("the distribution's id comes from there"))
		}
		all = append(all, stack)
	}
	return all, nil
}

// codeSha256 returns a SHA-256 as Lambda's CodeSha256 has it, in base64.
func codeSha256(sum [32]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

// acknowledge tells CDK why some findings of its own rules are accepted.
func acknowledge(stack awscdk.Stack) {
	for rule, reason := range map[string]string{
		"W8003": "what the context and the Region decide is written into conditions, which then have one answer",
		"W1028": "the same: a branch that this Region's stack never takes",
		"W2503": "the same: a reference in a branch that this Region's stack never takes",
		"E3013": "the empty default of DomainNames is in no distribution: a condition asks for the certificate, a rule for both",
	} {
		awscdk.Validations_Of(stack).Acknowledge(&awscdk.Acknowledgment{
			Id:     jsii.String("CloudFormation-Validate::" + rule),
			Reason: jsii.String(reason),
		})
	}
}
