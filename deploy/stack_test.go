package main

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"miniatura/edge"
	"miniatura/warm"
)

// eachVariant runs check over the stacks of every variant.
func eachVariant(t *testing.T, check func(t *testing.T, c Config, stacks []stack)) {
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		t.Run(name, func(t *testing.T) {
			c, err := ReadConfig(contextOf(t, variants[name]), "")
			if err != nil {
				t.Fatal(err)
			}
			check(t, c, synth(t, name))
		})
	}
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestStacksAndRegions(t *testing.T) {
	for variant, stacks := range map[string]string{
		"default":                   "Miniatura us-east-1",
		"attach only":               "Miniatura us-east-1",
		"attach only, elsewhere":    "Miniatura us-east-1, Miniatura-logs eu-central-1",
		"other numbers":             "Pics us-east-1",
		"existing bucket elsewhere": "Miniatura-function us-east-1, Miniatura ap-southeast-2",
		"new bucket elsewhere":      "Miniatura-function us-east-1, Miniatura eu-west-1",
		"shield elsewhere":          "Miniatura-function us-east-1, Miniatura eu-west-3, Miniatura-logs eu-west-2",
		"shield off, elsewhere":     "Miniatura-function us-east-1, Miniatura eu-west-3",
		"regional":                  "Miniatura us-east-1",
	} {
		var got []string
		for _, s := range synth(t, variant) {
			got = append(got, s.Name+" "+s.Region)
		}
		want(t, variant, strings.Join(got, ", "), stacks)
	}
}

// What Lambda@Edge forbids and CDK lets pass (CloudFront developer guide,
// "Restrictions on Lambda@Edge").
func TestFunctionKeepsToLambdaAtEdge(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		f, s := edgeFunction(t, stacks)
		p := f.properties()
		want(t, "its region", s.Region, "us-east-1")
		want(t, "Runtime", p["Runtime"], "python3.13")
		want(t, "Handler", p["Handler"], "lambda_function.lambda_handler")
		want(t, "Architectures", p["Architectures"], []any{"x86_64"})
		want(t, "Timeout", p["Timeout"], 30.0)
		want(t, "MemorySize", p["MemorySize"], float64(c.MemorySize))
		known := []string{"Architectures", "Code", "Description", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout"}
		// Environment, Layers, VpcConfig, TracingConfig, FileSystemConfigs, DeadLetterConfig, EphemeralStorage,
		// PackageType, KmsKeyArn, ReservedConcurrentExecutions, SnapStart and a fixed name are none of them.
		want(t, "its properties", slices.Sorted(maps.Keys(p)), known)
		want(t, "Code", slices.Sorted(maps.Keys(at(p, "Code").(map[string]any))), []string{"S3Bucket", "S3Key"})
		want(t, "DeletionPolicy", f.Body["DeletionPolicy"], "RetainExceptOnCreate")
		want(t, "UpdateReplacePolicy", f.Body["UpdateReplacePolicy"], "Retain")

		v, _ := one(t, stacks, "AWS::Lambda::Version")
		want(t, "the version's DeletionPolicy", v.Body["DeletionPolicy"], "Retain")
		want(t, "the version's UpdateReplacePolicy", v.Body["UpdateReplacePolicy"], "Retain")
		want(t, "the version's function", plain(v.properties()["FunctionName"]), "${Resize}")
		want(t, "FunctionVersionArn", plain(at(s.template, "Outputs", "FunctionVersionArn", "Value")), "${"+v.ID+"}")

		rule := at(s.template, "Rules", "Region", "Assertions", 0, "Assert", "Fn::Equals")
		want(t, "the region's rule", plain(rule), []any{"${AWS::Region}", "us-east-1"})
	})
}

func edgeFunction(t *testing.T, stacks []stack) (resource, stack) {
	t.Helper()
	for _, s := range stacks {
		for _, f := range s.of("AWS::Lambda::Function") {
			if f.ID == "Resize" {
				return f, s
			}
		}
	}
	t.Fatal("no function Resize")
	return resource{}, stack{}
}

