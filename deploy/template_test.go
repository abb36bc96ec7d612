package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"miniatura/desk"
	"miniatura/edge"
	"miniatura/sizes"
	"miniatura/warm"
)

func TestTemplateCanBeHandedOverAsItIs(t *testing.T) {
	info, err := os.Stat(templateFile)
	if err != nil || info.Size() > 51_200 { // the limit for a template in the body of a request
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}

// Package desk decides which stacks there are, and the template what is in them. For every Part in
// every Region, the template accepts exactly the stacks that desk names.
func TestPartsAndRegionsAgreeWithTheStacksThatAreMade(t *testing.T) {
	for _, s := range shapes() {
		if s.ownNames || s.otherNumbers || s.autoWebp {
			continue
		}
		made := s.Stacks()
		for _, part := range []string{"edge", "regional", "logs"} {
			for _, region := range []string{"us-east-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-south-1"} {
				p := s.parameters()
				p["Part"], p["DistributionId"] = part, distributionID
				_, err := resolve(theTemplate(), world{region: region, name: stackName, params: p})
				if named := slices.Contains(made, desk.Stack{Part: part, Region: region}); named != (err == nil) {
					t.Errorf("%+v: %s in %s: desk says %v, the template %v", s.Shape, part, region, named, err)
				}
			}
		}
	}
}

// Every condition is true in some shape and false in another, and every combination is counted.
func TestEveryConditionIsSeenBothWays(t *testing.T) {
	all, err := everyShape()
	if err != nil {
		t.Fatal(err)
	}
	seen, combinations := map[string]map[bool]bool{}, map[string]bool{}
	for _, stacks := range all {
		for _, d := range stacks {
			for name, v := range d.conditions {
				if seen[name] == nil {
					seen[name] = map[bool]bool{}
				}
				seen[name][v] = true
			}
			combinations[fmt.Sprint(d.conditions)] = true
		}
	}
	for name := range theTemplate().section("Conditions") {
		if len(seen[name]) != 2 {
			t.Errorf("condition %s was %v only", name, seen[name])
		}
	}
	t.Logf("%d shapes, %d combinations of %d conditions", len(all), len(combinations), len(seen))
}

func TestWhatDoesNotGoTogetherIsRefused(t *testing.T) {
	for _, c := range []struct {
		region string
		params map[string]string
		said   string
	}{
		{"us-east-1", nil, ""},
		{"eu-west-1", nil, "Lambda@Edge functions are created in us-east-1"},
		{"us-east-1", map[string]string{"BucketRegion": "eu-west-3"}, "no Origin Shield in BucketRegion"},
		{"us-east-1", map[string]string{"BucketRegion": "xx-nowhere-1"}, "no Origin Shield in BucketRegion"}, // an unknown Region
		{"us-east-1", map[string]string{"BucketRegion": "xx-nowhere-1", "OriginShield": "off"}, ""},
		{"us-east-1", map[string]string{"OriginShield": "eu-west-3"}, "parameter OriginShield"},
		{"eu-west-1", map[string]string{"Part": "regional", "DistributionId": "E1"}, "deployed in BucketRegion"},
		{"us-east-1", map[string]string{"Part": "regional", "DistributionId": "E1"}, "Part edge is everything"},
		{"eu-west-1", map[string]string{"Part": "regional", "BucketRegion": "eu-west-1"}, "DistributionId"},
		{"eu-west-1", map[string]string{"Part": "logs", "OriginShield": "eu-west-2"}, "in the Region of OriginShield"},
		{"us-east-1", map[string]string{"DomainNames": "img.example.com"}, "come together or not at all"},
		{"us-east-1", map[string]string{"CertificateArn": certificate}, "come together or not at all"},
		{"us-east-1", map[string]string{"CertificateArn": certificate, "DomainNames": "a.example.com", "AttachOnly": "true"}, "AttachOnly makes no distribution"},
		{"us-east-1", map[string]string{"Regional": "true", "RegionalCodeKey": "none"}, "where the zip"},
		{"us-east-1", map[string]string{"Regional": "true", "RegionalInvalidate": "true", "AttachOnly": "true"}, "which distribution"},
		{"us-east-1", map[string]string{"Regional": "true", "RegionalInvalidate": "true", "AttachOnly": "true", "DistributionId": "E1"}, ""},
		{"us-east-1", map[string]string{"Regional": "true", "RegionalInvalidate": "true"}, ""},
		{"eu-west-1", map[string]string{"Part": "regional", "BucketRegion": "eu-west-1", "ExistingBucket": "true", "Regional": "true", "RegionalInvalidate": "true"}, "which distribution"},
		{"us-east-1", map[string]string{"Nonsense": "1"}, "do not exist"},
	} {
		p := maps.Clone(code)
		p["BucketName"] = "bkt"
		maps.Copy(p, c.params)
		_, err := resolve(theTemplate(), world{region: c.region, name: stackName, params: p})
		if (err == nil) != (c.said == "") || err != nil && !strings.Contains(err.Error(), c.said) {
			t.Errorf("%s %v: %v, want %q", c.region, c.params, err, c.said)
		}
	}
	for name := range map[string]bool{"BucketName": true, "CodeBucket": true, "CodeKey": true, "CodeSha256": true} {
		p := maps.Clone(code)
		p["BucketName"] = "bkt"
		delete(p, name)
		if _, err := resolve(theTemplate(), world{region: "us-east-1", name: stackName, params: p}); err == nil {
			t.Errorf("%s is not asked for", name)
		}
	}
}

// The Regions with Origin Shield are listed three times: in two lists of the template and in desk's
// table.
func TestRegionsOfOriginShieldAreTheSameEverywhere(t *testing.T) {
	allowed := list(at(theTemplate(), "Parameters", "OriginShield", "AllowedValues"))
	ruled := list(at(theTemplate(), "Rules", "ShieldWhereThereIsOne", "Assertions", 0, "Assert", "Fn::Contains", 0))
	want(t, "OriginShield's values", allowed, append([]any{"bucket", "off"}, ruled...))
	for _, region := range ruled {
		if s, err := desk.NearestShield(region.(string)); s != "bucket" || err != nil {
			t.Errorf("%s: desk says %s, %v", region, s, err)
		}
	}
	for _, region := range []string{"us-west-1", "af-south-1", "ap-east-1", "ca-central-1", "eu-south-1", "eu-west-3", "eu-north-1", "me-south-1"} {
		if s, err := desk.NearestShield(region); !slices.Contains(ruled, any(s)) || err != nil {
			t.Errorf("%s: desk says %s, %v", region, s, err)
		}
	}
}

// The function has nothing that Lambda@Edge forbids but CloudFormation accepts (CloudFront
// developer guide, "Restrictions on Lambda@Edge").
func TestFunctionKeepsToLambdaAtEdge(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		f, in := one(t, stacks, "Resize")
		p := f.properties()
		want(t, "its region", in.region, "us-east-1")
		want(t, "Runtime", p["Runtime"], "python3.13")
		want(t, "Handler", p["Handler"], "lambda_function.lambda_handler")
		want(t, "Architectures", p["Architectures"], []any{"x86_64"})
		want(t, "Timeout", p["Timeout"], 30.0)
		want(t, "MemorySize", p["MemorySize"], s.number("Memory", 512.0))
		// Forbidden are, among others, Environment, Layers, VpcConfig, TracingConfig,
		// FileSystemConfigs, DeadLetterConfig, EphemeralStorage, PackageType, KmsKeyArn,
		// ReservedConcurrentExecutions, SnapStart and a fixed name.
		known := []string{"Architectures", "Code", "Description", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout"}
		want(t, "its properties", slices.Sorted(maps.Keys(p)), known)
		want(t, "Code", p["Code"], map[string]any{"S3Bucket": code["CodeBucket"], "S3Key": code["CodeKey"]})
		want(t, "DeletionPolicy", f.Body["DeletionPolicy"], "RetainExceptOnCreate")
		want(t, "UpdateReplacePolicy", f.Body["UpdateReplacePolicy"], "Retain")

		v, _ := one(t, stacks, "ResizeVersion")
		want(t, "the version's DeletionPolicy", v.Body["DeletionPolicy"], "Retain")
		want(t, "the version's UpdateReplacePolicy", v.Body["UpdateReplacePolicy"], "Retain")
		want(t, "the version's function", v.properties()["FunctionName"], "${Resize}")
		want(t, "FunctionVersionArn", in.outputs["FunctionVersionArn"], "${ResizeVersion}")
		want(t, "FunctionName", in.outputs["FunctionName"], "${Resize}")
	})
}

