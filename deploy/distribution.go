package main

import (
	"miniatura/edge"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	cf "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	origins "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	lambda "github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// cacheTagHeader is how S3 shows the metadata "cache-tag" of a result.
const cacheTagHeader = "x-amz-meta-cache-tag"

// distribution makes CloudFront's side.
func (b *builder) distribution(bucket s3.IBucket, version lambda.Version, viewer cf.Function) cf.Distribution {
	p := b.parameters(b.Main)

	// Not Accept-Encoding: pictures are not compressed again, and with it in the key
	// each one would be cached twice.
	cache := cf.NewCachePolicy(b.Main, s("CachePolicy"), &cf.CachePolicyProps{
		CachePolicyName:            b.global("pictures"),
		Comment:                    s("The key is the path, size and to_webp"),
		QueryStringBehavior:        cf.CacheQueryStringBehavior_AllowList(s("size"), s("to_webp")),
		HeaderBehavior:             cf.CacheHeaderBehavior_None(),
		CookieBehavior:             cf.CacheCookieBehavior_None(),
		MinTtl:                     awscdk.Duration_Seconds(jsii.Number(1)),
		DefaultTtl:                 awscdk.Duration_Days(jsii.Number(1)),
		MaxTtl:                     awscdk.Duration_Days(jsii.Number(365)),
		EnableAcceptEncodingGzip:   jsii.Bool(false),
		EnableAcceptEncodingBrotli: jsii.Bool(false),
	})
	named(cache, "CachePolicy")

	headers := &cf.ResponseHeadersPolicyProps{
		ResponseHeadersPolicyName: b.global("headers"),
		Comment:                   s("For pictures that users uploaded: no sniffing, no scripts in SVG"),
		SecurityHeadersBehavior: &cf.ResponseSecurityHeadersBehavior{
			ContentTypeOptions: &cf.ResponseHeadersContentTypeOptions{Override: jsii.Bool(true)},
			ContentSecurityPolicy: &cf.ResponseHeadersContentSecurityPolicy{
				ContentSecurityPolicy: s("default-src 'none'; style-src 'unsafe-inline'; sandbox"), Override: jsii.Bool(true)},
			FrameOptions: &cf.ResponseHeadersFrameOptions{
				FrameOption: cf.HeadersFrameOption_DENY, Override: jsii.Bool(true)},
			ReferrerPolicy: &cf.ResponseHeadersReferrerPolicy{
				ReferrerPolicy: cf.HeadersReferrerPolicy_STRICT_ORIGIN_WHEN_CROSS_ORIGIN, Override: jsii.Bool(true)},
			StrictTransportSecurity: &cf.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)), Override: jsii.Bool(true)},
		},
	}
	if b.AutoWebP {
		// One address, two pictures: caches between CloudFront and the browser must know.
		headers.CustomHeadersBehavior = &cf.ResponseCustomHeadersBehavior{CustomHeaders: &[]*cf.ResponseCustomHeader{
			{Header: s("Vary"), Value: s("Accept"), Override: jsii.Bool(true)}}}
	}
	response := cf.NewResponseHeadersPolicy(b.Main, s("ResponseHeaders"), headers)
	named(response, "ResponseHeaders")

	access := cf.NewS3OriginAccessControl(b.Main, s("OriginAccessControl"), &cf.S3OriginAccessControlProps{
		OriginAccessControlName: b.global("pictures"),
		Signing:                 cf.Signing_SIGV4_ALWAYS(),
	})
	named(access, "OriginAccessControl")

	origin := &origins.S3BucketOriginWithOACProps{
		OriginId:            s("pictures"),
		OriginAccessControl: access,
		ConnectionAttempts:  jsii.Number(3),
		ConnectionTimeout:   awscdk.Duration_Seconds(jsii.Number(5)),
		// What the function reads: Lambda@Edge has no environment. The names are its own.
		CustomHeaders: &map[string]*string{
			edge.HeaderResizedPath: p.folder,
			edge.HeaderBucketName:  p.bucket,
			edge.HeaderQuality:     p.quality,
		},
	}
	if b.OriginShield != "" {
		origin.OriginShieldRegion = s(b.OriginShield)
	}
	props := &cf.DistributionProps{
		Comment:     s("Pictures, resized on their way"),
		HttpVersion: cf.HttpVersion_HTTP2_AND_3,
		PriceClass:  cf.PriceClass(b.PriceClass),
		DefaultBehavior: &cf.BehaviorOptions{
			Origin:                origins.S3BucketOrigin_WithOriginAccessControl(bucket, origin),
			AllowedMethods:        cf.AllowedMethods_ALLOW_GET_HEAD(),
			ViewerProtocolPolicy:  cf.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			CachePolicy:           cache,
			ResponseHeadersPolicy: response,
			Compress:              jsii.Bool(false),
			EdgeLambdas: &[]*cf.EdgeLambda{{
				EventType: cf.LambdaEdgeEventType_ORIGIN_REQUEST, FunctionVersion: version, IncludeBody: jsii.Bool(false)}},
			FunctionAssociations: &[]*cf.FunctionAssociation{{
				EventType: cf.FunctionEventType_VIEWER_REQUEST, Function: viewer}},
		},
		// A picture that is uploaded a moment after it was asked for shows a moment
		// later. 403 is what S3 says of missing objects to CloudFront, which may not list.
		ErrorResponses: &[]*cf.ErrorResponse{
			{HttpStatus: jsii.Number(403), Ttl: awscdk.Duration_Seconds(jsii.Number(10))},
			{HttpStatus: jsii.Number(404), Ttl: awscdk.Duration_Seconds(jsii.Number(10))},
			{HttpStatus: jsii.Number(503), Ttl: awscdk.Duration_Seconds(jsii.Number(1))},
		},
	}
	if len(b.DomainNames) > 0 {
		props.DomainNames = jsii.Strings(b.DomainNames...)
		props.Certificate = acm.Certificate_FromCertificateArn(b.Main, s("Certificate"), s(b.CertificateArn))
	}
	d := cf.NewDistribution(b.Main, s("Distribution"), props)
	named(d, "Distribution")
	// The construct has no word for it yet.
	d.Node().DefaultChild().(cf.CfnDistribution).AddPropertyOverride(s("DistributionConfig.CacheTagConfig"), map[string]string{"HeaderName": cacheTagHeader})

	output(b.Main, "Bucket", p.bucket)
	output(b.Main, "DistributionId", d.DistributionId())
	output(b.Main, "DistributionDomain", d.DistributionDomainName())
	return d
}