// A new version must be published whenever the code or the settings change:
// CloudFront runs versions, and the construct's logical id is what changes.
func TestVersionFollowsTheCodeAndTheSettings(t *testing.T) {
	id := func(extra map[string]any) string {
		st, err := synthesize(t, extra)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := one(t, st, "AWS::Lambda::Version")
		return v.ID
	}
	first := id(map[string]any{})
	want(t, "the same again", id(map[string]any{}), first)
	if id(map[string]any{"memory": "1024"}) == first {
		t.Error("more memory, the same version")
	}
	if err := writeZip("other.zip", 0o755, "miniatura", "lambda_function.py", "more"); err != nil {
		t.Fatal(err)
	}
	if id(map[string]any{"zip": zips + "/other.zip"}) == first {
		t.Error("other code, the same version")
	}

	// In two stacks the distribution refers to the version by the name of an output:
	// that has to change too, or CloudFormation sees nothing to do.
	ref := func(extra map[string]any) string {
		extra["bucketRegion"] = "eu-west-1"
		st, err := synthesize(t, extra)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := one(t, st, "AWS::CloudFront::Distribution")
		a := at(d.properties(), "DistributionConfig", "DefaultCacheBehavior", "LambdaFunctionAssociations", 0, "LambdaFunctionARN", "Fn::GetStackOutput")
		want(t, "the other stack", at(a, "StackName"), "Miniatura-function")
		want(t, "its region", at(a, "Region"), "us-east-1")
		name, _ := at(a, "OutputName").(string)
		_, f := edgeFunction(t, st)
		v, _ := one(t, st, "AWS::Lambda::Version")
		want(t, "output "+name, plain(at(f.template, "Outputs", name, "Value")), "${"+v.ID+"}")
		return name
	}
	if one, two := ref(map[string]any{}), ref(map[string]any{"memory": "1024"}); one == two {
		t.Errorf("another version, the same output %s", one)
	}
}

func TestLogsAreKeptWhereTheFunctionRuns(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		f, _ := edgeFunction(t, stacks)
		name := at(f.properties(), "LoggingConfig", "LogGroup")
		want(t, "the function's log group", name, "/miniatura/"+c.Name)
		found := false
		for _, s := range stacks {
			for _, g := range s.of("AWS::Logs::LogGroup") {
				want(t, g.ID+"'s retention", g.properties()["RetentionInDays"], float64(c.LogDays))
				if g.properties()["LogGroupName"] == name {
					found = true
					want(t, "its region", s.Region, c.LogRegion())
				}
			}
		}
		if !found {
			t.Error("no log group")
		}
		for _, s := range stacks {
			for _, d := range s.of("AWS::CloudFront::Distribution") {
				shield := at(d.properties(), "DistributionConfig", "Origins", 0, "OriginShield")
				if c.OriginShield == "" {
					if at(shield, "Enabled") == true {
						t.Error("Origin Shield is on")
					}
					continue
				}
				want(t, "Origin Shield", shield, map[string]any{"Enabled": true, "OriginShieldRegion": c.LogRegion()})
			}
		}
	})
}

// allowed are the statements of a role, one line each.
func allowed(r resource) []string {
	var lines []string
	policies, _ := r.properties()["Policies"].([]any)
	for _, p := range policies {
		for _, st := range at(p, "PolicyDocument", "Statement").([]any) {
			lines = append(lines, fmt.Sprint(at(st, "Effect"), " ", list(at(st, "Action")), " ", list(plain(at(st, "Resource"))), " ", at(st, "Condition")))
		}
	}
	slices.Sort(lines)
	return lines
}

func list(v any) []any {
	if a, ok := v.([]any); ok {
		return a
	}
	return []any{v}
}