// A new version must be published whenever the code or the settings change. CloudFront runs
// versions, and CloudFormation publishes one when a property of it changes.
func TestVersionFollowsTheCodeAndTheSettings(t *testing.T) {
	version := func(more map[string]string) string {
		p := maps.Clone(code)
		p["BucketName"] = "bkt"
		maps.Copy(p, more)
		d, err := resolve(theTemplate(), world{region: "us-east-1", name: stackName, params: p})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(d.resources["ResizeVersion"].properties())
	}
	first := version(nil)
	want(t, "the same again, with other things about it", version(map[string]string{"Quality": "70", "LogDays": "30", "AutoWebp": "true"}), first)
	if version(map[string]string{"Memory": "1024"}) == first {
		t.Error("more memory, the same version")
	}
	if version(map[string]string{"CodeSha256": strings.Repeat("A", 43) + "="}) == first {
		t.Error("other code, the same version")
	}
	// The number stands for the settings that no parameter changes.
	settings := maps.Clone(theTemplate().section("Resources")["Resize"].(map[string]any)["Properties"].(map[string]any))
	delete(settings, "Code")
	b, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	number := fmt.Sprintf("settings %x,", sha256.Sum256(b))
	number = number[:len("settings 12345678")] + ","
	if d := at(theTemplate(), "Resources", "ResizeVersion", "Properties", "Description", "Fn::Sub").(string); !strings.HasPrefix(d, number) {
		t.Errorf("the function's settings have changed: the version's Description has to begin %q", number)
	}
}

