package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"miniatura/desk"
)

// A call is a request that S3 checks against a bucket's policy.
type call struct {
	service, sourceArn, action, resource string
	insecure                             bool
}

// allows evaluates a bucket's policy as IAM does for a service without a policy of its own: what no
// statement allows is denied, and a denial wins. A condition that it does not know is an error.
func allows(statements []any, c call) (bool, error) {
	allowed := false
	for _, st := range statements {
		who := at(st, "Principal")
		if !slices.Contains(list(at(who, "AWS")), any("*")) && !slices.Contains(list(at(who, "Service")), any(c.service)) {
			continue
		}
		matches := func(name, what string) bool {
			return slices.ContainsFunc(list(at(st, name)), func(p any) bool {
				before, after, wild := strings.Cut(p.(string), "*")
				return p == what || wild && len(what) >= len(before)+len(after) && strings.HasPrefix(what, before) && strings.HasSuffix(what, after)
			})
		}
		if !matches("Action", c.action) || !matches("Resource", c.resource) {
			continue
		}
		holds := true
		conditions, _ := at(st, "Condition").(map[string]any)
		for operator, of := range conditions {
			for key, v := range of.(map[string]any) {
				switch operator + " " + strings.ToLower(key) {
				case "StringEquals aws:sourcearn":
					holds = holds && v == c.sourceArn
				case "Bool aws:securetransport":
					holds = holds && fmt.Sprint(!c.insecure) == v
				case "NumericLessThan s3:tlsversion":
					holds = holds && c.insecure
				default:
					return false, fmt.Errorf("condition %s %s is not known here", operator, key)
				}
			}
		}
		switch {
		case holds && at(st, "Effect") == "Deny":
			return false, nil
		case holds:
			allowed = true
		}
	}
	return allowed, nil
}

// everything is a statement that an existing policy may have: CloudFront may read all objects.
var everything = map[string]any{"Sid": "Old", "Effect": "Allow", "Principal": map[string]any{"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bkt/*"}

// policyOf returns the statements that a deployment adds to the bucket's policy, or asks the owner
// to add.
func policyOf(t *testing.T, stacks []deployed) []any {
	t.Helper()
	for _, d := range stacks {
		if r, ok := d.resources["ImagesPolicy"]; ok {
			return at(r.properties(), "PolicyDocument", "Statement").([]any)
		}
		if s, ok := d.outputs["BucketPolicyStatements"].(string); ok {
			return jsonOf(t, []byte(s)).([]any)
		}
	}
	t.Fatal("there is no policy")
	return nil
}

// checkPolicy checks who may read what under a bucket's policy.
func checkPolicy(t *testing.T, statements []any, onlyOurs bool) {
	t.Helper()
	const ours = "arn:aws:cloudfront::" + account + ":distribution/" + distributionID
	for _, c := range []struct {
		key, from string
		want      bool
	}{
		{"fotos/a.jpg", ours, true}, {"resized/M/fotos/a.jpg", ours, true}, {"fotos/miniatura-batch/a.jpg", ours, true}, {"miniatura-batch.jpg", ours, true},
		{"miniatura-batch/manifest.csv", ours, false}, {"miniatura-batch/job-1/results/r.csv", ours, false}, {"miniatura-batch/", ours, false},
		{"miniatura-batch/manifest.csv", ours + "X", false}, {"fotos/a.jpg", ours + "X", !onlyOurs},
	} {
		got, err := allows(statements, call{service: "cloudfront.amazonaws.com", sourceArn: c.from, action: "s3:GetObject", resource: "arn:aws:s3:::bkt/" + c.key})
		if err != nil || got != c.want {
			t.Errorf("%s of %s: %v, %v", c.key, path.Base(c.from), got, err)
		}
	}
	for _, action := range []string{"s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} {
		for _, resource := range []string{"arn:aws:s3:::bkt", "arn:aws:s3:::bkt/fotos/a.jpg"} {
			if got, err := allows(statements, call{service: "cloudfront.amazonaws.com", sourceArn: ours, action: action, resource: resource}); got || err != nil {
				t.Errorf("%s %s: %v, %v", action, resource, got, err)
			}
		}
	}
	if got, err := allows(statements, call{service: "s3.amazonaws.com", sourceArn: ours, action: "s3:GetObject", resource: "arn:aws:s3:::bkt/fotos/a.jpg"}); got || err != nil {
		t.Errorf("another service reads: %v, %v", got, err)
	}
}

// Viewers may read pictures and results, but no lists of keys. This holds with the policy that the
// template makes and with the statements that it prints for an existing bucket. It also holds if
// the policy of that bucket lets CloudFront read everything.
func TestNobodyReadsAListOfKeysThroughADistribution(t *testing.T) {
	eachShape(t, func(t *testing.T, s shape, stacks []deployed) {
		if s.AttachOnly {
			return // the distribution and its policy exist already
		}
		statements := policyOf(t, stacks)
		checkPolicy(t, statements, true)
		checkPolicy(t, append([]any{everything}, statements...), false)
	})
	// This checks allows itself: without the denial the list could be read.
	open, err := allows([]any{everything}, call{service: "cloudfront.amazonaws.com", action: "s3:GetObject", resource: "arn:aws:s3:::bkt/miniatura-batch/manifest.csv"})
	if !open || err != nil {
		t.Errorf("%v, %v", open, err)
	}
}

func TestNobodyReadsAListOfKeysByTheOtherWaysIn(t *testing.T) {
	blocks := terraform(t)
	for _, existing := range []bool{false, true} {
		s := shape{Shape: desk.Shape{BucketRegion: "us-east-1", OriginShield: "bucket", ExistingBucket: existing}}
		var stacks []deployed
		for _, w := range terraformStacks(t, blocks, s) {
			d, err := resolve(theTemplate(), w)
			if err != nil {
				t.Fatal(err)
			}
			stacks = append(stacks, d)
		}
		checkPolicy(t, policyOf(t, stacks), true)
	}
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		elsewhere := map[string]map[string]any{}
		var stacks []deployed
		for _, made := range synth(t, name) {
			params := map[string]string{"BucketName": "bkt"}
			maps.Copy(params, variants[name].params)
			d, err := resolve(made.template, world{region: made.region, name: made.name, params: params, elsewhere: elsewhere})
			if err != nil {
				t.Fatal(err)
			}
			elsewhere[made.region] = d.outputs
			stacks = append(stacks, d)
		}
		checkPolicy(t, policyOf(t, stacks), true)
	}
}

// A policy has each statement that the README adds once, however often it is added.
func TestREADMEJoinsPolicies(t *testing.T) {
	for _, block := range shellBlocks(t) {
		_, filter, ok := strings.Cut(block, `jq --argjson s "$STATEMENTS" '`)
		if !ok {
			continue
		}
		filter, _, _ = strings.Cut(filter, "'")
		stacks, err := shape{Shape: desk.Shape{BucketRegion: "us-east-1", OriginShield: "off", ExistingBucket: true}}.deploy(theTemplate())
		if err != nil {
			t.Fatal(err)
		}
		printed := stacks[0].outputs["BucketPolicyStatements"].(string)
		mine := map[string]any{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bkt/*"} // it has no Sid
		policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{mine, everything}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			policy = jq(t, policy, "--argjson", "s", printed, filter)
			statements := at(jsonOf(t, policy), "Statement").([]any)
			want(t, "what was there", statements[:2], []any{mine, everything})
			want(t, "what is joined", statements[2:], jsonOf(t, []byte(printed)))
		}
		return
	}
	t.Error("the recipe is not there")
}
