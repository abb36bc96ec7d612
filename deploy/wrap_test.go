package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"miniatura/desk"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// A variant is a context and the shape that it must give. Synthesizing takes seconds of CPU, so
// there are only three variants: without options, with every option, and with the same options as
// parameters of the stack.
type variant struct {
	context map[string]any
	params  map[string]string // --parameters, besides the bucket's name
	shape   shape
}

var variants = map[string]variant{
	"default": {shape: shape{Shape: desk.Shape{BucketRegion: "us-east-1", OriginShield: "bucket"}}},
	"everything, elsewhere": {
		context: map[string]any{"bucketRegion": "eu-west-3", "regional": "true", "autoWebp": true, "memory": 1024.0, "priceClass": "PRICE_CLASS_ALL",
			"logDays": "30", "resultDays": "7", "regionalSizes": "M, SS", "regionalFormat": "webp", "regionalConcurrency": "20", "regionalInvalidate": "true", "corsOrigins": "https://www.example.com, http://localhost:8080", "destinationFolder": "a/b", "quality": "70",
			"domainNames": "img.example.com, *.pics.example.com", "certificateArn": certificate, "name": stackName},
		shape: shape{desk.Shape{BucketRegion: "eu-west-3", OriginShield: "eu-west-2", Regional: true}, true, true, true},
	},
	"existing, as parameters": {
		context: map[string]any{"name": stackName},
		params: map[string]string{"ExistingBucket": "true", "Regional": "true", "AutoWebp": "true", "Memory": "1024", "PriceClass": "PriceClass_All", "LogDays": "30",
			"ResultDays": "7", "RegionalSizes": "M,SS", "RegionalFormat": "webp", "RegionalConcurrency": "20", "RegionalInvalidate": "true", "CorsOrigins": "https://www.example.com,http://localhost:8080", "DestinationFolder": "a/b", "Quality": "70"},
		shape: shape{desk.Shape{BucketRegion: "us-east-1", OriginShield: "bucket", ExistingBucket: true, Regional: true}, true, false, true},
	},
}

// A synthesized is a stack that CDK wrote, with the findings about it.
type synthesized struct {
	id, name, region string
	template
	notes []note
}

// A note is a finding about a construct.
type note struct{ path, kind, text string }

// contextOf returns the context of cdk.json, which the command line has too, with more values.
func contextOf(t testing.TB, more map[string]any) map[string]any {
	t.Helper()
	var file struct{ Context map[string]any }
	b, err := os.ReadFile("cdk.json")
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"zip": filepath.Join(zips, "edge.zip"), "regionalZip": filepath.Join(zips, "regional.zip")}
	maps.Copy(all, file.Context)
	maps.Copy(all, more)
	return all
}

var (
	synthMu sync.Mutex
	synths  = map[string][]synthesized{}
)

// synth returns the stacks of a variant, with the findings of cdk-nag. They are made once per
// process.
func synth(t testing.TB, name string) []synthesized {
	t.Helper()
	synthMu.Lock()
	defer synthMu.Unlock()
	if made, ok := synths[name]; ok {
		return made
	}
	context, out := contextOf(t, variants[name].context), t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Outdir: jsii.String(out), Context: &context})
	o, err := ReadOptions(context)
	if err != nil {
		t.Fatal(err)
	}
	stacks, err := Wrap(app, o, "")
	if err != nil {
		t.Fatal(err)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true), Reports: jsii.Bool(false)}), nil)
	app.Synth(nil)

	// CDK's own rules check the finished templates.
	var report struct{ PluginReports []struct{ Violations []any } }
	readJSON(t, filepath.Join(out, "validation-report.json"), &report)
	for _, r := range report.PluginReports {
		if len(r.Violations) > 0 {
			t.Errorf("%s: CDK's rules find %v", name, r.Violations)
		}
	}
	var all []synthesized
	for _, st := range stacks {
		s := synthesized{id: *st.ArtifactId(), name: *st.StackName(), region: *st.Region()}
		readJSON(t, filepath.Join(out, *st.TemplateFile()), &s.template)
		var said map[string][]struct {
			Type string
			Data any
		}
		readJSON(t, filepath.Join(out, s.id+".metadata.json"), &said)
		for path, entries := range said {
			for _, e := range entries {
				if text, ok := e.Data.(string); ok && (e.Type == "aws:cdk:error" || e.Type == "aws:cdk:warning") {
					s.notes = append(s.notes, note{path, e.Type, text})
				}
			}
		}
		all = append(all, s)
	}
	synths[name] = all
	return all
}

func readJSON(t testing.TB, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// CDK deploys the template: every stack of every variant, resolved, equals the template with the
// same values.
func TestWrapperDeploysTheTemplate(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		v, made := variants[name], synth(t, name)
		name := "Miniatura"
		if n, ok := v.context["name"].(string); ok {
			name = n
		}
		var got []deployed
		elsewhere := map[string]map[string]any{}
		for i, s := range made {
			want(t, "the stack's place", desk.Stack{Part: v.shape.Stacks()[i].Part, Region: s.region}, v.shape.Stacks()[i])
			want(t, "its name", s.name, name)
			params := map[string]string{"BucketName": "bkt"}
			maps.Copy(params, v.params)
			d, err := resolve(s.template, world{region: s.region, name: s.name, params: params, elsewhere: elsewhere})
			if err != nil {
				t.Fatalf("%s: %v", s.id, err)
			}
			elsewhere[s.region] = d.outputs
			got = append(got, d)
		}
		ours, err := v.shape.deployAs(theTemplate(), name)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "stacks", len(got), len(ours))
		for i := range ours {
			want(t, "conditions", got[i].conditions, ours[i].conditions)
			want(t, "outputs", fmt.Sprint(clean(got[i].outputs)), fmt.Sprint(clean(ours[i].outputs)))
			want(t, "resources", slices.Sorted(maps.Keys(got[i].resources)), slices.Sorted(maps.Keys(ours[i].resources)))
			for id, r := range ours[i].resources {
				want(t, id, fmt.Sprint(clean(got[i].resources[id].Body)), fmt.Sprint(clean(r.Body)))
			}
		}
	}
}