func TestRolesAllowNoMoreThanIsNeeded(t *testing.T) {
	const bucket = "arn:aws:s3:::${BucketName}"
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		group := "arn:aws:logs:*:${AWS::AccountId}:log-group:/miniatura/" + c.Name
		roles := map[string][]string{"FunctionRole": {
			"Allow [logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents] [" + group + " " + group + ":*] <nil>",
			"Allow [s3:GetObject] [" + bucket + "/*] <nil>",
			"Allow [s3:ListBucket] [" + bucket + "] <nil>",
			"Allow [s3:PutObject] [" + bucket + "/${DestinationFolder}/*] <nil>",
		}}
		trusted := map[string][]any{"FunctionRole": {"edgelambda.amazonaws.com", "lambda.amazonaws.com"}}
		if c.Regional {
			roles["WarmRole"] = []string{
				"Allow [logs:CreateLogStream logs:PutLogEvents] [${WarmLogGroup.Arn}] <nil>",
				"Allow [s3:DeleteObject s3:PutObject] [" + bucket + "/${DestinationFolder}/*] <nil>",
				"Allow [s3:GetObject] [" + bucket + "/*] <nil>",
				"Allow [s3:ListBucket] [" + bucket + "] <nil>",
				"Allow [sqs:SendMessage] [${WarmFailed.Arn}] <nil>",
			}
			trusted["WarmRole"] = []any{"lambda.amazonaws.com"}
			roles["BatchRole"] = []string{
				"Allow [lambda:InvokeFunction] [${Warm.Arn}] <nil>",
				"Allow [s3:GetObject] [" + bucket + "/miniatura-batch/*] <nil>",
				"Allow [s3:PutObject] [" + bucket + "/miniatura-batch/*] <nil>",
			}
			trusted["BatchRole"] = []any{"batchoperations.s3.amazonaws.com"}
		}
		for _, s := range stacks {
			for _, r := range s.of("AWS::IAM::Role") {
				want(t, r.ID, allowed(r), roles[r.ID])
				want(t, r.ID+"'s managed policies", r.properties()["ManagedPolicyArns"], nil)
				var who []any
				for _, st := range at(r.properties(), "AssumeRolePolicyDocument", "Statement").([]any) {
					who = append(who, list(at(st, "Principal", "Service"))...)
				}
				want(t, r.ID+" is assumed", who, trusted[r.ID])
				delete(roles, r.ID)
			}
			for _, p := range append(s.of("AWS::IAM::Policy"), s.of("AWS::IAM::ManagedPolicy")...) {
				t.Errorf("%s: a policy besides the roles' own", p.ID)
			}
		}
		for id := range roles {
			t.Errorf("no role %s", id)
		}
	})
}

// Only these types may be in a stack: above all no custom resources, which bring
// functions and roles of CDK's own.
func TestResourcesAreTheseAndNoOthers(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		types := map[string]int{"AWS::IAM::Role": 1, "AWS::Lambda::Function": 1, "AWS::Lambda::Version": 1, "AWS::Logs::LogGroup": 1, "AWS::CloudFront::Function": 1}
		if !c.AttachOnly {
			for _, k := range []string{"Distribution", "CachePolicy", "ResponseHeadersPolicy", "OriginAccessControl"} {
				types["AWS::CloudFront::"+k]++
			}
			if !c.ExistingBucket {
				types["AWS::S3::Bucket"]++
				types["AWS::S3::BucketPolicy"]++
			}
		}
		if c.Regional {
			for k, n := range map[string]int{"AWS::IAM::Role": 2, "AWS::Lambda::Function": 1, "AWS::Logs::LogGroup": 1, "AWS::Lambda::EventInvokeConfig": 1,
				"AWS::Lambda::Permission": 1, "AWS::SQS::Queue": 1, "AWS::SQS::QueuePolicy": 1} {
				types[k] += n
			}
		}
		got := map[string]int{}
		for _, s := range stacks {
			for _, r := range s.of("") {
				got[r.Type]++
			}
		}
		want(t, "the stacks", got, types)
	})
}

