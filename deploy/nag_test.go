package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// accepted are the findings of cdk-nag's AWS Solutions rules that stay, by rule,
// with the reason. A rule that finds nothing any more fails the test.
var accepted = map[string]string{
	"AwsSolutions-CFR1": "pictures for everybody: no country is shut out unless its owner says so",
	"AwsSolutions-CFR2": "WAF costs more a month than everything else here, and there is nothing to protect: GET and HEAD of pictures, and the query is normalised",
	"AwsSolutions-CFR3": "access logs need a bucket, cost by the request and hold visitors' addresses: a decision of the one who deploys",
	"AwsSolutions-CFR4": "the default certificate, *.cloudfront.net, cannot have its TLS version set; with an own domain it is TLSv1.2_2021",
	"AwsSolutions-S1":   "server access logs: as AwsSolutions-CFR3",
	"AwsSolutions-IAM5": "wildcards over the keys of one bucket, and over regions for one log group: replicas run, and log, anywhere",
	"AwsSolutions-L1":   "python3.13 is pinned, not the newest: Lambda@Edge takes new ones later than Lambda, and a runtime is changed with a test",
	"AwsSolutions-SQS3": "the queue is itself where failed events end",
}

var rule = regexp.MustCompile(`AwsSolutions-[A-Z]+[0-9]+`)

// A note is what somebody had to say of a construct.
type note struct {
	path string
	Type string
	Data string
}

// notes reads the errors and warnings in a stack's metadata.
func notes(t *testing.T, file string) []note {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var byPath map[string][]struct {
		Type string
		Data any
	}
	if err := json.Unmarshal(b, &byPath); err != nil {
		t.Fatal(err)
	}
	var all []note
	for path, entries := range byPath {
		for _, e := range entries {
			if text, ok := e.Data.(string); ok && (e.Type == "aws:cdk:error" || e.Type == "aws:cdk:warning") {
				all = append(all, note{path, e.Type, text})
			}
		}
	}
	return all
}

func TestNagFindsNothingThatIsNotArgued(t *testing.T) {
	found := map[string]bool{}
	for _, variant := range []string{"default", "own domain", "regional"} {
		context, out := contextOf(t, variants[variant]), t.TempDir()
		app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Outdir: jsii.String(out), Context: &context})
		c, err := ReadConfig(context, "")
		if err != nil {
			t.Fatal(err)
		}
		built, err := Build(app, c)
		if err != nil {
			t.Fatal(err)
		}
		awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true), Reports: jsii.Bool(false)}), nil)
		app.Synth(nil)
		for _, s := range built.All() {
			for _, note := range notes(t, filepath.Join(out, *s.StackName()+".metadata.json")) {
				id := rule.FindString(note.Data)
				found[id] = true
				if accepted[id] == "" {
					t.Errorf("%s: %s: %s", variant, note.path, strings.SplitN(note.Data, "\n", 2)[0])
				}
			}
		}
	}
	for id := range accepted {
		if !found[id] {
			t.Errorf("%s is not found any more: strike it from the list", id)
		}
	}
}