// clean removes CDK's own additions, the names of the zips, and the difference between 512 and
// "512", which CloudFormation does not make.
func clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			switch k {
			case "aws:cdk:path", "DependsOn":
			case "S3Bucket", "S3Key", "CodeSha256":
				out[k] = "the code"
			default:
				if e = clean(e); !slices.Contains([]string{"map[]", "[]"}, fmt.Sprint(e)) {
					out[k] = e
				}
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clean(v[i])
		}
		return out
	case float64:
		return fmt.Sprint(v)
	case string: // JSON in a string: keys have the same order, and white space does not matter
		return strings.Join(strings.Fields(v), " ")
	}
	return v
}

// The article's command line sets three parameters. Every stack has these, and a parameter for each
// option that the context does not set. The values that this program sets are not parameters, so
// that a deployment cannot keep the code of an earlier one.
func TestStacksTakeTheParametersThatNobodyHasSet(t *testing.T) {
	for name, v := range variants {
		for _, s := range synth(t, name) {
			for p := range theTemplate().section("Parameters") {
				_, set := v.context[strings.ToLower(p[:1])+p[1:]]
				// CDK sets the id only where a new bucket needs it.
				fill := slices.Contains(filledIn, p) && !strings.HasPrefix(p, "Regional") && p != "DistributionId" || p == "BucketRegion" || p == "OriginShield"
				fill = fill || strings.HasPrefix(p, "RegionalCode") && s.region == v.shape.BucketRegion
				fill = fill || p == "DistributionId" && strings.HasSuffix(s.id, "-regional")
				if _, ok := s.section("Parameters")[p]; ok == (set || fill) {
					t.Errorf("%s: %s: parameter %s is there: %v", name, s.id, p, ok)
				}
			}
		}
	}
	for _, p := range []string{"BucketName", "DestinationFolder", "Quality"} {
		want(t, p, synth(t, "default")[0].section("Parameters")[p] != nil, true)
	}
}

// The zips are uploaded under their hashes to CDK's bucket in the function's Region, and the
// version expects the right one.
func TestCodeIsWhatWasBuilt(t *testing.T) {
	sum, err := desk.CheckEdgeCode(filepath.Join(zips, "edge.zip"))
	if err != nil {
		t.Fatal(err)
	}
	stacks := synth(t, "everything, elsewhere")
	resources := stacks[0].section("Resources")
	want(t, "the bucket", at(resources, "Resize", "Properties", "Code", "S3Bucket", "Fn::Sub"), "cdk-hnb659fds-assets-${AWS::AccountId}-us-east-1")
	hash := regexp.MustCompile(`^[0-9a-f]{64}\.zip$`)
	if key, _ := at(resources, "Resize", "Properties", "Code", "S3Key").(string); !hash.MatchString(key) {
		t.Errorf("the key is %q", key)
	}
	want(t, "CodeSha256", at(resources, "ResizeVersion", "Properties", "CodeSha256"), codeSha256(sum))
	warm := at(stacks[1].section("Resources"), "Warm", "Properties", "Code")
	want(t, "the regional bucket", at(warm, "S3Bucket", "Fn::Sub"), "cdk-hnb659fds-assets-${AWS::AccountId}-eu-west-3")
	if key, _ := at(warm, "S3Key").(string); !hash.MatchString(key) || key == at(resources, "Resize", "Properties", "Code", "S3Key") {
		t.Errorf("the regional key is %q", key)
	}
}

// accepted are the findings of cdk-nag's AWS Solutions rules that stay, by rule, with the reason.
// The test fails when a rule no longer finds anything.
var accepted = map[string]string{
	"AwsSolutions-CFR1": "pictures for everybody: no country is shut out unless its owner says so",
	"AwsSolutions-CFR2": "WAF costs more a month than everything else here, and there is nothing to protect: GET and HEAD of pictures, and the query is normalised",
	"AwsSolutions-CFR3": "access logs need a bucket, cost by the request and hold visitors' addresses: a decision of the one who deploys",
	"AwsSolutions-CFR4": "the default certificate, *.cloudfront.net, cannot have its TLS version set; with an own domain it is TLSv1.2_2021",
	"AwsSolutions-S1":   "server access logs: as AwsSolutions-CFR3",
	"AwsSolutions-IAM5": "wildcards over the keys of one bucket, and over regions for one log group: replicas run, and log, anywhere",
	"AwsSolutions-L1":   "python3.13 is pinned, not the newest: Lambda@Edge takes new ones later than Lambda, and a runtime is changed with a test",
}

var rule = regexp.MustCompile(`AwsSolutions-[A-Z]+[0-9]+`)

func TestNagFindsNothingThatIsNotArgued(t *testing.T) {
	found := map[string]bool{}
	for name := range variants {
		for _, s := range synth(t, name) {
			for _, n := range s.notes {
				id := rule.FindString(n.text)
				found[id] = true
				if accepted[id] == "" {
					t.Errorf("%s: %s: %s", name, n.path, strings.SplitN(n.text, "\n", 2)[0])
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