func TestBucketKeepsOriginalsPrivateAndForGood(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		if c.ExistingBucket || c.AttachOnly {
			return
		}
		b, s := one(t, stacks, "AWS::S3::Bucket")
		want(t, "its region", s.Region, c.BucketRegion)
		want(t, "DeletionPolicy", b.Body["DeletionPolicy"], "Retain")
		want(t, "UpdateReplacePolicy", b.Body["UpdateReplacePolicy"], "Retain")
		p := plain(b.properties()).(map[string]any)
		want(t, "BucketName", p["BucketName"], "${BucketName}")
		want(t, "public access", p["PublicAccessBlockConfiguration"], map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true})
		want(t, "encryption", at(p, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "SSEAlgorithm"), "AES256")
		want(t, "ownership", at(p, "OwnershipControls", "Rules", 0, "ObjectOwnership"), "BucketOwnerEnforced")
		// Of the lifecycle rules none may touch an original.
		want(t, "lifecycle", at(p, "LifecycleConfiguration", "Rules"), []any{
			map[string]any{"Id": "expire-results", "Status": "Enabled", "Prefix": "${DestinationFolder}/", "ExpirationInDays": float64(c.ResultDays),
				"NoncurrentVersionExpiration": map[string]any{"NoncurrentDays": 1.0}},
			map[string]any{"Id": "abort-uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 7.0}},
		})

		policy, _ := one(t, stacks, "AWS::S3::BucketPolicy")
		var lines []string
		for _, st := range at(plain(policy.properties()), "PolicyDocument", "Statement").([]any) {
			lines = append(lines, fmt.Sprint(at(st, "Effect"), " ", at(st, "Principal"), " ", at(st, "Action"), " ", at(st, "Resource"), " ", at(st, "Condition")))
		}
		both := "[${Images.Arn} ${Images.Arn}/*]"
		want(t, "the bucket's policy", lines, []string{
			"Deny map[AWS:*] s3:* " + both + " map[Bool:map[aws:SecureTransport:false]]",
			"Deny map[AWS:*] s3:* " + both + " map[NumericLessThan:map[s3:TlsVersion:1.2]]",
			// GetObject only: with ListBucket "/" would list the bucket.
			"Allow map[Service:cloudfront.amazonaws.com] s3:GetObject ${Images.Arn}/* map[StringEquals:map[AWS:SourceArn:arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}]]",
		})
	})
}

