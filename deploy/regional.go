package main

import (
	"strings"

	"miniatura/warm"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	lambda "github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	sqs "github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// batchFolder is the bucket's folder for the manifests and reports of S3 Batch.
const batchFolder = "miniatura-batch"

// regional makes the function that answers S3's events and S3 Batch, in the
// bucket's region, where S3 wants it. It is an ordinary function: environment,
// provided.al2023 and no Python in front.
func (b *builder) regional() {
	p := b.parameters(b.Main)

	group := logs.NewLogGroup(b.Main, s("WarmLogGroup"), &logs.LogGroupProps{
		LogGroupName:  s("/miniatura/" + b.Name + "-warm"),
		Retention:     retention(b.LogDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	named(group, "WarmLogGroup")

	// Where an event ends that failed three times: a day's outage is not forgotten.
	failed := sqs.NewQueue(b.Main, s("WarmFailed"), &sqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
		EnforceSSL:      jsii.Bool(true),
		Encryption:      sqs.QueueEncryption_SQS_MANAGED,
	})
	named(failed, "WarmFailed")
	failed.Node().FindChild(s("Policy")).Node().DefaultChild().(awscdk.CfnResource).OverrideLogicalId(s("WarmFailedPolicy"))

	role := iam.NewRole(b.Main, s("WarmRole"), &iam.RoleProps{
		Description: s("What miniatura's function for S3 events may do"),
		AssumedBy:   iam.NewServicePrincipal(s("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]iam.PolicyDocument{
			"pictures": policy(
				statement("ReadPictures", []string{"s3:GetObject"}, b.bucketArn(b.Main, s("/*"))),
				statement("WriteResults", []string{"s3:PutObject", "s3:DeleteObject"}, b.resultsArn(b.Main)),
				statement("TellMissingFromForbidden", []string{"s3:ListBucket"}, b.bucketArn(b.Main)),
			),
			"logs": policy(statement("WriteLogs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, group.LogGroupArn())),
			// Here and not granted by the construct: that would make a policy of its own.
			"failed": policy(statement("KeepFailedEvents", []string{"sqs:SendMessage"}, failed.QueueArn())),
		},
	})
	named(role, "WarmRole")

	f := lambda.NewFunction(b.Main, s("Warm"), &lambda.FunctionProps{
		Description:   s("Makes and deletes resized pictures on S3's events and in S3 Batch"),
		Runtime:       lambda.Runtime_PROVIDED_AL2023(),
		Architecture:  lambda.Architecture_X86_64(),
		Handler:       s("bootstrap"),
		Code:          lambda.Code_FromAsset(s(b.RegionalZip), nil),
		MemorySize:    jsii.Number(b.MemorySize),
		Timeout:       awscdk.Duration_Minutes(jsii.Number(5)),
		Role:          role.WithoutPolicyUpdates(nil),
		LogGroup:      group,
		LoggingFormat: lambda.LoggingFormat_TEXT,
		Environment: &map[string]*string{
			warm.EnvBucket:  p.bucket,
			warm.EnvResized: p.folder,
			warm.EnvQuality: p.quality,
			warm.EnvSizes:   s(b.RegionalSizes),
			warm.EnvFormats: s(b.RegionalFormat),
		},
	})
	named(f, "Warm")
	retry := lambda.NewCfnEventInvokeConfig(b.Main, s("WarmRetry"), &lambda.CfnEventInvokeConfigProps{
		FunctionName:             f.FunctionName(),
		Qualifier:                s("$LATEST"),
		MaximumRetryAttempts:     jsii.Number(2),
		MaximumEventAgeInSeconds: jsii.Number(21600),
		DestinationConfig: &lambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &lambda.CfnEventInvokeConfig_OnFailureProperty{Destination: failed.QueueArn()}},
	})
	retry.OverrideLogicalId(s("WarmRetry"))

	// By the bucket's name and not by reference: the bucket refers to the function.
	permission := lambda.NewCfnPermission(b.Main, s("WarmPermission"), &lambda.CfnPermissionProps{
		Action: s("lambda:InvokeFunction"), FunctionName: f.FunctionArn(), Principal: s("s3.amazonaws.com"),
		SourceAccount: awscdk.Aws_ACCOUNT_ID(), SourceArn: b.bucketArn(b.Main),
	})
	permission.OverrideLogicalId(s("WarmPermission"))

	b.notify(f, permission)
	b.batchRole(f)
	output(b.Main, "WarmFunctionArn", f.FunctionArn())
	output(b.Main, "WarmFailedQueue", failed.QueueUrl())
}

var warmEvents = []string{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}

// notify points the bucket's events at f. S3's filters can name a folder but not
// leave one out, so results come as events too: f ends those at once.
func (b *builder) notify(f lambda.Function, permission lambda.CfnPermission) {
	if b.ExistingBucket {
		var events []string
		for _, e := range warmEvents {
			events = append(events, `"`+e+`"`)
		}
		config := `{"LambdaFunctionConfigurations":[{"Id":"miniatura","LambdaFunctionArn":"${Function}","Events":[` + strings.Join(events, ",") + `]}]}`
		output(b.Main, "BucketNotification", awscdk.Fn_Sub(s(config), &map[string]*string{"Function": f.FunctionArn()}))
		return
	}
	bucket := b.Main.Node().FindChild(s("Images")).Node().DefaultChild().(s3.CfnBucket)
	var configs []any
	for _, e := range warmEvents {
		configs = append(configs, &s3.CfnBucket_LambdaConfigurationProperty{Event: s(e), Function: f.FunctionArn()})
	}
	bucket.SetNotificationConfiguration(&s3.CfnBucket_NotificationConfigurationProperty{LambdaConfigurations: configs})
	bucket.AddResourceDependency(permission, s("S3 asks the function before it takes the configuration"))
}

// batchRole is what an S3 Batch job runs as: it may call f, read manifests and
// write reports.
func (b *builder) batchRole(f lambda.Function) {
	role := iam.NewRole(b.Main, s("BatchRole"), &iam.RoleProps{
		Description: s("What a job of S3 Batch may do for miniatura"),
		AssumedBy:   iam.NewServicePrincipal(s("batchoperations.s3.amazonaws.com"), nil),
		InlinePolicies: &map[string]iam.PolicyDocument{"batch": policy(
			statement("CallFunction", []string{"lambda:InvokeFunction"}, f.FunctionArn()),
			statement("Manifests", []string{"s3:GetObject"}, b.bucketArn(b.Main, s("/"+batchFolder+"/*"))),
			statement("Reports", []string{"s3:PutObject"}, b.bucketArn(b.Main, s("/"+batchFolder+"/*"))),
		)},
	})
	named(role, "BatchRole")
	output(b.Main, "BatchRoleArn", role.RoleArn())
}