func TestLogsAreKeptWhereTheFunctionRuns(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		f, in := one(t, stacks, "Resize")
		const name = "/miniatura/" + stackName
		want(t, "the function's log group", at(f.properties(), "LoggingConfig", "LogGroup"), name)
		g, there := one(t, stacks, "LogGroup")
		want(t, "the group's name", g.properties()["LogGroupName"], name)
		want(t, "its region", there.region, s.LogRegion())
		// Otherwise a fast first request could make the group, and CloudFormation would fail to.
		want(t, "the function waits for the group", f.refs["LogGroup"], there.region == in.region)
		for _, g := range resourcesOf(stacks, "AWS::Logs::LogGroup") {
			want(t, g.ID+"'s retention", g.properties()["RetentionInDays"], s.number("LogDays", 14.0))
		}
		if s.AttachOnly {
			return
		}
		d, _ := one(t, stacks, "Distribution")
		shield := at(d.properties(), "DistributionConfig", "Origins", 0, "OriginShield")
		if s.OriginShield == "off" {
			want(t, "Origin Shield", shield, map[string]any{"Enabled": false})
		} else {
			want(t, "Origin Shield", shield, map[string]any{"Enabled": true, "OriginShieldRegion": s.LogRegion()})
		}
	})
}

// allowed returns the statements of a role, one line each.
func allowed(r resource) []string {
	var lines []string
	policies, _ := r.properties()["Policies"].([]any)
	for _, p := range policies {
		for _, st := range at(p, "PolicyDocument", "Statement").([]any) {
			lines = append(lines, fmt.Sprint(at(st, "Effect"), " ", list(at(st, "Action")), " ", list(at(st, "Resource")), " ", at(st, "Condition")))
		}
	}
	slices.Sort(lines)
	return lines
}

func TestRolesAllowNoMoreThanIsNeeded(t *testing.T) {
	const bucket = "arn:aws:s3:::bkt"
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		const group = "arn:aws:logs:*:" + account + ":log-group:/miniatura/" + stackName
		results := bucket + "/" + s.number("DestinationFolder", "resized").(string) + "/*"
		roles := map[string][]string{"FunctionRole": {
			"Allow [logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents] [" + group + " " + group + ":*] <nil>",
			"Allow [s3:GetObject] [" + bucket + "/*] <nil>",
			"Allow [s3:ListBucket] [" + bucket + "] <nil>",
			"Allow [s3:PutObject] [" + results + "] <nil>",
		}}
		trusted := map[string][]any{"FunctionRole": {"edgelambda.amazonaws.com", "lambda.amazonaws.com"}}
		if s.Regional {
			roles["WarmRole"] = []string{
				"Allow [logs:CreateLogStream logs:PutLogEvents] [${WarmLogGroup.Arn}] <nil>",
				"Allow [s3:DeleteObject s3:PutObject] [" + results + "] <nil>",
				"Allow [s3:GetObject] [" + bucket + "/*] <nil>",
				"Allow [s3:ListBucket] [" + bucket + "] <nil>",
				"Allow [sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage] [${WarmQueue.Arn}] <nil>",
			}
			if s.otherNumbers {
				policy, _ := one(t, stacks, "WarmInvalidates")
				want(t, "whose policy", policy.properties()["Roles"], []any{"${WarmRole}"})
				want(t, "what may be invalidated", at(policy.properties(), "PolicyDocument", "Statement"), []any{map[string]any{"Sid": "Invalidate", "Effect": "Allow",
					"Action": "cloudfront:CreateInvalidation", "Resource": "arn:aws:cloudfront::" + account + ":distribution/" + distributionID}})
			}
			trusted["WarmRole"] = []any{"lambda.amazonaws.com"}
			lists := "arn:aws:s3:::miniatura-batch-" + account + "-" + s.BucketRegion
			roles["BatchRole"] = []string{
				"Allow [lambda:InvokeFunction] [${Warm.Arn}] <nil>",
				"Allow [s3:GetObject s3:GetObjectVersion] [" + lists + "/manifests/*] map[StringEquals:map[aws:ResourceAccount:" + account + "]]",
				"Allow [s3:PutObject] [" + lists + "/reports/*] map[StringEquals:map[aws:ResourceAccount:" + account + "]]",
			}
			trusted["BatchRole"] = []any{"batchoperations.s3.amazonaws.com"}
		}
		for _, r := range resourcesOf(stacks, "AWS::IAM::Role") {
			want(t, r.ID, allowed(r), roles[r.ID])
			want(t, r.ID+"'s managed policies", r.properties()["ManagedPolicyArns"], nil)
			var who []any
			for _, st := range at(r.properties(), "AssumeRolePolicyDocument", "Statement").([]any) {
				who = append(who, list(at(st, "Principal", "Service"))...)
			}
			want(t, r.ID+" is assumed by", who, trusted[r.ID])
			delete(roles, r.ID)
		}
		for id := range roles {
			t.Errorf("no role %s", id)
		}
	})
}