func TestDistribution(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		if c.AttachOnly {
			for _, s := range stacks {
				if s.Name == c.Name {
					want(t, "ViewerRequestArn", plain(at(s.template, "Outputs", "ViewerRequestArn", "Value")), "${ViewerRequest.FunctionARN}")
				}
			}
			return
		}
		d, s := one(t, stacks, "AWS::CloudFront::Distribution")
		p := plain(at(d.properties(), "DistributionConfig")).(map[string]any)
		want(t, "Enabled", p["Enabled"], true)
		want(t, "HttpVersion", p["HttpVersion"], "http2and3")
		want(t, "IPV6Enabled", p["IPV6Enabled"], true)
		want(t, "PriceClass", p["PriceClass"], map[string]string{"PRICE_CLASS_100": "PriceClass_100", "PRICE_CLASS_ALL": "PriceClass_All"}[c.PriceClass])
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
		l := at(b, "LambdaFunctionAssociations").([]any)
		want(t, "Lambda functions", len(l), 1)
		want(t, "EventType", at(l, 0, "EventType"), "origin-request")
		want(t, "IncludeBody", at(l, 0, "IncludeBody"), false)

		// The names that the handler reads, from its own list, and no other.
		headers := map[string]any{}
		for _, h := range at(p, "Origins", 0, "OriginCustomHeaders").([]any) {
			headers[at(h, "HeaderName").(string)] = at(h, "HeaderValue")
		}
		want(t, "origin headers", headers, map[string]any{
			edge.HeaderBucketName: "${BucketName}", edge.HeaderResizedPath: "${DestinationFolder}", edge.HeaderQuality: "${Quality}"})
		o := at(p, "Origins").([]any)
		want(t, "origins", len(o), 1)
		want(t, "OriginAccessControlId", at(o, 0, "OriginAccessControlId"), "${OriginAccessControl.Id}")
		want(t, "S3OriginConfig", at(o, 0, "S3OriginConfig"), map[string]any{"OriginAccessIdentity": ""})
		want(t, "OriginPath", at(o, 0, "OriginPath"), nil)

		key, _ := one(t, stacks, "AWS::CloudFront::CachePolicy")
		k := at(key.properties(), "CachePolicyConfig")
		want(t, "MinTTL", at(k, "MinTTL"), 1.0)
		want(t, "DefaultTTL", at(k, "DefaultTTL"), 86400.0)
		want(t, "MaxTTL", at(k, "MaxTTL"), 365*86400.0)
		want(t, "the cache key", at(k, "ParametersInCacheKeyAndForwardedToOrigin"), map[string]any{
			"EnableAcceptEncodingGzip": false, "EnableAcceptEncodingBrotli": false,
			"CookiesConfig": map[string]any{"CookieBehavior": "none"}, "HeadersConfig": map[string]any{"HeaderBehavior": "none"},
			"QueryStringsConfig": map[string]any{"QueryStringBehavior": "whitelist", "QueryStrings": []any{"size", "to_webp"}}})

		oac, _ := one(t, stacks, "AWS::CloudFront::OriginAccessControl")
		want(t, "SigningBehavior", at(oac.properties(), "OriginAccessControlConfig", "SigningBehavior"), "always")

		rh, _ := one(t, stacks, "AWS::CloudFront::ResponseHeadersPolicy")
		h := at(rh.properties(), "ResponseHeadersPolicyConfig", "SecurityHeadersConfig")
		for _, name := range []string{"ContentSecurityPolicy", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy", "StrictTransportSecurity"} {
			want(t, name, at(h, name, "Override"), true)
		}
		vary := at(rh.properties(), "ResponseHeadersPolicyConfig", "CustomHeadersConfig", "Items", 0)
		if c.AutoWebP {
			want(t, "Vary", vary, map[string]any{"Header": "Vary", "Value": "Accept", "Override": true})
		} else {
			want(t, "Vary", vary, nil)
		}

		if len(c.DomainNames) > 0 {
			want(t, "Aliases", p["Aliases"], []any{"img.example.com", "*.pics.example.com"})
			want(t, "ViewerCertificate", p["ViewerCertificate"], map[string]any{
				"AcmCertificateArn": c.CertificateArn, "MinimumProtocolVersion": "TLSv1.2_2021", "SslSupportMethod": "sni-only"})
		} else {
			want(t, "Aliases", p["Aliases"], nil)
		}
		statement, _ := plain(at(s.template, "Outputs", "BucketPolicyStatement", "Value")).(string)
		if c.ExistingBucket != strings.Contains(statement, `"AWS:SourceArn":"arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"`) {
			t.Errorf("BucketPolicyStatement is %q", statement)
		}
	})
}

func TestViewerFunctionIsDeployedAsItIsTested(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		f, _ := one(t, stacks, "AWS::CloudFront::Function")
		want(t, "FunctionCode", f.properties()["FunctionCode"], viewerCode(c.AutoWebP))
		want(t, "Runtime", at(f.properties(), "FunctionConfig", "Runtime"), "cloudfront-js-2.0")
		want(t, "AutoPublish", f.properties()["AutoPublish"], true)
		if on := strings.Contains(viewerCode(c.AutoWebP), "AUTO_WEBP = true"); on != c.AutoWebP {
			t.Errorf("AUTO_WEBP is %v", on)
		}
	})
}

