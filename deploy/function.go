package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	lambda "github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// logGroupName is the same in every region, so that wherever a replica runs it
// finds either the group made here, with its retention, or makes one itself.
// Lambda@Edge puts no us-east-1 in front of a name that is not below /aws/lambda.
func (b *builder) logGroupName() *string { return s("/miniatura/" + b.Name) }

// function makes the edge function and returns the version that CloudFront
// replicates. None of what CDK offers for Lambda@Edge is used: EdgeFunction
// makes stacks and custom resources of its own.
func (b *builder) function() lambda.Version {
	group := logs.NewLogGroup(b.Logs, s("LogGroup"), &logs.LogGroupProps{
		LogGroupName:  b.logGroupName(),
		Retention:     retention(b.LogDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	named(group, "LogGroup")

	role := iam.NewRole(b.Edge, s("FunctionRole"), &iam.RoleProps{
		Description: s("What miniatura may do at every edge location"),
		AssumedBy: iam.NewCompositePrincipal(
			iam.NewServicePrincipal(s("lambda.amazonaws.com"), nil),
			iam.NewServicePrincipal(s("edgelambda.amazonaws.com"), nil)),
		InlinePolicies: &map[string]iam.PolicyDocument{
			"pictures": policy(
				statement("ReadPictures", []string{"s3:GetObject"}, b.bucketArn(b.Edge, s("/*"))),
				statement("WriteResults", []string{"s3:PutObject"}, b.resultsArn(b.Edge)),
				// Without it a missing object is a 403, which a fault would be too.
				statement("TellMissingFromForbidden", []string{"s3:ListBucket"}, b.bucketArn(b.Edge)),
			),
			// Not AWSLambdaBasicExecutionRole, which writes any log group. The region is
			// that of the replica, and only where Origin Shield is does the group exist.
			"logs": policy(statement("WriteLogs", []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
				sub("arn:aws:logs:*:${AWS::AccountId}:log-group:"+*b.logGroupName()), sub("arn:aws:logs:*:${AWS::AccountId}:log-group:"+*b.logGroupName()+":*"))),
		},
	})
	named(role, "FunctionRole")

	f := lambda.NewFunction(b.Edge, s("Resize"), &lambda.FunctionProps{
		// No FunctionName: a replicated function cannot be deleted for hours, and its name
		// would be taken when one deploys again. No environment, no layers, no VPC, no
		// tracing, x86_64, 30 s: Lambda@Edge has no more.
		Description:   s("Resizes pictures on CloudFront's origin-request"),
		Runtime:       lambda.Runtime_PYTHON_3_13(),
		Architecture:  lambda.Architecture_X86_64(),
		Handler:       s("lambda_function.lambda_handler"),
		Code:          lambda.Code_FromAsset(s(b.Zip), nil),
		MemorySize:    jsii.Number(b.MemorySize),
		Timeout:       awscdk.Duration_Seconds(jsii.Number(30)),
		Role:          role,
		LogGroup:      logs.LogGroup_FromLogGroupName(b.Edge, s("LogGroupName"), b.logGroupName()),
		LoggingFormat: lambda.LoggingFormat_TEXT,
		CurrentVersionOptions: &lambda.VersionOptions{
			// Versions are what one rolls back to; and a replicated one cannot be deleted.
			RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		},
	})
	named(f, "Resize")
	f.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE)
	if b.Logs == b.Edge {
		// Else a fast first request makes the group, and creating it fails.
		f.Node().AddDependency(group)
	}
	version := f.CurrentVersion()
	output(b.Edge, "FunctionVersionArn", version.FunctionArn())
	return version
}

func policy(statements ...iam.PolicyStatement) iam.PolicyDocument {
	return iam.NewPolicyDocument(&iam.PolicyDocumentProps{Statements: &statements})
}

func statement(sid string, actions []string, resources ...*string) iam.PolicyStatement {
	return iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Sid: s(sid), Effect: iam.Effect_ALLOW, Actions: jsii.Strings(actions...), Resources: &resources})
}

// retention is the enum's name of a number of days.
func retention(days int) logs.RetentionDays {
	return map[int]logs.RetentionDays{
		1: logs.RetentionDays_ONE_DAY, 3: logs.RetentionDays_THREE_DAYS, 5: logs.RetentionDays_FIVE_DAYS,
		7: logs.RetentionDays_ONE_WEEK, 14: logs.RetentionDays_TWO_WEEKS, 30: logs.RetentionDays_ONE_MONTH,
		60: logs.RetentionDays_TWO_MONTHS, 90: logs.RetentionDays_THREE_MONTHS, 120: logs.RetentionDays_FOUR_MONTHS,
		150: logs.RetentionDays_FIVE_MONTHS, 180: logs.RetentionDays_SIX_MONTHS, 365: logs.RetentionDays_ONE_YEAR,
		400: logs.RetentionDays_THIRTEEN_MONTHS, 545: logs.RetentionDays_EIGHTEEN_MONTHS, 731: logs.RetentionDays_TWO_YEARS,
		1096: logs.RetentionDays_THREE_YEARS, 1827: logs.RetentionDays_FIVE_YEARS, 2192: logs.RetentionDays_SIX_YEARS,
		2557: logs.RetentionDays_SEVEN_YEARS, 2922: logs.RetentionDays_EIGHT_YEARS, 3288: logs.RetentionDays_NINE_YEARS,
		3653: logs.RetentionDays_TEN_YEARS,
	}[days]
}