// The stacks have exactly these types of resources, each in its stack, so that nothing is made
// twice or forgotten.
func TestResourcesAreTheseAndNoOthers(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		types := map[string]int{"AWS::IAM::Role": 1, "AWS::Lambda::Function": 1, "AWS::Lambda::Version": 1, "AWS::Logs::LogGroup": 1, "AWS::CloudFront::Function": 1}
		if !s.AttachOnly {
			for _, k := range []string{"Distribution", "CachePolicy", "ResponseHeadersPolicy", "OriginAccessControl"} {
				types["AWS::CloudFront::"+k]++
			}
			if !s.ExistingBucket {
				types["AWS::S3::Bucket"]++
				types["AWS::S3::BucketPolicy"]++
			}
		}
		if s.Regional {
			for k, n := range map[string]int{"AWS::IAM::Role": 2, "AWS::Lambda::Function": 1, "AWS::Logs::LogGroup": 1, "AWS::Lambda::EventSourceMapping": 1,
				"AWS::SQS::Queue": 2, "AWS::SQS::QueuePolicy": 2} {
				types[k] += n
			}
			if s.otherNumbers {
				types["AWS::IAM::Policy"]++
			}
		}
		got := map[string]int{}
		for _, r := range resourcesOf(stacks, "") {
			got[r.Type]++
		}
		want(t, "the stacks", got, types)
	})
}

// No resource waits for itself through others.
func TestResourcesCanBeMadeInSomeOrder(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		for _, d := range stacks {
			made := map[string]bool{}
			for range d.resources {
				for id, r := range d.resources {
					if !slices.ContainsFunc(slices.Collect(maps.Keys(r.refs)), func(dep string) bool { return !made[dep] }) {
						made[id] = true
					}
				}
			}
			for id, r := range d.resources {
				if !made[id] {
					t.Errorf("%s waits for ever: %v", id, slices.Sorted(maps.Keys(r.refs)))
				}
			}
		}
	})
}

func TestBucketKeepsOriginalsPrivateAndForGood(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		if s.ExistingBucket || s.AttachOnly {
			return
		}
		b, in := one(t, stacks, "Images")
		want(t, "its region", in.region, s.BucketRegion)
		want(t, "DeletionPolicy", b.Body["DeletionPolicy"], "Retain")
		want(t, "UpdateReplacePolicy", b.Body["UpdateReplacePolicy"], "Retain")
		p := b.properties()
		want(t, "BucketName", p["BucketName"], "bkt")
		want(t, "public access", p["PublicAccessBlockConfiguration"], map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true})
		want(t, "encryption", at(p, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "SSEAlgorithm"), "AES256")
		want(t, "ownership", at(p, "OwnershipControls", "Rules", 0, "ObjectOwnership"), "BucketOwnerEnforced")
		// No lifecycle rule may affect an original.
		want(t, "lifecycle", at(p, "LifecycleConfiguration", "Rules"), []any{
			map[string]any{"Id": "expire-results", "Status": "Enabled", "Prefix": s.number("DestinationFolder", "resized").(string) + "/",
				"ExpirationInDays": s.number("ResultDays", 90.0), "NoncurrentVersionExpiration": map[string]any{"NoncurrentDays": 1.0}},
			map[string]any{"Id": "abort-uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 7.0}},
		})

		policy, _ := one(t, stacks, "ImagesPolicy")
		var lines []string
		for _, st := range at(policy.properties(), "PolicyDocument", "Statement").([]any) {
			lines = append(lines, fmt.Sprint(at(st, "Effect"), " ", at(st, "Principal"), " ", at(st, "Action"), " ", at(st, "Resource"), " ", at(st, "Condition")))
		}
		want(t, "the policy knows the distribution by reference", policy.refs["Distribution"], in.part == "edge")
		const both = "[arn:aws:s3:::bkt arn:aws:s3:::bkt/*]"
		want(t, "the bucket's policy", lines, []string{
			"Deny map[AWS:*] s3:* " + both + " map[Bool:map[aws:SecureTransport:false]]",
			"Deny map[AWS:*] s3:* " + both + " map[NumericLessThan:map[s3:TlsVersion:1.2]]",
			// Only GetObject: with ListBucket, a request for "/" would list the bucket.
			"Allow map[Service:cloudfront.amazonaws.com] s3:GetObject arn:aws:s3:::bkt/* map[StringEquals:map[AWS:SourceArn:arn:aws:cloudfront::" + account + ":distribution/" + distributionID + "]]",
			"Deny map[Service:cloudfront.amazonaws.com] s3:GetObject arn:aws:s3:::bkt/miniatura-batch/* <nil>",
		})
		want(t, "the policy's bucket", policy.properties()["Bucket"], "bkt")
		want(t, "it waits for the bucket", policy.refs["Images"], true)
	})
}