// Every stack takes the parameters of the article's line, and refuses values
// that would fail later.
func TestParameters(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		for _, s := range stacks {
			p := s.section("Parameters")
			want(t, s.Name+"'s parameters", slices.Sorted(maps.Keys(p)), []string{"BootstrapVersion", "BucketName", "DestinationFolder", "Quality"})
			want(t, "BucketName's default", at(p, "BucketName", "Default"), nil)
			want(t, "DestinationFolder's default", at(p, "DestinationFolder", "Default"), "resized")
			want(t, "Quality's default", at(p, "Quality", "Default"), "80")
		}
	})
	p := synth(t, "default")[0].section("Parameters")
	for name, values := range map[string][2][]string{
		"BucketName":        {{"bkt", "my-pictures.example", strings.Repeat("a", 63)}, {"", "ab", "A-b", "-ab", "ab-", "a_b", strings.Repeat("a", 64), "a/b", "s3://b"}},
		"DestinationFolder": {{"resized", "a/b_c-1"}, {"", "/a", "a/", "a//b", "..", "a b", "ä", "a/../b"}},
		"Quality":           {{"1", "80", "100"}, {"0", "101", "-1", "80.5", "", "abc", "080", "1000"}},
	} {
		re := regexp.MustCompile(at(p, name, "AllowedPattern").(string))
		for _, v := range values[0] {
			if !re.MatchString(v) {
				t.Errorf("%s refuses %q", name, v)
			}
		}
		for _, v := range values[1] {
			if re.MatchString(v) {
				t.Errorf("%s takes %q", name, v)
			}
		}
	}
}

func TestRegionalFunction(t *testing.T) {
	eachVariant(t, func(t *testing.T, c Config, stacks []stack) {
		if !c.Regional {
			return
		}
		q, s := one(t, stacks, "AWS::SQS::Queue")
		want(t, "its region, which must be the bucket's", s.Region, c.BucketRegion)
		want(t, "the queue's encryption", q.properties()["SqsManagedSseEnabled"], true)
		var f resource
		for _, r := range s.of("AWS::Lambda::Function") {
			if r.ID == "Warm" {
				f = r
			}
		}
		p := plain(f.properties()).(map[string]any)
		want(t, "Runtime", p["Runtime"], "provided.al2023")
		want(t, "Handler", p["Handler"], "bootstrap")
		want(t, "Timeout", p["Timeout"], 300.0)
		env := at(p, "Environment", "Variables").(map[string]any)
		want(t, "the environment", env, map[string]any{warm.EnvBucket: "${BucketName}", warm.EnvResized: "${DestinationFolder}", warm.EnvQuality: "${Quality}",
			warm.EnvSizes: c.RegionalSizes, warm.EnvFormats: c.RegionalFormat})
		// What is deployed is what the function reads.
		deploy := deployed(s, c.BucketRegion)
		settings, err := warm.FromEnv(func(name string) string {
			v, _ := at(map[string]any(deploy), "Resources", "Warm", "Properties", "Environment", "Variables", name).(string)
			return v
		})
		if err != nil || settings.Bucket != "bkt" || settings.Resized != "resized" || settings.Quality != 80 {
			t.Errorf("the function reads %+v, %v", settings, err)
		}

		permission, _ := one(t, stacks, "AWS::Lambda::Permission")
		want(t, "who may invoke", plain(permission.properties()), map[string]any{"Action": "lambda:InvokeFunction", "FunctionName": "${Warm.Arn}",
			"Principal": "s3.amazonaws.com", "SourceAccount": "${AWS::AccountId}", "SourceArn": "arn:aws:s3:::${BucketName}"})
		retry, _ := one(t, stacks, "AWS::Lambda::EventInvokeConfig")
		want(t, "where failures go", plain(at(retry.properties(), "DestinationConfig", "OnFailure", "Destination")), "${WarmFailed.Arn}")

		if c.ExistingBucket {
			text, _ := plain(at(s.template, "Outputs", "BucketNotification", "Value")).(string)
			want(t, "BucketNotification", text, `{"LambdaFunctionConfigurations":[{"Id":"miniatura","LambdaFunctionArn":"${Warm.Arn}","Events":["s3:ObjectCreated:*","s3:ObjectRemoved:*"]}]}`)
			return
		}
		b, _ := one(t, stacks, "AWS::S3::Bucket")
		want(t, "notifications", plain(at(b.properties(), "NotificationConfiguration", "LambdaConfigurations")), []any{
			map[string]any{"Event": "s3:ObjectCreated:*", "Function": "${Warm.Arn}"}, map[string]any{"Event": "s3:ObjectRemoved:*", "Function": "${Warm.Arn}"}})
		want(t, "the bucket waits for", b.Body["DependsOn"], []any{"WarmPermission"})
	})
}
