package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cf "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// bucket makes the bucket, or names the one that is there.
func (b *builder) bucket() s3.IBucket {
	p := b.parameters(b.Main)
	if b.ExistingBucket {
		return s3.Bucket_FromBucketAttributes(b.Main, s("Images"), &s3.BucketAttributes{
			BucketName: p.bucket, Region: s(b.BucketRegion)})
	}
	bucket := s3.NewBucket(b.Main, s("Images"), &s3.BucketProps{
		BucketName:        p.bucket,
		BlockPublicAccess: s3.BlockPublicAccess_BLOCK_ALL(),
		Encryption:        s3.BucketEncryption_S3_MANAGED,
		ObjectOwnership:   s3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		// The originals outlive whatever happens to the stack.
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*s3.LifecycleRule{
			{
				// Results are made again when asked for: nothing is lost. What is not asked
				// for any more, sizes nobody links to, goes. Should versioning be turned on
				// one day, replaced results do not stay behind as old versions.
				Id: s("expire-results"), Prefix: awscdk.Fn_Join(s(""), &[]*string{p.folder, s("/")}),
				Expiration:                  awscdk.Duration_Days(jsii.Number(b.ResultDays)),
				NoncurrentVersionExpiration: awscdk.Duration_Days(jsii.Number(1)),
			},
			{Id: s("abort-uploads"), AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7))},
		},
	})
	named(bucket, "Images")
	named(bucket.Policy(), "ImagesPolicy")
	return bucket
}

// existingBucketOutputs prints what has to be done by hand to a bucket that this
// stack does not own: CloudFormation replaces policies and notifications whole,
// and would throw away what is there.
func (b *builder) existingBucketOutputs(d cf.Distribution) {
	if !b.ExistingBucket {
		return
	}
	statement := `{"Sid":"CloudFrontReads","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::${BucketName}/*",` +
		`"Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}}}`
	output(b.Main, "BucketPolicyStatement", awscdk.Fn_Sub(s(statement), &map[string]*string{"Distribution": d.DistributionId()}))
}