func TestDistribution(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		want(t, "ViewerRequestArn", stacks[0].outputs["ViewerRequestArn"], "${ViewerRequest.FunctionARN}")
		if s.AttachOnly {
			return
		}
		d, in := one(t, stacks, "Distribution")
		p := at(d.properties(), "DistributionConfig").(map[string]any)
		want(t, "Enabled", p["Enabled"], true)
		want(t, "HttpVersion", p["HttpVersion"], "http2and3")
		want(t, "IPV6Enabled", p["IPV6Enabled"], true)
		want(t, "PriceClass", p["PriceClass"], s.number("PriceClass", "PriceClass_100"))
		want(t, "CacheTagConfig", p["CacheTagConfig"], map[string]any{"HeaderName": "x-amz-meta-cache-tag"})

		b := p["DefaultCacheBehavior"]
		want(t, "other behaviours", p["CacheBehaviors"], nil)
		want(t, "ViewerProtocolPolicy", at(b, "ViewerProtocolPolicy"), "redirect-to-https")
		want(t, "AllowedMethods", at(b, "AllowedMethods"), []any{"GET", "HEAD"})
		want(t, "Compress", at(b, "Compress"), false)
		want(t, "CachePolicyId", at(b, "CachePolicyId"), "${CachePolicy}")
		want(t, "OriginRequestPolicyId", at(b, "OriginRequestPolicyId"), nil)
		want(t, "ResponseHeadersPolicyId", at(b, "ResponseHeadersPolicyId"), "${ResponseHeaders}")
		want(t, "functions", at(b, "FunctionAssociations"), []any{map[string]any{"EventType": "viewer-request", "FunctionARN": "${ViewerRequest.FunctionARN}"}})
		want(t, "Lambda functions", at(b, "LambdaFunctionAssociations"), []any{map[string]any{"EventType": "origin-request", "LambdaFunctionARN": "${ResizeVersion}", "IncludeBody": false}})
		want(t, "errors", p["CustomErrorResponses"], []any{
			map[string]any{"ErrorCode": 403.0, "ErrorCachingMinTTL": 10.0}, map[string]any{"ErrorCode": 404.0, "ErrorCachingMinTTL": 10.0},
			map[string]any{"ErrorCode": 503.0, "ErrorCachingMinTTL": 1.0}})

		// The names are exactly those in the handler's own list.
		headers := map[string]any{}
		for _, h := range at(p, "Origins", 0, "OriginCustomHeaders").([]any) {
			headers[at(h, "HeaderName").(string)] = at(h, "HeaderValue")
		}
		want(t, "origin headers", headers, map[string]any{edge.HeaderBucketName: "bkt",
			edge.HeaderResizedPath: s.number("DestinationFolder", "resized"), edge.HeaderQuality: s.number("Quality", "80")})
		o := at(p, "Origins").([]any)
		want(t, "origins", len(o), 1)
		want(t, "DomainName", at(o, 0, "DomainName"), "bkt.s3."+s.BucketRegion+".amazonaws.com")
		want(t, "OriginAccessControlId", at(o, 0, "OriginAccessControlId"), "${OriginAccessControl.Id}")
		want(t, "S3OriginConfig", at(o, 0, "S3OriginConfig"), map[string]any{"OriginAccessIdentity": ""})
		want(t, "OriginPath", at(o, 0, "OriginPath"), nil)
		want(t, "it waits for the bucket", d.refs["Images"], resourcesOf(stacks[:1], "AWS::S3::Bucket") != nil)

		wantCachePolicy(t, stacks)
		wantResponseHeaders(t, s, stacks)
		oac, _ := one(t, stacks, "OriginAccessControl")
		want(t, "SigningBehavior", at(oac.properties(), "OriginAccessControlConfig", "SigningBehavior"), "always")

		if s.ownNames {
			want(t, "Aliases", p["Aliases"], []any{"img.example.com", "*.pics.example.com"})
			want(t, "ViewerCertificate", p["ViewerCertificate"], map[string]any{
				"AcmCertificateArn": certificate, "MinimumProtocolVersion": "TLSv1.2_2021", "SslSupportMethod": "sni-only"})
		} else {
			want(t, "Aliases", p["Aliases"], nil)
			want(t, "ViewerCertificate", p["ViewerCertificate"], nil)
		}
		want(t, "DistributionId", in.outputs["DistributionId"], distributionID)
		want(t, "DistributionDomain", in.outputs["DistributionDomain"], "${Distribution.DomainName}")
		if !s.ExistingBucket {
			want(t, "BucketPolicyStatements", in.outputs["BucketPolicyStatements"], nil)
			return
		}
		// The printed statements for an existing bucket are those of a new bucket's policy.
		statements := jsonOf(t, []byte(in.outputs["BucketPolicyStatements"].(string)))
		bucket, err := shape{Shape: desk.Shape{BucketRegion: "us-east-1", OriginShield: "off"}}.deploy(theTemplate())
		if err != nil {
			t.Fatal(err)
		}
		policy, _ := one(t, bucket, "ImagesPolicy")
		want(t, "BucketPolicyStatements", statements, at(policy.properties(), "PolicyDocument", "Statement").([]any)[2:])
	})
}

// wantCachePolicy checks the cache's key and lifetimes.
func wantCachePolicy(t *testing.T, stacks []deployed) {
	t.Helper()
	key, _ := one(t, stacks, "CachePolicy")
	k := at(key.properties(), "CachePolicyConfig")
	want(t, "MinTTL", at(k, "MinTTL"), 1.0)
	want(t, "DefaultTTL", at(k, "DefaultTTL"), 86400.0)
	want(t, "MaxTTL", at(k, "MaxTTL"), 365*86400.0)
	want(t, "the cache key", at(k, "ParametersInCacheKeyAndForwardedToOrigin"), map[string]any{
		"EnableAcceptEncodingGzip": false, "EnableAcceptEncodingBrotli": false,
		"CookiesConfig": map[string]any{"CookieBehavior": "none"}, "HeadersConfig": map[string]any{"HeaderBehavior": "none"},
		"QueryStringsConfig": map[string]any{"QueryStringBehavior": "whitelist", "QueryStrings": []any{"size", "to_webp"}}})
}

// wantResponseHeaders checks the headers that CloudFront adds to every answer.
func wantResponseHeaders(t *testing.T, s shape, stacks []deployed) {
	t.Helper()
	rh, _ := one(t, stacks, "ResponseHeaders")
	h := at(rh.properties(), "ResponseHeadersPolicyConfig", "SecurityHeadersConfig")
	for _, name := range []string{"ContentSecurityPolicy", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy", "StrictTransportSecurity"} {
		want(t, name, at(h, name, "Override"), true)
	}
	if s.otherNumbers {
		want(t, "CORS", at(rh.properties(), "ResponseHeadersPolicyConfig", "CorsConfig"), map[string]any{"AccessControlAllowCredentials": false, "OriginOverride": true,
			"AccessControlAllowHeaders": map[string]any{"Items": []any{"*"}}, "AccessControlAllowMethods": map[string]any{"Items": []any{"GET", "HEAD"}},
			"AccessControlAllowOrigins": map[string]any{"Items": []any{"https://www.example.com", "http://localhost:8080"}}, "AccessControlMaxAgeSec": 86400.0})
	} else {
		want(t, "CORS", at(rh.properties(), "ResponseHeadersPolicyConfig", "CorsConfig"), nil)
	}
	if strings.Contains(strings.ToLower(fmt.Sprint(rh.properties())), "cross-origin-resource-policy") {
		t.Error("pages of other origins could not show the pictures")
	}
	vary := at(rh.properties(), "ResponseHeadersPolicyConfig", "CustomHeadersConfig", "Items", 0)
	if s.autoWebp {
		want(t, "Vary", vary, map[string]any{"Header": "Vary", "Value": "Accept", "Override": true})
	} else {
		want(t, "Vary", vary, nil)
	}
}

// Names that must be unique in an account begin with the stack's name, so that two deployments do
// not conflict.
func TestGlobalNamesHaveTheStacksName(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		for _, r := range resourcesOf(stacks, "") {
			if strings.HasPrefix(r.Type, "AWS::CloudFront::") && r.Type != "AWS::CloudFront::Distribution" {
				name := regexp.MustCompile(`\bName:(\S*)`).FindStringSubmatch(fmt.Sprint(r.properties()))
				if name == nil || !strings.HasPrefix(name[1], stackName+"-") {
					t.Errorf("%s is named %q", r.ID, name)
				}
			}
			for _, fixed := range []string{"RoleName", "FunctionName", "QueueName"} {
				if _, ok := r.properties()[fixed]; ok && r.Type != "AWS::Lambda::Version" && r.Type != "AWS::Lambda::EventSourceMapping" {
					t.Errorf("%s has a %s", r.ID, fixed)
				}
			}
		}
	})
}

func TestViewerFunctionIsDeployedAsItIsTested(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		f, in := one(t, stacks, "ViewerRequest")
		want(t, "its region", in.region, "us-east-1")
		want(t, "FunctionCode", f.properties()["FunctionCode"], viewerCode(s.autoWebp))
		want(t, "Runtime", at(f.properties(), "FunctionConfig", "Runtime"), "cloudfront-js-2.0")
		want(t, "AutoPublish", f.properties()["AutoPublish"], true)
		if on := strings.Contains(viewerCode(s.autoWebp), "AUTO_WEBP = true"); on != s.autoWebp {
			t.Errorf("AUTO_WEBP is %v", on)
		}
	})
	// Sub replaces only AutoWebp in the JavaScript.
	source := at(theTemplate(), "Resources", "ViewerRequest", "Properties", "FunctionCode", "Fn::Sub").(string)
	want(t, "what Sub replaces", variableRE.FindAllString(source, -1), []string{"${AutoWebp}"})
}

func TestParametersRefuseWhatWouldFailLater(t *testing.T) {
	p := theTemplate().section("Parameters")
	want(t, "BucketName's default", at(p, "BucketName", "Default"), nil)
	want(t, "DestinationFolder's default", at(p, "DestinationFolder", "Default"), "resized")
	want(t, "Quality's default", at(p, "Quality", "Default"), "80")
	for name, values := range map[string][2][]string{
		"BucketName":          {{"bkt", "my-pictures.example", strings.Repeat("a", 63)}, {"", "ab", "A-b", "-ab", "ab-", "a_b", strings.Repeat("a", 64), "a/b", "s3://b"}},
		"DestinationFolder":   {{"resized", "a/b_c-1"}, {"", "/a", "a/", "a//b", "..", "a b", "ä", "a/../b", strings.Repeat("a", 201)}},
		"Quality":             {{"1", "80", "100"}, {"0", "101", "-1", "80.5", "", "abc", "080", "1000"}},
		"Memory":              {{"128", "10240"}, {"127", "10241", "x"}},
		"LogDays":             {{"1", "14", "3653"}, {"0", "15", "-1"}},
		"ResultDays":          {{"1", "36500"}, {"0", "36501"}},
		"PriceClass":          {{"PriceClass_All"}, {"PRICE_CLASS_100", ""}},
		"AutoWebp":            {{"true", "false"}, {"yes", "TRUE", ""}},
		"RegionalSizes":       {{"L", "M,SS"}, {"", "L,XXL", "L,", "l"}},
		"CorsOrigins":         {{"", "*", "https://a.example", "http://localhost:8080,https://*.example.org"}, {"a.example", "https://a.example/", "https://a.example, https://b.example", "*,*", "null", "https://A.example"}},
		"RegionalConcurrency": {{"2", "1000"}, {"1", "1001", "x"}},
		"RegionalFormat":      {{"same", "webp", "same,webp"}, {"avif", "webp,same", ""}},
		"BucketRegion":        {{"us-east-1"}, {"Ireland", "", "us-east"}},
		"CodeSha256":          {{strings.Repeat("A", 43) + "="}, {"", strings.Repeat("A", 44)}},
	} {
		for i, vs := range values {
			for _, v := range vs {
				params := maps.Clone(code)
				params["BucketName"] = "bkt"
				params[name] = v
				if _, err := resolve(theTemplate(), world{region: "us-east-1", name: stackName, params: params}); (err == nil) != (i == 0) {
					t.Errorf("%s: %q: %v", name, v, err)
				}
			}
		}
	}
	for _, s := range strings.Split("img.example.com *.a.example.com,b.example.org", " ") {
		params := maps.Clone(code)
		maps.Copy(params, map[string]string{"BucketName": "bkt", "DomainNames": s, "CertificateArn": certificate})
		if _, err := resolve(theTemplate(), world{region: "us-east-1", name: stackName, params: params}); err != nil {
			t.Error(err)
		}
		for _, change := range [][2]string{{"DomainNames", s + ", c.example.org"}, {"DomainNames", "https://" + s}, {"CertificateArn", strings.Replace(certificate, "us-east-1", "eu-west-1", 1)}} {
			other := maps.Clone(params)
			other[change[0]] = change[1]
			if _, err := resolve(theTemplate(), world{region: "us-east-1", name: stackName, params: other}); err == nil {
				t.Errorf("%s %q is taken", change[0], change[1])
			}
		}
	}
	var names []string
	for _, s := range sizes.All() {
		names = append(names, s.Name)
	}
	want(t, "the sizes", at(p, "RegionalSizes", "Default"), strings.Join(names, ","))
	alternatives := "(" + strings.Join(names, "|") + ")"
	want(t, "their pattern", at(p, "RegionalSizes", "AllowedPattern"), "^"+alternatives+"(,"+alternatives+")*$")
}

func TestRegionalFunction(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		if !s.Regional {
			return
		}
		_, in := one(t, stacks, "Warm")
		want(t, "its region, which must be the bucket's", in.region, s.BucketRegion)
		queuesKeepWhatFails(t, s, stacks)
		f, _ := one(t, stacks, "Warm")
		p := f.properties()
		want(t, "Runtime", p["Runtime"], "provided.al2023")
		want(t, "Handler", p["Handler"], "bootstrap")
		want(t, "Timeout", p["Timeout"], 300.0)
		want(t, "Code", p["Code"], map[string]any{"S3Bucket": code["RegionalCodeBucket"], "S3Key": code["RegionalCodeKey"]})
		want(t, "its logs", at(p, "LoggingConfig", "LogGroup"), "/miniatura/"+stackName+"-warm")
		env := at(p, "Environment", "Variables").(map[string]any)
		if s.otherNumbers {
			want(t, "the distribution", env[warm.EnvDistribution], distributionID)
		} else {
			want(t, "the distribution", env[warm.EnvDistribution], "")
		}
		env = maps.Clone(env)
		delete(env, warm.EnvDistribution)
		want(t, "the environment", env, map[string]any{warm.EnvBucket: "bkt", warm.EnvResized: s.number("DestinationFolder", "resized"),
			warm.EnvQuality: s.number("Quality", "80"), warm.EnvSizes: s.number("RegionalSizes", strings.Join(sizeNames(), ",")), warm.EnvFormats: s.number("RegionalFormat", "same,webp")})

		if s.ExistingBucket || s.AttachOnly {
			want(t, "BucketNotification", jsonOf(t, []byte(in.outputs["BucketNotification"].(string))), map[string]any{"QueueConfigurations": []any{
				map[string]any{"Id": "miniatura", "QueueArn": "${WarmQueue.Arn}", "Events": []any{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}}}})
			return
		}
		want(t, "BucketNotification", in.outputs["BucketNotification"], nil)
		b, _ := one(t, stacks, "Images")
		want(t, "notifications", b.properties()["NotificationConfiguration"], map[string]any{"QueueConfigurations": []any{
			map[string]any{"Event": "s3:ObjectCreated:*", "Queue": "${WarmQueue.Arn}"}, map[string]any{"Event": "s3:ObjectRemoved:*", "Queue": "${WarmQueue.Arn}"}}})
		want(t, "the bucket waits for the queue's policy", b.refs["WarmQueuePolicy"], true)
	})
}

// queuesKeepWhatFails checks the way of an event: only the bucket can send to its queue, the
// function works on a limited number of batches at once, and an event that fails comes back alone
// and ends in another queue.
func queuesKeepWhatFails(t *testing.T, s shape, stacks []deployed) {
	f, _ := one(t, stacks, "Warm")
	q, _ := one(t, stacks, "WarmQueue")
	failed, _ := one(t, stacks, "WarmFailed")
	if q.properties()["VisibilityTimeout"].(float64) < 6*f.properties()["Timeout"].(float64) {
		t.Errorf("an event comes back after %v seconds", q.properties()["VisibilityTimeout"])
	}
	want(t, "where failures go", q.properties()["RedrivePolicy"], map[string]any{"deadLetterTargetArn": "${WarmFailed.Arn}", "maxReceiveCount": 5.0})
	want(t, "how long they stay", failed.properties()["MessageRetentionPeriod"], 14*86400.0)
	for id, queue := range map[string]resource{"WarmQueue": q, "WarmFailed": failed} {
		want(t, id+"'s encryption", queue.properties()["SqsManagedSseEnabled"], true)
		policy, _ := one(t, stacks, id+"Policy")
		want(t, id+"'s policy is of", policy.properties()["Queues"], []any{"${" + id + "}"})
		statements := []any{map[string]any{"Effect": "Deny", "Principal": map[string]any{"AWS": "*"},
			"Action": "sqs:*", "Resource": "${" + id + ".Arn}", "Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}}
		if id == "WarmQueue" {
			statements = append(statements, map[string]any{"Sid": "TheBucketSends", "Effect": "Allow", "Principal": map[string]any{"Service": "s3.amazonaws.com"},
				"Action": "sqs:SendMessage", "Resource": "${WarmQueue.Arn}", "Condition": map[string]any{
					"ArnEquals": map[string]any{"aws:SourceArn": "arn:aws:s3:::bkt"}, "StringEquals": map[string]any{"aws:SourceAccount": account}}})
		}
		want(t, id+"'s policy", at(policy.properties(), "PolicyDocument", "Statement"), statements)
	}
	events, _ := one(t, stacks, "WarmEvents")
	want(t, "what the function takes", events.properties(), map[string]any{"EventSourceArn": "${WarmQueue.Arn}", "FunctionName": "${Warm}", "BatchSize": 10.0,
		"FunctionResponseTypes": []any{"ReportBatchItemFailures"}, "ScalingConfig": map[string]any{"MaximumConcurrency": s.number("RegionalConcurrency", 5.0)}})
}
